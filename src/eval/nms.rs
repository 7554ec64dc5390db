//! Non-maximum suppression of segments (spec 9.3, 9.4, 9.7). Which precision is used is part of the reference's result.

use crate::domain::Segment;

/// A segment that survived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pick {
    /// Index among the inputs.
    pub index: usize,
    /// Start and end; moved by voting where it is on.
    pub segment: [f32; 2],
    /// The decayed score.
    pub score: f32,
}

/// What happens to a segment that overlaps a better one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// Its score decays by a Gaussian of the overlap of this width (soft-NMS).
    Gaussian {
        /// Width.
        sigma: f32,
    },
    /// It is dropped where the overlap is at least this.
    Hard {
        /// Overlap.
        threshold: f32,
    },
}

/// OpenTAD's suppression with voting, in float32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suppression {
    /// Soft or hard.
    pub decay: Decay,
    /// Soft: candidates that decay below this are dropped. Hard: candidates that are not above it do not take part; at 0 all do.
    pub min_score: f32,
    /// Most survivors.
    pub max_detections: usize,
    /// Overlap from which input segments vote on a survivor's ends; 0 is off.
    pub voting_threshold: f32,
}

impl Suppression {
    /// Suppresses overlapping segments of one video regardless of class; survivors by descending score.
    #[must_use]
    pub fn run(&self, segments: &[[f32; 2]], scores: &[f32]) -> Vec<Pick> {
        let mut kept = match self.decay {
            Decay::Gaussian { sigma } => self.soft(segments, scores, sigma),
            Decay::Hard { threshold } => self.hard(segments, scores, threshold),
        };
        if self.voting_threshold > 0.0 {
            vote(&mut kept, segments, scores, self.voting_threshold);
        }
        kept
    }

    fn soft(&self, segments: &[[f32; 2]], scores: &[f32], sigma: f32) -> Vec<Pick> {
        let mut live: Vec<Pick> = segments
            .iter()
            .zip(scores)
            .enumerate()
            .map(|(index, (&segment, &score))| Pick { index, segment, score })
            .collect();
        let mut first = 0;
        while first < live.len().min(self.max_detections) {
            move_best_to(&mut live, first);
            let best = live[first];
            let mut position = first + 1;
            while position < live.len() {
                let overlap = padded_iou(best.segment, live[position].segment);
                live[position].score *= (-(overlap * overlap) / sigma).exp();
                if live[position].score < self.min_score {
                    // The last live entry takes the place and is judged next: this order decides later ties.
                    live.swap_remove(position);
                } else {
                    position += 1;
                }
            }
            first += 1;
        }
        live.truncate(first);
        live
    }

    fn hard(&self, segments: &[[f32; 2]], scores: &[f32], threshold: f32) -> Vec<Pick> {
        let stays = |&index: &usize| self.min_score <= 0.0 || scores[index] > self.min_score;
        let mut order: Vec<usize> = (0..segments.len()).filter(stays).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut kept: Vec<Pick> = Vec::new();
        for index in order {
            if kept.len() == self.max_detections {
                break;
            }
            if kept.iter().all(|better| padded_iou(better.segment, segments[index]) < threshold) {
                kept.push(Pick { index, segment: segments[index], score: scores[index] });
            }
        }
        kept
    }

    /// Suppresses within each class, then keeps the best of all classes (the reference's `multiclass`, which never votes).
    #[must_use]
    pub fn run_per_class(&self, segments: &[[f32; 2]], scores: &[f32], classes: &[usize]) -> Vec<Pick> {
        let mut all = Self { voting_threshold: 0.0, ..*self }.run_each_class(segments, scores, classes);
        all.truncate(self.max_detections);
        all
    }

