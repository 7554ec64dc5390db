//! Closing the window, or opening something else, while edits are not on the disk: nobody loses them without having been asked.

use std::path::PathBuf;

use crate::state::{Effect, State};

/// Where a person wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Away {
    /// Close the window.
    Close,
    /// Open this.
    Open(Vec<PathBuf>),
}

/// A person wants to leave edits that are not on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Where to.
    pub away: Away,
}

impl State {
    /// Whether nothing would be lost if the window closed now, or a person said that it may.
    #[must_use]
    pub fn may_leave(&self) -> bool {
        self.editing.is_kept() || self.editing.may_be_lost
    }
}

/// Leaves if nothing is lost by it, else begins to ask; what is written meanwhile leads on by itself.
pub(in crate::state) fn ask(state: &mut State, away: Away, effects: &mut Vec<Effect>) {
    if state.may_leave() {
        go(state, away, effects);
    } else {
        state.editing.leaving = Some(Leaving { away });
    }
}

/// Everything is on the disk now: on to where the person wanted to go.
pub(in crate::state) fn kept(state: &mut State, effects: &mut Vec<Effect>) {
    if state.editing.is_kept() {
        state.editing.elsewhere = None;
    }
    if state.editing.is_kept()
        && let Some(leaving) = state.editing.leaving.take()
    {
        go(state, leaving.away, effects);
    }
}

/// The person leaves all the same.
pub(super) fn anyway(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(leaving) = state.editing.leaving.take() {
        state.editing.may_be_lost = true;
        go(state, leaving.away, effects);
    }
}

/// Saves everything as it is now where a person said, away from the disk that fails.
pub(in crate::state) fn save_elsewhere(state: &State, path: PathBuf, effects: &mut Vec<Effect>) {
    let document = Box::new(state.editing.book.document.clone());
    effects.push(Effect::SaveElsewhere { path, last: state.editing.last, document });
}

/// It is there, with every edit up to `last`.
pub(in crate::state) fn saved_elsewhere(state: &mut State, path: PathBuf, last: u64) {
    let place = path.display();
    let sentence = format!(
        "All annotations are in {place}. Editing goes on in this project, whose own disk is tried again; should it never come \
         back, Import brings that file into another one."
    );
    state.notices.told(sentence);
    state.editing.elsewhere = Some((path, last)).filter(|_| !state.editing.is_kept());
}

fn go(state: &mut State, away: Away, effects: &mut Vec<Effect>) {
    match away {
        Away::Close => effects.push(Effect::Close),
        Away::Open(paths) => {
            state.opening = true;
            effects.push(Effect::Open(paths));
        }
    }
}
