//! Plays the sound of a video: a thread decodes into a ring, the device takes from it, and what it has taken tells the time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::screen::Sound;
use crate::domain::MediaTime;
use crate::video::{SoundReader, SoundRing};

/// Seconds decoded ahead.
const AHEAD: f64 = 0.4;

/// How long the thread sleeps while enough is decoded.
const NAP: Duration = Duration::from_millis(20);

/// What there is to hear.
#[derive(Clone, Copy)]
#[repr(u8)]
enum State {
    Silent,
    On,
    NoDevice,
    NoTrack,
}

/// What the thread is asked.
#[derive(Clone, Copy)]
enum Request {
    Play { from: MediaTime, speed: f64, origin: f64 },
    Stop,
}

/// What plays now: the position in the ring at which it began, and what that is in the video.
#[derive(Clone, Copy)]
struct Piece {
    begin: usize,
    from: MediaTime,
    speed: f64,
    rate: f64,
}

/// The sample that the device was given last, and when it is heard.
#[derive(Clone, Copy)]
struct Mark {
    position: usize,
    at: Instant,
}

struct Shared {
    request: Mutex<Option<Request>>,
    piece: Mutex<Option<Piece>>,
    mark: Mutex<Option<Mark>>,
    state: AtomicU8,
    quit: AtomicBool,
}

/// Plain data is right even if a thread died holding it.
fn slot<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sound of one video. No device, or no sound in the file, is silence and no failure.
pub struct Speaker {
    shared: Arc<Shared>,
    wake: Sender<()>,
    /// The speed at which it was asked to play, while it was.
    playing: Option<f64>,
    thread: Option<JoinHandle<()>>,
}

impl Speaker {
    /// Sound of a file. The device is opened when something is first played; where no thread can be had, it stays silent.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let shared = Arc::new(Shared {
            request: Mutex::default(),
            piece: Mutex::default(),
            mark: Mutex::default(),
            state: AtomicU8::new(State::Silent as u8),
            quit: AtomicBool::new(false),
        });
        let (wake, woken) = bounded(1);
        let worker = Worker { path: path.to_path_buf(), shared: shared.clone(), woken };
        let thread = std::thread::Builder::new().name("sound".to_owned()).spawn(move || worker.run()).ok();
        Self { shared, wake, playing: None, thread }
    }

    fn ask(&self, request: Request) {
        *slot(&self.shared.request) = Some(request);
        let _ = self.wake.try_send(());
    }
}

impl Sound for Speaker {
    fn play(&mut self, from: MediaTime, speed: f64, origin: f64) {
        if self.playing != Some(speed) {
            self.playing = Some(speed);
            *slot(&self.shared.piece) = None;
            self.ask(Request::Play { from, speed, origin });
        }
    }

    fn stop(&mut self) {
        if self.playing.take().is_some() {
            *slot(&self.shared.piece) = None;
            self.ask(Request::Stop);
        }
    }

    fn heard(&self, now: Instant) -> Option<MediaTime> {
        let piece = (*slot(&self.shared.piece))?;
        let mark = (*slot(&self.shared.mark)).filter(|mark| mark.position >= piece.begin)?;
        // Two samples, left and right, at a time.
        let given = (mark.position - piece.begin) as f64 / 2.0 / piece.rate;
        let since =
            now.saturating_duration_since(mark.at).as_secs_f64() - mark.at.saturating_duration_since(now).as_secs_f64();
        let seconds = piece.from.as_secs() + (given + since).max(0.0) * piece.speed;
        Some(MediaTime::from_secs(seconds))
    }

    fn words(&self) -> &'static str {
        let state = self.shared.state.load(Ordering::Relaxed);
        match state {
            state if state == State::NoDevice as u8 => "none: no device to play it",
            state if state == State::NoTrack as u8 => "none in this file",
            _ if self.playing.is_none() => "silent",
            state if state == State::On as u8 => "on",
            _ => "starting",
        }
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::Relaxed);
        let _ = self.wake.try_send(());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

struct Worker {
    path: PathBuf,
    shared: Arc<Shared>,
    woken: Receiver<()>,
}

/// An open device, and what it takes from.
struct Device {
    stream: cpal::Stream,
    ring: Arc<SoundRing>,
    rate: u32,
}

impl Worker {
    fn run(self) {
        let (mut device, mut reader): (Option<Device>, Option<SoundReader>) = (None, None);
        let mut waiting: Vec<f32> = Vec::new();
        let mut playing = false;
        while !self.shared.quit.load(Ordering::Relaxed) {
            let request = slot(&self.shared.request).take();
            match request {
                Some(Request::Stop) => {
                    playing = false;
                    if let Some(device) = &device {
                        device.ring.flush();
                        // A device that cannot pause plays silence.
                        let _ = device.stream.pause();
                    }
                }
                Some(Request::Play { from, speed, origin }) => {
                    waiting.clear();
                    playing = self.begin(&mut device, &mut reader, from, speed, origin);
                }
                None => {}
            }
            let (Some(device), Some(reader), true) = (&device, &mut reader, playing) else {
                if self.woken.recv().is_err() {
                    return;
                }
                continue;
            };
            if waiting.is_empty() && !reader.read(&mut waiting) {
                playing = false;
                continue;
            }
            let taken = device.ring.push(&waiting);
            waiting.drain(..taken);
            if !waiting.is_empty() {
                let _ = self.woken.recv_timeout(NAP);
            }
        }
    }

