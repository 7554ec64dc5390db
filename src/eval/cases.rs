//! What is evaluated: truths and predictions of a subset, filtered by the rules and sorted into classes (spec 10.1, items 1 and 2).

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::domain::{Annotation, Dataset, Detections, Segment, Video, tiou};

/// Whose rules decide (spec 10.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rules {
    /// Removes duplicate and empty truths; the union is clipped at 1e-8.
    #[default]
    OpenTad,
    /// The ActivityNet toolkit and the official ETAD: truths as they stand, no clipping.
    Toolkit,
}

impl Rules {
    /// Temporal intersection over union. The toolkit's is NaN for two empty segments at one place, and a NaN passes every
    /// threshold there.
    pub(super) fn tiou(self, a: Segment, b: Segment) -> f64 {
        if a.iter().chain(&b).any(|end| end.is_nan()) {
            return f64::NAN;
        }
        match self {
            Self::OpenTad => tiou(a, b),
            Self::Toolkit => {
                let intersection = (a[1].min(b[1]) - a[0].max(b[0])).max(0.0);
                intersection / ((a[1] - a[0]) + (b[1] - b[0]) - intersection)
            }
        }
    }
}

/// What to evaluate, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalOptions {
    /// Subset whose videos count; compared for equality.
    pub subset: String,
    /// tIoU thresholds in (0, 1], as decimal literals say them.
    pub tious: Vec<f64>,
    /// Videos left out (spec 10.2).
    pub blocked: BTreeSet<String>,
    /// Predictions below this score are left out.
    pub score_threshold: Option<f64>,
    /// Whose rules decide.
    pub rules: Rules,
    /// Let predictions with a NaN in their segment count as the reference does (spec 9.6), instead of refusing them.
    pub strict_reference: bool,
}

impl EvalOptions {
    /// OpenTAD's rules on all videos and scores of a subset.
    #[must_use]
    pub fn new(subset: impl Into<String>, tious: &[f64]) -> Self {
        Self {
            subset: subset.into(),
            tious: tious.to_vec(),
            blocked: BTreeSet::new(),
            score_threshold: None,
            rules: Rules::OpenTad,
            strict_reference: false,
        }
    }
}

/// Why nothing can be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// The subset is misspelt or empty.
    #[error("no video of the ground truth is in subset '{subset}'; its subsets are: {known}")]
    NoSubset {
        /// What was asked for.
        subset: String,
        /// What there is.
        known: String,
    },
    /// A subset without actions has no average precision.
    #[error(
        "the videos of subset '{subset}' have no annotated action that counts; annotate some or evaluate another subset"
    )]
    NoTruth {
        /// What was asked for.
        subset: String,
    },
    /// Thresholds outside (0, 1], or none.
    #[error("the tIoU thresholds must be numbers above 0 and at most 1, at least one of them")]
    Thresholds,
    /// A NaN or infinity among segments and scores.
    #[error("a time or score of video '{video}' is not a finite number; write the file again without it")]
    NotFinite {
        /// The video.
        video: String,
    },
}

/// Entries that did not enter the evaluation, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// Truths that end before they start.
    pub truths_reversed: usize,
    /// Truths of no length.
    pub truths_empty: usize,
    /// Truths that repeat an earlier one of the same video and label within 1 ms.
    pub truths_duplicate: usize,
    /// Truths that lie by more than half in a region that is not annotated.
    pub truths_not_annotated: usize,
    /// Predictions of a label that no truth has.
    pub predictions_unknown_label: usize,
    /// Predictions of blocked videos.
    pub predictions_blocked: usize,
    /// Predictions below the score threshold.
    pub predictions_below_score: usize,
    /// Predictions that lie by more than half in a region that is not annotated.
    pub predictions_not_annotated: usize,
}

/// A prediction and where it stood in the file, which breaks ties.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub video: &'a str,
    pub segment: Segment,
    pub score: f64,
    pub order: usize,
}

/// One class: its truths by video, and its predictions in file order.
pub(super) struct ClassCase<'a> {
    pub label: &'a str,
    pub truths: IndexMap<&'a str, Vec<Segment>>,
    pub predictions: Vec<Candidate<'a>>,
}

impl ClassCase<'_> {
    pub(super) fn truth_count(&self) -> usize {
        self.truths.values().map(Vec::len).sum()
    }
}

/// The truths of a video that count, of all classes, in file order.
pub(super) struct VideoTruths<'a> {
    /// Seconds.
    pub duration: f64,
    pub truths: Vec<(Segment, &'a str)>,
    /// Where each of them stands among the video's annotations.
    pub places: Vec<usize>,
}

/// All classes in order of first appearance, and what was left out.
pub(super) struct Cases<'a> {
    pub classes: Vec<ClassCase<'a>>,
    /// Videos with a truth that counts.
    pub truths: IndexMap<&'a str, VideoTruths<'a>>,
    pub ignored: Ignored,
    /// Videos of the subset that are not blocked.
    pub videos: usize,
    /// Predictions that count, whatever their label, in file order.
    pub proposals: Vec<Candidate<'a>>,
}

