//! How long steps and evaluations take, and with that the time that is left.

use std::collections::VecDeque;

use crate::domain::Event;

use super::EvalPoint;

/// Distances between reports that are remembered; their median is the pace, which one slow step does not move.
const LATEST: usize = 50;

/// Evaluations that are remembered.
const LATEST_EVALS: usize = 5;

/// Measured within one stretch of training: a pause, a sleep or a night between two processes is no part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pace {
    /// Seconds a step, between one report and the next.
    steps: VecDeque<f64>,
    /// Seconds of the latest evaluations.
    evals: VecDeque<f64>,
    /// Time and step of the last report of this stretch.
    last: Option<(f64, usize)>,
    /// Seconds of evaluations since then.
    aside: f64,
}

impl Pace {
    /// Takes in an event with its Unix time.
    pub fn push(&mut self, time: f64, event: &Event) {
        match event {
            Event::Start { .. } | Event::Resumed { .. } | Event::Paused => (self.last, self.aside) = (None, 0.0),
            Event::Step { step, .. } => {
                if let Some((before, from)) = self.last.filter(|(_, from)| step > from) {
                    let seconds = (time - before - self.aside) / (step - from) as f64;
                    if seconds > 0.0 {
                        remember(&mut self.steps, seconds, LATEST);
                    }
                }
                (self.last, self.aside) = (Some((time, *step)), 0.0);
            }
            Event::Eval { seconds, .. } => {
                self.aside += seconds;
                remember(&mut self.evals, *seconds, LATEST_EVALS);
            }
            _ => {}
        }
    }

    /// Seconds that the rest of the run will take, evaluations included once there was one; none before two reports.
    #[must_use]
    pub fn seconds_left(&self, done: usize, steps_per_epoch: usize, epochs: usize, evals: &[EvalPoint]) -> Option<f64> {
        let mut sorted: Vec<f64> = self.steps.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let median = *sorted.get(sorted.len() / 2)?;
        let left = (steps_per_epoch * epochs).saturating_sub(done) as f64;
        let an_eval = self.evals.iter().sum::<f64>() / self.evals.len().max(1) as f64;
        Some(left * median + evals_left(epochs, evals) as f64 * an_eval)
    }
}

fn remember(values: &mut VecDeque<f64>, value: f64, most: usize) {
    values.push_back(value);
    if values.len() > most {
        values.pop_front();
    }
}

/// Evaluations to come, at the distance of the last two; the first one alone is as far from the beginning.
fn evals_left(epochs: usize, evals: &[EvalPoint]) -> usize {
    let Some(last) = evals.last() else { return 0 };
    let before = evals.iter().rev().find(|eval| eval.epoch < last.epoch);
    let distance = before.map_or(last.epoch + 1, |before| last.epoch - before.epoch);
    (epochs.saturating_sub(1)).saturating_sub(last.epoch).div_ceil(distance.max(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::Seconds;
    use crate::state::Curves;

    fn step(step: usize) -> Event {
        Event::Step {
            epoch: 0,
            step,
            loss: 1.0,
            terms: BTreeMap::new(),
            learning_rate: BTreeMap::new(),
            seconds: Seconds::default(),
            data_share: 0.0,
            device_memory: None,
            device_memory_peak: None,
            process_memory: None,
        }
    }

    fn eval(epoch: usize, seconds: f64) -> Event {
        Event::Eval {
            epoch,
            step: 10 * (epoch + 1),
            map: BTreeMap::new(),
            average_map: 0.1,
            per_class: BTreeMap::new(),
            recall: BTreeMap::new(),
            seconds,
            predictions: String::new(),
        }
    }

    #[test]
    fn a_pause_and_a_night_between_two_processes_change_nothing() {
        let left = |events: &[(f64, Event)]| {
            let mut curves = Curves::default();
            events.iter().for_each(|(time, event)| curves.push(*time, event));
            curves.pace.seconds_left(curves.steps_done(), 10, 4, &curves.evals)
        };
        assert_eq!(left(&[(0.0, step(0))]), None);
        // A second a step; ten steps an epoch, an evaluation of five seconds after each.
        let mut events: Vec<(f64, Event)> = (0..10).map(|n| (f64::from(n), step(n as usize))).collect();
        assert_eq!(left(&events), Some(30.0));
        events.push((14.0, eval(0, 5.0)));
        assert_eq!(left(&events), Some(30.0 + 3.0 * 5.0));
        events.push((15.0, step(10)));
        assert_eq!(left(&events), Some(29.0 + 15.0), "the evaluation is no part of the step");
        events.push((15.5, Event::Paused));
        events.push((3615.5, Event::Resumed { epoch: 1, step: 11 }));
        events.push((3616.5, step(11)));
        assert_eq!(left(&events), Some(28.0 + 15.0));
        events.push((90_000.0, Event::Resumed { epoch: 1, step: 12 }));
        events.push((90_001.0, step(12)));
        assert_eq!(left(&events), Some(27.0 + 15.0));
    }

    #[test]
    fn evaluations_to_come_keep_their_distance() {
        let points = |epochs: &[usize]| -> Vec<EvalPoint> {
            let point = |&epoch: &usize| EvalPoint {
                epoch,
                step: 0,
                map: BTreeMap::new(),
                average: 0.0,
                per_class: BTreeMap::new(),
            };
            epochs.iter().map(point).collect()
        };
        assert_eq!(evals_left(10, &[]), 0);
        assert_eq!(evals_left(10, &points(&[1])), 4);
        assert_eq!(evals_left(10, &points(&[1, 3])), 3);
        assert_eq!(evals_left(9, &points(&[1, 3])), 3, "and the last epoch");
        assert_eq!(evals_left(10, &points(&[8, 9])), 0);
    }
}
