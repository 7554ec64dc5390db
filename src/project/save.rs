//! Writes that either happen wholly or not at all.

use std::io::Write as _;
use std::path::Path;

use super::ProjectError;

/// Replaces `path` by `bytes` so that a crash, a full disk or a power cut leaves either the old file or the new one: a
/// temporary file beside it, flushed to the disk, then renamed over it.
///
/// # Errors
/// When the folder is missing or not writable, or the disk is full. The old file is untouched then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    let fail = |source| ProjectError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".etad-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Temporary files are private by default; a saved file follows the umask like any other.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    // The rename itself reaches the disk with the folder; where folders cannot be opened (Windows) the system sees to it.
    #[cfg(unix)]
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)?;
    Ok(())
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
