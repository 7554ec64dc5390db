//! Evidence on the disk: one small file a video, which `etad test` and `etad detect` leave beside what they found.
//!
//! A file is a line of JSON with the sizes, then little-endian numbers of two bytes: for each cell of the map `[row][column]` its score (0:
//! no proposal, 1 to 65535: 0..1) and how far its refined start and end are from the cell's own in hundredths of a row; for each column
//! how likely an action starts and ends in it (0 to 65535). Six bytes a cell: a 32 by 16 map over a minute of 8 s windows takes 23 kB.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::detect::Candidates;
use crate::domain::Video;
use crate::project::write_atomically;
use crate::train::raw;
use crate::train::windows::Window;

use super::evidence::{Evidence, Grid};

const EXTENSION: &str = "evidence";
/// What a command keeps at most; a whole benchmark of thousands of videos fits.
const MOST_BYTES: u64 = 512 << 20;
/// Steps of an offset in a row.
const STEPS: f64 = 100.0;
const FULL: f32 = 65535.0;

/// Sizes of a map.
#[derive(Serialize, Deserialize)]
struct Head {
    video: String,
    column: f64,
    row: f64,
    columns: usize,
    rows: usize,
}

fn file(folder: &Path, video: &str) -> PathBuf {
    folder.join(format!("{}.{EXTENSION}", raw::plain_name(video)))
}

/// Reads what was kept of a video; `Ok(None)` when nothing was.
///
/// # Errors
/// One sentence when the file is damaged.
pub(super) fn read(folder: &Path, video: &str) -> Result<Option<Evidence>, String> {
    let path = file(folder, video);
    if !path.is_file() {
        return Ok(None);
    }
    let bytes =
        std::fs::read(&path).map_err(|error| format!("cannot read the evidence {}: {error}", path.display()))?;
    let damaged = || format!("{} is not whole: detect in the video again, or delete the file", path.display());
    parse(&bytes).map(Some).ok_or_else(damaged)
}

fn parse(bytes: &[u8]) -> Option<Evidence> {
    let line = bytes.iter().position(|&byte| byte == b'\n')?;
    let Head { video, column, row, columns, rows } = serde_json::from_slice(&bytes[..line]).ok()?;
    let cells = columns.checked_mul(rows)?;
    let (numbers, []) = bytes[line + 1..].as_chunks::<2>() else { return None };
    let whole = cells.checked_mul(3).and_then(|numbers| numbers.checked_add(2 * columns)) == Some(numbers.len());
    if !whole || cells == 0 || !(column > 0.0 && row > 0.0) {
        return None;
    }
    let number = |index: usize| u16::from_le_bytes(numbers[index]);
    let share = |value: u16| f32::from(value) / FULL;
    let curve = |from: usize| (from..from + columns).map(|index| share(number(index))).collect();
    let mut evidence = Evidence {
        video,
        column,
        row,
        columns,
        rows,
        scores: (0..cells).map(|index| if number(index) == 0 { -1.0 } else { share(number(index)) }).collect(),
        refined: Vec::new(),
        starts: curve(3 * cells),
        ends: curve(3 * cells + columns),
    };
    let offset = |index: usize| f64::from(number(index).cast_signed()) / STEPS * row;
    evidence.refined = (0..cells)
        .map(|index| match evidence.scores[index] >= 0.0 {
            true => {
                let [start, end] = evidence.cell_segment(index);
                [start + offset(cells + index), end + offset(2 * cells + index)].map(|seconds| seconds as f32)
            }
            false => [0.0; 2],
        })
        .collect();
    Some(evidence)
}

fn encode(evidence: &Evidence) -> Vec<u8> {
    let share = |value: f32| (value.clamp(0.0, 1.0) * FULL).round() as u16;
    // What says nothing is 0.
    let scores = evidence.scores.iter().map(|&score| if score < 0.0 { 0 } else { share(score).max(1) });
    let offset = |edge: usize| {
        (0..evidence.scores.len()).map(move |index| {
            let by = f64::from(evidence.refined[index][edge]) - evidence.cell_segment(index)[edge];
            let steps = if evidence.scores[index] < 0.0 { 0.0 } else { by / evidence.row * STEPS };
            // A cast keeps to the limits of the number.
            (steps.round() as i16).cast_unsigned()
        })
    };
    let curves = evidence.starts.iter().chain(&evidence.ends).map(|&value| share(value));
    let numbers = scores.chain(offset(0)).chain(offset(1)).chain(curves);
    numbers.flat_map(u16::to_le_bytes).collect()
}

/// Keeps the evidence of video after video in a folder. What cannot be kept ends no detection: it is said once.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    left: u64,
    open: Option<Grid>,
    /// Why something is not kept.
    trouble: Option<String>,
}

