//! From scored proposals to detections, on plain slices: boundary selection, seconds, classes, rounding, merging of windows
//! (spec 9.2, 9.5, 9.6, 9.7).

use std::collections::BTreeMap;

use super::nms::{OfficialPick, Pick, Suppression};
use crate::domain::{Detection, Segment};

/// How peaks of a boundary curve are told (spec 13, "boundary peaks").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peaks {
    /// At least as high as both neighbours; the ends count.
    OpenTad,
    /// Higher than both neighbours, which are zero outside the curve.
    Official,
}

/// The cells of a boundary probability curve that may start or end an action: peaks, and all above half the maximum (spec 9.2).
#[must_use]
pub fn boundary_mask(curve: &[f32], peaks: Peaks) -> Vec<bool> {
    let half = 0.5 * curve.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let cell = |index: usize| {
        let value = curve[index];
        let before = index.checked_sub(1).map(|before| curve[before]);
        let after = curve.get(index + 1).copied();
        let is_peak = match peaks {
            Peaks::OpenTad => before.is_none_or(|before| value >= before) && after.is_none_or(|after| value >= after),
            Peaks::Official => value > before.unwrap_or(0.0) && value > after.unwrap_or(0.0),
        };
        value > half || is_peak
    };
    (0..curve.len()).map(cell).collect()
}

/// Which proposals start and end at allowed cells. `proposals` are in snippet units; the first cell may always start and the
/// last always end (spec 9.2). Keeps all where there is no curve.
#[must_use]
pub fn boundary_selection(starts: &[f32], ends: &[f32], proposals: &[[f32; 2]], peaks: Peaks) -> Vec<bool> {
    let mut may_start = boundary_mask(starts, peaks);
    let mut may_end = boundary_mask(ends, peaks);
    if let Some(first) = may_start.first_mut() {
        *first = true;
    }
    if let Some(last) = may_end.last_mut() {
        *last = true;
    }
    let allowed = |mask: &[bool], position: f32| {
        // A float to integer cast truncates and saturates: negative positions and NaN are cell 0.
        let cell = (position as usize).min(mask.len().saturating_sub(1));
        mask.get(cell).copied().unwrap_or(true)
    };
    proposals.iter().map(|&[start, end]| allowed(&may_start, start) && allowed(&may_end, end)).collect()
}

/// What turns snippet units into seconds (spec 9.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clock {
    /// The whole video was rescaled to `length` snippets.
    Resized {
        /// Snippets of the video.
        length: usize,
    },
    /// A sliding window over frames.
    Sliding {
        /// Frames a second.
        fps: f64,
        /// Frames between snippets.
        snippet_stride: f64,
        /// Frames from a snippet's first frame to its centre.
        offset_frames: f64,
        /// First frame of the window.
        window_start_frame: f64,
    },
    /// A window in seconds (spec 18).
    Timed {
        /// Seconds at which the window starts.
        window_start: f64,
        /// Seconds between snippets.
        snippet_seconds: f64,
    },
}

impl Clock {
    /// Seconds of a segment in snippet units, both ends clamped to the video (OpenTAD). In float32, as the reference's tensors.
    #[must_use]
    pub fn seconds(&self, segment: [f32; 2], duration: f64) -> [f32; 2] {
        let duration = duration as f32;
        segment.map(|x| {
            let seconds = match *self {
                Self::Resized { length } => x / length as f32 * duration,
                Self::Sliding { fps, snippet_stride, offset_frames, window_start_frame } => {
                    (x * snippet_stride as f32 + window_start_frame as f32 + offset_frames as f32) / fps as f32
                }
                Self::Timed { window_start, snippet_seconds } => (window_start + f64::from(x) * snippet_seconds) as f32,
            };
            seconds.max(0.0).min(duration)
        })
    }

    /// A place in snippet units as share of the video, 0..1 and beyond, as the official code counts.
    #[must_use]
    pub fn share(&self, x: f32, duration: f64) -> f64 {
        match *self {
            Self::Resized { length } => f64::from(x / length as f32),
            Self::Sliding { fps, snippet_stride, offset_frames, window_start_frame } => {
                (f64::from(x) * snippet_stride + window_start_frame + offset_frames) / fps / duration
            }
            Self::Timed { window_start, snippet_seconds } => (window_start + f64::from(x) * snippet_seconds) / duration,
        }
    }
}

