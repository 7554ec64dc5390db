//! Raw outputs of the network in a folder, one file a video, so that suppression and classes can be tried again without the network,
//! and several networks averaged (spec 9.5, 12: save_raw_prediction, load_from_raw_predictions, fuse_list).

use std::path::{Path, PathBuf};

use super::checkpoint::CheckpointError;
use super::error::TrainError;
use super::evaluate::{Found, Moment, Watch};
use super::gather::Gathering;
use super::material::Material;
use super::step::Pulse;
use super::windows::Window;
use crate::config::Config;
use crate::detect::Candidates;
use crate::domain::{ClassList, Video};
use crate::model::weights::{Array, Weights};

/// The raw outputs of a video.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// The video's name.
    pub video: String,
    /// Its windows with what the network said of them.
    pub windows: Vec<(Window, Candidates)>,
}

const EXTENSION: &str = "safetensors";
const CLASSES: &str = "classes";

/// Whether a folder holds raw outputs.
#[must_use]
pub fn is_there(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().extension().is_some_and(|extension| extension == EXTENSION))
}

/// A video's name as a file name: characters that one cannot have stand as their number.
#[must_use]
pub fn plain_name(video: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    video.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn file(folder: &Path, video: &str) -> PathBuf {
    folder.join(format!("{}.{EXTENSION}", plain_name(video)))
}

/// Collects the raw outputs of each video while its windows come, and writes them when they are all there.
pub struct Writer {
    folder: PathBuf,
    classes: ClassList,
    gathered: Gathered,
}

impl Writer {
    /// Into `folder`, of a network with these classes.
    #[must_use]
    pub fn new(folder: PathBuf, classes: ClassList) -> Self {
        Self { folder, classes, gathered: Gathered::default() }
    }

    /// Takes in a window.
    ///
    /// # Errors
    /// When the video before is complete and its folder cannot be written.
    pub fn add(&mut self, video: &Video, window: Window, found: &Candidates) -> Result<(), TrainError> {
        if self.gathered.video != video.id {
            self.close()?;
            self.gathered.video.clone_from(&video.id);
        }
        self.gathered.windows.push((window, found.clone()));
        Ok(())
    }

    /// Writes what is there of the last video.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn close(&mut self) -> Result<(), TrainError> {
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.windows.is_empty() { Ok(()) } else { write(&self.folder, &gathered, &self.classes) }
    }
}

/// Writes the raw outputs of a video: `starts`, `ends` `[windows, snippets]`, `segments`, `iou` `[windows, proposals, 2]`, with a
/// class head `classes` `[windows, proposals, classes]`, and `windows` `[windows, 2]` in seconds.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(folder: &Path, gathered: &Gathered, classes: &ClassList) -> Result<(), TrainError> {
    let failed = |source| CheckpointError::Write { path: folder.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let count = gathered.windows.len();
    let stack = |part: &dyn Fn(&Candidates) -> Vec<f32>, tail: &[usize]| {
        let values: Vec<f32> = gathered.windows.iter().flat_map(|(_, found)| part(found)).collect();
        let rows = values.len() / (count * tail.iter().product::<usize>()).max(1);
        Array { shape: [&[count, rows], tail].concat(), values }
    };
    let class_count = gathered.windows.first().map_or(0, |(_, found)| found.class_count());
    let mut file_content = Weights::default();
    let tensors = &mut file_content.tensors;
    tensors.insert("starts".to_owned(), stack(&|found| found.starts.clone(), &[]));
    tensors.insert("ends".to_owned(), stack(&|found| found.ends.clone(), &[]));
    tensors.insert("segments".to_owned(), stack(&|found| found.segments.as_flattened().to_vec(), &[2]));
    tensors.insert("iou".to_owned(), stack(&|found| found.iou.as_flattened().to_vec(), &[2]));
    if class_count > 0 {
        tensors.insert(CLASSES.to_owned(), stack(&|found| found.classes.clone(), &[class_count]));
    }
    let places = gathered.windows.iter().flat_map(|(window, _)| [window.start as f32, window.length as f32]);
    tensors.insert("windows".to_owned(), Array { shape: vec![count, 2], values: places.collect() });
    let names = serde_json::to_string(classes).map_err(|error| failed(error.into()))?;
    file_content.metadata.insert(CLASSES.to_owned(), names);
    file_content.write(&file(folder, &gathered.video)).map_err(CheckpointError::from)?;
    Ok(())
}

