//! Ten times kill -9 of the real window, on a display of its own: what was done more than a moment ago is there again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use etad::domain::{Draw, Purpose};
use etad::project;

use crate::ui_support;

/// What a key may take through a virtual display and a software GPU on a busy machine, beside the second that is promised.
const LATE: Duration = Duration::from_millis(2500);

fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// A child that ends with the test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn entries(folder: &Path) -> u64 {
    project::open(&[folder.to_owned()]).expect("opens").last
}

#[test]
fn ten_kills_of_the_window() {
    if !is_there("Xvfb") || !is_there("xdotool") {
        println!("skipped: Xvfb and xdotool are not installed (scripts/setup.sh test)");
        return;
    }
    let work = tempfile::tempdir().expect("folder");
    let project_folder = ui_support::project();
    let folder = project_folder.path();
    let number = work.path().join("display");
    let out = std::fs::File::create(&number).expect("made");
    let mut server = Command::new("Xvfb");
    server.args(["-displayfd", "1", "-screen", "0", "900x600x24"]).stdout(out).stderr(Stdio::null());
    let _server = Guard(ui_support::spawned(&mut server));
    let begin = Instant::now();
    let display = loop {
        let text = std::fs::read_to_string(&number).unwrap_or_default();
        if text.ends_with('\n') {
            break format!(":{}", text.trim());
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "no display");
        std::thread::sleep(Duration::from_millis(50));
    };
    let mut draw = Draw::new(5, Purpose::Sample, &[10]);
    let (mut pressed, mut late) = (0, 0);
    for kill in 0..10 {
        let before = entries(folder);
        let times = work.path().join(format!("{kill}.csv"));
        let mut window = Guard(ui_support::spawned(
            Command::new(env!("CARGO_BIN_EXE_etad"))
                .args(["open".as_ref(), folder.as_os_str()])
                .env("DISPLAY", &display)
                .env_remove("WAYLAND_DISPLAY")
                .env("XDG_DATA_HOME", work.path())
                .env("XDG_RUNTIME_DIR", work.path())
                .env("ETAD_FRAME_TIMES", &times)
                .stderr(Stdio::null()),
        ));
        let begin = Instant::now();
        let shown = |text: &str| text.lines().skip(1).any(|line| !line.ends_with(",0"));
        while !shown(&std::fs::read_to_string(&times).unwrap_or_default()) {
            assert!(begin.elapsed() < Duration::from_secs(60), "no picture in the window");
            std::thread::sleep(Duration::from_millis(50));
        }
        // Without a window manager nobody gives the window the keyboard.
        let focus = "id=$(xdotool search --onlyvisible --name 'ETAD Workbench' | head -n 1); xdotool windowmove $id 0 0 windowfocus $id";
        let focused = Command::new("sh").args(["-c", focus]).env("DISPLAY", &display).status();
        assert!(focused.is_ok_and(|status| status.success()), "xdotool");
        std::thread::sleep(Duration::from_millis(300));
        // Each press is an edit: the video is done, is not done, …
        let mut presses = Vec::new();
        let until = Instant::now() + Duration::from_secs_f64(draw.uniform(1.5, 4.5));
        while Instant::now() < until {
            let press = Command::new("xdotool").args(["key", "ctrl+Return"]).env("DISPLAY", &display).status();
            assert!(press.is_ok_and(|status| status.success()), "xdotool");
            presses.push(Instant::now());
            std::thread::sleep(Duration::from_secs_f64(draw.uniform(0.05, 0.25)));
        }
        let killed = Instant::now();
        window.0.kill().expect("it lives");
        window.0.wait().expect("its end");
        let made = entries(folder) - before;
        let due = presses.iter().filter(|at| killed.duration_since(**at) > LATE).count() as u64;
        assert!(made >= due, "kill {kill}: {due} edits were due, {made} are there");
        assert!(made <= presses.len() as u64);
        let strict = presses.iter().filter(|at| killed.duration_since(**at) > Duration::from_secs(1)).count() as u64;
        late += strict.saturating_sub(made);
        pressed += presses.len();
        let opened = project::open(&[folder.to_owned()]).expect("opens");
        let first = opened.book.document.videos.values().next().expect("a video");
        assert_eq!(first.head.done, (before + made) % 2 == 1, "kill {kill}");
    }
    println!("10 kills, {pressed} keys pressed, {} edits kept, {late} later than a second", entries(folder));
    assert!(entries(folder) > 0);
}
