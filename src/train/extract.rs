//! Features of whole videos by an encoder, as the files that recipes on stored features read (spec 2.3, 2.5).

use super::augment::Look;
use super::cache::FrameCache;
use super::item::{Input, Item, feature_frames, load_frames};
use super::loader::Batch;
use super::source::FrameReader;
use super::step::{Engine, Pulse};
use super::targets::Truth;
use super::windows::Window;
use crate::config::{Config, Sampling};
use crate::domain::Video;
use crate::formats::features::Features;

/// Features of a video: `tscale` rows with the resize scheme, else one each `data.feature_stride` frames, centred `data.feature_offset`
/// frames after it. Also the number of frames, by which windows of features are counted. None when `pulse` broke it off. Memory is
/// bounded by `tscale` clips.
///
/// # Errors
/// A sentence when the video cannot be decoded.
pub fn extract(
    config: &Config,
    engine: &Engine,
    video: &Video,
    reader: &mut dyn FrameReader,
    pulse: &mut dyn FnMut() -> Pulse,
) -> Result<Option<(Features, usize)>, String> {
    let (data, tscale) = (&config.data, config.model.tscale);
    let cache = FrameCache::new(0);
    let times = cache.times(video, reader)?;
    if times.is_empty() {
        return Err(format!("video {} has no frame that can be decoded; replace or remove it", video.id));
    }
    if data.sampling == Sampling::Time && !(video.duration > 0.0 && video.duration.is_finite()) {
        return Err(format!("video {} has no \"duration\" above 0 in {}; add it", video.id, data.annotations));
    }
    let wanted = feature_frames(data, video.duration, &times, tscale);
    let length = wanted.len() / data.clip_length.max(1);
    let mut rows = Features { length, channels: 0, values: Vec::new() };
    for part in wanted.chunks(data.clip_length * tscale) {
        let clips = part.len() / data.clip_length;
        let mut wanted = part.to_vec();
        // A batch always has `tscale` snippets: the last clip again fills it up.
        while wanted.len() < data.clip_length * tscale {
            wanted.extend_from_within(wanted.len() - data.clip_length..);
        }
        let window = Window { start: 0.0, length: video.duration };
        let item = Item {
            video: video.id.clone(),
            duration: video.duration,
            window,
            input: Input::Clips(load_frames(data, video, wanted, &Look::centre(data), &cache, reader)?),
            mask: vec![1.0; tscale],
            truth: Truth::default(),
        };
        let Some(features) = engine.features(&Batch { items: vec![item], broken: Vec::new() }, pulse) else {
            return Ok(None);
        };
        let [_, channels, _] = features.dims();
        let values: Vec<f32> = features.swap_dims(1, 2).into_data().iter::<f32>().take(clips * channels).collect();
        rows.channels = channels;
        rows.values.extend(values);
    }
    Ok(Some((rows, times.len())))
}
