//! A decoded picture as plain bytes, as the codec stores it, and what its samples mean. `shaders/yuv_to_rgb.wgsl` draws it; here is the same
//! on the CPU, for files.

use super::{PixelAspect, RgbImage, Rotation, tone};

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

/// Which values mean black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourRange {
    /// Luma 16–235, chroma 16–240, times 4 with ten bits and so on.
    Limited,
    /// From 0 to the highest.
    Full,
}

/// How light became the values of red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// As a display of common range shows it: nothing to do.
    #[default]
    Display,
    /// Perceptual quantiser of SMPTE ST 2084, of light up to 10 000 candela a square metre.
    Pq,
    /// Hybrid log-gamma of ITU-R BT.2100.
    Hlg,
}

/// One plane of texels. Rows follow each other without padding, so that equal pictures are equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane {
    /// `[y][x][texel]`.
    pub data: Vec<u8>,
    /// Texels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// Where the colour of a pixel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// Nowhere: the picture is grey.
    None,
    /// In two planes of their own.
    Planes,
    /// In one plane of pairs, as NV12 and P010 have it.
    Pairs,
}

/// What the bytes of a picture mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bits of a sample; above 8 it takes two bytes, the lower first.
    pub bits: u32,
    /// Empty bits below them (P010 keeps its ten at the upper end).
    pub shift: u32,
    /// Where U and V are.
    pub chroma: Chroma,
    /// Whether the last plane says how opaque a pixel is.
    pub alpha: bool,
}

impl Layout {
    /// Three planes of eight bits.
    pub const PLANAR: Self = Self { bits: 8, shift: 0, chroma: Chroma::Planes, alpha: false };

    /// The layout of FFmpeg's pixel format of this name; none for those that are converted first.
    #[must_use]
    pub fn of_format(name: &str) -> Option<Self> {
        let pairs = |bits, shift| Some(Self { bits, shift, chroma: Chroma::Pairs, alpha: false });
        match name {
            "nv12" | "nv16" | "nv24" => return pairs(8, 0),
            "p010le" | "p210le" | "p410le" => return pairs(10, 6),
            "p012le" | "p212le" | "p412le" => return pairs(12, 4),
            "p016le" | "p216le" | "p416le" => return pairs(16, 0),
            _ => {}
        }
        let bits = |rest: &str| match rest {
            "" => Some(8),
            "9le" => Some(9),
            "10le" => Some(10),
            "12le" => Some(12),
            "14le" => Some(14),
            "16le" => Some(16),
            _ => None,
        };
        if let Some(rest) = name.strip_prefix("gray") {
            return Some(Self { bits: bits(rest)?, chroma: Chroma::None, ..Self::PLANAR });
        }
        let alpha = name.starts_with("yuva");
        let rest = name.strip_prefix("yuva").or(name.strip_prefix("yuvj")).or(name.strip_prefix("yuv"))?;
        let (digits, rest) = rest.split_at_checked(3)?;
        let known = digits.bytes().all(|digit| digit.is_ascii_digit());
        let rest = rest.strip_prefix('p').filter(|_| known)?;
        Some(Self { bits: bits(rest)?, alpha, ..Self::PLANAR })
    }

    /// Number of planes.
    #[must_use]
    pub fn planes(self) -> usize {
        let colour = match self.chroma {
            Chroma::None => 0,
            Chroma::Planes => 2,
            Chroma::Pairs => 1,
        };
        1 + colour + usize::from(self.alpha)
    }

    /// Bytes of a sample.
    #[must_use]
    pub fn sample_bytes(self) -> usize {
        if self.bits > 8 { 2 } else { 1 }
    }

    /// Bytes of a texel of a plane.
    #[must_use]
    pub fn texel_bytes(self, plane: usize) -> usize {
        let samples = if plane == 1 && self.chroma == Chroma::Pairs { 2 } else { 1 };
        samples * self.sample_bytes()
    }

