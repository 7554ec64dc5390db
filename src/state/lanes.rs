//! The timeline's data model: lanes with bars of truth and of predictions. Painting is somebody else's.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::domain::{Detection, Segment};
use crate::project::Action;

/// A segment on a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Seconds.
    pub start: f64,
    /// Seconds.
    pub end: f64,
    /// Row within its half of the lane; overlapping bars take different rows.
    pub row: usize,
    /// Confidence 0..1 of a prediction; none for truth.
    pub score: Option<f64>,
    /// Id of an action; place in its list of a prediction.
    pub id: u64,
    /// Class name.
    pub label: Arc<str>,
    /// Index of the colour of its class.
    pub colour: usize,
    /// Whether nobody has verified it.
    pub draft: bool,
}

/// A stripe of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// What it shows: a class, a subject, a source.
    pub name: String,
    /// The class that a segment drawn on it gets, where it has one.
    pub class: Option<String>,
    /// Index of its colour, where it has one.
    pub colour: Option<usize>,
    /// Annotated actions by start.
    pub truth: Vec<Bar>,
    /// Rows that truth takes.
    pub truth_rows: usize,
    /// Detected actions, best first.
    pub predictions: Vec<Bar>,
    /// Rows that predictions take.
    pub prediction_rows: usize,
}

/// How segments are divided into lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LaneMode {
    /// A lane a class.
    #[default]
    ByClass,
    /// One lane for all.
    Stacked,
    /// What people annotated, and what was predicted.
    BySource,
    /// A lane a subject.
    BySubject,
}

impl LaneMode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ByClass, Self::Stacked, Self::BySource, Self::BySubject];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ByClass => "By class",
            Self::Stacked => "Stacked",
            Self::BySource => "By source",
            Self::BySubject => "By subject",
        }
    }

    fn lane_of(self, label: &str, subject: &str, truth: bool) -> String {
        match (self, truth) {
            (Self::ByClass, _) => label.to_owned(),
            (Self::Stacked, _) => "All".to_owned(),
            (Self::BySource, true) => "Annotated".to_owned(),
            (Self::BySource | Self::BySubject, false) => "Predicted".to_owned(),
            (Self::BySubject, true) if subject.is_empty() => "No subject".to_owned(),
            (Self::BySubject, true) => subject.to_owned(),
        }
    }
}

/// Most rows of one half of a lane; what overlaps more is drawn on the last, where the best are on top.
const MOST_ROWS: usize = 4;

/// Classes up to this many have a lane each, whether anything stands on it or not, so that one can draw there.
const MOST_EMPTY: usize = 12;

/// What the lanes are made of.
pub struct Source<'a> {
    /// Annotated actions.
    pub truth: &'a [Action],
    /// Where those that are being dragged are now.
    pub moved: &'a BTreeMap<u64, Segment>,
    /// Segments that are being made, with their classes.
    pub made: &'a [(Segment, String)],
    /// Detected actions.
    pub predictions: &'a [Detection],
    /// Least score that is shown.
    pub least: f64,
    /// Classes of the project, in order.
    pub classes: &'a [String],
    /// The class that a new segment gets.
    pub active: Option<&'a str>,
}

/// Builds the lanes, those of classes in the order of their colours.
#[must_use]
pub fn lanes(mode: LaneMode, source: &Source<'_>, colour: impl Fn(&str) -> usize) -> Vec<Lane> {
    let mut build = Build { mode, lanes: IndexMap::new(), labels: BTreeMap::new(), colour: &colour };
    match mode {
        LaneMode::ByClass => {
            let all = source.classes.len() <= MOST_EMPTY;
            for label in source.classes.iter().filter(|label| all || source.active == Some(label)) {
                build.lane(label, "", true);
            }
        }
        _ => drop(build.lane("", "", true)),
    }
    for action in source.truth {
        let segment = source.moved.get(&action.id).copied().unwrap_or(action.segment);
        let bar = build.bar(segment, &action.label, None, action.id, action.draft);
        build.lane(&action.label, &action.subject, true).truth.push(bar);
    }
    for (segment, label) in source.made {
        let bar = build.bar(*segment, label, None, 0, true);
        build.lane(label, "", true).truth.push(bar);
    }
    let mut shown: Vec<(u64, &Detection)> =
        (0..).zip(source.predictions).filter(|(_, found)| found.score >= source.least).collect();
    shown.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
    for (id, found) in shown {
        let bar = build.bar(found.segment, &found.label, Some(found.score), id, false);
        build.lane(&found.label, "", false).predictions.push(bar);
    }
    let mut lanes: Vec<Lane> = build.lanes.into_values().collect();
    for lane in &mut lanes {
        lane.truth.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.id.cmp(&b.id)));
        lane.truth_rows = stack(&mut lane.truth);
        lane.prediction_rows = stack(&mut lane.predictions);
    }
    if mode == LaneMode::ByClass {
        lanes.sort_by(|a, b| (a.colour, &a.name).cmp(&(b.colour, &b.name)));
    }
    lanes
}

