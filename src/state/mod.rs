//! What the window knows, as plain values: `update(&mut State, Input) -> Vec<Effect>`.
//!
//! No handle, no channel, no tensor, no clock: a test can build a state, feed it inputs and compare. Panels draw it and send
//! [`Command`]s; jobs send [`Report`]s; what must be done outside comes back as [`Effect`]s, which the window alone carries out.

mod asking;
mod correct;
mod cropping;
mod curves;
mod deeds;
mod detecting;
mod editing;
mod effect;
mod following;
mod forecast;
mod frames;
mod input;
pub mod inspect;
pub mod keymap;
mod lanes;
mod library;
mod notices;
mod pace;
mod picture_view;
mod playback;
mod predictions;
mod react;
mod recipe;
mod refresh;
mod run;
mod runs;
mod series;
mod settings;
mod streams;
mod timeline;
mod training;
mod update;
mod verdict;
mod watch;
mod words;

pub use asking::{PathField, Wanted, Wish};
pub use correct::{Correct, Target};
pub use cropping::{CropGrip, Cropping, DrawCrop};
pub use curves::{Curves, EvalPoint, LossSplit, PARTS};
pub use detecting::{DetectJob, Detecting, Row};
pub use editing::{
    Annotate, Away, Calibration, Column, Drag, Edge, Editing, Field, Filter, Grip, Importing, Leaving, Logged, Pick,
    Removal, Settle, Split,
};
pub use effect::{DetectVideo, Effect, PlayerRequest, TrainRequest};
pub use forecast::{Forecast, Needs};
pub use input::{Choice, Command, Export, Init, Input, Keeping, Report, VideoFacts};
pub use inspect::{ClassOrder, Inspect, Inspecting, Judging, Mark, Marks, Page};
pub use lanes::{Bar, Bars, Lane, LaneMode, MOST_ROWS};
pub use library::{Entry, Library, Listed, Sort, Thumbnail};
pub use notices::{Notice, Notices, Tone};
pub use pace::Pace;
pub use picture_view::PictureView;
pub use playback::{Playback, Status};
pub use predictions::{Origin, PredictionSet, Predictions};
pub use recipe::{Recipe, RecipeForm, RecipeKey};
pub use run::{Progress, RunState, RunSummary, RunView, Started};
pub use runs::{Runs, word as run_word};
pub use series::{Extremes, Smoothing, decimated, smoothed};
pub use settings::{Settings, ThemeChoice};
pub use timeline::{Tick, TimelineView, ticks};
pub use training::{DeviceChoice, Health, TrainForm};
pub use update::update;
pub use verdict::{Mood, Verdict, verdict};
pub use watch::{Lead, Watch};
pub use words::{clock_text, length_text, percent, size_text, taken_text, wait_text};

use std::path::PathBuf;

use crate::domain::{ClassList, Dataset, Video};
use crate::project::{Kind, Record};

/// What is open, without its videos.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// Name of the project.
    pub name: String,
    /// Its folder.
    pub root: PathBuf,
    /// Whether it is a project folder, a folder or loose videos.
    pub kind: Kind,
    /// The annotation file; made with the first edit where there is none.
    pub annotation_file: PathBuf,
    /// Classes in order; the order gives the colours.
    pub classes: ClassList,
}

/// Everything the window knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// What is open.
    pub project: Option<Project>,
    /// Whether something is being opened.
    pub opening: bool,
    /// Its videos.
    pub library: Library,
    /// The player.
    pub playback: Playback,
    /// Which part of the video the timeline shows.
    pub timeline: TimelineView,
    /// The annotations, and what is being done to them.
    pub editing: Editing,
    /// Lanes of the open video, kept in step with annotations and predictions.
    pub lanes: Vec<Lane>,
    /// Detections by origin, and which are shown.
    pub predictions: Predictions,
    /// Choices for the next training.
    pub training: TrainForm,
    /// Runs found in the project, newest first.
    pub runs: Vec<RunSummary>,
    /// The run that is followed.
    pub run: Option<RunView>,
    /// Runs whose curves stand beside it.
    pub compared: Vec<RunView>,
    /// Detection on videos.
    pub detecting: Detecting,
    /// What the shown detections are beside the truth.
    pub inspect: Inspecting,
    /// Sentences for the person.
    pub notices: Notices,
    /// What is remembered between sessions.
    pub settings: Settings,
    /// The path field, while it is shown.
    pub path_field: Option<PathField>,
}

impl State {
    /// The entry that is open in the player.
    #[must_use]
    pub fn selected(&self) -> Option<&Entry> {
        self.playback.video.and_then(|index| self.library.entries.get(index))
    }

    /// The videos with their annotations, as training and evaluation take them.
    #[must_use]
    pub fn dataset(&self) -> Dataset {
        let video = |entry: &Entry| Video {
            id: entry.id.clone(),
            duration: entry.duration.unwrap_or(0.0),
            path: Some(entry.path.display().to_string()),
            ..self.editing.book.document.videos.get(&entry.id).map(Record::video).unwrap_or_default()
        };
        Dataset { videos: self.library.entries.iter().map(video).collect() }
    }

    /// Whether detections are shown, but none for the open video, because it was not evaluated or detected on.
    #[must_use]
    pub fn is_without_predictions(&self) -> bool {
        let set = self.predictions.current().map(|set| &set.detections);
        let open = self.selected().map(|entry| &entry.id);
        matches!((set, open), (Some(set), Some(open)) if !set.videos.iter().any(|(video, _)| video == open))
    }

    /// Index of the colour of a class: its place among the project's classes; a class that only predictions know follows them
    /// by its name, so that it keeps its colour too.
    #[must_use]
    pub fn colour(&self, label: &str) -> usize {
        let known = self.project.as_ref().map_or(&[] as &[String], |project| project.classes.names());
        known.iter().position(|name| name == label).unwrap_or_else(|| {
            let sum = label.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
            known.len() + sum % 64
        })
    }

    /// Folder of the project's runs.
    #[must_use]
    pub fn runs_folder(&self) -> Option<PathBuf> {
        self.project.as_ref().map(|project| project.root.join("runs"))
    }
}

#[cfg(test)]
mod tests;
