//! What a video is.

use ff::media::Type;
use ffmpeg_next as ff;

use super::super::{AudioInfo, VideoError, VideoInfo};
use super::raw;
use super::source::Source;
use crate::domain::Footage;

/// Tells what a video is, exactly: the whole file is decoded once to count its frames, unless its index is known already.
///
/// # Errors
/// When the file cannot be opened, holds no video, or no frame of it decodes.
pub fn probe(of: impl Into<Footage>) -> Result<VideoInfo, VideoError> {
    let of = of.into();
    let index = super::index(of.clone())?;
    let mut source = Source::open(&of, 1)?;
    let rotation = source.rotation().degrees();
    let (input, stream) = source.input();
    let pixel_aspect = raw::pixel_aspect(input, stream).ratio();
    let audio = input.streams().best(Type::Audio).map(|stream| {
        let parameters = stream.parameters();
        let (sample_rate, channels) = raw::sound(&parameters);
        AudioInfo { codec: parameters.id().name().to_owned(), sample_rate, channels }
    });
    let parameters = input.stream(stream).map(|stream| stream.parameters());
    let codec = parameters.as_ref().map_or("unknown", |parameters| parameters.id().name()).to_owned();
    // The first picture knows its size better than a header does.
    let (width, height) = match source.next() {
        Some(frame) => (frame.width(), frame.height()),
        None => parameters.as_ref().map_or((0, 0), raw::stored_size),
    };
    Ok(VideoInfo {
        codec,
        width,
        height,
        rotation,
        pixel_aspect,
        duration: index.duration().as_secs(),
        frames: index.len(),
        variable_frame_rate: index.variable_frame_rate(),
        average_fps: index.average_fps(),
        audio,
        start_time: index.start_time,
        presentation_times: index.times.iter().map(|time| time.as_secs()).collect(),
        warnings: index.warnings.clone(),
        stream: index.stream,
        streams: index.streams.clone(),
    })
}
