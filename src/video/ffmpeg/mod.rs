//! The only place that names `ffmpeg_next`.

mod clip;
mod decoder;
mod picture;
mod probe;
mod raw;
mod scan;
mod sound;
mod source;
mod thumbnail;
mod writer;

use std::path::Path;
use std::sync::Once;

pub use clip::{ClipReader, ClipSpec};
pub use decoder::{Decoder, Passing, Way};
pub use probe::probe;
pub use scan::{index, index_with, provisional_index};
pub use sound::SoundReader;
pub use thumbnail::{ThumbnailReader, thumbnail};
pub use writer::{AudioSpec, VideoWriter, WriterSpec};

/// Starts FFmpeg once and keeps it from writing to standard error: what it complains of reaches a person as a warning of the index.
fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        // Registers nothing since FFmpeg 4; it cannot fail in a way that later calls would not report.
        let _ = ffmpeg_next::init();
        ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Quiet);
    });
}

/// The address by which FFmpeg opens a local file, whatever colons its name holds; `None` for names that are not UTF-8.
fn address(path: &Path) -> Option<String> {
    path.to_str().filter(|name| !name.contains('\0')).map(|name| format!("file:{name}"))
}
