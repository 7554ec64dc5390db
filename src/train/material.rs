//! What a run trains on: data set, classes, where frames and features come from, and a fingerprint of it all.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::drafts;
use super::error::TrainError;
use super::loader::FeatureReader;
use super::source::FrameSource;
use super::stored;
use crate::config::{Classifier, ClassifierKind, Config, Scheme, Source};
use crate::domain::{ClassList, Dataset, Video};
use crate::formats::classifier::{self, Form, VideoClassifier};
use crate::formats::{activitynet, block_list, class_map, thumos};

/// Data set and sources of a run.
#[derive(Clone)]
pub struct Material {
    /// All videos. Evaluations take them for the truth: one that a person lacks counts as one where nothing was found (spec 10.1).
    pub dataset: Dataset,
    /// Videos of the block list, on which nothing works (spec 2.1).
    pub left_out: BTreeSet<String>,
    /// Classes in the order of the class head.
    pub classes: ClassList,
    /// Videos left out of evaluations (spec 10.2).
    pub blocked: BTreeSet<String>,
    /// Frames of its videos.
    pub source: Arc<dyn FrameSource>,
    /// Stored features of its videos, where it is features that train.
    pub features: Option<FeatureReader>,
    /// Where its detections get their classes from, when not from the detector (spec 9.5).
    pub classifier: Option<Arc<VideoClassifier>>,
}

impl Material {
    /// Reads annotations, class map and block list as the configuration names them; relative paths resolve against `root`.
    ///
    /// # Errors
    /// When a file cannot be read, or this build cannot read what the configuration asks for.
    pub fn open(config: &Config, root: &Path) -> Result<Self, TrainError> {
        let data = &config.data;
        let dataset = annotated(config, root)?;
        let classes = classes_of(&dataset, config, root)?;
        let listed = |path: &Option<String>| path.as_ref().map(|path| block_list::read(&root.join(path))).transpose();
        let left_out = listed(&data.block_list)?.unwrap_or_default();
        measured(&dataset, &left_out, config)?;
        let blocked = listed(&config.eval.blocked)?.unwrap_or_default();
        Ok(Self {
            dataset,
            left_out,
            classes,
            blocked,
            source: frames(config, root)?,
            features: stored::reader(config, root),
            classifier: classifier(&config.post.classifier, root)?.map(Arc::new),
        })
    }

    /// Videos that belong to no annotation file, with the classes of the detector that will look at them. Their paths are absolute.
    #[cfg(feature = "video")]
    #[must_use]
    pub fn of_videos(config: &Config, videos: Vec<Video>, classes: ClassList) -> Self {
        // The cache of the training's data is none of theirs.
        let data = crate::config::Data { disk_cache: None, ..config.data.clone() };
        let source = Arc::new(super::source::VideoFiles::new(&data, Path::new("")));
        let features = stored::reader(config, Path::new(""));
        // A classifier knows the videos of its data set, not any.
        Self {
            dataset: Dataset { videos },
            left_out: BTreeSet::new(),
            classes,
            blocked: BTreeSet::new(),
            source,
            features,
            classifier: None,
        }
    }

    /// The videos to work on, in file order.
    pub fn in_use(&self) -> impl Iterator<Item = &Video> {
        self.dataset.videos.iter().filter(|video| !self.left_out.contains(&video.id))
    }

    /// Those of a subset.
    #[must_use]
    pub fn videos(&self, subset: &str) -> Vec<Video> {
        self.in_use().filter(|video| video.subset == subset).cloned().collect()
    }

    /// Seconds of all videos that train or are tested.
    #[must_use]
    pub(super) fn film(&self, config: &Config) -> f64 {
        let subsets = [&config.data.train_subset, &config.data.test_subset];
        self.in_use().filter(|video| subsets.contains(&&video.subset)).map(|video| video.duration.max(0.0)).sum()
    }

    /// The classes by which actions train: those of the class head. Without one every action trains, whatever it is called (spec 2.2).
    #[must_use]
    pub fn trained_classes(&self, config: &Config) -> ClassList {
        if config.model.head.classes {
            return self.classes.clone();
        }
        let labels = self.in_use().flat_map(|video| &video.annotations).map(|action| action.label.as_str());
        let labels: BTreeSet<&str> = labels.filter(|label| *label != thumos::AMBIGUOUS).collect();
        ClassList::new(labels.into_iter().map(str::to_owned))
    }

    /// A sentence about the actions of a subset whose labels no class of the class head has: nothing trains on them.
    #[must_use]
    pub fn unknown_labels(&self, subset: &str) -> Option<String> {
        let videos = self.in_use().filter(|video| video.subset == subset);
        let labels = videos.flat_map(|video| &video.annotations).map(|action| action.label.as_str());
        let unknown: Vec<&str> =
            labels.filter(|label| self.classes.index(label).is_none() && *label != thumos::AMBIGUOUS).collect();
        let distinct: BTreeSet<&str> = unknown.iter().copied().collect();
        let named = distinct.into_iter().take(8).map(|label| format!("\"{label}\"")).collect::<Vec<_>>().join(", ");
        (!unknown.is_empty()).then(|| {
            format!(
                "{} actions of the subset \"{subset}\" have labels that the class map does not name ({named}) and do not train; add them \
                 to the file of data.class_map, or delete it and it is made anew",
                unknown.len()
            )
        })
    }

