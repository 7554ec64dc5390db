//! A trained network at work outside a run: the weights of a checkpoint on the test subset of some material.

use std::sync::Arc;

use burn::tensor::Device;

use super::cache::FrameCache;
use super::checkpoint::{self, Loaded};
use super::control::Control;
use super::error::TrainError;
use super::evaluate::{Evaluator, Found};
use super::material::Material;
use super::sink::RunSink;
use super::step::Engine;
use crate::config::{Architecture, Config};
use crate::eval::Evaluation;
use crate::model::{Detector, Encoder};

/// Detections in the videos of the configuration's test subset, with the weights of a checkpoint. `sink` hears the progress and may order a
/// stop, which gives `None`. Class names are the checkpoint's, whatever the material calls its own.
///
/// # Errors
/// When the checkpoint is another model's, or nothing can be decoded.
pub fn search(
    config: &Config,
    material: &Material,
    loaded: &Loaded,
    device: &Device,
    sink: &mut dyn RunSink,
) -> Result<Option<Found>, TrainError> {
    let encoder =
        (config.encoder.arch != Architecture::None).then(|| Encoder::new(&config.encoder, config.seed, device));
    let detector = Detector::new(&config.model, loaded.classes.len(), config.seed, device);
    let mut engine = Engine::new(config, encoder, detector, device);
    checkpoint::fill(&mut engine, &loaded.weights)?;

    let material = Material { classes: loaded.classes.clone(), ..material.clone() };
    let cache = Arc::new(FrameCache::new(config.solver.frame_cache << 20));
    let mut control = Control::new(sink);
    let found = Evaluator::new(config, &material, &cache).run(&engine, &mut control, (0, 0))?;
    control.check()?;
    Ok(found)
}

/// What detections on the test subset are worth (spec 10).
///
/// # Errors
/// When there is no truth to compare with.
pub fn judge(config: &Config, material: &Material, found: &Found) -> Result<Evaluation, TrainError> {
    let cache = Arc::new(FrameCache::new(0));
    Evaluator::new(config, material, &cache).judge(&found.0)
}
