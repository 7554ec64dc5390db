//! The player as the panels see it. The clock and the frames belong to the player job; here is what it last reported, and
//! what a person asked for.

use std::sync::Arc;

use super::{Cropping, PictureView};
use crate::domain::{MediaTime, StreamInfo};

/// How far the open video is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Status {
    /// No video is open.
    #[default]
    Empty,
    /// It is being opened.
    Opening,
    /// It can be played.
    Ready,
    /// It cannot be opened; the sentence says why.
    Failed(String),
}

/// What the player does.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// Index of the open video in the library.
    pub video: Option<usize>,
    /// Counts videos opened, so that late reports of an earlier one are dropped.
    pub generation: u64,
    /// How far it is.
    pub status: Status,
    /// Whether time runs.
    pub playing: bool,
    /// How fast, 1 as filmed; negative runs backward.
    pub speed: f64,
    /// Presentation time of the picture that is shown, or that was asked for last.
    pub time: MediaTime,
    /// Index of the picture that is shown.
    pub frame: usize,
    /// Pictures of the video.
    pub frames: usize,
    /// End of the last picture.
    pub length: MediaTime,
    /// Presentation time of each picture, once the index is there.
    pub times: Arc<[MediaTime]>,
    /// Whether the picture that was asked for is not there after a moment.
    pub waiting: bool,
    /// What is wrong with a video that plays all the same, one sentence each.
    pub warnings: Vec<String>,
    /// Video streams of the file.
    pub streams: Vec<StreamInfo>,
    /// Which of them is shown; none: the main one.
    pub stream: Option<usize>,
    /// Which part of the picture is shown, and how large.
    pub view: PictureView,
    /// Drawing the region that counts.
    pub cropping: Cropping,
    /// Whether dropped frames and the like are written over the picture.
    pub stats: bool,
    /// Where to stand still again, while a short piece is shown.
    pub until: Option<MediaTime>,
    /// Whether to play as soon as the video is ready.
    pub play_when_ready: bool,
}

impl Default for Playback {
    fn default() -> Self {
        Self {
            video: None,
            generation: 0,
            status: Status::Empty,
            playing: false,
            speed: 1.0,
            time: MediaTime::ZERO,
            frame: 0,
            frames: 0,
            length: MediaTime::ZERO,
            times: Arc::default(),
            waiting: false,
            warnings: Vec::new(),
            streams: Vec::new(),
            stream: None,
            view: PictureView::default(),
            cropping: Cropping::default(),
            stats: false,
            until: None,
            play_when_ready: false,
        }
    }
}

impl Playback {
    /// Speeds that `[` and `]` and the menu step through.
    pub const SPEEDS: [f64; 10] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0];

    /// Whether there are pictures to show.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.status == Status::Ready
    }

    /// The next speed up (`+1`) or down (`-1`) in [`Self::SPEEDS`].
    #[must_use]
    pub fn speed_step(&self, direction: i32) -> f64 {
        let speed = self.speed.abs();
        if direction > 0 {
            Self::SPEEDS.into_iter().find(|&other| other > speed + 1e-9).unwrap_or(16.0)
        } else {
            Self::SPEEDS.into_iter().rev().find(|&other| other < speed - 1e-9).unwrap_or(0.1)
        }
    }

    /// Where J (`-1`) or L (`+1`) leads: from standing or the other direction to single speed, else twice as fast, at most 16.
    #[must_use]
    pub fn shuttle(&self, direction: f64) -> f64 {
        if self.playing && self.speed * direction > 0.0 { (self.speed * 2.0).clamp(-16.0, 16.0) } else { direction }
    }

    /// `time` moved into the video.
    #[must_use]
    pub fn clamp(&self, time: MediaTime) -> MediaTime {
        time.clamp(MediaTime::ZERO, self.length.max(MediaTime::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuttle_doubles_and_turns() {
        let mut playback = Playback::default();
        assert_eq!(playback.shuttle(1.0), 1.0);
        playback.playing = true;
        assert_eq!(playback.shuttle(1.0), 2.0);
        assert_eq!(playback.shuttle(-1.0), -1.0);
        playback.speed = -16.0;
        assert_eq!(playback.shuttle(-1.0), -16.0);
    }

    #[test]
    fn speeds_step_and_stay_at_the_ends() {
        let mut playback = Playback::default();
        assert_eq!(playback.speed_step(1), 1.5);
        playback.speed = 0.1;
        assert_eq!(playback.speed_step(-1), 0.1);
    }
}
