//! The player under a person's hands: magnifying, the region that counts, several video streams; and a picture of each of its states, where
//! `ETAD_SCREENSHOTS` names a folder for them.

use std::path::{Path, PathBuf};
use std::process::Command as Program;

use egui::{Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, Rect, TouchPhase, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use etad::app::Workbench;
use etad::state::{Command, State, Status, ThemeChoice};

use crate::made_videos;
use crate::ui_support::{project, screenshot, wait, window, window_of};

type Window = Harness<'static, Workbench>;

fn opened(paths: &[PathBuf]) -> Window {
    let mut harness = window(paths);
    wait(&mut harness, "a picture", |state| state.playback.status == Status::Ready);
    harness.run_steps(3);
    harness
}

fn state(harness: &Window) -> &State {
    harness.state().state()
}

fn picture(harness: &Window) -> Rect {
    harness.get_by_label("Picture").rect()
}

/// A point of the picture's panel by shares of its sides.
fn at(harness: &Window, x: f32, y: f32) -> Pos2 {
    let rect = picture(harness);
    rect.min + vec2(x, y) * rect.size()
}

fn button(pos: Pos2, pressed: bool) -> egui::Event {
    egui::Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE }
}

fn drag(harness: &mut Window, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    harness.step();
    harness.event(button(from, true));
    harness.step();
    for share in [0.3, 0.7, 1.0] {
        harness.hover_at(from + (to - from) * share);
        harness.step();
    }
    harness.event(button(to, false));
    harness.run_steps(2);
}

fn press(harness: &mut Window, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(2);
}

#[test]
fn the_wheel_magnifies_at_the_pointer_dragging_moves_and_a_double_click_shows_all() {
    let folder = project();
    let mut harness = opened(&[folder.path().to_owned()]);
    assert_eq!(state(&harness).playback.view.scale, None, "it begins with all of the picture");
    let pointer = at(&harness, 0.7, 0.35);
    harness.hover_at(pointer);
    harness.step();
    for _ in 0..4 {
        let (unit, phase) = (MouseWheelUnit::Point, TouchPhase::Move);
        let (source, modifiers) = (egui::MouseWheelSource::Unknown, Modifiers::NONE);
        let wheel = egui::Event::MouseWheel { unit, delta: vec2(0.0, 240.0), phase, source, modifiers };
        harness.event(wheel);
        harness.run_steps(12);
    }
    let view = state(&harness).playback.view;
    assert!(view.scale.is_some_and(|scale| scale > 2.0), "{view:?}");
    // The pointer was right of and above the middle: there is what is seen now.
    assert!(view.centre[0] > 0.52 && view.centre[1] < 0.48, "{view:?}");
    screenshot(&mut harness, "player_zoomed");

    let (from, to) = (at(&harness, 0.6, 0.5), at(&harness, 0.4, 0.55));
    drag(&mut harness, from, to);
    let moved = state(&harness).playback.view;
    assert!(moved.scale == view.scale, "dragging does not magnify");
    assert!(moved.centre[0] > view.centre[0] + 0.01 && moved.centre[1] < view.centre[1], "{view:?} {moved:?}");
    assert!(!state(&harness).playback.playing, "a drag is no click");

    press(&mut harness, Modifiers::SHIFT, Key::F4);
    assert_eq!(state(&harness).playback.view.scale, Some(1.0), "a pixel a pixel");
    let middle = at(&harness, 0.5, 0.5);
    harness.hover_at(middle);
    harness.step();
    for _ in 0..2 {
        // Each click in a picture of its own, as a person clicks.
        harness.input_mut().events.extend([true, false].map(|pressed| button(middle, pressed)));
        harness.step();
    }
    harness.run_steps(2);
    assert_eq!(state(&harness).playback.view.scale, None, "a double click shows all");
    assert!(!state(&harness).playback.playing, "and plays no more than before");

    harness.get_by_label("Size of the picture").click();
    harness.run_steps(3);
    harness.get_by_label("200 %").click();
    harness.run_steps(3);
    assert_eq!(state(&harness).playback.view.scale, Some(2.0));
    press(&mut harness, Modifiers::NONE, Key::F4);
    assert_eq!(state(&harness).playback.view.scale, None, "F4 shows all");
}

/// The region of the open video: left, top, width, height.
fn crop(harness: &Window) -> Option<[f64; 4]> {
    let state = state(harness);
    state.crop_of(&state.selected().expect("a video").id).map(Into::into)
}

