//! What a picture of the window costs its thread with ten thousand segments in an hour, tessellation included and drawing by the GPU
//! not: `cargo bench --bench timeline` (docs/benchmarks.md). The hour is a small video made once, by the program itself.
//!
//! The whole window is driven, library, player and tables with it, as the desktop drives it; nobody listens with a screen reader.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a bench says what it measured")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::App as _;
use egui::{Event, Key, Modifiers, Pos2, RawInput, Rect, pos2, vec2};
use etad::app::{AppOptions, Workbench};
use etad::domain::MediaTime;
use etad::state::{Annotate, Command, Edge, Grip, LaneMode, Origin, Status};
use etad::video::{VideoWriter, WriterSpec};
use serde_json::json;

const SEGMENTS: usize = 10_000;
const DETECTIONS: usize = 10_000;
const SECONDS: f64 = 3600.0;
const CLASSES: [&str; 6] = ["clap", "kick", "wave in", "wave out", "sit down", "stand up"];
/// Pictures that are measured each time.
const PICTURES: usize = 200;

/// The window without a desktop.
struct Bench {
    ctx: egui::Context,
    app: Workbench,
    frame: eframe::Frame,
    begin: Instant,
    size: egui::Vec2,
}

impl Bench {
    fn new(folder: &Path) -> Self {
        let ctx = egui::Context::default();
        let options = AppOptions { paths: vec![folder.to_owned()], etad: PathBuf::from("etad") };
        let creation = eframe::CreationContext::_new_kittest(ctx.clone());
        let app = Workbench::new(&creation, options).expect("a window");
        Self { ctx, app, frame: eframe::Frame::_new_kittest(), begin: Instant::now(), size: vec2(1920.0, 1080.0) }
    }

    /// One picture; how long its logic and layout took, and its tessellation.
    fn step(&mut self, events: Vec<Event>) -> [Duration; 2] {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, self.size)),
            time: Some(self.begin.elapsed().as_secs_f64()),
            focused: true,
            events,
            ..RawInput::default()
        };
        let Self { app, frame, .. } = self;
        let since = Instant::now();
        let mut output = self.ctx.run_ui(input, |ui| {
            app.logic(ui.ctx(), frame);
            app.ui(ui, frame);
        });
        let laid = since.elapsed();
        let since = Instant::now();
        let primitives = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let tessellated = since.elapsed();
        drop(primitives);
        // No GPU takes them.
        output.textures_delta.clear();
        [laid, tessellated]
    }

    fn wait(&mut self, what: &str, wanted: impl Fn(&etad::state::State) -> bool) {
        let since = Instant::now();
        while !wanted(self.app.state()) {
            assert!(since.elapsed() < Duration::from_secs(120), "{what} did not happen");
            self.step(Vec::new());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn tell(&mut self, command: impl Into<Command>) {
        self.app.command(command.into());
    }

    fn press(&mut self, key: Key, modifiers: Modifiers) {
        for pressed in [true, false] {
            self.step(vec![Event::Key { key, physical_key: None, pressed, repeat: false, modifiers }]);
        }
    }

    /// Measures pictures, each after what `before` does.
    fn measure(&mut self, name: &str, mut before: impl FnMut(&mut Self, usize) -> Vec<Event>) {
        for _ in 0..10 {
            self.step(Vec::new());
        }
        let mut costs = Vec::new();
        let (mut laid, mut tessellated) = (Duration::ZERO, Duration::ZERO);
        for n in 0..PICTURES {
            let since = Instant::now();
            let events = before(self, n);
            let state = since.elapsed();
            let [layout, tessellation] = self.step(events);
            laid += layout + state;
            tessellated += tessellation;
            costs.push(state + layout + tessellation);
        }
        costs.sort();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let mean = |sum: Duration| ms(sum) / PICTURES as f64;
        println!(
            "{name:<58} median {:5.2} ms   95 % below {:5.2} ms   (layout {:.2}, tessellation {:.2})",
            ms(costs[PICTURES / 2]),
            ms(costs[PICTURES * 95 / 100]),
            mean(laid),
            mean(tessellated)
        );
    }
}

/// A project with an hour of film at five pictures a second, its segments and as many detections.
fn project() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench_timeline");
    std::fs::create_dir_all(&folder).expect("folder");
    let video = folder.join("hour.mp4");
    if !video.is_file() {
        let unfinished = folder.join("unfinished.mp4");
        let spec = WriterSpec { width: 64, height: 48, frame_rate: (5, 1), audio: None, key_interval: 50 };
        let mut writer = VideoWriter::create(&unfinished, &spec).expect("a video");
        for n in 0..(SECONDS * 5.0) as usize {
            writer.write_rgb(&vec![(n % 200) as u8; 64 * 48 * 3]).expect("written");
        }
        writer.finish().expect("finished");
        std::fs::rename(&unfinished, &video).expect("renamed");
    }
    // What an earlier measurement did to it goes.
    let _ = std::fs::remove_dir_all(folder.join(".etad"));
    let step = SECONDS / SEGMENTS as f64;
    let place =
        |n: usize, by: f64| [n as f64 * step + by, (n as f64 + 1.4) * step + by].map(|time: f64| time.min(SECONDS));
    let segments: Vec<_> =
        (0..SEGMENTS).map(|n| json!({"segment": place(n, 0.0), "label": CLASSES[n % CLASSES.len()]})).collect();
    let database =
        json!({"hour": {"subset": "validation", "duration": SECONDS, "path": "hour.mp4", "annotations": segments}});
    std::fs::write(folder.join("annotations.json"), json!({"database": database}).to_string()).expect("written");
    std::fs::write(folder.join("project.toml"), format!("name = \"Hour\"\nclasses = {CLASSES:?}")).expect("written");
    let found: Vec<_> = (0..DETECTIONS)
        .map(|n| {
            let score = 0.05 + 0.95 * ((n * 7919) % 1000) as f64 / 1000.0;
            json!({"segment": place(n, 0.06), "label": CLASSES[n % CLASSES.len()], "score": score})
        })
        .collect();
    let results = json!({"version": "VERSION 1.3", "results": {"hour": found}, "external_data": {}});
    std::fs::write(folder.join("detections.json"), results.to_string()).expect("written");
    folder
}

