//! A decoded frame as plain bytes: planes for the GPU, RGB for files and for the eye.

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

/// The weights by which luma and chroma were made from red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourMatrix {
    /// ITU-R BT.601; also taken where a file does not say, as FFmpeg does.
    Bt601,
    /// ITU-R BT.709.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

impl ColourMatrix {
    /// The weights of red and blue in luma, (Kr, Kb), from the three recommendations.
    #[must_use]
    pub fn weights(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// Which byte values mean black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourRange {
    /// Luma 16–235, chroma 16–240.
    Limited,
    /// 0–255.
    Full,
}

/// One plane of 8-bit samples. Rows follow each other without padding, so that equal pictures are equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane {
    /// `[y][x]`, `width * height` bytes.
    pub data: Vec<u8>,
    /// Samples in a row, and bytes from one row to the next.
    pub width: usize,
    /// Rows.
    pub height: usize,
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

/// A decoded picture as stored (not rotated): Y, U and V, 8 bit. The chroma planes are full, half or quarter size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Y, U, V.
    pub planes: [Plane; 3],
    /// Meaning of the byte values.
    pub range: ColourRange,
    /// How luma and chroma were made.
    pub matrix: ColourMatrix,
    /// Turn that makes it stand upright.
    pub rotation: Rotation,
    /// Shape of a stored pixel. Only a display follows it: what is written, labelled and learnt from keeps its pixels.
    pub pixel_aspect: PixelAspect,
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

impl Picture {
    /// Width over height of the upright picture as it is meant to be seen.
    #[must_use]
    pub fn display_aspect(&self) -> f64 {
        let stored = self.width as f64 / self.height.max(1) as f64 * self.pixel_aspect.ratio();
        if self.rotation.swaps_sides() { 1.0 / stored } else { stored }
    }

    /// RGB, upright. Chroma is interpolated between its samples (sited left, and midway between rows, as MPEG-2 and later do).
    #[must_use]
    pub fn to_rgb(&self) -> RgbImage {
        let convert = YuvToRgb::new(self.matrix, self.range);
        let [luma, u, v] = &self.planes;
        let across = Taps::new(self.width, u.width, 0.0);
        let down = Taps::new(self.height, u.height, 0.5);
        let mut data = Vec::with_capacity(self.width * self.height * 3);
        for y in 0..self.height {
            let row = &luma.data[y * luma.width..];
            for x in 0..self.width {
                let chroma = |plane: &Plane| {
                    let (x, y) = (&across.0[x], &down.0[y]);
                    let at = |row: usize, column: usize| f32::from(plane.data[row * plane.width + column]);
                    let line = |row: usize| at(row, x.0) * (1.0 - x.2) + at(row, x.1) * x.2;
                    line(y.0) * (1.0 - y.2) + line(y.1) * y.2
                };
                data.extend_from_slice(&convert.pixel(f32::from(row[x]), chroma(u), chroma(v)));
            }
        }
        RgbImage { width: self.width, height: self.height, data }.rotated(self.rotation)
    }
}

/// For each position of a luma axis, the two chroma samples about it and the weight of the second.
struct Taps(Vec<(usize, usize, f32)>);

impl Taps {
    /// `midway` is where the first chroma sample lies, as a share of the way from the first to the last of its luma samples.
    fn new(luma: usize, chroma: usize, midway: f32) -> Self {
        if chroma == 0 || chroma >= luma {
            return Self((0..luma).map(|at| (at, at, 0.0)).collect());
        }
        let step = luma.div_ceil(chroma) as f32;
        let last = chroma - 1;
        Self(
            (0..luma)
                .map(|at| {
                    let place = ((at as f32 - midway * (step - 1.0)) / step).clamp(0.0, last as f32);
                    let first = place as usize;
                    (first, (first + 1).min(last), place - first as f32)
                })
                .collect(),
        )
    }
}

/// The linear map from Y, U, V bytes to R, G, B bytes.
struct YuvToRgb {
    black: f32,
    luma: f32,
    red_v: f32,
    green_u: f32,
    green_v: f32,
    blue_u: f32,
}

impl YuvToRgb {
    fn new(matrix: ColourMatrix, range: ColourRange) -> Self {
        let (kr, kb) = matrix.weights();
        let kg = 1.0 - kr - kb;
        let (black, luma, chroma) = match range {
            ColourRange::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
            ColourRange::Full => (0.0, 1.0, 1.0),
        };
        let (red_v, blue_u) = (2.0 * (1.0 - kr) * chroma, 2.0 * (1.0 - kb) * chroma);
        Self {
            black,
            luma: luma as f32,
            red_v: red_v as f32,
            green_u: (-kb / kg * blue_u) as f32,
            green_v: (-kr / kg * red_v) as f32,
            blue_u: blue_u as f32,
        }
    }