    /// Plane of Y, U, V and alpha, and the first byte of the sample in its texel.
    #[must_use]
    pub fn place(self, channel: Channel) -> Option<(usize, usize)> {
        match (channel, self.chroma) {
            (Channel::Luma, _) => Some((0, 0)),
            (Channel::Alpha, _) => self.alpha.then(|| (self.planes() - 1, 0)),
            (_, Chroma::None) => None,
            (Channel::U, _) => Some((1, 0)),
            (Channel::V, Chroma::Planes) => Some((2, 0)),
            (Channel::V, Chroma::Pairs) => Some((1, self.sample_bytes())),
        }
    }

    /// The highest value of a sample as it lies in its bytes.
    #[must_use]
    pub fn highest(self) -> f64 {
        f64::from(((1u32 << self.bits) - 1) << self.shift)
    }
}

/// What a sample is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Brightness.
    Luma,
    /// Blue difference.
    U,
    /// Red difference.
    V,
    /// Opacity.
    Alpha,
}

/// A decoded picture as stored, not rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The planes of the layout: luma, chroma of full, half or quarter size, opacity.
    pub planes: Vec<Plane>,
    /// What their bytes mean.
    pub layout: Layout,
    /// Which values mean black and white.
    pub range: ColourRange,
    /// How luma and chroma were made.
    pub matrix: ColourMatrix,
    /// How light became values.
    pub transfer: Transfer,
    /// Turn that makes it stand upright.
    pub rotation: Rotation,
    /// Shape of a stored pixel. Only a display follows it: what is written, labelled and learnt from keeps its pixels.
    pub pixel_aspect: PixelAspect,
}

impl Picture {
    /// A picture of one grey.
    #[must_use]
    pub fn grey(width: usize, height: usize, luma: u8) -> Self {
        Self {
            width,
            height,
            planes: vec![Plane { data: vec![luma; width * height], width, height }],
            layout: Layout { chroma: Chroma::None, ..Layout::PLANAR },
            range: ColourRange::Full,
            matrix: ColourMatrix::Bt601,
            transfer: Transfer::Display,
            rotation: Rotation::None,
            pixel_aspect: PixelAspect::default(),
        }
    }

