//! Which process writes a run, and whether it still lives.
//!
//! The writer holds an operating-system lock on `lock` for as long as it lives, whatever kills it; the file's text says who it is.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    path::Path,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{RunError, file, io};

/// The process that wrote the lock last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Unix time in seconds at which it took the run.
    pub started: f64,
}

/// The right to write a run; given back when dropped or when the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the run for this process.
    ///
    /// # Errors
    /// When another living process has it, or the file cannot be written.
    pub fn take(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(file::LOCK);
        let mut lock = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(io("write", &path))?;
        // A reader that checks for life holds the lock for an instant; a writer holds it for good.
        let mut tries = 0;
        while let Err(error) = lock.try_lock() {
            match error {
                TryLockError::WouldBlock if tries < 20 => std::thread::sleep(Duration::from_millis(10)),
                TryLockError::WouldBlock => {
                    let pid = owner(folder).map_or(0, |owner| owner.pid);
                    return Err(RunError::Busy { folder: folder.to_owned(), pid });
                }
                TryLockError::Error(source) => return Err(io("lock", &path)(source)),
            }
            tries += 1;
        }
        let me = Owner { pid: std::process::id(), started: super::writer::unix_seconds() };
        let text = serde_json::to_string(&me).unwrap_or_default();
        lock.set_len(0).and_then(|()| lock.write_all(text.as_bytes())).map_err(io("write", &path))?;
        Ok(Self { _file: lock })
    }
}

/// Who wrote the lock last, living or dead.
#[must_use]
pub fn owner(folder: &Path) -> Option<Owner> {
    let mut text = String::new();
    File::open(folder.join(file::LOCK)).ok()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether a living process writes this run.
#[must_use]
pub fn is_alive(folder: &Path) -> bool {
    let Ok(lock) = File::open(folder.join(file::LOCK)) else { return false };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}
