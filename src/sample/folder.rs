//! The folder of a sample: its files are made aside and moved in when all are there, so that what is there is whole.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::SampleError;

/// Where files are made, inside the sample's folder so that moving them in is only renaming.
const ASIDE: &str = ".partial";

/// Folder of the videos.
pub(super) const VIDEOS: &str = "videos";

/// A sample in the making; nothing is left of it when it is dropped before [`Making::finish`].
pub(super) struct Making<'a> {
    folder: &'a Path,
    /// Where its files are made.
    pub(super) aside: PathBuf,
    /// Whether there was no folder before.
    new: bool,
}

impl<'a> Making<'a> {
    /// Begins in a folder that is absent, empty (but for what a killed one left), or to be written over.
    ///
    /// # Errors
    /// When the folder is none, is not empty and `force` is not given, or cannot be written.
    pub(super) fn begin(folder: &'a Path, force: bool) -> Result<Self, SampleError> {
        if folder.exists() && !folder.is_dir() {
            return Err(SampleError::NotAFolder(folder.to_owned()));
        }
        let new = !folder.exists();
        if !new && !force {
            let mut entries = folder.read_dir().map_err(failed(folder))?;
            if entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != ASIDE)) {
                return Err(SampleError::NotEmpty(folder.to_owned()));
            }
        }
        let aside = folder.join(ASIDE);
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(failed(&aside))?;
        }
        let making = Self { folder, aside, new };
        let videos = making.aside.join(VIDEOS);
        std::fs::create_dir_all(&videos).map_err(failed(&videos))?;
        Ok(making)
    }

    /// Moves `files`, named relative to the folder, to their places in this order. Videos of an earlier, larger sample go away.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn finish(self, files: &[String]) -> Result<(), SampleError> {
        let videos = self.folder.join(VIDEOS);
        std::fs::create_dir_all(&videos).map_err(failed(&videos))?;
        for old in old_videos(&videos, files).map_err(failed(&videos))? {
            std::fs::remove_file(&old).map_err(failed(&old))?;
        }
        for file in files {
            let place = self.folder.join(file);
            std::fs::rename(self.aside.join(file), &place).map_err(failed(&place))?;
        }
        Ok(())
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        // What cannot be removed is passed over by the next sample; a folder that is not empty stays by itself.
        let _ = std::fs::remove_dir_all(&self.aside);
        if self.new {
            let _ = std::fs::remove_dir(self.folder);
        }
    }
}

/// Videos named as a sample's that are not among `files`.
fn old_videos(videos: &Path, files: &[String]) -> io::Result<Vec<PathBuf>> {
    let mut old = Vec::new();
    for entry in videos.read_dir()? {
        let path = entry?.path();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let number = name.strip_prefix("sample_").and_then(|rest| rest.strip_suffix(".mp4"));
        let numbered = number.is_some_and(|number| number.chars().all(|digit| digit.is_ascii_digit()));
        if numbered && !files.contains(&format!("{VIDEOS}/{name}")) {
            old.push(path);
        }
    }
    Ok(old)
}

/// Names an I/O error's file or folder.
pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> SampleError {
    let path = path.to_owned();
    move |source| SampleError::Write { path, source }
}
