//! What became of every detection and every truth at all thresholds at once, so that a person can move two sliders and see it.
//!
//! Matching goes by descending score, so what lies below a score never changes what lies above it: one matching a threshold is
//! enough, and the least score is a filter afterwards. The counts equal [`super::evaluate`]'s at the same threshold and score.

use std::collections::HashMap;

use indexmap::IndexMap;
use rayon::prelude::*;

use super::cases::{Cases, EvalError, EvalOptions, sort_out};
use super::diagnosis::{Kind, Property, kind_of, nearest};
use super::matching::{ClassMatches, match_class};
use crate::domain::{Dataset, Detections, Video};

/// The thresholds of the slider: 0.10, 0.15 … 0.95, each the number that its literal means.
#[must_use]
pub fn slider_tious() -> Vec<f64> {
    (2..=19).map(|twentieth| f64::from(5 * twentieth) / 100.0).collect()
}

/// Detections beside truths, matched at every threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// Subset whose videos were matched.
    pub subset: String,
    /// Thresholds.
    pub tious: Vec<f64>,
    /// Classes of the truths, in order of first appearance.
    pub labels: Vec<String>,
    /// By name: the subset's videos, then others that have detections.
    pub videos: IndexMap<String, VideoReview>,
    /// All detections by falling score, of equal ones the later in the file first: index of the video and place in it.
    pub ranked: Vec<[u32; 2]>,
}

/// One video.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VideoReview {
    /// Detections in the order of the file.
    pub detections: Vec<Judged>,
    /// Annotations in the order of the file.
    pub truths: Vec<Counted>,
    /// The annotation that each detection found: `[threshold][detection]`.
    pub found: Vec<Vec<Option<u32>>>,
    /// The detection that found each annotation: `[threshold][annotation]`.
    pub finder: Vec<Vec<Option<u32>>>,
    /// Place of the video in the truth file.
    pub in_truth: Option<usize>,
    /// Place of the video in the detection file.
    pub in_found: Option<usize>,
}

/// A detection, and what of it does not depend on the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Confidence.
    pub score: f64,
    /// Its class as an index of [`Review::labels`]; none: no truth has it, or it lies where nobody annotated. Neither hit nor
    /// false alarm.
    pub class: Option<u32>,
    /// The truth of any class that it overlaps most.
    pub nearest: Option<Nearest>,
    /// Its place in the whole file, which breaks ties.
    pub order: usize,
}

/// The truth that a detection overlaps most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Its place among the video's annotations.
    pub annotation: u32,
    /// Overlap, 0..1.
    pub overlap: f64,
    /// Whether the classes are the same.
    pub same_class: bool,
}

/// An annotation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counted {
    /// Its class as an index of [`Review::labels`]; none: it does not count (it is empty, repeated, or where nobody annotated).
    pub class: Option<u32>,
    /// What bins sort by, in the order of [`Property::ALL`]; NaN where the video's duration is unknown.
    pub properties: [f64; 3],
}

/// How many hits and errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Detections that found a truth.
    pub hits: usize,
    /// Detections that found none.
    pub false_alarms: usize,
    /// Truths that no detection found.
    pub missed: usize,
}

impl Tally {
    /// Share of the detections that are hits, 0..1; none without detections.
    #[must_use]
    pub fn precision(self) -> Option<f64> {
        share(self.hits, self.hits + self.false_alarms)
    }

    /// Share of the truths that are found, 0..1; none without truths.
    #[must_use]
    pub fn recall(self) -> Option<f64> {
        share(self.hits, self.hits + self.missed)
    }

    /// Harmonic mean of both, 0..1; none where there is neither a truth nor a detection.
    #[must_use]
    pub fn f1(self) -> Option<f64> {
        share(2 * self.hits, 2 * self.hits + self.false_alarms + self.missed)
    }

