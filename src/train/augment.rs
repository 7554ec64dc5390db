//! Random changes of the picture, drawn once for all frames of an item (spec 2.4), and the cut from a decoded frame to the
//! encoder's planar square.

use crate::config::{Augment, Data};
use crate::domain::Draw;

/// What is done to every frame of one item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Side of the square crop in pixels.
    pub side: usize,
    /// First column of the crop.
    pub left: usize,
    /// First row of the crop.
    pub top: usize,
    /// Mirrored left to right.
    pub flip: bool,
    /// Factor on every value.
    pub brightness: f32,
    /// Factor on the distance from the item's mean grey.
    pub contrast: f32,
}

impl Look {
    /// The centre crop of inference.
    #[must_use]
    pub fn centre(data: &Data) -> Self {
        Self::centred(data, data.test_crop)
    }

    fn centred(data: &Data, side: usize) -> Self {
        Self {
            side,
            left: data.resize_width.saturating_sub(side) / 2,
            top: data.resize_height.saturating_sub(side) / 2,
            flip: false,
            brightness: 1.0,
            contrast: 1.0,
        }
    }

    /// A look drawn for training.
    #[must_use]
    pub fn drawn(data: &Data, draw: &mut Draw) -> Self {
        let Augment { flip, crop, brightness, contrast } = data.augment;
        let mut look = Self::centred(data, data.crop);
        // Every number is drawn whether it is used or not, so that switching one change off leaves the others as they were.
        let (left, top) = (draw.unit(), draw.unit());
        if crop {
            let place = |size: usize, at: f64| (at * (size.saturating_sub(data.crop) + 1) as f64) as usize;
            look.left = place(data.resize_width, left);
            look.top = place(data.resize_height, top);
        }
        look.flip = draw.unit() < flip;
        look.brightness = draw.uniform(1.0 - brightness, 1.0 + brightness) as f32;
        look.contrast = draw.uniform(1.0 - contrast, 1.0 + contrast) as f32;
        look
    }

    /// Cuts decoded frames RGB24 `[y][x][3]` of `width` pixels to planes `[frame, 3, side, side]`.
    #[must_use]
    pub fn planes<F: AsRef<[u8]>>(&self, frames: &[F], width: usize) -> Vec<u8> {
        let table = self.table(frames);
        let side = self.side;
        let mut planes = vec![0; frames.len() * 3 * side * side];
        for (frame, out) in frames.iter().zip(planes.chunks_exact_mut(3 * side * side)) {
            let pixels = frame.as_ref();
            for y in 0..side {
                let row = (self.top + y) * width + self.left;
                for x in 0..side {
                    let column = if self.flip { side - 1 - x } else { x };
                    let pixel = 3 * (row + column);
                    for channel in 0..3 {
                        out[(channel * side + y) * side + x] = table[usize::from(pixels[pixel + channel])];
                    }
                }
            }
        }
        planes
    }

    /// New value of each of the 256 values.
    fn table<F: AsRef<[u8]>>(&self, frames: &[F]) -> [u8; 256] {
        let mut table = [0; 256];
        let mean = if self.contrast == 1.0 { 0.0 } else { mean_grey(frames) * self.brightness };
        for (value, changed) in table.iter_mut().enumerate() {
            let bright = value as f32 * self.brightness;
            *changed = (self.contrast * bright + (1.0 - self.contrast) * mean).round().clamp(0.0, 255.0) as u8;
        }
        table
    }
}

/// Mean grey value of some frames, 0..255 (weights of spec 2.4), from every seventh pixel.
fn mean_grey<F: AsRef<[u8]>>(frames: &[F]) -> f32 {
    let (mut sum, mut count) = (0.0f64, 0usize);
    for frame in frames {
        for pixel in frame.as_ref().as_chunks::<3>().0.iter().step_by(7) {
            sum += 0.2989 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2]);
            count += 1;
        }
    }
    (sum / count.max(1) as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 3x2 frame whose red value tells the place.
    fn frame() -> Vec<u8> {
        (0..6).flat_map(|place| [place * 10, 100, 200]).collect()
    }

    fn look(flip: bool) -> Look {
        Look { side: 2, left: 1, top: 0, flip, brightness: 1.0, contrast: 1.0 }
    }

    #[test]
    fn a_crop_is_planar_and_a_flip_mirrors_it() {
        assert_eq!(look(false).planes(&[frame()], 3), [10, 20, 40, 50, 100, 100, 100, 100, 200, 200, 200, 200]);
        assert_eq!(look(true).planes(&[frame()], 3)[..4], [20, 10, 50, 40]);
    }

    #[test]
    fn brightness_multiplies_and_contrast_moves_away_from_the_mean() {
        let dark = Look { brightness: 0.5, ..look(false) };
        assert_eq!(dark.planes(&[frame()], 3)[..4], [5, 10, 20, 25]);
        let flat = Look { contrast: 0.0, ..look(false) };
        let planes = flat.planes(&[frame()], 3);
        assert!(planes.iter().all(|&value| value == planes[0]));
    }
}
