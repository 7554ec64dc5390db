//! One file, one stream, one codec: gives decoded frames in display order. Knows nothing of frame numbers.

use std::path::Path;

use ff::codec::{packet, threading};
use ff::media::Type;
use ffmpeg_next as ff;

use super::super::index::KeyPacket;
use super::super::{RawTime, Rotation, VideoError};
use super::raw;
use crate::domain::{Footage, StreamInfo};

/// A run of unreadable packets, or of refused reads, after which the file counts as ended.
const PATIENCE: usize = 64;

/// What the packets said on the way.
#[derive(Default)]
pub(super) struct PacketLog {
    /// Key packets that are shown.
    pub(super) keys: Vec<KeyPacket>,
    /// Time and duration of every packet that is shown.
    pub(super) shown: Vec<RawTime>,
    /// Whether any packet says that it is encrypted.
    pub(super) encrypted: bool,
}

/// A file being decoded.
pub(super) struct Source {
    footage: Footage,
    input: ff::format::context::Input,
    stream: usize,
    decoder: ff::decoder::Video,
    frame: ff::frame::Video,
    /// Where the codec writes: it empties this even when it has nothing to give, and the last frame must survive that.
    incoming: ff::frame::Video,
    packet: ff::Packet,
    ended: bool,
    /// After a jump: nothing is decoded before the first key packet, and nothing shown before its time.
    waits_for_key: bool,
    floor: Option<i64>,
    /// Damaged packets and frames met so far.
    pub(super) errors: usize,
    /// Filled while it is there.
    pub(super) log: Option<PacketLog>,
}

impl Source {
    /// Opens a video stream of a file; `threads` is how many the codec may use.
    pub(super) fn open(footage: &Footage, threads: usize) -> Result<Self, VideoError> {
        super::start();
        let path = &footage.path;
        let mut input = open_input(path)?;
        let stream = chosen(&input, footage)?;
        let parameters = input.stream(stream).map(|stream| stream.parameters());
        let parameters = parameters.ok_or_else(|| VideoError::NoVideoStream { path: path.clone() })?;
        raw::read_only(&mut input, stream);
        let undecodable = |reason: String| VideoError::NothingDecodable { path: path.clone(), reason };
        let name = parameters.id().name();
        let mut context = ff::codec::Context::from_parameters(parameters).map_err(|e| undecodable(e.to_string()))?;
        context.set_threading(threading::Config { kind: threading::Type::Frame, count: threads, ..Default::default() });
        let mut opening = context.decoder();
        if let Some(stream) = input.stream(stream) {
            opening.set_packet_time_base(stream.time_base());
        }
        let decoder = opening.video().map_err(|error| undecodable(format!("codec {name}: {error}")))?;
        Ok(Self {
            footage: footage.clone(),
            input,
            stream,
            decoder,
            frame: ff::frame::Video::empty(),
            incoming: ff::frame::Video::empty(),
            packet: ff::Packet::empty(),
            ended: false,
            waits_for_key: false,
            floor: None,
            errors: 0,
            log: None,
        })
    }

    /// Spares what does not change which frames come out; only for counting them.
    pub(super) fn skip_loop_filter(&mut self) {
        self.decoder.skip_loop_filter(ff::codec::discard::Discard::All);
    }

    /// Decodes the next frame; `None` at the end. Damage is counted and passed over.
    pub(super) fn next(&mut self) -> Option<&ff::frame::Video> {
        let mut refused = 0;
        loop {
            match self.decoder.receive_frame(&mut self.incoming) {
                Ok(()) if self.is_before_floor() => continue,
                Ok(()) => {
                    std::mem::swap(&mut self.frame, &mut self.incoming);
                    // The codec made up what was missing and says so only here.
                    self.errors += usize::from(self.frame.has_decode_errors());
                    return Some(&self.frame);
                }
                Err(ff::Error::Eof) => return None,
                Err(ff::Error::Other { errno }) if errno == ff::error::EAGAIN && !self.ended => refused = 0,
                Err(_) => {
                    self.errors += 1;
                    refused += 1;
                    if refused > PATIENCE {
                        return None;
                    }
                    continue;
                }
            }
            let sent =
                if self.read_packet() { self.decoder.send_packet(&self.packet) } else { self.decoder.send_eof() };
            if sent.is_err() {
                self.errors += 1;
            }
        }
    }

