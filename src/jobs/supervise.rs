//! A training in a process of its own, supervised: the first time that it dies for want of memory it goes on from its last checkpoint with
//! half as many snippets at once; the second time it ends with advice.
//!
//! The process that a person started is the supervisor. Only another process can act when the system kills the one that computes.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::process::killed;
use super::reins::{BEAT, STOP, WANT_OF_MEMORY};
use crate::config::{self, Architecture};
use crate::domain::Event;
use crate::run::{self, RunWriter};

/// How often it is looked whether the process has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A training to start as a process of its own.
#[derive(Clone, Debug)]
pub struct Supervised {
    /// Executable.
    pub program: PathBuf,
    /// Arguments of a process that obeys [`super::Reins::supervised`].
    pub arguments: Vec<OsString>,
    /// Whether they ask to go on with the run.
    pub resume: bool,
    /// Run folder.
    pub run: PathBuf,
}

/// Why a training ended for good, as far as it could not say so itself.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    /// It cannot be started or watched.
    #[error("the training process {program} cannot be started: {source}")]
    Start {
        /// Executable.
        program: String,
        /// Cause.
        source: io::Error,
    },
    /// A signal ended it.
    #[error("{0}")]
    Killed(String),
    /// Before it had a run to go on with.
    #[error(
        "memory ran out ({how}) before the training began; free some, or ask --dry-run what needs how much and lower solver.frame_cache, \
         encoder.at_once or solver.batch_size"
    )]
    NothingYet {
        /// How it was noticed.
        how: String,
    },
    /// Nothing is left to halve.
    #[error(
        "memory ran out ({how}){again}{at_once}; free some and go on with --resume{smaller} --set \
         solver.frame_cache=0, or begin anew with a smaller solver.batch_size or data.crop; --dry-run tells what needs how much"
    )]
    WantOfMemory {
        /// How it was noticed.
        how: String,
        /// " for the second time", or nothing.
        again: &'static str,
        /// Snippets at once, to follow that; nothing where there is no encoder.
        at_once: String,
        /// What makes the chunk smaller, as a further argument; nothing where it cannot be.
        smaller: String,
    },
}

/// How one process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ending {
    /// By itself, with a code; it has said why.
    Code(u8),
    /// For want of memory; how that was noticed.
    WantOfMemory(String),
    /// By a signal, in words.
    Killed(String),
}

/// What the next process does otherwise than the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Change {
    /// Snippets at once.
    at_once: usize,
    /// A sentence for the run's events.
    note: String,
}

/// Carries a training out. `stop` asks it to save and end. Gives back the code with which it ended; it has said itself why.
///
/// # Errors
/// When it cannot be started, was killed, or memory ran out and halving did not help.
pub fn supervise(training: &Supervised, stop: &AtomicBool) -> Result<u8, SuperviseError> {
    let failed = |source| SuperviseError::Start { program: training.program.display().to_string(), source };
    let outcome = attempts(&training.run, &mut |change| one(training, change, stop).map_err(failed));
    if let Err(error @ SuperviseError::WantOfMemory { .. }) = &outcome {
        tell(&training.run, error.to_string());
    }
    outcome
}

/// A process's number and how it ended.
type Started = Result<(u32, Ending), SuperviseError>;

/// Starts one process after another; `start` gives back its number and how it ended.
fn attempts(run: &Path, start: &mut dyn FnMut(Option<&Change>) -> Started) -> Result<u8, SuperviseError> {
    let mut change: Option<Change> = None;
    loop {
        let (process, ending) = start(change.as_ref())?;
        let how = match ending {
            Ending::Code(code) => return Ok(code),
            Ending::Killed(words) => return Err(SuperviseError::Killed(words)),
            Ending::WantOfMemory(how) => how,
        };
        // The lock's text tells whether it was this process that wrote the run.
        if run::owner(run).is_none_or(|owner| owner.pid != process) {
            return Err(SuperviseError::NothingYet { how });
        }
        // Killed before it had written its configuration, it had not begun.
        let Some(at_once) = snippets_at_once(run) else { return Err(SuperviseError::NothingYet { how }) };
        match at_once.filter(|at_once| *at_once > 1 && change.is_none()) {
            Some(at_once) => {
                let half = at_once / 2;
                let note = format!(
                    "memory ran out ({how}); the training goes on from its last checkpoint with half as many snippets at once, \
                     encoder.at_once = {half}"
                );
                change = Some(Change { at_once: half, note });
            }
            None => {
                let again = if change.is_some() { " for the second time" } else { "" };
                let half = at_once.filter(|at_once| *at_once > 1).map(|at_once| at_once / 2);
                let smaller = half.map_or_else(String::new, |half| format!(" --set encoder.at_once={half}"));
                let at_once = at_once.map_or_else(String::new, |at_once| format!(", with encoder.at_once = {at_once}"));
                return Err(SuperviseError::WantOfMemory { how, again, at_once, smaller });
            }
        }
    }
}

/// Snippets that pass the encoder of a run at once, none of one that has no encoder; nothing where it has no configuration yet.
fn snippets_at_once(run: &Path) -> Option<Option<usize>> {
    let config = config::load(&run.join(run::file::CONFIG), &[]).ok()?;
    // More than a window has pass as all of a window do.
    let at_once = config.encoder.at_once().min(config.model.tscale);
    Some((config.encoder.arch != Architecture::None).then_some(at_once))
}

