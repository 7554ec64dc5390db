//! The files of a run's checkpoints: how they come to the disk so that a process may be killed, and the disk be full, at any moment.
//!
//! A checkpoint is a pair, weights and state, that carry the same step. Both are written as `last.….part` and synced; then the
//! weights are renamed, the further names are linked to the same content, and the state is renamed last. Killed in between,
//! the renamed weights find their state under its `.part` name, and the state tells which names were to be linked.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{BEST, CheckpointError, LAST, STEP};
use crate::model::container;
use crate::model::weights::Weights;

const WEIGHTS: &str = "safetensors";
const STATE: &str = "state";
const PART: &str = "part";

/// A checkpoint whose two files belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// Its name: "last", "epoch_004".
    pub(super) name: String,
    /// Weights.
    pub(super) weights: PathBuf,
    /// State; may still bear its `.part` name.
    pub(super) state: PathBuf,
    step: usize,
}

fn file(folder: &Path, name: &str, extension: &str) -> PathBuf {
    folder.join(format!("{name}.{extension}"))
}

/// The name under which a file comes into being.
fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{PART}"));
    name.into()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.display().to_string();
    move |source| CheckpointError::Write { path, source }
}

/// Writes a pair as "last", and the same content under `names`. "best" has weights alone: nothing goes on from it.
///
/// # Errors
/// When a file cannot be written; the checkpoint before is then still whole, and no part of the new one is left.
pub(super) fn write(
    folder: &Path,
    names: &[String],
    weights: &Weights,
    state: &Weights,
) -> Result<(), CheckpointError> {
    // Not with its parents: a run folder that somebody deleted must not come back half.
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(folder)(error)),
        _ => {}
    }
    let (weights_path, state_path) = (file(folder, LAST, WEIGHTS), file(folder, LAST, STATE));
    let (weights_part, state_part) = (part(&weights_path), part(&state_path));
    container::write(&weights_part, weights).map_err(failed(&weights_path))?;
    if let Err(error) = container::write(&state_part, state) {
        fs::remove_file(&weights_part).ok();
        return Err(failed(&state_path)(error));
    }
    fs::rename(&weights_part, &weights_path).map_err(failed(&weights_path))?;
    for name in names.iter().filter(|name| *name != LAST) {
        let other = file(folder, name, WEIGHTS);
        link(&weights_path, &other).map_err(failed(&other))?;
        let other = file(folder, name, STATE);
        if name == BEST {
            remove(&other);
        } else {
            link(&state_part, &other).map_err(failed(&other))?;
        }
    }
    fs::rename(&state_part, &state_path).map_err(failed(&state_path))?;
    sync(folder);
    Ok(())
}

/// Gives the content of `from` the name `to` as well, replacing what had it; a copy where the file system has no links.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    let between = part(to);
    remove(&between);
    if fs::hard_link(from, &between).is_err() {
        fs::copy(from, &between)?;
        File::options().write(true).open(&between)?.sync_all()?;
    }
    fs::rename(&between, to)?;
    // Renaming one name of a file to another of the same file does nothing (POSIX): then this one is left over.
    remove(&between);
    Ok(())
}

/// Removes a file that may be absent.
fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!("{} stays: {error}", path.display());
        }
        _ => {}
    }
}

/// Renames are durable once the folder is; a file system that cannot sync folders has nothing better.
fn sync(folder: &Path) {
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!("the folder {} could not be synced: {error}", folder.display());
    }
}

/// The newest pair of a folder; none when it holds no checkpoint.
///
/// # Errors
/// When there are weights, but none with a whole state of the same step.
pub(super) fn latest(folder: &Path) -> Result<Option<Pair>, CheckpointError> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(&format!(".{WEIGHTS}"))?.to_owned()))
        .collect();
    names.sort();
    let found = names.iter().filter(|name| *name != BEST).filter_map(|name| pair(folder, name));
    // Of equal steps "last" was written last.
    match found.max_by_key(|pair| (pair.step, pair.name == LAST)) {
        Some(pair) => Ok(Some(pair)),
        None if names.is_empty() => Ok(None),
        None => Err(CheckpointError::NoState {
            folder: folder.display().to_string(),
            weights: file(folder, &names[0], WEIGHTS).display().to_string(),
        }),
    }
}

