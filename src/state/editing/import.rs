//! Bringing in annotations of other programs: first a preview of what will come, then one step of undo.

use std::collections::HashSet;
use std::path::PathBuf;

use super::commit;
use crate::domain::merged;
use crate::project::{Action, Change, Head, Incoming};
use crate::state::{Effect, State};

/// Annotations of a file that are looked at before they come in.
#[derive(Clone, Debug, PartialEq)]
pub struct Importing {
    /// The file.
    pub path: PathBuf,
    /// What will come and what will not, a sentence each.
    pub sentences: Vec<String>,
    /// Videos with the number of segments that come into each.
    pub videos: Vec<(String, usize)>,
    changes: Vec<Change>,
}

impl Importing {
    /// Whether anything comes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Compares what a file holds with what is there.
pub(in crate::state) fn preview(state: &mut State, incoming: Incoming) {
    let document = &state.editing.book.document;
    let mut next = state.editing.book.next_id();
    let (mut changes, mut videos, mut sentences) = (Vec::new(), Vec::new(), Vec::new());
    let (mut strangers, mut strange, mut known, mut odd) = (0, 0, 0, 0);
    let classes: Vec<_> =
        incoming.document.classes.iter().filter(|class| document.class(&class.name).is_none()).cloned().collect();
    let subjects: Vec<String> =
        incoming.document.subjects.iter().filter(|name| !document.subjects.contains(name)).cloned().collect();
    for (id, record) in &incoming.document.videos {
        let Some(entry) = video_of(state, id, record.head.path.as_deref()) else {
            if !record.actions.is_empty() {
                strangers += 1;
                strange += record.actions.len();
            }
            continue;
        };
        let key = |action: &Action| (action.label.clone(), action.subject.clone(), action.segment.map(f64::to_bits));
        let mut there: HashSet<_> = document.actions(&entry).iter().map(key).collect();
        let mut coming = 0;
        for action in &record.actions {
            if action.segment[0] >= action.segment[1] || action.segment[0] < 0.0 {
                odd += 1;
            } else if there.insert(key(action)) {
                let after = Some(Action { id: next, ..action.clone() });
                changes.push(Change::Action { video: entry.clone(), before: None, after });
                next += 1;
                coming += 1;
            } else {
                known += 1;
            }
        }
        changes.extend(head(state, &entry, &record.head));
        if coming > 0 {
            videos.push((entry, coming));
        }
    }
    let count: usize = videos.iter().map(|(_, count)| count).sum();
    sentences.push(format!("{} in {} will come.", plural(count, "segment"), plural(videos.len(), "video")));
    let mut note = |count: usize, text: String| {
        if count > 0 {
            sentences.push(text);
        }
    };
    let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    let several = if names.len() == 1 { "New class" } else { "New classes" };
    note(names.len(), format!("{several}: {}.", names.join(", ")));
    note(subjects.len(), format!("New subjects: {}.", subjects.join(", ")));
    note(known, format!("Already there: {}.", plural(known, "segment")));
    let strangers = plural(strangers, "video");
    note(strange, format!("Not in this project: {strangers} with {}.", plural(strange, "segment")));
    note(odd, format!("Without length, left out: {}.", plural(odd, "segment")));
    sentences.extend(incoming.left_out.into_iter().map(|what| format!("Not taken: {what}.")));
    if !classes.is_empty() {
        let before = document.classes.clone();
        let after = before.iter().cloned().chain(classes).collect();
        changes.insert(0, Change::Classes { before, after });
    }
    if !subjects.is_empty() {
        let before = document.subjects.clone();
        let after = before.iter().cloned().chain(subjects).collect();
        changes.insert(0, Change::Subjects { before, after });
    }
    state.editing.importing = Some(Importing { path: incoming.path, sentences, videos, changes });
}

/// The video of the project that is meant: by its name, else by its file's name.
fn video_of(state: &State, id: &str, path: Option<&str>) -> Option<String> {
    let entries = &state.library.entries;
    let stem = |path: &str| {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
    };
    let named = entries.iter().find(|entry| entry.id == id);
    let by_file = || {
        let wanted = stem(path.unwrap_or(id));
        entries.iter().find(|entry| entry.id == wanted || stem(&entry.path.to_string_lossy()) == wanted)
    };
    named.or_else(by_file).map(|entry| entry.id.clone())
}

/// What the file says of a video and we do not know yet.
fn head(state: &State, id: &str, theirs: &Head) -> Option<Change> {
    let video = state.editing.book.document.videos.get(id);
    let before = video.map(|record| record.head.clone());
    let known = super::head_change(state, id, &[]);
    let mut after = match known {
        Some(Change::Video { after: Some(head), .. }) => *head,
        _ => before.clone()?,
    };
    if after.subset.is_empty() {
        after.subset.clone_from(&theirs.subset);
    }
    after.not_annotated = merged(after.not_annotated.iter().chain(&theirs.not_annotated).copied().collect());
    for (key, value) in &theirs.foreign {
        after.foreign.entry(key).or_insert_with(|| value.clone());
    }
    (before.as_ref() != Some(&after))
        .then(|| Change::Video { before: before.map(Box::new), after: Some(Box::new(after)) })
}

pub(super) fn confirm(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(importing) = state.editing.importing.take() else { return };
    let name = importing.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let count: usize = importing.videos.iter().map(|(_, count)| count).sum();
    if commit(state, &format!("Import {name}"), importing.changes, effects) {
        let undo = state.settings.keymap.hint("undo");
        state.notices.done(format!("{} imported. Undo{undo} takes all of it back.", plural(count, "segment")));
    }
}
