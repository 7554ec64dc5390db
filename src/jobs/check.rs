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

/// Checks a project folder.
///
/// # Errors
/// When it cannot be opened.
pub fn check_project(folder: &Path, watch: &mut dyn FnMut(usize, usize)) -> anyhow::Result<Vec<Finding>> {
    let opened = project::open(&[folder.to_owned()])?;
    let data = Config::default().data;
    let expected = Expectations {
        train_subset: data.train_subset,
        test_subset: data.test_subset,
        classes: opened.classes.names().to_vec(),
        from_scratch: true,
    };
    let dataset = opened.dataset();
    let media = media(&dataset, &|video| video.path.as_deref().map(Into::into), watch);
    Ok(project::check(&dataset, &media, &expected))
}

/// Checks the data of a recipe, and whether its sizes agree.
///
/// # Errors
/// When the annotations cannot be read.
pub fn check_config(config: &Config, root: &Path, watch: &mut dyn FnMut(usize, usize)) -> anyhow::Result<Vec<Finding>> {
    let dataset = activitynet::read(&root.join(&config.data.annotations))?;
    let classes = match &config.data.class_map {
        Some(path) => class_map::read(&root.join(path)).context("the class map cannot be used")?,
        None => dataset.classes_sorted(),
    };
    let expected = Expectations {
        train_subset: config.data.train_subset.clone(),
        test_subset: config.data.test_subset.clone(),
        classes: classes.names().to_vec(),
        from_scratch: config.encoder.arch != Architecture::None,
    };
    let path = |video: &Video| match config.data.source {
        Source::Videos => Some(media_path(&config.data, root, video)),
        Source::Features => None,
    };
    let mut media = media(&dataset, &path, watch);
    if config.data.source == Source::Features {
        media.extend(broken_features(config, root, &dataset, watch));
    }
    let mut findings = project::check(&dataset, &media, &expected);
    if let Some(sentence) = model::contradiction(&config.model, &config.encoder) {
        let advice = "Correct these keys; docs/config.md explains them.".to_owned();
        findings.insert(0, Finding { severity: Severity::Error, video: None, sentence, advice });
    }
    Ok(findings)
}

/// Why feature files cannot be read, by video; of those that can, nothing is known that the annotations do not say.
fn broken_features(
    config: &Config,
    root: &Path,
    dataset: &Dataset,
    watch: &mut dyn FnMut(usize, usize),
) -> Vec<(String, Result<Media, String>)> {
    let subsets = [&config.data.train_subset, &config.data.test_subset];
    let used = |video: &&Video| subsets.contains(&&video.subset);
    let total = dataset.videos.len();
    let read = |(done, video): (usize, &Video)| {
        watch(done, total);
        let path = media_path(&config.data, root, video);
        let read = stored::read(&config.data, &path, config.model.in_channels);
        Some((video.id.clone(), Err(read.err()?.to_string())))
    };
    dataset.videos.iter().filter(used).enumerate().filter_map(read).collect()
}

/// What the files of a data set turn out to be.
#[cfg(feature = "video")]
fn media(
    dataset: &Dataset,
    path: &dyn Fn(&Video) -> Option<std::path::PathBuf>,
    watch: &mut dyn FnMut(usize, usize),
) -> BTreeMap<String, Result<Media, String>> {
    let total = dataset.videos.len();
    let mut media = BTreeMap::new();
    for (done, video) in dataset.videos.iter().enumerate() {
        watch(done, total);
        let Some(path) = path(video) else { continue };
        let facts = crate::video::index(&path)
            .map_err(|error| error.to_string())
            .map(|index| Media { duration: index.duration().as_secs(), frame: 1.0 / index.average_fps().max(1e-3) });
        media.insert(video.id.clone(), facts);
    }
    media
}

/// Without FFmpeg no file is looked at.
#[cfg(not(feature = "video"))]
fn media(
    _: &Dataset,
    _: &dyn Fn(&Video) -> Option<std::path::PathBuf>,
    _: &mut dyn FnMut(usize, usize),
) -> BTreeMap<String, Result<Media, String>> {
    BTreeMap::new()
}
