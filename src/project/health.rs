//! The health check: what is wrong with a data set before hours of training are spent on it.

use std::collections::BTreeMap;

use crate::domain::{Annotation, Dataset, Video, tiou};

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
}

/// What a video file turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// Seconds from the first frame to the end of the last.
    pub duration: f64,
    /// Seconds of one frame, on average.
    pub frame: f64,
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
    /// Whether the encoder starts from random weights, which takes more examples.
    pub from_scratch: bool,
}

/// Segments of a class below which training from scratch has little to learn from.
const FEW_SEGMENTS: usize = 10;

/// Overlap from which two segments of one class count as the same.
const SAME: f64 = 0.98;

/// Checks a data set. `media` holds what is known of the files by video name: facts, or why one cannot be read; a video that
/// it does not name was not looked at. Errors come first, then in the order of the data set.
#[must_use]
pub fn check(
    dataset: &Dataset,
    media: &BTreeMap<String, Result<Media, String>>,
    expected: &Expectations,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    subsets(dataset, expected, &mut findings);
    shared_files(dataset, &mut findings);
    classes(dataset, expected, &mut findings);
    for video in &dataset.videos {
        match media.get(&video.id) {
            Some(Err(reason)) => {
                let advice = "Repair or convert the file, or take the video out of the project.";
                findings.push(of(video, Severity::Error, format!("cannot be read: {reason}"), advice));
                segments(video, None, &mut findings);
            }
            Some(Ok(facts)) => segments(video, Some(facts), &mut findings),
            None => segments(video, None, &mut findings),
        }
        duplicates(video, &mut findings);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn of(video: &Video, severity: Severity, sentence: String, advice: &str) -> Finding {
    Finding { severity, video: Some(video.id.clone()), sentence, advice: advice.to_owned() }
}

fn overall(severity: Severity, sentence: String, advice: &str) -> Finding {
    Finding { severity, video: None, sentence, advice: advice.to_owned() }
}

fn subsets(dataset: &Dataset, expected: &Expectations, findings: &mut Vec<Finding>) {
    let train = &expected.train_subset;
    if dataset.subset(train).next().is_none() {
        let advice =
            "Give at least one video this subset, or name another one in the configuration (data.train_subset).";
        findings.push(overall(Severity::Error, format!("No video is in the subset \"{train}\" that trains."), advice));
    } else if dataset.subset(train).all(|video| video.annotations.is_empty()) {
        let advice = "Annotate some actions in the training videos first.";
        findings.push(overall(Severity::Error, format!("No video of the subset \"{train}\" has an action."), advice));
    }
    let test = &expected.test_subset;
    if dataset.subset(test).next().is_none() {
        let advice = "Move a few videos that are like the others into it, so that mAP can be measured while training.";
        findings.push(overall(
            Severity::Warning,
            format!("No video is in the subset \"{test}\" that evaluates."),
            advice,
        ));
    }
}

fn shared_files(dataset: &Dataset, findings: &mut Vec<Finding>) {
    let mut first: BTreeMap<&str, &Video> = BTreeMap::new();
    for video in &dataset.videos {
        let Some(path) = video.path.as_deref() else { continue };
        match first.get(path) {
            Some(other) if other.subset != video.subset => {
                let sentence = format!(
                    "uses the same file as {} but is in \"{}\", not \"{}\": what trains would be evaluated",
                    other.id, video.subset, other.subset
                );
                findings.push(of(video, Severity::Error, sentence, "Keep the file in one subset only."));
            }
            Some(_) => {}
            None => {
                first.insert(path, video);
            }
        }
    }
}

fn classes(dataset: &Dataset, expected: &Expectations, findings: &mut Vec<Finding>) {
    let mut counts: BTreeMap<&str, usize> = expected.classes.iter().map(|name| (name.as_str(), 0)).collect();
    for action in dataset.videos.iter().flat_map(|video| &video.annotations) {
        counts.entry(&action.label).or_default();
    }
    for action in dataset.subset(&expected.train_subset).flat_map(|video| &video.annotations) {
        *counts.entry(&action.label).or_default() += 1;
    }
    if counts.values().all(|&count| count == 0) {
        return; // already said once for the whole subset
    }
    for (class, count) in counts {
        if count == 0 {
            let sentence = format!("The class \"{class}\" has no instance in the training subset.");
            let advice = "Annotate some, or take the class out: it can only produce false alarms.";
            findings.push(overall(Severity::Warning, sentence, advice));
        } else if expected.from_scratch && count < FEW_SEGMENTS {
            let plural = if count == 1 { "segment" } else { "segments" };
            let sentence = format!("The class \"{class}\" has only {count} training {plural}.");
            let advice = "Annotate more (some dozens), or start from trained weights instead of from scratch.";
            findings.push(overall(Severity::Warning, sentence, advice));
        }
    }
}

fn segments(video: &Video, media: Option<&Media>, findings: &mut Vec<Finding>) {
    let duration = media.map_or(video.duration, |facts| facts.duration);
    let frame = media.map_or(1.0 / 25.0, |facts| facts.frame);
    if let Some(facts) = media
        && video.duration > 0.0
        && (facts.duration - video.duration).abs() > 0.5_f64.max(2.0 * frame)
    {
        let sentence = format!(
            "is {:.2} s long, but the annotation file says {:.2} s: the annotations may belong to another cut",
            facts.duration, video.duration
        );
        findings.push(of(video, Severity::Warning, sentence, "Compare a few segments with the picture."));
    }
    for Annotation { segment: [start, end], label } in &video.annotations {
        let what = format!("the action \"{label}\" {start:.2}-{end:.2} s");
        let wrong = |severity, how: &str, advice| of(video, severity, format!("{what} {how}"), advice);
        if !start.is_finite() || !end.is_finite() || end < start {
            findings.push(wrong(Severity::Error, "ends before it starts", "Swap its ends or delete it."));
        } else if end - start <= frame {
            findings.push(wrong(Severity::Warning, "is not longer than one frame", "Delete or lengthen it."));
        } else if duration > 0.0 && *start >= duration {
            let how = format!("lies outside the video of {duration:.2} s");
            findings.push(wrong(Severity::Error, &how, "Delete it, or check that this is the right file."));
        } else if *start < 0.0 || (duration > 0.0 && *end > duration + frame) {
            let how = format!("reaches beyond the video of {duration:.2} s");
            findings.push(wrong(Severity::Warning, &how, "Move its end inside."));
        }
    }
}

fn duplicates(video: &Video, findings: &mut Vec<Finding>) {
    for (index, action) in video.annotations.iter().enumerate() {
        let earlier = video.annotations.iter().take(index);
        if earlier.into_iter().any(|other| other.label == action.label && tiou(other.segment, action.segment) >= SAME) {
            let [start, end] = action.segment;
            let sentence = format!("has the action \"{}\" {start:.2}-{end:.2} s twice", action.label);
            findings.push(of(video, Severity::Warning, sentence, "Delete one of the two."));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(id: &str, subset: &str, segments: &[(f64, f64, &str)]) -> Video {
        let annotations = segments
            .iter()
            .map(|&(start, end, label)| Annotation { segment: [start, end], label: label.to_owned() })
            .collect();
        Video {
            id: id.to_owned(),
            subset: subset.to_owned(),
            duration: 10.0,
            frames: None,
            path: Some(format!("{id}.mp4")),
            annotations,
            not_annotated: Vec::new(),
        }
    }

    fn expected(from_scratch: bool) -> Expectations {
        Expectations {
            train_subset: "training".to_owned(),
            test_subset: "validation".to_owned(),
            classes: vec!["jump".to_owned()],
            from_scratch,
        }
    }

    fn sentences(videos: Vec<Video>, from_scratch: bool) -> Vec<String> {
        check(&Dataset { videos }, &BTreeMap::new(), &expected(from_scratch))
            .into_iter()
            .map(|finding| format!("{}: {}", finding.video.unwrap_or_default(), finding.sentence))
            .collect()
    }

    #[test]
    fn good_data_has_no_findings() {
        let videos = vec![video("a", "training", &[(1.0, 2.0, "jump")]), video("b", "validation", &[])];
        assert_eq!(sentences(videos, false), Vec::<String>::new());
    }

    #[test]
    fn every_fault_is_found_and_errors_come_first() {
        let mut twin = video("b", "validation", &[]);
        twin.path = Some("a.mp4".to_owned());
        let bad = [
            (1.0, 2.0, "run"),
            (1.001, 2.0, "run"),
            (3.0, 2.5, "run"),
            (4.0, 4.03, "run"),
            (9.0, 12.0, "run"),
            (11.0, 12.0, "run"),
        ];
        let found = sentences(vec![video("a", "training", &bad), twin], true).join("\n");
        for part in [
            "b: uses the same file as a",
            "a: the action \"run\" 3.00-2.50 s ends before it starts",
            "a: the action \"run\" 4.00-4.03 s is not longer than one frame",
            "a: the action \"run\" 9.00-12.00 s reaches beyond the video of 10.00 s",
            "a: the action \"run\" 11.00-12.00 s lies outside the video",
            "twice",
            "The class \"jump\" has no instance",
            "The class \"run\" has only 6 training segments",
        ] {
            assert!(found.contains(part), "{part:?} is not in\n{found}");
        }
        let twice = found.find("twice").expect("found");
        assert!(found.find("ends before").expect("found") < twice, "errors first:\n{found}");
    }

    #[test]
    fn missing_subsets_are_said_once() {
        let found = sentences(vec![video("a", "test", &[(1.0, 2.0, "jump")])], true);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn files_that_cannot_be_read_or_have_another_length_are_named() {
        let dataset =
            Dataset { videos: vec![video("a", "training", &[(1.0, 2.0, "jump")]), video("b", "validation", &[])] };
        let media = BTreeMap::from([
            ("a".to_owned(), Err("it is not a video".to_owned())),
            ("b".to_owned(), Ok(Media { duration: 4.0, frame: 0.04 })),
        ]);
        let found = check(&dataset, &media, &expected(false));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].sentence.contains("cannot be read: it is not a video"));
        assert!(found[1].sentence.contains("4.00 s long"));
    }
}
