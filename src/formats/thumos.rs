//! THUMOS-14: its annotation text files, and the sliding windows over frames by which its videos are cut (spec 2.5).

use std::collections::BTreeMap;
use std::path::Path;

use super::features::Features;
use super::resized::SnippetTruth;
use super::{FormatError, read_text};
use crate::domain::{Annotation, Dataset, Video};

/// Label of segments that people could not agree on; the reference skips them.
pub const AMBIGUOUS: &str = "Ambiguous";

/// Reads a folder of THUMOS text files, one a class: `<Class>_<set>.txt` with lines `video start end`. Annotations by video;
/// "Ambiguous" is a class among others here. Other files, as the readme that comes with them, are passed over.
///
/// # Errors
/// [`FormatError`] when a file cannot be read or a line has another form.
pub fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<Annotation>>, FormatError> {
    let failed = |source| FormatError::Read { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    files.sort();
    let mut videos: BTreeMap<String, Vec<Annotation>> = BTreeMap::new();
    for path in &files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some((label, _)) = name.strip_suffix(".txt").and_then(|stem| stem.rsplit_once('_')) else { continue };
        for (index, line) in read_text(path)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let Some((video, segment)) = parse_line(line) else {
                let problem = "must read: video, start and end in seconds, separated by spaces";
                return Err(FormatError::shape(path, format!("line {}", index + 1), problem));
            };
            videos.entry(video.to_owned()).or_default().push(Annotation {
                segment,
                label: label.to_owned(),
                draft: false,
            });
        }
    }
    Ok(videos)
}

/// A folder of THUMOS text files as a ground truth, without "Ambiguous". Its validation videos train and its test videos validate, as in OpenTAD's
/// file (spec 2.1). How long they are is not said there: it is enough to evaluate, not to train.
///
/// # Errors
/// As [`read_folder`], and when no file there is one of THUMOS.
pub fn read_truth(folder: &Path) -> Result<Dataset, FormatError> {
    let videos: Vec<Video> = read_folder(folder)?
        .into_iter()
        .map(|(id, mut annotations)| {
            annotations.retain(|action| action.label != AMBIGUOUS);
            let subset = if id.starts_with("video_validation") { "training" } else { "validation" };
            Video {
                id,
                subset: subset.to_owned(),
                duration: 0.0,
                frames: None,
                path: None,
                annotations,
                not_annotated: Vec::new(),
                rejected: Vec::new(),
                crop: None,
                stream: None,
            }
        })
        .collect();
    if videos.is_empty() {
        let problem = "holds no annotations of THUMOS, <Class>_test.txt or <Class>_val.txt; name an annotation file";
        return Err(FormatError::shape(folder, "the folder", problem));
    }
    Ok(Dataset { videos })
}

fn parse_line(line: &str) -> Option<(&str, [f64; 2])> {
    let mut words = line.split_whitespace();
    let video = words.next()?;
    let mut seconds = || words.next()?.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    let segment = [seconds()?, seconds()?];
    words.next().is_none().then_some((video, segment))
}

/// How videos are cut into windows of snippets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowRules {
    /// Frames between snippet centres (4).
    pub snippet_stride: usize,
    /// Frames from a clip's start to its centre (8).
    pub offset_frames: usize,
    /// Snippets of a window (128).
    pub window_size: usize,
    /// Share of a window that the next one repeats (0.5).
    pub overlap: f64,
    /// A truth trains if more than this share of it lies in the window (0.9).
    pub completeness: f64,
}

/// A window of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Frame of the first snippet.
    pub start_frame: usize,
    /// Frame of the last snippet: a window of 128 snippets at stride 4 spans 508 frames.
    pub end_frame: usize,
}

/// The windows of a video of `frames` frames. As in the reference, the last may repeat the one before.
#[must_use]
pub fn windows(frames: usize, rules: &WindowRules) -> Vec<Window> {
    let snippets = frames.div_ceil(rules.snippet_stride);
    let stride = ((rules.window_size as f64 * (1.0 - rules.overlap)) as usize).max(1);
    let mut windows = Vec::new();
    if snippets == 0 {
        return windows;
    }
    for index in 0..(snippets / stride).max(1) {
        let (mut start, mut end) = (index * stride, index * stride + rules.window_size);
        let is_last = end > snippets;
        if is_last {
            (start, end) = (snippets.saturating_sub(rules.window_size), snippets);
        }
        windows.push(Window { start_frame: start * rules.snippet_stride, end_frame: (end - 1) * rules.snippet_stride });
        if is_last {
            break;
        }
    }
    windows
}

/// A truth in frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameTruth {
    /// First and last frame, truncated.
    pub segment: [i64; 2],
    /// Class name.
    pub label: String,
}

