//! RandAugment in the form the reference takes it (spec 2.4): some of 15 operations of one strength, the same for all frames.
//!
//! The operations are imgaug's, to the byte (`tests/fixtures/opencv/augment.safetensors`): those that move pixels are OpenCV's warping in
//! its fixed point, those on colours Pillow's. What comes in from outside a picture is black, a cut-out square grey.

use crate::config::Augment;
use crate::domain::{Draw, Purpose};

/// What an operation does, with its strength.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    /// Columns move by this share of their distance from the middle row.
    ShearX(f32),
    /// Rows move by this share of their distance from the middle column.
    ShearY(f32),
    /// To the right, as a share of the side.
    TranslateX(f32),
    /// Down, as a share of the side.
    TranslateY(f32),
    /// Radians.
    Rotate(f32),
    /// Bits that stay.
    Posterize(u32),
    /// Values from here on are inverted; a fraction does not count.
    Solarize(f32),
    /// Away from grey.
    Colour(f32),
    /// Away from the mean grey.
    Contrast(f32),
    /// Away from black.
    Brightness(f32),
    /// Away from the smoothed picture.
    Sharpness(f32),
    /// Each channel stretched to 0..255.
    AutoContrast,
    /// Each channel's values spread evenly.
    Equalize,
    /// Negative.
    Invert,
    /// A grey square: its middle and its side as shares of the picture's.
    Cutout([f32; 2], f32),
}

/// The operations of an item, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Operations(Vec<Operation>);

impl Operations {
    /// Which operations and where the square lies from the item's stream; the signs, which the reference draws once for a whole run,
    /// from `seed`.
    pub(super) fn drawn(settings: &Augment, seed: u64, draw: &mut Draw) -> Self {
        let level = (settings.random_magnitude / 10.0) as f32;
        let mut once = Draw::new(seed, Purpose::Augment, &[1]);
        let mut sign = || if once.unit() < 0.5 { -1.0 } else { 1.0 };
        let shear = (17.19 * level).to_radians().tan();
        let factor = 1.8 * level + 0.1;
        let all = [
            Operation::ShearX(shear * sign()),
            Operation::ShearY(shear * sign()),
            Operation::TranslateX(0.2 * level * sign()),
            Operation::TranslateY(0.2 * level * sign()),
            Operation::Rotate((30.0 * level).to_radians() * sign()),
            Operation::Posterize(((4.0 * level) as u32).max(1)),
            Operation::Solarize(256.0 * level),
            Operation::Colour(factor),
            Operation::Contrast(factor),
            Operation::Brightness(factor),
            Operation::Sharpness(factor),
            Operation::AutoContrast,
            Operation::Equalize,
            Operation::Invert,
            Operation::Cutout([draw.unit() as f32, draw.unit() as f32], 0.2 * level),
        ];
        // In the order of the list, as imgaug does unless told otherwise.
        Self(draw.choose(all.len(), settings.random_operations).into_iter().map(|index| all[index]).collect())
    }

    /// Changes a picture `[side][side][3]`.
    pub(super) fn apply(&self, picture: &mut [u8], side: usize) {
        for operation in &self.0 {
            operation.apply(picture, side);
        }
    }
}

