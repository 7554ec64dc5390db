//! Changes as values. Each carries what was before and what is after, so that it can be taken back, told and compared.

use serde::{Deserialize, Serialize};

use super::{Action, Class, Document, Head, Record};

/// One change of the document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all changes are of actions; the others are as small as they can be"
)]
pub enum Change {
    /// An action comes, goes or changes.
    Action {
        /// Video name.
        video: String,
        /// None when it comes.
        before: Option<Action>,
        /// None when it goes.
        after: Option<Action>,
    },
    /// What is said of a video changes, or it comes or goes without its actions.
    Video {
        /// None when it comes.
        before: Option<Box<Head>>,
        /// None when it goes.
        after: Option<Box<Head>>,
    },
    /// The list of classes.
    Classes {
        /// As it was.
        before: Vec<Class>,
        /// As it is.
        after: Vec<Class>,
    },
    /// The list of subjects.
    Subjects {
        /// As it was.
        before: Vec<String>,
        /// As it is.
        after: Vec<String>,
    },
}

impl Change {
    /// The change back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Self::Action { video, before, after } => Self::Action { video, before: after, after: before },
            Self::Video { before, after } => Self::Video { before: after, after: before },
            Self::Classes { before, after } => Self::Classes { before: after, after: before },
            Self::Subjects { before, after } => Self::Subjects { before: after, after: before },
        }
    }

    /// Name of the video that it touches.
    #[must_use]
    pub fn video(&self) -> Option<&str> {
        match self {
            Self::Action { video, .. } => Some(video),
            Self::Video { before, after } => after.as_ref().or(before.as_ref()).map(|head| head.id.as_str()),
            Self::Classes { .. } | Self::Subjects { .. } => None,
        }
    }

    /// The id of the action that it touches.
    #[must_use]
    pub fn action(&self) -> Option<u64> {
        match self {
            Self::Action { before, after, .. } => after.as_ref().or(before.as_ref()).map(|action| action.id),
            _ => None,
        }
    }
}

/// What a person did in one go: one step of undo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// What it was, as a person would say it: "Split", "Rename class".
    pub title: String,
    /// In order.
    pub changes: Vec<Change>,
}

impl Edit {
    /// The edit back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { title: self.title.clone(), changes: self.changes.iter().rev().map(Change::inverse).collect() }
    }
}

impl Document {
    /// Makes what is after a change so, whatever was before: a journal that was damaged still gives what it can.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Action { video, before, after } => {
                let Some(id) = after.as_ref().or(before.as_ref()).map(|action| action.id) else { return };
                let record = self.videos.entry(video.clone()).or_insert_with(|| Record {
                    head: Head { id: video.clone(), ..Head::default() },
                    actions: Vec::new(),
                });
                match (record.place(id), after) {
                    (Ok(place), Some(after)) => record.actions[place] = after.clone(),
                    (Ok(place), None) => drop(record.actions.remove(place)),
                    (Err(place), Some(after)) => record.actions.insert(place, after.clone()),
                    (Err(_), None) => {}
                }
            }
            Change::Video { after: Some(head), .. } => {
                self.videos.entry(head.id.clone()).or_default().head = (**head).clone();
            }
            Change::Video { before: Some(head), after: None } => drop(self.videos.shift_remove(&head.id)),
            Change::Video { before: None, after: None } => {}
            Change::Classes { after, .. } => self.classes.clone_from(after),
            Change::Subjects { after, .. } => self.subjects.clone_from(after),
        }
    }

    /// The change that leads to the same from what is there now; none when it is so already.
    #[must_use]
    pub fn as_of_now(&self, change: Change) -> Option<Change> {
        match change {
            Change::Action { video, before, after } => {
                let id = after.as_ref().or(before.as_ref())?.id;
                let now = self.videos.get(&video).and_then(|record| record.action(id)).cloned();
                (now != after).then_some(Change::Action { video, before: now, after })
            }
            Change::Video { before, after } => {
                let id = &after.as_ref().or(before.as_ref())?.id;
                let now = self.videos.get(id).map(|record| Box::new(record.head.clone()));
                (now != after).then_some(Change::Video { before: now, after })
            }
            Change::Classes { after, .. } => {
                let before = self.classes.clone();
                (before != after).then_some(Change::Classes { before, after })
            }
            Change::Subjects { after, .. } => {
                let before = self.subjects.clone();
                (before != after).then_some(Change::Subjects { before, after })
            }
        }
    }

    /// Applies all changes of an edit.
    pub fn apply_all(&mut self, edit: &Edit) {
        edit.changes.iter().for_each(|change| self.apply(change));
    }
}
