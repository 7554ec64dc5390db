//! Which of a file's video streams is shown: the one that the project says.

use super::{Effect, Entry, State, Thumbnail, react};
use crate::domain::Footage;
use crate::project::Record;

impl State {
    /// Which of a video's streams is meant; none: the main one.
    #[must_use]
    pub fn stream_of(&self, video: &str) -> Option<usize> {
        self.editing.book.document.videos.get(video).and_then(Record::stream)
    }

    /// The pictures of a video of the library.
    #[must_use]
    pub fn footage(&self, entry: &Entry) -> Footage {
        Footage::of(&entry.path, self.stream_of(&entry.id))
    }
}

/// Opens the video again at the same time when another of its streams is meant than the one that is shown: somebody chose it, or took that back.
pub(super) fn keep_current(state: &mut State, effects: &mut Vec<Effect>) {
    let Some((index, entry)) = state.playback.video.zip(state.selected()) else { return };
    if state.stream_of(&entry.id) == state.playback.stream {
        return;
    }
    let time = state.playback.time;
    if let Some(entry) = state.library.entries.get_mut(index) {
        // What was wrong was wrong with another stream.
        (entry.problem, entry.thumbnail) = (None, Thumbnail::Waiting);
    }
    react::select(state, index, effects);
    state.playback.time = time;
    // Its length and its small picture are others; what else is still to be looked at is asked for again, as this ends that.
    let unseen = |(_, entry): &(usize, &Entry)| entry.thumbnail == Thumbnail::Waiting;
    let files = state.library.entries.iter().enumerate().filter(unseen);
    let files = files.map(|(index, entry)| (index, state.footage(entry))).collect();
    effects.push(Effect::Look { generation: state.library.generation, files });
}
