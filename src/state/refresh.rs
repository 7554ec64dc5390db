//! Lanes and table made anew from what is open and shown.

use super::editing;
use super::{Row, State, inspect, lanes};

/// Brings lanes and table in step with the open video, the shown predictions and the least score.
pub(super) fn refresh(state: &mut State) {
    let least = state.detecting.min_score;
    editing::list(state);
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
    let open = state.selected().map(|entry| entry.id.clone());
    let all = state.detecting.all_videos;
    let mut rows = Vec::new();
    for (video, found) in state.predictions.current().map_or(&[][..], |set| &set.detections.videos) {
        if !all && Some(video) != open.as_ref() {
            continue;
        }
        rows.extend(found.iter().filter(|found| found.score >= least).map(|found| Row {
            video: video.clone(),
            label: found.label.clone(),
            colour: state.colour(&found.label),
            start: found.segment[0],
            end: found.segment[1],
            score: found.score,
        }));
    }
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    if rows != state.detecting.rows {
        state.detecting.rows = rows;
        state.detecting.selected = None;
    }
    state.inspect.stale = true;
    inspect::recount(state);
}
