//! Checkpoints: weights by PyTorch's names with all that inference needs in the header, and beside them what training needs to go
//! on (spec 18).
//!
//! Each file is written under another name, synced and renamed. A process killed between the two renames leaves a pair that does
//! not belong together: both carry the step, and [`latest`] takes the newest pair that agrees, from which training runs
//! the same again.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::optimizer::SavedMoments;
use super::step::Engine;
use crate::config::{self, Architecture, Config};
use crate::domain::ClassList;
use crate::model::weights::{Array, Mismatch, Named, Weights, WeightsError};
use crate::model::{Detector, Encoder, import};

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system said no.
    #[error("cannot write the checkpoint {path}: {source}; check space and permissions of the run folder")]
    Write {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// Weights of another model.
    #[error("{path} belongs to another model than the configuration's: {mismatch}")]
    Foreign {
        /// File.
        path: String,
        /// What does not agree.
        mismatch: Mismatch,
    },
    /// Weights that cannot be read, written or used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Weights for an encoder that is not there.
    #[error("{path} holds the weights of an encoder, but the configuration has none (encoder.arch = \"none\")")]
    NoEncoder {
        /// File.
        path: String,
    },
    /// A checkpoint without something it must carry.
    #[error("{path} carries no usable {what}; it was not written by this program, or by another version of it")]
    Incomplete {
        /// File.
        path: String,
        /// What is missing.
        what: &'static str,
    },
    /// Nothing to resume.
    #[error("{0} holds no checkpoint to go on from; start the run anew")]
    Nothing(String),
}

/// Best evaluation of a run so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Mean average precision over the thresholds, 0..1.
    pub average_map: f64,
    /// Epoch from 0.
    pub epoch: usize,
}

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Epoch from 0 that goes on or begins.
    pub epoch: usize,
    /// Batch of that epoch, from 0, that is next.
    pub batch: usize,
    /// Step over the whole run that is next.
    pub step: usize,
    /// Best evaluation so far.
    pub best: Option<Best>,
    /// Evaluations since the best.
    pub since_best: usize,
    /// Epoch whose evaluation is still to be done.
    pub evaluate: Option<usize>,
    /// Loss terms of the steps since the last report, so that the next report is the same after a resume.
    pub unreported: Vec<Vec<f32>>,
}

/// A checkpoint as inference and `--init` need it.
pub struct Loaded {
    /// The configuration it was trained with.
    pub config: Config,
    /// Its classes.
    pub classes: ClassList,
    /// Parameters.
    pub weights: Weights,
    /// Where they come from.
    pub path: PathBuf,
}

/// What goes into the header of every checkpoint of a run.
#[derive(Clone, Debug)]
pub struct Header {
    /// Resolved configuration.
    pub config: Config,
    /// Class names.
    pub classes: ClassList,
    /// What tells one data set from another.
    pub data: String,
}

impl CheckpointError {
    /// The same, naming the file whose weights do not fit.
    fn of(self, path: &Path) -> Self {
        match self {
            Self::Weights(WeightsError::Mismatch(mismatch)) => {
                Self::Foreign { path: path.display().to_string(), mismatch }
            }
            other => other,
        }
    }
}

const CONFIG: &str = "config";
const CLASSES: &str = "classes";
const STEP: &str = "step";
const POSITION: &str = "position";
const MOMENTS: &str = "updates";
/// Name of the checkpoint from which a run goes on.
pub const LAST: &str = "last";
/// Name of the checkpoint with the best average mAP.
pub const BEST: &str = "best";

/// Name of an epoch's checkpoint.
#[must_use]
pub fn epoch_name(epoch: usize) -> String {
    format!("epoch_{epoch:03}")
}

