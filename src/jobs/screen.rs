//! What the player shows: joins the decode thread, the clock and the queue of decoded frames. No thread of its own and no window:
//! whoever draws calls [`Screen::tick`] with the instant of the drawing.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::MediaTime;
use crate::video::{Frame, FrameQueue, PlaybackClock, Player, PlayerUpdate, SeekTarget, TimeIndex, VideoError};

/// A picture that is this late is said to be waited for; time stands still from then on.
const GRACE: Duration = Duration::from_millis(400);

/// How often a backward shuttle looks for the next picture.
const BACKWARD: Duration = Duration::from_millis(33);

/// Frames kept besides those that wait in the channel.
const HELD: usize = 2;

/// What the screen has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum ScreenEvent {
    /// The video is open, or its exact index has come.
    Ready {
        /// End of the last picture.
        length: MediaTime,
        /// Number of pictures.
        frames: usize,
    },
    /// It cannot be opened or a place cannot be reached.
    Failed(String),
    /// A picture is shown.
    Shown {
        /// Its presentation time.
        time: MediaTime,
        /// Its index.
        frame: usize,
    },
    /// The picture that was asked for is late, or is there after all.
    Waiting(bool),
    /// Playing came to an end of the video.
    Ended,
}

/// One open video.
pub struct Screen {
    /// How sentences about the file begin; the window shows them beside the video's name.
    name: String,
    player: Player,
    index: Option<Arc<TimeIndex>>,
    clock: PlaybackClock,
    queue: FrameQueue<Arc<Frame>>,
    shown: Option<Arc<Frame>>,
    sequence: u64,
    /// The sequence that was told last.
    told: u64,
    /// The frame that a seek asked for and that has not come, with the instant of asking.
    awaited: Option<(Option<usize>, Instant)>,
    /// No frame comes after those that wait.
    at_end: bool,
    /// Since when playing has no picture to go on with.
    starved: Option<Instant>,
    waiting: bool,
}

impl Screen {
    /// Opens a video; `notify` is called from another thread when there is something to tick for.
    ///
    /// # Errors
    /// When no thread can be started. What is wrong with the file comes as [`ScreenEvent::Failed`].
    pub fn open(path: &Path, now: Instant, notify: impl Fn() + Send + 'static) -> Result<Self, VideoError> {
        Ok(Self {
            name: format!("{} ", path.display()),
            player: Player::open(path, notify)?,
            index: None,
            clock: PlaybackClock::paused(now, MediaTime::ZERO),
            queue: FrameQueue::default(),
            shown: None,
            sequence: 0,
            told: 0,
            awaited: Some((Some(0), now)),
            at_end: false,
            starved: None,
            waiting: false,
        })
    }

    /// The picture to draw, and a number that changes with it.
    #[must_use]
    pub fn picture(&self) -> Option<(Arc<Frame>, u64)> {
        self.shown.clone().map(|frame| (frame, self.sequence))
    }

    /// Lets time run at `speed` (negative: backward), or stand still.
    pub fn play(&mut self, now: Instant, speed: Option<f64>) {
        let Some(speed) = speed else {
            self.clock.pause(now);
            // The time that is shown is the picture's, so that a label set here falls on a frame.
            if let Some(frame) = &self.shown {
                self.clock.seek(now, frame.time);
            }
            return;
        };
        let turns = self.clock.is_playing() && self.clock.rate() * speed < 0.0;
        let backward = self.clock.rate() < 0.0;
        self.clock.set_rate(now, speed);
        self.clock.play(now);
        if speed > 0.0 && (turns || backward) {
            // Frames decoded ahead belong to another place.
            self.seek(now, self.clock.now(now));
        }
    }

    /// Goes to a time.
    pub fn seek(&mut self, now: Instant, time: MediaTime) {
        let frame = self.index.as_ref().map(|index| index.frame_at(time));
        self.go(now, SeekTarget::Time(time), frame);
        self.clock.seek(now, time);
    }

    /// Goes some frames on or back from the picture that is shown, or from the one that was asked for and has not come.
    pub fn step(&mut self, now: Instant, frames: i64) {
        let Some(index) = self.index.clone() else { return };
        let asked = self.awaited.and_then(|(frame, _)| frame);
        let Some(from) = asked.or(self.shown.as_ref().map(|frame| frame.index)) else { return };
        let last = index.len().saturating_sub(1) as i64;
        let to = (from as i64).saturating_add(frames).clamp(0, last) as usize;
        if to == from {
            return;
        }
        if self.awaited.is_none() && frames == 1 && self.queue.next_time() == index.time(to) {
            if let Some((_, frame)) = self.queue.take_first() {
                self.clock.seek(now, frame.time);
                self.show(frame);
            }
            return;
        }
        self.go(now, SeekTarget::Frame(to), Some(to));
        self.clock.seek(now, index.time(to).unwrap_or_default());
    }

