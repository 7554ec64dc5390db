//! A project of five small videos and a recipe that trains on them in seconds, through the real program.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use etad::domain::{Event, RunEvent};
use etad::run::{History, RunReader};
use etad::video::{VideoWriter, WriterSpec};

const WIDTH: usize = 48;
const HEIGHT: usize = 40;
const FPS: usize = 12;
const SECONDS: usize = 8;
/// Nothing here takes longer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The recipe, in a file of its own.
const RECIPE: &str = "
    name = \"tiny\"
    [model]
    in_channels = 8
    hidden = 16
    groups = 2
    norm_groups = 4
    tscale = 8
    dscale = 8
    proposals = { ratio = 0.5 }
    roi = { bins = 4 }
    head = { features = 8, fcs = 1, fc_channels = 8, stages = [0.5, 0.6], classes = true }
    [encoder]
    arch = \"r2plus1d\"
    norm = \"group\"
    blocks = [1]
    widths = [8]
    stem_mid = 4
    stem_width = 4
    stem_kernel = 3
    temporal_strides = [1]
    spatial_strides = [2]
    norm_groups = 4
    chunk = 4
    snippet_ratio = 0.5
    [data]
    window_seconds = 4.0
    window_overlap = 0.75
    completeness = 0.4
    clip_length = 4
    frame_rate = 8.0
    resize_height = 20
    resize_width = 20
    crop = 16
    test_crop = 16
    [data.augment]
    brightness = 0.1
    [loss]
    positive_iou = 0.7
    [solver]
    batch_size = 2
    epochs = 2
    [post]
    boundary_selection = false
    [eval]
    tious = [0.3, 0.5]
    [workflow]
    report_interval = 3
    ";

/// Videos, annotations and recipe in a folder that vanishes with this.
pub struct Tiny {
    folder: tempfile::TempDir,
}

impl Tiny {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut entries = Vec::new();
        for index in 0..5 {
            let (start, subset) = (1.0 + 0.5 * index as f64, if index < 3 { "training" } else { "validation" });
            let label = if index % 2 == 0 { "right" } else { "down" };
            let spec = WriterSpec {
                width: WIDTH as u32,
                height: HEIGHT as u32,
                frame_rate: (FPS as u32, 1),
                audio: None,
                key_interval: 6,
            };
            let path = folder.path().join(format!("v{index}.mp4"));
            let mut writer = VideoWriter::create(&path, &spec).expect("a writer starts");
            for frame in 0..SECONDS * FPS {
                let moved = ((frame as f64 / FPS as f64).clamp(start, start + 2.0) - start) * 12.0;
                let (x, y) = if label == "right" { (8 + moved as usize, 16) } else { (20, 6 + moved as usize) };
                writer.write_rgb(&picture(x, y, index)).expect("a frame is written");
            }
            writer.finish().expect("the file closes");
            entries.push(format!(
                "\"v{index}\": {{\"subset\": \"{subset}\", \"duration\": {SECONDS}, \"path\": \"v{index}.mp4\", \"annotations\": \
                 [{{\"segment\": [{start}, {}], \"label\": \"{label}\"}}]}}",
                start + 2.0
            ));
        }
        fs::write(folder.path().join("annotations.json"), format!("{{\"database\": {{{}}}}}", entries.join(",\n")))
            .expect("written");
        fs::write(folder.path().join("tiny.toml"), RECIPE).expect("written");
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `etad train` on this project into the folder `run`; `extra` are further arguments, "a.b=c" stands for `--set a.b=c`.
    pub fn train(&self, run: &str, extra: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_etad"));
        command.arg("train").arg(self.path("tiny.toml")).arg("--root").arg(self.folder.path());
        command.arg("--run").arg(self.path(run)).args(["--device", "cpu"]);
        for argument in extra {
            if argument.contains('=') {
                command.arg("--set");
            }
            command.arg(argument);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Trains to the end.
    pub fn done(&self, run: &str, extra: &[&str]) {
        let output = self.train(run, extra).output().expect("etad starts");
        assert!(output.status.success(), "{extra:?}: {}", said(&output));
    }

    /// Ends with `code` and says `words` in one sentence.
    pub fn refused(&self, run: &str, extra: &[&str], code: i32, words: &[&str]) {
        check_refused(&self.train(run, extra).output().expect("etad starts"), code, words);
    }

    /// Starts a training whose words nobody reads.
    pub fn start(&self, run: &str, extra: &[&str]) -> Child {
        self.train(run, extra).spawn().expect("etad starts")
    }

    /// All events ever written to a run, in order.
    pub fn events(&self, run: &str) -> Vec<RunEvent> {
        RunReader::new(&self.path(run)).poll().expect("events")
    }

    /// The events that count, without times and memory.
    pub fn history(&self, run: &str) -> Vec<Event> {
        let mut history = History::default();
        self.events(run).into_iter().for_each(|event| history.push(event));
        history.events().iter().filter_map(|event| timeless(&event.event)).collect()
    }

    /// Waits until an event of the run pleases.
    pub fn wait_for(&self, run: &str, pleases: impl Fn(&Event) -> bool) {
        wait("an event", || self.events(run).iter().any(|event| pleases(&event.event)));
    }
}

pub fn wait(what: &str, there: impl Fn() -> bool) {
    let since = Instant::now();
    while !there() {
        assert!(since.elapsed() < PATIENCE, "no {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn check_refused(output: &Output, code: i32, words: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(words.iter().all(|word| said.contains(word)), "{said:?} lacks one of {words:?}");
    assert!(!said.contains("panicked"), "{said}");
}

/// What two runs of the same training have in common.
fn timeless(event: &Event) -> Option<Event> {
    let mut event = event.clone();
    match &mut event {
        Event::Step { seconds, data_share, process_memory, .. } => {
            *seconds = Default::default();
            *data_share = 0.0;
            *process_memory = None;
        }
        Event::Eval { seconds, .. } => *seconds = 0.0,
        Event::Checkpoint { .. } | Event::Done { .. } => {}
        _ => return None,
    }
    Some(event)
}

fn picture(x: usize, y: usize, shade: usize) -> Vec<u8> {
    let mut pixels = vec![40 + 10 * shade as u8; WIDTH * HEIGHT * 3];
    for row in y..(y + 8).min(HEIGHT) {
        for column in x..(x + 8).min(WIDTH) {
            pixels[(row * WIDTH + column) * 3..][..3].fill(230);
        }
    }
    pixels
}
