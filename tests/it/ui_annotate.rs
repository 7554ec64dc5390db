//! Annotating as a person does it: each gesture on the real window, found by its label.

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;
use etad::jobs::keeper::Access;
use etad::state::{Command, Status};

use crate::ui_hands::{actions, blank, drag, kept, near, opened, place, press};
use crate::ui_support::{project, screenshot, wait};

#[test]
fn drawing_moving_and_resizing_on_a_lane() {
    let folder = project();
    let mut harness = blank(folder.path());
    screenshot(&mut harness, "annotate_empty");
    let (from, to) = (place(&harness, "kick", 1.0), place(&harness, "kick", 2.0));
    drag(&mut harness, from, to, Modifiers::NONE);
    let made = actions(&harness);
    assert!(made.len() == 1 && made[0].label == "kick" && near(made[0].segment, [1.0, 2.0]), "{made:?}");
    let (from, to) = (place(&harness, "kick", 1.5), place(&harness, "kick", 3.5));
    drag(&mut harness, from, to, Modifiers::NONE);
    assert!(near(actions(&harness)[0].segment, [3.0, 4.0]), "{:?}", actions(&harness));
    let (from, to) = (place(&harness, "kick", 4.0) - vec2(2.0, 0.0), place(&harness, "kick", 5.0));
    drag(&mut harness, from, to, Modifiers::NONE);
    assert!(near(actions(&harness)[0].segment, [3.0, 5.0]), "{:?}", actions(&harness));
    // The picture shows the edge that was dragged.
    assert!((harness.state().state().playback.time.as_secs() - 5.0).abs() < 0.1);
    let (from, to) = (place(&harness, "clap", 0.3), place(&harness, "clap", 2.99));
    drag(&mut harness, from, to, Modifiers::NONE);
    let clap = actions(&harness)[1].clone();
    assert_eq!(clap.segment[1], actions(&harness)[0].segment[0], "snapped to the neighbour");
    screenshot(&mut harness, "annotate_drawn");
    // A box over both lanes with Shift, then Delete, then back.
    let from = place(&harness, "clap", 0.1) - vec2(0.0, 8.0);
    let to = place(&harness, "kick", 5.5) + vec2(0.0, 6.0);
    drag(&mut harness, from, to, Modifiers::SHIFT);
    assert_eq!(harness.state().state().editing.selection.len(), 2);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert!(actions(&harness).is_empty());
    harness.get_by_label("Undo").click();
    harness.run_steps(3);
    assert_eq!(actions(&harness).len(), 2);
    let name = harness.query_all_by_label_contains("Truth kick").next().expect("a bar").rect().center();
    harness.hover_at(name);
    harness.step();
    harness.get_by_label_contains("Truth clap").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state().state().selected_actions().map(|action| action.label.clone()).collect::<Vec<_>>(),
        ["clap"]
    );
}

#[test]
fn marks_logging_and_every_key_of_a_segment() {
    let folder = project();
    let mut harness = blank(folder.path());
    press(&mut harness, Modifiers::NONE, Key::Num2);
    assert_eq!(harness.state().state().editing.class.as_deref(), Some("kick"));
    press(&mut harness, Modifiers::NONE, Key::I);
    press(&mut harness, Modifiers::SHIFT, Key::ArrowRight);
    wait(&mut harness, "a second later", |state| state.playback.frame > 0);
    press(&mut harness, Modifiers::NONE, Key::O);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(near(actions(&harness)[0].segment, [0.0, 1.0]), "{:?}", actions(&harness));
    // A tap begins and a tap ends; then the key is held.
    press(&mut harness, Modifiers::NONE, Key::Space);
    harness.key_down(Key::Num1);
    harness.step();
    harness.key_up(Key::Num1);
    harness.step();
    assert_eq!(harness.state().state().editing.logged.len(), 1);
    wait(&mut harness, "some playing", |state| state.playback.time.as_secs() > 2.0);
    harness.key_down(Key::Num1);
    harness.step();
    harness.key_up(Key::Num1);
    harness.step();
    harness.key_down(Key::Num3);
    harness.step();
    let begin = harness.state().state().playback.time.as_secs();
    wait(&mut harness, "some more playing", |state| state.playback.time.as_secs() > begin + 0.6);
    screenshot(&mut harness, "annotate_logging");
    harness.key_up(Key::Num3);
    harness.step();
    press(&mut harness, Modifiers::NONE, Key::K);
    let made = actions(&harness);
    assert_eq!(made.iter().map(|action| action.label.as_str()).collect::<Vec<_>>(), ["kick", "clap", "wave"]);
    assert!(made.iter().all(|action| action.length() > 0.3), "{made:?}");
    // Back to the first, split, verify, nudge, duplicate.
    for _ in 0..2 {
        press(&mut harness, Modifiers::NONE, Key::Comma);
    }
    wait(&mut harness, "the first segment", |state| state.playback.time.as_secs() < 0.05);
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::ArrowRight);
    wait(&mut harness, "ten frames", |state| state.playback.frame >= 10);
    press(&mut harness, Modifiers::NONE, Key::S);
    assert_eq!(actions(&harness).len(), 4);
    press(&mut harness, Modifiers::NONE, Key::V);
    assert_eq!(actions(&harness).iter().filter(|action| action.draft).count(), 1);
    let before = harness.state().state().selected_actions().next().expect("the half").segment;
    press(&mut harness, Modifiers::ALT | Modifiers::SHIFT, Key::ArrowRight);
    let after = harness.state().state().selected_actions().next().expect("the half").segment;
    assert!(after[1] > before[1] && after[0] == before[0], "{before:?} {after:?}");
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::D);
    assert_eq!(actions(&harness).len(), 5);
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    assert_eq!(actions(&harness).len(), 4);
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Y);
    assert_eq!(actions(&harness).len(), 5);
}

