//! Files with flipped bytes or cut short: whatever FFmpeg makes of them, nothing crashes or hangs, and counting stays consistent.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::domain::{Draw, Purpose};
use crate::video::Decoder;

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
