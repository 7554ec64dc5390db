//! Training from a button: the curves are the events, predictions come onto the timeline, and a killed process is a sentence.

use std::collections::BTreeMap;
use std::path::Path;

use egui_kittest::kittest::Queryable as _;
use etad::domain::{Detection, Detections, Event, Seconds};
use etad::formats::results;
use etad::run::RunWriter;
use etad::state::{Command, Forecast, Needs, Origin, RunState, State, ThemeChoice, Thumbnail};

use crate::ui_support::{project, screenshot, tiny_config, wait, wait_for, window, window_of};

fn step(step: usize, epoch: usize) -> Event {
    let fall = (-(step as f64) / 60.0).exp();
    let noise = ((step * 7919) % 13) as f64 / 60.0;
    let term = |weight: f64| weight * (0.3 + fall) + noise * weight;
    // What the stages add is told twice, by stage and by kind, as `etad train` does.
    let names = ["loss_tem", "class", "iou_cls", "iou_reg", "offsets", "boundary"];
    let mut terms: BTreeMap<String, f64> =
        names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), term(0.3 + 0.25 * index as f64))).collect();
    let total = terms.values().sum();
    let staged: f64 = names[2..].iter().map(|name| terms[*name]).sum();
    for (stage, share) in [0.4, 0.35, 0.25].into_iter().enumerate() {
        terms.insert(format!("loss_pem.s{stage}"), share * staged);
    }
    Event::Step {
        epoch,
        step,
        loss: total,
        terms,
        learning_rate: BTreeMap::new(),
        seconds: Seconds::default(),
        data_share: 0.05,
        device_memory: None,
        device_memory_peak: None,
        process_memory: Some(740_000_000),
    }
}

pub fn eval(epoch: usize, step: usize) -> Event {
    let share = 1.0 - (-(epoch as f64 + 1.0) / 2.5).exp();
    let map: BTreeMap<String, f64> =
        (3..=7).map(|tenth| (format!("0.{tenth}0"), share * (1.05 - 0.1 * f64::from(tenth)))).collect();
    Event::Eval {
        epoch,
        step,
        average_map: map.values().sum::<f64>() / map.len() as f64,
        map,
        per_class: BTreeMap::new(),
        recall: BTreeMap::new(),
        seconds: 2.0,
        predictions: RunWriter::predictions_file(epoch),
    }
}

/// Writes a run as a training process would: `epochs` epochs of 20 steps, evaluated, with predictions near the truth.
pub fn write_run(folder: &Path, state: &State, epochs: usize) -> RunWriter {
    let mut writer = RunWriter::open(folder, "", false).expect("a run");
    let start = Event::Start {
        device: "cpu (2 threads)".to_owned(),
        parameters_trained: 1_000_000,
        parameters_frozen: 0,
        videos: 3,
        classes: Vec::new(),
        steps_per_epoch: 20,
        epochs: 8,
        pid: std::process::id(),
        device_memory_total: Some(4_000_000_000),
    };
    writer.event(start).expect("written");
    for epoch in 0..epochs {
        (0..20).for_each(|n| writer.event(step(epoch * 20 + n, epoch)).expect("written"));
        let off = 0.8 / (epoch + 1) as f64;
        let found = |label: &str, [start, end]: [f64; 2], score: f64| Detection {
            segment: [(start - off * 0.4).max(0.0), end + off * 0.3],
            label: label.to_owned(),
            score,
        };
        let videos = state.library.entries.iter().map(|entry| {
            let hits = state.editing.book.document.actions(&entry.id).iter().flat_map(|action| {
                let [start, end] = action.segment;
                [found(&action.label, [start, end], 0.87), found(&action.label, [start - 0.5, end - 0.4], 0.31)]
            });
            let miss = found("a class that nobody annotated, with a long name", [1.0, 2.5], 0.22);
            (entry.id.clone(), hits.chain([miss]).collect())
        });
        let detections = Detections { videos: videos.collect() };
        results::write(&folder.join(RunWriter::predictions_file(epoch)), &detections).expect("written");
        writer.event(eval(epoch, (epoch + 1) * 20)).expect("written");
    }
    writer
}

