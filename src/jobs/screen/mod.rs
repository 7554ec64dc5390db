//! What the player shows: joins the decode thread, the clock, the sound and the decoded frames. No thread of its own and no window:
//! whoever draws calls [`Screen::tick`] with the instant of the drawing.

mod tick;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::{Footage, MediaTime, StreamInfo, TimeRange};
use crate::video::{Frame, FrameQueue, PlaybackClock, Player, SeekTarget, TimeIndex, VideoError};

/// Sound runs up to this speed; faster it would be a chirp.
const LOUD: f64 = 2.0;

/// The sound of a video, which is the master of the clock while it runs.
pub trait Sound: Send {
    /// Begins at a time of the video, as fast as said; goes on if it runs at this speed already. `origin` is
    /// [`TimeIndex::start_time`], from which sound counts too.
    fn play(&mut self, from: MediaTime, speed: f64, origin: f64);

    /// Is silent.
    fn stop(&mut self);

    /// The time of the video that is heard now; none while nothing is heard.
    fn heard(&self, now: Instant) -> Option<MediaTime>;

    /// What there is to hear, in a word for the person: "on", "no sound device" …
    fn words(&self) -> &'static str;
}

/// What the screen has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum ScreenEvent {
    /// The video is open, or its exact index has come.
    Ready {
        /// End of the last picture.
        length: MediaTime,
        /// Number of pictures.
        frames: usize,
        /// What is wrong with the file, one sentence each.
        warnings: Vec<String>,
        /// Its video streams.
        streams: Vec<StreamInfo>,
    },
    /// It cannot be opened.
    Failed(String),
    /// A place cannot be reached; what is shown stays.
    Trouble(String),
    /// A picture is shown, and it is the one of this time.
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

/// A picture on the screen.
#[derive(Clone, Debug)]
pub struct Showing {
    /// The picture.
    pub frame: Arc<Frame>,
    /// Changes with it.
    pub sequence: u64,
    /// Whether it is the one that was asked for; else the nearest that was decoded, until that one comes.
    pub exact: bool,
}

/// How playing goes, for those who want to know.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScreenStats {
    /// Pictures shown since the video was opened.
    pub shown: u64,
    /// Pictures that came too late to be shown.
    pub dropped: u64,
    /// Decoded pictures that wait for their time.
    pub ahead: usize,
    /// Pictures kept around the playhead.
    pub kept: usize,
    /// Their bytes.
    pub kept_bytes: usize,
    /// How late the picture is that is shown, in seconds; 0 while standing still.
    pub late: f64,
    /// What there is to hear.
    pub sound: &'static str,
}

/// One open video.
pub struct Screen {
    /// How sentences about the file begin; the window shows them beside the video's name.
    name: String,
    player: Player,
    sound: Option<Box<dyn Sound>>,
    index: Option<Arc<TimeIndex>>,
    clock: PlaybackClock,
    queue: FrameQueue<Arc<Frame>>,
    shown: Option<Showing>,
    /// The sequence that was told last.
    told: u64,
    /// The frame that a seek asked for and that has not come, with the instant of asking.
    awaited: Option<(Option<usize>, Instant)>,
    /// The generation of a request to keep frames that is not answered.
    filling: Option<u64>,
    /// The frame before which frames were asked for last: what does not decode is not asked for again.
    filled_before: Option<usize>,
    /// The picture that is shown came from the kept ones: decoding ahead goes on elsewhere. Since when.
    away: Option<Instant>,
    /// No frame comes after those that wait.
    at_end: bool,
    /// Since when playing has no picture to go on with.
    starved: Option<Instant>,
    /// Playing left pictures out to keep up, and the first after them is not there.
    hopping: bool,
    waiting: bool,
    repeat: Option<TimeRange>,
    pictures: u64,
}

impl Screen {
    /// Opens a video; `notify` is called from another thread when there is something to tick for.
    ///
    /// # Errors
    /// When no thread can be started. What is wrong with the file comes as [`ScreenEvent::Failed`].
    pub fn open(
        of: impl Into<Footage>,
        now: Instant,
        sound: Option<Box<dyn Sound>>,
        notify: impl Fn() + Send + 'static,
    ) -> Result<Self, VideoError> {
        let of = of.into();
        Ok(Self {
            name: format!("{} ", of.path.display()),
            player: Player::open(of, notify)?,
            sound,
            index: None,
            clock: PlaybackClock::paused(now, MediaTime::ZERO),
            queue: FrameQueue::default(),
            shown: None,
            told: 0,
            awaited: Some((Some(0), now)),
            filling: None,
            filled_before: None,
            away: None,
            at_end: false,
            starved: None,
            hopping: false,
            waiting: false,
            repeat: None,
            pictures: 0,
        })
    }

    /// When each picture of the video is shown, as far as its index is there.
    #[must_use]
    pub fn times(&self) -> Arc<[MediaTime]> {
        self.index.as_ref().map_or_else(Arc::default, |index| index.times.as_slice().into())
    }

