//! The features of a frozen encoder, computed once for every window and kept in a folder: training then costs what training on stored
//! features costs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::FrameCache;
use super::error::TrainError;
use super::evaluate::{Watch, encode};
use super::item::time_mask;
use super::loader::{Broken, FeatureReader, Loader, Maker};
use super::material::Material;
use super::source::media_path;
use super::step::Engine;
use super::windows::{Plan, Window};
use crate::config::Config;
use crate::domain::Video;
use crate::formats::features::{self, Features, Layout};
use crate::model::weights::Weights;

/// Folder of the features of this encoder on frames chosen in this way: another encoder has another.
#[must_use]
pub fn folder(config: &Config, root: &Path, engine: &Engine) -> Option<PathBuf> {
    let folder = config.data.feature_cache.as_ref()?;
    let weights = engine.encoder.iter().fold(Weights::default(), |weights, encoder| weights.with(encoder));
    // FNV-1a, as of the data's fingerprint.
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for (name, array) in &weights.tensors {
        add(name.as_bytes());
        array.values.iter().for_each(|value| add(&value.to_le_bytes()));
    }
    let data = &config.data;
    let (encoder, tscale) = (&config.encoder, config.model.tscale);
    let choices = (data.sampling, data.clip_length, data.frame_rate, data.repeat_centre_frame, data.reverse_clips);
    let picture =
        (data.resize_width, data.resize_height, data.resize_filter, data.test_crop, &encoder.mean, &encoder.std);
    let norm = (encoder.norm, encoder.norm_groups, encoder.norm_epsilon);
    // No weight's name or shape tells the strides.
    let shape = (&encoder.temporal_strides, &encoder.spatial_strides, tscale);
    let files = (root.join(&data.folder), &data.prefix, &data.extension);
    add(format!("{choices:?} {picture:?} {norm:?} {shape:?} {files:?}").as_bytes());
    Some(root.join(folder).join(format!("{hash:016x}")))
}

/// File of a window; places are told to the microsecond.
fn file(folder: &Path, video: &Video, window: Window) -> PathBuf {
    let name = super::raw::plain_name(&video.id);
    let crop = video.crop.map_or_else(String::new, |crop| {
        let [left, top, width, height] = crop.into();
        format!("@{left:.4},{top:.4},{width:.4},{height:.4}")
    });
    let stream = video.stream.map_or_else(String::new, |stream| format!("@stream{stream}"));
    folder.join(format!("{name}@{:.6}+{:.6}{crop}{stream}.npy", window.start, window.length))
}

/// Whether features are there and not older than the video that they were made of.
fn is_current(features: &Path, video: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified());
    // A video that is gone takes nothing away from what was made of it.
    changed(features).is_ok_and(|made| changed(video).is_ok_and(|filmed| filmed <= made) || changed(video).is_err())
}

/// Reads what [`fill`] wrote.
#[must_use]
pub fn reader(folder: &Path, tscale: usize, channels: usize) -> FeatureReader {
    let folder = folder.to_owned();
    Arc::new(move |video: &Video, window: Window| {
        let path = file(&folder, video, window);
        let stored = features::read(&path, Layout::TimeFirst, Some(channels)).map_err(|error| error.to_string())?;
        if stored.length != tscale {
            return Err(format!("{} has {} snippets, not {tscale}; delete it", path.display(), stored.length));
        }
        let values = (0..channels).flat_map(|channel| (0..tscale).map(move |time| (channel, time)));
        let values = values.map(|(channel, time)| stored.row(time)[channel]).collect();
        Ok((values, time_mask(window, video.duration, tscale)))
    })
}

/// Computes the features of every item of `plan` that has none yet. The videos that cannot be read; none when `watch` broke it off,
/// and what is done then is kept.
///
/// # Errors
/// When decoding threads fail or the folder cannot be written.
pub fn fill(
    config: &Config,
    material: &Material,
    engine: &Engine,
    (root, folder): (&Path, &Path),
    plan: &Plan,
    watch: &mut Watch<'_>,
) -> Result<Option<Vec<Broken>>, TrainError> {
    let failed = |source| crate::formats::FormatError::Write { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut plan = plan.clone();
    let videos = plan.videos.clone();
    plan.items.retain(|&(video, window)| {
        let video = &videos[video];
        !is_current(&file(folder, video, window), &media_path(&config.data, root, video))
    });
    let total = plan.items.len();
    let maker = Maker::new(Arc::new(plan), &config.data, config.model.tscale, config.seed, None);
    // Each frame is met once: nothing is gained by keeping any.
    let cache = Arc::new(FrameCache::new(0));
    let threads = (config.solver.workers, config.solver.batch_size);
    let loader = Loader::searching(Arc::new(maker), &material.source, &cache, threads)?;
    let mut broken = Vec::new();
    let whole = encode(engine, loader, total, watch, &mut |batch, features, _| {
        broken.extend(batch.broken.iter().cloned());
        let Some(features) = features else { return Ok(true) };
        let [_, channels, length] = features.dims();
        let values: Vec<f32> = features.swap_dims(1, 2).into_data().iter::<f32>().collect();
        for (item, values) in batch.items.iter().zip(values.chunks_exact(channels * length)) {
            let rows = Features { length, channels, values: values.to_vec() };
            let Some(video) = videos.iter().find(|video| video.id == item.video) else { continue };
            let path = file(folder, video, item.window);
            // Whole or not at all: what is there is not computed again.
            let part = path.with_extension("part");
            features::write(&part, &rows)?;
            let synced = std::fs::File::open(&part).and_then(|file| file.sync_all());
            synced.and_then(|()| std::fs::rename(&part, &path)).map_err(failed)?;
        }
        Ok(true)
    })?;
    Ok(whole.then_some(broken))
}
