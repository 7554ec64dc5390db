//! Everything without the mouse: a person who has only a keyboard opens, marks, logs, changes, finds, imports and saves. No event
//! of a pointer, no action of a screen reader and no command comes from this test, keys and typed text alone.

use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use etad::state::{LaneMode, State, Status};

use crate::ui_hands::{Window, actions, blank, kept, near, press, told};
use crate::ui_support::{project, wait};

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const ALT: Modifiers = Modifiers::ALT;
const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..CTRL };
const CTRL_ALT: Modifiers = Modifiers { alt: true, ..CTRL };
const SHIFT_ALT: Modifiers = Modifiers { alt: true, ..SHIFT };

/// Most steps from a panel's beginning, or from a field, to a control in it.
const FEW: usize = 8;

fn state(harness: &Window) -> &State {
    harness.state().state()
}

fn key(harness: &mut Window, modifiers: Modifiers, key: Key) {
    press(harness, modifiers, key);
    harness.step();
}

/// Types what letters a keyboard sends.
fn text(harness: &mut Window, typed: &str) {
    harness.event(Event::Text(typed.to_owned()));
    harness.run_steps(2);
}

/// Types in the place of what the field had.
fn replace(harness: &mut Window, typed: &str) {
    key(harness, CTRL, Key::A);
    text(harness, typed);
}

/// The name of the control that has the keyboard.
fn at(harness: &Window) -> String {
    let focused = harness.query_all_by(|node| node.is_focused()).last();
    let name = |node: egui_kittest::Node<'_>| {
        let inner = node.accesskit_node();
        inner.label().or_else(|| inner.value()).unwrap_or_default()
    };
    focused.map(name).unwrap_or_default()
}

/// Goes on with a key until a control is reached whose name begins like this.
fn go_to(harness: &mut Window, modifiers: Modifiers, by: Key, name: &str, most: usize) {
    let mut passed = Vec::new();
    for _ in 0..most {
        if at(harness).starts_with(name) {
            return;
        }
        key(harness, modifiers, by);
        passed.push(at(harness));
    }
    assert!(at(harness).starts_with(name), "{name} is not among {passed:?}");
}

fn class_names(harness: &Window) -> Vec<String> {
    state(harness).editing.book.document.classes.iter().map(|class| class.name.clone()).collect()
}

fn open(harness: &mut Window, wanted: usize) {
    wait(harness, "the video", |state| {
        state.playback.video == Some(wanted)
            && state.playback.status == Status::Ready
            && !state.playback.times.is_empty()
    });
}

#[test]
fn everything_without_the_mouse() {
    let folder = project();
    let mut harness = blank(folder.path());
    videos_of_the_list(&mut harness);
    marks_and_logging(&mut harness);
    selecting_and_edges(&mut harness);
    cutting_joining_copying(&mut harness);
    words_of_a_segment(&mut harness);
    the_table_and_finding(&mut harness);
    regions_and_undo(&mut harness);
    classes(&mut harness);
    the_timeline(&mut harness);
    other_keys(&mut harness);
    out_and_in(&mut harness, folder.path());
}

fn videos_of_the_list(harness: &mut Window) {
    let names: Vec<String> = state(harness).library.entries.iter().map(|entry| entry.id.clone()).collect();
    key(harness, CTRL, Key::Num1);
    assert_eq!(at(harness), "Beginning of Library");
    go_to(harness, NONE, Key::Tab, &format!("Video {}", names[0]), FEW);
    go_to(harness, NONE, Key::ArrowDown, &format!("Video {}", names[1]), 1);
    key(harness, NONE, Key::Enter);
    open(harness, 1);
    // By its name.
    key(harness, CTRL_SHIFT, Key::F);
    text(harness, &names[3]);
    key(harness, NONE, Key::Enter);
    open(harness, 3);
    key(harness, CTRL_SHIFT, Key::F);
    key(harness, CTRL, Key::A);
    key(harness, NONE, Key::Delete);
    key(harness, NONE, Key::Escape);
    assert_eq!(at(harness), "", "Escape leaves the field");
    key(harness, NONE, Key::PageUp);
    open(harness, 2);
}

