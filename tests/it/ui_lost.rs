//! Nothing is lost: a disk that fails, a window that is closed meanwhile, another program that writes the same file.

use egui::{Key, Modifiers, ViewportEvent};
use egui_kittest::kittest::Queryable as _;

use etad::state::{Annotate, Grip, Wanted};

use crate::ui_hands::{Window, actions, blank, click, draw, kept, press, told};
use crate::ui_support::{project, screenshot, wait};

fn close(harness: &mut Window) {
    let id = harness.input().viewport_id;
    harness.input_mut().viewports.entry(id).or_default().events.push(ViewportEvent::Close);
    harness.step();
    if let Some(viewport) = harness.input_mut().viewports.get_mut(&id) {
        viewport.events.clear();
    }
    harness.run_steps(2);
}

#[test]
fn a_stick_that_is_pulled_out_is_said_and_the_window_does_not_close_over_it() {
    let parent = tempfile::tempdir().expect("folder");
    let root = parent.path().join("stick");
    let sample = project();
    std::fs::rename(sample.path(), &root).expect("moved");
    let mut harness = blank(&root);
    draw(&mut harness, "kick", 1.0, 2.0);
    wait(&mut harness, "all on the disk", kept);
    let away = parent.path().join("away");
    std::fs::rename(&root, &away).expect("pulled out");
    draw(&mut harness, "clap", 2.0, 3.0);
    wait(&mut harness, "the trouble", |state| state.editing.trouble.is_some());
    harness.run_steps(2);
    assert!(harness.query_all_by_label_contains("Your edits are not on the disk yet").count() >= 1);
    assert_eq!(harness.query_all_by_label("Not on disk yet").count(), 1);
    close(&mut harness);
    assert!(harness.state().state().editing.leaving.is_some());
    screenshot(&mut harness, "annotate_not_closed");
    click(&mut harness, "Go on editing");
    assert!(harness.state().state().editing.leaving.is_none());
    close(&mut harness);
    assert_eq!(harness.query_all_by_label("Close anyway").count(), 1);
    // The stick comes back: everything is written, and the window closes by itself.
    std::fs::rename(&away, &root).expect("back");
    wait(&mut harness, "all on the disk", kept);
    assert!(harness.state().state().editing.leaving.is_none() && harness.state().state().may_leave());
    drop(harness);
    let opened = etad::project::open(&[root]).expect("opens");
    assert_eq!(opened.book.document.all_actions().count(), 2);
}

/// Makes a segment by what a drag sends: here the disk is looked at, not the hand, and what arrives meanwhile moves the lanes.
fn add(harness: &mut Window, label: &str, from: f64, to: f64) {
    let drag = [
        Annotate::DragStart(Grip::New(label.to_owned()), from),
        Annotate::DragTo { at: to, reach: 0.0, free: true },
        Annotate::DragEnd,
    ];
    drag.into_iter().for_each(|what| harness.state_mut().command(what.into()));
    harness.run_steps(2);
}

/// Types a path into the field that takes the place of a dialog, and waits until every edit so far is there.
fn save_elsewhere(harness: &mut Window, path: &std::path::Path) {
    harness.get_by_label("Save elsewhere…").click_accesskit();
    wait(harness, "a field, as there is no dialog", |state| {
        state.path_field.as_ref().is_some_and(|field| field.wanted == Wanted::Elsewhere)
    });
    harness.run_steps(3);
    assert!(harness.get_by_label("Save in").is_focused());
    harness.get_by_label("Save in").type_text(&path.display().to_string());
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    let last = harness.state().state().editing.last;
    wait(harness, "the copy", |state| state.editing.elsewhere.as_ref().is_some_and(|(_, upto)| *upto == last));
}

/// Classes of the segments in a file, in its order.
fn labels_in(path: &std::path::Path) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON");
    let videos = value["database"].as_object().expect("videos").values();
    let all = videos.flat_map(|video| video["annotations"].as_array().expect("a list").clone());
    all.map(|action| action["label"].as_str().expect("a label").to_owned()).collect()
}

/// A folder made anew where the stick was would take the edits, and they would seem kept.
#[test]
fn a_stick_that_is_pulled_out_before_the_first_edit_is_not_made_anew() {
    let parent = tempfile::tempdir().expect("folder");
    let (root, away) = (parent.path().join("stick"), parent.path().join("away"));
    let sample = project();
    std::fs::rename(sample.path(), &root).expect("moved");
    let mut harness = blank(&root);
    std::fs::rename(&root, &away).expect("pulled out");
    add(&mut harness, "kick", 1.0, 2.0);
    wait(&mut harness, "the trouble", |state| state.editing.trouble.is_some());
    let since = std::time::Instant::now();
    wait(&mut harness, "more tries", |_| since.elapsed().as_secs_f64() > 3.0);
    assert!(!root.exists(), "nothing is written where the stick was");
    assert!(!harness.state().state().editing.is_kept());
    std::fs::rename(&away, &root).expect("back");
    wait(&mut harness, "all on the disk", kept);
}

