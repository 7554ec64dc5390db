//! Detections by where they came from, and which of them the timeline and the table show.

use crate::domain::{Detection, Detections};

/// Where a set of detections came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An evaluation of a run.
    Epoch {
        /// Name of the run.
        run: String,
        /// Epoch from 0.
        epoch: usize,
    },
    /// `etad detect` from this window.
    Detected,
}

impl Origin {
    /// Its name in the window; epochs count from 1 for people.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Epoch { run, epoch } => format!("{run}, epoch {}", epoch + 1),
            Self::Detected => "Detected".to_owned(),
        }
    }
}

/// Detections of one origin.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionSet {
    /// Where they came from.
    pub origin: Origin,
    /// By video.
    pub detections: Detections,
}

/// All sets of this session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// Sets in order of arrival.
    pub sets: Vec<PredictionSet>,
    /// Which is shown.
    pub shown: Option<Origin>,
    /// Whether a person chose it: a later epoch does not push it aside then.
    pub pinned: bool,
}

impl Predictions {
    /// Adds a set, or replaces the one of the same origin, and shows it unless a person chose another.
    pub fn put(&mut self, origin: Origin, detections: Detections) {
        if !self.pinned || origin == Origin::Detected {
            self.shown = Some(origin.clone());
            self.pinned = false;
        }
        match self.sets.iter_mut().find(|set| set.origin == origin) {
            Some(set) => set.detections = detections,
            None => self.sets.push(PredictionSet { origin, detections }),
        }
    }

    /// The set of this origin.
    #[must_use]
    pub fn set(&self, origin: &Origin) -> Option<&PredictionSet> {
        self.sets.iter().find(|set| set.origin == *origin)
    }

    /// The set that is shown.
    #[must_use]
    pub fn current(&self) -> Option<&PredictionSet> {
        self.shown.as_ref().and_then(|origin| self.set(origin))
    }

    /// What is shown for a video.
    #[must_use]
    pub fn of(&self, video: &str) -> &[Detection] {
        self.current().map_or(&[], |set| set.detections.of(video))
    }

    /// Drops the sets of runs: another run is followed.
    pub fn forget_epochs(&mut self) {
        self.sets.retain(|set| set.origin == Origin::Detected);
        if self.current().is_none() {
            self.shown = self.sets.last().map(|set| set.origin.clone());
            self.pinned = false;
        }
    }

    /// Drops the epochs from `epoch` on: the run was resumed before them.
    pub fn forget_from(&mut self, epoch: usize) {
        self.sets.retain(|set| !matches!(&set.origin, Origin::Epoch { epoch: other, .. } if *other >= epoch));
        if self.current().is_none() {
            self.shown = self.sets.last().map(|set| set.origin.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_epoch_shows_until_a_person_chooses() {
        let epoch = |epoch| Origin::Epoch { run: "a".to_owned(), epoch };
        let mut predictions = Predictions::default();
        predictions.put(epoch(0), Detections::default());
        predictions.put(epoch(1), Detections::default());
        assert_eq!(predictions.shown, Some(epoch(1)));
        (predictions.shown, predictions.pinned) = (Some(epoch(0)), true);
        predictions.put(epoch(2), Detections::default());
        assert_eq!(predictions.shown, Some(epoch(0)));
        predictions.forget_epochs();
        assert_eq!((predictions.shown.clone(), predictions.sets.len()), (None, 0));
    }
}
