//! What stands along the timeline of the open video: small pictures and loudness, made on a thread of their own, the last videos' kept.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::domain::{Footage, MediaTime};
use crate::video::{RgbImage, SoundReader, ThumbnailReader, VideoError, provisional_index};

/// Widest small picture in pixels: twice its size in the window, for dense displays.
const WIDTH: u32 = 160;

/// Seconds between small pictures, and how many there are at least and at most.
const EVERY: f64 = 2.0;
const FEWEST: f64 = 12.0;
const MOST: f64 = 96.0;

/// Loudness is kept for so many stretches a second.
pub const STRETCHES: f64 = 50.0;

/// Samples a second from which loudness is measured: what an eye makes out in a curve needs no more.
const RATE: u32 = 8000;

/// How often loudness is told while it is measured.
const TELL: Duration = Duration::from_millis(500);

/// Videos whose strips are kept.
const KEPT: usize = 24;

/// Waits so long before it begins: the player opens the same file and comes first.
const AFTER: Duration = Duration::from_millis(400);

/// Something along the timeline.
#[derive(Clone, Debug, PartialEq)]
pub enum StripPart {
    /// A small picture.
    Picture {
        /// Seconds: the presentation time of its frame.
        time: f64,
        /// The picture.
        picture: Arc<RgbImage>,
    },
    /// The loudest sample of each stretch of 1 / [`STRETCHES`] s so far, 0..255; empty for a video without sound.
    Loudness(Arc<Vec<u8>>),
}

/// Path and stream, size and modification time of a video, and its parts.
type Kept = VecDeque<((Footage, u64, Option<SystemTime>), Vec<StripPart>)>;

fn kept() -> &'static Mutex<Kept> {
    static KEPT: OnceLock<Mutex<Kept>> = OnceLock::new();
    KEPT.get_or_init(Mutex::default)
}

/// Makes the strip of a video until all is done or it is dropped.
#[derive(Debug)]
pub struct Stripper {
    stop: Arc<AtomicBool>,
}

impl Stripper {
    /// Starts; each part is reported when it is there, overview first.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(of: Footage, report: impl Fn(StripPart) + Send + 'static) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::Builder::new().name("timeline strip".to_owned()).spawn(move || {
            let go_on = || !stopped.load(Ordering::Relaxed);
            make(&of, &go_on, &report);
        })?;
        Ok(Self { stop })
    }
}

impl Drop for Stripper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn make(of: &Footage, go_on: &dyn Fn() -> bool, report: &dyn Fn(StripPart)) {
    let key = std::fs::metadata(&of.path).ok().map(|meta| (of.clone(), meta.len(), meta.modified().ok()));
    let known = key.as_ref().and_then(|key| {
        let kept = kept().lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(other, _)| other == key).map(|(_, parts)| parts.clone())
    });
    if let Some(parts) = known {
        parts.into_iter().for_each(report);
        return;
    }
    std::thread::sleep(AFTER);
    let mut parts = Vec::new();
    // A video that cannot be read says so in the player; here nothing comes of it.
    let done = go_on()
        && pictures(of, go_on, &mut |part| {
            report(part.clone());
            parts.push(part);
        })
        .unwrap_or(false)
        && match loudness(of, go_on, report) {
            Ok(Some(part)) => {
                report(part.clone());
                parts.push(part);
                true
            }
            Ok(None) => false,
            Err(_) => true,
        };
    if let (true, Some(key)) = (done, key) {
        let mut kept = kept().lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((key, parts));
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }
}

/// Small pictures over the whole video, every other one halving the gaps; false when told to stop.
fn pictures(of: &Footage, go_on: &dyn Fn() -> bool, tell: &mut dyn FnMut(StripPart)) -> Result<bool, VideoError> {
    let mut reader = ThumbnailReader::open(of.clone(), WIDTH)?;
    let seconds = reader.index().duration().as_secs();
    let count = (seconds / EVERY).clamp(FEWEST, MOST) as usize;
    for place in coarse_to_fine(count) {
        if !go_on() {
            return Ok(false);
        }
        let time = MediaTime::from_secs(seconds * (place as f64 + 0.5) / count as f64);
        // A frame that does not decode leaves a gap, which its neighbours fill.
        if let Ok((time, picture)) = reader.near(time, go_on) {
            tell(StripPart::Picture { time: time.as_secs(), picture: Arc::new(picture) });
        }
    }
    Ok(true)
}

/// The numbers below `count`, such that those that came are spread evenly at any time.
fn coarse_to_fine(count: usize) -> Vec<usize> {
    let bits = usize::BITS - count.saturating_sub(1).leading_zeros();
    let reversed = |number: usize| if bits == 0 { 0 } else { number.reverse_bits() >> (usize::BITS - bits) };
    (0..1usize << bits).map(reversed).filter(|&number| number < count).collect()
}

