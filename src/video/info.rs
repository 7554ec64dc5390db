//! What `etad probe` tells of a video.

use serde::Serialize;

use crate::domain::StreamInfo;

/// The sound track of a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AudioInfo {
    /// FFmpeg's name of the codec: "aac", "opus" …
    pub codec: String,
    /// Samples a second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u32,
}

/// What a video is, after decoding it once. Serialised, it is the answer of `probe --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VideoInfo {
    /// FFmpeg's name of the codec: "h264", "vp9" …
    pub codec: String,
    /// Width in pixels as stored, before `rotation`; of the first frame where a stream changes size.
    pub width: u32,
    /// Height in pixels as stored, before `rotation`.
    pub height: u32,
    /// Degrees clockwise by which the stored picture must be turned to stand upright: 0, 90, 180 or 270.
    pub rotation: u32,
    /// Width of a stored pixel over its height, before `rotation`; 1 where the file does not say.
    pub pixel_aspect: f64,
    /// Seconds from the first frame to the end of the last.
    pub duration: f64,
    /// Number of frames that decode.
    pub frames: usize,
    /// Whether the intervals between frames differ by more than a rounding of the file's clock.
    pub variable_frame_rate: bool,
    /// Frames over duration.
    pub average_fps: f64,
    /// The sound track, if there is one.
    pub audio: Option<AudioInfo>,
    /// Time of the first presented frame on the file's own clock, in seconds: what was subtracted to make it t = 0.
    pub start_time: f64,
    /// Time of every frame in seconds since the first, in display order.
    pub presentation_times: Vec<f64>,
    /// What is wrong with the file, one sentence each; empty for a sound one.
    pub warnings: Vec<String>,
    /// Which of the file's video streams this is, from 0.
    pub stream: usize,
    /// The file's video streams, covers not counted.
    pub streams: Vec<StreamInfo>,
}
