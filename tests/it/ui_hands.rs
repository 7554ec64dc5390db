//! Hands of a person who annotates: places on lanes, drags, keys, marks.

use egui::{Key, Modifiers, PointerButton, Pos2, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use etad::app::Workbench;
use etad::domain::MediaTime;
use etad::project::Action;
use etad::state::{Command, State, Status};

use crate::ui_support::{wait, window};

/// A window under test.
pub type Window = Harness<'static, Workbench>;

/// A window on a project of which nothing is annotated yet.
pub fn blank(folder: &std::path::Path) -> Window {
    let path = folder.join("annotations.json");
    let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("there")).expect("JSON");
    for video in value["database"].as_object_mut().expect("videos").values_mut() {
        video["annotations"] = serde_json::json!([]);
    }
    std::fs::write(&path, value.to_string()).expect("written");
    std::fs::write(folder.join("project.toml"), "name = \"Gestures\"\nclasses = [\"clap\", \"kick\", \"wave\"]")
        .expect("written");
    opened(folder)
}

/// A window on a project, with a picture.
pub fn opened(folder: &std::path::Path) -> Window {
    let mut harness = window(&[folder.to_owned()]);
    wait(&mut harness, "a picture", |state| state.playback.status == Status::Ready);
    harness.run_steps(3);
    harness
}

/// The actions of the open video.
pub fn actions(harness: &Window) -> Vec<Action> {
    harness.state().state().actions().to_vec()
}

/// Where a time is on a lane.
pub fn place(harness: &Window, lane: &str, seconds: f64) -> Pos2 {
    let rect = harness.get_by_label(&format!("Lane of {lane}")).rect();
    let view = harness.state().state().timeline;
    let left = harness.get_by_label("Playhead").rect();
    pos2(left.left() + view.x_from_time(seconds, f64::from(left.width())) as f32, rect.top() + 12.0)
}

/// Drags as a hand does it, in steps.
pub fn drag(harness: &mut Window, from: Pos2, to: Pos2, modifiers: Modifiers) {
    harness.event(egui::Event::ModifiersChanged(modifiers));
    harness.hover_at(from);
    harness.step();
    harness.drag_at(from);
    harness.step();
    for share in [0.3, 0.7, 1.0] {
        harness.hover_at(from + (to - from) * share);
        harness.step();
    }
    harness.drop_at(to);
    harness.step();
    harness.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    harness.step();
    harness.step();
}

/// Presses a key.
pub fn press(harness: &mut Window, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.step();
    harness.step();
}

/// Whether a segment is what was wanted, as far as pixels go.
pub fn near(segment: [f64; 2], wanted: [f64; 2]) -> bool {
    (segment[0] - wanted[0]).abs() < 0.06 && (segment[1] - wanted[1]).abs() < 0.06
}

/// Whether everything is on the disk.
pub fn kept(state: &State) -> bool {
    state.editing.last > 0 && state.editing.is_kept()
}

/// Puts the playhead somewhere, by the ruler.
pub fn go(harness: &mut Window, seconds: f64) {
    harness.state_mut().command(Command::Seek(MediaTime::from_secs(seconds)));
    wait(harness, "the picture there", |state| (state.playback.time.as_secs() - seconds).abs() < 0.05);
}

/// Marks a stretch with I and O.
pub fn mark(harness: &mut Window, from: f64, to: f64) {
    for (seconds, key) in [(from, Key::I), (to, Key::O)] {
        go(harness, seconds);
        press(harness, Modifiers::NONE, key);
    }
}

/// Draws a segment on a lane.
pub fn draw(harness: &mut Window, lane: &str, from: f64, to: f64) {
    let (a, b) = (place(harness, lane, from), place(harness, lane, to));
    drag(harness, a, b, Modifiers::NONE);
}

/// Clicks what has a label, and lets the window follow.
pub fn click(harness: &mut Window, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

/// Types into the field that has a label, and presses Enter.
pub fn fill(harness: &mut Window, label: &str, text: &str) {
    click(harness, label);
    press(harness, Modifiers::CTRL | Modifiers::COMMAND, Key::A);
    harness.get_by_label(label).type_text(text);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
}

/// Two clicks in one moment.
pub fn double_click(harness: &mut Window, at: Pos2) {
    harness.hover_at(at);
    harness.run_steps(2);
    for pressed in [true, false, true, false] {
        let modifiers = Modifiers::NONE;
        let event = egui::Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers };
        harness.input_mut().events.push(event);
    }
    harness.run_steps(3);
}

/// Labels and segments of the open video.
pub fn told(harness: &Window) -> Vec<(String, [f64; 2])> {
    actions(harness).into_iter().map(|action| (action.label, action.segment)).collect()
}
