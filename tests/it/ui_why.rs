//! Seeing why: marks on the timeline, the list of errors, jumps, curves, corrections; on a run that is written here.

use std::path::Path;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use etad::app::Workbench;
use etad::run::RunWriter;
use etad::state::{Command, Health, Inspect, Page, RunState, Target};

use crate::ui_hands::{drag, place};
use crate::ui_support::{project, screenshot, screenshots, tiny_config, wait, wait_for, window};
use crate::ui_train::write_run;

pub fn compared(harness: &mut Harness<'static, Workbench>) {
    wait(harness, "a comparison", |state| state.inspect.comparison.is_some() && !state.inspect.is_waiting());
    harness.run_steps(4);
}

/// A window on a project that follows a run of so many evaluated epochs, compared with the truth.
pub fn followed(folder: &Path, epochs: usize) -> (Harness<'static, Workbench>, RunWriter) {
    let mut harness = window(&[folder.to_owned()]);
    wait(&mut harness, "a project", |state| !state.library.entries.is_empty());
    let run = folder.join("runs/elsewhere");
    let writer = write_run(&run, harness.state().state(), epochs);
    harness.state_mut().command(Command::FollowRun(run));
    wait(&mut harness, "predictions", |state| state.predictions.sets.len() == epochs);
    wait(&mut harness, "lengths", |state| state.library.entries.iter().all(|entry| entry.frame.is_some()));
    compared(&mut harness);
    (harness, writer)
}

pub fn front(harness: &mut Harness<'static, Workbench>, panel: &str) {
    harness.get_by_label(panel).click_accesskit();
    harness.run_steps(4);
}

#[test]
fn sliders_mark_the_timeline_and_errors_are_jumped_to() {
    let folder = project();
    let (mut harness, _writer) = followed(folder.path(), 5);
    let state = harness.state().state();
    let subset = state.inspect.compared_subset().expect("a subset").to_owned();
    let first = state.library.entries.iter().position(|entry| entry.subset == subset).expect("a video of it");
    harness.state_mut().command(Command::Select(first));
    wait(&mut harness, "the video", |state| state.playback.is_ready());
    front(&mut harness, "Errors");
    assert!(harness.query_all_by_label_contains(", hit").next().is_some(), "a hit is named on the timeline");
    let kind = harness.state().state().inspect.rows.first().expect("an error").kind.name();
    assert!(harness.query_all_by_label_contains(&format!("false alarm: {kind}")).next().is_some(), "{kind}");
    screenshot(&mut harness, "why_errors");
    let shown = harness.state().state().detecting.min_score;
    harness.state_mut().command(Command::SetMinScore(0.99));
    harness.run_steps(2);
    let before = harness.state().state().inspect.totals.subset.f1();
    harness.get_by_label("Best F1").click_accesskit();
    wait(&mut harness, "the best score", |state| state.detecting.min_score < 0.99);
    assert!(harness.state().state().inspect.totals.subset.f1() > before);
    harness.state_mut().command(Command::SetMinScore(shown));
    harness.run_steps(2);

    harness.query_all_by_label_contains(&format!("Errors of kind {kind}")).next().expect("a kind").click_accesskit();
    harness.run_steps(3);
    let rows = harness.state().state().inspect.rows.clone();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.kind.name() == kind));
    let [_, end] = harness.state().state().inspect.describe(&rows[0]).expect("described").segment;
    harness.key_press(egui::Key::N);
    wait(&mut harness, "an error that plays", |state| state.inspect.selected == Some(0) && state.playback.playing);
    wait(&mut harness, "its end", |state| !state.playback.playing);
    let playback = &harness.state().state().playback;
    let stop = (end + 1.0).min(playback.length.as_secs());
    assert!((playback.time.as_secs() - stop).abs() < 0.5, "a second after its end: {} {stop}", playback.time.as_secs());
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::N);
    wait(&mut harness, "the last error", |state| state.inspect.selected == Some(rows.len() - 1));

    front(&mut harness, "Analysis");
    for page in Page::ALL {
        harness.state_mut().command(Command::Inspect(Inspect::Page(page)));
        harness.run_steps(4);
        screenshot(&mut harness, &format!("why_{}", page.name().to_lowercase().replace(' ', "_")));
    }
}

/// Jumps with N to the first false alarm whose start can be dragged, and hides what is weaker.
fn jumped(harness: &mut Harness<'static, Workbench>) -> Target {
    let state = harness.state().state();
    let fits = |row: &etad::eval::ErrorRow| {
        let one = state.inspect.describe(row).expect("described");
        row.score.is_some() && one.segment[0] > 0.3 && one.segment[1] - one.segment[0] > 0.6
    };
    let place = state.inspect.rows.iter().position(fits).expect("a false alarm with a start");
    for index in 0..=place {
        harness.key_press(egui::Key::N);
        wait(harness, "an error", |state| state.inspect.selected == Some(index));
    }
    wait(harness, "its video", |state| state.inspect.target.is_some() && state.playback.is_ready());
    harness.state_mut().command(Command::Pause);
    let target = harness.state().state().inspect.target.clone().expect("a detection");
    harness.state_mut().command(Command::SetMinScore(target.score));
    harness.state_mut().command(Command::FitTimeline);
    // High enough for all lanes.
    harness.set_size(egui::vec2(1280.0, 1400.0));
    harness.run_steps(8);
    target
}

