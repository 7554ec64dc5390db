//! What can go wrong with a video, as sentences a person can act on.

use std::path::{Path, PathBuf};

/// A failure to read or write a video. Every message names the file and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VideoError {
    /// The file is absent, unreadable, or of no known container.
    #[error("{} cannot be opened as a video ({reason}); check that the file is complete and is a video", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What FFmpeg or the system said.
        reason: String,
    },
    /// The container is fine but holds no video stream (an audio file, a cover picture alone).
    #[error("{} holds no video stream; choose a file with a picture", path.display())]
    NoVideoStream {
        /// The file.
        path: PathBuf,
    },
    /// A video stream beyond the last one.
    #[error("{} has no video stream {stream}: it has {streams}, counted from 0; ask for another", path.display())]
    NoSuchStream {
        /// The file.
        path: PathBuf,
        /// The number asked for.
        stream: usize,
        /// How many there are.
        streams: usize,
    },
    /// There is a video stream, and not one frame of it decodes.
    #[error("no frame of {} can be decoded ({reason}); convert it to H.264 or find an intact copy", path.display())]
    NothingDecodable {
        /// The file.
        path: PathBuf,
        /// Why, as far as is known.
        reason: String,
    },
    /// A frame number beyond the last frame.
    #[error("{} has no frame {frame}: its {frames} frames count from 0; ask for an earlier one", path.display())]
    NoSuchFrame {
        /// The file.
        path: PathBuf,
        /// The number asked for.
        frame: usize,
        /// How many there are.
        frames: usize,
    },
    /// A frame is listed in the index but the file gave it no longer.
    #[error("frame {frame} of {} could not be decoded again; the file may have changed, open it anew", path.display())]
    FrameLost {
        /// The file.
        path: PathBuf,
        /// The frame.
        frame: usize,
    },
    /// A picture could not be converted or resized.
    #[error("a picture of {} could not be converted ({reason}); convert the file to H.264, 8 bit", path.display())]
    Convert {
        /// The file.
        path: PathBuf,
        /// What FFmpeg said.
        reason: String,
    },
    /// Writing a file failed: disk full, no right to write, folder missing.
    #[error("{} cannot be written ({reason}); check the folder, the rights and the free space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// No encoder could be found or started, or it was given what it does not take.
    #[error("{} cannot be encoded ({reason})", path.display())]
    Encoder {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A thread could not be started.
    #[error("the decoder thread for {} cannot be started ({reason}); close other programs and try again", path.display())]
    Thread {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl VideoError {
    /// [`VideoError::CannotOpen`] with anything printable as the reason.
    pub(super) fn cannot_open(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::CannotOpen { path: path.to_path_buf(), reason: reason.to_string() }
    }

    /// [`VideoError::Write`] with anything printable as the reason.
    pub(super) fn write(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Write { path: path.to_path_buf(), reason: reason.to_string() }
    }

    /// [`VideoError::Encoder`] with anything printable as the reason.
    pub(super) fn encoder(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Encoder { path: path.to_path_buf(), reason: reason.to_string() }
    }

    /// [`VideoError::Convert`] with anything printable as the reason.
    pub(super) fn convert(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Convert { path: path.to_path_buf(), reason: reason.to_string() }
    }
}
