//! Times of frames: an edge belongs where a frame begins, or where the last one ends. With a variable frame rate these are not evenly
//! spaced, so they come from the video's index; until that is there, frames of average length stand in.

use super::State;
use crate::domain::MediaTime;

/// Seconds within which two times are the same edge.
const SAME: f64 = 1e-6;

impl State {
    /// Seconds of a frame of the open video on average.
    #[must_use]
    pub fn frame_seconds(&self) -> f64 {
        let counted = (self.playback.frames > 0).then(|| self.playback.length.as_secs() / self.playback.frames as f64);
        counted.or_else(|| self.selected().and_then(|entry| entry.frame)).filter(|frame| *frame > 0.0).unwrap_or(0.04)
    }

    /// Where frame `n` begins, in seconds; behind the last one: where that ends, and so on by average frames.
    fn edge(&self, n: i64) -> f64 {
        let (times, length) = (&self.playback.times, self.playback.length.as_secs());
        let known = usize::try_from(n).ok().and_then(|n| times.get(n));
        match known {
            Some(time) => time.as_secs(),
            None if times.is_empty() || n < 0 => n as f64 * self.frame_seconds(),
            None => length + (n - times.len() as i64) as f64 * self.frame_seconds(),
        }
    }

    /// Number of the last edge at `seconds` or before.
    fn edge_before(&self, seconds: f64) -> i64 {
        let times = &self.playback.times;
        if times.is_empty() || seconds < 0.0 {
            return ((seconds + SAME) / self.frame_seconds()).floor() as i64;
        }
        let at = MediaTime::from_secs(seconds + SAME);
        let begun = times.partition_point(|time| *time <= at) as i64 - 1;
        let over = begun + 1 == times.len() as i64 && at >= self.playback.length;
        if over { begun + 1 } else { begun.max(0) }
    }

    /// The edge of a frame that is nearest to `seconds`.
    #[must_use]
    pub fn nearest_edge(&self, seconds: f64) -> f64 {
        let before = self.edge_before(seconds);
        let (a, b) = (self.edge(before), self.edge(before + 1));
        if seconds - a <= b - seconds { a } else { b }
    }

    /// The edge `frames` on from `seconds`, or back; from between two edges the next one in that direction is the first.
    #[must_use]
    pub fn edge_from(&self, seconds: f64, frames: i32) -> f64 {
        let before = self.edge_before(seconds);
        let between = seconds - self.edge(before) > SAME;
        self.edge(before + i64::from(frames) + i64::from(between && frames < 0))
    }

    /// Number of the frame that is shown at `seconds`.
    #[must_use]
    pub fn frame_number(&self, seconds: f64) -> i64 {
        self.edge_before(seconds).max(0)
    }

    /// Where the frames between two times begin, in seconds.
    pub fn edges_within(&self, from: f64, to: f64) -> impl Iterator<Item = f64> {
        (self.edge_before(from).max(0)..=self.edge_before(to).max(0)).map(|n| self.edge(n))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{command, opened, report};
    use super::super::{Annotate, Edge, Grip, Pick, Report};
    use super::*;

    /// Ten seconds whose frames last 10 ms, then 200 ms.
    fn uneven() -> State {
        let mut state = opened();
        let generation = state.playback.generation;
        let times = (0..100).map(|n| n * 10).chain((0..45).map(|n| 1000 + n * 200));
        let times = times.map(|milliseconds: i64| MediaTime(milliseconds * 1_000_000)).collect();
        report(&mut state, Report::FrameTimes { generation, times });
        state
    }

    #[test]
    fn edges_are_those_of_the_index() {
        let state = uneven();
        assert_eq!([0.014, 0.016, 1.09, 1.11, 9.96].map(|at| state.nearest_edge(at)), [0.01, 0.02, 1.0, 1.2, 10.0]);
        assert_eq!([1, -1].map(|by| state.edge_from(1.0, by)), [1.2, 0.99]);
        assert_eq!([1, 2, -1].map(|by| state.edge_from(1.3, by)), [1.4, 1.6, 1.2], "from between two edges");
        assert_eq!([0.0, 0.995, 1.1, 9.99].map(|at| state.frame_number(at)), [0, 99, 100, 144]);
        assert_eq!(state.edges_within(0.985, 1.3).collect::<Vec<_>>(), [0.98, 0.99, 1.0, 1.2]);
        let average = opened();
        assert_eq!((average.nearest_edge(4.013), average.edge_from(3.0, 2)), (4.0, 3.08));
    }

    #[test]
    fn dragging_and_nudging_keep_to_them() {
        let mut state = uneven();
        let mut tell = |what: Annotate| drop(command(&mut state, what.into()));
        tell(Annotate::DragStart(Grip::New("run".to_owned()), 3.07));
        tell(Annotate::DragTo { at: 4.52, reach: 0.0, free: false });
        tell(Annotate::DragEnd);
        tell(Annotate::Nudge(Edge::End, 1));
        assert_eq!(state.actions()[1].segment, [3.0, 4.8]);
        let id = state.actions()[0].id;
        let mut tell = |what: Annotate| drop(command(&mut state, what.into()));
        tell(Annotate::Select(id, Pick::Only));
        tell(Annotate::NudgeBoth(-1));
        assert_eq!(state.actions()[0].segment, [0.99, 1.8]);
    }
}