/// Detections from the raw outputs in `folders`, averaged over them tensor by tensor. None when `watch` broke it off.
///
/// # Errors
/// When a video's outputs are missing, or those of the folders are not of the same windows and proposals.
pub fn search(
    config: &Config,
    material: &Material,
    folders: &[PathBuf],
    videos: &[Video],
    watch: &mut Watch<'_>,
) -> Result<Option<Found>, TrainError> {
    let classes = folders.iter().zip(videos).next().map(|(folder, video)| read(folder, &video.id)).transpose()?;
    let material =
        Material { classes: classes.map_or_else(ClassList::default, |read| read.classes), ..material.clone() };
    let mut gathering = Gathering::new(config, &material, videos);
    for (before, video) in videos.iter().enumerate() {
        let planned = super::windows::windows(&config.data, video, config.model.tscale);
        if !planned.is_empty() {
            for (window, found) in average(folders, video, &planned, config.model.tscale)? {
                gathering.add(&video.id, window, &found);
            }
        }
        if watch(Moment::Batch { before, done: before + 1, total: videos.len() }) == Pulse::Stop {
            return Ok(None);
        }
    }
    Ok(Some(gathering.finish()))
}

/// Whether the raw outputs of a video are in a folder.
#[must_use]
pub fn has(folder: &Path, video: &str) -> bool {
    file(folder, video).is_file()
}

/// The raw outputs of a video as they were written.
///
/// # Errors
/// When they are missing or damaged.
pub fn read_video(folder: &Path, video: &str) -> Result<Gathered, TrainError> {
    let Read { weights, .. } = read(folder, video)?;
    let places = weights.tensors.get("windows").map(|array| array.values.as_chunks::<2>().0.to_vec());
    let places = places.filter(|places| !places.is_empty() && is_whole(&weights)).ok_or_else(|| {
        let (folder, video) = (folder.display().to_string(), video.to_owned());
        TrainError::RawDiffers { folder, video }
    })?;
    let windows: Vec<Window> =
        places.iter().map(|&[start, length]| Window { start: f64::from(start), length: f64::from(length) }).collect();
    Ok(Gathered { video: video.to_owned(), windows: split(&weights, &windows, 1.0) })
}

struct Read {
    classes: ClassList,
    weights: Weights,
}

fn read(folder: &Path, video: &str) -> Result<Read, TrainError> {
    let path = file(folder, video);
    if !path.exists() {
        let (folder, video) = (folder.display().to_string(), video.to_owned());
        return Err(TrainError::RawMissing { folder, video });
    }
    let weights = Weights::read_any(&path).map_err(CheckpointError::from)?;
    let classes = weights.metadata.get(CLASSES).and_then(|names| serde_json::from_str(names).ok());
    let classes =
        classes.ok_or(CheckpointError::Incomplete { path: path.display().to_string(), what: "class list" })?;
    Ok(Read { classes, weights })
}

/// The windows of a video with the mean of what the folders say of each.
fn average(
    folders: &[PathBuf],
    video: &Video,
    planned: &[Window],
    tscale: usize,
) -> Result<Vec<(Window, Candidates)>, TrainError> {
    let mut mean: Option<Weights> = None;
    for folder in folders {
        let Read { mut weights, .. } = read(folder, &video.id)?;
        let places = weights.tensors.get("windows").map(|array| array.values.as_chunks::<2>().0.to_vec());
        // Outputs of another overlap or window length would be put at wrong times.
        let same = |(place, window): (&[f32; 2], &Window)| {
            let near = |stored: f32, planned: f64| (f64::from(stored) - planned).abs() < 1e-3 * (1.0 + planned);
            near(place[0], window.start) && near(place[1], window.length)
        };
        // Nor can those of another number of snippets be placed.
        let time = |name: &str| weights.tensors.get(name).and_then(|curves| curves.shape.last()).copied();
        let scaled = [time("starts"), time("ends")] == [Some(tscale); 2];
        let fits = scaled
            && places.is_some_and(|places| places.len() == planned.len() && places.iter().zip(planned).all(same));
        let agrees = mean.as_ref().is_none_or(|mean| shapes(mean) == shapes(&weights));
        if !fits || !agrees || !is_whole(&weights) {
            let (folder, video) = (folder.display().to_string(), video.id.clone());
            return Err(TrainError::RawDiffers { folder, video });
        }
        mean = Some(match mean {
            None => weights,
            Some(mean) => {
                for (name, array) in &mut weights.tensors {
                    let known = mean.tensors.get(name).map_or(&[][..], |known| &known.values);
                    array.values.iter_mut().zip(known).for_each(|(value, known)| *value += known);
                }
                weights
            }
        });
    }
    Ok(split(&mean.unwrap_or_default(), planned, folders.len() as f32))
}