fn is_near(crop: Option<[f64; 4]>, wanted: [f64; 4]) -> bool {
    crop.is_some_and(|crop| crop.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 0.015))
}

/// Where a share of the picture itself is, which fills its panel one way only.
fn place(harness: &Window, picture_aspect: f32, x: f32, y: f32) -> Pos2 {
    let panel = picture(harness);
    let width = panel.width().min(panel.height() * picture_aspect);
    let place = Rect::from_center_size(panel.center(), vec2(width, width / picture_aspect));
    place.min + vec2(x, y) * place.size()
}

#[test]
fn the_region_that_counts_is_drawn_moved_resized_cleared_and_kept() {
    let folder = project();
    let mut harness = opened(&[folder.path().to_owned()]);
    let id = state(&harness).selected().expect("a video").id.clone();
    let info = etad::video::probe(&state(&harness).selected().expect("a video").path).expect("a video");
    let aspect = info.width as f32 / info.height as f32;
    harness.get_by_label("Draw the region that counts").click();
    harness.run_steps(2);
    assert!(state(&harness).playback.cropping.on);
    screenshot(&mut harness, "player_crop_begun");
    let (from, to) = (place(&harness, aspect, 0.2, 0.3), place(&harness, aspect, 0.7, 0.8));
    drag(&mut harness, from, to);
    assert!(is_near(crop(&harness), [0.2, 0.3, 0.5, 0.5]), "{:?}", crop(&harness));
    assert!(!state(&harness).playback.playing && state(&harness).playback.view.scale.is_none());
    harness.get_by_label("Region that is learnt from");
    screenshot(&mut harness, "player_crop_drawn");

    // A handle, the body, a click, which changes nothing.
    let (from, to) = (harness.get_by_label("Region: right").rect().center(), place(&harness, aspect, 0.9, 0.5));
    drag(&mut harness, from, to);
    assert!(is_near(crop(&harness), [0.2, 0.3, 0.7, 0.5]), "{:?}", crop(&harness));
    let (from, to) = (harness.get_by_label("Region: top left").rect().center(), place(&harness, aspect, 0.3, 0.2));
    drag(&mut harness, from, to);
    assert!(is_near(crop(&harness), [0.3, 0.2, 0.6, 0.6]), "{:?}", crop(&harness));
    let (from, to) = (place(&harness, aspect, 0.5, 0.4), place(&harness, aspect, 0.1, 0.5));
    drag(&mut harness, from, to);
    assert!(is_near(crop(&harness), [0.0, 0.3, 0.6, 0.6]), "it stops at the edge: {:?}", crop(&harness));
    let before = crop(&harness);
    let corner = place(&harness, aspect, 0.95, 0.05);
    drag(&mut harness, corner, corner);
    assert_eq!(crop(&harness), before);
    assert!(!state(&harness).playback.playing);

    // Each was a step of undo.
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    assert!(is_near(crop(&harness), [0.3, 0.2, 0.6, 0.6]));
    (0..3).for_each(|_| press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Z));
    assert_eq!(crop(&harness), None);
    (0..3).for_each(|_| press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Y));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!state(&harness).playback.cropping.on);
    assert!(harness.query_by_label("Region: right").is_none(), "the handles are gone, the region stays");
    harness.get_by_label("Region that is learnt from");
    screenshot(&mut harness, "player_crop_kept");

    wait(&mut harness, "the edits on the disk", |state| state.editing.last > 0 && state.editing.is_kept());
    drop(harness);
    let mut harness = opened(&[folder.path().to_owned()]);
    assert!(is_near(crop(&harness), [0.3, 0.2, 0.6, 0.6]), "after a restart: {:?}", crop(&harness));
    let video = etad::project::open(&[folder.path().to_owned()]).expect("a project").dataset();
    assert_eq!(video.video(&id).and_then(|video| video.crop).map(Into::into), crop(&harness), "the trainer's too");
    press(&mut harness, Modifiers::SHIFT, Key::R);
    assert_eq!(crop(&harness), None);
    press(&mut harness, Modifiers::NONE, Key::R);
    assert!(state(&harness).playback.cropping.on, "R draws");
}

