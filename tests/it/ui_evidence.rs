//! What `etad test` and `etad detect` keep stands in the window's panel of evidence, without any flag.

use std::path::Path;
use std::process::Command as Program;

use egui_kittest::kittest::Queryable as _;
use etad::state::{Command, Origin};

use crate::ui_support::{project, screenshot, tiny_config, wait, window};
use crate::ui_watch::{Window, click_at};
use crate::ui_why::front;

fn etad(arguments: &[&str]) -> String {
    let output = Program::new(env!("CARGO_BIN_EXE_etad")).args(arguments).output().expect("etad starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "etad {arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8 path")
}

fn kept(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

/// Shows the evidence of a video; a click on a cell of the map goes to its segment.
fn shown(harness: &mut Window, video: &str, name: &str) {
    let index = harness.state().state().library.index(video).expect("a video");
    harness.state_mut().command(Command::Select(index));
    wait(harness, "the video", |state| {
        state.selected().is_some_and(|entry| entry.id == video) && state.playback.is_ready()
    });
    front(harness, "Evidence");
    wait(harness, "evidence", |state| state.inspect.evidence.as_ref().is_some_and(|known| known.video == video));
    harness.run_steps(4);
    screenshot(harness, name);
    let evidence = harness.state().state().inspect.evidence.clone().expect("evidence");
    assert!(evidence.starts.iter().chain(&evidence.ends).any(|&value| value > 0.0));
    assert!(evidence.scores.iter().any(|&score| score > 0.0));
    harness.get_by_label("How likely actions start and end");
    let map = harness.get_by_label("Proposal map").rect();
    // Short proposals in the first half of the video: there is one everywhere.
    click_at(harness, egui::pos2(map.left() + 0.3 * map.width(), map.bottom() - 0.1 * map.height()));
    wait(harness, "a cell", |state| state.inspect.cell.is_some());
    let state = harness.state().state();
    let start = f64::from(evidence.refined[state.inspect.cell.expect("one")][0]).max(0.0);
    let at = |state: &etad::state::State| (state.playback.time.as_secs() - start).abs() < 0.1;
    wait(harness, "the start of its segment", at);
}

#[test]
fn test_and_detect_leave_evidence_that_the_window_shows() {
    let folder = project();
    let root = folder.path();
    let recipe = tiny_config(root);
    let run = root.join("runs/tiny");
    let common = ["--root", text(root), "--device", "cpu", "--set", "solver.epochs=2"];
    etad(&[&["train", text(&recipe), "--run", text(&run)], &common[..]].concat());
    let best = run.join("checkpoints/best.safetensors");
    let test = [&["test", text(&recipe), "--checkpoint", text(&best), "--json"], &common[..]].concat();

    etad(&[&test[..], &["--no-evidence"]].concat());
    assert!(!run.join("evidence").exists());
    let said: serde_json::Value = serde_json::from_str(&etad(&test)).expect("JSON");
    assert_eq!(said["evidence"].as_str(), Some(text(&run.join("evidence"))));
    let of_test = kept(&run.join("evidence"));
    assert_eq!(of_test, ["sample_004.evidence"], "the only video of the subset");
    let bytes = std::fs::metadata(run.join("evidence").join(&of_test[0])).expect("a file").len();
    assert!(bytes < 20_000, "a few seconds take {bytes} bytes");

    let (found, video) = (root.join("found.json"), root.join("videos/sample_002.mp4"));
    let weights = ["detect", "--checkpoint", text(&best), "--device", "cpu", "--out", text(&found)];
    etad(&[&weights[..], &["--no-evidence", text(&video)]].concat());
    assert!(!root.join("found.evidence").exists());
    etad(&[&weights[..], &[text(&video)]].concat());
    assert_eq!(kept(&root.join("found.evidence")), ["sample_002.evidence"]);

    let mut harness = window(&[root.to_owned()]);
    wait(&mut harness, "the run", |state| {
        state.predictions.sets.iter().any(|set| set.origin.name().starts_with("tiny"))
    });
    wait(&mut harness, "lengths", |state| state.library.entries.iter().all(|entry| entry.frame.is_some()));
    shown(&mut harness, "sample_004", "evidence_of_test");
    // The run was not tested on this one.
    let other = harness.state().state().library.index("sample_002").expect("a video");
    harness.state_mut().command(Command::Select(other));
    wait(&mut harness, "nothing of it", |state| state.inspect.evidence.is_none());
    wait(&mut harness, "the video", |state| state.playback.is_ready());
    harness.run_steps(4);
    harness.get_by_label("No evidence of this video");
    harness.state_mut().command(Command::OpenPredictions);
    wait(&mut harness, "a field, as there is no dialog", |state| state.path_field.is_some());
    harness.state_mut().command(Command::EditPath(found.display().to_string()));
    harness.state_mut().command(Command::TakeTypedPath);
    wait(&mut harness, "its detections", |state| state.predictions.shown == Some(Origin::File(found.clone())));
    shown(&mut harness, "sample_002", "evidence_of_detect");
}
