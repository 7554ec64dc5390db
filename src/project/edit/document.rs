//! Videos, actions, classes and subjects, with every key of the file that is not ours.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{Annotation, ClassList, Crop, Dataset, Segment, Video};

/// One annotated action as it is edited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Action {
    /// Unique in the project, and the order within a video.
    pub id: u64,
    /// Start and end in seconds.
    pub segment: Segment,
    /// Class name.
    pub label: String,
    /// Whether nobody has verified it yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who acts: which animal, which player. Empty where nobody said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Who annotated it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub annotator: String,
    /// Keys of other programs.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub foreign: Map<String, Value>,
}

impl Action {
    /// Seconds from start to end.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.segment[1] - self.segment[0]
    }

    /// As trainer and evaluation know it.
    #[must_use]
    pub fn annotation(&self) -> Annotation {
        Annotation { segment: self.segment, label: self.label.clone(), draft: self.draft }
    }
}

/// What the file says of a video besides its actions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// Name.
    pub id: String,
    /// "training", "validation", "testing" or free text; empty where nothing says one.
    pub subset: String,
    /// Seconds, 0 when unknown.
    pub duration: f64,
    /// Path of the video relative to the annotation file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether a person said that it is annotated to its end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// Regions that nobody annotated, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_annotated: Vec<Segment>,
    /// Keys of other programs, and those that are not edited here.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub foreign: Map<String, Value>,
}

/// A video with its actions, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// All but the actions.
    pub head: Head,
    /// Annotated actions.
    pub actions: Vec<Action>,
}

impl Record {
    /// The action of this id.
    #[must_use]
    pub fn action(&self, id: u64) -> Option<&Action> {
        self.place(id).ok().and_then(|place| self.actions.get(place))
    }

    /// Where the action of this id is, or belongs.
    pub(super) fn place(&self, id: u64) -> Result<usize, usize> {
        self.actions.binary_search_by_key(&id, |action| action.id)
    }

    /// The region of the picture that is learnt from and searched; none: all of it.
    #[must_use]
    pub fn crop(&self) -> Option<Crop> {
        self.head.foreign.get("crop").and_then(|crop| serde_json::from_value(crop.clone()).ok())
    }

    /// Which of the file's video streams is meant; none: the main one.
    #[must_use]
    pub fn stream(&self) -> Option<usize> {
        self.head.foreign.get("stream").and_then(|stream| serde_json::from_value(stream.clone()).ok())
    }

    /// As trainer and evaluation know it.
    #[must_use]
    pub fn video(&self) -> Video {
        let Head { id, subset, duration, path, not_annotated, foreign, .. } = self.head.clone();
        // As the evaluation's reader takes them; a bare pair of seconds has no class that could be shown.
        let rejected = foreign.get("rejected").and_then(|list| serde_json::from_value(list.clone()).ok());
        let annotations = self.actions.iter().map(Action::annotation).collect();
        Video {
            id,
            subset,
            duration,
            frames: None,
            path,
            annotations,
            not_annotated,
            rejected: rejected.unwrap_or_default(),
            crop: self.crop(),
            stream: self.stream(),
        }
    }
}

/// A class of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Class {
    /// Name.
    pub name: String,
    /// When it is to be used, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Letter or digit that logs it; without one, the first ten have the digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<char>,
}

impl Class {
    /// A class that only has a name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// All annotations of a project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Classes in order; the order gives keys and colours.
    pub classes: Vec<Class>,
    /// Subjects in order.
    pub subjects: Vec<String>,
    /// Videos by name, in the file's order.
    pub videos: IndexMap<String, Record>,
    /// Keys of the file's root that are not ours.
    pub foreign: Map<String, Value>,
}

impl Document {
    /// Names of the classes.
    #[must_use]
    pub fn class_list(&self) -> ClassList {
        ClassList::new(self.classes.iter().map(|class| class.name.clone()))
    }

    /// The class of this name.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// The actions of a video; none of one that is not in the file yet.
    #[must_use]
    pub fn actions(&self, video: &str) -> &[Action] {
        self.videos.get(video).map_or(&[], |record| &record.actions)
    }

    /// Every action with the name of its video.
    pub fn all_actions(&self) -> impl Iterator<Item = (&str, &Action)> {
        self.videos.iter().flat_map(|(id, record)| record.actions.iter().map(move |action| (id.as_str(), action)))
    }

    /// As trainer and evaluation know it.
    #[must_use]
    pub fn dataset(&self) -> Dataset {
        Dataset { videos: self.videos.values().map(Record::video).collect() }
    }
}