fn main() {
    let folder = project();
    let mut bench = Bench::new(&folder);
    bench.wait("a picture", |state| state.playback.status == Status::Ready);
    bench.wait("a small picture", |state| {
        state.library.entries.iter().all(|entry| entry.thumbnail != etad::state::Thumbnail::Waiting)
    });
    (0..200).for_each(|_| {
        bench.step(Vec::new());
        std::thread::sleep(Duration::from_millis(5));
    });
    assert_eq!(bench.app.state().actions().len(), SEGMENTS);
    println!("{SEGMENTS} segments in an hour, window of {} x {}, {PICTURES} pictures each", bench.size.x, bench.size.y);
    zooms(&mut bench, "");
    bench.press(Key::Num9, Modifiers::COMMAND);
    zooms(&mut bench, ", table of segments");
    bench.tell(Annotate::SelectAll);
    zooms(&mut bench, ", table, all selected");
    bench.tell(Annotate::Clear);
    hands(&mut bench);
    bench.tell(Command::SetLanes(LaneMode::Stacked));
    zooms(&mut bench, ", stacked");
    bench.tell(Command::SetLanes(LaneMode::ByClass));
    bench.tell(Command::OpenPredictions);
    bench.wait("a field for the path", |state| state.path_field.is_some());
    bench.tell(Command::EditPath(folder.join("detections.json").display().to_string()));
    bench.tell(Command::TakeTypedPath);
    bench.wait("detections", |state| matches!(state.predictions.shown, Some(Origin::File(_))));
    bench.wait("a comparison", |state| state.marks().is_some());
    bench.press(Key::Num5, Modifiers::COMMAND);
    zooms(&mut bench, ", 10 000 detections and their table");
    bench.measure("score slider moved, detections", |bench, n| {
        bench.tell(Command::SetMinScore(0.1 + 0.002 * n as f64));
        Vec::new()
    });
}

fn zooms(bench: &mut Bench, what: &str) {
    for (name, factor) in [("whole video", 1.0), ("a tenth", 10.0), ("a hundredth", 100.0)] {
        bench.tell(Command::FitTimeline);
        bench.tell(Command::Zoom { factor, at: SECONDS / 2.0 });
        bench.measure(&format!("{name}{what}"), |_, _| Vec::new());
    }
}

/// What moves: the timeline, the pointer over it, an edge that is dragged, a table that is scrolled.
fn hands(bench: &mut Bench) {
    bench.tell(Command::FitTimeline);
    bench.tell(Command::Zoom { factor: 10.0, at: SECONDS / 2.0 });
    bench.measure("a tenth, moving on", |bench, n| {
        bench.tell(Command::Pan(if n < PICTURES / 2 { 2.0 } else { -2.0 }));
        Vec::new()
    });
    bench.measure("a tenth, the pointer over the lanes", |_, n| {
        vec![Event::PointerMoved(pos2(600.0 + 2.0 * n as f32, 860.0))]
    });
    let action = bench.app.state().actions()[SEGMENTS / 2].clone();
    bench.tell(Annotate::DragStart(Grip::Edge(action.id, Edge::End), action.segment[1]));
    bench.measure("a tenth, dragging an edge, the picture following", |bench, n| {
        let at = action.segment[1] + 0.05 * n as f64;
        bench.tell(Annotate::DragTo { at, reach: 0.3, free: false });
        Vec::new()
    });
    bench.tell(Annotate::DragCancel);
    bench.measure("an edit each picture", |bench, n| {
        bench.tell(Command::Seek(MediaTime::from_secs(10.0 + n as f64)));
        bench.tell(Annotate::DragStart(Grip::New("clap".to_owned()), 10.0 + n as f64));
        bench.tell(Annotate::DragTo { at: 10.5 + n as f64, reach: 0.0, free: true });
        bench.tell(Annotate::DragEnd);
        Vec::new()
    });
    (0..PICTURES).for_each(|_| bench.tell(Annotate::Undo));
    bench.measure("a tenth, the table scrolled", |_, n| {
        let delta = vec2(0.0, if n < PICTURES / 2 { -400.0 } else { 400.0 });
        let (unit, phase, modifiers) = (egui::MouseWheelUnit::Point, egui::TouchPhase::Move, Modifiers::NONE);
        vec![
            Event::PointerMoved(pos2(1600.0, 700.0)),
            Event::MouseWheel { unit, delta, phase, modifiers, source: egui::MouseWheelSource::Wheel },
        ]
    });
}
