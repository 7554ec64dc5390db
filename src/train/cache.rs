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
    times: HashMap<String, Arc<[MediaTime]>>,
    damage: HashMap<String, String>,
    /// By video, not by its number: training and evaluation number their own videos, and share this cache.
    frames: HashMap<String, HashMap<usize, Frame>>,
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

    /// Presentation times of a video.
    ///
    /// # Errors
    /// The reader's, when the video cannot be opened.
    pub fn times(&self, video: &Video, reader: &mut dyn FrameReader) -> Result<Arc<[MediaTime]>, String> {
        if let Some(times) = self.kept().times.get(&video.id) {
            return Ok(times.clone());
        }
        let times = reader.times(video)?;
        let damage = reader.damage(video)?;
        let mut kept = self.kept();
        kept.damage.extend(damage.map(|damage| (video.id.clone(), damage)));
        kept.times.insert(video.id.clone(), times.clone());
        Ok(times)
    }

    /// What is damaged in a video whose times were asked for.
    #[must_use]
    pub fn damage(&self, video: &str) -> Option<String> {
        self.kept().damage.get(video).cloned()
    }

    /// Number of videos whose times are known.
    #[must_use]
    pub fn indexed(&self) -> usize {
        self.kept().times.len()
    }

    /// The frames at `indices` (increasing, without repetition), decoding those that are not kept.
    ///
    /// # Errors
    /// The reader's, or a sentence when it returned an odd number of bytes.
    pub fn frames(&self, video: &Video, indices: &[usize], reader: &mut dyn FrameReader) -> Result<Vec<Frame>, String> {
        let mut found: HashMap<usize, Frame> = {
            let kept = self.kept();
            let own = kept.frames.get(&video.id);
            indices.iter().filter_map(|&index| Some((index, own?.get(&index)?.clone()))).collect()
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
            let Kept { bytes, frames, .. } = &mut *kept;
            let own = frames.entry(video.id.clone()).or_default();
            for (index, frame) in &decoded {
                if *bytes + size <= self.limit && own.insert(*index, frame.clone()).is_none() {
                    *bytes += size;
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
        let video = |id: &str| Video {
            id: id.to_owned(),
            subset: String::new(),
            duration: 1.0,
            frames: None,
            path: None,
            annotations: Vec::new(),
            not_annotated: Vec::new(),
            rejected: Vec::new(),
            crop: None,
            stream: None,
        };
        let (cache, mut reader) = (FrameCache::new(9), Counting(0));
        for _ in 0..2 {
            let frames = cache.frames(&video("a"), &[1, 2, 5, 7], &mut reader).expect("frames");
            assert_eq!(frames.iter().map(|frame| frame[0]).collect::<Vec<_>>(), [1, 2, 5, 7]);
        }
        assert_eq!((reader.0, cache.bytes()), (5, 9));
        cache.frames(&video("b"), &[1], &mut reader).expect("frames");
        assert_eq!(reader.0, 6, "another video has frames of its own");
    }
}
