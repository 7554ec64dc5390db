//! Colour jitter: brightness, contrast, saturation and hue, each by one draw for all frames of an item (spec 2.4).

use crate::config::Augment;
use crate::domain::{Draw, Purpose};

/// One change of colours.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    /// Factor on every value.
    Brightness(f32),
    /// Factor on the distance from the frame's mean grey.
    Contrast(f32),
    /// Factor on the distance from the pixel's grey.
    Saturation(f32),
    /// Shift on OpenCV's 8-bit circle of hues, 0..180.
    Hue(i32),
}

/// The changes of an item, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Jitter {
    changes: Vec<Change>,
    /// The result is cut to whole numbers, not rounded.
    truncate: bool,
}

impl Jitter {
    /// Factors from the item's stream; their order, which the reference draws once for a whole run, from `seed`.
    pub(super) fn drawn(ranges: &Augment, seed: u64, draw: &mut Draw) -> Self {
        let mut factor = |range: f64| draw.uniform(1.0 - range, 1.0 + range) as f32;
        let (brightness, contrast, saturation) =
            (factor(ranges.brightness), factor(ranges.contrast), factor(ranges.saturation));
        let hue = draw.uniform(-ranges.hue, ranges.hue);
        let mut order = [
            Change::Brightness(brightness),
            Change::Contrast(contrast),
            Change::Saturation(saturation),
            // Towards zero, as Python's int does.
            Change::Hue((hue * 255.0) as i32),
        ];
        Draw::new(seed, Purpose::Augment, &[]).shuffle(&mut order);
        let is_off = |change: &Change| match change {
            Change::Brightness(_) => ranges.brightness == 0.0,
            Change::Contrast(_) => ranges.contrast == 0.0,
            Change::Saturation(_) => ranges.saturation == 0.0,
            Change::Hue(_) => ranges.hue == 0.0,
        };
        let changes = order.into_iter().filter(|change| !is_off(change)).collect();
        Self { changes, truncate: ranges.truncate }
    }

    /// Changes a picture `[y][x][3]`. Values between the changes are neither rounded nor clipped, but for the hue's; the result is clipped.
    pub(super) fn apply(&self, picture: &mut [u8]) {
        if self.changes.is_empty() {
            return;
        }
        let mut values: Vec<f32> = picture.iter().map(|&value| f32::from(value)).collect();
        for &change in &self.changes {
            change.apply(&mut values);
        }
        for (value, changed) in picture.iter_mut().zip(values) {
            let whole = if self.truncate { changed } else { changed.round() };
            *value = whole.clamp(0.0, 255.0) as u8;
        }
    }
}

impl Change {
    fn apply(self, values: &mut [f32]) {
        match self {
            Self::Brightness(factor) => values.iter_mut().for_each(|value| *value *= factor),
            Self::Contrast(factor) => {
                let pixels = values.as_chunks::<3>().0;
                let mean = pixels.iter().map(|pixel| f64::from(grey(pixel))).sum::<f64>() / pixels.len().max(1) as f64;
                let part = (1.0 - factor) * mean as f32;
                values.iter_mut().for_each(|value| *value = factor * *value + part);
            }
            Self::Saturation(factor) => {
                for pixel in values.as_chunks_mut::<3>().0 {
                    let part = (1.0 - factor) * grey(pixel);
                    pixel.iter_mut().for_each(|value| *value = factor * *value + part);
                }
            }
            Self::Hue(shift) => {
                for pixel in values.as_chunks_mut::<3>().0 {
                    let [hue, saturation, value] = to_hsv(pixel.map(|value| value.clamp(0.0, 255.0) as u8));
                    *pixel = from_hsv([(hue + shift).rem_euclid(180), saturation, value]).map(f32::from);
                }
            }
        }
    }
}

/// Grey value of a pixel (weights of spec 2.4).
fn grey(pixel: &[f32; 3]) -> f32 {
    0.2989 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]
}

/// OpenCV's 8-bit hue 0..179, saturation and value 0..255, in its fixed-point arithmetic of 12 bits.
fn to_hsv(rgb: [u8; 3]) -> [i32; 3] {
    const BITS: u32 = 12;
    let [r, g, b] = rgb.map(i32::from);
    let value = r.max(g).max(b);
    let spread = value - r.min(g).min(b);
    let divided = |numerator: i32, by: i32| {
        if by == 0 { 0 } else { (f64::from(numerator << BITS) / f64::from(by)).round() as i32 }
    };
    let rounded = |product: i32| (product + (1 << (BITS - 1))) >> BITS;
    let saturation = rounded(spread * divided(255, value));
    let sixths = if value == r {
        g - b
    } else if value == g {
        b - r + 2 * spread
    } else {
        r - g + 4 * spread
    };
    let hue = rounded(sixths * divided(180, 6 * spread));
    [if hue < 0 { hue + 180 } else { hue }, saturation, value]
}

