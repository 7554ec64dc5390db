//! The jointed figure: a pose becomes capsules in pixels.

use std::f64::consts::PI;

use super::pose::{Pose, foot};
use super::raster::{Canvas, Colour, shade};

// Proportions, in units of the figure's height.
const HIP_STANDING: f64 = 0.475;
const HIP_SEATED: [f64; 2] = [-0.15, 0.275];
const TORSO: f64 = 0.31;
const THIGH: f64 = 0.235;
const SHIN: f64 = 0.235;
const UPPER_ARM: f64 = 0.19;
const LOWER_ARM: f64 = 0.19;
const HEAD: f64 = 0.085;
const TORSO_RADIUS: f64 = 0.072;
const LEG_RADIUS: f64 = 0.047;
const ARM_RADIUS: f64 = 0.043;
/// Angle of the leg at the top of a kick, from straight down.
const KICK_ANGLE: f64 = 1.75;
/// Lean of the body half way between standing and seated, in radians.
const LEAN: f64 = 0.55;

/// Colours of one person's clothes, the same in a whole video.
#[derive(Clone, Copy, Debug)]
pub struct Outfit {
    /// Face and hands.
    pub skin: Colour,
    /// Hair.
    pub hair: Colour,
    /// Body.
    pub shirt: Colour,
    /// Arms, which stand out from the body.
    pub sleeve: Colour,
    /// Legs.
    pub trousers: Colour,
    /// Feet.
    pub shoe: Colour,
}

/// Where the figure stands in the picture.
#[derive(Clone, Copy, Debug)]
pub struct Stand {
    /// Point on the floor under the figure, in pixels.
    pub foot: [f64; 2],
    /// Height of the standing figure in pixels.
    pub height: f64,
}

impl Stand {
    /// A point of the figure's own plane (x forwards, y up, in figure heights) in pixels.
    #[must_use]
    pub fn pixel(&self, facing: f64, point: [f64; 2]) -> [f64; 2] {
        [self.foot[0] + facing * point[0] * self.height, self.foot[1] - point[1] * self.height]
    }
}

/// Middle joint and end of a limb of two bones that reaches from `root` towards `target`; `bend` 1 puts the joint to the
/// left of that direction, -1 to the right.
fn reach(root: [f64; 2], target: [f64; 2], bones: [f64; 2], bend: f64) -> ([f64; 2], [f64; 2]) {
    let (dx, dy) = (target[0] - root[0], target[1] - root[1]);
    let distance = dx.hypot(dy).max(1e-6);
    let length = distance.clamp((bones[0] - bones[1]).abs() + 1e-3, bones[0] + bones[1] - 1e-3);
    let (ux, uy) = (dx / distance, dy / distance);
    let along = (length * length + bones[0] * bones[0] - bones[1] * bones[1]) / (2.0 * length);
    let aside = bend * (bones[0] * bones[0] - along * along).max(0.0).sqrt();
    let joint = [root[0] + ux * along - uy * aside, root[1] + uy * along + ux * aside];
    (joint, [root[0] + ux * length, root[1] + uy * length])
}

/// Draws the figure.
pub fn draw(canvas: &mut Canvas, stand: &Stand, pose: &Pose, outfit: &Outfit) {
    let brush = Brush { stand, facing: pose.facing, canvas };
    brush.figure(pose, outfit);
}

struct Brush<'a> {
    stand: &'a Stand,
    facing: f64,
    canvas: &'a mut Canvas,
}

impl Brush<'_> {
    fn limb(&mut self, from: [f64; 2], to: [f64; 2], radius: f64, colour: Colour) {
        let (from, to) = (self.stand.pixel(self.facing, from), self.stand.pixel(self.facing, to));
        self.canvas.capsule(from, to, radius * self.stand.height, colour);
    }

    fn figure(mut self, pose: &Pose, outfit: &Outfit) {
        let level = pose.level;
        let bob = -0.012 * pose.gait * (1.0 - (pose.step * 4.0 * PI).cos());
        let hip = [HIP_SEATED[0] * level, HIP_STANDING + (HIP_SEATED[1] - HIP_STANDING) * level + bob];
        let lean = pose.sway + LEAN * (PI * level).sin() - 0.25 * pose.kick + 0.05 * pose.gait;
        let shoulder = [hip[0] + TORSO * lean.sin(), hip[1] + TORSO * lean.cos()];
        let head = [shoulder[0] + 0.125 * (0.5 * lean).sin() + 0.01, shoulder[1] + 0.125];
        let dark = 0.7;

        self.arm(shoulder, pose.far_hand, shade(outfit.sleeve, dark), shade(outfit.skin, dark));
        self.leg(hip, foot(pose, 0.5), 0.0, shade(outfit.trousers, dark), shade(outfit.shoe, dark));
        self.leg(hip, foot(pose, 0.0), pose.kick, outfit.trousers, outfit.shoe);
        self.limb(hip, shoulder, TORSO_RADIUS, outfit.shirt);
        self.limb([head[0] - 0.025, head[1] + 0.018], [head[0] - 0.025, head[1] + 0.018], HEAD, outfit.hair);
        self.limb(head, head, HEAD * 0.86, outfit.skin);
        self.limb([head[0] + 0.07, head[1] - 0.012], [head[0] + 0.085, head[1] - 0.016], 0.018, outfit.skin);
        self.arm(shoulder, pose.near_hand, outfit.sleeve, outfit.skin);
    }

    fn arm(&mut self, shoulder: [f64; 2], hand: [f64; 2], sleeve: Colour, skin: Colour) {
        let root = [shoulder[0], shoulder[1] - 0.015];
        let target = [root[0] + hand[0], root[1] + hand[1]];
        let (elbow, end) = reach(root, target, [UPPER_ARM, LOWER_ARM], -1.0);
        self.limb(root, elbow, ARM_RADIUS, sleeve);
        self.limb(elbow, end, ARM_RADIUS, sleeve);
        self.limb(end, end, ARM_RADIUS * 1.15, skin);
    }

    fn leg(&mut self, hip: [f64; 2], foot: [f64; 2], kick: f64, trousers: Colour, shoe: Colour) {
        let ankle = [foot[0], foot[1] + 0.03];
        let angle = KICK_ANGLE * kick;
        let kicked = [hip[0] + 0.45 * angle.sin(), hip[1] - 0.45 * angle.cos()];
        // A kicking leg leaves the ground within the first tenth of its way.
        let lifted = (kick * 10.0).min(1.0);
        let target = [ankle[0] + (kicked[0] - ankle[0]) * lifted, ankle[1] + (kicked[1] - ankle[1]) * lifted];
        let (knee, end) = reach(hip, target, [THIGH, SHIN], 1.0);
        self.limb(hip, knee, LEG_RADIUS * 1.1, trousers);
        self.limb(knee, end, LEG_RADIUS, trousers);
        let toe = [end[0] + 0.07 * angle.cos(), end[1] + 0.07 * angle.sin()];
        self.limb(end, toe, LEG_RADIUS * 0.75, shoe);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limb_keeps_the_length_of_its_bones() {
        for target in [[0.3, 0.1], [-0.1, 0.05], [0.0, -0.36], [2.0, 2.0]] {
            let (joint, end) = reach([0.0, 0.0], target, [0.19, 0.19], -1.0);
            assert!((joint[0].hypot(joint[1]) - 0.19).abs() < 1e-9);
            assert!(((end[0] - joint[0]).hypot(end[1] - joint[1]) - 0.19).abs() < 1e-9);
        }
    }
}
