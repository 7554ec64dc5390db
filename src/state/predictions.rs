//! Detections by where they came from, and which of them the timeline and the table show.

use std::sync::Arc;

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
    /// Epoch from 0, of an evaluation.
    fn epoch(&self) -> Option<usize> {
        match self {
            Self::Epoch { epoch, .. } => Some(*epoch),
            Self::Detected => None,
        }
    }

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
    /// By video; shared with whoever compares them with the truth.
    pub detections: Arc<Detections>,
}

/// All sets of this session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// What was detected, then epochs in their order.
    pub sets: Vec<PredictionSet>,
    /// Which is shown.
    pub shown: Option<Origin>,
    /// Whether a person chose it: a later epoch does not push it aside then.
    pub pinned: bool,
}

impl Predictions {
    /// Adds a set, or replaces the one of the same origin. What a person detected is shown and stays; of the epochs the latest
    /// is shown, whatever the order in which they are read, unless a person chose another set.
    pub fn put(&mut self, origin: Origin, detections: Detections) {
        let detections = Arc::new(detections);
        let detected = origin == Origin::Detected;
        match self.sets.iter_mut().find(|set| set.origin == origin) {
            Some(set) => set.detections = detections,
            None => {
                let place = self.sets.partition_point(|set| set.origin.epoch() <= origin.epoch());
                self.sets.insert(place, PredictionSet { origin: origin.clone(), detections });
            }
        }
        if detected {
            self.choose(Some(origin));
        } else if !self.pinned {
            self.shown = self.latest().cloned();
        }
    }

    /// Shows what a person chose. The latest epoch gives way to later ones, any other choice stays.
    pub fn choose(&mut self, origin: Option<Origin>) {
        self.pinned = origin.is_some() && origin.as_ref() != self.latest();
        self.shown = origin;
    }

    /// The latest epoch, else what was detected.
    fn latest(&self) -> Option<&Origin> {
        let of_epoch = self.sets.iter().rev().find(|set| set.origin.epoch().is_some());
        of_epoch.or(self.sets.last()).map(|set| &set.origin)
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
            self.shown = self.latest().cloned();
            self.pinned = false;
        }
    }

    /// Drops the epochs from `epoch` on: the run was resumed before them.
    pub fn forget_from(&mut self, epoch: usize) {
        self.sets.retain(|set| !matches!(&set.origin, Origin::Epoch { epoch: other, .. } if *other >= epoch));
        if self.current().is_none() {
            self.shown = self.latest().cloned();
            self.pinned = false;
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
        // Files are read side by side: the later epoch may come first.
        predictions.put(epoch(1), Detections::default());
        predictions.put(epoch(0), Detections::default());
        assert_eq!(predictions.shown, Some(epoch(1)));
        predictions.choose(Some(epoch(0)));
        predictions.put(epoch(2), Detections::default());
        assert_eq!(predictions.shown, Some(epoch(0)));
        predictions.choose(Some(epoch(2)));
        predictions.put(epoch(3), Detections::default());
        assert_eq!(predictions.shown, Some(epoch(3)), "whoever chose the latest follows it");
        predictions.put(Origin::Detected, Detections::default());
        predictions.put(epoch(4), Detections::default());
        assert_eq!(predictions.shown, Some(Origin::Detected), "what a person asked for stays");
        predictions.forget_epochs();
        assert_eq!((predictions.shown.clone(), predictions.sets.len()), (Some(Origin::Detected), 1));
    }
}
