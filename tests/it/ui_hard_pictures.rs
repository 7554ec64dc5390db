//! Pictures of what is hard to show, to be looked at: very long names, many classes, overlaps, narrow segments, finding, nothing at
//! all, a disk that fails. `ETAD_SCREENSHOTS=FOLDER` says where they go; without it this test does nothing but for names on bars.

use std::path::Path;

use egui::{Key, Modifiers, Shape};
use egui_kittest::kittest::Queryable as _;
use etad::state::{Annotate, Command, LaneMode, Pick, Status, ThemeChoice};
use serde_json::json;

use crate::ui_hands::{Window, blank, press};
use crate::ui_support::{project, screenshot, wait, window_of};

const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
const LONG_VIDEO: &str =
    "2026-11-23 camera 3, north entrance in the rain, second observer, uncut take of the whole morning";
const LONG_CLASS: &str = "lifts the left hind paw and shakes it while the head turns towards the partner";
const LONG_SUBJECT: &str = "the older of the two tortoiseshell cats (with the notched left ear)";

/// A project in which everything is longer and more than it should be.
fn hard() -> tempfile::TempDir {
    let folder = project();
    let path = folder.path().join("annotations.json");
    let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("there")).expect("JSON");
    let database = value["database"].as_object_mut().expect("videos");
    let (name, mut video) = database.iter().next().map(|(name, video)| (name.clone(), video.clone())).expect("a video");
    database.remove(&name);
    let old = folder.path().join(video["path"].as_str().expect("a path"));
    let new = old.with_file_name(format!("{LONG_VIDEO}.mp4"));
    std::fs::rename(&old, &new).expect("renamed");
    let relative = new.strip_prefix(folder.path()).expect("inside").display().to_string();
    video["path"] = json!(relative);
    let mut segments = vec![
        json!({"segment": [0.3, 3.1], "label": LONG_CLASS, "subject": LONG_SUBJECT, "note": "seen from behind, hidden by the fence for about half a second, so that the end is guessed"}),
        json!({"segment": [4.0, 5.5], "label": LONG_CLASS, "state": "draft"}),
    ];
    for n in 0..6 {
        let start = 1.0 + 0.2 * f64::from(n);
        segments.push(json!({"segment": [start, start + 2.5], "label": "clap", "subject": LONG_SUBJECT}));
    }
    for n in 0..120 {
        let start = 0.5 + 0.05 * f64::from(n);
        segments.push(json!({"segment": [start, start + 0.02], "label": "blink"}));
    }
    let classes: Vec<String> = [LONG_CLASS, "clap", "blink"]
        .map(str::to_owned)
        .into_iter()
        .chain((4..15).map(|n| format!("class {n}")))
        .collect();
    for (n, class) in classes.iter().enumerate().skip(3) {
        let start = 0.2 + 0.45 * n as f64;
        segments.push(json!({"segment": [start, start + 1.1], "label": class}));
    }
    video["annotations"] = json!(segments);
    database.insert(LONG_VIDEO.to_owned(), video);
    std::fs::write(&path, value.to_string()).expect("written");
    std::fs::write(
        folder.path().join("project.toml"),
        format!("name = \"A project whose name is long enough to meet the buttons beside it in a small window\"\nclasses = {classes:?}"),
    )
    .expect("written");
    folder
}

/// Opens the long video, with everything drawn that comes in.
fn shown(folder: &Path, size: [f32; 2], density: f32) -> Window {
    let mut harness = window_of(&[folder.to_owned()], size, density);
    wait(&mut harness, "a picture", |state| state.playback.status == Status::Ready);
    let at = harness.state().state().library.entries.iter().position(|entry| entry.id == LONG_VIDEO).expect("there");
    harness.state_mut().command(Command::Select(at));
    wait(&mut harness, "the long video", |state| {
        state.playback.video == Some(at) && state.playback.status == Status::Ready && !state.playback.times.is_empty()
    });
    wait(&mut harness, "small pictures", |state| {
        state.library.entries.iter().all(|entry| entry.thumbnail == etad::state::Thumbnail::Ready)
    });
    (0..20).for_each(|_| {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    });
    harness
}

/// Beyond twelve classes colours come again: the names stand on the bars, and beside the lanes.
#[test]
fn with_more_classes_than_colours_names_stand_on_bars_and_lanes() {
    let folder = hard();
    let mut harness = shown(folder.path(), [1920.0, 2400.0], 1.0);
    let painted = |harness: &Window, wanted: &str| {
        let shapes = harness.output().shapes.iter();
        shapes.filter(|shape| matches!(&shape.shape, Shape::Text(text) if text.galley.text() == wanted)).count()
    };
    for mode in [LaneMode::Stacked, LaneMode::BySource, LaneMode::ByClass] {
        harness.state_mut().command(Command::SetLanes(mode));
        harness.run_steps(3);
        // Stacked bars beyond the fourth row lie on each other: the ones that come last are seen.
        for class in ["class 13", "class 14"] {
            assert!(painted(&harness, class) > 0, "{class} has no name in {mode:?}");
        }
    }
    assert!(painted(&harness, "class 14") > 1, "on its bar and on its lane");
}

#[test]
fn pictures_of_what_is_hard_to_show() {
    if std::env::var_os("ETAD_SCREENSHOTS").is_none() {
        return println!("skipped: ETAD_SCREENSHOTS names no folder");
    }
    let folder = hard();
    for (name, size, density) in
        [("720", [1280.0, 720.0], 1.0), ("1080", [1920.0, 1080.0], 1.0), ("2160", [1920.0, 1080.0], 2.0)]
    {
        let mut harness = shown(folder.path(), size, density);
        for (theme, word) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
            harness.state_mut().command(Command::SetTheme(theme));
            harness.state_mut().command(Command::SetLanes(LaneMode::ByClass));
            let id = harness.state().state().actions().first().expect("one").id;
            harness.state_mut().command(Annotate::Select(id, Pick::Only).into());
            press(&mut harness, Modifiers::NONE, Key::F3);
            harness.run_steps(4);
            screenshot(&mut harness, &format!("hard_{name}_{word}"));
            harness.state_mut().command(Command::SetLanes(LaneMode::Stacked));
            press(&mut harness, CTRL, Key::F);
            harness.event(egui::Event::Text("cla".to_owned()));
            harness.run_steps(4);
            screenshot(&mut harness, &format!("hard_find_{name}_{word}"));
            press(&mut harness, CTRL, Key::A);
            press(&mut harness, Modifiers::NONE, Key::Delete);
            press(&mut harness, Modifiers::NONE, Key::Escape);
        }
    }
    let folder = project();
    let mut harness = blank(folder.path());
    for (theme, word) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        harness.state_mut().command(Command::SetTheme(theme));
        harness.get_by_label("Segments").click_accesskit();
        harness.run_steps(4);
        screenshot(&mut harness, &format!("hard_empty_{word}"));
    }
    let away = folder.path().with_extension("away");
    std::fs::rename(folder.path(), &away).expect("pulled out");
    harness.state_mut().command(Annotate::AddClass("stumble".to_owned()).into());
    wait(&mut harness, "the trouble", |state| state.editing.trouble.is_some());
    harness.state_mut().command(Annotate::Close.into());
    for (theme, word) in [(ThemeChoice::Light, "light"), (ThemeChoice::Dark, "dark")] {
        harness.state_mut().command(Command::SetTheme(theme));
        harness.run_steps(4);
        screenshot(&mut harness, &format!("hard_error_{word}"));
    }
    std::fs::rename(&away, folder.path()).expect("back");
}
