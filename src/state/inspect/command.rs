//! What a person does with a comparison, and the pages and orders to choose from.

use crate::eval::ErrorFilter;
use crate::eval::diagnosis::BinScheme;

/// What a person does with it.
#[derive(Clone, Debug, PartialEq)]
pub enum Inspect {
    /// Compare at the threshold of this index.
    Tiou(usize),
    /// Compare with the truth of this subset.
    Subset(String),
    /// Sort truths into bins like this.
    Bins(BinScheme),
    /// Hide detections below the score that gives the best F1, of the open video or of the subset.
    BestF1 {
        /// Of the open video alone.
        here: bool,
    },
    /// List these errors.
    Filter(ErrorFilter),
    /// List errors of the open video alone.
    Here(bool),
    /// List errors of this video alone, or of all.
    Video(Option<String>),
    /// Select an error of the list and show it.
    Select(usize),
    /// The next (`+1`) or previous (`-1`) error of the list.
    Next(i32),
    /// Ask where to save what was measured.
    SaveResults,
    /// Ask where to save a report.
    SaveReport,
    /// Read the evidence that was kept of this video.
    Evidence(String),
    /// Look at a cell of the proposal map.
    Cell(usize),
    /// Show this page of the analysis.
    Page(Page),
    /// Order the table of classes.
    OrderClasses(ClassOrder),
    /// Show a detection: video by its index in the comparison, and place in the video.
    Show {
        /// Index in [`crate::eval::Review::videos`].
        video: usize,
        /// Place of the detection.
        detection: usize,
    },
}

/// Pages of the analysis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// Table of classes.
    #[default]
    Classes,
    /// Precision over recall.
    PrecisionRecall,
    /// mAP over the threshold.
    Thresholds,
    /// Which class is taken for which.
    Confusion,
    /// Recall over the number of proposals.
    Proposals,
    /// Missed truths by bins.
    Bins,
    /// How often, how long, how soon.
    Results,
    /// Where annotating helps most.
    Next,
}

impl Page {
    /// All pages.
    pub const ALL: [Self; 8] = [
        Self::Classes,
        Self::PrecisionRecall,
        Self::Thresholds,
        Self::Confusion,
        Self::Proposals,
        Self::Bins,
        Self::Results,
        Self::Next,
    ];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Classes => "Classes",
            Self::PrecisionRecall => "Precision-recall",
            Self::Thresholds => "mAP by tIoU",
            Self::Confusion => "Confusion",
            Self::Proposals => "Recall",
            Self::Bins => "Missed",
            Self::Results => "Results",
            Self::Next => "What next",
        }
    }
}

/// Orders of the table of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClassOrder {
    /// Worst average precision first.
    #[default]
    Precision,
    /// Most truths first.
    Truths,
    /// By name.
    Name,
    /// As in the annotation file.
    File,
}

impl ClassOrder {
    /// All orders.
    pub const ALL: [Self; 4] = [Self::Precision, Self::Truths, Self::Name, Self::File];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Precision => "Worst first",
            Self::Truths => "Most truths",
            Self::Name => "Name",
            Self::File => "File",
        }
    }
}