    /// Suppresses within each class; of each the best (spec 18). Survivors of all by descending score.
    #[must_use]
    pub fn run_each_class(&self, segments: &[[f32; 2]], scores: &[f32], classes: &[usize]) -> Vec<Pick> {
        let mut present = classes.to_vec();
        present.sort_unstable();
        present.dedup();
        let mut all = Vec::new();
        for class in present {
            let members: Vec<usize> = (0..segments.len()).filter(|&index| classes[index] == class).collect();
            let own_segments: Vec<[f32; 2]> = members.iter().map(|&index| segments[index]).collect();
            let own_scores: Vec<f32> = members.iter().map(|&index| scores[index]).collect();
            let picks = self.run(&own_segments, &own_scores);
            all.extend(picks.into_iter().map(|pick| Pick { index: members[pick.index], ..pick }));
        }
        all.sort_by(|a, b| b.score.total_cmp(&a.score));
        all
    }
}

/// Swaps the first maximal score from `first` on to `first`.
fn move_best_to(live: &mut [Pick], first: usize) {
    let mut best = first;
    for position in first + 1..live.len() {
        if live[position].score > live[best].score {
            best = position;
        }
    }
    live.swap(first, best);
}

/// Overlap with every length padded by 1e-6, as the reference's areas are.
fn padded_iou(a: [f32; 2], b: [f32; 2]) -> f32 {
    let intersection = (a[1].min(b[1]) - a[0].max(b[0])).max(0.0);
    intersection / ((a[1] - a[0] + 1e-6) + (b[1] - b[0] + 1e-6) - intersection)
}

/// Moves every survivor to the score-weighted mean of all input segments that overlap it by the threshold (spec 9.4).
fn vote(picks: &mut [Pick], segments: &[[f32; 2]], scores: &[f32], threshold: f32) {
    for pick in picks {
        let [start, end] = pick.segment;
        let (mut weight_sum, mut starts, mut ends) = (0.0f32, 0.0f32, 0.0f32);
        for (segment, &score) in segments.iter().zip(scores) {
            let intersection = (end.min(segment[1]) - start.max(segment[0])).max(0.0);
            let iou = intersection / ((end - start) + (segment[1] - segment[0]) - intersection);
            if iou >= threshold {
                weight_sum += score;
                starts += score * segment[0];
                ends += score * segment[1];
            }
        }
        pick.segment = [starts / weight_sum, ends / weight_sum];
    }
}

/// A segment that survived the official suppression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfficialPick {
    /// Index among the inputs.
    pub index: usize,
    /// Start and end, as they came in.
    pub segment: Segment,
    /// The decayed score.
    pub score: f64,
}

/// The official repository's soft-NMS in float64 (spec 9.7): no minimum score, and the last candidate left over is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfficialSoftNms {
    /// Width of the Gaussian.
    pub sigma: f64,
    /// Overlap above which a score decays (0 there).
    pub iou_threshold: f64,
    /// Most survivors.
    pub max_detections: usize,
}

/// Runs the official soft-NMS; survivors in the order in which they were picked.
#[must_use]
pub fn official_soft_nms(segments: &[Segment], scores: &[f64], nms: OfficialSoftNms) -> Vec<OfficialPick> {
    let OfficialSoftNms { sigma, iou_threshold, max_detections } = nms;
    let mut live: Vec<OfficialPick> = segments
        .iter()
        .zip(scores)
        .enumerate()
        .map(|(index, (&segment, &score))| OfficialPick { index, segment, score })
        .collect();
    live.sort_by(|a, b| b.score.total_cmp(&a.score));
    if live.len() < 2 {
        return live;
    }
    let mut picks = Vec::new();
    while live.len() > 1 && picks.len() < max_detections {
        let mut best = 0;
        for position in 1..live.len() {
            if live[position].score > live[best].score {
                best = position;
            }
        }
        let pick = live.remove(best);
        for other in &mut live {
            let intersection = pick.segment[1].min(other.segment[1]) - pick.segment[0].max(other.segment[0]);
            let lengths = (pick.segment[1] - pick.segment[0]) + (other.segment[1] - other.segment[0]);
            let iou = intersection / (lengths - intersection);
            if iou > iou_threshold {
                other.score *= (-(iou * iou) / sigma).exp();
            }
        }
        picks.push(pick);
    }
    picks
}

#[cfg(test)]
mod tests {
    use super::*;

    const NMS: Suppression = Suppression {
        decay: Decay::Gaussian { sigma: 0.5 },
        min_score: 1e-4,
        max_detections: 10,
        voting_threshold: 0.0,
    };

