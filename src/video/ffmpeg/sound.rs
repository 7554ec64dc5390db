//! The sound of a video as samples, from any time of it on, at any speed.

use std::path::{Path, PathBuf};

use ff::format::Sample;
use ff::format::sample::Type as Packing;
use ff::media::Type;
use ff::software::resampling;
use ffmpeg_next as ff;

use super::super::VideoError;
use super::{raw, source};
use crate::domain::MediaTime;

/// Seconds that sound may leave out before silence is put there.
const GAP: f64 = 0.05;

/// Refused packets and frames in a row after which sound counts as ended.
const PATIENCE: usize = 64;

/// The main sound track of a file, opened for reading two channels of a given rate.
pub struct SoundReader {
    path: PathBuf,
    input: ff::format::context::Input,
    stream: usize,
    decoder: ff::decoder::Audio,
    resampler: Option<(resampling::Context, resampling::context::Definition)>,
    /// Samples a second of each channel that are given.
    rate: u32,
    /// Seconds on the file's own clock of the time 0 of its video.
    origin: f64,
    speed: f64,
    /// The time of the video of the next sample to be given, in seconds.
    at: f64,
    ended: bool,
}

impl SoundReader {
    /// Opens the sound of a file; `None` when it has none. `origin` is [`crate::video::TimeIndex::start_time`], so that sound and pictures count
    /// from the same time.
    ///
    /// # Errors
    /// When the file cannot be opened or there is no decoder for its sound.
    pub fn open(path: &Path, rate: u32, origin: f64) -> Result<Option<Self>, VideoError> {
        super::start();
        let mut input = source::open_input(path)?;
        let Some((stream, parameters)) =
            input.streams().best(Type::Audio).map(|stream| (stream.index(), stream.parameters()))
        else {
            return Ok(None);
        };
        raw::read_only(&mut input, stream);
        let context =
            ff::codec::Context::from_parameters(parameters).map_err(|error| VideoError::cannot_open(path, error))?;
        let mut opening = context.decoder();
        if let Some(stream) = input.stream(stream) {
            opening.set_packet_time_base(stream.time_base());
        }
        let decoder = opening.audio().map_err(|error| VideoError::cannot_open(path, error))?;
        let path = path.to_path_buf();
        let (resampler, speed, at, ended) = (None, 1.0, 0.0, false);
        Ok(Some(Self { path, input, stream, decoder, resampler, rate, origin, speed, at, ended }))
    }

    /// Goes to a time of the video; from there on it is heard `speed` times as fast (and as high).
    ///
    /// # Errors
    /// When the file cannot be opened again, which an earlier time may need.
    pub fn seek(&mut self, time: MediaTime, speed: f64) -> Result<(), VideoError> {
        let seconds = time.as_secs().max(0.0);
        let ticks = ((seconds + self.origin) / self.tick()).floor() as i64;
        if raw::seek(&mut self.input, self.stream, ticks).is_err() {
            // Some containers cannot be searched: from the beginning, then.
            if let Some(anew) = Self::open(&self.path, self.rate, self.origin)? {
                *self = anew;
            }
        }
        self.decoder.flush();
        (self.resampler, self.ended) = (None, false);
        (self.speed, self.at) = (speed, seconds);
        Ok(())
    }

    /// Seconds of a tick of the stream.
    fn tick(&self) -> f64 {
        self.input.stream(self.stream).map_or(1e-3, |stream| f64::from(stream.time_base()))
    }

    /// Appends some more samples, left and right in turn; false when there are no more. Where the file has none, there is silence.
    pub fn read(&mut self, out: &mut Vec<f32>) -> bool {
        let mut frame = ff::frame::Audio::empty();
        let mut refused = 0;
        while refused < PATIENCE {
            match self.decoder.receive_frame(&mut frame) {
                Ok(()) => {
                    let before = out.len();
                    if self.place(&mut frame, out).is_err() {
                        refused += 1;
                    } else if out.len() > before {
                        return true;
                    }
                    continue;
                }
                Err(ff::Error::Eof) => return false,
                Err(ff::Error::Other { errno }) if errno == ff::error::EAGAIN => {}
                Err(_) => {
                    refused += 1;
                    continue;
                }
            }
            let sent = match self.next_packet() {
                Some(packet) => self.decoder.send_packet(&packet),
                None => self.decoder.send_eof(),
            };
            refused += usize::from(sent.is_err());
        }
        false
    }

    fn next_packet(&mut self) -> Option<ff::Packet> {
        let mut unreadable = 0;
        while !self.ended && unreadable < PATIENCE {
            let mut packet = ff::Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.stream => return Some(packet),
                Ok(()) => {}
                Err(ff::Error::Eof) => self.ended = true,
                Err(_) => unreadable += 1,
            }
        }
        self.ended = true;
        None
    }

    /// Appends what of a decoded frame lies at or after the time that is next, with silence before it where there is a gap.
    fn place(&mut self, frame: &mut ff::frame::Audio, out: &mut Vec<f32>) -> Result<(), ff::Error> {
        let (rate, samples) = (frame.rate().max(1), frame.samples());
        let begins = frame.timestamp().map_or(self.at, |ticks| ticks as f64 * self.tick() - self.origin);
        let ends = begins + samples as f64 / f64::from(rate);
        if ends <= self.at {
            return Ok(());
        }
        let heard = f64::from(self.rate) / self.speed;
        if begins > self.at + GAP {
            let silent = ((begins - self.at) * heard).min(heard * 10.0) as usize;
            out.resize(out.len() + 2 * silent, 0.0);
        }
        let resampled = self.resample(frame)?;
        // Only the first frame after a seek begins before the time asked for.
        let late = ((self.at - begins) * heard).round().max(0.0) as usize;
        let late = if self.at - begins > GAP / 10.0 { late } else { 0 };
        out.extend(resampled.iter().skip(2 * late).copied());
        self.at = ends;
        Ok(())
    }

    /// A decoded frame as pairs of samples at the wanted rate.
    fn resample(&mut self, frame: &mut ff::frame::Audio) -> Result<Vec<f32>, ff::Error> {
        use resampling::context::Definition;
        if frame.channel_layout().is_empty() {
            frame.set_channel_layout(ff::ChannelLayout::default(i32::from(frame.channels())));
        }
        // To play faster is to take the samples for those of a higher rate.
        let taken_for = ((f64::from(frame.rate()) * self.speed).round() as u32).max(1);
        frame.set_rate(taken_for);
        let from = Definition { format: frame.format(), channel_layout: frame.channel_layout(), rate: taken_for };
        let stereo = ff::ChannelLayout::STEREO;
        let packed = Sample::F32(Packing::Packed);
        if self.resampler.as_ref().is_none_or(|(_, made_for)| *made_for != from) {
            let made =
                resampling::Context::get(from.format, from.channel_layout, from.rate, packed, stereo, self.rate)?;
            self.resampler = Some((made, from));
        }
        let Some((resampler, _)) = &mut self.resampler else { return Ok(Vec::new()) };
        let room = frame.samples() as u64 * u64::from(self.rate) / u64::from(taken_for) + 256;
        let mut resampled = ff::frame::Audio::new(packed, room as usize, stereo);
        resampler.run(frame, &mut resampled)?;
        let bytes = 8 * resampled.samples();
        let samples = resampled.data(0).get(..bytes).unwrap_or_default().as_chunks::<4>().0;
        Ok(samples.iter().map(|sample| f32::from_ne_bytes(*sample)).collect())
    }
}
