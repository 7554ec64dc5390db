//! Resized frames in a folder, kept from one run to the next, up to a limit in bytes.
//!
//! A video has a folder, named by what its frames depend on: name, size and time of the file, and how frames are resized. Frames lie there in
//! files of as many as were decoded at a time. Such a file is written beside and renamed, and each frame has a checksum: what is torn,
//! damaged or gone is decoded again. Where room is needed, what was not used for longest goes first, but nothing of this process: an epoch visits
//! everything, so that what it used last is what it needs last. Several runs may share a folder and its limit: each counts again what all of
//! them keep whenever it has written a fiftieth of it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

const MAGIC: &[u8; 8] = b"etadfr01";
/// Bytes of the head: magic, bytes of a frame, number of frames.
const HEAD: usize = 16;
/// Bytes that the head has for each frame: its number, its checksum.
const ENTRY: usize = 12;
const FRAMES: &str = "frames";

/// A folder of frames; shared by the decoding threads.
pub struct DiskCache {
    folder: PathBuf,
    limit: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Bytes of all files, as far as known: other processes write too.
    bytes: u64,
    /// Bytes written since they were counted.
    uncounted: u64,
    /// Files of earlier processes, the one used last first.
    old: Vec<(PathBuf, u64)>,
    /// Files that this process used, and that stay.
    used: HashSet<PathBuf>,
    /// Where each frame lies, for the videos that were asked for.
    videos: HashMap<String, HashMap<usize, Place>>,
    written: usize,
    /// Whether it was told that nothing can be written.
    failed: bool,
}

/// A frame in a file.
#[derive(Clone)]
struct Place {
    file: Arc<Path>,
    offset: u64,
    size: usize,
    checksum: u64,
}

/// FNV-1a over words of eight bytes: enough to tell a torn or damaged frame.
fn checksum(bytes: &[u8]) -> u64 {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0u64, |word, &byte| (word << 8) | u64::from(byte));
    bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325, |hash, chunk| (hash ^ word(chunk)).wrapping_mul(0x0100_0000_01b3))
}

/// The name by which a file's frames are known: it changes with the file's name, size or time, and with `how` they are resized.
///
/// # Errors
/// When the file is not there.
pub fn key(path: &Path, how: &str) -> io::Result<String> {
    let meta = fs::metadata(path)?;
    let modified = meta.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let seed = format!("{name}\n{}\n{modified}\n{how}", meta.len());
    // Twice, with another beginning, so that two of many videos do not share a name.
    Ok(format!("{:016x}{:016x}", checksum(seed.as_bytes()), checksum(format!("2{seed}").as_bytes())))
}