/// Loudness of the whole sound; `None` when told to stop.
fn loudness(
    of: &Footage,
    go_on: &dyn Fn() -> bool,
    report: &dyn Fn(StripPart),
) -> Result<Option<StripPart>, VideoError> {
    let origin = provisional_index(of.clone())?.start_time;
    let Some(mut reader) = SoundReader::open(&of.path, RATE, origin)? else {
        return Ok(Some(StripPart::Loudness(Arc::default())));
    };
    reader.seek(MediaTime::ZERO, 1.0)?;
    let pairs = (f64::from(RATE) / STRETCHES) as usize;
    let (mut stretches, mut samples, mut told) = (Vec::<u8>::new(), Vec::<f32>::new(), Instant::now());
    while reader.read(&mut samples) {
        let whole = samples.len() / (2 * pairs) * 2 * pairs;
        stretches.extend(samples[..whole].chunks_exact(2 * pairs).map(loudest));
        samples.drain(..whole);
        if !go_on() {
            return Ok(None);
        }
        if told.elapsed() > TELL {
            told = Instant::now();
            report(StripPart::Loudness(Arc::new(stretches.clone())));
        }
    }
    stretches.extend((!samples.is_empty()).then(|| loudest(&samples)));
    Ok(Some(StripPart::Loudness(Arc::new(stretches))))
}

/// The loudest of some samples, 0..255.
fn loudest(samples: &[f32]) -> u8 {
    (samples.iter().fold(0.0f32, |most, sample| most.max(sample.abs())) * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::{AudioSpec, VideoWriter, WriterSpec};

    #[test]
    fn numbers_come_coarse_first_and_each_once() {
        assert_eq!(coarse_to_fine(8), [0, 4, 2, 6, 1, 5, 3, 7]);
        let mut all = coarse_to_fine(13);
        all.sort_unstable();
        assert_eq!(all, (0..13).collect::<Vec<_>>());
        assert_eq!((coarse_to_fine(0).len(), coarse_to_fine(1)), (0, vec![0]));
    }

    /// Four seconds, 2 s dark and silent, 2 s bright and loud.
    fn write(path: &std::path::Path) {
        let audio = Some(AudioSpec { sample_rate: 16_000, channels: 1 });
        let spec = WriterSpec { width: 64, height: 48, frame_rate: (25, 1), audio, key_interval: 12 };
        let mut writer = VideoWriter::create(path, &spec).expect("starts");
        for frame in 0..100 {
            let late = frame >= 50;
            writer.write_rgb(&vec![if late { 200 } else { 30 }; 64 * 48 * 3]).expect("written");
            let samples: Vec<f32> = (0..640).map(|at| if late { (at as f32 * 0.2).sin() * 0.5 } else { 0.0 }).collect();
            writer.write_audio(&samples).expect("written");
        }
        writer.finish().expect("closed");
    }

    #[test]
    fn pictures_and_loudness_are_of_their_times_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("video.mp4");
        write(&path);
        for pass in 0..2 {
            let parts = Mutex::new(Vec::new());
            let began = Instant::now();
            make(&path.clone().into(), &|| true, &|part| parts.lock().expect("whole").push(part));
            assert!(pass == 0 || began.elapsed() < AFTER, "the second time it is known");
            let parts = parts.into_inner().expect("whole");
            let pictures: Vec<(f64, u8)> = parts
                .iter()
                .filter_map(|part| match part {
                    StripPart::Picture { time, picture } => Some((*time, picture.data[0])),
                    StripPart::Loudness(_) => None,
                })
                .collect();
            assert_eq!(pictures.len(), 12);
            assert!(pictures.iter().all(|(time, grey)| (*time >= 2.0) == (*grey > 100)), "{pictures:?}");
            let Some(StripPart::Loudness(stretches)) = parts.last() else { panic!("no loudness") };
            assert!(stretches.len().abs_diff(200) <= 8, "{}", stretches.len());
            assert!(stretches[..90].iter().all(|&loud| loud < 12), "silent");
            // One channel is given to two at 0.71 of it each.
            assert!(stretches[110..190].iter().all(|&loud| loud > 75), "loud");
        }
    }

    #[test]
    fn told_to_stop_it_keeps_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stopped.mp4");
        write(&path);
        let parts = Mutex::new(0);
        make(&path.into(), &|| false, &|_| *parts.lock().expect("whole") += 1);
        assert_eq!(parts.into_inner().expect("whole"), 0);
    }
}
