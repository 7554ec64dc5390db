//! The health check with its facts: which files can be read, and how long they are.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;

use crate::{
    config::{Architecture, Config, Source},
    domain::{Dataset, Video},
    formats::{activitynet, class_map},
    model,
    project::{self, Expectations, Finding, Media, Severity},
    train::{source::media_path, stored},
};

/// What is known of the files by video: facts, or why one cannot be read.
pub type Known = BTreeMap<String, Result<Media, String>>;

/// Checks a project: its folder, or its `project.toml`. `initialised` says that a training will be given starting weights.
///
/// # Errors
/// When it cannot be opened.
pub fn check_project(
    path: &Path,
    initialised: bool,
    watch: &mut dyn FnMut(usize, usize),
) -> anyhow::Result<Vec<Finding>> {
    let opened = project::open(&[path.to_owned()])?;
    let data = Config::default().data;
    let expected = Expectations {
        train_subset: data.train_subset,
        test_subset: data.test_subset,
        classes: opened.classes.names().to_vec(),
        class_map: None,
        from_scratch: !initialised,
    };
    let dataset = opened.dataset();
    let media = media(&dataset, watch);
    Ok(project::check(&dataset, &media, &expected))
}

/// What a training by this recipe needs of data with these classes. `initialised` says that it will be given starting weights.
///
/// # Errors
/// When the class map cannot be used. One that is not there is made of the classes when the training begins (spec 2.2).
pub fn expectations(
    config: &Config,
    root: &Path,
    classes: &[String],
    initialised: bool,
) -> anyhow::Result<Expectations> {
    let class_map = config.data.class_map.clone().filter(|path| root.join(path).exists());
    let classes = match &class_map {
        Some(path) => class_map::read(&root.join(path)).context("the class map cannot be used")?.names().to_vec(),
        None => classes.to_vec(),
    };
    Ok(Expectations {
        train_subset: config.data.train_subset.clone(),
        test_subset: config.data.test_subset.clone(),
        classes,
        class_map,
        from_scratch: !initialised && config.encoder.arch != Architecture::None && config.encoder.weights.is_none(),
    })
}

/// What is wrong with these data, and with the sizes of the recipe.
#[must_use]
pub fn judge(config: &Config, dataset: &Dataset, media: &Known, expected: &Expectations) -> Vec<Finding> {
    let mut findings = project::check(dataset, media, expected);
    if let Some(sentence) = model::contradiction(&config.model, &config.encoder) {
        let advice = "Correct these keys; docs/config.md explains them.".to_owned();
        findings.insert(0, Finding { severity: Severity::Error, video: None, sentence, advice });
    }
    findings
}

/// Checks the data of a recipe, and whether its sizes agree. `initialised` says that the training will be given starting weights.
///
/// # Errors
/// When the annotations cannot be read.
pub fn check_config(
    config: &Config,
    root: &Path,
    initialised: bool,
    watch: &mut dyn FnMut(usize, usize),
) -> anyhow::Result<Vec<Finding>> {
    let mut dataset = activitynet::read(&root.join(&config.data.annotations))?;
    let expected = expectations(config, root, dataset.classes_sorted().names(), initialised)?;
    for video in &mut dataset.videos {
        video.path = Some(media_path(&config.data, root, video).to_string_lossy().into_owned());
    }
    let media = match config.data.source {
        Source::Videos => media(&dataset, watch),
        Source::Features => broken_features(config, &dataset, watch),
    };
    Ok(judge(config, &dataset, &media, &expected))
}

/// Why feature files cannot be read, by video; of those that can, nothing is known that the annotations do not say.
fn broken_features(config: &Config, dataset: &Dataset, watch: &mut dyn FnMut(usize, usize)) -> Known {
    let subsets = [&config.data.train_subset, &config.data.test_subset];
    let used = |video: &&Video| subsets.contains(&&video.subset);
    let total = dataset.videos.len();
    let read = |(done, video): (usize, &Video)| {
        watch(done, total);
        let path = Path::new(video.path.as_deref()?);
        let read = stored::read(&config.data, path, config.model.in_channels);
        Some((video.id.clone(), Err(read.err()?.to_string())))
    };
    dataset.videos.iter().filter(used).enumerate().filter_map(read).collect()
}

/// What the files of a data set turn out to be, each decoded once.
#[cfg(feature = "video")]
fn media(dataset: &Dataset, watch: &mut dyn FnMut(usize, usize)) -> Known {
    let mut media = Known::new();
    look_closer(dataset, &mut media, &mut |done, total| {
        watch(done, total);
        true
    });
    media
}

/// Without FFmpeg no file is looked at.
#[cfg(not(feature = "video"))]
fn media(_: &Dataset, _: &mut dyn FnMut(usize, usize)) -> Known {
    Known::new()
}

/// Replaces what `media` says of files that can be opened by what decoding them tells. `watch` hears how many of how many videos are
/// done, often, and answers whether to go on; false when it did not.
#[cfg(feature = "video")]
pub fn look_closer(dataset: &Dataset, media: &mut Known, watch: &mut dyn FnMut(usize, usize) -> bool) -> bool {
    let total = dataset.videos.len();
    for (done, video) in dataset.videos.iter().enumerate() {
        let Some(path) = video.path.as_deref().filter(|_| !matches!(media.get(&video.id), Some(Err(_)))) else {
            continue;
        };
        let facts = match crate::video::index_with(Path::new(path), &mut |_| watch(done, total)) {
            Ok(None) => return false,
            Ok(Some(index)) => Ok(Media {
                duration: index.duration().as_secs(),
                frame: 1.0 / index.average_fps().max(1e-3),
                warnings: index.warnings.clone(),
            }),
            Err(error) => Err(error.to_string()),
        };
        media.insert(video.id.clone(), facts);
    }
    watch(total, total)
}

#[cfg(test)]
#[cfg(feature = "video")]
mod tests {
    use super::*;
    use crate::sample::{SampleOptions, make};

    #[test]
    fn a_damaged_video_is_named_and_looking_can_be_broken_off() {
        let folder = tempfile::tempdir().expect("folder");
        let options = SampleOptions { videos: 1, seconds: (4.0, 4.0), ..SampleOptions::default() };
        make(folder.path(), &options, &mut |_, _| true).expect("a sample");
        let video = folder.path().join("videos/sample_001.mp4");
        let mut bytes = std::fs::read(&video).expect("read");
        let half = bytes.len() / 2;
        bytes[half..half + 4000].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(&video, bytes).expect("written");

        let opened = project::open(&[folder.path().to_owned()]).expect("opened");
        let mut media = Known::new();
        assert!(!look_closer(&opened.dataset(), &mut media, &mut |_, _| false));
        assert!(media.is_empty());
        let found = check_project(folder.path(), true, &mut |_, _| {}).expect("checked");
        let damage = found.iter().find(|finding| finding.sentence.contains("is not sound: The file is damaged"));
        assert_eq!(damage.and_then(|finding| finding.video.as_deref()), Some("sample_001"), "{found:?}");
    }
}
