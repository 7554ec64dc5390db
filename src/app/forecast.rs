//! What a training would take, asked of `etad train --dry-run` in a process of its own, with less right to the processor than the window.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Deserialize;

use crate::state::{Init, Needs, Report, TrainRequest};

use super::effects::Outbox;

/// How often it is looked whether it has ended or is not wanted any more.
const LOOK: Duration = Duration::from_millis(50);

/// What the window reads of the document that the dry run prints.
#[derive(Deserialize)]
struct Document {
    memory: Memory,
    budget: Option<Budget>,
    advice: Option<String>,
    total_seconds: f64,
}

#[derive(Deserialize)]
struct Memory {
    needed: u64,
}

#[derive(Deserialize)]
struct Budget {
    bytes: u64,
    configured: bool,
}

/// Asks on a thread; nothing is reported after `cancel`.
pub fn ask(outbox: &Outbox, etad: PathBuf, number: u64, request: TrainRequest, cancel: Arc<AtomicBool>) {
    outbox.spawn("forecast", move |outbox| {
        let Some(output) = run(&etad, &arguments(&request), &cancel).transpose() else { return };
        let found = output.map_err(|error| format!("{} cannot be started: {error}", etad.display())).and_then(read);
        outbox.report(Report::Forecast { number, found });
    });
}

fn arguments(request: &TrainRequest) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["train".into(), request.config.clone().into()];
    arguments.extend(["--dry-run".into(), "--json".into(), "--root".into(), request.root.clone().into()]);
    arguments.extend(["--device".into(), request.device.clone().into()]);
    for assignment in &request.overrides {
        arguments.extend(["--set".into(), assignment.into()]);
    }
    match &request.init {
        Init::Scratch => {}
        Init::File(path) | Init::Run(path) => arguments.extend(["--init".into(), path.clone().into()]),
    }
    arguments
}

/// Runs to the end; none when it was cancelled, and killed.
fn run(etad: &Path, arguments: &[OsString], cancel: &AtomicBool) -> io::Result<Option<Output>> {
    let mut child = spawn(etad, arguments)?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if cancel.load(Ordering::Relaxed) {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    };
    // Both are short, so that they have waited in their pipes.
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_end(&mut stdout)?;
    }
    if let Some(mut pipe) = child.stderr.take() {
        pipe.read_to_end(&mut stderr)?;
    }
    Ok((!cancel.load(Ordering::Relaxed)).then_some(Output { status, stdout, stderr }))
}

/// Whatever the window does meanwhile comes first, where the system can be told so.
fn spawn(etad: &Path, arguments: &[OsString]) -> io::Result<Child> {
    let start = |mut command: Command| {
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    #[cfg(unix)]
    {
        let mut nice = Command::new("nice");
        nice.args(["-n", "10"]).arg(etad);
        if let Ok(child) = start(nice) {
            return Ok(child);
        }
    }
    start(Command::new(etad))
}

fn read(output: Output) -> Result<Needs, String> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it ended without a word");
        return Err(last.strip_prefix("ERROR ").unwrap_or(last).to_owned());
    }
    let document: Document = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    Ok(Needs {
        memory: document.memory.needed,
        free: document.budget.as_ref().map(|budget| budget.bytes),
        configured: document.budget.is_some_and(|budget| budget.configured),
        seconds: document.total_seconds,
        advice: document.advice,
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str, cancelled: bool) -> Option<Result<Needs, String>> {
        let arguments = ["-c".into(), script.into()];
        run(Path::new("/bin/sh"), &arguments, &AtomicBool::new(cancelled)).expect("starts").map(read)
    }

    #[test]
    fn what_a_dry_run_says_is_read_and_one_that_is_cancelled_says_nothing() {
        let document = r#"{"memory": {"needed": 5000000000, "frames": 1}, "budget": {"bytes": 4000000000, "configured": false},
            "advice": "set encoder.at_once = 2", "total_seconds": 90.5, "device": "cpu"}"#;
        let needs = Needs {
            memory: 5_000_000_000,
            free: Some(4_000_000_000),
            configured: false,
            seconds: 90.5,
            advice: Some("set encoder.at_once = 2".to_owned()),
        };
        assert_eq!(shell(&format!("echo '{document}'"), false), Some(Ok(needs)));
        let why = "videos cannot be read";
        assert_eq!(shell(&format!("echo 'ERROR {why}' >&2; exit 2"), false), Some(Err(why.to_owned())));
        let since = std::time::Instant::now();
        assert_eq!(shell("exec sleep 60", true), None);
        assert!(since.elapsed() < Duration::from_secs(30));
    }
}