#[test]
fn the_table_edits_the_same_selection_and_everything_is_there_after_a_restart() {
    let folder = project();
    let mut harness = opened(folder.path());
    let first = harness.state().state().actions().first().cloned().expect("truth");
    harness.get_by_label("Segments").click();
    harness.run_steps(3);
    let [start, end] = first.segment;
    harness.get_by_label(&format!("Segment {} {start:.2} to {end:.2} s", first.label)).click();
    harness.run_steps(3);
    assert!(harness.state().state().editing.selection.contains(&first.id));
    harness.get_by_label("Note").click();
    harness.run_steps(2);
    harness.get_by_label("Note").type_text("seen twice");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert_eq!(actions(&harness)[0].note, "seen twice", "a text field triggers no shortcut");
    harness.get_by_label("Draft").click();
    harness.run_steps(3);
    screenshot(&mut harness, "annotate_table");
    harness.get_by_label("Classes").click();
    harness.run_steps(3);
    harness.get_by_label("New class").click();
    harness.run_steps(2);
    harness.get_by_label("New class").type_text("stumble");
    harness.run_steps(2);
    harness.get_by_label("Add class").click();
    harness.run_steps(3);
    assert!(harness.state().state().editing.book.document.class("stumble").is_some());
    screenshot(&mut harness, "annotate_classes");
    wait(&mut harness, "all on the disk", kept);
    drop(harness);

    let mut harness = opened(folder.path());
    let state = harness.state().state();
    assert_eq!(state.actions()[0].note, "seen twice");
    assert!(state.actions()[0].draft && state.editing.book.document.class("stumble").is_some());
    for _ in 0..3 {
        press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    }
    let state = harness.state().state();
    assert_eq!(state.actions()[0], first, "undo reaches back over the restart");
    wait(&mut harness, "all on the disk", kept);
    // A second window only reads.
    let mut other = opened(folder.path());
    wait(&mut other, "who edits", |state| matches!(state.editing.access, Access::Theirs(_)));
    other.run_steps(2);
    screenshot(&mut other, "annotate_read_only");
    other.get_by_label("Take over").click();
    wait(&mut other, "the right to edit", |state| {
        state.editing.access == Access::Ours && state.playback.status == Status::Ready
    });
    wait(&mut harness, "that it is gone", |state| matches!(state.editing.access, Access::Theirs(_)));
}

#[test]
fn keys_are_shown_and_changed() {
    let folder = project();
    let mut harness = opened(folder.path());
    press(&mut harness, Modifiers::NONE, Key::F1);
    harness.run_steps(2);
    screenshot(&mut harness, "annotate_keys");
    harness.get_by_label("Key of: split at the playhead").scroll_to_me();
    harness.run_steps(3);
    harness.get_by_label("Key of: split at the playhead").click();
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::B);
    let keymap = &harness.state().state().settings.keymap;
    assert_eq!(keymap.deed_of("B").map(|deed| deed.id), Some("split"));
    assert_eq!(keymap.hint("split"), " (B)");
    // A key that does something else already: said, and taken from that.
    harness.get_by_label("Key of: split at the playhead").click();
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::M);
    harness.run_steps(2);
    assert_eq!(
        harness.query_all_by_label_contains("M was \u{201c}merge the selected\u{201d}, which has no key now").count(),
        1
    );
    assert_eq!(harness.state().state().settings.keymap.hint("merge"), "");
    harness.get_by_label("Preset of keys").click();
    harness.run_steps(3);
    harness.get_by_label("CVAT and DIVE").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state().settings.keymap.hint("duplicate"), " (Ctrl+B)");
    harness.get_by_label("Preset of keys").click();
    harness.run_steps(3);
    harness.get_by_label("Default").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state().settings.keymap.hint("merge"), " (M)");
    harness.get_by_label("Key of: split at the playhead").scroll_to_me();
    harness.run_steps(3);
    harness.get_by_label("Key of: split at the playhead").click();
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::B);
    press(&mut harness, Modifiers::NONE, Key::F1);
    let before = actions(&harness).len();
    let segment = actions(&harness)[0].segment;
    let middle = etad::domain::MediaTime::from_secs((segment[0] + segment[1]) / 2.0);
    harness.state_mut().command(Command::Seek(middle));
    harness.step();
    press(&mut harness, Modifiers::NONE, Key::S);
    assert_eq!(actions(&harness).len(), before, "S does nothing any more");
    press(&mut harness, Modifiers::NONE, Key::B);
    assert!(actions(&harness).len() > before);
}

