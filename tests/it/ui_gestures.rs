//! Each gesture of the timeline on the real window, found by its label: menus, boxes, copies, regions, edges, the table, finding.

use egui::{Event, Key, Modifiers, pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use etad::state::Status;

use crate::ui_hands::{
    Window, actions, blank, click, double_click, drag, draw, fill, go, mark, near, opened, place, press, told,
};
use crate::ui_support::{project, screenshot, wait};

const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

fn selected(harness: &Window) -> usize {
    harness.state().state().editing.selection.len()
}

/// A word of the menu under the right button.
fn choose(harness: &mut Window, bar: &str, word: &str) {
    harness.get_by_label_contains(bar).click_secondary();
    harness.run_steps(3);
    click(harness, word);
}

/// Where something of this label stands.
fn places(harness: &Window, label: &str) -> Vec<egui::Pos2> {
    harness.query_all_by_label(label).map(|node| node.rect().center()).collect()
}

/// Clicks what a menu that was just opened has under this label.
fn pick(harness: &mut Window, label: &str, before: &[egui::Pos2]) {
    let fresh = places(harness, label).into_iter().find(|place| !before.contains(place));
    let place = fresh.unwrap_or_else(|| panic!("the menu has no {label}"));
    for pressed in [None, Some(true), Some(false)] {
        match pressed {
            None => harness.hover_at(place),
            Some(true) => harness.drag_at(place),
            Some(false) => harness.drop_at(place),
        }
        harness.run_steps(2);
    }
}

#[test]
fn the_menu_splits_merges_duplicates_verifies_and_deletes() {
    let folder = project();
    let mut harness = blank(folder.path());
    draw(&mut harness, "kick", 1.0, 3.0);
    go(&mut harness, 2.0);
    choose(&mut harness, "Truth kick", "Split at the playhead");
    assert_eq!(actions(&harness).len(), 2);
    press(&mut harness, CTRL, Key::A);
    harness.get_by_label_contains("Truth kick 1.00").click_secondary();
    harness.run_steps(3);
    screenshot(&mut harness, "annotate_menu");
    click(&mut harness, "Merge");
    assert!(actions(&harness).len() == 1 && near(actions(&harness)[0].segment, [1.0, 3.0]), "{:?}", told(&harness));
    choose(&mut harness, "Truth kick", "Duplicate");
    assert_eq!(actions(&harness).len(), 2);
    assert!(!actions(&harness)[1].draft);
    choose(&mut harness, "Truth kick 3.", "Verified, or draft");
    assert!(actions(&harness)[1].draft);
    choose(&mut harness, "Truth kick 3.", "Delete");
    assert_eq!(actions(&harness).len(), 1);
    harness.get_by_label_contains("Truth kick").click_secondary();
    harness.run_steps(3);
    let before = places(&harness, "wave");
    click(&mut harness, "Class");
    pick(&mut harness, "wave", &before);
    assert_eq!(actions(&harness)[0].label, "wave");
}

#[test]
fn clicks_with_shift_and_ctrl_and_boxes_select() {
    let folder = project();
    let mut harness = blank(folder.path());
    for (lane, from, to) in [("clap", 0.5, 1.0), ("kick", 1.5, 2.0), ("wave", 3.0, 3.5)] {
        draw(&mut harness, lane, from, to);
    }
    harness.get_by_label_contains("Truth clap").click();
    harness.run_steps(2);
    harness.get_by_label_contains("Truth kick").click_modifiers(Modifiers::SHIFT);
    harness.run_steps(2);
    assert_eq!(selected(&harness), 2, "Shift adds");
    harness.get_by_label_contains("Truth clap").click_modifiers(CTRL);
    harness.run_steps(2);
    assert_eq!(selected(&harness), 1, "Ctrl takes away what is selected");
    let from = place(&harness, "clap", 0.2) - vec2(0.0, 8.0);
    let to = place(&harness, "kick", 2.4) + vec2(0.0, 6.0);
    drag(&mut harness, from, to, Modifiers::SHIFT);
    assert_eq!(selected(&harness), 2, "a box over two lanes");
    let from = place(&harness, "wave", 2.8) - vec2(0.0, 8.0);
    let to = place(&harness, "wave", 3.9) + vec2(0.0, 6.0);
    drag(&mut harness, from, to, CTRL);
    assert_eq!(selected(&harness), 3, "Ctrl adds a box");
}

#[test]
fn copies_go_to_another_video() {
    let folder = project();
    let mut harness = blank(folder.path());
    draw(&mut harness, "kick", 1.0, 2.0);
    harness.event(Event::Copy);
    harness.run_steps(2);
    let first = harness.state().state().playback.video;
    press(&mut harness, Modifiers::NONE, Key::PageDown);
    wait(&mut harness, "another video", |state| {
        state.playback.video != first && state.playback.status == Status::Ready
    });
    assert!(actions(&harness).is_empty());
    go(&mut harness, 3.0);
    harness.event(Event::Paste("text of another program".to_owned()));
    harness.run_steps(3);
    assert!(near(actions(&harness)[0].segment, [3.0, 4.0]), "{:?}", told(&harness));
    harness.event(Event::Cut);
    harness.run_steps(3);
    assert!(actions(&harness).is_empty());
}

#[test]
fn edges_snap_to_neighbours_unless_alt_is_held_and_the_picture_follows() {
    let folder = project();
    let mut harness = blank(folder.path());
    draw(&mut harness, "clap", 1.0, 2.0);
    let neighbour = actions(&harness)[0].segment[1];
    draw(&mut harness, "kick", 3.0, 4.0);
    let aim = neighbour + 0.03;
    let (from, to) = (place(&harness, "kick", 3.0) + vec2(1.5, 0.0), place(&harness, "kick", aim));
    drag(&mut harness, from, to, Modifiers::NONE);
    assert_eq!(actions(&harness)[1].segment[0], neighbour);
    wait(&mut harness, "the picture at the edge", |state| (state.playback.time.as_secs() - neighbour).abs() < 0.05);
    press(&mut harness, CTRL, Key::Z);
    drag(&mut harness, from, to, Modifiers::ALT);
    let free = actions(&harness)[1].segment[0];
    assert!((free - neighbour).abs() > 1e-4 && (free - aim).abs() < 0.06, "{free} beside {neighbour}");
    // By frames: a nudge goes to the next true edge of a frame.
    press(&mut harness, Modifiers::ALT, Key::ArrowRight);
    let state = harness.state().state();
    let nudged = state.actions()[1].segment[0];
    assert!((state.nearest_edge(nudged) - nudged).abs() < 1e-6 && nudged > free);
    let index: Vec<f64> = state.playback.times.iter().map(|time| time.as_secs()).collect();
    assert!(index.iter().any(|time| (time - nudged).abs() < 1e-6), "an edge of the index");
}

#[test]
fn regions_that_nobody_annotated_come_and_go() {
    let folder = project();
    let mut harness = blank(folder.path());
    mark(&mut harness, 1.0, 2.0);
    press(&mut harness, Modifiers::NONE, Key::U);
    assert_eq!(harness.query_all_by_label_contains("Not annotated 1.0").count(), 1);
    go(&mut harness, 1.5);
    press(&mut harness, Modifiers::SHIFT, Key::U);
    assert_eq!(harness.query_all_by_label_contains("Not annotated 1.0").count(), 0);
    press(&mut harness, CTRL, Key::Z);
    assert_eq!(harness.query_all_by_label_contains("Not annotated 1.0").count(), 1, "undo knows regions too");
}

#[test]
fn losing_the_keyboard_ends_what_is_being_logged() {
    let folder = project();
    let mut harness = blank(folder.path());
    press(&mut harness, Modifiers::NONE, Key::Space);
    harness.key_down(Key::Num2);
    harness.step();
    assert_eq!(harness.state().state().editing.logged.len(), 1);
    wait(&mut harness, "some playing", |state| state.playback.time.as_secs() > 0.6);
    harness.event(Event::WindowFocused(false));
    harness.step();
    harness.step();
    assert!(harness.state().state().editing.logged.is_empty());
    let [action] = &actions(&harness)[..] else { panic!("one segment: {:?}", told(&harness)) };
    assert!(action.label == "kick" && action.length() > 0.3);
}

#[test]
fn cells_are_changed_where_they_stand() {
    let folder = project();
    let mut harness = blank(folder.path());
    draw(&mut harness, "kick", 1.0, 2.0);
    draw(&mut harness, "clap", 3.0, 4.0);
    click(&mut harness, "Segments");
    let row = harness.get_by_label_contains("Segment kick").rect();
    assert_eq!(selected(&harness), 1, "clap is selected, kick is changed");
    double_click(&mut harness, pos2(row.left() + 30.0, row.center().y));
    assert!(harness.get_by_label("Start in the table").is_focused());
    press(&mut harness, CTRL, Key::A);
    harness.get_by_label("Start in the table").type_text("0:01.4");
    harness.run_steps(2);
    harness.key_press(Key::Tab);
    harness.run_steps(4);
    assert!((actions(&harness)[0].segment[0] - 1.4).abs() < 1e-6, "{:?}", told(&harness));
    screenshot(&mut harness, "annotate_cell");
    assert!(harness.get_by_label("End in the table").is_focused(), "Tab goes on");
    harness.key_press(Key::Escape);
    harness.run_steps(4);
    let row = harness.get_by_label_contains("Segment kick").rect();
    double_click(&mut harness, pos2(row.left() + row.width() * 0.6, row.center().y));
    press(&mut harness, CTRL, Key::A);
    harness.get_by_label("Class in the table").type_text("wa");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    assert_eq!(actions(&harness)[0].label, "wave", "the beginning of a name is enough");
}

#[test]
fn finding_looks_through_all_videos() {
    let folder = project();
    let mut harness = opened(folder.path());
    let state = harness.state().state();
    let here = state.playback.video;
    let everywhere: usize = state.editing.counts.values().sum();
    press(&mut harness, CTRL, Key::F);
    harness.run_steps(3);
    assert_eq!(harness.state().state().editing.rows.len(), everywhere);
    assert!(harness.get_by_label("Find segments").is_focused());
    let (hit, id) = *harness.state().state().editing.rows.last().expect("segments");
    assert_ne!(Some(hit), here, "the last one is of another video");
    let name = harness.state().state().library.entries[hit].id.clone();
    let label = harness.state().state().editing.book.document.videos[&name].action(id).expect("there").label.clone();
    harness.get_by_label("Find segments").type_text(&label);
    harness.run_steps(3);
    assert!(harness.state().state().editing.rows.len() < everywhere);
    screenshot(&mut harness, "annotate_find");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    harness.get_all_by_label_contains(&format!(" s of {name}")).last().expect("a hit").click();
    wait(&mut harness, "its video", |state| {
        state.playback.video == Some(hit) && state.playback.status == Status::Ready
    });
    let start = harness.state().state().selected_actions().next().expect("selected").segment[0];
    wait(&mut harness, "its place", |state| (state.playback.time.as_secs() - start).abs() < 0.05);
    // The library by how far videos are annotated.
    press(&mut harness, CTRL, Key::Enter);
    click(&mut harness, "Which videos are listed");
    click(&mut harness, "Done");
    assert_eq!(harness.state().state().library.visible(), [hit]);
    press(&mut harness, CTRL | Modifiers::SHIFT, Key::F);
    harness.run_steps(2);
    assert!(harness.get_by_label("Find a video by name").is_focused());
}

#[test]
fn classes_are_renamed_joined_and_deleted_with_a_choice() {
    let folder = project();
    let mut harness = blank(folder.path());
    for (lane, from, to) in [("clap", 0.5, 1.0), ("kick", 1.5, 2.0), ("wave", 3.0, 3.5)] {
        draw(&mut harness, lane, from, to);
    }
    click(&mut harness, "Classes");
    click(&mut harness, "Edit class kick");
    fill(&mut harness, "New name", "punt");
    assert_eq!(told(&harness)[1].0, "punt");
    click(&mut harness, "Edit class punt");
    fill(&mut harness, "New name", "wave");
    assert_eq!(told(&harness)[1].0, "wave", "joined");
    assert!(harness.state().state().editing.book.document.class("punt").is_none());
    click(&mut harness, "Edit class clap");
    let before = places(&harness, "wave");
    click(&mut harness, "Delete class, segments become");
    pick(&mut harness, "wave", &before);
    assert!(told(&harness).iter().all(|(label, _)| label == "wave"), "{:?}", told(&harness));
    click(&mut harness, "Edit class wave");
    click(&mut harness, "Delete class and its 3 segments");
    assert!(actions(&harness).is_empty());
    (0..4).for_each(|_| press(&mut harness, CTRL, Key::Z));
    assert_eq!(told(&harness).iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>(), ["clap", "kick", "wave"]);
}

#[test]
fn subjects_have_lanes_and_segments_know_who_made_them() {
    let folder = project();
    let mut harness = blank(folder.path());
    click(&mut harness, "Classes");
    fill(&mut harness, "New subject", "left cat");
    harness.get_by_label("Annotator").scroll_to_me();
    harness.run_steps(3);
    click(&mut harness, "Annotator");
    harness.get_by_label("Annotator").type_text("Ada");
    harness.run_steps(2);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    mark(&mut harness, 1.0, 2.0);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    let action = actions(&harness).first().cloned().expect("a segment");
    assert_eq!((action.subject.as_str(), action.annotator.as_str()), ("left cat", "Ada"));
    click(&mut harness, "Lanes");
    click(&mut harness, "By subject");
    assert_eq!(harness.query_all_by_label("Lane of left cat").count(), 1);
}
