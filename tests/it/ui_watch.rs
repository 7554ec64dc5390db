//! Watching trainings by the names that screen readers read: runs beside each other, the queue, the recipe, what is wrong with the data,
//! epochs, the end of a training, what is empty or has failed.

use std::path::Path;

use egui::accesskit::Role;
use egui::{Event, Modifiers, PointerButton, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use etad::app::Workbench;
use etad::domain::{Event as RunEvent, Failure};
use etad::run::RunWriter;
use etad::state::{Command, Health, Inspect, Origin, Page, RunState, State};

use crate::ui_support::{project, screenshot, screenshots, tiny_config, wait, wait_for, window, window_of};
use crate::ui_train::{eval, write_run};
use crate::ui_why::{followed, front};

pub type Window = Harness<'static, Workbench>;

pub fn click_at(harness: &mut Window, pos: Pos2) {
    let button =
        |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
    for event in [Event::PointerMoved(pos), button(true), button(false)] {
        harness.event(event);
    }
    harness.run_steps(4);
}

/// A window in which the whole panel of training is in the picture.
fn tall(folder: &Path) -> Window {
    window_of(&[folder.to_owned()], [1280.0, 2200.0], 1.0)
}

fn checked(harness: &mut Window) {
    wait(harness, "a checked project", |state| matches!(state.training.health, Health::Checked(_)));
    harness.run_steps(3);
}

#[test]
fn runs_are_ticked_to_lie_over_each_other_and_tell_what_differs() {
    let folder = project();
    let mut harness = tall(folder.path());
    wait(&mut harness, "a project", |state| !state.library.entries.is_empty());
    let runs = folder.path().join("runs");
    for (name, epochs, rate) in [("one", 3, 0.001), ("two", 2, 0.01), ("three", 1, 0.1)] {
        let mut writer = write_run(&runs.join(name), harness.state().state(), epochs);
        writer.event(RunEvent::Done { best_average_map: Some(0.4), best_epoch: Some(0) }).expect("written");
        let recipe = format!("seed = 1\n[optimizer]\ndetector_rate = {rate}\n");
        std::fs::write(runs.join(name).join("config.toml"), recipe).expect("written");
    }
    drop(harness);
    let mut harness = tall(folder.path());
    wait(&mut harness, "three runs", |state| state.runs.len() == 3 && state.run.is_some());
    let followed = harness.state().state().run.as_ref().expect("one").name.clone();
    harness.run_steps(4);
    harness.get_by_label("Runs (3)").click_accesskit();
    harness.run_steps(20);
    for other in ["one", "two", "three"].into_iter().filter(|name| *name != followed) {
        let name = format!("Compare {other}");
        harness.get_by_label(&name).click_accesskit();
        wait(&mut harness, "its curves", |state| {
            state.compared.iter().any(|run| run.name == other && !run.curves.evals.is_empty())
        });
    }
    harness.run_steps(4);
    assert_eq!(harness.state().state().compared.len(), 2);
    harness.get_by_label("optimizer.detector_rate");
    for rate in ["0.001", "0.01", "0.1"] {
        assert!(harness.query_all_by_label(rate).next().is_some(), "{rate} stands in what differs");
    }
    assert!(harness.query_all_by_label("Finished").count() >= 3);
    assert!(harness.query_all_by_label("cpu").count() >= 3, "what each ran on has a column");
    screenshot(&mut harness, "runs_beside");
    let name = format!("Compare {}", harness.state().state().compared[0].name);
    harness.get_by_label(&name).click_accesskit();
    wait(&mut harness, "one less", |state| state.compared.len() == 1);
}

#[test]
fn two_trainings_wait_their_turn_and_the_next_begins_when_the_first_ends() {
    let folder = project();
    tiny_config(folder.path());
    let mut harness = tall(folder.path());
    checked(&mut harness);
    harness.state_mut().command(Command::ChooseDevice("cpu".to_owned()));
    harness.run_steps(3);
    harness.get_by_label("Train").click_accesskit();
    let patience = std::time::Duration::from_secs(180);
    let runs = |state: &State, name: &str| {
        state
            .run
            .as_ref()
            .is_some_and(|run| run.name == name && run.state == RunState::Running && !run.curves.loss.is_empty())
    };
    wait_for(&mut harness, "a training", patience, |state| runs(state, "tiny-1"));
    harness.run_steps(3);
    harness.get_by_label("New training").click_accesskit();
    harness.run_steps(20);
    for waiting in 1..=2 {
        harness.get_by_label("Queue").click_accesskit();
        wait(&mut harness, "one more", |state| state.settings.queue.len() == waiting);
        harness.run_steps(2);
    }
    harness.get_by_label("2 waiting for their turn");
    screenshot(&mut harness, "runs_queue");
    // What the training tells moves the button: a click may miss it.
    for _ in 0..40 {
        if harness.state().state().settings.queue.len() == 1 {
            break;
        }
        harness.query_all_by_label("Remove").next().expect("a button").click_accesskit();
        harness.run_steps(6);
    }
    wait(&mut harness, "one taken away", |state| state.settings.queue.len() == 1);
    harness.get_by_label("Stop").click_accesskit();
    wait_for(&mut harness, "the next training", patience, |state| runs(state, "tiny-2"));
    assert!(harness.state().state().settings.queue.is_empty());
    harness.get_by_label("Stop").click_accesskit();
    wait_for(&mut harness, "its end", patience, |state| state.run.as_ref().is_some_and(|run| !run.state.is_living()));
}

#[test]
fn the_form_has_the_keys_of_the_configuration_and_marks_what_is_changed() {
    let folder = project();
    tiny_config(folder.path());
    let mut harness = tall(folder.path());
    checked(&mut harness);
    wait(&mut harness, "a recipe", |state| state.training.recipe.config.is_some());
    harness.run_steps(2);
    harness.get_by_label("Recipe").click_accesskit();
    harness.run_steps(20);
    let value = |state: &State| state.training.recipe.config.as_ref().map(|config| config.solver.epochs);
    assert_eq!(value(harness.state().state()), Some(400));
    harness.get_by_role_and_label(Role::TextInput, "solver.epochs").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::A);
    harness.get_by_role_and_label(Role::TextInput, "solver.epochs").type_text("7");
    harness.key_press(egui::Key::Enter);
    wait(&mut harness, "a change", |state| value(state) == Some(7));
    harness.run_steps(3);
    harness.get_by_label("Recipe, 1 value changed");
    harness.get_by_label("● solver.epochs");
    screenshot(&mut harness, "form_changed");
    assert_eq!(harness.state().state().training.recipe.overrides(), ["solver.epochs=7"]);
    harness.get_by_label("Save as…");
    harness.get_by_label("Reset solver.epochs").click_accesskit();
    wait(&mut harness, "as in the file", |state| value(state) == Some(400));
    // What does not fit is said beside it.
    harness.get_by_role_and_label(Role::TextInput, "solver.epochs").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::A);
    harness.get_by_role_and_label(Role::TextInput, "solver.epochs").type_text("many");
    harness.key_press(egui::Key::Enter);
    wait(&mut harness, "a reason", |state| state.training.recipe.wrong.contains_key("solver.epochs"));
    harness.run_steps(2);
    screenshot(&mut harness, "form_wrong");
    assert_eq!(value(harness.state().state()), Some(400));
}

