//! Draws the sample: real video files of a real task, made on the spot (issue "The loop", 1.2).
//!
//! A script says what happens when (`script`, written by `writer`), the figure's poses follow from it (`pose`), and scene, figure and sound are
//! drawn frame by frame (`scene`, `figure`, `raster`, `sound`) into an encoder (`film`). Everything is a function of seed and
//! video number, so threads cannot change it. What makes the task one of motion is told in `writer`.

mod class;
mod figure;
mod film;
mod folder;
mod pose;
mod raster;
mod scene;
mod script;
mod sound;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use crate::domain::{Annotation, Dataset, Video};
use crate::formats::{FormatError, activitynet};
use crate::video::VideoError;

pub use class::Class;
use folder::{Making, VIDEOS, failed};
use script::{FRAME_RATE, Script};

/// What to make.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleOptions {
    /// Number of videos; every fourth validates, the others train.
    pub videos: usize,
    /// Seed of everything that is random.
    pub seed: u64,
    /// Shortest and longest length of a video in seconds.
    pub seconds: (f64, f64),
    /// Whether to write into a folder that is not empty.
    pub force: bool,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self { videos: 32, seed: 0, seconds: (30.0, 60.0), force: false }
    }
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SampleSummary {
    /// Folder of the sample.
    pub folder: PathBuf,
    /// Videos that train.
    pub training: usize,
    /// Videos that validate.
    pub validation: usize,
    /// Length of all videos in seconds.
    pub seconds: f64,
    /// Size of all video files in bytes.
    pub bytes: u64,
    /// Share of the time in which at least one action goes on, 0..1.
    pub action_share: f64,
    /// Actions by class.
    pub classes: Vec<ClassCount>,
}

/// How often a class occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// Name of the class.
    pub name: &'static str,
    /// Actions in training videos.
    pub training: usize,
    /// Actions in validation videos.
    pub validation: usize,
}

/// Why no sample was made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The folder has something in it.
    #[error("{} is not empty: choose another folder, or write into this one with --force", .0.display())]
    NotEmpty(PathBuf),
    /// The folder is a file.
    #[error("{} is a file: choose another folder for the sample", .0.display())]
    NotAFolder(PathBuf),
    /// Whoever follows the progress wants no more of it.
    #[error("the sample was stopped")]
    Stopped,
    /// The options cannot be met.
    #[error("a sample needs at least one video and lengths between 2 and 3600 seconds, the shorter first")]
    Options,
    /// A folder or file cannot be made.
    #[error("cannot write {}: {source}; check the path, its permissions and the space left", .path.display())]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A video cannot be encoded.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// The annotations cannot be written.
    #[error(transparent)]
    Annotations(#[from] FormatError),
    /// No threads to draw with.
    #[error("cannot start the threads that draw the sample: {0}; close other programs and try again")]
    Threads(String),
}

/// `project.toml` of the sample.
#[derive(Serialize)]
struct ProjectFile {
    name: &'static str,
    annotations: &'static str,
    classes: Vec<&'static str>,
    /// When to use each class, for a person who labels.
    descriptions: BTreeMap<&'static str, &'static str>,
}

/// A video to be made.
struct Plan {
    id: String,
    training: bool,
    script: Script,
}

impl Plan {
    /// Path of the file relative to the sample's folder.
    fn path(&self) -> String {
        format!("{VIDEOS}/{}.mp4", self.id)
    }

    fn video(&self) -> Video {
        let seconds = |frame: usize| frame as f64 / FRAME_RATE as f64;
        let annotation = |(class, start, end): (Class, usize, usize)| Annotation {
            segment: [seconds(start), seconds(end)],
            label: class.name().to_owned(),
            draft: false,
        };
        Video {
            id: self.id.clone(),
            subset: if self.training { "training" } else { "validation" }.to_owned(),
            duration: seconds(self.script.frames),
            frames: None,
            path: Some(self.path()),
            annotations: self.script.actions().into_iter().map(annotation).collect(),
            not_annotated: Vec::new(),
            rejected: Vec::new(),
            crop: None,
            stream: None,
        }
    }
}

