//! The writing end of a run folder.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::domain::{Event, Order, RunEvent};

use super::{
    RunError,
    control::ControlReader,
    file, io,
    lock::{Lock, is_alive, owner},
};

/// A run that this process writes.
#[derive(Debug)]
pub struct RunWriter {
    folder: PathBuf,
    events: File,
    control: ControlReader,
    _lock: Lock,
}

impl RunWriter {
    /// Whether [`RunWriter::open`] would refuse; nothing is written, so that it can be asked before anything is made ready.
    ///
    /// # Errors
    /// When the folder holds a run with a checkpoint and `resume` is not asked for; when it holds none and it is; when another
    /// process trains in it.
    pub fn may_open(folder: &Path, resume: bool) -> Result<(), RunError> {
        let folder = folder.to_owned();
        // Checkpoints are a run too, whatever became of its events.
        match (folder.join(file::EVENTS).exists() || has_checkpoint(&folder), resume) {
            (false, true) => Err(RunError::Nothing { folder }),
            (true, _) if stays_alive(&folder) => {
                let pid = owner(&folder).map_or(0, |owner| owner.pid);
                Err(RunError::Busy { folder, pid })
            }
            (true, false) if has_checkpoint(&folder) => Err(RunError::Exists { folder }),
            _ => Ok(()),
        }
    }

    /// Starts a run in `folder` (made if absent), or with `resume` goes on with the one that is there. A run that ended before its
    /// first checkpoint leaves its place to a new one; its events are kept as `events.1.jsonl`.
    ///
    /// # Errors
    /// As [`RunWriter::may_open`], and when the folder cannot be written.
    pub fn open(folder: &Path, config_toml: &str, resume: bool) -> Result<Self, RunError> {
        Self::may_open(folder, resume)?;
        for name in [file::CHECKPOINTS, file::PREDICTIONS] {
            let path = folder.join(name);
            std::fs::create_dir_all(&path).map_err(io("create", &path))?;
        }
        let lock = Lock::take(folder)?;
        let events_path = folder.join(file::EVENTS);
        if !resume && events_path.exists() {
            put_aside(folder, &events_path)?;
        }
        let config_path = folder.join(file::CONFIG);
        // Whole at any moment: who takes up a run whose process has just died reads it.
        let part = config_path.with_extension("part");
        let written = std::fs::write(&part, config_toml).and_then(|()| std::fs::rename(&part, &config_path));
        written.map_err(io("write", &config_path))?;
        let mut events = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&events_path)
            .map_err(io("write", &events_path))?;
        end_cut_line(&mut events).map_err(io("write", &events_path))?;
        Ok(Self { folder: folder.to_owned(), events, control: ControlReader::from_now(folder), _lock: lock })
    }

    /// Whether the events still go where a reader looks for them.
    ///
    /// # Errors
    /// When the folder or its events were deleted, moved or replaced.
    pub fn check(&self) -> Result<(), RunError> {
        let path = self.folder.join(file::EVENTS);
        let gone = || RunError::Gone { path: path.clone() };
        let there = std::fs::metadata(&path).map_err(|_| gone())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let open = self.events.metadata().map_err(io("read", &path))?;
            if (there.dev(), there.ino()) != (open.dev(), open.ino()) {
                return Err(gone());
            }
        }
        // Elsewhere an open file can be neither deleted nor replaced.
        #[cfg(not(unix))]
        let _ = there;
        Ok(())
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

/// Whether somebody writes a run and goes on doing so: a training whose supervisor was killed needs a moment to end.
fn stays_alive(folder: &Path) -> bool {
    (0..20).all(|look| {
        if look > 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
        is_alive(folder)
    })
}

/// Whether a run got as far as a checkpoint.
fn has_checkpoint(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder.join(file::CHECKPOINTS)).into_iter().flatten().flatten();
    files.into_iter().any(|entry| entry.path().extension().is_some_and(|extension| extension == "safetensors"))
}

/// Gives the events of a run that never came to a checkpoint the first free name.
fn put_aside(folder: &Path, events: &Path) -> Result<(), RunError> {
    let free = (1..).map(|number| folder.join(format!("events.{number}.jsonl"))).find(|path| !path.exists());
    let Some(free) = free else { return Ok(()) };
    std::fs::rename(events, &free).map_err(io("rename", events))
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
