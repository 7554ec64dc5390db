//! Writes RGB frames and sound to a video file.

use std::path::{Path, PathBuf};

use ff::codec::threading;
use ff::format::{Pixel, Sample};
use ff::software::scaling;
use ffmpeg_next as ff;

use super::super::VideoError;
use super::raw::MovableScaler;

/// Sound to be written beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioSpec {
    /// Samples a second.
    pub sample_rate: u32,
    /// Channels; only 1 is written.
    pub channels: u32,
}

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterSpec {
    /// Pixels in a row, even.
    pub width: u32,
    /// Rows, even.
    pub height: u32,
    /// Frames a second as a fraction: (25, 1), (30000, 1001).
    pub frame_rate: (u32, u32),
    /// Sound, if any.
    pub audio: Option<AudioSpec>,
    /// Largest number of frames from one key frame to the next.
    pub key_interval: u32,
}

/// A video being written. H.264 where FFmpeg has an encoder for it, else MPEG-4; sound as AAC. One thread and no clock enter the
/// file, so the same input gives the same bytes with the same FFmpeg.
pub struct VideoWriter {
    path: PathBuf,
    output: ff::format::context::Output,
    video: ff::encoder::Video,
    scaler: MovableScaler,
    rgb: ff::frame::Video,
    frames: i64,
    spec: WriterSpec,
    audio: Option<AudioTrack>,
}

/// The sound of a video being written: samples wait here until they fill a frame of the encoder.
struct AudioTrack {
    encoder: ff::encoder::Audio,
    waiting: Vec<f32>,
    written: i64,
    rate: u32,
    stream: usize,
}

impl VideoWriter {
    /// Starts a file; the container is chosen by the extension (mp4, mkv, mov …). An existing file is overwritten.
    ///
    /// # Errors
    /// When the file cannot be created, sides are odd or zero, or no encoder starts.
    pub fn create(path: &Path, spec: &WriterSpec) -> Result<Self, VideoError> {
        super::start();
        check(path, spec)?;
        let address = super::address(path).ok_or_else(|| VideoError::write(path, "its name is not UTF-8"))?;
        let mut output = ff::format::output(&address).map_err(|error| VideoError::write(path, error))?;
        let global_header = output.format().flags().contains(ff::format::Flags::GLOBAL_HEADER);
        let video = open_video(path, spec, global_header)?;
        add_stream(path, &mut output, &video.0.0, frame_time_base(spec))?;
        let audio = match spec.audio {
            None => None,
            Some(audio) => Some(AudioTrack::open(path, audio, global_header, &mut output)?),
        };
        output.write_header().map_err(|error| VideoError::write(path, error))?;
        let (width, height) = (spec.width, spec.height);
        let flags = scaling::Flags::BILINEAR | scaling::Flags::ACCURATE_RND | scaling::Flags::BITEXACT;
        let scaler = scaling::Context::get(Pixel::RGB24, width, height, Pixel::YUV420P, width, height, flags)
            .map(MovableScaler)
            .map_err(|error| VideoError::encoder(path, error))?;
        let rgb = ff::frame::Video::new(Pixel::RGB24, width, height);
        Ok(Self { path: path.to_path_buf(), output, video, scaler, rgb, frames: 0, spec: *spec, audio })
    }

    /// Appends a frame: `[y][x][3]`, `width * height * 3` bytes.
    ///
    /// # Errors
    /// When the length is wrong, or encoding or writing fails.
    pub fn write_rgb(&mut self, rgb: &[u8]) -> Result<(), VideoError> {
        let row_bytes = self.spec.width as usize * 3;
        if rgb.len() != row_bytes * self.spec.height as usize {
            let reason =
                format!("a frame of {} bytes was given for {}x{} RGB", rgb.len(), self.spec.width, self.spec.height);
            return Err(VideoError::encoder(&self.path, reason));
        }
        let stride = self.rgb.stride(0);
        for (to, from) in self.rgb.data_mut(0).chunks_mut(stride).zip(rgb.chunks(row_bytes)) {
            to[..row_bytes].copy_from_slice(from);
        }
        // A fresh frame each time: the encoder may still hold the last one.
        let mut yuv = ff::frame::Video::empty();
        self.scaler.0.run(&self.rgb, &mut yuv).map_err(|error| VideoError::encoder(&self.path, error))?;
        yuv.set_color_range(ff::color::Range::MPEG);
        yuv.set_color_space(ff::color::Space::SMPTE170M);
        yuv.set_pts(Some(self.frames));
        self.frames += 1;
        self.video.send_frame(&yuv).map_err(|error| VideoError::encoder(&self.path, error))?;
        self.drain_video()
    }

