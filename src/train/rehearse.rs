//! A training rehearsed: one chunk of one real step, to say beforehand what the whole will take.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::error::TrainError;
use super::item::Input;
use super::loader::{Batch, Loader, Next};
use super::memory::{Budget, Estimate, Meter};
use super::report::{device_reserved, process_memory_peak};
use super::run::{Run, Setup, evaluates_after, ready};
use super::sink::Unrecorded;
use super::step::Pulse;
use super::windows::Plan;
use crate::config::{Config, Data};
use crate::domain::Seconds;

/// What a training would take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rehearsal {
    /// Windows or videos that train in an epoch.
    pub items: usize,
    /// Optimiser steps of an epoch.
    pub steps_per_epoch: usize,
    /// Epochs.
    pub epochs: usize,
    /// Snippets that pass the encoder at once.
    pub at_once: usize,
    /// Seconds of a whole step by part; `data` is what decoding its batch took.
    pub seconds: Seconds,
    /// Seconds of an epoch's steps once frames are at hand.
    pub epoch_seconds: f64,
    /// Seconds for all steps, the waiting for frames included.
    pub training_seconds: f64,
    /// Evaluations.
    pub evaluations: usize,
    /// Seconds of one.
    pub evaluation_seconds: f64,
    /// Seconds of the whole run.
    pub total_seconds: f64,
    /// Memory at its peak, in bytes by what it is for.
    pub memory: Estimate,
    /// What the training may take; none where nobody tells what is free.
    pub budget: Option<Budget>,
    /// What to change, when it does not fit.
    pub advice: Option<String>,
    /// Highest memory of this process while it rehearsed, in bytes, where the system tells.
    pub process_memory_peak: Option<u64>,
    /// Memory that the device reserved, in bytes, where it tells.
    pub device_memory: Option<u64>,
}

/// A chunk that took less is passed twice: the first pays for what is made once.
const SHORT: f64 = 5.0;

/// Passes one chunk of the first batch, and leaves no trace.
///
/// # Errors
/// As a training's start.
pub fn rehearse(setup: &Setup<'_>) -> Result<Rehearsal, TrainError> {
    // What is decoded here is not kept, and a class map that is not there is not made: nothing is written.
    let class_map = setup.config.data.class_map.clone().filter(|path| setup.root.join(path).exists());
    let data = Data { disk_cache: None, class_map, ..setup.config.data.clone() };
    let config = &Config { data, ..setup.config.clone() };
    let setup = &Setup { resume: false, config, ..*setup };
    let ready = ready(setup, Path::new(""))?;
    let config = &ready.config().clone();
    let mut sink = Unrecorded { stop: Arc::default(), watch: &mut |_| {} };
    let mut run = Run::prepare(config, ready, &mut sink);
    let solver = &config.solver;
    let steps_per_epoch = run.plan.steps(solver.batch_size);
    let meter = Meter::new(config, &run.engine, (run.plan.items.len(), run.material.film(config)), setup.device);
    let budget = Budget::of(config, setup.device, setup.device_name);
    let workers = (solver.workers, solver.batch_size);
    let mut loader = Loader::training(run.maker.clone(), &run.material.source, &run.cache, workers, (0, 0, 1))?;
    let rates = run.rates();
    let since = Instant::now();
    let (mut seconds, mut search, mut frames) = (Seconds::default(), 0.0, None);
    while let Next::Batch(batch) = loader.next_batch(&mut || Pulse::Go)? {
        if batch.items.is_empty() {
            continue;
        }
        let data = since.elapsed().as_secs_f64();
        // Nothing more is decoded while the chunk is timed.
        drop(loader);
        let first = Instant::now();
        let mut probe = run.engine.probe(&batch, rates)?;
        if first.elapsed().as_secs_f64() < SHORT || device_reserved(setup.device).is_some() {
            probe = run.engine.probe(&batch, rates)?;
        }
        (seconds, search) = (Seconds { data, ..probe.seconds }, probe.search);
        frames = most_frames(&batch);
        break;
    }
    let meter = match frames {
        Some(frames) => meter.seen(frames),
        None => meter,
    };
    let run_evaluates = run.nothing_to_compare().is_none();
    let tested = run.material.videos(&config.data.test_subset);
    let search_plan = Plan::searching(tested, run.material.classes.clone(), &config.data, config.model.tscale);
    let evaluated = |epoch: &usize| run_evaluates && evaluates_after(config, *epoch);
    let evaluations = (0..solver.epochs).filter(evaluated).count();
    let evaluation_seconds = search_plan.items.len() as f64 / solver.batch_size.max(1) as f64 * search;
    let computed = Seconds { data: 0.0, ..seconds }.total();
    let memory = meter.estimate(config);
    // Decoding goes on beside the steps; what the cache holds is decoded in the first epoch only.
    let waiting = (seconds.data - computed).max(0.0) * steps_per_epoch as f64;
    let decoded = if meter.cache_holds_all(config) { 1 } else { solver.epochs };
    let epoch_seconds = computed * steps_per_epoch as f64;
    let training_seconds = epoch_seconds * solver.epochs as f64 + waiting * decoded as f64;
    Ok(Rehearsal {
        items: run.plan.items.len(),
        steps_per_epoch,
        epochs: solver.epochs,
        at_once: config.encoder.at_once(),
        seconds,
        epoch_seconds,
        training_seconds,
        evaluations,
        evaluation_seconds,
        total_seconds: training_seconds + evaluations as f64 * evaluation_seconds,
        memory,
        budget,
        advice: budget.and_then(|budget| meter.advice(config, budget)),
        process_memory_peak: process_memory_peak(),
        device_memory: device_reserved(setup.device),
    })
}

/// Distinct frames of the item that has most.
fn most_frames(batch: &Batch) -> Option<usize> {
    let frames = batch.items.iter().filter_map(|item| match &item.input {
        Input::Clips(clips) => Some(clips.frames.len() / (3 * clips.side * clips.side).max(1)),
        Input::Features(_) => None,
    });
    frames.max()
}