fn pair(folder: &Path, name: &str) -> Option<Pair> {
    let weights = file(folder, name, WEIGHTS);
    let step = step(&weights)?;
    let renamed = file(folder, name, STATE);
    // Both may fit when a step was saved twice; the renamed one was surely whole.
    let state = [renamed.clone(), part(&renamed)].into_iter().find(|state| self::step(state) == Some(step));
    if state.is_none() {
        tracing::warn!("{} has no state of its step and is passed over", weights.display());
    }
    Some(Pair { name: name.to_owned(), weights, state: state?, step })
}

/// The step in a file's header; none for a file that is not whole.
fn step(path: &Path) -> Option<usize> {
    container::metadata(path).ok()?.get(STEP)?.parse().ok()
}

/// Finishes what a kill broke off: `pair`'s state gets its name, `names` the content they were to have, and what was being
/// written is removed.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn finish(folder: &Path, pair: Option<&Pair>, names: &[String]) -> Result<(), CheckpointError> {
    if let Some(pair) = pair {
        let state = file(folder, &pair.name, STATE);
        if pair.state != state {
            fs::rename(&pair.state, &state).map_err(failed(&state))?;
        }
        for name in names.iter().filter(|name| **name != pair.name) {
            let path = file(folder, name, WEIGHTS);
            if step(&path) != Some(pair.step) {
                link(&pair.weights, &path).map_err(failed(&path))?;
            }
            let path = file(folder, name, STATE);
            if name != BEST && step(&path) != Some(pair.step) {
                link(&state, &path).map_err(failed(&path))?;
            }
        }
    }
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(&format!(".{PART}")) || name.starts_with(".tmp") {
            remove(&path);
        }
    }
    Ok(())
}