#[test]
fn what_is_wrong_with_the_data_leads_to_its_place_in_a_video_or_in_the_recipe() {
    let folder = project();
    let config = tiny_config(folder.path());
    let text = std::fs::read_to_string(&config).expect("recipe");
    let text = text.replace("[data]", "[data]\ntrain_subset = \"nobody\"");
    assert!(text.contains("nobody"));
    std::fs::write(&config, text).expect("written");
    let path = folder.path().join("annotations.json");
    let mut file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).expect("annotations")).expect("JSON");
    let (name, video) = file["database"].as_object_mut().expect("videos").iter_mut().nth(2).expect("a third");
    let name = name.clone();
    let actions = video["annotations"].as_array_mut().expect("actions");
    actions.push(serde_json::json!({"segment": [3.0, 3.001], "label": "clap"}));
    std::fs::write(&path, file.to_string()).expect("written");
    let mut harness = tall(folder.path());
    wait(&mut harness, "lengths", |state| state.library.entries.iter().all(|entry| entry.frame.is_some()));
    checked(&mut harness);
    wait(&mut harness, "two findings", |state| match &state.training.health {
        Health::Checked(found) => {
            found.iter().any(|one| one.video.is_some()) && found.iter().any(|one| one.key.is_some())
        }
        _ => false,
    });
    harness.run_steps(3);
    screenshot(&mut harness, "findings");
    harness.query_all_by_label_contains("is not longer than one frame").next().expect("a link").click_accesskit();
    wait(&mut harness, "its place", |state| {
        state.selected().is_some_and(|entry| entry.id == name) && (state.playback.time.as_secs() - 3.0).abs() < 0.1
    });
    harness
        .query_all_by_label_contains("No video is in the subset \"nobody\"")
        .next()
        .expect("a link")
        .click_accesskit();
    wait(&mut harness, "its key", |state| state.training.recipe.find == "data.train_subset");
    harness.run_steps(20);
    harness.get_by_role_and_label(Role::TextInput, "data.train_subset");
    screenshot(&mut harness, "finding_key");
}

