//! The list of errors: false alarms by kind, and missed truths (spec 17), filtered and in the order in which to look at them.

use serde::{Deserialize, Serialize};

use super::diagnosis::{Kind, Property};
use super::review::{Counted, Review};

/// What is wrong in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorKind {
    /// A detection that found no truth.
    False(Kind),
    /// A truth that no detection found.
    Missed,
}

impl ErrorKind {
    /// The kinds of errors, false alarms first.
    pub const ALL: [Self; 6] = [
        Self::False(Kind::DoubleDetection),
        Self::False(Kind::WrongLabel),
        Self::False(Kind::Localisation),
        Self::False(Kind::Confusion),
        Self::False(Kind::Background),
        Self::Missed,
    ];

    /// Its name as people read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::False(kind) => kind.name(),
            Self::Missed => "missed",
        }
    }

    /// One letter for small places.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::False(Kind::TruePositive) => "",
            Self::False(Kind::DoubleDetection) => "D",
            Self::False(Kind::WrongLabel) => "W",
            Self::False(Kind::Localisation) => "L",
            Self::False(Kind::Confusion) => "C",
            Self::False(Kind::Background) => "B",
            Self::Missed => "M",
        }
    }

    /// What it means and what helps, one sentence each.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::False(Kind::TruePositive) => "It found a truth.",
            Self::False(Kind::DoubleDetection) => {
                "A better detection has this truth already. Suppress harder: a lower post.nms.sigma, or per_class."
            }
            Self::False(Kind::WrongLabel) => {
                "The place is right and the class is not. More examples of the two classes, or one rule for telling them apart, help."
            }
            Self::False(Kind::Localisation) => {
                "The class is right and the edges are not. Mark starts and ends by one rule; a finer model.tscale helps short actions."
            }
            Self::False(Kind::Confusion) => {
                "Near an action of another class. More examples of what lies around actions help."
            }
            Self::False(Kind::Background) => {
                "Nothing is annotated there. If there is an action, annotate it; else reject the detection, so that it trains as a known negative."
            }
            Self::Missed => {
                "No detection found this truth. See in the bins whether such lengths are missed, and annotate more that look like it."
            }
        }
    }
}

/// Which errors to list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorFilter {
    /// Only of this class: of the detection, or of the missed truth.
    pub class: Option<String>,
    /// Only of this kind; a true positive lists the hits instead of errors.
    pub kind: Option<ErrorKind>,
    /// Only in this video.
    pub video: Option<String>,
    /// Only false alarms on a truth of this class, by name; an empty name means on none.
    pub truth: Option<String>,
    /// Only missed truths of this bin.
    pub bin: Option<Bin>,
}

/// A bin of truths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// What it sorts by.
    pub property: Property,
    /// Values above this are in it.
    pub from: f64,
    /// And up to this, inclusive.
    pub to: f64,
}

impl Bin {
    fn holds(self, truth: &Counted) -> bool {
        let place = Property::ALL.iter().position(|property| *property == self.property);
        let value = place.map_or(f64::NAN, |place| truth.properties[place]);
        value > self.from && value <= self.to
    }
}

/// One error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorRow {
    /// Index of the video in [`Review::videos`].
    pub video: usize,
    /// What is wrong.
    pub kind: ErrorKind,
    /// Place of the detection, or of the missed truth, in its video.
    pub index: usize,
    /// Score of the detection.
    pub score: Option<f64>,
    /// Place of the truth that the detection overlaps most.
    pub truth: Option<usize>,
}

impl Review {
    /// The errors at a threshold from a least score on: false alarms by falling score, then missed truths in file order.
    #[must_use]
    pub fn errors(&self, threshold: usize, least: f64, filter: &ErrorFilter) -> Vec<ErrorRow> {
        let index_of = |label: &String| self.labels.iter().position(|other| other == label).map(|index| index as u32);
        let class = filter.class.as_ref().map(index_of);
        let fits = |of: Option<u32>| class.is_none_or(|wanted| wanted.is_some() && wanted == of);
        let index_of_truth = filter.truth.as_ref().map(index_of);
        let hits = filter.kind == Some(ErrorKind::False(Kind::TruePositive));
        let only = filter.video.as_ref().map(|id| self.videos.get_index_of(id));
        let mut rows = Vec::new();
        // They are in order already: a slider that moves sorts nothing.
        for &[place, index] in &self.ranked {
            let (place, index) = (place as usize, index as usize);
            let Some((_, video)) = self.videos.get_index(place) else { continue };
            let judged = &video.detections[index];
            if judged.score < least {
                break;
            }
            if only.is_some_and(|only| only != Some(place)) || !fits(judged.class) {
                continue;
            }
            let kind = match video.kind(threshold, self.tious[threshold], index) {
                Some(kind) if hits == (kind == Kind::TruePositive) => kind,
                _ => continue,
            };
            let truth = judged.nearest.filter(|_| kind != Kind::Background).map(|near| near.annotation as usize);
            let row = ErrorRow { video: place, kind: ErrorKind::False(kind), index, score: Some(judged.score), truth };
            let of_truth = truth.and_then(|truth| video.truths[truth].class);
            let lies_on = match filter.truth.as_deref() {
                None => true,
                Some("") => kind != Kind::WrongLabel,
                Some(_) => kind == Kind::WrongLabel && Some(of_truth) == index_of_truth,
            };
            if filter.kind.is_none_or(|wanted| wanted == row.kind) && lies_on {
                rows.push(row);
            }
        }
        if filter.kind.is_some_and(|wanted| wanted != ErrorKind::Missed) || filter.truth.is_some() {
            return rows;
        }
        for (place, video) in self.videos.values().enumerate() {
            if only.is_some_and(|only| only != Some(place)) {
                continue;
            }
            rows.extend((0..video.truths.len()).filter_map(|index| {
                let truth = &video.truths[index];
                let asked = fits(truth.class) && filter.bin.is_none_or(|bin| bin.holds(truth));
                let shown = asked && video.is_missed(threshold, least, index);
                shown.then_some(ErrorRow { video: place, kind: ErrorKind::Missed, index, score: None, truth: None })
            }));
        }
        rows
    }

    /// How many detections of each kind there are, in the order of [`Kind::ALL`], and missed truths at the end.
    #[must_use]
    pub fn kinds(&self, threshold: usize, least: f64) -> [usize; 7] {
        let mut counts = [0; 7];
        for video in self.videos.values() {
            for (index, judged) in video.detections.iter().enumerate().filter(|(_, judged)| judged.score >= least) {
                if let Some(kind) = judged.class.and_then(|_| video.kind(threshold, self.tious[threshold], index)) {
                    counts[kind as usize] += 1;
                }
            }
            counts[6] += (0..video.truths.len()).filter(|&truth| video.is_missed(threshold, least, truth)).count();
        }
        counts
    }
}
