//! Which pictures are meant: a file, and one of the video streams in it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A file and one of its video streams. Whatever names a path names its main stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Footage {
    /// The file.
    pub path: PathBuf,
    /// Number of the stream among the file's video streams, from 0, covers not counted; none: the main one.
    pub stream: Option<usize>,
}

impl<P: AsRef<Path>> From<P> for Footage {
    fn from(path: P) -> Self {
        Self::of(path, None)
    }
}

impl Footage {
    /// A stream of a file.
    #[must_use]
    pub fn of(path: impl AsRef<Path>, stream: Option<usize>) -> Self {
        Self { path: path.as_ref().to_path_buf(), stream }
    }
}

/// A video stream as the file's header describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamInfo {
    /// FFmpeg's name of the codec: "h264", "vp9" …
    pub codec: String,
    /// Width in pixels as stored.
    pub width: u32,
    /// Height in pixels as stored.
    pub height: u32,
    /// What the file calls it; empty where it has no name.
    pub title: String,
}

impl std::fmt::Display for StreamInfo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { codec, width, height, title } = self;
        write!(out, "{codec}, {width} x {height}")?;
        if title.is_empty() { Ok(()) } else { write!(out, ", \"{title}\"") }
    }
}
