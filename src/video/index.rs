//! The presentation-time index: when each frame of a video is shown. Pure arithmetic on what the file says.
//!
//! Time rule: t = 0 is the first presented frame after edit lists; a frame without a time gets the previous frame's time plus its
//! duration; a time that runs backward continues monotonically. So the times are strictly increasing whatever the file says.

use serde::{Deserialize, Serialize};

use crate::domain::{MediaTime, StreamInfo};

/// What a file says about the time of one frame, on the clock of its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawTime {
    /// Presentation time in ticks of the stream's time base, if there is one.
    pub ticks: Option<i64>,
    /// Duration in ticks, 0 if not said.
    pub duration: i64,
}

/// A packet from which decoding can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyPacket {
    /// Presentation time of its frame, in ticks.
    pub(super) shown: i64,
    /// What to ask the container for in order to land on it, in ticks.
    pub(super) ask: i64,
}

/// When each frame of a video is shown, and what was found wrong while finding out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeIndex {
    /// Time of every frame in display order, strictly increasing from zero.
    pub times: Vec<MediaTime>,
    /// End of the last frame.
    pub end: MediaTime,
    /// What was subtracted to make the first frame t = 0: seconds on the file's own clock.
    pub start_time: f64,
    /// Whether the frames were counted by decoding them (else by packets, which damage makes wrong).
    pub exact: bool,
    /// Whether decoding met damage; such a file is decoded on one thread, so that it comes out the same each time.
    pub damaged: bool,
    /// What is wrong with the file, one sentence each.
    pub warnings: Vec<String>,
    /// The file's video streams.
    pub streams: Vec<StreamInfo>,
    /// Which of them this is, from 0.
    pub stream: usize,
    /// The stream's own times, strictly increasing, when they tell frames apart; else empty, and frames are told by counting alone.
    ticks: Vec<i64>,
    /// Frames at which decoding can start, increasing, and what to ask the container for; empty when frames are told by counting.
    starts: Vec<(usize, i64)>,
}

/// Nanoseconds of `ticks` of a time base given as (numerator, denominator), to the nearest.
fn nanoseconds(ticks: i64, (num, den): (i32, i32)) -> i64 {
    let (num, den) = (i128::from(num.max(1)) * 1_000_000_000, i128::from(den.max(1)));
    let scaled = i128::from(ticks) * num;
    let rounded = (2 * scaled + den).div_euclid(2 * den);
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN / 4 } else { i64::MAX / 4 })
}

impl TimeIndex {
    /// The index of frames whose raw times are given in display order. `usual` is the duration in nanoseconds of a frame about which
    /// nothing else is known.
    pub(super) fn from_raw(raw: &[RawTime], time_base: (i32, i32), usual: i64, keys: &[KeyPacket]) -> Self {
        let first = raw.iter().find_map(|time| time.ticks).unwrap_or(0);
        let relative = |ticks: i64| nanoseconds(ticks.saturating_sub(first), time_base);
        let length = |time: &RawTime, delta: i64| match nanoseconds(time.duration, time_base) {
            said if time.duration > 0 && said > 0 => said,
            _ if delta > 0 => delta,
            _ => usual.max(1),
        };
        let mut times: Vec<MediaTime> = Vec::with_capacity(raw.len());
        let (mut offset, mut delta) = (0i64, 0i64);
        for (at, time) in raw.iter().enumerate() {
            let Some(previous) = times.last().map(|time| time.0) else {
                times.push(MediaTime::ZERO);
                continue;
            };
            let next = previous + length(&raw[at - 1], delta);
            let now = match time.ticks.map(relative) {
                None => next,
                Some(said) if said > previous => {
                    // Back on the file's clock, or never off it.
                    offset = 0;
                    said
                }
                Some(said) if said + offset > previous => said + offset,
                Some(said) => {
                    offset = next - said;
                    next
                }
            };
            delta = now - previous;
            times.push(MediaTime(now));
        }
        let end = match (times.last(), raw.last()) {
            (Some(time), Some(last)) => MediaTime(time.0 + length(last, delta)),
            _ => MediaTime::ZERO,
        };
        let start_time = nanoseconds(first, time_base) as f64 / 1e9;
        let mut index = Self { times, end, start_time, ..Self::default() };
        index.identify(raw, keys);
        index
    }

    /// Keeps the stream's own times when they tell the frames apart.
    fn identify(&mut self, raw: &[RawTime], keys: &[KeyPacket]) {
        let Some(ticks) = raw.iter().map(|time| time.ticks).collect::<Option<Vec<i64>>>() else { return };
        if ticks.windows(2).any(|pair| pair[0] >= pair[1]) {
            return;
        }
        let start = |key: &KeyPacket| ticks.binary_search(&key.shown).ok().map(|frame| (frame, key.ask));
        self.starts = keys.iter().filter_map(start).collect();
        self.starts.sort_unstable();
        self.starts.dedup_by_key(|start| start.0);
        self.ticks = ticks;
    }

    /// Whether this can be the index of a video: not of one that was read from a file that somebody cut or changed.
    pub(super) fn is_whole(&self) -> bool {
        let times = self.times.is_sorted_by(|before, after| before < after);
        let ticks = self.ticks.is_sorted_by(|before, after| before < after);
        let starts = self.starts.iter().all(|start| start.0 < self.times.len());
        let counts = self.ticks.is_empty() || self.ticks.len() == self.times.len();
        let ends = self.times.last().is_some_and(|last| *last < self.end);
        times && ticks && starts && counts && ends && self.times[0] == MediaTime::ZERO
    }