/// The truths of a video in frames, without "Ambiguous" and duplicates; none when the file does not say how many frames or seconds
/// the video has.
#[must_use]
pub fn truths_in_frames(video: &Video) -> Option<Vec<FrameTruth>> {
    let frames = video.frames.filter(|_| video.duration > 0.0)? as f64;
    let mut kept: Vec<FrameTruth> = Vec::new();
    for action in video.annotations.iter().filter(|action| action.label != AMBIGUOUS) {
        let segment = action.segment.map(|seconds| (seconds / video.duration * frames) as i64);
        let truth = FrameTruth { segment, label: action.label.clone() };
        if !kept.contains(&truth) {
            kept.push(truth);
        }
    }
    Some(kept)
}

/// The truths that a window holds almost wholly, cut to it, in its snippet units; not clamped, so the offset can make them
/// start at -2.
#[must_use]
pub fn truths_in_window(truths: &[FrameTruth], window: Window, rules: &WindowRules) -> Vec<SnippetTruth> {
    let (first, last) = (window.start_frame as i64, window.end_frame as i64);
    let shift = first + rules.offset_frames as i64;
    let cut = |truth: &FrameTruth| {
        let [start, end] = truth.segment;
        let inside = [start.max(first), end.min(last)];
        let share = (inside[1] - inside[0]) as f64 / ((end - start) as f64).max(1e-6);
        let units = |frame: i64| (frame - shift) as f32 / rules.snippet_stride as f32;
        (inside[1] > inside[0] && share > rules.completeness)
            .then(|| SnippetTruth { segment: inside.map(units), label: truth.label.clone() })
    };
    truths.iter().filter_map(cut).collect()
}

/// The features of a window, `[channels, window_size]` row-major and zero beyond the video, and which snippets are real.
#[must_use]
pub fn window_features(features: &Features, window: Window, rules: &WindowRules) -> (Vec<f32>, Vec<bool>) {
    let first = (window.start_frame / rules.snippet_stride).min(features.length);
    let end = (window.end_frame / rules.snippet_stride + 1).min(features.length);
    let mut values = vec![0.0; features.channels * rules.window_size];
    for (position, row) in (first..end).enumerate() {
        for (channel, &value) in features.row(row).iter().enumerate() {
            values[channel * rules.window_size + position] = value;
        }
    }
    let mask = (0..rules.window_size).map(|position| first + position < end).collect();
    (values, mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: WindowRules =
        WindowRules { snippet_stride: 4, offset_frames: 8, window_size: 128, overlap: 0.5, completeness: 0.9 };

    #[test]
    fn windows_of_thumos_videos() {
        let starts = |frames| windows(frames, &RULES).iter().map(|window| window.start_frame).collect::<Vec<_>>();
        assert_eq!(starts(9), [0]);
        // 128 snippets: the second window is the first again, as in the reference.
        assert_eq!(starts(512), [0, 0]);
        assert_eq!(starts(4 * 200), [0, 256, 288]);
        assert!(starts(0).is_empty());
        assert_eq!(windows(512, &RULES)[0].end_frame, 508);
    }

    #[test]
    fn a_truth_must_lie_in_the_window_almost_wholly() {
        let truth = |start, end| FrameTruth { segment: [start, end], label: "a".to_owned() };
        let window = Window { start_frame: 256, end_frame: 764 };
        let truths = [truth(200, 300), truth(250, 350), truth(700, 800), truth(260, 760), truth(764, 764)];
        let kept = truths_in_window(&truths, window, &RULES);
        let segments: Vec<_> = kept.iter().map(|truth| truth.segment).collect();
        assert_eq!(segments, [[-2.0, 21.5], [-1.0, 124.0]]);
    }

    #[test]
    fn text_files_are_read_and_odd_lines_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("Clean_Jerk_val.txt");
        std::fs::write(&path, "video_b  1.5 2\nvideo_a 0.1  0.25 \n\n").expect("written");
        let videos = read_folder(folder.path()).expect("reads");
        assert_eq!(videos.keys().collect::<Vec<_>>(), ["video_a", "video_b"]);
        assert_eq!(
            videos["video_b"],
            [Annotation { segment: [1.5, 2.0], label: "Clean_Jerk".to_owned(), draft: false }]
        );
        std::fs::write(&path, "video_b 1.5\n").expect("written");
        assert!(read_folder(folder.path()).expect_err("odd").to_string().contains("line 1 must read"));
    }

    #[test]
    fn a_window_past_the_stored_features_is_empty() {
        let features = Features { length: 60, channels: 1, values: (0..60).map(|value| value as f32 + 1.0).collect() };
        let window = |start_frame| Window { start_frame, end_frame: start_frame + 508 };
        let (values, mask) = window_features(&features, window(0), &RULES);
        assert_eq!((values[59], values[60], mask.iter().filter(|&&real| real).count()), (60.0, 0.0, 60));
        let (values, mask) = window_features(&features, window(256), &RULES);
        assert!(values.iter().all(|&value| value == 0.0) && mask.iter().all(|&real| !real));
    }
}
