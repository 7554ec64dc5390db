//! What goes wrong is one sentence in the window, which goes on working; a run outlives the window that started it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use etad::app::Workbench;
use etad::state::{Command, Health, RunState, Status};

use crate::ui_support::{project, screenshot, tiny_config, wait, wait_for, window, window_with};

/// A training starts within this on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Until nothing in the form moves any more: a click goes where a button was when it was looked for.
fn checked(harness: &mut Harness<'static, Workbench>) {
    wait(harness, "a checked project", |state| matches!(state.training.health, Health::Checked(_)));
    wait(harness, "the devices", |state| state.training.devices.len() > 1);
    harness.run_steps(2);
}

/// The window still plays, which is what a person would do next.
fn still_plays(harness: &mut Harness<'static, Workbench>) {
    wait(harness, "a picture", |state| state.playback.status == Status::Ready);
    let frame = harness.state().state().playback.frame;
    harness.state_mut().command(Command::StepFrames(1));
    wait(harness, "a step", |state| state.playback.frame == frame + 1);
}

#[test]
fn a_folder_that_cannot_be_written_is_one_sentence() {
    let folder = project();
    tiny_config(folder.path());
    // A file where the folder of runs belongs; permissions would not stop the root user of a container.
    std::fs::write(folder.path().join("runs"), b"").expect("written");
    let mut harness = window(&[folder.path().to_owned()]);
    checked(&mut harness);
    harness.get_by_label("Train").click_accesskit();
    wait(&mut harness, "the sentence", |state| !state.notices.shown.is_empty());
    assert_eq!(harness.query_all_by_label_contains("A run cannot be written to").count(), 1);
    screenshot(&mut harness, "unwritable");
    still_plays(&mut harness);
    assert!(harness.state().state().no_training_because().is_none(), "it can be tried again");
    std::fs::remove_file(folder.path().join("runs")).expect("removed");
    let notice = harness.state().state().notices.shown[0].id;
    harness.state_mut().command(Command::Dismiss(notice));
    harness.state_mut().command(Command::ChooseDevice("cpu".to_owned()));
    harness.run_steps(3);
    harness.get_by_label("Train").click_accesskit();
    wait_for(&mut harness, "a training after all", PATIENCE, |state| {
        state.run.as_ref().is_some_and(|run| run.state == RunState::Running)
    });
    stop(&mut harness);
}

/// Stops the followed run and waits for its end, so that no process outlives the test.
fn stop(harness: &mut Harness<'static, Workbench>) {
    harness.run_steps(2);
    harness.get_by_label("Stop").click_accesskit();
    wait_for(harness, "a stop", PATIENCE, |state| state.run.as_ref().is_some_and(|run| run.state == RunState::Stopped));
}

#[test]
fn a_living_run_is_found_again_by_a_new_window() {
    let folder = project();
    tiny_config(folder.path());
    let mut harness = window(&[folder.path().to_owned()]);
    checked(&mut harness);
    harness.state_mut().command(Command::ChooseDevice("cpu".to_owned()));
    harness.get_by_label("Train").click_accesskit();
    wait_for(&mut harness, "a first report", PATIENCE, |state| {
        state.run.as_ref().is_some_and(|run| !run.curves.loss.is_empty())
    });
    let pid = harness.state().state().run.as_ref().and_then(|run| run.started.as_ref()).map(|started| started.pid);
    drop(harness);

    let mut harness = window(&[folder.path().to_owned()]);
    wait_for(&mut harness, "the run", PATIENCE, |state| {
        state.run.as_ref().is_some_and(|run| run.state == RunState::Running && !run.own && !run.curves.loss.is_empty())
    });
    let found = harness.state().state().run.as_ref().and_then(|run| run.started.as_ref()).map(|started| started.pid);
    assert_eq!(found, pid, "the same process");
    harness.get_by_label("Pause").click_accesskit();
    wait_for(&mut harness, "a pause", PATIENCE, |state| {
        state.run.as_ref().is_some_and(|run| run.state == RunState::Paused)
    });
    stop(&mut harness);
}

/// A program that is `etad` on a machine without any GPU, real or imitated.
#[cfg(unix)]
fn etad_without_gpu(folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let hidden = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "__EGL_VENDOR_LIBRARY_FILENAMES", "LIBGL_DRIVERS_PATH"];
    let lines: String = hidden.iter().map(|name| format!("export {name}=/nonexistent\n")).collect();
    let path = folder.join("etad_without_gpu");
    let text = format!("#!/bin/sh\n{lines}exec {} \"$@\"\n", env!("CARGO_BIN_EXE_etad"));
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

#[cfg(unix)]
#[test]
fn without_a_gpu_the_form_says_so_and_asking_for_one_is_a_sentence() {
    let folder = project();
    tiny_config(folder.path());
    let etad = etad_without_gpu(folder.path());
    let mut harness = window_with(&etad, &[folder.path().to_owned()], [1280.0, 720.0], 1.0);
    checked(&mut harness);
    wait(&mut harness, "the devices", |state| state.training.devices.len() > 1);
    harness.run_steps(2);
    let names: Vec<&str> = harness.state().state().training.devices.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(names, ["auto", "cpu"]);
    assert_eq!(harness.query_all_by_label_contains("No GPU was found").count(), 1);

    harness.state_mut().command(Command::ChooseDevice("wgpu".to_owned()));
    harness.run_steps(2);
    harness.get_by_label("Train").click_accesskit();
    wait_for(&mut harness, "the sentence", PATIENCE, |state| !state.notices.shown.is_empty());
    harness.run_steps(2);
    screenshot(&mut harness, "no_gpu");
    let sentence = &harness.state().state().notices.shown[0].failure.sentence;
    assert!(sentence.contains("wgpu is not there"), "{sentence}");
    assert_eq!(harness.state().state().notices.shown.len(), 1);
    still_plays(&mut harness);
    harness.state_mut().command(Command::ChooseDevice("auto".to_owned()));
    harness.run_steps(2);
    harness.get_by_label("Train").click_accesskit();
    wait_for(&mut harness, "a training on the CPU", PATIENCE, |state| {
        state.run.as_ref().is_some_and(|run| run.state == RunState::Running)
    });
    stop(&mut harness);
}

#[test]
fn a_recipe_and_weights_that_are_none_are_sentences() {
    let folder = project();
    let mut harness = window(&[folder.path().to_owned()]);
    checked(&mut harness);
    let broken = folder.path().join("broken.toml");
    std::fs::write(&broken, "[model]\nno_such_key = 1\n").expect("written");
    harness.state_mut().command(Command::ChooseConfig(broken));
    wait(&mut harness, "the recipe's sentence", |state| {
        state.notices.shown.iter().any(|notice| notice.failure.sentence.contains("no_such_key"))
    });
    let weights = folder.path().join("weights.safetensors");
    std::fs::write(&weights, b"I am no weights").expect("written");
    harness.state_mut().command(Command::ChooseCheckpoint(Some(weights)));
    harness.get_by_label("Detections").click_accesskit();
    harness.run_steps(3);
    harness.get_by_label("Detect in this video").click_accesskit();
    wait_for(&mut harness, "the weights' sentence", PATIENCE, |state| {
        state.notices.shown.iter().any(|notice| notice.failure.sentence.contains("weights.safetensors"))
    });
    harness.run_steps(2);
    screenshot(&mut harness, "broken_files");
    assert_eq!(harness.state().state().playback.status, Status::Ready);
    still_plays(&mut harness);
}
