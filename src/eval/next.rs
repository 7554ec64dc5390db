//! What to annotate next: moments where the detector is least sure and nobody has looked yet.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{Dataset, Detection, Detections, Segment, tiou};

/// Overlap from which a detection is about something that somebody judged already.
const JUDGED: f64 = 0.3;

/// Overlap from which two detections of a class are about the same.
const SAME: f64 = 0.5;

/// Best detections of a video that are looked at.
const MOST_OF_A_VIDEO: usize = 200;

/// A moment worth looking at.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Video name.
    pub video: String,
    /// Class of the detection.
    pub label: String,
    /// Seconds.
    pub segment: Segment,
    /// Score of the detection.
    pub score: f64,
    /// Whether its video has no annotation yet.
    pub unseen: bool,
    /// How much a look is worth: how unsure the detector is, 0..1, and 1 more in a video without any annotation.
    pub worth: f64,
}

/// A video worth looking at.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoToAnnotate {
    /// Video name.
    pub video: String,
    /// Actions that are annotated in it.
    pub annotated: usize,
    /// Place of its first moment in [`ToAnnotate::moments`]; none where nothing was found that nobody has judged.
    pub first: Option<usize>,
    /// How many of its moments nobody has judged.
    pub moments: usize,
    /// How much a look is worth: how unsure the detector is of its least sure moments on average, 0..1, and 1 more without any annotation.
    pub worth: f64,
}

/// Where annotating helps most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToAnnotate {
    /// Videos by falling worth; those where nothing is left to judge are not among them.
    pub videos: Vec<VideoToAnnotate>,
    /// Moments by falling worth.
    pub moments: Vec<Moment>,
}

/// Least sure moments by which a video is judged: enough that one strange one does not decide.
const JUDGED_BY: usize = 5;

/// Ranks videos and moments by how unsure the detector is and by what nobody has annotated. A video that was not searched and has no
/// annotation is worth a look too, less than one where something was found.
#[must_use]
pub fn to_annotate(truth: &Dataset, found: &Detections) -> ToAnnotate {
    let moments = moments(truth, found);
    let mut of_video: HashMap<&str, (usize, usize, f64)> = HashMap::new();
    for (place, moment) in moments.iter().enumerate() {
        let (_, count, sum) = of_video.entry(&moment.video).or_insert((place, 0, 0.0));
        if *count < JUDGED_BY {
            *sum += moment.unsure();
        }
        *count += 1;
    }
    let ranked = truth.videos.iter().filter_map(|video| {
        let known = of_video.get(video.id.as_str()).copied();
        let annotated = video.annotations.len();
        let unseen = if annotated == 0 { 1.0 } else { 0.0 };
        let (first, moments, unsure) = match known {
            Some((place, count, sum)) => (Some(place), count, sum / count.min(JUDGED_BY) as f64),
            None if annotated == 0 => (None, 0, 0.0),
            None => return None,
        };
        Some(VideoToAnnotate { video: video.id.clone(), annotated, first, moments, worth: unseen + unsure })
    });
    let mut videos: Vec<VideoToAnnotate> = ranked.collect();
    videos.sort_by(|a, b| b.worth.total_cmp(&a.worth));
    ToAnnotate { videos, moments }
}

impl Moment {
    /// How unsure the detector is of it, 0..1.
    #[must_use]
    pub fn unsure(&self) -> f64 {
        if self.unseen { self.worth - 1.0 } else { self.worth }
    }
}

/// Moments by falling worth. A detector is least sure of what scores half as much as the best of its class; what overlaps an
/// annotation, or a detection that a person rejected, has been judged.
fn moments(truth: &Dataset, found: &Detections) -> Vec<Moment> {
    let mut best: HashMap<&str, f64> = HashMap::new();
    for one in found.videos.iter().flat_map(|(_, found)| found) {
        let best = best.entry(&one.label).or_insert(one.score);
        *best = best.max(one.score);
    }
    let videos: HashMap<&str, _> = truth.videos.iter().map(|video| (video.id.as_str(), video)).collect();
    let mut moments = Vec::new();
    for (id, found) in &found.videos {
        let Some(video) = videos.get(id.as_str()) else { continue };
        let judged = |one: &&Detection| {
            let near = |segment: Segment| tiou(segment, one.segment) >= JUDGED;
            video.annotations.iter().any(|action| near(action.segment))
                || video.rejected.iter().any(|other| other.label == one.label && near(other.segment))
        };
        let mut ranked: Vec<&Detection> = found.iter().collect();
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut kept: BTreeMap<&str, Vec<Segment>> = BTreeMap::new();
        for one in ranked.into_iter().take(MOST_OF_A_VIDEO).filter(|one| !judged(one)) {
            let of_class = kept.entry(&one.label).or_default();
            if of_class.iter().any(|&other| tiou(other, one.segment) >= SAME) {
                continue;
            }
            of_class.push(one.segment);
            let top = best.get(one.label.as_str()).copied().filter(|top| *top > 0.0).unwrap_or(1.0);
            let unsure = 1.0 - (2.0 * one.score / top - 1.0).abs();
            let unseen = video.annotations.is_empty();
            let worth = unsure + if unseen { 1.0 } else { 0.0 };
            let (video, label) = (id.clone(), one.label.clone());
            moments.push(Moment { video, label, segment: one.segment, score: one.score, unseen, worth });
        }
    }
    moments.sort_by(|a, b| b.worth.total_cmp(&a.worth));
    moments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Annotation, Video};

    #[test]
    fn the_unsure_and_the_unseen_come_first() {
        let action = |start: f64| Annotation { segment: [start, start + 2.0], label: "a".to_owned(), draft: false };
        let video = |id: &str, annotations: Vec<Annotation>, rejected: Vec<Annotation>| Video {
            id: id.to_owned(),
            duration: 100.0,
            annotations,
            rejected,
            ..Video::default()
        };
        let truth = Dataset {
            videos: vec![
                video("seen", vec![action(0.0)], vec![action(40.0)]),
                video("new", Vec::new(), Vec::new()),
                video("done", vec![action(0.0)], Vec::new()),
                video("not searched", Vec::new(), Vec::new()),
            ],
        };
        let one = |start: f64, score: f64| Detection { segment: [start, start + 2.0], label: "a".to_owned(), score };
        let seen = vec![one(0.2, 0.8), one(10.0, 0.4), one(10.3, 0.3), one(20.0, 0.75), one(40.0, 0.4)];
        let found = Detections { videos: vec![("seen".to_owned(), seen), ("new".to_owned(), vec![one(5.0, 0.1)])] };
        let ToAnnotate { videos, moments } = to_annotate(&truth, &found);
        let places: Vec<(&str, f64)> = moments.iter().map(|one| (one.video.as_str(), one.segment[0])).collect();
        assert_eq!(places, [("new", 5.0), ("seen", 10.0), ("seen", 20.0)]);
        assert!((moments[1].worth - 1.0).abs() < 1e-12, "half of the best score is least sure");
        // Best score of the class 0.8: 0.1 is unsure by 1/4, 0.4 by 1, 0.75 by 1/8.
        let ranked: Vec<_> =
            videos.iter().map(|one| (one.video.as_str(), one.annotated, one.first, one.moments)).collect();
        let expected = [("new", 0, Some(0), 1), ("not searched", 0, None, 0), ("seen", 1, Some(1), 2)];
        assert_eq!(ranked, expected, "what has been judged is not listed");
        let worths: Vec<f64> = videos.iter().map(|one| one.worth).collect();
        let expected = [1.25, 1.0, (1.0 + 0.125) / 2.0];
        assert!(worths.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{worths:?}");
    }
}
