//! Keeping: entries into the journal, the document into the annotation file.

use std::path::{Path, PathBuf};

use super::journal::{self, Journal, Line, NO_FILE, Said};
use super::{Disk, Stamp, backups, opening, replace};
use crate::project::{Book, Change, Entry, ProjectError, changes_between};

/// The annotations of a project on a disk.
pub struct Store {
    disk: Box<dyn Disk>,
    root: PathBuf,
    file: PathBuf,
    declared: Vec<String>,
    book: Book,
    /// Number of the last entry that is kept.
    last: u64,
    /// Number of the last entry that the annotation file contains.
    pub(super) saved: u64,
    /// Whether a journal is there.
    begun: bool,
    /// Whether the last append was cut short.
    torn: bool,
    /// Digest of the annotation file as it may be replaced.
    known: String,
    stamp: Option<Stamp>,
    /// What another program did to the file since it was saved; to be merged first.
    pub(super) outside: Option<Vec<Change>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("root", &self.root).field("last", &self.last).finish_non_exhaustive()
    }
}

impl Store {
    /// Folder of what is ours, in the project's.
    pub const FOLDER: &'static str = ".etad";
    /// The journal, in [`Self::FOLDER`].
    pub const JOURNAL: &'static str = "journal.jsonl";
    /// Copy of the annotation file as it was saved last, in [`Self::FOLDER`].
    pub(super) const LAST: &'static str = "last.json";
    /// Title of what another program did.
    pub const OUTSIDE: &'static str = "Changes of another program";

    pub(super) fn on(
        disk: Box<dyn Disk>,
        [root, file]: [&Path; 2],
        declared: &[String],
        book: Book,
        journal: &Journal,
        (known, stamp): (String, Option<Stamp>),
    ) -> Self {
        Self {
            disk,
            root: root.to_owned(),
            file: file.to_owned(),
            declared: declared.to_vec(),
            book,
            last: journal.last,
            saved: 0,
            begun: !journal.lines.is_empty(),
            torn: journal.torn,
            known,
            stamp,
            outside: None,
        }
    }

    /// The document and its history.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Number of the last entry that is kept.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Whether the annotation file lacks something.
    #[must_use]
    pub fn is_ahead(&self) -> bool {
        self.last > self.saved
    }

    /// What another program did to the file since it was saved here, found at the opening.
    pub fn take_outside(&mut self) -> Option<Vec<Change>> {
        self.outside.take()
    }

    /// The file may be replaced as it is now: what is in it was taken over.
    pub(super) fn adopt(&mut self) {
        self.saved = self.saved.min(self.last.saturating_sub(1));
    }

    fn folder(&self) -> PathBuf {
        self.root.join(Self::FOLDER)
    }

    fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> ProjectError {
        let path = path.to_owned();
        move |source| ProjectError::Write { path, source }
    }

    /// The first line says on which file the journal stands.
    fn begin(&mut self, now: f64) -> Result<(), ProjectError> {
        let folder = self.folder();
        let path = folder.join(Self::JOURNAL);
        let fail = |error| Self::write_error(&path)(error);
        self.disk.make_folder(&folder).map_err(fail)?;
        self.disk.sync_folder(&self.root).map_err(fail)?;
        if self.known != NO_FILE {
            let bytes = self.disk.read(&self.file).map_err(fail)?;
            if journal::digest(&bytes) != self.known {
                return Err(ProjectError::ChangedOutside { path: self.file.clone() });
            }
            replace(self.disk.as_mut(), &folder.join(Self::LAST), &bytes).map_err(fail)?;
        }
        let line = Line { n: 0, time: now, said: Said::Saved(self.known.clone()) };
        self.write_lines(&[line])?;
        self.disk.sync_folder(&folder).map_err(|error| Self::write_error(&path)(error))?;
        self.begun = true;
        Ok(())
    }

    fn write_lines(&mut self, lines: &[Line]) -> Result<(), ProjectError> {
        let path = self.folder().join(Self::JOURNAL);
        let mut text = String::from(if self.torn { "\n" } else { "" });
        text.extend(lines.iter().map(journal::text));
        // Until it is known to be whole it may be half.
        self.torn = true;
        let written = self.disk.append(&path, text.as_bytes()).and_then(|()| self.disk.sync(&path));
        written.map_err(Self::write_error(&path))?;
        self.torn = false;
        Ok(())
    }

