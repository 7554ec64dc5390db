//! Child processes: `etad train` and `etad detect`, run by the window as their own processes so that a fault there stays there.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// A process to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Executable.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// File to whose end its standard output and errors go: a pipe would break a process that outlives the window.
    pub log: PathBuf,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whether it said that all went well.
    pub success: bool,
    /// How, to follow "because": what it said last, or the signal that killed it.
    pub how: String,
}

/// A process that was started; it goes on when this is dropped.
#[derive(Clone, Debug)]
pub struct Running {
    pid: u32,
    child: Arc<Mutex<Child>>,
    /// Where in the log its words begin.
    begin: u64,
}

/// Starts a process in a group of its own, so that a Ctrl+C meant for the window does not reach it.
///
/// # Errors
/// When the log cannot be written or the program cannot be started.
pub fn start(launch: &Launch) -> io::Result<Running> {
    let log = OpenOptions::new().create(true).append(true).open(&launch.log)?;
    let begin = log.metadata()?.len();
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(
            &mut command,
            CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW,
        );
    }
    let child = command.spawn()?;
    Ok(Running { pid: child.id(), child: Arc::new(Mutex::new(child)), begin })
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills it. One that has ended already is left alone.
    pub fn kill(&self) {
        // The only failure is that it is gone.
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<io::Result<ExitStatus>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().transpose()
    }

    /// Waits for its end, looking every 50 ms so that [`Self::kill`] is not kept out.
    pub fn wait(&self, log: &Path) -> Ending {
        loop {
            match self.ended() {
                Some(Ok(status)) => return describe(status, log, self.begin),
                Some(Err(error)) => return Ending { success: false, how: error.to_string() },
                None => std::thread::sleep(std::time::Duration::from_millis(50)),
            }
        }
    }
}

/// The ending in words.
fn describe(status: ExitStatus, log: &Path, begin: u64) -> Ending {
    if status.success() {
        return Ending { success: true, how: "it ended".to_owned() };
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Ending { success: false, how: killed(signal) };
    }
    let code = status.code().map_or_else(String::new, |code| format!(" with code {code}"));
    let how = last_words(log, begin).unwrap_or_else(|| format!("its process ended{code} without a word"));
    Ending { success: false, how }
}

/// What a signal did, to follow "because".
pub(super) fn killed(signal: i32) -> String {
    let guess = if signal == 9 { ", perhaps for want of memory" } else { "" };
    format!("its process was killed (signal {signal}{guess})")
}

/// The last line of a log from `begin` on that says something, without terminal colours and the word "error".
fn last_words(log: &Path, begin: u64) -> Option<String> {
    const TAIL: u64 = 16 * 1024;
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL).max(begin))).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.split(['\n', '\r']).map(without_colours).rfind(|line| !line.trim().is_empty())?;
    let line = line.trim();
    let line = ["ERROR ", "error: ", "Error: ", "etad: "]
        .iter()
        .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    Some(line.trim_end_matches('.').to_owned())
}

fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once(|end: char| end.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (tempfile::TempDir, Launch) {
        let folder = tempfile::tempdir().expect("folder");
        let log = folder.path().join("log");
        let arguments = vec!["-c".into(), script.into()];
        (folder, Launch { program: "/bin/sh".into(), arguments, log })
    }

    #[test]
    fn the_last_line_tells_why() {
        let (_folder, launch) =
            shell("echo working; printf '\\033[31merror: \\033[0mthe disk is full.\\n\\n' >&2; exit 1");
        let running = start(&launch).expect("starts");
        assert_eq!(running.wait(&launch.log), Ending { success: false, how: "the disk is full".to_owned() });
    }

    #[test]
    fn what_an_earlier_process_said_stays_and_is_not_taken_for_this_ones_words() {
        let (_folder, launch) = shell("exit 3");
        std::fs::write(&launch.log, "an old reason\n").expect("written");
        let how = start(&launch).expect("starts").wait(&launch.log).how;
        assert_eq!(how, "its process ended with code 3 without a word");
        assert_eq!(std::fs::read_to_string(&launch.log).expect("read"), "an old reason\n");
    }

    #[test]
    fn a_killed_process_names_the_signal() {
        let (_folder, launch) = shell("sleep 60");
        let running = start(&launch).expect("starts");
        running.kill();
        let ending = running.wait(&launch.log);
        assert!(!ending.success && ending.how.contains("killed (signal 9"), "{ending:?}");
        running.kill();
    }
}