/// OpenCV's way back, as its vector code computes and cuts it. (It rounds instead in the last columns of a row that fill no vector, which depends on
/// the machine.)
fn from_hsv([hue, saturation, value]: [i32; 3]) -> [u8; 3] {
    let sixths = hue as f32 * (6.0f32 / 180.0);
    let (sector, rest) = (sixths as usize % 6, sixths.fract());
    let (saturation, value) = (saturation as f32 * (1.0f32 / 255.0), value as f32 * (1.0f32 / 255.0));
    // 1 - s x in one rounding.
    let without = |share: f32| (1.0 - f64::from(saturation) * f64::from(share)) as f32;
    let low = value * (1.0 - saturation);
    let falling = value * without(rest);
    let rising = value * without(1.0 - rest);
    let rgb = [
        [value, rising, low],
        [falling, value, low],
        [low, value, rising],
        [low, falling, value],
        [rising, low, value],
        [value, low, falling],
    ];
    rgb[sector].map(|part| (part * 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::super::recorded::recorded;
    use super::*;

    fn changed(change: Change, picture: &[u8]) -> Vec<u8> {
        let mut picture = picture.to_vec();
        Jitter { changes: vec![change], truncate: true }.apply(&mut picture);
        picture
    }

    #[test]
    fn brightness_multiplies_clips_and_truncates() {
        assert_eq!(changed(Change::Brightness(1.5), &[101, 0, 200]), [151, 0, 255]);
        assert_eq!(changed(Change::Brightness(0.5), &[101, 10, 200]), [50, 5, 100]);
    }

    #[test]
    fn contrast_blends_with_the_mean_grey_of_the_frame() {
        // Greys 0 and 99.99 (the weights sum to 0.9999): mean 49.995; 1.5 x - 24.9975.
        assert_eq!(changed(Change::Contrast(1.5), &[0, 0, 0, 100, 100, 100]), [0, 0, 0, 125, 125, 125]);
        assert_eq!(changed(Change::Contrast(0.0), &[0, 0, 0, 100, 100, 100]), [49; 6]);
    }

    #[test]
    fn saturation_blends_with_the_pixels_grey() {
        // Grey of (200, 100, 0): 59.78 + 58.7 = 118.48; half of each plus 59.24.
        assert_eq!(changed(Change::Saturation(0.5), &[200, 100, 0]), [159, 109, 59]);
        assert_eq!(changed(Change::Saturation(0.0), &[200, 100, 0]), [118; 3]);
    }

    #[test]
    fn hue_turns_on_opencvs_circle() {
        // Red is 0, green 60, blue 120 of 180.
        assert_eq!(to_hsv([255, 0, 0]), [0, 255, 255]);
        assert_eq!(to_hsv([0, 255, 0]), [60, 255, 255]);
        assert_eq!(to_hsv([0, 0, 255]), [120, 255, 255]);
        assert_eq!(to_hsv([90, 90, 90]), [0, 0, 90]);
        // 60 (50 - 100) / (200 - 50) = -20 degrees: 170 of 180. 255 * 150 / 200 = 191.25.
        assert_eq!(to_hsv([200, 50, 100]), [170, 191, 200]);
        assert_eq!(changed(Change::Hue(60), &[255, 0, 0, 0, 255, 0]), [0, 255, 0, 0, 0, 255]);
        assert_eq!(changed(Change::Hue(-60), &[255, 0, 0]), [0, 0, 255]);
        assert_eq!(changed(Change::Hue(25), &[77, 77, 77]), [77; 3]);
    }

    #[test]
    fn hue_gives_opencvs_bytes() {
        for picture in ["rough", "smooth"] {
            let input = recorded(&format!("{picture}.input"));
            for shift in [-25, 0, 7, 25] {
                let (ours, theirs) = (changed(Change::Hue(shift), &input), recorded(&format!("{picture}.hue_{shift}")));
                let off = ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
                assert_eq!(off, 0, "{picture} by {shift}: bytes that differ");
            }
        }
    }

    #[test]
    fn the_order_is_drawn_once_and_what_is_off_is_left_out() {
        let all = Augment { brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.1, ..Augment::default() };
        let kinds = |ranges: &Augment, seed: u64, item: u64| -> Vec<std::mem::Discriminant<Change>> {
            let Jitter { changes, .. } =
                Jitter::drawn(ranges, seed, &mut Draw::new(seed, Purpose::Augment, &[1, item]));
            changes.iter().map(std::mem::discriminant).collect()
        };
        assert_eq!(kinds(&all, 3, 0).len(), 4);
        assert_eq!(kinds(&all, 3, 0), kinds(&all, 3, 7));
        assert!((0..20).any(|seed| kinds(&all, seed, 0) != kinds(&all, 3, 0)));
        assert_eq!(kinds(&Augment { hue: 0.1, ..Augment::default() }, 3, 0).len(), 1);
        assert!(kinds(&Augment::default(), 3, 0).is_empty());
        for item in 0..200 {
            let Jitter { changes, .. } = Jitter::drawn(&all, 3, &mut Draw::new(3, Purpose::Augment, &[1, item]));
            for change in changes {
                match change {
                    Change::Hue(shift) => assert!((-25..=25).contains(&shift)),
                    Change::Brightness(x) | Change::Contrast(x) | Change::Saturation(x) => {
                        assert!((0.5..1.5).contains(&x));
                    }
                }
            }
        }
    }
}