    /// Appends mono samples in -1..1. Write sound about as fast as pictures, so that both lie close in the file.
    ///
    /// # Errors
    /// When the file was opened without sound, or encoding or writing fails.
    pub fn write_audio(&mut self, samples: &[f32]) -> Result<(), VideoError> {
        let Some(audio) = &mut self.audio else {
            return Err(VideoError::encoder(&self.path, "sound was given for a video opened without sound"));
        };
        audio.waiting.extend_from_slice(samples);
        audio.encode(&self.path, &mut self.output, false)
    }

    /// Writes what the encoders still hold and closes the file.
    ///
    /// # Errors
    /// When encoding or writing fails.
    pub fn finish(mut self) -> Result<(), VideoError> {
        self.video.send_eof().map_err(|error| VideoError::encoder(&self.path, error))?;
        self.drain_video()?;
        if let Some(audio) = &mut self.audio {
            audio.encode(&self.path, &mut self.output, true)?;
        }
        self.output.write_trailer().map_err(|error| VideoError::write(&self.path, error))
    }

    fn drain_video(&mut self) -> Result<(), VideoError> {
        drain(&self.path, &mut self.video, &mut self.output, 0, frame_time_base(&self.spec), 1)
    }
}

impl AudioTrack {
    fn open(
        path: &Path,
        spec: AudioSpec,
        global_header: bool,
        output: &mut ff::format::context::Output,
    ) -> Result<Self, VideoError> {
        let fail = |error: ff::Error| VideoError::encoder(path, format!("sound: {error}"));
        if spec.channels != 1 {
            return Err(VideoError::encoder(path, "only sound of one channel is written"));
        }
        let codec = ff::encoder::find(ff::codec::Id::AAC)
            .ok_or_else(|| VideoError::encoder(path, "FFmpeg has no AAC encoder; write without sound"))?;
        let mut encoder = ff::codec::Context::new_with_codec(codec).encoder().audio().map_err(fail)?;
        encoder.set_rate(i32::try_from(spec.sample_rate).unwrap_or(i32::MAX));
        encoder.set_format(Sample::F32(ff::format::sample::Type::Planar));
        encoder.set_channel_layout(ff::ChannelLayout::MONO);
        encoder.set_bit_rate(64_000);
        encoder.set_time_base(sample_time_base(spec.sample_rate));
        mark_header(&mut encoder, global_header);
        let encoder = encoder.open_as(codec).map_err(fail)?;
        let stream = add_stream(path, output, &encoder.0.0, sample_time_base(spec.sample_rate))?;
        Ok(Self { encoder, waiting: Vec::new(), written: 0, rate: spec.sample_rate, stream })
    }

    /// Encodes every full frame of waiting samples; with `end` also the rest, and what the encoder holds.
    fn encode(&mut self, path: &Path, output: &mut ff::format::context::Output, end: bool) -> Result<(), VideoError> {
        let fail = |error: ff::Error| VideoError::encoder(path, format!("sound: {error}"));
        let size = (self.encoder.frame_size() as usize).max(1);
        let full = self.waiting.len() / size * size;
        let take = if end { self.waiting.len() } else { full };
        let ready: Vec<f32> = self.waiting.drain(..take).collect();
        for chunk in ready.chunks(size) {
            let mut frame = ff::frame::Audio::new(
                Sample::F32(ff::format::sample::Type::Planar),
                chunk.len(),
                ff::ChannelLayout::MONO,
            );
            frame.set_rate(self.rate);
            frame.plane_mut::<f32>(0)[..chunk.len()].copy_from_slice(chunk);
            frame.set_pts(Some(self.written));
            self.written += chunk.len() as i64;
            self.encoder.send_frame(&frame).map_err(fail)?;
            drain(path, &mut self.encoder, output, self.stream, sample_time_base(self.rate), 0)?;
        }
        if end {
            self.encoder.send_eof().map_err(fail)?;
            drain(path, &mut self.encoder, output, self.stream, sample_time_base(self.rate), 0)?;
        }
        Ok(())
    }
}

