//! What kind of error a prediction is (spec 17).

use serde::{Deserialize, Serialize};

use crate::domain::{Segment, tiou};

/// Overlap below which a prediction has nothing to do with a truth.
const BACKGROUND: f64 = 0.1;

/// What a prediction is at one threshold. Judged by the truth of its video, of any class, that it overlaps most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It found a truth.
    TruePositive,
    /// A truth of its class is there, but a better prediction has it.
    DoubleDetection,
    /// A truth of another class is there.
    WrongLabel,
    /// A truth of its class is near, but they overlap too little.
    Localisation,
    /// A truth of another class is near, and they overlap too little.
    Confusion,
    /// Nothing is there.
    Background,
}

impl Kind {
    /// All kinds, in the order of counts and profiles.
    pub const ALL: [Self; 6] = [
        Self::TruePositive,
        Self::DoubleDetection,
        Self::WrongLabel,
        Self::Localisation,
        Self::Confusion,
        Self::Background,
    ];
    /// The kinds that are errors, in the order of gains.
    pub const ERRORS: [Self; 5] =
        [Self::DoubleDetection, Self::WrongLabel, Self::Localisation, Self::Confusion, Self::Background];

    /// Its name as people read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TruePositive => "true positive",
            Self::DoubleDetection => "double detection",
            Self::WrongLabel => "wrong label",
            Self::Localisation => "localisation",
            Self::Confusion => "confusion",
            Self::Background => "background",
        }
    }
}

/// The truth, of any class, that a segment overlaps most, by its place in the list, and by how much. Of equal overlaps the first
/// in the file decides; none where nothing overlaps.
pub(in super::super) fn nearest(segment: Segment, truths: &[(Segment, &str)]) -> Option<(usize, f64)> {
    let mut nearest = None;
    for (place, &(truth, _)) in truths.iter().enumerate() {
        let overlap = tiou(segment, truth);
        if overlap > nearest.map_or(0.0, |(_, most)| most) {
            nearest = Some((place, overlap));
        }
    }
    nearest
}

/// The kind of a prediction that found no truth, by its overlap with the nearest one.
pub(in super::super) fn kind_of(overlap: f64, same_class: bool, threshold: f64) -> Kind {
    match (overlap >= threshold, same_class) {
        _ if overlap < BACKGROUND => Kind::Background,
        (true, true) => Kind::DoubleDetection,
        (true, false) => Kind::WrongLabel,
        (false, true) => Kind::Localisation,
        (false, false) => Kind::Confusion,
    }
}

/// The kind of a prediction that found no truth.
pub(super) fn judge(segment: Segment, label: &str, truths: &[(Segment, &str)], threshold: f64) -> Kind {
    nearest(segment, truths)
        .map_or(Kind::Background, |(place, overlap)| kind_of(overlap, truths[place].1 == label, threshold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_truth_of_any_class_decides() {
        let truths = [([0.0, 10.0], "a"), ([8.0, 20.0], "b")];
        assert_eq!(judge([0.0, 10.0], "a", &truths, 0.5), Kind::DoubleDetection);
        assert_eq!(judge([8.0, 20.0], "a", &truths, 0.5), Kind::WrongLabel);
        assert_eq!(judge([0.0, 4.0], "a", &truths, 0.5), Kind::Localisation);
        assert_eq!(judge([14.0, 19.0], "a", &truths, 0.5), Kind::Confusion);
        assert_eq!(judge([30.0, 40.0], "a", &truths, 0.5), Kind::Background);
        assert_eq!(judge([0.0, 10.0], "a", &[], 0.5), Kind::Background);
        // Half of the length twice: the first truth is asked.
        let twins = [([0.0, 10.0], "b"), ([10.0, 20.0], "a")];
        assert_eq!(judge([5.0, 15.0], "a", &twins, 0.5), Kind::Confusion);
    }
}
