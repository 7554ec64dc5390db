//! A run's events as curves.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::domain::{Event, csv_field};

use super::Pace;

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
        if term == GRADIENT_NORM {
            return None;
        }
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

/// Parts of a step's time, in the order of [`Curves::seconds`].
pub const PARTS: [&str; 4] = ["waiting for data", "encoder forward", "detector", "encoder backward"];

/// The name by which the trainer tells the length of the gradient among the terms of the loss, of which it is none.
const GRADIENT_NORM: &str = "gradient_norm";

/// What a run reports over its steps; x is the step from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// Total loss.
    pub loss: Vec<[f64; 2]>,
    /// Each term of the loss, in the order in which they first came.
    pub terms: IndexMap<String, Vec<[f64; 2]>>,
    /// Length of the gradient.
    pub gradient_norm: Vec<[f64; 2]>,
    /// Learning rate of each group.
    pub rates: IndexMap<String, Vec<[f64; 2]>>,
    /// Seconds of a step by part, in the order of [`PARTS`].
    pub seconds: [Vec<[f64; 2]>; 4],
    /// Share of the time spent waiting for data, 0..1.
    pub data_share: Vec<[f64; 2]>,
    /// Bytes of device memory in use.
    pub device_memory: Vec<[f64; 2]>,
    /// Bytes of memory of the process.
    pub process_memory: Vec<[f64; 2]>,
    /// Evaluations in order.
    pub evals: Vec<EvalPoint>,
    /// How long steps and evaluations take.
    pub pace: Pace,
    /// How often something was taken back: what is worked out of the curves goes on from where it was while this stays.
    pub rewound: usize,
}

impl Curves {
    /// Takes in what an event adds, or takes back.
    pub fn push(&mut self, time: f64, event: &Event) {
        self.pace.push(time, event);
        match event {
            Event::Step {
                step,
                loss,
                terms,
                learning_rate,
                seconds,
                data_share,
                device_memory,
                process_memory,
                ..
            } => {
                let x = *step as f64;
                self.loss.push([x, *loss]);
                self.data_share.push([x, *data_share]);
                for (name, value) in terms {
                    if name == GRADIENT_NORM {
                        self.gradient_norm.push([x, *value]);
                    } else {
                        self.terms.entry(name.clone()).or_default().push([x, *value]);
                    }
                }
                for (group, rate) in learning_rate {
                    self.rates.entry(group.clone()).or_default().push([x, *rate]);
                }
                let parts = [seconds.data, seconds.encoder_forward, seconds.detector, seconds.encoder_backward];
                self.seconds.iter_mut().zip(parts).for_each(|(curve, value)| curve.push([x, value]));
                self.device_memory.extend(device_memory.map(|bytes| [x, bytes as f64]));
                self.process_memory.extend(process_memory.map(|bytes| [x, bytes as f64]));
            }
            Event::Eval { epoch, step, map, average_map, per_class, .. } => {
                let (map, per_class) = (map.clone(), per_class.clone());
                let average = *average_map;
                // A process that was killed right after it said so says it again.
                self.evals.retain(|eval| (eval.epoch, eval.step) != (*epoch, *step));
                self.evals.push(EvalPoint { epoch: *epoch, step: *step, map, average, per_class });
            }
            Event::Resumed { step, .. } => self.take_back(*step),
            _ => {}
        }
    }

    /// Forgets the steps from this one on, and the evaluations after it.
    fn take_back(&mut self, from: usize) {
        self.rewound += 1;
        let singles = [
            &mut self.loss,
            &mut self.gradient_norm,
            &mut self.data_share,
            &mut self.device_memory,
            &mut self.process_memory,
        ];
        let all =
            singles.into_iter().chain(&mut self.seconds).chain(self.terms.values_mut()).chain(self.rates.values_mut());
        for curve in all {
            curve.truncate(curve.partition_point(|point| point[0] < from as f64));
        }
        // An evaluation carries the number of the next step.
        self.evals.retain(|eval| eval.step <= from);
    }

    /// Average precision of each class over the steps, mean over the thresholds, in the order in which they first came.
    #[must_use]
    pub fn class_curves(&self) -> IndexMap<&str, Vec<[f64; 2]>> {
        let mut curves: IndexMap<&str, Vec<[f64; 2]>> = IndexMap::new();
        for eval in &self.evals {
            for (class, values) in &eval.per_class {
                curves.entry(class).or_default().push([eval.step as f64, mean(values)]);
            }
        }
        curves
    }

