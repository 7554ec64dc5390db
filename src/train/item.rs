//! One item: a window's frames or features, its mask and its truth, ready for the device.

use std::sync::Arc;

use super::augment::Look;
use super::cache::FrameCache;
use super::source::FrameReader;
use super::targets::Truth;
use super::windows::Window;
use crate::config::{Data, Sampling, Scheme};
use crate::domain::{MediaTime, Video};
use crate::formats::snippets;

/// The clips of an item: each distinct frame once, and which frames each clip is made of. Bytes until a chunk is on the device.
#[derive(Clone, Debug, PartialEq)]
pub struct Clips {
    /// Planes `[frame, 3, side, side]`.
    pub frames: Vec<u8>,
    /// Frame of each clip and place in it, `[snippets, length]`.
    pub index: Vec<u32>,
    /// Frames of a clip.
    pub length: usize,
    /// Side of the square picture in pixels.
    pub side: usize,
}

impl Clips {
    /// Number of clips.
    #[must_use]
    pub fn count(&self) -> usize {
        self.index.len() / self.length.max(1)
    }

    /// Appends the clips of `snippets` as `[snippet, 3, length, side, side]` to `out`.
    pub fn gather(&self, snippets: &[usize], out: &mut Vec<u8>) {
        let plane = self.side * self.side;
        for &snippet in snippets {
            let clip = &self.index[snippet * self.length..(snippet + 1) * self.length];
            for channel in 0..3 {
                for &frame in clip {
                    let at = (frame as usize * 3 + channel) * plane;
                    out.extend_from_slice(&self.frames[at..at + plane]);
                }
            }
        }
    }
}

/// What the network sees of an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Clips for the encoder.
    Clips(Clips),
    /// Stored features `[channels, tscale]`.
    Features(Vec<f32>),
}

/// One window of a video.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The video's name.
    pub video: String,
    /// Its length in seconds.
    pub duration: f64,
    /// Which stretch of it.
    pub window: Window,
    /// Frames or features.
    pub input: Input,
    /// 1 for snippets inside the video, 0 for padding, `[tscale]`.
    pub mask: Vec<f32>,
    /// Actions to train on; empty in inference.
    pub truth: Truth,
}

/// The frame shown at `time`, or whichever of its neighbours is nearer; the earlier of two equally near.
fn nearest(times: &[MediaTime], time: MediaTime) -> usize {
    let after = times.partition_point(|&known| known < time);
    match (after.checked_sub(1), times.get(after)) {
        (Some(before), Some(next)) if time.0 - times[before].0 <= next.0 - time.0 => before,
        (Some(before), None) => before,
        _ => after.min(times.len().saturating_sub(1)),
    }
}

/// Frame of each clip and place, `[tscale, length]` (spec 2.4, 18).
#[must_use]
pub fn clip_frames(data: &Data, window: Window, times: &[MediaTime], tscale: usize) -> Vec<usize> {
    let length = data.clip_length;
    let mut frames: Vec<usize> = match data.sampling {
        Sampling::Time => snippets::frame_times(window.start, window.length, tscale, length, data.frame_rate)
            .concat()
            .into_iter()
            .map(|seconds| nearest(times, MediaTime::from_secs(seconds)))
            .collect(),
        Sampling::Index => snippets::opentad_frames(times.len(), tscale, length).concat(),
        Sampling::IndexOfficial => snippets::official_frames(times.len(), tscale, length).concat(),
    };
    control(data, &mut frames);
    frames
}

/// The experiments' controls on the frames of clips.
fn control(data: &Data, frames: &mut [usize]) {
    let length = data.clip_length;
    for clip in frames.chunks_exact_mut(length) {
        if data.repeat_centre_frame {
            clip.fill(clip[length / 2]);
        }
        if data.reverse_clips {
            clip.reverse();
        }
    }
}

