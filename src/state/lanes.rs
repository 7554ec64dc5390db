//! The timeline's data model: lanes with bars of truth and of predictions. Painting is somebody else's.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::domain::{Detection, Detections, Segment};
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
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// Detected actions of every score, best first.
    ranked: Arc<Vec<Bar>>,
    /// How many of them are shown: those that are sure enough.
    shown: usize,
    /// Rows that those take.
    pub prediction_rows: usize,
    /// Whether it is there without detections too: truth stands on it, or one may draw on it.
    own: bool,
}

impl Lane {
    /// Detected actions that are shown, best first.
    #[must_use]
    pub fn predictions(&self) -> &[Bar] {
        self.ranked.get(..self.shown).unwrap_or_default()
    }

    /// Shows those of the detections from a score on.
    fn show(&mut self, ranked: &Arc<Vec<Bar>>, least: f64) {
        self.shown = ranked.partition_point(|bar| bar.score >= Some(least));
        self.ranked = ranked.clone();
        self.prediction_rows = self.predictions().iter().map(|bar| bar.row + 1).max().unwrap_or(0);
    }
}

/// The detections of a video as bars, lane by lane. Where a bar stands depends on better ones alone, so another least score shows more or
/// fewer of them and moves none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranked {
    of: Option<RankedOf>,
    lanes: Vec<RankedLane>,
}

/// What ranked detections were made of.
#[derive(Clone, Debug, PartialEq)]
struct RankedOf {
    detections: Arc<Detections>,
    video: String,
    mode: LaneMode,
    classes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct RankedLane {
    name: String,
    class: Option<String>,
    colour: Option<usize>,
    bars: Arc<Vec<Bar>>,
}

impl Ranked {
    /// Brings it in step with what is to be shown; does nothing where nothing has changed but the least score.
    pub fn keep(
        &mut self,
        mode: LaneMode,
        detections: &Arc<Detections>,
        video: &str,
        classes: &[String],
        colour: impl Fn(&str) -> usize,
    ) {
        let same = |of: &RankedOf| {
            Arc::ptr_eq(&of.detections, detections) && of.video == video && of.mode == mode && of.classes == classes
        };
        if self.of.as_ref().is_some_and(same) {
            return;
        }
        let (detections, video, classes) = (detections.clone(), video.to_owned(), classes.to_vec());
        let mut shown: Vec<(u64, &Detection)> = (0..).zip(detections.of(&video)).collect();
        shown.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        let mut names = Names { known: HashMap::new(), colour: &colour };
        let mut lanes: IndexMap<String, (Lane, Vec<Bar>)> = IndexMap::new();
        let mut lane_of_label: HashMap<&str, usize> = HashMap::new();
        for (id, found) in shown {
            let index = *lane_of_label.entry(&found.label).or_insert_with(|| {
                let lane = Lane::of(mode, &found.label, "", false, &mut names);
                let entry = lanes.entry(lane.name.clone());
                let index = entry.index();
                entry.or_insert_with(|| (lane, Vec::new()));
                index
            });
            lanes[index].1.push(names.bar(found.segment, &found.label, Some(found.score), id, false));
        }
        self.lanes = lanes
            .into_values()
            .map(|(Lane { name, class, colour, .. }, mut bars)| {
                stack(&mut bars);
                RankedLane { name, class, colour, bars: Arc::new(bars) }
            })
            .collect();
        self.of = Some(RankedOf { detections, video, mode, classes });
    }

    /// Shows nothing.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Lanes of these detections alone, under one name.
    pub fn beside(&self, name: &str, least: f64) -> Vec<Lane> {
        let lane = |ranked: &RankedLane| {
            let mut lane = Lane { name: name.to_owned(), class: None, colour: None, ..Lane::default() };
            lane.show(&ranked.bars, least);
            lane
        };
        self.lanes.iter().map(lane).filter(|lane| lane.shown > 0).collect()
    }
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

/// What the lanes are made of, besides detections.
pub struct Source<'a> {
    /// Annotated actions.
    pub truth: &'a [Action],
    /// Where those that are being dragged are now.
    pub moved: &'a BTreeMap<u64, Segment>,
    /// Segments that are being made, with their classes.
    pub made: &'a [(Segment, String)],
    /// Classes of the project, in order.
    pub classes: &'a [String],
    /// The class that a new segment gets.
    pub active: Option<&'a str>,
}

/// Builds the lanes, those of classes in the order of their colours.
#[must_use]
pub fn lanes(
    mode: LaneMode,
    source: &Source<'_>,
    ranked: &Ranked,
    least: f64,
    colour: impl Fn(&str) -> usize,
) -> Vec<Lane> {
    let mut names = Names { known: HashMap::new(), colour: &colour };
    let mut lanes: IndexMap<String, Lane> = IndexMap::new();
    let mut lane = |label: &str, subject: &str, names: &mut Names<'_, _>, bar: Option<Bar>| {
        let lane = Lane { own: true, ..Lane::of(mode, label, subject, true, names) };
        let lane = lanes.entry(lane.name.clone()).or_insert(lane);
        lane.truth.extend(bar);
    };
    match mode {
        LaneMode::ByClass => {
            let all = source.classes.len() <= MOST_EMPTY;
            for label in source.classes.iter().filter(|label| all || source.active == Some(label)) {
                lane(label, "", &mut names, None);
            }
        }
        _ => lane("", "", &mut names, None),
    }
    for action in source.truth {
        let segment = source.moved.get(&action.id).copied().unwrap_or(action.segment);
        let bar = names.bar(segment, &action.label, None, action.id, action.draft);
        lane(&action.label, &action.subject, &mut names, Some(bar));
    }
    for (segment, label) in source.made {
        let bar = names.bar(*segment, label, None, 0, true);
        lane(label, "", &mut names, Some(bar));
    }
    let mut lanes: Vec<Lane> = lanes.into_values().collect();
    for lane in &mut lanes {
        lane.truth.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.id.cmp(&b.id)));
        lane.truth_rows = stack(&mut lane.truth);
    }
    show_from(&mut lanes, mode, ranked, least);
    lanes
}

