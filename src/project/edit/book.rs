//! The document with everything that was done to it: undo and redo without limit.

use serde::{Deserialize, Serialize};

use super::{Change, Document, Edit};

/// What a person does to the document; the lines of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// An edit.
    Edit(Edit),
    /// Takes back the last edit that stands.
    Undo,
    /// Does the last edit again that was taken back.
    Redo,
}

/// The document and its history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// The annotations now.
    pub document: Document,
    /// Every edit that stands, and behind them those that were taken back.
    edits: Vec<Edit>,
    /// How many stand.
    standing: usize,
    /// The next id of an action.
    next: u64,
}

impl Book {
    /// A document that nothing was done to.
    #[must_use]
    pub fn new(document: Document) -> Self {
        let next = document.all_actions().map(|(_, action)| action.id + 1).max().unwrap_or(1);
        Self { document, edits: Vec::new(), standing: 0, next }
    }

    /// Does an entry; returns the changes that were made, none when there was nothing to take back or do again.
    pub fn take(&mut self, entry: &Entry) -> Vec<Change> {
        let edit = self.note(entry);
        for change in edit.iter().flat_map(|edit| &edit.changes) {
            self.document.apply(change);
        }
        edit.map_or_else(Vec::new, |edit| edit.changes)
    }

    /// Enters in the history what the document already contains; returns the edit that it amounts to.
    pub fn note(&mut self, entry: &Entry) -> Option<Edit> {
        match entry {
            Entry::Edit(edit) => {
                self.edits.truncate(self.standing);
                self.edits.push(edit.clone());
                self.standing = self.edits.len();
                let ids = edit.changes.iter().filter_map(Change::action);
                self.next = ids.map(|id| id + 1).fold(self.next, u64::max);
                Some(edit.clone())
            }
            Entry::Undo => {
                self.standing = self.standing.checked_sub(1)?;
                self.edits.get(self.standing).map(Edit::inverse)
            }
            Entry::Redo => {
                let edit = self.edits.get(self.standing).cloned()?;
                self.standing += 1;
                Some(edit)
            }
        }
    }

    /// What Undo would take back.
    #[must_use]
    pub fn undoable(&self) -> Option<&Edit> {
        self.standing.checked_sub(1).and_then(|last| self.edits.get(last))
    }

    /// What Redo would do again.
    #[must_use]
    pub fn redoable(&self) -> Option<&Edit> {
        self.edits.get(self.standing)
    }

    /// An id that no action has or had.
    #[must_use]
    pub fn next_id(&self) -> u64 {
        self.next
    }

    /// The same history on another document.
    #[must_use]
    pub fn on(self, document: Document) -> Self {
        let next = document.all_actions().map(|(_, action)| action.id + 1).fold(self.next, u64::max);
        Self { document, next, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Action;
    use super::*;

    fn added(id: u64) -> Entry {
        let after = Some(Action { id, segment: [id as f64, id as f64 + 1.0], ..Action::default() });
        let changes = vec![Change::Action { video: "v".to_owned(), before: None, after }];
        Entry::Edit(Edit { title: "Add".to_owned(), changes })
    }

    #[test]
    fn undo_and_redo_go_all_the_way_and_an_edit_ends_redo() {
        let mut book = Book::default();
        (1..=3).for_each(|id| drop(book.take(&added(id))));
        let full = book.document.clone();
        (0..3).for_each(|_| assert!(!book.take(&Entry::Undo).is_empty()));
        assert!(book.take(&Entry::Undo).is_empty() && book.document.actions("v").is_empty());
        (0..3).for_each(|_| drop(book.take(&Entry::Redo)));
        assert_eq!(book.document, full);
        book.take(&Entry::Undo);
        assert_eq!(book.next_id(), 4);
        book.take(&added(9));
        assert!(book.redoable().is_none());
        assert_eq!(book.document.actions("v").iter().map(|action| action.id).collect::<Vec<_>>(), [1, 2, 9]);
    }
}
