//! Where a training writes and whom it obeys: the room `run` implements this with a run folder, tests with a list.

use std::path::Path;

use crate::domain::{Detections, Event, Order};

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

    /// Orders that came since the last call. Called often: between any two chunks of a step.
    fn orders(&mut self) -> Vec<Order>;
}
