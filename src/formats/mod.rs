//! Files to domain and back: ActivityNet, THUMOS, features, external classifiers.
//!
//! What comes from outside can be wrong: every reader answers with the file, the place in it and what to do, and none panics.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::Dataset;

pub mod activitynet;
pub mod block_list;
pub mod class_map;
pub mod classifier;
pub mod exchange;
pub mod features;
mod half;
mod json;
pub mod resized;
pub mod results;
pub mod snippets;
pub mod thumos;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file system said no.
    #[error("{} cannot be read ({source}); check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file system said no.
    #[error("{} cannot be written ({source}); check that the folder exists and has space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not JSON at all: cut off, a stray comma, a NaN.
    #[error("{} is not valid JSON at line {line}, column {column}: {problem}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line from 1.
        line: usize,
        /// Column from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Readable, but not what the format says.
    #[error("{}: {place} {problem}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where in the file, in words.
        place: String,
        /// What is wrong there and what is expected.
        problem: String,
    },
    /// A value that is no number would be written.
    #[error("{}: a time or score of video '{video}' is not a finite number and was not written", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The video.
        video: String,
    },
}

impl FormatError {
    fn shape(path: &Path, place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Shape { path: path.to_owned(), place: place.into(), problem: problem.into() }
    }
}

/// Reads a ground truth to compare with: an annotation file in the ActivityNet schema, or a folder of THUMOS text files.
///
/// # Errors
/// As [`activitynet::read`] and [`thumos::read_truth`].
pub fn read_truth(path: &Path) -> Result<Dataset, FormatError> {
    if path.is_dir() { thumos::read_truth(path) } else { activitynet::read(path) }
}

fn read_text(path: &Path) -> Result<String, FormatError> {
    std::fs::read_to_string(path).map_err(|source| FormatError::Read { path: path.to_owned(), source })
}

fn write_text(path: &Path, text: &str) -> Result<(), FormatError> {
    std::fs::write(path, text).map_err(|source| FormatError::Write { path: path.to_owned(), source })
}
