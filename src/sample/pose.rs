//! The figure's pose at each frame of a script, in units of its own height: x forwards, y upwards.

use std::f64::consts::TAU;

use super::script::{FRAME_RATE, Move, Script, Shot, What};

/// Where the hand hangs, relative to the shoulder.
const HAND_AT_REST: [f64; 2] = [0.03, -0.35];
/// The circle of the waving hand: centre, half width, half height. All of it lies in front of the body, so that the
/// stretched arm moves up for one direction and down for the other, whichever way the figure looks.
const WAVE: ([f64; 2], f64, f64) = ([0.215, 0.02], 0.125, 0.27);
/// Seconds in which an arm rises from rest into a move and sinks again.
const RAMP: f64 = 0.28;
/// Steps: turns of the legs a second, and how far a foot swings from the middle.
const STEP_RATE: f64 = 0.78;
const STRIDE: f64 = 0.16;

/// A pose and where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// 0 standing, 1 seated.
    pub level: f64,
    /// How much of a walk it is, 0..1.
    pub gait: f64,
    /// Phase of the steps in turns.
    pub step: f64,
    /// How high the near leg kicks, 0..1.
    pub kick: f64,
    /// Near hand relative to the shoulder.
    pub near_hand: [f64; 2],
    /// Far hand relative to the shoulder.
    pub far_hand: [f64; 2],
    /// Lean of the body that breathing and balance add, in radians, forwards.
    pub sway: f64,
    /// Horizontal place, 0..1 of the frame's width.
    pub x: f64,
    /// 1 looks right, -1 left, between while turning.
    pub facing: f64,
}

/// The poses of all frames. `aspect` is the frame's width over its height.
#[must_use]
pub fn poses(script: &Script, aspect: f64) -> Vec<Pose> {
    let mut poses = Vec::with_capacity(script.frames);
    for shot in &script.shots {
        let mut walker = Walker::new(shot, aspect);
        for frame in shot.start..shot.end {
            let legs = active(script, frame, false);
            walker.advance(shot.walking && legs.is_none());
            let mut pose = walker.pose(frame);
            pose.level = level(script, frame);
            apply_legs(&mut pose, legs, frame);
            if let Some(arms) = active(script, frame, true) {
                apply_arms(&mut pose, arms, frame);
            }
            poses.push(pose);
        }
    }
    poses
}

/// The move of the arms, or of the legs, at a frame.
fn active(script: &Script, frame: usize, arms: bool) -> Option<&Move> {
    script.moves.iter().find(|m| m.what.is_of_arms() == arms && (m.start..m.end).contains(&frame))
}

/// Resting height of the body at a frame.
fn level(script: &Script, frame: usize) -> f64 {
    script.rests.iter().rev().find(|(from, _)| *from <= frame).map_or(0.0, |&(_, level)| level)
}

/// Progress of a move at the middle of a frame, 0..1; frame n - 1 - i of a move of n frames is at one minus that of frame i.
#[must_use]
pub fn progress(start: usize, end: usize, frame: usize) -> f64 {
    (frame as f64 + 0.5 - start as f64) / (end - start) as f64
}

/// From 0 to 1 with rest at both ends.
fn smooth(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// 0 at both ends of a move, 1 in between, with ramps of the given seconds.
fn envelope(part: f64, seconds: f64, ramp: f64) -> f64 {
    smooth(part.min(1.0 - part) * seconds / ramp.min(seconds / 2.0))
}

fn mix(a: [f64; 2], b: [f64; 2], share: f64) -> [f64; 2] {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share]
}

fn apply_legs(pose: &mut Pose, legs: Option<&Move>, frame: usize) {
    let Some(legs) = legs else { return };
    let part = progress(legs.start, legs.end, frame);
    match legs.what {
        What::Level { from, to } => pose.level = from + (to - from) * smooth(part),
        What::Kick => pose.kick = (part * TAU / 2.0).sin().powi(2),
        What::KickHeld(share) => pose.kick = share,
        _ => {}
    }
}

/// The near hand at a phase of the wave, in turns.
fn wave_hand(phase: f64) -> [f64; 2] {
    let (centre, wide, high) = WAVE;
    let (sin, cos) = (phase * TAU).sin_cos();
    [centre[0] + wide * cos, centre[1] + high * sin]
}

/// How far the arms are open at a phase of the clap, in turns.
fn clap_hands(phase: f64) -> ([f64; 2], [f64; 2]) {
    let open = 0.5 - 0.5 * (phase * TAU).cos();
    let reach = 0.33 - 0.13 * open;
    ([reach, 0.28 * open], [reach, 0.02 - 0.28 * open])
}

fn apply_arms(pose: &mut Pose, arms: &Move, frame: usize) {
    let part = progress(arms.start, arms.end, frame);
    let seconds = (arms.end - arms.start) as f64 / FRAME_RATE as f64;
    let (near, far, share) = match arms.what {
        What::Wave { inward, frequency, phase } => {
            let part = if inward { part } else { 1.0 - part };
            (wave_hand(phase + frequency * seconds * part), pose.far_hand, envelope(part, seconds, RAMP))
        }
        What::Clap { frequency, phase } => {
            let (near, far) = clap_hands(phase + frequency * seconds * part);
            (near, far, envelope(part, seconds, RAMP))
        }
        // slower than the ramp of an action, so that the raising alone is none
        What::ArmHeld(phase) => (wave_hand(phase), pose.far_hand, envelope(part, seconds, 2.0 * RAMP)),
        What::WaveStruck(phase) => (wave_hand(phase), pose.far_hand, 1.0),
        What::ClapStruck(phase) => {
            let (near, far) = clap_hands(phase);
            (near, far, 1.0)
        }
        What::Level { .. } | What::Kick | What::KickHeld(_) => return,
    };
    pose.near_hand = mix(pose.near_hand, near, share);
    pose.far_hand = mix(pose.far_hand, far, share);
}

