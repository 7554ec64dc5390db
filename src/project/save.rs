//! Writes that either happen wholly or not at all.

use std::path::Path;

use super::ProjectError;
use super::store::{RealDisk, replace};

/// Replaces `path` by `bytes` so that a crash, a full disk or a power cut leaves either the old file or the new one.
///
/// # Errors
/// When the folder is missing or not writable, or the disk is full. The old file is untouched then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    replace(&mut RealDisk, path, bytes).map_err(|source| ProjectError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_file_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("annotations.json");
        write_atomically(&path, b"old").expect("first");
        write_atomically(&path, b"new").expect("second");
        assert_eq!(std::fs::read(&path).expect("there"), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_missing_folder_is_one_sentence() {
        let folder = tempfile::tempdir().expect("folder");
        let sentence = write_atomically(&folder.path().join("no/x.json"), b"").expect_err("no folder").to_string();
        assert!(sentence.contains("cannot write") && sentence.contains("x.json"), "{sentence}");
    }
}
