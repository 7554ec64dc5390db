//! Searches videos with a network, and says what the detections are worth (spec 9, 10, 18): the evaluation of a run and work
//! outside one alike.

use std::sync::Arc;

use burn::module::Module as _;

use super::cache::FrameCache;
use super::error::TrainError;
use super::gather::{Gathered, Gathering};
use super::loader::{Broken, Loader, Maker, Next};
use super::material::Material;
use super::step::{Engine, Pulse, mask};
use super::windows::Plan;
use crate::config::{Config, EvalRules};
use crate::detect::candidates;
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

/// Told the raw outputs of each video when all its windows are searched.
pub type Keep<'a> = dyn FnMut(&Gathered) -> Result<(), TrainError> + 'a;

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
    let mut loader = Loader::searching(Arc::new(maker), &material.source, cache, threads)?;
    let detector = engine.detector.valid();
    let mut gathering = Gathering::new(config, material, &plan.videos, keep.is_some());
    let (mut done, total) = (0, plan.items.len());
    loop {
        let batch = match loader.next_batch(&mut || watch(Moment::Chunk))? {
            Next::Batch(batch) => batch,
            Next::End => break,
            Next::Interrupted => return Ok(None),
        };
        let before = done;
        done += batch.items.len() + batch.broken.len();
        gathering.broken(&batch.broken);
        if !batch.items.is_empty() {
            let Some(features) = engine.features(&batch, &mut || watch(Moment::Chunk)) else { return Ok(None) };
            let mask = mask(&batch, &features.device());
            for (item, found) in batch.items.iter().zip(candidates(&detector, features, mask)?) {
                let complete = gathering.add(&item.video, item.window, found);
                if let (Some(complete), Some(keep)) = (complete, keep.as_mut()) {
                    keep(&complete)?;
                }
            }
        }
        if watch(Moment::Batch { before, done, total }) == Pulse::Stop {
            return Ok(None);
        }
    }
    if let (Some(complete), Some(keep)) = (gathering.close(), keep.as_mut()) {
        keep(&complete)?;
    }
    Ok(Some(gathering.finish()))
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