/// Walking to and fro within the frame, frame by frame.
struct Walker {
    x: f64,
    facing: f64,
    /// Side to which `facing` turns.
    heads: f64,
    gait: f64,
    step: f64,
    /// Way of one frame at full gait, in frame widths.
    speed: f64,
    margin: f64,
}

impl Walker {
    fn new(shot: &Shot, aspect: f64) -> Self {
        let width_of_figure = shot.height / aspect;
        let speed = 4.0 * STRIDE * STEP_RATE * width_of_figure / FRAME_RATE as f64;
        let gait = if shot.walking { 1.0 } else { 0.0 };
        // The wave must stay inside the frame when the figure turns.
        let margin = 0.36 * width_of_figure;
        Self { x: shot.x, facing: shot.facing, heads: shot.facing, gait, step: shot.x * 7.0, speed, margin }
    }

    fn advance(&mut self, walks: bool) {
        let change = if walks { 0.15 } else { -0.15 };
        self.gait = (self.gait + change).clamp(0.0, 1.0);
        self.facing = (self.facing + 0.25 * self.heads).clamp(-1.0, 1.0);
        self.x += self.speed * self.gait * self.facing;
        self.step += STEP_RATE * self.gait.min(1.0) / FRAME_RATE as f64;
        if (self.x - 0.5) * self.heads > 0.5 - self.margin {
            self.heads = -self.heads;
        }
    }

    /// The pose of rest or of walking.
    fn pose(&self, frame: usize) -> Pose {
        let time = frame as f64 / FRAME_RATE as f64;
        let swing = 0.11 * self.gait * (self.step * TAU).sin();
        let breath = 0.008 * (time * 0.31 * TAU).sin();
        Pose {
            level: 0.0,
            gait: self.gait,
            step: self.step,
            kick: 0.0,
            near_hand: [HAND_AT_REST[0] - swing, HAND_AT_REST[1] + breath + 0.1 * swing.abs()],
            far_hand: [HAND_AT_REST[0] + swing, HAND_AT_REST[1] + breath + 0.1 * swing.abs()],
            sway: 0.03 * (time * 0.23 * TAU + self.step).sin(),
            x: self.x,
            facing: self.facing,
        }
    }
}

/// Legs of the pose: the foot's place relative to the floor under the figure, by how it walks; `turn` is 0 for the near leg
/// and half a turn for the far one.
#[must_use]
pub fn foot(pose: &Pose, turn: f64) -> [f64; 2] {
    let (sin, cos) = ((pose.step + turn) * TAU).sin_cos();
    let side = if turn == 0.0 { 0.02 } else { -0.03 };
    let standing = side + 0.07 * pose.level;
    [standing + STRIDE * pose.gait * sin, 0.06 * pose.gait * cos.max(0.0)]
}

#[cfg(test)]
mod tests {
    use super::super::class::Class;
    use super::*;

    /// What a move makes of a figure at rest, frame by frame.
    fn perform(what: What) -> Vec<Pose> {
        let shot = &Script::write(0, 0, (2.0, 2.0)).shots[0];
        let still = Walker::new(shot, 4.0 / 3.0).pose(0);
        let label = Some(Class::WaveIn);
        let action = Move { start: 7, end: 40, what, label };
        let pose = |frame| {
            let mut pose = still;
            if action.what.is_of_arms() {
                apply_arms(&mut pose, &action, frame);
            } else {
                apply_legs(&mut pose, Some(&action), frame);
            }
            pose
        };
        (7..40).map(pose).collect()
    }

    fn differ(a: &Pose, b: &Pose) -> f64 {
        let hands = a.near_hand.iter().zip(b.near_hand).chain(a.far_hand.iter().zip(b.far_hand));
        hands.map(|(a, b)| (a - b).abs()).sum::<f64>() + (a.level - b.level).abs() + (a.kick - b.kick).abs()
    }

    #[test]
    fn each_pair_is_the_same_poses_in_opposite_order() {
        let wave = |inward| What::Wave { inward, frequency: 1.93, phase: 0.3 };
        let pairs =
            [(What::Level { from: 0.0, to: 1.0 }, What::Level { from: 1.0, to: 0.0 }), (wave(true), wave(false))];
        for (one, other) in pairs {
            let (one, mut other) = (perform(one), perform(other));
            assert!(one.iter().zip(&other).any(|(a, b)| differ(a, b) > 0.1), "the order matters");
            other.reverse();
            assert!(one.iter().zip(&other).all(|(a, b)| differ(a, b) < 1e-12));
        }
    }

    #[test]
    fn the_hand_stays_within_reach_of_the_arm() {
        for turn in 0..100 {
            let phase = f64::from(turn) / 100.0;
            let (near, far) = clap_hands(phase);
            for hand in [wave_hand(phase), near, far] {
                assert!((0.05..0.38).contains(&hand[0].hypot(hand[1])), "{hand:?}");
            }
        }
    }

    #[test]
    fn the_figure_stays_in_the_picture_and_every_frame_has_a_pose() {
        for video in 0..8 {
            let script = Script::write(2, video, (30.0, 40.0));
            let poses = poses(&script, 4.0 / 3.0);
            assert_eq!(poses.len(), script.frames);
            assert!(poses.iter().all(|pose| (0.08..0.92).contains(&pose.x) && (0.0..=1.0).contains(&pose.level)));
        }
    }
}