    fn pixel(&self, y: f32, u: f32, v: f32) -> [u8; 3] {
        let (y, u, v) = ((y - self.black) * self.luma, u - 128.0, v - 128.0);
        // A cast from float to byte saturates.
        [y + self.red_v * v, y + self.green_u * u + self.green_v * v, y + self.blue_u * u].map(|c| (c + 0.5) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(y: u8, u: u8, v: u8, matrix: ColourMatrix, range: ColourRange) -> [u8; 3] {
        let plane = |value, side: usize| Plane { data: vec![value; side * side], width: side, height: side };
        let planes = [plane(y, 4), plane(u, 2), plane(v, 2)];
        let rotation = Rotation::None;
        let picture =
            Picture { width: 4, height: 4, planes, range, matrix, rotation, pixel_aspect: PixelAspect::default() };
        let rgb = picture.to_rgb();
        [rgb.data[0], rgb.data[1], rgb.data[2]]
    }

    #[test]
    fn the_primaries_come_out_as_the_recommendations_say() {
        // Byte values of pure red and white by BT.601 and BT.709, limited range: rounded from the standards' matrices.
        assert_eq!(flat(235, 128, 128, ColourMatrix::Bt601, ColourRange::Limited), [255, 255, 255]);
        assert_eq!(flat(16, 128, 128, ColourMatrix::Bt709, ColourRange::Limited), [0, 0, 0]);
        assert_eq!(flat(77, 77, 77, ColourMatrix::Bt601, ColourRange::Full), {
            let v = -51.0f64;
            [77.0 + 1.402 * v, 77.0 - (0.344_136 + 0.714_136) * v, 77.0 + 1.772 * v]
                .map(|c| c.round().clamp(0.0, 255.0) as u8)
        });
        let red = flat(81, 90, 240, ColourMatrix::Bt601, ColourRange::Limited);
        assert!(red[0] >= 253 && red[1] <= 2 && red[2] <= 2, "{red:?}");
        let red = flat(63, 102, 240, ColourMatrix::Bt709, ColourRange::Limited);
        assert!(red[0] >= 253 && red[1] <= 2 && red[2] <= 2, "{red:?}");
    }

    #[test]
    fn pixels_are_stretched_before_the_picture_is_turned() {
        // PAL widescreen: 720 by 576 with pixels of 64:45 is 16:9; stood on its side it is 9:16.
        let plane = Plane { data: Vec::new(), width: 0, height: 0 };
        let mut picture = Picture {
            width: 720,
            height: 576,
            planes: [plane.clone(), plane.clone(), plane],
            range: ColourRange::Limited,
            matrix: ColourMatrix::Bt601,
            rotation: Rotation::None,
            pixel_aspect: PixelAspect { width: 64, height: 45 },
        };
        assert!((picture.display_aspect() - 16.0 / 9.0).abs() < 1e-12);
        picture.rotation = Rotation::Clockwise90;
        assert!((picture.display_aspect() - 9.0 / 16.0).abs() < 1e-12);
        picture.pixel_aspect = PixelAspect { width: 0, height: 1 };
        assert!((picture.display_aspect() - 576.0 / 720.0).abs() < 1e-12, "what is no fraction stretches nothing");
    }

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