impl Operation {
    fn apply(self, picture: &mut [u8], side: usize) {
        const STILL: [[f64; 2]; 2] = [[1.0, 0.0], [0.0, 1.0]];
        let pixels = |share: f32| f64::from(share) * side as f64;
        match self {
            Self::ShearX(shear) => warp(picture, side, [[1.0, -f64::from(shear)], [0.0, 1.0]], [0.0; 2]),
            Self::ShearY(shear) => warp(picture, side, [[1.0, 0.0], [f64::from(shear), 1.0]], [0.0; 2]),
            Self::TranslateX(share) => warp(picture, side, STILL, [pixels(share), 0.0]),
            Self::TranslateY(share) => warp(picture, side, STILL, [0.0, pixels(share)]),
            Self::Rotate(angle) => {
                let (sin, cos) = f64::from(angle).sin_cos();
                warp(picture, side, [[cos, -sin], [sin, cos]], [0.0; 2]);
            }
            Self::Posterize(bits) => {
                let step = 256u32 >> bits.min(8);
                each(picture, |value| (u32::from(value) / step * step) as u8);
            }
            Self::Solarize(threshold) => {
                each(picture, |value| if f32::from(value) < threshold.floor() { value } else { 255 - value });
            }
            Self::Colour(factor) => {
                for pixel in picture.as_chunks_mut::<3>().0 {
                    let grey = luma(pixel);
                    pixel.iter_mut().for_each(|value| *value = blend(grey, *value, factor));
                }
            }
            Self::Contrast(factor) => {
                let pixels = picture.as_chunks::<3>().0;
                let sum: u64 = pixels.iter().map(|pixel| u64::from(luma(pixel))).sum();
                let mean = (sum as f64 / pixels.len().max(1) as f64 + 0.5) as u8;
                each(picture, |value| blend(mean, value, factor));
            }
            Self::Brightness(factor) => each(picture, |value| blend(0, value, factor)),
            Self::Sharpness(factor) => {
                let smooth = smoothed(picture, side);
                picture.iter_mut().zip(smooth).for_each(|(value, smooth)| *value = blend(smooth, *value, factor));
            }
            Self::AutoContrast => by_channel(picture, stretched),
            Self::Equalize => by_channel(picture, equalised),
            Self::Invert => each(picture, |value| 255 - value),
            Self::Cutout(centre, share) => cut_out(picture, side, centre, share * side as f32),
        }
    }
}

fn each(picture: &mut [u8], change: impl Fn(u8) -> u8) {
    picture.iter_mut().for_each(|value| *value = change(*value));
}

/// Away from `base` by a factor; clipped and truncated.
fn blend(base: u8, value: u8, factor: f32) -> u8 {
    let (base, value) = (f32::from(base), f32::from(value));
    (base + factor * (value - base)).clamp(0.0, 255.0) as u8
}

/// Pillow's grey value.
fn luma(pixel: &[u8; 3]) -> u8 {
    let [r, g, b] = pixel.map(u32::from);
    ((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16) as u8
}

/// Moves the pixels of a picture about its middle by a linear map, then by a shift in pixels, with two-way linear interpolation as OpenCV's
/// `warpAffine` does it: places to a 32nd of a pixel, weights to a 1024th.
fn warp(picture: &mut [u8], side: usize, [[a, b], [c, d]]: [[f64; 2]; 2], shift: [f64; 2]) {
    /// Steps of a place in fixed point, before it is cut to 32nds.
    const STEPS: f64 = 1024.0;
    let middle = (side as f64 - 1.0) / 2.0;
    let determinant = a * d - b * c;
    let back = [[d, -b], [-c, a]].map(|row| row.map(|part| part / determinant));
    let start = back.map(|[of_x, of_y]| middle - of_x * (middle + shift[0]) - of_y * (middle + shift[1]));
    let fixed = |value: f64| (value * STEPS).round_ties_even() as i64;
    let old = picture.to_vec();
    let value = |x: i64, y: i64, channel: usize| {
        let inside = (0..side as i64).contains(&x) && (0..side as i64).contains(&y);
        if inside { i64::from(old[3 * (y as usize * side + x as usize) + channel]) } else { 0 }
    };
    for (place, pixel) in picture.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let (x, y) = ((place % side) as f64, (place / side) as f64);
        let [from_x, from_y] = [0, 1].map(|axis| {
            let of_row = fixed(back[axis][1] * y + start[axis]);
            (of_row + 16 + fixed(back[axis][0] * x)) >> 5
        });
        let (left, top, right_part, low_part) = (from_x >> 5, from_y >> 5, from_x & 31, from_y & 31);
        for (channel, out) in pixel.iter_mut().enumerate() {
            let row = |y| value(left, y, channel) * (32 - right_part) + value(left + 1, y, channel) * right_part;
            *out = ((row(top) * (32 - low_part) + row(top + 1) * low_part + 512) >> 10) as u8;
        }
    }
}

