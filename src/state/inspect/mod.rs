//! What the shown detections are beside the truth: two sliders, the list of errors, and the way from one to the next.
//!
//! The comparison is made by [`crate::jobs::review`] for all thresholds; here is what a person chose of it. It is asked for
//! again whenever detections, annotations, subset or bins are others than at the last question.

mod command;
mod marks;
mod obey;

use std::sync::Arc;

use crate::domain::{Dataset, Detections};
use crate::eval::diagnosis::BinScheme;
use crate::eval::{
    Confusion, ErrorFilter, ErrorRow, Measured, Moment, PrPoint, Tally, ToAnnotate, measure, slider_tious,
};
use crate::jobs::evidence::Evidence;
use crate::jobs::evidence_of_detections;
use crate::jobs::review::{Comparison, ReviewRequest, Reviewed};

use super::{Editing, Effect, Library, Origin, State, Target};

pub use command::{ClassOrder, Inspect, Page};
pub use marks::{Described, Mark, Marks};
pub(super) use obey::{evidence_read, obey, show, shown, video_ready};

/// What a person goes through; the next thing to judge is the next one of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judging {
    /// The list of errors.
    #[default]
    Errors,
    /// Moments that are worth annotating.
    Moments,
    /// The table of detections.
    Detections,
}

/// Hits and errors at the chosen threshold and score.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// In the open video, if it is in the subset.
    pub video: Option<Tally>,
    /// In the subset.
    pub subset: Tally,
    /// Detections of each kind and missed truths, in the subset.
    pub kinds: [usize; 7],
}

/// What was asked last.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    truth: Arc<Dataset>,
    /// Of the truth.
    version: Version,
    found: Arc<Detections>,
    subset: String,
    bins: BinScheme,
}

/// What the truth depends on: which project, its last edit, how many lengths are known.
type Version = (u64, u64, usize);

/// Choices and results.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspecting {
    /// Index of the threshold.
    pub tiou: usize,
    /// The subset that a person chose; none takes the one that is meant to be judged.
    pub subset: Option<String>,
    /// How truths are sorted into bins.
    pub bins: BinScheme,
    /// The comparison at hand.
    pub comparison: Option<Arc<Comparison>>,
    /// Why there is none.
    pub failure: Option<String>,
    /// Which errors are listed.
    pub filter: ErrorFilter,
    /// Whether only those of the open video.
    pub here: bool,
    /// Else only those of this one.
    pub only: Option<String>,
    /// The errors, kept in step with the rest of the state.
    pub rows: Vec<ErrorRow>,
    /// Selected error.
    pub selected: Option<usize>,
    /// Where in the list the selected error stood that is none any more: the next one is there.
    pub(super) place: Option<usize>,
    /// What a person goes through.
    pub judging: Judging,
    /// Hits and errors.
    pub totals: Totals,
    /// Page of the analysis.
    pub page: Page,
    /// Order of the table of classes.
    pub class_order: ClassOrder,
    /// Precision over recall of the listed class, or of all together.
    pub curve: Vec<PrPoint>,
    /// What `curve` is of: question, threshold and class.
    curve_of: Option<(u64, usize, Option<String>)>,
    /// Which class is taken for which.
    pub confusion: Confusion,
    /// The detection that is looked at, for corrections.
    pub target: Option<Target>,
    /// Where annotating helps most; none before it was asked.
    pub next: Option<Arc<ToAnnotate>>,
    /// The moment worth annotating that was shown last.
    pub moment: Option<Moment>,
    /// What the network said of the open video, where that was kept.
    pub evidence: Option<Arc<Evidence>>,
    /// The video whose evidence was asked for, and where it was looked for.
    pub(super) evidence_of: Option<(String, Vec<std::path::PathBuf>)>,
    /// The cell of the proposal map that is looked at.
    pub cell: Option<usize>,
    /// How often, how long, how soon; kept while that page is shown.
    pub measured: Vec<Measured>,
    /// Hits and errors of each class of the comparison.
    pub class_tallies: Vec<Tally>,
    /// Whether something that matters may have changed.
    pub(super) stale: bool,
    asked: Option<Asked>,
    /// Counts questions, so that late answers are dropped.
    generation: u64,
    answered: u64,
}

impl Default for Inspecting {
    fn default() -> Self {
        Self {
            // 0.50
            tiou: 8,
            subset: None,
            bins: BinScheme::default(),
            comparison: None,
            failure: None,
            filter: ErrorFilter::default(),
            here: false,
            only: None,
            rows: Vec::new(),
            selected: None,
            place: None,
            judging: Judging::default(),
            totals: Totals::default(),
            page: Page::default(),
            class_order: ClassOrder::default(),
            curve: Vec::new(),
            curve_of: None,
            confusion: Confusion::default(),
            target: None,
            next: None,
            moment: None,
            evidence: None,
            evidence_of: None,
            cell: None,
            measured: Vec::new(),
            class_tallies: Vec::new(),
            stale: false,
            asked: None,
            generation: 0,
            answered: 0,
        }
    }
}

