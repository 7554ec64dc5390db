//! A checkpoint at work: on the test subset of a recipe, or on any videos.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use crate::{
    config::Config,
    domain::{Detections, Event},
    eval::Evaluation,
    model::device::{self, Chosen, DeviceError},
    train::{
        self, TrainError,
        checkpoint::{self, Loaded},
        evaluate::Found,
        inference,
        material::Material,
        raw,
        sink::Unrecorded,
    },
};

use super::shelf::Shelf;

/// Detections on the test subset of a recipe.
#[derive(Clone, Debug)]
pub struct TestRequest {
    /// The recipe.
    pub config: Config,
    /// Where relative data paths start.
    pub root: PathBuf,
    /// Checkpoint file; not read when raw outputs are.
    pub checkpoint: PathBuf,
    /// Device name, as `--device` takes it.
    pub device: String,
    /// Whether to compare with the truth.
    pub evaluate: bool,
    /// Raw outputs of the network: none, one folder to write them to, or folders to read and average them from.
    pub raw: RawOutputs,
    /// Folder that the evidence of each video is kept in, if it is wanted; none of it comes of raw outputs that are read.
    pub evidence: Option<PathBuf>,
}

/// What becomes of the network's raw outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RawOutputs {
    /// Nothing: they turn into detections at once.
    #[default]
    Forget,
    /// They are written to a folder too.
    Write(PathBuf),
    /// They are read from folders, and the network is not needed.
    Read(Vec<PathBuf>),
}

impl RawOutputs {
    /// What folders named on the command line mean: those that hold outputs are read; a single one that does not is written.
    ///
    /// # Errors
    /// A sentence when some of several folders hold none.
    pub fn of(folders: Vec<PathBuf>) -> Result<Self, String> {
        let empty: Vec<&PathBuf> = folders.iter().filter(|folder| !raw::is_there(folder)).collect();
        match (folders.as_slice(), empty.as_slice()) {
            ([], _) => Ok(Self::Forget),
            (_, []) => Ok(Self::Read(folders)),
            ([one], [_]) => Ok(Self::Write(one.clone())),
            (_, [first, ..]) => Err(format!(
                "{} holds no raw outputs to average; write them first with --raw-predictions {0} alone",
                first.display()
            )),
        }
    }
}

/// What a test found.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Detections of each video.
    pub detections: Detections,
    /// Their worth, if it was asked for.
    pub evaluation: Option<Evaluation>,
    /// A sentence for each video that could not be read.
    pub broken: Vec<String>,
    /// What computed, in words; none when raw outputs were read instead.
    pub device: Option<String>,
    /// Why evidence was not kept of all videos, if it was wanted and was not.
    pub unkept: Option<String>,
}

/// Detects on the test subset; `None` when `stop` became true. `watch` sees warnings and progress.
///
/// # Errors
/// When data, device or checkpoint cannot be used.
pub fn test(
    request: &TestRequest,
    stop: Arc<AtomicBool>,
    watch: &mut dyn FnMut(&Event),
) -> anyhow::Result<Option<Tested>> {
    let config = &request.config;
    train::check(config)?;
    let material = Material::open(config, &request.root)?;
    let mut sink = Unrecorded { stop, watch };
    let (mut device, mut unkept) = (None, None);
    let found = if let RawOutputs::Read(folders) = &request.raw {
        inference::search_raw(config, &material, folders, &mut sink)?
    } else {
        device::limit_threads(config.solver.threads);
        let chosen = choose(&request.device)?;
        device = Some(chosen.description.clone());
        let loaded = checkpoint::load_any(&request.checkpoint, config, &material.classes)?;
        let raw = match &request.raw {
            RawOutputs::Write(folder) => Some(folder),
            RawOutputs::Forget | RawOutputs::Read(_) => None,
        };
        let folders = (raw, request.evidence.as_ref());
        let (found, why) = search(config, &material, &loaded, &chosen, folders, &mut sink)?;
        unkept = why;
        found
    };
    let Some(found) = found else { return Ok(None) };
    let evaluation = match request.evaluate {
        true => Some(inference::judge(&request.config, &material, &found)?),
        false => None,
    };
    let (detections, broken) = found;
    // As in training: a few are bearable, more mean that something is wrong with the folder or the classifier.
    if let Some(first) = broken.first().filter(|_| broken.len() * 20 > detections.videos.len()) {
        let first = format!("{}: {}", first.video, first.reason);
        return Err(TrainError::BrokenVideos { broken: broken.len(), total: detections.videos.len(), first }.into());
    }
    let broken = broken.into_iter().map(|video| format!("{}: {}", video.video, video.reason)).collect();
    Ok(Some(Tested { detections, evaluation, broken, device, unkept }))
}

/// Searches and keeps what the network says in the folders that are named, of raw outputs and of evidence; why not all evidence was kept.
fn search(
    config: &Config,
    material: &Material,
    loaded: &Loaded,
    chosen: &Chosen,
    (raw, evidence): (Option<&PathBuf>, Option<&PathBuf>),
    sink: &mut Unrecorded<'_>,
) -> Result<(Option<Found>, Option<String>), TrainError> {
    let mut raw = raw.map(|folder| raw::Writer::new(folder.clone(), loaded.classes.clone()));
    let mut shelf = evidence.map(|folder| Shelf::new(folder.clone()));
    let found = inference::search(
        config,
        material,
        loaded,
        &chosen.device,
        sink,
        Some(&mut |video, window, found| {
            if let Some(shelf) = &mut shelf {
                shelf.add(video, window, found);
            }
            raw.as_mut().map_or(Ok(()), |raw| raw.add(video, window, found))
        }),
    )?;
    if found.is_none() {
        // The last video is not whole.
        return Ok((None, None));
    }
    raw.as_mut().map_or(Ok(()), raw::Writer::close)?;
    Ok((found, shelf.and_then(Shelf::finish)))
}