fn marks_and_logging(harness: &mut Window) {
    key(harness, NONE, Key::Num2);
    assert_eq!(state(harness).editing.class.as_deref(), Some("kick"));
    key(harness, NONE, Key::I);
    key(harness, SHIFT, Key::ArrowRight);
    wait(harness, "a second later", |state| state.playback.frame > 0);
    key(harness, NONE, Key::O);
    key(harness, NONE, Key::Enter);
    assert!(near(actions(harness)[0].segment, [0.0, 1.0]), "{:?}", told(harness));
    // Short presses at start and end, then a long one.
    key(harness, NONE, Key::Space);
    key(harness, NONE, Key::Num1);
    assert_eq!(state(harness).editing.logged.len(), 1, "a short press begins");
    wait(harness, "some playing", |state| state.playback.time.as_secs() > 2.2);
    key(harness, NONE, Key::Num1);
    assert_eq!(actions(harness).len(), 2, "a short press ends");
    harness.key_down(Key::Num3);
    harness.step();
    let begin = state(harness).playback.time.as_secs();
    wait(harness, "some more playing", |state| state.playback.time.as_secs() > begin + 0.6);
    harness.key_up(Key::Num3);
    harness.step();
    key(harness, NONE, Key::K);
    let labels: Vec<String> = told(harness).into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["kick", "clap", "wave"]);
    assert!(actions(harness).iter().all(|action| action.length() > 0.3), "{:?}", told(harness));
}

fn selecting_and_edges(harness: &mut Window) {
    key(harness, NONE, Key::Escape);
    key(harness, NONE, Key::Home);
    wait(harness, "the beginning", |state| state.playback.frame == 0);
    key(harness, NONE, Key::Period);
    assert_eq!(state(harness).editing.selection.len(), 1);
    key(harness, SHIFT, Key::Period);
    key(harness, SHIFT, Key::Period);
    assert_eq!(state(harness).editing.selection.len(), 3, "the next ones as well");
    key(harness, NONE, Key::Comma);
    key(harness, NONE, Key::Comma);
    key(harness, NONE, Key::Period);
    key(harness, NONE, Key::Comma);
    let only = |harness: &Window| state(harness).selected_actions().next().expect("one").segment;
    let before = only(harness);
    key(harness, ALT, Key::ArrowRight);
    key(harness, SHIFT_ALT, Key::ArrowRight);
    let edges = only(harness);
    assert!(edges[0] > before[0] && edges[1] > before[1], "{before:?} {edges:?}");
    key(harness, CTRL_ALT, Key::ArrowRight);
    let moved = only(harness);
    assert!(moved[0] > edges[0] && ((moved[1] - moved[0]) - (edges[1] - edges[0])).abs() < 0.01, "{edges:?} {moved:?}");
    key(harness, NONE, Key::End);
    wait(harness, "its end", |state| (state.playback.time.as_secs() - moved[1]).abs() < 0.1);
}

fn cutting_joining_copying(harness: &mut Window) {
    let start = state(harness).selected_actions().next().expect("one").segment[0];
    key(harness, NONE, Key::Home);
    wait(harness, "its start", |state| (state.playback.time.as_secs() - start).abs() < 0.1);
    key(harness, CTRL, Key::ArrowRight);
    wait(harness, "ten frames on", |state| state.playback.time.as_secs() > start + 0.2);
    key(harness, NONE, Key::S);
    assert_eq!(actions(harness).len(), 4, "split: {:?}", told(harness));
    key(harness, SHIFT, Key::Comma);
    key(harness, NONE, Key::M);
    assert_eq!(actions(harness).len(), 3, "merged: {:?}", told(harness));
    key(harness, CTRL, Key::D);
    assert_eq!(actions(harness).len(), 4);
    key(harness, NONE, Key::Delete);
    assert_eq!(actions(harness).len(), 3);
    // A keyboard's Ctrl+C arrives as what the system makes of it.
    key(harness, CTRL, Key::A);
    harness.event(Event::Copy);
    harness.run_steps(2);
    key(harness, NONE, Key::PageDown);
    open(harness, 3);
    assert!(actions(harness).is_empty());
    harness.event(Event::Paste("of another program".to_owned()));
    harness.run_steps(3);
    assert_eq!(actions(harness).len(), 3, "in another video");
}

