//! What is selected, and going from one segment to the next.

use super::{Edge, Pick, drag, obey};
use crate::domain::Segment;
use crate::state::{Command, Cropping, Effect, State, update};

fn pick(state: &mut State, ids: Vec<u64>, pick: Pick) {
    let selection = &mut state.editing.selection;
    if pick == Pick::Only {
        selection.clear();
    }
    for id in ids {
        if !selection.insert(id) && pick == Pick::Toggle {
            selection.remove(&id);
        }
    }
}

pub(super) fn one(state: &mut State, id: u64, how: Pick) {
    if state.actions().iter().any(|action| action.id == id) {
        pick(state, vec![id], how);
    }
}

pub(super) fn in_box(state: &mut State, [from, to]: Segment, lanes: &[String], how: Pick) {
    let (from, to) = (from.min(to), from.max(to));
    let mut ids = Vec::new();
    for lane in state.lanes.iter().filter(|lane| lanes.contains(&lane.name)) {
        ids.extend(lane.truth.iter().filter(|bar| bar.start < to && bar.end > from).map(|bar| bar.id));
    }
    pick(state, ids, how);
}

/// Escape: one thing at a time, what lies on top first.
pub(super) fn clear(state: &mut State) {
    drag::cancel(state);
    if state.editing.importing.take().is_some() || state.editing.leaving.take().is_some() {
        return;
    }
    if state.playback.cropping.on {
        state.playback.cropping = Cropping::default();
        return;
    }
    state.editing.selection.clear();
    (state.editing.mark_in, state.editing.mark_out) = (None, None);
    state.editing.looping = None;
}

/// Starts and ids of the open video's actions, by start.
fn in_order(state: &State) -> Vec<(f64, u64)> {
    let mut order: Vec<(f64, u64)> = state.actions().iter().map(|action| (action.segment[0], action.id)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    order
}

/// Selects the neighbour of what is selected as well: of the last one forward, of the first one back.
pub(super) fn step_too(state: &mut State, by: i32, effects: &mut Vec<Effect>) {
    let order = in_order(state);
    let mut selected = (0..order.len()).filter(|at| state.editing.selection.contains(&order[*at].1));
    let from = if by > 0 { selected.next_back() } else { selected.next() };
    let Some(from) = from else { return step(state, by, effects) };
    if let Some(&(start, id)) = from.checked_add_signed(by as isize).and_then(|next| order.get(next)) {
        state.editing.selection.insert(id);
        obey::go(state, start, effects);
    }
}

pub(super) fn step(state: &mut State, by: i32, effects: &mut Vec<Effect>) {
    let order = in_order(state);
    let now = state.playback.time.as_secs();
    let selected = order.iter().position(|(_, id)| state.editing.selection.contains(id));
    let next = match selected {
        Some(at) => at.checked_add_signed(by as isize),
        // Without a selection: the first behind the playhead, or the last before it.
        None if by > 0 => order.iter().position(|(start, _)| *start > now - 1e-6),
        None => order.iter().rposition(|(start, _)| *start < now - 1e-6),
    };
    if let Some(&(start, id)) = next.and_then(|next| order.get(next)) {
        state.editing.selection = [id].into();
        obey::go(state, start, effects);
    }
}

pub(super) fn go_to(state: &mut State, edge: Edge, effects: &mut Vec<Effect>) {
    let segments: Vec<Segment> = state.selected_actions().map(|action| action.segment).collect();
    let at = match edge {
        Edge::Start => segments.iter().map(|segment| segment[0]).reduce(f64::min).unwrap_or(0.0),
        Edge::End => segments.iter().map(|segment| segment[1]).reduce(f64::max).unwrap_or(state.length()),
    };
    obey::go(state, at, effects);
}

pub(super) fn toggle_loop(state: &mut State, effects: &mut Vec<Effect>) {
    let extent = state.selected_actions().map(|action| action.segment).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]);
    state.editing.looping = if state.editing.looping.is_some() { None } else { extent };
    if let Some([start, _]) = state.editing.looping {
        obey::go(state, start, effects);
    }
    if state.playback.is_ready() && state.playback.playing != state.editing.looping.is_some() {
        update::play(state, &Command::TogglePlay, effects);
    }
}
