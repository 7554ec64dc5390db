//! Average precision and mAP (spec 10.1, items 5 and 6).

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cases::{EvalError, EvalOptions, Ignored, sort_out};
use super::matching::{ClassMatches, match_class};
use crate::domain::{Dataset, Detections, tiou_key};

/// Result of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassResult {
    /// Class name.
    pub label: String,
    /// Truths of the class.
    pub truths: usize,
    /// Predictions of the class.
    pub predictions: usize,
    /// Average precision by threshold, 0..1.
    pub average_precision: Vec<f64>,
    /// Truths found, by threshold.
    pub found: Vec<usize>,
}

/// Hits and misses of all classes at one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtTiou {
    /// Predictions that found a truth.
    pub true_positives: usize,
    /// Predictions of a known class that found none.
    pub false_positives: usize,
    /// Truths that no prediction found.
    pub false_negatives: usize,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Videos of the subset that are not blocked.
    pub videos: usize,
    /// Truths that count.
    pub truths: usize,
    /// Predictions that count.
    pub predictions: usize,
    /// Those of them that end where they start or before: false positives.
    pub predictions_without_length: usize,
    /// Those of them in videos without a truth that counts: false positives too.
    pub predictions_in_other_videos: usize,
    /// Hits and misses by tIoU ("0.50").
    pub at_tiou: BTreeMap<String, AtTiou>,
}

/// Result of an evaluation. Lists by threshold are in the order of `tious`.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Thresholds.
    pub tious: Vec<f64>,
    /// Mean of `map`.
    pub average_map: f64,
    /// Mean average precision over the classes of the ground truth, by threshold, 0..1.
    pub map: Vec<f64>,
    /// Classes in order of first appearance in the ground truth.
    pub classes: Vec<ClassResult>,
    /// Share of truths found by any prediction, by threshold, 0..1.
    pub recall: Vec<f64>,
    /// What was left out.
    pub ignored: Ignored,
    /// How many of what.
    pub counts: Counts,
}

impl Evaluation {
    /// Values by threshold as an object with tIoU keys, as events and `--json` write them.
    #[must_use]
    pub fn by_key(&self, values: &[f64]) -> BTreeMap<String, f64> {
        self.tious.iter().zip(values).map(|(&tiou, &value)| (tiou_key(tiou), value)).collect()
    }

    /// Average precision by class name and tIoU key.
    #[must_use]
    pub fn per_class_by_key(&self) -> BTreeMap<String, BTreeMap<String, f64>> {
        self.classes.iter().map(|class| (class.label.clone(), self.by_key(&class.average_precision))).collect()
    }
}

/// Evaluates predictions against the ground truth of a subset; classes in parallel.
///
/// # Errors
/// [`EvalError`] when the subset has no truth, a threshold is out of range or a number is not finite.
pub fn evaluate(truth: &Dataset, predictions: &Detections, options: &EvalOptions) -> Result<Evaluation, EvalError> {
    let cases = sort_out(truth, predictions, options)?;
    let matched: Vec<ClassMatches> =
        cases.classes.par_iter().map(|case| match_class(case, &options.tious, options.rules)).collect();
    let classes: Vec<ClassResult> = matched.par_iter().map(class_result).collect();

    let thresholds = 0..options.tious.len();
    let map: Vec<f64> =
        thresholds.clone().map(|index| mean(classes.iter().map(|class| class.average_precision[index]))).collect();
    let truths: usize = classes.iter().map(|class| class.truths).sum();
    let candidates: usize = classes.iter().map(|class| class.predictions).sum();
    let found: Vec<usize> = thresholds.map(|index| classes.iter().map(|class| class.found[index]).sum()).collect();
    let at_tiou = options.tious.iter().zip(&found).map(|(&tiou, &found)| {
        let counts =
            AtTiou { true_positives: found, false_positives: candidates - found, false_negatives: truths - found };
        (tiou_key(tiou), counts)
    });
    let counts = Counts {
        videos: cases.videos,
        truths,
        predictions: candidates,
        predictions_without_length: count(&matched, |one| one.segment[1] <= one.segment[0]),
        predictions_in_other_videos: count(&matched, |one| !cases.truths.contains_key(one.video)),
        at_tiou: at_tiou.collect(),
    };
    Ok(Evaluation {
        tious: options.tious.clone(),
        average_map: mean(map.iter().copied()),
        recall: found.iter().map(|&found| found as f64 / truths as f64).collect(),
        map,
        classes,
        ignored: cases.ignored,
        counts,
    })
}

