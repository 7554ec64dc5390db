//! What is known of a run without following it. Events are read again only when there are more.

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::run::{self, Digest};
use crate::state::RunSummary;

/// Facts by run folder, with the size of the events that they were read from.
pub type Known = Arc<Mutex<HashMap<PathBuf, (u64, Digest)>>>;

/// The facts of a run.
pub fn summary(folder: PathBuf, known: &Known) -> RunSummary {
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let checkpoint = ["best", "last"]
        .map(|name| folder.join("checkpoints").join(format!("{name}.safetensors")))
        .into_iter()
        .find(|path| path.is_file());
    let size = std::fs::metadata(folder.join("events.jsonl")).map_or(0, |facts| facts.len());
    let earlier = known.lock().unwrap_or_else(PoisonError::into_inner).get(&folder).cloned();
    let digest = match earlier {
        Some((of, digest)) if of == size => digest,
        _ => {
            let digest = run::digest(&folder);
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(folder.clone(), (size, digest.clone()));
            digest
        }
    };
    RunSummary { name, alive: run::is_alive(&folder), checkpoint, digest, folder }
}

/// The last whole lines of a file, up to 32 kB of it.
pub(super) fn end_of(path: &Path) -> std::io::Result<String> {
    const MOST: u64 = 32 * 1024;
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST)))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let whole =
        if length > MOST { text.split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned()) } else { text };
    Ok(whole)
}
