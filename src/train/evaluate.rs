//! Searches videos with a network, and says what the detections are worth (spec 9, 10, 18): the evaluation of a run and work
//! outside one alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::module::Module as _;

use super::cache::FrameCache;
use super::error::TrainError;
use super::loader::{Batch, Broken, Loader, Maker};
use super::material::Material;
use super::step::{Engine, Pulse, mask};
use super::windows::Plan;
use crate::config::Config;
use crate::detect::{WindowDetections, WindowTime, detect_windows, merge};
use crate::domain::{Detections, Video};
use crate::eval::{self, EvalOptions, Evaluation, postprocess};

/// When a search asks whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Between two chunks of clips.
    Chunk,
    /// After a batch of windows.
    Batch {
        /// Windows searched before it.
        before: usize,
        /// Windows searched.
        done: usize,
        /// Windows in all.
        total: usize,
    },
}

/// Asked at every [`Moment`].
pub type Watch<'a> = dyn FnMut(Moment) -> Pulse + 'a;

/// Detections by video in the order of the videos, rounded as result files are (spec 9.5), and the videos that could not be read.
pub type Found = (Detections, Vec<Broken>);

/// Searches every window of `videos`. None when `watch` broke it off.
///
/// # Errors
/// When decoding threads or the device fail.
pub fn search(
    config: &Config,
    material: &Material,
    videos: Vec<Video>,
    cache: &Arc<FrameCache>,
    engine: &Engine,
    watch: &mut Watch<'_>,
) -> Result<Option<Found>, TrainError> {
    let tscale = config.model.tscale;
    let plan = Arc::new(Plan::searching(videos, material.classes.clone(), &config.data, tscale));
    let maker = Maker::new(plan.clone(), &config.data, tscale, config.seed, material.features.clone());
    let threads = (config.solver.workers, config.solver.batch_size);
    let mut loader = Loader::searching(Arc::new(maker), &material.source, cache, threads)?;
    let detector = engine.detector.valid();
    let mut windows: BTreeMap<String, Vec<WindowDetections>> = BTreeMap::new();
    let (mut broken, mut done, total) = (Vec::new(), 0, plan.items.len());
    while let Some(batch) = loader.next_batch()? {
        let before = done;
        done += batch.items.len() + batch.broken.len();
        broken.extend(batch.broken.iter().cloned());
        if !batch.items.is_empty() {
            let Some(features) = engine.features(&batch, &mut || watch(Moment::Chunk)) else { return Ok(None) };
            let mask = mask(&batch, &features.device());
            let times = times(&batch, tscale);
            let found = detect_windows(&detector, features, mask, &times, &config.post, &material.classes)?;
            for (item, found) in batch.items.iter().zip(found) {
                windows.entry(item.video.clone()).or_default().push(found);
            }
        }
        if watch(Moment::Batch { before, done, total }) == Pulse::Stop {
            return Ok(None);
        }
    }
    let merged = |video: &Video| {
        let mut found = merge(windows.remove(&video.id).unwrap_or_default(), &config.post);
        postprocess::round(&mut found);
        (video.id.clone(), found)
    };
    let detections = Detections { videos: plan.videos.iter().map(merged).collect() };
    Ok(Some((detections, broken)))
}

/// Where the snippets of each item lie.
fn times(batch: &Batch, tscale: usize) -> Vec<WindowTime> {
    let time = |item: &super::item::Item| WindowTime {
        start: item.window.start,
        seconds_per_snippet: item.window.length / tscale as f64,
        duration: item.duration,
    };
    batch.items.iter().map(time).collect()
}

/// Average precision and recall of detections on the configuration's test subset.
///
/// # Errors
/// When there is no truth to compare with.
pub fn judge(config: &Config, material: &Material, detections: &Detections) -> Result<Evaluation, TrainError> {
    let options = EvalOptions {
        blocked: material.blocked.clone(),
        ..EvalOptions::new(&config.data.test_subset, &config.eval.tious)
    };
    Ok(eval::evaluate(&material.dataset, detections, &options)?)
}
