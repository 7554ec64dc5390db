//! Segments that are reversed, outside, too short or there twice.

use super::{Finding, Media, Severity, of};
use crate::domain::{Annotation, Video, tiou};

/// Overlap from which two segments of one class count as the same.
const SAME: f64 = 0.98;

pub(super) fn check(video: &Video, media: Option<&Media>, findings: &mut Vec<Finding>) {
    segments(video, media, findings);
    duplicates(video, findings);
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
    for Annotation { segment: [start, end], label, .. } in &video.annotations {
        let what = format!("the action \"{label}\" {start:.2}-{end:.2} s");
        let wrong = |severity, how: &str, advice| of(video, severity, format!("{what} {how}"), advice).at(*start);
        if !start.is_finite() || !end.is_finite() || end < start {
            findings.push(wrong(Severity::Error, "ends before it starts", "Swap its ends or delete it."));
        } else if end - start <= frame {
            findings.push(wrong(Severity::Warning, "is not longer than one frame", "Delete or lengthen it."));
        } else if *end <= 0.0 {
            findings.push(wrong(Severity::Error, "lies before the video's start", "Delete it or move it."));
        } else if duration > 0.0 && *start >= duration {
            let how = format!("lies outside the video of {duration:.2} s");
            findings.push(wrong(Severity::Error, &how, "Delete it, or check that this is the right file."));
        } else if *start < 0.0 {
            findings.push(wrong(Severity::Warning, "begins before the video does", "Move its start inside."));
        } else if duration > 0.0 && *end > duration + frame {
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
            findings.push(of(video, Severity::Warning, sentence, "Delete one of the two.").at(start));
        }
    }
}
