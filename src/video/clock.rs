//! The time that is being shown: arithmetic on an anchor, no thread, no timer.

use std::time::{Duration, Instant};

use crate::domain::MediaTime;

/// A clock that runs at a rate while playing and stands still while paused.
///
/// It never asks the system for the time: whoever draws passes the instant of the drawing, so that everything in one picture is of
/// the same time, and tests need not wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaybackClock {
    /// When `at` was right.
    anchor: Instant,
    at: MediaTime,
    rate: f64,
    playing: bool,
}

impl PlaybackClock {
    /// A paused clock at `at`, which will run at the video's own speed.
    #[must_use]
    pub fn paused(now: Instant, at: MediaTime) -> Self {
        Self { anchor: now, at, rate: 1.0, playing: false }
    }

    /// Time shown at the instant `now`.
    #[must_use]
    pub fn now(&self, now: Instant) -> MediaTime {
        if !self.playing {
            return self.at;
        }
        let run = now.saturating_duration_since(self.anchor).as_secs_f64() * self.rate;
        MediaTime(self.at.0.saturating_add(MediaTime::from_secs(run).0))
    }

    /// Lets the clock run from where it stands.
    pub fn play(&mut self, now: Instant) {
        self.move_anchor(now);
        self.playing = true;
    }

    /// Stops the clock where it is.
    pub fn pause(&mut self, now: Instant) {
        self.move_anchor(now);
        self.playing = false;
    }

    /// Goes to another time; a running clock goes on running.
    pub fn seek(&mut self, now: Instant, to: MediaTime) {
        (self.anchor, self.at) = (now, to);
    }

    /// Changes the speed: 2.0 is twice the video's own, negative runs backward.
    pub fn set_rate(&mut self, now: Instant, rate: f64) {
        self.move_anchor(now);
        self.rate = rate;
    }

    /// Whether the clock runs.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// Media seconds a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// How long after `now` the clock will show `time`: zero if it does or is past it, `None` if it never will. What to ask a repaint for.
    #[must_use]
    pub fn until(&self, now: Instant, time: MediaTime) -> Option<Duration> {
        let ahead = MediaTime(time.0.saturating_sub(self.now(now).0)).as_secs() * self.rate.signum();
        if ahead <= 0.0 {
            return Some(Duration::ZERO);
        }
        let speed = if self.playing { self.rate.abs() } else { 0.0 };
        Duration::try_from_secs_f64(ahead / speed).ok()
    }

    fn move_anchor(&mut self, now: Instant) {
        (self.at, self.anchor) = (self.now(now), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_at_its_rate_and_stands_while_paused() {
        let start = Instant::now();
        let after = |millis: u64| start + Duration::from_millis(millis);
        let mut clock = PlaybackClock::paused(start, MediaTime::from_secs(5.0));
        assert_eq!(clock.now(after(1000)), MediaTime::from_secs(5.0));
        assert_eq!(clock.until(after(1000), MediaTime::from_secs(6.0)), None);
        clock.play(after(1000));
        assert_eq!(clock.now(after(1500)), MediaTime::from_secs(5.5));
        clock.set_rate(after(1500), 2.0);
        assert_eq!(clock.now(after(2500)), MediaTime::from_secs(7.5));
        assert_eq!(clock.until(after(2500), MediaTime::from_secs(8.5)), Some(Duration::from_millis(500)));
        assert_eq!(clock.until(after(2500), MediaTime::from_secs(1.0)), Some(Duration::ZERO));
        clock.pause(after(2500));
        clock.seek(after(9000), MediaTime::ZERO);
        assert_eq!(clock.now(after(99_000)), MediaTime::ZERO);
    }

    #[test]
    fn it_runs_backward_at_a_negative_rate_and_ignores_a_past_instant() {
        let start = Instant::now();
        let mut clock = PlaybackClock::paused(start, MediaTime::from_secs(2.0));
        clock.set_rate(start, -1.0);
        clock.play(start);
        let later = start + Duration::from_secs(1);
        assert_eq!(clock.now(later), MediaTime::from_secs(1.0));
        assert_eq!(clock.until(later, MediaTime::from_secs(0.5)), Some(Duration::from_millis(500)));
        clock.seek(later, MediaTime::from_secs(1.0));
        assert_eq!(clock.now(start), MediaTime::from_secs(1.0));
    }
}