    /// Adds another.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            false_alarms: self.false_alarms + other.false_alarms,
            missed: self.missed + other.missed,
        }
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Matches detections with the truths of a subset at every threshold of the options.
///
/// # Errors
/// [`EvalError`], as [`super::evaluate`].
pub fn review(truth: &Dataset, found: &Detections, options: &EvalOptions) -> Result<Review, EvalError> {
    let cases = sort_out(truth, found, options)?;
    let counts = |video: &Video| video.subset == options.subset && !options.blocked.contains(&video.id);
    let thresholds = options.tious.len();
    let mut videos: IndexMap<String, VideoReview> = IndexMap::new();
    for (place, video) in truth.videos.iter().enumerate().filter(|(_, video)| counts(video)) {
        let truths = vec![Counted::default(); video.annotations.len()];
        let finder = vec![vec![None; truths.len()]; thresholds];
        let found = vec![Vec::new(); thresholds];
        let of_video = VideoReview { truths, finder, found, in_truth: Some(place), ..VideoReview::default() };
        videos.insert(video.id.clone(), of_video);
    }
    // Place of each detection by its order in the file, which counts from 1 and leaves blocked videos out.
    let mut places: Vec<(usize, u32)> = Vec::with_capacity(found.count());
    let asked = found.videos.iter().enumerate().filter(|(_, (video, _))| !options.blocked.contains(video));
    for (place, (video, detections)) in asked {
        let entry = videos.entry(video.clone());
        let at = entry.index();
        let of_video =
            entry.or_insert_with(|| VideoReview { found: vec![Vec::new(); thresholds], ..VideoReview::default() });
        of_video.in_found.get_or_insert(place);
        for one in detections {
            places.push((at, of_video.detections.len() as u32));
            of_video.detections.push(Judged { score: one.score, class: None, nearest: None, order: places.len() });
        }
        let count = of_video.detections.len();
        of_video.found.iter_mut().for_each(|found| found.resize(count, None));
    }
    let matched: Vec<ClassMatches> =
        cases.classes.par_iter().map(|case| match_class(case, &options.tious, options.rules)).collect();
    for (class, matches) in matched.iter().enumerate() {
        note(&mut videos, class as u32, matches, &cases, &places);
    }
    let labels = matched.iter().map(|matches| matches.label.to_owned()).collect();
    let ranked = ranked(&videos);
    Ok(Review { subset: options.subset.clone(), tious: options.tious.clone(), labels, videos, ranked })
}

fn ranked(videos: &IndexMap<String, VideoReview>) -> Vec<[u32; 2]> {
    let all = (0..).zip(videos.values()).flat_map(|(video, of_video)| {
        (0..).zip(&of_video.detections).map(move |(index, judged)| (judged.score, judged.order, [video, index]))
    });
    let mut all: Vec<(f64, usize, [u32; 2])> = all.collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    all.into_iter().map(|(_, _, place)| place).collect()
}

/// Notes the truths, detections and matches of one class in their videos.
fn note(
    videos: &mut IndexMap<String, VideoReview>,
    class: u32,
    matches: &ClassMatches,
    cases: &Cases,
    places: &[(usize, u32)],
) {
    // Truths of a video come in file order, so the n-th of the class is the n-th with this label.
    let mut next: HashMap<&str, usize> = HashMap::new();
    let mut numbered: Vec<(usize, u32)> = Vec::with_capacity(matches.truths.len());
    let mut instances: HashMap<&str, usize> = HashMap::new();
    matches.truths.iter().for_each(|(video, _)| *instances.entry(video).or_default() += 1);
    for (video, segment) in &matches.truths {
        let (Some(truths), Some(at)) = (cases.truths.get(video), videos.get_index_of(*video)) else { continue };
        let from = next.entry(video).or_default();
        let Some(ahead) = truths.truths[*from..].iter().position(|(_, label)| *label == matches.label) else {
            continue;
        };
        let place = truths.places[*from + ahead];
        *from += ahead + 1;
        let count = instances.get(video).copied().unwrap_or_default();
        let properties = Property::ALL.map(|property| property.of(*segment, truths.duration, count));
        videos[at].truths[place] = Counted { class: Some(class), properties };
        numbered.push((at, place as u32));
    }
    for (rank, one) in matches.ranked.iter().enumerate() {
        let (at, index) = places[one.order - 1];
        let of_video = &mut videos[at];
        let judged = &mut of_video.detections[index as usize];
        judged.class = Some(class);
        judged.nearest = cases.truths.get(one.video).and_then(|of_video| {
            let (near, overlap) = nearest(one.segment, &of_video.truths)?;
            let same_class = of_video.truths[near].1 == matches.label;
            Some(Nearest { annotation: of_video.places[near] as u32, overlap, same_class })
        });
        for (threshold, found) in matches.found.iter().enumerate() {
            if let Some(&(_, annotation)) = found[rank].and_then(|number| numbered.get(number)) {
                of_video.found[threshold][index as usize] = Some(annotation);
                of_video.finder[threshold][annotation as usize] = Some(index);
            }
        }
    }
}

