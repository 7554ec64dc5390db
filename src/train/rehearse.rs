//! A training rehearsed: one real step, to say beforehand what the whole will take.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::error::TrainError;
use super::loader::{Loader, Next};
use super::report::{device_memory, process_memory_peak};
use super::run::{Run, Setup, ready};
use super::sink::Unrecorded;
use super::step::Pulse;
use crate::domain::Seconds;

/// What one step took, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rehearsal {
    /// Windows or videos that train in an epoch.
    pub items: usize,
    /// Optimiser steps of an epoch.
    pub steps_per_epoch: usize,
    /// Epochs.
    pub epochs: usize,
    /// Seconds of the step by part.
    pub seconds: Seconds,
    /// Seconds for all steps at that pace, evaluations and decoding beyond the first batch not counted.
    pub training_seconds: f64,
    /// Highest memory of this process so far, in bytes, where the system tells.
    pub process_memory_peak: Option<u64>,
    /// Memory on the device after the step, in bytes, where it tells.
    pub device_memory: Option<u64>,
}

/// Trains one step on the first batch and forgets it. The first step also pays for reading the first videos and, on a GPU, for tuning
/// kernels, so a second one is timed.
///
/// # Errors
/// As a training's start.
pub fn rehearse(setup: &Setup<'_>) -> Result<Rehearsal, TrainError> {
    let setup = &Setup { resume: false, ..*setup };
    let ready = ready(setup, Path::new(""))?;
    let mut sink = Unrecorded { stop: Arc::default(), watch: &mut |_| {} };
    let mut run = Run::prepare(setup.config, ready, &mut sink);
    let solver = &setup.config.solver;
    let steps_per_epoch = run.plan.steps(solver.batch_size);
    let workers = (solver.workers, solver.batch_size);
    let mut loader = Loader::training(run.maker.clone(), &run.material.source, &run.cache, workers, (0, 0, 1))?;
    let rates = run.rates();
    let mut seconds = Seconds::default();
    while let Next::Batch(batch) = loader.next_batch(&mut || Pulse::Go)? {
        if batch.items.is_empty() {
            continue;
        }
        for step in 0..2 {
            let since = Instant::now();
            if let Some(stepped) = run.engine.step(&batch, step, rates, true, &mut || Pulse::Go) {
                seconds = stepped.seconds;
            }
            tracing::debug!("rehearsed step {step} took {:.2} s", since.elapsed().as_secs_f64());
        }
        break;
    }
    Ok(Rehearsal {
        items: run.plan.items.len(),
        steps_per_epoch,
        epochs: solver.epochs,
        seconds,
        training_seconds: seconds.total() * (steps_per_epoch * solver.epochs) as f64,
        process_memory_peak: process_memory_peak(),
        device_memory: device_memory(setup.device),
    })
}
