//! From candidates to detections in seconds, and the windows of a video joined (spec 9.2, 9.3, 9.5, 9.6, 18).

use burn::tensor::Tensor;

use super::{Candidates, DetectError, candidates};
use crate::config::{Post, PostForm};
use crate::domain::{ClassList, Detection, Segment};
use crate::eval::nms::{Pick, SoftNms, official_soft_nms};
use crate::eval::postprocess::{Clock, Merge, Peaks, boundary_selection, merge_windows, official_with_classes};
use crate::model::Detector;

/// What a detector without class head, or a class list too short, calls its findings.
const UNNAMED: &str = "action";

/// Where the snippets of a window lie in the video, in seconds. A whole resized video is one window from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowTime {
    /// Start of the first snippet.
    pub start: f64,
    /// Length of a snippet.
    pub seconds_per_snippet: f64,
    /// Length of the video; detections are clamped to it.
    pub duration: f64,
}

/// What was found in one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowDetections {
    /// Detections in seconds, class after class, each by descending score.
    pub detections: Vec<Detection>,
    /// How likely an action starts in each snippet.
    pub starts: Vec<f32>,
    /// How likely an action ends in each snippet.
    pub ends: Vec<f32>,
}

/// The configured soft-NMS.
#[must_use]
pub fn suppression(post: &Post) -> SoftNms {
    SoftNms {
        sigma: post.nms.sigma as f32,
        min_score: post.nms.min_score as f32,
        max_detections: post.nms.max_detections,
        voting_threshold: post.nms.voting_threshold as f32,
    }
}

