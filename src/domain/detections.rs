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

    /// Those whose times and scores are numbers: a file cannot hold the others, which only a search strictly after the reference finds.
    #[must_use]
    pub fn finite(&self) -> Self {
        let is_finite = |one: &&Detection| one.score.is_finite() && one.segment.iter().all(|end| end.is_finite());
        let kept = |(video, found): &(String, Vec<Detection>)| {
            (video.clone(), found.iter().filter(is_finite).cloned().collect())
        };
        Self { videos: self.videos.iter().map(kept).collect() }
    }
}
