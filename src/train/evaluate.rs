//! Searches videos with a network, and says what the detections are worth (spec 9, 10, 18): the evaluation of a run and work
//! outside one alike.

use std::sync::Arc;

use burn::module::Module as _;
use burn::tensor::Tensor;

use super::cache::FrameCache;
use super::error::TrainError;
use super::gather::Gathering;
use super::loader::{Batch, Broken, Loader, Maker, Next};
use super::material::Material;
use super::step::{Engine, Pulse, mask};
use super::windows::{Plan, Window};
use crate::config::{Config, EvalRules};
use crate::detect::{Candidates, candidates};
use crate::domain::{Detections, Video};
use crate::eval::{self, EvalOptions, Evaluation, Rules};

/// When a search asks whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Between two chunks of clips, or while it waits for frames.
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

/// Told the raw outputs of each window: of a video, one after the other, each of its windows.
pub type Keep<'a> = dyn FnMut(&Video, Window, &Candidates) -> Result<(), TrainError> + 'a;

/// Detections by video in the order of the videos, rounded as result files are (spec 9.5), and the videos that could not be read.
pub type Found = (Detections, Vec<Broken>);

/// Searches every window of `videos`; `keep` is told the raw outputs. None when `watch` broke it off. Memory does not grow with the
/// number of videos, but for their detections.
///
/// # Errors
/// When decoding threads or the device fail, or `keep` does.
pub fn search(
    config: &Config,
    material: &Material,
    videos: Vec<Video>,
    cache: &Arc<FrameCache>,
    engine: &Engine,
    watch: &mut Watch<'_>,
    mut keep: Option<&mut Keep<'_>>,
) -> Result<Option<Found>, TrainError> {
    let tscale = config.model.tscale;
    let plan = Arc::new(Plan::searching(videos, material.classes.clone(), &config.data, tscale));
    let maker = Maker::new(plan.clone(), &config.data, tscale, config.seed, material.features.clone());
    let threads = (config.solver.workers, config.solver.batch_size);
    let loader = Loader::searching(Arc::new(maker), &material.source, cache, threads)?;
    let detector = engine.detector.valid();
    let mut gathering = Gathering::new(config, material, &plan.videos);
    let whole = encode(engine, loader, plan.items.len(), watch, &mut |batch, features, watch| {
        gathering.broken(&batch.broken);
        let Some(features) = features else { return Ok(true) };
        let mask = mask(batch, &features.device());
        let found = candidates(&detector, features, mask, &mut || watch(Moment::Chunk) == Pulse::Go)?;
        let Some(found) = found else { return Ok(false) };
        for (item, found) in batch.items.iter().zip(found) {
            if let (Some(video), Some(keep)) = (gathering.add(&item.video, item.window, &found), keep.as_mut()) {
                keep(video, item.window, &found)?;
            }
        }
        Ok(true)
    })?;
    Ok(whole.then(|| gathering.finish()))
}

/// Told each batch with its features `[batch, channels, tscale]`, without where none of its items could be read, and whom to ask whether to
/// go on; answers whether it was not broken off.
type Each<'a> = dyn FnMut(&Batch, Option<Tensor<3>>, &mut Watch<'_>) -> Result<bool, TrainError> + 'a;

/// Sends every batch of `loader`, of `total` items in all, through the encoder. False when `watch` broke it off.
///
/// # Errors
/// When decoding threads fail, or `each` does.
pub(super) fn encode(
    engine: &Engine,
    mut loader: Loader,
    total: usize,
    watch: &mut Watch<'_>,
    each: &mut Each<'_>,
) -> Result<bool, TrainError> {
    let mut done = 0;
    loop {
        let batch = match loader.next_batch(&mut || watch(Moment::Chunk))? {
            Next::Batch(batch) => batch,
            Next::End => return Ok(true),
            Next::Interrupted => return Ok(false),
        };
        let before = done;
        done += batch.items.len() + batch.broken.len();
        let features = if batch.items.is_empty() {
            None
        } else {
            let Some(features) = engine.features(&batch, &mut || watch(Moment::Chunk)) else { return Ok(false) };
            Some(features)
        };
        if !each(&batch, features, watch)? || watch(Moment::Batch { before, done, total }) == Pulse::Stop {
            return Ok(false);
        }
    }
}

/// Average precision and recall of detections on the configuration's test subset.
///
/// # Errors
/// When there is no truth to compare with.
pub fn judge(config: &Config, material: &Material, detections: &Detections) -> Result<Evaluation, TrainError> {
    let options = EvalOptions {
        blocked: material.blocked.clone(),
        strict_reference: config.post.strict_reference,
        rules: match config.eval.rules {
            EvalRules::OpenTad => Rules::OpenTad,
            EvalRules::Toolkit => Rules::Toolkit,
        },
        ..EvalOptions::new(&config.data.test_subset, &config.eval.tious)
    };
    Ok(eval::evaluate(&material.dataset, detections, &options)?)
}
