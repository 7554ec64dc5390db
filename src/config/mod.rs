//! Configuration: TOML to typed structs. Defaults, then the file, then `--set a.b=c`; unknown keys are errors.

mod chunk;
mod data;
mod encoder;
mod load;
mod model;
mod post;
mod range;
mod reference;
mod section;
mod train;

pub use chunk::Chunk;
pub use data::{Data, FeatureLayout, ResizeFilter, Sampling, Scheme, Source, TruthRule};
pub use encoder::{Architecture, Encoder, Norm, Precision};
pub use load::{ConfigError, load, parse};
pub use model::{Head, HeadVariant, Model, ProposalStrategy, Proposals, Roi};
pub use post::{Classifier, ClassifierKind, EvalRules, Evaluation, Nms, NmsKind, Post, PostForm};
pub use reference::markdown;
pub use section::{Documented, Key, plain_key};
pub use train::{
    Augment, Loss, LossForm, Optimizer, OptimizerKind, Scheduler, SchedulerKind, SnippetStrategy, Solver, Workflow,
};

use section::section;

section! {
    /// A whole recipe: everything that decides a run, but for the data and the device.
    pub struct Config {
        /// Name of the recipe; runs are named after it.
        name: String = "run".to_owned(),
        /// Seed of every random draw (spec 18).
        seed: u64 = 42,
        /// The detector (spec 4).
        model: Model = Model::default(),
        /// The video encoder (spec 3).
        encoder: Encoder = Encoder::default(),
        /// Videos, annotations and how they become snippets (spec 2, 18).
        data: Data = Data::default(),
        /// Weights and thresholds of the losses (spec 6).
        loss: Loss = Loss::default(),
        /// Batches, epochs and gradient sampling (spec 7).
        solver: Solver = Solver::default(),
        /// Optimiser of the detector and the encoder (spec 7.2).
        optimizer: Optimizer = Optimizer::default(),
        /// Learning rate over time (spec 7.2).
        scheduler: Scheduler = Scheduler::default(),
        /// From proposals to detections (spec 9).
        post: Post = Post::default(),
        /// How detections are judged (spec 10).
        eval: Evaluation = Evaluation::default(),
        /// Reports, checkpoints and evaluations during a run (spec 7.5).
        workflow: Workflow = Workflow::default(),
    }
}

impl Config {
    /// All keys with their defaults and meanings, in the order of the file.
    #[must_use]
    pub fn reference() -> Vec<Key> {
        let mut keys = Vec::new();
        Self::keys("", "", &Self::default(), &mut keys);
        keys
    }

    /// The whole configuration as TOML, defaults included.
    ///
    /// # Errors
    /// Only if a value cannot be written as TOML (a number above i64).
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}