    /// Number of frames.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no frame.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Length of the video: the end of its last frame.
    #[must_use]
    pub fn duration(&self) -> MediaTime {
        self.end
    }

    /// The frame shown at `time`: the last that begins at or before it; the first before the beginning. 0 when there is none.
    #[must_use]
    pub fn frame_at(&self, time: MediaTime) -> usize {
        self.times.partition_point(|&begin| begin <= time).saturating_sub(1)
    }

    /// The frame whose beginning is nearest to `time`, the earlier of two at the same distance. 0 when there is none.
    #[must_use]
    pub fn nearest(&self, time: MediaTime) -> usize {
        let before = self.frame_at(time);
        match (self.times.get(before), self.times.get(before + 1)) {
            (Some(a), Some(b)) if b.0.abs_diff(time.0) < a.0.abs_diff(time.0) => before + 1,
            _ => before,
        }
    }

    /// Time of a frame, if there is such a frame.
    #[must_use]
    pub fn time(&self, frame: usize) -> Option<MediaTime> {
        self.times.get(frame).copied()
    }

    /// Frames over duration, in frames a second; 0 for no frame.
    #[must_use]
    pub fn average_fps(&self) -> f64 {
        if self.end.0 > 0 { self.len() as f64 / self.end.as_secs() } else { 0.0 }
    }

    /// Whether intervals between frames differ by more than the rounding of a clock in milliseconds, as many containers keep it.
    #[must_use]
    pub fn variable_frame_rate(&self) -> bool {
        let gaps = || self.times.windows(2).map(|pair| pair[1].0 - pair[0].0);
        let (least, most) = (gaps().min().unwrap_or(0), gaps().max().unwrap_or(0));
        most - least > 2_000_001
    }

    /// The last frame at or before `frame` at which decoding can start, where that is known.
    #[must_use]
    pub fn start_at_or_before(&self, frame: usize) -> Option<usize> {
        self.starts_before(frame).next().map(|start| start.0)
    }

    /// Whether frames are told by their times, so that decoding can start elsewhere than at the beginning.
    pub(super) fn told_by_time(&self) -> bool {
        !self.ticks.is_empty()
    }

    /// The frame of this raw time.
    pub(super) fn frame_of_ticks(&self, ticks: i64) -> Option<usize> {
        self.ticks.binary_search(&ticks).ok()
    }

    /// Frames at or before `frame` at which decoding can start, latest first, each with what to ask the container for.
    pub(super) fn starts_before(&self, frame: usize) -> impl Iterator<Item = (usize, i64)> + '_ {
        self.starts[..self.starts.partition_point(|start| start.0 <= frame)].iter().rev().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLIS: (i32, i32) = (1, 1000);

    fn index(ticks: &[Option<i64>]) -> TimeIndex {
        let raw: Vec<RawTime> = ticks.iter().map(|&ticks| RawTime { ticks, duration: 0 }).collect();
        TimeIndex::from_raw(&raw, MILLIS, 40_000_000, &[])
    }

    fn millis(index: &TimeIndex) -> Vec<i64> {
        index.times.iter().map(|time| time.0 / 1_000_000).collect()
    }

    #[test]
    fn the_first_frame_is_zero_and_the_start_is_kept() {
        let index = index(&[Some(1400), Some(1433), Some(1500)]);
        assert_eq!(millis(&index), [0, 33, 100]);
        assert_eq!(index.start_time, 1.4);
        assert_eq!(index.duration(), MediaTime(167_000_000));
        assert!(index.variable_frame_rate());
    }

    #[test]
    fn a_frame_without_a_time_follows_the_previous_by_its_duration() {
        assert_eq!(millis(&index(&[Some(0), None, None, Some(120)])), [0, 40, 80, 120]);
        let raw = [(Some(5), 20), (None, 30), (None, 0)].map(|(ticks, duration)| RawTime { ticks, duration });
        assert_eq!(millis(&TimeIndex::from_raw(&raw, MILLIS, 40_000_000, &[])), [0, 20, 50]);
        assert_eq!(millis(&index(&[None, Some(700)])), [0, 40]);
    }

    #[test]
    fn a_time_that_runs_backward_continues_and_a_single_slip_is_forgotten() {
        assert_eq!(millis(&index(&[Some(900), Some(1000), Some(0), Some(100), Some(300)])), [0, 100, 200, 300, 500]);
        assert_eq!(millis(&index(&[Some(0), Some(100), Some(50), Some(300)])), [0, 100, 200, 300]);
        assert_eq!(millis(&index(&[Some(0), Some(40), Some(40), Some(80)])), [0, 40, 80, 120]);
    }

    #[test]
    fn the_frame_shown_and_the_nearest_differ_in_the_second_half() {
        let index = index(&[Some(0), Some(100), Some(200)]);
        let at = |t: i64| (index.frame_at(MediaTime(t * 1_000_000)), index.nearest(MediaTime(t * 1_000_000)));
        assert_eq!(
            [at(-5), at(0), at(50), at(99), at(100), at(199), at(5000)],
            [(0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (2, 2)]
        );
        assert!(TimeIndex::default().is_empty() && TimeIndex::default().frame_at(MediaTime::ZERO) == 0);
    }

    #[test]
    fn a_third_of_a_tick_rounds_to_the_nearest_nanosecond() {
        assert_eq!(nanoseconds(1, (1001, 30000)), 33_366_667);
        assert_eq!(nanoseconds(-1, (1, 3)), -333_333_333);
    }
}
