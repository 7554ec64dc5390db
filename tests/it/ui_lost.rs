//! Nothing is lost: a disk that fails, a window that is closed meanwhile, another program that writes the same file.

use egui::{Key, Modifiers, ViewportEvent};
use egui_kittest::kittest::Queryable as _;

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
