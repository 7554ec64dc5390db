//! Marks in and out, and regions that nobody annotated.

use super::{commit, segments};
use crate::domain::{Failure, Segment, merged};
use crate::project::{Change, Head};
use crate::state::{Effect, State};

pub(super) fn mark_in(state: &mut State) {
    let at = state.playback.time.as_secs();
    state.editing.mark_in = Some(at);
    // An end before the beginning belongs to an earlier thought.
    state.editing.mark_out = state.editing.mark_out.filter(|out| *out > at);
}

pub(super) fn mark_out(state: &mut State) {
    let at = state.playback.time.as_secs();
    state.editing.mark_out = Some(at);
    state.editing.mark_in = state.editing.mark_in.filter(|start| *start < at);
}

/// The marks; an out that is not set is the playhead.
fn marked(state: &State) -> Option<Segment> {
    let start = state.editing.mark_in?;
    let end = state.editing.mark_out.unwrap_or(state.playback.time.as_secs());
    (start < end).then_some([start, end])
}

pub(super) fn make(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(segment) = marked(state) else {
        let [start, end, make] = ["mark.in", "mark.out", "mark.make"].map(|id| state.settings.keymap.named(id));
        let sentence =
            format!("Nothing is marked: press {start} where the action begins and {end} where it ends, then {make}.");
        state.notices.wrong(Failure::new(sentence));
        return;
    };
    let label = state.editing.class.clone().unwrap_or_else(|| "action".to_owned());
    if segments::make(state, segment, &label, effects) {
        (state.editing.mark_in, state.editing.mark_out) = (None, None);
    }
}

pub(super) fn not_annotated(state: &mut State, effects: &mut Vec<Effect>) {
    let selected = state.selected_actions().map(|action| action.segment);
    let extent = selected.reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]);
    let Some(region) = marked(state).or(extent).and_then(|segment| segments::inside(state, segment)) else {
        let [start, end, make] = ["mark.in", "mark.out", "mark.unknown"].map(|id| state.settings.keymap.named(id));
        let sentence = format!("Mark the region first: {start} where it begins, {end} where it ends, then {make}.");
        state.notices.wrong(Failure::new(sentence));
        return;
    };
    let made = change_head(state, "Not annotated", effects, |head| {
        head.not_annotated = merged(head.not_annotated.iter().copied().chain([region]).collect());
    });
    if made {
        (state.editing.mark_in, state.editing.mark_out) = (None, None);
    }
}

pub(super) fn clear_not_annotated(state: &mut State, effects: &mut Vec<Effect>) {
    let at = state.playback.time.as_secs();
    change_head(state, "Annotated after all", effects, |head| {
        head.not_annotated.retain(|region| at < region[0] || at > region[1]);
    });
}

fn change_head(state: &mut State, title: &str, effects: &mut Vec<Effect>, with: impl Fn(&mut Head)) -> bool {
    let Some(video) = state.selected().map(|entry| entry.id.clone()) else { return false };
    let changes = head_change(state, &video, with).into_iter().collect();
    commit(state, title, changes, effects)
}

/// The change of what is said of a video; one that the file does not know comes into it.
pub(super) fn head_change(state: &State, video: &str, with: impl Fn(&mut Head)) -> Option<Change> {
    let made = super::head_change(state, video, &[]);
    let known = state.editing.book.document.videos.get(video).map(|record| Box::new(record.head.clone()));
    let mut after = match made {
        Some(Change::Video { after: Some(head), .. }) => head,
        _ => known.clone()?,
    };
    with(&mut after);
    (known.as_deref() != Some(&after)).then_some(Change::Video { before: known, after: Some(after) })
}
