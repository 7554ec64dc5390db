//! The events of a run as they stand after every resume.

use crate::domain::{Event, RunEvent};

/// Events in order, without the steps and evaluations that a resume took back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    events: Vec<RunEvent>,
}

impl History {
    /// Adds an event; a `resumed` drops the steps, evaluations and checkpoints from its step on that were written before it.
    pub fn push(&mut self, event: RunEvent) {
        if let Event::Resumed { step: from, .. } = event.event {
            self.events.retain(|earlier| match earlier.event {
                Event::Step { step, .. } => step < from,
                // These carry the number of the next step: the one after which they happened is the one before.
                Event::Eval { step, .. } | Event::Checkpoint { step, .. } => step <= from,
                Event::Done { .. } | Event::Failed { .. } | Event::Stopped | Event::Paused => false,
                _ => true,
            });
        }
        self.events.push(event);
    }

    /// All events that count.
    #[must_use]
    pub fn events(&self) -> &[RunEvent] {
        &self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Do, LearningRates, LossTerm, Seconds};
    use crate::run::{RunError, RunReader, RunWriter, is_alive, send};

    fn step(step: usize) -> Event {
        Event::Step {
            epoch: 0,
            step,
            loss: 1.0,
            terms: LossTerm::new(),
            learning_rate: LearningRates::new(),
            seconds: Seconds::default(),
            data_share: 0.0,
            device_memory: None,
            device_memory_peak: None,
            process_memory: None,
        }
    }

    #[test]
    fn a_resume_takes_back_the_later_steps() {
        let mut history = History::default();
        for event in [step(0), step(10), step(20), Event::Stopped, Event::Resumed { epoch: 0, step: 10 }, step(10)] {
            history.push(RunEvent { time: 0.0, event });
        }
        let steps: Vec<usize> = history
            .events()
            .iter()
            .filter_map(|event| if let Event::Step { step, .. } = event.event { Some(step) } else { None })
            .collect();
        assert_eq!(steps, [0, 10]);
    }

    #[test]
    fn a_reader_follows_a_writer_and_survives_cut_and_unknown_lines() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let run = folder.path().join("run");
        let mut writer = RunWriter::open(&run, "", false).expect("new run");
        let mut reader = RunReader::new(&run);
        writer.event(step(0)).expect("written");
        assert_eq!(reader.poll().expect("read").len(), 1);
        assert!(is_alive(&run));
        assert!(matches!(RunWriter::open(&run, "", true), Err(RunError::Busy { .. })));
        drop(writer);
        assert!(!is_alive(&run));

        let events = run.join("events.jsonl");
        let text =
            std::fs::read_to_string(&events).expect("there") + "{\"time\":1,\"event\":\"telepathy\"}\n{\"time\":2,\"ev";
        std::fs::write(&events, text).expect("written");
        assert!(matches!(RunWriter::open(&run, "", false), Err(RunError::Exists { .. })));
        let mut writer = RunWriter::open(&run, "", true).expect("goes on");
        writer.event(Event::Resumed { epoch: 0, step: 0 }).expect("written");
        let new: Vec<_> = reader.poll().expect("read").into_iter().map(|event| event.event).collect();
        assert_eq!(new, [Event::Resumed { epoch: 0, step: 0 }]);
    }

    #[test]
    fn only_orders_given_after_the_start_are_heard() {
        let folder = tempfile::tempdir().expect("temporary folder");
        send(folder.path(), Do::Stop).expect("written");
        let mut writer = RunWriter::open(folder.path(), "", false).expect("new run");
        assert!(writer.orders().is_empty());
        let id = send(folder.path(), Do::Pause).expect("written");
        let orders = writer.orders();
        assert_eq!((orders[0].id, orders[0].what), (id, Do::Pause));
        assert!(writer.orders().is_empty());
    }
}
