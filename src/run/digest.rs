//! A run in a few facts, for a table of runs: how it ended, its best evaluation, device, time, configuration.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::{Event, RunEvent};

use super::{RunReader, file};

/// How far a run's events say it is; whether a process is behind it only the lock tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// The events end in the middle.
    #[default]
    Not,
    /// It waits.
    Paused,
    /// As planned.
    Done,
    /// Early, by request.
    Stopped,
    /// By a failure.
    Failed,
}

/// Facts of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digest {
    /// What its last word was.
    pub ended: Ended,
    /// Device in words.
    pub device: String,
    /// Epochs of the whole run.
    pub epochs: usize,
    /// Epochs done so far, evaluated or not.
    pub epochs_done: usize,
    /// Epoch from 0 and average mAP of the best evaluation, the first of equals.
    pub best: Option<(usize, f64)>,
    /// Seconds that processes worked on it, pauses included, nights between two processes not.
    pub seconds: f64,
    /// Unix time of its first event.
    pub started: f64,
    /// Keys of its configuration with their values as TOML writes them.
    pub config: BTreeMap<String, String>,
}

/// Reads the facts of the run in a folder; what cannot be read is left empty.
#[must_use]
pub fn digest(folder: &Path) -> Digest {
    let events = RunReader::new(folder).poll().unwrap_or_default();
    let text = std::fs::read_to_string(folder.join(file::CONFIG)).unwrap_or_default();
    let mut config = BTreeMap::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        flatten("", &table, &mut config);
    }
    Digest { config, ..of_events(&events) }
}

fn of_events(events: &[RunEvent]) -> Digest {
    let mut digest = Digest { started: events.first().map_or(0.0, |event| event.time), ..Digest::default() };
    let (mut began, mut steps_per_epoch, mut evals) = (None, 1, Vec::<(usize, usize, f64)>::new());
    let mut last = 0.0;
    for RunEvent { time, event } in events {
        match event {
            Event::Start { device, epochs, steps_per_epoch: steps, .. } => {
                if let Some(began) = began.replace(*time) {
                    digest.seconds += f64::max(last - began, 0.0);
                }
                (digest.device, digest.epochs, steps_per_epoch) = (device.clone(), *epochs, (*steps).max(1));
                digest.ended = Ended::Not;
            }
            Event::Step { step, .. } => digest.epochs_done = (step + 1) / steps_per_epoch,
            Event::Eval { epoch, step, average_map, .. } => {
                evals.retain(|(earlier, at, _)| (earlier, at) != (epoch, step));
                evals.push((*epoch, *step, *average_map));
            }
            Event::Resumed { step: from, .. } => {
                evals.retain(|(_, at, _)| at <= from);
                digest.ended = Ended::Not;
            }
            Event::Paused => digest.ended = Ended::Paused,
            Event::Done { .. } => digest.ended = Ended::Done,
            Event::Stopped => digest.ended = Ended::Stopped,
            Event::Failed { .. } => digest.ended = Ended::Failed,
            _ => {}
        }
        last = *time;
    }
    digest.seconds += began.map_or(0.0, |began| f64::max(last - began, 0.0));
    let best = evals.iter().rev().max_by(|a, b| a.2.total_cmp(&b.2));
    digest.best = best.map(|&(epoch, _, map)| (epoch, map));
    digest
}

fn flatten(path: &str, table: &toml::Table, out: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            toml::Value::Table(table) => flatten(&below, table, out),
            value => {
                out.insert(below, value.to_string());
            }
        }
    }
}

/// The keys that are not the same in all of these configurations.
#[must_use]
pub fn differences(digests: &[&Digest]) -> Vec<String> {
    let keys: std::collections::BTreeSet<&String> = digests.iter().flat_map(|digest| digest.config.keys()).collect();
    let differs = |key: &&String| {
        let values: Vec<Option<&String>> = digests.iter().map(|digest| digest.config.get(*key)).collect();
        values.windows(2).any(|pair| pair[0] != pair[1])
    };
    keys.into_iter().filter(differs).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Event {
        Event::Start {
            device: "cpu".to_owned(),
            parameters_trained: 1,
            parameters_frozen: 0,
            videos: 1,
            classes: Vec::new(),
            steps_per_epoch: 5,
            epochs: 4,
            pid: 1,
            device_memory_total: None,
        }
    }

    fn eval(epoch: usize, average_map: f64) -> Event {
        Event::Eval {
            epoch,
            step: 5 * (epoch + 1),
            map: BTreeMap::new(),
            average_map,
            per_class: BTreeMap::new(),
            recall: BTreeMap::new(),
            seconds: 1.0,
            predictions: String::new(),
        }
    }

    #[test]
    fn the_night_between_two_processes_is_no_training_and_a_resume_takes_back() {
        let said = [
            (100.0, start()),
            (160.0, eval(0, 0.3)),
            (200.0, eval(1, 0.5)),
            (90_000.0, start()),
            (90_000.0, Event::Resumed { epoch: 1, step: 5 }),
            (90_050.0, eval(1, 0.3)),
            (90_050.0, eval(1, 0.3)),
            (90_060.0, Event::Stopped),
        ];
        let events: Vec<RunEvent> = said.into_iter().map(|(time, event)| RunEvent { time, event }).collect();
        let digest = of_events(&events);
        assert_eq!((digest.seconds, digest.started, digest.ended), (160.0, 100.0, Ended::Stopped));
        assert_eq!((digest.best, digest.epochs, digest.device.as_str()), (Some((0, 0.3)), 4, "cpu"));
        assert_eq!(of_events(&[]), Digest::default());
    }

    #[test]
    fn configurations_differ_in_their_keys() {
        let of = |text: &str| {
            let mut config = BTreeMap::new();
            flatten("", &text.parse().expect("TOML"), &mut config);
            Digest { config, ..Digest::default() }
        };
        let (a, b) = (of("seed = 1\n[solver]\nepochs = 3\nworkers = 1"), of("seed = 2\n[solver]\nepochs = 3"));
        assert_eq!(differences(&[&a, &b]), ["seed", "solver.workers"]);
        assert!(differences(&[&a]).is_empty() && differences(&[]).is_empty());
    }
}