/// Name of the folder of evidence.
const EVIDENCE: &str = "evidence";

/// Where a test keeps its evidence when nobody names a folder: with the run whose weights it takes, else with what was detected under `root`.
#[must_use]
pub fn evidence_of_test(checkpoint: &Path, root: &Path) -> PathBuf {
    let folder = checkpoint.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "checkpoints"));
    let run = folder.and_then(Path::parent).filter(|run| run.join("config.toml").is_file());
    run.map_or_else(|| root.join("runs"), Path::to_owned).join(EVIDENCE)
}

/// Where detections in a file have their evidence: beside it, in a folder of its name. `found.json` has `found.evidence`.
#[must_use]
pub fn evidence_of_detections(file: &Path) -> PathBuf {
    file.with_extension(EVIDENCE)
}

/// The device of a name, said to whoever waits: `auto` leaves it open.
fn choose(name: &str) -> Result<Chosen, DeviceError> {
    let chosen = device::choose(name)?;
    tracing::info!("detecting on {}", chosen.description);
    Ok(chosen)
}

/// The checkpoint of a run that a test takes when none is named: the recipe's epoch, else the best.
#[must_use]
pub fn default_checkpoint(config: &Config, run: &Path) -> PathBuf {
    let name = config.workflow.test_epoch.map_or_else(|| checkpoint::BEST.to_owned(), checkpoint::epoch_name);
    run.join("checkpoints").join(format!("{name}.safetensors"))
}

/// Detections in any videos.
#[cfg(feature = "video")]
#[derive(Clone, Debug)]
pub struct DetectRequest {
    /// Checkpoint file; it carries its recipe and classes.
    pub checkpoint: PathBuf,
    /// Video files.
    pub videos: Vec<PathBuf>,
    /// Device name, as `--device` takes it.
    pub device: String,
    /// The region of the pictures that is searched; none: all of it.
    pub crop: Option<crate::domain::Crop>,
    /// Which of each file's video streams; none: the main one.
    pub stream: Option<usize>,
    /// Folder that the network's raw outputs are written to, if they are wanted.
    pub raw: Option<PathBuf>,
    /// Folder that the evidence of each video is kept in, if it is wanted.
    pub evidence: Option<PathBuf>,
}

/// Detects in any videos, named by their file stems; `None` when `stop` became true. A video that cannot be read is a sentence in `broken`.
///
/// # Errors
/// When device or checkpoint cannot be used, or no video can be read.
#[cfg(feature = "video")]
pub fn detect(
    request: &DetectRequest,
    stop: Arc<AtomicBool>,
    watch: &mut dyn FnMut(&Event),
) -> anyhow::Result<Option<Tested>> {
    let chosen = choose(&request.device)?;
    let loaded = checkpoint::load(&request.checkpoint)?;
    device::limit_threads(loaded.config.solver.threads);
    let (mut videos, mut broken) = video_list(&request.videos, request.stream, &loaded.config.data.test_subset);
    videos.iter_mut().for_each(|video| video.crop = request.crop);
    if videos.is_empty() {
        return Err(NothingToSearch { files: broken.len(), reasons: broken.join("; ") }.into());
    }
    let material = Material::of_videos(&loaded.config, videos, loaded.classes.clone());
    let mut sink = Unrecorded { stop, watch };
    let folders = (request.raw.as_ref(), request.evidence.as_ref());
    let (found, unkept) = search(&loaded.config, &material, &loaded, &chosen, folders, &mut sink)?;
    let Some(found) = found else { return Ok(None) };
    broken.extend(found.1.into_iter().map(|video| format!("{}: {}", video.video, video.reason)));
    Ok(Some(Tested { detections: found.0, evaluation: None, broken, device: Some(chosen.description), unkept }))
}

/// Every file was refused.
#[derive(Debug, thiserror::Error)]
#[error("none of the {files} files is a video that can be read: {reasons}")]
pub struct NothingToSearch {
    files: usize,
    reasons: String,
}

/// The files as videos of one subset; names are file stems, made unique by their folder where two are alike.
#[cfg(feature = "video")]
fn video_list(files: &[PathBuf], stream: Option<usize>, subset: &str) -> (Vec<crate::domain::Video>, Vec<String>) {
    let (mut videos, mut broken) = (Vec::<crate::domain::Video>::new(), Vec::new());
    for file in files {
        let path = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match crate::video::index(crate::domain::Footage::of(&path, stream)) {
            Ok(index) if index.len() < 2 => {
                broken.push(format!("{} has one frame only; an action needs several", path.display()));
            }
            Ok(index) => {
                let taken = videos.iter().any(|video| video.id == stem);
                let id = if taken { path.to_string_lossy().into_owned() } else { stem };
                videos.push(crate::domain::Video {
                    id,
                    subset: subset.to_owned(),
                    duration: index.duration().as_secs(),
                    frames: Some(index.len() as u64),
                    path: Some(path.to_string_lossy().into_owned()),
                    stream,
                    ..crate::domain::Video::default()
                });
            }
            Err(error) => broken.push(error.to_string()),
        }
    }
    (videos, broken)
}
