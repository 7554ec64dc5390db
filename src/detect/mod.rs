//! One video to detections: candidates of each window, suppression, seconds, classes, windows joined (spec 9, 18).

mod candidates;
mod window;

pub use candidates::{Candidates, candidates};
pub use window::{Joining, Naming, WindowTime, detections, merge, suppression};

/// Why a window could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The device lost the results.
    #[error("the device did not return the detector's results ({0}); free its memory or use --device cpu")]
    Device(String),
    /// The weights produce no numbers.
    #[error("the detector's scores are not numbers; the checkpoint is damaged or its training diverged")]
    NotNumbers,
}
