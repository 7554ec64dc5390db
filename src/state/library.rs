//! The videos of the project: what is known of each, which are shown, in which order.

use std::path::PathBuf;

use crate::project::ProjectVideo;

/// Whether there is a small picture of a video.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thumbnail {
    /// Not yet.
    #[default]
    Waiting,
    /// The window has it.
    Ready,
    /// There will be none.
    None,
}

/// A video as the library shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name.
    pub id: String,
    /// File.
    pub path: PathBuf,
    /// Subset, empty where nothing says one.
    pub subset: String,
    /// Seconds: of the file once it was looked at, before as the annotations say.
    pub duration: Option<f64>,
    /// Seconds of a frame on average, once the file was looked at.
    pub frame: Option<f64>,
    /// What is wrong with a file that opens all the same, one sentence each.
    pub warnings: Vec<String>,
    /// Number of annotated actions, as the document has them.
    pub actions: usize,
    /// Whether a person said that it is annotated to its end.
    pub done: bool,
    /// Small picture.
    pub thumbnail: Thumbnail,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

impl From<ProjectVideo> for Entry {
    fn from(video: ProjectVideo) -> Self {
        let thumbnail = if video.problem.is_some() { Thumbnail::None } else { Thumbnail::Waiting };
        Self {
            id: video.id,
            path: video.path,
            subset: String::new(),
            duration: video.duration,
            frame: None,
            warnings: Vec::new(),
            actions: 0,
            done: false,
            thumbnail,
            problem: video.problem,
        }
    }
}

/// Orders of the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Sort {
    /// As in the annotation file.
    #[default]
    File,
    /// By name.
    Name,
    /// By length, longest first.
    Duration,
    /// By number of actions, most first.
    Actions,
    /// By subset, then name.
    Subset,
}

impl Sort {
    /// All orders.
    pub const ALL: [Self; 5] = [Self::File, Self::Name, Self::Duration, Self::Actions, Self::Subset];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "Project order",
            Self::Name => "Name",
            Self::Duration => "Longest first",
            Self::Actions => "Most actions first",
            Self::Subset => "Subset",
        }
    }
}

/// Which videos the library lists by how far they are annotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listed {
    /// All.
    #[default]
    All,
    /// Those without an action, unless somebody said that they are done.
    NotAnnotated,
    /// Those that nobody said to be annotated to their end.
    NotDone,
    /// Those that somebody did.
    Done,
}

impl Listed {
    /// All choices.
    pub const ALL: [Self; 4] = [Self::All, Self::NotAnnotated, Self::NotDone, Self::Done];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "All videos",
            Self::NotAnnotated => "Not annotated yet",
            Self::NotDone => "Not done",
            Self::Done => "Done",
        }
    }

    fn lets(self, entry: &Entry) -> bool {
        match self {
            Self::All => true,
            Self::NotAnnotated => entry.actions == 0 && !entry.done,
            Self::NotDone => !entry.done,
            Self::Done => entry.done,
        }
    }
}

/// All videos, and what of them is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    /// Videos in project order.
    pub entries: Vec<Entry>,
    /// What a name must contain, in any case.
    pub find: String,
    /// Counts how often a person asked to type it, so that the field takes the keyboard.
    pub asked_to_find: u64,
    /// How far those that are listed are annotated.
    pub listed: Listed,
    /// Order.
    pub sort: Sort,
    /// Counts openings, so that what was asked about an earlier project's videos is not taken for these.
    pub generation: u64,
}

impl Library {
    /// Indices of the videos to show, in order.
    #[must_use]
    pub fn visible(&self) -> Vec<usize> {
        let wanted = self.find.trim().to_lowercase();
        let hit =
            |entry: &Entry| self.listed.lets(entry) && (wanted.is_empty() || entry.id.to_lowercase().contains(&wanted));
        let mut shown: Vec<(usize, &Entry)> = self.entries.iter().enumerate().filter(|(_, entry)| hit(entry)).collect();
        match self.sort {
            Sort::File => {}
            Sort::Name => shown.sort_by_cached_key(|(_, entry)| entry.id.to_lowercase()),
            Sort::Duration => {
                shown.sort_by(|(_, a), (_, b)| b.duration.unwrap_or(-1.0).total_cmp(&a.duration.unwrap_or(-1.0)));
            }
            Sort::Actions => shown.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.actions)),
            Sort::Subset => shown.sort_by_cached_key(|(_, entry)| (entry.subset.clone(), entry.id.to_lowercase())),
        }
        shown.into_iter().map(|(index, _)| index).collect()
    }

    /// Index of the video of this name.
    #[must_use]
    pub fn index(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, subset: &str, duration: f64, actions: usize) -> Entry {
        Entry {
            id: id.to_owned(),
            path: PathBuf::from(id),
            subset: subset.to_owned(),
            duration: Some(duration),
            frame: None,
            warnings: Vec::new(),
            actions,
            done: false,
            thumbnail: Thumbnail::Waiting,
            problem: None,
        }
    }

    #[test]
    fn finds_in_any_case_and_sorts() {
        let entries = vec![
            entry("Beta", "training", 5.0, 1),
            entry("alpha", "validation", 9.0, 0),
            entry("gamma", "training", 1.0, 7),
        ];
        let mut library = Library { entries, ..Library::default() };
        assert_eq!(library.visible(), [0, 1, 2]);
        library.sort = Sort::Name;
        assert_eq!(library.visible(), [1, 0, 2]);
        library.sort = Sort::Duration;
        assert_eq!(library.visible(), [1, 0, 2]);
        library.sort = Sort::Actions;
        assert_eq!(library.visible(), [2, 0, 1]);
        library.find = " ET".to_owned();
        assert_eq!(library.visible(), [0]);
        library.find.clear();
        library.entries[2].done = true;
        let mut listed = |listed| {
            library.listed = listed;
            library.visible()
        };
        assert_eq!(listed(Listed::NotAnnotated), [1]);
        assert_eq!((listed(Listed::NotDone), listed(Listed::Done)), (vec![0, 1], vec![2]));
    }
}
