//! A training that is killed at any moment goes on with `--resume` and ends as if nothing had been: every weight, moment and event.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use etad::domain::{Draw, Event, Purpose};
use etad::model::weights::Weights;

use crate::tiny_run::{Tiny, wait};

/// Several checkpoints an epoch, and evaluations, so that kills hit all of it.
const OFTEN: [&str; 2] = ["solver.epochs=4", "workflow.save_minutes=0.002"];

/// Trains without being disturbed.
fn straight(tiny: &Tiny) {
    tiny.done("straight", &OFTEN);
}

/// Starts, or goes on where there is anything to go on with.
fn start(tiny: &Tiny) -> Child {
    let resume = if tiny.path("killed/events.jsonl").exists() { &["--resume"][..] } else { &[] };
    tiny.start("killed", &[&OFTEN[..], resume].concat())
}

/// SIGKILL; false when it had ended before.
fn kill(mut child: Child) -> bool {
    let lives = child.try_wait().expect("a child").is_none();
    child.kill().ok();
    child.wait().expect("a child");
    lives
}

fn checkpoint(tiny: &Tiny, run: &str, file: &str) -> Weights {
    Weights::read(&tiny.path(run).join("checkpoints").join(file)).expect(file)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Goes on to the end and compares all that both runs left.
fn ends_as_the_straight_one(tiny: &Tiny) {
    let output = start(tiny).wait_with_output().expect("a child");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = files(&tiny.path("straight/checkpoints"));
    assert_eq!(files(&tiny.path("killed/checkpoints")), names);
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        let (straight, killed) = (checkpoint(tiny, "straight", &name), checkpoint(tiny, "killed", &name));
        assert_eq!(killed.tensors, straight.tensors, "tensors of {name}");
        assert_eq!(killed.metadata, straight.metadata, "header of {name}");
    }
    assert_eq!(tiny.history("killed"), tiny.history("straight"));
    for name in files(&tiny.path("straight/predictions")) {
        let read = |run: &str| std::fs::read(tiny.path(run).join("predictions").join(&name)).expect("predictions");
        assert!(read("killed") == read("straight"), "{name}");
    }
}

#[test]
fn ten_kills_at_random() {
    let tiny = Tiny::new();
    let since = Instant::now();
    straight(&tiny);
    let whole = since.elapsed().as_secs_f64();
    let mut draw = Draw::new(4, Purpose::Sample, &[10]);
    let mut kills = 0;
    for _ in 0..10 {
        let child = start(&tiny);
        std::thread::sleep(Duration::from_secs_f64(draw.uniform(0.02, 0.4) * whole));
        kills += u32::from(kill(child));
    }
    let resumes = tiny.events("killed").iter().filter(|event| matches!(event.event, Event::Resumed { .. })).count();
    println!("{kills} kills, {resumes} resumes; a straight run takes {whole:.1} s");
    assert!(kills >= 5, "a run that was over cannot be killed");
    ends_as_the_straight_one(&tiny);
}

#[test]
fn kills_inside_the_writing_of_a_checkpoint() {
    let tiny = Tiny::new();
    straight(&tiny);
    let folder = tiny.path("killed/checkpoints");
    let half_written = || {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.path().extension().is_some_and(|extension| extension == "part"))
    };
    let mut hits = 0;
    for _ in 0..12 {
        let mut child = start(&tiny);
        let since = Instant::now();
        // What the kill before left is removed first.
        while half_written() && since.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        while !half_written() && child.try_wait().expect("a child").is_none() {}
        kill(child);
        hits += u32::from(half_written());
        if hits == 3 {
            break;
        }
    }
    println!("{hits} kills left a file half written");
    assert!(hits > 0, "no kill met the writing of a checkpoint");
    ends_as_the_straight_one(&tiny);
}

#[test]
fn a_kill_inside_an_evaluation() {
    let tiny = Tiny::new();
    straight(&tiny);
    let evaluating = |event: &Event| matches!(event, Event::Progress { what, .. } if what == "evaluating");
    for kills in 1..=2 {
        let before = tiny.events("killed").len();
        let child = start(&tiny);
        wait("an evaluation", || tiny.events("killed").iter().skip(before).any(|event| evaluating(&event.event)));
        assert!(kill(child), "kill {kills}");
    }
    ends_as_the_straight_one(&tiny);
}
