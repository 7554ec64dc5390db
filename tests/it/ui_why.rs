//! Seeing why: marks on the timeline, the list of errors, jumps, curves; on a run that is written here, or on a really trained project
//! that `ETAD_PROJECT` names (for the pictures in docs/).

use std::path::PathBuf;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use etad::app::Workbench;
use etad::state::{Command, Inspect, Page, ThemeChoice};

use crate::ui_support::{project, screenshot, wait, window, window_of};
use crate::ui_train::write_run;

fn compared(harness: &mut Harness<'static, Workbench>) {
    wait(harness, "a comparison", |state| state.inspect.comparison.is_some() && !state.inspect.is_waiting());
    harness.run_steps(4);
}

fn front(harness: &mut Harness<'static, Workbench>, panel: &str) {
    harness.get_by_label(panel).click();
    harness.run_steps(4);
}

#[test]
fn sliders_mark_the_timeline_and_errors_are_jumped_to() {
    let folder = project();
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "a project", |state| !state.library.entries.is_empty());
    let run = folder.path().join("runs/elsewhere");
    let _writer = write_run(&run, harness.state().state(), 5);
    harness.state_mut().command(Command::FollowRun(run));
    wait(&mut harness, "predictions", |state| state.predictions.sets.len() == 5);
    wait(&mut harness, "lengths", |state| state.library.entries.iter().all(|entry| entry.frame.is_some()));
    compared(&mut harness);
    let state = harness.state().state();
    let subset = state.inspect.compared_subset().expect("a subset").to_owned();
    let first = state.library.entries.iter().position(|entry| entry.subset == subset).expect("a video of it");
    harness.state_mut().command(Command::Select(first));
    wait(&mut harness, "the video", |state| state.playback.is_ready());
    front(&mut harness, "Errors");
    assert!(harness.query_all_by_label_contains(", hit").next().is_some(), "a hit is named on the timeline");
    assert!(
        harness.query_all_by_label_contains("left out of the evaluation").next().is_some(),
        "a class without truth"
    );
    let kind = harness.state().state().inspect.rows.first().expect("an error").kind.name();
    assert!(harness.query_all_by_label_contains(&format!("false alarm: {kind}")).next().is_some(), "{kind}");
    screenshot(&mut harness, "why_errors");

    harness.query_all_by_label_contains(&format!("Errors of kind {kind}")).next().expect("a kind").click();
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

/// Pictures of every page for docs/ and for looking at; does nothing without the environment.
#[test]
fn pictures_of_a_trained_project() {
    let Some(project) = std::env::var_os("ETAD_PROJECT").map(PathBuf::from) else { return };
    for (name, size, theme) in [
        ("dark", [1280.0, 720.0], ThemeChoice::Dark),
        ("light", [1280.0, 720.0], ThemeChoice::Light),
        ("dark-hd", [1920.0, 1080.0], ThemeChoice::Dark),
        ("light-hd", [1920.0, 1080.0], ThemeChoice::Light),
    ] {
        let mut harness = window_of(std::slice::from_ref(&project), size, 1.0);
        harness.state_mut().command(Command::SetTheme(theme));
        wait(&mut harness, "a run", |state| state.run.as_ref().is_some_and(|run| !run.curves.evals.is_empty()));
        wait(&mut harness, "lengths", |state| state.library.entries.iter().all(|entry| entry.frame.is_some()));
        compared(&mut harness);
        let state = harness.state().state();
        let subset = state.inspect.compared_subset().expect("a subset").to_owned();
        let first = state.library.entries.iter().position(|entry| entry.subset == subset).expect("a video of it");
        harness.state_mut().command(Command::Select(first));
        wait(&mut harness, "the video", |state| state.playback.is_ready());
        harness.run_steps(8);
        screenshot(&mut harness, &format!("{name}-training"));
        front(&mut harness, "Errors");
        harness.state_mut().command(Command::Inspect(Inspect::Select(0)));
        wait(&mut harness, "the jump", |state| state.playback.is_ready() && !state.playback.play_when_ready);
        harness.state_mut().command(Command::Pause);
        compared(&mut harness);
        screenshot(&mut harness, &format!("{name}-errors"));
        front(&mut harness, "Analysis");
        for page in Page::ALL {
            harness.state_mut().command(Command::Inspect(Inspect::Page(page)));
            harness.run_steps(4);
            screenshot(&mut harness, &format!("{name}-{}", page.name().to_lowercase().replace(' ', "-")));
        }
    }
}
