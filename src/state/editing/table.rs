//! The table of actions: which it lists, and what its cells change.

use super::{Field, commit, segments};
use crate::domain::Failure;
use crate::project::{Action, Change};
use crate::state::{Effect, State, update};

/// Which actions the table lists; what is empty asks nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Whether all videos are looked through, not the open one alone.
    pub everywhere: bool,
    /// What class, note, subject or annotator must contain, in any case.
    pub text: String,
    /// The class.
    pub class: Option<String>,
    /// Whether drafts (true) or verified ones (false) only.
    pub draft: Option<bool>,
    /// Seconds at least.
    pub shortest: Option<f64>,
    /// Seconds at most.
    pub longest: Option<f64>,
}

impl Filter {
    /// Whether an action is listed.
    #[must_use]
    pub fn lets(&self, action: &Action) -> bool {
        let wanted = self.text.trim();
        let texts = [&action.label, &action.note, &action.subject, &action.annotator];
        (wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted.to_lowercase())))
            && self.class.as_ref().is_none_or(|class| *class == action.label)
            && self.draft.is_none_or(|draft| draft == action.draft)
            && self.shortest.is_none_or(|shortest| action.length() >= shortest)
            && self.longest.is_none_or(|longest| action.length() <= longest)
    }
}

/// Brings the list in step.
pub(in crate::state) fn list(state: &mut State) {
    let filter = &state.editing.filter;
    let mut rows = Vec::new();
    for (video, entry) in state.library.entries.iter().enumerate() {
        if !filter.everywhere && state.playback.video != Some(video) {
            continue;
        }
        let first = rows.len();
        let listed = state.editing.book.document.actions(&entry.id).iter().filter(|action| filter.lets(action));
        rows.extend(listed.map(|action| (video, action.segment[0], action.id)));
        rows[first..].sort_by(|a, b| a.1.total_cmp(&b.1).then(a.2.cmp(&b.2)));
    }
    state.editing.rows = rows.into_iter().map(|(video, _, id)| (video, id)).collect();
}

/// Opens the video of an action, selects it and goes where it begins.
pub(super) fn go_to(state: &mut State, video: usize, id: u64, effects: &mut Vec<Effect>) {
    let Some(name) = state.library.entries.get(video).map(|entry| entry.id.clone()) else { return };
    let record = state.editing.book.document.videos.get(&name);
    let Some(start) = record.and_then(|record| record.action(id)).map(|action| action.segment[0]) else { return };
    update::go_to(state, &name, start, effects);
    state.editing.selection = [id].into();
}

/// On or back among the actions that the table lists; from none to the first or the last.
pub(super) fn next_hit(state: &mut State, by: i32, effects: &mut Vec<Effect>) {
    let here = state.playback.video;
    let rows = &state.editing.rows;
    let at = rows.iter().position(|(video, id)| Some(*video) == here && state.editing.selection.contains(id));
    let next = match at {
        Some(at) => at.checked_add_signed(by as isize),
        None if by > 0 => Some(0),
        None => rows.len().checked_sub(1),
    };
    if let Some(&(video, id)) = next.and_then(|next| rows.get(next)) {
        go_to(state, video, id, effects);
    }
}

/// The class that was meant by what was typed: its name in any case, or the only one that begins like this.
pub(super) fn type_class(state: &mut State, id: u64, typed: &str, effects: &mut Vec<Effect>) {
    let wanted = typed.trim().to_lowercase();
    let names = || state.editing.book.document.classes.iter().map(|class| &class.name);
    let exact = names().find(|name| name.to_lowercase() == wanted);
    let mut begun = names().filter(|name| name.to_lowercase().starts_with(&wanted));
    let only = begun.next().filter(|_| begun.next().is_none());
    match exact.or(only).cloned() {
        Some(label) => set(state, id, Field::Label(label), effects),
        None => {
            let sentence = format!(
                "\u{201c}{}\u{201d} is no class: type the beginning of one, or add it in Classes.",
                typed.trim()
            );
            state.notices.wrong(Failure::new(sentence));
        }
    }
}

pub(super) fn set(state: &mut State, id: u64, field: Field, effects: &mut Vec<Effect>) {
    let of_times = matches!(field, Field::Start(_) | Field::End(_));
    let together = !of_times && state.editing.selection.contains(&id);
    let meant = |action: &&Action| {
        if together { state.editing.selection.contains(&action.id) } else { action.id == id }
    };
    let changed = |action: &Action| {
        let mut after = action.clone();
        let [start, end] = action.segment;
        match &field {
            Field::Start(seconds) => after.segment = segments::inside(state, [*seconds, end])?,
            Field::End(seconds) => after.segment = segments::inside(state, [start, *seconds])?,
            Field::Label(label) if label.trim().is_empty() => return None,
            Field::Label(label) => after.label = label.trim().to_owned(),
            Field::Note(note) => after.note = note.trim().to_owned(),
            Field::Subject(subject) => after.subject.clone_from(subject),
            Field::Draft(draft) => after.draft = *draft,
        }
        segments::change(state, Some(action.clone()), Some(after))
    };
    let changes: Vec<Change> = state.actions().iter().filter(meant).filter_map(changed).collect();
    let title = match &field {
        Field::Start(_) | Field::End(_) => "Change times".to_owned(),
        Field::Label(label) => format!("Make {}", label.trim()),
        Field::Note(_) => "Note".to_owned(),
        Field::Subject(_) => "Change subject".to_owned(),
        Field::Draft(true) => "Make draft".to_owned(),
        Field::Draft(false) => "Verify".to_owned(),
    };
    commit(state, &title, changes, effects);
}