    /// Makes ready to play from a time; false when there is nothing to play, or nothing to play it on.
    fn begin(
        &self,
        device: &mut Option<Device>,
        reader: &mut Option<SoundReader>,
        from: MediaTime,
        speed: f64,
        origin: f64,
    ) -> bool {
        let known = self.shared.state.load(Ordering::Relaxed);
        if known == State::NoDevice as u8 || known == State::NoTrack as u8 {
            return false;
        }
        let say = |state: State| self.shared.state.store(state as u8, Ordering::Relaxed);
        if reader.is_none() {
            // The rate is the device's; a file without sound needs none, so look there first.
            match SoundReader::open(&self.path, 48_000, origin) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    say(State::NoTrack);
                    return false;
                }
                Err(error) => {
                    tracing::warn!("the sound is not played: {error}");
                    say(State::NoTrack);
                    return false;
                }
            }
            *device = open_device(&self.shared);
            let Some(device) = &device else {
                say(State::NoDevice);
                return false;
            };
            *reader = SoundReader::open(&self.path, device.rate, origin).ok().flatten();
        }
        let (Some(device), Some(reader)) = (device, reader) else { return false };
        if reader.seek(from, speed).is_err() || device.stream.play().is_err() {
            return false;
        }
        let begin = device.ring.flush();
        *slot(&self.shared.mark) = None;
        *slot(&self.shared.piece) = Some(Piece { begin, from, speed, rate: f64::from(device.rate) });
        say(State::On);
        true
    }
}

/// Opens the system's usual device in its usual format; none where there is none.
fn open_device(shared: &Arc<Shared>) -> Option<Device> {
    let device = cpal::default_host().default_output_device()?;
    let supported = device.default_output_config().ok()?;
    let (rate, channels) = (supported.sample_rate(), usize::from(supported.channels()).max(1));
    let config = supported.config();
    let ring = Arc::new(SoundRing::new((f64::from(rate) * AHEAD) as usize * 2));
    let (source, shared) = (ring.clone(), shared.clone());
    let mut pairs: Vec<f32> = Vec::new();
    // All in one place, so that every sample format is served by the same few lines.
    let mut fill = move |frames: usize, latency: Duration, put: &mut dyn FnMut(usize, f32)| {
        pairs.resize(2 * frames, 0.0);
        let (position, count) = source.pop(&mut pairs);
        pairs[count..].fill(0.0);
        for (frame, pair) in pairs.as_chunks::<2>().0.iter().enumerate() {
            for channel in 0..channels {
                put(
                    frame * channels + channel,
                    if channels == 1 { (pair[0] + pair[1]) / 2.0 } else { pair.get(channel).copied().unwrap_or(0.0) },
                );
            }
        }
        // The device must not wait: who reads meanwhile gets the mark before.
        if let Ok(mut mark) = shared.mark.try_lock() {
            *mark = (count > 0).then(|| Mark { position, at: Instant::now() + latency });
        }
    };
    let failed = |error: cpal::Error| tracing::warn!("the sound device: {error}");
    let latency = |info: &cpal::OutputCallbackInfo| {
        let times = info.timestamp();
        times.playback.duration_since(times.callback)
    };
    let stream = match supported.sample_format() {
        cpal::SampleFormat::F32 => device.build_output_stream(
            config,
            move |data: &mut [f32], info: &cpal::OutputCallbackInfo| {
                fill(data.len() / channels, latency(info), &mut |at, sample| data[at] = sample);
            },
            failed,
            None,
        ),
        cpal::SampleFormat::I16 => device.build_output_stream(
            config,
            move |data: &mut [i16], info: &cpal::OutputCallbackInfo| {
                fill(data.len() / channels, latency(info), &mut |at, sample| data[at] = (sample * 32767.0) as i16);
            },
            failed,
            None,
        ),
        cpal::SampleFormat::I32 => device.build_output_stream(
            config,
            move |data: &mut [i32], info: &cpal::OutputCallbackInfo| {
                fill(data.len() / channels, latency(info), &mut |at, sample| {
                    data[at] = (f64::from(sample) * 2_147_483_647.0) as i32;
                });
            },
            failed,
            None,
        ),
        other => {
            tracing::warn!("the sound device takes {other} samples only, which are not written; there is no sound");
            return None;
        }
    };
    match stream {
        Ok(stream) => Some(Device { stream, ring, rate }),
        Err(error) => {
            tracing::warn!("the sound device cannot be opened: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_sound_and_a_machine_without_a_device_are_silent() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut speaker = Speaker::new(&folder.path().join("absent.mp4"));
        speaker.play(MediaTime::ZERO, 1.0, 0.0);
        speaker.play(MediaTime::ZERO, 1.0, 0.0);
        for _ in 0..200 {
            if speaker.words().starts_with("none") {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(speaker.words().starts_with("none") && speaker.heard(Instant::now()).is_none());
        speaker.stop();
    }

    #[test]
    fn what_the_device_was_given_tells_the_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let speaker = Speaker::new(&folder.path().join("absent.mp4"));
        let now = Instant::now();
        let piece = Piece { begin: 1000, from: MediaTime::from_secs(5.0), speed: 2.0, rate: 100.0 };
        *slot(&speaker.shared.piece) = Some(piece);
        assert_eq!(speaker.heard(now), None, "nothing was given yet");
        // A second of pairs later, heard in a tenth of a second.
        let at = now + Duration::from_millis(100);
        *slot(&speaker.shared.mark) = Some(Mark { position: 1200, at });
        let seconds = |now| speaker.heard(now).map(MediaTime::as_secs).expect("heard");
        assert!((seconds(at) - 7.0).abs() < 1e-6);
        assert!((seconds(now) - 6.8).abs() < 1e-6);
        assert!((seconds(at + Duration::from_millis(50)) - 7.1).abs() < 1e-6);
        *slot(&speaker.shared.mark) = Some(Mark { position: 900, at });
        assert_eq!(speaker.heard(now), None, "that was another piece");
    }
}
