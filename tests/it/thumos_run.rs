//! `etad test` on as many videos as THUMOS-14 has for testing, with weights in PyTorch's form: end to end, and in memory that does not grow
//! with the number of videos (issue "3", shown by 3).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use burn::tensor::Device;
use etad::config;
use etad::domain::{Draw, Purpose};
use etad::formats::features::{self, Features};
use etad::model::Detector;
use etad::model::export::{Naming, renamed, write_pytorch};
use etad::model::weights::Weights;
use serde_json::{Value, json};

/// Test videos of THUMOS-14 that the reference counts (spec 2.1).
const VIDEOS: usize = 211;
/// Of a stored feature: wide enough that keeping those of all videos would show.
const CHANNELS: usize = 2048;
/// Annotation files of all videos, and of an eighth of them.
const ALL: &str = "thumos_14_anno.json";
const FEW: &str = "few.json";
const FRAMES_PER_FEATURE: usize = 4;

/// The reference's recipe; its network is made small, and its windows have 32 snippets.
fn recipe() -> String {
    format!("{}/configs/thumos_i3d.toml", env!("CARGO_MANIFEST_DIR"))
}

const SMALLER: [&str; 7] = [
    "model.hidden=16",
    "model.norm_groups=4",
    "model.tscale=32",
    "model.dscale=16",
    "model.roi.bins=8",
    "model.head.features=32",
    "model.head.fc_channels=16",
];

fn name(index: usize) -> String {
    format!("video_test_{:07}", index + 1)
}

/// Snippets of a video: one or two windows of 32 with a stride of 16.
fn snippets(index: usize) -> usize {
    20 + index * 7 % 28
}

/// Features, annotations of the first `videos`, classifier scores and weights of a THUMOS-like data set.
fn make(root: &Path) {
    let classes = ["Billiards", "Diving", "HighJump"];
    let folder = |name: &str| {
        let folder = root.join("data/thumos-14").join(name);
        fs::create_dir_all(&folder).expect("created");
        folder
    };
    let (annotations, stored) = (folder("annotations"), folder("features/i3d_actionformer_stride4_thumos"));
    fs::write(stored.join("missing_files.txt"), "").expect("written");
    for index in 0..VIDEOS {
        let mut draw = Draw::new(5, Purpose::Sample, &[index as u64]);
        let length = snippets(index);
        let values = (0..length * CHANNELS).map(|_| draw.uniform(-1.0, 1.0) as f32).collect();
        let file = stored.join(name(index)).with_extension("npy");
        features::write(&file, &Features { length, channels: CHANNELS, values }).expect("written");
    }
    for (file, videos) in [(ALL, VIDEOS), (FEW, VIDEOS / 8)] {
        let entry = |index: usize| {
            let frames = snippets(index) * FRAMES_PER_FEATURE;
            let duration = frames as f64 / 30.0;
            let annotation = json!({ "segment": [0.2 * duration, 0.5 * duration], "label": classes[index % 3] });
            let video = json!({
                "subset": "validation", "duration": duration, "frame": frames, "annotations": [annotation]
            });
            (name(index), video)
        };
        let database: serde_json::Map<String, Value> = (0..videos).map(entry).collect();
        fs::write(annotations.join(file), json!({ "database": database }).to_string()).expect("written");
    }
    let mut draw = Draw::new(6, Purpose::Sample, &[]);
    let scores = (0..VIDEOS * 101).map(|_| draw.unit() as f32).collect();
    let scores = Features { length: VIDEOS, channels: 101, values: scores };
    features::write(&folder("classifiers").join("uNet_test.npy"), &scores).expect("written");
    let recipe = config::load(Path::new(&recipe()), &SMALLER.map(str::to_owned)).expect("a recipe");
    let detector = Detector::new(&recipe.model, 0, 9, &Device::flex());
    let (weights, _) = renamed(&Weights::default().with(&detector), Naming::OpenTad);
    write_pytorch(&root.join("epoch_5.pth"), &weights, Some("state_dict")).expect("written");
}

/// Most memory that a process ever held, in MiB; none once it has ended.
fn peak(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

/// Runs `etad test`; gives its result file, the most memory it held, in MiB, and the seconds it took.
fn test(root: &Path, annotations: &str) -> (Value, f64, f64) {
    let out: PathBuf = root.join(annotations).with_extension("found.json");
    let changed = [format!("data.annotations=data/thumos-14/annotations/{annotations}")];
    let changes = SMALLER.iter().map(|&one| one.to_owned()).chain(changed).flat_map(|one| ["--set".to_owned(), one]);
    let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    let since = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_etad"))
        .args(["test", &recipe(), "--root", &text(root.to_owned()), "--device", "cpu"])
        .args(["--checkpoint", &text(root.join("epoch_5.pth")), "--out", &text(out.clone())])
        .args(changes)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("etad starts");
    let mut most = 0.0f64;
    let status = loop {
        most = peak(child.id()).unwrap_or(0.0).max(most);
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let seconds = since.elapsed().as_secs_f64();
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        std::io::Read::read_to_string(&mut stderr, &mut said).expect("text");
    }
    assert!(status.success(), "{said}");
    let found = fs::read_to_string(out).expect("a result file");
    (serde_json::from_str(&found).expect("JSON"), most, seconds)
}

#[test]
fn all_videos_of_thumos_are_searched_in_memory_that_does_not_grow() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    make(root);
    let (few, memory_of_few, time_of_few) = test(root, FEW);
    let (found, memory, time) = test(root, ALL);

    let results = found["results"].as_object().expect("results");
    assert_eq!(results.len(), VIDEOS);
    for (video, detections) in results {
        let detections = detections.as_array().expect("a list");
        assert!(!detections.is_empty() && detections.len() <= 200, "{video}: {}", detections.len());
        assert!(detections.iter().all(|one| one["segment"][0].as_f64() <= one["segment"][1].as_f64()), "{video}");
        let labels: std::collections::BTreeSet<&str> =
            detections.iter().map(|one| one["label"].as_str().expect("a label")).collect();
        assert!(labels.len() <= 2, "{video}: the best two classes of the classifier: {labels:?}");
    }
    for (video, detections) in few["results"].as_object().expect("results") {
        let best = |found: &Value| found[0]["score"].as_f64().expect("a score");
        // Other windows share the batch, which may change the order of sums: one step of the last decimal written.
        assert!((best(&results[video]) - best(detections)).abs() < 2e-4, "{video} is found alike among few and many");
    }
    let few = VIDEOS / 8;
    let report = format!(
        "{VIDEOS} videos: peak {memory:.0} MiB in {time:.1} s; {few} videos: peak {memory_of_few:.0} MiB in {time_of_few:.1} s"
    );
    println!("{report}");
    // Where there is no /proc, nothing was measured. The features of all videos are 58 MiB; results, about 40 000 detections, a few.
    assert!(memory - memory_of_few < 24.0, "{report}");
}
