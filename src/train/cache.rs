//! Decoded and resized frames in memory, shared by the decoding threads, up to a limit in bytes.
//!
//! What is in stays in: an epoch visits everything once, so that evicting the oldest would evict what is needed next. When the
//! limit is reached, further frames are decoded each time they are needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::source::FrameReader;
use crate::domain::{MediaTime, Video};

/// One frame, RGB24 `[y][x][3]`.
pub type Frame = Arc<[u8]>;

/// Frames and time indices by video.
pub struct FrameCache {
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: usize,
    times: HashMap<usize, Arc<[MediaTime]>>,
    frames: HashMap<(usize, usize), Frame>,
}

impl FrameCache {
    /// A cache of at most `limit` bytes of frames.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A thread that panicked holding the lock left whole entries behind: each insertion is one.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Presentation times of a video; `key` is its number in the data set.
    ///
    /// # Errors
    /// The reader's, when the video cannot be opened.
    pub fn times(&self, key: usize, video: &Video, reader: &mut dyn FrameReader) -> Result<Arc<[MediaTime]>, String> {
        if let Some(times) = self.kept().times.get(&key) {
            return Ok(times.clone());
        }
        let times = reader.times(video)?;
        self.kept().times.insert(key, times.clone());
        Ok(times)
    }

    /// The frames at `indices` (increasing, without repetition), decoding those that are not kept.
    ///
    /// # Errors
    /// The reader's, or a sentence when it returned an odd number of bytes.
    pub fn frames(
        &self,
        key: usize,
        video: &Video,
        indices: &[usize],
        reader: &mut dyn FrameReader,
    ) -> Result<Vec<Frame>, String> {
        let mut found: HashMap<usize, Frame> = {
            let kept = self.kept();
            indices.iter().filter_map(|&index| Some((index, kept.frames.get(&(key, index))?.clone()))).collect()
        };
        let missing: Vec<usize> = indices.iter().copied().filter(|index| !found.contains_key(index)).collect();
        if !missing.is_empty() {
            let bytes = reader.read(video, &missing)?;
            let size = bytes.len() / missing.len();
            if size == 0 || bytes.len() % missing.len() != 0 {
                return Err(format!("video {} gave frames of different sizes; probe it with etad probe", video.id));
            }
            let decoded: Vec<(usize, Frame)> =
                missing.iter().copied().zip(bytes.chunks_exact(size).map(Arc::from)).collect();
            let mut kept = self.kept();
            for (index, frame) in &decoded {
                if kept.bytes + size <= self.limit && kept.frames.insert((key, *index), frame.clone()).is_none() {
                    kept.bytes += size;
                }
            }
            drop(kept);
            found.extend(decoded);
        }
        Ok(indices.iter().filter_map(|index| found.get(index).cloned()).collect())
    }

    /// Bytes of frames kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kept().bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(usize);

    impl FrameReader for Counting {
        fn times(&mut self, _: &Video) -> Result<Arc<[MediaTime]>, String> {
            Ok(Arc::from([MediaTime::ZERO]))
        }

        fn read(&mut self, _: &Video, indices: &[usize]) -> Result<Vec<u8>, String> {
            self.0 += indices.len();
            Ok(indices.iter().flat_map(|&index| [index as u8; 3]).collect())
        }
    }

    #[test]
    fn a_frame_is_decoded_once_while_it_fits_and_the_limit_holds() {
        let video = Video {
            id: "a".to_owned(),
            subset: String::new(),
            duration: 1.0,
            frames: None,
            path: None,
            annotations: Vec::new(),
            not_annotated: Vec::new(),
        };
        let (cache, mut reader) = (FrameCache::new(9), Counting(0));
        for _ in 0..2 {
            let frames = cache.frames(0, &video, &[1, 2, 5, 7], &mut reader).expect("frames");
            assert_eq!(frames.iter().map(|frame| frame[0]).collect::<Vec<_>>(), [1, 2, 5, 7]);
        }
        assert_eq!((reader.0, cache.bytes()), (5, 9));
    }
}
