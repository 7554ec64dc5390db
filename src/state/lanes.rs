//! The timeline's data model: lanes with bars of truth and of predictions. Painting is somebody else's.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::Arc;

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
    /// Place among the video's actions, or among its detections.
    pub place: usize,
    /// Class name.
    pub label: Arc<str>,
    /// Index of the colour of its class.
    pub colour: usize,
    /// Whether nobody has verified it.
    pub draft: bool,
}

/// Bars of one half of a lane by their starts, so that those of a stretch of time are found without looking at all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    all: Vec<Bar>,
    /// Of each bar the latest end up to it, in seconds.
    reach: Vec<f64>,
}

impl Bars {
    fn new(mut all: Vec<Bar>) -> Self {
        all.sort_by(by_start);
        let mut latest = f64::NEG_INFINITY;
        let reach = all.iter().map(|bar| {
            latest = latest.max(bar.end);
            latest
        });
        Self { reach: reach.collect(), all }
    }

    /// Every bar that touches a stretch of seconds, and few others.
    #[must_use]
    pub fn within(&self, from: f64, to: f64) -> &[Bar] {
        let first = self.reach.partition_point(|reach| *reach < from);
        let last = self.all.partition_point(|bar| bar.start <= to);
        self.all.get(first..last).unwrap_or_default()
    }
}

impl Deref for Bars {
    type Target = [Bar];

    fn deref(&self) -> &[Bar] {
        &self.all
    }
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
    /// Annotated actions.
    pub truth: Bars,
    /// Rows that truth takes.
    pub truth_rows: usize,
    /// Detected actions.
    pub predictions: Bars,
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

    /// The one after it; after the last the first.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|mode| *mode == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// Name of the lane that an action of this class and subject stands on, annotated (`truth`) or detected.
    #[must_use]
    pub fn lane_of<'a>(self, label: &'a str, subject: &'a str, truth: bool) -> &'a str {
        match (self, truth) {
            (Self::ByClass, _) => label,
            (Self::Stacked, _) => "All",
            (Self::BySource, true) => "Annotated",
            (Self::BySource | Self::BySubject, false) => "Predicted",
            (Self::BySubject, true) if subject.is_empty() => "No subject",
            (Self::BySubject, true) => subject,
        }
    }
}

impl Lane {
    /// Lays out the annotated half of a class's lane anew; its detections stay as they are.
    pub(super) fn annotate(&mut self, truth: &[Action]) {
        let (label, colour): (Arc<str>, usize) = (self.name.as_str().into(), self.colour.unwrap_or_default());
        let here = truth.iter().enumerate().filter(|(_, action)| *action.label == *label);
        let bar = |(place, action): (usize, &Action)| Bar {
            start: action.segment[0],
            end: action.segment[1],
            row: 0,
            score: None,
            id: action.id,
            place,
            label: label.clone(),
            colour,
            draft: action.draft,
        };
        let mut bars: Vec<Bar> = here.map(bar).collect();
        bars.sort_by(by_start);
        self.truth_rows = stack_in_order(&mut bars);
        self.truth = Bars::new(bars);
    }
}

fn by_start(a: &Bar, b: &Bar) -> std::cmp::Ordering {
    a.start.total_cmp(&b.start).then(a.id.cmp(&b.id))
}

/// Most rows of one half of a lane; what overlaps more is drawn on the last, where the best are on top.
pub const MOST_ROWS: usize = 4;

/// Classes up to this many have a lane each, whether anything stands on it or not, so that one can draw there.
pub(super) const MOST_EMPTY: usize = 12;

/// What the lanes are made of. What is being dragged stays where it was until it is let go; whoever paints shows it where it is.
pub struct Source<'a> {
    /// Annotated actions.
    pub truth: &'a [Action],
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
    let mut build = Build { mode, lanes: Vec::new(), names: HashMap::new(), classes: HashMap::new(), colour: &colour };
    match mode {
        LaneMode::ByClass => {
            let all = source.classes.len() <= MOST_EMPTY;
            for label in source.classes.iter().filter(|label| all || source.active == Some(label)) {
                build.lane(label, "", true);
            }
        }
        _ => drop(build.lane("", "", true)),
    }
    for (place, action) in source.truth.iter().enumerate() {
        let bar = build.bar(action.segment, &action.label, None, (action.id, place), action.draft);
        let lane = build.lane(&action.label, &action.subject, true);
        build.lanes[lane].truth.push(bar);
    }
    let mut shown: Vec<(u64, &Detection)> =
        (0..).zip(source.predictions).filter(|(_, found)| found.score >= source.least).collect();
    // The best have the first choice of rows.
    shown.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
    for (id, found) in shown {
        let bar = build.bar(found.segment, &found.label, Some(found.score), (id, id as usize), false);
        let lane = build.lane(&found.label, "", false);
        build.lanes[lane].predictions.push(bar);
    }
    let mut lanes: Vec<Lane> = build.lanes.into_iter().map(Heap::lane).collect();
    if mode == LaneMode::ByClass {
        lanes.sort_by(|a, b| (a.colour, &a.name).cmp(&(b.colour, &b.name)));
    }
    lanes
}

/// A lane whose bars are being gathered.
struct Heap {
    name: String,
    class: Option<String>,
    colour: Option<usize>,
    truth: Vec<Bar>,
    predictions: Vec<Bar>,
}