impl Shelf {
    /// Into a folder, which is made when there is something to keep.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, left: MOST_BYTES, open: None, trouble: None }
    }

    /// Takes in a window; the windows of a video come one after the other.
    pub(super) fn add(&mut self, video: &Video, window: Window, found: &Candidates) {
        if self.trouble.is_some() {
            return;
        }
        if self.open.as_ref().is_none_or(|grid| grid.video() != video.id) {
            self.close();
            self.open = Some(Grid::new(&video.id));
        }
        if let Some(grid) = &mut self.open {
            grid.add(window, found);
        }
    }

    /// Writes what is there of the last video.
    fn close(&mut self) {
        let Some(evidence) = self.open.take().and_then(Grid::finish) else { return };
        let written = self.write(&evidence);
        let place = self.folder.display();
        self.trouble = match written {
            Ok(true) => None,
            Ok(false) => {
                let most = MOST_BYTES >> 20;
                Some(format!("evidence is kept of the first videos alone: {place} would hold more than {most} MiB"))
            }
            Err(error) => {
                Some(format!("evidence cannot be kept in {place} ({error}); choose a folder with --evidence"))
            }
        };
    }

    /// Whether there is room for it.
    fn write(&mut self, evidence: &Evidence) -> anyhow::Result<bool> {
        let Evidence { video, column, row, columns, rows, .. } = evidence.clone();
        let path = file(&self.folder, &video);
        let mut bytes = serde_json::to_vec(&Head { video, column, row, columns, rows })?;
        bytes.push(b'\n');
        bytes.extend(encode(evidence));
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else { return Ok(false) };
        self.left = left;
        std::fs::create_dir_all(&self.folder)?;
        write_atomically(&path, &bytes)?;
        Ok(true)
    }

    /// Writes the last video; why something was not kept, if so.
    pub(super) fn finish(mut self) -> Option<String> {
        self.close();
        self.trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::proposals;

    fn window(start: f64) -> (Window, Candidates) {
        let found = Candidates {
            starts: vec![0.9, 0.1, 0.2, 0.3],
            ends: vec![0.0, 0.25, 0.5, 1.0],
            segments: proposals::all(4, 2).into_iter().map(|[start, end]| [start - 0.3, end + 0.55]).collect(),
            iou: (0..7).map(|index| [1.0, index as f32 / 7.0]).collect(),
            classes: Vec::new(),
        };
        (Window { start, length: 4.0 }, found)
    }

    fn kept(folder: &Path, video: &str) -> Option<String> {
        let mut shelf = Shelf::new(folder.to_owned());
        let video = Video { id: video.to_owned(), ..Video::default() };
        for (window, found) in [window(0.0), window(2.0)] {
            shelf.add(&video, window, &found);
        }
        shelf.finish()
    }

    #[test]
    fn what_is_kept_reads_back_as_it_was_but_for_the_last_digits() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(kept(&folder.path().join("run/evidence"), "a/b"), None);
        let read = read(&folder.path().join("run/evidence"), "a/b").expect("whole").expect("kept");
        let mut grid = Grid::new("a/b");
        for (window, found) in [window(0.0), window(2.0)] {
            grid.add(window, &found);
        }
        let known = grid.finish().expect("a grid");
        assert_eq!((read.video.as_str(), read.columns, read.rows, read.column, read.row), ("a/b", 6, 2, 1.0, 1.0));
        let near = |a: &[f32], b: &[f32], by: f32| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= by);
        // A share has 65535 steps, an offset a hundred a row; half a step is lost. Below half a step a score is kept as one step.
        assert!(near(&read.scores, &known.scores, 1.01 / FULL), "{:?} {:?}", read.scores, known.scores);
        assert!(near(&read.starts, &known.starts, 0.51 / FULL) && near(&read.ends, &known.ends, 0.51 / FULL));
        let (a, b) = (read.refined.as_flattened(), known.refined.as_flattened());
        assert!(near(a, b, 0.00501), "{a:?} {b:?}");
        assert_eq!(super::read(folder.path(), "a/b"), Ok(None));
    }

    #[test]
    fn a_damaged_file_and_a_folder_that_cannot_be_written_are_told() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(kept(folder.path(), "v"), None);
        let path = file(folder.path(), "v");
        let bytes = std::fs::read(&path).expect("read");
        for length in [0, 10, bytes.len() - 1, bytes.len() - 2] {
            std::fs::write(&path, &bytes[..length]).expect("written");
            let said = read(folder.path(), "v").expect_err("damaged");
            assert!(said.contains("not whole"), "{said}");
        }
        let said = kept(&path, "v").expect("a file is no folder");
        assert!(said.contains("--evidence"), "{said}");
        let mut shelf = Shelf::new(folder.path().to_owned());
        shelf.left = 10;
        let (window, found) = window(0.0);
        shelf.add(&Video::default(), window, &found);
        assert!(shelf.finish().expect("no room").contains("512 MiB"));
    }
}
