//! Where a training writes and whom it obeys: the room `run` implements this with a run folder, tests with a list.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::{Detections, Do, Event, Order};

/// A run folder that cannot be written; one sentence with the file and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(
    /// The sentence.
    pub String,
);

/// The run's surroundings as the training loop sees them.
pub trait RunSink {
    /// Appends an event.
    ///
    /// # Errors
    /// When it cannot be written.
    fn event(&mut self, event: Event) -> Result<(), SinkError>;

    /// Writes the detections of the evaluation after `epoch` and returns their path relative to the run folder.
    ///
    /// # Errors
    /// When they cannot be written.
    fn predictions(&mut self, epoch: usize, detections: &Detections) -> Result<String, SinkError>;

    /// The run folder; checkpoints go to `checkpoints/` below it.
    fn folder(&self) -> &Path;

    /// Whether what was opened is still there; asked before each checkpoint and every few seconds.
    ///
    /// # Errors
    /// When it was deleted, moved or replaced meanwhile.
    fn check(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Orders that came since the last call. Called often: between any two chunks of a step.
    fn orders(&mut self) -> Vec<Order>;
}

/// Id of the order that Ctrl+C stands for; lines of a control file count from 1.
pub const INTERRUPT: u64 = 0;

/// Surroundings without a run folder: nothing is written, events are only watched, and a flag can stop.
pub struct Unrecorded<'a> {
    /// Stops the work when it becomes true.
    pub stop: Arc<AtomicBool>,
    /// Sees every event.
    pub watch: &'a mut dyn FnMut(&Event),
}

impl RunSink for Unrecorded<'_> {
    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        (self.watch)(&event);
        Ok(())
    }

    fn predictions(&mut self, _: usize, _: &Detections) -> Result<String, SinkError> {
        Ok(String::new())
    }

    fn folder(&self) -> &Path {
        Path::new("")
    }

    fn orders(&mut self) -> Vec<Order> {
        let stop = self.stop.load(Ordering::SeqCst);
        stop.then_some(Order { id: INTERRUPT, what: Do::Stop }).into_iter().collect()
    }
}