#[test]
fn another_video_stream_is_chosen_taken_back_and_kept() {
    let Some(files) = made_videos::files() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let made = files.iter().find(|path| path.ends_with("two_streams.mkv")).expect("made");
    std::fs::copy(made, folder.path().join("two.mkv")).expect("copied");
    let mut harness = opened(&[folder.path().to_owned()]);
    wait(&mut harness, "all frames", |state| state.playback.streams.len() == 2);
    let main = state(&harness).playback.frames;
    let (other, frames) = if main == 100 { (1, 30) } else { (0, 100) };
    harness.run_steps(3);
    assert_eq!(harness.query_all_by_label_contains("2 video streams").count(), 1, "it is said");
    screenshot(&mut harness, "player_streams");
    harness.get_by_label("Video stream").click();
    harness.run_steps(3);
    screenshot(&mut harness, "player_streams_menu");
    harness.get_by_label_contains(&format!("stream {other}: h264")).click();
    harness.step();
    wait(&mut harness, "the other stream", |state| state.playback.is_ready() && state.playback.frames == frames);
    assert_eq!(state(&harness).stream_of("two"), Some(other));
    wait(&mut harness, "its length", |state| {
        state.library.entries[0].frame.is_some_and(|frame| (frame - if frames == 30 { 0.1 } else { 0.04 }).abs() < 0.01)
    });
    harness.run_steps(3);
    screenshot(&mut harness, "player_streams_other");
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    wait(&mut harness, "the main stream", |state| state.playback.is_ready() && state.playback.frames == main);
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::Y);
    wait(&mut harness, "the other again", |state| state.playback.is_ready() && state.playback.frames == frames);
    wait(&mut harness, "the edits on the disk", |state| state.editing.is_kept());
    drop(harness);
    let mut harness = opened(&[folder.path().to_owned()]);
    wait(&mut harness, "the other after a restart", |state| state.playback.frames == frames);
    let data = etad::project::open(&[folder.path().to_owned()]).expect("a project").dataset();
    assert_eq!(data.video("two").and_then(|video| video.stream), Some(other), "the trainer's too");
}

/// Makes files of every state in `folder`; false with a printed reason without `ffmpeg`.
fn states(folder: &Path) -> bool {
    let ffmpeg = |arguments: &str, name: &str| {
        let mut command = Program::new("ffmpeg");
        command.args(["-hide_banner", "-loglevel", "error", "-y", "-nostdin"]).args(arguments.split(' '));
        command.arg(folder.join(name)).status().is_ok_and(|status| status.success())
    };
    let film = |size: &str, more: &str| format!("-f lavfi -i testsrc2=size={size}:rate=25:duration=4 {more}");
    let x264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p";
    if !ffmpeg("-f lavfi -i anoisesrc=d=3:a=0.2 -c:a aac", "audio_only.mp4") {
        println!("skipped: there is no ffmpeg program; scripts/setup.sh test installs it");
        return false;
    }
    let hdr = "-c:v libx264 -pix_fmt yuv420p10le -color_primaries bt2020 -colorspace bt2020nc -color_trc smpte2084";
    let with_sound = "-f lavfi -i sine=frequency=330:duration=4 -c:a aac";
    let made = [
        ffmpeg(&film("640x360", &format!("{with_sound} {x264}")), "plain.mp4"),
        ffmpeg(&film("640x360", "-c:v libvpx -b:v 1M -g 25"), "whole.webm"),
        ffmpeg(&film("640x360", hdr), "hdr_ten_bit.mp4"),
        ffmpeg(&film("16x16", x264), "tiny.mp4"),
        ffmpeg(&film("333x251", "-c:v ffv1"), "odd_size.mkv"),
        ffmpeg(&film("360x640", x264), "upright.mp4"),
        ffmpeg(&film("720x576", &format!("-aspect 16:9 {x264}")), "wide_pixels.mp4"),
        ffmpeg(&film("640x360", "-vf format=rgba,colorchannelmixer=aa=0.6 -c:v png"), "see_through.mov"),
    ];
    assert!(made.iter().all(|made| *made), "{made:?}");
    let turned = folder.join("plain.mp4");
    let turned = turned.to_str().expect("UTF-8");
    let rotated = ffmpeg(&format!("-display_rotation 90 -i {turned} -c copy"), "rotated.mp4")
        || ffmpeg(&format!("-i {turned} -c copy -metadata:s:v rotate=90"), "rotated.mp4");
    assert!(rotated, "no way to write a rotation");
    let whole = std::fs::read(folder.join("whole.webm")).expect("made");
    std::fs::write(folder.join("ends_early.webm"), &whole[..whole.len() * 6 / 10]).expect("written");
    std::fs::remove_file(folder.join("whole.webm")).expect("removed");
    let mut damaged = std::fs::read(folder.join("plain.mp4")).expect("made");
    let half = damaged.len() / 2;
    damaged[half..half + 3000].iter_mut().for_each(|byte| *byte ^= 0x5a);
    std::fs::write(folder.join("damaged.mp4"), damaged).expect("written");
    std::fs::write(folder.join("text.mp4"), "I am text").expect("written");
    let long =
        "a_recording_of_the_second_cage_on_the_left_side_camera_3_day_17_light_phase_after_feeding_kept_for_review";
    std::fs::copy(folder.join("plain.mp4"), folder.join(format!("{long}.mp4"))).expect("copied");
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/video/torture");
    match std::fs::copy(shared.join("mp4p_av1-clearkey-cbcs-video.mp4"), folder.join("encrypted.mp4")) {
        Ok(_) => {}
        Err(_) => println!("the encrypted file is left out: there is no ../shared/data"),
    }
    true
}

