//! Why a training cannot start or go on; each is one sentence a person can act on.

use super::checkpoint::CheckpointError;
use super::loader::LoaderError;
use super::sink::SinkError;
use crate::detect::DetectError;
use crate::eval::EvalError;
use crate::formats::FormatError;

/// A training that ended with a failure.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Annotations or lists.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Checkpoints and starting weights.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Decoding threads.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// The run folder.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Evaluation.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Search.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// A configuration whose values contradict each other.
    #[error("the configuration cannot be trained: {0}")]
    Config(String),
    /// A precision that a device does not have.
    #[error(
        "encoder.precision = \"{precision}\" needs a device that computes in it, and {device} does not; set it to \"f32\", or choose \
         another --device (etad devices lists them)"
    )]
    Precision {
        /// As the configuration names it.
        precision: &'static str,
        /// Device in words.
        device: String,
    },
    /// A video of unknown length.
    #[error("video {video} has no \"{what}\" above 0 in {file}; add it")]
    Unmeasured {
        /// The video.
        video: String,
        /// The key.
        what: &'static str,
        /// Annotation file.
        file: String,
    },
    /// Nothing to train on.
    #[error("no video of subset \"{subset}\" in {annotations} has an action to train on; {advice}")]
    NoItems {
        /// Training subset.
        subset: String,
        /// Annotation file.
        annotations: String,
        /// What to do.
        advice: &'static str,
    },
    /// Too many unreadable videos.
    #[error(
        "{broken} of {total} videos cannot be read, more than one in twenty; the first: {first}. Run etad check and repair or remove them"
    )]
    BrokenVideos {
        /// How many.
        broken: usize,
        /// Of how many.
        total: usize,
        /// Reason of the first.
        first: String,
    },
    /// A run that should go on with another configuration.
    #[error(
        "the run in {folder} was trained with another configuration: {keys}; go on with its own config.toml, or start a new run in another \
         folder with --init {folder}"
    )]
    OtherConfig {
        /// Run folder.
        folder: String,
        /// The keys that differ.
        keys: String,
    },
    /// A run that should go on with other data.
    #[error(
        "the videos, labels or times of the annotations are not those that the run in {folder} was trained on; put the old file back, or start \
         a new run in another folder with --init {folder}"
    )]
    OtherData {
        /// Run folder.
        folder: String,
    },
    /// A loss that is no number.
    #[error(
        "{term}, a term of the loss or the norm of its gradient, is not a finite number at step {step} (videos {videos}); lower the learning rates, \
         or look at these videos"
    )]
    NotFinite {
        /// Name of the term.
        term: String,
        /// Step over the whole run.
        step: usize,
        /// Videos of that step.
        videos: String,
    },
    /// Raw outputs that are not there.
    #[error("{folder} holds no raw outputs of video {video}; delete the folder and run the test again to write them")]
    RawMissing {
        /// Folder of raw outputs.
        folder: String,
        /// The video.
        video: String,
    },
    /// Raw outputs that cannot be put together.
    #[error(
        "the raw outputs of video {video} in {folder} are of other windows or proposals than the configuration's or another folder's; use \
         the configuration that wrote them"
    )]
    RawDiffers {
        /// Folder of raw outputs.
        folder: String,
        /// The video.
        video: String,
    },
    /// A build without FFmpeg.
    #[error("this etad was built without video; build it with --features video, or train on stored features")]
    NoVideo,
}
