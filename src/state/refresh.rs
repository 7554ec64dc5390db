//! Lanes and table made anew from what is open and shown, or, when only a slider moved, shown from another score on.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::detecting::RowsOf;
use super::editing::{self, Grip};
use super::{Origin, Row, State, inspect, lanes};

/// Brings lanes and table in step with the open video, the shown predictions and the least score.
pub(super) fn refresh(state: &mut State) {
    editing::list(state);
    rank(state);
    state.lanes = state.selected().map_or_else(Vec::new, |entry| {
        let none = BTreeMap::new();
        let drag = state.editing.drag.as_ref();
        let made: Vec<_> = drag
            .and_then(|drag| match &drag.grip {
                Grip::New(label) => drag.new.map(|segment| (segment, label.clone())),
                _ => None,
            })
            .into_iter()
            .collect();
        let source = lanes::Source {
            truth: state.editing.book.document.actions(&entry.id),
            moved: drag.map_or(&none, |drag| &drag.moved),
            made: &made,
            classes: state.project.as_ref().map_or(&[], |project| project.classes.names()),
            active: state.editing.class.as_deref(),
        };
        let least = state.detecting.min_score;
        lanes::lanes(state.settings.lanes, &source, &state.ranked, least, |label| state.colour(label))
    });
    beside(state);
    table(state);
    state.inspect.stale = true;
    inspect::recount(state);
}

/// Shows detections from another score on: no truth, no question and no place of a bar depends on it.
pub(super) fn rescore(state: &mut State, least: f64) {
    state.detecting.min_score = least.clamp(0.0, 1.0);
    lanes::show_from(&mut state.lanes, state.settings.lanes, &state.ranked, state.detecting.min_score);
    beside(state);
    table(state);
    inspect::recount(state);
}

/// Detections of the open video as bars.
fn rank(state: &mut State) {
    let (mut ranked, mut beside) = (std::mem::take(&mut state.ranked), std::mem::take(&mut state.ranked_beside));
    let shown = state.predictions.current();
    let other = state.predictions.beside.as_ref().and_then(|origin| state.predictions.set(origin));
    let classes = state.project.as_ref().map_or(&[] as &[String], |project| project.classes.names());
    let colour = |label: &str| state.colour(label);
    match (state.selected(), shown) {
        (Some(entry), Some(set)) => {
            ranked.keep(state.settings.lanes, &set.detections, &entry.id, classes, colour);
        }
        _ => ranked.clear(),
    }
    match (state.selected(), other) {
        (Some(entry), Some(set)) => {
            beside.keep(lanes::LaneMode::BySource, &set.detections, &entry.id, classes, colour);
        }
        _ => beside.clear(),
    }
    (state.ranked, state.ranked_beside) = (ranked, beside);
}

/// The other set in a lane of its own, below.
fn beside(state: &mut State) {
    let name = state.predictions.beside.as_ref().map_or_else(String::new, Origin::name);
    let lanes = state.ranked_beside.beside(&name, state.detecting.min_score);
    state.lanes.extend(lanes);
}

/// Share of the least score down to which rows are made ready, so that a slider that goes down rarely makes them anew.
const READY: f64 = 0.5;

fn table(state: &mut State) {
    let least = state.detecting.min_score;
    let classes = state.project.as_ref().map_or(&[] as &[String], |project| project.classes.names());
    let now = RowsOf {
        detections: state.predictions.current().map(|set| set.detections.clone()),
        only: state.selected().map(|entry| entry.id.clone()).filter(|_| !state.detecting.all_videos),
        classes: classes.to_vec(),
        from: READY * least,
    };
    let same = |before: &RowsOf| {
        let same_set = match (&before.detections, &now.detections) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        same_set && before.only == now.only && before.classes == now.classes && before.from <= least
    };
    if !state.detecting.rows_of.as_ref().is_some_and(same) {
        let rows = rows(state, &now);
        if rows != state.detecting.rows {
            state.detecting.rows = rows;
            state.detecting.selected = None;
        }
        state.detecting.rows_of = Some(now);
    }
    let detecting = &mut state.detecting;
    detecting.listed = detecting.rows.partition_point(|row| row.score >= least);
    detecting.selected = detecting.selected.filter(|index| *index < detecting.listed);
}

/// Detections of one video or of all, best first.
fn rows(state: &State, of: &RowsOf) -> Vec<Row> {
    let mut names: HashMap<&str, (Arc<str>, usize)> = HashMap::new();
    let mut rows = Vec::new();
    for (video, found) in of.detections.as_ref().map_or(&[][..], |found| &found.videos) {
        if !state.detecting.all_videos && of.only.as_ref() != Some(video) {
            continue;
        }
        let video: Arc<str> = video.as_str().into();
        rows.extend(found.iter().filter(|found| found.score >= of.from).map(|found| {
            let (label, colour) =
                names.entry(&found.label).or_insert_with(|| (found.label.as_str().into(), state.colour(&found.label)));
            let (label, colour) = (label.clone(), *colour);
            let [start, end] = found.segment;
            Row { video: video.clone(), label, colour, start, end, score: found.score }
        }));
    }
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    rows
}
