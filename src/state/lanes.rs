//! The timeline's data model: lanes by class with bars of truth and of predictions. Painting is somebody else's.

use crate::domain::{Annotation, Detection};

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
    /// Place in the list that it came from.
    pub index: usize,
}

/// One class of the open video.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Class name.
    pub label: String,
    /// Index of its colour.
    pub colour: usize,
    /// Annotated actions.
    pub truth: Vec<Bar>,
    /// Rows that truth takes.
    pub truth_rows: usize,
    /// Detected actions, best first.
    pub predictions: Vec<Bar>,
    /// Rows that predictions take.
    pub prediction_rows: usize,
}

/// Most rows of one half of a lane; what overlaps more is drawn on the last, where the best are on top.
const MOST_ROWS: usize = 4;

/// Builds the lanes: classes of the truth and of the predictions from `min_score` up, in the order of their colours.
#[must_use]
pub fn lanes(
    truth: &[Annotation],
    predictions: &[Detection],
    min_score: f64,
    colour: impl Fn(&str) -> usize,
) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for (index, action) in truth.iter().enumerate() {
        let [start, end] = action.segment;
        let lane = lane_of(&mut lanes, &action.label, &colour);
        lane.truth.push(Bar { start, end, row: 0, score: None, index });
    }
    let mut shown: Vec<(usize, &Detection)> =
        predictions.iter().enumerate().filter(|(_, found)| found.score >= min_score).collect();
    shown.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
    for (index, found) in shown {
        let [start, end] = found.segment;
        let lane = lane_of(&mut lanes, &found.label, &colour);
        lane.predictions.push(Bar { start, end, row: 0, score: Some(found.score), index });
    }
    for lane in &mut lanes {
        lane.truth_rows = stack(&mut lane.truth);
        lane.prediction_rows = stack(&mut lane.predictions);
    }
    lanes.sort_by(|a, b| (a.colour, &a.label).cmp(&(b.colour, &b.label)));
    lanes
}

fn lane_of<'a>(lanes: &'a mut Vec<Lane>, label: &str, colour: &impl Fn(&str) -> usize) -> &'a mut Lane {
    let place = lanes.iter().position(|lane| lane.label == label).unwrap_or_else(|| {
        lanes.push(Lane {
            label: label.to_owned(),
            colour: colour(label),
            truth: Vec::new(),
            truth_rows: 0,
            predictions: Vec::new(),
            prediction_rows: 0,
        });
        lanes.len() - 1
    });
    &mut lanes[place]
}

/// Gives each bar, in order, the first row where it overlaps none; returns the number of rows.
fn stack(bars: &mut [Bar]) -> usize {
    let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
    for bar in bars.iter_mut() {
        let free = |row: &Vec<(f64, f64)>| row.iter().all(|&(start, end)| bar.end <= start || bar.start >= end);
        let row = rows.iter().position(free).unwrap_or(rows.len()).min(MOST_ROWS - 1);
        if row == rows.len() {
            rows.push(Vec::new());
        }
        rows[row].push((bar.start, bar.end));
        bar.row = row;
    }
    rows.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_stack_and_weak_predictions_are_left_out() {
        let truth = [(0.0, 4.0, "b"), (2.0, 3.0, "b"), (4.0, 5.0, "b"), (1.0, 2.0, "a")]
            .map(|(start, end, label)| Annotation { segment: [start, end], label: label.to_owned(), draft: false });
        let found = [(0.0, 1.0, 0.2), (0.5, 2.0, 0.9), (3.0, 4.0, 0.01)].map(|(start, end, score)| Detection {
            segment: [start, end],
            label: "b".to_owned(),
            score,
        });
        let lanes = lanes(&truth, &found, 0.1, |label| usize::from(label == "b"));
        assert_eq!(lanes.iter().map(|lane| lane.label.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(lanes[1].truth.iter().map(|bar| bar.row).collect::<Vec<_>>(), [0, 1, 0]);
        let rows: Vec<(usize, usize)> = lanes[1].predictions.iter().map(|bar| (bar.index, bar.row)).collect();
        assert_eq!(rows, [(1, 0), (0, 1)]);
        assert_eq!((lanes[1].truth_rows, lanes[1].prediction_rows), (2, 2));
    }
}
