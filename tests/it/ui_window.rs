//! The window as a person uses it: open, look, play, seek, and what happens when things are wrong.

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use etad::state::{Command, Status, ThemeChoice, Thumbnail};

use crate::ui_support::{project, screenshot, wait, window};

#[test]
fn without_a_project_it_says_what_to_do() {
    let mut harness = window(&[]);
    harness.run();
    harness.get_by_label("Open a folder…");
    harness.get_by_label("Open videos…");
    screenshot(&mut harness, "welcome");
}

#[test]
fn a_project_opens_and_plays() {
    let folder = project();
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "a picture", |state| {
        state.playback.status == Status::Ready && !state.library.entries.is_empty()
    });
    wait(&mut harness, "small pictures", |state| {
        state.library.entries.iter().all(|entry| entry.thumbnail == Thumbnail::Ready)
    });
    wait(&mut harness, "a checked project", |state| matches!(state.training.health, etad::state::Health::Checked(_)));
    harness.run();
    screenshot(&mut harness, "project_dark");
    assert_eq!(harness.state().state().library.entries.len(), 4);
    assert!(!harness.state().state().lanes.is_empty(), "truth on the timeline");
    assert!(harness.query_all_by_label_contains("Truth ").next().is_some());

    harness.get_by_label("Frame forward").click_accesskit();
    wait(&mut harness, "a step", |state| state.playback.frame == 1);
    harness.key_press(egui::Key::Space);
    harness.step();
    assert!(harness.state().state().playback.playing);
    wait(&mut harness, "a second of playing", |state| state.playback.time.as_secs() > 1.0);
    harness.get_by_label("Pause").click_accesskit();
    wait(&mut harness, "a pause", |state| !state.playback.playing);

    let other = harness.state().state().library.entries[2].id.clone();
    harness.get_by_label(&format!("Video {other}")).click_accesskit();
    wait(&mut harness, "another video", |state| {
        state.playback.video == Some(2) && state.playback.status == Status::Ready
    });
    harness.get_by_label("Detections").click_accesskit();
    harness.run_steps(4);
    screenshot(&mut harness, "detections_empty");
    harness.state_mut().command(Command::SetTheme(ThemeChoice::Light));
    harness.run_steps(4);
    screenshot(&mut harness, "project_light");
}

#[test]
fn idle_it_asks_for_no_picture() {
    let folder = project();
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "a checked project", |state| matches!(state.training.health, etad::state::Health::Checked(_)));
    // Frames, small pictures and the forecast still arrive for a while; then nothing asks for half a second.
    let (began, mut quiet) = (std::time::Instant::now(), 0);
    while quiet < 50 {
        assert!(began.elapsed().as_secs() < 60, "it never rests: {:?}", harness.ctx.repaint_causes());
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
        quiet = if harness.ctx.has_requested_repaint() { 0 } else { quiet + 1 };
    }
}

#[test]
fn what_is_not_a_video_says_so_and_the_window_goes_on() {
    let folder = project();
    let path = folder.path().join("not_a_video_but_it_has_a_very_long_name_that_does_not_fit_anywhere.mp4");
    std::fs::write(&path, b"I am text").expect("written");
    let good =
        std::fs::read_dir(folder.path().join("videos")).expect("videos").next().expect("one").expect("one").path();
    let mut harness = window(&[path, good]);
    wait(&mut harness, "the reason", |state| matches!(state.playback.status, Status::Failed(_)));
    wait(&mut harness, "the reason in the library", |state| {
        state.library.entries.first().is_some_and(|entry| entry.problem.is_some())
    });
    harness.run_steps(3);
    screenshot(&mut harness, "not_a_video");
    let second = harness.state().state().library.entries[1].id.clone();
    harness.get_by_label(&format!("Video {second}")).click_accesskit();
    wait(&mut harness, "the good one", |state| state.playback.status == Status::Ready);
}

#[test]
fn a_missing_folder_is_one_sentence() {
    let mut harness = window(&["/no/such/folder".into()]);
    wait(&mut harness, "the sentence", |state| !state.notices.shown.is_empty());
    harness.run_steps(3);
    screenshot(&mut harness, "missing_folder");
    assert_eq!(harness.query_all_by_label_contains("does not exist").count(), 1);
    harness.get_by_label("Dismiss problem").click_accesskit();
    wait(&mut harness, "its end", |state| state.notices.shown.is_empty());
    assert!(harness.get_by_label("Open a folder…").accesskit_node().label().is_some());
}
