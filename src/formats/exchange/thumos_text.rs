//! THUMOS text files: `<Class>_<set>.txt` with lines "video start end".

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::{Sheet, SheetAction, SheetVideo, file_safe};
use crate::domain::Annotation;
use crate::formats::{FormatError, read_text, thumos};

pub(super) fn read(folder: &Path) -> Result<Sheet, FormatError> {
    let videos: BTreeMap<String, Vec<Annotation>> = thumos::read_folder(folder)?;
    if videos.is_empty() {
        let problem = "holds neither THUMOS text files (<Class>_test.txt) nor ELAN files (.eaf)";
        return Err(FormatError::shape(folder, "the folder", problem));
    }
    let action = |one: Annotation| SheetAction { segment: one.segment, label: one.label, ..SheetAction::default() };
    let video = |(id, actions): (String, Vec<Annotation>)| SheetVideo {
        id,
        actions: actions.into_iter().map(action).collect(),
        ..SheetVideo::default()
    };
    Ok(Sheet { videos: videos.into_iter().map(video).collect(), ..Sheet::default() })
}

/// One file of a class.
pub(super) fn read_file(path: &Path) -> Result<Sheet, FormatError> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let label = name.rsplit_once('_').map_or(name.as_str(), |(label, _)| label);
    let mut sheet = Sheet::default();
    for (index, line) in read_text(path)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let seconds = |word: &str| word.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
        let parsed = match words.as_slice() {
            [video, start, end] => seconds(start).zip(seconds(end)).map(|(start, end)| (*video, [start, end])),
            _ => None,
        };
        let Some((video, segment)) = parsed else {
            let problem = "must read: video, start and end in seconds, separated by spaces";
            return Err(FormatError::shape(path, format!("line {}", index + 1), problem));
        };
        let action = SheetAction { segment, label: label.to_owned(), ..SheetAction::default() };
        sheet.video(video).actions.push(action);
    }
    Ok(sheet)
}

pub(super) fn write(sheet: &Sheet) -> Vec<(String, String)> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for video in &sheet.videos {
        // Its validation videos train and its test videos validate, as in OpenTAD's file (spec 2.1).
        let set = if video.subset == "training" { "val" } else { "test" };
        for action in &video.actions {
            let file = files.entry(format!("{}_{set}.txt", file_safe(&action.label))).or_default();
            // Writing to a String cannot fail.
            let _ = writeln!(file, "{}  {} {}", video.id.replace(' ', "_"), action.segment[0], action.segment[1]);
        }
    }
    files.into_iter().collect()
}