fn words_of_a_segment(harness: &mut Window) {
    key(harness, NONE, Key::Escape);
    key(harness, NONE, Key::Home);
    wait(harness, "the beginning", |state| state.playback.frame == 0);
    key(harness, NONE, Key::Period);
    let chosen = |harness: &Window| state(harness).selected_actions().next().expect("one").clone();
    assert_eq!(chosen(harness).label, "kick");
    key(harness, NONE, Key::Num1);
    key(harness, NONE, Key::C);
    assert_eq!(chosen(harness).label, "clap", "by the key of a class");
    key(harness, ALT, Key::ArrowDown);
    key(harness, NONE, Key::C);
    assert_eq!(chosen(harness).label, "kick", "by the class after the active one");
    key(harness, CTRL, Key::N);
    assert_eq!(at(harness), "Note in the table");
    text(harness, "left foot");
    key(harness, NONE, Key::Enter);
    assert_eq!(chosen(harness).note, "left foot");
    key(harness, NONE, Key::V);
    assert!(chosen(harness).draft);
    key(harness, NONE, Key::V);
    assert!(!chosen(harness).draft);
}

fn the_table_and_finding(harness: &mut Window) {
    key(harness, NONE, Key::F6);
    assert_eq!(at(harness), "Start in the table");
    key(harness, NONE, Key::Tab);
    assert_eq!(at(harness), "End in the table");
    replace(harness, "1.4");
    key(harness, NONE, Key::Enter);
    assert!((actions(harness)[0].segment[1] - 1.4).abs() < 1e-6, "{:?}", told(harness));
    key(harness, CTRL, Key::F);
    assert_eq!(at(harness), "Find segments");
    text(harness, "wave");
    assert_eq!(state(harness).editing.rows.len(), 2, "one in each video");
    key(harness, NONE, Key::Escape);
    key(harness, NONE, Key::Escape);
    key(harness, CTRL, Key::G);
    open(harness, 2);
    assert_eq!(state(harness).selected_actions().next().map(|action| action.label.as_str()), Some("wave"));
    key(harness, CTRL, Key::G);
    open(harness, 3);
    key(harness, CTRL, Key::F);
    replace(harness, "left");
    key(harness, NONE, Key::Enter);
    wait(harness, "the hit", |state| state.selected_actions().next().is_some_and(|action| action.note == "left foot"));
    key(harness, CTRL, Key::F);
    key(harness, CTRL, Key::A);
    key(harness, NONE, Key::Delete);
    key(harness, NONE, Key::Escape);
    assert!(state(harness).editing.filter.text.is_empty());
}

fn regions_and_undo(harness: &mut Window) {
    key(harness, NONE, Key::Escape);
    key(harness, NONE, Key::End);
    wait(harness, "the end", |state| state.playback.time.as_secs() > 5.0);
    key(harness, NONE, Key::O);
    key(harness, SHIFT, Key::ArrowLeft);
    let length = state(harness).length();
    wait(harness, "a second before", |state| state.playback.time.as_secs() < length - 0.8);
    key(harness, NONE, Key::I);
    key(harness, NONE, Key::U);
    let regions = |harness: &Window| {
        let state = state(harness);
        let id = &state.selected().expect("open").id;
        state.editing.book.document.videos[id].head.not_annotated.len()
    };
    assert_eq!(regions(harness), 1);
    key(harness, SHIFT, Key::U);
    assert_eq!(regions(harness), 0);
    key(harness, CTRL, Key::Z);
    assert_eq!(regions(harness), 1, "undone");
    key(harness, CTRL_SHIFT, Key::Z);
    assert_eq!(regions(harness), 0, "redone");
    key(harness, CTRL, Key::Z);
    key(harness, CTRL, Key::Y);
    assert_eq!(regions(harness), 0);
}

