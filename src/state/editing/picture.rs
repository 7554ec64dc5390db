//! What of a file's pictures is meant: the region, and the video stream.

use serde_json::json;

use super::{commit, marks};
use crate::domain::Crop;
use crate::state::{Effect, State};

/// Keeps the region of the open video's picture that is learnt from and searched; none, or all of it, for the whole picture.
pub(in crate::state) fn set_crop(state: &mut State, crop: Option<Crop>, effects: &mut Vec<Effect>) {
    let crop = crop.filter(|crop| !crop.is_whole());
    let title = if crop.is_some() { "Region of the picture" } else { "The whole picture" };
    set(state, title, "crop", crop.map(|crop| json!(crop)), effects);
}

/// Keeps which video stream of the open video's file is meant; none for the main one.
pub(super) fn set_stream(state: &mut State, stream: Option<usize>, effects: &mut Vec<Effect>) {
    set(state, "Video stream", "stream", stream.map(|stream| json!(stream)), effects);
}

fn set(state: &mut State, title: &str, key: &str, value: Option<serde_json::Value>, effects: &mut Vec<Effect>) {
    let Some(video) = state.selected().map(|entry| entry.id.clone()) else { return };
    let change = marks::head_change(state, &video, |head| match &value {
        Some(value) => drop(head.foreign.insert(key.to_owned(), value.clone())),
        None => drop(head.foreign.shift_remove(key)),
    });
    let now = |state: &State| {
        state.editing.book.document.videos.get(&video).and_then(|record| record.head.foreign.get(key).cloned())
    };
    // A video that the file does not know is not brought into it to say nothing.
    if now(state) != value {
        commit(state, title, change.into_iter().collect(), effects);
    }
}
