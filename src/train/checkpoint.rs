//! Checkpoints: weights by PyTorch's names with all that inference needs in the header, and beside them what training needs to go
//! on (spec 18). How they come to the disk is the part `store`'s, weights from elsewhere are the part `start`'s.

mod start;
mod store;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

pub use start::{adopt, fill_encoder, fill_start};
use store::Pair;

use super::loader::Broken;
use super::optimizer::SavedMoments;
use super::step::Engine;
use crate::config::{self, Architecture, Config};
use crate::domain::ClassList;
use crate::model::weights::{Array, Mismatch, Weights, WeightsError};
use crate::model::{Detector, Encoder, import};

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system said no.
    #[error(
        "cannot write {path}: {source}; make room there or give the right to write, and start again: a training goes on with --resume from \
         its last whole checkpoint"
    )]
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
    /// Weights from which nothing can go on.
    #[error(
        "no checkpoint in {folder} has a whole state (.state) of the same step beside its weights; start a new run in another folder with \
         --init {weights}"
    )]
    NoState {
        /// Folder of the checkpoints.
        folder: String,
        /// Weights that are there.
        weights: String,
    },
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
    /// Evaluation of the checkpoint that is the best so far, or of the recipe's fixed epoch.
    pub best: Option<Best>,
    /// Highest average mAP so far, by which patience counts.
    #[serde(default)]
    pub highest: Option<f64>,
    /// Evaluations since that.
    pub since_best: usize,
    /// Epoch whose evaluation is still to be done.
    pub evaluate: Option<usize>,
    /// Loss terms of the steps since the last report, so that the next report is the same after a resume.
    pub unreported: Vec<Vec<f32>>,
    /// Videos that could not be read so far; each is warned of once.
    #[serde(default)]
    pub broken: Vec<Broken>,
    /// Videos with damage so far; each is warned of once.
    #[serde(default)]
    pub damaged: Vec<String>,
    /// Names that this checkpoint bears.
    #[serde(default)]
    pub names: Vec<String>,
}

/// A checkpoint that a run can go on from.
pub struct Newest {
    /// With what it was trained.
    pub header: Header,
    weights: Weights,
    pair: Pair,
}

/// A checkpoint that is in the network.
pub struct Resumed {
    /// Where the run stands.
    pub position: Position,
    pair: Pair,
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
const DATA: &str = "data";
const STEP: &str = "step";
const POSITION: &str = "position";
const MOMENTS: &str = "updates";
const SCALING: &str = "scaling";
/// Name of the checkpoint from which a run goes on.
pub const LAST: &str = "last";
/// Name of the checkpoint with the best average mAP.
pub const BEST: &str = "best";

/// Name of an epoch's checkpoint.
#[must_use]
pub fn epoch_name(epoch: usize) -> String {
    format!("epoch_{epoch:03}")
}

/// Writes the checkpoint `last` into `folder`, and gives it all of the position's names.
///
/// # Errors
/// When it cannot be written; the one before is then still whole.
pub fn save(folder: &Path, engine: &Engine, header: &Header, position: &Position) -> Result<(), CheckpointError> {
    store::write(folder, &position.names, &weights(engine, header, position)?, &state(engine, position)?)
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
        (DATA.to_owned(), header.data.clone()),
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
    if let Some(scaling) = &engine.scaling {
        state.metadata.insert(SCALING.to_owned(), serde_json::to_string(scaling).map_err(unusable)?);
    }
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

/// The newest whole checkpoint of a run; none where the folder holds no checkpoint. Nothing on the disk changes.
///
/// # Errors
/// When no checkpoint is whole, or it was not written by this program.
pub fn newest(folder: &Path) -> Result<Option<Newest>, CheckpointError> {
    let Some(pair) = store::latest(folder)? else { return Ok(None) };
    let Loaded { config, classes, weights, .. } = load(&pair.weights)?;
    let data = weights.metadata.get(DATA).cloned().unwrap_or_default();
    Ok(Some(Newest { header: Header { config, classes, data }, weights, pair }))
}

impl Newest {
    /// Puts it into the network, with the optimiser's moments.
    ///
    /// # Errors
    /// When it is another model's, or its state is not whole.
    pub fn take_up(self, engine: &mut Engine) -> Result<Resumed, CheckpointError> {
        let Self { weights, pair, .. } = self;
        let state = Weights::read(&pair.state)?;
        let lacks = |what| CheckpointError::Incomplete { path: pair.state.display().to_string(), what };
        let text = |key: &str| state.metadata.get(key).map_or("", String::as_str);
        let position = serde_json::from_str(text(POSITION)).map_err(|_| lacks("position"))?;
        let updates: BTreeMap<String, u64> =
            serde_json::from_str(text(MOMENTS)).map_err(|_| lacks("optimiser state"))?;
        let mut moments = BTreeMap::new();
        for (name, steps) in updates {
            let values = |part: &str| state.tensors.get(&format!("{name}.{part}")).map(|array| array.values.clone());
            let (first, second) = values("first").zip(values("second")).ok_or_else(|| lacks("optimiser state"))?;
            moments.insert(name, SavedMoments { steps, first, second });
        }
        fill(engine, &weights).map_err(|error| error.of(&pair.weights))?;
        engine.load_moments(moments);
        if engine.scaling.is_some() {
            engine.scaling = Some(serde_json::from_str(text(SCALING)).map_err(|_| lacks("loss scaling"))?);
        }
        Ok(Resumed { position, pair })
    }
}

/// Finishes in `folder` what a kill broke off in the middle, and removes what was only half written.
///
/// # Errors
/// When the folder cannot be written.
pub fn tidy(folder: &Path, resumed: Option<&Resumed>) -> Result<(), CheckpointError> {
    let names = resumed.map_or(&[][..], |resumed| &resumed.position.names);
    store::finish(folder, resumed.map(|resumed| &resumed.pair), names)
}

/// Deletes checkpoints of epochs for which `keeps` says no.
pub fn prune(folder: &Path, keeps: impl Fn(usize) -> bool) {
    store::prune(folder, keeps);
}
