//! A decoded frame: its number, its time, its picture; and RGB pictures for files and for the eye.

use super::Picture;
use crate::domain::MediaTime;

/// Clockwise turn that makes a stored picture stand upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Stored upright.
    #[default]
    None,
    /// A quarter turn clockwise.
    Clockwise90,
    /// Upside down.
    Half,
    /// A quarter turn counterclockwise.
    Clockwise270,
}

impl Rotation {
    /// The nearest quarter turn to an angle in degrees clockwise.
    #[must_use]
    pub fn from_degrees(clockwise: f64) -> Self {
        match ((clockwise / 90.0).round() as i64).rem_euclid(4) {
            1 => Self::Clockwise90,
            2 => Self::Half,
            3 => Self::Clockwise270,
            _ => Self::None,
        }
    }

    /// 0, 90, 180 or 270.
    #[must_use]
    pub fn degrees(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Clockwise90 => 90,
            Self::Half => 180,
            Self::Clockwise270 => 270,
        }
    }

    /// Whether width and height change places.
    #[must_use]
    pub fn swaps_sides(self) -> bool {
        matches!(self, Self::Clockwise90 | Self::Clockwise270)
    }
}

/// Width of a stored pixel over its height, as a fraction: old and broadcast video stores pictures narrower than they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelAspect {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Default for PixelAspect {
    fn default() -> Self {
        Self { width: 1, height: 1 }
    }
}

impl PixelAspect {
    /// Width over height; 1 for a fraction that is none.
    #[must_use]
    pub fn ratio(self) -> f64 {
        if self.width == 0 || self.height == 0 { 1.0 } else { f64::from(self.width) / f64::from(self.height) }
    }
}

/// A frame of a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Number in display order, from 0; the same in player, trainer and exports.
    pub index: usize,
    /// Presentation time, from [`crate::video::TimeIndex`].
    pub time: MediaTime,
    /// The picture.
    pub picture: Picture,
}

/// An upright picture, 8-bit RGB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbImage {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `[y][x][3]`, no padding.
    pub data: Vec<u8>,
}

impl RgbImage {
    /// The image turned clockwise.
    #[must_use]
    pub fn rotated(self, rotation: Rotation) -> Self {
        if rotation == Rotation::None {
            return self;
        }
        let (w, h) = (self.width, self.height);
        let (width, height) = if rotation.swaps_sides() { (h, w) } else { (w, h) };
        let mut data = Vec::with_capacity(self.data.len());
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = match rotation {
                    Rotation::None => (x, y),
                    Rotation::Clockwise90 => (y, h - 1 - x),
                    Rotation::Half => (w - 1 - x, h - 1 - y),
                    Rotation::Clockwise270 => (w - 1 - y, x),
                };
                let at = (from_y * w + from_x) * 3;
                data.extend_from_slice(&self.data[at..at + 3]);
            }
        }
        Self { width, height, data }
    }
}

impl Frame {
    /// The frame as RGB: rotation applied, pixels not stretched to the pixel aspect.
    #[must_use]
    pub fn to_rgb(&self) -> RgbImage {
        self.picture.to_rgb()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_moves_the_lower_left_corner_up() {
        let image = RgbImage { width: 2, height: 1, data: vec![1, 1, 1, 2, 2, 2] };
        assert_eq!(
            image.clone().rotated(Rotation::Clockwise90),
            RgbImage { width: 1, height: 2, data: vec![1, 1, 1, 2, 2, 2] }
        );
        assert_eq!(image.clone().rotated(Rotation::Clockwise270).data, vec![2, 2, 2, 1, 1, 1]);
        assert_eq!(image.rotated(Rotation::Half).data, vec![2, 2, 2, 1, 1, 1]);
        assert_eq!(Rotation::from_degrees(-90.0).degrees(), 270);
    }
}
