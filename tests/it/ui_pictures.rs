//! Pictures of every panel that tells why, of a really trained project, to be looked at: `scripts/pictures.sh PROJECT FOLDER`.
//! Without `ETAD_PROJECT` these tests do nothing.

use std::path::PathBuf;
use std::time::Duration;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use etad::app::Workbench;
use etad::state::{Command, Forecast, Inspect, Page, ThemeChoice};

use crate::ui_support::{copy_folder, screenshot, wait, wait_for, window_of};
use crate::ui_why::{compared, front};

/// A copy of the project, so that what is detected for the pictures does not stay in it.
fn trained() -> Option<tempfile::TempDir> {
    let project = std::env::var_os("ETAD_PROJECT").map(PathBuf::from)?;
    let copy = tempfile::tempdir().expect("folder");
    copy_folder(&project, copy.path());
    Some(copy)
}

type Window = Harness<'static, Workbench>;

fn opened(folder: &std::path::Path, size: [f32; 2], theme: ThemeChoice) -> Window {
    let mut harness = window_of(&[folder.to_owned()], size, 1.0);
    harness.state_mut().command(Command::SetTheme(theme));
    wait(&mut harness, "a run", |state| state.run.as_ref().is_some_and(|run| !run.curves.evals.is_empty()));
    wait(&mut harness, "lengths", |state| state.library.entries.iter().all(|entry| entry.frame.is_some()));
    compared(&mut harness);
    let state = harness.state().state();
    let subset = state.inspect.compared_subset().expect("a subset").to_owned();
    let first = state.library.entries.iter().position(|entry| entry.subset == subset).expect("a video of it");
    harness.state_mut().command(Command::Select(first));
    wait(&mut harness, "the video", |state| state.playback.is_ready());
    harness
}

fn settle(harness: &mut Window) {
    for _ in 0..30 {
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn pictures_of_every_panel_in_both_themes_and_sizes() {
    let Some(folder) = trained() else { return };
    // What the network says of one video, kept for all pictures.
    let mut harness = opened(folder.path(), [1280.0, 720.0], ThemeChoice::Dark);
    wait(&mut harness, "weights", |state| state.checkpoint().is_some());
    harness.state_mut().command(Command::ChooseDevice("cpu".to_owned()));
    harness.state_mut().command(Command::DetectOpen);
    wait_for(&mut harness, "evidence", Duration::from_secs(300), |state| {
        state.detecting.next_job == 1 && state.detecting.job.is_none()
    });
    drop(harness);
    for (name, size, theme) in [
        ("dark", [1280.0, 720.0], ThemeChoice::Dark),
        ("light", [1280.0, 720.0], ThemeChoice::Light),
        ("dark-hd", [1920.0, 1080.0], ThemeChoice::Dark),
        ("light-hd", [1920.0, 1080.0], ThemeChoice::Light),
    ] {
        let mut harness = opened(folder.path(), size, theme);
        settle(&mut harness);
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
        front(&mut harness, "Detections");
        screenshot(&mut harness, &format!("{name}-detections"));
        let first = harness.state().state().library.entries.iter().position(|entry| entry.subset == "validation");
        harness.state_mut().command(Command::Select(first.unwrap_or(0)));
        wait(&mut harness, "the video", |state| state.playback.is_ready());
        front(&mut harness, "Evidence");
        settle(&mut harness);
        screenshot(&mut harness, &format!("{name}-evidence"));
    }
}

/// The whole panel of training unfolded, with every run of the project beside the followed one, the recipe and what a training would take.
#[test]
fn pictures_of_the_whole_panel_of_training() {
    let Some(folder) = trained() else { return };
    for (name, theme) in [("dark", ThemeChoice::Dark), ("light", ThemeChoice::Light)] {
        let mut harness = opened(folder.path(), [1280.0, 2900.0], theme);
        harness.state_mut().command(Command::ChooseDevice("cpu".to_owned()));
        wait_for(&mut harness, "a forecast", Duration::from_secs(300), |state| {
            matches!(state.training.forecast, Forecast::Known(_) | Forecast::Failed(_))
        });
        let runs = harness.state().state().runs.clone();
        let followed = harness.state().state().run.as_ref().map(|run| run.folder.clone());
        harness.run_steps(3);
        for other in runs.iter().filter(|run| Some(&run.folder) != followed.as_ref()) {
            let beside = etad::state::Runs::Compare(other.folder.clone(), true);
            harness.state_mut().command(Command::Runs(beside));
        }
        settle(&mut harness);
        let title = format!("Runs ({})", runs.len());
        let folded = ["AP of each class, %", "Learning rates", "Length of the gradient", "Seconds of a step, by part"];
        for label in folded.into_iter().chain(["Memory, GB", title.as_str(), "Recipe"]) {
            let there = harness.query_by_label(label).is_some();
            if there {
                harness.get_by_label(label).click();
                settle(&mut harness);
            }
        }
        screenshot(&mut harness, &format!("{name}-tall-training"));
    }
}
