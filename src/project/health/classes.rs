//! Classes without instances, with too few, or that no list names.

use std::collections::BTreeMap;

use super::{Expectations, Finding, Severity, overall};
use crate::domain::Dataset;

/// Segments of a class below which training from scratch has little to learn from.
const FEW_SEGMENTS: usize = 10;

pub(super) fn check(dataset: &Dataset, expected: &Expectations, findings: &mut Vec<Finding>) {
    instances(dataset, expected, findings);
    unevaluated(dataset, expected, findings);
    unlisted(dataset, expected, findings);
}

/// Number of segments by label in a subset.
fn counts<'a>(dataset: &'a Dataset, subset: &'a str) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for action in dataset.subset(subset).flat_map(|video| &video.annotations) {
        *counts.entry(action.label.as_str()).or_default() += 1;
    }
    counts
}

/// Classes that have little or nothing to be learnt from.
fn instances(dataset: &Dataset, expected: &Expectations, findings: &mut Vec<Finding>) {
    let trained = counts(dataset, &expected.train_subset);
    if trained.is_empty() {
        return; // already said once for the whole subset
    }
    let mut classes: Vec<&str> = expected.classes.iter().map(String::as_str).collect();
    if expected.class_map.is_none() {
        classes.extend(dataset.videos.iter().flat_map(|video| &video.annotations).map(|action| action.label.as_str()));
    }
    classes.sort_unstable();
    classes.dedup();
    for class in classes {
        let count = trained.get(class).copied().unwrap_or_default();
        if count == 0 {
            let sentence = format!("The class \"{class}\" has no instance in the training subset.");
            let advice = "Annotate some, or take the class out: it can only produce false alarms.";
            findings.push(overall(Severity::Warning, sentence, advice).of_class(class));
        } else if expected.from_scratch && count < FEW_SEGMENTS {
            let plural = if count == 1 { "segment" } else { "segments" };
            let sentence = format!("The class \"{class}\" has only {count} training {plural}.");
            let advice = "Annotate more (some dozens), or start from trained weights instead of from scratch.";
            findings.push(overall(Severity::Warning, sentence, advice).of_class(class));
        }
    }
}

/// Classes that are learnt, but of which the evaluation has no truth.
fn unevaluated(dataset: &Dataset, expected: &Expectations, findings: &mut Vec<Finding>) {
    let test = &expected.test_subset;
    let tested = counts(dataset, test);
    if tested.is_empty() {
        return; // said once for the whole subset
    }
    let listed = |class: &&str| expected.class_map.is_none() || expected.classes.iter().any(|name| name == class);
    for class in counts(dataset, &expected.train_subset).into_keys().filter(listed) {
        if !tested.contains_key(class) {
            let sentence = format!("The class \"{class}\" has no truth in the subset \"{test}\" that evaluates.");
            let advice = "Move a video that shows it there: till then mAP says nothing about it.";
            findings.push(overall(Severity::Warning, sentence, advice).of_class(class));
        }
    }
}

/// Labels that the class map does not name.
fn unlisted(dataset: &Dataset, expected: &Expectations, findings: &mut Vec<Finding>) {
    let Some(map) = &expected.class_map else { return };
    let mut unlisted: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for video in dataset.videos.iter().filter(|video| expected.uses(&video.subset)) {
        for action in video.annotations.iter().filter(|action| !expected.classes.contains(&action.label)) {
            unlisted.entry(&action.label).or_insert((0, &video.id)).0 += 1;
        }
    }
    for (label, (count, video)) in unlisted {
        let plural = if count == 1 { "segment" } else { "segments" };
        let sentence =
            format!("The label \"{label}\" of {count} {plural}, first in {video}, is not in the class map {map}.");
        let advice = "Correct its spelling or add it to the class map; as it is, those segments train nothing.";
        findings.push(overall(Severity::Warning, sentence, advice).about("data.class_map"));
    }
}
