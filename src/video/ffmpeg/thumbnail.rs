//! Small upright pictures of a video.

use super::super::{Filter, Frame, RgbImage, TimeIndex, VideoError};
use super::decoder::{Decoder, Passing, Way};
use super::provisional_index;
use crate::domain::{Footage, MediaTime};

/// Frames that are decoded at most to come to the right one; where key frames are rarer, a small picture shows the key frame.
const REACH: usize = 48;

/// A video opened for small pictures. Frames are counted by packets where the exact index is not known, so that nothing waits for a whole
/// video to be decoded.
pub struct ThumbnailReader {
    decoder: Decoder,
    max_width: u32,
}

impl ThumbnailReader {
    /// Opens a file; pictures will be at most `max_width` wide, of the shape in which they are meant to be seen.
    ///
    /// # Errors
    /// When the file cannot be opened or holds no video.
    pub fn open(of: impl Into<Footage>, max_width: u32) -> Result<Self, VideoError> {
        let of = of.into();
        let index = provisional_index(of.clone())?;
        let decoder = Decoder::open_with(of, index)?;
        Ok(Self { decoder, max_width: max_width.max(1) })
    }

    /// The index by which frames are counted.
    #[must_use]
    pub fn index(&self) -> &TimeIndex {
        self.decoder.index()
    }

    /// The frame shown at `at`.
    ///
    /// # Errors
    /// When the frame does not decode.
    pub fn exactly(&mut self, at: MediaTime) -> Result<RgbImage, VideoError> {
        self.decoder.seek_time(at)?;
        self.shrunk()
    }

    /// The frame shown at `at`, or the key frame before it where that spares much, with its time. Gives up with an error when `go_on` says so.
    ///
    /// # Errors
    /// When the frame does not decode.
    pub fn near(&mut self, at: MediaTime, go_on: &dyn Fn() -> bool) -> Result<(MediaTime, RgbImage), VideoError> {
        let index = self.decoder.index();
        let frame = index.frame_at(at);
        let start = index.start_at_or_before(frame).filter(|start| frame - start > REACH);
        let frame = start.unwrap_or(frame);
        let time = index.time(frame).unwrap_or_default();
        if !self.decoder.seek_by(frame, &mut While(go_on))? {
            return Err(self.decoder.empty());
        }
        Ok((time, self.shrunk()?))
    }

    fn shrunk(&mut self) -> Result<RgbImage, VideoError> {
        let (width, height) = self.decoder.current_size();
        let small = width.min(self.max_width);
        let shown_width = f64::from(width.max(1)) * self.decoder.upright_pixel_aspect();
        // A cast from float to integer saturates; a shape no display has must not cost memory.
        let high = (f64::from(height) * f64::from(small) / shown_width).ceil() as u32;
        self.decoder.current_rgb(None, (small, high.clamp(1, 8 * self.max_width)), Filter::Smooth)
    }
}

/// A small upright picture of the frame shown at `at`.
///
/// # Errors
/// When the file cannot be opened, or the frame does not decode.
pub fn thumbnail(of: impl Into<Footage>, at: MediaTime, max_width: u32) -> Result<RgbImage, VideoError> {
    ThumbnailReader::open(of, max_width)?.exactly(at)
}

/// A way on which nothing is kept, and which somebody may leave.
struct While<'a>(&'a dyn Fn() -> bool);

impl Way for While<'_> {
    fn passing(&mut self, _: usize) -> Passing {
        if (self.0)() { Passing::On } else { Passing::Stop }
    }

    fn keep(&mut self, _: Frame) {}
}