#[test]
fn a_run_that_something_else_writes_is_found_followed_and_seen_to_die() {
    let folder = project();
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "a project", |state| !state.library.entries.is_empty());
    let run = folder.path().join("runs/elsewhere");
    let writer = write_run(&run, harness.state().state(), 5);
    harness.state_mut().command(Command::FollowRun(run));
    wait(&mut harness, "five evaluations", |state| {
        state.run.as_ref().is_some_and(|run| run.curves.evals.len() == 5) && state.predictions.sets.len() == 5
    });
    wait(&mut harness, "small pictures", |state| state.library.entries.iter().all(|entry| entry.frame.is_some()));
    harness.run_steps(4);
    screenshot(&mut harness, "training_dark");
    let state = harness.state().state();
    let followed = state.run.as_ref().expect("followed");
    assert_eq!((followed.curves.loss.len(), followed.curves.terms.len()), (100, 9));
    assert_eq!(followed.state, RunState::Running);
    assert!(harness.query_all_by_label_contains("Prediction ").next().is_some(), "on the timeline");

    for (split, named, unnamed) in [("By stage", "stage 3", "offsets"), ("By term", "offsets", "stage 3")] {
        harness.get_by_label(split).click_accesskit();
        harness.run_steps(3);
        let count = |name: &str| harness.query_all_by_label(name).count();
        assert_eq!((count(named), count(unnamed), count("boundary curves")), (1, 0, 1), "each share of the loss once");
    }

    harness.get_by_label("Detections").click_accesskit();
    harness.run_steps(4);
    screenshot(&mut harness, "detections_dark");
    let rows = harness.state().state().detecting.listed().to_vec();
    assert!(rows.windows(2).all(|pair| pair[0].score >= pair[1].score), "best first");
    let name = format!("Detection {} {:.2} to", rows[0].label, rows[0].start);
    harness.query_all_by_label_contains(&name).next().expect("the first row").click_accesskit();
    wait(&mut harness, "the jump", |state| (state.playback.time.as_secs() - rows[0].start).abs() < 0.05);
    harness.get_by_label("Training").click_accesskit();
    harness.state_mut().command(Command::SetTheme(ThemeChoice::Light));
    harness.run_steps(4);
    screenshot(&mut harness, "training_light");

    drop(writer);
    wait(&mut harness, "its death", |state| {
        state.run.as_ref().is_some_and(|run| matches!(run.state, RunState::Dead(_)))
    });
    harness.run_steps(3);
    screenshot(&mut harness, "interrupted_light");
    drop(harness);
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "the run in a new window", |state| {
        state.run.as_ref().is_some_and(|run| run.name == "elsewhere" && matches!(run.state, RunState::Dead(_)))
    });
    assert_eq!(harness.state().state().run.as_ref().map(|run| run.curves.evals.len()), Some(5));
}

#[test]
fn every_size_shows_the_same_and_nothing_is_lost() {
    let folder = project();
    for (name, size, density) in [("small", [760.0, 480.0], 1.0), ("4k", [1920.0, 1080.0], 2.0)] {
        let mut harness = window_of(&[folder.path().to_owned()], size, density);
        wait(&mut harness, "a checked project", |state| {
            matches!(state.training.health, etad::state::Health::Checked(_))
        });
        let run = folder.path().join("runs").join(name);
        let _writer = write_run(&run, harness.state().state(), 5);
        harness.state_mut().command(Command::FollowRun(run));
        wait(&mut harness, "five evaluations", |state| state.predictions.sets.len() == 5);
        harness.run_steps(4);
        screenshot(&mut harness, &format!("size_{name}"));
        harness.get_by_label("Help").click_accesskit();
        harness.run_steps(4);
        screenshot(&mut harness, &format!("help_{name}"));
        harness.key_press(egui::Key::Escape);
        harness.get_by_label("View").click_accesskit();
        harness.run_steps(4);
        screenshot(&mut harness, &format!("menu_{name}"));
        harness.get_by_label("Light");
    }
}

/// What a training takes, once nothing is on its way any more that would have it found out again.
fn forecast(state: &State) -> Option<&Needs> {
    let looked_at = state.library.entries.iter().all(|entry| entry.thumbnail != Thumbnail::Waiting);
    match &state.training.forecast {
        Forecast::Known(needs) if looked_at => Some(needs),
        _ => None,
    }
}

#[test]
fn the_form_says_what_a_training_takes_and_what_to_change_when_it_does_not_fit() {
    let folder = project();
    let config = tiny_config(folder.path());
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let little = text.replace("[solver]", "[solver]\nmemory_budget = 40");
    assert_ne!(little, text);
    std::fs::write(&config, little).expect("written");
    let mut harness = window(&[folder.path().to_owned()]);
    let asking = |state: &State| state.training.forecast == Forecast::Asking;
    wait(&mut harness, "a question", asking);
    let first = harness.state().state().training.forecasts;
    // Another choice: what is being found out is not wanted any more.
    harness.state_mut().command(Command::ChooseDevice("cpu".to_owned()));
    harness.run_steps(3);
    harness.get_by_label_contains("being estimated");
    assert!(harness.state().state().training.forecasts > first && asking(harness.state().state()));
    let patience = std::time::Duration::from_secs(180);
    wait_for(&mut harness, "an estimate", patience, |state| {
        forecast(state).is_some_and(|needs| needs.advice.is_some())
    });
    harness.run_steps(3);
    assert_eq!(harness.query_all_by_label_contains("The training needs about").count(), 1);
    screenshot(&mut harness, "forecast_advice");
}

