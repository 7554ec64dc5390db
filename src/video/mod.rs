//! FFmpeg behind plain types: probe, presentation-time index, decoder, clips, encoder; clock and frame queue.
//!
//! One decoder, one time: player, thumbnails, trainer and inference all count frames and read times from the same [`TimeIndex`].
//! `ffmpeg_next` is named in `ffmpeg/` alone; everything else here is plain values and arithmetic. Knows `domain` only.

mod clock;
mod error;
mod ffmpeg;
mod frame;
mod index;
mod index_file;
mod info;
mod picture;
mod player;
mod queue;
mod resize;
mod ring;
mod store;
mod tone;

pub use clock::PlaybackClock;
pub use error::VideoError;
pub use ffmpeg::{
    AudioSpec, ClipReader, ClipSpec, Decoder, Passing, SoundReader, ThumbnailReader, VideoWriter, Way, WriterSpec,
    index, index_with, probe, provisional_index, thumbnail,
};
pub use frame::{Frame, PixelAspect, RgbImage, Rotation};
pub use index::{RawTime, TimeIndex};
pub use info::{AudioInfo, VideoInfo};
pub use picture::{Channel, Chroma, ColourMatrix, ColourRange, Layout, Picture, Plane, Transfer};
pub use player::{Player, PlayerUpdate, SeekTarget};
pub use queue::FrameQueue;
pub use resize::{Filter, resize_as_opencv};
pub use ring::SoundRing;
pub use store::FrameStore;

#[cfg(test)]
mod tests;
