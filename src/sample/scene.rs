//! Everything around the figure: textured backgrounds that move, light, things that drift, the camera. None of it depends on
//! what the figure does.

use std::f64::consts::TAU;

use crate::domain::{Draw, Purpose};

use super::figure::{self, Outfit, Stand};
use super::pose::Pose;
use super::raster::{Canvas, Colour, Texture, shade};
use super::script::{FRAME_RATE, Shot};

/// Size of every sample video in pixels.
pub const WIDTH: usize = 320;
/// See [`WIDTH`].
pub const HEIGHT: usize = 240;

/// A drifting thing that is not the figure.
struct Drifter {
    /// Centre at the shot's start, in pixels.
    at: [f64; 2],
    /// Pixels a second.
    speed: [f64; 2],
    /// Half its size in pixels.
    radius: f64,
    colour: Colour,
    round: bool,
    /// Whether it passes in front of the figure.
    front: bool,
}

/// The second thing that moves by itself.
enum Machine {
    /// A box on wheels that crosses the floor: pixels a second.
    Cart(f64),
    /// A weight on a line from above: swings a second.
    Pendulum(f64),
    /// A flapping bird: pixels a second.
    Bird(f64),
    None,
}

/// The look of one shot, drawn once.
pub struct Scene {
    shot: Shot,
    texture: Texture,
    scroll: [f64; 2],
    zoom: f64,
    drifters: Vec<Drifter>,
    machine: Machine,
    accent: Colour,
    /// Gain of the light by channel, how much it changes, and how often a second.
    light: ([f64; 3], f64, f64),
    /// Rates of the camera's jitter in turns a second, its reach in pixels.
    jitter: ([f64; 4], f64),
    phase: f64,
}

/// Textures that all videos share: a background of its own for each shot would let a detector know by heart when what happened before it,
/// and 24 videos are few.
const BACKGROUNDS: usize = 5;
/// Keeps the draws of the shared textures apart from those of any video.
const BACKGROUNDS_KEY: u64 = u64::MAX;

/// Clothes of one video's figure.
#[must_use]
pub fn outfit(seed: u64, video: u64) -> Outfit {
    const SHIRTS: [Colour; 6] =
        [[196, 52, 48], [40, 96, 190], [30, 130, 84], [150, 60, 160], [200, 110, 30], [34, 120, 140]];
    const SLEEVES: [Colour; 4] = [[250, 240, 214], [255, 222, 90], [236, 246, 255], [255, 236, 160]];
    const TROUSERS: [Colour; 4] = [[36, 40, 62], [58, 42, 34], [30, 52, 50], [52, 30, 52]];
    const SKIN: [Colour; 4] = [[242, 200, 168], [224, 172, 134], [198, 140, 100], [250, 214, 190]];
    const HAIR: [Colour; 4] = [[40, 28, 22], [92, 58, 30], [20, 20, 24], [120, 84, 40]];
    let mut draw = Draw::new(seed, Purpose::Sample, &[video, 4]);
    Outfit {
        skin: SKIN[draw.below(SKIN.len())],
        hair: HAIR[draw.below(HAIR.len())],
        shirt: SHIRTS[draw.below(SHIRTS.len())],
        sleeve: SLEEVES[draw.below(SLEEVES.len())],
        trousers: TROUSERS[draw.below(TROUSERS.len())],
        shoe: [226, 220, 214],
    }
}

impl Scene {
    /// The look of a video's `index`-th shot.
    #[must_use]
    pub fn new(seed: u64, video: u64, index: u64, shot: &Shot) -> Self {
        let mut draw = Draw::new(seed, Purpose::Sample, &[video, 2, index]);
        let texture =
            texture(&mut Draw::new(seed, Purpose::Sample, &[BACKGROUNDS_KEY, draw.below(BACKGROUNDS) as u64]));
        let both = |draw: &mut Draw, reach: f64| [draw.uniform(-reach, reach), draw.uniform(-reach, reach)];
        let drifters = (0..2 + draw.below(3)).map(|_| drifter(&mut draw)).collect();
        let crossing = (WIDTH as f64 + 80.0) / (shot.end - shot.start).max(3 * FRAME_RATE) as f64 * FRAME_RATE as f64;
        let machine = match draw.below(4) {
            0 => Machine::Cart(crossing),
            1 => Machine::Pendulum(draw.uniform(0.25, 0.5)),
            2 => Machine::Bird(crossing),
            _ => Machine::None,
        };
        let gain = draw.uniform(0.82, 1.08);
        let warmth = draw.uniform(-0.07, 0.07);
        Self {
            shot: shot.clone(),
            texture,
            scroll: both(&mut draw, 16.0),
            zoom: draw.uniform(0.45, 0.8),
            drifters,
            machine,
            accent: muted(&mut draw, 60.0, 150.0, 40.0),
            light: ([gain + warmth, gain, gain - warmth], draw.uniform(0.02, 0.12), draw.uniform(0.1, 0.4)),
            jitter: (std::array::from_fn(|_| draw.uniform(0.3, 1.6)), draw.uniform(0.4, 1.8)),
            phase: draw.unit(),
        }
    }