struct Build<'a, F> {
    mode: LaneMode,
    lanes: IndexMap<String, Lane>,
    labels: BTreeMap<String, (Arc<str>, usize)>,
    colour: &'a F,
}

impl<F: Fn(&str) -> usize> Build<'_, F> {
    fn lane(&mut self, label: &str, subject: &str, truth: bool) -> &mut Lane {
        let name = self.mode.lane_of(label, subject, truth);
        let by_class = self.mode == LaneMode::ByClass;
        let colour = by_class.then(|| (self.colour)(label));
        self.lanes.entry(name).or_insert_with_key(|name| Lane {
            name: name.clone(),
            class: by_class.then(|| label.to_owned()),
            colour,
            truth: Vec::new(),
            truth_rows: 0,
            predictions: Vec::new(),
            prediction_rows: 0,
        })
    }

    fn bar(&mut self, [start, end]: Segment, label: &str, score: Option<f64>, id: u64, draft: bool) -> Bar {
        if !self.labels.contains_key(label) {
            self.labels.insert(label.to_owned(), (label.into(), (self.colour)(label)));
        }
        let (label, colour) = self.labels.get(label).cloned().unwrap_or_default();
        Bar { start, end, row: 0, score, id, label, colour, draft }
    }
}

/// Gives each bar, in order, the first row where it overlaps none; returns the number of rows.
fn stack(bars: &mut [Bar]) -> usize {
    // Of each row what it holds by start, in nanoseconds: those before and after a place are found at once.
    let mut rows: Vec<BTreeMap<i64, i64>> = Vec::new();
    let nanoseconds = |seconds: f64| (seconds * 1e9) as i64;
    for bar in bars.iter_mut() {
        let (start, end) = (nanoseconds(bar.start), nanoseconds(bar.end));
        let free = |row: &BTreeMap<i64, i64>| {
            row.range(..=start).next_back().is_none_or(|(_, before)| *before <= start)
                && row.range(start..).next().is_none_or(|(after, _)| *after >= end)
        };
        let row = rows.iter().position(free).unwrap_or(rows.len()).min(MOST_ROWS - 1);
        if row == rows.len() {
            rows.push(BTreeMap::new());
        }
        let last = rows[row].entry(start).or_insert(end);
        *last = (*last).max(end);
        bar.row = row;
    }
    rows.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_stack_and_weak_predictions_are_left_out() {
        let truth = [(0.0, 4.0, "b"), (2.0, 3.0, "b"), (4.0, 5.0, "b"), (1.0, 2.0, "a")];
        let truth = (1..).zip(truth).map(|(id, (start, end, label))| Action {
            id,
            segment: [start, end],
            label: label.to_owned(),
            ..Action::default()
        });
        let truth: Vec<Action> = truth.collect();
        let found = [(0.0, 1.0, 0.2), (0.5, 2.0, 0.9), (3.0, 4.0, 0.01)].map(|(start, end, score)| Detection {
            segment: [start, end],
            label: "b".to_owned(),
            score,
        });
        let moved = BTreeMap::from([(3, [4.5, 5.0])]);
        let classes = ["a", "b", "c"].map(str::to_owned);
        let source = Source {
            truth: &truth,
            moved: &moved,
            made: &[],
            predictions: &found,
            least: 0.1,
            classes: &classes,
            active: None,
        };
        let colour = |label: &str| label.bytes().next().map_or(0, |byte| usize::from(byte - b'a'));
        let by_class = lanes(LaneMode::ByClass, &source, colour);
        assert_eq!(by_class.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        let bars: Vec<_> = by_class[1].truth.iter().map(|bar| (bar.id, bar.start, bar.row)).collect();
        assert_eq!(bars, [(1, 0.0, 0), (2, 2.0, 1), (3, 4.5, 0)]);
        let rows: Vec<(u64, usize)> = by_class[1].predictions.iter().map(|bar| (bar.id, bar.row)).collect();
        assert_eq!(rows, [(1, 0), (0, 1)]);
        assert_eq!((by_class[1].truth_rows, by_class[1].prediction_rows), (2, 2));
        let stacked = lanes(LaneMode::Stacked, &source, colour);
        assert_eq!((stacked.len(), stacked[0].truth.len(), stacked[0].truth_rows), (1, 4, 2));
        let by_source = lanes(LaneMode::BySource, &source, colour);
        assert_eq!(by_source.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["Annotated", "Predicted"]);
    }
}
