//! The orders to a run, heard between any two chunks of a step. What they ask for is done by whoever owns the network.

use std::time::{Duration, Instant};

use super::evaluate::Moment;
use super::sink::{RunSink, SinkError};
use super::step::Pulse;
use crate::domain::{Do, Event};

/// How often it is looked whether the run folder is still there.
const LOOK: Duration = Duration::from_secs(2);

/// Orders that are heard but not done yet.
pub struct Control<'a> {
    /// The run's surroundings.
    pub sink: &'a mut dyn RunSink,
    /// Save and end.
    pub stop: bool,
    /// Write a checkpoint.
    pub save: bool,
    /// Evaluate.
    pub evaluate: bool,
    /// Wait.
    pub pause: bool,
    /// Whether it is told that the run waits.
    waits: bool,
    looked: Instant,
    failed: Option<SinkError>,
}

impl<'a> Control<'a> {
    /// Nothing ordered yet.
    pub fn new(sink: &'a mut dyn RunSink) -> Self {
        let looked = Instant::now();
        Self { sink, stop: false, save: false, evaluate: false, pause: false, waits: false, looked, failed: None }
    }

    /// Takes new orders and acknowledges them; `place` is (epoch, step) that is next.
    ///
    /// # Errors
    /// When the run folder is gone or cannot be written.
    pub fn hear(&mut self, (epoch, step): (usize, usize)) -> Result<(), SinkError> {
        if self.looked.elapsed() > LOOK {
            self.looked = Instant::now();
            self.sink.check()?;
        }
        for order in self.sink.orders() {
            self.sink.event(Event::Control { id: order.id })?;
            match order.what {
                Do::Pause => self.pause = true,
                Do::Resume => {
                    self.pause = false;
                    if std::mem::take(&mut self.waits) {
                        self.sink.event(Event::Resumed { epoch, step })?;
                    }
                }
                Do::Stop => self.stop = true,
                Do::Save => self.save = true,
                Do::Evaluate => self.evaluate = true,
            }
        }
        Ok(())
    }

    /// Whether a pause was ordered that nobody obeys yet.
    #[must_use]
    pub fn must_wait(&self) -> bool {
        self.pause && !self.waits && !self.stop
    }

    /// Tells that the run waits from now on.
    ///
    /// # Errors
    /// When the run folder cannot be written.
    pub fn waits(&mut self) -> Result<(), SinkError> {
        self.waits = true;
        self.sink.event(Event::Paused)
    }

    /// Whether the run waits, or did when this was told last.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waits
    }

    /// Whether a step may go on: any order breaks it off, as nothing has moved yet.
    pub fn pulse(&mut self, place: (usize, usize)) -> Pulse {
        if let Err(error) = self.hear(place) {
            self.failed = Some(error);
        }
        let ordered = self.stop || self.save || self.evaluate || self.must_wait();
        if ordered || self.failed.is_some() { Pulse::Stop } else { Pulse::Go }
    }

    /// Whether a search outside a run may go on; tells each tenth of its way.
    pub fn moment(&mut self, moment: Moment) -> Pulse {
        if let Err(error) = self.progress("evaluating", moment).and_then(|()| self.hear((0, 0))) {
            self.failed = Some(error);
        }
        if self.stop || self.failed.is_some() { Pulse::Stop } else { Pulse::Go }
    }

    /// Tells each tenth of the way of `what`.
    ///
    /// # Errors
    /// When the run folder cannot be written.
    pub fn progress(&mut self, what: &str, moment: Moment) -> Result<(), SinkError> {
        match moment {
            Moment::Batch { before, done, total } if done * 10 / total.max(1) > before * 10 / total.max(1) => {
                self.sink.event(Event::Progress { what: what.to_owned(), done, total })
            }
            Moment::Batch { .. } | Moment::Chunk => Ok(()),
        }
    }

    /// The failure that made [`Control::pulse`] or [`Control::moment`] stop, if it was one.
    ///
    /// # Errors
    /// That failure.
    pub fn check(&mut self) -> Result<(), SinkError> {
        self.failed.take().map_or(Ok(()), Err)
    }
}