/// Sorts truths and predictions into classes.
pub(super) fn sort_out<'a>(
    truth: &'a Dataset,
    predictions: &'a Detections,
    options: &EvalOptions,
) -> Result<Cases<'a>, EvalError> {
    if options.tious.is_empty() || !options.tious.iter().all(|&threshold| threshold > 0.0 && threshold <= 1.0) {
        return Err(EvalError::Thresholds);
    }
    let counts = |video: &&Video| video.subset == options.subset && !options.blocked.contains(&video.id);
    let subset: Vec<&Video> = truth.videos.iter().filter(counts).collect();
    if subset.is_empty() {
        let known: BTreeSet<&str> = truth.videos.iter().map(|video| video.subset.as_str()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(EvalError::NoSubset { subset: options.subset.clone(), known });
    }
    let mut ignored = Ignored::default();
    let mut classes: IndexMap<&str, ClassCase> = IndexMap::new();
    let mut truths: IndexMap<&str, VideoTruths> = IndexMap::new();
    for video in &subset {
        for (place, action) in kept_truths(video, options.rules, &mut ignored)? {
            let label = action.label.as_str();
            let case = classes.entry(label).or_insert_with(|| ClassCase {
                label,
                truths: IndexMap::new(),
                predictions: Vec::new(),
            });
            case.truths.entry(&video.id).or_default().push(action.segment);
            let in_video = truths.entry(&video.id);
            let in_video = in_video.or_insert_with(|| VideoTruths {
                duration: video.duration,
                truths: Vec::new(),
                places: Vec::new(),
            });
            in_video.truths.push((action.segment, label));
            in_video.places.push(place);
        }
    }
    if classes.is_empty() {
        return Err(EvalError::NoTruth { subset: options.subset.clone() });
    }
    let proposals = kept_predictions(&subset, predictions, options, &mut classes, &mut ignored)?;
    Ok(Cases { classes: classes.into_values().collect(), truths, ignored, videos: subset.len(), proposals })
}

/// The truths of a video that the rules let count, in file order, with their places in it.
fn kept_truths<'a>(
    video: &'a Video,
    rules: Rules,
    ignored: &mut Ignored,
) -> Result<Vec<(usize, &'a Annotation)>, EvalError> {
    let mut kept: Vec<(usize, &Annotation)> = Vec::new();
    for (place, action) in video.annotations.iter().enumerate() {
        let [start, end] = action.segment;
        if !(start.is_finite() && end.is_finite()) {
            return Err(EvalError::NotFinite { video: video.id.clone() });
        }
        let repeats = |(_, earlier): &(usize, &Annotation)| {
            earlier.label == action.label
                && (earlier.segment[0] - start).abs() <= 1e-3
                && (earlier.segment[1] - end).abs() <= 1e-3
        };
        if is_not_annotated(action.segment, &video.not_annotated) {
            ignored.truths_not_annotated += 1;
        } else if rules == Rules::OpenTad && end < start {
            ignored.truths_reversed += 1;
        } else if rules == Rules::OpenTad && end <= start {
            ignored.truths_empty += 1;
        } else if rules == Rules::OpenTad && kept.iter().any(repeats) {
            ignored.truths_duplicate += 1;
        } else {
            kept.push((place, action));
        }
    }
    Ok(kept)
}

/// Hands every prediction that counts to its class, and returns all of them.
fn kept_predictions<'a>(
    subset: &[&'a Video],
    predictions: &'a Detections,
    options: &EvalOptions,
    classes: &mut IndexMap<&'a str, ClassCase<'a>>,
    ignored: &mut Ignored,
) -> Result<Vec<Candidate<'a>>, EvalError> {
    let regions: HashMap<&str, &[Segment]> =
        subset.iter().map(|video| (video.id.as_str(), video.not_annotated.as_slice())).collect();
    let mut proposals = Vec::new();
    let mut order = 0;
    for (video, found) in &predictions.videos {
        if options.blocked.contains(video) {
            ignored.predictions_blocked += found.len();
            continue;
        }
        let regions = regions.get(video.as_str()).copied().unwrap_or_default();
        for one in found {
            let is_odd = |end: &f64| !(end.is_finite() || (options.strict_reference && end.is_nan()));
            if !one.score.is_finite() || one.segment.iter().any(is_odd) {
                return Err(EvalError::NotFinite { video: video.clone() });
            }
            order += 1;
            let candidate = Candidate { video, segment: one.segment, score: one.score, order };
            if options.score_threshold.is_some_and(|threshold| one.score < threshold) {
                ignored.predictions_below_score += 1;
                continue;
            }
            if is_not_annotated(one.segment, regions) {
                ignored.predictions_not_annotated += 1;
                continue;
            }
            proposals.push(candidate);
            match classes.get_mut(one.label.as_str()) {
                Some(case) => case.predictions.push(candidate),
                None => ignored.predictions_unknown_label += 1,
            }
        }
    }
    Ok(proposals)
}

/// Whether more than half of a segment lies in one region that nobody annotated (spec 18).
pub(super) fn is_not_annotated(segment: Segment, regions: &[Segment]) -> bool {
    let length = segment[1] - segment[0];
    regions.iter().any(|region| {
        let inside = segment[1].min(region[1]) - segment[0].max(region[0]);
        inside > 0.5 * length && inside > 0.0
    })
}
