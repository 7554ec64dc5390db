//! Plays the sound of a video: a thread decodes into a ring, the device takes from it, and what it has taken tells the time.

mod device;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use device::Device;

use super::screen::Sound;
use crate::domain::MediaTime;
use crate::video::SoundReader;

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
        Self::on(path, device::open)
    }

    /// Sound that is played by what `open` opens.
    fn on(path: &Path, open: impl Fn(&Arc<Shared>) -> Option<Device> + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            request: Mutex::default(),
            piece: Mutex::default(),
            mark: Mutex::default(),
            state: AtomicU8::new(State::Silent as u8),
            quit: AtomicBool::new(false),
        });
        let (wake, woken) = bounded(1);
        let worker = Worker { path: path.to_path_buf(), shared: shared.clone(), woken, open: Box::new(open) };
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

/// Opens the device when something is first played.
type Opener = Box<dyn Fn(&Arc<Shared>) -> Option<Device> + Send>;

struct Worker {
    path: PathBuf,
    shared: Arc<Shared>,
    woken: Receiver<()>,
    open: Opener,
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
                        device.output.pause();
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
            *device = (self.open)(&self.shared);
            let Some(device) = &device else {
                say(State::NoDevice);
                return false;
            };
            *reader = SoundReader::open(&self.path, device.rate, origin).ok().flatten();
        }
        let (Some(device), Some(reader)) = (device, reader) else { return false };
        if reader.seek(from, speed).is_err() || !device.output.play() {
            return false;
        }
        let begin = device.ring.flush();
        *slot(&self.shared.mark) = None;
        *slot(&self.shared.piece) = Some(Piece { begin, from, speed, rate: f64::from(device.rate) });
        say(State::On);
        true
    }
}

#[cfg(test)]
mod tests;