#[test]
fn training_from_the_button_is_another_process_whose_curves_are_its_events() {
    let folder = project();
    let config = tiny_config(folder.path());
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "a checked project", |state| matches!(state.training.health, etad::state::Health::Checked(_)));
    assert_eq!(
        harness.state().state().training.config.as_deref(),
        Some(config.as_path()),
        "the project's own comes first"
    );
    harness.state_mut().command(Command::ChooseDevice("cpu".to_owned()));
    harness.run_steps(3);
    let known = |state: &State| matches!(forecast(state), Some(needs) if needs.advice.is_none());
    wait_for(&mut harness, "an estimate", std::time::Duration::from_secs(180), known);
    harness.run_steps(3);
    harness.get_by_label_contains(" GB free");
    harness.get_by_label_contains(" in all");
    screenshot(&mut harness, "forecast_fits");
    let run_folder = folder.path().join("runs/tiny-1");
    assert!(!run_folder.exists());

    harness.get_by_label("Train").click_accesskit();
    let patience = std::time::Duration::from_secs(120);
    wait_for(&mut harness, "a first evaluation", patience, |state| {
        state.run.as_ref().is_some_and(|run| !run.curves.evals.is_empty() || !run.state.is_living())
    });
    let state = harness.state().state();
    let run = state.run.as_ref().expect("followed");
    assert_eq!((&run.folder, &run.state), (&run_folder, &RunState::Running), "mAP is shown before the process ends");
    let pid = run.started.as_ref().expect("started").pid;
    assert_ne!(pid, std::process::id());
    wait(&mut harness, "predictions", |state| !state.predictions.sets.is_empty());
    harness.run_steps(3);
    screenshot(&mut harness, "training_real");
    assert!(run_folder.join("events.jsonl").is_file());

    kill(pid);
    wait(&mut harness, "the sentence", |state| !state.notices.shown.is_empty());
    assert_eq!(harness.query_all_by_label_contains("killed (signal 9").count(), 2, "in the notice and in the panel");
    screenshot(&mut harness, "training_killed");
    let run = harness.state().state().run.as_ref().expect("followed");
    let text = std::fs::read_to_string(run_folder.join("events.jsonl")).expect("events");
    let written: Vec<[f64; 2]> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|event| event["event"] == "step")
        .map(|event| [event["step"].as_f64().expect("step"), event["loss"].as_f64().expect("loss")])
        .collect();
    assert_eq!(run.curves.loss, written);
    assert!(matches!(run.state, RunState::Dead(_)));
    harness.get_by_label("Continue").click_accesskit();
    wait_for(&mut harness, "going on", patience, |state| {
        state
            .run
            .as_ref()
            .is_some_and(|run| run.state == RunState::Running && run.started.as_ref().is_some_and(|now| now.pid != pid))
    });
    harness.get_by_label("Stop").click_accesskit();
    wait_for(&mut harness, "a stop", patience, |state| {
        state.run.as_ref().is_some_and(|run| run.state == RunState::Stopped)
    });

    harness.get_by_label("Detections").click_accesskit();
    wait(&mut harness, "weights", |state| state.checkpoint().is_some());
    harness.state_mut().command(Command::SetMinScore(0.0));
    harness.run_steps(3);
    harness.get_by_label("Detect in all").click_accesskit();
    wait_for(&mut harness, "detections in every video", patience, |state| {
        state.detecting.next_job == 1
            && state.detecting.job.is_none()
            && state.predictions.set(&Origin::Detected).is_some()
    });
    harness.get_by_label("All videos").click_accesskit();
    harness.run_steps(3);
    screenshot(&mut harness, "detected");
    let state = harness.state().state();
    let set = state.predictions.set(&Origin::Detected).expect("a set");
    assert_eq!(set.detections.videos.len(), state.library.entries.len());
    assert_eq!(state.detecting.listed().len(), set.detections.count());

    harness.get_by_label("Evidence").click_accesskit();
    wait(&mut harness, "evidence", |state| state.inspect.evidence.is_some());
    harness.run_steps(4);
    screenshot(&mut harness, "evidence");
    let map = harness.get_by_label("Proposal map").rect();
    // Short proposals in the first half of the video: there is one everywhere.
    let at = egui::pos2(map.left() + 0.3 * map.width(), map.bottom() - 0.1 * map.height());
    harness.hover_at(at);
    harness.step();
    harness.drag_at(at);
    harness.step();
    harness.drop_at(at);
    wait(&mut harness, "a cell", |state| state.inspect.cell.is_some());
    let state = harness.state().state();
    let (cell, evidence) = (state.inspect.cell.expect("one"), state.inspect.evidence.clone().expect("kept"));
    let start = f64::from(evidence.refined[cell][0]).max(0.0);
    assert!((state.playback.time.as_secs() - start).abs() < 0.1, "the player is at the start of its segment");
    screenshot(&mut harness, "evidence_cell");
}

#[cfg(unix)]
fn kill(pid: u32) {
    let done = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill");
    assert!(done.success());
}

#[cfg(windows)]
fn kill(pid: u32) {
    let done =
        std::process::Command::new("taskkill").args(["/F", "/PID", &pid.to_string()]).status().expect("taskkill");
    assert!(done.success());
}