    /// The frame that [`Source::next`] gave last.
    pub(super) fn frame(&self) -> &ff::frame::Video {
        &self.frame
    }

    /// Reads all packets without decoding them.
    pub(super) fn read_to_end(&mut self) {
        while self.read_packet() {}
    }

    /// Goes to a key frame at or before `ticks`; the frames that follow are checked by whoever asked.
    pub(super) fn jump(&mut self, ticks: i64) -> Result<(), ff::Error> {
        raw::seek(&mut self.input, self.stream, ticks)?;
        self.decoder.flush();
        self.ended = false;
        self.waits_for_key = true;
        self.floor = None;
        Ok(())
    }

    /// Begins anew. The file is opened again: a seek to its start is what some containers lie about.
    pub(super) fn rewind(&mut self, threads: usize) -> Result<(), VideoError> {
        *self = Self::open(&self.footage, threads)?;
        Ok(())
    }

    fn is_before_floor(&self) -> bool {
        // Pictures that lead a key frame in display refer to frames before it, which were not decoded.
        matches!((self.floor, self.incoming.timestamp()), (Some(floor), Some(ticks)) if ticks < floor)
    }

    /// Reads the next packet of the stream into `self.packet`; false at the end.
    fn read_packet(&mut self) -> bool {
        let mut unreadable = 0;
        while !self.ended {
            // Reading into a packet that still holds data would leak it.
            self.packet = ff::Packet::empty();
            match self.packet.read(&mut self.input) {
                Ok(()) if self.packet.stream() != self.stream => continue,
                Ok(()) => {
                    if self.waits_for_key {
                        if !self.packet.is_key() {
                            continue;
                        }
                        self.waits_for_key = false;
                        self.floor = self.packet.pts();
                    }
                    self.write_log();
                    return true;
                }
                Err(ff::Error::Eof) => self.ended = true,
                Err(_) => {
                    self.errors += 1;
                    unreadable += 1;
                    self.ended = unreadable > PATIENCE;
                }
            }
        }
        false
    }

    fn write_log(&mut self) {
        let Some(log) = &mut self.log else { return };
        log.encrypted |= self.packet.side_data().any(|data| data.kind() == packet::side_data::Type::EncryptionInfo);
        if raw::is_hidden(&self.packet) {
            return;
        }
        let ticks = self.packet.pts();
        log.shown.push(RawTime { ticks, duration: self.packet.duration() });
        if self.packet.is_key() {
            // Formats without an index are searched by decoding time; asked by presentation time they would land behind the packet.
            let searched = matches!(self.input.format().name(), "mpegts" | "mpeg");
            let decoded = self.packet.dts().filter(|_| searched);
            log.keys.extend(ticks.map(|shown| KeyPacket { shown, ask: decoded.unwrap_or(shown) }));
        }
    }

    /// Ticks of the stream as a fraction of a second.
    pub(super) fn time_base(&self) -> (i32, i32) {
        let base = self.input.stream(self.stream).map_or(ff::Rational(1, 1000), |stream| stream.time_base());
        (base.numerator(), base.denominator())
    }

    /// Nanoseconds a frame usually lasts, by what the header says; 40 ms where it says nothing.
    pub(super) fn usual_duration(&self) -> i64 {
        let rates = self.input.stream(self.stream).map(|stream| [stream.avg_frame_rate(), stream.rate()]);
        let rate = rates.into_iter().flatten().find(|rate| rate.numerator() > 0 && rate.denominator() > 0);
        rate.map_or(40_000_000, |rate| i64::from(rate.denominator()) * 1_000_000_000 / i64::from(rate.numerator()))
    }

    /// Seconds that the header promises, if it does.
    pub(super) fn promised_duration(&self) -> Option<f64> {
        let stream = self.input.stream(self.stream)?;
        let (num, den) = self.time_base();
        if stream.duration() > 0 {
            return Some(stream.duration() as f64 * f64::from(num) / f64::from(den.max(1)));
        }
        (self.input.duration() > 0).then(|| self.input.duration() as f64 / 1e6)
    }