/// Makes a sample in `folder`: `videos/*.mp4`, `annotations.json` and `project.toml`, all at the end. `progress` hears, on the
/// calling thread, how many frames are done and how many there will be, and answers whether to go on.
///
/// # Errors
/// [`SampleError`]; the folder is then as it was.
pub fn make(
    folder: &Path,
    options: &SampleOptions,
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<SampleSummary, SampleError> {
    let (shortest, longest) = options.seconds;
    if options.videos == 0 || !(2.0..=3600.0).contains(&shortest) || !(shortest..=3600.0).contains(&longest) {
        return Err(SampleError::Options);
    }
    let making = Making::begin(folder, options.force)?;
    let aside = making.aside.clone();
    let plans = plan(options);
    shoot_all(&aside, options.seed, &plans, progress)?;

    let dataset = Dataset { videos: plans.iter().map(Plan::video).collect() };
    activitynet::write(&aside.join(ANNOTATIONS), &dataset)?;
    let project = aside.join(PROJECT);
    let text = toml::to_string(&project_file()).map_err(std::io::Error::other).map_err(failed(&project))?;
    std::fs::write(&project, text).map_err(failed(&project))?;
    let size = |plan: &Plan| aside.join(plan.path()).metadata().map(|file| file.len());
    let bytes = plans.iter().map(size).sum::<Result<u64, _>>().map_err(failed(&aside))?;
    // What makes the folder a project comes last.
    let files: Vec<String> = plans.iter().map(Plan::path).chain([ANNOTATIONS.into(), PROJECT.into()]).collect();
    making.finish(&files)?;
    Ok(summary(folder, &plans, bytes))
}

const ANNOTATIONS: &str = "annotations.json";
const PROJECT: &str = "project.toml";

fn project_file() -> ProjectFile {
    ProjectFile {
        name: "Sample",
        annotations: ANNOTATIONS,
        classes: Class::ALL.map(Class::name).into(),
        descriptions: Class::ALL.map(|class| (class.name(), class.description())).into(),
    }
}

/// The scripts of all videos.
fn plan(options: &SampleOptions) -> Vec<Plan> {
    let video = |index: usize| Plan {
        id: format!("sample_{:03}", index + 1),
        training: index % 4 != 3,
        script: Script::write(options.seed, index as u64, options.seconds),
    };
    (0..options.videos).map(video).collect()
}

/// Renders and encodes all videos on all cores.
fn shoot_all(
    folder: &Path,
    seed: u64,
    plans: &[Plan],
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<(), SampleError> {
    let threads = |error: &dyn std::fmt::Display| SampleError::Threads(error.to_string());
    let pool = rayon::ThreadPoolBuilder::new()
        .thread_name(|index| format!("sample {index}"))
        .build()
        .map_err(|error| threads(&error))?;
    let total: usize = plans.iter().map(|plan| plan.script.frames).sum();
    let (frames, finished) = crossbeam_channel::bounded(64);
    // Owns the sending end, so that the channel closes, and the listening below ends, when the work does.
    let shoot = move |(index, plan): (usize, &Plan)| {
        // Nobody hears of a frame any more when the rest is not wanted.
        let tick = || frames.send(()).is_ok();
        film::shoot(&folder.join(plan.path()), seed, index as u64, &plan.script, tick)
    };
    std::thread::scope(|scope| {
        let work = std::thread::Builder::new()
            .name("sample".to_owned())
            .spawn_scoped(scope, || pool.install(|| plans.par_iter().enumerate().try_for_each(shoot)))
            .map_err(|error| threads(&error))?;
        let mut go_on = progress(0, total);
        let mut done = 0;
        while go_on && finished.recv().is_ok() {
            done += 1;
            go_on = progress(done, total);
        }
        drop(finished);
        work.join().map_err(|_| threads(&"one of them failed"))?
    })
}

fn summary(folder: &Path, plans: &[Plan], bytes: u64) -> SampleSummary {
    let count = |class: Class, training: bool| {
        let actions = plans.iter().filter(|plan| plan.training == training).flat_map(|plan| plan.script.actions());
        actions.filter(|action| action.0 == class).count()
    };
    let classes =
        Class::ALL.map(|c| ClassCount { name: c.name(), training: count(c, true), validation: count(c, false) });
    let busy = |plan: &Plan| {
        let actions = plan.script.actions();
        (0..plan.script.frames).filter(|f| actions.iter().any(|(_, start, end)| (start..end).contains(&f))).count()
    };
    let frames: usize = plans.iter().map(|plan| plan.script.frames).sum();
    let training = plans.iter().filter(|plan| plan.training).count();
    SampleSummary {
        folder: folder.to_owned(),
        training,
        validation: plans.len() - training,
        seconds: frames as f64 / FRAME_RATE as f64,
        bytes,
        action_share: plans.iter().map(busy).sum::<usize>() as f64 / frames as f64,
        classes: classes.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: SampleOptions = SampleOptions { videos: 4, seed: 3, seconds: (2.0, 2.4), force: false };

    #[test]
    fn a_sample_is_made_once_and_again_the_same() {
        let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let mut last = (0, 0);
        let summary = make(one.path(), &SHORT, &mut |done, total| {
            last = (done, total);
            true
        })
        .expect("first sample");
        assert!(last.0 == last.1 && last.0 as f64 == summary.seconds * FRAME_RATE as f64, "{last:?}");
        assert_eq!((summary.training, summary.validation), (3, 1));
        make(two.path(), &SHORT, &mut |_, _| true).expect("second sample");
        let read = |folder: &tempfile::TempDir, name: &str| std::fs::read(folder.path().join(name)).expect(name);
        for name in ["annotations.json", "project.toml", "videos/sample_002.mp4"] {
            assert_eq!(read(&one, name), read(&two, name), "{name}");
        }
        let refused = make(one.path(), &SHORT, &mut |_, _| true).expect_err("not empty");
        assert!(refused.to_string().contains("--force"));
        std::fs::write(one.path().join("videos/sample_mine.mp4"), b"mine").expect("another file");
        make(one.path(), &SampleOptions { force: true, videos: 1, ..SHORT }, &mut |_, _| true).expect("written over");
        let mut names: Vec<_> =
            one.path().join("videos").read_dir().expect("videos").flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, ["sample_001.mp4", "sample_mine.mp4"], "videos of the larger sample are gone, others stay");
    }

    #[test]
    fn a_sample_that_is_stopped_leaves_the_folder_as_it_was() {
        let parent = tempfile::tempdir().expect("a folder");
        let stop = |folder: &Path| make(folder, &SHORT, &mut |done, _| done < 3).expect_err("stopped");
        let new = parent.path().join("new");
        assert!(matches!(stop(&new), SampleError::Stopped));
        assert!(!new.exists());
        assert!(matches!(stop(parent.path()), SampleError::Stopped));
        assert_eq!(parent.path().read_dir().expect("listed").count(), 0);
        // What a killed one left is no reason to refuse.
        std::fs::create_dir_all(parent.path().join(".partial/videos")).expect("left");
        let one = SampleOptions { videos: 1, ..SHORT };
        make(parent.path(), &one, &mut |_, _| true).expect("drawn");
        assert!(!parent.path().join(".partial").exists());
        let file = parent.path().join(PROJECT);
        assert!(matches!(make(&file, &one, &mut |_, _| true), Err(SampleError::NotAFolder(_))));
    }

    #[test]
    fn segments_lie_on_frames_inside_their_video() {
        let options = SampleOptions { videos: 8, ..SampleOptions::default() };
        for video in plan(&options).iter().map(Plan::video) {
            assert!(video.subset == "training" || video.subset == "validation");
            for action in &video.annotations {
                let [start, end] = action.segment;
                assert!(0.0 <= start && start < end && end <= video.duration);
                assert!([start, end].iter().all(|time| (time * 25.0 - (time * 25.0).round()).abs() < 1e-9));
            }
        }
    }

    #[test]
    fn impossible_options_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        for options in [SampleOptions { videos: 0, ..SHORT }, SampleOptions { seconds: (9.0, 4.0), ..SHORT }] {
            assert!(matches!(make(folder.path(), &options, &mut |_, _| true), Err(SampleError::Options)));
        }
    }
}