/// Searches one window: features `[1, channels, time]`, mask `[1, time]` or none. See [`detect_windows`].
///
/// # Errors
/// When the device fails or the network's results are not numbers.
pub fn detect_window(
    detector: &Detector,
    features: Tensor<3>,
    mask: Option<Tensor<2>>,
    window: &WindowTime,
    post: &Post,
    classes: &ClassList,
) -> Result<WindowDetections, DetectError> {
    let found = detect_windows(detector, features, mask, std::slice::from_ref(window), post, classes)?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// Searches a batch of windows: features `[batch, channels, time]`, mask `[batch, time]` or none, a place in time for each.
///
/// With a class head every class is suppressed by itself on IoU score x class probability (spec 18); without one there is a single
/// class, the first of `classes`, or "action". Give a detector without gradients.
///
/// # Errors
/// When the device fails or the network's results are not numbers.
pub fn detect_windows(
    detector: &Detector,
    features: Tensor<3>,
    mask: Option<Tensor<2>>,
    windows: &[WindowTime],
    post: &Post,
    classes: &ClassList,
) -> Result<Vec<WindowDetections>, DetectError> {
    let found = candidates(detector, features, mask)?;
    Ok(found.into_iter().zip(windows).map(|(found, window)| detections(found, window, post, classes)).collect())
}

/// Selection, suppression and seconds of one window's candidates.
fn detections(found: Candidates, window: &WindowTime, post: &Post, classes: &ClassList) -> WindowDetections {
    let kept: Vec<usize> = if post.boundary_selection {
        let peaks = match post.form {
            PostForm::OpenTad => Peaks::OpenTad,
            PostForm::Official => Peaks::Official,
        };
        let keep = boundary_selection(&found.starts, &found.ends, &found.segments, peaks);
        (0..keep.len()).filter(|&index| keep[index]).collect()
    } else {
        (0..found.segments.len()).collect()
    };
    let class_count = found.class_count();
    let mut all = Vec::new();
    for class in 0..class_count.max(1) {
        let score = |index: usize| match found.classes.get(index * class_count + class) {
            Some(probability) if class_count > 0 => found.scores[index] * probability,
            _ => found.scores[index],
        };
        let label = classes.names().get(class).map_or(UNNAMED, String::as_str);
        let candidates = kept.iter().map(|&index| (found.segments[index], score(index)));
        match post.form {
            PostForm::OpenTad => all.extend(suppressed(candidates, window, post, label)),
            PostForm::Official => all.extend(officially_suppressed(candidates, window, post, label)),
        }
    }
    all.retain(|one| one.segment[1] > one.segment[0]);
    WindowDetections { detections: all, starts: found.starts, ends: found.ends }
}

/// OpenTAD's suppression and seconds of one class's candidates (spec 9.3, 9.5).
fn suppressed(
    candidates: impl Iterator<Item = ([f32; 2], f32)>,
    window: &WindowTime,
    post: &Post,
    label: &str,
) -> Vec<Detection> {
    let clock = Clock::Timed { window_start: window.start, snippet_seconds: window.seconds_per_snippet };
    let nms = suppression(post);
    // What starts below the minimum would only be carried along to be dropped.
    let (segments, scores): (Vec<_>, Vec<_>) = candidates.filter(|(_, score)| *score >= nms.min_score).unzip();
    let detection = |pick: Pick| Detection {
        segment: clock.seconds(pick.segment, window.duration).map(f64::from),
        label: label.to_owned(),
        score: f64::from(pick.score),
    };
    nms.run(&segments, &scores).into_iter().map(detection).collect()
}

/// The official code's suppression and seconds of one class's candidates (spec 9.7); it works in 0..1 of the video.
fn officially_suppressed(
    candidates: impl Iterator<Item = ([f32; 2], f32)>,
    window: &WindowTime,
    post: &Post,
    label: &str,
) -> Vec<Detection> {
    let share = |snippet: f32| (window.start + f64::from(snippet) * window.seconds_per_snippet) / window.duration;
    let (segments, scores): (Vec<Segment>, Vec<f64>) =
        candidates.map(|(segment, score)| (segment.map(share), f64::from(score))).unzip();
    let picks = official_soft_nms(&segments, &scores, post.nms.sigma, post.nms.max_detections);
    official_with_classes(&picks, window.duration, &[(label.to_owned(), 1.0)])
}

/// The detections of a video from those of its windows, by descending score: suppressed once more within each class where windows
/// overlap (spec 9.6, 18).
#[must_use]
pub fn merge(windows: Vec<WindowDetections>, post: &Post) -> Vec<Detection> {
    let mut found: Vec<Vec<Detection>> = windows.into_iter().map(|window| window.detections).collect();
    if found.len() > 1 {
        return merge_windows(found, &suppression(post), Merge { per_class: true, strict_reference: false });
    }
    // A single window is suppressed already; doing it again would only damp its scores.
    let mut all = found.pop().unwrap_or_default();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use burn::tensor::{Device, TensorData};

    fn candidates() -> Candidates {
        Candidates {
            starts: vec![0.9, 0.1, 0.1, 0.1],
            ends: vec![0.1, 0.1, 0.1, 0.9],
            segments: vec![[0.0, 3.5], [1.2, 2.0], [0.2, 3.0]],
            scores: vec![0.8, 0.9, 0.5],
            classes: vec![1.0, 0.5, 0.0, 1.0, 0.5, 0.0],
        }
    }

    #[test]
    fn classes_are_suppressed_apart_and_given_in_seconds() {
        let window = WindowTime { start: 10.0, seconds_per_snippet: 0.5, duration: 11.5 };
        let classes = ClassList::new(["sit".to_owned(), "wave".to_owned()]);
        let found = detections(candidates(), &window, &Post::default(), &classes);
        // The second candidate starts where the curve has no peak.
        let told: Vec<(&str, [f64; 2])> =
            found.detections.iter().map(|one| (one.label.as_str(), one.segment)).collect();
        assert_eq!(told[0], ("sit", [10.0, 11.5])); // clamped to the video's end
        assert_eq!(told[1].0, "sit");
        assert_eq!(told[2], ("wave", [10.0, 11.5]));
        assert_eq!(told.len(), 3);
        assert!((found.detections[2].score - 0.4).abs() < 1e-6);
        assert!(found.detections[1].score < 0.25, "the weaker copy of a class is damped");
    }

    #[test]
    fn the_official_form_loses_the_last_candidate_and_asks_for_strict_peaks() {
        let window = WindowTime { start: 0.0, seconds_per_snippet: 0.5, duration: 1.5 };
        let post = Post { form: PostForm::Official, ..Post::default() };
        let classes = ClassList::new(["sit".to_owned(), "wave".to_owned()]);
        let all = detections(candidates(), &window, &Post { boundary_selection: false, ..post.clone() }, &classes);
        let kept = detections(candidates(), &window, &post, &classes);
        let count =
            |found: &WindowDetections, label: &str| found.detections.iter().filter(|one| one.label == label).count();
        let candidates = candidates().segments.len();
        assert_eq!((count(&all, "sit"), count(&all, "wave")), (candidates - 1, candidates - 1));
        assert!(kept.detections.len() < all.detections.len());
    }

    #[test]
    fn overlapping_windows_are_joined_and_a_single_one_stays() {
        let one = |score| Detection { segment: [1.0, 2.0], label: "sit".to_owned(), score };
        let window = |score| WindowDetections { detections: vec![one(score)], ..Default::default() };
        let merged = merge(vec![window(0.5), window(0.9)], &Post::default());
        assert!((merged[0].score - 0.9).abs() < 1e-6 && merged[1].score < 0.05, "{merged:?}");
        assert_eq!(merge(vec![window(0.5)], &Post::default()), vec![one(0.5)]);
    }

    #[test]
    fn a_batch_finds_what_its_windows_find_alone() {
        let device = Device::flex();
        let mut model = config::Model { in_channels: 8, hidden: 8, norm_groups: 4, dscale: 16, ..Default::default() };
        model.head = config::Head { features: 8, fc_channels: 4, classes: true, ..Default::default() };
        let detector = Detector::new(&model, 2, 3, &device);
        let values: Vec<f32> = (0..2 * 8 * 16).map(|i| (i * 31 % 17) as f32 / 8.0 - 1.0).collect();
        let features = Tensor::<3>::from_data(TensorData::new(values, [2, 8, 16]), &device);
        let together = super::candidates(&detector, features.clone(), None).expect("found");
        assert_eq!(together[0].segments.len(), 136);
        assert_eq!(together[0].class_count(), 2);
        for (index, window) in together.iter().enumerate() {
            let alone = super::candidates(&detector, features.clone().narrow(0, index, 1), None).expect("found");
            let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(close(&alone[0].scores, &window.scores) && close(&alone[0].classes, &window.classes));
            assert!(close(alone[0].segments.as_flattened(), window.segments.as_flattened()));
        }
    }
}