/// Frame of each clip and place of a whole video's features, `[features, length]`: those of the one window of a rescaled video, else
/// clips at every `feature_stride`-th frame and on (spec 2.5), by index or around their centre by time.
#[must_use]
pub fn feature_frames(data: &Data, duration: f64, times: &[MediaTime], tscale: usize) -> Vec<usize> {
    if data.scheme == Scheme::Resize {
        return clip_frames(data, Window { start: 0.0, length: duration }, times, tscale);
    }
    let last = times.len().saturating_sub(1);
    let starts = (0..times.len()).step_by(data.feature_stride.max(1));
    let place = |start: usize, j: usize| match data.sampling {
        Sampling::Index | Sampling::IndexOfficial => (start + j).min(last),
        Sampling::Time => {
            let centre = (start + data.feature_offset) as f64 * duration / times.len() as f64;
            let half = (data.clip_length as f64 - 1.0) / 2.0;
            nearest(times, MediaTime::from_secs(centre + (j as f64 - half) / data.frame_rate))
        }
    };
    let mut frames: Vec<usize> = starts
        .flat_map(|start| (0..data.clip_length).map(move |j| (start, j)))
        .map(|(start, j)| place(start, j))
        .collect();
    control(data, &mut frames);
    frames
}

/// Decodes, cuts and assembles the clips of a window; `key` is the video's number in the cache.
///
/// # Errors
/// A sentence naming the video when it cannot be opened or decoded.
pub fn load_clips(
    data: &Data,
    video: &Video,
    window: Window,
    look: &Look,
    tscale: usize,
    cache: &FrameCache,
    reader: &mut dyn FrameReader,
) -> Result<Clips, String> {
    let times: Arc<[MediaTime]> = cache.times(video, reader)?;
    if !(video.duration > 0.0 && video.duration.is_finite()) {
        return Err(format!("video {} has no \"duration\" above 0 in {}; add it", video.id, data.annotations));
    }
    if times.len() < 2 {
        let found = if times.is_empty() { "no frame" } else { "one frame only" };
        return Err(format!("video {} has {found} that can be decoded; replace or remove it", video.id));
    }
    load_frames(data, video, clip_frames(data, window, &times, tscale), look, cache, reader)
}

/// Decodes, cuts and assembles clips of the frames `[clips, length]`.
///
/// # Errors
/// As [`load_clips`].
pub fn load_frames(
    data: &Data,
    video: &Video,
    wanted: Vec<usize>,
    look: &Look,
    cache: &FrameCache,
    reader: &mut dyn FrameReader,
) -> Result<Clips, String> {
    let mut distinct = wanted.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let frames = cache.frames(video, &distinct, reader)?;
    let expected = data.resize_width * data.resize_height * 3;
    if frames.len() != distinct.len() || frames.iter().any(|frame| frame.len() != expected) {
        return Err(format!("video {} gave frames of another size than {expected} bytes", video.id));
    }
    let index = wanted.iter().map(|frame| distinct.partition_point(|known| known < frame) as u32).collect();
    let planes = look.planes(&frames, data.resize_width);
    Ok(Clips { frames: planes, index, length: data.clip_length, side: look.side })
}