/// Lets the lanes show the detections from a score on; what is annotated stays as it is.
pub fn show_from(lanes: &mut Vec<Lane>, mode: LaneMode, ranked: &Ranked, least: f64) {
    lanes.retain(|lane| lane.own);
    let mut places: HashMap<&str, &RankedLane> = ranked.lanes.iter().map(|lane| (lane.name.as_str(), lane)).collect();
    let none = Arc::default();
    for lane in lanes.iter_mut() {
        lane.show(places.remove(lane.name.as_str()).map_or(&none, |ranked| &ranked.bars), least);
    }
    // In the order of the best of each, as they were found.
    for ranked in ranked.lanes.iter().filter(|lane| places.contains_key(lane.name.as_str())) {
        let RankedLane { name, class, colour, bars } = ranked;
        let mut lane = Lane { name: name.clone(), class: class.clone(), colour: *colour, ..Lane::default() };
        lane.show(bars, least);
        if lane.shown > 0 {
            lanes.push(lane);
        }
    }
    if mode == LaneMode::ByClass {
        lanes.sort_by(|a, b| (a.colour, &a.name).cmp(&(b.colour, &b.name)));
    }
}

impl Lane {
    fn of<F: Fn(&str) -> usize>(
        mode: LaneMode,
        label: &str,
        subject: &str,
        truth: bool,
        names: &mut Names<'_, F>,
    ) -> Self {
        let by_class = mode == LaneMode::ByClass;
        Self {
            name: mode.lane_of(label, subject, truth),
            class: by_class.then(|| label.to_owned()),
            colour: by_class.then(|| names.of(label).1),
            ..Self::default()
        }
    }
}

/// Names and colours of classes, each found once.
struct Names<'a, F> {
    known: HashMap<String, (Arc<str>, usize)>,
    colour: &'a F,
}

impl<F: Fn(&str) -> usize> Names<'_, F> {
    fn of(&mut self, label: &str) -> (Arc<str>, usize) {
        if let Some(known) = self.known.get(label) {
            return known.clone();
        }
        let new: (Arc<str>, usize) = (label.into(), (self.colour)(label));
        self.known.insert(label.to_owned(), new.clone());
        new
    }

    fn bar(&mut self, [start, end]: Segment, label: &str, score: Option<f64>, id: u64, draft: bool) -> Bar {
        let (label, colour) = self.of(label);
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
        let source = Source { truth: &truth, moved: &moved, made: &[], classes: &classes, active: None };
        let colour = |label: &str| label.bytes().next().map_or(0, |byte| usize::from(byte - b'a'));
        let found = Arc::new(Detections { videos: vec![("v".to_owned(), found.into())] });
        let built = |mode: LaneMode, least: f64| {
            let mut ranked = Ranked::default();
            ranked.keep(mode, &found, "v", &classes, colour);
            (lanes(mode, &source, &ranked, least, colour), ranked)
        };
        let (by_class, ranked) = built(LaneMode::ByClass, 0.1);
        assert_eq!(by_class.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        let bars: Vec<_> = by_class[1].truth.iter().map(|bar| (bar.id, bar.start, bar.row)).collect();
        assert_eq!(bars, [(1, 0.0, 0), (2, 2.0, 1), (3, 4.5, 0)]);
        let rows: Vec<(u64, usize)> = by_class[1].predictions().iter().map(|bar| (bar.id, bar.row)).collect();
        assert_eq!(rows, [(1, 0), (0, 1)]);
        assert_eq!((by_class[1].truth_rows, by_class[1].prediction_rows), (2, 2));
        // A move of the slider gives what building anew gives.
        let mut moved = by_class.clone();
        for least in [0.0, 0.5, 1.0, 0.1] {
            show_from(&mut moved, LaneMode::ByClass, &ranked, least);
            assert_eq!(moved, built(LaneMode::ByClass, least).0, "from {least}");
        }
        assert_eq!(moved, by_class);
        let (stacked, _) = built(LaneMode::Stacked, 0.1);
        assert_eq!((stacked.len(), stacked[0].truth.len(), stacked[0].truth_rows), (1, 4, 2));
        let (by_source, _) = built(LaneMode::BySource, 0.1);
        assert_eq!(by_source.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["Annotated", "Predicted"]);
    }
}
