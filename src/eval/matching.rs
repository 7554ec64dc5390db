//! Which prediction finds which truth (spec 10.1, items 3 and 4).

use std::cmp::Ordering;
use std::collections::HashMap;

use super::cases::{Candidate, ClassCase, Rules, is_not_annotated};
use crate::domain::{Annotation, Detection, Segment};

/// The predictions of one class in rank order, and the truths they found.
pub(super) struct ClassMatches<'a> {
    pub label: &'a str,
    /// Truths of the class by number: video and segment.
    pub truths: Vec<(&'a str, Segment)>,
    /// Predictions by descending score.
    pub ranked: Vec<Candidate<'a>>,
    /// The number of the truth that each prediction found, by threshold: `[threshold][rank]`.
    pub found: Vec<Vec<Option<usize>>>,
}

impl ClassMatches<'_> {
    /// Number of truths found at the threshold of this index.
    pub(super) fn found_count(&self, threshold: usize) -> usize {
        self.found.get(threshold).map_or(0, |found| found.iter().flatten().count())
    }
}

/// Matches the predictions of one class at every threshold.
pub(super) fn match_class<'a>(case: &ClassCase<'a>, tious: &[f64], rules: Rules) -> ClassMatches<'a> {
    let mut truths = Vec::with_capacity(case.truth_count());
    let mut matchers: HashMap<&str, Matcher> = HashMap::with_capacity(case.truths.len());
    for (&video, segments) in &case.truths {
        matchers.insert(video, Matcher::new(segments, truths.len(), tious, rules));
        truths.extend(segments.iter().map(|&segment| (video, segment)));
    }
    let mut ranked = case.predictions.clone();
    rank(&mut ranked, |one| (one.score, one.order));
    let mut found = vec![vec![None; ranked.len()]; tious.len()];
    for (position, one) in ranked.iter().enumerate() {
        if let Some(matcher) = matchers.get_mut(one.video) {
            matcher.take(one.segment, |threshold, truth| found[threshold][position] = Some(truth));
        }
    }
    ClassMatches { label: case.label, truths, ranked, found }
}

/// Sorts by descending score; of equal scores the later in the file comes first, as a stable ascending sort reversed does.
pub(super) fn rank<T>(items: &mut [T], key: impl Fn(&T) -> (f64, usize)) {
    items.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal).then(b.1.cmp(&a.1))
    });
}

/// The truths of one video and class, and which of them are taken at which threshold.
struct Matcher<'a> {
    truths: &'a [Segment],
    first_number: usize,
    tious: &'a [f64],
    rules: Rules,
    /// `[threshold][truth]`
    taken: Vec<Vec<bool>>,
}

impl<'a> Matcher<'a> {
    fn new(truths: &'a [Segment], first_number: usize, tious: &'a [f64], rules: Rules) -> Self {
        Self { truths, first_number, tious, rules, taken: vec![vec![false; truths.len()]; tious.len()] }
    }

    /// Gives a prediction, which must come in rank order, to the best free truth at each threshold.
    fn take(&mut self, segment: Segment, mut found: impl FnMut(usize, usize)) {
        let overlaps: Vec<f64> = self.truths.iter().map(|&truth| self.rules.tiou(segment, truth)).collect();
        let mut by_overlap: Vec<usize> = (0..overlaps.len()).collect();
        by_overlap.sort_by(|&a, &b| nan_last(overlaps[b], overlaps[a]).then(b.cmp(&a)));
        for (threshold, (&tiou, taken)) in self.tious.iter().zip(&mut self.taken).enumerate() {
            // A NaN is not below: the toolkit counts it as found.
            let reachable = by_overlap
                .iter()
                .take_while(|&&truth| !matches!(overlaps[truth].partial_cmp(&tiou), Some(Ordering::Less)));
            if let Some(&truth) = reachable.into_iter().find(|&&truth| !taken[truth]) {
                taken[truth] = true;
                found(threshold, self.first_number + truth);
            }
        }
    }
}

/// Ascending with NaN at the end, as numpy sorts.
fn nan_last(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// What became of a detection at one tIoU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetectionState {
    /// It found the truth of this index.
    Hit(usize),
    /// It found none.
    FalseAlarm,
    /// It lies in a region that nobody annotated: neither of the two (spec 18).
    Ignored,
}

