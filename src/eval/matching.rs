//! Which prediction finds which truth (spec 10.1, items 3 and 4).

use std::cmp::Ordering;
use std::collections::HashMap;

use super::cases::{Candidate, ClassCase, Rules};
use crate::domain::Segment;

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
