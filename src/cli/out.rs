//! The file of `--out`: checked before the work, written after it.

use std::{fs::OpenOptions, path::Path};

use anyhow::Context as _;

use super::exit::{Outcome, bad_input};
use crate::{domain::Detections, formats};

/// Refuses a place that cannot be written, before minutes of work go into what belongs there. Leaves no trace.
pub(super) fn check(path: &Path) -> Outcome {
    let refused = |reason: &dyn std::fmt::Display| {
        Err(bad_input(format!("cannot write {}: {reason}; name another file with --out", path.display())))
    };
    if path.is_dir() {
        return refused(&"it is a folder");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return refused(&format!("there is no folder {}", folder.display()));
    }
    let tried = if path.is_file() {
        OpenOptions::new().append(true).open(path).map(|_| ())
    } else if path.exists() {
        Ok(()) // a device or a pipe: to open one may already mean something
    } else {
        tempfile::tempfile_in(folder).map(|_| ())
    };
    tried.or_else(|error| refused(&error))
}

/// Writes detections in the format of the file's extension.
pub(super) fn write_detections(path: &Path, detections: &Detections) -> Outcome {
    let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let write = if csv { formats::results::write_csv } else { formats::results::write };
    write(path, &detections.finite()).with_context(|| format!("cannot write the detections to {}", path.display()))
}
