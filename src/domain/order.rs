//! What a person can ask of a running training: the lines of a run's `control` file.

use serde::{Deserialize, Serialize};

/// One line of `control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Number that the acknowledging event repeats.
    pub id: u64,
    /// What to do.
    #[serde(rename = "do")]
    pub what: Do,
}

/// The orders a training understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Do {
    /// Wait after the current chunk.
    Pause,
    /// Go on.
    Resume,
    /// Save and end.
    Stop,
    /// Write a checkpoint now.
    Save,
    /// Evaluate now.
    Evaluate,
}
