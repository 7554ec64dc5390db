//! What a detector found.

use serde::{Deserialize, Serialize};

use super::Segment;

/// One detected action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Start and end in seconds.
    pub segment: Segment,
    /// Class name.
    pub label: String,
    /// Confidence in 0..1, comparable within a file.
    pub score: f64,
}

/// Detections of several videos, in file order (ties in score are broken by it).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detections {
    /// Video name and its detections.
    pub videos: Vec<(String, Vec<Detection>)>,
}

impl Detections {
    /// The detections of a video; none if the file does not name it.
    #[must_use]
    pub fn of(&self, id: &str) -> &[Detection] {
        self.videos.iter().find(|(name, _)| name == id).map_or(&[], |(_, found)| found)
    }

    /// Number of detections in all videos.
    #[must_use]
    pub fn count(&self) -> usize {
        self.videos.iter().map(|(_, found)| found.len()).sum()
    }
}