/// Windows with their parts of stacked outputs, divided by `count`.
fn split(stacked: &Weights, planned: &[Window], count: f32) -> Vec<(Window, Candidates)> {
    let part = |name: &str, window: usize| -> Vec<f32> {
        let values = stacked.tensors.get(name).map_or(&[][..], |array| &array.values);
        let size = values.len() / planned.len().max(1);
        values[window * size..(window + 1) * size].iter().map(|sum| sum / count).collect()
    };
    let window = |(index, window): (usize, &Window)| {
        let found = Candidates {
            starts: part("starts", index),
            ends: part("ends", index),
            segments: part("segments", index).as_chunks::<2>().0.to_vec(),
            iou: part("iou", index).as_chunks::<2>().0.to_vec(),
            classes: part(CLASSES, index),
        };
        (*window, found)
    };
    planned.iter().enumerate().map(window).collect()
}

fn shapes(weights: &Weights) -> Vec<(&str, &[usize])> {
    weights.tensors.iter().map(|(name, array)| (name.as_str(), array.shape.as_slice())).collect()
}

/// Whether curves, segments and scores are there and belong together.
fn is_whole(weights: &Weights) -> bool {
    let shape = |name: &str| weights.tensors.get(name).map_or(&[][..], |array| array.shape.as_slice());
    let pairs = shape("segments");
    shape("starts").len() == 2 && shape("starts") == shape("ends") && pairs == shape("iou") && pairs.get(2) == Some(&2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(score: f32) -> Gathered {
        let found = Candidates {
            starts: vec![score, 0.5],
            ends: vec![0.1, 0.2],
            segments: vec![[0.0, 1.0], [0.0, 2.0], [1.0, 2.0]],
            iou: vec![[score, 1.0]; 3],
            classes: Vec::new(),
        };
        Gathered { video: "a/b c".to_owned(), windows: vec![(Window { start: 0.0, length: 4.0 }, found)] }
    }

    fn video() -> Video {
        Video { id: "a/b c".to_owned(), duration: 4.0, ..Video::default() }
    }

    #[test]
    fn outputs_read_back_and_those_of_several_folders_are_averaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = [folder.path().join("one"), folder.path().join("two")];
        assert!(!is_there(&folders[0]));
        for (folder, score) in folders.iter().zip([0.2, 0.6]) {
            write(folder, &gathered(score), &ClassList::default()).expect("written");
        }
        assert!(is_there(&folders[0]));
        let planned = [Window { start: 0.0, length: 4.0 }];
        assert!(has(&folders[0], "a/b c") && !has(&folders[0], "other"));
        assert_eq!(read_video(&folders[0], "a/b c").expect("reads").windows, gathered(0.2).windows);
        let alone = average(&folders[..1], &video(), &planned, 2).expect("reads");
        assert_eq!(alone, gathered(0.2).windows);
        let both = average(&folders, &video(), &planned, 2).expect("reads");
        assert!((both[0].1.iou[2][0] - 0.4).abs() < 1e-6 && (both[0].1.starts[0] - 0.4).abs() < 1e-6);
        assert_eq!(both[0].1.segments, gathered(0.2).windows[0].1.segments);
        let moved = [Window { start: 1.0, length: 4.0 }];
        let longer = [Window { start: 0.0, length: 8.0 }];
        for (planned, tscale) in [(moved, 2), (longer, 2), (planned, 4)] {
            let said = average(&folders, &video(), &planned, tscale).expect_err("other windows").to_string();
            assert!(said.contains("other windows"), "{said}");
        }
        let absent = average(&[folder.path().join("none")], &video(), &planned, 2).expect_err("absent").to_string();
        assert!(absent.contains("a/b c"), "{absent}");
    }
}
