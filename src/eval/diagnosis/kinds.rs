//! What kind of error a prediction is (spec 17).

use serde::{Deserialize, Serialize};

use super::super::matching::{DetectionState, matches};
use crate::domain::{Annotation, Detection, Segment, tiou};

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

/// The kind of a prediction that found no truth. Of equal overlaps the first truth in the file decides.
pub(super) fn judge(segment: Segment, label: &str, truths: &[(Segment, &str)], threshold: f64) -> Kind {
    let mut nearest = (0.0, "");
    for &(truth, truth_label) in truths {
        let overlap = tiou(segment, truth);
        if overlap > nearest.0 {
            nearest = (overlap, truth_label);
        }
    }
    let (overlap, truth_label) = nearest;
    match (overlap >= threshold, truth_label == label) {
        _ if overlap < BACKGROUND => Kind::Background,
        (true, true) => Kind::DoubleDetection,
        (true, false) => Kind::WrongLabel,
        (false, true) => Kind::Localisation,
        (false, false) => Kind::Confusion,
    }
}

/// The kind of each detection of one video, for showing them beside the truths; none for what lies in a region that nobody
/// annotated.
#[must_use]
pub fn kinds_in_video(
    truths: &[Annotation],
    detections: &[Detection],
    not_annotated: &[Segment],
    tiou: f64,
) -> Vec<Option<Kind>> {
    let places: Vec<(Segment, &str)> = truths.iter().map(|truth| (truth.segment, truth.label.as_str())).collect();
    let states = matches(truths, detections, not_annotated, tiou).detections;
    let kind = |(one, state): (&Detection, DetectionState)| match state {
        DetectionState::Hit(_) => Some(Kind::TruePositive),
        DetectionState::FalseAlarm => Some(judge(one.segment, &one.label, &places, tiou)),
        DetectionState::Ignored => None,
    };
    detections.iter().zip(states).map(kind).collect()
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

    #[test]
    fn a_video_shows_kinds_beside_its_truths() {
        let truths = [Annotation { segment: [0.0, 10.0], label: "a".to_owned(), draft: false }];
        let one = |start, end, score| Detection { segment: [start, end], label: "a".to_owned(), score };
        let detections = [one(0.0, 9.0, 0.2), one(0.0, 10.0, 0.9), one(60.0, 70.0, 0.5)];
        let kinds = kinds_in_video(&truths, &detections, &[[50.0, 80.0]], 0.5);
        assert_eq!(kinds, [Some(Kind::DoubleDetection), Some(Kind::TruePositive), None]);
    }
}
