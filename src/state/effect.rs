//! What the state asks for: effects, and what they need to know. The window carries them out and answers with reports.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::{Crop, Dataset, Detections, Do, Footage, MediaTime};
use crate::formats::exchange::Form;
use crate::jobs::review::ReviewRequest;
use crate::project::{Document, Entry as Step, Media};

use super::{Export, Init, Wanted};

/// A training to start.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TrainRequest {
    /// Configuration file.
    pub config: PathBuf,
    /// Project folder, for `--root`.
    pub root: PathBuf,
    /// Folder of the project's runs; the run gets a folder in it.
    pub runs: PathBuf,
    /// An existing run to go on with instead of a new one.
    pub resume: Option<PathBuf>,
    /// `--device`.
    pub device: String,
    /// Starting weights.
    pub init: Init,
    /// Keys that are other than in the configuration file, as `--set` takes them.
    #[serde(default)]
    pub overrides: Vec<String>,
}

/// A video to detect on.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectVideo {
    /// Name in the results.
    pub id: String,
    /// File and stream.
    pub footage: Footage,
    /// The region of the picture that is searched; none: all of it.
    pub crop: Option<Crop>,
}

/// What the player job is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum PlayerRequest {
    /// Open this video.
    Open {
        /// File and stream.
        footage: Footage,
        /// Comes back in reports.
        generation: u64,
    },
    /// Let go of the video.
    Close,
    /// Let time run at this speed (negative: backward), or stand still.
    Play {
        /// Speed, or none to stand still.
        speed: Option<f64>,
    },
    /// Go to a time.
    Seek(MediaTime),
    /// Go some frames on or back from the picture that is shown.
    Step(i64),
}

/// What must be done outside the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open a project on a thread, which then keeps its annotations; reports `Opened`.
    Open(Vec<PathBuf>),
    /// The project that was opened takes the place of the one before; or it could not be opened and that one stays.
    Adopt(bool),
    /// Keep these entries of the book, by their numbers; reports `Keeping`.
    Keep(Vec<(u64, Step)>),
    /// Bring the annotation file up to date.
    SaveAnnotations,
    /// Close the window.
    Close,
    /// Ask where to save the annotations, away from the project; reports `FileChosen` or `NoDialog`.
    AskElsewhere,
    /// Save the annotations there, away from the project; reports `SavedElsewhere`.
    SaveElsewhere {
        /// The file.
        path: PathBuf,
        /// Number of the last edit in it; comes back.
        last: u64,
        /// What.
        document: Box<Document>,
    },
    /// Take the project over from the window that has it; reports `Opened` again.
    TakeOver,
    /// Ask for a folder; reports `Chosen`.
    AskFolder,
    /// Ask for videos; reports `Chosen`.
    AskVideos,
    /// Ask for a configuration or weights; reports `FileChosen` or `NoDialog`.
    AskFile(Wanted),
    /// Ask where to save, and save.
    AskExport {
        /// Form.
        form: Export,
        /// Suggested folder.
        folder: Option<PathBuf>,
        /// What.
        detections: Detections,
    },
    /// Read a file with annotations; reports `AnnotationsRead`.
    ReadAnnotations(PathBuf),
    /// Ask where to write the annotations in a form of other programs, and write them; reports `Saved`.
    ExportAnnotations {
        /// Form.
        form: Form,
        /// Suggested folder.
        folder: Option<PathBuf>,
        /// What.
        document: Box<Document>,
    },
    /// Look at video files for length and a small picture; reports `Looked`. Drops what an earlier one still had to do.
    Look {
        /// Comes back in reports.
        generation: u64,
        /// Index, and file with stream.
        files: Vec<(usize, Footage)>,
    },
    /// Something for the player.
    Player(PlayerRequest),
    /// List configurations and devices; reports `Configs` and `Devices`.
    ListChoices {
        /// Project folder.
        root: PathBuf,
    },
    /// Check the data for a configuration; reports `Health`, and again once decoding the videos has told more.
    CheckHealth {
        /// Configuration.
        config: PathBuf,
        /// Keys that are other than in it, as `--set` takes them.
        overrides: Vec<String>,
        /// Project folder, where the configuration's relative paths start.
        root: PathBuf,
        /// Annotations.
        dataset: Box<Dataset>,
        /// What is known of the files.
        media: BTreeMap<String, Result<Media, String>>,
        /// Declared classes.
        classes: Vec<String>,
        /// Whether starting weights were chosen.
        initialised: bool,
        /// Whether a person asked, so that long videos are decoded too.
        asked: bool,
    },
    /// Find out what a training would take, by a small step; reports `Forecast`.
    Forecast {
        /// Comes back in the report.
        number: u64,
        /// The training.
        request: TrainRequest,
    },
    /// End that; nothing is reported of it any more.
    CancelForecast,
    /// List the runs in this folder; reports `Runs`.
    FindRuns(PathBuf),
    /// Start a training process; reports `TrainingStarted` or `TrainingRefused`, in the end `TrainingEnded`.
    Train(TrainRequest),
    /// Append a line to a run's control file.
    Control {
        /// Run folder.
        folder: PathBuf,
        /// What to do.
        what: Do,
    },
    /// Follow this run folder instead of any other; reports `RunEvents` and `RunChecked`.
    Follow(PathBuf),
    /// Follow no run.
    Unfollow,
    /// Read on in the followed run at once and tell whether it lives.
    CheckRun,
    /// Read predictions files, the last one first; reports `EpochPredictions`.
    ReadPredictions {
        /// Run folder.
        folder: PathBuf,
        /// Epochs from 0, and files relative to the run folder.
        files: Vec<(usize, String)>,
    },
    /// Detect on videos; reports `DetectBegins`, `Detected`, `DetectEnded`.
    Detect {
        /// Comes back in reports.
        job: u64,
        /// Weights.
        checkpoint: PathBuf,
        /// `--device`.
        device: String,
        /// On what.
        videos: Vec<DetectVideo>,
        /// Where evidence is kept.
        evidence: Option<PathBuf>,
    },
    /// Read what was kept of a video's evidence; reports `EvidenceRead`.
    ReadEvidence {
        /// Where they may be kept, the likeliest first.
        folders: Vec<PathBuf>,
        /// Video name.
        video: String,
        /// Names under which they may be kept: that of the video, that of its file.
        names: Vec<String>,
    },
    /// End the detection.
    CancelDetect,
    /// Ask where to save this, and save it; reports `Saved`.
    AskSave {
        /// Name of the file.
        name: String,
        /// Suggested folder.
        folder: Option<PathBuf>,
        /// What.
        contents: Vec<u8>,
    },
    /// Ask where to save a part of the window as it looks, and save it; reports `Saved`.
    Picture {
        /// Name of the file, without extension.
        name: String,
        /// Suggested folder.
        folder: Option<PathBuf>,
        /// Left, top, right, bottom in points.
        place: [f32; 4],
    },
    /// Read the text of a configuration; reports `ConfigText`.
    ReadConfig(PathBuf),
    /// Read a file of detections; reports `ResultsRead`.
    ReadResults(PathBuf),
    /// Follow this run folder too; reports `RunEvents`.
    FollowBeside(PathBuf),
    /// Follow it no more.
    UnfollowBeside(PathBuf),
    /// Read the end of what a run printed; reports `Log`.
    ReadLog(PathBuf),
    /// Tell a person who looks elsewhere that something is done.
    Attention,
    /// Compare detections with the truth, instead of what was to be compared before; reports `Reviewed`.
    Review(ReviewRequest),
}
