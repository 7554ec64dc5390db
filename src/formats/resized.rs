//! Whole videos rescaled to a fixed number of snippets (spec 2.3): which truths train, and how features are resized.

use super::features::Features;
use super::half;
use crate::domain::Video;

/// Which truths of a resized video count (spec 13, "gt filter").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruthFilter {
    /// Exact duplicates are removed, and with `drop_short` segments of at most 1 % of the video (train and val).
    OpenTad {
        /// OpenTAD's `filter_gt`.
        drop_short: bool,
    },
    /// Short segments stay, but a video with none longer than 1 % has no truth at all.
    Official,
}

/// A truth in snippet units, 0..length.
#[derive(Clone, Debug, PartialEq)]
pub struct SnippetTruth {
    /// Start and end in snippets.
    pub segment: [f32; 2],
    /// Class name.
    pub label: String,
}

/// The truths of a video in units of `length` snippets; none of a video of unknown length. A video that gets none is dropped from
/// training.
#[must_use]
pub fn truths(video: &Video, length: usize, filter: TruthFilter) -> Vec<SnippetTruth> {
    if !(video.duration > 0.0 && video.duration.is_finite()) {
        return Vec::new();
    }
    let share = |seconds: f64| seconds / video.duration;
    let clamped = |seconds: f64| share(seconds).clamp(0.0, 1.0);
    let is_long = |[start, end]: [f64; 2]| clamped(end) - clamped(start) > 0.01;
    if filter == TruthFilter::Official && !video.annotations.iter().any(|action| is_long(action.segment)) {
        return Vec::new();
    }
    let mut kept: Vec<&crate::domain::Annotation> = Vec::new();
    for action in &video.annotations {
        if let TruthFilter::OpenTad { drop_short } = filter {
            let [start, end] = action.segment;
            let is_short = (end - start) / video.duration <= 0.01;
            let same = |earlier: &&crate::domain::Annotation| {
                let single = |segment: [f64; 2]| segment.map(|seconds| seconds as f32);
                single(earlier.segment) == single(action.segment) && earlier.label == action.label
            };
            if (drop_short && is_short) || kept.iter().any(same) {
                continue;
            }
        }
        kept.push(action);
    }
    let snippet = |seconds: f64| (seconds as f32 / video.duration as f32).clamp(0.0, 1.0) * length as f32;
    kept.into_iter()
        .map(|action| SnippetTruth { segment: action.segment.map(snippet), label: action.label.clone() })
        .collect()
}

/// Most rows that [`resize`] takes: from there on half precision rounds to infinity.
pub const LONGEST: usize = 65_519;

/// Resizes features to `length` snippets, `[channels, length]` row-major. Of more rows than [`LONGEST`] zeros.
///
/// The reference takes its aligned RoI align of the whole sequence, features and length rounded to half precision and the
/// arithmetic in double (spec 2.3, 4.5). Hence lengths above 2048 may round past the end, where samples are zero.
#[must_use]
pub fn resize(features: &Features, length: usize) -> Vec<f32> {
    let end = f64::from(half::round(features.length as f32));
    let bin = end / length as f64;
    let samples = bin.ceil();
    let last = features.length - 1;
    let mut resized = vec![0.0; features.channels * length];
    if !samples.is_finite() {
        return resized;
    }
    for position in 0..length {
        let mut sums = vec![0.0f64; features.channels];
        for sample in 0..samples as usize {
            let y = -0.5 + position as f64 * bin + (sample as f64 + 0.5) * bin / samples;
            if y > features.length as f64 {
                continue;
            }
            let y = y.max(0.0);
            let low = (y as usize).min(last);
            let weight = if low == last { 0.0 } else { y - low as f64 };
            let high = (low + 1).min(last);
            for ((sum, &a), &b) in sums.iter_mut().zip(features.row(low)).zip(features.row(high)) {
                *sum += (1.0 - weight) * f64::from(half::round(a)) + weight * f64::from(half::round(b));
            }
        }
        for (channel, sum) in sums.into_iter().enumerate() {
            resized[channel * length + position] = (sum / samples) as f32;
        }
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Annotation;

    fn video(segments: &[[f64; 2]]) -> Video {
        let annotations =
            segments.iter().map(|&segment| Annotation { segment, label: "a".to_owned(), draft: false }).collect();
        Video {
            id: "v".to_owned(),
            subset: "training".to_owned(),
            duration: 100.0,
            frames: None,
            path: None,
            annotations,
            not_annotated: Vec::new(),
            rejected: Vec::new(),
            crop: None,
            stream: None,
        }
    }

    #[test]
    fn short_and_repeated_truths_go_by_opentads_filter() {
        let video = video(&[[10.0, 11.0], [20.0, 21.5], [20.0, 21.5], [90.0, 120.0]]);
        let kept = |filter| truths(&video, 128, filter).into_iter().map(|truth| truth.segment).collect::<Vec<_>>();
        assert_eq!(kept(TruthFilter::OpenTad { drop_short: true }), [[25.6, 27.52], [115.2, 128.0]]);
        assert_eq!(kept(TruthFilter::OpenTad { drop_short: false }).len(), 3);
        assert_eq!(kept(TruthFilter::Official).len(), 4);
    }

    #[test]
    fn a_video_of_unknown_length_has_no_truth() {
        for duration in [0.0, -1.0, f64::NAN] {
            let video = Video { duration, ..video(&[[0.0, 0.0], [1.0, 2.0]]) };
            for filter in [TruthFilter::OpenTad { drop_short: false }, TruthFilter::Official] {
                assert!(truths(&video, 128, filter).is_empty(), "{duration}");
            }
        }
    }

    #[test]
    fn the_official_filter_drops_videos_without_a_long_truth() {
        assert!(truths(&video(&[[0.0, 0.9]]), 128, TruthFilter::Official).is_empty());
    }

    #[test]
    fn lengths_that_round_up_read_zeros_past_the_end() {
        let features = Features { length: 2051, channels: 1, values: vec![1.0; 2051] };
        let resized = resize(&features, 2052);
        assert!(resized.iter().take(2051).all(|&value| value == 1.0));
    }

    #[test]
    fn samples_past_the_end_are_zeros_and_values_are_those_of_half_precision() {
        // Half precision rounds 2051 to 2052; of the last position's 17 samples the last lies at 2051.03.
        let resized = resize(&Features { length: 2051, channels: 1, values: vec![1.0; 2051] }, 128);
        assert!(resized[..127].iter().all(|value| (value - 1.0).abs() < 1e-6), "{resized:?}");
        assert!((resized[127] - 16.0 / 17.0).abs() < 1e-6, "{}", resized[127]);
        assert_eq!(resize(&Features { length: 1, channels: 1, values: vec![65_519.0] }, 1), [65_504.0]);
        let endless = resize(&Features { length: LONGEST + 1, channels: 1, values: vec![1.0; LONGEST + 1] }, 4);
        assert_eq!(endless, [0.0; 4]);
    }
}