/// How a proposal's score and a class's score become one (spec 9.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// Their product (CUHK, UntrimmedNet, the class head).
    Product,
    /// The square root of their product (OpenTAD's generic JSON classifier).
    SquareRoot,
}

/// Detections of every class in `classes` (name and score) on every pick: all of the first class, then all of the second.
/// Not rounded.
#[must_use]
pub fn with_classes(
    picks: &[Pick],
    clock: &Clock,
    duration: f64,
    classes: &[(String, f32)],
    fusion: Fusion,
) -> Vec<Detection> {
    let detection = |label: &str, class_score: f32, pick: &Pick| {
        let product = pick.score * class_score;
        let score = match fusion {
            Fusion::Product => product,
            Fusion::SquareRoot => product.sqrt(),
        };
        let segment = clock.seconds(pick.segment, duration).map(f64::from);
        Detection { segment, label: label.to_owned(), score: f64::from(score) }
    };
    classes.iter().flat_map(|(label, score)| picks.iter().map(move |pick| detection(label, *score, pick))).collect()
}

/// The official repository's form: both classes of the first pick, then of the second; each end clamped on one side only; not
/// rounded (spec 9.7). Segments of the picks are in 0..1 of the video.
#[must_use]
pub fn official_with_classes(picks: &[OfficialPick], duration: f64, classes: &[(String, f64)]) -> Vec<Detection> {
    let detections = |pick: &OfficialPick| {
        let segment: Segment = [pick.segment[0].max(0.0) * duration, pick.segment[1].min(1.0) * duration];
        let score = pick.score;
        classes.iter().map(move |(label, class)| Detection { segment, label: label.clone(), score: score * class })
    };
    picks.iter().flat_map(detections).collect()
}

/// Rounds seconds to 2 and scores to 4 decimals, as the reference's result files do (spec 9.5).
pub fn round(detections: &mut [Detection]) {
    for one in detections {
        one.segment = one.segment.map(|seconds| rounded(seconds, 2));
        one.score = rounded(one.score, 4);
    }
}

/// The nearest decimal, correctly rounded: through text, because scaling by a power of ten is not exact.
fn rounded(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

/// Which detections of other windows a detection suppresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All, whatever their class (the reference's recipes).
    Across,
    /// Those of its own class; at most `max_detections` of all classes together (the reference's `multiclass`).
    PerClass,
    /// Those of its own class; at most `max_detections` of each class (spec 18).
    EachClass,
}

/// How the windows of a video are joined (spec 9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// Who suppresses whom.
    pub reach: Reach,
    /// Keep segments without length, which voting turns into NaN, as the reference does.
    pub strict_reference: bool,
}

/// Suppresses once more over the detections of all windows of a video; the result is by descending score, and not rounded.
#[must_use]
pub fn merge_windows(windows: Vec<Vec<Detection>>, nms: &Suppression, merge: Merge) -> Vec<Detection> {
    let mut all: Vec<Detection> = windows.into_iter().flatten().collect();
    if !merge.strict_reference {
        all.retain(|one| one.segment[1] > one.segment[0]);
    }
    let segments: Vec<[f32; 2]> = all.iter().map(|one| one.segment.map(|end| end as f32)).collect();
    let scores: Vec<f32> = all.iter().map(|one| one.score as f32).collect();
    let classes: Vec<usize> = match merge.reach {
        Reach::Across => vec![0; all.len()],
        Reach::PerClass | Reach::EachClass => class_numbers(&all),
    };
    let picks = match merge.reach {
        Reach::Across => nms.run(&segments, &scores),
        Reach::PerClass => nms.run_per_class(&segments, &scores, &classes),
        Reach::EachClass => nms.run_each_class(&segments, &scores, &classes),
    };
    let detection = |pick: &Pick| Detection {
        segment: pick.segment.map(f64::from),
        label: all[pick.index].label.clone(),
        score: f64::from(pick.score),
    };
    picks.iter().map(detection).collect()
}