    /// Everything told of the steps as a table: RFC 4180, a row a report.
    #[must_use]
    pub fn steps_csv(&self) -> String {
        let mut columns: Vec<(String, &[[f64; 2]])> = vec![("loss".to_owned(), &self.loss)];
        columns.extend(self.terms.iter().map(|(name, curve)| (name.clone(), curve.as_slice())));
        columns.push((GRADIENT_NORM.to_owned(), &self.gradient_norm));
        columns.extend(self.rates.iter().map(|(name, curve)| (format!("learning rate {name}"), curve.as_slice())));
        columns
            .extend(PARTS.iter().zip(&self.seconds).map(|(name, curve)| (format!("seconds {name}"), curve.as_slice())));
        columns.push(("data share".to_owned(), &self.data_share));
        columns.push(("device memory bytes".to_owned(), &self.device_memory));
        columns.push(("process memory bytes".to_owned(), &self.process_memory));
        columns.retain(|(_, curve)| !curve.is_empty());
        let names: Vec<String> = columns.iter().map(|(name, _)| csv_field(name)).collect();
        let mut text = format!("step,{}\r\n", names.join(","));
        let mut next = vec![0; columns.len()];
        for &[step, _] in &self.loss {
            text.push_str(&step.to_string());
            for ((_, curve), next) in columns.iter().zip(&mut next) {
                text.push(',');
                if let Some(point) = curve.get(*next).filter(|point| point[0] == step) {
                    text.push_str(&point[1].to_string());
                    *next += 1;
                }
            }
            text.push_str("\r\n");
        }
        text
    }

    /// The evaluations as a table: RFC 4180, a row an evaluation; shares 0..1, the average precision of a class as mean over the thresholds.
    #[must_use]
    pub fn evals_csv(&self) -> String {
        let keys = self.thresholds();
        let mut names: Vec<String> = keys.iter().map(|key| format!("mAP {key}")).collect();
        let classes = self.class_curves();
        names.extend(classes.keys().map(|class| csv_field(&format!("AP {class}"))));
        let mut text = format!("epoch,step,average mAP,{}\r\n", names.join(","));
        for eval in &self.evals {
            let values = keys.iter().map(|key| eval.map.get(key).copied());
            let of_classes = classes.keys().map(|class| eval.per_class.get(*class).map(mean));
            let values = values.chain(of_classes).map(|value| value.map_or(String::new(), |value| value.to_string()));
            let values: Vec<String> = values.collect();
            let row = [(eval.epoch + 1).to_string(), eval.step.to_string(), eval.average.to_string()];
            text.push_str(&format!("{},{}\r\n", row.join(","), values.join(",")));
        }
        text
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
}

fn mean(values: &BTreeMap<String, f64>) -> f64 {
    values.values().sum::<f64>() / values.len().max(1) as f64
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
    fn what_is_said_twice_counts_once_and_a_resume_takes_back() {
        let mut curves = Curves::default();
        let said = [step(0, 4.0), step(10, 3.0), eval(0, 11, 0.2), eval(0, 11, 0.2), step(20, 2.0), eval(1, 21, 0.3)];
        said.iter().for_each(|event| curves.push(0.0, event));
        assert_eq!((curves.evals.len(), curves.map_curve("0.50")[0]), (2, [11.0, 0.2 * 1.5]));
        curves.push(0.0, &Event::Resumed { epoch: 1, step: 11 });
        assert_eq!((curves.loss.len(), curves.evals.len(), curves.terms["iou"].len()), (2, 1, 2));
        assert!(curves.seconds.iter().all(|curve| curve.len() == 2));
    }

    #[test]
    fn a_table_has_a_row_a_report_and_a_column_a_curve() {
        let mut curves = Curves::default();
        [step(0, 4.0), step(10, 3.0), eval(0, 11, 0.25)].iter().for_each(|event| curves.push(0.0, event));
        let text = curves.steps_csv();
        let mut lines = text.split("\r\n");
        assert!(lines.next().is_some_and(|head| head.starts_with("step,loss,iou,seconds waiting")), "{text}");
        assert_eq!(lines.next(), Some("0,4,2,0,0,0,0,0"));
        assert_eq!(curves.evals_csv(), "epoch,step,average mAP,mAP 0.50\r\n1,11,0.25,0.375\r\n");
        let classes = BTreeMap::from([("jump, high".to_owned(), BTreeMap::from([("0.50".to_owned(), 0.5)]))]);
        curves.evals[0].per_class = classes;
        let expected = "epoch,step,average mAP,mAP 0.50,\"AP jump, high\"\r\n1,11,0.25,0.375,0.5\r\n";
        assert_eq!(curves.evals_csv(), expected);
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
            ("gradient_norm", 55.0),
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
