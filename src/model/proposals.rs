//! The proposal map and the ways to draw training proposals from it (spec 4.4). No tensors.

use crate::config::{self, ProposalStrategy};
use crate::domain::{Draw, tiou};

/// A segment (start, end) in snippets.
pub type Proposal = [f32; 2];

/// The proposal of the map's cell for duration index `d` and start `s`.
fn cell(d: usize, s: usize) -> Proposal {
    [s as f32, (s + d + 1) as f32]
}

/// All valid proposals, in the order of the map: duration outer, start inner.
#[must_use]
pub fn all(tscale: usize, dscale: usize) -> Vec<Proposal> {
    (0..dscale.min(tscale)).flat_map(|d| (0..tscale - d).map(move |s| cell(d, s))).collect()
}

/// Proposals of one training video by the configured strategy.
#[must_use]
pub fn sample(config: &config::Proposals, tscale: usize, dscale: usize, draw: &mut Draw) -> Vec<Proposal> {
    let mut sampled = match config.strategy {
        ProposalStrategy::Random => random(config.ratio, tscale, dscale, draw),
        ProposalStrategy::Grid => grid(config.ratio, tscale, dscale),
        ProposalStrategy::Block => {
            let (x, y) = draw_block(config.ratio, tscale, dscale, draw);
            block(config.ratio, tscale, dscale, x, y)
        }
        ProposalStrategy::Farthest => farthest(config.ratio, tscale, dscale, draw),
        ProposalStrategy::Determinantal => determinantal(config.ratio, tscale, dscale, draw),
    };
    if config.shuffled {
        draw.shuffle(&mut sampled);
    }
    sampled
}

/// `ratio` of the valid proposals, without replacement, in map order.
fn random(ratio: f64, tscale: usize, dscale: usize, draw: &mut Draw) -> Vec<Proposal> {
    let valid = all(tscale, dscale);
    let count = kept(ratio, valid.len());
    draw.choose(valid.len(), count).into_iter().map(|index| valid[index]).collect()
}

/// How many of `valid` proposals a share is; at least one, so that a step always has a proposal.
fn kept(ratio: f64, valid: usize) -> usize {
    ((valid as f64 * ratio) as usize).clamp(1, valid.max(1))
}

/// Every `sqrt(1 / ratio)`-th duration and start from the second on, rounded half to even.
#[must_use]
pub fn grid(ratio: f64, tscale: usize, dscale: usize) -> Vec<Proposal> {
    let step = (1.0 / ratio).sqrt();
    let places = |limit: usize| -> Vec<usize> {
        let count = ((limit as f64 - 1.0) / step).ceil().max(0.0) as usize;
        (0..count)
            .map(|index| (1.0 + index as f64 * step).round_ties_even() as usize)
            .filter(|&place| place < limit)
            .collect()
    };
    let starts = places(tscale);
    let valid = |d: usize| starts.iter().copied().filter(move |s| s + d < tscale).map(move |s| cell(d, s));
    places(dscale).into_iter().flat_map(valid).collect()
}

/// Side of a block that holds about `ratio` of the valid proposals, small enough to fit the map.
fn block_side(ratio: f64, tscale: usize, dscale: usize) -> usize {
    let valid = (0..dscale.min(tscale)).map(|d| tscale - d).sum();
    let side = (kept(ratio, valid) as f64).sqrt() as usize;
    side.clamp(1, (dscale / 2).min(tscale / 2).max(1))
}

/// Where a random block lies: first duration x and first start y, such that all its cells are valid.
fn draw_block(ratio: f64, tscale: usize, dscale: usize, draw: &mut Draw) -> (usize, usize) {
    let side = block_side(ratio, tscale, dscale);
    let x = draw.below(dscale.saturating_sub(2 * side) + 1);
    (x, draw.below(tscale.saturating_sub(2 * side + x) + 1))
}

/// The block of neighbouring cells whose first is (duration `x`, start `y`); invalid cells are left out.
#[must_use]
pub fn block(ratio: f64, tscale: usize, dscale: usize, x: usize, y: usize) -> Vec<Proposal> {
    let side = block_side(ratio, tscale, dscale);
    (x..x + side)
        .flat_map(|d| (y..y + side).map(move |s| (d, s)))
        .filter(|&(d, s)| d < dscale && s + d < tscale)
        .map(|(d, s)| cell(d, s))
        .collect()
}

/// Farthest point sampling over (start, end) from a random cell on, in map order. The reference names it without code (spec 4.4).
fn farthest(ratio: f64, tscale: usize, dscale: usize, draw: &mut Draw) -> Vec<Proposal> {
    let valid = all(tscale, dscale);
    let mut nearest = vec![f32::INFINITY; valid.len()];
    let mut last = draw.below(valid.len());
    let mut chosen = vec![last];
    while chosen.len() < kept(ratio, valid.len()) {
        for (distance, proposal) in nearest.iter_mut().zip(&valid) {
            let offset = [proposal[0] - valid[last][0], proposal[1] - valid[last][1]];
            *distance = distance.min(offset[0] * offset[0] + offset[1] * offset[1]);
        }
        // The first of equal maxima, so that a draw is one on every machine.
        last = (1..valid.len()).fold(0, |best, index| if nearest[index] > nearest[best] { index } else { best });
        chosen.push(last);
    }
    in_map_order(chosen, &valid)
}

