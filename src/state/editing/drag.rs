//! Dragging: a preview while the pointer is down, one edit when it comes up. Edges snap to frames, neighbours and the playhead.

use std::collections::BTreeMap;

use super::{Edge, Grip, Pick, commit, obey, segments, select};
use crate::domain::Segment;
use crate::project::{Action, Change};
use crate::state::{Effect, State, correct};

/// What the pointer holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Drag {
    /// What it took hold of.
    pub grip: Grip,
    /// Where, in seconds.
    from: f64,
    /// Where the playhead was: it follows the edge, so an edge must not snap to where it is now.
    playhead: f64,
    /// How actions that are dragged look now.
    pub moved: BTreeMap<u64, Segment>,
    /// How the new segment looks now, or the detection whose edge is held.
    pub new: Option<Segment>,
    /// Where an edge snapped to, in seconds.
    pub snapped: Option<f64>,
}

pub(super) fn start(state: &mut State, grip: Grip, at: f64) {
    match &grip {
        Grip::Body(id) | Grip::Edge(id, _) if !state.editing.selection.contains(id) => {
            select::one(state, *id, Pick::Only);
        }
        Grip::New(label) => state.editing.class = Some(label.clone()),
        Grip::Detection(index, _) => correct::choose(state, *index),
        _ => {}
    }
    let playhead = state.playback.time.as_secs();
    state.editing.drag = Some(Drag { grip, from: at, playhead, moved: BTreeMap::new(), new: None, snapped: None });
}

/// Where an edge snaps to from `at`: the nearest edge or playhead within reach, else the nearest frame; and whether it was one of
/// the former.
fn snap(state: &State, playhead: f64, at: f64, reach: f64, own: &dyn Fn(u64) -> bool) -> (f64, bool) {
    let others = state.actions().iter().filter(|action| !own(action.id)).flat_map(|action| action.segment);
    let ends = [0.0, state.length(), playhead];
    let near = others.chain(ends).filter(|edge| (edge - at).abs() <= reach);
    match near.min_by(|a, b| (a - at).abs().total_cmp(&(b - at).abs())) {
        Some(edge) => (edge, true),
        None => (state.nearest_edge(at), false),
    }
}

/// A segment with an edge at `to`, inside the video; the edge that is held never passes the other one.
fn stretched(state: &State, [start, end]: Segment, edge: Edge, to: f64) -> Option<Segment> {
    let segment = match edge {
        Edge::Start => [to.min(state.edge_from(end, -1).max(start)), end],
        Edge::End => [start, to.max(state.edge_from(start, 1).min(end))],
    };
    segments::inside(state, segment)
}

pub(super) fn to(state: &mut State, at: f64, reach: f64, free: bool, effects: &mut Vec<Effect>) {
    let Some(mut drag) = state.editing.drag.take() else { return };
    let playhead = drag.playhead;
    let snapped = |own: &dyn Fn(u64) -> bool, at: f64| {
        if free { (at, false) } else { snap(state, playhead, at, reach, own) }
    };
    let mut look = None;
    drag.snapped = None;
    match drag.grip.clone() {
        Grip::New(_) => {
            let (from, _) = snapped(&|_| false, drag.from);
            let (to, is_edge) = snapped(&|_| false, at);
            drag.new = segments::inside(state, [from.min(to), from.max(to)]);
            (drag.snapped, look) = (is_edge.then_some(to), Some(to));
        }
        Grip::Edge(id, edge) => {
            let Some(action) = state.actions().iter().find(|action| action.id == id) else { return };
            let [start, end] = action.segment;
            let (to, is_edge) = snapped(&|other| other == id, at);
            if let Some(segment) = stretched(state, [start, end], edge, to) {
                drag.moved.insert(id, segment);
                (drag.snapped, look) = (is_edge.then_some(to), Some(edge.of(segment)));
            }
        }
        Grip::Detection(_, edge) => {
            let Some(held) = state.inspect.target.as_ref().map(|target| target.segment) else { return };
            let (to, is_edge) = snapped(&|_| false, at);
            drag.new = stretched(state, held, edge, to);
            (drag.snapped, look) = (is_edge.then_some(to), drag.new.map(|segment| edge.of(segment)));
        }
        Grip::Body(id) => {
            let Some(action) = state.actions().iter().find(|action| action.id == id) else { return };
            let selection = &state.editing.selection;
            let own = |other: u64| selection.contains(&other);
            let raw = at - drag.from;
            let by_edge = action.segment.map(|edge| {
                let (to, is_edge) = snapped(&own, edge + raw);
                (to - edge, is_edge.then_some(to))
            });
            // An edge that meets something wins over one that only meets a frame, the nearer over the farther.
            let rank = |(by, edge): &(f64, Option<f64>)| (edge.is_none(), (by - raw).abs());
            let better = |a: &(f64, Option<f64>), b: &(f64, Option<f64>)| {
                rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1))
            };
            let (by, edge) = by_edge.into_iter().min_by(better).unwrap_or((raw, None));
            let all: Vec<Action> = state.selected_actions().cloned().collect();
            let first = all.iter().map(|action| action.segment[0]).fold(f64::INFINITY, f64::min);
            let last = all.iter().map(|action| action.segment[1]).fold(0.0, f64::max);
            let by = by.clamp(-first, (state.length() - last).max(-first));
            drag.moved =
                all.iter().map(|action| (action.id, action.segment.map(|edge| segments::round(edge + by)))).collect();
            (drag.snapped, look) = (edge, Some(action.segment[0] + by));
        }
    }
    state.editing.drag = Some(drag);
    if let Some(at) = look {
        obey::go(state, at, effects);
    }
}

pub(super) fn end(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(drag) = state.editing.drag.take() else { return };
    match (&drag.grip, drag.new) {
        (Grip::New(label), Some(segment)) => {
            segments::make(state, segment, label, effects);
        }
        (Grip::Detection(..), Some(segment)) => correct::accept_dragged(state, segment, effects),
        _ => {}
    }
    let moved = |action: &Action| {
        let segment = *drag.moved.get(&action.id)?;
        segments::change(state, Some(action.clone()), Some(Action { segment, ..action.clone() }))
    };
    let changes: Vec<Change> = state.actions().iter().filter_map(moved).collect();
    let title = if matches!(drag.grip, Grip::Edge(..)) { "Resize" } else { "Move" };
    commit(state, title, changes, effects);
}

pub(super) fn cancel(state: &mut State) {
    state.editing.drag = None;
}