impl Inspecting {
    /// The threshold.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        slider_tious().get(self.tiou).copied().unwrap_or(0.5)
    }

    /// The subset that was compared with last.
    #[must_use]
    pub fn compared_subset(&self) -> Option<&str> {
        self.asked.as_ref().map(|asked| asked.subset.as_str())
    }

    /// Whether an answer is waited for.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.answered != self.generation
    }

    /// What an error is.
    #[must_use]
    pub fn describe(&self, row: &ErrorRow) -> Option<Described<'_>> {
        let comparison = self.comparison.as_deref()?;
        let (video, review) = comparison.review.videos.get_index(row.video)?;
        let action = |place: usize| {
            let action = comparison.truth.videos.get(review.in_truth?)?.annotations.get(place)?;
            Some((action.label.as_str(), action.segment))
        };
        let (label, segment) = match row.score {
            None => action(row.index)?,
            Some(_) => {
                let found = comparison.found.videos.get(review.in_found?)?.1.get(row.index)?;
                (found.label.as_str(), found.segment)
            }
        };
        Some(Described { video, label, segment, truth: row.truth.and_then(action) })
    }
}

impl State {
    /// Where the evidence of detections from this window is kept.
    #[must_use]
    pub fn evidence_folder(&self) -> Option<std::path::PathBuf> {
        self.runs_folder().map(|runs| runs.join("evidence"))
    }

    /// Whether evidence of the open video was asked for where that of the shown detections is.
    #[must_use]
    pub fn has_asked_for_evidence(&self) -> bool {
        let open = self.selected().map(|entry| entry.id.as_str());
        let asked = self.inspect.evidence_of.as_ref();
        asked.is_some_and(|(video, folders)| Some(video.as_str()) == open && *folders == self.evidence_folders())
    }