    /// Draws a frame of the shot (`frame` counts from the video's start).
    pub fn draw(&self, canvas: &mut Canvas, frame: usize, pose: &Pose, outfit: &Outfit) {
        let time = (frame - self.shot.start) as f64 / FRAME_RATE as f64;
        let wave = |rate: f64, shift: f64| ((time * rate + self.phase + shift) * TAU).sin();
        let (rates, reach) = self.jitter;
        let shake = [
            reach * (0.7 * wave(rates[0], 0.0) + 0.3 * wave(rates[1] * 2.3, 0.4)),
            reach * (0.7 * wave(rates[2], 0.2) + 0.3 * wave(rates[3] * 2.3, 0.7)),
        ];
        let scale = 1.0 + 0.025 * wave(0.13, 0.6);

        let (gains, change, rate) = self.light;
        let light = 1.0 + change * wave(rate, 0.3);
        canvas.set_light(gains.map(|gain| gain * light));
        let offset = [0, 1].map(|axis| self.scroll[axis] * time + 97.0 * self.phase - shake[axis] * self.zoom);
        let floor = self.shot.floor * HEIGHT as f64 + shake[1];
        let horizon = (floor - 0.16 * HEIGHT as f64).max(0.0) as usize;
        canvas.paint_texture(&self.texture, offset, self.zoom / scale, horizon, 0.74);

        self.machine(canvas, time, floor, shake);
        self.drifters.iter().filter(|d| !d.front).for_each(|d| d.draw(canvas, time, shake));
        let height = self.shot.height * HEIGHT as f64 * scale;
        let stand = Stand { foot: [pose.x * WIDTH as f64 + shake[0], floor], height };
        if self.shot.stool {
            self.stool(canvas, &stand);
        }
        figure::draw(canvas, &stand, pose, outfit);
        self.drifters.iter().filter(|d| d.front).for_each(|d| d.draw(canvas, time, shake));
    }

    fn stool(&self, canvas: &mut Canvas, stand: &Stand) {
        let corner = |x: f64, y: f64| stand.pixel(self.shot.facing, [x, y]);
        canvas.rectangle(corner(-0.28, 0.185), corner(-0.05, 0.145), shade(self.accent, 1.25));
        canvas.rectangle(corner(-0.26, 0.145), corner(-0.22, 0.0), shade(self.accent, 0.7));
        canvas.rectangle(corner(-0.11, 0.145), corner(-0.07, 0.0), shade(self.accent, 0.7));
    }

    fn machine(&self, canvas: &mut Canvas, time: f64, floor: f64, shake: [f64; 2]) {
        let side = if self.phase < 0.5 { 1.0 } else { -1.0 };
        let across = |speed: f64| (WIDTH as f64 / 2.0) - side * (WIDTH as f64 / 2.0 + 40.0 - speed * time) + shake[0];
        match self.machine {
            Machine::Cart(speed) => {
                let (x, y) = (across(speed), floor - 14.0);
                canvas.rectangle([x - 26.0, y - 26.0], [x + 26.0, y], self.accent);
                for wheel in [x - 15.0, x + 15.0] {
                    canvas.capsule([wheel, y + 3.0], [wheel, y + 3.0], 8.0, shade(self.accent, 0.5));
                    let (sin, cos) = (time * speed / 8.0).sin_cos();
                    let rim = [wheel + 6.0 * cos, y + 3.0 + 6.0 * sin];
                    canvas.capsule([wheel, y + 3.0], rim, 1.5, shade(self.accent, 1.3));
                }
            }
            Machine::Pendulum(rate) => {
                let angle = 0.5 * ((time * rate + self.phase) * TAU).sin();
                let from = [WIDTH as f64 * (0.15 + 0.7 * self.phase) + shake[0], -10.0];
                let to = [from[0] + 120.0 * angle.sin(), from[1] + 120.0 * angle.cos()];
                canvas.capsule(from, to, 1.5, shade(self.accent, 0.6));
                canvas.capsule(to, to, 13.0, self.accent);
            }
            Machine::Bird(speed) => {
                let (x, y) = (across(speed), 45.0 + 10.0 * (time * 2.0).sin() + shake[1]);
                let flap = 9.0 * (time * 1.1 * TAU).sin();
                for wing in [-1.0, 1.0] {
                    canvas.capsule([x, y], [x + wing * 17.0, y - flap], 3.5, shade(self.accent, 0.7));
                }
            }
            Machine::None => {}
        }
    }
}

