//! The training loop, readable from top to bottom (spec 7.5).

mod epoch_end;
mod ledger;
mod ready;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;

use super::cache::FrameCache;
use super::cached;
use super::checkpoint::{self, Best, Position};
use super::control::Control;
use super::error::TrainError;
use super::loader::{Batch, Loader, Maker, Next};
use super::material::Material;
use super::memory::is_cpu;
use super::report::{device_memory, device_reserved, process_memory};
use super::schedule::Schedule;
use super::sink::RunSink;
use super::step::{DETECTOR, ENCODER, Engine, Rates};
use super::windows::Plan;
use crate::config::Config;
use crate::domain::{Event, LearningRates};
use crate::model::free_memory;
use crate::model::weights::{Named, parameters};
pub(super) use epoch_end::evaluates_after;
use ledger::Ledger;
pub use ready::{Ready, ready};

/// What to train, where and from what.
pub struct Setup<'a> {
    /// The recipe.
    pub config: &'a Config,
    /// Folder against which the recipe's paths resolve.
    pub root: &'a Path,
    /// Where tensors go; without autodiff.
    pub device: &'a Device,
    /// The device in words.
    pub device_name: &'a str,
    /// Checkpoint whose weights the network starts with.
    pub init: Option<&'a Path>,
    /// Go on where the run folder's newest checkpoint stands.
    pub resume: bool,
}

/// How a training ended without failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Whether it was stopped by an order; then all is saved and `resume` goes on.
    pub stopped: bool,
    /// Best evaluation, when anything was evaluated.
    pub best: Option<Best>,
}

/// Trains what [`ready`] found in order, and writes into `sink`. The caller opens the run folder and reports a failure there.
///
/// # Errors
/// When data or run folder cannot be used any more, or the loss is not a number.
pub fn train(setup: &Setup<'_>, ready: Ready, sink: &mut dyn RunSink) -> Result<Outcome, TrainError> {
    let mut run = Run::open(setup, ready, sink)?;
    run.cache_features(setup.root)?;
    if let Some(epoch) = run.ledger.position.evaluate {
        run.end_epoch(epoch)?;
    }
    while run.ledger.position.epoch < setup.config.solver.epochs && !run.ledger.control.stop && !run.early_stop() {
        run.epoch()?;
    }
    run.ledger.check()?;
    run.finish()
}

/// As [`ready`] and [`train`], on material that is at hand.
///
/// # Errors
/// As those.
pub fn train_on(setup: &Setup<'_>, material: Material, sink: &mut dyn RunSink) -> Result<Outcome, TrainError> {
    let ready = ready::ready_on(setup, material, sink.folder())?;
    train(setup, ready, sink)
}

pub(super) struct Run<'a> {
    pub(super) config: &'a Config,
    device: Device,
    pub(super) ledger: Ledger<'a>,
    pub(super) engine: Engine,
    pub(super) material: Material,
    pub(super) plan: Arc<Plan>,
    pub(super) maker: Arc<Maker>,
    pub(super) cache: Arc<FrameCache>,
    schedule: Schedule,
    peak_memory: Option<u64>,
    /// Whether this process has begun its first step.
    begun: bool,
    /// Videos that have something to train on.
    videos: usize,
}

impl<'a> Run<'a> {
    /// A run that stands where `ready` found it; nothing is written.
    pub(super) fn prepare(config: &'a Config, ready: Ready, sink: &'a mut dyn RunSink) -> Self {
        let Ready { material, plan, engine, header, resumed, device, .. } = ready;
        let position = resumed.map_or_else(Position::default, |resumed| resumed.position);
        let features = material.features.clone();
        let maker = Maker::new(plan.clone(), &config.data, config.model.tscale, config.seed, features);
        let subsets = [&config.data.train_subset, &config.data.test_subset];
        let in_use = material.in_use().filter(|video| subsets.contains(&&video.subset)).count();
        let folder = sink.folder().join("checkpoints");
        let videos = plan.items.iter().map(|(video, _)| *video).collect::<BTreeSet<_>>().len();
        Self {
            config,
            ledger: Ledger::new(Control::new(sink), position, folder, header, in_use),
            engine,
            maker: Arc::new(maker),
            cache: Arc::new(FrameCache::new(config.solver.frame_cache << 20)),
            schedule: Schedule::new(&config.scheduler, plan.steps(config.solver.batch_size), config.solver.epochs),
            plan,
            material,
            device,
            peak_memory: None,
            begun: false,
            videos,
        }
    }

    /// A run whose folder is in order and has the events that open a run or its continuation.
    fn open(setup: &Setup<'a>, mut ready: Ready, sink: &'a mut dyn RunSink) -> Result<Self, TrainError> {
        checkpoint::tidy(&sink.folder().join("checkpoints"), ready.resumed.as_ref())?;
        let (notes, goes_on) = (std::mem::take(&mut ready.notes), ready.resumed.is_some());
        let mut run = Self::prepare(setup.config, ready, sink);
        run.announce(setup, notes, goes_on)?;
        if !goes_on && setup.init.is_some() {
            // Killed before its first checkpoint it would have to be told again what it started from.
            run.ledger.save(&run.engine, Vec::new())?;
        }
        Ok(run)
    }

