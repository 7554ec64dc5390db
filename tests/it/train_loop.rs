//! A whole training on synthetic frames, in seconds: it learns, obeys, and goes on bit for bit after a stop.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use etad::config::{Architecture, Config, Norm, SchedulerKind, parse};
use etad::domain::{Annotation, ClassList, Dataset, Detections, Do, Event, MediaTime, Order, Video};
use etad::model::weights::Weights;
use etad::train::material::Material;
use etad::train::sink::{RunSink, SinkError};
use etad::train::source::{FrameReader, FrameSource};
use etad::train::{Setup, train_on};

const SIDE: usize = 12;
const FPS: f64 = 8.0;

/// A bright column that stands still, and moves right ("right") or left ("left") during actions.
struct Blob;

impl FrameSource for Blob {
    fn reader(&self) -> Box<dyn FrameReader> {
        Box::new(Self)
    }
}

impl FrameReader for Blob {
    fn times(&mut self, video: &Video) -> Result<Arc<[MediaTime]>, String> {
        if video.id == "broken" {
            return Err("broken.mp4 cannot be read".to_owned());
        }
        let count = (video.duration * FPS) as i64;
        Ok((0..count).map(|frame| MediaTime::from_secs(frame as f64 / FPS)).collect())
    }

    fn read(&mut self, video: &Video, indices: &[usize]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for &index in indices {
            let time = index as f64 / FPS;
            let column = video.annotations.iter().fold(SIDE as f64 / 2.0, |column, action| {
                let moved = (time.clamp(action.segment[0], action.segment[1]) - action.segment[0]) * 5.0;
                column + if action.label == "right" { moved } else { -moved }
            });
            let column = (column.rem_euclid(SIDE as f64)) as usize;
            for _ in 0..SIDE {
                bytes.extend((0..SIDE).flat_map(|x| [if x == column { 240u8 } else { 30 }; 3]));
            }
        }
        Ok(bytes)
    }
}

pub(crate) fn config(extra: &str) -> Config {
    let text = "
        [model]
        in_channels = 16
        hidden = 16
        groups = 2
        norm_groups = 4
        tscale = 16
        dscale = 8
        [model.proposals]
        ratio = 0.3
        [model.roi]
        bins = 4
        [model.head]
        features = 16
        fcs = 1
        fc_channels = 16
        stages = [0.5, 0.6]
        classes = true
        [encoder]
        blocks = [1, 1]
        widths = [8, 16]
        stem_mid = 8
        stem_width = 8
        stem_kernel = 3
        temporal_strides = [1, 2]
        spatial_strides = [1, 2]
        norm_groups = 4
        norm_epsilon = 1e-5
        chunk = 4
        snippet_ratio = 0.5
        [data]
        window_seconds = 8.0
        completeness = 0.5
        clip_length = 4
        frame_rate = 8.0
        resize_height = 12
        resize_width = 12
        crop = 10
        test_crop = 12
        [data.augment]
        flip = 0.0
        brightness = 0.1
        [loss]
        positive_iou = 0.7
        [solver]
        batch_size = 2
        epochs = 2
        [optimizer]
        detector_rate = 3e-3
        encoder_rate = 3e-3
        [post]
        boundary_selection = false
        [eval]
        tious = [0.3, 0.5]
        [workflow]
        report_interval = 2
        ";
    let mut config = parse(&format!("{text}{extra}"), "test", &[]).expect("a valid configuration");
    (config.encoder.arch, config.encoder.norm) = (Architecture::R2plus1d, Norm::Group);
    config
}

fn video(index: usize, subset: &str) -> Video {
    let start = 1.0 + (index % 5) as f64 * 0.7;
    let action =
        |start: f64, label: &str| Annotation { segment: [start, start + 2.0], label: label.to_owned(), draft: false };
    let (first, second) = if index.is_multiple_of(2) { ("left", "right") } else { ("right", "left") };
    Video {
        id: format!("{subset}{index}"),
        subset: subset.to_owned(),
        duration: 12.0,
        frames: None,
        path: None,
        annotations: vec![action(start, first), action(start + 5.0, second)],
        not_annotated: Vec::new(),
        rejected: Vec::new(),
        crop: None,
        stream: None,
    }
}

