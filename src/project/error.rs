//! What can go wrong with a project folder, as sentences.

use std::path::PathBuf;

/// Why a project cannot be opened or saved.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Nothing is there.
    #[error("{} does not exist; choose another folder or file", path.display())]
    Missing {
        /// What was asked for.
        path: PathBuf,
    },
    /// A folder without videos.
    #[error("{} holds no video files; choose a folder with videos such as .mp4, .mkv, .mov, .avi or .webm", path.display())]
    NoVideos {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// File or folder.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// `project.toml` is not as it should be.
    #[error("{} is not a project file: {message}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// The annotation file is not as it should be.
    #[error("cannot use the annotations of this project: {message}")]
    Annotations {
        /// What is wrong, with the file's name.
        message: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}; check that the folder exists, is writable and has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// Somebody else wrote the annotation file in this very moment.
    #[error("{} was changed by another program just now; it is read again first", path.display())]
    ChangedOutside {
        /// The file.
        path: PathBuf,
    },
}
