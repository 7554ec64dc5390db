//! The small pictures and the loudness that stand along the timeline of the open video, as textures and numbers.

use std::sync::Arc;

use egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::jobs::strip::{STRETCHES, StripPart};

/// What is there so far.
#[derive(Default)]
pub struct Strip {
    generation: u64,
    /// Seconds and picture, by time.
    pictures: Vec<(f64, TextureHandle)>,
    loudness: Arc<Vec<u8>>,
}

impl Strip {
    /// Takes in a part of the video opened as this generation; the first of a new one replaces all.
    pub fn take(&mut self, ctx: &Context, generation: u64, part: StripPart) {
        if generation != self.generation {
            *self = Self { generation, ..Self::default() };
        }
        match part {
            StripPart::Loudness(loudness) => self.loudness = loudness,
            StripPart::Picture { time, picture } => {
                let image = ColorImage::from_rgb([picture.width, picture.height], &picture.data);
                let texture = ctx.load_texture(format!("strip {time:.3}"), image, TextureOptions::LINEAR);
                let at = self.pictures.partition_point(|(other, _)| *other < time);
                self.pictures.insert(at, (time, texture));
            }
        }
    }

    /// The strip, if it is of the video opened as this generation.
    #[must_use]
    pub fn of(&self, generation: u64) -> Option<&Self> {
        (self.generation == generation).then_some(self)
    }

    /// The picture nearest in time, and its time in seconds.
    #[must_use]
    pub fn nearest(&self, seconds: f64) -> Option<(f64, &TextureHandle)> {
        let after = self.pictures.partition_point(|(time, _)| *time < seconds);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|at| self.pictures.get(at));
        let near = near.min_by(|a, b| (a.0 - seconds).abs().total_cmp(&(b.0 - seconds).abs()));
        near.map(|(time, texture)| (*time, texture))
    }

    /// The loudest between two times in seconds, 0..1.
    #[must_use]
    pub fn loudest(&self, start: f64, end: f64) -> f32 {
        let at = |seconds: f64| ((seconds * STRETCHES).max(0.0) as usize).min(self.loudness.len());
        let (first, last) = (at(start), at(end).max(at(start) + 1).min(self.loudness.len()));
        let most = self.loudness.get(first..last).and_then(|stretch| stretch.iter().max());
        most.map_or(0.0, |&loud| f32::from(loud) / 255.0)
    }

    /// Whether there is sound to draw.
    #[must_use]
    pub fn is_loud(&self) -> bool {
        !self.loudness.is_empty()
    }

    /// Width over height of its pictures.
    #[must_use]
    pub fn aspect(&self) -> Option<f32> {
        self.pictures.first().map(|(_, texture)| texture.aspect_ratio())
    }
}
