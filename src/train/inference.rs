//! A trained network at work outside a run: the weights of a checkpoint on the test subset of some material.

use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;

use super::cache::FrameCache;
use super::check::check;
use super::checkpoint::{self, Loaded};
use super::control::Control;
use super::error::TrainError;
use super::evaluate::{self, Found, Keep};
use super::material::Material;
use super::raw;
use super::sink::RunSink;
use crate::config::Config;
use crate::eval::Evaluation;

/// Detections in the videos of the configuration's test subset, with the weights of a checkpoint. `sink` hears the progress and may order a
/// stop, which gives `None`. Class names are the checkpoint's, whatever the material calls its own. `keep` is told the raw outputs.
///
/// # Errors
/// When the checkpoint is another model's, or nothing can be decoded.
pub fn search(
    config: &Config,
    material: &Material,
    loaded: &Loaded,
    device: &Device,
    sink: &mut dyn RunSink,
    keep: Option<&mut Keep<'_>>,
) -> Result<Option<Found>, TrainError> {
    check(config)?;
    let engine = checkpoint::engine(config, loaded, device)?;
    let material = Material { classes: loaded.classes.clone(), ..material.clone() };
    let cache = Arc::new(FrameCache::new(config.solver.frame_cache << 20));
    let videos = material.videos(&config.data.test_subset);
    let mut control = Control::new(sink);
    let watch = &mut |moment| control.moment(moment);
    let found = evaluate::search(config, &material, videos, &cache, &engine, watch, keep)?;
    control.check()?;
    Ok(found)
}

/// Detections from the raw outputs that [`search`] wrote to some folders, averaged over them.
///
/// # Errors
/// When a video's outputs are missing or do not fit the configuration.
pub fn search_raw(
    config: &Config,
    material: &Material,
    folders: &[PathBuf],
    sink: &mut dyn RunSink,
) -> Result<Option<Found>, TrainError> {
    check(config)?;
    let videos = material.videos(&config.data.test_subset);
    let mut control = Control::new(sink);
    let found = raw::search(config, material, folders, &videos, &mut |moment| control.moment(moment))?;
    control.check()?;
    Ok(found)
}

/// What detections on the test subset are worth (spec 10).
///
/// # Errors
/// When there is no truth to compare with.
pub fn judge(config: &Config, material: &Material, found: &Found) -> Result<Evaluation, TrainError> {
    evaluate::judge(config, material, &found.0)
}
