//! Builds the presentation-time index of a file: by packets at once, exactly by decoding.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use super::super::index_file::{self, Key};
use super::super::{RawTime, TimeIndex, VideoError};
use super::source::{PacketLog, Source};
use crate::domain::Footage;

/// Indices kept; beyond it, all are forgotten (a data set of more videos keeps its own).
const CACHE_LIMIT: usize = 4096;

/// FFmpeg's version of its codecs, which decide what a damaged file gives.
fn decoder_version() -> String {
    ffmpeg_next::codec::version().to_string()
}

/// The exact indices made or read in this process.
fn cache() -> &'static Mutex<HashMap<Key, Arc<TimeIndex>>> {
    static CACHE: OnceLock<Mutex<HashMap<Key, Arc<TimeIndex>>>> = OnceLock::new();
    CACHE.get_or_init(Mutex::default)
}

fn key(of: &Footage) -> Option<Key> {
    let meta = std::fs::metadata(&of.path).ok()?;
    Some((Footage::of(of.path.canonicalize().ok()?, of.stream), meta.len(), meta.modified().ok()))
}

/// The exact index of a video: its frames are decoded once, and remembered by size and modification time:
/// for this process, and on disk where counting took long.
///
/// # Errors
/// When the file cannot be opened, holds no video, or no frame of it decodes.
pub fn index(of: impl Into<Footage>) -> Result<Arc<TimeIndex>, VideoError> {
    Ok(index_with(of, &mut |_| true)?.unwrap_or_default())
}

/// [`index`] that tells how many frames are counted after each, and gives up with `None` when `go_on` answers false. A damaged file
/// is counted twice.
///
/// # Errors
/// As [`index`].
pub fn index_with(
    of: impl Into<Footage>,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<Arc<TimeIndex>>, VideoError> {
    let of = of.into();
    let key = key(&of);
    if let Some(known) = key.as_ref().and_then(cached) {
        return Ok(Some(known));
    }
    let begun = Instant::now();
    let Some(mut made) = decode_all(&of, threads(), go_on)? else { return Ok(None) };
    if made.damaged {
        // With several threads damage can come out differently from run to run.
        match decode_all(&of, 1, go_on)? {
            Some(again) => made = again,
            None => return Ok(None),
        }
    }
    let made = Arc::new(made);
    if let Some(key) = key {
        if index_file::is_worth_keeping(begun.elapsed()) {
            index_file::write(&key, &decoder_version(), &made);
        }
        remember(key, made.clone());
    }
    Ok(Some(made))
}

fn remember(key: Key, index: Arc<TimeIndex>) {
    if let Ok(mut cache) = cache().lock() {
        if cache.len() >= CACHE_LIMIT {
            cache.clear();
        }
        cache.insert(key, index);
    }
}

/// The index by packets alone: a fraction of a second for an hour of video, and right for sound files. Where the exact one is
/// known already, that.
///
/// # Errors
/// When the file cannot be opened or holds no video packet.
pub fn provisional_index(of: impl Into<Footage>) -> Result<Arc<TimeIndex>, VideoError> {
    let of = of.into();
    if let Some(known) = key(&of).as_ref().and_then(cached) {
        return Ok(known);
    }
    let mut source = Source::open(&of, 1)?;
    source.log = Some(PacketLog::default());
    source.read_to_end();
    let mut log = source.log.take().unwrap_or_default();
    if log.shown.is_empty() {
        return Err(nothing(&of.path, "its video stream is empty"));
    }
    // Packets come in decoding order. A packet without a time stays where it is, behind the one it follows.
    if log.shown.iter().all(|time| time.ticks.is_some()) {
        log.shown.sort_by_key(|time| time.ticks);
    }
    let mut made = TimeIndex::from_raw(&log.shown, source.time_base(), source.usual_duration(), &log.keys);
    describe(&mut made, &source, &log);
    Ok(Arc::new(made))
}

fn cached(key: &Key) -> Option<Arc<TimeIndex>> {
    let known = cache().lock().ok()?.get(key).cloned();
    known.or_else(|| {
        let read = Arc::new(index_file::read(key, &decoder_version())?);
        remember(key.clone(), read.clone());
        Some(read)
    })
}

/// Threads for decoding a sound file.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(4))
}

/// Decodes the whole file and notes each frame's time; `None` when told to stop.
fn decode_all(
    of: &Footage,
    threads: usize,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<TimeIndex>, VideoError> {
    let mut source = Source::open(of, threads)?;
    source.skip_loop_filter();
    source.log = Some(PacketLog::default());
    let mut raw = Vec::new();
    while let Some(frame) = source.next() {
        raw.push(RawTime { ticks: frame.timestamp(), duration: frame.packet().duration });
        if !go_on(raw.len()) {
            return Ok(None);
        }
    }
    let log = source.log.take().unwrap_or_default();
    if raw.is_empty() {
        return Err(nothing(&of.path, reason_for_nothing(&source, &log)));
    }
    let mut made = TimeIndex::from_raw(&raw, source.time_base(), source.usual_duration(), &log.keys);
    made.exact = true;
    made.damaged = source.errors > 0;
    describe(&mut made, &source, &log);
    Ok(Some(made))
}

fn nothing(path: &Path, reason: &str) -> VideoError {
    VideoError::NothingDecodable { path: path.to_path_buf(), reason: reason.to_owned() }
}

fn reason_for_nothing(source: &Source, log: &PacketLog) -> &'static str {
    match (log.encrypted || source.is_locked(), log.shown.is_empty(), source.errors) {
        (_, true, _) => "its video stream is empty",
        (true, ..) => "it is encrypted",
        (_, _, 0) => "its video stream holds no complete picture",
        _ => "its video stream is damaged",
    }
}

/// Adds what the whole file says.
fn describe(made: &mut TimeIndex, source: &Source, log: &PacketLog) {
    made.warnings = warnings(source, made, log);
    (made.streams, made.stream) = source.video_streams();
}

/// What a person should know of a file that decodes in part.
fn warnings(source: &Source, index: &TimeIndex, log: &PacketLog) -> Vec<String> {
    let mut said = Vec::new();
    if log.encrypted || source.is_locked() {
        said.push("The video is encrypted: what could be decoded is shown.".to_owned());
    }
    let lasts = index.duration().as_secs();
    // A header rounds, and sound may outlast the picture: only what nobody would call rounding is told.
    if let Some(promised) =
        source.promised_duration().filter(|promised| promised - lasts > 1.0 && lasts < 0.9 * promised)
    {
        said.push(format!("The file ends after {lasts:.1} of {promised:.1} s."));
    }
    if source.errors > 0 {
        let places = if source.errors == 1 { "1 place".to_owned() } else { format!("{} places", source.errors) };
        said.push(format!("The file is damaged in {places}: pictures there may be wrong or missing."));
    }
    said
}
