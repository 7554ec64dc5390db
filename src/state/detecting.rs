//! Detection on videos, and the table of what was found.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::Detections;

/// A detection that goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectJob {
    /// Tells it from an earlier one.
    pub id: u64,
    /// Videos done.
    pub done: usize,
    /// Videos to do.
    pub total: usize,
    /// The video at hand.
    pub current: String,
    /// What was found so far.
    pub found: Detections,
    /// Videos that could not be done, with the reason.
    pub failed: Vec<(String, String)>,
    /// Whether it was asked to end.
    pub cancelled: bool,
}

/// A row of the detections table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Video name.
    pub video: Arc<str>,
    /// Class.
    pub label: Arc<str>,
    /// Index of the class's colour.
    pub colour: usize,
    /// Seconds.
    pub start: f64,
    /// Seconds.
    pub end: f64,
    /// Confidence 0..1.
    pub score: f64,
}

/// What the rows were made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RowsOf {
    pub detections: Option<Arc<Detections>>,
    /// The one video that is listed, if not all.
    pub only: Option<String>,
    /// Classes of the project, which give the colours.
    pub classes: Vec<String>,
    /// The score from which they are there.
    pub from: f64,
}

/// Choices and results of detection.
#[derive(Clone, Debug, PartialEq)]
pub struct Detecting {
    /// Weights to detect with; none takes the followed run's best.
    pub checkpoint: Option<PathBuf>,
    /// What goes on.
    pub job: Option<DetectJob>,
    /// Counts jobs.
    pub next_job: u64,
    /// Detections below this score are hidden, in the table and on the timeline.
    pub min_score: f64,
    /// Whether the table shows all videos or the open one.
    pub all_videos: bool,
    /// Rows of the table, best first, and weaker ones that are ready for when the least score falls; see [`Self::listed`].
    pub(super) rows: Vec<Row>,
    /// How many of them are listed.
    pub(super) listed: usize,
    /// What they were made of.
    pub(super) rows_of: Option<RowsOf>,
    /// Selected row.
    pub selected: Option<usize>,
}

impl Default for Detecting {
    fn default() -> Self {
        Self {
            checkpoint: None,
            job: None,
            next_job: 0,
            min_score: 0.1,
            all_videos: false,
            rows: Vec::new(),
            listed: 0,
            rows_of: None,
            selected: None,
        }
    }
}

impl Detecting {
    /// Rows of the table, best first.
    #[must_use]
    pub fn listed(&self) -> &[Row] {
        self.rows.get(..self.listed).unwrap_or_default()
    }
}
