//! Every control has a name for those who do not see it, and a tooltip for those who do: all panels are walked through.

use egui::accesskit::Role;
use egui::{Key, Modifiers, Order, Rect};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use etad::state::keymap::DEEDS;
use etad::state::{Command, LaneMode, Status};

use crate::ui_hands::{Window, press};
use crate::ui_support::{project, wait, window_of};

/// What a person can press, type in or move.
const ROLES: [Role; 8] = [
    Role::Button,
    Role::CheckBox,
    Role::ComboBox,
    Role::Slider,
    Role::SpinButton,
    Role::TextInput,
    Role::RadioButton,
    Role::ScrollBar,
];

/// A control with its name.
struct Control {
    name: String,
    role: Role,
    rect: Rect,
}

fn controls(harness: &Window) -> Vec<Control> {
    let found = harness.query_all_by(|node| ROLES.contains(&node.role()));
    let control = |node: egui_kittest::Node<'_>| {
        let inner = node.accesskit_node();
        Control { name: inner.label().unwrap_or_default(), role: inner.role(), rect: node.rect() }
    };
    found.map(control).collect()
}

/// Whether the control tells more when the pointer rests on it. What comes in meanwhile may move it, so it is looked up again.
fn has_tooltip(harness: &mut Window, role: Role, name: &str) -> bool {
    for _ in 0..10 {
        let Some(control) = controls(harness).into_iter().find(|one| one.role == role && one.name == name) else {
            continue;
        };
        harness.hover_at(control.rect.center());
        harness.run_steps(3);
        let shown = harness.ctx.memory(|memory| memory.areas().visible_layer_ids());
        if shown.iter().any(|layer| layer.order == Order::Tooltip) {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        harness.run_steps(1);
    }
    false
}

/// A window with room for every panel, whose tooltips come at once.
fn roomy(folder: &std::path::Path) -> Window {
    let mut harness = window_of(&[folder.to_owned()], [1900.0, 1800.0], 1.0);
    wait(&mut harness, "a picture", |state| state.playback.status == Status::Ready);
    wait(&mut harness, "a checked project", |state| matches!(state.training.health, etad::state::Health::Checked(_)));
    harness.ctx.all_styles_mut(|style| {
        style.interaction.tooltip_delay = 0.0;
        style.interaction.tooltip_grace_time = 0.0;
        style.interaction.show_tooltips_only_when_still = false;
    });
    harness.state_mut().command(Command::SetLanes(LaneMode::ByClass));
    harness
}

#[test]
fn every_control_has_a_name_and_a_tooltip() {
    let folder = project();
    let mut harness = roomy(folder.path());
    let id = harness.state().state().actions().first().expect("truth").id;
    harness.state_mut().command(etad::state::Annotate::Select(id, etad::state::Pick::Only).into());
    let mut seen = std::collections::BTreeSet::new();
    let (mut nameless, mut silent) = (Vec::new(), Vec::new());
    let keys = [Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9, Key::F3];
    for key in keys {
        let modifiers = if key == Key::F3 { Modifiers::NONE } else { Modifiers::CTRL | Modifiers::COMMAND };
        press(&mut harness, modifiers, key);
        harness.run_steps(4);
        let screen = harness.ctx.content_rect();
        for Control { name, role, rect } in controls(&harness) {
            if name.is_empty() {
                nameless.push(format!("{role:?} at {rect:?} behind {key:?}"));
            } else if screen.contains_rect(rect)
                && seen.insert((format!("{role:?}"), name.clone()))
                && !has_tooltip(&mut harness, role, &name)
            {
                silent.push(format!("{role:?} \u{201c}{name}\u{201d}"));
            }
        }
    }
    println!("{} controls", seen.len());
    assert!(nameless.is_empty(), "without a name: {nameless:#?}");
    assert!(silent.is_empty(), "without a tooltip: {silent:#?}");
    assert!(seen.len() > 60);
}

/// Where controls of deeds are: the panel in front, then the deed and the name of the control that does it.
const BY_PANEL: &[(&str, &[(&str, &str)])] = &[
    (
        "Training",
        &[
            ("play", "Play"),
            ("shuttle.back", "Play"),
            ("shuttle.forward", "Play"),
            ("frame.back", "Frame back"),
            ("frame.forward", "Frame forward"),
            ("slower", "Speed"),
            ("faster", "Speed"),
            ("undo", "Undo"),
            ("redo", "Redo"),
            ("zoom.in", "Show the whole video"),
            ("zoom.out", "Show the whole video"),
            ("fit", "Show the whole video"),
            ("lanes", "Lanes"),
            ("follow", "Follow"),
            ("mark.in", "Playhead"),
            ("mark.out", "Playhead"),
            ("picture.whole", "Size of the picture"),
            ("picture.true", "Size of the picture"),
            ("crop", "Draw the region that counts"),
            ("find.video", "Find a video by name"),
            ("open", "Open"),
            ("menus", "Open"),
            ("import", "Annotations"),
            ("export", "Annotations"),
            ("keys", "Help"),
            ("save", "All edits on disk"),
            ("train", "Train"),
            ("panel.library", "Library"),
            ("panel.player", "Player"),
            ("panel.timeline", "Timeline"),
            ("panel.training", "Training"),
            ("panel.detections", "Detections"),
            ("panel.errors", "Errors"),
            ("panel.analysis", "Analysis"),
            ("panel.evidence", "Evidence"),
            ("panel.segments", "Segments"),
            ("panel.classes", "Classes"),
        ],
    ),
    (
        "Errors",
        &[
            ("accept", "Accept"),
            ("reject", "Reject"),
            ("annotate.next", "What next"),
            ("error.next", "Next"),
            ("error.previous", "Back"),
        ],
    ),
    (
        "Segments",
        &[
            ("find", "Find segments"),
            ("hit.next", "Find segments"),
            ("cell.edit", "Start"),
            ("cell.note", "Note"),
            ("verify", "Draft"),
        ],
    ),
    (
        "Classes",
        &[
            ("class.previous", "clap"),
            ("class.next", "clap"),
            ("class.edit", "Edit class clap"),
            ("subjects", "New subject"),
            ("measure", "Measure"),
            ("video.done", "Done"),
        ],
    ),
];

/// The words of the menu on a segment.
const IN_THE_MENU: &[(&str, &str)] = &[
    ("split", "Split at the playhead"),
    ("merge", "Merge"),
    ("duplicate", "Duplicate"),
    ("copy", "Copy"),
    ("paste", "Paste at the playhead"),
    ("loop", "Play again and again"),
    ("delete", "Delete"),
    ("class.set", "Class"),
];

/// The words of the View menu.
const IN_VIEW: &[(&str, &str)] = &[("larger", "200 %"), ("smaller", "75 %"), ("normal", "100 %")];

/// Deeds that only keys do: no control could have their key in its tooltip. The button of "crop.clear" is there only while a region
/// is drawn.
const KEYS_ALONE: &[&str] = &[
    "shuttle.stop",
    "frames.back",
    "frames.forward",
    "second.back",
    "second.forward",
    "mark.make",
    "mark.unknown",
    "unknown.clear",
    "segment.previous",
    "segment.next",
    "segment.previous.too",
    "segment.next.too",
    "segment.start",
    "segment.end",
    "start.earlier",
    "start.later",
    "end.earlier",
    "end.later",
    "both.earlier",
    "both.later",
    "cut",
    "select.all",
    "select.none",
    "video.previous",
    "video.next",
    "pan.back",
    "pan.forward",
    "stats",
    "hit.previous",
    "subject.next",
    "crop.clear",
];

/// Whether the tooltip of a control, whichever of those with this name is meant, has the first key of a deed.
fn tells_the_key(harness: &mut Window, name: &str, deed: &str) -> bool {
    let hint = harness.state().state().settings.keymap.hint(deed);
    assert!(!hint.is_empty(), "{deed} has no key");
    for _ in 0..4 {
        let places: Vec<Rect> = harness.query_all_by_label(name).map(|node| node.rect()).collect();
        for place in places {
            harness.hover_at(place.center());
            harness.run_steps(3);
            if harness.query_all_by_label_contains(&hint).count() > 0 {
                return true;
            }
        }
        harness.run_steps(1);
    }
    false
}

/// Controls whose tooltip lacks the key of what they do.
fn keyless(harness: &mut Window) -> Vec<String> {
    let mut missing = Vec::new();
    let mut look = |harness: &mut Window, of: &[(&str, &str)]| {
        for (deed, name) in of {
            if !tells_the_key(harness, name, deed) {
                let hint = harness.state().state().settings.keymap.hint(deed);
                missing.push(format!("\u{201c}{name}\u{201d} lacks{hint} of {deed}"));
            }
        }
    };
    for (panel, of) in BY_PANEL {
        harness.get_by_label(panel).click_accesskit();
        harness.run_steps(4);
        look(harness, of);
    }
    harness.query_all_by_label_contains("Truth clap").next().expect("a bar").click_secondary();
    harness.run_steps(3);
    look(harness, IN_THE_MENU);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    harness.get_by_label("View").click_accesskit();
    harness.run_steps(3);
    look(harness, IN_VIEW);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    missing
}

#[test]
fn the_tooltip_of_a_control_has_its_key_also_after_another_key_was_chosen() {
    let with: Vec<&str> = BY_PANEL
        .iter()
        .flat_map(|(_, of)| of.iter())
        .chain(IN_THE_MENU)
        .chain(IN_VIEW)
        .map(|(deed, _)| *deed)
        .collect();
    for deed in DEEDS {
        let known = with.contains(&deed.id) != KEYS_ALONE.contains(&deed.id);
        assert!(known, "{}: say which control does it, or that none does", deed.id);
    }
    let folder = project();
    let mut harness = roomy(folder.path());
    let clap = |harness: &Window| {
        let actions = harness.state().state().actions();
        actions.iter().find(|action| action.label == "clap").or(actions.first()).expect("truth").clone()
    };
    let segment = etad::state::Annotate::DragStart(etad::state::Grip::New("clap".to_owned()), 0.5);
    for command in [
        segment,
        etad::state::Annotate::DragTo { at: 1.5, reach: 0.0, free: true },
        etad::state::Annotate::DragEnd,
        etad::state::Annotate::ChooseClass("clap".to_owned()),
    ] {
        harness.state_mut().command(command.into());
    }
    let id = clap(&harness).id;
    harness.state_mut().command(etad::state::Annotate::Select(id, etad::state::Pick::Only).into());
    harness.state_mut().command(etad::state::Annotate::Copy.into());
    wait(&mut harness, "all on the disk", crate::ui_hands::kept);
    // Something found, so that there is something to judge.
    let open = harness.state().state().selected().expect("open").id.clone();
    let found = serde_json::json!({"results": {open: [{"segment": [3.0, 4.0], "label": "clap", "score": 0.7}]}});
    let file = folder.path().join("found.json");
    std::fs::write(&file, found.to_string()).expect("written");
    harness.state_mut().command(Command::OpenPredictions);
    wait(&mut harness, "a field for the path", |state| state.path_field.is_some());
    harness.state_mut().command(Command::EditPath(file.display().to_string()));
    harness.state_mut().command(Command::TakeTypedPath);
    wait(&mut harness, "detections", |state| state.predictions.current().is_some());
    // It says why nothing is compared, where a subset has no such video; then there is nothing to judge.
    wait(&mut harness, "a comparison", |state| state.inspect.comparison.is_some());
    assert_eq!(keyless(&mut harness), Vec::<String>::new());
    // Another key each, and the tooltips follow.
    let letters = || ('A'..='Z').chain('0'..='9').map(String::from);
    let chords =
        letters().map(|key| format!("Shift+Alt+{key}")).chain(letters().map(|key| format!("Ctrl+Shift+Alt+{key}")));
    for (deed, chord) in DEEDS.iter().filter(|deed| with.contains(&deed.id)).zip(chords) {
        harness.state_mut().command(Command::Bind(deed.id, chord));
    }
    harness.run_steps(2);
    assert_eq!(harness.state().state().settings.keymap.hint("play"), " (Shift+Alt+A)");
    assert_eq!(keyless(&mut harness), Vec::<String>::new(), "after other keys were chosen");
}