/// Drags the start of a detection on the timeline to a third of it; what is wanted then.
fn edge_dragged(harness: &mut Harness<'static, Workbench>, target: &Target) -> [f64; 2] {
    let Target { label, segment: [start, end], score, .. } = target;
    let name = format!("Prediction {label} {start:.2} to {end:.2} s, score {score:.2}");
    let rect = harness.query_all_by_label_contains(&name).next().expect("its bar").rect();
    let wanted = start + (end - start) / 3.0;
    let from = rect.left_center() + egui::vec2(1.0, 0.0);
    // Without the Alt key an edge would keep to the playhead or another edge near it.
    let to = egui::pos2(place(harness, label, wanted).x, from.y);
    drag(harness, from, to, egui::Modifiers::ALT);
    screenshot(harness, "why_dragged");
    let length = harness.state().state().playback.length.as_secs();
    [wanted, end.min(length)]
}

/// Train, see the errors, jump to one, accept it by dragging its edge, take that back, do it again, train on with it.
#[test]
fn a_round_from_training_to_corrections_and_training_again() {
    let folder = project();
    let config = tiny_config(folder.path());
    let text = std::fs::read_to_string(&config).expect("recipe");
    std::fs::write(&config, text.replace("epochs = 400", "epochs = 2")).expect("written");
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "a checked project", |state| matches!(state.training.health, Health::Checked(_)));
    harness.state_mut().command(Command::ChooseDevice("cpu".to_owned()));
    harness.state_mut().command(Command::SetMinScore(0.0));
    harness.run_steps(3);
    harness.get_by_label("Train").click_accesskit();
    let patience = std::time::Duration::from_secs(400);
    wait_for(&mut harness, "a trained detector", patience, |state| {
        state.run.as_ref().is_some_and(|run| run.state == RunState::Done) && !state.predictions.sets.is_empty()
    });
    compared(&mut harness);
    front(&mut harness, "Errors");
    assert!(!harness.state().state().inspect.rows.is_empty(), "two epochs of a tiny detector are not right everywhere");
    let target = jumped(&mut harness);
    let count = |state: &etad::state::State| state.editing.book.document.actions(&target.video).len();
    let before = count(harness.state().state());
    let wanted = edge_dragged(&mut harness, &target);
    wait(&mut harness, "an annotation", |state| count(state) == before + 1);
    let actions = harness.state().state().editing.book.document.actions(&target.video).to_vec();
    let made = actions.last().expect("made");
    assert_eq!(made.label, target.label);
    // A pixel is a fiftieth of a second here, and edges keep to frames.
    let near = |a: f64, b: f64| (a - b).abs() < 0.15;
    assert!(near(made.segment[0], wanted[0]) && near(made.segment[1], wanted[1]), "{:?} {wanted:?}", made.segment);
    let changed = harness.state().state().editing.book.undoable().map(|edit| edit.title.clone());
    assert_eq!(changed, Some(format!("Accept {}", target.label)), "one step");
    assert_eq!(harness.state().state().editing.selection.len(), 1, "its other edge can be dragged");
    assert!(made.foreign["source"].as_str().expect("text").starts_with("tiny-1, epoch 2"), "{:?}", made.foreign);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    wait(&mut harness, "undo", |state| count(state) == before);
    harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::Z);
    wait(&mut harness, "redo", |state| count(state) == before + 1);
    compared(&mut harness);

    wait(&mut harness, "weights", |state| state.runs.iter().any(|run| run.checkpoint.is_some()));
    front(&mut harness, "Training");
    harness.get_by_label("Train again").click_accesskit();
    wait_for(&mut harness, "the next run", patience, |state| {
        let new = state.run.as_ref().filter(|run| run.name == "tiny-2");
        new.is_some_and(|run| run.state == RunState::Running && !run.curves.loss.is_empty())
    });
    let state = harness.state().state();
    assert!(state.is_compared(&folder.path().join("runs/tiny-1")), "the old run is drawn beside");
    let text = std::fs::read_to_string(folder.path().join("runs/tiny-2/config.toml")).expect("its recipe");
    assert!(text.contains("epochs = 1"), "a quarter of the epochs, at least one");
    let annotations = std::fs::read_to_string(folder.path().join("annotations.json")).expect("annotations");
    assert!(annotations.contains("tiny-1, epoch 2"), "what was accepted is in the file that it trains with");
    screenshot(&mut harness, "why_again");
    wait_for(&mut harness, "its end", patience, |state| state.run.as_ref().is_some_and(|run| !run.state.is_living()));
}

/// Two hundred classes are listed, drawn and scrolled through as six are.
#[test]
fn two_hundred_classes_have_room() {
    let folder = project();
    let path = folder.path().join("annotations.json");
    let mut file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).expect("annotations")).expect("JSON");
    for video in file["database"].as_object_mut().expect("videos").values_mut() {
        let actions = (0..200).map(|n| {
            let start = f64::from(n % 50) * 0.1;
            serde_json::json!({"segment": [start, start + 0.8], "label": format!("class number {n}")})
        });
        video["annotations"] = actions.collect();
    }
    std::fs::write(&path, file.to_string()).expect("written");
    let (mut harness, _writer) = followed(folder.path(), 2);
    front(&mut harness, "Errors");
    screenshots(&mut harness, "classes200_errors");
    front(&mut harness, "Analysis");
    for page in [Page::Classes, Page::Confusion, Page::Results] {
        harness.state_mut().command(Command::Inspect(Inspect::Page(page)));
        harness.run_steps(4);
        screenshots(&mut harness, &format!("classes200_{}", page.name().to_lowercase()));
    }
    assert_eq!(harness.state().state().inspect.confusion.counts.len(), 201);
}
