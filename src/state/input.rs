//! What comes into the state: commands of a person, reports of jobs.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::{Detection, Detections, Do, Failure, MediaTime, RunEvent, StreamInfo};
use crate::jobs::evidence::Evidence;
use crate::jobs::keeper::Access;
use crate::jobs::review::Reviewed;
use crate::project::{Change, Finding, Incoming, Opened};

use super::keymap::Preset;
use super::{
    Annotate, Correct, DeviceChoice, DrawCrop, Inspect, LaneMode, Listed, LossSplit, Needs, Origin, PictureView,
    Recipe, RunSummary, Runs, Sort, ThemeChoice, Wanted, Watch, Wish,
};

/// Anything that changes the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A person did something.
    Command(Command),
    /// A job has something to say.
    Report(Report),
}

/// A file on offer, with its name in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Name.
    pub label: String,
    /// File.
    pub path: PathBuf,
}

/// Starting weights of a training.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Init {
    /// Random weights.
    #[default]
    Scratch,
    /// A weights file.
    File(PathBuf),
    /// The weights of an earlier run, by its folder.
    Run(PathBuf),
}

/// Forms in which detections are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// ActivityNet result format.
    Json,
    /// A table: video, class, start, end, score.
    Csv,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Open these files or folders.
    Open(Vec<PathBuf>),
    /// Ask for a folder to open.
    ChooseFolder,
    /// Ask for videos to open.
    ChooseVideos,
    /// Show the path field.
    ShowPathField,
    /// Hide the path field.
    HidePathField,
    /// The text of the path field changed.
    EditPath(String),
    /// Take what the path field says for what it was asked for.
    TakeTypedPath,
    /// Forget a recent project.
    ForgetRecent(PathBuf),
    /// Look for a name in the library.
    Find(String),
    /// Type a name to look for there.
    FindVideo,
    /// Ask something of the window that the state knows nothing of.
    Wish(Wish),
    /// Order the library.
    SortBy(Sort),
    /// List videos by how far they are annotated.
    List(Listed),
    /// Open a video of the library in the player.
    Select(usize),
    /// Open the next (`+1`) or previous (`-1`) video as the library shows them.
    SelectNext(i32),
    /// Play or pause.
    TogglePlay,
    /// Stand still.
    Pause,
    /// J or L: play backward (`-1`) or forward (`+1`), faster with each press.
    Shuttle(f64),
    /// Play at this speed.
    SetSpeed(f64),
    /// One speed up (`+1`) or down (`-1`).
    StepSpeed(i32),
    /// Go to a time.
    Seek(MediaTime),
    /// Go some seconds on or back.
    SeekBy(f64),
    /// Go some frames on or back.
    StepFrames(i64),
    /// Show this part of the picture.
    ViewPicture(PictureView),
    /// Something about drawing the region that counts.
    DrawCrop(DrawCrop),
    /// Show or hide dropped frames and the like over the picture.
    ToggleStats,
    /// Magnify the timeline by a factor around a time in seconds.
    Zoom {
        /// Above 1 shows less.
        factor: f64,
        /// Seconds.
        at: f64,
    },
    /// Move the timeline by seconds.
    Pan(f64),
    /// Show the whole video on the timeline.
    FitTimeline,
    /// Show the detections of this origin.
    ShowPredictions(Option<Origin>),
    /// Show the detections of this origin too, in a lane of their own.
    ShowBeside(Option<Origin>),
    /// Ask for a file of detections to show.
    OpenPredictions,
    /// Hide detections below this score.
    SetMinScore(f64),
    /// Train with this configuration.
    ChooseConfig(PathBuf),
    /// Ask for a configuration file.
    BrowseConfig,
    /// Train on this device.
    ChooseDevice(String),
    /// Start from these weights.
    ChooseInit(Init),
    /// Ask for a file with starting weights.
    BrowseInit,
    /// Check the data again.
    CheckHealth,
    /// Find out what the training would take.
    Forecast,
    /// Start a training.
    Train,
    /// Go on with the followed run that was interrupted or stopped.
    ResumeRun,
    /// Ask the followed run to do something.
    Control(Do),
    /// Follow this run of the project.
    FollowRun(PathBuf),
    /// Detect with these weights.
    ChooseCheckpoint(Option<PathBuf>),
    /// Ask for a weights file to detect with.
    BrowseCheckpoint,
    /// Detect on the open video.
    DetectOpen,
    /// Detect on all videos.
    DetectAll,
    /// End the detection.
    CancelDetect,
    /// Let the table show all videos or the open one.
    TableOfAll(bool),
    /// Select a row of the table and go there.
    SelectRow(usize),
    /// Ask where to save the shown detections.
    ExportDetections(Export),
    /// Take a notice away.
    Dismiss(u64),
    /// Choose a theme.
    SetTheme(ThemeChoice),
    /// Choose the size of everything.
    SetScale(f32),
    /// Draw the terms of the loss in this division.
    SplitLoss(LossSplit),
    /// Something about several runs.
    Runs(Runs),
    /// Something about the recipe of the next training.
    Recipe(Recipe),
    /// Something about watching a run.
    Watch(Watch),
    /// A correction.
    Correct(Correct),
    /// Something about what the detections are beside the truth.
    Inspect(Inspect),
    /// Something is done to the annotations.
    Annotate(Annotate),
    /// Divide the timeline into lanes like this.
    SetLanes(LaneMode),
    /// Let the timeline follow the playhead, or not.
    SetFollow(bool),
    /// Begin with the keys of this preset, and forget changes of them.
    SetPreset(Preset),
    /// Give a key to something, by its id in [`super::keymap::DEEDS`]; whatever had it loses it.
    Bind(&'static str, String),
    /// Something gets its keys of the preset back.
    ResetKeys(&'static str),
}

/// What the keeper of the annotations tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Keeping {
    /// Entries up to this number are on the disk.
    Kept(u64),
    /// Another program changed the annotation file: this is what it did.
    Outside(Vec<Change>),
    /// Something cannot be written or read; it is tried again. None: all is well again.
    Trouble(Option<String>),
    /// Who may write.
    Access(Access),
}

