//! The training loop, readable from top to bottom (spec 7.5).

mod epoch_end;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::Device;

use super::cache::FrameCache;
use super::cached;
use super::check::check;
use super::checkpoint::{self, Best, Header, LAST, Position};
use super::control::Control;
use super::error::TrainError;
use super::loader::{Batch, Broken, Loader, Maker};
use super::material::Material;
use super::report::{Report, device_memory, process_memory};
use super::schedule::Schedule;
use super::sink::RunSink;
use super::step::{DETECTOR, ENCODER, Engine, Pulse, Rates};
use super::windows::Plan;
use crate::config::Config;
use crate::domain::{Event, LearningRates};
use crate::model::weights::{Named, parameters};

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

/// Trains as `setup` says and writes into `sink`. The caller opens the run folder and reports a failure there.
///
/// # Errors
/// When data, configuration or run folder cannot be used, or the loss is not a number.
pub fn train(setup: &Setup<'_>, sink: &mut dyn RunSink) -> Result<Outcome, TrainError> {
    let material = Material::open(setup.config, setup.root)?;
    train_on(setup, material, sink)
}

/// As [`train`], on material that is at hand.
///
/// # Errors
/// As [`train`].
pub fn train_on(setup: &Setup<'_>, material: Material, sink: &mut dyn RunSink) -> Result<Outcome, TrainError> {
    check(setup.config)?;
    let mut run = Run::prepare(setup, material, sink)?;
    run.announce(setup)?;
    run.cache_features(setup.root)?;
    if let Some(epoch) = run.position.evaluate {
        run.end_epoch(epoch)?;
    }
    while run.position.epoch < setup.config.solver.epochs && !run.control.stop && !run.early_stop() {
        run.epoch()?;
    }
    run.control.check()?;
    run.finish()
}

pub(super) struct Run<'a> {
    pub(super) config: &'a Config,
    device: Device,
    control: Control<'a>,
    folder: PathBuf,
    pub(super) engine: Engine,
    pub(super) material: Material,
    pub(super) plan: Arc<Plan>,
    pub(super) maker: Arc<Maker>,
    pub(super) cache: Arc<FrameCache>,
    schedule: Schedule,
    header: Header,
    position: Position,
    report: Report,
    broken: Vec<Broken>,
    peak_memory: Option<u64>,
    saved: Instant,
}

impl<'a> Run<'a> {
    pub(super) fn prepare(
        setup: &Setup<'a>,
        material: Material,
        sink: &'a mut dyn RunSink,
    ) -> Result<Self, TrainError> {
        let config = setup.config;
        let device = setup.device.clone().autodiff();
        let videos = material.videos(&config.data.train_subset);
        let mut data = config.data.clone();
        // Kept features are those of the planned windows.
        data.window_jitter &= data.feature_cache.is_none();
        let plan = Plan::training(videos, material.classes.clone(), &data, config.model.tscale, config.seed)
            .dropping_last(config.solver.drop_last);
        if plan.items.is_empty() {
            return Err(TrainError::NoItems {
                subset: config.data.train_subset.clone(),
                annotations: config.data.annotations.clone(),
                advice: "check data.train_subset, the labels and data.completeness",
            });
        }
        let plan = Arc::new(plan);
        let mut engine = checkpoint::fresh(config, &material.classes, &device);
        let folder = sink.folder().join("checkpoints");
        let position = if setup.resume {
            checkpoint::resume(&folder, &mut engine)?
        } else {
            if let Some(path) = &config.encoder.weights {
                checkpoint::fill_encoder(&mut engine, &setup.root.join(path))?;
            }
            if let Some(path) = setup.init {
                checkpoint::fill_start(&mut engine, path)?;
            }
            Position::default()
        };
        let maker = Maker::new(plan.clone(), &config.data, config.model.tscale, config.seed, material.features.clone());
        Ok(Self {
            config,
            control: Control::new(sink),
            folder,
            engine,
            maker: Arc::new(maker),
            cache: Arc::new(FrameCache::new(config.solver.frame_cache << 20)),
            schedule: Schedule::new(&config.scheduler, plan.steps(config.solver.batch_size), config.solver.epochs),
            header: Header { config: config.clone(), classes: material.classes.clone(), data: material.fingerprint() },
            report: Report::new(position.unreported.clone()),
            position,
            plan,
            material,
            device,
            broken: Vec::new(),
            peak_memory: None,
            saved: Instant::now(),
        })
    }

