//! Files with flipped bytes or cut short: whatever FFmpeg makes of them, nothing crashes or hangs, and counting stays consistent.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::domain::{Draw, Purpose};
use crate::video::{ClipReader, ClipSpec, Decoder, Filter, VideoWriter, WriterSpec};

use super::{generated, sequential};

/// Changes a file by the draw: one in four is cut, the others have up to 20 bytes replaced.
fn mutate(bytes: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if draw.below(4) == 0 {
        bytes.truncate(draw.below(bytes.len()));
    } else {
        for _ in 0..=draw.below(20) {
            let at = draw.below(bytes.len());
            bytes[at] = draw.below(256) as u8;
        }
    }
    bytes
}

/// Decodes a file in order and by seeks; true when it has frames.
fn survives(path: &Path) -> bool {
    let Ok(mut decoder) = Decoder::open(path) else { return false };
    let all = sequential(&mut decoder);
    assert!(!all.is_empty() && all.len() <= decoder.index().len());
    assert!(all.windows(2).all(|pair| pair[0].1 < pair[1].1));
    for frame in [all.len() / 2, 0, all.len() - 1] {
        // Damage may make a frame unreachable; it must not give another one in its place.
        if decoder.seek(frame).is_ok() {
            assert_eq!(decoder.next_frame().expect("converts").map(|got| got.index), Some(frame));
        }
    }
    true
}

#[test]
fn damaged_files_neither_crash_nor_hang() {
    let turns = std::env::var("ETAD_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(1000);
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.mov"];
    let originals = names.map(|name| {
        generated::write_numbered(&folder.path().join(name), 14, true);
        std::fs::read(folder.path().join(name)).expect("the file is there")
    });
    let (mut readable, mut slowest) = (0, Duration::ZERO);
    for turn in 0..turns {
        let mut draw = Draw::new(5, Purpose::Sample, &[turn]);
        let kind = draw.below(names.len());
        let path = folder.path().join(format!("{turn}_{}", names[kind]));
        std::fs::write(&path, mutate(&originals[kind], &mut draw)).expect("written");
        let started = Instant::now();
        readable += u32::from(survives(&path));
        slowest = slowest.max(started.elapsed());
        std::fs::remove_file(&path).expect("removed");
    }
    println!("{readable} of {turns} damaged files still gave frames; the slowest took {slowest:?}");
    assert!(u64::from(readable) > turns / 4 && slowest < Duration::from_secs(20), "{readable} {slowest:?}");
}

/// Frames on which everything moves, so that what the codec makes up differs from the truth.
fn write_moving(path: &Path, frames: usize) {
    let (width, height) = (64u32, 48u32);
    let spec = WriterSpec { width, height, frame_rate: (25, 1), audio: None, key_interval: 12 };
    let mut writer = VideoWriter::create(path, &spec).expect("a writer starts");
    for frame in 0..frames as u32 {
        let pixel = |at: u32| ((at % width * 7 + at / width * 5 + frame * 11) % 256) as u8;
        let bytes: Vec<u8> = (0..width * height).flat_map(|at| [pixel(at), pixel(at + 900), frame as u8]).collect();
        writer.write_rgb(&bytes).expect("a frame is written");
    }
    writer.finish().expect("the file closes");
}

/// What a training reads of a damaged file is the same whatever it read before, so that neither the number of threads nor a kill changes it.
#[test]
fn a_frame_of_a_damaged_file_is_the_same_whatever_was_read_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.mkv");
    write_moving(&whole, 70);
    let original = std::fs::read(&whole).expect("the file is there");
    let spec = ClipSpec { resize_width: 32, resize_height: 24, filter: Filter::Smooth, crop: None };
    let size = 32 * 24 * 3;
    let mut damaged = 0;
    for turn in 0..40 {
        let mut draw = Draw::new(6, Purpose::Sample, &[turn]);
        let mut bytes = original.clone();
        for _ in 0..6 {
            let at = bytes.len() / 10 + draw.below(bytes.len() * 8 / 10);
            bytes[at] = draw.below(256) as u8;
        }
        let path = folder.path().join(format!("{turn}.mkv"));
        std::fs::write(&path, bytes).expect("written");
        let Ok(mut all) = ClipReader::open(&path, spec) else { continue };
        if !all.index().damaged {
            continue;
        }
        damaged += 1;
        let frames = all.index().len();
        let together = all.read(&(0..frames).collect::<Vec<_>>()).expect("frames");
        let mut order: Vec<usize> = (0..frames).collect();
        draw.shuffle(&mut order);
        let mut one_by_one = ClipReader::open(&path, spec).expect("opens again");
        for &frame in &order {
            let alone = one_by_one.read(&[frame]).expect("a frame");
            assert!(alone == together[frame * size..][..size], "frame {frame} of file {turn} depends on the way to it");
        }
    }
    println!("{damaged} of 40 files were damaged and gave frames");
    assert!(damaged > 10, "{damaged}");
}
