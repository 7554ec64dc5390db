//! From candidates to detections in seconds, and the windows of a video joined (spec 9.2, 9.3, 9.5, 9.6, 18).

use super::Candidates;
use crate::config::{NmsKind, Post, PostForm};
use crate::domain::{ClassList, Detection, Segment};
use crate::eval::nms::{Decay, OfficialPick, OfficialSoftNms, Suppression, official_soft_nms};
use crate::eval::postprocess::{
    Clock, Fusion, Merge, Peaks, Reach, boundary_selection, merge_windows, official_with_classes, round, with_classes,
};

/// What a detector without class head, or a class list too short, calls its findings.
const UNNAMED: &str = "action";

/// Where the snippets of a window lie in the video.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowTime {
    /// Snippet units to seconds.
    pub clock: Clock,
    /// Length of the video in seconds; detections are clamped to it.
    pub duration: f64,
}

/// Where the detections of a window get their classes from.
#[derive(Clone, Debug)]
pub enum Naming<'a> {
    /// From the class head (spec 18); without one all are of the first class of the list, or "action".
    Detector(&'a ClassList),
    /// From an external classifier of the whole video (spec 9.5).
    External {
        /// The video's best classes with their scores, best first.
        best: Vec<(String, f64)>,
        /// How both scores become one.
        fusion: Fusion,
    },
}

/// The configured suppression of OpenTAD's form.
#[must_use]
pub fn suppression(post: &Post) -> Suppression {
    Suppression {
        decay: match post.nms.kind {
            NmsKind::Soft => Decay::Gaussian { sigma: post.nms.sigma as f32 },
            NmsKind::Hard => Decay::Hard { threshold: post.nms.iou_threshold as f32 },
        },
        min_score: post.nms.min_score as f32,
        max_detections: post.nms.max_detections,
        // The reference's `multiclass` never votes (spec 9.3).
        voting_threshold: if post.nms.per_class { 0.0 } else { post.nms.voting_threshold as f32 },
    }
}

/// Selection, suppression, seconds and classes of one window's candidates: class after class, each by descending score; with the
/// official form and an external classifier proposal after proposal (spec 13). Not rounded.
///
/// With a class head every class is suppressed by itself on IoU score x class probability (spec 18).
#[must_use]
pub fn detections(found: &Candidates, window: &WindowTime, post: &Post, naming: &Naming<'_>) -> Vec<Detection> {
    let kept = selected(found, post);
    let mut all = match naming {
        Naming::External { best, fusion } => {
            let candidates = kept.iter().map(|&index| (found.segments[index], found.iou[index]));
            externally_named(candidates, window, post, best, *fusion)
        }
        Naming::Detector(classes) => {
            let count = found.class_count();
            let label = |class: usize| classes.names().get(class).map_or(UNNAMED, String::as_str);
            (0..count.max(1))
                .flat_map(|class| {
                    let probability = |index: usize| found.classes.get(index * count + class).filter(|_| count > 0);
                    let score = |index: usize| found.score(index) * probability(index).unwrap_or(&1.0);
                    let candidates = kept.iter().map(|&index| (found.segments[index], score(index)));
                    suppressed(candidates, window, post, label(class), count > 0)
                })
                .collect()
        }
    };
    if !post.strict_reference {
        all.retain(|one| one.segment[1] > one.segment[0]);
    }
    all
}

/// Candidates whose ends lie at peaks of the boundary curves (spec 9.2), or all.
fn selected(found: &Candidates, post: &Post) -> Vec<usize> {
    if !post.boundary_selection {
        return (0..found.segments.len()).collect();
    }
    let peaks = match post.form {
        PostForm::OpenTad => Peaks::OpenTad,
        PostForm::Official => Peaks::Official,
    };
    let keep = boundary_selection(&found.starts, &found.ends, &found.segments, peaks);
    (0..keep.len()).filter(|&index| keep[index]).collect()
}

/// Suppression across classes, then every survivor with each of the video's best classes (spec 9.3 to 9.5, 9.7).
fn externally_named(
    candidates: impl Iterator<Item = ([f32; 2], [f32; 2])>,
    window: &WindowTime,
    post: &Post,
    best: &[(String, f64)],
    fusion: Fusion,
) -> Vec<Detection> {
    let (segments, iou): (Vec<[f32; 2]>, Vec<[f32; 2]>) = candidates.unzip();
    match post.form {
        PostForm::OpenTad => {
            // None is left out beforehand, however low its score: all of them vote, and their order decides ties.
            let scores: Vec<f32> = iou.iter().map(|[classed, regressed]| classed * regressed).collect();
            let best: Vec<(String, f32)> = best.iter().map(|(label, score)| (label.clone(), *score as f32)).collect();
            let picks = suppression(post).run(&segments, &scores);
            with_classes(&picks, &window.clock, window.duration, &best, fusion)
        }
        PostForm::Official => {
            let shares: Vec<Segment> = segments.iter().map(|&segment| share(window, segment)).collect();
            let scores: Vec<f64> = iou.iter().map(|iou| f64::from(iou[0]) * f64::from(iou[1])).collect();
            let picks = officially_suppressed(&shares, &scores, post);
            official_with_classes(&picks, window.duration, best)
        }
    }
}