#[test]
fn saving_elsewhere_writes_every_edit_and_editing_goes_on() {
    let parent = tempfile::tempdir().expect("folder");
    let (root, away) = (parent.path().join("stick"), parent.path().join("away"));
    let sample = project();
    std::fs::rename(sample.path(), &root).expect("moved");
    let mut harness = blank(&root);
    add(&mut harness, "kick", 1.0, 2.0);
    wait(&mut harness, "all on the disk", kept);
    std::fs::rename(&root, &away).expect("pulled out");
    add(&mut harness, "clap", 2.0, 3.0);
    wait(&mut harness, "the trouble", |state| state.editing.trouble.is_some());
    harness.run_steps(2);
    // A place that cannot be written is said, and the person tries another one.
    harness.get_by_label("Save elsewhere…").click_accesskit();
    wait(&mut harness, "a field", |state| state.path_field.is_some());
    harness.run_steps(3);
    harness.get_by_label("Save in").type_text("/proc/nowhere/annotations.json");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait(&mut harness, "the refusal", |state| {
        state.notices.shown.iter().any(|notice| notice.failure.sentence.contains("/proc/nowhere"))
    });
    let copy = parent.path().join("other disk/annotations.json");
    save_elsewhere(&mut harness, &copy);
    assert_eq!(labels_in(&copy), ["kick", "clap"], "the one on the lost disk and the one after it");
    let said = |harness: &Window, words: &str| {
        harness.state().state().notices.shown.iter().any(|notice| notice.failure.sentence.contains(words))
    };
    assert!(said(&harness, "Editing goes on in this project"));
    screenshot(&mut harness, "annotate_elsewhere");
    // Editing goes on; what came later is said not to be in the copy until it is saved again.
    add(&mut harness, "wave", 4.0, 5.0);
    close(&mut harness);
    assert_eq!(harness.query_all_by_label_contains("All but the last edit is also in").count(), 1);
    screenshot(&mut harness, "annotate_elsewhere_later");
    save_elsewhere(&mut harness, &copy);
    assert_eq!(labels_in(&copy), ["kick", "clap", "wave"]);
    harness.run_steps(2);
    assert_eq!(harness.query_all_by_label_contains("All annotations are also in").count(), 1);
    click(&mut harness, "Go on editing");
    // The stick comes back: everything is in the project as well.
    std::fs::rename(&away, &root).expect("back");
    wait(&mut harness, "all on the disk", kept);
    assert!(harness.state().state().editing.elsewhere.is_none());
    drop(harness);
    let opened = etad::project::open(&[root]).expect("opens");
    assert_eq!(opened.book.document.all_actions().count(), 3);
}

#[test]
fn what_another_program_changed_too_is_asked() {
    let folder = project();
    let mut harness = blank(folder.path());
    draw(&mut harness, "kick", 1.0, 2.0);
    harness.state_mut().command(etad::state::Annotate::Save.into());
    let file = folder.path().join("annotations.json");
    let text = || std::fs::read_to_string(&file).expect("there");
    wait(&mut harness, "the file", |_| text().contains("kick"));
    wait(&mut harness, "all on the disk", kept);
    let action = actions(&harness)[0].clone();
    // Nobody sees the file while the other program changes it: both change the same segment.
    let mut value: serde_json::Value = serde_json::from_str(&text()).expect("JSON");
    let videos = value["database"].as_object_mut().expect("videos");
    let theirs = videos.values_mut().find(|video| !video["annotations"].as_array().expect("a list").is_empty());
    theirs.expect("the video")["annotations"][0]["segment"] = serde_json::json!([action.segment[0], 5.0]);
    harness.state_mut().command(etad::state::Annotate::SetField(action.id, etad::state::Field::End(3.0)).into());
    std::fs::write(&file, value.to_string()).expect("written");
    wait(&mut harness, "the question", |state| !state.editing.conflicts.is_empty());
    harness.run_steps(2);
    screenshot(&mut harness, "annotate_conflict");
    assert_eq!(actions(&harness).len(), 2, "both are kept until somebody answers: {:?}", told(&harness));
    click(&mut harness, "Take theirs");
    let [taken] = &actions(&harness)[..] else { panic!("{:?}", told(&harness)) };
    assert_eq!((taken.segment[1], taken.draft), (5.0, action.draft));
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    assert_eq!(actions(&harness).len(), 2);
    wait(&mut harness, "all on the disk", kept);
}