/// Pillow's smoothing: the pixel five times and its eight neighbours, over 13; pixels at the edge stay.
fn smoothed(picture: &[u8], side: usize) -> Vec<u8> {
    let mut smooth = picture.to_vec();
    for y in 1..side.saturating_sub(1) {
        for x in 1..side - 1 {
            for channel in 0..3 {
                let at = |x: usize, y: usize| u32::from(picture[3 * (y * side + x) + channel]);
                let around: u32 =
                    (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| (x, y))).map(|(x, y)| at(x, y)).sum();
                smooth[3 * (y * side + x) + channel] = ((around + 4 * at(x, y)) as f32 / 13.0 + 0.5) as u8;
            }
        }
    }
    smooth
}

/// Replaces the values of each channel by a table made from how often each of the 256 values occurs.
fn by_channel(picture: &mut [u8], table: impl Fn(&[usize; 256]) -> Option<[u8; 256]>) {
    for channel in 0..3 {
        let mut counts = [0; 256];
        picture.iter().skip(channel).step_by(3).for_each(|&value| counts[usize::from(value)] += 1);
        if let Some(table) = table(&counts) {
            picture.iter_mut().skip(channel).step_by(3).for_each(|value| *value = table[usize::from(*value)]);
        }
    }
}

/// The lowest value becomes 0 and the highest 255; nothing for a channel of one value.
fn stretched(counts: &[usize; 256]) -> Option<[u8; 256]> {
    let lowest = counts.iter().position(|&count| count > 0)?;
    let highest = counts.iter().rposition(|&count| count > 0)?;
    if highest <= lowest {
        return None;
    }
    let scale = 255.0 / (highest - lowest) as f64;
    let offset = -(lowest as f64) * scale;
    Some(std::array::from_fn(|value| (value as f64 * scale + offset).clamp(0.0, 255.0) as u8))
}

/// Pillow's equalising: each value becomes the number of pixels below it in steps; nothing where there are too few.
fn equalised(counts: &[usize; 256]) -> Option<[u8; 256]> {
    let last = counts.iter().rposition(|&count| count > 0)?;
    let step = (counts.iter().sum::<usize>() - counts[last]) / 255;
    if step == 0 {
        return None;
    }
    let mut below = step / 2;
    Some(std::array::from_fn(|value| {
        let level = (below / step).min(255) as u8;
        below += counts[value];
        level
    }))
}