fn classes(harness: &mut Window) {
    key(harness, NONE, Key::F3);
    go_to(harness, NONE, Key::Tab, "New class", 2);
    text(harness, "jump");
    key(harness, NONE, Key::Enter);
    assert_eq!(class_names(harness), ["clap", "kick", "wave", "jump"]);
    key(harness, SHIFT, Key::F3);
    assert_eq!(at(harness), "New name");
    replace(harness, "leap");
    key(harness, NONE, Key::Enter);
    assert_eq!(class_names(harness), ["clap", "kick", "wave", "leap"]);
    key(harness, SHIFT, Key::F3);
    replace(harness, "kick");
    key(harness, NONE, Key::Enter);
    assert_eq!(class_names(harness), ["clap", "kick", "wave"], "joined");
    // Deleted with a choice: first its segments become another class, then another class goes with its segments.
    key(harness, NONE, Key::Num1);
    key(harness, SHIFT, Key::F3);
    go_to(harness, NONE, Key::Tab, "Delete class, segments become", FEW);
    key(harness, NONE, Key::Enter);
    go_to(harness, NONE, Key::ArrowDown, "kick", 3);
    key(harness, NONE, Key::Enter);
    assert_eq!(class_names(harness), ["kick", "wave"]);
    let kicks = actions(harness).iter().filter(|action| action.label == "kick").count();
    assert_eq!(kicks, 2, "{:?}", told(harness));
    key(harness, NONE, Key::Escape);
    key(harness, NONE, Key::Num2);
    key(harness, SHIFT, Key::F3);
    go_to(harness, NONE, Key::Tab, "Delete class and its 2 segments", FEW);
    key(harness, NONE, Key::Enter);
    assert_eq!(class_names(harness), ["kick"]);
    key(harness, NONE, Key::Escape);
    key(harness, CTRL, Key::Z);
    key(harness, CTRL, Key::Z);
    assert_eq!(class_names(harness), ["clap", "kick", "wave"]);
    // Subjects.
    key(harness, CTRL, Key::F3);
    assert_eq!(at(harness), "New subject");
    text(harness, "left cat");
    key(harness, NONE, Key::Enter);
    assert_eq!(state(harness).editing.subject, "left cat");
    key(harness, SHIFT_ALT, Key::ArrowDown);
    assert_eq!(state(harness).editing.subject, "");
    // What Space does on a control with the keyboard, and what it does again once Escape has left it.
    key(harness, CTRL, Key::Num3);
    go_to(harness, NONE, Key::Tab, "Follow", FEW);
    let follow = state(harness).settings.follow;
    key(harness, NONE, Key::Space);
    assert!(state(harness).settings.follow != follow && !state(harness).playback.playing);
    key(harness, NONE, Key::Space);
    key(harness, NONE, Key::Escape);
    key(harness, NONE, Key::Space);
    assert!(state(harness).playback.playing);
    key(harness, NONE, Key::K);
}

fn the_timeline(harness: &mut Window) {
    let modes: Vec<LaneMode> = (0..4)
        .map(|_| {
            key(harness, SHIFT, Key::L);
            state(harness).settings.lanes
        })
        .collect();
    assert_eq!(modes, [LaneMode::Stacked, LaneMode::BySource, LaneMode::BySubject, LaneMode::ByClass]);
    let whole = state(harness).timeline.span;
    key(harness, CTRL, Key::ArrowUp);
    key(harness, CTRL, Key::ArrowUp);
    let near = state(harness).timeline;
    assert!(near.span < 0.5 * whole);
    key(harness, CTRL_SHIFT, Key::ArrowLeft);
    key(harness, CTRL_SHIFT, Key::ArrowRight);
    key(harness, CTRL_SHIFT, Key::ArrowRight);
    assert!(state(harness).timeline.start > near.start || near.start + near.span >= whole - 0.01);
    key(harness, CTRL, Key::ArrowDown);
    assert!(state(harness).timeline.span > near.span);
    key(harness, NONE, Key::F2);
    assert!((state(harness).timeline.span - whole).abs() < 1e-6);
    let follow = state(harness).settings.follow;
    key(harness, SHIFT, Key::F2);
    assert_ne!(state(harness).settings.follow, follow);
}

fn other_keys(harness: &mut Window) {
    key(harness, NONE, Key::F1);
    assert_eq!(at(harness), "Find a key");
    text(harness, "split at");
    go_to(harness, NONE, Key::Tab, "Key of: split at the playhead", 3);
    key(harness, NONE, Key::Enter);
    key(harness, NONE, Key::B);
    assert_eq!(state(harness).settings.keymap.hint("split"), " (B)");
    key(harness, NONE, Key::Escape);
    key(harness, NONE, Key::Escape);
    assert_eq!(harness.query_all_by_label("Preset of keys").count(), 0, "Escape closes the page");
}