/// The last word of a run whose process could not say it.
fn tell(run: &Path, message: String) {
    let config = fs::read_to_string(run.join(run::file::CONFIG)).unwrap_or_default();
    let told = RunWriter::open(run, &config, true).and_then(|mut writer| writer.event(Event::Failed { message }));
    if let Err(error) = told {
        tracing::warn!("{error}");
    }
}

/// Starts a process and waits for its end.
fn one(training: &Supervised, change: Option<&Change>, stop: &AtomicBool) -> io::Result<(u32, Ending)> {
    let mut command = Command::new(&training.program);
    command.args(&training.arguments).stdin(Stdio::piped());
    if let Some(change) = change {
        command.arg("--set").arg(format!("encoder.at_once={}", change.at_once)).arg("--note").arg(&change.note);
        if !training.resume {
            command.arg("--resume");
        }
    }
    let kills = kills_for_memory();
    let mut child = command.spawn()?;
    let mut pipe = child.stdin.take();
    let mut beat = Instant::now();
    let mut asked = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let asks = !asked && stop.load(Ordering::SeqCst);
        if asks || beat.elapsed() >= BEAT {
            // It may be ending just now; then there is nobody to tell.
            let told = pipe.as_mut().map(|pipe| pipe.write_all(&[if asks { STOP } else { b'.' }]));
            tracing::trace!("sign of life: {told:?}");
            asked |= asks;
            beat = Instant::now();
        }
        thread::sleep(LOOK);
    };
    Ok((child.id(), ending(status, kills_for_memory() > kills)))
}

/// The ending of a process; `for_memory` says that the system killed one for want of memory meanwhile.
fn ending(status: ExitStatus, for_memory: bool) -> Ending {
    /// With which Windows ends a process that aborts.
    const FAST_FAIL: i32 = -1_073_740_791;
    let aborted = || Ending::WantOfMemory("its process was aborted, as it is when memory is refused".to_owned());
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            6 => aborted(),
            9 if for_memory => Ending::WantOfMemory("the system killed its process".to_owned()),
            _ => Ending::Killed(killed(signal)),
        };
    }
    #[cfg(not(unix))]
    let _ = for_memory;
    match status.code() {
        Some(code) if code == i32::from(WANT_OF_MEMORY) => Ending::WantOfMemory("its device said so".to_owned()),
        Some(FAST_FAIL) => aborted(),
        code => Ending::Code(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
    }
}

/// How often this system killed a process for want of memory, in control groups too; 0 where it does not count.
fn kills_for_memory() -> u64 {
    let counts = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = counts.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// A run folder as a training of this process leaves it.
    fn folder(at_once: usize, arch: Architecture) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::default();
        (config.encoder.at_once, config.encoder.arch) = (at_once, arch);
        drop(RunWriter::open(folder.path(), &config.to_toml().expect("TOML"), false).expect("a run"));
        folder
    }

    fn short() -> Ending {
        Ending::WantOfMemory("no memory".to_owned())
    }

    #[test]
    fn the_first_want_of_memory_halves_and_goes_on_and_the_second_ends_with_advice() {
        let run = folder(8, Architecture::R2plus1d);
        let me = std::process::id();
        let mut started = Vec::new();
        let mut endings = [short(), Ending::Code(0)].into_iter();
        let code = attempts(run.path(), &mut |change| {
            started.push(change.cloned());
            Ok((me, endings.next().expect("no third")))
        });
        assert_eq!(code.expect("goes on"), 0);
        let change = started[1].as_ref().expect("a change");
        assert_eq!((started.len(), &started[0], change.at_once), (2, &None, 4));
        assert!(change.note.contains("memory ran out (no memory)") && change.note.contains("encoder.at_once = 4"));

        let mut count = 0;
        let said = attempts(run.path(), &mut |_| {
            count += 1;
            Ok((me, short()))
        });
        let said = said.expect_err("twice").to_string();
        assert_eq!(count, 2);
        for words in ["second time", "--resume --set encoder.at_once=4", "solver.frame_cache=0", "--dry-run"] {
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn where_nothing_can_be_halved_the_first_time_is_the_last() {
        let me = std::process::id();
        for run in [folder(1, Architecture::R2plus1d), folder(4, Architecture::None)] {
            let said = attempts(run.path(), &mut |_| Ok((me, short()))).expect_err("ends").to_string();
            assert!(!said.contains("second") && !said.contains("--set encoder") && said.contains("--resume"), "{said}");
        }
        let run = folder(8, Architecture::R2plus1d);
        let said = attempts(run.path(), &mut |_| Ok((me + 1, short()))).expect_err("ends").to_string();
        assert!(said.contains("before the training began"), "{said}");
    }

    #[cfg(unix)]
    #[test]
    fn endings_are_told_apart() {
        use std::os::unix::process::ExitStatusExt as _;
        let of = |raw: i32, for_memory| ending(ExitStatus::from_raw(raw), for_memory);
        assert_eq!([of(0, false), of(2 << 8, true)], [Ending::Code(0), Ending::Code(2)]);
        assert!(matches!(of(6, false), Ending::WantOfMemory(_)));
        assert!(matches!(of(75 << 8, false), Ending::WantOfMemory(_)));
        assert!(matches!(of(9, true), Ending::WantOfMemory(_)));
        // A person's kill is no want of memory.
        assert!(matches!(of(9, false), Ending::Killed(words) if words.contains("killed (signal 9")));
    }
}
