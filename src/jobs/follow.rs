//! Follows a run folder on a thread: events as they are written, and whether anybody writes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::domain::RunEvent;
use crate::run::{RunReader, is_alive};

/// How often a living run is looked at; a dead one four times less.
const PERIOD: Duration = Duration::from_millis(250);

/// Events that are reported at once.
const AT_ONCE: usize = 2000;

/// What a followed run has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed {
    /// New events, in order.
    Events(Vec<RunEvent>),
    /// Whether a process writes it. All that it wrote before was reported before.
    Alive(bool),
    /// The folder cannot be read; said once, tried again.
    Unreadable(String),
}

/// Follows until it is dropped.
#[derive(Debug)]
pub struct Follower {
    wake: Sender<()>,
}

impl Follower {
    /// Starts to follow `folder`, which may not exist yet.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(folder: PathBuf, report: impl Fn(Followed) + Send + 'static) -> std::io::Result<Self> {
        let (wake, woken) = bounded(1);
        std::thread::Builder::new().name("run follower".to_owned()).spawn(move || follow(&folder, &woken, &report))?;
        Ok(Self { wake })
    }

    /// Looks at once, and reports whether it lives even if that has not changed.
    pub fn check(&self) {
        // A full channel has a wake-up in it already.
        let _ = self.wake.try_send(());
    }
}

fn follow(folder: &Path, woken: &Receiver<()>, report: &impl Fn(Followed)) {
    let mut reader = RunReader::new(folder);
    let (mut told, mut asked, mut readable) = (None, false, true);
    loop {
        // Life before events: what a dying process wrote last is then read before its death is told.
        let alive = is_alive(folder);
        match reader.poll() {
            // A long run in one piece would keep the window from drawing.
            Ok(events) if !events.is_empty() => {
                events.chunks(AT_ONCE).for_each(|part| report(Followed::Events(part.to_vec())));
            }
            Ok(_) => readable = true,
            Err(error) => {
                if std::mem::replace(&mut readable, false) {
                    report(Followed::Unreadable(error.to_string()));
                }
            }
        }
        if asked || told != Some(alive) {
            report(Followed::Alive(alive));
            told = Some(alive);
        }
        asked = match woken.recv_timeout(if alive { PERIOD } else { PERIOD * 4 }) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Event;
    use crate::run::RunWriter;

    #[test]
    fn events_come_before_the_death_that_follows_them() {
        let folder = tempfile::tempdir().expect("folder");
        let run = folder.path().join("run");
        let (sender, told) = bounded(16);
        let follower = Follower::start(run.clone(), move |event| sender.send(event).expect("heard")).expect("thread");
        let next = || told.recv_timeout(Duration::from_secs(10)).expect("told");
        assert_eq!(next(), Followed::Alive(false));
        let mut writer = RunWriter::open(&run, "", false).expect("run");
        follower.check();
        assert_eq!(next(), Followed::Alive(true));
        writer.event(Event::Paused).expect("written");
        drop(writer);
        follower.check();
        let mut heard = Vec::new();
        while heard.last() != Some(&Followed::Alive(false)) {
            heard.push(next());
        }
        assert!(matches!(&heard[0], Followed::Events(events) if events.len() == 1), "{heard:?}");
    }
}