    /// Bytes of its planes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.planes.iter().map(|plane| plane.data.len()).sum()
    }

    /// Pixels of the upright picture: in a row, and rows.
    #[must_use]
    pub fn upright_size(&self) -> (usize, usize) {
        if self.rotation.swaps_sides() { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// Width over height of the upright picture as it is meant to be seen.
    #[must_use]
    pub fn display_aspect(&self) -> f64 {
        let stored = self.width as f64 / self.height.max(1) as f64 * self.pixel_aspect.ratio();
        if self.rotation.swaps_sides() { 1.0 / stored } else { stored }
    }

    /// The matrix from (Y, U, V, 1), each 0..1 of its highest value, to R, G, B of 0..1 (ITU-R BT.601, 709, 2020: Kr and Kb; limited range
    /// 16-235 and 16-240 times 2^(bits - 8)). Grey pictures have no part of U and V.
    #[must_use]
    pub fn rgb_from_yuv(&self) -> [[f64; 4]; 3] {
        let (kr, kb) = self.matrix.weights();
        let kg = 1.0 - kr - kb;
        let highest = f64::from((1u32 << self.layout.bits) - 1);
        let unit = 2f64.powi(self.layout.bits as i32 - 8);
        let (black, luma, chroma) = match self.range {
            ColourRange::Limited => (16.0 * unit / highest, highest / (219.0 * unit), highest / (224.0 * unit)),
            ColourRange::Full => (0.0, 1.0, 1.0),
        };
        let (red_v, blue_u) = match self.layout.chroma {
            Chroma::None => (0.0, 0.0),
            Chroma::Planes | Chroma::Pairs => (2.0 * (1.0 - kr) * chroma, 2.0 * (1.0 - kb) * chroma),
        };
        let middle = 128.0 * unit / highest;
        let row = |u: f64, v: f64| [luma, u, v, -luma * black - (u + v) * middle];
        [row(0.0, red_v), row(-kb / kg * blue_u, -kr / kg * red_v), row(blue_u, 0.0)]
    }

    /// For the chroma planes: luma pixels from one sample to the next across and down, and from the first luma sample to the first chroma
    /// sample. They are sited left, and midway between rows, as MPEG-2 and later do.
    #[must_use]
    pub fn chroma_grid(&self) -> ([f32; 2], [f32; 2]) {
        let step = |luma: usize, chroma: usize| luma.div_ceil(chroma.max(1)).max(1) as f32;
        let (across, down) = match (self.layout.chroma, self.planes.get(1)) {
            (Chroma::None, _) | (_, None) => (1.0, 1.0),
            (_, Some(plane)) => (step(self.width, plane.width), step(self.height, plane.height)),
        };
        ([across, down], [0.0, 0.5 * (down - 1.0)])
    }

    /// RGB, upright; opacity is left out. Chroma is interpolated between its samples.
    #[must_use]
    pub fn to_rgb(&self) -> RgbImage {
        let rows = self.rgb_from_yuv().map(|row| row.map(|weight| weight as f32));
        let [luma, u, v] = [Channel::Luma, Channel::U, Channel::V].map(|channel| Reader::new(self, channel));
        let (step, first) = self.chroma_grid();
        let taps = |luma: usize, chroma: usize, axis: usize| Taps::new(luma, chroma, step[axis], first[axis]);
        let chroma = u.as_ref().map_or((1, 1), |plane| (plane.plane.width, plane.plane.height));
        let (across, down) = (taps(self.width, chroma.0, 0), taps(self.height, chroma.1, 1));
        let mut data = Vec::with_capacity(self.width * self.height * 3);
        for y in 0..self.height {
            for x in 0..self.width {
                let colour = |reader: &Option<Reader>| {
                    reader.as_ref().map_or(0.0, |reader| reader.between(across.0[x], down.0[y]))
                };
                let yuv1 = [luma.as_ref().map_or(0.0, |luma| luma.at(x, y)), colour(&u), colour(&v), 1.0];
                let rgb = rows.map(|row| row.iter().zip(yuv1).map(|(weight, value)| weight * value).sum::<f32>());
                // A cast from float to byte saturates.
                data.extend(tone::mapped(rgb, self.transfer).map(|value| (value * 255.0 + 0.5) as u8));
            }
        }
        RgbImage { width: self.width, height: self.height, data }.rotated(self.rotation)
    }
}

/// Reads one channel as 0..1 of its highest value.
struct Reader<'a> {
    plane: &'a Plane,
    texel: usize,
    first: usize,
    wide: bool,
    scale: f32,
}

impl<'a> Reader<'a> {
    fn new(picture: &'a Picture, channel: Channel) -> Option<Self> {
        let layout = picture.layout;
        let (plane, first) = layout.place(channel)?;
        let scale = (1.0 / layout.highest()) as f32;
        let (texel, wide) = (layout.texel_bytes(plane), layout.sample_bytes() == 2);
        Some(Self { plane: picture.planes.get(plane)?, texel, first, wide, scale })
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        let at = (y * self.plane.width + x) * self.texel + self.first;
        let byte = |at: usize| self.plane.data.get(at).copied().map_or(0.0, f32::from);
        let value = if self.wide { byte(at) + 256.0 * byte(at + 1) } else { byte(at) };
        value * self.scale
    }

    fn between(&self, x: (usize, usize, f32), y: (usize, usize, f32)) -> f32 {
        let line = |row: usize| self.at(x.0, row) * (1.0 - x.2) + self.at(x.1, row) * x.2;
        line(y.0) * (1.0 - y.2) + line(y.1) * y.2
    }
}

/// For each position of a luma axis, the two chroma samples about it and the weight of the second.
struct Taps(Vec<(usize, usize, f32)>);

