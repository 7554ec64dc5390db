//! Videos with their subsets and annotated segments.

use serde::{Deserialize, Serialize};

use super::{ClassList, Crop, Segment};

/// One annotated action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// Start and end in seconds.
    pub segment: Segment,
    /// Class name.
    pub label: String,
    /// Whether nobody has confirmed it yet; trains like others unless `data.drafts` is false (spec 18).
    #[serde(default)]
    pub draft: bool,
}

/// A video of a data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Detections that a person rejected: known to be no such action (spec 18).
    #[serde(default)]
    pub rejected: Vec<Annotation>,
    /// The region of the picture that is learnt from and searched; absent: all of it.
    #[serde(default)]
    pub crop: Option<Crop>,
    /// Which of the file's video streams is meant, as in [`super::Footage`]; absent: the main one.
    #[serde(default)]
    pub stream: Option<usize>,
}

/// Stretches in order, those that overlap or touch made one. One without length stays as it is, at the end: it is for others to judge.
#[must_use]
pub fn merged(regions: Vec<Segment>) -> Vec<Segment> {
    let (mut long, odd): (Vec<Segment>, Vec<Segment>) = regions.into_iter().partition(|region| region[0] < region[1]);
    long.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut merged: Vec<Segment> = Vec::with_capacity(long.len() + odd.len());
    for region in long {
        match merged.last_mut().filter(|last| region[0] <= last[1]) {
            Some(last) => last[1] = last[1].max(region[1]),
            None => merged.push(region),
        }
    }
    merged.extend(odd);
    merged
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_overlap_become_one() {
        assert_eq!(
            merged(vec![[5.0, 6.0], [1.0, 3.0], [2.0, 4.0], [4.0, 4.5], [9.0, 8.0], [2.0, 2.5]]),
            [[1.0, 4.5], [5.0, 6.0], [9.0, 8.0]]
        );
    }
}