fn material() -> Material {
    let videos = (0..5).map(|index| video(index, "training")).chain((0..2).map(|index| video(index, "validation")));
    Material {
        left_out: BTreeSet::new(),
        dataset: Dataset { videos: videos.collect() },
        classes: ClassList::new(["left".to_owned(), "right".to_owned()]),
        blocked: Default::default(),
        source: Arc::new(Blob),
        features: None,
        classifier: None,
    }
}

/// Keeps events, and gives orders when so many pulses have passed.
struct List {
    folder: PathBuf,
    events: Vec<Event>,
    orders: VecDeque<(usize, Order)>,
    pulses: usize,
    /// Pulses count from the first event that this knows.
    from: fn(&Event) -> bool,
}

impl List {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), events: Vec::new(), orders: VecDeque::new(), pulses: 0, from: |_| true }
    }

    fn order(mut self, pulse: usize, what: Do) -> Self {
        let id = self.orders.len() as u64 + 1;
        self.orders.push_back((pulse, Order { id, what }));
        self
    }

    /// Loss and terms of the reported steps, and what evaluations said.
    fn numbers(&self) -> Vec<String> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Step { step, loss, terms, learning_rate, .. } => {
                    Some(format!("step {step} {loss} {terms:?} {learning_rate:?}"))
                }
                Event::Eval { epoch, map, average_map, per_class, recall, .. } => {
                    Some(format!("eval {epoch} {map:?} {average_map} {per_class:?} {recall:?}"))
                }
                Event::Done { .. } => Some(format!("{event:?}")),
                _ => None,
            })
            .collect()
    }
}

impl RunSink for List {
    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        self.events.push(event);
        Ok(())
    }

    fn predictions(&mut self, epoch: usize, _: &Detections) -> Result<String, SinkError> {
        Ok(format!("predictions/epoch_{epoch:03}.json"))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn orders(&mut self) -> Vec<Order> {
        self.pulses += usize::from(self.events.iter().any(self.from));
        let mut due = Vec::new();
        while self.orders.front().is_some_and(|(pulse, _)| *pulse <= self.pulses) {
            due.extend(self.orders.pop_front().map(|(_, order)| order));
        }
        due
    }
}

fn run(config: &Config, sink: &mut List, resume: bool) -> Result<etad::train::Outcome, etad::train::TrainError> {
    let device = Device::flex();
    let setup = Setup { config, root: Path::new("."), device: &device, device_name: "cpu", init: None, resume };
    train_on(&setup, material(), sink)
}

fn last(folder: &Path) -> Weights {
    Weights::read(&folder.join("checkpoints/last.safetensors")).expect("a checkpoint")
}

fn state(folder: &Path) -> Weights {
    Weights::read(&folder.join("checkpoints/last.state")).expect("a state")
}

#[test]
fn a_stopped_run_goes_on_bit_for_bit_whenever_it_was_stopped_and_whatever_the_workers() {
    let straight = tempfile::tempdir().expect("a folder");
    let mut whole = List::new(straight.path());
    run(&config(""), &mut whole, false).expect("trains");
    assert!(whole.numbers().len() >= 6, "{:?}", whole.events);
    // In the encoder's forward pass, in its backward pass, between, in an evaluation.
    for stop in [3, 14, 30, 47, 75] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = List::new(folder.path()).order(stop, Do::Stop);
        assert!(run(&config(""), &mut first, false).expect("trains").stopped, "stopped at {stop}");
        let mut second = List::new(folder.path());
        let mut other = config("");
        other.solver.workers = 3;
        run(&other, &mut second, true).expect("goes on");
        let joined: Vec<String> = first.numbers().into_iter().chain(second.numbers()).collect();
        assert_eq!(joined, whole.numbers(), "stopped at {stop}");
        assert_eq!(last(folder.path()).tensors, last(straight.path()).tensors, "weights, stopped at {stop}");
        assert_eq!(state(folder.path()), state(straight.path()), "moments, stopped at {stop}");
    }
}