    fn go(&mut self, now: Instant, target: SeekTarget, frame: Option<usize>) {
        let generation = self.player.seek(target);
        self.queue.restart(generation);
        self.at_end = false;
        self.starved = None;
        // While scrubbing, patience is counted from the first place that did not come.
        let since = self.awaited.map_or(now, |(_, since)| since);
        self.awaited = Some((frame, since));
    }

    fn show(&mut self, frame: Arc<Frame>) {
        self.sequence += 1;
        self.shown = Some(frame);
    }

    /// Takes in what was decoded and shows what is due at `now`. Returns what happened, and after how long to tick again if
    /// nothing is notified before; none when nothing is to come.
    pub fn tick(&mut self, now: Instant) -> (Vec<ScreenEvent>, Option<Duration>) {
        let mut events = Vec::new();
        self.take_in(now, &mut events);
        if self.awaited.is_some() {
            if let Some((_, frame)) = self.queue.take_first() {
                self.awaited = None;
                // The seconds that the seek took are not skipped.
                let at = if self.clock.is_playing() { frame.time } else { self.clock.now(now) };
                self.clock.seek(now, at);
                self.show(frame);
            }
        } else if self.clock.is_playing() {
            if self.clock.rate() > 0.0 { self.forward(now, &mut events) } else { self.backward(now, &mut events) }
        }
        if let (Some(frame), true) = (&self.shown, self.sequence != self.told) {
            self.told = self.sequence;
            events.push(ScreenEvent::Shown { time: frame.time, frame: frame.index });
        }
        let late_since = self.awaited.map(|(_, since)| since).or(self.starved);
        let waiting = late_since.is_some_and(|since| now.duration_since(since) >= GRACE);
        if waiting != self.waiting {
            self.waiting = waiting;
            events.push(ScreenEvent::Waiting(waiting));
        }
        // What happened may have made room for more.
        self.take_in(now, &mut events);
        (events, self.next_tick(now, late_since))
    }

    fn take_in(&mut self, now: Instant, events: &mut Vec<ScreenEvent>) {
        let time = self.clock.now(now);
        let rich =
            |queue: &FrameQueue<Arc<Frame>>| queue.len() >= HELD && queue.next_time().is_some_and(|next| next > time);
        while !rich(&self.queue) {
            match self.player.try_next() {
                Some(PlayerUpdate::Indexed(index)) => {
                    events.push(ScreenEvent::Ready { length: index.duration(), frames: index.len() });
                    self.index = Some(index);
                }
                Some(PlayerUpdate::Frame { generation, frame }) => {
                    self.queue.push(generation, frame.time, Arc::new(frame));
                    if self.awaited.is_some() && !self.queue.is_empty() {
                        return;
                    }
                }
                Some(PlayerUpdate::End { generation }) => self.at_end |= generation == self.player.generation(),
                Some(PlayerUpdate::Failed(error)) => {
                    (self.awaited, self.at_end) = (None, true);
                    let reason = error.to_string();
                    let reason = reason.strip_prefix(&self.name).unwrap_or(&reason);
                    events.push(ScreenEvent::Failed(reason.to_owned()));
                }
                None => return,
            }
        }
    }

    fn forward(&mut self, now: Instant, events: &mut Vec<ScreenEvent>) {
        let time = self.clock.now(now);
        if let Some((_, frame)) = self.queue.take(time) {
            self.starved = None;
            self.show(frame);
        } else if self.queue.is_empty() && !self.at_end {
            let since = *self.starved.get_or_insert(now);
            if let (true, Some(frame)) = (now.duration_since(since) >= GRACE, &self.shown) {
                self.clock.seek(now, frame.time);
            }
        }
        let length = self.index.as_ref().map_or(MediaTime::ZERO, |index| index.duration());
        if self.at_end && self.queue.is_empty() && time >= length {
            self.play(now, None);
            events.push(ScreenEvent::Ended);
        }
    }

    /// Backward there is no decoding ahead: each picture is sought, as often as the machine manages.
    fn backward(&mut self, now: Instant, events: &mut Vec<ScreenEvent>) {
        let time = self.clock.now(now);
        let Some(index) = &self.index else { return };
        let wanted = index.frame_at(time);
        if self.shown.as_ref().is_none_or(|frame| frame.index != wanted) {
            let rate = self.clock.rate();
            self.go(now, SeekTarget::Frame(wanted), Some(wanted));
            self.clock.set_rate(now, rate);
        }
        if time <= MediaTime::ZERO {
            self.clock.pause(now);
            self.clock.seek(now, MediaTime::ZERO);
            events.push(ScreenEvent::Ended);
        }
    }

    fn next_tick(&self, now: Instant, late_since: Option<Instant>) -> Option<Duration> {
        if let (Some(since), false) = (late_since, self.waiting) {
            return Some(GRACE.saturating_sub(now.duration_since(since)));
        }
        if !self.clock.is_playing() || self.awaited.is_some() {
            return None;
        }
        if self.clock.rate() < 0.0 {
            return Some(BACKWARD);
        }
        let end = self.index.as_ref().map(|index| index.duration()).filter(|_| self.at_end);
        let next = self.queue.next_time().or(end)?;
        self.clock.until(now, next)
    }
}