/// A class that no action has is shown where classes are, at the end of a long list too.
#[test]
fn a_class_without_actions_is_led_to_among_the_classes() {
    let folder = project();
    tiny_config(folder.path());
    let path = folder.path().join("project.toml");
    let names: Vec<String> =
        (0..60).map(|number| format!("\"unused {number}\"")).chain(["\"aside\"".to_owned()]).collect();
    let project = format!("name = \"Findings\"\nclasses = [{}]", names.join(", "));
    std::fs::write(&path, project).expect("written");
    let mut harness = window(&[folder.path().to_owned()]);
    checked(&mut harness);
    let closed = harness.query_all_by_label_contains("\"aside\" has no instance").next().is_none();
    if closed {
        harness.get_by_label("What is wrong with the data").click_accesskit();
        harness.run_steps(20);
    }
    harness.query_all_by_label_contains("\"aside\" has no instance").next().expect("a link").click_accesskit();
    wait(&mut harness, "the class", |state| state.editing.class.as_deref() == Some("aside"));
    harness.run_steps(60);
    let place = harness.get_by_label("Edit class aside").rect();
    assert!(place.top() > 60.0 && place.bottom() < 720.0, "it is scrolled to: {place:?}");
    screenshot(&mut harness, "finding_class");
}

#[test]
fn the_epoch_slider_moves_the_detections() {
    let folder = project();
    let (mut harness, _writer) = followed(folder.path(), 5);
    let state = harness.state().state();
    let shown = |epoch| Some(Origin::Epoch { run: "elsewhere".to_owned(), epoch });
    assert_eq!(state.predictions.shown, shown(4));
    let starts = |state: &State| -> Vec<f64> {
        state.lanes.iter().flat_map(|lane| lane.predictions.iter()).map(|bar| bar.start).collect()
    };
    let last = starts(state);
    let rect = harness.get_by_label("Epoch of the predictions").rect();
    click_at(&mut harness, egui::pos2(rect.left() + 2.0, rect.center().y));
    wait(&mut harness, "the first epoch", |state| state.predictions.shown == shown(0));
    assert_ne!(starts(harness.state().state()), last);
    click_at(&mut harness, rect.center());
    wait(&mut harness, "the middle", |state| state.predictions.shown == shown(2));
    click_at(&mut harness, egui::pos2(rect.right() - 2.0, rect.center().y));
    wait(&mut harness, "the last epoch", |state| state.predictions.shown == shown(4));
    assert_eq!(starts(harness.state().state()), last);
}

