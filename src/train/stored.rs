//! Training on stored features: whole videos rescaled (spec 2.3), or windows counted in frames (spec 2.5).

use std::path::Path;
use std::sync::Arc;

use super::loader::FeatureReader;
use super::source::media_path;
use super::windows::Window;
use crate::config::{Config, Data, FeatureLayout, Scheme, Source};
use crate::domain::Video;
use crate::eval::postprocess::Clock;
use crate::formats::FormatError;
use crate::formats::features::{self, Features, Layout};
use crate::formats::resized::{self, SnippetTruth};
use crate::formats::thumos::{self, WindowRules};

fn rules(data: &Data, tscale: usize) -> WindowRules {
    WindowRules {
        snippet_stride: data.feature_stride.max(1),
        offset_frames: data.feature_offset,
        window_size: tscale,
        overlap: data.window_overlap,
        completeness: data.completeness,
    }
}

/// Frames a second, as the reference counts them; none when the annotation file does not say how many frames there are.
fn frame_rate(video: &Video) -> Option<f64> {
    Some(video.frames? as f64 / video.duration).filter(|rate| rate.is_finite() && *rate > 0.0)
}

/// The windows of a video in seconds; none when its number of frames is unknown.
#[must_use]
pub fn windows(data: &Data, video: &Video, tscale: usize) -> Vec<Window> {
    let rules = rules(data, tscale);
    let Some((frames, rate)) = video.frames.zip(frame_rate(video)) else { return Vec::new() };
    thumos::windows(frames as usize, &rules)
        .into_iter()
        .map(|window| Window {
            // Spec 9.5: snippet unit x is at (x * stride + first frame + offset) / rate.
            start: (window.start_frame + rules.offset_frames) as f64 / rate,
            length: (tscale * rules.snippet_stride) as f64 / rate,
        })
        .collect()
}

/// The frames of a window that [`windows`] gave.
fn in_frames(video: &Video, window: Window, rules: &WindowRules) -> Option<thumos::Window> {
    let start = window.start * frame_rate(video)? - rules.offset_frames as f64;
    let start = start.round().max(0.0) as usize;
    thumos::windows(video.frames? as usize, rules).into_iter().find(|known| known.start_frame == start)
}

/// How snippet units of a window become seconds (spec 9.5); none when [`windows`] did not give it.
#[must_use]
pub fn clock(data: &Data, video: &Video, window: Window, tscale: usize) -> Option<Clock> {
    let rules = rules(data, tscale);
    Some(Clock::Sliding {
        fps: frame_rate(video)?,
        snippet_stride: rules.snippet_stride as f64,
        offset_frames: rules.offset_frames as f64,
        window_start_frame: in_frames(video, window, &rules)?.start_frame as f64,
    })
}

/// The actions that a window trains, in its snippet units.
#[must_use]
pub fn truths(data: &Data, video: &Video, window: Window, tscale: usize) -> Vec<SnippetTruth> {
    let rules = rules(data, tscale);
    in_frames(video, window, &rules)
        .zip(thumos::truths_in_frames(video))
        .map(|(window, truths)| thumos::truths_in_window(&truths, window, &rules))
        .unwrap_or_default()
}

/// Reads feature files as the configuration names them, where it is they that train; relative paths resolve against `root`.
#[must_use]
pub fn reader(config: &Config, root: &Path) -> Option<FeatureReader> {
    (config.data.source == Source::Features).then(|| files(config, root))
}

/// Reads one feature file in the configured layout.
///
/// # Errors
/// When it cannot be read or is of another width than the model.
pub fn read(data: &Data, path: &Path, channels: usize) -> Result<Features, FormatError> {
    let layout = match data.feature_layout {
        FeatureLayout::TimeFirst => Layout::TimeFirst,
        FeatureLayout::ChannelsFirst => Layout::ChannelsFirst,
    };
    features::read(path, layout, Some(channels))
}

fn files(config: &Config, root: &Path) -> FeatureReader {
    let (data, root) = (config.data.clone(), root.to_owned());
    let (channels, tscale) = (config.model.in_channels, config.model.tscale);
    Arc::new(move |video, window| {
        let path = media_path(&data, &root, video);
        let stored = read(&data, &path, channels).map_err(|error| error.to_string())?;
        if data.scheme == Scheme::Resize {
            if stored.length > resized::LONGEST {
                return Err(format!(
                    "{} has {} rows, and half precision counts to {}; use data.scheme = \"windows\", or features further apart",
                    path.display(),
                    stored.length,
                    resized::LONGEST
                ));
            }
            return Ok((resized::resize(&stored, tscale), vec![1.0; tscale]));
        }
        let rules = rules(&data, tscale);
        let window = in_frames(video, window, &rules)
            .ok_or_else(|| format!("video {} has no \"frame\" in the annotation file; add it", video.id))?;
        let (values, real) = thumos::window_features(&stored, window, &rules);
        Ok((values, real.into_iter().map(|real| f32::from(u8::from(real))).collect()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Annotation;

    #[test]
    fn windows_in_seconds_find_their_frames_truths_and_features_again() {
        let mut config = Config::default();
        config.data.scheme = Scheme::Windows;
        (config.model.tscale, config.model.in_channels) = (8, 2);
        let folder = tempfile::tempdir().expect("a folder");
        let video = Video {
            id: "v".to_owned(),
            subset: "training".to_owned(),
            duration: 3.0,
            frames: Some(90),
            path: None,
            annotations: vec![Annotation { segment: [1.0, 1.5], label: "a".to_owned(), draft: false }],
            not_annotated: Vec::new(),
            rejected: Vec::new(),
            crop: None,
            stream: None,
        };
        let values = (0..23 * 2).map(|value| value as f32).collect();
        let path = folder.path().join("v.npy");
        features::write(&path, &Features { length: 23, channels: 2, values }).expect("written");
        config.data.extension = "npy".to_owned();
        config.data.source = Source::Features;
        let read = reader(&config, folder.path()).expect("features train");
        let windows = windows(&config.data, &video, 8);
        assert_eq!(windows.len(), 5);
        assert!((windows[1].start - (16.0 + 8.0) / 30.0).abs() < 1e-9);
        let kept: Vec<usize> = windows.iter().map(|&window| truths(&config.data, &video, window, 8).len()).collect();
        assert_eq!(kept, [0, 1, 0, 0, 0]);
        // The window ends at its last centre (frame 44), one frame before the action does.
        assert_eq!(truths(&config.data, &video, windows[1], 8)[0].segment, [1.5, 5.0]);
        let (values, mask) = read(&video, windows[1]).expect("features");
        assert_eq!((values[0], values[8], mask), (8.0, 9.0, vec![1.0; 8]));
        // The same numbers as `[channels, time]` are 23 channels.
        config.data.feature_layout = FeatureLayout::ChannelsFirst;
        assert!(super::read(&config.data, &path, 2).expect_err("23 channels").to_string().contains("23 channels"));
    }
}
