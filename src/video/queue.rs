//! Frames decoded ahead of the time shown.

use std::collections::VecDeque;

use crate::domain::MediaTime;

/// Decoded frames, waiting for their time in display order. A generation number, raised at each seek, keeps out what was decoded for a
/// place that nobody looks at any more.
#[derive(Debug)]
pub struct FrameQueue<T> {
    generation: u64,
    waiting: VecDeque<(MediaTime, T)>,
    dropped: u64,
    /// Frames before this time are not let in.
    begin: MediaTime,
}

impl<T> Default for FrameQueue<T> {
    fn default() -> Self {
        Self { generation: 0, waiting: VecDeque::new(), dropped: 0, begin: MediaTime::ZERO }
    }
}

impl<T> FrameQueue<T> {
    /// Empties the queue; from now on only frames of `generation` are let in.
    pub fn restart(&mut self, generation: u64) {
        self.generation = generation;
        self.begin = MediaTime::ZERO;
        self.waiting.clear();
    }

    /// Lets in no frame of this generation before `begin`: it is on the screen already.
    pub fn skip_to(&mut self, begin: MediaTime) {
        self.begin = begin;
    }

    /// Appends a frame; false, and the frame is gone, when it is of another generation or too early.
    pub fn push(&mut self, generation: u64, time: MediaTime, frame: T) -> bool {
        let wanted = generation == self.generation && time >= self.begin;
        if wanted {
            self.waiting.push_back((time, frame));
        }
        wanted
    }

    /// Takes the newest frame whose time has come; older ones, never shown, count as dropped. `None` when the next is yet to come:
    /// keep showing the last.
    pub fn take(&mut self, now: MediaTime) -> Option<(MediaTime, T)> {
        let due = self.waiting.iter().take_while(|(time, _)| *time <= now).count();
        let late = due.saturating_sub(1);
        self.waiting.drain(..late);
        self.dropped += late as u64;
        if due > 0 { self.waiting.pop_front() } else { None }
    }

    /// Takes the first frame whatever its time: what a seek asked for while paused.
    pub fn take_first(&mut self) -> Option<(MediaTime, T)> {
        self.waiting.pop_front()
    }

    /// Time of the next frame: when to draw again.
    #[must_use]
    pub fn next_time(&self) -> Option<MediaTime> {
        self.waiting.front().map(|(time, _)| *time)
    }

    /// Number of waiting frames.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no frame waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Frames that came too late to be shown, since the beginning.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_due_frame_is_shown_and_late_ones_are_counted() {
        let mut queue = FrameQueue::default();
        for n in 0..5 {
            assert!(queue.push(0, MediaTime(n * 10), n));
        }
        assert_eq!(queue.take(MediaTime(0)), Some((MediaTime(0), 0)));
        assert_eq!(queue.take(MediaTime(5)), None);
        assert_eq!(queue.take(MediaTime(35)), Some((MediaTime(30), 3)));
        assert_eq!((queue.dropped(), queue.len(), queue.next_time()), (2, 1, Some(MediaTime(40))));
        assert_eq!(queue.take_first(), Some((MediaTime(40), 4)));
        assert!(queue.is_empty());
    }

    #[test]
    fn frames_of_an_older_generation_are_not_let_in() {
        let mut queue = FrameQueue::default();
        queue.push(0, MediaTime(0), "old");
        queue.restart(1);
        assert!(!queue.push(0, MediaTime(10), "late"));
        assert!(queue.push(1, MediaTime(20), "new"));
        assert_eq!(queue.take_first(), Some((MediaTime(20), "new")));
    }
}
