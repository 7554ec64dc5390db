//! A window under test: the real application on a software GPU, driven by labels.
//!
//! Where something is going on besides (a training, lengths of videos that come in), tests press by `click_accesskit`: what arrives
//! moves the buttons below it, and on a slow machine a pointer's click would land where the button was a picture before.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use etad::app::{AppOptions, Workbench};
use etad::sample::{SampleOptions, make};
use etad::state::{Command, State, ThemeChoice};

/// A small sample project, drawn once; each test gets a copy, so that none sees another's runs.
pub fn project() -> tempfile::TempDir {
    static SAMPLE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let sample = SAMPLE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("folder");
        let options = SampleOptions { videos: 4, seed: 7, seconds: (6.0, 8.0), force: true };
        make(folder.path(), &options, &mut |_, _| true).expect("a sample");
        folder
    });
    let copy = tempfile::tempdir().expect("folder");
    copy_folder(sample.path(), copy.path());
    copy
}

/// Copies a folder with all in it.
pub fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("listed").map(|entry| entry.expect("entry").path()) {
        let place = to.join(entry.file_name().expect("name"));
        if entry.is_dir() {
            std::fs::create_dir(&place).expect("made");
            copy_folder(&entry, &place);
        } else {
            std::fs::copy(&entry, &place).expect("copied");
        }
    }
}

/// The window, opened on `paths`.
pub fn window(paths: &[PathBuf]) -> Harness<'static, Workbench> {
    window_of(paths, [1280.0, 720.0], 1.0)
}

/// The window in another size, and on a denser display.
pub fn window_of(paths: &[PathBuf], size: [f32; 2], density: f32) -> Harness<'static, Workbench> {
    window_with(Path::new(env!("CARGO_BIN_EXE_etad")), paths, size, density)
}

/// The window with another program in the place of `etad`.
pub fn window_with(etad: &Path, paths: &[PathBuf], size: [f32; 2], density: f32) -> Harness<'static, Workbench> {
    let options = AppOptions { paths: paths.to_vec(), etad: etad.to_owned() };
    Harness::builder()
        .with_size(size)
        .with_pixels_per_point(density)
        .with_max_steps(16)
        .wgpu()
        .build_eframe(move |creation| Workbench::new(creation, options).expect("a window"))
}

/// Steps the window in real time until the state is as wanted.
pub fn wait(harness: &mut Harness<'static, Workbench>, what: &str, wanted: impl Fn(&State) -> bool) {
    wait_for(harness, what, Duration::from_secs(120), wanted);
}

/// As [`wait`], for what may take longer.
pub fn wait_for(
    harness: &mut Harness<'static, Workbench>,
    what: &str,
    patience: Duration,
    wanted: impl Fn(&State) -> bool,
) {
    let begin = Instant::now();
    while !wanted(harness.state().state()) {
        let notices = &harness.state().state().notices.shown;
        assert!(begin.elapsed() < patience, "{what} did not happen; notices: {notices:?}");
        harness.step();
        std::thread::sleep(Duration::from_millis(15));
    }
    harness.step();
}

/// The smallest configuration that trains on the small sample: epochs take moments, and there are enough of them that it goes on
/// until a test stops it.
pub fn tiny_config(folder: &Path) -> PathBuf {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/sample.toml")).expect("sample");
    let mut config: toml::Table = text.parse().expect("TOML");
    let mut set = |section: &str, key: &str, value: toml::Value| {
        config[section].as_table_mut().expect("a section").insert(key.to_owned(), value);
    };
    set("model", "tscale", 16.into());
    set("model", "dscale", 8.into());
    set("data", "window_seconds", 8.0.into());
    set("data", "clip_length", 4.into());
    set("data", "resize_height", 20.into());
    set("data", "resize_width", 20.into());
    set("data", "crop", 16.into());
    set("data", "test_crop", 16.into());
    set("solver", "epochs", 400.into());
    set("workflow", "report_interval", 1.into());
    let path = folder.join("tiny.toml");
    std::fs::write(&path, config.to_string()).expect("written");
    path
}

/// Writes a picture of the window where `ETAD_SCREENSHOTS` says, if it does.
pub fn screenshot(harness: &mut Harness<'static, Workbench>, name: &str) {
    let Some(folder) = std::env::var_os("ETAD_SCREENSHOTS") else { return };
    std::fs::create_dir_all(&folder).expect("folder");
    let image = harness.render().expect("a picture");
    image.save(Path::new(&folder).join(format!("{name}.png"))).expect("saved");
}

/// As [`screenshot`], in both themes and two sizes.
pub fn screenshots(harness: &mut Harness<'static, Workbench>, name: &str) {
    if std::env::var_os("ETAD_SCREENSHOTS").is_none() {
        return;
    }
    let small = egui::vec2(1280.0, 720.0);
    for (suffix, size, theme) in [
        ("", small, ThemeChoice::Dark),
        ("_light", small, ThemeChoice::Light),
        ("_light_hd", egui::vec2(1920.0, 1080.0), ThemeChoice::Light),
        ("_hd", egui::vec2(1920.0, 1080.0), ThemeChoice::Dark),
    ] {
        harness.set_size(size);
        harness.state_mut().command(Command::SetTheme(theme));
        harness.run_steps(6);
        screenshot(harness, &format!("{name}{suffix}"));
    }
    harness.set_size(small);
    harness.run_steps(6);
}

/// Starts a program; whoever gets it ends it.
pub fn spawned(command: &mut std::process::Command) -> std::process::Child {
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