#[test]
fn every_state_of_the_player_is_shown_and_none_hangs() {
    let folder = tempfile::tempdir().expect("a folder");
    if !states(folder.path()) {
        return;
    }
    let seen = std::env::var_os("ETAD_SCREENSHOTS").is_some();
    let sizes: &[([f32; 2], &str)] =
        if seen { &[([1280.0, 720.0], ""), ([760.0, 480.0], "_small")] } else { &[([1280.0, 720.0], "")] };
    for (size, suffix) in sizes {
        let mut harness = window_of(&[folder.path().to_owned()], *size, 1.0);
        wait(&mut harness, "a project", |state| !state.library.entries.is_empty());
        let names: Vec<String> = state(&harness).library.entries.iter().map(|entry| entry.id.clone()).collect();
        for (index, name) in names.iter().enumerate() {
            harness.state_mut().command(Command::Select(index));
            harness.step();
            if name == "plain" {
                screenshot(&mut harness, &format!("player_loading{suffix}"));
            }
            wait(&mut harness, name, |state| matches!(state.playback.status, Status::Ready | Status::Failed(_)));
            let is_video = !["audio_only", "text", "encrypted"].contains(&name.as_str());
            let playback = &state(&harness).playback;
            if is_video {
                assert_eq!(playback.status, Status::Ready, "{name}");
                wait(&mut harness, "a picture", |state| state.playback.frames > 0);
                harness.state_mut().command(Command::Seek(etad::domain::MediaTime::from_secs(1.0)));
                wait(&mut harness, "a frame", |state| state.playback.time.as_secs() > 0.5 && !state.playback.waiting);
            }
            if ["ends_early", "damaged"].contains(&name.as_str()) {
                wait(&mut harness, name, |state| !state.playback.warnings.is_empty());
            }
            if matches!(name.as_str(), "audio_only" | "text") {
                assert!(matches!(state(&harness).playback.status, Status::Failed(_)), "{name}");
            }
            for _ in 0..if seen { 12 } else { 2 } {
                harness.step();
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            let name: String = name.chars().take(16).collect();
            screenshot(&mut harness, &format!("player_{name}{suffix}"));
            if name == "plain" {
                harness.state_mut().command(Command::ToggleStats);
                harness.state_mut().command(Command::TogglePlay);
                wait(&mut harness, "playing", |state| state.playback.time.as_secs() > 1.5);
                screenshot(&mut harness, &format!("player_playing{suffix}"));
                harness.state_mut().command(Command::Pause);
                harness.state_mut().command(Command::SetTheme(ThemeChoice::Light));
                harness.run_steps(3);
                screenshot(&mut harness, &format!("player_light{suffix}"));
                harness.state_mut().command(Command::DrawCrop(etad::state::DrawCrop::Mode(true)));
                harness.run_steps(3);
                let (from, to) = (at(&harness, 0.3, 0.3), at(&harness, 0.6, 0.7));
                drag(&mut harness, from, to);
                screenshot(&mut harness, &format!("player_light_crop{suffix}"));
                press(&mut harness, Modifiers::NONE, Key::Escape);
                harness.state_mut().command(Command::SetTheme(ThemeChoice::Dark));
                harness.state_mut().command(Command::ToggleStats);
            }
        }
    }
}
