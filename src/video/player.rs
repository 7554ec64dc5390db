//! The decode thread of a video that is being looked at: seeks go in, frames come out.
//!
//! Playing and pausing are the clock's affair ([`super::PlaybackClock`]); this thread decodes ahead from the last place asked for until
//! the bounded channel is full. A seek overwrites the one before it (scrubbing decodes only the latest) and stops the work for it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};

use super::{Decoder, Frame, FrameStore, Passing, TimeIndex, VideoError, Way, index_with, provisional_index};
use crate::domain::{Footage, MediaTime};

/// Frames decoded ahead: enough to hide the slowest picture of a group, few enough for 4K.
const AHEAD: usize = 6;

/// Bytes of decoded frames kept around the place that is looked at: 80 pictures of 1080p, 3 s of it.
const KEPT: usize = 256 << 20;

/// How often a seek that takes long shows how far it is.
const GLIMPSE: Duration = Duration::from_millis(60);

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekTarget {
    /// The frame shown at this time.
    Time(MediaTime),
    /// The frame of this number; the last one if there are fewer.
    Frame(usize),
    /// The last frame before this time at which decoding can start, if decoding is not past that; else no other place. For playing faster than
    /// the machine decodes.
    Hop(MediaTime),
}

/// What the decode thread tells.
#[derive(Debug)]
pub enum PlayerUpdate {
    /// The index: first by packets, then the exact one, which overtakes frames that wait. Where it says other times than the one before, those
    /// frames are numbered wrong: seek.
    Indexed(Arc<TimeIndex>),
    /// A decoded frame for the seek of this generation: first the one asked for, then those that follow it.
    Frame {
        /// Generation of the seek that it answers.
        generation: u64,
        /// The frame.
        frame: Arc<Frame>,
    },
    /// The video ends after the last frame of this generation.
    End {
        /// Generation of the seek.
        generation: u64,
    },
    /// What [`Player::fill`] asked for is kept, as far as it decodes.
    Filled {
        /// Generation of the request.
        generation: u64,
    },
    /// Something failed. A video that failed to open gives nothing more; after a failed seek another may succeed.
    Failed(VideoError),
}

/// What the decode thread is asked.
#[derive(Clone, Copy)]
enum Work {
    /// Go there and decode on.
    Show(SeekTarget),
    /// Keep the frames `[from, to)` and wait.
    Fill { from: usize, to: usize },
}

/// A request, and which.
#[derive(Clone, Copy)]
struct Request {
    generation: u64,
    work: Work,
}

/// What the window and the threads share.
struct Shared {
    /// The latest request not yet begun.
    request: Mutex<Option<Request>>,
    /// The exact index, or why there is none, once that is known.
    exact: Mutex<Option<Result<Arc<TimeIndex>, VideoError>>>,
    /// The index that the decoder has taken and that nobody was told of: it overtakes the frames that wait.
    index: Mutex<Option<Arc<TimeIndex>>>,
    store: Mutex<FrameStore>,
    stop: AtomicBool,
}

impl Shared {
    fn waits(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || slot(&self.request).is_some()
    }

    /// Whether there is anything for which the decode thread was woken.
    fn has_news(&self) -> bool {
        self.waits() || slot(&self.exact).is_some()
    }
}

/// A slot that holds plain data is right even if a thread died holding it.
fn slot<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A video being looked at. Dropping it stops its threads and waits for them, which takes at most one frame's decoding.
pub struct Player {
    shared: Arc<Shared>,
    wake: Sender<()>,
    updates: Receiver<PlayerUpdate>,
    generation: u64,
    threads: Vec<JoinHandle<()>>,
}

impl Player {
    /// Starts the threads; the first frame comes as generation 0. `notify` is called after each update, to ask for a repaint.
    ///
    /// # Errors
    /// When a thread cannot be started. What is wrong with the file comes as [`PlayerUpdate::Failed`].
    pub fn open(of: impl Into<Footage>, notify: impl Fn() + Send + 'static) -> Result<Self, VideoError> {
        let of = of.into();
        let first = Request { generation: 0, work: Work::Show(SeekTarget::Frame(0)) };
        let shared = Arc::new(Shared {
            request: Mutex::new(Some(first)),
            exact: Mutex::default(),
            index: Mutex::default(),
            store: Mutex::new(FrameStore::new(KEPT)),
            stop: AtomicBool::new(false),
        });
        let (wake, woken) = bounded(1);
        let (sender, updates) = bounded(AHEAD);
        let mut player =
            Self { shared: shared.clone(), wake: wake.clone(), updates, generation: 0, threads: Vec::new() };
        let worker = Worker { of: of.clone(), shared: shared.clone(), woken, sender, notify: Box::new(notify) };
        player.threads.push(named("video decode", &of.path, move || worker.run())?);
        let path = of.path.clone();
        let count = move || {
            let found = index_with(of, &mut |_| !shared.stop.load(Ordering::Relaxed));
            if let Some(exact) = found.transpose() {
                *slot(&shared.exact) = Some(exact);
                let _ = wake.try_send(());
            }
        };
        player.threads.push(named("video index", &path, count)?);
        Ok(player)
    }

