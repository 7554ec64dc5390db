//! From what is on the disk to the book: the annotation file, and what the journal has beyond it.

use std::path::{Path, PathBuf};

use super::journal::{self, Journal, NO_FILE, Said};
use super::{Disk, Store, backups};
use crate::project::{Book, Class, Document, ProjectError, changes_between, merge};

/// What was found when a project was opened, to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Entries of the journal that the annotation file did not have: the last window ended without saving.
    pub replayed: usize,
    /// Entries of the journal that cannot be read.
    pub lost: u64,
    /// Changes that another program made to the file since it was saved here and that are to be entered: whoever does tells.
    pub merged: usize,
    /// Where a journal was put that does not belong to this file.
    pub set_aside: Option<PathBuf>,
}

impl Opening {
    /// What a person must know of it; none when all is as it was left.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut all = Vec::new();
        let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        if self.replayed > 0 {
            let edits = plural(self.replayed, "edit");
            all.push(format!(
                "The last window ended without saving: {edits} came back from the journal, nothing is lost."
            ));
        }
        if self.lost > 0 {
            all.push(format!(
                "The journal is damaged: {} cannot be read; older versions are in .etad/backups.",
                plural(self.lost as usize, "edit")
            ));
        }
        if let Some(path) = &self.set_aside {
            all.push(format!(
                "The annotation file was replaced from outside: it is shown as it is, and what was edited here before is in {}.",
                path.display()
            ));
        }
        all
    }
}

impl Store {
    /// Reads the annotations of a project. Writes nothing, unless a journal must be set aside. `declared` are the classes of a
    /// project whose file does not list them itself.
    ///
    /// # Errors
    /// When the annotation file cannot be read or is not what it should be.
    pub fn open(
        mut disk: Box<dyn Disk>,
        root: &Path,
        file: &Path,
        declared: &[String],
        now: f64,
    ) -> Result<(Self, Opening), ProjectError> {
        let folder = root.join(Self::FOLDER);
        let read = |disk: &mut dyn Disk, path: &Path| match disk.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ProjectError::Read { path: path.to_owned(), source }),
        };
        let stamp = disk.stamp(file);
        let bytes = read(disk.as_mut(), file)?;
        let found = bytes.as_ref().map_or_else(|| NO_FILE.to_owned(), |bytes| journal::digest(bytes));
        let theirs = match &bytes {
            Some(bytes) => parse(bytes, file, declared)?,
            None => blank(declared),
        };
        let journal_bytes = read(disk.as_mut(), &folder.join(Self::JOURNAL))?;
        let mut journal = Journal::parse(journal_bytes.as_deref().unwrap_or_default());
        let mut opening = Opening { lost: journal.lost, ..Opening::default() };
        let mut outside = None;
        let (base, reach) = match journal.reach(&found) {
            Some(reach) => (theirs, reach),
            None if journal.lines.is_empty() => (theirs, 0),
            None => match last_saved(disk.as_mut(), &folder, file, declared, &journal) {
                Some((base, reach)) => {
                    if bytes.is_some() {
                        outside = Some(changes_between(&base, &theirs));
                    }
                    (base, reach)
                }
                None => {
                    let aside = folder.join(format!("{}-journal.jsonl", backups::name(now)));
                    let moved = disk.rename(&folder.join(Self::JOURNAL), &aside);
                    moved.map_err(|source| ProjectError::Write { path: aside.clone(), source })?;
                    opening.set_aside = Some(aside);
                    opening.lost = 0;
                    journal = Journal::default();
                    (theirs, 0)
                }
            },
        };
        let mut book = Book::new(base);
        let entries = journal.lines.iter().filter_map(|line| match &line.said {
            Said::Entry(entry) => Some((line.n, entry)),
            Said::Saved(_) => None,
        });
        for (n, entry) in entries {
            if n <= reach {
                book.note(entry);
            } else {
                book.take(entry);
                opening.replayed += 1;
            }
        }
        let mut store = Self::on(disk, [root, file], declared, book, &journal, (found, stamp));
        store.saved = reach;
        if let Some(changes) = outside {
            store.adopt();
            let merged = merge(changes.clone(), &store.book().document, store.book().next_id());
            opening.merged = merged.changes.len();
            store.outside = (!changes.is_empty()).then_some(changes);
        }
        Ok((store, opening))
    }
}

/// The copy of what was saved last, and how far it goes.
fn last_saved(
    disk: &mut dyn Disk,
    folder: &Path,
    file: &Path,
    declared: &[String],
    journal: &Journal,
) -> Option<(Document, u64)> {
    if let Ok(bytes) = disk.read(&folder.join(Store::LAST)) {
        let reach = journal.reach(&journal::digest(&bytes))?;
        return Some((parse(&bytes, file, declared).ok()?, reach));
    }
    // There was no file when the journal began.
    journal.reach(NO_FILE).map(|reach| (blank(declared), reach))
}

/// What there is before there is a file.
pub(super) fn blank(declared: &[String]) -> Document {
    Document { classes: declared.iter().map(Class::named).collect(), ..Document::default() }
}

pub(super) fn parse(bytes: &[u8], file: &Path, declared: &[String]) -> Result<Document, ProjectError> {
    let wrong = |message: String| ProjectError::Annotations { message };
    let text = std::str::from_utf8(bytes).map_err(|_| wrong(format!("{} is not text", file.display())))?;
    Document::parse(text, file, declared).map_err(|error| wrong(error.to_string()))
}
