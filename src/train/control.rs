//! Obeys the orders of a run between any two chunks of a step.

use std::time::Duration;

use super::evaluate::Moment;
use super::sink::{RunSink, SinkError};
use super::step::Pulse;
use crate::domain::{Do, Event};

/// How long a paused run sleeps between two looks at its orders.
const PAUSE_POLL: Duration = Duration::from_millis(100);

/// Orders that wait for a good moment.
pub struct Control<'a> {
    /// The run's surroundings.
    pub sink: &'a mut dyn RunSink,
    /// Save and end.
    pub stop: bool,
    /// Write a checkpoint after this step.
    pub save: bool,
    /// Evaluate after this step.
    pub evaluate: bool,
    failed: Option<SinkError>,
}

impl<'a> Control<'a> {
    /// Nothing ordered yet.
    pub fn new(sink: &'a mut dyn RunSink) -> Self {
        Self { sink, stop: false, save: false, evaluate: false, failed: None }
    }

    /// Takes new orders, acknowledges them, and waits here while paused; `place` is (epoch, step) that is next.
    pub fn pulse(&mut self, place: (usize, usize)) -> Pulse {
        if let Err(error) = self.obey(place) {
            self.failed = Some(error);
        }
        if self.stop || self.failed.is_some() { Pulse::Stop } else { Pulse::Go }
    }

    /// As [`Control::pulse`] at a moment of a search, and tells each tenth of its way.
    pub fn moment(&mut self, moment: Moment, place: (usize, usize)) -> Pulse {
        if let Moment::Batch { before, done, total } = moment
            && done * 10 / total.max(1) > before * 10 / total.max(1)
            && let Err(error) = self.sink.event(Event::Progress { what: "evaluating".to_owned(), done, total })
        {
            self.failed = Some(error);
        }
        self.pulse(place)
    }

    /// The failure that made [`Control::pulse`] stop, if it was one.
    ///
    /// # Errors
    /// That failure.
    pub fn check(&mut self) -> Result<(), SinkError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn obey(&mut self, (epoch, step): (usize, usize)) -> Result<(), SinkError> {
        let mut paused = false;
        loop {
            for order in self.sink.orders() {
                self.sink.event(Event::Control { id: order.id })?;
                match order.what {
                    Do::Pause if !paused => {
                        paused = true;
                        self.sink.event(Event::Paused)?;
                    }
                    Do::Resume if paused => {
                        paused = false;
                        self.sink.event(Event::Resumed { epoch, step })?;
                    }
                    Do::Pause | Do::Resume => {}
                    Do::Stop => self.stop = true,
                    Do::Save => self.save = true,
                    Do::Evaluate => self.evaluate = true,
                }
            }
            if !paused || self.stop {
                return Ok(());
            }
            std::thread::sleep(PAUSE_POLL);
        }
    }
}