impl Taps {
    fn new(luma: usize, chroma: usize, step: f32, first: f32) -> Self {
        let last = chroma.saturating_sub(1);
        let tap = |at: usize| {
            let place = ((at as f32 - first) / step).clamp(0.0, last as f32);
            let before = place as usize;
            (before, (before + 1).min(last), place - before as f32)
        };
        Self((0..luma).map(tap).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(y: u8, u: u8, v: u8, matrix: ColourMatrix, range: ColourRange) -> [u8; 3] {
        let plane = |value, side: usize| Plane { data: vec![value; side * side], width: side, height: side };
        let planes = vec![plane(y, 4), plane(u, 2), plane(v, 2)];
        let picture = Picture { planes, layout: Layout::PLANAR, range, matrix, ..Picture::grey(4, 4, 0) };
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
        for (matrix, yuv, wanted) in [
            (ColourMatrix::Bt601, [81, 90, 240], [255, 0, 0]),
            (ColourMatrix::Bt709, [63, 102, 240], [255, 0, 0]),
            (ColourMatrix::Bt2020, [74, 97, 240], [255, 0, 0]),
        ] {
            let got = flat(yuv[0], yuv[1], yuv[2], matrix, ColourRange::Limited);
            assert!(got.iter().zip(wanted).all(|(got, wanted): (&u8, u8)| got.abs_diff(wanted) <= 2), "{got:?}");
        }
    }

    #[test]
    fn the_same_picture_in_every_layout_has_the_same_colours() {
        let wide = |values: &[u16]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let plane = |data: Vec<u8>, width, height| Plane { data, width, height };
        let planar = Picture {
            planes: vec![plane(vec![60, 200, 90, 120], 2, 2), plane(vec![90], 1, 1), plane(vec![190], 1, 1)],
            layout: Layout::PLANAR,
            range: ColourRange::Limited,
            ..Picture::grey(2, 2, 0)
        };
        let luma = [240, 800, 360, 480];
        let ten = Picture {
            planes: vec![plane(wide(&luma), 2, 2), plane(wide(&[360]), 1, 1), plane(wide(&[760]), 1, 1)],
            layout: Layout { bits: 10, ..Layout::PLANAR },
            ..planar
        };
        let paired = Picture {
            planes: vec![planar.planes[0].clone(), plane(vec![90, 190], 1, 1)],
            layout: Layout { chroma: Chroma::Pairs, ..Layout::PLANAR },
            ..planar
        };
        let upper = Picture {
            planes: vec![plane(wide(&luma.map(|value| value << 6)), 2, 2), plane(wide(&[360 << 6, 760 << 6]), 1, 1)],
            layout: Layout { bits: 10, shift: 6, chroma: Chroma::Pairs, alpha: false },
            ..planar
        };
        let wanted = planar.to_rgb();
        for (name, picture) in [("ten", ten), ("paired", paired), ("upper", upper)] {
            assert_eq!(picture.to_rgb(), wanted, "{name}");
        }
    }

    #[test]
    fn formats_are_known_by_their_names() {
        let of = |name| Layout::of_format(name);
        assert_eq!(of("yuvj422p"), Some(Layout::PLANAR));
        assert_eq!(of("yuva444p12le"), Some(Layout { bits: 12, alpha: true, ..Layout::PLANAR }));
        assert_eq!(of("gray10le"), Some(Layout { bits: 10, chroma: Chroma::None, ..Layout::PLANAR }));
        assert_eq!(of("p010le").map(|layout| (layout.planes(), layout.highest())), Some((2, 65472.0)));
        for name in ["rgb24", "gbrp", "yuv420p10be", "yuyv422", "pal8", "grayf32le", "nv21"] {
            assert_eq!(of(name), None, "{name}");
        }
        let alpha = Layout { alpha: true, ..Layout::PLANAR };
        assert_eq!((alpha.place(Channel::Alpha), alpha.planes()), (Some((3, 0)), 4));
    }

    #[test]
    fn pixels_are_stretched_before_the_picture_is_turned() {
        // PAL widescreen: 720 by 576 with pixels of 64:45 is 16:9; stood on its side it is 9:16.
        let mut picture = Picture { pixel_aspect: PixelAspect { width: 64, height: 45 }, ..Picture::grey(720, 576, 0) };
        assert!((picture.display_aspect() - 16.0 / 9.0).abs() < 1e-12);
        picture.rotation = Rotation::Clockwise90;
        assert!((picture.display_aspect() - 9.0 / 16.0).abs() < 1e-12);
        assert_eq!(picture.upright_size(), (576, 720));
        picture.pixel_aspect = PixelAspect { width: 0, height: 1 };
        assert!((picture.display_aspect() - 576.0 / 720.0).abs() < 1e-12, "what is no fraction stretches nothing");
    }
}
