//! Random changes of the picture, drawn once for all frames of an item (spec 2.4), and the cut from a decoded frame to the
//! encoder's planar square.

use super::colour::Jitter;
use super::randaugment::Operations;
use crate::config::Data;
use crate::domain::Draw;

/// What is done to every frame of one item: crop, mirror, RandAugment, colours, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Side of the square crop in pixels.
    pub side: usize,
    /// First column of the crop.
    pub left: usize,
    /// First row of the crop.
    pub top: usize,
    /// Mirrored left to right.
    pub flip: bool,
    operations: Operations,
    jitter: Jitter,
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
            operations: Operations::default(),
            jitter: Jitter::default(),
        }
    }

    /// A look drawn for training. What the reference draws once for a whole run, signs and the order of colours, comes from `seed`.
    #[must_use]
    pub fn drawn(data: &Data, seed: u64, draw: &mut Draw) -> Self {
        let mut look = Self::centred(data, data.crop);
        // Every number is drawn whether it is used or not, so that switching one change off leaves the others as they were.
        let (left, top) = (draw.unit(), draw.unit());
        if data.augment.crop {
            let last = usize::from(data.augment.crop_last);
            let place = |size: usize, at: f64| (at * (size.saturating_sub(data.crop) + last).max(1) as f64) as usize;
            look.left = place(data.resize_width, left);
            look.top = place(data.resize_height, top);
        }
        look.flip = draw.unit() < data.augment.flip;
        look.jitter = Jitter::drawn(&data.augment, seed, draw);
        look.operations = Operations::drawn(&data.augment, seed, draw);
        look
    }

    /// Cuts decoded frames RGB24 `[y][x][3]` of `width` pixels to planes `[frame, 3, side, side]`.
    #[must_use]
    pub fn planes<F: AsRef<[u8]>>(&self, frames: &[F], width: usize) -> Vec<u8> {
        let area = self.side * self.side;
        let mut planes = vec![0; frames.len() * 3 * area];
        for (frame, out) in frames.iter().zip(planes.chunks_exact_mut(3 * area)) {
            let mut picture = self.cut(frame.as_ref(), width);
            self.operations.apply(&mut picture, self.side);
            self.jitter.apply(&mut picture);
            for (place, pixel) in picture.as_chunks::<3>().0.iter().enumerate() {
                for (channel, &value) in pixel.iter().enumerate() {
                    out[channel * area + place] = value;
                }
            }
        }
        planes
    }

    /// The cropped and mirrored picture `[y][x][3]`.
    fn cut(&self, pixels: &[u8], width: usize) -> Vec<u8> {
        let mut picture = Vec::with_capacity(3 * self.side * self.side);
        for y in 0..self.side {
            let first = 3 * ((self.top + y) * width + self.left);
            let row = &pixels[first..first + 3 * self.side];
            if self.flip {
                picture.extend(row.as_chunks::<3>().0.iter().rev().flatten());
            } else {
                picture.extend_from_slice(row);
            }
        }
        picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Purpose;

    /// A 3x2 frame whose red value tells the place.
    fn frame() -> Vec<u8> {
        (0..6).flat_map(|place| [place * 10, 100, 200]).collect()
    }

    #[test]
    fn a_crop_is_planar_and_a_flip_mirrors_it() {
        let data = Data { resize_width: 3, resize_height: 2, test_crop: 2, ..Data::default() };
        let look = Look { left: 1, ..Look::centre(&data) };
        assert_eq!(look.planes(&[frame()], 3), [10, 20, 40, 50, 100, 100, 100, 100, 200, 200, 200, 200]);
        let mirrored = Look { flip: true, ..look };
        assert_eq!(mirrored.planes(&[frame()], 3)[..4], [20, 10, 50, 40]);
    }

    #[test]
    fn crops_of_the_reference_never_reach_the_last_place() {
        for (crop_last, before_last) in [(false, 1), (true, 0)] {
            let mut data = Data::default();
            data.augment.crop_last = crop_last;
            let mut reached = (0, 0);
            for item in 0..2000 {
                let look = Look::drawn(&data, 1, &mut Draw::new(1, Purpose::Augment, &[item]));
                reached = (reached.0.max(look.left), reached.1.max(look.top));
            }
            assert_eq!(reached, (171 - 112 - before_last, 128 - 112 - before_last));
        }
    }

    #[test]
    fn all_frames_of_an_item_are_changed_alike_and_another_item_otherwise() {
        let mut data = Data { resize_width: 16, resize_height: 16, crop: 16, ..Data::default() };
        data.augment.random_operations = 2;
        (data.augment.brightness, data.augment.saturation, data.augment.hue) = (0.5, 0.5, 0.1);
        let frame: Vec<u8> = (0..16 * 16 * 3).map(|index| (index * 7 % 251) as u8).collect();
        let planes = |item: u64| {
            let look = Look::drawn(&data, 1, &mut Draw::new(1, Purpose::Augment, &[item]));
            look.planes(&[frame.clone(), frame.clone()], 16)
        };
        let (one, half) = (planes(0), 3 * 256);
        assert_eq!(one[..half], one[half..]);
        assert_eq!(one, planes(0));
        assert_ne!(one, planes(1));
    }

    #[test]
    fn crops_are_where_the_reference_has_them() {
        let at = |test_crop| {
            let look = Look::centre(&Data { resize_width: 171, resize_height: 128, test_crop, ..Data::default() });
            (look.left, look.top)
        };
        assert_eq!((at(128), at(112)), ((21, 0), (29, 8)));
    }

    #[test]
    fn a_picture_is_cut_mirrored_then_changed_by_operations_and_last_by_colours() {
        let mut data = Data { resize_width: 20, resize_height: 18, crop: 16, ..Data::default() };
        data.augment.random_operations = 2;
        data.augment.flip = 1.0;
        (data.augment.brightness, data.augment.contrast) = (0.5, 0.5);
        let frame: Vec<u8> = (0..20 * 18 * 3).map(|index| (index * 7 % 251) as u8).collect();
        let planar = |picture: &[u8]| -> Vec<u8> {
            (0..3).flat_map(|channel| picture.iter().skip(channel).step_by(3).copied()).collect()
        };
        let mut order_matters = false;
        for item in 0..20 {
            let look = Look::drawn(&data, 1, &mut Draw::new(1, Purpose::Augment, &[item]));
            let cut = |x: usize, y: usize| 3 * ((look.top + y) * 20 + look.left + 15 - x);
            let places = (0..16).flat_map(|y| (0..16).map(move |x| (x, y)));
            let mut picture: Vec<u8> = places.flat_map(|(x, y)| frame[cut(x, y)..cut(x, y) + 3].to_vec()).collect();
            let mut other = picture.clone();
            look.operations.apply(&mut picture, 16);
            look.jitter.apply(&mut picture);
            look.jitter.apply(&mut other);
            look.operations.apply(&mut other, 16);
            assert_eq!(look.planes(std::slice::from_ref(&frame), 20), planar(&picture));
            order_matters |= picture != other;
        }
        assert!(order_matters, "else nothing was shown");
    }
}
