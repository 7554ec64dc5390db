//! The health check: what is wrong with a data set before hours of training are spent on it.

mod classes;
mod files;
mod segments;

use std::collections::BTreeMap;

use crate::domain::{Dataset, MediaTime, Video};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Training goes on, the result suffers.
    Warning,
    /// Training cannot use this.
    Error,
}

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The video it is about, if one.
    pub video: Option<String>,
    /// What is wrong.
    pub sentence: String,
    /// What to do.
    pub advice: String,
    /// Where in the video, if at one place.
    #[serde(skip)]
    pub at: Option<MediaTime>,
    /// The class that it is about, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The key of the configuration that it is about, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Finding {
    /// The same about a class.
    #[must_use]
    fn of_class(mut self, class: &str) -> Self {
        self.class = Some(class.to_owned());
        self
    }

    /// The same about a key of the configuration.
    #[must_use]
    fn about(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// The same at a place of the video.
    #[must_use]
    fn at(mut self, seconds: f64) -> Self {
        self.at = seconds.is_finite().then(|| MediaTime::from_secs(seconds.max(0.0)));
        self
    }
}

/// What a video file turned out to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Media {
    /// Seconds from the first frame to the end of the last.
    pub duration: f64,
    /// Seconds of one frame, on average.
    pub frame: f64,
    /// What is wrong with a file that can be read all the same, one sentence each: damage, an early end.
    pub warnings: Vec<String>,
}

/// What the training that is about to start needs of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    /// Subset that trains.
    pub train_subset: String,
    /// Subset that is evaluated.
    pub test_subset: String,
    /// Classes that were declared, with or without instances.
    pub classes: Vec<String>,
    /// The class map, when only classes that it names can be learnt.
    pub class_map: Option<String>,
    /// Whether the encoder starts from random weights, which takes more examples.
    pub from_scratch: bool,
}

impl Expectations {
    /// Whether a training looks at videos of this subset.
    fn uses(&self, subset: &str) -> bool {
        subset == self.train_subset || subset == self.test_subset
    }
}

/// Checks a data set. `media` holds what is known of the files by video name: facts, or why one cannot be read; a video that
/// it does not name was not looked at. The paths in `dataset` are such that this process can open them: those of equal size are
/// compared, to find copies. Errors come first, then in the order of the data set.
#[must_use]
pub fn check(
    dataset: &Dataset,
    media: &BTreeMap<String, Result<Media, String>>,
    expected: &Expectations,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    subsets(dataset, expected, &mut findings);
    files::shared(dataset, expected, &mut findings);
    classes::check(dataset, expected, &mut findings);
    for video in &dataset.videos {
        let known = media.get(&video.id);
        if let Some(known) = known {
            files::condition(video, known, &mut findings);
        }
        segments::check(video, known.and_then(|known| known.as_ref().ok()), &mut findings);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn of(video: &Video, severity: Severity, sentence: String, advice: &str) -> Finding {
    Finding {
        severity,
        video: Some(video.id.clone()),
        sentence,
        advice: advice.to_owned(),
        at: None,
        class: None,
        key: None,
    }
}

fn overall(severity: Severity, sentence: String, advice: &str) -> Finding {
    Finding { severity, video: None, sentence, advice: advice.to_owned(), at: None, class: None, key: None }
}

fn subsets(dataset: &Dataset, expected: &Expectations, findings: &mut Vec<Finding>) {
    let train = &expected.train_subset;
    if dataset.subset(train).next().is_none() {
        let advice =
            "Give at least one video this subset, or name another one in the configuration (data.train_subset).";
        let finding = overall(Severity::Error, format!("No video is in the subset \"{train}\" that trains."), advice);
        findings.push(finding.about("data.train_subset"));
    } else if dataset.subset(train).all(|video| video.annotations.is_empty()) {
        let advice = "Annotate some actions in the training videos first.";
        let finding = overall(Severity::Error, format!("No video of the subset \"{train}\" has an action."), advice);
        findings.push(finding.about("data.train_subset"));
    }
    let test = &expected.test_subset;
    if dataset.subset(test).next().is_none() {
        let advice = "Move a few videos that are like the others into it, so that mAP can be measured while training.";
        let sentence = format!("No video is in the subset \"{test}\" that evaluates.");
        findings.push(overall(Severity::Warning, sentence, advice).about("data.test_subset"));
    } else if dataset.subset(test).all(|video| video.annotations.is_empty()) {
        let advice = "Annotate their actions, or name another subset (data.test_subset): without truths mAP stays 0.";
        let sentence = format!("No video of the subset \"{test}\" that evaluates has an action.");
        findings.push(overall(Severity::Warning, sentence, advice).about("data.test_subset"));
    }
}

#[cfg(test)]
mod tests;