/// A number for each detection's class, by who came first: among equal scores that decides who is within the cap (spec 9.6).
fn class_numbers(detections: &[Detection]) -> Vec<usize> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut classes = Vec::with_capacity(detections.len());
    for one in detections {
        let next = numbers.len();
        classes.push(*numbers.entry(one.label.as_str()).or_insert(next));
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::super::nms::Decay;
    use super::*;

    fn one(label: &str, start: f64, end: f64, score: f64) -> Detection {
        Detection { segment: [start, end], label: label.to_owned(), score }
    }

    #[test]
    fn plateaus_and_ends_are_peaks_only_for_opentad() {
        let curve = [0.2, 0.1, 0.3, 0.3, 0.1, 1.0, 0.45, 0.46];
        let opentad = boundary_mask(&curve, Peaks::OpenTad);
        assert_eq!(opentad, [true, false, true, true, false, true, false, true]);
        let official = boundary_mask(&curve, Peaks::Official);
        assert_eq!(official, [true, false, false, false, false, true, false, true]);
    }

    #[test]
    fn positions_outside_the_curve_use_its_ends() {
        let kept = boundary_selection(&[0.0, 1.0], &[1.0, 0.0], &[[-3.0, 9.0], [1.5, 0.2], [0.9, 1.0]], Peaks::OpenTad);
        assert_eq!(kept, [true, true, true]);
        assert_eq!(boundary_selection(&[], &[], &[[0.0, 1.0]], Peaks::OpenTad), [true]);
    }

    #[test]
    fn timed_windows_give_seconds_from_their_start() {
        let clock = Clock::Timed { window_start: 8.0, snippet_seconds: 0.25 };
        assert_eq!(clock.seconds([-40.0, 4.0], 8.5), [0.0, 8.5]);
    }

    #[test]
    fn rounding_is_that_of_the_decimal_value() {
        let mut detections = [one("a", 0.125, 2.675, 0.000_05)];
        round(&mut detections);
        // 0.125 is a tie and goes to even; 2.675 and 0.00005 are not what they look like in binary.
        assert_eq!(detections[0], one("a", 0.12, 2.67, 0.0001));
    }

    #[test]
    fn merging_per_class_does_not_damp_other_classes() {
        let decay = Decay::Gaussian { sigma: 0.3 };
        let nms = Suppression { decay, min_score: 1e-4, max_detections: 1, voting_threshold: 0.0 };
        let windows = vec![
            vec![one("a", 0.0, 4.0, 0.9), one("b", 0.0, 4.0, 0.8)],
            vec![one("a", 0.0, 4.0, 0.95), one("b", 9.0, 9.0, 1.0)],
        ];
        let merged = |reach, max_detections| {
            let nms = Suppression { max_detections, ..nms };
            let merged = merge_windows(windows.clone(), &nms, Merge { reach, strict_reference: false });
            merged.into_iter().map(|one| (one.label, (one.score * 1e4).round() / 1e4)).collect::<Vec<_>>()
        };
        let [best, other] = [("a".to_owned(), 0.95), ("b".to_owned(), 0.8)];
        assert_eq!(merged(Reach::EachClass, 1), [best.clone(), other.clone()], "one of each class");
        assert_eq!(merged(Reach::PerClass, 1), std::slice::from_ref(&best), "one in all");
        assert_eq!(merged(Reach::PerClass, 2), [best.clone(), other]);
        // exp(-1 / 0.3) damps both copies.
        assert_eq!(merged(Reach::Across, 2), [best, ("a".to_owned(), 0.0321)]);
    }

    #[test]
    fn of_equal_scores_the_class_that_came_first_stays() {
        let nms = Suppression {
            decay: Decay::Gaussian { sigma: 0.5 },
            min_score: 1e-4,
            max_detections: 1,
            voting_threshold: 0.0,
        };
        let windows = vec![vec![one("b", 0.0, 1.0, 0.5)], vec![one("a", 5.0, 6.0, 0.5)]];
        let merge = Merge { reach: Reach::PerClass, strict_reference: false };
        let merged = merge_windows(windows, &nms, merge);
        assert_eq!(merged.iter().map(|one| one.label.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}
