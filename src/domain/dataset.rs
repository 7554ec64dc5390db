//! Videos with their subsets and annotated segments.

use serde::{Deserialize, Serialize};

use super::{ClassList, Segment};

/// One annotated action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// Start and end in seconds.
    pub segment: Segment,
    /// Class name.
    pub label: String,
}

/// A video of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Name by which annotation, feature and result files know it.
    pub id: String,
    /// "training", "validation", "testing"; free text in other people's files.
    pub subset: String,
    /// Length in seconds.
    pub duration: f64,
    /// Number of frames, where the file says so (THUMOS).
    pub frames: Option<u64>,
    /// Path of the video file relative to the annotation file, where it says so.
    pub path: Option<String>,
    /// Annotated actions, in file order.
    pub annotations: Vec<Annotation>,
    /// Regions that nobody annotated: neither action nor background (spec 18).
    pub not_annotated: Vec<Segment>,
}

/// Videos in the order of their file, which is the order of training and evaluation too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// All videos of all subsets.
    pub videos: Vec<Video>,
}

impl Dataset {
    /// Every class that occurs, sorted by code point (spec 2.2).
    #[must_use]
    pub fn classes_sorted(&self) -> ClassList {
        let mut names: Vec<String> =
            self.videos.iter().flat_map(|video| video.annotations.iter().map(|action| action.label.clone())).collect();
        names.sort();
        ClassList::new(names)
    }

    /// The videos whose subset equals `subset`, in file order.
    pub fn subset<'a>(&'a self, subset: &'a str) -> impl Iterator<Item = &'a Video> {
        self.videos.iter().filter(move |video| video.subset == subset)
    }

    /// The video of this name.
    #[must_use]
    pub fn video(&self, id: &str) -> Option<&Video> {
        self.videos.iter().find(|video| video.id == id)
    }
}