fn count(classes: &[ClassMatches], is: impl Fn(&super::cases::Candidate) -> bool) -> usize {
    classes.iter().map(|class| class.ranked.iter().filter(|one| is(one)).count()).sum()
}

fn class_result(class: &ClassMatches) -> ClassResult {
    let truths = class.truths.len();
    let precision = |found: &Vec<Option<usize>>| {
        let hits = found.iter().map(Option::is_some);
        average_precision(hits, truths as f64, |true_positives, false_positives, _| {
            true_positives / (true_positives + false_positives)
        })
    };
    ClassResult {
        label: class.label.to_owned(),
        truths,
        predictions: class.ranked.len(),
        average_precision: class.found.iter().map(precision).collect(),
        found: (0..class.found.len()).map(|threshold| class.found_count(threshold)).collect(),
    }
}

/// Mean; NaN of nothing.
pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    values.sum::<f64>() / count as f64
}

/// Area under the interpolated precision-recall curve of ranked hits. `precision` gets true positives, false positives and
/// recall so far, so that the diagnosis can use its normalised form (spec 17).
pub(super) fn average_precision(
    hits: impl Iterator<Item = bool>,
    truths: f64,
    precision: impl Fn(f64, f64, f64) -> f64,
) -> f64 {
    let mut curve = Vec::with_capacity(hits.size_hint().0 + 2);
    curve.push((0.0, 0.0));
    let (mut true_positives, mut false_positives) = (0.0, 0.0);
    for hit in hits {
        if hit {
            true_positives += 1.0;
        } else {
            false_positives += 1.0;
        }
        let recall = true_positives / truths;
        curve.push((recall, precision(true_positives, false_positives, recall)));
    }
    if curve.len() == 1 {
        return 0.0;
    }
    curve.push((1.0, 0.0));
    for index in (1..curve.len()).rev() {
        curve[index - 1].1 = curve[index - 1].1.max(curve[index].1);
    }
    curve.windows(2).map(|pair| (pair[1].0 - pair[0].0) * pair[1].1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Annotation, Detection, Video};

    fn video(id: &str, annotations: &[(&str, f64, f64)]) -> Video {
        Video {
            id: id.to_owned(),
            subset: "validation".to_owned(),
            duration: 100.0,
            frames: None,
            path: None,
            annotations: annotations
                .iter()
                .map(|&(label, start, end)| Annotation { segment: [start, end], label: label.to_owned(), draft: false })
                .collect(),
            not_annotated: Vec::new(),
            rejected: Vec::new(),
            crop: None,
            stream: None,
        }
    }

    fn predictions(id: &str, found: &[(&str, f64, f64, f64)]) -> (String, Vec<Detection>) {
        let found = found
            .iter()
            .map(|&(label, start, end, score)| Detection { segment: [start, end], label: label.to_owned(), score })
            .collect();
        (id.to_owned(), found)
    }

    #[test]
    fn a_hand_worked_curve() {
        // Ranked hit, miss, hit of 2 truths: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1; interpolated area 1/2*1 + 1/2*2/3.
        let dataset = Dataset { videos: vec![video("v", &[("a", 0.0, 10.0), ("a", 20.0, 30.0)])] };
        let found = predictions("v", &[("a", 0.0, 10.0, 0.9), ("a", 50.0, 60.0, 0.8), ("a", 20.0, 29.0, 0.7)]);
        let options = EvalOptions::new("validation", &[0.5, 0.95]);
        let result = evaluate(&dataset, &Detections { videos: vec![found] }, &options).expect("evaluates");
        assert!((result.map[0] - (0.5 + 1.0 / 3.0)).abs() < 1e-15, "{:?}", result.map);
        assert!((result.map[1] - 0.5).abs() < 1e-15, "{:?}", result.map);
        assert_eq!(result.recall, [1.0, 0.5]);
        let at = result.counts.at_tiou["0.95"];
        assert_eq!((at.true_positives, at.false_positives, at.false_negatives), (1, 2, 1));
    }

    #[test]
    fn odd_entries_are_counted() {
        let mut first =
            video("v", &[("a", 0.0, 10.0), ("a", 0.0005, 10.0), ("a", 5.0, 5.0), ("b", 7.0, 6.0), ("a", 80.0, 90.0)]);
        first.not_annotated = vec![[75.0, 100.0]];
        let dataset = Dataset { videos: vec![first, video("blocked", &[("a", 0.0, 1.0)])] };
        let found = vec![
            predictions(
                "v",
                &[
                    ("a", 0.0, 10.0, 0.9),
                    ("new", 0.0, 1.0, 0.9),
                    ("a", 80.0, 90.0, 0.8),
                    ("a", 1.0, 2.0, 0.05),
                    ("a", 9.0, 3.0, 0.5),
                ],
            ),
            predictions("blocked", &[("a", 0.0, 1.0, 0.9)]),
            predictions("elsewhere", &[("a", 0.0, 1.0, 0.2)]),
        ];
        let mut options = EvalOptions::new("validation", &[0.5]);
        options.blocked.insert("blocked".to_owned());
        options.score_threshold = Some(0.1);
        let result = evaluate(&dataset, &Detections { videos: found }, &options).expect("evaluates");
        let expected = Ignored {
            truths_reversed: 1,
            truths_empty: 1,
            truths_duplicate: 1,
            truths_not_annotated: 1,
            predictions_unknown_label: 1,
            predictions_blocked: 1,
            predictions_below_score: 1,
            predictions_not_annotated: 1,
        };
        assert_eq!(result.ignored, expected);
        assert_eq!((result.counts.videos, result.counts.truths, result.counts.predictions), (1, 1, 3));
        assert_eq!((result.counts.predictions_without_length, result.counts.predictions_in_other_videos), (1, 1));
        assert_eq!(result.average_map, 1.0);
    }

    #[test]
    fn a_nan_finds_any_free_truth_of_its_class_in_its_video_as_in_the_reference_or_is_refused() {
        let truths = [("a", 0.0, 10.0), ("a", 20.0, 30.0), ("b", 0.0, 10.0)];
        let dataset = Dataset { videos: vec![video("v", &truths), video("w", &[("b", 0.0, 1.0)])] };
        let nan = f64::NAN;
        // The first takes a truth of "a", the second the other, the third finds none left; "b" in "v" is taken, "a" is not in "w".
        let found = vec![
            predictions(
                "v",
                &[("a", nan, nan, 0.9), ("a", 0.0, 10.0, 0.8), ("a", nan, nan, 0.7), ("b", 0.0, nan, 0.6)],
            ),
            predictions("w", &[("a", nan, nan, 0.95)]),
        ];
        let detections = Detections { videos: found };
        for rules in [crate::eval::Rules::OpenTad, crate::eval::Rules::Toolkit] {
            let refusing = EvalOptions { rules, ..EvalOptions::new("validation", &[0.5, 0.95]) };
            let error = evaluate(&dataset, &detections, &refusing).expect_err("NaN");
            assert_eq!(error, EvalError::NotFinite { video: "v".to_owned() });
            let strict = EvalOptions { strict_reference: true, ..refusing };
            let result = evaluate(&dataset, &detections, &strict).expect("evaluates");
            // Of the two truths of "a" one is the NaN's, which is the later: it leaves the first to the one that fits it.
            assert_eq!(result.classes[0].found, [2, 2], "{rules:?}");
            assert_eq!(result.classes[1].found, [1, 1]);
            let at = result.counts.at_tiou["0.95"];
            assert_eq!((at.true_positives, at.false_positives, at.false_negatives), (3, 2, 1));
        }
        let odd_score = Detections { videos: vec![predictions("v", &[("a", 0.0, 1.0, nan)])] };
        let strict = EvalOptions { strict_reference: true, ..EvalOptions::new("validation", &[0.5]) };
        assert_eq!(evaluate(&dataset, &odd_score, &strict), Err(EvalError::NotFinite { video: "v".to_owned() }));
    }

    #[test]
    fn what_cannot_be_evaluated_says_why() {
        let dataset = Dataset { videos: vec![video("v", &[])] };
        let none = Detections::default();
        let error = evaluate(&dataset, &none, &EvalOptions::new("val", &[0.5])).expect_err("no such subset");
        assert_eq!(error.to_string(), "no video of the ground truth is in subset 'val'; its subsets are: validation");
        let error = evaluate(&dataset, &none, &EvalOptions::new("validation", &[0.5])).expect_err("no truth");
        assert!(matches!(error, EvalError::NoTruth { .. }));
        assert_eq!(evaluate(&dataset, &none, &EvalOptions::new("validation", &[f64::NAN])), Err(EvalError::Thresholds));
        let dataset = Dataset { videos: vec![video("v", &[("a", 0.0, 1.0)])] };
        let odd = Detections { videos: vec![predictions("v", &[("a", 0.0, 1.0, f64::NAN)])] };
        let error = evaluate(&dataset, &odd, &EvalOptions::new("validation", &[0.5])).expect_err("NaN");
        assert_eq!(error, EvalError::NotFinite { video: "v".to_owned() });
    }
}