/// What became of the detections and truths of one video at one tIoU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoMatches {
    /// Of each detection, in the order given.
    pub detections: Vec<DetectionState>,
    /// The detection that found each truth, in the order given; none: missed.
    pub truths: Vec<Option<usize>>,
}

/// Matches the detections of one video with its truths, class by class, as the evaluation does (OpenTAD's rules).
///
/// Truths are taken as they are given: the caller shows all of them, duplicates too.
#[must_use]
pub fn matches(truths: &[Annotation], detections: &[Detection], not_annotated: &[Segment], tiou: f64) -> VideoMatches {
    let mut result = VideoMatches {
        detections: vec![DetectionState::FalseAlarm; detections.len()],
        truths: vec![None; truths.len()],
    };
    let mut order: Vec<usize> = (0..detections.len()).collect();
    rank(&mut order, |&index| (detections[index].score, index));
    let mut classes: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, truth) in truths.iter().enumerate() {
        classes.entry(&truth.label).or_default().push(index);
    }
    let thresholds = [tiou];
    let segments: HashMap<&str, Vec<Segment>> = classes
        .iter()
        .map(|(&label, members)| (label, members.iter().map(|&index| truths[index].segment).collect()))
        .collect();
    let mut matchers: HashMap<&str, Matcher> = segments
        .iter()
        .map(|(&label, segments)| (label, Matcher::new(segments, 0, &thresholds, Rules::OpenTad)))
        .collect();
    for index in order {
        let one = &detections[index];
        if is_not_annotated(one.segment, not_annotated) {
            result.detections[index] = DetectionState::Ignored;
        } else if let Some((matcher, members)) =
            matchers.get_mut(one.label.as_str()).zip(classes.get(one.label.as_str()))
        {
            matcher.take(one.segment, |_, truth| {
                result.detections[index] = DetectionState::Hit(members[truth]);
                result.truths[members[truth]] = Some(index);
            });
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(label: &str, start: f64, end: f64) -> Annotation {
        Annotation { segment: [start, end], label: label.to_owned(), draft: false }
    }

    fn found(label: &str, start: f64, end: f64, score: f64) -> Detection {
        Detection { segment: [start, end], label: label.to_owned(), score }
    }

    #[test]
    fn the_best_score_takes_the_truth_and_the_second_is_false() {
        let truths = [truth("a", 0.0, 10.0), truth("b", 0.0, 10.0), truth("a", 20.0, 30.0)];
        let detections = [
            found("a", 0.0, 9.0, 0.5),
            found("a", 0.0, 10.0, 0.9),
            found("b", 1.0, 10.0, 0.1),
            found("c", 0.0, 10.0, 1.0),
            found("a", 40.0, 44.0, 0.3),
        ];
        let states = matches(&truths, &detections, &[[39.0, 50.0]], 0.5);
        use DetectionState::{FalseAlarm, Hit, Ignored};
        assert_eq!(states.detections, [FalseAlarm, Hit(0), Hit(1), FalseAlarm, Ignored]);
        assert_eq!(states.truths, [Some(1), Some(2), None]);
    }

    #[test]
    fn of_equal_scores_the_later_wins_and_of_equal_overlaps_the_later_truth() {
        let truths = [truth("a", 0.0, 10.0), truth("a", 0.0, 10.0)];
        let detections = [found("a", 0.0, 10.0, 0.5), found("a", 0.0, 10.0, 0.5)];
        assert_eq!(matches(&truths, &detections, &[], 0.5).truths, [Some(0), Some(1)]);
        let states = matches(&truths[..1], &detections, &[], 0.5);
        assert_eq!(states.detections, [DetectionState::FalseAlarm, DetectionState::Hit(0)]);
    }

    #[test]
    fn a_taken_truth_passes_the_prediction_on_to_the_next() {
        let truths = [truth("a", 0.0, 10.0), truth("a", 2.0, 12.0)];
        let detections = [found("a", 0.0, 10.0, 0.9), found("a", 0.5, 10.5, 0.8)];
        assert_eq!(matches(&truths, &detections, &[], 0.5).truths, [Some(0), Some(1)]);
    }
}
