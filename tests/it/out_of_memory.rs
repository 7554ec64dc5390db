//! A training whose process dies for want of memory goes on with half as many snippets at once, and the second time ends with advice. The
//! process that a person started stands for it: signals to that one act as if it trained itself.

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use etad::domain::Event;
use etad::model::weights::Weights;
use etad::run::{is_alive, owner};

use crate::tiny_run::{Tiny, said, wait};

/// One epoch, then five more in one piece, without anything in between.
const FIRST: [&str; 3] = ["solver.epochs=1", "encoder.at_once=4", "workflow.save_minutes=0"];
const MORE: [&str; 4] = ["--resume", "solver.epochs=6", "workflow.save_minutes=0", "encoder.at_once=4"];

fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args([name, &process.to_string()]).status().expect("kill");
    assert!(sent.success(), "{name} {process}");
}

/// The process that writes the run, once it is another than `before`.
fn worker(tiny: &Tiny, run: &str, before: Option<u32>) -> u32 {
    let folder = tiny.path(run);
    let pid = || owner(&folder).map(|owner| owner.pid).filter(|pid| Some(*pid) != before);
    wait("another process", || pid().is_some() && is_alive(&folder));
    pid().expect("an owner")
}

fn snippets_at_once(tiny: &Tiny, run: &str) -> usize {
    let text = fs::read_to_string(tiny.path(run).join("config.toml")).expect("a configuration");
    etad::config::parse(&text, "config.toml", &[]).expect("a configuration").encoder.at_once
}

fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("a child");
    (output.status.code(), said(&output))
}

/// The system's way to refuse memory ends in SIGABRT (Rust) or SIGKILL (Linux); here the signal comes without the want.
#[test]
fn memory_that_runs_out_once_halves_and_goes_on_and_twice_ends_with_advice() {
    let tiny = Tiny::new();
    tiny.done("short", &FIRST);
    let mut before = worker_of_ended(&tiny, "short");
    let copied = Command::new("cp").arg("-r").arg(tiny.path("short")).arg(tiny.path("by_hand")).status().expect("cp");
    assert!(copied.success());
    tiny.done("by_hand", &[&MORE[..3], &["encoder.at_once=2"]].concat());

    let child = tiny.start("short", &MORE);
    let first = worker(&tiny, "short", before);
    assert_ne!(first, child.id(), "another process trains");
    signal("-ABRT", first);
    let (code, said) = end(child);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(snippets_at_once(&tiny, "short"), 2);
    let events = tiny.events("short");
    let warnings = events.iter().filter(|event| {
        matches!(&event.event, Event::Warning { message } if message.contains("memory ran out") && message.contains("encoder.at_once = 2"))
    });
    assert_eq!(warnings.count(), 1, "{said}");
    assert!(said.contains("memory ran out"), "{said}");
    for file in ["last.safetensors", "last.state"] {
        let read = |run: &str| Weights::read(&tiny.path(run).join("checkpoints").join(file)).expect(file).tensors;
        assert!(read("short") == read("by_hand"), "{file} is not as if at_once had been 2 from that checkpoint on");
    }
    assert_eq!(tiny.history("short"), tiny.history("by_hand"));

    before = worker_of_ended(&tiny, "short");
    let more: Vec<&str> =
        MORE.iter().map(|one| if one.contains("epochs") { "solver.epochs=900" } else { one }).collect();
    let child = tiny.start("short", &more);
    let first = worker(&tiny, "short", before);
    signal("-ABRT", first);
    signal("-ABRT", worker(&tiny, "short", Some(first)));
    let (code, said) = end(child);
    assert_eq!(code, Some(1), "{said}");
    for words in ["for the second time", "encoder.at_once=1", "solver.frame_cache", "--dry-run"] {
        assert!(said.contains(words), "{said:?} lacks {words}");
    }
    let events = tiny.events("short");
    let last = events.last().map(|event| &event.event);
    assert!(matches!(last, Some(Event::Failed { message }) if message.contains("second time")), "{last:?}");
    assert!(!is_alive(&tiny.path("short")));
    assert_eq!(snippets_at_once(&tiny, "short"), 2, "what it came to stays");
}

fn worker_of_ended(tiny: &Tiny, run: &str) -> Option<u32> {
    owner(&tiny.path(run)).map(|owner| owner.pid)
}

#[test]
fn signals_to_the_process_that_was_started_act_on_the_one_that_trains() {
    let tiny = Tiny::new();
    let long = ["solver.epochs=500", "workflow.report_interval=1", "workflow.eval_interval=0"];
    let child = tiny.start("run", &long);
    let steps = || tiny.events("run").iter().filter(|event| matches!(event.event, Event::Step { .. })).count();
    wait("a step", || steps() > 0);
    // Suspended, it stands still; nothing else is to be noticed.
    signal("-STOP", child.id());
    std::thread::sleep(Duration::from_secs(4));
    let still = steps();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(steps(), still, "a suspended training goes on");
    signal("-CONT", child.id());
    wait("more steps", || steps() > still);
    // Ended in order.
    signal("-INT", child.id());
    let (code, said) = end(child);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("saving") && said.contains("everything so far is saved"), "{said}");
    let events = tiny.events("run");
    assert!(matches!(events.last().map(|event| &event.event), Some(Event::Stopped)));
    // Killed, and with it the one that trains.
    let before = worker_of_ended(&tiny, "run");
    let mut child = tiny.start("run", &[&long[..], &["--resume"]].concat());
    worker(&tiny, "run", before);
    child.kill().expect("killed");
    child.wait().expect("a child");
    wait("an end", || !is_alive(&tiny.path("run")));
    // The one that trains killed: no want of memory, so nobody takes it up again.
    let before = worker_of_ended(&tiny, "run");
    let child = tiny.start("run", &[&long[..], &["--resume"]].concat());
    signal("-KILL", worker(&tiny, "run", before));
    let (code, said) = end(child);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("killed (signal 9"), "{said}");
}