/// Suppression and seconds of the candidates of one class of the detector's own.
fn suppressed(
    candidates: impl Iterator<Item = ([f32; 2], f32)>,
    window: &WindowTime,
    post: &Post,
    label: &str,
    with_head: bool,
) -> Vec<Detection> {
    match post.form {
        PostForm::OpenTad => {
            let nms = suppression(post);
            // With many classes most candidates start below the minimum and would only be carried along to be dropped.
            let (segments, scores): (Vec<_>, Vec<_>) =
                candidates.filter(|(_, score)| !with_head || *score >= nms.min_score).unzip();
            let picks = nms.run(&segments, &scores);
            with_classes(&picks, &window.clock, window.duration, &[(label.to_owned(), 1.0)], Fusion::Product)
        }
        PostForm::Official => {
            let (shares, scores): (Vec<Segment>, Vec<f64>) =
                candidates.map(|(segment, score)| (share(window, segment), f64::from(score))).unzip();
            let picks = officially_suppressed(&shares, &scores, post);
            official_with_classes(&picks, window.duration, &[(label.to_owned(), 1.0)])
        }
    }
}

/// The configured suppression of the official form.
fn officially_suppressed(shares: &[Segment], scores: &[f64], post: &Post) -> Vec<OfficialPick> {
    let nms = OfficialSoftNms {
        sigma: post.nms.sigma,
        iou_threshold: post.nms.iou_threshold,
        max_detections: post.nms.max_detections,
    };
    official_soft_nms(shares, scores, nms)
}

/// A segment in 0..1 of the video.
fn share(window: &WindowTime, segment: [f32; 2]) -> Segment {
    segment.map(|snippet| window.clock.share(snippet, window.duration))
}

/// How the windows of a video become its detections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// Windows slide over the video; else it is one window, rescaled.
    pub sliding: bool,
    /// An external classifier named the detections.
    pub external: bool,
}

