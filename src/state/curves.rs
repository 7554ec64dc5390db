//! A run's events as curves.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::domain::Event;

/// How the loss is divided into terms that add up to it. A run reports what its cascade stages add both by stage and by kind;
/// one division shows each share once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LossSplit {
    /// By what is learnt: overlap, offsets, boundaries, class.
    #[default]
    Kind,
    /// By cascade stage.
    Stage,
}

impl LossSplit {
    /// Both divisions.
    pub const ALL: [Self; 2] = [Self::Kind, Self::Stage];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kind => "By term",
            Self::Stage => "By stage",
        }
    }

    /// The term's name for people, if it belongs to this division; a term that nobody here knows belongs to both.
    #[must_use]
    pub fn word(self, term: &str) -> Option<String> {
        if let Some(stage) = term.strip_prefix("loss_pem.s").and_then(|stage| stage.parse::<usize>().ok()) {
            return (self == Self::Stage).then(|| format!("stage {}", stage + 1));
        }
        let word = match term {
            "iou_cls" => "overlap, yes or no",
            "iou_reg" => "overlap, how much",
            "offsets" => "offsets",
            "boundary" => "start and end",
            "loss_tem" => return Some("boundary curves".to_owned()),
            other => return Some(other.replace(['_', '.'], " ")),
        };
        (self == Self::Kind).then(|| word.to_owned())
    }
}

/// One evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalPoint {
    /// Epoch from 0 after which it ran.
    pub epoch: usize,
    /// Step from 0 after which it ran.
    pub step: usize,
    /// mAP by tIoU ("0.50"), 0..1.
    pub map: BTreeMap<String, f64>,
    /// Mean over the thresholds, 0..1.
    pub average: f64,
    /// Average precision by class, then tIoU.
    pub per_class: BTreeMap<String, BTreeMap<String, f64>>,
}

/// Loss and mAP over the steps of a run; x is the step from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// Total loss.
    pub loss: Vec<[f64; 2]>,
    /// Each term of the loss, in the order in which they first came.
    pub terms: IndexMap<String, Vec<[f64; 2]>>,
    /// Evaluations in order.
    pub evals: Vec<EvalPoint>,
    /// Unix time of each point of `loss`.
    times: Vec<f64>,
}

impl Curves {
    /// Takes in what an event adds.
    pub fn push(&mut self, time: f64, event: &Event) {
        match event {
            Event::Step { step, loss, terms, .. } => {
                let x = *step as f64;
                self.loss.push([x, *loss]);
                self.times.push(time);
                for (name, value) in terms {
                    self.terms.entry(name.clone()).or_default().push([x, *value]);
                }
            }
            Event::Eval { epoch, step, map, average_map, per_class, .. } => {
                let (map, per_class) = (map.clone(), per_class.clone());
                let average = *average_map;
                self.evals.push(EvalPoint { epoch: *epoch, step: *step, map, average, per_class });
            }
            _ => {}
        }
    }

    /// The terms of one division with their names for people. In the division by kind a run that reports no kinds is shown by
    /// stage: better than the rest alone.
    #[must_use]
    pub fn parts(&self, split: LossSplit) -> Vec<(String, &[[f64; 2]])> {
        let split = if self.has_split(split) { split } else { LossSplit::Stage };
        self.terms.iter().filter_map(|(name, points)| Some((split.word(name)?, points.as_slice()))).collect()
    }

    /// Whether the run reports terms that belong to this division alone.
    #[must_use]
    pub fn has_split(&self, split: LossSplit) -> bool {
        let other = if split == LossSplit::Kind { LossSplit::Stage } else { LossSplit::Kind };
        self.terms.keys().any(|name| split.word(name).is_some() && other.word(name).is_none())
    }

    /// mAP at one threshold over the steps.
    #[must_use]
    pub fn map_curve(&self, tiou: &str) -> Vec<[f64; 2]> {
        self.evals.iter().filter_map(|eval| Some([eval.step as f64, *eval.map.get(tiou)?])).collect()
    }

    /// Average mAP over the steps.
    #[must_use]
    pub fn average_curve(&self) -> Vec<[f64; 2]> {
        self.evals.iter().map(|eval| [eval.step as f64, eval.average]).collect()
    }

