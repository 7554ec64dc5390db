//! What a person does to the annotations: the book, the selection, and what is being made right now.

mod command;
mod conflicts;
mod drag;
mod import;
mod leaving;
mod logging;
mod marks;
mod obey;
mod picture;
mod segments;
mod select;
mod table;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use command::{Annotate, Column, Edge, Field, Grip, Pick, Removal, Split};
pub use conflicts::Settle;
pub use drag::Drag;
pub use import::Importing;
pub use leaving::{Away, Leaving};
pub use logging::{Calibration, Logged};
pub use table::Filter;

pub(super) use import::preview;
pub(super) use leaving::{save_elsewhere, saved_elsewhere};
pub(super) use logging::end_all;
pub(super) use obey::obey;
pub(super) use picture::set_crop;
pub(super) use table::list;
pub(super) use {conflicts::outside, leaving::ask as leave, leaving::kept as leave_when_kept};

use super::refresh::{refresh, refresh_after};
use super::{Effect, Health, State};
use crate::domain::{Failure, Segment};
use crate::jobs::keeper::Access;
use crate::project::{Action, Book, Change, Class, Conflict, Edit, Entry, Head};

/// The annotations while they are edited.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Editing {
    /// The document with its history.
    pub book: Book,
    /// Number of the last entry.
    pub last: u64,
    /// Number of the last entry that is known to be on the disk.
    pub kept: u64,
    /// Why something is not on the disk yet.
    pub trouble: Option<Failure>,
    /// Who may write.
    pub access: Access,
    /// Selected actions of the open video.
    pub selection: BTreeSet<u64>,
    /// The class that a new segment gets.
    pub class: Option<String>,
    /// The subject that a new segment gets; empty for none.
    pub subject: String,
    /// Where a segment to be made begins, in seconds.
    pub mark_in: Option<f64>,
    /// Where it ends.
    pub mark_out: Option<f64>,
    /// Segments that are being logged.
    pub logged: Vec<Logged>,
    /// What the pointer holds.
    pub drag: Option<Drag>,
    /// What was copied.
    pub clipboard: Vec<Action>,
    /// Which actions the table lists.
    pub filter: Filter,
    /// Those that it lists, with the place of their video in the library: by video, then by start.
    pub rows: Vec<(usize, u64)>,
    /// The cell of the table that is being changed.
    pub cell: Option<(u64, Column)>,
    /// Counts how often a person asked to find something, so that the field takes the keyboard.
    pub asked_to_find: u64,
    /// Counts how often a person asked for the table.
    pub asked_for_table: u64,
    /// Actions of each class, in all videos.
    pub counts: BTreeMap<String, usize>,
    /// What the next split into subsets is like.
    pub split: Split,
    /// What another program changed otherwise than it was changed here, to be asked.
    pub conflicts: Vec<Conflict>,
    /// A person wants to leave edits that are not on the disk.
    pub leaving: Option<Leaving>,
    /// Where the annotations were saved while their own disk failed, and the number of the last edit that is in it.
    pub elsewhere: Option<(PathBuf, u64)>,
    /// A person said that edits may be lost.
    pub may_be_lost: bool,
    /// The stretch that plays again and again.
    pub looping: Option<Segment>,
    /// Annotations of a file that are looked at before they come in.
    pub importing: Option<Importing>,
    /// The exercise that measures a person's reaction time.
    pub calibration: Option<Calibration>,
}

impl Editing {
    /// The editing of a project that was just opened; what was copied before may be pasted into it.
    #[must_use]
    pub fn of(book: Book, last: u64, clipboard: Vec<Action>) -> Self {
        let class = book.document.classes.first().map(|class| class.name.clone());
        Self { book, last, kept: last, class, clipboard, ..Self::default() }
    }

    /// Lets go of what belongs to the video that was open.
    pub(super) fn leave_video(&mut self) {
        self.selection.clear();
        (self.mark_in, self.mark_out) = (None, None);
        (self.drag, self.looping) = (None, None);
    }

    /// Whether everything that was done is on the disk.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.kept >= self.last
    }
}

impl State {
    /// The actions of the open video.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        self.selected().map_or(&[], |entry| self.editing.book.document.actions(&entry.id))
    }

    /// The selected actions of the open video.
    pub fn selected_actions(&self) -> impl Iterator<Item = &Action> {
        // Both are in the order of ids.
        let actions = self.actions();
        let place = |id: &u64| actions.binary_search_by_key(id, |action| action.id).ok();
        self.editing.selection.iter().filter_map(move |id| place(id).and_then(|place| actions.get(place)))
    }

    /// Length of the open video in seconds, 0 while unknown.
    #[must_use]
    pub fn length(&self) -> f64 {
        if self.playback.is_ready() { self.playback.length.as_secs() } else { self.timeline.length }
    }
}

