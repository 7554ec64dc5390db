//! Cutting, joining, copying, nudging: what is done to the selected actions.

use std::collections::BTreeMap;

use super::{Edge, commit, obey};
use crate::domain::Segment;
use crate::project::{Action, Change};
use crate::state::{Effect, State};

/// Shortest segment in seconds, where frames are not known to be longer.
const SHORTEST: f64 = 0.001;

/// The change of one action of the open video.
pub(super) fn change(state: &State, before: Option<Action>, after: Option<Action>) -> Option<Change> {
    let video = state.selected()?.id.clone();
    (before != after).then_some(Change::Action { video, before, after })
}

/// A new action with what the next one gets; none when it lies outside the video or has no length.
pub(super) fn fresh(state: &State, segment: Segment, label: &str, more: u64) -> Option<Action> {
    let segment = inside(state, segment)?;
    Some(Action {
        id: state.editing.book.next_id() + more,
        segment,
        label: label.to_owned(),
        subject: state.editing.subject.clone(),
        annotator: state.settings.annotator.clone(),
        ..Action::default()
    })
}

/// A segment cut to the video; none when nothing is left.
pub(super) fn inside(state: &State, [start, end]: Segment) -> Option<Segment> {
    let length = state.length();
    let last = if length > 0.0 { length } else { f64::INFINITY };
    let segment = [round(start.clamp(0.0, last)), round(end.clamp(0.0, last))];
    (segment[1] - segment[0] >= SHORTEST).then_some(segment)
}

