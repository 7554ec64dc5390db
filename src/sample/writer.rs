//! Writes the script of a sample video: what follows on what, at random and with care for what would betray the task.
//!
//! Two pairs of classes are time reversals of each other, and the surroundings must not give the direction away: shots cut
//! hard around most transitions and draw posture, place and background anew, the arm's circle turns close to twice a second
//! (stills four times a second see two opposite points of it), and unlabelled moves show the same stills: poses held, poses
//! struck one after the other without motion between them, postures that drift slowly.

use crate::domain::Draw;

use super::class::Class;
use super::script::{FRAME_RATE, Move, Script, Shot, What};

/// Resting heights of the body: 0 standing, 1 seated.
const STANDING: f64 = 0.0;
const SEATED: f64 = 1.0;

/// Nearest number of frames to a time in seconds.
pub(super) fn frames_of(seconds: f64) -> usize {
    (seconds * FRAME_RATE as f64).round() as usize
}

/// The posture in which a shot begins.
#[derive(Clone, Copy, PartialEq)]
enum Posture {
    Standing,
    Walking,
    Seated,
}

/// Writes a script from the first frame to the last.
pub(super) struct Writer {
    draw: Draw,
    script: Script,
    /// Next frame about which nothing is decided.
    now: usize,
    /// Resting height at `now`.
    level: f64,
    /// Classes still to come before the six are shuffled again.
    deck: Vec<Class>,
}

impl Writer {
    pub(super) fn new(draw: Draw, frames: usize) -> Self {
        let script = Script { frames, shots: Vec::new(), moves: Vec::new(), rests: Vec::new() };
        Self { draw, script, now: 0, level: STANDING, deck: Vec::new() }
    }

    pub(super) fn run(mut self) -> Script {
        let first = self.any_posture();
        self.cut(first);
        loop {
            let longest = if self.script.moves.iter().any(|m| m.label.is_some()) { 4.1 } else { 2.0 };
            let gap = self.frames(0.8, longest);
            self.background(self.now + gap);
            let class = self.next_class();
            if !self.action(class) {
                break;
            }
        }
        let end = self.script.frames;
        self.background(end);
        self.script.shots.retain(|shot| shot.start < end);
        if let Some(last) = self.script.shots.last_mut() {
            last.end = end;
        }
        self.script
    }

    /// A random number of frames between two times in seconds.
    fn frames(&mut self, low: f64, high: f64) -> usize {
        frames_of(self.draw.uniform(low, high)).max(1)
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.draw.unit() < probability
    }

    fn any_posture(&mut self) -> Posture {
        match self.draw.unit() {
            u if u < 0.42 => Posture::Seated,
            u if u < 0.70 => Posture::Standing,
            _ => Posture::Walking,
        }
    }

    fn next_class(&mut self) -> Class {
        if self.deck.is_empty() {
            self.deck = Class::ALL.to_vec();
            self.draw.shuffle(&mut self.deck);
        }
        self.deck.pop().unwrap_or(Class::Clap)
    }

    fn walking(&self) -> bool {
        self.script.shots.last().is_some_and(|shot| shot.walking)
    }

    /// Ends the shot and begins another here, with everything but the outfit drawn anew.
    fn cut(&mut self, posture: Posture) {
        self.script.shots.retain(|shot| shot.start < self.now); // two cuts at one frame are one
        if let Some(last) = self.script.shots.last_mut() {
            last.end = self.now;
        }
        let walking = posture == Posture::Walking;
        let height = self.draw.uniform(0.58, 0.85);
        let shot = Shot {
            start: self.now,
            end: self.script.frames,
            walking,
            x: self.draw.uniform(0.32, 0.68),
            floor: self.draw.uniform(0.93, 0.975),
            height,
            facing: if self.chance(0.5) { 1.0 } else { -1.0 },
            stool: !walking,
        };
        self.script.shots.push(shot);
        self.rest(if posture == Posture::Seated { SEATED } else { STANDING });
    }

    fn rest(&mut self, level: f64) {
        self.level = level;
        self.script.rests.push((self.now, level));
    }

    fn add(&mut self, start: usize, length: usize, what: What, label: Option<Class>) {
        self.script.moves.push(Move { start, end: start + length, what, label });
    }

    /// Performs an action from here on, with cuts where it needs them; false when the video has no room for it any more.
    fn action(&mut self, class: Class) -> bool {
        let room_for_cuts = frames_of(0.3) * 2;
        let length = match class {
            Class::SitDown | Class::StandUp => self.frames(0.8, 1.2),
            Class::Kick => self.frames(0.8, 1.3),
            // mostly short, at times up to the longest; shorter where the video ends
            Class::Clap | Class::WaveIn | Class::WaveOut => {
                let skew = self.draw.unit().powi(2);
                let room = self.script.frames.saturating_sub(self.now + room_for_cuts);
                frames_of(1.5 + 4.3 * skew).min(room.max(frames_of(1.5)))
            }
        };
        if self.now + length + room_for_cuts > self.script.frames {
            return false;
        }
        match class {
            Class::SitDown | Class::StandUp => self.transition(class, length),
            Class::Kick => {
                if self.level != STANDING {
                    self.cut(Posture::Standing);
                    self.now += self.frames(0.0, 0.3);
                }
                self.add(self.now, length, What::Kick, Some(class));
                self.now += length;
            }
            Class::Clap | Class::WaveIn | Class::WaveOut => {
                let phase = self.draw.unit();
                let what = if class == Class::Clap {
                    What::Clap { frequency: self.draw.uniform(1.5, 2.3), phase }
                } else {
                    What::Wave { inward: class == Class::WaveIn, frequency: self.draw.uniform(1.85, 2.15), phase }
                };
                self.add(self.now, length, what, Some(class));
                self.nest(length);
                self.now += length;
            }
        }
        true
    }

