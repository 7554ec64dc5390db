//! The blocking decoder: frames by number, in order or by exact seek. Needs no thread to be tested.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::{Filter, Frame, PixelAspect, RgbImage, Rotation, TimeIndex, VideoError};
use super::picture::Converter;
use super::source::Source;
use super::{index, raw, scan};
use crate::domain::{Crop, Footage, MediaTime};

/// Starts further back that are tried before decoding from the beginning.
const TRIES: usize = 3;

/// A video opened for decoding. Frame numbers and times are those of its [`TimeIndex`], by whichever way a frame is reached.
pub struct Decoder {
    source: Source,
    index: Arc<TimeIndex>,
    rotation: Rotation,
    aspect: PixelAspect,
    converter: Converter,
    /// The frame that lies decoded in the source.
    current: Option<usize>,
    /// Whether `current` has not been handed out.
    fresh: bool,
    /// Where the last jump asked to go; none: decoded from the beginning.
    origin: Option<i64>,
    /// Whether the container was caught giving other frames after a jump than the index has.
    lies: bool,
}

impl Decoder {
    /// Opens a file with its exact index, which decodes the whole file once unless that is known.
    ///
    /// # Errors
    /// When the file cannot be opened, holds no video, or no frame of it decodes.
    pub fn open(of: impl Into<Footage>) -> Result<Self, VideoError> {
        let of = of.into();
        let index = index(of.clone())?;
        Self::open_with(of, index)
    }

    /// Opens a file with an index made before, exact or provisional.
    ///
    /// # Errors
    /// When the file cannot be opened or holds no video.
    pub fn open_with(of: impl Into<Footage>, index: Arc<TimeIndex>) -> Result<Self, VideoError> {
        let mut source = Source::open(&of.into(), threads(&index))?;
        let rotation = source.rotation();
        let (input, stream) = source.input();
        let aspect = raw::pixel_aspect(input, stream);
        let converter = Converter::default();
        Ok(Self { source, index, rotation, aspect, converter, current: None, fresh: false, origin: None, lies: false })
    }

    /// The index by which this decoder counts.
    #[must_use]
    pub fn index(&self) -> &Arc<TimeIndex> {
        &self.index
    }

    /// Number of the frame that [`Decoder::next_frame`] gives next.
    #[must_use]
    pub fn next_number(&self) -> usize {
        self.current.map_or(0, |current| current + usize::from(!self.fresh))
    }

    /// The turn that makes pictures stand upright.
    #[must_use]
    pub fn rotation(&self) -> Rotation {
        self.rotation
    }