/// 1 for snippets whose centre lies inside the video, else 0, `[tscale]` (spec 18).
#[must_use]
pub fn time_mask(window: Window, duration: f64, tscale: usize) -> Vec<f32> {
    (0..tscale).map(|snippet| f32::from(window.centre(snippet, tscale) < duration)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(seconds: &[f64]) -> Vec<MediaTime> {
        seconds.iter().map(|&second| MediaTime::from_secs(second)).collect()
    }

    #[test]
    fn the_nearest_frame_is_found_with_uneven_times() {
        let times = times(&[0.0, 0.1, 0.5]);
        let at = |seconds| nearest(&times, MediaTime::from_secs(seconds));
        assert_eq!([at(-1.0), at(0.04), at(0.06), at(0.29), at(0.31), at(9.0)], [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn clips_are_centred_in_time_and_controls_repeat_or_reverse_them() {
        let data = Data { clip_length: 3, frame_rate: 10.0, ..Data::default() };
        let times: Vec<MediaTime> = (0..20).map(|frame| MediaTime(frame * 100_000_000)).collect();
        let window = Window { start: 0.0, length: 2.0 };
        assert_eq!(clip_frames(&data, window, &times, 2), [4, 5, 6, 14, 15, 16]);
        let repeated = Data { repeat_centre_frame: true, ..data.clone() };
        assert_eq!(clip_frames(&repeated, window, &times, 2), [5, 5, 5, 15, 15, 15]);
        let reversed = Data { reverse_clips: true, ..data };
        assert_eq!(clip_frames(&reversed, window, &times, 2), [6, 5, 4, 16, 15, 14]);
    }

    #[test]
    fn features_of_a_whole_video_lie_on_the_grid_of_windows() {
        let times: Vec<MediaTime> = (0..10).map(|frame| MediaTime(frame * 100_000_000)).collect();
        let data = Data { clip_length: 3, feature_stride: 4, feature_offset: 1, frame_rate: 10.0, ..Data::default() };
        let by_index = Data { sampling: Sampling::Index, ..data.clone() };
        assert_eq!(feature_frames(&by_index, 1.0, &times, 64), [0, 1, 2, 4, 5, 6, 8, 9, 9]);
        assert_eq!(feature_frames(&data, 1.0, &times, 64), [0, 1, 2, 4, 5, 6, 8, 9, 9]);
        let resized = Data { scheme: Scheme::Resize, ..by_index };
        assert_eq!(feature_frames(&resized, 1.0, &times, 2).len(), 6);
    }

    #[test]
    fn a_video_whose_length_is_not_written_down_is_told_by_name() {
        struct TwoFrames;
        impl FrameReader for TwoFrames {
            fn times(&mut self, _: &Video) -> Result<Arc<[MediaTime]>, String> {
                Ok(times(&[0.0, 0.5]).into())
            }
            fn read(&mut self, video: &Video, _: &[usize]) -> Result<Vec<u8>, String> {
                Err(format!("{} is not read", video.id))
            }
        }
        let data = Data::default();
        for duration in [0.0, -1.0, f64::NAN, 1.0] {
            let video = Video {
                id: "v".to_owned(),
                subset: String::new(),
                duration,
                frames: None,
                path: None,
                annotations: Vec::new(),
                not_annotated: Vec::new(),
                rejected: Vec::new(),
                crop: None,
                stream: None,
            };
            let window = Window { start: 0.0, length: 1.0 };
            let cache = FrameCache::new(0);
            let told = load_clips(&data, &video, window, &Look::centre(&data), 4, &cache, &mut TwoFrames);
            let words = if duration > 0.0 {
                "v is not read"
            } else {
                "video v has no \"duration\" above 0 in annotations.json"
            };
            assert!(told.as_ref().is_err_and(|told| told.contains(words)), "{duration}: {told:?}");
        }
    }

    #[test]
    fn snippets_beyond_the_end_are_masked() {
        assert_eq!(time_mask(Window { start: 0.0, length: 4.0 }, 3.0, 4), [1.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn gathered_clips_are_channel_by_frame() {
        let clips = Clips { frames: (0..6).collect(), index: vec![0, 1, 1, 1], length: 2, side: 1 };
        let mut out = Vec::new();
        clips.gather(&[1, 0], &mut out);
        assert_eq!(out, [3, 3, 4, 4, 5, 5, 0, 3, 1, 4, 2, 5]);
    }

    #[test]
    fn each_formula_by_index_is_the_one_that_is_named() {
        let data = |sampling| Data { sampling, clip_length: 3, ..Data::default() };
        let (times, window) = (times(&[0.0; 20]), Window { start: 0.0, length: 2.0 });
        let frames = |sampling| clip_frames(&data(sampling), window, &times, 2);
        assert_eq!(frames(Sampling::Index), [4, 4, 6, 14, 14, 16]);
        assert_eq!(frames(Sampling::IndexOfficial), [0, 1, 2, 17, 18, 19]);
    }
}
