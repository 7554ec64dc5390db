//! The run folder: a writer for the process that trains, and a reader for whoever watches. A public format (`docs/run-folder.md`).

mod control;
mod digest;
mod history;
mod lock;
mod reader;
mod writer;

pub use control::send;
pub use digest::{Digest, Ended, differences, digest};
pub use history::History;
pub use lock::{Lock, Owner, is_alive, owner};
pub use reader::{RunReader, runs_in};
pub use writer::RunWriter;

use std::path::{Path, PathBuf};

/// File of the run folder with all that the training said.
pub const LOG: &str = "log.txt";

/// Why a run folder cannot be used; each is one sentence for a person.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file of the run cannot be read or written.
    #[error("cannot {action} {path}: {source}; check that the folder exists, is writable and has space")]
    Io {
        /// "write", "read", "create" …
        action: &'static str,
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// Another process writes to this run.
    #[error("process {pid} is training in {folder}; stop it or choose another folder with --run")]
    Busy {
        /// Run folder.
        folder: PathBuf,
        /// Process that holds the lock.
        pid: u32,
    },
    /// The folder has a run already and nobody said that it should go on.
    #[error("{folder} holds a run already; add --resume to continue it, or choose another folder with --run")]
    Exists {
        /// Run folder.
        folder: PathBuf,
    },
    /// What the run writes to is not there any more.
    #[error(
        "{path} was deleted, moved or replaced while the training wrote to it, so that nothing more can be saved; it has stopped, start it anew"
    )]
    Gone {
        /// File of the events.
        path: PathBuf,
    },
    /// There is nothing to resume.
    #[error("{folder} holds no run to resume; leave --resume out to start one")]
    Nothing {
        /// Run folder.
        folder: PathBuf,
    },
}

/// Names an I/O error's action and file.
pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::Io { action, path, source }
}

/// Files of a run folder.
pub(crate) mod file {
    pub(crate) const CONFIG: &str = "config.toml";
    pub(crate) const EVENTS: &str = "events.jsonl";
    pub(crate) const CONTROL: &str = "control";
    pub(crate) const LOCK: &str = "lock";
    pub(crate) const PREDICTIONS: &str = "predictions";
    pub(crate) const CHECKPOINTS: &str = "checkpoints";
}