/// To the microsecond: finer is noise of the arithmetic and reads badly in files.
pub(super) fn round(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// Makes a segment and selects it.
pub(super) fn make(state: &mut State, segment: Segment, label: &str, effects: &mut Vec<Effect>) -> bool {
    let Some(action) = fresh(state, segment, label, 0) else { return false };
    let id = action.id;
    let changes: Vec<Change> = change(state, None, Some(action)).into_iter().collect();
    let made = commit(state, &format!("New {label}"), changes, effects);
    if made {
        state.editing.selection = [id].into();
    }
    made
}

/// Changes each selected action, those that come out the same not.
fn each(state: &mut State, title: &str, effects: &mut Vec<Effect>, with: impl Fn(&State, &Action) -> Option<Action>) {
    let changed = |action: &Action| change(state, Some(action.clone()), with(state, action));
    let changes = state.selected_actions().filter_map(changed).collect();
    commit(state, title, changes, effects);
}

pub(super) fn delete(state: &mut State, title: &str, effects: &mut Vec<Effect>) {
    each(state, title, effects, |_, _| None);
}

pub(super) fn split(state: &mut State, effects: &mut Vec<Effect>) {
    let at = round(state.playback.time.as_secs());
    let crosses = |action: &&Action| action.segment[0] + SHORTEST <= at && at + SHORTEST <= action.segment[1];
    let mut crossed: Vec<Action> = state.selected_actions().filter(crosses).cloned().collect();
    if crossed.is_empty() {
        crossed = state.actions().iter().filter(crosses).cloned().collect();
    }
    let mut changes = Vec::new();
    let mut halves = Vec::new();
    for (action, id) in crossed.into_iter().zip(state.editing.book.next_id()..) {
        let first = Action { segment: [action.segment[0], at], ..action.clone() };
        let second = Action { id, segment: [at, action.segment[1]], ..action.clone() };
        halves.push(id);
        changes.extend(change(state, Some(action), Some(first)));
        changes.extend(change(state, None, Some(second)));
    }
    if commit(state, "Split", changes, effects) {
        state.editing.selection = halves.into_iter().collect();
    }
}

pub(super) fn merge(state: &mut State, effects: &mut Vec<Effect>) {
    let mut groups: BTreeMap<(String, String), Vec<Action>> = BTreeMap::new();
    for action in state.selected_actions() {
        groups.entry((action.label.clone(), action.subject.clone())).or_default().push(action.clone());
    }
    let mut changes = Vec::new();
    for group in groups.into_values().filter(|group| group.len() > 1) {
        let start = group.iter().map(|action| action.segment[0]).fold(f64::INFINITY, f64::min);
        let end = group.iter().map(|action| action.segment[1]).fold(0.0, f64::max);
        let notes: Vec<&str> =
            group.iter().map(|action| action.note.as_str()).filter(|note| !note.is_empty()).collect();
        let (note, draft) = (notes.join("; "), group.iter().any(|action| action.draft));
        for (index, action) in group.into_iter().enumerate() {
            let whole = Action { segment: [start, end], note: note.clone(), draft, ..action.clone() };
            changes.extend(change(state, Some(action), (index == 0).then_some(whole)));
        }
    }
    commit(state, "Merge", changes, effects);
}

/// Puts actions into the open video, `by` seconds later, and selects them.
fn insert(state: &mut State, title: &str, actions: &[Action], by: f64, effects: &mut Vec<Effect>) {
    let mut ids = Vec::new();
    let mut changes = Vec::new();
    for action in actions {
        let id = state.editing.book.next_id() + ids.len() as u64;
        if let Some(segment) = inside(state, action.segment.map(|seconds| seconds + by)) {
            ids.push(id);
            changes.extend(change(state, None, Some(Action { id, segment, ..action.clone() })));
        }
    }
    if commit(state, title, changes, effects) {
        state.editing.selection = ids.into_iter().collect();
        obey::show_selection(state);
    }
}

pub(super) fn duplicate(state: &mut State, effects: &mut Vec<Effect>) {
    let actions: Vec<Action> = state.selected_actions().cloned().collect();
    let start = actions.iter().map(|action| action.segment[0]).fold(f64::INFINITY, f64::min);
    let end = actions.iter().map(|action| action.segment[1]).fold(0.0, f64::max);
    // Behind the originals where there is room, else over them.
    let by = if end + (end - start) <= state.length() { end - start } else { 0.0 };
    insert(state, "Duplicate", &actions, by, effects);
}

pub(super) fn copy(state: &mut State) {
    let mut actions: Vec<Action> = state.selected_actions().cloned().collect();
    if actions.is_empty() {
        return;
    }
    actions.sort_by(|a, b| a.segment[0].total_cmp(&b.segment[0]));
    state.editing.clipboard = actions;
}

pub(super) fn paste(state: &mut State, effects: &mut Vec<Effect>) {
    let actions = state.editing.clipboard.clone();
    let Some(first) = actions.first() else { return };
    let by = state.playback.time.as_secs() - first.segment[0];
    insert(state, "Paste", &actions, by, effects);
}

pub(super) fn nudge(state: &mut State, edge: Option<Edge>, frames: i32, effects: &mut Vec<Effect>) {
    each(state, "Nudge", effects, |state, action| {
        let [start, end] = action.segment;
        let on = |seconds| state.edge_from(seconds, frames);
        let moved = match edge {
            Some(Edge::Start) => [on(start), end],
            Some(Edge::End) => [start, on(end)],
            None => [on(start), on(end)],
        };
        let whole = edge.is_some() || (moved[0] >= -SHORTEST && moved[1] <= state.length() + SHORTEST);
        let segment = inside(state, moved).filter(|_| whole).unwrap_or(action.segment);
        Some(Action { segment, ..action.clone() })
    });
    let at = state.selected_actions().next().map(|action| match edge {
        Some(Edge::End) => action.segment[1],
        _ => action.segment[0],
    });
    if let Some(at) = at {
        obey::go(state, at, effects);
    }
}

pub(super) fn set_class(state: &mut State, label: &str, effects: &mut Vec<Effect>) {
    let label = label.trim().to_owned();
    if !label.is_empty() {
        each(state, &format!("Make {label}"), effects, |_, action| {
            Some(Action { label: label.clone(), ..action.clone() })
        });
    }
}

pub(super) fn toggle_draft(state: &mut State, effects: &mut Vec<Effect>) {
    // Several at once become what not all of them are.
    let draft = !state.selected_actions().all(|action| action.draft);
    let title = if draft { "Make draft" } else { "Verify" };
    each(state, title, effects, |_, action| Some(Action { draft, ..action.clone() }));
}