impl Drifter {
    fn draw(&self, canvas: &mut Canvas, time: f64, shake: [f64; 2]) {
        let place = |axis: usize, size: usize| {
            // wraps around outside of the picture
            let room = size as f64 + 4.0 * self.radius;
            (self.at[axis] + self.speed[axis] * time).rem_euclid(room) - 2.0 * self.radius + shake[axis]
        };
        let at = [place(0, WIDTH), place(1, HEIGHT)];
        if self.round {
            canvas.capsule(at, at, self.radius, self.colour);
        } else {
            let r = self.radius;
            canvas.rectangle([at[0] - r, at[1] - r], [at[0] + r, at[1] + r], self.colour);
        }
    }
}

fn drifter(draw: &mut Draw) -> Drifter {
    let front = draw.unit() < 0.2;
    Drifter {
        at: [draw.uniform(0.0, WIDTH as f64), draw.uniform(0.0, HEIGHT as f64)],
        speed: [draw.uniform(-45.0, 45.0), draw.uniform(-30.0, 30.0)],
        radius: if front { draw.uniform(4.0, 7.0) } else { draw.uniform(7.0, 17.0) },
        colour: muted(draw, 60.0, 190.0, 60.0),
        round: draw.unit() < 0.6,
        front,
    }
}

/// A colour of this range of brightness with channels up to `tint` apart from it.
fn muted(draw: &mut Draw, dark: f64, bright: f64, tint: f64) -> Colour {
    let grey = draw.uniform(dark, bright);
    std::array::from_fn(|_| (grey + draw.uniform(-tint, tint)).clamp(0.0, 255.0) as u8)
}

/// A background: two muted colours mixed by a soft pattern that continues at the edges.
fn texture(draw: &mut Draw) -> Texture {
    let (dark, light) = (muted(draw, 60.0, 105.0, 22.0), muted(draw, 105.0, 150.0, 22.0));
    let lattices: Vec<Vec<f64>> =
        [8usize, 16, 32].iter().map(|side| (0..side * side).map(|_| draw.unit()).collect()).collect();
    let cells = (4 + draw.below(6)) as f64;
    let kind = draw.below(4);
    Texture::from_fn(|u, v| {
        let cloud = 0.55 * lattice(&lattices[0], 8, u, v)
            + 0.3 * lattice(&lattices[1], 16, u, v)
            + 0.15 * lattice(&lattices[2], 32, u, v);
        let edge = |t: f64| 0.5 + 0.5 * (4.0 * (t * TAU).sin()).clamp(-1.0, 1.0);
        let pattern = match kind {
            0 => edge(u * cells),
            1 => edge(u * cells) * 0.5 + edge(v * cells) * 0.5,
            2 => edge(u * cells + cloud),
            _ => edge(cloud * 2.0),
        };
        let share = 0.65 * pattern + 0.35 * cloud;
        std::array::from_fn(|c| (f64::from(dark[c]) + (f64::from(light[c]) - f64::from(dark[c])) * share) as u8)
    })
}

/// Smooth noise between the values of a square lattice that continues at its edges.
fn lattice(values: &[f64], side: usize, u: f64, v: f64) -> f64 {
    let (x, y) = (u * side as f64, v * side as f64);
    let (column, row) = (x as usize % side, y as usize % side);
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (s, t) = (ease(x.fract()), ease(y.fract()));
    let at = |dx: usize, dy: usize| values[(row + dy) % side * side + (column + dx) % side];
    let above = at(0, 0) + (at(1, 0) - at(0, 0)) * s;
    let below = at(0, 1) + (at(1, 1) - at(0, 1)) * s;
    above + (below - above) * t
}
