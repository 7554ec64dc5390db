//! Values of a configuration that contradict each other, told before anything is loaded.

use super::error::TrainError;
use crate::config::{Architecture, ClassifierKind, Config, NmsKind, PostForm, Sampling, Scheme, Source};
use crate::model;

/// Whether a network can train and detect by this configuration.
///
/// # Errors
/// [`TrainError::Config`] with the first contradiction, or number out of its range, in one sentence.
pub fn check(config: &Config) -> Result<(), TrainError> {
    first([
        config.out_of_range(),
        of_sources(config),
        of_windows(config),
        of_workflow(config),
        of_post(config),
        of_sizes(config),
    ])
}

/// As [`check`], for an encoder that turns videos into features and no more: nothing about windows of videos or detections.
///
/// # Errors
/// As [`check`].
pub fn check_encoding(config: &Config) -> Result<(), TrainError> {
    first([config.out_of_range(), of_sources(config), of_sizes(config)])
}

fn first<const N: usize>(found: [Option<String>; N]) -> Result<(), TrainError> {
    found.into_iter().flatten().next().map_or(Ok(()), |sentence| Err(TrainError::Config(sentence)))
}

/// What snippets are made of, and of what.
fn of_sources(config: &Config) -> Option<String> {
    let data = &config.data;
    let with_encoder = config.encoder.arch != Architecture::None;
    let smallest = data.resize_width.min(data.resize_height);
    let sentence = if with_encoder != (data.source == Source::Videos) {
        "data.source = \"videos\" needs an encoder (encoder.arch), \"features\" must not have one".to_owned()
    } else if with_encoder && data.crop.max(data.test_crop) > smallest {
        format!("data.crop and data.test_crop must be at most {smallest}, the smaller side of the resized frame")
    } else if data.feature_cache.is_some() && !(config.encoder.frozen && with_encoder) {
        "data.feature_cache keeps the features of a frozen encoder: set encoder.frozen = true, or leave it out"
            .to_owned()
    } else {
        return None;
    };
    Some(sentence)
}

/// Frames by index belong to a whole video; every window of it would hold the same ones.
fn of_windows(config: &Config) -> Option<String> {
    let data = &config.data;
    let by_index = data.sampling != Sampling::Time && data.source == Source::Videos;
    (by_index && data.scheme == Scheme::Windows).then(|| {
        "data.sampling by index takes the frames of a whole video: set data.scheme = \"resize\", or data.sampling = \"time\"".to_owned()
    })
}

/// A run that ends early never comes to the epoch that is to be its best.
fn of_workflow(config: &Config) -> Option<String> {
    let workflow = &config.workflow;
    (workflow.patience > 0 && workflow.test_epoch.is_some()).then(|| {
        "workflow.test_epoch fixes the best checkpoint, workflow.patience ends a run by its mAP: set one of them only".to_owned()
    })
}

/// Whether two things would name the detections, or a form of the post-processing lacks what it is asked for.
fn of_post(config: &Config) -> Option<String> {
    let (post, kind) = (&config.post, config.post.classifier.kind);
    let sentence = if kind != ClassifierKind::None && config.model.head.classes {
        "post.classifier.kind must be \"none\" for a detector with a class head (model.head.classes)"
    } else if kind == ClassifierKind::Generic && post.form == PostForm::Official {
        "post.form = \"official\" goes with post.classifier.kind \"cuhk\" or \"none\""
    } else if post.nms.kind == NmsKind::Hard && post.form == PostForm::Official {
        "post.form = \"official\" knows soft suppression only: set post.nms.kind = \"soft\", or post.form = \"opentad\""
    } else if post.nms.kind == NmsKind::Hard && post.nms.iou_threshold <= 0.0 {
        "post.nms.kind = \"hard\" needs post.nms.iou_threshold above 0"
    } else {
        return None;
    };
    Some(sentence.to_owned())
}

fn of_sizes(config: &Config) -> Option<String> {
    model::contradiction(&config.model, &config.encoder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const VIDEOS: &str = "encoder.arch=r2plus1d";

    fn told(settings: &[&str]) -> String {
        let settings: Vec<String> = settings.iter().map(|&one| one.to_owned()).collect();
        let config = parse("", "test", &settings).expect("valid");
        check(&config).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn defaults_with_an_encoder_fit_and_each_contradiction_names_its_key() {
        assert_eq!(told(&[VIDEOS]), "");
        for (setting, words) in [
            ("encoder.arch=none", "needs an encoder"),
            ("data.test_crop=200", "data.test_crop"),
            ("data.feature_cache=kept", "encoder.frozen"),
            ("post.form=official", ""),
            ("model.dscale=200", "model.dscale (200)"),
            ("solver.batch_size=0", "solver.batch_size is 0"),
        ] {
            let told = told(&[VIDEOS, setting]);
            assert!(told.contains(words) && told.is_empty() == words.is_empty(), "{setting}: {told}");
        }
        let both = ["workflow.patience=2", "workflow.test_epoch=3"];
        assert!(told(&[VIDEOS, both[0], both[1]]).contains("one of them only"));
        let hard = "post.nms.kind=hard";
        assert!(told(&[VIDEOS, hard]).contains("post.nms.iou_threshold above 0"));
        assert_eq!(told(&[VIDEOS, hard, "post.nms.iou_threshold=0.5"]), "");
        assert!(told(&[VIDEOS, hard, "post.form=official"]).contains("soft suppression only"));
        let named = ["model.head.classes=true", "post.classifier.kind=cuhk"];
        assert!(told(&[VIDEOS, named[0], named[1]]).contains("class head"));
    }

    #[test]
    fn frames_by_index_need_whole_videos_but_not_to_make_features() {
        for sampling in ["data.sampling=index", "data.sampling=index_official"] {
            assert!(told(&[VIDEOS, sampling]).contains("data.scheme = \"resize\""));
            assert_eq!(told(&[VIDEOS, sampling, "data.scheme=resize"]), "");
            let features = ["data.source=features", "data.scheme=windows"];
            assert_eq!(told(&[sampling, features[0], features[1]]), "", "frames are not looked at");
            let config = parse("", "test", &[VIDEOS.to_owned(), sampling.to_owned()]).expect("valid");
            assert!(check_encoding(&config).is_ok());
        }
    }
}
