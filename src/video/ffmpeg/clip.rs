//! Reads the frames that training needs: small, upright RGB, each frame decoded once.

use std::sync::Arc;

use super::super::{Filter, TimeIndex, VideoError};
use super::Decoder;
use crate::domain::{Crop, Footage};

/// Size of the frames that a [`ClipReader`] gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipSpec {
    /// Pixels in a row of the upright, resized frame.
    pub resize_width: u32,
    /// Rows of the upright, resized frame.
    pub resize_height: u32,
    /// How it comes to that size.
    pub filter: Filter,
    /// The region of the upright frame that is taken; none: all of it.
    pub crop: Option<Crop>,
}

/// A video opened for reading many frames at a time.
pub struct ClipReader {
    decoder: Decoder,
    spec: ClipSpec,
}

impl ClipReader {
    /// Opens a file with its exact index, which decodes the whole file once unless that is known.
    ///
    /// # Errors
    /// When the file cannot be opened, holds no video, or no frame of it decodes; when a side of `spec` is zero.
    pub fn open(of: impl Into<Footage>, spec: ClipSpec) -> Result<Self, VideoError> {
        let of = of.into();
        let index = super::index(of.clone())?;
        Self::open_with(of, index, spec)
    }

    /// Opens a file with an index made before.
    ///
    /// # Errors
    /// When the file cannot be opened or holds no video; when a side of `spec` is zero.
    pub fn open_with(of: impl Into<Footage>, index: Arc<TimeIndex>, spec: ClipSpec) -> Result<Self, VideoError> {
        let of = of.into();
        if spec.resize_width == 0 || spec.resize_height == 0 {
            return Err(VideoError::convert(&of.path, "frames of no size were asked for"));
        }
        Ok(Self { decoder: Decoder::open_with(of, index)?, spec })
    }

    /// The index by which frames are counted.
    #[must_use]
    pub fn index(&self) -> &TimeIndex {
        self.decoder.index()
    }

    /// The frames of the given numbers, in the given order, repeats allowed: `[frame][y][x][3]`, RGB bytes. Each distinct frame is
    /// decoded once, in display order. A number past the end, or a frame that is lost, repeats the nearest frame that was read.
    ///
    /// # Errors
    /// When none of the frames can be decoded, or a picture cannot be converted.
    pub fn read(&mut self, frames: &[usize]) -> Result<Vec<u8>, VideoError> {
        let last = self.index().len().saturating_sub(1);
        let mut wanted: Vec<usize> = frames.iter().map(|&frame| frame.min(last)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let size = (self.spec.resize_width, self.spec.resize_height);
        let mut read: Vec<(usize, Vec<u8>)> = Vec::with_capacity(wanted.len());
        let mut lost = None;
        for frame in wanted {
            match self.decoder.seek(frame) {
                Ok(()) => read.push((frame, self.decoder.current_rgb(self.spec.crop, size, self.spec.filter)?.data)),
                Err(error) => lost = Some(error),
            }
        }
        let mut out = Vec::with_capacity(frames.len() * size.0 as usize * size.1 as usize * 3);
        for &frame in frames {
            match nearest(&read, frame.min(last)) {
                Some(pixels) => out.extend_from_slice(pixels),
                None => return Err(lost.unwrap_or_else(|| self.decoder.empty())),
            }
        }
        Ok(out)
    }
}

/// The read frame nearest to `frame`, the earlier of two.
fn nearest(read: &[(usize, Vec<u8>)], frame: usize) -> Option<&[u8]> {
    let after = read.partition_point(|(at, _)| *at < frame);
    let (before, at) = (after.checked_sub(1).and_then(|at| read.get(at)), read.get(after));
    let chosen = match (before, at) {
        (Some(before), Some(at)) if frame - before.0 <= at.0 - frame => before,
        (_, Some(at)) => at,
        (before, None) => before?,
    };
    Some(&chosen.1)
}
