//! The sample's sound track: soft noise and a tone that wanders, neither of which knows what the figure does.

use std::f64::consts::TAU;

use crate::domain::{Draw, Purpose};

/// Samples a second; a multiple of the frame rate, so that every frame has as many.
pub const SAMPLE_RATE: usize = 22_050;

/// Makes the sound of one video, piece by piece.
pub struct Sound {
    draw: Draw,
    /// Phase of the tone in turns.
    phase: f64,
    /// Pitches in hertz between which the tone glides.
    pitches: (f64, f64),
    /// Samples made so far.
    made: usize,
    /// Noise without its high frequencies.
    noise: f64,
}

impl Sound {
    /// The sound of a video.
    #[must_use]
    pub fn new(seed: u64, video: u64) -> Self {
        let mut draw = Draw::new(seed, Purpose::Sample, &[video, 3]);
        let pitches = (draw.uniform(160.0, 320.0), draw.uniform(160.0, 320.0));
        Self { draw, phase: 0.0, pitches, made: 0, noise: 0.0 }
    }

    /// The next `count` samples, -1..1.
    pub fn next(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.sample()).collect()
    }

    fn sample(&mut self) -> f32 {
        const GLIDE: usize = 4 * SAMPLE_RATE;
        if self.made.is_multiple_of(GLIDE) {
            self.pitches = (self.pitches.1, self.draw.uniform(160.0, 320.0));
        }
        let part = (self.made % GLIDE) as f64 / GLIDE as f64;
        self.phase =
            (self.phase + (self.pitches.0 + (self.pitches.1 - self.pitches.0) * part) / SAMPLE_RATE as f64).fract();
        self.noise += 0.15 * (self.draw.uniform(-1.0, 1.0) - self.noise);
        self.made += 1;
        (0.06 * self.noise + 0.05 * (self.phase * TAU).sin()) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_soft_the_same_for_a_seed_and_differs_between_videos() {
        let make = |video| Sound::new(1, video).next(4 * SAMPLE_RATE);
        assert_eq!(make(0), make(0));
        assert_ne!(make(0), make(1));
        assert!(make(0).iter().all(|value| value.abs() < 0.12));
    }
}
