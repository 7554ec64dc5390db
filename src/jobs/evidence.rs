//! What the network said of a video before anything was suppressed: how likely actions start and end, and the score of every proposal.

use std::path::{Path, PathBuf};

use crate::detect::Candidates;
use crate::model::proposals;
use crate::train::raw;
use crate::train::windows::Window;

use super::shelf;

/// Most columns of the map; what is longer is drawn coarser, with the best of the cells that fall together.
const MOST_COLUMNS: usize = 4096;

/// The evidence of one video, its windows laid on one grid of time; where windows overlap the greater value stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Video name.
    pub video: String,
    /// Seconds of a column.
    pub column: f64,
    /// Seconds of a row: proposals of row `n` are `n + 1` rows long.
    pub row: f64,
    /// Columns of the map: places where proposals start.
    pub columns: usize,
    /// Rows of the map: durations.
    pub rows: usize,
    /// Score of each cell 0..1, `[row][column]`; -1 where there is no proposal.
    pub scores: Vec<f32>,
    /// Refined segment of each cell in seconds, in the same order.
    pub refined: Vec<[f32; 2]>,
    /// How likely an action starts in each column, 0..1.
    pub starts: Vec<f32>,
    /// How likely an action ends in each column, 0..1.
    pub ends: Vec<f32>,
}

/// Reads what was saved of a video in a folder, as evidence or as raw outputs; `Ok(None)` when nothing was.
///
/// # Errors
/// One sentence when the file is damaged.
pub fn read(folder: &Path, video: &str) -> Result<Option<Evidence>, String> {
    if let Some(kept) = shelf::read(folder, video)? {
        return Ok(Some(kept));
    }
    if !raw::has(folder, video) {
        return Ok(None);
    }
    let gathered = raw::read_video(folder, video).map_err(|error| error.to_string())?;
    Ok(on_one_grid(&gathered))
}