    /// Whether the container says how to get at a key.
    pub(super) fn is_locked(&self) -> bool {
        let locks = |stream: ff::Stream| {
            stream.side_data().any(|data| data.kind() == packet::side_data::Type::EncryptionInitInfo)
        };
        self.input.stream(self.stream).is_some_and(locks)
    }

    /// The file's video streams, and which of them this is.
    pub(super) fn video_streams(&self) -> (Vec<StreamInfo>, usize) {
        let streams = pictures(&self.input);
        let number = streams.iter().position(|stream| stream.index() == self.stream).unwrap_or(0);
        let info = |stream: &ff::Stream| {
            let parameters = stream.parameters();
            let (width, height) = raw::stored_size(&parameters);
            let title = stream.metadata().get("title").unwrap_or_default().to_owned();
            StreamInfo { codec: parameters.id().name().to_owned(), width, height, title }
        };
        (streams.iter().map(info).collect(), number)
    }

    /// The turn that the container asks for.
    pub(super) fn rotation(&self) -> Rotation {
        let Some(stream) = self.input.stream(self.stream) else { return Rotation::None };
        let matrix = stream.side_data().find(|data| data.kind() == packet::side_data::Type::DisplayMatrix);
        let Some(matrix) = matrix else { return Rotation::None };
        // Rows [a b u; c d v; x y w] in native 32-bit integers: a point (p, q) goes to (a p + c q, b p + d q), with q downward.
        let entry = |at: usize| {
            let bytes = matrix.data().get(4 * at..4 * at + 4).and_then(|bytes| bytes.try_into().ok());
            f64::from(bytes.map_or(0, i32::from_ne_bytes))
        };
        Rotation::from_degrees(entry(1).atan2(entry(0)).to_degrees())
    }

    /// The file, for questions that touch no frame.
    pub(super) fn input(&mut self) -> (&mut ff::format::context::Input, usize) {
        (&mut self.input, self.stream)
    }

    /// The file's path.
    pub(super) fn path(&self) -> &Path {
        &self.footage.path
    }
}

/// The video streams of a file in its order, without covers.
fn pictures(input: &ff::format::context::Input) -> Vec<ff::Stream<'_>> {
    let cover = ff::format::stream::Disposition::ATTACHED_PIC;
    let is_video =
        |stream: &ff::Stream| stream.parameters().medium() == Type::Video && !stream.disposition().contains(cover);
    input.streams().filter(is_video).collect()
}

/// The container's number of the stream that is meant.
fn chosen(input: &ff::format::context::Input, footage: &Footage) -> Result<usize, VideoError> {
    let streams = pictures(input);
    let path = || footage.path.clone();
    let first = streams.first().ok_or_else(|| VideoError::NoVideoStream { path: path() })?;
    let Some(number) = footage.stream else {
        // FFmpeg's choice: what the file marks as usual, the largest, the one with most frames. It may choose a cover.
        let best = input.streams().best(Type::Video).map(|stream| stream.index());
        return Ok(best.filter(|best| streams.iter().any(|stream| stream.index() == *best)).unwrap_or(first.index()));
    };
    let stream = streams.get(number).map(ff::Stream::index);
    stream.ok_or_else(|| VideoError::NoSuchStream { path: path(), stream: number, streams: streams.len() })
}

/// Opens a container, telling a missing file from one that is no video.
pub(super) fn open_input(path: &Path) -> Result<ff::format::context::Input, VideoError> {
    let meta = std::fs::metadata(path).map_err(|error| VideoError::cannot_open(path, error))?;
    if !meta.is_file() {
        return Err(VideoError::cannot_open(path, "it is not a file"));
    }
    if meta.len() == 0 {
        return Err(VideoError::cannot_open(path, "it is empty"));
    }
    let address = super::address(path).ok_or_else(|| VideoError::cannot_open(path, "its name is not UTF-8"))?;
    // A playlist or concat script must not make us open what it names.
    let mut options = ff::Dictionary::new();
    options.set("protocol_whitelist", "file");
    ff::format::input_with_dictionary(&address, options).map_err(|error| VideoError::cannot_open(path, error))
}
