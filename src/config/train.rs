//! The training's keys.

use super::section::{choice, section};

section! {
    /// Weights and thresholds of the losses (spec 6.8 and 18).
    pub struct Loss {
        /// Whose small differences are followed where the two references disagree (spec 13).
        form: LossForm = LossForm::OpenTad,
        /// Weight of the IoU classification (spec 6.8).
        iou_classification: f64 = 1.0,
        /// Weight of the IoU regression (spec 6.8).
        iou_regression: f64 = 5.0,
        /// Weight of the four offsets (spec 6.8).
        offsets: f64 = 10.0,
        /// Weight of start and end classification of a proposal (spec 6.8).
        boundary: f64 = 0.5,
        /// IoU above which a proposal is a positive of the IoU classification (spec 6.8: 0.9).
        positive_iou: f64 = 0.9,
        /// Startness and endness targets cut to 0 or 1 as OpenTAD does; false keeps the fraction (spec 6.2).
        truncate_boundary: bool = true,
        /// Weight of the class head (spec 18).
        class_weight: f64 = 1.0,
        /// IoU above which a proposal carries a truth's class (spec 18).
        class_iou: f64 = 0.5,
        /// Class negatives drawn for each class positive (spec 18: 3).
        class_negatives: f64 = 3.0,
    }
}

choice! {
    /// The reference whose logarithms and epsilons the losses use (spec 6.1, 6.3, 13).
    pub enum LossForm {
        /// The OpenTAD toolbox.
        OpenTad = "opentad",
        /// The authors' own repository.
        Official = "official",
    } default OpenTad
}

section! {
    /// Batches and epochs (spec 7, 8).
    pub struct Solver {
        /// Videos or windows of one step.
        batch_size: usize = 4,
        /// Whether an epoch leaves out its last batch when it is not full (official code) or uses it (OpenTAD; spec 2.6).
        drop_last: bool = false,
        /// Passes over the training subset.
        epochs: usize = 6,
        /// Which snippets send gradients to the encoder (spec 7.3).
        snippet_strategy: SnippetStrategy = SnippetStrategy::Random,
        /// Global norm to which all gradients are clipped; 0 does not clip (spec 7.1: 1 in OpenTAD, none in the official code).
        clip_norm: f64 = 1.0,
        /// Threads that decode videos.
        workers: usize = 1,
        /// Megabytes of decoded and resized frames kept in memory between epochs; 0 decodes anew each time.
        frame_cache: usize = 1024,
        /// Megabytes that a training may take of the memory of its device; 0 takes what is free there.
        memory_budget: usize = 0,
        /// Threads of the tensor library on the CPU; 0 takes all cores.
        threads: usize = 0,
    }
}

choice! {
    /// Which snippets send gradients (spec 7.3).
    pub enum SnippetStrategy {
        /// A random permutation per video.
        Random = "random",
        /// Evenly spaced.
        Grid = "grid",
        /// One run of neighbours.
        Block = "block",
        /// Those with the largest feature gradient.
        Gradient = "gradient",
    } default Random
}

section! {
    /// Optimiser (spec 7.2).
    pub struct Optimizer {
        /// Update rule.
        kind: OptimizerKind = OptimizerKind::AdamW,
        /// Learning rate of the detector.
        detector_rate: f64 = 1e-3,
        /// Learning rate of the encoder.
        encoder_rate: f64 = 1e-3,
        /// Weight decay of all parameters (spec 7.2: 1e-4).
        weight_decay: f64 = 1e-4,
    }
}

choice! {
    /// Update rules (spec 7.2).
    pub enum OptimizerKind {
        /// Decoupled weight decay (ActivityNet).
        AdamW = "adamw",
        /// Weight decay added to the gradient (THUMOS).
        Adam = "adam",
    } default AdamW
}

section! {
    /// Learning rate over time (spec 7.2; warm-up and cosine are this product's options).
    pub struct Scheduler {
        /// Shape of the curve.
        kind: SchedulerKind = SchedulerKind::Steps,
        /// Epochs (from 0) at whose start the rate is multiplied by `gamma` (spec 7.2: 5).
        milestones: Vec<usize> = vec![5],
        /// Factor at each milestone.
        gamma: f64 = 0.1,
        /// Steps over which the rate rises from 0 at the start.
        warmup_steps: usize = 0,
        /// Share of the full rate at which the cosine ends, 0..1.
        floor: f64 = 0.01,
    }
}

choice! {
    /// Shapes of the learning rate curve.
    pub enum SchedulerKind {
        /// Constant between milestones.
        Steps = "steps",
        /// Half a cosine from the full rate to the floor.
        Cosine = "cosine",
    } default Steps
}

section! {
    /// Random changes of the picture, the same for all frames of a window (spec 2.4).
    pub struct Augment {
        /// Probability of a mirrored picture, 0..1.
        flip: f64 = 0.5,
        /// Random crop instead of the centre.
        crop: bool = true,
        /// Whether a random crop can lie at the last row and column; in the reference it never does (spec 2.4).
        crop_last: bool = true,
        /// RandAugment: how many of its 15 operations are drawn (spec 2.4: 2); 0 is off.
        random_operations: usize = 0,
        /// RandAugment: strength of its operations, 0..10 (spec 2.4: 9).
        random_magnitude: f64 = 9.0,
        /// Brightness factor is drawn from 1 - x .. 1 + x (spec 2.4: 0.5).
        brightness: f64 = 0.0,
        /// Contrast factor is drawn from 1 - x .. 1 + x (spec 2.4: 0.5).
        contrast: f64 = 0.0,
        /// Saturation factor is drawn from 1 - x .. 1 + x (spec 2.4: 0.5).
        saturation: f64 = 0.0,
        /// Shift of the hue is drawn from -x .. x (spec 2.4: 0.1).
        hue: f64 = 0.0,
        /// Whether changed colours are cut to whole numbers, as in the reference (spec 2.4), instead of rounded.
        truncate: bool = false,
    }
}

section! {
    /// What happens besides the steps (spec 7.5).
    pub struct Workflow {
        /// Steps between two reports.
        report_interval: usize = 10,
        /// Epochs between two checkpoints.
        checkpoint_interval: usize = 1,
        /// Epochs between two evaluations, counted from epoch 0 whatever `eval_start` is (spec 7.5); the last one is always evaluated.
        /// 0 never evaluates.
        eval_interval: usize = 1,
        /// First epoch (from 0) that is evaluated.
        eval_start: usize = 0,
        /// Minutes after which a checkpoint is written inside an epoch; 0 only at its end.
        save_minutes: f64 = 10.0,
        /// Evaluations without a better average mAP after which the run ends; 0 runs all epochs.
        patience: usize = 0,
        /// Epoch (from 0) whose checkpoint is called `best` and which `etad test` takes; absent: the best by average mAP (spec 7.5).
        test_epoch: Option<usize> = None,
        /// First epoch (from 0) whose checkpoint stays, as do all later ones; absent: the last two, the best and `test_epoch`.
        keep_from: Option<usize> = None,
    }
}
