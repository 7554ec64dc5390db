//! The health check with its facts: which files can be read, and how long they are.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{
    config::{Architecture, Config, Source},
    domain::{Dataset, Video},
    formats::{activitynet, block_list, class_map},
    model,
    project::{self, Expectations, Finding, Media, Severity},
    train::{self, source::media_path, stored},
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

/// Checks a recipe: whether its values agree, whether the files that it names can be used, and its data.
///
/// # Errors
/// When the annotations cannot be read.
pub fn check_config(config: &Config, root: &Path, watch: &mut dyn FnMut(usize, usize)) -> anyhow::Result<Vec<Finding>> {
    let mut dataset = activitynet::read(&root.join(&config.data.annotations))?;
    let mut findings = values(config);
    let mut listed = BTreeSet::new();
    if let Some(path) = &config.data.block_list {
        match block_list::read(&root.join(path)) {
            Ok(blocked) => listed = blocked,
            Err(error) => {
                findings.push(unusable(
                    "data.block_list",
                    &error,
                    "It may be empty; docs/reproduce.md says how to make it.",
                ));
            }
        }
    }
    dataset.videos.retain(|video| !listed.contains(&video.id));
    findings.extend(files(config, root));
    findings.extend(train::material::usable(&dataset, config).err().map(|error| Finding {
        severity: Severity::Error,
        video: None,
        sentence: error.to_string(),
        advice: "Other videos may lack it too.".to_owned(),
    }));
    // A class map that is not there yet is made when training begins (spec 2.2).
    let map = config.data.class_map.as_ref().map(|path| root.join(path)).filter(|path| path.exists());
    let classes = match map.map(|path| class_map::read(&path)) {
        Some(Ok(classes)) => classes,
        Some(Err(error)) => {
            findings.push(unusable("data.class_map", &error, "Correct it, or delete it and it is made anew."));
            dataset.classes_sorted()
        }
        None => dataset.classes_sorted(),
    };
    let encoder = &config.encoder;
    let expected = Expectations {
        train_subset: config.data.train_subset.clone(),
        test_subset: config.data.test_subset.clone(),
        classes: classes.names().to_vec(),
        from_scratch: encoder.arch != Architecture::None && encoder.weights.is_none(),
    };
    let subsets = [&config.data.train_subset, &config.data.test_subset];
    // Files of other subsets are never opened, and testing videos of a public data set need not be there.
    let mut used = dataset.clone();
    used.videos.retain(|video| subsets.contains(&&video.subset));
    let media = match config.data.source {
        Source::Videos => media(&used, &|video| Some(media_path(&config.data, root, video)), watch),
        Source::Features => broken_features(config, root, &used, watch),
    };
    findings.extend(project::check(&dataset, &media, &expected));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(findings)
}

/// Values of a recipe that cannot be trained or contradict each other.
fn values(config: &Config) -> Vec<Finding> {
    let told = train::check(config).err().map(|error| Finding {
        severity: Severity::Error,
        video: None,
        sentence: error.to_string(),
        advice: "Correct these keys; docs/config.md explains them.".to_owned(),
    });
    told.into_iter().collect()
}

/// Files beside the data that a recipe names and that cannot be read.
fn files(config: &Config, root: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(path) = &config.eval.blocked
        && let Err(error) = block_list::read(&root.join(path))
    {
        findings.push(unusable("eval.blocked", &error, "Get it, or leave the key out to evaluate all videos."));
    }
    if let Err(error) = train::material::classifier(&config.post.classifier, root) {
        findings.push(unusable(
            "post.classifier.path",
            &error,
            "Get the file, or set post.classifier.kind = \"none\".",
        ));
    }
    if let Some(path) = config.encoder.weights.as_ref().filter(|_| config.encoder.arch != Architecture::None)
        && let Err(error) = model::import(&root.join(path))
    {
        findings.push(unusable("encoder.weights", &error, "Get the file, or leave the key out to train from scratch."));
    }
    findings
}

/// A file that the recipe names and that cannot be used.
fn unusable(key: &str, error: &dyn std::error::Error, advice: &str) -> Finding {
    let sentence = format!("{key}: {error}");
    Finding { severity: Severity::Error, video: None, sentence, advice: advice.to_owned() }
}

/// Why feature files cannot be read, by video; of those that can, nothing is known that the annotations do not say.
fn broken_features(
    config: &Config,
    root: &Path,
    dataset: &Dataset,
    watch: &mut dyn FnMut(usize, usize),
) -> BTreeMap<String, Result<Media, String>> {
    let total = dataset.videos.len();
    let read = |(done, video): (usize, &Video)| {
        watch(done, total);
        let path = media_path(&config.data, root, video);
        let read = stored::read(&config.data, &path, config.model.in_channels);
        Some((video.id.clone(), Err(read.err()?.to_string())))
    };
    dataset.videos.iter().enumerate().filter_map(read).collect()
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