#[test]
fn an_export_comes_back_through_the_preview() {
    let folder = project();
    let mut harness = opened(folder.path());
    let before = actions(&harness).len();
    harness.get_by_label("Annotations").click();
    harness.run_steps(3);
    harness.get_by_label("CSV table…").click();
    wait(&mut harness, "the file", |state| {
        state.notices.shown.iter().any(|notice| notice.failure.sentence.starts_with("Saved"))
    });
    let table = folder.path().join("annotations.csv");
    assert!(std::fs::read_to_string(&table).expect("written").lines().count() > 3);
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::A);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert!(actions(&harness).is_empty());
    harness.get_by_label("Annotations").click();
    harness.run_steps(3);
    harness.get_by_label("Import…").click();
    wait(&mut harness, "a field, as there is no dialog", |state| state.path_field.is_some());
    harness.run_steps(2);
    harness.state_mut().command(Command::EditPath(table.display().to_string()));
    harness.run_steps(2);
    harness.get_by_label("Import").click();
    wait(&mut harness, "the preview", |state| state.editing.importing.is_some());
    harness.run_steps(2);
    screenshot(&mut harness, "annotate_import");
    harness.get_by_label("Import these").click();
    harness.run_steps(3);
    assert_eq!(actions(&harness).len(), before);
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    assert!(actions(&harness).is_empty(), "an import is one step");
}

/// Pictures in all sizes and both themes, to be looked at.
#[test]
fn pictures() {
    if std::env::var_os("ETAD_SCREENSHOTS").is_none() {
        return println!("skipped: ETAD_SCREENSHOTS names no folder");
    }
    let folder = project();
    for (name, size, density) in
        [("720", [1280.0, 720.0], 1.0), ("1080", [1920.0, 1080.0], 1.0), ("2160", [1920.0, 1080.0], 2.0)]
    {
        let mut harness = crate::ui_support::window_of(&[folder.path().to_owned()], size, density);
        wait(&mut harness, "a picture", |state| state.playback.status == Status::Ready);
        wait(&mut harness, "small pictures", |state| {
            state.library.entries.iter().all(|entry| entry.thumbnail == etad::state::Thumbnail::Ready)
        });
        for (label, start, end) in [("clap", 2.0, 3.4), ("clap", 2.6, 4.0), ("kick", 4.1, 4.4), ("wave in", 5.0, 6.2)] {
            use etad::state::{Annotate, Grip};
            let drag = [
                Annotate::DragStart(Grip::New(label.to_owned()), start),
                Annotate::DragTo { at: end, reach: 0.0, free: true },
                Annotate::DragEnd,
            ];
            drag.into_iter().for_each(|command| harness.state_mut().command(command.into()));
        }
        let middle = etad::domain::MediaTime::from_secs(4.3);
        for command in [
            etad::state::Annotate::ToggleDraft.into(),
            Command::Seek(etad::domain::MediaTime::from_secs(6.4)),
            etad::state::Annotate::MarkIn.into(),
            Command::Seek(etad::domain::MediaTime::from_secs(7.4)),
            etad::state::Annotate::MarkOut.into(),
            etad::state::Annotate::MarkNotAnnotated.into(),
            Command::Seek(middle),
        ] {
            harness.state_mut().command(command);
        }
        harness.run_steps(3);
        harness.get_by_label("Segments").click();
        harness.run_steps(4);
        screenshot(&mut harness, &format!("timeline_{name}_dark"));
        harness.state_mut().command(Command::SetTheme(etad::state::ThemeChoice::Light));
        harness.run_steps(4);
        screenshot(&mut harness, &format!("timeline_{name}_light"));
        wait(&mut harness, "all on the disk", kept);
    }
}