/// Sampling that repels neighbours: each proposal is drawn in proportion to the part of its tIoU kernel that those before leave
/// unexplained (randomly pivoted Cholesky, which chooses like a determinantal process of fixed size but needs no eigenvectors of
/// a matrix of all proposals), in map order. The reference names the process without code (spec 4.4).
fn determinantal(ratio: f64, tscale: usize, dscale: usize, draw: &mut Draw) -> Vec<Proposal> {
    let valid = all(tscale, dscale);
    let mut unexplained = vec![1.0f64; valid.len()];
    let mut factors: Vec<Vec<f64>> = Vec::new();
    let mut chosen = Vec::new();
    while chosen.len() < kept(ratio, valid.len()) {
        let Some(pivot) = proportional(&unexplained, draw) else { break };
        let scale = unexplained[pivot].sqrt();
        let mut column: Vec<f64> =
            valid.iter().map(|&other| tiou(valid[pivot].map(f64::from), other.map(f64::from))).collect();
        for factor in &factors {
            let share = factor[pivot];
            column.iter_mut().zip(factor).for_each(|(value, part)| *value -= share * part);
        }
        for (value, rest) in column.iter_mut().zip(&mut unexplained) {
            *value /= scale;
            *rest = (*rest - *value * *value).max(0.0);
        }
        unexplained[pivot] = 0.0; // whatever rounding leaves, a proposal is drawn once
        factors.push(column);
        chosen.push(pivot);
    }
    in_map_order(chosen, &valid)
}

/// An index drawn in proportion to the weights; none when all are zero.
fn proportional(weights: &[f64], draw: &mut Draw) -> Option<usize> {
    let mut rest = draw.unit() * weights.iter().sum::<f64>();
    let possible = || (0..weights.len()).filter(|&index| weights[index] > 0.0);
    let drawn = possible().find(|&index| {
        rest -= weights[index];
        rest < 0.0
    });
    drawn.or_else(|| possible().next_back())
}

fn in_map_order(mut chosen: Vec<usize>, valid: &[Proposal]) -> Vec<Proposal> {
    chosen.sort_unstable();
    chosen.into_iter().map(|index| valid[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Purpose;

    #[test]
    fn counts_are_those_of_the_reference() {
        assert_eq!(all(128, 128).len(), 8256);
        assert_eq!(all(128, 64).len(), 6176);
        assert_eq!(grid(0.06, 128, 128).len(), 496);
        assert_eq!(grid(0.1, 128, 64).len(), 610);
        let count = |ratio, dscale| {
            let config = config::Proposals { strategy: ProposalStrategy::Random, ratio, shuffled: false };
            sample(&config, 128, dscale, &mut Draw::new(0, Purpose::Proposals, &[])).len()
        };
        assert_eq!(count(0.06, 128), 495);
        assert_eq!(count(0.1, 64), 617);
        assert_eq!((block_side(0.06, 128, 128), block_side(0.1, 128, 64)), (22, 24));
    }

    #[test]
    fn drawn_blocks_are_whole_and_valid() {
        let config = config::Proposals { strategy: ProposalStrategy::Block, ratio: 0.06, shuffled: false };
        for item in 0..200 {
            let block = sample(&config, 128, 128, &mut Draw::new(0, Purpose::Proposals, &[item]));
            assert_eq!(block.len(), 22 * 22);
            assert!(block.iter().all(|[start, end]| start < end && *end <= 128.0));
        }
    }

    #[test]
    fn spreading_samplers_choose_distinct_proposals_that_overlap_less() {
        let sampled = |strategy| {
            let config = config::Proposals { strategy, ratio: 0.06, shuffled: false };
            sample(&config, 32, 32, &mut Draw::new(4, Purpose::Proposals, &[]))
        };
        let overlap = |proposals: &[Proposal]| {
            let pairs = proposals.iter().flat_map(|a| proposals.iter().map(move |b| (a, b))).filter(|(a, b)| a != b);
            pairs.map(|(a, b)| tiou(a.map(f64::from), b.map(f64::from))).sum::<f64>()
        };
        let random = overlap(&sampled(ProposalStrategy::Random));
        for strategy in [ProposalStrategy::Farthest, ProposalStrategy::Determinantal] {
            let proposals = sampled(strategy);
            assert_eq!(proposals.len(), 31);
            assert!(proposals.windows(2).all(|pair| pair[0] != pair[1]));
            assert!(overlap(&proposals) < random, "{strategy:?}: {} against {random}", overlap(&proposals));
        }
    }

    #[test]
    fn the_map_runs_through_starts_before_durations() {
        assert_eq!(all(3, 2), [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [0.0, 2.0], [1.0, 3.0]]);
    }

    #[test]
    fn shuffled_proposals_are_the_same_ones_in_another_order() {
        let sampled = |shuffled| {
            let config = config::Proposals { strategy: ProposalStrategy::Grid, ratio: 0.06, shuffled };
            let mut draw = Draw::new(0, Purpose::Proposals, &[]);
            sample(&config, 128, 128, &mut draw).into_iter().map(|one| one.map(|end| end as u32)).collect::<Vec<_>>()
        };
        let (plain, mut shuffled) = (sampled(false), sampled(true));
        assert_ne!(plain, shuffled);
        shuffled.sort_unstable();
        let mut sorted = plain;
        sorted.sort_unstable();
        assert_eq!(shuffled, sorted);
    }
}