#[test]
fn orders_are_acknowledged_and_a_pause_waits_for_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink =
        List::new(folder.path()).order(2, Do::Pause).order(4, Do::Resume).order(6, Do::Save).order(7, Do::Evaluate);
    run(&config("eval_interval = 0"), &mut sink, false).expect("trains");
    let at = |wanted: &dyn Fn(&Event) -> bool| sink.events.iter().position(wanted);
    for id in 1..=4 {
        assert!(at(&|event| *event == Event::Control { id }).is_some(), "order {id}");
    }
    let paused = at(&|event| *event == Event::Paused).expect("paused");
    let resumed = at(&|event| matches!(event, Event::Resumed { .. })).expect("resumed");
    assert!(paused < resumed);
    let saves = |event: &Event| matches!(event, Event::Checkpoint { .. });
    let saved = resumed + sink.events[resumed..].iter().position(saves).expect("saved");
    let judged = at(&|event| matches!(event, Event::Eval { .. })).expect("evaluated");
    assert!(resumed < saved && saved < judged);
}

#[test]
fn orders_act_while_the_run_is_paused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink =
        List::new(folder.path()).order(9, Do::Pause).order(11, Do::Save).order(13, Do::Evaluate).order(60, Do::Resume);
    run(&config("eval_interval = 0"), &mut sink, false).expect("trains");
    let between: Vec<&Event> = sink
        .events
        .iter()
        .skip_while(|event| **event != Event::Paused)
        .take_while(|event| !matches!(event, Event::Resumed { .. }))
        .collect();
    let count = |wanted: &dyn Fn(&Event) -> bool| between.iter().filter(|event| wanted(event)).count();
    assert_eq!(count(&|event| matches!(event, Event::Checkpoint { .. })), 1, "{between:?}");
    assert_eq!(count(&|event| matches!(event, Event::Eval { .. })), 1);
    assert_eq!(count(&|event| matches!(event, Event::Step { .. })), 0);
    let before = sink.events.iter().position(|event| *event == Event::Paused).expect("paused");
    assert!(
        matches!(sink.events[before - 1], Event::Checkpoint { .. }),
        "a pause saves: the machine may be switched off"
    );
    // A stop ends a pause.
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink = List::new(folder.path()).order(9, Do::Pause).order(12, Do::Stop);
    assert!(run(&config(""), &mut sink, false).expect("trains").stopped);
    assert_eq!(sink.events.last(), Some(&Event::Stopped));
}

#[test]
fn orders_act_inside_an_evaluation() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut undisturbed = List::new(folder.path());
    run(&config(""), &mut undisturbed, false).expect("trains");
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink = List::new(folder.path()).order(1, Do::Save).order(2, Do::Pause).order(4, Do::Resume);
    sink.from = |event| matches!(event, Event::Progress { what, .. } if what == "evaluating");
    run(&config(""), &mut sink, false).expect("trains");
    let at = |wanted: &dyn Fn(&Event) -> bool| sink.events.iter().position(wanted);
    let heard = at(&|event| *event == Event::Control { id: 1 }).expect("heard");
    assert!(matches!(sink.events[heard + 1], Event::Checkpoint { .. }), "saved at once");
    let (paused, judged) = (at(&|event| *event == Event::Paused), at(&|event| matches!(event, Event::Eval { .. })));
    assert!(heard < paused.expect("paused") && paused < judged, "{:?}", sink.events);
    assert_eq!(sink.numbers(), undisturbed.numbers(), "and nothing else changes");
}