    /// The next frame in display order, `None` after the last.
    ///
    /// # Errors
    /// When a picture cannot be converted.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, VideoError> {
        if !self.fresh && self.advance().is_none() {
            return Ok(None);
        }
        self.fresh = false;
        match self.current {
            Some(index) => self.decoded(index).map(Some),
            None => Ok(None),
        }
    }

    /// The frame that lies decoded, which is frame `index`.
    fn decoded(&mut self, index: usize) -> Result<Frame, VideoError> {
        let shape = (self.rotation, self.aspect);
        let picture = self.converter.picture(self.source.path(), self.source.frame(), shape)?;
        Ok(Frame { index, time: self.index.time(index).unwrap_or_default(), picture })
    }

    /// Makes frame `frame` the one that [`Decoder::next_frame`] gives next, in either direction.
    ///
    /// # Errors
    /// When there is no such frame, or the file does not give it any more.
    pub fn seek(&mut self, frame: usize) -> Result<(), VideoError> {
        self.seek_by(frame, &mut Straight).map(drop)
    }

    /// [`Decoder::seek`] that asks `way` about each frame that is decoded before the one sought, and gives up when told to: then false, and
    /// the next frame is any. So that a newer wish need not wait for an older one, and what was decoded on the way is not lost.
    ///
    /// # Errors
    /// As [`Decoder::seek`].
    pub fn seek_by(&mut self, frame: usize, way: &mut dyn Way) -> Result<bool, VideoError> {
        if frame >= self.index.len() {
            let path = self.source.path().to_path_buf();
            return Err(VideoError::NoSuchFrame { path, frame, frames: self.index.len() });
        }
        if self.current == Some(frame) {
            self.fresh = true;
            return Ok(true);
        }
        match self.reach(frame, way)? {
            Reached::There => Ok(true),
            Reached::Stopped => Ok(false),
            Reached::Passed => Err(VideoError::FrameLost { path: self.source.path().to_path_buf(), frame }),
        }
    }

    /// Makes the frame shown at `time` the next one.
    ///
    /// # Errors
    /// As [`Decoder::seek`].
    pub fn seek_time(&mut self, time: MediaTime) -> Result<(), VideoError> {
        self.seek(self.index.frame_at(time))
    }

    /// A region of the frame that was sought, or decoded last, as upright RGB of the given size. For clips and thumbnails, without the
    /// detour over planes.
    pub(super) fn current_rgb(
        &mut self,
        crop: Option<Crop>,
        size: (u32, u32),
        filter: Filter,
    ) -> Result<RgbImage, VideoError> {
        let (path, whole) = (self.source.path(), self.source.frame());
        let part = match crop {
            None => None,
            Some(crop) => {
                let stored = crop.turned_back(self.rotation.degrees() / 90);
                let pixels = stored.pixels((whole.width() as usize, whole.height() as usize));
                Some(raw::cropped(whole, pixels).map_err(|error| VideoError::convert(path, error))?)
            }
        };
        self.converter.rgb(path, part.as_ref().unwrap_or(whole), self.rotation, size, filter)
    }

    /// Upright size of the frame that lies decoded, in pixels as stored.
    pub(super) fn current_size(&self) -> (u32, u32) {
        let size = (self.source.frame().width(), self.source.frame().height());
        if self.rotation.swaps_sides() { (size.1, size.0) } else { size }
    }

    /// Width of a pixel of the upright picture over its height.
    pub(super) fn upright_pixel_aspect(&self) -> f64 {
        if self.rotation.swaps_sides() { 1.0 / self.aspect.ratio() } else { self.aspect.ratio() }
    }

    /// The failure of a video without a frame.
    pub(super) fn empty(&self) -> VideoError {
        VideoError::NothingDecodable { path: self.source.path().to_path_buf(), reason: "it has no frame".to_owned() }
    }

    /// Changes to a better index of the same file; decoding goes on from the same time.
    ///
    /// # Errors
    /// When the file cannot be opened again.
    pub(in super::super) fn adopt(&mut self, index: Arc<TimeIndex>) -> Result<(), VideoError> {
        let same = index.times == self.index.times && index.damaged == self.index.damaged;
        let (at, fresh) = (self.current.and_then(|current| self.index.time(current)), self.fresh);
        self.index = index;
        if same {
            return Ok(());
        }
        self.begin_anew()?;
        if let Some(at) = at {
            self.seek_time(at)?;
            self.fresh = fresh;
        }
        Ok(())
    }

    /// Decodes to `frame` by the cheapest way; in a damaged file always by the same, as the codec makes up what is missing from what came
    /// before.
    fn reach(&mut self, frame: usize, way: &mut dyn Way) -> Result<Reached, VideoError> {
        let next = self.current.map_or(0, |current| current + 1);
        let starts: Vec<(usize, i64)> =
            if self.lies { Vec::new() } else { self.index.starts_before(frame).take(TRIES).collect() };
        let nearest = starts.first().filter(|start| start.0 > 0);
        let goes_on = if self.index.damaged {
            self.origin == nearest.map(|start| start.1)
        } else {
            // A jump throws away what the codec holds: it pays only when it skips frames.
            nearest.is_none_or(|start| start.0 <= next + scan::threads())
        };
        if next <= frame && goes_on {
            match self.skip_to(frame, way)? {
                Reached::Passed => {}
                reached => return Ok(reached),
            }
        }
        for &(_, ask) in starts.iter().filter(|start| start.0 > 0) {
            if self.index.damaged {
                // Another codec, which holds nothing of what was decoded before.
                self.begin_anew()?;
            }
            // What follows is known by its time alone, so `current` says nothing until a frame has come.
            self.current = None;
            if self.source.jump(ask).is_err() {
                continue;
            }
            self.origin = Some(ask);
            match self.skip_to(frame, way)? {
                Reached::Passed => {}
                reached => return Ok(reached),
            }
        }
        self.begin_anew()?;
        let reached = self.skip_to(frame, way)?;
        // The frame is there, and no jump led to it. What that says of other frames would depend on which was asked for first.
        self.lies |= !self.index.damaged && matches!(reached, Reached::There) && nearest.is_some();
        Ok(reached)
    }

    fn begin_anew(&mut self) -> Result<(), VideoError> {
        self.source.rewind(threads(&self.index))?;
        (self.current, self.fresh, self.origin) = (None, false, None);
        Ok(())
    }

    /// Decodes forward until `frame`.
    fn skip_to(&mut self, frame: usize, way: &mut dyn Way) -> Result<Reached, VideoError> {
        while let Some(at) = self.advance() {
            match at.cmp(&frame) {
                Ordering::Less => match way.passing(at) {
                    Passing::On => {}
                    Passing::Keep => way.keep(self.decoded(at)?),
                    Passing::Stop => return Ok(Reached::Stopped),
                },
                Ordering::Equal => return Ok(Reached::There),
                Ordering::Greater => return Ok(Reached::Passed),
            }
        }
        Ok(Reached::Passed)
    }

    /// Decodes one frame of the index and returns its number.
    fn advance(&mut self) -> Option<usize> {
        loop {
            let frame = self.source.next()?;
            let at = if self.index.told_by_time() {
                frame.timestamp().and_then(|ticks| self.index.frame_of_ticks(ticks))
            } else {
                Some(self.current.map_or(0, |current| current + 1)).filter(|&at| at < self.index.len())
            };
            // A frame that the index does not have: a provisional one may miss some, and after a jump a few may lead.
            if at.is_some() {
                self.current = at;
                self.fresh = true;
                return at;
            }
        }
    }
}

/// What to do with a frame that is decoded on the way to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Nothing.
    On,
    /// Hand it over.
    Keep,
    /// Go no further.
    Stop,
}

/// Who is asked about the frames on the way of a seek.
pub trait Way {
    /// What to do with this frame.
    fn passing(&mut self, frame: usize) -> Passing;

    /// Takes a frame for which [`Way::passing`] said so.
    fn keep(&mut self, frame: Frame);
}

/// A way on which nothing is kept.
struct Straight;

impl Way for Straight {
    fn passing(&mut self, _: usize) -> Passing {
        Passing::On
    }

    fn keep(&mut self, _: Frame) {}
}

/// How decoding towards a frame ended.
enum Reached {
    /// The frame lies decoded.
    There,
    /// The file went past it, or ended before it.
    Passed,
    /// Whoever asked did not want it any more.
    Stopped,
}

/// A damaged file is decoded on one thread, as when it was indexed.
fn threads(index: &TimeIndex) -> usize {
    if index.damaged { 1 } else { scan::threads() }
}
