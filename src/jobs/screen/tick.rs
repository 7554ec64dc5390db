//! One tick of the screen: takes in what was decoded, shows what is due, asks for what will be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::MediaTime;
use crate::video::{Frame, FrameQueue, PlayerUpdate, SeekTarget, TimeIndex};

use super::{LOUD, SETTLED, Screen, ScreenEvent, Showing};

/// A picture that is this late is said to be waited for; time stands still from then on.
const GRACE: Duration = Duration::from_millis(400);

/// How often playing backward looks for the next picture at most.
const BACKWARD: Duration = Duration::from_millis(8);

/// Frames kept besides those that wait in the channel.
const HELD: usize = 2;

/// So much (real time) may playing lag behind before it leaves pictures out.
const LAG: f64 = 0.5;

/// Sound and clock may differ by this much before the clock follows: less than anybody sees.
const APART: f64 = 0.02;

/// Backward faster than this, key frames alone are shown.
const FAST_BACK: f64 = -4.0;

/// Frames before a standing picture that are kept ready for stepping back.
const READY_BACK: usize = 4;

impl Screen {
    /// Takes in what was decoded and shows what is due at `now`. Returns what happened, and after how long to tick again if
    /// nothing is notified before; none when nothing is to come.
    pub fn tick(&mut self, now: Instant) -> (Vec<ScreenEvent>, Option<Duration>) {
        let mut events = Vec::new();
        self.take_in(now, &mut events);
        self.follow_sound(now);
        if self.awaited.is_some() {
            self.arrive(now);
        } else if self.clock.is_playing() {
            if self.clock.rate() > 0.0 { self.forward(now, &mut events) } else { self.backward(now, &mut events) }
        } else {
            self.rest(now);
        }
        if let Some(shown) = self.shown.as_ref().filter(|shown| shown.exact && shown.sequence != self.told) {
            self.told = shown.sequence;
            events.push(ScreenEvent::Shown { time: shown.frame.time, frame: shown.frame.index });
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
        if let Some(index) = self.player.new_index() {
            self.adopt(now, index, events);
        }
        while !rich(&self.queue) {
            match self.player.try_next() {
                Some(PlayerUpdate::Indexed(index)) => self.adopt(now, index, events),
                Some(PlayerUpdate::Frame { generation, frame }) => {
                    self.queue.push(generation, frame.time, frame);
                    if self.awaited.is_some() && !self.queue.is_empty() {
                        return;
                    }
                }
                Some(PlayerUpdate::End { generation }) => self.at_end |= generation == self.player.generation(),
                Some(PlayerUpdate::Filled { generation }) => {
                    if self.filling == Some(generation) {
                        self.filling = None;
                    }
                }
                Some(PlayerUpdate::Failed(error)) => {
                    (self.awaited, self.at_end) = (None, true);
                    let reason = error.to_string();
                    let reason = reason.strip_prefix(&self.name).unwrap_or(&reason);
                    let said = if self.shown.is_some() { ScreenEvent::Trouble } else { ScreenEvent::Failed };
                    events.push(said(reason.to_owned()));
                }
                None => return,
            }
        }
    }

    fn adopt(&mut self, now: Instant, index: Arc<TimeIndex>, events: &mut Vec<ScreenEvent>) {
        let (length, frames) = (index.duration(), index.len());
        let (warnings, streams) = (index.warnings.clone(), index.streams.clone());
        events.push(ScreenEvent::Ready { length, frames, warnings, streams });
        let renumbered = self.index.as_ref().is_some_and(|before| before.times != index.times);
        self.index = Some(index);
        if let Some(shown) = self.shown.as_ref().filter(|_| renumbered) {
            let (time, playing) = (shown.frame.time, self.clock.is_playing());
            self.go(now, SeekTarget::Time(time), None);
            self.clock.seek(now, if playing { time } else { self.clock.now(now) });
        }
    }

    /// While a picture is awaited: shows it, or what was decoded nearest to it so far.
    fn arrive(&mut self, now: Instant) {
        let Some((wanted, _)) = self.awaited else { return };
        if let Some((_, frame)) = self.queue.take_first() {
            self.awaited = None;
            // The seconds that the seek took are not skipped.
            let at = if self.clock.is_playing() { frame.time } else { self.clock.now(now) };
            self.clock.seek(now, at);
            // It may have been among the kept ones before its message came; then it is shown, and told, already.
            let same =
                |shown: &Showing| shown.exact && (shown.frame.index, shown.frame.time) == (frame.index, frame.time);
            if !self.shown.as_ref().is_some_and(same) {
                self.show(frame, true);
            }
            return;
        }
        let Some(wanted) = wanted else { return };
        let Some(near) = self.player.kept().nearest(wanted) else { return };
        let farther = |shown: usize| shown.abs_diff(wanted) > near.index.abs_diff(wanted);
        if self.shown.as_ref().is_none_or(|shown| farther(shown.frame.index)) {
            let exact = near.index == wanted;
            self.show(near, exact);
        }
    }

    fn forward(&mut self, now: Instant, events: &mut Vec<ScreenEvent>) {
        let time = self.clock.now(now);
        if let Some(range) = self.repeat.filter(|range| time >= range.end || self.has_ended(time)) {
            self.hush();
            let frame = self.index.as_ref().map_or(0, |index| index.frame_at(range.start));
            let kept = self.player.kept().get(frame);
            self.go(now, SeekTarget::Frame(frame), Some(frame));
            self.clock.seek(now, range.start);
            if let Some(kept) = kept {
                self.show(kept, true);
            }
            return;
        }
        if let Some((_, frame)) = self.queue.take(time) {
            (self.starved, self.hopping) = (None, false);
            self.show(frame, true);
        } else if self.queue.is_empty() && !self.at_end {
            let since = *self.starved.get_or_insert(now);
            if let (true, Some(shown)) = (now.duration_since(since) >= GRACE, &self.shown) {
                self.clock.seek(now, shown.frame.time);
                self.hush();
            }
        }
        self.keep_up(now);
        self.make_sound(now);
        if self.has_ended(self.clock.now(now)) {
            self.play(now, None);
            events.push(ScreenEvent::Ended);
        }
    }

    fn has_ended(&self, time: MediaTime) -> bool {
        let length = self.index.as_ref().map_or(MediaTime::ZERO, |index| index.duration());
        self.at_end && self.queue.is_empty() && time >= length
    }

    /// When decoding is slower than time runs: hops to a later key frame if there is one, else lets time wait.
    fn keep_up(&mut self, now: Instant) {
        let (Some(index), Some(shown)) = (&self.index, &self.shown) else { return };
        let time = self.clock.now(now);
        let lag = MediaTime(time.0 - shown.frame.time.0).as_secs() / self.clock.rate();
        let last = index.frame_at(time).min(index.len().saturating_sub(1));
        if lag <= LAG || self.at_end || self.hopping || shown.frame.index >= last {
            return;
        }
        if index.start_at_or_before(last).is_some_and(|start| start > shown.frame.index + self.queue.len() + HELD) {
            let generation = self.player.seek(SeekTarget::Hop(time));
            self.queue.restart(generation);
            self.hopping = true;
        } else if self.queue.is_empty() {
            self.clock.seek(now, shown.frame.time);
            self.hush();
        }
    }

    /// Starts the sound once a picture runs, and leaves the clock to it.
    fn make_sound(&mut self, now: Instant) {
        let rate = self.clock.rate();
        let running = self.starved.is_none() && (0.0..=LOUD).contains(&rate);
        let time = self.clock.now(now);
        let origin = self.index.as_ref().map_or(0.0, |index| index.start_time);
        if let Some(sound) = self.sound.as_mut().filter(|_| running) {
            sound.play(time, rate, origin);
        }
    }

    fn follow_sound(&mut self, now: Instant) {
        if !self.clock.is_playing() || self.awaited.is_some() {
            return;
        }
        let Some(heard) = self.sound.as_ref().and_then(|sound| sound.heard(now)) else { return };
        let time = self.clock.now(now);
        let apart = heard.0 - time.0;
        match MediaTime(apart).as_secs().abs() {
            apart if apart <= APART => {}
            // Step by step, so that no picture jumps for the jitter of a device.
            less if less <= 10.0 * APART => self.clock.seek(now, MediaTime(time.0 + apart / 8)),
            _ => self.clock.seek(now, heard),
        }
    }

    /// Backward, groups of pictures are decoded forward, ahead of need, and shown from the kept ones.
    fn backward(&mut self, now: Instant, events: &mut Vec<ScreenEvent>) {
        let time = self.clock.now(now);
        let Some(index) = self.index.clone() else { return };
        let wanted = index.frame_at(time);
        let fast = self.clock.rate() < FAST_BACK;
        let (kept, run, room) = {
            let store = self.player.kept();
            let size = self.shown.as_ref().map_or(1, |shown| shown.frame.picture.bytes());
            (store.nearest(wanted), store.run_before(wanted + 1), store.room(size))
        };
        let shown = self.shown.as_ref().map_or(usize::MAX, |shown| shown.frame.index);
        match kept {
            Some(kept) if kept.index < shown && (kept.index >= wanted || fast) => {
                self.starved = None;
                self.show(kept, true);
            }
            _ if wanted < shown => {
                let since = *self.starved.get_or_insert(now);
                if let (true, Some(frame)) = (now.duration_since(since) >= BACKWARD, &self.shown) {
                    self.clock.seek(now, frame.frame.time);
                }
            }
            _ => {}
        }
        // A third of the room at a time: one is shown, one is ready, one is being decoded. Fast, key frames alone.
        let chunk = (room / 3).max(1);
        let low = (wanted + 1).saturating_sub(run);
        if self.filling.is_none() && run <= chunk && low > 0 && self.filled_before != Some(low) {
            self.filled_before = Some(low);
            let start = index.start_at_or_before(wanted).filter(|_| fast);
            let (from, to) = start.map_or((low.saturating_sub(chunk), low), |start| (start, start + 1));
            let generation = self.player.fill(from, to);
            (self.filling, self.at_end) = (Some(generation), false);
            self.queue.restart(generation);
        }
        if let Some(range) = self.repeat.filter(|range| time <= range.start) {
            let last = MediaTime(range.end.0 - 1);
            let frame = index.frame_at(last);
            self.go(now, SeekTarget::Frame(frame), Some(frame));
            self.clock.seek(now, last);
            self.away = Some(now);
        } else if time <= MediaTime::ZERO && shown == 0 {
            self.play(now, None);
            events.push(ScreenEvent::Ended);
        }
    }

    /// While a picture stands: sees to it that the one before it is at hand, and that playing can go on from here.
    fn rest(&mut self, now: Instant) {
        let Some(shown) = self.shown.as_ref().map(|shown| (shown.frame.index, shown.frame.picture.bytes())) else {
            return;
        };
        let settled = self.away.is_none_or(|since| now.duration_since(since) >= SETTLED);
        if self.filling.is_some() || self.index.is_none() || !settled {
            return;
        }
        let (frame, bytes) = shown;
        let (run, room) = {
            let store = self.player.kept();
            (store.run_before(frame), store.room(bytes))
        };
        if run < READY_BACK.min(frame) && self.filled_before != Some(frame) {
            self.filled_before = Some(frame);
            let low = frame - run;
            let generation = self.player.fill(low.saturating_sub(room / 4), low);
            self.filling = Some(generation);
            // What waits is of no use any more, and would keep the answer from coming.
            self.queue.restart(generation);
            self.away.get_or_insert(now);
        } else if self.away.take().is_some() {
            // The frame itself comes first, and is shown already.
            let generation = self.player.seek(SeekTarget::Frame(frame));
            self.queue.restart(generation);
            self.queue.skip_to(self.index.as_ref().and_then(|index| index.time(frame + 1)).unwrap_or_default());
            self.at_end = false;
        }
    }

    fn next_tick(&self, now: Instant, late_since: Option<Instant>) -> Option<Duration> {
        if let (Some(since), false) = (late_since, self.waiting) {
            return Some(GRACE.saturating_sub(now.duration_since(since)).min(BACKWARD * 4));
        }
        if self.awaited.is_some() {
            return None;
        }
        if !self.clock.is_playing() {
            let since = self.away.filter(|_| self.filling.is_none())?;
            return Some(SETTLED.saturating_sub(now.duration_since(since)));
        }
        if self.clock.rate() < 0.0 {
            return Some(BACKWARD);
        }
        let end = self.index.as_ref().map(|index| index.duration()).filter(|_| self.at_end);
        let end = self.repeat.map(|range| range.end).into_iter().chain(end).min();
        let next = self.queue.next_time().into_iter().chain(end).min()?;
        self.clock.until(now, next)
    }
}
