//! The reading end of a run folder: follows `events.jsonl` while another process writes it.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use crate::domain::RunEvent;

use super::{RunError, file, io};

/// Follows the events of one run.
#[derive(Debug)]
pub struct RunReader {
    folder: PathBuf,
    read: u64,
    rest: Vec<u8>,
}

impl RunReader {
    /// Follows the run in `folder` from its first event on; the folder may not exist yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), read: 0, rest: Vec::new() }
    }

    /// The run folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Events written since the last call. A line that is not complete yet waits; one that this version does not know is skipped.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn poll(&mut self) -> Result<Vec<RunEvent>, RunError> {
        let path = self.folder.join(file::EVENTS);
        let mut events = match File::open(&path) {
            Ok(events) => events,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("read", &path)(error)),
        };
        events.seek(SeekFrom::Start(self.read)).map_err(io("read", &path))?;
        self.read += events.read_to_end(&mut self.rest).map_err(io("read", &path))? as u64;
        let complete = self.rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.rest.drain(..complete).collect();
        Ok(lines.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }
}

/// The run folders inside `folder`, newest first by their last event.
#[must_use]
pub fn runs_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut runs: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let written = std::fs::metadata(entry.path().join(file::EVENTS)).and_then(|meta| meta.modified()).ok()?;
            Some((written, entry.path()))
        })
        .collect();
    runs.sort_by(|a, b| b.cmp(a));
    runs.into_iter().map(|(_, path)| path).collect()
}