    /// The events that open a run or its continuation.
    fn announce(&mut self, setup: &Setup<'_>, notes: Vec<String>, goes_on: bool) -> Result<(), TrainError> {
        let mut counted = count(&self.engine.detector);
        if let Some(encoder) = &self.engine.encoder {
            let (trained, frozen) = count(encoder);
            counted = (counted.0 + trained, counted.1 + frozen);
        }
        self.ledger.event(Event::Start {
            device: setup.device_name.to_owned(),
            parameters_trained: counted.0,
            parameters_frozen: counted.1,
            videos: self.plan.videos.len(),
            classes: self.material.classes.names().to_vec(),
            steps_per_epoch: self.plan.steps(self.config.solver.batch_size),
            epochs: self.config.solver.epochs,
            pid: std::process::id(),
            device_memory_total: free_memory(&self.device, setup.device_name).map(|memory| memory.total),
        })?;
        if setup.resume {
            let (epoch, step) = self.ledger.place();
            self.ledger.event(Event::Resumed { epoch, step })?;
        }
        for note in notes {
            self.ledger.warn(note)?;
        }
        if goes_on {
            // A kill may have come between the checkpoint and its events.
            return self.ledger.tell_checkpoint();
        }
        if self.config.workflow.eval_interval > 0
            && let Some(why) = self.nothing_to_compare()
        {
            let subset = &self.config.data.test_subset;
            self.ledger.warn(format!(
                "no video of the subset \"{subset}\" has an action that counts, so mAP cannot be measured and no best checkpoint chosen; \
                 move some annotated videos into it ({why})"
            ))?;
        }
        let unknown = self.material.unknown_labels(&self.config.data.train_subset);
        if let Some(message) = unknown.filter(|_| self.config.model.head.classes) {
            self.ledger.warn(message)?;
        }
        Ok(())
    }

    /// Computes the features that a frozen encoder gives, where the recipe keeps them, and trains on those from here on.
    fn cache_features(&mut self, root: &Path) -> Result<(), TrainError> {
        let Some(folder) = cached::folder(self.config, root, &self.engine) else { return Ok(()) };
        let config = self.config;
        let tscale = config.model.tscale;
        let tested = self.material.videos(&config.data.test_subset);
        let search = Plan::searching(tested, self.material.classes.clone(), &config.data, tscale);
        let training = self.plan.clone();
        for plan in [&*training, &search] {
            let (ledger, engine) = (&mut self.ledger, &self.engine);
            let watch = &mut |moment| ledger.moment(engine, "computing features", moment, false);
            let filled = cached::fill(config, &self.material, engine, (root, &folder), plan, watch)?;
            self.ledger.check()?;
            // What was computed stays; the run can go on from its start.
            let Some(broken) = filled else { return self.ledger.save(&self.engine, Vec::new()) };
            self.ledger.note_broken(&broken)?;
        }
        self.material.features = Some(cached::reader(&folder, tscale, config.model.in_channels));
        let features = self.material.features.clone();
        self.maker = Arc::new(Maker::new(training, &config.data, tscale, config.seed, features));
        Ok(())
    }

    /// Trains from the current position to the end of its epoch, or to a stop.
    fn epoch(&mut self) -> Result<(), TrainError> {
        let solver = &self.config.solver;
        let position = &self.ledger.position;
        let mut loader = Loader::training(
            self.maker.clone(),
            &self.material.source,
            &self.cache,
            (solver.workers, solver.batch_size),
            (position.epoch, position.batch, position.epoch + 1),
        )?;
        let (mut waited, mut at_hand) = (0.0, None);
        loop {
            self.obey()?;
            if self.ledger.control.stop {
                return self.ledger.save(&self.engine, Vec::new());
            }
            // The batch of a step that was broken off trains again.
            let batch = match at_hand.take() {
                Some(batch) => batch,
                None => match self.next(&mut loader, &mut waited)? {
                    Next::Batch(batch) => batch,
                    Next::Interrupted => continue,
                    Next::End => break,
                },
            };
            if !self.step(&batch, waited)? {
                at_hand = Some(batch);
                continue;
            }
            waited = 0.0;
            self.ledger.position.batch += 1;
            self.ledger.position.step += 1;
            if self.ledger.is_due(self.config) {
                self.ledger.save(&self.engine, Vec::new())?;
            }
        }
        let position = &mut self.ledger.position;
        let ended = position.epoch;
        (position.epoch, position.batch, position.evaluate) = (ended + 1, 0, Some(ended));
        self.end_epoch(ended)
    }

