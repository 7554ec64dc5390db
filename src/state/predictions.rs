//! Detections by where they came from, and which of them the timeline and the table show.

use std::path::PathBuf;
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
    /// A file that a person opened.
    File(PathBuf),
    /// `etad detect` from this window.
    Detected,
}

impl Origin {
    /// Whether it is an evaluation of this run.
    fn is_of(&self, name: &str) -> bool {
        matches!(self, Self::Epoch { run, .. } if run == name)
    }

    /// Epoch from 0, of an evaluation.
    fn epoch(&self) -> Option<usize> {
        match self {
            Self::Epoch { epoch, .. } => Some(*epoch),
            Self::Detected | Self::File(_) => None,
        }
    }

    /// Its name in the window; epochs count from 1 for people.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Epoch { run, epoch } => format!("{run}, epoch {}", epoch + 1),
            Self::File(path) => {
                path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
            }
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

/// Detections of all sets together that are kept, about 200 MB.
const MOST_DETECTIONS: usize = 2_000_000;

/// All sets of this session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// What was detected, then epochs in their order.
    pub sets: Vec<PredictionSet>,
    /// Which is shown.
    pub shown: Option<Origin>,
    /// Which stands in a lane of its own beside it.
    pub beside: Option<Origin>,
    /// The run that is followed; its epochs follow each other on the timeline.
    pub run: Option<String>,
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
        self.make_room();
    }

    /// Forgets epochs in the middle, oldest first, until what is left fits; they can be read again.
    fn make_room(&mut self) {
        let mut total: usize = self.sets.iter().map(|set| set.detections.count()).sum();
        while total > MOST_DETECTIONS {
            let latest = self.latest().cloned();
            let first = self.sets.iter().position(|set| set.origin.epoch().is_some());
            let can_go = |(index, set): &(usize, &PredictionSet)| {
                let kept = [self.shown.as_ref(), self.beside.as_ref(), latest.as_ref()].contains(&Some(&set.origin));
                set.origin.epoch().is_some() && Some(*index) != first && !kept
            };
            let Some((index, _)) = self.sets.iter().enumerate().find(can_go) else { return };
            total -= self.sets.remove(index).detections.count();
        }
    }

    /// Epochs of the followed run that are at hand, in their order.
    #[must_use]
    pub fn epochs(&self) -> Vec<usize> {
        let of_run = self.sets.iter().filter(|set| self.run.as_ref().is_none_or(|run| set.origin.is_of(run)));
        of_run.filter_map(|set| set.origin.epoch()).collect()
    }

    /// Shows what a person chose. The latest epoch gives way to later ones, any other choice stays.
    pub fn choose(&mut self, origin: Option<Origin>) {
        self.pinned = origin.is_some() && origin.as_ref() != self.latest();
        self.shown = origin;
    }

    /// The latest epoch of the followed run, else the last set.
    fn latest(&self) -> Option<&Origin> {
        let followed = |set: &&PredictionSet| match (&set.origin, &self.run) {
            (Origin::Epoch { run, .. }, Some(followed)) => run == followed,
            (Origin::Epoch { .. }, None) => true,
            _ => false,
        };
        let of_epoch = self.sets.iter().rev().find(followed);
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

    /// Another run is followed: drops the sets of runs but of those in `kept`.
    pub fn follow(&mut self, run: &str, kept: &[String]) {
        self.run = Some(run.to_owned());
        self.drop_sets(|origin| {
            matches!(origin, Origin::Epoch { run: of, .. } if of != run && !kept.contains(of))
                || origin.is_of(run) && !kept.iter().any(|name| name == run)
        });
    }

    /// Drops the sets of a run.
    pub fn forget_run(&mut self, run: &str) {
        self.drop_sets(|origin| origin.is_of(run));
    }

    /// Drops the epochs of a run from `epoch` on: it was resumed before them.
    pub fn forget_from(&mut self, run: &str, epoch: usize) {
        self.drop_sets(|origin| origin.is_of(run) && origin.epoch() >= Some(epoch));
    }

    fn drop_sets(&mut self, goes: impl Fn(&Origin) -> bool) {
        self.sets.retain(|set| !goes(&set.origin));
        self.beside = self.beside.take().filter(|origin| self.sets.iter().any(|set| set.origin == *origin));
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
        predictions.follow("b", &[]);
        assert_eq!((predictions.shown.clone(), predictions.sets.len()), (Some(Origin::Detected), 1));
    }

    #[test]
    fn another_run_beside_does_not_push_the_followed_one_aside() {
        let of = |run: &str, epoch| Origin::Epoch { run: run.to_owned(), epoch };
        let mut predictions = Predictions::default();
        predictions.follow("a", &[]);
        predictions.put(of("a", 1), Detections::default());
        predictions.put(of("b", 7), Detections::default());
        assert_eq!((predictions.shown.clone(), predictions.epochs()), (Some(of("a", 1)), vec![1]));
        predictions.forget_from("a", 1);
        assert!(predictions.epochs().is_empty());
        predictions.forget_run("b");
        assert_eq!(predictions.shown, None);
        let file = Origin::File(PathBuf::from("/x/found.json"));
        predictions.put(file.clone(), Detections::default());
        predictions.follow("c", &[]);
        assert_eq!((file.name().as_str(), predictions.shown), ("found.json", Some(file)));
    }

    #[test]
    fn epochs_in_the_middle_make_room_for_later_ones() {
        let one = Detection { segment: [0.0, 1.0], label: String::new(), score: 0.5 };
        let third = || Detections { videos: vec![("v".to_owned(), vec![one.clone(); MOST_DETECTIONS / 3])] };
        let mut predictions = Predictions::default();
        for epoch in 0..5 {
            predictions.put(Origin::Epoch { run: "a".to_owned(), epoch }, third());
        }
        assert_eq!(predictions.epochs(), [0, 3, 4], "the first, and the latest that fit");
    }
}
