//! What happens when in a sample video: shots between cuts, and the moves of the figure inside them. Pure; frames are integers.
//!
//! Two pairs of classes are time reversals of each other, and the surroundings must not give the direction away: shots cut
//! hard around most transitions and draw posture, place and background anew, the arm's circle turns close to twice a second
//! (stills four times a second see two opposite points of it), and unlabelled moves show the same stills: poses held, poses
//! struck one after the other without motion between them, postures that drift slowly.

use crate::domain::{Draw, Purpose};

use super::class::Class;

/// Frames a second of every sample video.
pub const FRAME_RATE: usize = 25;

/// Resting heights of the body: 0 standing, 1 seated.
const STANDING: f64 = 0.0;
const SEATED: f64 = 1.0;

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

/// Nearest number of frames to a time in seconds.
fn frames_of(seconds: f64) -> usize {
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
struct Writer {
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
    fn new(draw: Draw, frames: usize) -> Self {
        let script = Script { frames, shots: Vec::new(), moves: Vec::new(), rests: Vec::new() };
        Self { draw, script, now: 0, level: STANDING, deck: Vec::new() }
    }

    fn run(mut self) -> Script {
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