    /// Thresholds of the evaluations, rising.
    #[must_use]
    pub fn thresholds(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.evals.iter().flat_map(|eval| eval.map.keys().cloned()).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// The best evaluation by average mAP, the first of equals.
    #[must_use]
    pub fn best(&self) -> Option<&EvalPoint> {
        self.evals.iter().rev().max_by(|a, b| a.average.total_cmp(&b.average))
    }

    /// Steps done.
    #[must_use]
    pub fn steps_done(&self) -> usize {
        self.loss.last().map_or(0, |point| point[0] as usize + 1)
    }

    /// Seconds that the remaining of `total` steps will take at the pace of the latest reports (evaluations between them
    /// included); none before two reports.
    #[must_use]
    pub fn seconds_left(&self, total: usize) -> Option<f64> {
        const LATEST: usize = 200;
        let from = self.loss.len().saturating_sub(LATEST);
        let steps = self.loss.last()?[0] - self.loss.get(from)?[0];
        let seconds = self.times.last()? - self.times.get(from)?;
        let left = total.saturating_sub(self.steps_done()) as f64;
        (steps > 0.0 && seconds > 0.0).then(|| seconds / steps * left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seconds;

    fn step(step: usize, loss: f64) -> Event {
        Event::Step {
            epoch: 0,
            step,
            loss,
            terms: BTreeMap::from([("iou".to_owned(), loss / 2.0)]),
            learning_rate: BTreeMap::new(),
            seconds: Seconds::default(),
            data_share: 0.0,
            device_memory: None,
            device_memory_peak: None,
            process_memory: None,
        }
    }

    fn eval(epoch: usize, step: usize, average_map: f64) -> Event {
        Event::Eval {
            epoch,
            step,
            map: BTreeMap::from([("0.50".to_owned(), average_map * 1.5)]),
            average_map,
            per_class: BTreeMap::new(),
            recall: BTreeMap::new(),
            seconds: 1.0,
            predictions: format!("predictions/epoch_{epoch:03}.json"),
        }
    }

    #[test]
    fn the_pace_of_the_reports_gives_the_time_left() {
        let mut curves = Curves::default();
        for (time, event) in
            [(0.0, step(0, 4.0)), (10.0, step(10, 3.0)), (20.0, step(20, 2.0)), (21.0, eval(0, 20, 0.2))]
        {
            curves.push(time, &event);
        }
        assert_eq!(curves.seconds_left(41), Some(20.0));
        assert_eq!(curves.map_curve("0.50"), [[20.0, 0.2 * 1.5]]);
        assert_eq!(curves.terms["iou"].len(), 3);
    }

    #[test]
    fn each_division_of_the_loss_adds_up_to_it() {
        // Names and values of a report of `etad train`.
        let values = [
            ("loss_tem", 1.3),
            ("loss_pem.s0", 2.0),
            ("loss_pem.s1", 3.0),
            ("loss_pem.s2", 4.0),
            ("iou_cls", 1.0),
            ("iou_reg", 2.5),
            ("offsets", 3.5),
            ("boundary", 2.0),
            ("class", 0.7),
        ];
        let total = 1.3 + 9.0 + 0.7;
        let terms = values.map(|(name, value)| (name.to_owned(), value)).into();
        let mut curves = Curves::default();
        let Event::Step { epoch, step, learning_rate, seconds, data_share, .. } = step(0, total) else { return };
        let (device_memory, device_memory_peak, process_memory) = (None, None, None);
        curves.push(
            0.0,
            &Event::Step {
                epoch,
                step,
                loss: total,
                terms,
                learning_rate,
                seconds,
                data_share,
                device_memory,
                device_memory_peak,
                process_memory,
            },
        );
        for (split, count) in [(LossSplit::Kind, 6), (LossSplit::Stage, 5)] {
            let parts = curves.parts(split);
            let sum: f64 = parts.iter().filter_map(|(_, points)| Some(points.last()?[1])).sum();
            assert!(curves.has_split(split) && (sum - total).abs() < 1e-12, "{split:?}: {sum}");
            assert_eq!(parts.len(), count);
        }
        curves.terms.retain(|name, _| LossSplit::Stage.word(name).is_some());
        assert_eq!(curves.parts(LossSplit::Kind).len(), 5, "a run that knows stages alone is shown by stage");
    }

    #[test]
    fn the_best_is_the_first_of_equals() {
        let mut curves = Curves::default();
        for (epoch, average) in [0.1, 0.3, 0.3, 0.2].into_iter().enumerate() {
            curves.push(0.0, &eval(epoch, epoch * 10, average));
        }
        assert_eq!(curves.best().map(|eval| eval.epoch), Some(1));
        assert_eq!(curves.thresholds(), ["0.50"]);
    }
}
