//! The odd and broken files: as many frames as `ffmpeg` decodes, or one sentence.

use std::path::Path;

use crate::video::{VideoError, probe};

use super::shared_videos;

/// Frames that `ffmpeg` decodes, by the table of `shared/data/INDEX.md`; 0 where nothing does.
fn table(root: &Path) -> Vec<(String, usize)> {
    let index = std::fs::read_to_string(root.join("../INDEX.md")).expect("the table of the data");
    let row = |line: &str| {
        let name = line.strip_prefix("| video/torture")?.split(' ').next()?;
        let frames = line.split_once("ffmpeg decodes ")?.1.split(' ').next()?.parse().ok()?;
        Some((format!("torture{name}"), frames))
    };
    index.lines().filter_map(row).collect()
}

#[test]
fn every_file_has_the_frames_that_ffmpeg_decodes_or_one_sentence() {
    let Some(root) = shared_videos() else { return };
    let table = table(&root);
    assert!(table.len() > 50, "{}", table.len());
    for (name, frames) in table {
        match probe(root.join(&name)) {
            Ok(info) => {
                assert_eq!(info.frames, frames, "{name}");
                assert_eq!(info.presentation_times.len(), frames, "{name}");
                assert!(info.presentation_times.windows(2).all(|pair| pair[0] < pair[1]), "{name}");
            }
            Err(error) => {
                assert_eq!(frames, 0, "{name}: {error}");
                let file = Path::new(&name).file_name().and_then(|name| name.to_str()).expect("a name");
                let sentence = error.to_string();
                assert!(sentence.contains(file) && !sentence.contains('\n'), "{sentence}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let Some(root) = shared_videos() else { return };
    let says = |name: &str, words: &str| {
        let info = probe(root.join(name)).expect("decodes in part");
        assert!(info.warnings.iter().any(|warning| warning.contains(words)), "{name}: {:?}", info.warnings);
    };
    says("torture/mb_annex-b.mp4", "ends after 0.5 of 35.2 s");
    says("torture/decord_corrupted.mp4", "damaged in 2 places");
    let several = probe(root.join("torture_derived/two_video_streams.mkv")).expect("decodes");
    assert_eq!((several.streams.len(), several.warnings), (2, Vec::new()), "that is not wrong, and is said by itself");
    says("torture_derived/truncated_60pct.webm", "ends after 3.0 of 5.0 s");
    says("torture/mp4p_av1-clearkey-cbcs-video.mp4", "encrypted");
    let refused = |name: &str| probe(root.join(name)).expect_err("is no video");
    assert!(matches!(refused("torture_derived/audio_only.m4a"), VideoError::NoVideoStream { .. }));
    assert!(matches!(refused("torture_derived/text_renamed.mp4"), VideoError::CannotOpen { .. }));
}
