//! The keys of post-processing and evaluation.

use super::section::{choice, section};

section! {
    /// From scored proposals to detections (spec 9).
    pub struct Post {
        /// Whose peaks, suppression and clamping are followed where the two references disagree (spec 9.7, 13).
        form: PostForm = PostForm::OpenTad,
        /// Keep only proposals whose ends are peaks of the boundary curves (spec 9.2).
        boundary_selection: bool = true,
        /// Suppression of overlapping proposals (spec 9.3).
        nms: Nms = Nms::default(),
        /// Where detections get their classes from when the detector has no class head (spec 9.5).
        classifier: Classifier = Classifier::default(),
        /// Keep what the reference keeps by accident: segments that end where they start or before, which voting can turn into NaN, and
        /// a NaN that passes every threshold of the evaluation (spec 9.6); false drops such segments.
        strict_reference: bool = false,
    }
}

section! {
    /// An external classifier's scores of whole videos, with which class-agnostic proposals get their classes (spec 9.5).
    pub struct Classifier {
        /// Whose file it is, and with it how its scores enter.
        kind: ClassifierKind = ClassifierKind::None,
        /// The classifier's file, from `--root` (spec 8).
        path: String = String::new(),
        /// Best classes of a video that every proposal gets (spec 9.5: 2).
        top: usize = 2,
        /// For the generic form: whether each video's scores are first normalised to sum to 1 (spec 9.5).
        softmax: bool = false,
    }
}

choice! {
    /// External classifiers (spec 9.5).
    pub enum ClassifierKind {
        /// None: the detector names its classes, or there is one only.
        None = "none",
        /// CUHK's ActivityNet scores (JSON); the product of both scores counts.
        Cuhk = "cuhk",
        /// UntrimmedNet's THUMOS scores (`.npy`, 101 columns); the product of both scores counts.
        UntrimmedNet = "untrimmed_net",
        /// Any scores in CUHK's JSON form; the square root of the product counts.
        Generic = "generic",
    } default None
}

section! {
    /// Suppression (spec 9.3) and voting (spec 9.4).
    pub struct Nms {
        /// Whether what overlaps a better segment loses score, or is dropped (the reference's use_soft_nms; spec 9.3).
        kind: NmsKind = NmsKind::Soft,
        /// Overlap from which hard suppression drops a segment; with `post.form = "official"` the overlap above which the score decays,
        /// 0 there (spec 9.3, 9.7, 8: DETECTION_POST.iou_threshold). OpenTAD's soft suppression does not use it.
        iou_threshold: f64 = 0.0,
        /// Where windows are joined after an external classifier: whether a segment only suppresses those of its own class, with one
        /// limit for all classes together (the reference's multiclass, false in all its ETAD recipes; spec 9.3, 9.6). A class head's
        /// detections always are suppressed by class (spec 18).
        per_class: bool = false,
        /// Width of the Gaussian of soft suppression (ActivityNet 0.35, THUMOS 0.3).
        sigma: f64 = 0.35,
        /// Most detections of a video, or of a video and class with the class head (spec 9.3, 18: max_detections).
        max_detections: usize = 100,
        /// Score below which a candidate is dropped (spec 9.3: 1e-4).
        min_score: f64 = 1e-4,
        /// Overlap from which neighbours vote on a segment's ends; 0 is off (THUMOS 0.95; spec 9.4).
        voting_threshold: f64 = 0.0,
    }
}

choice! {
    /// Forms of suppression (spec 9.3).
    pub enum NmsKind {
        /// Scores decay by a Gaussian of the overlap.
        Soft = "soft",
        /// What overlaps by `iou_threshold` or more is dropped.
        Hard = "hard",
    } default Soft
}

section! {
    /// Evaluation (spec 10).
    pub struct Evaluation {
        /// tIoU thresholds.
        tious: Vec<f64> = vec![0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95],
        /// JSON list of videos left out of the evaluation (spec 10.2).
        blocked: Option<String> = None,
        /// Whose rules decide which truths count (spec 10.1): "opentad" drops repeated and empty ones, "toolkit" takes them as they stand.
        /// Detections of a label that no truth has are ignored by both; the toolkit itself would end with an error.
        rules: EvalRules = EvalRules::OpenTad,
    }
}

choice! {
    /// Rules of the evaluation (spec 10.1).
    pub enum EvalRules {
        /// OpenTAD's: duplicate and empty truths removed.
        OpenTad = "opentad",
        /// The ActivityNet toolkit's and the official code's: truths as they stand. Labels that no truth has are ignored here too,
        /// where the toolkit ends with an error.
        Toolkit = "toolkit",
    } default OpenTad
}

choice! {
    /// The reference whose post-processing is followed (spec 13).
    pub enum PostForm {
        /// OpenTAD: plateaus and ends of a curve are peaks; both ends are clamped to the video (spec 9.2, 9.3, 9.5).
        OpenTad = "opentad",
        /// The authors' own repository: strict peaks; soft-NMS in float64 without minimum score or voting, which loses the last
        /// candidate; a start is clamped below and an end above only (spec 9.2, 9.7).
        Official = "official",
    } default OpenTad
}