    /// Sits down or stands up. Cuts before and after hide from which posture and into which it leads.
    fn transition(&mut self, class: Class, length: usize) {
        let (from, to) = if class == Class::SitDown { (STANDING, SEATED) } else { (SEATED, STANDING) };
        // The posture fits about half of the time; with this chance of a cut when it does, 0.7 of all have one before.
        if self.level != from || self.walking() || self.chance(0.4) {
            self.cut(if from == SEATED { Posture::Seated } else { Posture::Standing });
            self.now += self.frames(0.0, 0.3);
        }
        self.add(self.now, length, What::Level { from, to }, Some(class));
        self.now += length;
        self.rest(to);
        if self.chance(0.7) {
            self.now += self.frames(0.0, 0.3);
            let posture = self.any_posture();
            self.cut(posture);
        }
    }

    /// May put the next action of the legs inside an action of the arms of this length that starts here.
    fn nest(&mut self, length: usize) {
        let margin = frames_of(0.3);
        let Some(&next) = self.deck.last() else { return };
        let fits = match next {
            Class::Kick => self.level == STANDING,
            Class::SitDown => self.level == STANDING && !self.walking(),
            Class::StandUp => self.level == SEATED,
            _ => false,
        };
        let short = self.frames(0.8, 1.1);
        if !fits || length < short + 2 * margin || !self.chance(if next == Class::Kick { 0.6 } else { 0.2 }) {
            return;
        }
        self.deck.pop();
        let start = self.now + margin + self.draw.below(length - short - 2 * margin + 1);
        if next == Class::Kick {
            self.add(start, short, What::Kick, Some(next));
        } else {
            let (from, to) = (self.level, if self.level == STANDING { SEATED } else { STANDING });
            self.add(start, short, What::Level { from, to }, Some(next));
            self.script.rests.push((start + short, to));
            self.level = to;
        }
    }

    /// Fills the time until a frame with what is not annotated: rest, walking, cuts, and look-alikes of the actions.
    fn background(&mut self, until: usize) {
        let until = until.min(self.script.frames);
        while self.now < until {
            let room = until - self.now;
            if room < frames_of(0.7) {
                self.now = until;
                return;
            }
            match self.draw.unit() {
                u if u < 0.24 => self.now += self.frames(0.4, 1.4).min(room),
                u if u < 0.38 => {
                    let length = self.frames(1.0, 3.0).min(room);
                    let phase = self.draw.unit();
                    self.add(self.now, length, What::ArmHeld(phase), None);
                    self.now += length;
                }
                u if u < 0.57 => self.strike_arms(room),
                u if u < 0.77 => self.strike_legs(room),
                u if u < 0.83 => self.drift(room),
                u if u < 0.87 => self.half_way(room),
                _ => {
                    let posture = self.any_posture();
                    self.cut(posture);
                    self.now += self.frames(0.4, 1.0).min(room);
                }
            }
        }
    }

    /// Poses of an arm action, each held, with no motion from one to the next: its stills without its motion.
    fn strike_arms(&mut self, room: usize) {
        let end = self.now + self.frames(1.0, 2.6).min(room);
        let wave = self.chance(0.67);
        while self.now < end {
            let length = self.frames(0.28, 0.5).min(end - self.now);
            let phase = self.draw.unit();
            let what = if wave { What::WaveStruck(phase) } else { What::ClapStruck(phase) };
            self.add(self.now, length, what, None);
            self.now += length;
        }
    }

    /// Sitting down, standing up or kicking as a row of held poses.
    fn strike_legs(&mut self, room: usize) {
        let hold = self.frames(0.28, 0.45);
        if room < hold * 3 {
            self.now += hold;
        } else if self.level == STANDING && (self.walking() || self.chance(0.4)) {
            for share in [0.4, 1.0, 0.4] {
                let share = share * self.draw.uniform(0.8, 1.0);
                self.add(self.now, hold, What::KickHeld(share), None);
                self.now += hold;
            }
        } else {
            let to = if self.level == STANDING { SEATED } else { STANDING };
            for part in [0.3, 0.6] {
                let level = self.level + (to - self.level) * (part + self.draw.uniform(-0.12, 0.12));
                self.script.rests.push((self.now, level));
                self.now += hold;
            }
            self.rest(to);
            self.now += hold;
        }
    }

    /// Sinks or rises at a quarter of the speed of a transition, and comes back.
    fn drift(&mut self, room: usize) {
        let half = self.frames(1.0, 2.2).min(room / 2);
        if self.walking() {
            self.now += half;
            return;
        }
        let reach = 0.25 * half as f64 / FRAME_RATE as f64;
        let (from, to) = (self.level, if self.level == STANDING { STANDING + reach } else { SEATED - reach });
        self.add(self.now, half, What::Level { from, to }, None);
        self.add(self.now + half, half, What::Level { from: to, to: from }, None);
        self.now += 2 * half;
    }

    /// A short shot of the figure half way between standing and seated.
    fn half_way(&mut self, room: usize) {
        self.cut(Posture::Standing);
        let level = self.draw.uniform(0.3, 0.7);
        self.rest(level);
        self.now += self.frames(0.8, 2.0).min(room);
        let posture = self.any_posture();
        self.cut(posture);
    }
}