/// The first that is kept of a video under one of its names in one of several folders.
///
/// # Errors
/// As [`read`].
pub fn find(folders: &[PathBuf], names: &[String]) -> Result<Option<Evidence>, String> {
    let places = folders.iter().flat_map(|folder| names.iter().map(move |name| (folder, name)));
    for (folder, name) in places {
        if let Some(found) = read(folder, name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn on_one_grid(gathered: &raw::Gathered) -> Option<Evidence> {
    let mut grid = Grid::new(&gathered.video);
    gathered.windows.iter().for_each(|(window, found)| grid.add(*window, found));
    grid.finish()
}

/// The evidence of a video while its windows come: however long it is, this takes no more than [`MOST_COLUMNS`] of memory.
#[derive(Debug)]
pub struct Grid {
    evidence: Evidence,
    /// Seconds of a snippet.
    cell: f64,
    /// Start and end of each proposal in snippets.
    map: Vec<[f32; 2]>,
}

impl Grid {
    /// Nothing yet of a video.
    #[must_use]
    pub fn new(video: &str) -> Self {
        Self { evidence: Evidence { video: video.to_owned(), ..Evidence::default() }, cell: 0.0, map: Vec::new() }
    }

    /// The video's name.
    #[must_use]
    pub fn video(&self) -> &str {
        &self.evidence.video
    }

    /// Lays a window on the grid. The first one says how fine it is; one of another map is left out.
    pub fn add(&mut self, window: Window, found: &Candidates) {
        let tscale = found.starts.len();
        if self.map.is_empty() {
            let Some(dscale) = rows_of(tscale, found.segments.len()) else { return };
            self.cell = window.length / tscale as f64;
            self.map = proposals::all(tscale, dscale);
            let evidence = &mut self.evidence;
            (evidence.column, evidence.row, evidence.rows) = (self.cell, self.cell, dscale);
        }
        if found.segments.len() != self.map.len() {
            return;
        }
        self.make_room(window.start + window.length);
        let (cell, evidence) = (self.cell, &mut self.evidence);
        let (column, columns) = (evidence.column, evidence.columns);
        let at = |snippet: f64| {
            let place = ((window.start + snippet * cell) / column + 1e-6).floor();
            (place >= 0.0 && (place as usize) < columns).then_some(place as usize)
        };
        for (snippet, (&start, &end)) in found.starts.iter().zip(&found.ends).enumerate() {
            if let Some(place) = at(snippet as f64) {
                evidence.starts[place] = evidence.starts[place].max(start);
                evidence.ends[place] = evidence.ends[place].max(end);
            }
        }
        for (index, &[start, end]) in self.map.iter().enumerate() {
            let Some(place) = at(f64::from(start)) else { continue };
            let cell_index = ((end - start) as usize - 1) * columns + place;
            let best = if found.classes.is_empty() {
                1.0
            } else {
                let count = found.class_count();
                found.classes[index * count..(index + 1) * count].iter().copied().fold(0.0, f32::max)
            };
            let score = found.score(index) * best;
            if score > evidence.scores[cell_index] {
                evidence.scores[cell_index] = score;
                let seconds = |snippet: f32| (window.start + f64::from(snippet) * cell) as f32;
                evidence.refined[cell_index] = found.segments[index].map(seconds);
            }
        }
    }

    /// Columns up to `end` seconds; coarser ones where they would be too many.
    fn make_room(&mut self, end: f64) {
        let evidence = &mut self.evidence;
        while end / evidence.column > MOST_COLUMNS as f64 {
            let even = evidence.columns.next_multiple_of(2);
            widen(evidence, even);
            fold(evidence);
        }
        let columns = (end / evidence.column - 1e-6).ceil().max(1.0) as usize;
        if columns > evidence.columns {
            widen(evidence, columns);
        }
    }

    /// The evidence, if there was any window.
    #[must_use]
    pub fn finish(self) -> Option<Evidence> {
        (self.evidence.columns > 0).then_some(self.evidence)
    }
}

/// As many columns as wanted; the new ones hold nothing.
fn widen(evidence: &mut Evidence, columns: usize) {
    let stretched = |old: &[f32], nothing: f32| -> Vec<f32> {
        let mut values = vec![nothing; columns * evidence.rows];
        for (row, old) in old.chunks_exact(evidence.columns.max(1)).enumerate() {
            values[row * columns..][..old.len()].copy_from_slice(old);
        }
        values
    };
    evidence.scores = stretched(&evidence.scores, -1.0);
    let edges = [0, 1].map(|edge| {
        let edges: Vec<f32> = evidence.refined.iter().map(|segment| segment[edge]).collect();
        stretched(&edges, 0.0)
    });
    evidence.refined = edges[0].iter().zip(&edges[1]).map(|(&start, &end)| [start, end]).collect();
    evidence.starts.resize(columns, 0.0);
    evidence.ends.resize(columns, 0.0);
    evidence.columns = columns;
}

/// Half the columns, of an even number: of every two the surer cell, the greater value.
fn fold(evidence: &mut Evidence) {
    let pairs = |index: usize| (2 * index, 2 * index + 1);
    let (scores, refined) = (0..evidence.scores.len() / 2)
        .map(|index| {
            let (a, b) = pairs(index);
            let best = if evidence.scores[b] > evidence.scores[a] { b } else { a };
            (evidence.scores[best], evidence.refined[best])
        })
        .unzip();
    (evidence.scores, evidence.refined) = (scores, refined);
    for curve in [&mut evidence.starts, &mut evidence.ends] {
        *curve = curve.chunks_exact(2).map(|pair| pair[0].max(pair[1])).collect();
    }
    evidence.columns /= 2;
    evidence.column *= 2.0;
}

/// Durations of a map of this many starts that has this many proposals.
fn rows_of(tscale: usize, count: usize) -> Option<usize> {
    (1..=tscale).find(|&dscale| (0..dscale).map(|d| tscale - d).sum::<usize>() == count)
}

impl Evidence {
    /// The cell of a start and a duration in seconds: its index, if there is a proposal.
    #[must_use]
    pub fn cell_at(&self, start: f64, duration: f64) -> Option<usize> {
        let column = (start / self.column).floor();
        let row = (duration / self.row).floor();
        let inside = column >= 0.0 && row >= 0.0 && (column as usize) < self.columns && (row as usize) < self.rows;
        let index = inside.then(|| row as usize * self.columns + column as usize)?;
        (self.scores[index] >= 0.0).then_some(index)
    }

    /// The segment of a cell before it was refined, in seconds.
    #[must_use]
    pub fn cell_segment(&self, index: usize) -> [f64; 2] {
        let (row, column) = (index / self.columns.max(1), index % self.columns.max(1));
        let start = column as f64 * self.column;
        [start, start + (row + 1) as f64 * self.row]
    }

    /// The greatest score, above 0.
    #[must_use]
    pub fn most(&self) -> f32 {
        self.scores.iter().copied().fold(1e-3, f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_on_one_grid_and_the_better_score_stands() {
        // Four snippets, durations 1 and 2: seven proposals of a second a snippet.
        let found = |score: f32| Candidates {
            starts: vec![score, 0.1, 0.2, 0.3],
            ends: vec![0.0; 4],
            segments: proposals::all(4, 2).into_iter().map(|[start, end]| [start, end + 0.5]).collect(),
            iou: vec![[score, score]; 7],
            classes: Vec::new(),
        };
        let window = |start| Window { start, length: 4.0 };
        let windows = vec![(window(0.0), found(0.5)), (window(2.0), found(0.9))];
        let evidence = on_one_grid(&raw::Gathered { video: "v".to_owned(), windows }).expect("a grid");
        assert_eq!((evidence.columns, evidence.rows, evidence.column), (6, 2, 1.0));
        assert_eq!(evidence.starts, [0.5, 0.1, 0.9, 0.3, 0.2, 0.3]);
        // Start 2 s, one second: both windows have it, the second is surer.
        let cell = evidence.cell_at(2.4, 0.7).expect("a proposal");
        assert!((evidence.scores[cell] - 0.81).abs() < 1e-6);
        assert_eq!((evidence.cell_segment(cell), evidence.refined[cell]), ([2.0, 3.0], [2.0, 3.5]));
        let longer = evidence.cell_at(1.0, 1.5).expect("a proposal");
        assert_eq!((evidence.cell_segment(longer), longer), ([1.0, 3.0], 7));
        assert_eq!(evidence.cell_at(5.0, 1.5), None, "it would end after the last window");
        assert_eq!((evidence.cell_at(-0.1, 0.5), evidence.cell_at(1.0, 2.1)), (None, None));
        assert_eq!((rows_of(4, 7), rows_of(4, 8)), (Some(2), None));
    }
    #[test]
    fn a_long_video_is_drawn_coarser_with_the_best_of_what_falls_together() {
        let mut grid = Grid::new("long");
        let last = 2.0 * MOST_COLUMNS as f64;
        for (start, score) in [(0.0, 0.2), (1.0, 0.7), (last, 0.4)] {
            let found = Candidates {
                starts: vec![score],
                ends: vec![0.1],
                segments: vec![[0.0, 1.0]],
                iou: vec![[1.0, score]],
                classes: Vec::new(),
            };
            grid.add(Window { start, length: 1.0 }, &found);
        }
        let evidence = grid.finish().expect("a grid");
        // One column too many for two seconds each.
        assert_eq!(
            (evidence.column, evidence.row, evidence.rows, evidence.columns),
            (4.0, 1.0, 1, MOST_COLUMNS / 2 + 1)
        );
        let ends = [0, evidence.columns - 1];
        assert_eq!(ends.map(|column| evidence.scores[column]), [0.7, 0.4]);
        assert_eq!(ends.map(|column| evidence.starts[column]), [0.7, 0.4]);
        assert_eq!(evidence.refined[0], [1.0, 2.0]);
        assert!(evidence.scores[1] < 0.0 && evidence.scores.len() == evidence.columns);
    }
}
