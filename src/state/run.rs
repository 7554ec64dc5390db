//! A training run as the window follows it.

use std::path::PathBuf;

use crate::domain::{Do, Event, RunEvent};
use crate::run::Digest;

use super::Curves;

/// What a run is doing, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// The process was started and has not said anything.
    Starting,
    /// It trains.
    Running,
    /// It waits.
    Paused,
    /// It ended as planned.
    Done,
    /// It ended early by request, all saved.
    Stopped,
    /// It ended by a failure that it could still name.
    Failed(String),
    /// Its process is gone without a word; how, as far as known.
    Dead(String),
}

impl RunState {
    /// Whether a process is behind it.
    #[must_use]
    pub fn is_living(&self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Paused)
    }

    /// One or two words.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Running => "Training",
            Self::Paused => "Paused",
            Self::Done => "Finished",
            Self::Stopped => "Stopped",
            Self::Failed(_) => "Failed",
            Self::Dead(_) => "Interrupted",
        }
    }
}

/// A run in the project's run folder.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Folder name.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// Whether a process writes it.
    pub alive: bool,
    /// The checkpoint that is best by mAP, else the last, where one is on disk.
    pub checkpoint: Option<PathBuf>,
    /// Its facts.
    pub digest: Digest,
}

/// Something that takes time within a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What.
    pub what: String,
    /// Done so far.
    pub done: usize,
    /// Of this many.
    pub total: usize,
}

/// Facts of the `start` event.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// Device in words.
    pub device: String,
    /// Parameters that learn.
    pub parameters_trained: usize,
    /// Parameters that stay.
    pub parameters_frozen: usize,
    /// Training videos.
    pub videos: usize,
    /// Steps of an epoch.
    pub steps_per_epoch: usize,
    /// Epochs of the run.
    pub epochs: usize,
    /// Process that writes.
    pub pid: u32,
    /// Bytes of memory of the device, where it tells.
    pub device_memory_total: Option<u64>,
}

/// The run that is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// Its folder.
    pub folder: PathBuf,
    /// Folder name.
    pub name: String,
    /// What it does.
    pub state: RunState,
    /// The end of what it printed, while somebody reads it.
    pub log: Option<String>,
    /// What it said at its start.
    pub started: Option<Started>,
    /// What it reported over its steps, without what a resume took back.
    pub curves: Curves,
    /// What goes on besides steps.
    pub progress: Option<Progress>,
    /// Its own warnings, oldest first.
    pub warnings: Vec<String>,
    /// Bytes of the training process, last told.
    pub process_memory: Option<u64>,
    /// Bytes of device memory at most, last told.
    pub device_memory_peak: Option<u64>,
    /// Share of the time that went into waiting for data, 0..1.
    pub data_share: Option<f64>,
    /// What was asked of it and not yet acknowledged.
    pub asked: Option<Do>,
    /// Whether the window started the process and sees its end itself.
    pub own: bool,
    /// How the process ended, when the window saw it.
    pub ended: Option<String>,
    /// Whether it was seen to live, so that its end is news.
    pub seen_alive: bool,
}

impl RunView {
    /// A run before its first event.
    #[must_use]
    pub fn new(folder: PathBuf, own: bool) -> Self {
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self {
            folder,
            name,
            state: RunState::Starting,
            log: None,
            started: None,
            curves: Curves::default(),
            progress: None,
            warnings: Vec::new(),
            process_memory: None,
            device_memory_peak: None,
            data_share: None,
            asked: None,
            own,
            ended: None,
            seen_alive: own,
        }
    }