    /// The events that open a run or its continuation.
    fn announce(&mut self, setup: &Setup<'_>) -> Result<(), TrainError> {
        let mut counted = count(&self.engine.detector);
        if let Some(encoder) = &self.engine.encoder {
            let (trained, frozen) = count(encoder);
            counted = (counted.0 + trained, counted.1 + frozen);
        }
        self.event(Event::Start {
            device: setup.device_name.to_owned(),
            parameters_trained: counted.0,
            parameters_frozen: counted.1,
            videos: self.plan.videos.len(),
            classes: self.material.classes.names().to_vec(),
            steps_per_epoch: self.plan.steps(self.config.solver.batch_size),
            epochs: self.config.solver.epochs,
            pid: std::process::id(),
        })?;
        if !self.has_truth() && self.config.workflow.eval_interval > 0 {
            let subset = &self.config.data.test_subset;
            let message = format!(
                "no video of the subset \"{subset}\" has an action, so mAP cannot be measured and no best checkpoint chosen; move \
                 some annotated videos into it"
            );
            self.event(Event::Warning { message })?;
        }
        if let Some(message) = self.material.unknown_labels(&self.config.data.train_subset) {
            self.event(Event::Warning { message })?;
        }
        if setup.resume {
            let (epoch, step) = (self.position.epoch, self.position.step);
            self.event(Event::Resumed { epoch, step })?;
        }
        Ok(())
    }

    /// Computes the features that a frozen encoder gives, where the recipe keeps them, and trains on those from here on.
    fn cache_features(&mut self, root: &Path) -> Result<(), TrainError> {
        let Some(folder) = cached::folder(self.config, root, &self.engine) else { return Ok(()) };
        let (config, place) = (self.config, (self.position.epoch, self.position.step));
        let tscale = config.model.tscale;
        let tested = self.material.videos(&config.data.test_subset);
        let search = Plan::searching(tested, self.material.classes.clone(), &config.data, tscale);
        let training = self.plan.clone();
        for plan in [&*training, &search] {
            let control = &mut self.control;
            let watch = &mut |moment| control.moment(moment, place);
            let filled = cached::fill(config, &self.material, &self.engine, &folder, plan, watch)?;
            self.control.check()?;
            // What was computed stays; the run can go on from its start.
            let Some(broken) = filled else { return self.save(&[LAST.to_owned()], false) };
            self.note_broken(&broken)?;
        }
        self.material.features = Some(cached::reader(&folder, tscale, config.model.in_channels));
        let features = self.material.features.clone();
        self.maker = Arc::new(Maker::new(training, &config.data, tscale, config.seed, features));
        Ok(())
    }

    /// Trains from the current position to the end of its epoch, or to a stop.
    fn epoch(&mut self) -> Result<(), TrainError> {
        let solver = &self.config.solver;
        let mut loader = Loader::training(
            self.maker.clone(),
            &self.material.source,
            &self.cache,
            (solver.workers, solver.batch_size),
            (self.position.epoch, self.position.batch, self.position.epoch + 1),
        )?;
        loop {
            let since = Instant::now();
            let Some(batch) = loader.next_batch()? else { break };
            let waited = since.elapsed().as_secs_f64();
            self.note_broken(&batch.broken)?;
            if !self.step(&batch, waited)? {
                return self.save(&[LAST.to_owned()], false);
            }
            self.position.batch += 1;
            self.position.step += 1;
            self.between_steps()?;
        }
        let ended = self.position.epoch;
        self.position = Position { epoch: ended + 1, batch: 0, evaluate: Some(ended), ..self.position.clone() };
        self.end_epoch(ended)
    }