fn cut_out(picture: &mut [u8], side: usize, centre: [f32; 2], length: f32) {
    let range = |centre: f32| {
        let middle = centre * side as f32;
        let end = |at: f32| at.clamp(0.0, side as f32) as usize;
        end(middle - length / 2.0)..end(middle + length / 2.0)
    };
    for y in range(centre[1]) {
        for x in range(centre[0]) {
            picture[3 * (y * side + x)..][..3].fill(128);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded::recorded;
    use super::*;

    /// A picture whose three channels are these values.
    fn grey(values: &[u8]) -> Vec<u8> {
        values.iter().flat_map(|&value| [value; 3]).collect()
    }

    /// First channel of a changed grey picture.
    fn changed(operation: Operation, values: &[u8]) -> Vec<u8> {
        let mut picture = grey(values);
        operation.apply(&mut picture, (values.len() as f32).sqrt() as usize);
        picture.into_iter().step_by(3).collect()
    }

    /// Each operation with the strength of the reference, on the pictures that imgaug was given.
    #[test]
    fn every_operation_gives_imgaugs_bytes() {
        let shear = (17.19f32 * 0.9).to_radians().tan();
        let angle = 27f32.to_radians();
        let operations = [
            ("shear_x", Operation::ShearX(shear)),
            ("shear_x_back", Operation::ShearX(-shear)),
            ("shear_y", Operation::ShearY(shear)),
            ("shear_y_back", Operation::ShearY(-shear)),
            ("translate_x", Operation::TranslateX(0.18)),
            ("translate_x_back", Operation::TranslateX(-0.18)),
            ("translate_y", Operation::TranslateY(0.18)),
            ("translate_y_back", Operation::TranslateY(-0.18)),
            ("rotate", Operation::Rotate(angle)),
            ("rotate_back", Operation::Rotate(-angle)),
            ("posterize", Operation::Posterize(3)),
            ("solarize", Operation::Solarize(230.4)),
            ("solarize_low", Operation::Solarize(100.0)),
            ("colour", Operation::Colour(1.72)),
            ("contrast", Operation::Contrast(1.72)),
            ("brightness", Operation::Brightness(1.72)),
            ("sharpness", Operation::Sharpness(1.72)),
            ("autocontrast", Operation::AutoContrast),
            ("equalize", Operation::Equalize),
            ("invert", Operation::Invert),
            ("cutout", Operation::Cutout([0.3, 0.65], 0.18)),
            ("cutout_edge", Operation::Cutout([0.02, 0.99], 0.18)),
        ];
        let mut wrong = Vec::new();
        for picture in ["rough", "smooth"] {
            for (name, operation) in operations {
                let mut ours = recorded(&format!("{picture}.input"));
                operation.apply(&mut ours, 32);
                let theirs = recorded(&format!("{picture}.{name}"));
                let most = ours.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max();
                if ours != theirs {
                    let count = ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
                    wrong.push(format!("{picture}.{name}: {count} bytes differ, by {most:?} at most"));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    const NINE: [u8; 9] = [10, 20, 30, 40, 50, 60, 70, 80, 90];

    #[test]
    fn shearing_moves_rows_or_columns_by_their_distance_from_the_middle() {
        assert_eq!(changed(Operation::ShearX(1.0), &NINE), [0, 10, 20, 40, 50, 60, 80, 90, 0]);
        assert_eq!(changed(Operation::ShearX(0.5), &NINE), [5, 15, 25, 40, 50, 60, 75, 85, 45]);
        assert_eq!(changed(Operation::ShearY(1.0), &NINE), [40, 20, 0, 70, 50, 30, 0, 80, 60]);
    }

    #[test]
    fn translation_may_be_by_part_of_a_pixel_and_black_comes_in() {
        assert_eq!(changed(Operation::TranslateX(1.0 / 3.0), &NINE), [0, 10, 20, 0, 40, 50, 0, 70, 80]);
        assert_eq!(changed(Operation::TranslateX(-1.0 / 3.0), &NINE), [20, 30, 0, 50, 60, 0, 80, 90, 0]);
        assert_eq!(changed(Operation::TranslateY(1.0 / 3.0), &NINE), [0, 0, 0, 10, 20, 30, 40, 50, 60]);
        assert_eq!(changed(Operation::TranslateX(1.0 / 6.0), &NINE), [5, 15, 25, 20, 45, 55, 35, 75, 85]);
    }

    #[test]
    fn a_quarter_turn_is_exact() {
        let turned = changed(Operation::Rotate(std::f32::consts::FRAC_PI_2), &NINE);
        assert_eq!(turned, [70, 40, 10, 80, 50, 20, 90, 60, 30]);
    }

    #[test]
    fn posterising_keeps_the_foot_of_steps_and_solarising_inverts_the_bright() {
        assert_eq!(changed(Operation::Posterize(3), &[0, 31, 32, 255]), [0, 0, 32, 224]);
        assert_eq!(changed(Operation::Solarize(230.4), &[0, 229, 230, 255]), [0, 229, 25, 0]);
        assert_eq!(changed(Operation::Invert, &[0, 1, 100, 255]), [255, 254, 155, 0]);
    }

    #[test]
    fn colour_moves_away_from_the_pixels_grey() {
        // Grey of (200, 100, 50): (3919000 + 3847000 + 373550 + 32768) / 65536 = 124.7.
        let mut picture = [200, 100, 50];
        Operation::Colour(1.72).apply(&mut picture, 1);
        assert_eq!(picture, [254, 82, 0]);
        let mut picture = [200, 100, 50];
        Operation::Colour(0.0).apply(&mut picture, 1);
        assert_eq!(picture, [124; 3]);
    }

    #[test]
    fn contrast_and_brightness_move_away_from_the_mean_and_from_black() {
        // Mean 100: 100 + 1.5 (x - 100).
        assert_eq!(changed(Operation::Contrast(1.5), &[60, 90, 110, 140]), [40, 85, 115, 160]);
        assert_eq!(changed(Operation::Brightness(1.72), &[0, 10, 100, 200]), [0, 17, 172, 255]);
    }

    #[test]
    fn sharpness_moves_the_inside_away_from_the_smoothed() {
        // Smoothed middle: (8 * 26 + 5 * 52) / 13 = 36; 36 + 1.5 (52 - 36) = 60.
        let sharp = changed(Operation::Sharpness(1.5), &[26, 26, 26, 26, 52, 26, 26, 26, 26]);
        assert_eq!(sharp, [26, 26, 26, 26, 60, 26, 26, 26, 26]);
    }

    #[test]
    fn stretching_and_equalising_are_pillows() {
        // Scale 255 / 200 = 1.275.
        assert_eq!(changed(Operation::AutoContrast, &[20, 120, 121, 220]), [0, 127, 128, 255]);
        assert_eq!(changed(Operation::AutoContrast, &[9; 4]), [9; 4]);
        // 1024 pixels: 512 of 0, 256 of 100, 256 of 200. Step (1024 - 256) / 255 = 3; levels 1/3, 513/3, 769/3 cut to 255.
        let mut values = [0u8; 1024];
        values[512..768].fill(100);
        values[768..].fill(200);
        let equal = changed(Operation::Equalize, &values);
        assert_eq!([equal[0], equal[600], equal[1000]], [0, 171, 255]);
        assert_eq!(changed(Operation::Equalize, &NINE), NINE, "too few pixels for a step");
    }

    #[test]
    fn a_cut_out_square_is_grey_and_stays_inside() {
        // From 0.99 to 2.01, cut to 0 and 2.
        assert_eq!(changed(Operation::Cutout([0.5, 0.5], 0.34), &NINE), [128, 128, 30, 128, 128, 60, 70, 80, 90]);
        assert_eq!(changed(Operation::Cutout([0.0, 0.0], 0.67), &NINE), [128, 20, 30, 40, 50, 60, 70, 80, 90]);
    }

    #[test]
    fn two_of_fifteen_are_drawn_with_the_references_strength() {
        let settings = Augment { random_operations: 2, ..Augment::default() };
        let drawn = |item: u64| Operations::drawn(&settings, 5, &mut Draw::new(5, Purpose::Augment, &[0, item])).0;
        let all: Vec<Operation> = (0..400).flat_map(drawn).collect();
        assert_eq!(all.len(), 800);
        let of = |wanted: fn(&Operation) -> bool| all.iter().filter(|one| wanted(one)).copied().collect::<Vec<_>>();
        assert!(of(|one| matches!(one, Operation::Posterize(3))).len() > 20);
        let rotations = of(|one| matches!(one, Operation::Rotate(_)));
        assert!(rotations.iter().all(|one| *one == rotations[0]), "one sign for a whole run");
        assert!(matches!(rotations[0], Operation::Rotate(angle) if (angle.abs().to_degrees() - 27.0).abs() < 1e-3));
        assert!(all.iter().all(|one| !matches!(one, Operation::Colour(factor) if (factor - 1.72).abs() > 1e-6)));
        assert!(Operations::drawn(&Augment::default(), 5, &mut Draw::new(5, Purpose::Augment, &[])).0.is_empty());
    }
}
