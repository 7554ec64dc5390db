//! The processes that the window starts: one training, one detection after another, the list of devices.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::domain::{Detection as Found, Failure};
use crate::formats;
use crate::jobs::process::{Launch, start};
use crate::run::LOG;
use crate::state::{DetectVideo, DeviceChoice, Init, Report, TrainRequest};

use super::effects::Outbox;
use super::sentence::sentence;

/// Starts a training and watches for its end. The process outlives the window.
pub fn train(outbox: &Outbox, etad: PathBuf, request: TrainRequest) {
    outbox.spawn("training watch", move |outbox| {
        let folder = match request.resume.clone().map_or_else(|| new_run(&request), Ok) {
            Ok(folder) => folder,
            Err(failure) => return outbox.report(Report::TrainingRefused(failure)),
        };
        let launch = Launch { program: etad, arguments: train_arguments(&request, &folder), log: folder.join(LOG) };
        match start(&launch) {
            Ok(running) => {
                outbox.report(Report::TrainingStarted { folder: folder.clone() });
                let ending = running.wait(&launch.log);
                outbox.report(Report::TrainingEnded { folder, how: ending.how, success: ending.success });
            }
            Err(error) => {
                let text = format!("The training process {} cannot be started: {error}.", launch.program.display());
                outbox.report(Report::TrainingRefused(Failure::new(text)));
            }
        }
    });
}

fn train_arguments(request: &TrainRequest, folder: &Path) -> Vec<OsString> {
    // What it prints is its log.
    let mut arguments: Vec<OsString> = vec!["train".into(), request.config.clone().into(), "--logged".into()];
    let mut pair = |name: &str, value: OsString| arguments.extend([name.into(), value]);
    pair("--root", request.root.clone().into());
    pair("--run", folder.into());
    pair("--device", request.device.clone().into());
    for assignment in &request.overrides {
        pair("--set", assignment.into());
    }
    match (&request.init, &request.resume) {
        (_, Some(_)) => arguments.push("--resume".into()),
        (Init::Scratch, None) => {}
        (Init::File(path) | Init::Run(path), None) => pair("--init", path.clone().into()),
    }
    arguments
}

/// Makes the folder of a new run: the configuration's name and the next free number.
fn new_run(request: &TrainRequest) -> Result<PathBuf, Failure> {
    let name = |path: Option<&std::ffi::OsStr>| path.map(|name| name.to_string_lossy().into_owned());
    let stem = name(request.config.file_stem()).unwrap_or_else(|| "run".to_owned());
    // A run that goes on from another has that one's own configuration.
    let of_run = name(request.config.parent().and_then(Path::file_name)).filter(|_| stem == "config");
    let is_number = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    let of_run = of_run.map(|name| match name.rsplit_once('-') {
        Some((base, number)) if is_number(number) => base.to_owned(),
        _ => name,
    });
    let stem = of_run.unwrap_or(stem);
    for number in 1..10_000 {
        let folder = request.runs.join(format!("{stem}-{number}"));
        if folder.exists() {
            continue;
        }
        return std::fs::create_dir_all(&folder).map(|()| folder.clone()).map_err(|error| {
            let place = folder.display();
            Failure::new(format!("A run cannot be written to {place} ({error}); make the project folder writable."))
        });
    }
    Err(Failure::new(format!("{} is full of runs; move some away.", request.runs.display())))
}

/// A detection to carry out.
pub struct Detection {
    /// Comes back in reports.
    pub job: u64,
    /// Weights.
    pub checkpoint: PathBuf,
    /// `--device`.
    pub device: String,
    /// On what.
    pub videos: Vec<DetectVideo>,
    /// Where evidence is kept.
    pub evidence: Option<PathBuf>,
    /// Set to end it.
    pub cancel: Arc<AtomicBool>,
}

/// Detects video by video, a process each: what is found shows at once, a broken video or a crash costs one video, and
/// progress is exact.
pub fn detect(outbox: &Outbox, etad: PathBuf, detection: Detection) {
    outbox.spawn("detection", move |outbox| {
        let job = detection.job;
        match tempfile::tempdir() {
            Ok(folder) => {
                for video in &detection.videos {
                    if detection.cancel.load(Ordering::Relaxed) {
                        break;
                    }
                    outbox.report(Report::DetectBegins { job, video: video.id.clone() });
                    if let Some(found) = detect_one(&etad, &detection, video, folder.path()) {
                        outbox.report(Report::Detected { job, video: video.id.clone(), found });
                    }
                }
            }
            Err(error) => {
                let text = format!("Detection needs a temporary folder and cannot make one ({error}).");
                outbox.report(Report::Failed(Failure::new(text)));
            }
        }
        outbox.report(Report::DetectEnded { job });
    });
}

/// What is found in one video; none when the job was cancelled meanwhile.
fn detect_one(etad: &Path, job: &Detection, video: &DetectVideo, folder: &Path) -> Option<Result<Vec<Found>, String>> {
    let out = folder.join("detections.json");
    let mut arguments: Vec<OsString> = vec![
        "detect".into(),
        "--checkpoint".into(),
        job.checkpoint.clone().into(),
        "--out".into(),
        out.clone().into(),
        "--device".into(),
        job.device.clone().into(),
        video.footage.path.clone().into(),
    ];
    if let Some(stream) = video.footage.stream {
        arguments.extend(["--stream".into(), stream.to_string().into()]);
    }
    if let Some(crop) = video.crop {
        let shares: [f64; 4] = crop.into();
        arguments.extend(["--crop".into(), shares.map(|share| share.to_string()).join(",").into()]);
    }
    if let Some(folder) = &job.evidence {
        arguments.extend(["--evidence".into(), folder.clone().into()]);
    }
    // What an earlier video left must not be taken for this one's.
    let _ = std::fs::remove_file(&out);
    let launch = Launch { program: etad.to_owned(), arguments, log: folder.join(LOG) };
    let running = match start(&launch) {
        Ok(running) => running,
        Err(error) => return Some(Err(format!("{} cannot be started: {error}", etad.display()))),
    };
    while running.ended().is_none() {
        if job.cancel.load(Ordering::Relaxed) {
            running.kill();
            running.wait(&launch.log);
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let ending = running.wait(&launch.log);
    if !ending.success {
        return Some(Err(ending.how));
    }
    // The file names the video by its file; here it goes by its name in the project.
    let found = formats::results::read(&out).map_err(|error| sentence(&error));
    Some(found.map(|found| found.videos.into_iter().flat_map(|(_, found)| found).collect()))
}

/// What `etad devices` lists. In a process of its own: opening every driver of a machine is where crashes live.
pub fn devices(etad: &Path) -> Vec<DeviceChoice> {
    let output =
        std::process::Command::new(etad).args(["devices", "--json"]).stdin(std::process::Stdio::null()).output();
    let listed: Option<serde_json::Value> = output.ok().and_then(|output| serde_json::from_slice(&output.stdout).ok());
    let text =
        |device: &serde_json::Value, key: &str| device.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let device = |device: &serde_json::Value| {
        let name = text(device, "name")?;
        let part = text(device, "description").unwrap_or_default();
        let gpu = device.get("gpu").and_then(serde_json::Value::as_bool).unwrap_or(false);
        let note = if gpu || name == "cpu" { "" } else { ", imitated by the CPU: slow" };
        Some(DeviceChoice { words: format!("{name}: {part}{note}"), name, gpu })
    };
    listed
        .as_ref()
        .and_then(|list| list.as_array())
        .map_or_else(Vec::new, |list| list.iter().filter_map(device).collect())
}
