//! What happens when in a sample video, as data: shots between cuts, and the moves of the figure inside them. Frames are integers.

use crate::domain::{Draw, Purpose};

use super::class::Class;
use super::writer::{Writer, frames_of};

/// Frames a second of every sample video.
pub const FRAME_RATE: usize = 25;

/// The time between two cuts: one camera, one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// First frame.
    pub start: usize,
    /// Frame after the last.
    pub end: usize,
    /// Whether the figure paces to and fro whenever its legs are free.
    pub walking: bool,
    /// Horizontal place of the figure, 0..1 of the frame's width.
    pub x: f64,
    /// Height of the floor under the figure, 0..1 of the frame's height from above.
    pub floor: f64,
    /// Height of the standing figure, 0..1 of the frame's height.
    pub height: f64,
    /// 1 looks right, -1 left.
    pub facing: f64,
    /// Whether a stool stands behind the figure.
    pub stool: bool,
}

/// Something that legs or arms do for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// First frame.
    pub start: usize,
    /// Frame after the last.
    pub end: usize,
    /// What it is.
    pub what: What,
    /// Its class, when it is one of the annotated actions.
    pub label: Option<Class>,
}

/// The kinds of moves.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The body goes smoothly from one resting height to another (0 standing, 1 seated).
    Level {
        /// Height at the first frame.
        from: f64,
        /// Height at the last frame.
        to: f64,
    },
    /// The near leg swings up and back.
    Kick,
    /// The near leg is held at a fixed share of the kick.
    KickHeld(f64),
    /// The near arm circles.
    Wave {
        /// Whether time runs forwards along the cycle ("wave in").
        inward: bool,
        /// Turns a second.
        frequency: f64,
        /// Phase at the start, in turns.
        phase: f64,
    },
    /// Both arms open and close.
    Clap {
        /// Claps a second.
        frequency: f64,
        /// Phase at the start, in turns.
        phase: f64,
    },
    /// The near arm rises, stays at a phase of the wave's cycle, and sinks.
    ArmHeld(f64),
    /// The near arm is at a phase of the wave's cycle, at once.
    WaveStruck(f64),
    /// Both arms are at a phase of the clap's cycle, at once.
    ClapStruck(f64),
}

impl What {
    /// Whether it moves the arms (else the body and legs).
    #[must_use]
    pub fn is_of_arms(&self) -> bool {
        !matches!(self, Self::Level { .. } | Self::Kick | Self::KickHeld(_))
    }
}

/// A whole video as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Number of frames.
    pub frames: usize,
    /// Shots in order, covering all frames.
    pub shots: Vec<Shot>,
    /// Moves, in order of their start within arms and within legs.
    pub moves: Vec<Move>,
    /// Resting height from a frame on: (frame, 0 standing .. 1 seated).
    pub rests: Vec<(usize, f64)>,
}

impl Script {
    /// The script of a video; `key` tells videos of one seed apart. Lengths of videos in seconds lie in `seconds`.
    #[must_use]
    pub fn write(seed: u64, key: u64, seconds: (f64, f64)) -> Self {
        let mut draw = Draw::new(seed, Purpose::Sample, &[key, 1]);
        let frames = frames_of(draw.uniform(seconds.0, seconds.1)).max(FRAME_RATE);
        Writer::new(draw, frames).run()
    }

    /// The annotated moves in order of their start: class, first frame, frame after the last.
    #[must_use]
    pub fn actions(&self) -> Vec<(Class, usize, usize)> {
        let mut actions: Vec<_> = self.moves.iter().filter_map(|m| Some((m.label?, m.start, m.end))).collect();
        actions.sort_by_key(|&(class, start, end)| (start, end, class));
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts() -> Vec<Script> {
        (0..24).map(|video| Script::write(0, video, (30.0, 60.0))).collect()
    }

    #[test]
    fn actions_last_as_long_as_promised_and_lie_inside_the_video_without_a_cut() {
        for script in scripts() {
            for (class, start, end) in script.actions() {
                assert!((20..=150).contains(&(end - start)), "{class:?} lasts {} frames", end - start);
                assert!(end <= script.frames);
                assert!(!script.shots.iter().any(|shot| start < shot.start && shot.start < end), "a cut in {class:?}");
            }
        }
    }

    #[test]
    fn shots_cover_every_frame_once_and_tracks_do_not_collide() {
        for script in scripts() {
            assert_eq!((script.shots[0].start, script.shots[script.shots.len() - 1].end), (0, script.frames));
            assert!(script.shots.windows(2).all(|pair| pair[0].end == pair[1].start && pair[0].start < pair[0].end));
            for arms in [true, false] {
                let track: Vec<_> = script.moves.iter().filter(|m| m.what.is_of_arms() == arms).collect();
                assert!(track.windows(2).all(|pair| pair[0].end <= pair[1].start));
                assert!(track.iter().all(|m| m.start < m.end && m.end <= script.frames));
            }
        }
    }

    #[test]
    fn classes_are_balanced_and_fill_35_to_50_percent_of_the_time() {
        let scripts = scripts();
        let actions: Vec<_> = scripts.iter().flat_map(Script::actions).collect();
        for class in Class::ALL {
            let count = actions.iter().filter(|action| action.0 == class).count();
            assert!((35..=52).contains(&count), "{class:?} {count}");
        }
        let frames: usize = scripts.iter().map(|script| script.frames).sum();
        let busy: usize = actions.iter().map(|(_, start, end)| end - start).sum();
        assert!((0.35..0.5).contains(&(busy as f64 / frames as f64)));
        let nested = |s: &Script| s.actions().windows(2).filter(|pair| pair[1].1 < pair[0].2).count();
        assert!(scripts.iter().map(nested).sum::<usize>() >= 5, "some actions overlap");
    }

    #[test]
    fn cuts_hide_what_comes_before_and_after_most_transitions() {
        let (mut all, mut before, mut after) = (0.0, 0.0, 0.0);
        for script in (0..64).map(|video| Script::write(5, video, (30.0, 60.0))) {
            let cut = |low: usize, high: usize| script.shots.iter().any(|shot| (low..=high).contains(&shot.start));
            for (_, start, end) in
                script.actions().into_iter().filter(|a| matches!(a.0, Class::SitDown | Class::StandUp))
            {
                all += 1.0;
                before += f64::from(u8::from(cut(start.saturating_sub(8), start)));
                after += f64::from(u8::from(cut(end, end + 8)));
            }
        }
        assert!(
            (0.62..0.85).contains(&(before / all)) && (0.6..0.8).contains(&(after / all)),
            "{before} {after} {all}"
        );
    }

    #[test]
    fn short_videos_have_an_action_too() {
        assert!((0..40).all(|video| !Script::write(1, video, (8.0, 8.0)).actions().is_empty()));
    }
}