/// Deletes checkpoints of epochs for which `keeps` says no.
pub(super) fn prune(folder: &Path, keeps: impl Fn(usize) -> bool) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let number = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| stem.strip_prefix("epoch_"))
            .and_then(|number| number.parse::<usize>().ok());
        if number.is_some_and(|number| !keeps(number)) {
            remove(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::weights::Array;

    /// A file of a step, told from others by its one value.
    fn content(step: usize, value: f32) -> Weights {
        let mut weights = Weights::default();
        weights.tensors.insert("x".to_owned(), Array { shape: vec![1], values: vec![value] });
        weights.metadata.insert(STEP.to_owned(), step.to_string());
        weights
    }

    fn save(folder: &Path, step: usize, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        write(folder, &names, &content(step, step as f32), &content(step, -(step as f32))).expect("written");
    }

    fn value(path: &Path) -> f32 {
        Weights::read(path).expect("whole").tensors["x"].values[0]
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn one_content_has_many_names_and_a_later_one_leaves_them_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = &folder.path().join("checkpoints");
        save(folder, 5, &["epoch_000", BEST, LAST]);
        save(folder, 5, &["epoch_000", BEST, LAST]);
        save(folder, 9, &[LAST]);
        let names = ["best.safetensors", "epoch_000.safetensors", "epoch_000.state", "last.safetensors", "last.state"];
        assert_eq!(files(folder), names);
        let values = names.map(|name| value(&folder.join(name)));
        assert_eq!(values, [5.0, 5.0, -5.0, 9.0, -9.0]);
        prune(folder, |epoch| epoch > 0);
        assert_eq!(files(folder), ["best.safetensors", "last.safetensors", "last.state"]);
    }

    /// Every moment at which a process can be killed while it replaces a checkpoint, or writes its first.
    #[test]
    fn killed_at_any_moment_a_whole_pair_is_found_and_finished() {
        for first in [true, false] {
            for moment in 0..6 {
                let folder = tempfile::tempdir().expect("a folder");
                let folder = folder.path();
                if !first {
                    save(folder, 3, &[LAST]);
                }
                let at = |name: &str| folder.join(name);
                let (weights, state) = (content(8, 8.0), content(8, -8.0));
                if moment >= 1 {
                    fs::write(at("last.safetensors.part"), b"half").expect("written");
                }
                if moment >= 2 {
                    container::write(&at("last.safetensors.part"), &weights).expect("written");
                    fs::write(at("last.state.part"), b"half").expect("written");
                }
                if moment >= 3 {
                    container::write(&at("last.state.part"), &state).expect("written");
                }
                if moment >= 4 {
                    fs::rename(at("last.safetensors.part"), at("last.safetensors")).expect("renamed");
                }
                if moment >= 5 {
                    link(&at("last.safetensors"), &at("epoch_001.safetensors")).expect("linked");
                    fs::hard_link(at("last.safetensors"), at("best.safetensors.part")).expect("linked");
                }
                let found = latest(folder).expect("no half checkpoint");
                let expected = if moment >= 4 { Some(8) } else { (!first).then_some(3) };
                assert_eq!(found.as_ref().map(|pair| pair.step), expected, "moment {moment}");
                let names = ["epoch_001", BEST, LAST].map(str::to_owned);
                finish(folder, found.as_ref(), if moment >= 4 { &names } else { &[] }).expect("finished");
                assert!(files(folder).iter().all(|name| !name.ends_with(PART)), "{:?}", files(folder));
                if moment >= 4 {
                    assert_eq!(value(&at("last.state")), -8.0);
                    assert_eq!(value(&at("epoch_001.state")), -8.0);
                    assert_eq!(value(&at("best.safetensors")), 8.0);
                }
                save(folder, 9, &[LAST]);
                assert_eq!(latest(folder).expect("a pair").map(|pair| pair.step), Some(9));
            }
        }
    }

    #[test]
    fn a_broken_last_checkpoint_leaves_the_epoch_before_and_weights_alone_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        assert_eq!(latest(folder).expect("nothing"), None);
        save(folder, 4, &["epoch_000", LAST]);
        save(folder, 7, &[LAST]);
        fs::write(folder.join("last.state"), b"half").expect("written");
        let found = latest(folder).expect("an older one").expect("an older one");
        assert_eq!((found.name.as_str(), found.step), ("epoch_000", 4));
        fs::remove_file(folder.join("epoch_000.state")).expect("removed");
        let said = latest(folder).expect_err("no state").to_string();
        assert!(said.contains("--init") && said.contains("epoch_000.safetensors"), "{said}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_the_checkpoint_before_whole() {
        for name in ["last.safetensors.part", "last.state.part"] {
            let folder = tempfile::tempdir().expect("a folder");
            let folder = folder.path();
            save(folder, 3, &[LAST]);
            std::os::unix::fs::symlink("/dev/full", folder.join(name)).expect("a link");
            let error = write(folder, &[], &content(8, 8.0), &content(8, -8.0)).expect_err("full");
            let said = error.to_string();
            assert!(said.contains("No space left") && said.contains("make room"), "{said}");
            assert_eq!(files(folder), ["last.safetensors", "last.state"]);
            assert_eq!(latest(folder).expect("whole").map(|pair| pair.step), Some(3));
        }
    }

    #[test]
    fn a_deleted_run_folder_does_not_come_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = folder.path().join("run/checkpoints");
        assert!(write(&gone, &[], &content(1, 1.0), &content(1, 1.0)).is_err());
        assert!(!gone.exists());
        // A file where the folder belongs; permissions would not stop the root user of a container.
        let taken = folder.path().join("checkpoints");
        fs::write(&taken, "").expect("written");
        let said = write(&taken, &[], &content(1, 1.0), &content(1, 1.0)).expect_err("a file").to_string();
        assert!(said.contains("checkpoints"), "{said}");
    }
}
