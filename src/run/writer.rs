//! The writing end of a run folder.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::domain::{Event, Order, RunEvent};

use super::{RunError, control::ControlReader, file, io, lock::Lock};

/// A run that this process writes.
#[derive(Debug)]
pub struct RunWriter {
    folder: PathBuf,
    events: File,
    control: ControlReader,
    _lock: Lock,
}

impl RunWriter {
    /// Starts a run in `folder` (made if absent), or with `resume` goes on with the one that is there.
    ///
    /// # Errors
    /// When the folder holds a run and `resume` is not asked for, or the reverse; when another process trains in it; when it
    /// cannot be written.
    pub fn open(folder: &Path, config_toml: &str, resume: bool) -> Result<Self, RunError> {
        let events_path = folder.join(file::EVENTS);
        match (events_path.exists(), resume) {
            (true, false) => return Err(RunError::Exists { folder: folder.to_owned() }),
            (false, true) => return Err(RunError::Nothing { folder: folder.to_owned() }),
            _ => {}
        }
        for name in [file::CHECKPOINTS, file::PREDICTIONS] {
            let path = folder.join(name);
            std::fs::create_dir_all(&path).map_err(io("create", &path))?;
        }
        let lock = Lock::take(folder)?;
        let config_path = folder.join(file::CONFIG);
        std::fs::write(&config_path, config_toml).map_err(io("write", &config_path))?;
        let mut events = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&events_path)
            .map_err(io("write", &events_path))?;
        end_cut_line(&mut events).map_err(io("write", &events_path))?;
        Ok(Self { folder: folder.to_owned(), events, control: ControlReader::from_now(folder), _lock: lock })
    }

    /// The run folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends one event; it is with the operating system when this returns.
    ///
    /// # Errors
    /// When the file cannot be written (full disk, folder gone).
    pub fn event(&mut self, event: Event) -> Result<(), RunError> {
        let path = self.folder.join(file::EVENTS);
        let line = serde_json::to_string(&RunEvent { time: unix_seconds(), event })
            .map_err(|error| io("write", &path)(error.into()))?;
        self.events.write_all(format!("{line}\n").as_bytes()).map_err(io("write", &path))
    }

    /// Where the detections of an epoch (from 0) belong, relative to the run folder.
    #[must_use]
    pub fn predictions_file(epoch: usize) -> String {
        format!("{}/epoch_{epoch:03}.json", file::PREDICTIONS)
    }

    /// Orders given since the last call.
    pub fn orders(&mut self) -> Vec<Order> {
        self.control.poll()
    }
}

/// Ends a last line that a killed process left without its newline, so that the next event stands on its own.
fn end_cut_line(events: &mut File) -> std::io::Result<()> {
    let mut last = [b'\n'];
    if events.seek(SeekFrom::End(0))? > 0 {
        events.seek(SeekFrom::End(-1))?;
        events.read_exact(&mut last)?;
    }
    if last == [b'\n'] { Ok(()) } else { events.write_all(b"\n") }
}

/// Unix time in seconds.
pub(crate) fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}