    /// 16 hexadecimal digits that change with any video, crop, time or label.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        // FNV-1a: a few lines, and the same on every machine and in every version.
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        let mut add = |bytes: &[u8]| {
            for &byte in bytes.iter().chain(&[0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for name in self.classes.names() {
            add(name.as_bytes());
        }
        for video in self.in_use() {
            add(video.id.as_bytes());
            add(video.subset.as_bytes());
            add(&video.duration.to_le_bytes());
            for action in &video.annotations {
                add(action.label.as_bytes());
                action.segment.iter().for_each(|seconds| add(&seconds.to_le_bytes()));
                if action.draft {
                    add(b"draft");
                }
            }
            for one in &video.rejected {
                add(b"rejected");
                add(one.label.as_bytes());
                one.segment.iter().for_each(|seconds| add(&seconds.to_le_bytes()));
            }
            if let Some(crop) = video.crop {
                <[f64; 4]>::from(crop).iter().for_each(|share| add(&share.to_le_bytes()));
            }
            video.not_annotated.iter().flatten().for_each(|seconds| add(&seconds.to_le_bytes()));
        }
        format!("{hash:016x}")
    }
}

/// Names of the videos that train or are tested and of which the annotation file lacks what the recipe counts by, each with the key:
/// the length or, where windows of features are counted in frames, the number of frames.
#[must_use]
pub fn unmeasured(dataset: &Dataset, config: &Config) -> Vec<(String, &'static str)> {
    let data = &config.data;
    let in_frames = data.scheme == Scheme::Windows && data.source == Source::Features;
    let subsets = [&data.train_subset, &data.test_subset];
    let lacks = |video: &Video| {
        if !(video.duration > 0.0 && video.duration.is_finite()) {
            Some("duration")
        } else {
            (in_frames && video.frames.is_none_or(|frames| frames == 0)).then_some("frame")
        }
    };
    let used = dataset.videos.iter().filter(|video| subsets.contains(&&video.subset));
    used.filter_map(|video| Some((video.id.clone(), lacks(video)?))).collect()
}

/// Refuses videos of which nothing could be said. Windows of a video file are told when it is decoded, as a file that cannot be read has
/// no length either, and a few of those are bearable.
fn measured(dataset: &Dataset, left_out: &BTreeSet<String>, config: &Config) -> Result<(), TrainError> {
    if config.data.scheme == Scheme::Windows && config.data.source == Source::Videos {
        return Ok(());
    }
    match unmeasured(dataset, config).into_iter().find(|(video, _)| !left_out.contains(video)) {
        Some((video, what)) => Err(TrainError::Unmeasured { video, what, file: config.data.annotations.clone() }),
        None => Ok(()),
    }
}

/// The classes of a configuration's data, in the order of the class head.
///
/// # Errors
/// When the annotations or the class map cannot be read.
pub fn classes(config: &Config, root: &Path) -> Result<ClassList, TrainError> {
    classes_of(&annotated(config, root)?, config, root)
}

/// The annotations, without drafts where they do not count.
fn annotated(config: &Config, root: &Path) -> Result<Dataset, TrainError> {
    Ok(counted(config, activitynet::read(&root.join(&config.data.annotations))?))
}

/// A data set as a recipe counts it: without drafts where they are left out (spec 18).
#[must_use]
pub fn counted(config: &Config, dataset: Dataset) -> Dataset {
    if config.data.drafts { dataset } else { drafts::left_out(dataset) }
}

fn classes_of(dataset: &Dataset, config: &Config, root: &Path) -> Result<ClassList, TrainError> {
    Ok(match &config.data.class_map {
        Some(path) => class_map::read_or_create(&root.join(path), dataset)?,
        None => dataset.classes_sorted(),
    })
}

/// The configured external classifier.
///
/// # Errors
/// When its file cannot be read.
pub fn classifier(settings: &Classifier, root: &Path) -> Result<Option<VideoClassifier>, TrainError> {
    let path = root.join(&settings.path);
    Ok(match settings.kind {
        ClassifierKind::None => None,
        ClassifierKind::Cuhk => Some(classifier::read_json(&path, Form::Cuhk)?),
        ClassifierKind::Generic => Some(classifier::read_json(&path, Form::Generic { softmax: settings.softmax })?),
        ClassifierKind::UntrimmedNet => Some(classifier::read_untrimmed_net(&path)?),
    })
}

#[cfg(feature = "video")]
fn frames(config: &Config, root: &Path) -> Result<Arc<dyn FrameSource>, TrainError> {
    Ok(Arc::new(super::source::VideoFiles::new(&config.data, root)))
}

#[cfg(not(feature = "video"))]
fn frames(config: &Config, _: &Path) -> Result<Arc<dyn FrameSource>, TrainError> {
    match config.data.source {
        crate::config::Source::Features => Ok(Arc::new(super::source::NoFrames)),
        crate::config::Source::Videos => Err(TrainError::NoVideo),
    }
}
