//! What another program did to the annotation file: merged at once, and asked about where both changed the same thing.

use super::commit;
use crate::project::{Change, Conflict, Store, merge};
use crate::state::{Effect, State};

/// Whose version stands where both changed the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// Mine, and the other beside it as a draft: as it is until somebody answers.
    Both,
    /// Mine alone.
    Mine,
    /// The other program's alone.
    Theirs,
}

/// Takes over what another program did, as an edit of its own. Until a person answers, both versions of what both changed are
/// there, and in the journal.
pub(in crate::state) fn outside(state: &mut State, changes: Vec<Change>, effects: &mut Vec<Effect>) {
    let book = &state.editing.book;
    let merged = merge(changes, &book.document, book.next_id());
    let count = merged.changes.len();
    let before = state.editing.conflicts.len();
    state.editing.conflicts.extend(merged.conflicts);
    if commit(state, Store::OUTSIDE, merged.changes, effects) {
        let noun = if count == 1 { "change" } else { "changes" };
        let undo = state.settings.keymap.hint("undo");
        state.notices.done(format!(
            "Another program changed the annotation file: {count} {noun} merged. Undo{undo} takes them back."
        ));
    } else if count > 0 {
        // Nothing came, so there is nothing to choose from.
        state.editing.conflicts.truncate(before);
    }
}

/// A person answered, for all that was asked.
pub(super) fn settle(state: &mut State, how: Settle, effects: &mut Vec<Effect>) {
    let conflicts = std::mem::take(&mut state.editing.conflicts);
    let pick = |conflict: Conflict| match how {
        Settle::Both => Vec::new(),
        Settle::Mine => conflict.mine,
        Settle::Theirs => conflict.theirs,
    };
    let document = &state.editing.book.document;
    let wanted = conflicts.into_iter().flat_map(pick);
    // Something may have been done since the question was put.
    let changes: Vec<Change> = wanted.filter_map(|change| document.as_of_now(change)).collect();
    let title = if how == Settle::Mine { "Keep my version" } else { "Take the other version" };
    commit(state, title, changes, effects);
}