impl DiskCache {
    /// The cache in `folder`, which may not exist yet, of at most `limit` bytes.
    #[must_use]
    pub fn new(folder: &Path, limit: u64) -> Self {
        let mut old = Vec::new();
        for video in entries(folder) {
            for file in entries(&video) {
                if let Ok(meta) = fs::metadata(&file) {
                    old.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), file, meta.len()));
                }
            }
        }
        old.sort_by(|a, b| b.cmp(a));
        let bytes = old.iter().map(|(_, _, size)| size).sum();
        let old = old.into_iter().map(|(_, file, size)| (file, size)).collect();
        let state = State { bytes, old, ..State::default() };
        Self { folder: folder.to_owned(), limit, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole: what a thread that panicked left can be used.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of the frames `wanted` that are there and whole, each of `size` bytes.
    #[must_use]
    pub fn frames(&self, key: &str, wanted: &[usize], size: usize) -> HashMap<usize, Vec<u8>> {
        let mut places: Vec<(usize, Place)> = {
            let mut state = self.state();
            let folder = self.folder.join(key);
            let known = state.videos.entry(key.to_owned()).or_insert_with(|| places(&folder));
            wanted.iter().filter_map(|frame| Some((*frame, known.get(frame)?.clone()))).collect()
        };
        places.retain(|(_, place)| place.size == size);
        places.sort_by(|(_, a), (_, b)| (&a.file, a.offset).cmp(&(&b.file, b.offset)));
        let mut found = HashMap::new();
        let mut open: Option<(Arc<Path>, Option<File>)> = None;
        for (frame, place) in places {
            if open.as_ref().is_none_or(|(path, _)| *path != place.file) {
                open = Some((place.file.clone(), File::open(&place.file).ok()));
                self.state().touch(&place.file);
            }
            let file = open.as_mut().and_then(|(_, file)| file.as_mut());
            match file.and_then(|file| read(file, &place)) {
                Some(bytes) => drop(found.insert(frame, bytes)),
                None => self.forget(key, &place.file),
            }
        }
        found
    }

    /// Keeps frames of a video, all of one size, where there is room.
    pub fn put_frames(&self, key: &str, frames: &[(usize, &[u8])]) {
        let Some(size) = frames.first().map(|(_, bytes)| bytes.len()) else { return };
        let mut head = MAGIC.to_vec();
        head.extend((size as u32).to_le_bytes());
        head.extend((frames.len() as u32).to_le_bytes());
        for (frame, bytes) in frames {
            head.extend((*frame as u32).to_le_bytes());
            head.extend(checksum(bytes).to_le_bytes());
        }
        let parts: Vec<&[u8]> = [&head[..]].into_iter().chain(frames.iter().map(|(_, bytes)| *bytes)).collect();
        let name = format!("{:016x}-{}.{FRAMES}", checksum(&head), frames.len());
        if let Some(file) = self.put(key, name, &parts)
            && let Some(there) = places_in(&file)
        {
            self.state().videos.entry(key.to_owned()).or_default().extend(there);
        }
    }

    /// Writes a file of a video beside and renames it; none where there is no room or no right.
    fn put(&self, key: &str, name: String, parts: &[&[u8]]) -> Option<PathBuf> {
        let size: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let folder = self.folder.join(key);
        let (file, number) = (folder.join(name), {
            let mut state = self.state();
            if state.uncounted > self.limit / 50 {
                state.count(&self.folder);
            }
            if state.failed || !state.make_room(size, self.limit) {
                return None;
            }
            state.uncounted += size;
            state.written += 1;
            state.written
        });
        let part = folder.join(format!("{}-{number}.part", std::process::id()));
        let write = || {
            fs::create_dir_all(&folder)?;
            let mut out = File::create(&part)?;
            parts.iter().try_for_each(|bytes| out.write_all(bytes))?;
            fs::rename(&part, &file)
        };
        let outcome = write();
        let mut state = self.state();
        if let Err(error) = outcome {
            fs::remove_file(&part).ok();
            state.bytes = state.bytes.saturating_sub(size);
            if !std::mem::replace(&mut state.failed, true) {
                let folder = self.folder.display();
                tracing::warn!("no more frames are kept in {folder}: {error}; training goes on without");
            }
            return None;
        }
        state.used.insert(file.clone());
        Some(file)
    }

    /// Removes a file that is not whole.
    fn forget(&self, key: &str, file: &Path) {
        let mut state = self.state();
        if let Some(video) = state.videos.get_mut(key) {
            video.retain(|_, place| *place.file != *file);
        }
        let size = fs::metadata(file).map_or(0, |meta| meta.len());
        if fs::remove_file(file).is_ok() {
            state.bytes = state.bytes.saturating_sub(size);
        }
    }
}

impl State {
    /// Notes that a file is in use, for this process and for later ones.
    fn touch(&mut self, file: &Path) {
        if self.used.insert(file.to_owned())
            && let Err(error) =
                File::options().append(true).open(file).and_then(|file| file.set_modified(SystemTime::now()))
        {
            tracing::debug!("{} keeps its time: {error}", file.display());
        }
    }

    /// Counts again what lies there, whoever wrote it.
    fn count(&mut self, folder: &Path) {
        let files = entries(folder).flat_map(|video| entries(&video));
        self.bytes = files.filter_map(|file| fs::metadata(file).ok()).map(|meta| meta.len()).sum();
        self.uncounted = 0;
    }

    /// Removes what was not used for longest until `size` bytes more fit, and counts them in; false where they cannot.
    fn make_room(&mut self, size: u64, limit: u64) -> bool {
        while self.bytes + size > limit {
            let Some((file, held)) = self.old.pop() else { return false };
            if !self.used.contains(&file) && fs::remove_file(&file).is_ok() {
                self.bytes = self.bytes.saturating_sub(held);
                // Goes with its last file only.
                file.parent().map(fs::remove_dir);
            }
        }
        self.bytes += size;
        true
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Where the frames of a video lie.
fn places(folder: &Path) -> HashMap<usize, Place> {
    let files = entries(folder).filter(|path| path.extension().is_some_and(|extension| extension == FRAMES));
    files.filter_map(|file| places_in(&file)).flatten().collect()
}

/// From the head of a file; none for one that is not whole.
fn places_in(path: &Path) -> Option<Vec<(usize, Place)>> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut head = [0; HEAD];
    file.read_exact(&mut head).ok()?;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |number, &byte| (number << 8) | u64::from(byte));
    let (size, count) = (number(&head[8..12]) as usize, number(&head[12..16]) as usize);
    let begin = HEAD + count * ENTRY;
    if &head[..8] != MAGIC || length != (begin + count * size) as u64 {
        return None;
    }
    let mut table = vec![0; count * ENTRY];
    file.read_exact(&mut table).ok()?;
    let file: Arc<Path> = path.into();
    let place = |(at, entry): (usize, &[u8])| {
        let offset = (begin + at * size) as u64;
        (number(&entry[..4]) as usize, Place { file: file.clone(), offset, size, checksum: number(&entry[4..]) })
    };
    Some(table.chunks_exact(ENTRY).enumerate().map(place).collect())
}