/// Writes `<name>.safetensors` and `<name>.state` into `folder`.
///
/// # Errors
/// When they cannot be written; older files of that name are then still whole.
pub fn save(
    folder: &Path,
    names: &[String],
    engine: &Engine,
    header: &Header,
    position: &Position,
) -> Result<(), CheckpointError> {
    let failed = |path: &Path, source| CheckpointError::Write { path: path.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    let weights = weights(engine, header, position)?;
    let state = state(engine, position)?;
    for name in names {
        for (content, extension) in [(&weights, "safetensors"), (&state, "state")] {
            let path = folder.join(format!("{name}.{extension}"));
            let part = folder.join(format!("{name}.{extension}.part"));
            content.write(&part)?;
            File::open(&part).and_then(|file| file.sync_all()).map_err(|source| failed(&part, source))?;
            std::fs::rename(&part, &path).map_err(|source| failed(&path, source))?;
        }
    }
    // Renames are durable once the folder is; a file system that cannot sync folders has nothing better.
    File::open(folder).and_then(|folder| folder.sync_all()).or_else(|error| {
        tracing::debug!("the folder {} could not be synced: {error}", folder.display());
        Ok(())
    })
}

/// All parameters with what inference needs.
fn weights(engine: &Engine, header: &Header, position: &Position) -> Result<Weights, CheckpointError> {
    let mut weights = Weights::default().with(&engine.detector);
    if let Some(encoder) = &engine.encoder {
        weights = weights.with(encoder);
    }
    weights.metadata = metadata(header, position)?;
    Ok(weights)
}

/// What stands in the header of a checkpoint.
fn metadata(header: &Header, position: &Position) -> Result<BTreeMap<String, String>, CheckpointError> {
    let unusable = |what| CheckpointError::Incomplete { path: "the configuration in memory".to_owned(), what };
    Ok(BTreeMap::from([
        (CONFIG.to_owned(), header.config.to_toml().map_err(|_| unusable("configuration"))?),
        (CLASSES.to_owned(), serde_json::to_string(&header.classes).map_err(|_| unusable("class list"))?),
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("data".to_owned(), header.data.clone()),
        ("epoch".to_owned(), position.epoch.to_string()),
        (STEP.to_owned(), position.step.to_string()),
    ]))
}

/// Moments and position. Written with the same code as weights: named tensors and text.
fn state(engine: &Engine, position: &Position) -> Result<Weights, CheckpointError> {
    let unusable = |_| CheckpointError::Incomplete { path: "the state in memory".to_owned(), what: "position" };
    let mut state = Weights::default();
    let mut updates = BTreeMap::new();
    for (name, moments) in engine.optimizer.save() {
        let array = |values: Vec<f32>| Array { shape: vec![values.len()], values };
        state.tensors.insert(format!("{name}.first"), array(moments.first));
        state.tensors.insert(format!("{name}.second"), array(moments.second));
        updates.insert(name, moments.steps);
    }
    state.metadata = BTreeMap::from([
        (POSITION.to_owned(), serde_json::to_string(position).map_err(unusable)?),
        (MOMENTS.to_owned(), serde_json::to_string(&updates).map_err(unusable)?),
        (STEP.to_owned(), position.step.to_string()),
    ]);
    Ok(state)
}

/// Reads a checkpoint's weights with its configuration and classes.
///
/// # Errors
/// When the file cannot be read or was not written by this program.
pub fn load(path: &Path) -> Result<Loaded, CheckpointError> {
    let weights = Weights::read(path)?;
    let lacks = |what| CheckpointError::Incomplete { path: path.display().to_string(), what };
    let config = weights
        .metadata
        .get(CONFIG)
        .and_then(|text| config::parse(text, &path.display().to_string(), &[]).ok())
        .ok_or_else(|| lacks("configuration"))?;
    let classes = weights
        .metadata
        .get(CLASSES)
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| lacks("class list"))?;
    Ok(Loaded { config, classes, weights, path: path.to_owned() })
}

/// Reads the weights of any checkpoint of this model: this program's own, or one of another program (spec 3.2), which carries
/// neither configuration nor classes and gets those given.
///
/// # Errors
/// When the file cannot be read or is no checkpoint.
pub fn load_any(path: &Path, config: &Config, classes: &ClassList) -> Result<Loaded, CheckpointError> {
    let weights = import(path)?;
    if weights.metadata.contains_key(CONFIG) {
        return load(path);
    }
    Ok(Loaded { config: config.clone(), classes: classes.clone(), weights, path: path.to_owned() })
}

/// The network of a configuration with first weights drawn from its seed.
#[must_use]
pub fn fresh(config: &Config, classes: &ClassList, device: &Device) -> Engine {
    let encoder =
        (config.encoder.arch != Architecture::None).then(|| Encoder::new(&config.encoder, config.seed, device));
    let detector = Detector::new(&config.model, classes.len(), config.seed, device);
    Engine::new(config, encoder, detector, device)
}

/// The network of a configuration with a checkpoint's weights.
///
/// # Errors
/// When they are another model's.
pub fn engine(config: &Config, loaded: &Loaded, device: &Device) -> Result<Engine, CheckpointError> {
    let mut engine = fresh(config, &loaded.classes, device);
    fill(&mut engine, &loaded.weights).map_err(|error| error.of(&loaded.path))?;
    Ok(engine)
}

/// Puts weights into the network.
///
/// # Errors
/// When they are another model's.
pub fn fill(engine: &mut Engine, weights: &Weights) -> Result<(), CheckpointError> {
    let (detector, mut mismatch) = weights.fit(engine.detector.clone());
    let mut filled = None;
    if let Some(encoder) = engine.encoder.clone() {
        let (encoder, other) = weights.fit(encoder);
        mismatch = mismatch.and(other);
        filled = Some(encoder);
    }
    mismatch.check()?;
    engine.detector = detector;
    engine.encoder = filled;
    Ok(())
}

/// Puts the weights of any file in the network that is about to train: of a file with an encoder alone, its encoder.
///
/// # Errors
/// When the file cannot be read or is another model's.
pub fn fill_start(engine: &mut Engine, path: &Path) -> Result<(), CheckpointError> {
    let weights = import(path)?;
    if has_detector(&weights) {
        fill(engine, &weights).map_err(|error| error.of(path))
    } else {
        fill_encoder(engine, path)
    }
}

