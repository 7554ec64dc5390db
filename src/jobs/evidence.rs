//! What the network said of a video before anything was suppressed: how likely actions start and end, and the score of every proposal.

use std::path::{Path, PathBuf};

use crate::model::proposals;
use crate::train::raw;

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

/// Reads what was saved of a video in a folder; `Ok(None)` when nothing was.
///
/// # Errors
/// One sentence when the file is damaged.
pub fn read(folder: &Path, video: &str) -> Result<Option<Evidence>, String> {
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
    let (first, found) = gathered.windows.first()?;
    let tscale = found.starts.len();
    let dscale = rows_of(tscale, found.segments.len())?;
    let cell = first.length / tscale as f64;
    let end = gathered.windows.iter().map(|(window, _)| window.start + window.length).fold(0.0, f64::max);
    let fine = (end / cell).ceil().max(1.0) as usize;
    let coarser = fine.div_ceil(MOST_COLUMNS).max(1);
    let column = cell * coarser as f64;
    let columns = fine.div_ceil(coarser);
    let mut evidence = Evidence {
        video: gathered.video.clone(),
        column,
        row: cell,
        columns,
        rows: dscale,
        scores: vec![-1.0; columns * dscale],
        refined: vec![[0.0; 2]; columns * dscale],
        starts: vec![0.0; columns],
        ends: vec![0.0; columns],
    };
    let map = proposals::all(tscale, dscale);
    for (window, found) in &gathered.windows {
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
        for (index, &[start, end]) in map.iter().enumerate() {
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
    Some(evidence)
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
    use crate::detect::Candidates;
    use crate::train::windows::Window;

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
}
