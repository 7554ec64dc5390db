//! The table of actions: which it lists, and what its cells change.

use super::{Field, commit, segments};
use crate::project::{Action, Change};
use crate::state::{Effect, State};

/// Which actions the table lists; what is empty asks nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
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
        let wanted = self.text.trim().to_lowercase();
        let texts = [&action.label, &action.note, &action.subject, &action.annotator];
        (wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted)))
            && self.class.as_ref().is_none_or(|class| *class == action.label)
            && self.draft.is_none_or(|draft| draft == action.draft)
            && self.shortest.is_none_or(|shortest| action.length() >= shortest)
            && self.longest.is_none_or(|longest| action.length() <= longest)
    }
}

/// Brings the list in step.
pub(in crate::state) fn list(state: &mut State) {
    let filter = &state.editing.filter;
    let mut rows: Vec<(f64, u64)> = state
        .actions()
        .iter()
        .filter(|action| filter.lets(action))
        .map(|action| (action.segment[0], action.id))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    state.editing.rows = rows.into_iter().map(|(_, id)| id).collect();
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
