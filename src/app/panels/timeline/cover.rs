//! What of a row is painted already, and runs of bars under a pixel: ten thousand bars cost what the screen is wide.

use std::collections::BTreeMap;

use egui::{Color32, Painter, Rect};

/// Columns a point: what is finer is told apart by no display.
const COLUMNS: f32 = 2.0;

/// Which columns of a lane's rows are taken by better detections. What lies wholly behind them is not painted.
pub(super) struct Covered {
    left: f32,
    /// Of each column the next one that may be free, itself if it is.
    rows: Vec<Vec<u32>>,
}

impl Covered {
    /// Nothing of `line` is covered yet.
    pub(super) fn new(line: Rect, rows: usize) -> Self {
        let columns = (line.width().max(0.0) * COLUMNS).ceil() as u32 + 1;
        Self { left: line.left(), rows: vec![(0..=columns).collect(); rows] }
    }

    /// Covers a stretch of a row; returns whether anything of it was free.
    pub(super) fn add(&mut self, row: usize, from: f32, to: f32) -> bool {
        let left = self.left;
        let Some(next) = self.rows.get_mut(row) else { return true };
        let last = next.len() - 1;
        let column = |x: f32| ((x - left) * COLUMNS).clamp(0.0, last as f32);
        let first = column(from).floor() as usize;
        let end = (column(to).ceil() as usize).clamp(first + 1, last.max(first + 1)).min(last);
        let mut at = free(next, first);
        if at >= end {
            return false;
        }
        while at < end {
            next[at] = at as u32 + 1;
            at = free(next, at + 1);
        }
        true
    }
}

/// The first free column from `at` on; the way there is made shorter for the next time.
fn free(next: &mut [u32], mut at: usize) -> usize {
    while next[at] as usize != at {
        next[at] = next[next[at] as usize];
        at = next[at] as usize;
    }
    at
}

/// Joins bars under a pixel wide into runs.
#[derive(Default)]
pub(super) struct Thin {
    runs: BTreeMap<usize, (Rect, Color32)>,
}

impl Thin {
    /// Adds a bar of a row; bars come by their starts.
    pub(super) fn add(&mut self, painter: &Painter, place: Rect, colour: Color32, row: usize) {
        match self.runs.get_mut(&row) {
            Some((run, of)) if *of == colour && place.left() <= run.right() + 0.5 && place.left() >= run.left() => {
                run.max.x = run.max.x.max(place.right());
            }
            _ => {
                if let Some((run, colour)) = self.runs.insert(row, (place, colour)) {
                    painter.rect_filled(run, 0.0, colour);
                }
            }
        }
    }

    /// Paints what is left.
    pub(super) fn finish(self, painter: &Painter) {
        for (run, colour) in self.runs.into_values() {
            painter.rect_filled(run, 0.0, colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use egui::{pos2, vec2};

    use super::*;

    #[test]
    fn what_lies_behind_better_bars_is_not_painted_and_the_rest_is() {
        let line = Rect::from_min_size(pos2(100.0, 0.0), vec2(50.0, 9.0));
        let mut covered = Covered::new(line, 2);
        assert!(covered.add(0, 110.0, 120.0));
        assert!(!covered.add(0, 112.0, 118.0), "behind it");
        assert!(covered.add(1, 112.0, 118.0), "another row");
        assert!(covered.add(0, 118.0, 121.0), "it shows on the right");
        assert!(!covered.add(0, 110.0, 121.0), "behind both");
        assert!(covered.add(0, 90.0, 111.0) && !covered.add(0, 60.0, 105.0), "what begins before the picture");
        assert!(covered.add(0, 149.9, 170.0) && !covered.add(0, 149.9, 150.0), "or ends after it");
        assert!(covered.add(7, 0.0, 1.0), "a row that was not announced is painted");
        let painted =
            (0..10_000).filter(|n| covered.add(1, 100.0 + (n % 500) as f32 * 0.1, 100.3 + (n % 500) as f32 * 0.1));
        assert!(painted.count() <= 101);
    }
}