    /// Puts entries into the journal and onto the disk; when this returns they are kept, whatever happens.
    ///
    /// # Errors
    /// When the journal cannot be written. Nothing counts as kept then, and the same entries may be given again.
    pub fn append(&mut self, entries: &[(u64, Entry)], now: f64) -> Result<(), ProjectError> {
        if !self.begun {
            self.begin(now)?;
        }
        let fresh: Vec<&(u64, Entry)> = entries.iter().filter(|(n, _)| *n > self.last).collect();
        let line = |(n, entry): &&(u64, Entry)| Line { n: *n, time: now, said: Said::Entry(entry.clone()) };
        // A stick that was pulled out takes the journal's folder with it; a fresh one would lack all that was kept.
        if self.disk.stamp(&self.folder().join(Self::JOURNAL)).is_none() {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "the folder is gone");
            return Err(Self::write_error(&self.folder().join(Self::JOURNAL))(source));
        }
        if !fresh.is_empty() {
            self.write_lines(&fresh.iter().map(line).collect::<Vec<_>>())?;
        }
        for (n, entry) in fresh {
            self.book.take(entry);
            self.last = *n;
        }
        Ok(())
    }

    /// What another program did to the annotation file since it was last looked at, as changes of what was saved last; none when
    /// it did nothing. From then on the file may be replaced, so whoever asks must enter the changes.
    ///
    /// # Errors
    /// When the file cannot be read or is not an annotation file; it is never overwritten then.
    pub fn look_outside(&mut self) -> Result<Option<Vec<Change>>, ProjectError> {
        let stamp = self.disk.stamp(&self.file);
        if stamp.is_none() || stamp == self.stamp {
            return Ok(None);
        }
        let read = |source| ProjectError::Read { path: self.file.clone(), source };
        let bytes = self.disk.read(&self.file).map_err(read)?;
        let found = journal::digest(&bytes);
        if found == self.known {
            self.stamp = stamp;
            return Ok(None);
        }
        let theirs = opening::parse(&bytes, &self.file, &self.declared)?;
        let last = self.folder().join(Self::LAST);
        let base = match self.disk.read(&last) {
            Ok(bytes) => opening::parse(&bytes, &self.file, &self.declared)?,
            Err(_) if self.begun => opening::blank(&self.declared),
            // Nothing was ever edited here: what the book holds is what was read.
            Err(_) => self.book.document.clone(),
        };
        (self.known, self.stamp) = (found, stamp);
        self.adopt();
        Ok(Some(changes_between(&base, &theirs)))
    }

    /// Replaces the annotation file, if it lacks something. Ask [`Self::look_outside`] first.
    ///
    /// # Errors
    /// When something cannot be written, or the file was changed by another program since it was looked at.
    pub fn save(&mut self, now: f64) -> Result<(), ProjectError> {
        if !self.is_ahead() {
            return Ok(());
        }
        let folder = self.folder();
        let current = self.disk.read(&self.file).ok();
        let found = current.as_ref().map_or_else(|| NO_FILE.to_owned(), |bytes| journal::digest(bytes));
        if current.is_some() && found != self.known {
            return Err(ProjectError::ChangedOutside { path: self.file.clone() });
        }
        if let Some(current) = &current {
            let backups = folder.join("backups");
            backups::copy_if_due(self.disk.as_mut(), &backups, current, now).map_err(Self::write_error(&backups))?;
        }
        let text = self.book.document.to_text();
        let digest = journal::digest(text.as_bytes());
        // Before the file: one that is there without its line would be taken for somebody else's.
        self.write_lines(&[Line { n: self.last, time: now, said: Said::Saved(digest.clone()) }])?;
        let last = folder.join(Self::LAST);
        replace(self.disk.as_mut(), &last, text.as_bytes()).map_err(Self::write_error(&last))?;
        replace(self.disk.as_mut(), &self.file, text.as_bytes()).map_err(Self::write_error(&self.file))?;
        (self.known, self.stamp, self.saved) = (digest, self.disk.stamp(&self.file), self.last);
        Ok(())
    }
}
