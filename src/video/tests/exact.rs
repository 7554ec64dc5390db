//! Every frame by number and by time, in random order, is the frame of the plain sequential decode.

use std::path::Path;
use std::time::Instant;

use crate::domain::{Draw, MediaTime, Purpose};
use crate::video::{Decoder, VideoError};

use super::{generated, hash, sequential, shared_files};

/// Compares `count` random seeks with the sequential decode; fewer, but some, where each takes long.
fn check(path: &Path, count: usize) {
    let mut decoder = match Decoder::open(path) {
        Ok(decoder) => decoder,
        Err(VideoError::NothingDecodable { .. } | VideoError::NoVideoStream { .. } | VideoError::CannotOpen { .. }) => {
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let all = sequential(&mut decoder);
    let expected: Vec<(usize, i64)> = decoder.index().times.iter().map(|time| time.0).enumerate().collect();
    let got: Vec<(usize, i64)> = all.iter().map(|&(index, time, _)| (index, time)).collect();
    assert_eq!(got, expected, "{}", path.display());
    // Where a file is damaged, FFmpeg fills what is missing with what its buffers held before, which depends on the way there.
    let whole = !decoder.index().damaged;
    if !whole {
        println!("pictures of {} are not compared: it is damaged", path.display());
    }
    let started = Instant::now();
    let mut draw = Draw::new(1, Purpose::Shuffle, &[]);
    for turn in 0..count {
        if turn >= 3 && started.elapsed().as_secs_f64() > 0.2 {
            break;
        }
        let (index, time, wanted) = all[draw.below(all.len())];
        if turn % 2 == 0 {
            decoder.seek(index).expect("a frame of the index");
        } else {
            decoder.seek_time(MediaTime(time)).expect("a frame of the index");
        }
        for (index, time, wanted) in [Some(&(index, time, wanted)), all.get(index + 1)].into_iter().flatten() {
            let frame = decoder.next_frame().expect("converts").expect("is there");
            assert_eq!((frame.index, frame.time.0), (*index, *time), "{}", path.display());
            assert!(!whole || hash(&frame) == *wanted, "frame {index} of {}", path.display());
        }
    }
}

#[test]
fn generated_files() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, frames) in [("long.mp4", 70), ("long.mkv", 70), ("one.mp4", 1), ("stream.ts", 40), ("old.avi", 30)] {
        let path = folder.path().join(name);
        generated::write_numbered(&path, frames, false);
        check(&path, 60);
    }
}

#[test]
fn shared_odd_files() {
    for path in shared_files(&["torture", "torture_derived"]) {
        check(&path, 40);
    }
}

#[test]
fn shared_whole_videos() {
    for path in shared_files(&["untrimmed"]) {
        check(&path, 40);
    }
}
