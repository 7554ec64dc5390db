//! What the window's thread does when a slider moves over 10 000 detections, and for a picture of plots with 100 000 points a curve
//! (issue "7", items 2 and 4): from the command to the triangles of the painted panels, no GPU. `cargo bench --bench inspect`.

#![allow(clippy::print_stdout, reason = "a bench says what it measured")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use etad::app::{Headless, Panel};
use etad::domain::{Detection, Detections, Draw, Event, MediaTime, Purpose, RunEvent, Seconds};
use etad::jobs::review::Reviewed;
use etad::project::{Book, Document, Kind, Opened, Opening, ProjectVideo};
use etad::state::{Command, Effect, Input, Inspect, Report, RunSummary, State, Watch, update};

const DETECTIONS: usize = 10_000;
const CLASSES: usize = 20;
const TRUTHS: usize = 500;
/// Seconds of the video.
const LENGTH: f64 = 3600.0;
const POINTS: usize = 100_000;

/// Timeline and errors as they stand in a window of 1920x1080.
const PANELS: [(Panel, [f32; 4]); 2] =
    [(Panel::Timeline, [370.0, 560.0, 1320.0, 1080.0]), (Panel::Errors, [1325.0, 60.0, 1920.0, 1080.0])];

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn report(state: &mut State, report: Report) -> Vec<Effect> {
    update(state, Input::Report(report))
}