/// The detections of a video from those of its windows, rounded as result files are (spec 9.5).
///
/// Named by the detector they are suppressed once more within each class where windows overlap, and come by descending score
/// (spec 18). Named by an external classifier they follow the reference: windows are rounded and suppressed across classes, or within each
/// as `post.nms.per_class` says, even a single one (spec 9.6); a rescaled video keeps its order, and with the official form its digits (spec 9.7).
#[must_use]
pub fn merge(mut windows: Vec<Vec<Detection>>, post: &Post, joining: Joining) -> Vec<Detection> {
    let mut all = match joining {
        Joining { sliding: true, external: true } => {
            windows.iter_mut().for_each(|window| round(window));
            let reach = if post.nms.per_class { Reach::PerClass } else { Reach::Across };
            merge_windows(windows, &suppression(post), Merge { reach, strict_reference: post.strict_reference })
        }
        Joining { sliding: false, external: true } => windows.concat(),
        Joining { external: false, .. } if windows.len() > 1 => {
            merge_windows(windows, &suppression(post), Merge { reach: Reach::EachClass, strict_reference: false })
        }
        Joining { external: false, .. } => {
            // A single window is suppressed already; doing it again would only damp its scores.
            let mut all = windows.concat();
            all.sort_by(|a, b| b.score.total_cmp(&a.score));
            all
        }
    };
    if post.form == PostForm::OpenTad || !joining.external {
        round(&mut all);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::detect::candidates;
    use crate::model::Detector;
    use burn::tensor::{Device, Tensor, TensorData};

    fn some() -> Candidates {
        Candidates {
            starts: vec![0.9, 0.1, 0.1, 0.1],
            ends: vec![0.1, 0.1, 0.1, 0.9],
            segments: vec![[0.0, 3.5], [1.2, 2.0], [0.2, 3.0]],
            iou: vec![[0.8, 1.0], [0.9, 1.0], [0.5, 1.0]],
            classes: vec![1.0, 0.5, 0.0, 1.0, 0.5, 0.0],
        }
    }

    fn classes() -> ClassList {
        ClassList::new(["sit".to_owned(), "wave".to_owned()])
    }

    fn window(window_start: f64, duration: f64) -> WindowTime {
        WindowTime { clock: Clock::Timed { window_start, snippet_seconds: 0.5 }, duration }
    }

    #[test]
    fn classes_are_suppressed_apart_and_given_in_seconds() {
        let found = detections(&some(), &window(10.0, 11.5), &Post::default(), &Naming::Detector(&classes()));
        // The second candidate starts where the curve has no peak.
        let told: Vec<(&str, [f64; 2])> = found.iter().map(|one| (one.label.as_str(), one.segment)).collect();
        assert_eq!(told[0], ("sit", [10.0, 11.5])); // clamped to the video's end
        assert_eq!(told[1].0, "sit");
        assert_eq!(told[2], ("wave", [10.0, 11.5]));
        assert_eq!(told.len(), 3);
        assert!((found[2].score - 0.4).abs() < 1e-6);
        assert!(found[1].score < 0.25, "the weaker copy of a class is damped");
    }

    #[test]
    fn the_official_form_loses_the_last_candidate_and_asks_for_strict_peaks() {
        let post = Post { form: PostForm::Official, ..Post::default() };
        let naming = Naming::Detector(&classes());
        let all = detections(&some(), &window(0.0, 1.5), &Post { boundary_selection: false, ..post.clone() }, &naming);
        let kept = detections(&some(), &window(0.0, 1.5), &post, &naming);
        let count = |found: &[Detection], label: &str| found.iter().filter(|one| one.label == label).count();
        let candidates = some().segments.len();
        assert_eq!((count(&all, "sit"), count(&all, "wave")), (candidates - 1, candidates - 1));
        assert!(kept.len() < all.len());
    }

    #[test]
    fn an_external_classifier_gives_every_proposal_its_classes_in_the_references_orders() {
        let best = vec![("run".to_owned(), 0.9), ("jump".to_owned(), 0.1)];
        let naming = Naming::External { best, fusion: Fusion::Product };
        let found = Candidates { classes: Vec::new(), ..some() };
        let labels = |form| {
            let post = Post { form, boundary_selection: false, ..Post::default() };
            let found = detections(&found, &window(0.0, 9.0), &post, &naming);
            found.into_iter().map(|one| one.label.chars().next().unwrap_or(' ')).collect::<String>()
        };
        assert_eq!((labels(PostForm::OpenTad), labels(PostForm::Official)), ("rrrjjj".to_owned(), "rjrj".to_owned()));
    }

    #[test]
    fn segments_without_length_are_dropped_unless_the_reference_is_followed_strictly() {
        let found = Candidates { segments: vec![[5.0, 6.0]], iou: vec![[0.5, 0.5]], ..Candidates::default() };
        for (strict_reference, expected) in [(false, 0), (true, 1)] {
            let post = Post { strict_reference, boundary_selection: false, ..Post::default() };
            let found = detections(&found, &window(0.0, 2.0), &post, &Naming::Detector(&classes()));
            assert_eq!(found.len(), expected);
        }
    }

    #[test]
    fn overlapping_windows_are_joined_and_a_single_one_stays_unless_the_reference_joins_it() {
        let one = |label: &str, score| Detection { segment: [1.0, 2.0], label: label.to_owned(), score };
        let own = Joining { sliding: true, external: false };
        let merged = merge(vec![vec![one("sit", 0.5)], vec![one("sit", 0.9)]], &Post::default(), own);
        assert!((merged[0].score - 0.9).abs() < 1e-6 && merged[1].score < 0.06, "{merged:?}");
        assert_eq!(merge(vec![vec![one("sit", 0.5)]], &Post::default(), own), [one("sit", 0.5)]);
        let both = vec![vec![one("run", 0.9), one("jump", 0.8)]];
        let resized = Joining { sliding: false, external: true };
        assert_eq!(merge(both.clone(), &Post::default(), resized), both[0]);
        let merged = merge(both.clone(), &Post::default(), Joining { sliding: true, ..resized });
        // 0.8 exp(-1 / 0.35), to four decimals.
        assert_eq!(merged[1], one("jump", 0.0459));
        let nms = crate::config::Nms { per_class: true, ..Default::default() };
        let by_class = Post { nms, ..Post::default() };
        assert_eq!(merge(both.clone(), &by_class, Joining { sliding: true, ..resized }), both[0]);
        let nms = crate::config::Nms { kind: NmsKind::Hard, iou_threshold: 0.5, ..Default::default() };
        let hard = Post { nms, ..Post::default() };
        assert_eq!(merge(both.clone(), &hard, Joining { sliding: true, ..resized }), [both[0][0].clone()]);
    }

    #[test]
    fn a_batch_finds_what_its_windows_find_alone() {
        let device = Device::flex();
        let mut model = config::Model { in_channels: 8, hidden: 8, norm_groups: 4, dscale: 16, ..Default::default() };
        model.head = config::Head { features: 8, fc_channels: 4, classes: true, ..Default::default() };
        let detector = Detector::new(&model, 2, 3, &device);
        let values: Vec<f32> = (0..2 * 8 * 16).map(|i| (i * 31 % 17) as f32 / 8.0 - 1.0).collect();
        let features = Tensor::<3>::from_data(TensorData::new(values, [2, 8, 16]), &device);
        let together = candidates(&detector, features.clone(), None, &mut || true).expect("found").expect("whole");
        assert_eq!(together[0].segments.len(), 136);
        assert_eq!(together[0].class_count(), 2);
        for (index, window) in together.iter().enumerate() {
            let alone = candidates(&detector, features.clone().narrow(0, index, 1), None, &mut || true)
                .expect("found")
                .expect("whole");
            let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(close(alone[0].iou.as_flattened(), window.iou.as_flattened()));
            assert!(close(&alone[0].classes, &window.classes));
            assert!(close(alone[0].segments.as_flattened(), window.segments.as_flattened()));
        }
    }
}
