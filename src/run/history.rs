//! The events of a run as they stand after every resume.

use crate::domain::{Event, RunEvent};

/// Events in order, without the steps and evaluations that a resume took back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    events: Vec<RunEvent>,
}

impl History {
    /// Adds an event; a `resumed` drops the steps, evaluations and checkpoints from its step on that were written before it. What is said
    /// again takes the place of what was said first: an evaluation of the same epoch and step, a checkpoint of the same file, a
    /// warning in the same words.
    pub fn push(&mut self, event: RunEvent) {
        self.events.retain(|earlier| !is_repeated(&earlier.event, &event.event));
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

/// Whether a later event takes an earlier one's place. A process that was killed right after it wrote an event may write it again.
fn is_repeated(earlier: &Event, later: &Event) -> bool {
    match (earlier, later) {
        (Event::Eval { epoch, step, .. }, Event::Eval { epoch: again, step: at, .. }) => (epoch, step) == (again, at),
        (Event::Checkpoint { file, .. }, Event::Checkpoint { file: again, .. }) => file == again,
        (Event::Warning { message }, Event::Warning { message: again }) => message == again,
        _ => false,
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
    fn what_is_said_again_takes_the_place_of_what_was_said_first() {
        let eval = |step: usize, average_map: f64| Event::Eval {
            epoch: 0,
            step,
            map: Default::default(),
            average_map,
            per_class: Default::default(),
            recall: Default::default(),
            seconds: 0.0,
            predictions: String::new(),
        };
        let checkpoint =
            |step: usize, name: &str| Event::Checkpoint { epoch: 0, step, file: name.to_owned(), best: false };
        let warning = || Event::Warning { message: "a.mp4 is damaged".to_owned() };
        let mut history = History::default();
        let said = [
            warning(),
            step(0),
            checkpoint(1, "last"),
            eval(0, 0.5),
            checkpoint(1, "best"),
            Event::Resumed { epoch: 0, step: 1 },
            warning(),
            checkpoint(1, "last"),
            eval(0, 0.5),
            checkpoint(1, "best"),
        ];
        for event in said {
            history.push(RunEvent { time: 0.0, event });
        }
        let left: Vec<&Event> = history.events().iter().map(|event| &event.event).collect();
        let resumed = Event::Resumed { epoch: 0, step: 1 };
        assert_eq!(
            left,
            [&step(0), &resumed, &warning(), &checkpoint(1, "last"), &eval(0, 0.5), &checkpoint(1, "best")]
        );
        history.push(RunEvent { time: 0.0, event: eval(3, 0.5) });
        assert_eq!(history.events().len(), 7, "another step is another evaluation");
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
        std::fs::write(run.join("checkpoints/last.safetensors"), "").expect("written");
        assert!(matches!(RunWriter::open(&run, "", false), Err(RunError::Exists { .. })));
        let mut writer = RunWriter::open(&run, "", true).expect("goes on");
        writer.event(Event::Resumed { epoch: 0, step: 0 }).expect("written");
        let new: Vec<_> = reader.poll().expect("read").into_iter().map(|event| event.event).collect();
        assert_eq!(new, [Event::Resumed { epoch: 0, step: 0 }]);
    }

    #[test]
    fn a_run_without_a_checkpoint_may_begin_anew_and_its_events_are_kept_aside() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let run = folder.path().join("run");
        for begun in 0..3 {
            assert!(RunWriter::may_open(&run, false).is_ok());
            let mut writer = RunWriter::open(&run, "", false).expect("taken");
            assert!(matches!(RunWriter::may_open(&run, false), Err(RunError::Busy { .. })));
            writer.event(step(begun)).expect("written");
        }
        for (name, begun) in [("events.1.jsonl", 0), ("events.2.jsonl", 1), ("events.jsonl", 2)] {
            let text = std::fs::read_to_string(run.join(name)).expect(name);
            assert_eq!(text.lines().count(), 1, "{name}");
            assert!(text.contains(&format!("\"step\":{begun}")), "{name}: {text}");
        }
        std::fs::write(run.join("checkpoints/epoch_000.safetensors"), "").expect("written");
        assert!(matches!(RunWriter::may_open(&run, false), Err(RunError::Exists { .. })));
        assert!(RunWriter::may_open(&run, true).is_ok());
        std::fs::remove_file(run.join("events.jsonl")).expect("removed");
        assert!(matches!(RunWriter::may_open(&run, false), Err(RunError::Exists { .. })), "checkpoints are a run");
        // Whatever somebody wrote into the orders, those that follow are heard.
        let mut writer = RunWriter::open(&run, "", true).expect("goes on");
        std::fs::write(run.join("control"), b"\xff\xfe\n").expect("written");
        assert!(writer.orders().is_empty());
        let id = send(&run, Do::Save).expect("sent");
        assert_eq!(writer.orders(), [crate::domain::Order { id, what: Do::Save }]);
        assert!(matches!(RunWriter::may_open(&folder.path().join("none"), true), Err(RunError::Nothing { .. })));
    }

    #[test]
    fn a_folder_that_is_deleted_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let run = folder.path().join("run");
        let writer = RunWriter::open(&run, "", false).expect("new run");
        writer.check().expect("there");
        std::fs::remove_dir_all(&run).expect("removed");
        let said = writer.check().expect_err("gone").to_string();
        assert!(said.contains("deleted") && !said.contains('\n'), "{said}");
        let _other = RunWriter::open(&run, "", false).expect("another run in its place");
        #[cfg(unix)]
        assert!(writer.check().is_err(), "another file of the same name");
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