fn out_and_in(harness: &mut Window, folder: &std::path::Path) {
    key(harness, NONE, Key::F10);
    assert_eq!(at(harness), "Open");
    key(harness, NONE, Key::Enter);
    key(harness, NONE, Key::ArrowDown);
    assert_eq!(at(harness), "Folder or project…");
    key(harness, NONE, Key::Escape);
    key(harness, NONE, Key::Escape);
    let count = actions(harness).len();
    key(harness, CTRL, Key::E);
    go_to(harness, NONE, Key::ArrowDown, "CSV table", FEW);
    key(harness, NONE, Key::Enter);
    let table = folder.join("annotations.csv");
    wait(harness, "the file", |_| table.exists());
    key(harness, CTRL, Key::A);
    key(harness, NONE, Key::Delete);
    assert!(actions(harness).is_empty());
    key(harness, CTRL, Key::I);
    wait(harness, "a field, as there is no dialog", |state| state.path_field.is_some());
    harness.run_steps(2);
    text(harness, &table.display().to_string());
    key(harness, NONE, Key::Enter);
    wait(harness, "the preview", |state| state.editing.importing.is_some());
    harness.run_steps(2);
    assert_eq!(at(harness), "Import these");
    key(harness, NONE, Key::Enter);
    assert_eq!(actions(harness).len(), count);
    key(harness, CTRL, Key::S);
    let file = folder.join("annotations.json");
    wait(harness, "the file", |_| std::fs::read_to_string(&file).is_ok_and(|text| text.contains("left foot")));
    wait(harness, "all on the disk", kept);
}

#[test]
fn reaction_time_is_measured_in_twenty_seconds_and_logging_goes_back_by_it() {
    let folder = project();
    let mut harness = blank(folder.path());
    key(&mut harness, NONE, Key::F3);
    harness.get_by_label("Measure").scroll_to_me();
    harness.run_steps(3);
    harness.get_by_label("Measure").click();
    harness.run_steps(3);
    assert!(state(&harness).editing.calibration.is_some());
    // The exercise goes by the window's clock, which is the test's here: a tenth of a second a picture.
    let mut time = harness.ctx.input(|input| input.time);
    let begin = time;
    let mut tick = |harness: &mut Window| {
        time += 0.1;
        harness.input_mut().time = Some(time);
        harness.step();
        time
    };
    let (mut signs, mut lit) = (0, 0);
    while state(&harness).editing.calibration.is_some() {
        let now = tick(&mut harness);
        assert!(now - begin < 21.0, "it ends by itself");
        lit = if harness.query_all_by_label("Press now").count() > 0 { lit + 1 } else { 0 };
        if lit == 2 {
            signs += 1;
            let (key, physical_key, repeat, modifiers) = (Key::Space, None, false, NONE);
            for pressed in [true, false] {
                harness.input_mut().events.push(Event::Key { key, physical_key, pressed, repeat, modifiers });
            }
        }
    }
    harness.run_steps(2);
    let reaction = state(&harness).settings.reaction;
    assert!(signs > 6 && (0.1..=0.31).contains(&reaction), "{signs} signs, {reaction} s");
    let words = format!("Logging goes back by {:.0} ms", reaction * 1000.0);
    assert!(state(&harness).notices.shown.iter().any(|notice| notice.failure.sentence.starts_with(&words)));
    assert_eq!(
        harness.get_by_label("Reaction").value().as_deref(),
        Some(format!("{:.0} ms", reaction * 1000.0).as_str())
    );
    // The next segment that is logged begins and ends that much earlier.
    key(&mut harness, NONE, Key::Space);
    wait(&mut harness, "some playing", |state| state.playback.time.as_secs() > 1.5);
    let meant = |harness: &Window| {
        let state = state(harness);
        state.nearest_edge(state.playback.time.as_secs() - reaction * state.playback.speed)
    };
    harness.key_down(Key::Num2);
    harness.step();
    let start = meant(&harness);
    assert_eq!(state(&harness).editing.logged[0].start, start);
    wait(&mut harness, "some more playing", |state| state.playback.time.as_secs() > start + 1.5);
    harness.key_up(Key::Num2);
    harness.step();
    let end = meant(&harness);
    assert_eq!(told(&harness).len(), 1);
    let [from, to] = told(&harness)[0].1;
    assert!((from - start).abs() < 1e-5 && (to - end).abs() < 1e-5, "{from} {start}, {to} {end}");
}