    /// The next batch, or why there is none; adds the seconds of waiting to `waited`.
    fn next(&mut self, loader: &mut Loader, waited: &mut f64) -> Result<Next, TrainError> {
        let since = Instant::now();
        let (ledger, cache, videos) = (&mut self.ledger, &self.cache, self.videos);
        let next = loader.next_batch(&mut || ledger.waiting(cache, videos))?;
        *waited += since.elapsed().as_secs_f64();
        self.ledger.check()?;
        if let Next::Batch(batch) = &next {
            self.ledger.note(batch, &self.cache)?;
        }
        Ok(next)
    }

    /// Does what was ordered, and waits here while paused.
    fn obey(&mut self) -> Result<(), TrainError> {
        let place = self.ledger.place();
        self.ledger.control.hear(place)?;
        loop {
            self.ledger.check()?;
            if std::mem::take(&mut self.ledger.control.save) {
                self.ledger.save(&self.engine, Vec::new())?;
            }
            if self.ledger.control.stop {
                return Ok(());
            }
            if std::mem::take(&mut self.ledger.control.evaluate) {
                match self.nothing_to_compare() {
                    Some(why) => self.ledger.warn(format!("the evaluation that was ordered is left out: {why}"))?,
                    None => drop(self.evaluate(self.ledger.position.epoch)?),
                }
            } else if self.ledger.control.pause {
                self.ledger.wait(&self.engine)?;
            } else {
                return Ok(());
            }
        }
    }

    /// One step; false when an order broke it off.
    fn step(&mut self, batch: &Batch, waited: f64) -> Result<bool, TrainError> {
        if batch.items.is_empty() {
            return Ok(true);
        }
        if !std::mem::replace(&mut self.begun, true) && !is_cpu(&self.device) {
            // A GPU's first step compiles its kernels and times them: minutes in which nothing else would be heard.
            self.ledger.event(Event::Progress { what: "tuning kernels".to_owned(), done: 0, total: 1 })?;
        }
        let place = self.ledger.place();
        let (reports, rates) = (self.reports(), self.rates());
        let control = &mut self.ledger.control;
        let stepped = self.engine.step(batch, place.1 as u64, rates, reports, &mut || control.pulse(place));
        self.ledger.check()?;
        let Some(stepped) = stepped else { return Ok(false) };
        let videos = batch.items.iter().map(|item| item.video.clone()).collect();
        self.ledger.report.add(place.1, videos, stepped, waited);
        if reports {
            self.write_report(rates)?;
        }
        Ok(true)
    }

    /// Whether the current step is reported.
    fn reports(&self) -> bool {
        (self.ledger.position.step + 1).is_multiple_of(self.config.workflow.report_interval.max(1))
    }

    pub(super) fn rates(&self) -> Rates {
        let factor = self.schedule.factor(self.ledger.position.step);
        let optimizer = &self.config.optimizer;
        Rates { detector: optimizer.detector_rate * factor, encoder: optimizer.encoder_rate * factor }
    }

    fn write_report(&mut self, rates: Rates) -> Result<(), TrainError> {
        let (loss, terms, data_share) = self.ledger.report.take()?;
        let device_memory = device_memory(&self.device);
        // Between two steps little is in use; what the device keeps for reuse tells how much was.
        self.peak_memory = self.peak_memory.max(device_reserved(&self.device)).max(device_memory);
        let mut learning_rate = LearningRates::from([(DETECTOR.to_owned(), rates.detector)]);
        if self.engine.encoder.is_some() {
            learning_rate.insert(ENCODER.to_owned(), rates.encoder);
        }
        let (epoch, step) = self.ledger.place();
        self.ledger.event(Event::Step {
            epoch,
            step,
            loss,
            terms,
            learning_rate,
            seconds: self.ledger.report.seconds,
            data_share,
            device_memory,
            device_memory_peak: self.peak_memory,
            process_memory: process_memory(),
        })
    }

    fn finish(mut self) -> Result<Outcome, TrainError> {
        let best = self.ledger.position.best;
        let stopped = self.ledger.control.stop;
        if !stopped && self.early_stop() && self.ledger.position.epoch < self.config.solver.epochs {
            let patience = self.config.workflow.patience;
            self.ledger.warn(format!(
                "ended early: no better average mAP for {patience} evaluations (workflow.patience), after epoch {} of {}",
                self.ledger.position.epoch, self.config.solver.epochs
            ))?;
        }
        self.ledger.event(if stopped {
            Event::Stopped
        } else {
            Event::Done { best_average_map: best.map(|best| best.average_map), best_epoch: best.map(|best| best.epoch) }
        })?;
        Ok(Outcome { stopped, best })
    }
}

/// Parameters that learn, and that do not.
fn count<M: Named>(module: &M) -> (usize, usize) {
    parameters(module).into_iter().fold((0, 0), |(trained, frozen), parameter| {
        let size: usize = parameter.shape.iter().product();
        if parameter.trained { (trained + size, frozen) } else { (trained, frozen + size) }
    })
}