#[test]
fn a_broken_video_is_skipped_with_a_warning_until_there_are_too_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = Device::flex();
    let with = |broken: usize, good: usize| {
        let mut material = material();
        let mut bad = video(0, "training");
        bad.id = "broken".to_owned();
        material.dataset.videos.extend(std::iter::repeat_n(bad, broken));
        material.dataset.videos.extend((5..5 + good).map(|index| video(index, "training")));
        // A subset that is not in use makes the others no better.
        material.dataset.videos.extend((0..50).map(|index| video(index, "spare")));
        material
    };
    let config = config("eval_interval = 0");
    let setup = |folder: &Path| {
        (
            List::new(folder),
            Setup {
                config: &config,
                root: Path::new("."),
                device: &device,
                device_name: "cpu",
                init: None,
                resume: false,
            },
        )
    };
    let (mut sink, what) = setup(folder.path());
    train_on(&what, with(1, 20), &mut sink).expect("one of 28 is bearable");
    let warnings =
        sink.events.iter().filter(|event| matches!(event, Event::Warning { message } if message.contains("broken")));
    assert_eq!(warnings.count(), 1);
    let (mut sink, what) = setup(folder.path());
    let error = train_on(&what, with(1, 0), &mut sink).expect_err("one of 8 is too many").to_string();
    assert!(error.contains("1 of 8 videos"), "{error}");
}

#[test]
fn an_early_end_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink = List::new(folder.path());
    let mut config = config("patience = 1");
    (config.solver.epochs, config.eval.tious) = (9, vec![0.999]);
    assert!(!run(&config, &mut sink, false).expect("trains").stopped);
    assert_eq!(sink.events.iter().filter(|event| matches!(event, Event::Eval { .. })).count(), 2);
    let told = |event: &Event| matches!(event, Event::Warning { message } if message.contains("ended early"));
    assert!(told(&sink.events[sink.events.len() - 2]), "{:?}", sink.events.last());
    assert!(matches!(sink.events.last(), Some(Event::Done { .. })));
}

/// As [`Blob`], but it takes a while to learn the times of a video.
struct Slow(Duration);

impl FrameSource for Slow {
    fn reader(&self) -> Box<dyn FrameReader> {
        Box::new(Self(self.0))
    }
}

impl FrameReader for Slow {
    fn times(&mut self, video: &Video) -> Result<Arc<[MediaTime]>, String> {
        std::thread::sleep(self.0);
        Blob.times(video)
    }

    fn read(&mut self, video: &Video, indices: &[usize]) -> Result<Vec<u8>, String> {
        Blob.read(video, indices)
    }
}

#[test]
fn a_long_wait_for_videos_is_told_and_a_stop_acts_in_it() {
    let waited = |pause: f64, sink: &mut List| {
        let mut config = config("eval_interval = 0");
        config.solver.epochs = 1;
        let (device, since) = (Device::flex(), Instant::now());
        let root = Path::new(".");
        let setup = Setup { config: &config, root, device: &device, device_name: "cpu", init: None, resume: false };
        let material = Material { source: Arc::new(Slow(Duration::from_secs_f64(pause))), ..material() };
        train_on(&setup, material, sink).expect("trains");
        since.elapsed()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink = List::new(folder.path()).order(3, Do::Stop);
    let took = waited(20.0, &mut sink);
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(sink.events.last(), Some(&Event::Stopped));
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink = List::new(folder.path());
    waited(0.8, &mut sink);
    let told = |event: &Event| matches!(event, Event::Progress { what, total: 5, .. } if what == "indexing");
    assert!(sink.events.iter().any(told), "{:?}", sink.events);
}

#[test]
fn drafts_and_rejected_detections_are_part_of_the_data_and_change_what_is_learnt() {
    let trained = |material: Material| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sink = List::new(folder.path());
        let (config, device) = (config("eval_interval = 0"), Device::flex());
        let root = Path::new(".");
        let setup = Setup { config: &config, root, device: &device, device_name: "cpu", init: None, resume: false };
        train_on(&setup, material, &mut sink).expect("trains");
        last(folder.path()).tensors
    };
    let plain = material();
    let (fingerprint, weights) = (plain.fingerprint(), trained(plain.clone()));
    let mut draft = plain.clone();
    draft.dataset.videos[0].annotations[0].draft = true;
    assert_ne!(draft.fingerprint(), fingerprint);
    assert!(trained(draft) == weights, "a draft trains like others");
    let mut rejected = plain.clone();
    let wrong = Annotation { segment: [8.5, 11.5], label: "left".to_owned(), draft: false };
    rejected.dataset.videos[0].rejected.push(wrong);
    assert_ne!(rejected.fingerprint(), fingerprint);
    assert!(trained(rejected) != weights, "a rejected detection teaches");
    assert!(trained(plain) == weights, "and without them nothing changes");
}

