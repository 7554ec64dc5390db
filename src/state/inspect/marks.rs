//! What the bars of the open video are beside the truth, and an error in words.

use std::sync::Arc;

use super::State;
use crate::domain::Segment;
use crate::eval::VideoReview;
use crate::eval::diagnosis::Kind;

/// How a bar of the timeline is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A detection that found a truth, or a truth that was found.
    Hit,
    /// A false alarm.
    False(Kind),
    /// A truth that no shown detection found.
    Missed,
    /// The evaluation leaves it out.
    Ignored,
}

/// Marks of the open video's bars.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'a> {
    video: &'a VideoReview,
    threshold: usize,
    tiou: f64,
    least: f64,
}

impl Marks<'_> {
    /// How the truth or detection of this place is marked.
    #[must_use]
    pub fn of(&self, truth: bool, index: usize) -> Option<Mark> {
        if !truth {
            self.video.detections.get(index)?;
            return Some(match self.video.kind(self.threshold, self.tiou, index) {
                None => Mark::Ignored,
                Some(Kind::TruePositive) => Mark::Hit,
                Some(kind) => Mark::False(kind),
            });
        }
        Some(match self.video.truths.get(index)?.class {
            None => Mark::Ignored,
            Some(_) if self.video.is_missed(self.threshold, self.least, index) => Mark::Missed,
            Some(_) => Mark::Hit,
        })
    }
}

/// An error in words and numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Described<'a> {
    /// Video name.
    pub video: &'a str,
    /// Class of the detection, or of the missed truth.
    pub label: &'a str,
    /// Seconds.
    pub segment: Segment,
    /// Class and place of the truth that the detection overlaps most.
    pub truth: Option<(&'a str, Segment)>,
}

impl State {
    /// Marks of the open video's bars; none while what is shown has not been compared, or the video is not in the subset.
    #[must_use]
    pub fn marks(&self) -> Option<Marks<'_>> {
        let inspect = &self.inspect;
        let current = self.predictions.current()?;
        let asked = inspect.asked.as_ref()?;
        if inspect.is_waiting() || !Arc::ptr_eq(&asked.found, &current.detections) {
            return None;
        }
        let video = inspect.comparison.as_ref()?.review.videos.get(&self.selected()?.id)?;
        Some(Marks { video, threshold: inspect.tiou, tiou: inspect.threshold(), least: self.detecting.min_score })
    }
}