    /// Takes in an event of the run folder.
    pub fn push(&mut self, event: &RunEvent) {
        self.curves.push(event.time, &event.event);
        match &event.event {
            Event::Start {
                device,
                parameters_trained,
                parameters_frozen,
                videos,
                steps_per_epoch,
                epochs,
                pid,
                device_memory_total,
                ..
            } => {
                self.started = Some(Started {
                    device: device.clone(),
                    parameters_trained: *parameters_trained,
                    parameters_frozen: *parameters_frozen,
                    videos: *videos,
                    steps_per_epoch: *steps_per_epoch,
                    epochs: *epochs,
                    pid: *pid,
                    device_memory_total: *device_memory_total,
                });
                self.state = RunState::Running;
            }
            Event::Step { process_memory, device_memory_peak, data_share, .. } => {
                self.progress = None;
                self.process_memory = process_memory.or(self.process_memory);
                self.device_memory_peak = device_memory_peak.or(self.device_memory_peak);
                self.data_share = Some(*data_share);
            }
            Event::Eval { .. } => self.progress = None,
            Event::Progress { what, done, total } => {
                self.progress = Some(Progress { what: what.clone(), done: *done, total: *total });
            }
            Event::Paused => {
                self.state = RunState::Paused;
                self.asked = None;
            }
            Event::Resumed { .. } => {
                self.state = RunState::Running;
                self.asked = None;
            }
            Event::Warning { message } => {
                // A run that is resumed warns again.
                if !self.warnings.contains(message) {
                    self.warnings.push(message.clone());
                }
            }
            Event::Stopped => self.end(RunState::Stopped),
            Event::Done { .. } => self.end(RunState::Done),
            Event::Failed { message } => self.end(RunState::Failed(message.clone())),
            Event::Checkpoint { .. } | Event::Control { .. } => {}
        }
    }

    fn end(&mut self, state: RunState) {
        self.state = state;
        self.progress = None;
        self.asked = None;
    }

    /// The lock says that nobody writes any more. A run that had not ended by its own word is dead.
    pub fn lost(&mut self) {
        if self.state.is_living() {
            let how = self.ended.clone().unwrap_or_else(|| "its process is gone".to_owned());
            self.end(RunState::Dead(how));
        }
    }

    /// Steps of the whole run, once known.
    #[must_use]
    pub fn total_steps(&self) -> Option<usize> {
        self.started.as_ref().map(|started| started.steps_per_epoch * started.epochs)
    }

    /// Seconds until its end, once that can be said.
    #[must_use]
    pub fn seconds_left(&self) -> Option<f64> {
        let started = self.started.as_ref().filter(|_| self.state == RunState::Running)?;
        let done = self.curves.steps_done();
        self.curves.pace.seconds_left(done, started.steps_per_epoch, started.epochs, &self.curves.evals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(event: Event) -> RunEvent {
        RunEvent { time: 0.0, event }
    }

    #[test]
    fn a_run_that_ended_by_its_word_does_not_die() {
        let mut run = RunView::new(PathBuf::from("/p/runs/a"), true);
        assert_eq!((run.name.as_str(), &run.state), ("a", &RunState::Starting));
        run.push(&at(Event::Paused));
        run.push(&at(Event::Resumed { epoch: 0, step: 0 }));
        run.push(&at(Event::Stopped));
        run.lost();
        assert_eq!(run.state, RunState::Stopped);
    }

    #[test]
    fn resuming_takes_curves_back() {
        let step = |step| Event::Step {
            epoch: 0,
            step,
            loss: step as f64,
            terms: Default::default(),
            learning_rate: Default::default(),
            seconds: Default::default(),
            data_share: 0.0,
            device_memory: None,
            device_memory_peak: None,
            process_memory: None,
        };
        let mut run = RunView::new(PathBuf::from("/p/runs/a"), false);
        for event in [step(0), step(10), step(20), Event::Resumed { epoch: 0, step: 10 }, step(11)] {
            run.push(&at(event));
        }
        assert_eq!(run.curves.loss, [[0.0, 0.0], [11.0, 11.0]]);
    }

    #[test]
    fn a_run_whose_process_is_gone_says_how() {
        let mut run = RunView::new(PathBuf::from("/p/runs/a"), true);
        run.ended = Some("it was killed (signal 9)".to_owned());
        run.lost();
        assert_eq!(run.state, RunState::Dead("it was killed (signal 9)".to_owned()));
    }
}