    /// Where evidence of the open video may be kept, that of the shown detections first: beside the file that they are of, with the
    /// run whose evaluation they are or that is followed (`etad test`), with detections from this window.
    fn evidence_folders(&self) -> Vec<std::path::PathBuf> {
        let shown = self.predictions.shown.as_ref();
        let of_run = match (shown, self.runs_folder()) {
            (Some(Origin::Epoch { run, .. }), Some(runs)) => Some(runs.join(run).join("evidence")),
            _ => None,
        };
        let of_file = match shown {
            Some(Origin::File(path)) => Some(evidence_of_detections(path)),
            _ => None,
        };
        let followed = self.run.as_ref().map(|run| run.folder.join("evidence"));
        let detected = self.evidence_folder();
        let mut folders: Vec<_> = [of_file, of_run].into_iter().flatten().collect();
        // Of what was detected here, that comes first.
        let rest = if shown == Some(&Origin::Detected) { [detected, followed] } else { [followed, detected] };
        for folder in rest.into_iter().flatten() {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    /// Subsets of the library, in the order of their first videos.
    #[must_use]
    pub fn subsets(&self) -> Vec<&str> {
        let mut subsets: Vec<&str> = Vec::new();
        for entry in &self.library.entries {
            if !subsets.contains(&entry.subset.as_str()) {
                subsets.push(&entry.subset);
            }
        }
        subsets
    }

    /// The subset to compare with: the one that was chosen, else one that is meant for it among the videos that have detections, else any
    /// of theirs.
    fn subset_to_compare(&self, found: &Detections) -> Option<String> {
        const MEANT: [&str; 4] = ["validation", "val", "testing", "test"];
        if let Some(chosen) = &self.inspect.subset {
            return Some(chosen.clone());
        }
        let named: std::collections::HashSet<&str> = found.videos.iter().map(|(id, _)| id.as_str()).collect();
        let with = self.library.entries.iter().filter(|entry| named.contains(entry.id.as_str()));
        let subsets: Vec<&str> = with.map(|entry| entry.subset.as_str()).collect();
        let meant = MEANT.into_iter().find(|name| subsets.contains(name));
        meant.or(subsets.first().copied()).map(str::to_owned)
    }
}

/// Asks for a comparison, if what is shown is not what was compared last.
pub(super) fn keep_current(state: &mut State, effects: &mut Vec<Effect>) {
    if !std::mem::take(&mut state.inspect.stale) {
        return;
    }
    let found = state.predictions.current().map(|set| set.detections.clone());
    let question = found.and_then(|found| state.subset_to_compare(&found).map(|subset| (found, subset)));
    let Some((found, subset)) = question else {
        let inspect = &mut state.inspect;
        (inspect.asked, inspect.comparison, inspect.failure, inspect.next) = (None, None, None, None);
        // An answer that is still on its way is to none.
        inspect.generation += 1;
        inspect.answered = inspect.generation;
        recount(state);
        return;
    };
    let version = version(&state.library, &state.editing);
    let earlier = state.inspect.asked.take();
    let (truth, same) = match earlier {
        Some(asked) if asked.version == version => {
            let same = Arc::ptr_eq(&asked.found, &found) && asked.subset == subset;
            (asked.truth.clone(), same && asked.bins == state.inspect.bins)
        }
        _ => (Arc::new(state.dataset()), false),
    };
    let inspect = &mut state.inspect;
    inspect.asked =
        Some(Asked { truth: truth.clone(), version, found: found.clone(), subset: subset.clone(), bins: inspect.bins });
    if !same {
        inspect.generation += 1;
        let (generation, bins) = (inspect.generation, inspect.bins);
        effects.push(Effect::Review(ReviewRequest { generation, truth, found, subset, bins }));
    }
}

fn version(library: &Library, editing: &Editing) -> Version {
    let lengths = library.entries.iter().filter(|entry| entry.duration.is_some()).count();
    (library.generation, editing.last, lengths)
}

/// Takes in an answer, unless it is to an earlier question.
pub(super) fn reviewed(state: &mut State, reviewed: Reviewed) {
    let inspect = &mut state.inspect;
    if reviewed.generation != inspect.generation {
        return;
    }
    inspect.answered = reviewed.generation;
    inspect.next = Some(Arc::new(reviewed.next));
    (inspect.comparison, inspect.failure) = match reviewed.result {
        Ok(comparison) => (Some(Arc::new(comparison)), None),
        Err(failure) => (None, Some(failure.to_string())),
    };
    recount(state);
}

/// Brings list and totals in step with threshold, score, filter and open video.
pub(super) fn recount(state: &mut State) {
    state.inspect.measured = if state.inspect.page == Page::Results { measured(state) } else { Vec::new() };
    let open = state.selected().map(|entry| entry.id.clone());
    let least = state.detecting.min_score;
    let inspect = &mut state.inspect;
    let known = |id: &String| inspect.comparison.as_ref().is_none_or(|known| known.review.videos.contains_key(id));
    // A video that another subset has is none to choose any more.
    inspect.only = inspect.only.take().filter(known);
    inspect.filter.video = if inspect.here { open.clone() } else { inspect.only.clone() };
    let before = inspect.selected.and_then(|index| inspect.rows.get(index).copied());
    let Some(comparison) = &inspect.comparison else {
        (inspect.rows, inspect.totals, inspect.selected) = (Vec::new(), Totals::default(), None);
        (inspect.curve, inspect.curve_of) = (Vec::new(), None);
        return;
    };
    let (review, threshold) = (&comparison.review, inspect.tiou);
    inspect.rows = review.errors(threshold, least, &inspect.filter);
    if let Some(row) = before {
        // What kind of error it is may have changed; which detection or truth it is has not.
        let same = |other: &ErrorRow| {
            (other.video, other.index, other.score.is_some()) == (row.video, row.index, row.score.is_some())
        };
        let place = inspect.rows.iter().position(same);
        inspect.place = inspect.selected.filter(|_| place.is_none());
        inspect.selected = place;
    }
    let kinds = review.kinds(threshold, least);
    inspect.totals = Totals {
        video: open.filter(|id| review.videos.contains_key(id)).map(|id| review.tally(threshold, least, Some(&id))),
        subset: Tally { hits: kinds[0], false_alarms: kinds[1..6].iter().sum(), missed: kinds[6] },
        kinds,
    };
    inspect.confusion = review.confusion(threshold, least);
    inspect.class_tallies = review.class_tallies(threshold, least);
    // The curve does not depend on the score, which moves often.
    let curve_of = Some((inspect.answered, threshold, inspect.filter.class.clone()));
    if inspect.curve_of != curve_of {
        let class = inspect.filter.class.as_ref();
        let class = class.and_then(|label| review.labels.iter().position(|other| other == label));
        inspect.curve = review.precision_recall(threshold, class.map(|index| index as u32));
        inspect.curve_of = curve_of;
    }
}

/// What the shown detections are like in time, of all videos or of the open one.
pub(super) fn measured(state: &State) -> Vec<Measured> {
    let Some(set) = state.predictions.current() else { return Vec::new() };
    let open = state.selected().map(|entry| entry.id.as_str()).filter(|_| state.inspect.here);
    let duration = |video: &str| {
        let index = state.library.index(video)?;
        state.library.entries[index].duration
    };
    let mut rows = measure(&set.detections, state.detecting.min_score, duration);
    rows.retain(|row| open.is_none_or(|id| id == row.video));
    rows
}

#[cfg(test)]
mod tests;