/// Does an edit: enters it in the book and asks that it be kept. Classes that its actions name and videos that the file does not
/// know yet come with it. Nothing happens when there is nothing to change or another window has the project.
pub(super) fn commit(state: &mut State, title: &str, changes: Vec<Change>, effects: &mut Vec<Effect>) -> bool {
    if changes.is_empty() || is_refused(state) {
        return false;
    }
    let mut all = Vec::new();
    for video in changes.iter().filter_map(Change::video) {
        if let Some(change) = head_change(state, video, &all) {
            all.push(change);
        }
    }
    if !changes.iter().any(|change| matches!(change, Change::Classes { .. })) {
        all.extend(new_classes(state, &changes));
    }
    all.extend(changes);
    enter(state, Entry::Edit(Edit { title: title.to_owned(), changes: all }), effects);
    true
}

/// Enters something in the book and asks that it be kept.
pub(super) fn enter(state: &mut State, entry: Entry, effects: &mut Vec<Effect>) -> Vec<Change> {
    let made = state.editing.book.take(&entry);
    if matches!(state.training.health, Health::Checked(_)) {
        // What was found was found in other data.
        state.training.health = Health::Unknown;
    }
    state.editing.last += 1;
    // Whoever gave up what was there before did not give up this.
    state.editing.may_be_lost = false;
    effects.push(Effect::Keep(vec![(state.editing.last, entry)]));
    count(&mut state.editing.counts, &made);
    keep_in_step(state);
    refresh_after(state, &made);
    made
}

/// Says why nothing can be edited, where that is so.
fn is_refused(state: &mut State) -> bool {
    if state.opening {
        // Another project is about to take this one's place.
        return true;
    }
    let Access::Theirs(pid) = state.editing.access else { return false };
    let sentence =
        format!("Another window (process {pid}) edits this project: this one only reads. Take it over to edit here.");
    state.notices.wrong(Failure::new(sentence));
    true
}

/// The change that brings a video into the file, or its length, once it is known.
fn head_change(state: &State, video: &str, before: &[Change]) -> Option<Change> {
    if before.iter().any(|change| change.video() == Some(video)) {
        return None;
    }
    let entry = state.library.entries.iter().find(|entry| entry.id == video)?;
    let known = state.editing.book.document.videos.get(video).map(|record| record.head.clone());
    let base = state.project.as_ref().and_then(|project| project.annotation_file.parent());
    let relative = || base.and_then(|base| entry.path.strip_prefix(base).ok()).unwrap_or(&entry.path);
    let mut head = known.clone().unwrap_or_else(|| Head {
        id: video.to_owned(),
        path: Some(relative().to_string_lossy().replace('\\', "/")),
        ..Head::default()
    });
    if head.duration <= 0.0 {
        head.duration = entry.duration.unwrap_or(0.0);
    }
    let before = known.map(Box::new);
    (before.as_deref() != Some(&head)).then(|| Change::Video { before, after: Some(Box::new(head)) })
}

fn new_classes(state: &State, changes: &[Change]) -> Option<Change> {
    let before = state.editing.book.document.classes.clone();
    let mut after = before.clone();
    for change in changes {
        if let Change::Action { after: Some(action), .. } = change
            && !after.iter().any(|class| class.name == action.label)
        {
            after.push(Class::named(&action.label));
        }
    }
    (after.len() > before.len()).then_some(Change::Classes { before, after })
}

/// Brings everything that follows from the document in step with it.
pub(super) fn settle(state: &mut State) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (_, action) in state.editing.book.document.all_actions() {
        match counts.get_mut(&action.label) {
            Some(count) => *count += 1,
            None => drop(counts.insert(action.label.clone(), 1)),
        }
    }
    state.editing.counts = counts;
    keep_in_step(state);
    refresh(state);
}

/// Brings the actions of each class up to date with what was done.
fn count(counts: &mut BTreeMap<String, usize>, made: &[Change]) {
    for change in made {
        let Change::Action { before, after, .. } = change else { continue };
        if let Some(after) = after {
            *counts.entry(after.label.clone()).or_default() += 1;
        }
        if let Some(before) = before
            && let Some(left) = counts.get_mut(&before.label)
        {
            *left -= 1;
            if *left == 0 {
                counts.remove(&before.label);
            }
        }
    }
}

/// Brings library, classes and selection in step with the document.
fn keep_in_step(state: &mut State) {
    let document = &state.editing.book.document;
    for entry in &mut state.library.entries {
        if let Some(record) = document.videos.get(&entry.id) {
            entry.actions = record.actions.len();
            entry.done = record.head.done;
            if entry.subset != record.head.subset {
                entry.subset.clone_from(&record.head.subset);
            }
        } else {
            (entry.actions, entry.done) = (0, false);
            entry.subset.clear();
        }
    }
    if let Some(project) = &mut state.project {
        project.classes = document.class_list();
    }
    let known = |name: &String| document.class(name).is_some();
    if !state.editing.class.as_ref().is_some_and(known) {
        state.editing.class = document.classes.first().map(|class| class.name.clone());
    }
    if !document.subjects.contains(&state.editing.subject) {
        state.editing.subject.clear();
    }
    let mut selection = std::mem::take(&mut state.editing.selection);
    let actions = state.actions();
    selection.retain(|id| actions.binary_search_by_key(id, |action| action.id).is_ok());
    state.editing.selection = selection;
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_outside;