    /// The picture to draw.
    #[must_use]
    pub fn picture(&self) -> Option<Showing> {
        let shown = self.shown.clone()?;
        let other = self.awaited.is_some_and(|(wanted, _)| wanted != Some(shown.frame.index));
        Some(Showing { exact: shown.exact && !other, ..shown })
    }

    /// How playing goes.
    #[must_use]
    pub fn stats(&self, now: Instant) -> ScreenStats {
        let (kept, kept_bytes) = self.player.kept().size();
        let playing = self.shown.as_ref().filter(|_| self.clock.is_playing());
        ScreenStats {
            shown: self.pictures,
            dropped: self.queue.dropped(),
            ahead: self.queue.len(),
            kept,
            kept_bytes,
            late: playing.map_or(0.0, |shown| MediaTime(self.clock.now(now).0 - shown.frame.time.0).as_secs().max(0.0)),
            sound: self.sound.as_ref().map_or("off", |sound| sound.words()),
        }
    }

    /// Lets time run at `speed` (negative: backward), or stand still.
    pub fn play(&mut self, now: Instant, speed: Option<f64>) {
        self.hush();
        let Some(speed) = speed else {
            self.clock.pause(now);
            // The time that is shown is the picture's, so that a label set here falls on a frame.
            if let Some(shown) = self.shown.as_ref().filter(|_| self.awaited.is_none()) {
                self.clock.seek(now, shown.frame.time);
            }
            return;
        };
        self.clock.set_rate(now, speed);
        self.clock.play(now);
        self.filled_before = None;
        if speed < 0.0 {
            self.away.get_or_insert(now);
        } else if self.away.is_some() && self.awaited.is_none() {
            // Frames decoded ahead belong to another place.
            if let Some(frame) = self.shown.as_ref().map(|shown| shown.frame.index) {
                self.go(now, SeekTarget::Frame(frame), Some(frame));
            }
        }
    }

    /// Plays this range again and again; none lets playing run on.
    pub fn repeat(&mut self, range: Option<TimeRange>) {
        self.repeat = range.filter(|range| range.start < range.end);
    }

    /// Goes to a time.
    pub fn seek(&mut self, now: Instant, time: MediaTime) {
        match self.index.as_ref().map(|index| index.frame_at(time)) {
            Some(frame) => self.go_to_frame(now, frame, time),
            None => {
                self.go(now, SeekTarget::Time(time), None);
                self.clock.seek(now, time);
            }
        }
    }

    /// Goes some frames on or back from the picture that is shown, or from the one that was asked for and has not come.
    pub fn step(&mut self, now: Instant, frames: i64) {
        let Some(index) = self.index.clone() else { return };
        let asked = self.awaited.and_then(|(frame, _)| frame);
        let Some(from) = asked.or(self.shown.as_ref().map(|shown| shown.frame.index)) else { return };
        let last = index.len().saturating_sub(1) as i64;
        let to = (from as i64).saturating_add(frames).clamp(0, last) as usize;
        if to == from {
            return;
        }
        if self.awaited.is_none()
            && self.away.is_none()
            && frames == 1
            && self.queue.next_time() == index.time(to)
            && let Some((_, frame)) = self.queue.take_first()
        {
            self.clock.seek(now, frame.time);
            self.show(frame, true);
            return;
        }
        self.go_to_frame(now, to, index.time(to).unwrap_or_default());
    }

    /// Shows a frame: from the kept ones at once, else as soon as it is decoded.
    fn go_to_frame(&mut self, now: Instant, frame: usize, time: MediaTime) {
        self.hush();
        let kept = self.player.kept().get(frame);
        self.clock.seek(now, time);
        match kept {
            Some(kept) if !self.clock.is_playing() => {
                (self.awaited, self.starved) = (None, None);
                self.away = Some(now);
                self.show(kept, true);
            }
            _ => self.go(now, SeekTarget::Frame(frame), Some(frame)),
        }
    }

    /// Asks the decoder for a place.
    fn go(&mut self, now: Instant, target: SeekTarget, frame: Option<usize>) {
        let generation = self.player.seek(target);
        self.queue.restart(generation);
        (self.at_end, self.starved, self.hopping) = (false, None, false);
        (self.filling, self.filled_before, self.away) = (None, None, None);
        // While scrubbing, patience is counted from the first place that did not come.
        let since = self.awaited.map_or(now, |(_, since)| since);
        self.awaited = Some((frame, since));
    }

    fn show(&mut self, frame: Arc<Frame>, exact: bool) {
        self.pictures += 1;
        self.player.kept().look_at(frame.index);
        let sequence = self.shown.as_ref().map_or(1, |shown| shown.sequence + 1);
        self.shown = Some(Showing { frame, sequence, exact });
    }

    fn hush(&mut self) {
        if let Some(sound) = &mut self.sound {
            sound.stop();
        }
    }
}

#[cfg(test)]
mod tests;

/// How long a paused picture is looked at before the decoder follows to it.
const SETTLED: Duration = Duration::from_millis(150);