/// A project of one video of an hour with 500 actions of 20 classes, and a run.
fn opened() -> Outcome<State> {
    let mut draw = Draw::new(11, Purpose::Sample, &[]);
    let actions: Vec<String> = (0..TRUTHS)
        .map(|n| {
            let start = draw.uniform(0.0, LENGTH - 10.0);
            let end = start + draw.uniform(1.0, 9.0);
            format!(r#"{{"segment": [{start:.3}, {end:.3}], "label": "class {}"}}"#, n % CLASSES)
        })
        .collect();
    let text = format!(
        r#"{{"database": {{"long": {{"subset": "validation", "duration": {LENGTH}, "annotations": [{}]}}}}}}"#,
        actions.join(", ")
    );
    let classes: Vec<String> = (0..CLASSES).map(|n| format!("class {n}")).collect();
    let document = Document::parse(&text, &PathBuf::from("t.json"), &classes)?;
    let video = ProjectVideo {
        id: "long".to_owned(),
        path: PathBuf::from("/p/long.mp4"),
        duration: Some(LENGTH),
        problem: None,
    };
    let opened = Opened {
        name: "Bench".to_owned(),
        root: PathBuf::from("/p"),
        kind: Kind::Project,
        annotation_file: PathBuf::from("/p/annotations.json"),
        book: Book::new(document),
        last: 0,
        opening: Opening::default(),
        videos: vec![video],
    };
    let mut state = State::default();
    report(&mut state, Report::Opened(Ok(Box::new(opened))));
    let (generation, length) = (state.playback.generation, MediaTime::from_secs(LENGTH));
    report(
        &mut state,
        Report::VideoReady { generation, length, frames: 90_000, warnings: Vec::new(), streams: Vec::new() },
    );
    report(&mut state, Report::TrainingStarted { folder: PathBuf::from("/p/runs/x") });
    Ok(state)
}

/// The same with 10 000 detections, compared.
fn compared() -> Outcome<State> {
    let mut state = opened()?;
    let mut draw = Draw::new(12, Purpose::Sample, &[]);
    let found = (0..DETECTIONS).map(|n| {
        let start = draw.uniform(0.0, LENGTH - 10.0);
        let segment = [start, start + draw.uniform(1.0, 9.0)];
        Detection { segment, label: format!("class {}", n % CLASSES), score: draw.uniform(0.0, 1.0) }
    });
    let detections = Ok(Detections { videos: vec![("long".to_owned(), found.collect())] });
    let told = Report::EpochPredictions { folder: PathBuf::from("/p/runs/x"), epoch: 0, detections };
    let effects = report(&mut state, told);
    let request = effects.into_iter().find_map(|effect| match effect {
        Effect::Review(request) => Some(request),
        _ => None,
    });
    let request = request.ok_or("nothing is to be compared")?;
    let start = Instant::now();
    let reviewed = Reviewed::to(&request);
    println!(
        "{DETECTIONS} detections compared at all thresholds, once, on a thread of its own: {:.1?}",
        start.elapsed()
    );
    report(&mut state, Report::Reviewed(Box::new(reviewed)));
    assert!(state.marks().is_some());
    Ok(state)
}

fn tell(what: &str, mut times: Vec<Duration>, limit: Duration) {
    times.sort();
    let (median, late, worst) = (times[times.len() / 2], times[times.len() * 19 / 20], times[times.len() - 1]);
    println!("{what}: {median:.2?} median, {late:.2?} 95 %, {worst:.2?} at most of {} (aim: {limit:.0?})", times.len());
}

/// From the command to the triangles, for every place of both sliders.
fn sliders() -> Outcome<()> {
    let mut state = compared()?;
    let mut headless = Headless::new()?;
    for (name, zoom) in [("the whole hour shown", 1.0), ("three minutes shown", 20.0), ("ten seconds shown", 360.0)] {
        update(&mut state, Input::Command(Command::FitTimeline));
        update(&mut state, Input::Command(Command::Zoom { factor: zoom, at: 0.5 * LENGTH }));
        let mut moves: Vec<Command> = (0..=50).map(|n| Command::SetMinScore(f64::from(n) / 50.0)).collect();
        moves.extend((0..=50).rev().map(|n| Command::SetMinScore(f64::from(n) / 50.0)));
        let scores = moves.len();
        moves.extend((0..18).map(|n| Command::Inspect(Inspect::Tiou(n))));
        headless.draw(&state, &PANELS);
        let (mut whole, mut thinking, mut vertices) = (Vec::new(), Vec::new(), 0);
        for command in moves {
            let start = Instant::now();
            update(&mut state, Input::Command(command));
            thinking.push(start.elapsed());
            vertices = headless.draw(&state, &PANELS).vertices.max(vertices);
            whole.push(start.elapsed());
        }
        let limit = Duration::from_millis(16);
        let of_tiou = (whole.split_off(scores), thinking.split_off(scores));
        println!("{DETECTIONS} detections, {name}, {vertices} corners at most:");
        tell("  the score moves, until it is painted", whole, limit);
        tell("    of that what is counted and listed anew", thinking, limit);
        tell("  the tIoU moves (all detections shown), until it is painted", of_tiou.0, limit);
        tell("    of that what is counted and listed anew", of_tiou.1, limit);
    }
    Ok(())
}

fn step(step: usize) -> RunEvent {
    let names = ["loss_tem", "loss_pem.s0", "loss_pem.s1", "loss_pem.s2", "iou_cls", "iou_reg", "offsets", "boundary"];
    let value = |index: usize| 1.0 / (1.0 + step as f64 * 1e-4) + ((step * 7919 + index) % 97) as f64 / 100.0;
    let terms: BTreeMap<String, f64> = names
        .iter()
        .chain(&["class", "gradient_norm"])
        .enumerate()
        .map(|(n, name)| ((*name).to_owned(), value(n)))
        .collect();
    let event = Event::Step {
        epoch: 0,
        step,
        loss: terms.values().sum(),
        terms,
        learning_rate: ["encoder", "detector"].map(|name| (name.to_owned(), 1e-4)).into(),
        seconds: Seconds { data: 0.1, encoder_forward: 0.2, detector: 0.1, encoder_backward: 0.3 },
        data_share: 0.1,
        device_memory: Some(2_000_000_000),
        device_memory_peak: Some(2_100_000_000),
        process_memory: Some(900_000_000 + step as u64),
    };
    RunEvent { time: step as f64, event }
}

/// A picture of the training panel: loss with all its terms raw and smoothed, mAP, and every section below unfolded.
fn plots() -> Outcome<()> {
    let mut state = opened()?;
    let folder = PathBuf::from("/p/runs/x");
    let start = Event::Start {
        device: "cpu".to_owned(),
        parameters_trained: 1,
        parameters_frozen: 0,
        videos: 1,
        classes: Vec::new(),
        steps_per_epoch: 1000,
        epochs: 200,
        pid: 1,
        device_memory_total: Some(8_000_000_000),
    };
    let summaries: Vec<RunSummary> = Vec::new();
    report(&mut state, Report::Runs(summaries));
    let mut events = vec![RunEvent { time: 0.0, event: start }];
    events.extend((0..POINTS).map(step));
    for part in events.chunks(2000) {
        report(&mut state, Report::RunEvents { folder: folder.clone(), events: part.to_vec() });
    }
    let curves = 1 + state.run.as_ref().map_or(0, |run| run.curves.terms.len());
    let mut headless = Headless::new()?;
    // High enough that every plot is in the picture.
    let place = [(Panel::Training, [0.0, 0.0, 590.0, 2800.0])];
    headless.draw(&state, &place);
    for folded in
        ["Learning rates", "Length of the gradient", "Seconds of a step, by part", "Memory of device and process, GB"]
    {
        headless.press(&state, &place, folded).ok_or_else(|| format!("{folded} is not in the picture"))?;
    }
    let limit = Duration::from_millis(4);
    for (name, log) in [("linear", false), ("logarithmic", true)] {
        update(&mut state, Input::Command(Command::Watch(Watch::LogScale(log))));
        headless.draw(&state, &place);
        let mut times = Vec::new();
        let mut vertices = 0;
        for _ in 0..100 {
            let start = Instant::now();
            vertices = headless.draw(&state, &place).vertices;
            times.push(start.elapsed());
        }
        println!(
            "the training panel, {curves} curves of the loss with {POINTS} points each, {name}, {vertices} corners:"
        );
        tell("  a picture without news", times, limit);
        let mut times = Vec::new();
        for _ in 0..100 {
            let next = state.run.as_ref().map_or(0, |run| run.curves.steps_done());
            let start = Instant::now();
            report(&mut state, Report::RunEvents { folder: folder.clone(), events: vec![step(next)] });
            headless.draw(&state, &place);
            times.push(start.elapsed());
        }
        tell("  a picture with a new report", times, limit);
    }
    let mut times = Vec::new();
    for n in 0..40u8 {
        let start = Instant::now();
        update(&mut state, Input::Command(Command::Watch(Watch::Smooth(f32::from(n) / 41.0))));
        headless.draw(&state, &place);
        times.push(start.elapsed());
    }
    tell("  a picture with another smoothing, which looks at every point", times, Duration::from_millis(16));
    Ok(())
}

fn main() -> Outcome<()> {
    sliders()?;
    plots()
}
