//! Lanes and table made anew from what is open and shown, or, when only a slider moved, shown from another score on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::detecting::RowsOf;
use super::editing;
use super::{Row, State, inspect, lanes};
use crate::project::Change;

/// Brings lanes and table in step with the open video, the shown predictions and the least score.
pub(super) fn refresh(state: &mut State) {
    editing::list(state);
    relane(state);
    table(state);
    state.inspect.stale = true;
    inspect::recount(state);
}

/// As [`refresh`] after an edit: only the lanes that it touches are laid out anew, where it can have changed no other.
pub(super) fn refresh_after(state: &mut State, made: &[Change]) {
    editing::list(state);
    match touched(state, made) {
        Some(lanes) => {
            let entry = state.playback.video.and_then(|index| state.library.entries.get(index));
            let truth = entry.map_or(&[][..], |entry| state.editing.book.document.actions(&entry.id));
            lanes.into_iter().for_each(|lane| state.lanes[lane].annotate(truth));
        }
        None => relane(state),
    }
    table(state);
    state.inspect.stale = true;
    inspect::recount(state);
}

/// The lanes that an edit touches; none where others may have changed too: where classes come or go, where lanes are not those of
/// classes, and where the places of other actions among those of the video are not what they were.
fn touched(state: &State, made: &[Change]) -> Option<BTreeSet<usize>> {
    let classes = state.project.as_ref()?.classes.names();
    if state.settings.lanes != lanes::LaneMode::ByClass || classes.len() > lanes::MOST_EMPTY {
        return None;
    }
    let open = &state.selected()?.id;
    let actions = state.editing.book.document.actions(open);
    let came = |change: &&Change| matches!(change, Change::Action { before: None, video, .. } if video == open);
    let old = actions.len().checked_sub(made.iter().filter(came).count())?;
    let mut labels = BTreeSet::new();
    for change in made {
        match change {
            Change::Action { video, .. } if video != open => {}
            Change::Action { before, after, .. } => {
                match (before, after) {
                    (None, Some(new)) if old > 0 && actions[old - 1].id >= new.id => return None,
                    (Some(gone), None) if actions.last().is_some_and(|last| last.id > gone.id) => return None,
                    _ => {}
                }
                labels.extend(before.iter().chain(after).map(|action| action.label.as_str()));
            }
            Change::Video { .. } => {}
            Change::Classes { .. } | Change::Subjects { .. } => return None,
        }
    }
    let lane_of = |label: &str| state.lanes.iter().position(|lane| lane.class.as_deref() == Some(label));
    labels.into_iter().map(|label| classes.iter().any(|name| name == label).then(|| lane_of(label)).flatten()).collect()
}

/// Shows detections from another score on: no list of annotations and no question depends on it.
pub(super) fn rescore(state: &mut State, least: f64) {
    state.detecting.min_score = least.clamp(0.0, 1.0);
    relane(state);
    table(state);
    inspect::recount(state);
}

fn relane(state: &mut State) {
    let least = state.detecting.min_score;
    state.lanes = state.selected().map_or_else(Vec::new, |entry| {
        let source = lanes::Source {
            truth: state.editing.book.document.actions(&entry.id),
            predictions: state.predictions.of(&entry.id),
            least,
            classes: state.project.as_ref().map_or(&[], |project| project.classes.names()),
            active: state.editing.class.as_deref(),
        };
        let mut all = lanes::lanes(state.settings.lanes, &source, |label| state.colour(label));
        if let Some(set) = state.predictions.beside.as_ref().and_then(|origin| state.predictions.set(origin)) {
            let predictions = set.detections.of(&entry.id);
            let source = lanes::Source { truth: &[], predictions, classes: &[], ..source };
            let beside = lanes::lanes(lanes::LaneMode::BySource, &source, |label| state.colour(label));
            let beside = beside.into_iter().filter(|lane| !lane.predictions.is_empty());
            all.extend(beside.map(|lane| super::Lane { name: set.origin.name(), ..lane }));
        }
        all
    });
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