fn checkpoint() -> RunEvent {
    let file = "checkpoints/last.safetensors".to_owned();
    RunEvent::Checkpoint { epoch: 1, step: 40, file, best: false }
}

fn told(state: &State, part: &str) -> usize {
    state.notices.shown.iter().filter(|notice| notice.failure.sentence.contains(part)).count()
}

#[test]
fn the_end_of_a_training_elsewhere_is_told_whether_it_is_followed_or_not() {
    let folder = project();
    let (mut harness, mut writer) = followed(folder.path(), 2);
    wait(&mut harness, "life", |state| state.run.as_ref().is_some_and(|run| run.seen_alive));
    let mut other = write_run(&folder.path().join("runs/unseen"), harness.state().state(), 1);
    writer.event(checkpoint()).expect("written");
    wait_for(&mut harness, "both runs", std::time::Duration::from_secs(120), |state| {
        state.runs.iter().any(|run| run.name == "unseen" && run.alive)
    });
    assert_eq!(told(harness.state().state(), "is finished"), 0);
    let done = |best: usize| RunEvent::Done { best_average_map: Some(0.5), best_epoch: Some(best) };
    writer.event(done(1)).expect("written");
    drop(writer);
    wait(&mut harness, "the end of the followed one", |state| {
        told(state, "The training elsewhere is finished: best mAP 50.0 % after epoch 2.") == 1
    });
    harness.run_steps(2);
    screenshot(&mut harness, "notice_end");
    other.event(done(0)).expect("written");
    drop(other);
    wait(&mut harness, "the end of the other one", |state| told(state, "The training unseen is finished") == 1);
    // In a window that is opened afterwards it is no news.
    drop(harness);
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "the runs", |state| state.runs.len() == 2 && state.run.is_some());
    harness.run_steps(10);
    assert_eq!(told(harness.state().state(), "is finished"), 0);
}

/// An empty project, a run that failed, and one without a word: sentences where there is nothing to draw.
#[test]
fn what_is_empty_or_has_failed_says_so() {
    let folder = project();
    let mut harness = window(&[folder.path().to_owned()]);
    checked(&mut harness);
    screenshots(&mut harness, "empty_training");
    for panel in ["Detections", "Errors", "Analysis", "Evidence"] {
        front(&mut harness, panel);
        screenshots(&mut harness, &format!("empty_{}", panel.to_lowercase()));
    }
    harness.get_by_label("No evidence of this video");
    harness.get_by_label("Nothing to compare yet");
    for page in [Page::Results, Page::Next] {
        harness.state_mut().command(Command::Inspect(Inspect::Page(page)));
        harness.run_steps(4);
        screenshots(&mut harness, &format!("empty_{}", page.name().to_lowercase().replace(' ', "_")));
    }
    harness.get_by_label("Nothing to rank yet");
    failed(folder.path(), &mut harness);
    front(&mut harness, "Training");
    harness.get_by_label_contains("It failed: the loss is not a finite number at step 39");
    harness.get_by_label_contains("The loss is not a finite number any more.");
    harness.get_by_label("Continue");
    screenshots(&mut harness, "failed_training");
}

fn failed(folder: &Path, harness: &mut Window) {
    let run = folder.join("runs/broken");
    let mut writer: RunWriter = write_run(&run, harness.state().state(), 2);
    writer.event(eval(1, 40)).expect("written");
    let message = Failure::new("the loss is not a finite number at step 39; lower optimizer.detector_rate").sentence;
    writer.event(RunEvent::Failed { message }).expect("written");
    drop(writer);
    harness.state_mut().command(Command::FollowRun(run));
    wait(harness, "its failure", |state| {
        state.run.as_ref().is_some_and(|run| matches!(run.state, RunState::Failed(_)))
    });
    harness.run_steps(4);
}