impl Heap {
    fn lane(mut self) -> Lane {
        self.truth.sort_by(by_start);
        let truth_rows = stack_in_order(&mut self.truth);
        let prediction_rows = stack(&mut self.predictions);
        Lane {
            name: self.name,
            class: self.class,
            colour: self.colour,
            truth: Bars::new(self.truth),
            truth_rows,
            predictions: Bars::new(self.predictions),
            prediction_rows,
        }
    }
}

/// What is known of a class: ten thousand bars ask for it.
#[derive(Clone)]
struct Known {
    label: Arc<str>,
    colour: usize,
    /// The lanes of its detections and of its truth, unless that goes by subject.
    lanes: [Option<usize>; 2],
}

struct Build<'a, F> {
    mode: LaneMode,
    lanes: Vec<Heap>,
    names: HashMap<String, usize>,
    classes: HashMap<String, Known>,
    colour: &'a F,
}

impl<F: Fn(&str) -> usize> Build<'_, F> {
    fn known(&mut self, label: &str) -> &mut Known {
        let colour = self.colour;
        let fresh = || Known { label: label.into(), colour: colour(label), lanes: [None; 2] };
        self.classes.entry(label.to_owned()).or_insert_with(fresh)
    }

    fn lane(&mut self, label: &str, subject: &str, truth: bool) -> usize {
        let by_subject = truth && self.mode == LaneMode::BySubject;
        let remembered = self.classes.get(label).and_then(|known| known.lanes[usize::from(truth)]);
        if let Some(lane) = remembered.filter(|_| !by_subject) {
            return lane;
        }
        let name = self.mode.lane_of(label, subject, truth);
        let lane = match self.names.get(name) {
            Some(lane) => *lane,
            None => {
                let by_class = self.mode == LaneMode::ByClass;
                self.lanes.push(Heap {
                    name: name.to_owned(),
                    class: by_class.then(|| label.to_owned()),
                    colour: by_class.then(|| (self.colour)(label)),
                    truth: Vec::new(),
                    predictions: Vec::new(),
                });
                self.names.insert(name.to_owned(), self.lanes.len() - 1);
                self.lanes.len() - 1
            }
        };
        if !by_subject {
            self.known(label).lanes[usize::from(truth)] = Some(lane);
        }
        lane
    }

    fn bar(
        &mut self,
        [start, end]: Segment,
        label: &str,
        score: Option<f64>,
        (id, place): (u64, usize),
        draft: bool,
    ) -> Bar {
        let (label, colour) = match self.classes.get(label) {
            Some(known) => (known.label.clone(), known.colour),
            None => {
                let known = self.known(label);
                (known.label.clone(), known.colour)
            }
        };
        Bar { start, end, row: 0, score, id, place, label, colour, draft }
    }
}

fn nanoseconds(seconds: f64) -> i64 {
    (seconds * 1e9) as i64
}

/// Gives each bar, by start, the first row where it overlaps none; returns the number of rows.
fn stack_in_order(bars: &mut [Bar]) -> usize {
    let mut ends: Vec<i64> = Vec::with_capacity(MOST_ROWS);
    for bar in bars.iter_mut() {
        let (start, end) = (nanoseconds(bar.start), nanoseconds(bar.end));
        let row = ends.iter().position(|last| *last <= start).unwrap_or(ends.len()).min(MOST_ROWS - 1);
        match ends.get_mut(row) {
            Some(last) => *last = end.max(*last),
            None => ends.push(end),
        }
        bar.row = row;
    }
    ends.len()
}

/// As [`stack_in_order`] for bars in any order: whoever comes first has the first choice.
fn stack(bars: &mut [Bar]) -> usize {
    // Of each row what it holds by start: those before and after a place are found at once.
    let mut rows: Vec<BTreeMap<i64, i64>> = Vec::new();
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
        let classes = ["a", "b", "c"].map(str::to_owned);
        let source = Source { truth: &truth, predictions: &found, least: 0.1, classes: &classes, active: None };
        let colour = |label: &str| label.bytes().next().map_or(0, |byte| usize::from(byte - b'a'));
        let by_class = lanes(LaneMode::ByClass, &source, colour);
        assert_eq!(by_class.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        let bars: Vec<_> = by_class[1].truth.iter().map(|bar| (bar.id, bar.start, bar.row)).collect();
        assert_eq!(bars, [(1, 0.0, 0), (2, 2.0, 1), (3, 4.0, 0)]);
        let rows: Vec<(u64, usize)> = by_class[1].predictions.iter().map(|bar| (bar.id, bar.row)).collect();
        assert_eq!(rows, [(0, 1), (1, 0)], "by start; the better one has the first row");
        assert_eq!((by_class[1].truth_rows, by_class[1].prediction_rows), (2, 2));
        let stacked = lanes(LaneMode::Stacked, &source, colour);
        assert_eq!((stacked.len(), stacked[0].truth.len(), stacked[0].truth_rows), (1, 4, 2));
        let seen = |from, to| by_class[1].truth.within(from, to).iter().map(|bar| bar.id).collect::<Vec<_>>();
        assert_eq!((seen(3.5, 3.9), seen(4.5, 9.0), seen(9.0, 10.0)), (vec![1, 2], vec![3], vec![]));
        let by_source = lanes(LaneMode::BySource, &source, colour);
        assert_eq!(by_source.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["Annotated", "Predicted"]);
    }
}