/// Refuses what no encoder takes, in words.
fn check(path: &Path, spec: &WriterSpec) -> Result<(), VideoError> {
    let odd = |side: u32| side == 0 || side % 2 == 1;
    if odd(spec.width) || odd(spec.height) {
        let reason = format!("{}x{} was asked for; width and height must be even", spec.width, spec.height);
        return Err(VideoError::encoder(path, reason));
    }
    if spec.frame_rate.0 == 0 || spec.frame_rate.1 == 0 {
        return Err(VideoError::encoder(path, "the frame rate must be above 0"));
    }
    Ok(())
}

/// Opens the best encoder that this FFmpeg has and that starts.
fn open_video(path: &Path, spec: &WriterSpec, global_header: bool) -> Result<ff::encoder::Video, VideoError> {
    // Name, and its private options: about the same quality for each.
    let encoders: [(&str, &[(&str, &str)]); 3] = [
        ("libx264", &[("preset", "veryfast"), ("crf", "23")]),
        ("libopenh264", &[("b", "1500000"), ("allow_skip_frames", "0")]),
        ("mpeg4", &[("b", "2500000")]),
    ];
    let mut last = "FFmpeg has neither an H.264 nor an MPEG-4 encoder; install one with libx264".to_owned();
    for (name, options) in encoders {
        let Some(codec) = ff::encoder::find_by_name(name) else { continue };
        let start = || {
            let mut encoder = ff::codec::Context::new_with_codec(codec).encoder().video()?;
            encoder.set_width(spec.width);
            encoder.set_height(spec.height);
            encoder.set_format(Pixel::YUV420P);
            encoder.set_time_base(frame_time_base(spec));
            encoder.set_frame_rate(Some(frame_time_base(spec).invert()));
            encoder.set_aspect_ratio((1, 1));
            encoder.set_gop(spec.key_interval.max(1));
            encoder.set_colorspace(ff::color::Space::SMPTE170M);
            encoder.set_color_range(ff::color::Range::MPEG);
            // One thread: the bits then do not depend on the machine.
            encoder.set_threading(threading::Config { kind: threading::Type::Frame, count: 1, ..Default::default() });
            mark_header(&mut encoder, global_header);
            let mut private = ff::Dictionary::new();
            options.iter().for_each(|(key, value)| private.set(key, value));
            encoder.open_as_with(codec, private)
        };
        match start() {
            Ok(encoder) => return Ok(encoder),
            Err(error) => last = format!("{name}: {error}; install an FFmpeg with libx264"),
        }
    }
    Err(VideoError::encoder(path, last))
}

/// Containers such as MP4 keep the codec's parameters once, in the header.
fn mark_header(encoder: &mut ff::codec::Context, global_header: bool) {
    if global_header {
        encoder.set_flags(ff::codec::Flags::GLOBAL_HEADER);
    }
}

fn frame_time_base(spec: &WriterSpec) -> ff::Rational {
    let side = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    ff::Rational::new(side(spec.frame_rate.1), side(spec.frame_rate.0))
}

fn sample_time_base(rate: u32) -> ff::Rational {
    ff::Rational::new(1, i32::try_from(rate).unwrap_or(i32::MAX).max(1))
}

/// Adds the stream of an opened encoder and returns its number.
fn add_stream(
    path: &Path,
    output: &mut ff::format::context::Output,
    encoder: &ff::codec::Context,
    time_base: ff::Rational,
) -> Result<usize, VideoError> {
    let mut stream = output.add_stream_with(encoder).map_err(|error| VideoError::write(path, error))?;
    stream.set_time_base(time_base);
    Ok(stream.index())
}

/// Moves every packet that an encoder has ready to the file. `duration` is that of a packet in the encoder's time base, 0 to leave it.
fn drain(
    path: &Path,
    encoder: &mut ff::encoder::Encoder,
    output: &mut ff::format::context::Output,
    stream: usize,
    time_base: ff::Rational,
    duration: i64,
) -> Result<(), VideoError> {
    let stream_base = output.stream(stream).map_or(time_base, |stream| stream.time_base());
    let mut packet = ff::Packet::empty();
    while encoder.receive_packet(&mut packet).is_ok() {
        packet.set_stream(stream);
        if duration > 0 {
            packet.set_duration(duration);
        }
        packet.rescale_ts(time_base, stream_base);
        packet.write_interleaved(output).map_err(|error| VideoError::write(path, error))?;
    }
    Ok(())
}