    /// One step; false when a stop broke it off.
    fn step(&mut self, batch: &Batch, waited: f64) -> Result<bool, TrainError> {
        let place = (self.position.epoch, self.position.step);
        if batch.items.is_empty() {
            return Ok(self.control.pulse(place) == Pulse::Go);
        }
        let reports = self.reports();
        let rates = self.rates();
        let control = &mut self.control;
        let stepped = self.engine.step(batch, place.1 as u64, rates, reports, &mut || control.pulse(place));
        self.control.check()?;
        let Some(stepped) = stepped else { return Ok(false) };
        let videos = batch.items.iter().map(|item| item.video.clone()).collect();
        self.report.add(place.1, videos, stepped, waited);
        if reports {
            self.write_report(rates)?;
        }
        Ok(true)
    }

    /// Whether the current step is reported.
    fn reports(&self) -> bool {
        (self.position.step + 1).is_multiple_of(self.config.workflow.report_interval.max(1))
    }

    pub(super) fn rates(&self) -> Rates {
        let factor = self.schedule.factor(self.position.step);
        let optimizer = &self.config.optimizer;
        Rates { detector: optimizer.detector_rate * factor, encoder: optimizer.encoder_rate * factor }
    }

    fn write_report(&mut self, rates: Rates) -> Result<(), TrainError> {
        let (loss, terms, data_share) = self.report.take()?;
        let device_memory = device_memory(&self.device);
        self.peak_memory = self.peak_memory.max(device_memory);
        let mut learning_rate = LearningRates::from([(DETECTOR.to_owned(), rates.detector)]);
        if self.engine.encoder.is_some() {
            learning_rate.insert(ENCODER.to_owned(), rates.encoder);
        }
        let event = Event::Step {
            epoch: self.position.epoch,
            step: self.position.step,
            loss,
            terms,
            learning_rate,
            seconds: self.report.seconds,
            data_share,
            device_memory,
            device_memory_peak: self.peak_memory,
            process_memory: process_memory(),
        };
        self.event(event)
    }

    /// What was ordered during the step, and the checkpoint by the clock.
    fn between_steps(&mut self) -> Result<(), TrainError> {
        let minutes = self.config.workflow.save_minutes;
        let due = minutes > 0.0 && self.saved.elapsed() > Duration::from_secs_f64(minutes * 60.0);
        if std::mem::take(&mut self.control.save) || due {
            self.save(&[LAST.to_owned()], false)?;
        }
        if std::mem::take(&mut self.control.evaluate) {
            self.evaluate(self.position.epoch)?;
        }
        Ok(())
    }

    /// Warns of each unreadable video once; too many end the run.
    fn note_broken(&mut self, broken: &[Broken]) -> Result<(), TrainError> {
        for one in broken {
            if self.broken.iter().any(|known| known.video == one.video) {
                continue;
            }
            self.broken.push(one.clone());
            let message = format!("{} is skipped: {}", one.video, one.reason);
            self.event(Event::Warning { message })?;
        }
        let total = self.material.dataset.videos.len();
        match self.broken.first() {
            Some(first) if self.broken.len() * 20 > total => {
                Err(TrainError::BrokenVideos { broken: self.broken.len(), total, first: first.reason.clone() })
            }
            _ => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Outcome, TrainError> {
        let best = self.position.best;
        let stopped = self.control.stop;
        self.event(if stopped {
            Event::Stopped
        } else {
            Event::Done { best_average_map: best.map(|best| best.average_map), best_epoch: best.map(|best| best.epoch) }
        })?;
        Ok(Outcome { stopped, best })
    }

    fn event(&mut self, event: Event) -> Result<(), TrainError> {
        Ok(self.control.sink.event(event)?)
    }
}

/// Parameters that learn, and that do not.
fn count<M: Named>(module: &M) -> (usize, usize) {
    parameters(module).into_iter().fold((0, 0), |(trained, frozen), parameter| {
        let size: usize = parameter.shape.iter().product();
        if parameter.trained { (trained + size, frozen) } else { (trained, frozen + size) }
    })
}