impl From<Annotate> for Command {
    fn from(annotate: Annotate) -> Self {
        Self::Annotate(annotate)
    }
}

/// What a video file turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoFacts {
    /// Seconds.
    pub duration: f64,
    /// Seconds of a frame on average.
    pub frame: f64,
    /// What is wrong with a file that opens all the same, one sentence each.
    pub warnings: Vec<String>,
    /// Whether there is a small picture of it.
    pub thumbnail: bool,
}

/// What a job has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// Opening ended.
    Opened(Result<Box<Opened>, Failure>),
    /// A person chose files or a folder to open.
    Chosen(Vec<PathBuf>),
    /// A person chose one file for this.
    FileChosen(Wanted, PathBuf),
    /// The annotations were saved away from the project, as they were after this edit.
    SavedElsewhere(u64, Result<PathBuf, Failure>),
    /// No file dialog can be shown here to choose this.
    NoDialog(Wanted, Failure),
    /// A video file was looked at.
    Looked {
        /// [`super::Library::generation`] when it was asked for.
        generation: u64,
        /// Index in the library.
        index: usize,
        /// What it is, or why it cannot be read.
        facts: Result<VideoFacts, String>,
    },
    /// The player opened a video.
    VideoReady {
        /// [`super::Playback::generation`] when it was asked for.
        generation: u64,
        /// End of the last picture.
        length: MediaTime,
        /// Number of pictures.
        frames: usize,
        /// What is wrong with a file that plays all the same, one sentence each.
        warnings: Vec<String>,
        /// Its video streams.
        streams: Vec<StreamInfo>,
    },
    /// When each picture of the open video is shown.
    FrameTimes {
        /// [`super::Playback::generation`].
        generation: u64,
        /// Presentation times in order.
        times: Arc<[MediaTime]>,
    },
    /// The player cannot open a video.
    VideoFailed {
        /// [`super::Playback::generation`] when it was asked for.
        generation: u64,
        /// Why.
        failure: Failure,
    },
    /// A picture is shown.
    Shown {
        /// [`super::Playback::generation`].
        generation: u64,
        /// Its presentation time.
        time: MediaTime,
        /// Its index.
        frame: usize,
    },
    /// The picture that was asked for is late, or is there after all.
    Waiting(bool),
    /// Playing came to an end of the video.
    PlaybackEnded {
        /// [`super::Playback::generation`].
        generation: u64,
    },
    /// Configurations that can be trained with.
    Configs(Vec<Choice>),
    /// Devices that were found.
    Devices(Vec<DeviceChoice>),
    /// The data were checked.
    Health(Result<Vec<Finding>, Failure>),
    /// A training's needs, or why they cannot be told.
    Forecast {
        /// As in the effect.
        number: u64,
        /// What was found.
        found: Result<Needs, String>,
    },
    /// Runs of the project, newest first.
    Runs(Vec<RunSummary>),
    /// A training process runs.
    TrainingStarted {
        /// Its run folder.
        folder: PathBuf,
    },
    /// No training process could be started.
    TrainingRefused(Failure),
    /// A training process that this window started is gone.
    TrainingEnded {
        /// Its run folder.
        folder: PathBuf,
        /// How: "it was killed (signal 9)".
        how: String,
        /// Whether it said that all went well.
        success: bool,
    },
    /// New events of the followed run.
    RunEvents {
        /// Its folder.
        folder: PathBuf,
        /// In order.
        events: Vec<RunEvent>,
    },
    /// Whether a process writes the followed run, after all its events were reported.
    RunChecked {
        /// Its folder.
        folder: PathBuf,
        /// Whether the lock is held.
        alive: bool,
    },
    /// A predictions file of the followed run was read.
    EpochPredictions {
        /// The run's folder.
        folder: PathBuf,
        /// Epoch from 0.
        epoch: usize,
        /// What it holds.
        detections: Result<Detections, Failure>,
    },
    /// Detection begins with a video.
    DetectBegins {
        /// Job.
        job: u64,
        /// Video name.
        video: String,
    },
    /// Detection of a video ended.
    Detected {
        /// Job.
        job: u64,
        /// Video name.
        video: String,
        /// What was found, or why nothing could be.
        found: Result<Vec<Detection>, String>,
    },
    /// A detection job is over.
    DetectEnded {
        /// Job.
        job: u64,
    },
    /// The text of the chosen configuration.
    ConfigText {
        /// File.
        path: PathBuf,
        /// Its text; none when it cannot be read.
        text: Option<String>,
    },
    /// A file of detections was read.
    ResultsRead {
        /// File.
        path: PathBuf,
        /// What it holds.
        detections: Result<Detections, Failure>,
    },
    /// The raw outputs of a video were read, if there are any.
    EvidenceRead {
        /// Video name.
        video: String,
        /// What they are.
        evidence: Result<Option<Box<Evidence>>, Failure>,
    },
    /// The end of what a run printed.
    Log {
        /// Its folder.
        folder: PathBuf,
        /// Whole lines.
        text: String,
    },
    /// What is shown was compared with the truth.
    Reviewed(Box<Reviewed>),
    /// The keeper of a project's annotations has something to tell.
    Keeping {
        /// The project's folder.
        root: PathBuf,
        /// What.
        told: Keeping,
    },
    /// A file with annotations was read.
    AnnotationsRead(Result<Box<Incoming>, Failure>),
    /// Something was saved, or not.
    Saved(Result<PathBuf, Failure>),
    /// A job failed in a way that touches nothing else.
    Failed(Failure),
}
