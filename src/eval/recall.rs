//! Recall of proposals: top-kx recall (spec 10.1) and average recall over the number of proposals, AR@AN (spec 10.3).

use std::collections::HashMap;

use rayon::prelude::*;

use super::average_precision::mean;
use super::cases::{Candidate, ClassCase, EvalError, EvalOptions, Rules, sort_out};
use super::matching::rank;
use crate::domain::{Dataset, Detections, Segment};

/// Share of truths that some prediction of their class overlaps, when each video and class with G truths may hand in its best
/// `k` G predictions: `[threshold][k]`, mean over classes.
///
/// # Errors
/// [`EvalError`], as [`super::evaluate`].
pub fn top_kx_recall(
    truth: &Dataset,
    predictions: &Detections,
    options: &EvalOptions,
    multiples: &[usize],
) -> Result<Vec<Vec<f64>>, EvalError> {
    let cases = sort_out(truth, predictions, options)?;
    let per_class: Vec<Vec<Vec<f64>>> =
        cases.classes.par_iter().map(|case| class_top_recall(case, options, multiples)).collect();
    let over_classes = |threshold: usize, k: usize| mean(per_class.iter().map(|class| class[threshold][k]));
    Ok((0..options.tious.len())
        .map(|threshold| (0..multiples.len()).map(|k| over_classes(threshold, k)).collect())
        .collect())
}

fn class_top_recall(case: &ClassCase, options: &EvalOptions, multiples: &[usize]) -> Vec<Vec<f64>> {
    let ranked = ranked_by_video(&case.predictions);
    let mut found = vec![vec![0usize; multiples.len()]; options.tious.len()];
    for (video, truths) in &case.truths {
        let ranked = ranked.get(video).map_or(&[][..], Vec::as_slice);
        for (column, multiple) in multiples.iter().enumerate() {
            let best = ranked.get(..multiple * truths.len()).unwrap_or(ranked);
            for (row, &tiou) in options.tious.iter().enumerate() {
                found[row][column] += count_overlapped(truths, best, tiou, options.rules);
            }
        }
    }
    let truths = case.truth_count() as f64;
    found.into_iter().map(|row| row.into_iter().map(|count| count as f64 / truths).collect()).collect()
}

/// Truths that some candidate overlaps by the threshold or more.
fn count_overlapped(truths: &[Segment], candidates: &[Candidate], tiou: f64, rules: Rules) -> usize {
    let reached = |truth: &&Segment| candidates.iter().any(|one| rules.tiou(one.segment, **truth) >= tiou);
    truths.iter().filter(reached).count()
}

fn ranked_by_video<'a>(candidates: &[Candidate<'a>]) -> HashMap<&'a str, Vec<Candidate<'a>>> {
    let mut videos: HashMap<&str, Vec<Candidate>> = HashMap::new();
    for one in candidates {
        videos.entry(one.video).or_default().push(*one);
    }
    for found in videos.values_mut() {
        rank(found, |one| (one.score, one.order));
    }
    videos
}

/// Average recall by number of proposals.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposalRecall {
    /// Mean number of proposals a video, one entry a point of the curves.
    pub proposals_per_video: Vec<f64>,
    /// Recall by threshold and point: `[threshold][point]`.
    pub recall: Vec<Vec<f64>>,
    /// Mean of `recall` over the thresholds.
    pub average_recall: Vec<f64>,
    /// Area under `average_recall`, divided by the last number of proposals, 0..1.
    pub area: f64,
}

impl ProposalRecall {
    /// AR@k: the k-th point of the curve, which is "k proposals a video" only if the file has that many (spec 10.3).
    #[must_use]
    pub fn at(&self, k: usize) -> Option<f64> {
        self.average_recall.get(k.checked_sub(1)?).copied()
    }
}

/// Class-agnostic average recall over up to `max_proposals` proposals a video (spec 10.3).
///
/// The order of operations is the reference's: its truncations to whole numbers depend on the last bit.
///
/// # Errors
/// [`EvalError`], as [`super::evaluate`].
pub fn average_recall(
    truth: &Dataset,
    predictions: &Detections,
    options: &EvalOptions,
    max_proposals: usize,
) -> Result<ProposalRecall, EvalError> {
    let cases = sort_out(truth, predictions, options)?;
    let most = max_proposals as f64;
    let videos = cases.truths.len() as f64;
    let ratio = most * videos / cases.proposals.len().max(1) as f64;
    let mut ranked = ranked_by_video(&cases.proposals);
    let per_video: Vec<(Vec<Segment>, Vec<Candidate>)> = cases
        .truths
        .iter()
        .map(|(video, of_video)| {
            let mut found = ranked.remove(video).unwrap_or_default();
            found.truncate((found.len() as f64 * ratio) as usize);
            (of_video.truths.iter().map(|&(segment, _)| segment).collect(), found)
        })
        .collect();
    let total = per_video.iter().map(|(_, found)| found.len()).sum::<usize>() as f64;
    let positives = per_video.iter().map(|(truths, _)| truths.len()).sum::<usize>() as f64;

    // The toolkit's curve has 100 points however far it goes.
    let points = if options.rules == Rules::Toolkit { 100 } else { max_proposals };
    let shares: Vec<f64> = (1..=points).map(|j| (j as f64 / points as f64) * (most * videos / total)).collect();
    let recall: Vec<Vec<f64>> = options
        .tious
        .par_iter()
        .map(|&tiou| {
            let firsts: Vec<(usize, Vec<usize>)> = per_video
                .iter()
                .map(|(truths, found)| (found.len(), first_ranks(truths, found, tiou, options.rules)))
                .collect();
            shares.iter().map(|share| found_within(&firsts, *share) as f64 / positives).collect()
        })
        .collect();
    let average_recall: Vec<f64> = (0..points).map(|point| mean(recall.iter().map(|curve| curve[point]))).collect();
    let proposals_per_video: Vec<f64> = shares.iter().map(|share| share * (total / videos)).collect();
    let area = area_under(&proposals_per_video, &average_recall);
    Ok(ProposalRecall { proposals_per_video, recall, average_recall, area })
}

/// For each truth that some proposal overlaps by the threshold, the rank of the first one that does.
fn first_ranks(truths: &[Segment], ranked: &[Candidate], tiou: f64, rules: Rules) -> Vec<usize> {
    let first = |truth: &Segment| ranked.iter().position(|one| rules.tiou(one.segment, *truth) >= tiou);
    truths.iter().filter_map(first).collect()
}

/// Truths found when every video hands in this share of its proposals.
fn found_within(videos: &[(usize, Vec<usize>)], share: f64) -> usize {
    let found = |(count, firsts): &(usize, Vec<usize>)| {
        let handed_in = ((*count as f64 * share) as usize).min(*count);
        firsts.iter().filter(|&&first| first < handed_in).count()
    };
    videos.iter().map(found).sum()
}

/// Trapezoid integral over x, divided by the last x; 0 without proposals.
fn area_under(x: &[f64], y: &[f64]) -> f64 {
    let strips = x.windows(2).zip(y.windows(2)).map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0);
    let area = strips.sum::<f64>() / x.last().copied().unwrap_or(f64::NAN);
    if area.is_finite() { area } else { 0.0 }
}