#[test]
fn actions_of_a_class_that_is_not_in_the_map_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut sink, device) = (List::new(folder.path()), Device::flex());
    let mut config = config("eval_interval = 0");
    config.solver.epochs = 1;
    let setup =
        Setup { config: &config, root: Path::new("."), device: &device, device_name: "cpu", init: None, resume: false };
    let classes = ClassList::new(["right".to_owned()]);
    train_on(&setup, Material { classes, ..material() }, &mut sink).expect("trains on the others");
    let told = |event: &&Event| matches!(event, Event::Warning { message } if message.contains("5 actions") && message.contains("\"left\""));
    assert_eq!(sink.events.iter().filter(told).count(), 1, "{:?}", sink.events);
}

/// Losses and average mAP of a run with a schedule that cools down, on clean pictures and with all proposals.
fn learned(epochs: usize, rate: f64, seed: u64) -> (Vec<f64>, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink = List::new(folder.path());
    let mut config = config("eval_interval = 100");
    config.seed = seed;
    (config.solver.epochs, config.solver.batch_size) = (epochs, 1);
    (config.optimizer.detector_rate, config.optimizer.encoder_rate) = (rate, rate);
    config.scheduler.kind = SchedulerKind::Cosine;
    config.model.proposals.ratio = 1.0;
    (config.data.crop, config.data.augment.brightness) = (SIDE, 0.0);
    let device = Device::flex();
    let setup =
        Setup { config: &config, root: Path::new("."), device: &device, device_name: "cpu", init: None, resume: false };
    let mut material = material();
    // Twelve actions to find instead of four.
    material.dataset.videos.extend((2..6).map(|index| video(index, "validation")));
    train_on(&setup, material, &mut sink).expect("trains");
    let loss = |event: &Event| if let Event::Step { loss, .. } = event { Some(*loss) } else { None };
    let Some(Event::Done { best_average_map: Some(found), .. }) = sink.events.last() else {
        panic!("not done: {:?}", sink.events.last())
    };
    (sink.events.iter().filter_map(loss).collect(), *found)
}

#[test]
fn it_learns_to_find_the_moving_column() {
    let (_, chance) = learned(1, 0.0, 42);
    let (losses, found) = learned(10, 6e-3, 42);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (early, late) = (mean(&losses[..4]), mean(&losses[losses.len() - 4..]));
    println!("loss {early:.2} -> {late:.2}, average mAP {found:.2}, untrained {chance:.2}");
    // Measured over seven seeds: the loss falls to 0.34 to 0.55, and mAP is 0.61 to 0.69; untrained 0.05 to 0.16. Right from left cannot be told from a
    // single frame.
    assert!(late < 0.75 * early, "{losses:?}");
    assert!(found > 0.35 && found > 2.0 * chance, "average mAP {found}, untrained {chance}");
}
