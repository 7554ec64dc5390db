//! Exact indices on disk, so that a long video is decoded once to count its frames, not once in each program.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::TimeIndex;
use crate::domain::Footage;

/// Raised when what is kept changes its form or its meaning.
const FORM: u32 = 2;

/// An index that took longer than this to make is kept.
const WORTH_KEEPING: Duration = Duration::from_millis(100);

/// A video as it was: its path and stream, size and modification time.
pub(super) type Key = (Footage, u64, Option<SystemTime>);

/// A folder that is named for all that can be made again.
fn named() -> Option<PathBuf> {
    std::env::var_os("ETAD_CACHE").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether an index is kept that took so long to make. Where somebody named a folder, every one is: they want nothing decoded twice.
pub(super) fn is_worth_keeping(took: Duration) -> bool {
    took > WORTH_KEEPING || named().is_some()
}

/// Folder of kept indices: `ETAD_CACHE`, else the system's place for what can be made again; none where there is no such place.
fn folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = named().or_else(|| {
        let system = if cfg!(windows) {
            variable("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            variable("HOME").map(|home| home.join("Library/Caches"))
        } else {
            variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))
        };
        system.map(|system| system.join("etad"))
    })?;
    Some(cache.join("index"))
}

/// File of a video's index. Another FFmpeg may decode another number of frames of a damaged file, so its version counts too.
fn place(folder: &Path, key: &Key, decoder: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    (FORM, key, decoder).hash(&mut hasher);
    folder.join(format!("{:016x}.json", hasher.finish()))
}

/// The kept index of a video; none when there is none that makes sense.
pub(super) fn read(key: &Key, decoder: &str) -> Option<TimeIndex> {
    read_in(&folder()?, key, decoder)
}

fn read_in(folder: &Path, key: &Key, decoder: &str) -> Option<TimeIndex> {
    let text = std::fs::read(place(folder, key, decoder)).ok()?;
    let index: TimeIndex = serde_json::from_slice(&text).ok()?;
    index.is_whole().then_some(index)
}

/// Keeps an index. Where that cannot be, the next program counts again: no failure.
pub(super) fn write(key: &Key, decoder: &str, index: &TimeIndex) {
    let Some(folder) = folder() else { return };
    if let Err(error) = write_in(&folder, key, decoder, index) {
        tracing::debug!("an index is not kept in {}: {error}", folder.display());
    }
}

fn write_in(folder: &Path, key: &Key, decoder: &str, index: &TimeIndex) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".index-").tempfile_in(folder)?;
    file.write_all(&serde_json::to_vec(index)?)?;
    file.persist(place(folder, key, decoder)).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::RawTime;

    #[test]
    fn what_is_kept_comes_back_for_the_same_file_and_decoder_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let raw: Vec<RawTime> = (0..5).map(|frame| RawTime { ticks: Some(frame * 40), duration: 40 }).collect();
        let mut index = TimeIndex::from_raw(&raw, (1, 1000), 40, &[]);
        (index.exact, index.warnings) = (true, vec!["It ends early.".to_owned()]);
        let key = (Footage::from("/v.mp4"), 7, Some(SystemTime::UNIX_EPOCH));
        write_in(folder.path(), &key, "59.1", &index).expect("kept");
        assert_eq!(read_in(folder.path(), &key, "59.1"), Some(index));
        assert_eq!(read_in(folder.path(), &key, "60.0"), None);
        assert_eq!(read_in(folder.path(), &(key.0.clone(), 8, key.2), "59.1"), None);
        assert_eq!(read_in(folder.path(), &(Footage::of("/v.mp4", Some(1)), 7, key.2), "59.1"), None);
        // What was cut short or tampered with is not believed.
        let file = place(folder.path(), &key, "59.1");
        let text = std::fs::read_to_string(&file).expect("there");
        std::fs::write(&file, &text[..text.len() / 2]).expect("written");
        assert_eq!(read_in(folder.path(), &key, "59.1"), None);
        std::fs::write(&file, text.replacen("80000000", "10000000", 1)).expect("written");
        assert_eq!(read_in(folder.path(), &key, "59.1"), None);
    }
}