    #[test]
    fn a_copy_decays_by_the_gaussian_of_full_overlap() {
        let picks = NMS.run(&[[0.0, 10.0], [0.0, 10.0], [20.0, 30.0]], &[0.8, 0.9, 0.1]);
        assert_eq!(picks.iter().map(|pick| pick.index).collect::<Vec<_>>(), [1, 0, 2]);
        assert!((picks[1].score - 0.8 * (-2.0f32).exp()).abs() < 1e-6);
        assert!(NMS.run(&[], &[]).is_empty());
    }

    #[test]
    fn the_first_pick_stays_even_below_the_minimum() {
        let picks = NMS.run(&[[0.0, 1.0]], &[1e-6]);
        assert_eq!(picks.len(), 1);
    }

    #[test]
    fn voting_moves_the_ends_to_the_weighted_mean() {
        let nms = Suppression { voting_threshold: 0.5, max_detections: 1, ..NMS };
        let picks = nms.run(&[[0.0, 10.0], [1.0, 9.0], [50.0, 60.0]], &[0.6, 0.2, 0.1]);
        assert!((picks[0].segment[0] - 0.25).abs() < 1e-6 && (picks[0].segment[1] - 9.75).abs() < 1e-5);
        assert_eq!(picks[0].score, 0.6);
    }

    #[test]
    fn the_official_form_loses_the_last_candidate_and_decays_above_its_threshold() {
        let nms = OfficialSoftNms { sigma: 0.35, iou_threshold: 0.0, max_detections: 100 };
        let picks = official_soft_nms(&[[0.0, 1.0], [5.0, 6.0]], &[0.5, 0.4], nms);
        assert_eq!(picks.len(), 1);
        assert_eq!(official_soft_nms(&[[0.0, 1.0]], &[0.5], nms).len(), 1);
        // The second overlaps the first by a half.
        let second = |iou_threshold| {
            let segments = [[0.0, 1.0], [0.0, 0.5], [5.0, 6.0]];
            official_soft_nms(&segments, &[0.5, 0.4, 0.1], OfficialSoftNms { iou_threshold, ..nms })[1].score
        };
        assert!((second(0.0) - 0.4 * (-0.25f64 / 0.35).exp()).abs() < 1e-12);
        assert_eq!(second(0.5), 0.4);
    }

    #[test]
    fn hard_suppression_keeps_what_hardly_overlaps() {
        let nms = Suppression { decay: Decay::Hard { threshold: 0.5 }, min_score: 0.1, ..NMS };
        let segments = [[0.0, 10.0], [1.0, 10.0], [9.0, 19.0], [40.0, 41.0]];
        let kept = |nms: Suppression| -> Vec<usize> {
            nms.run(&segments, &[0.5, 0.9, 0.2, 0.1]).iter().map(|pick| pick.index).collect()
        };
        assert_eq!(kept(nms), [1, 2], "a score must be above the minimum");
        assert_eq!(kept(Suppression { max_detections: 1, ..nms }), [1]);
        let voted = Suppression { voting_threshold: 0.8, ..nms }.run(&segments, &[0.5, 0.9, 0.2, 0.1]);
        assert!((voted[0].segment[0] - 0.9 / 1.4).abs() < 1e-6, "{voted:?}");
    }

    #[test]
    fn within_classes_nobody_votes_and_without_a_least_score_all_take_part() {
        let nms = Suppression { voting_threshold: 0.5, ..NMS };
        let (segments, scores) = ([[0.0, 10.0], [1.0, 9.0], [50.0, 60.0]], [0.6, 0.2, 0.1]);
        assert_eq!(nms.run_per_class(&segments, &scores, &[0, 0, 1])[0].segment, segments[0]);
        assert_ne!(nms.run_each_class(&segments, &scores, &[0, 0, 1])[0].segment, segments[0]);
        let hard = |min_score| Suppression { decay: Decay::Hard { threshold: 0.5 }, min_score, ..NMS };
        assert_eq!(hard(0.0).run(&[[0.0, 1.0]], &[0.0]).len(), 1);
        assert!(hard(0.1).run(&[[0.0, 1.0]], &[0.1]).is_empty());
    }
}
