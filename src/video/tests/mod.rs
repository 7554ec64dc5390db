//! Tests of the whole room on generated and on shared files.

mod generated;
mod mutated;
mod playing;
mod torture;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::{Decoder, Frame};

/// The folder of shared videos, or `None` with a printed reason.
fn shared_videos() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        ["../shared/data/video", "../../shared/data/video"].iter().map(|at| here.join(at)).find(|at| at.is_dir());
    if found.is_none() {
        println!("skipped: there is no ../shared/data/video beside the repository");
    }
    found
}

fn hash(frame: &Frame) -> u64 {
    let mut hasher = DefaultHasher::new();
    (frame.picture.width, frame.picture.height).hash(&mut hasher);
    frame.picture.planes.iter().for_each(|plane| plane.data.hash(&mut hasher));
    hasher.finish()
}

/// Number, time and hash of every frame, decoded in order.
fn sequential(decoder: &mut Decoder) -> Vec<(usize, i64, u64)> {
    let mut all = Vec::new();
    while let Some(frame) = decoder.next_frame().expect("pictures convert") {
        all.push((frame.index, frame.time.0, hash(&frame)));
    }
    all
}
