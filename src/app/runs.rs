//! What is known of a run without following it. Events are read again only when there are more.

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::run::{self, Digest};
use crate::state::{Report, RunSummary};

use super::effects::Outbox;

/// Facts by run folder, with the size of the events that they were read from.
type Known = Arc<Mutex<HashMap<PathBuf, (u64, Digest)>>>;

/// Finds the runs of the project; the folder that was asked for last is looked at as long as a run in it lives.
#[derive(Debug, Default)]
pub struct Finder {
    known: Known,
    stop: Arc<AtomicBool>,
}

impl Finder {
    /// Looks on a thread, which reports.
    pub fn find(&mut self, outbox: &Outbox, folder: PathBuf) {
        self.stop.store(true, Ordering::Relaxed);
        self.stop = Arc::default();
        let (known, stop) = (self.known.clone(), self.stop.clone());
        outbox.spawn("run finder", move |outbox| {
            find(&folder, &known, &stop, &|found| outbox.report(Report::Runs(found)));
        });
    }
}

impl Drop for Finder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// How often runs are looked at while one of them lives.
const PERIOD: Duration = Duration::from_secs(5);
/// How often it is looked whether nobody wants to know any more.
const LOOK: Duration = Duration::from_millis(100);

/// Tells the runs of a folder, and again whenever something of them has changed while one lives.
fn find(folder: &Path, known: &Known, stop: &AtomicBool, report: &dyn Fn(Vec<RunSummary>)) {
    let mut told: Option<Vec<RunSummary>> = None;
    loop {
        let runs: Vec<RunSummary> = run::runs_in(folder).into_iter().map(|folder| summary(folder, known)).collect();
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if told.as_ref() != Some(&runs) {
            report(runs.clone());
        }
        let since = Instant::now();
        while since.elapsed() < PERIOD {
            if stop.load(Ordering::Relaxed) || !runs.iter().any(|run| run.alive) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        told = Some(runs);
    }
}

/// The facts of a run.
fn summary(folder: PathBuf, known: &Known) -> RunSummary {
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