/// Puts the encoder of a file in the network, whatever else the file holds.
///
/// # Errors
/// When the file cannot be read, or its encoder is another one.
pub fn fill_encoder(engine: &mut Engine, path: &Path) -> Result<(), CheckpointError> {
    let weights = import(path)?;
    let Some(encoder) = engine.encoder.clone() else {
        return Err(CheckpointError::NoEncoder { path: path.display().to_string() });
    };
    let (encoder, mismatch) = weights.fit(encoder);
    mismatch.check().map_err(|error| CheckpointError::from(error).of(path))?;
    engine.encoder = Some(encoder);
    Ok(())
}

/// Whether there is more than an encoder.
fn has_detector(weights: &Weights) -> bool {
    weights.tensors.keys().any(|name| !name.starts_with(<Encoder as Named>::PREFIX))
}

/// Weights of another program as a checkpoint of this one: they must fit the configuration's network. An encoder alone is given back as it
/// is, for `encoder.weights`; the flag tells whether it is a whole checkpoint.
///
/// # Errors
/// When the file cannot be read or is another model's.
pub fn adopt(path: &Path, config: &Config, classes: &ClassList) -> Result<(Weights, bool), CheckpointError> {
    let mut weights = import(path)?;
    let mut engine = fresh(config, classes, &Device::flex());
    if !has_detector(&weights) {
        fill_encoder(&mut engine, path)?;
        return Ok((weights, false));
    }
    fill(&mut engine, &weights).map_err(|error| error.of(path))?;
    let header = Header { config: config.clone(), classes: classes.clone(), data: String::new() };
    weights.metadata = metadata(&header, &Position::default())?;
    Ok((weights, true))
}

/// Puts a run's newest whole checkpoint into the network and returns where the run stands.
///
/// # Errors
/// When there is none, or it is another model's.
pub fn resume(folder: &Path, engine: &mut Engine) -> Result<Position, CheckpointError> {
    let (stem, state) = latest(folder)?;
    let weights = Weights::read(&stem.with_extension("safetensors"))?;
    fill(engine, &weights)?;
    let path = stem.with_extension("state");
    let lacks = |what| CheckpointError::Incomplete { path: path.display().to_string(), what };
    let text = |key: &str| state.metadata.get(key).map_or("", String::as_str);
    let position = serde_json::from_str(text(POSITION)).map_err(|_| lacks("position"))?;
    let updates: BTreeMap<String, u64> = serde_json::from_str(text(MOMENTS)).map_err(|_| lacks("optimiser state"))?;
    let mut moments = BTreeMap::new();
    for (name, steps) in updates {
        let values = |part: &str| state.tensors.get(&format!("{name}.{part}")).map(|array| array.values.clone());
        let (first, second) = values("first").zip(values("second")).ok_or_else(|| lacks("optimiser state"))?;
        moments.insert(name, SavedMoments { steps, first, second });
    }
    engine.load_moments(moments);
    Ok(position)
}

/// The newest checkpoint whose two files belong together: its path without extension, and its state.
fn latest(folder: &Path) -> Result<(PathBuf, Weights), CheckpointError> {
    let entries = std::fs::read_dir(folder).map_err(|_| CheckpointError::Nothing(folder.display().to_string()))?;
    let mut found: Option<(usize, PathBuf, Weights)> = None;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "state") {
            continue;
        }
        let stem = path.with_extension("");
        // A file cut short is no reason to stop: an older pair serves.
        let (Ok(state), Ok(step)) = (Weights::read(&path), step_of(&stem.with_extension("safetensors"))) else {
            tracing::warn!("{} is not whole and is passed over", path.display());
            continue;
        };
        let own: Option<usize> = state.metadata.get(STEP).and_then(|step| step.parse().ok());
        // Of equal steps the one that waits for no evaluation is newer; "last" is written after "epoch_…".
        let newer = found
            .as_ref()
            .is_none_or(|(newest, known, _)| step > *newest || (step == *newest && rank(&stem) > rank(known)));
        if own == Some(step) && newer {
            found = Some((step, stem, state));
        }
    }
    found.map(|(_, stem, state)| (stem, state)).ok_or_else(|| CheckpointError::Nothing(folder.display().to_string()))
}

/// Which of two checkpoints of one step was written later.
fn rank(stem: &Path) -> u8 {
    match stem.file_name().and_then(|name| name.to_str()) {
        Some(LAST) => 2,
        Some(BEST) => 0,
        _ => 1,
    }
}

/// The step in the header of a weights file.
fn step_of(path: &Path) -> Result<usize, CheckpointError> {
    Weights::read(path)?
        .metadata
        .get(STEP)
        .and_then(|step| step.parse().ok())
        .ok_or_else(|| CheckpointError::Incomplete { path: path.display().to_string(), what: "step" })
}

/// Deletes checkpoints of epochs but for the last `keep` ones up to `epoch`.
pub fn prune(folder: &Path, epoch: usize, keep: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let number = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| stem.strip_prefix("epoch_"))
            .and_then(|number| number.parse::<usize>().ok());
        if number.is_some_and(|number| number + keep <= epoch)
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!("an old checkpoint stays: {}: {error}", path.display());
        }
    }
}