fn read(file: &mut File, place: &Place) -> Option<Vec<u8>> {
    let mut bytes = vec![0; place.size];
    file.seek(SeekFrom::Start(place.offset)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    (checksum(&bytes) == place.checksum).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn frame(number: u8) -> Vec<u8> {
        (0..100).map(|index| number.wrapping_mul(7).wrapping_add(index)).collect()
    }

    fn put(cache: &DiskCache, key: &str, frames: &[u8]) {
        let all: Vec<(usize, Vec<u8>)> = frames.iter().map(|&number| (usize::from(number), frame(number))).collect();
        cache.put_frames(key, &all.iter().map(|(number, bytes)| (*number, &bytes[..])).collect::<Vec<_>>());
    }

    fn found(cache: &DiskCache, key: &str) -> Vec<usize> {
        let frames = cache.frames(key, &(0..20).collect::<Vec<_>>(), 100);
        assert!(frames.iter().all(|(number, bytes)| *bytes == frame(*number as u8)));
        let mut numbers: Vec<usize> = frames.into_keys().collect();
        numbers.sort_unstable();
        numbers
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        entries(folder).flat_map(|video| entries(&video).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn frames_come_back_as_they_were_in_this_process_and_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = DiskCache::new(folder.path(), 1 << 20);
        put(&cache, "a", &[3, 5]);
        put(&cache, "a", &[4]);
        put(&cache, "b", &[9]);
        for cache in [cache, DiskCache::new(folder.path(), 1 << 20)] {
            assert_eq!((found(&cache, "a"), found(&cache, "b")), (vec![3, 4, 5], vec![9]));
            assert!(cache.frames("a", &[3], 99).is_empty(), "of another size");
        }
        assert!(files(folder.path()).iter().all(|file| file.extension().is_none_or(|extension| extension != "part")));
    }

    #[test]
    fn what_is_torn_or_damaged_is_as_if_it_were_not_there_and_can_be_kept_again() {
        let folder = tempfile::tempdir().expect("a folder");
        put(&DiskCache::new(folder.path(), 1 << 20), "a", &[1, 2]);
        let file = files(folder.path()).remove(0);
        let whole = fs::read(&file).expect("read");
        let mut changed = whole.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        for (broken, left) in
            [(&changed[..], vec![1]), (&whole[..150], vec![]), (&b"junk"[..], vec![]), (&[][..], vec![])]
        {
            fs::write(&file, broken).expect("written");
            let cache = DiskCache::new(folder.path(), 1 << 20);
            assert_eq!(found(&cache, "a"), left);
            put(&cache, "a", &[1, 2]);
            assert_eq!(found(&cache, "a"), [1, 2]);
        }
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_and_nothing_of_this_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let limit = 3 * (HEAD + ENTRY + 100) as u64;
        let size = || files(folder.path()).iter().map(|file| fs::metadata(file).expect("there").len()).sum::<u64>();
        let cache = DiskCache::new(folder.path(), limit);
        for (number, key) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
            put(&cache, key, &[number]);
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(found(&cache, "d"), [0usize; 0], "its own stays");
        let cache = DiskCache::new(folder.path(), limit);
        assert_eq!(found(&cache, "a"), [1], "used again");
        put(&cache, "d", &[4]);
        assert_eq!(
            [found(&cache, "a"), found(&cache, "b"), found(&cache, "c"), found(&cache, "d")],
            [vec![1], vec![], vec![3], vec![4]]
        );
        assert!(size() <= limit);
        put(&cache, "e", &[5]);
        assert_eq!((found(&cache, "e"), size()), (vec![], limit), "c was looked at meanwhile");
    }

    #[test]
    fn two_runs_share_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let limit = 5 * (HEAD + ENTRY + 100) as u64;
        let runs = [DiskCache::new(folder.path(), limit), DiskCache::new(folder.path(), limit)];
        for number in 0..8 {
            put(&runs[usize::from(number % 2)], &format!("video {number}"), &[number]);
        }
        let held: u64 = files(folder.path()).iter().map(|file| fs::metadata(file).expect("there").len()).sum();
        assert_eq!(held, limit);
    }

    #[test]
    fn another_file_or_another_size_has_another_name_and_a_folder_that_cannot_be_written_is_no_obstacle() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("v.mp4");
        fs::write(&path, "one").expect("written");
        let first = key(&path, "128x171").expect("there");
        assert_eq!(key(&path, "128x171").expect("there"), first);
        assert_ne!(key(&path, "128x170").expect("there"), first);
        let later = SystemTime::now() + Duration::from_secs(5);
        File::options().append(true).open(&path).and_then(|file| file.set_modified(later)).expect("set");
        assert_ne!(key(&path, "128x171").expect("there"), first);
        assert!(key(&folder.path().join("absent"), "").is_err());
        // The cache's folder is a file.
        let cache = DiskCache::new(&path, 1 << 20);
        put(&cache, "a", &[1]);
        assert!(found(&cache, "a").is_empty());
    }
}
