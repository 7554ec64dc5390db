//! Decoded frames kept around the place that is looked at, within a limit in bytes: what makes stepping back and scrubbing instant.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Frame;

/// Frames by number. When they outgrow the limit, those farthest from the place that is looked at go first.
#[derive(Debug)]
pub struct FrameStore {
    limit: usize,
    bytes: usize,
    centre: usize,
    frames: BTreeMap<usize, Arc<Frame>>,
}

impl FrameStore {
    /// An empty store of at most `limit` bytes of pictures; a single larger picture is kept all the same.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, bytes: 0, centre: 0, frames: BTreeMap::new() }
    }

    /// Moves the place about which frames are kept.
    pub fn look_at(&mut self, frame: usize) {
        self.centre = frame;
    }

    /// Keeps a frame, letting go of those that are farther away; of itself, if it is the farthest and there is no room.
    pub fn insert(&mut self, frame: Arc<Frame>) {
        self.bytes += frame.picture.bytes();
        if let Some(before) = self.frames.insert(frame.index, frame) {
            self.bytes -= before.picture.bytes();
        }
        while self.bytes > self.limit && self.frames.len() > 1 {
            let ends = [self.frames.keys().next(), self.frames.keys().next_back()];
            let farthest = ends.into_iter().flatten().copied().max_by_key(|frame| frame.abs_diff(self.centre));
            let Some(gone) = farthest.and_then(|frame| self.frames.remove(&frame)) else { return };
            self.bytes -= gone.picture.bytes();
        }
    }

    /// The frame of this number.
    #[must_use]
    pub fn get(&self, frame: usize) -> Option<Arc<Frame>> {
        self.frames.get(&frame).cloned()
    }

    /// The kept frame nearest to this number, the earlier of two.
    #[must_use]
    pub fn nearest(&self, frame: usize) -> Option<Arc<Frame>> {
        let (before, after) = (self.frames.range(..=frame).next_back(), self.frames.range(frame..).next());
        let chosen = match (before, after) {
            (Some(before), Some(after)) if after.0 - frame < frame - before.0 => after,
            (Some(before), _) => before,
            (None, after) => after?,
        };
        Some(chosen.1.clone())
    }

    /// How many frames just before this number are kept without a gap.
    #[must_use]
    pub fn run_before(&self, frame: usize) -> usize {
        let kept = self.frames.range(..frame).rev().map(|(index, _)| *index);
        kept.zip((0..frame).rev()).take_while(|(kept, wanted)| kept == wanted).count()
    }

    /// How many frames of this size the limit holds; at least 4.
    #[must_use]
    pub fn room(&self, picture_bytes: usize) -> usize {
        (self.limit / picture_bytes.max(1)).max(4)
    }

    /// Forgets all, when frames are numbered anew.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }

    /// Number of frames and their bytes.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.frames.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MediaTime;
    use crate::video::Picture;

    fn frame(index: usize) -> Arc<Frame> {
        Arc::new(Frame { index, time: MediaTime(index as i64), picture: Picture::grey(2, 2, 0) })
    }

    #[test]
    fn the_farthest_frames_go_first() {
        let each = frame(0).picture.bytes();
        let mut store = FrameStore::new(4 * each);
        store.look_at(10);
        for index in [10, 9, 8, 12, 11, 30] {
            store.insert(frame(index));
        }
        assert_eq!(store.size(), (4, 4 * each));
        assert!(store.get(30).is_none() && store.get(12).is_none() && store.get(8).is_some());
        assert_eq!((store.run_before(12), store.run_before(9), store.run_before(8)), (4, 1, 0));
        store.look_at(30);
        store.insert(frame(30));
        assert!(store.get(30).is_some() && store.get(8).is_none());
        store.clear();
        assert_eq!(store.size(), (0, 0));
    }

    #[test]
    fn the_nearest_is_the_earlier_of_two() {
        let mut store = FrameStore::new(usize::MAX);
        assert!(store.nearest(5).is_none());
        store.insert(frame(4));
        store.insert(frame(8));
        let nearest = |at| store.nearest(at).map(|frame| frame.index);
        assert_eq!([nearest(0), nearest(6), nearest(7), nearest(99)], [Some(4), Some(4), Some(8), Some(8)]);
    }

    #[test]
    fn a_picture_larger_than_the_limit_is_kept_alone() {
        let mut store = FrameStore::new(1);
        store.insert(frame(0));
        store.insert(frame(1));
        assert_eq!(store.size().0, 1);
        assert_eq!(store.room(1 << 40), 4);
    }
}