impl VideoReview {
    /// What a detection is at a threshold (its index and its value); none when the evaluation ignores it.
    #[must_use]
    pub fn kind(&self, threshold: usize, tiou: f64, detection: usize) -> Option<Kind> {
        let judged = self.detections.get(detection)?;
        judged.class?;
        Some(match (self.found[threshold][detection], judged.nearest) {
            (Some(_), _) => Kind::TruePositive,
            (None, Some(near)) => kind_of(near.overlap, near.same_class, tiou),
            (None, None) => Kind::Background,
        })
    }

    /// Whether a truth that counts is found by no detection of the least score or more.
    #[must_use]
    pub fn is_missed(&self, threshold: usize, least: f64, annotation: usize) -> bool {
        let counts = self.truths.get(annotation).is_some_and(|truth| truth.class.is_some());
        counts && self.finder[threshold][annotation].is_none_or(|by| self.detections[by as usize].score < least)
    }

    /// Hits and errors at a threshold from a least score on.
    #[must_use]
    pub fn tally(&self, threshold: usize, least: f64) -> Tally {
        let mut tally = Tally::default();
        for (judged, found) in self.detections.iter().zip(&self.found[threshold]) {
            if judged.class.is_some() && judged.score >= least {
                *(if found.is_some() { &mut tally.hits } else { &mut tally.false_alarms }) += 1;
            }
        }
        tally.missed = (0..self.truths.len()).filter(|&truth| self.is_missed(threshold, least, truth)).count();
        tally
    }
}

impl Review {
    /// Hits and errors of all videos, or of one.
    #[must_use]
    pub fn tally(&self, threshold: usize, least: f64, video: Option<&str>) -> Tally {
        self.scope(video).map(|video| video.tally(threshold, least)).fold(Tally::default(), Tally::plus)
    }

    /// Hits and errors of each class, in the order of `labels`.
    #[must_use]
    pub fn class_tallies(&self, threshold: usize, least: f64) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.labels.len()];
        for video in self.videos.values() {
            for (judged, found) in video.detections.iter().zip(&video.found[threshold]) {
                if let Some(class) = judged.class.filter(|_| judged.score >= least) {
                    let tally = &mut tallies[class as usize];
                    *(if found.is_some() { &mut tally.hits } else { &mut tally.false_alarms }) += 1;
                }
            }
            for (index, truth) in video.truths.iter().enumerate() {
                if let Some(class) = truth.class.filter(|_| video.is_missed(threshold, least, index)) {
                    tallies[class as usize].missed += 1;
                }
            }
        }
        tallies
    }

    /// The least score that gives the best F1, the highest of equals, with the hits and errors that it gives; none without any detection
    /// or truth.
    #[must_use]
    pub fn best_f1(&self, threshold: usize, video: Option<&str>) -> Option<(f64, Tally)> {
        let mut ranked: Vec<(f64, bool)> = Vec::new();
        let mut truths = 0;
        for video in self.scope(video) {
            let detections = video.detections.iter().zip(&video.found[threshold]);
            let counting = detections.filter(|(judged, _)| judged.class.is_some());
            ranked.extend(counting.map(|(judged, found)| (judged.score, found.is_some())));
            truths += video.truths.iter().filter(|truth| truth.class.is_some()).count();
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut best: Option<(f64, Tally)> = None;
        let mut tally = Tally { missed: truths, ..Tally::default() };
        for (index, &(score, hit)) in ranked.iter().enumerate() {
            if hit {
                tally.hits += 1;
                tally.missed -= 1;
            } else {
                tally.false_alarms += 1;
            }
            // Equal scores stand or fall together.
            let cuts = ranked.get(index + 1).is_none_or(|next| next.0 < score);
            if cuts && best.is_none_or(|(_, earlier)| tally.f1() > earlier.f1()) {
                best = Some((score, tally));
            }
        }
        best
    }

    fn scope<'a>(&'a self, video: Option<&'a str>) -> impl Iterator<Item = &'a VideoReview> {
        self.videos.iter().filter(move |(id, _)| video.is_none_or(|wanted| wanted == *id)).map(|(_, video)| video)
    }
}

#[cfg(test)]
mod tests;
