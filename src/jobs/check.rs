//! The health check with its facts: which files can be read, and how long they are.

use std::{collections::BTreeMap, path::Path};

use crate::{
    config::{Architecture, Config, Source},
    domain::{Dataset, Video},
    formats::{FormatError, activitynet, block_list, class_map},
    model,
    project::{self, Expectations, Finding, Media, Severity},
    train::{self, source::media_path, stored},
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
        classes: opened.book.document.class_list().names().to_vec(),
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
) -> Result<Expectations, FormatError> {
    let class_map = config.data.class_map.clone().filter(|path| root.join(path).exists());
    let classes = match &class_map {
        Some(path) => class_map::read(&root.join(path))?.names().to_vec(),
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

/// What is wrong with these data, and with the values of the recipe.
#[must_use]
pub fn judge(config: &Config, dataset: &Dataset, media: &Known, expected: &Expectations) -> Vec<Finding> {
    let mut findings = values(config);
    let counted = train::material::counted(config, dataset.clone());
    findings.extend(project::check(&counted, media, expected));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// Checks a recipe: whether its values agree, whether the files that it names can be used, and its data. `initialised` says that the
/// training will be given starting weights.
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
    let classes = dataset.classes_sorted();
    let mut findings = files(config, root, &mut dataset);
    findings.extend(train::material::unmeasured(&dataset, config).into_iter().map(|(video, what)| Finding {
        severity: Severity::Error,
        video: Some(video),
        sentence: format!("has no \"{what}\" above 0 in {}", config.data.annotations),
        advice: "Add it.".to_owned(),
        at: None,
        class: None,
        key: None,
    }));
    let expected = match expectations(config, root, classes.names(), initialised) {
        Ok(expected) => expected,
        Err(error) => {
            findings.push(unusable("data.class_map", &error, "Correct it, or delete it and it is made anew."));
            let mut config = config.clone();
            config.data.class_map = None;
            expectations(&config, root, classes.names(), initialised)?
        }
    };
    for video in &mut dataset.videos {
        video.path = Some(media_path(&config.data, root, video).to_string_lossy().into_owned());
    }
    // Files of other subsets are never opened: testing videos of a public data set need not be there.
    let subsets = [&config.data.train_subset, &config.data.test_subset];
    let mut used = dataset.clone();
    used.videos.retain(|video| subsets.contains(&&video.subset));
    let media = match config.data.source {
        Source::Videos => media(&used, watch),
        Source::Features => broken_features(config, &used, watch),
    };
    findings.extend(judge(config, &dataset, &media, &expected));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(findings)
}

/// The first key of the configuration that a sentence names; the longest where one begins like another.
fn key_in(sentence: &str) -> Option<String> {
    let places = Config::reference().into_iter().filter_map(|key| Some((sentence.find(&key.path)?, key.path)));
    places.min_by_key(|(place, path)| (*place, std::cmp::Reverse(path.len()))).map(|(_, path)| path)
}

/// Values of a recipe that cannot be trained or contradict each other.
fn values(config: &Config) -> Vec<Finding> {
    let told = train::check(config).err().map(|error| Finding {
        severity: Severity::Error,
        video: None,
        advice: "Correct these keys; docs/config.md explains them.".to_owned(),
        at: None,
        class: None,
        key: key_in(&error.to_string()),
        sentence: error.to_string(),
    });
    told.into_iter().collect()
}

/// Files beside the data that a recipe names and that cannot be read. Videos that are blocked are taken out of `dataset`.
fn files(config: &Config, root: &Path, dataset: &mut Dataset) -> Vec<Finding> {
    let mut findings = Vec::new();
    match config.data.block_list.as_ref().map(|path| block_list::read(&root.join(path))) {
        None => {}
        Some(Ok(blocked)) => dataset.videos.retain(|video| !blocked.contains(&video.id)),
        Some(Err(error)) => {
            let advice = "It may be empty; docs/reproduce.md says how to make it.";
            findings.push(unusable("data.block_list", &error, advice));
        }
    }
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
    let (advice, key) = (advice.to_owned(), Some(key.to_owned()));
    Finding { severity: Severity::Error, video: None, sentence, advice, at: None, class: None, key }
}

/// Why feature files cannot be read, by video; of those that can, nothing is known that the annotations do not say.
fn broken_features(config: &Config, dataset: &Dataset, watch: &mut dyn FnMut(usize, usize)) -> Known {
    let total = dataset.videos.len();
    let read = |(done, video): (usize, &Video)| {
        watch(done, total);
        let path = Path::new(video.path.as_deref()?);
        let read = stored::read(&config.data, path, config.model.in_channels);
        Some((video.id.clone(), Err(read.err()?.to_string())))
    };
    dataset.videos.iter().enumerate().filter_map(read).collect()
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
    use crate::domain::Footage;
    let total = dataset.videos.len();
    for (done, video) in dataset.videos.iter().enumerate() {
        let Some(path) = video.path.as_deref().filter(|_| !matches!(media.get(&video.id), Some(Err(_)))) else {
            continue;
        };
        let facts = match crate::video::index_with(Footage::of(path, video.stream), &mut |_| watch(done, total)) {
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
