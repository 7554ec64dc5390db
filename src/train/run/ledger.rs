//! What a run knows of itself and writes down: where it stands, its reports and events, its checkpoints. Apart from the network, so
//! that a run can be saved while its network is only looked at, as in an evaluation.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::domain::Event;
use crate::train::cache::FrameCache;
use crate::train::checkpoint::{self, BEST, Header, LAST, Position};
use crate::train::control::Control;
use crate::train::error::TrainError;
use crate::train::evaluate::Moment;
use crate::train::loader::{Batch, Broken};
use crate::train::report::Report;
use crate::train::step::{Engine, Pulse};

/// How long a paused run sleeps between two looks at its orders.
const PAUSE_POLL: Duration = Duration::from_millis(100);
/// After how long a wait for frames is told.
const LONG_WAIT: Duration = Duration::from_secs(2);

/// The book of a run.
pub(crate) struct Ledger<'a> {
    pub(super) control: Control<'a>,
    pub(super) position: Position,
    pub(super) report: Report,
    folder: PathBuf,
    header: Header,
    /// Videos of the subsets in use, of which some may be unreadable.
    videos: usize,
    saved: Instant,
    failed: Option<TrainError>,
    /// Videos known when a wait was told last, and when that was.
    indexed: (usize, Instant),
}

impl<'a> Ledger<'a> {
    /// The book of a run that stands at `position`; `folder` is that of its checkpoints.
    pub(super) fn new(
        control: Control<'a>,
        position: Position,
        folder: PathBuf,
        header: Header,
        videos: usize,
    ) -> Self {
        let report = Report::new(position.unreported.clone());
        let now = Instant::now();
        Self { control, report, position, folder, header, videos, saved: now, failed: None, indexed: (0, now) }
    }

    /// Epoch and step that are next.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.position.epoch, self.position.step)
    }

    pub(super) fn event(&mut self, event: Event) -> Result<(), TrainError> {
        Ok(self.control.sink.event(event)?)
    }

    pub(super) fn warn(&mut self, message: String) -> Result<(), TrainError> {
        self.event(Event::Warning { message })
    }

    /// Writes the checkpoint `last`, and gives it the names of `more`.
    pub(super) fn save(&mut self, engine: &Engine, more: Vec<String>) -> Result<(), TrainError> {
        self.control.sink.check()?;
        self.position.unreported = self.report.read()?.to_vec();
        self.position.names = more;
        self.position.names.push(LAST.to_owned());
        if let Err(error) = checkpoint::save(&self.folder, engine, &self.header, &self.position) {
            // A folder that was deleted just now is told as such.
            self.control.sink.check()?;
            return Err(error.into());
        }
        self.saved = Instant::now();
        self.tell_checkpoint()
    }

    /// One event for each name of the checkpoint at which the run stands.
    pub(super) fn tell_checkpoint(&mut self) -> Result<(), TrainError> {
        let (epoch, step) = self.place();
        let names = self.position.names.clone();
        let is_best = names.iter().any(|name| name == BEST);
        for name in names {
            let best = is_best && name != LAST;
            self.event(Event::Checkpoint { epoch, step, file: format!("checkpoints/{name}.safetensors"), best })?;
        }
        Ok(())
    }

    /// Whether the clock asks for a checkpoint.
    pub(super) fn is_due(&self, config: &Config) -> bool {
        let minutes = config.workflow.save_minutes;
        minutes > 0.0 && self.saved.elapsed().as_secs_f64() > minutes * 60.0
    }

    /// Deletes checkpoints of epochs for which `keeps` says no.
    pub(super) fn prune(&self, keeps: impl Fn(usize) -> bool) {
        checkpoint::prune(&self.folder, keeps);
    }

    /// Saves when a pause begins, and waits until it ends or something else is ordered.
    pub(super) fn wait(&mut self, engine: &Engine) -> Result<(), TrainError> {
        if self.control.must_wait() {
            self.save(engine, Vec::new())?;
            self.control.waits()?;
        }
        let since = Instant::now();
        while self.control.pause && !(self.control.stop || self.control.save || self.control.evaluate) {
            std::thread::sleep(PAUSE_POLL);
            let place = self.place();
            self.control.hear(place)?;
        }
        self.report.leave_out(since.elapsed());
        Ok(())
    }

    /// Obeys at a moment of `what`, in which the network is only looked at. `paused` says that the run waited when it began: then a
    /// person wants just this.
    pub(super) fn moment(&mut self, engine: &Engine, what: &str, moment: Moment, paused: bool) -> Pulse {
        match self.obey(engine, what, moment, paused) {
            Ok(pulse) => pulse,
            Err(error) => {
                self.failed = Some(error);
                Pulse::Stop
            }
        }
    }

    fn obey(&mut self, engine: &Engine, what: &str, moment: Moment, paused: bool) -> Result<Pulse, TrainError> {
        self.control.progress(what, moment)?;
        let place = self.place();
        self.control.hear(place)?;
        loop {
            if std::mem::take(&mut self.control.save) {
                self.save(engine, Vec::new())?;
            }
            if self.control.stop {
                return Ok(Pulse::Stop);
            }
            if !self.control.pause || paused {
                return Ok(Pulse::Go);
            }
            self.wait(engine)?;
            // One goes on here as soon as the pause ends.
            self.control.evaluate = false;
        }
    }

    /// The failure that made [`Ledger::moment`] or a step stop, if it was one.
    pub(super) fn check(&mut self) -> Result<(), TrainError> {
        self.control.check()?;
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Whether to go on waiting for frames; a long wait while videos are indexed is told.
    pub(super) fn waiting(&mut self, cache: &FrameCache, videos: usize) -> Pulse {
        let indexed = cache.indexed().min(videos);
        if indexed < videos && indexed != self.indexed.0 && self.indexed.1.elapsed() > LONG_WAIT {
            self.indexed = (indexed, Instant::now());
            let event = Event::Progress { what: "indexing".to_owned(), done: indexed, total: videos };
            if let Err(error) = self.event(event) {
                self.failed = Some(error);
                return Pulse::Stop;
            }
        }
        self.control.pulse(self.place())
    }

    /// Warns of unreadable and damaged videos of a batch, of each once.
    pub(super) fn note(&mut self, batch: &Batch, cache: &FrameCache) -> Result<(), TrainError> {
        for item in &batch.items {
            if !self.position.damaged.contains(&item.video)
                && let Some(message) = cache.damage(&item.video)
            {
                self.position.damaged.push(item.video.clone());
                self.warn(message)?;
            }
        }
        self.note_broken(&batch.broken)
    }

    /// Warns of each unreadable video once; too many end the run.
    pub(super) fn note_broken(&mut self, broken: &[Broken]) -> Result<(), TrainError> {
        for one in broken {
            if self.position.broken.iter().any(|known| known.video == one.video) {
                continue;
            }
            self.position.broken.push(one.clone());
            self.warn(format!("{} is skipped: {}", one.video, one.reason))?;
        }
        let (broken, total) = (&self.position.broken, self.videos);
        match broken.first() {
            Some(first) if broken.len() * 20 > total => {
                Err(TrainError::BrokenVideos { broken: broken.len(), total, first: first.reason.clone() })
            }
            _ => Ok(()),
        }
    }
}