    /// Asks for a place and returns the generation that answers it. An earlier request that is not done is forgotten.
    pub fn seek(&mut self, target: SeekTarget) -> u64 {
        self.ask(Work::Show(target))
    }

    /// Asks to keep the frames `[from, to)`, as an earlier request is forgotten for. What they are kept for is [`Player::kept`].
    pub fn fill(&mut self, from: usize, to: usize) -> u64 {
        self.ask(Work::Fill { from, to })
    }

    fn ask(&mut self, work: Work) -> u64 {
        self.generation += 1;
        *slot(&self.shared.request) = Some(Request { generation: self.generation, work });
        // A full channel has a wake-up in it already.
        let _ = self.wake.try_send(());
        self.generation
    }

    /// The generation of the latest request.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The decoded frames at hand. Hold them for a moment only: the decode thread adds to them.
    pub fn kept(&self) -> std::sync::MutexGuard<'_, FrameStore> {
        slot(&self.shared.store)
    }

    /// The index that nobody was told of yet, without taking a frame for it.
    #[must_use]
    pub fn new_index(&self) -> Option<Arc<TimeIndex>> {
        slot(&self.shared.index).take()
    }

    /// The next update, if there is one. Take frames only while they are wanted: what is not taken keeps the thread from decoding ahead.
    #[must_use]
    pub fn try_next(&self) -> Option<PlayerUpdate> {
        self.new_index().map(PlayerUpdate::Indexed).or_else(|| self.updates.try_recv().ok())
    }

    /// Waits for the next update; `None` when the thread has ended, or after `timeout`.
    #[must_use]
    pub fn wait_next(&self, timeout: Duration) -> Option<PlayerUpdate> {
        self.new_index().map(PlayerUpdate::Indexed).or_else(|| self.updates.recv_timeout(timeout).ok())
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let _ = self.wake.try_send(());
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

fn named(name: &str, path: &Path, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, VideoError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map_err(|error| VideoError::Thread { path: path.to_path_buf(), reason: error.to_string() })
}

/// What the decode thread owns.
struct Worker {
    of: Footage,
    shared: Arc<Shared>,
    woken: Receiver<()>,
    sender: Sender<PlayerUpdate>,
    notify: Box<dyn Fn() + Send>,
}

impl Worker {
    fn run(self) {
        let opened = provisional_index(self.of.clone()).and_then(|index| Decoder::open_with(self.of.clone(), index));
        let mut decoder = match opened {
            Ok(decoder) => decoder,
            Err(error) => {
                self.tell(PlayerUpdate::Failed(error));
                return;
            }
        };
        self.tell_index(decoder.index().clone());
        // The generation that is being decoded; none at the end of the video, or after a failure.
        let mut decoding = None;
        // A seek that the packets promised and the pictures did not keep: it waits for the exact index.
        let mut unmet = None;
        // A frame for which there was no room when something else came.
        let mut held: Option<Arc<Frame>> = None;
        while !self.shared.stop.load(Ordering::Relaxed) {
            let adopted = self.adopt_exact(&mut decoder, &mut held);
            let request = slot(&self.shared.request).take();
            if let Some(request) = request.or_else(|| if adopted { unmet.take() } else { None }) {
                held = None;
                (decoding, unmet) = self.begin(&mut decoder, request);
                continue;
            }
            // Telling of a failed index may have taken the wake-up that came for something else.
            if self.shared.has_news() {
                continue;
            }
            let Some(generation) = decoding else {
                if self.woken.recv().is_err() {
                    return;
                }
                continue;
            };
            if let Some(frame) = held.take() {
                held = self.offer(generation, frame);
                continue;
            }
            let update = match decoder.next_frame() {
                Ok(Some(frame)) => {
                    let frame = Arc::new(frame);
                    slot(&self.shared.store).insert(frame.clone());
                    held = Some(frame);
                    continue;
                }
                Ok(None) => PlayerUpdate::End { generation },
                Err(error) => PlayerUpdate::Failed(error),
            };
            decoding = None;
            self.tell(update);
        }
    }

    /// Does what a request says. Gives the generation to decode on, if a place was reached; else the request, if it must wait for the exact
    /// index.
    fn begin(&self, decoder: &mut Decoder, request: Request) -> (Option<u64>, Option<Request>) {
        let last = decoder.index().len().saturating_sub(1);
        let (frame, reach) = match request.work {
            Work::Show(SeekTarget::Time(time)) => (decoder.index().frame_at(time), usize::MAX),
            Work::Show(SeekTarget::Frame(frame)) => (frame.min(last), usize::MAX),
            Work::Show(SeekTarget::Hop(time)) => {
                let start = decoder.index().starts_before(decoder.index().frame_at(time)).next();
                match (start, decoder.next_number()) {
                    (Some((start, _)), next) if start > next => (start, 0),
                    _ => return (Some(request.generation), None),
                }
            }
            Work::Fill { from, .. } => (from, 0),
        };
        slot(&self.shared.store).look_at(frame);
        let mut way = OnTheWay { worker: self, target: frame, reach, glimpsed: None };
        match decoder.seek_by(frame, &mut way) {
            Ok(false) => (None, None),
            Ok(true) => match request.work {
                Work::Show(_) => (Some(request.generation), None),
                Work::Fill { to, .. } => {
                    self.fill(decoder, to);
                    self.tell(PlayerUpdate::Filled { generation: request.generation });
                    (None, None)
                }
            },
            Err(VideoError::FrameLost { .. }) if !decoder.index().exact => (None, Some(request)),
            Err(_) if matches!(request.work, Work::Fill { .. }) => {
                self.tell(PlayerUpdate::Filled { generation: request.generation });
                (None, None)
            }
            Err(error) => {
                self.tell(PlayerUpdate::Failed(error));
                (None, None)
            }
        }
    }

    /// Keeps what is decoded up to `to`. A picture that cannot be converted is said when it is to be shown.
    fn fill(&self, decoder: &mut Decoder, to: usize) {
        while !self.shared.waits() {
            let Ok(Some(frame)) = decoder.next_frame() else { return };
            let index = frame.index;
            if index >= to {
                return;
            }
            slot(&self.shared.store).insert(Arc::new(frame));
            if index + 1 >= to {
                return;
            }
        }
    }

    /// Changes to the exact index when it has come, and says whether it did. Frames sent before were counted by packets: if that was
    /// wrong, decoding goes on from the same time by the right count.
    fn adopt_exact(&self, decoder: &mut Decoder, held: &mut Option<Arc<Frame>>) -> bool {
        let Some(exact) = slot(&self.shared.exact).take() else { return false };
        if decoder.index().exact {
            return false;
        }
        let numbered_anew = exact.as_ref().is_ok_and(|exact| exact.times != decoder.index().times);
        match exact.and_then(|exact| decoder.adopt(exact.clone()).map(|()| exact)) {
            Ok(exact) => {
                if numbered_anew {
                    slot(&self.shared.store).clear();
                    if let Some(frame) = held.take() {
                        // It comes again with its right number; a place that is lost is said by whoever asks for it.
                        let _ = decoder.seek_time(frame.time);
                    }
                }
                self.tell_index(exact);
                true
            }
            Err(error) => {
                self.tell(PlayerUpdate::Failed(error));
                false
            }
        }
    }

    fn tell_index(&self, index: Arc<TimeIndex>) {
        *slot(&self.shared.index) = Some(index);
        (self.notify)();
    }

    /// Sends a frame when there is room; gives it back when something else comes first: a request, the end, the exact index.
    fn offer(&self, generation: u64, frame: Arc<Frame>) -> Option<Arc<Frame>> {
        select! {
            send(self.sender, PlayerUpdate::Frame { generation, frame }) -> sent => {
                if sent.is_ok() {
                    (self.notify)();
                }
                None
            }
            recv(self.woken) -> _ => Some(frame),
        }
    }

    /// Sends what must not be lost, waiting for room. The end of a place that nobody wants any more is let go.
    fn tell(&self, update: PlayerUpdate) {
        let lasting = !matches!(update, PlayerUpdate::End { .. });
        while !self.shared.stop.load(Ordering::Relaxed) && (lasting || !self.shared.waits()) {
            select! {
                send(self.sender, update) -> sent => {
                    if sent.is_ok() {
                        (self.notify)();
                    }
                    return;
                }
                recv(self.woken) -> _ => {}
            }
        }
    }
}

/// What becomes of the frames before the one that is sought: those close to it are kept, and now and then one is shown on the way.
struct OnTheWay<'a> {
    worker: &'a Worker,
    target: usize,
    /// Frames before the target that are kept, at most.
    reach: usize,
    /// When something was shown last.
    glimpsed: Option<Instant>,
}

impl Way for OnTheWay<'_> {
    fn passing(&mut self, frame: usize) -> Passing {
        if self.worker.shared.waits() {
            return Passing::Stop;
        }
        let due = self.glimpsed.is_none_or(|at| at.elapsed() >= GLIMPSE);
        if self.reach > 0 && (due || self.target - frame <= self.reach) { Passing::Keep } else { Passing::On }
    }

    fn keep(&mut self, frame: Frame) {
        let mut store = slot(&self.worker.shared.store);
        // Half the room is for what lies before: the other half for what will be decoded ahead, and for where one came from.
        self.reach = store.room(frame.picture.bytes()) / 2;
        store.insert(Arc::new(frame));
        drop(store);
        if self.glimpsed.is_none_or(|at| at.elapsed() >= GLIMPSE) {
            self.glimpsed = Some(Instant::now());
            (self.worker.notify)();
        }
    }
}

#[cfg(test)]
mod tests;
