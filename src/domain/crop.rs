//! The region of a picture that counts, where not all of it does: a small animal must not vanish in a picture of 128 pixels.

use serde::{Deserialize, Serialize};

/// A region of the upright picture, in shares of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 4]", into = "[f64; 4]")]
pub struct Crop {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// Numbers that are no region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCrop;

impl std::fmt::Display for NoCrop {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a crop is left, top, width and height as shares of the picture: inside 0 to 1, a hundredth at least each way")
    }
}

impl std::error::Error for NoCrop {}

/// Least share of a side.
const LEAST: f64 = 0.01;

/// Three digits say where, to the pixel of what is learnt from.
fn rounded(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}

impl TryFrom<[f64; 4]> for Crop {
    type Error = NoCrop;

    fn try_from([left, top, width, height]: [f64; 4]) -> Result<Self, NoCrop> {
        // A NaN is in no range. The end may stand out by what sums of decimals do.
        let fits = |begin: f64, length: f64| {
            (0.0..=1.0).contains(&begin) && (LEAST..=1.0).contains(&length) && begin + length <= 1.0 + 1e-9
        };
        if fits(left, width) && fits(top, height) { Ok(Self { left, top, width, height }) } else { Err(NoCrop) }
    }
}

impl From<Crop> for [f64; 4] {
    fn from(crop: Crop) -> Self {
        [crop.left, crop.top, crop.width, crop.height]
    }
}

impl Crop {
    /// The region between two corners given as shares, moved into the picture; `None` when it is too small to mean anything.
    #[must_use]
    pub fn between(a: [f64; 2], b: [f64; 2]) -> Option<Self> {
        let side = |axis: usize| {
            let (a, b) = (a[axis].clamp(0.0, 1.0), b[axis].clamp(0.0, 1.0));
            (a.min(b), (a - b).abs())
        };
        let ((left, width), (top, height)) = (side(0), side(1));
        let (left, top) = (rounded(left), rounded(top));
        Self::try_from([left, top, rounded(width).min(1.0 - left), rounded(height).min(1.0 - top)]).ok()
    }

    /// The region as large as it is, moved by shares of the picture across and down, as far as there is picture.
    #[must_use]
    pub fn moved(self, by: [f64; 2]) -> Self {
        let place = |begin: f64, length: f64, by: f64| rounded(begin + by).clamp(0.0, (1.0 - length).max(0.0));
        let Self { left, top, width, height } = self;
        Self { left: place(left, width, by[0]), top: place(top, height, by[1]), width, height }
    }

    /// Whether it is all of the picture.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.width > 1.0 - 1e-9 && self.height > 1.0 - 1e-9
    }

    /// The same region of a picture turned by `quarters` quarter turns counterclockwise: from the upright picture to the stored one, which is
    /// made upright by as many clockwise.
    #[must_use]
    pub fn turned_back(self, quarters: u32) -> Self {
        let Self { left, top, width, height } = self;
        match quarters % 4 {
            1 => Self { left: top, top: 1.0 - left - width, width: height, height: width },
            2 => Self { left: 1.0 - left - width, top: 1.0 - top - height, width, height },
            3 => Self { left: 1.0 - top - height, top: left, width: height, height: width },
            _ => self,
        }
    }

    /// Left, top, width and height in pixels of a picture of this size: even places, as halved chroma asks for, and 2 pixels at least.
    #[must_use]
    pub fn pixels(self, (width, height): (usize, usize)) -> (usize, usize, usize, usize) {
        let side = |begin: f64, length: f64, size: usize| {
            let even = |place: f64| 2 * ((place * size as f64 / 2.0).round() as usize);
            let first = even(begin).min(size.saturating_sub(2) / 2 * 2);
            let end = if begin + length >= 1.0 - 1e-9 { size } else { even(begin + length).min(size) };
            (first, end.max((first + 2).min(size)) - first)
        };
        let ((left, wide), (top, high)) = (side(self.left, self.width, width), side(self.top, self.height, height));
        (left, top, wide, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regions_of_the_picture_are_crops() {
        assert!(Crop::try_from([0.1, 0.2, 0.9, 0.8]).is_ok());
        for wrong in [[0.5, 0.0, 0.6, 1.0], [-0.1, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 1.0], [f64::NAN, 0.0, 1.0, 1.0]] {
            assert_eq!(Crop::try_from(wrong), Err(NoCrop), "{wrong:?}");
        }
        assert_eq!(Crop::between([0.7, -3.0], [0.2, 0.5]).map(<[f64; 4]>::from), Some([0.2, 0.0, 0.5, 0.5]));
        assert_eq!(Crop::between([0.7, 0.1], [0.7, 0.5]), None);
        let text = serde_json::to_string(&Crop::try_from([0.0, 0.25, 0.5, 0.5]).expect("a crop")).expect("written");
        assert_eq!(text, "[0.0,0.25,0.5,0.5]");
        assert!(serde_json::from_str::<Crop>("[0,0,2,1]").is_err());
    }

    #[test]
    fn a_region_moves_as_far_as_there_is_picture() {
        let crop = Crop::try_from([0.1, 0.2, 0.3, 0.4]).expect("a crop");
        let close = |a: Crop, b: [f64; 4]| <[f64; 4]>::from(a).iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(crop.moved([0.05, -0.1]), [0.15, 0.1, 0.3, 0.4]));
        assert!(close(crop.moved([-9.0, 9.0]), [0.0, 0.6, 0.3, 0.4]));
        assert!(!crop.is_whole() && Crop::between([0.0, 1.0], [1.0, 0.0]).is_some_and(Crop::is_whole));
    }

    #[test]
    fn pixels_are_even_and_inside() {
        let crop = Crop::try_from([0.25, 0.1, 0.5, 0.9]).expect("a crop");
        assert_eq!(crop.pixels((100, 50)), (26, 6, 50, 44));
        assert_eq!(crop.pixels((3, 2)), (0, 0, 2, 2));
        assert_eq!(Crop::try_from([0.0, 0.0, 1.0, 1.0]).expect("all").pixels((63, 47)), (0, 0, 63, 47));
    }

    #[test]
    fn four_quarter_turns_are_none() {
        let crop = Crop::try_from([0.1, 0.2, 0.3, 0.4]).expect("a crop");
        let close = |a: Crop, b: [f64; 4]| <[f64; 4]>::from(a).iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        // Turned counterclockwise, what was at the left is at the bottom and what was at the top is at the left.
        assert!(close(crop.turned_back(1), [0.2, 0.6, 0.4, 0.3]));
        assert!(close(crop.turned_back(1).turned_back(3), crop.into()));
        assert!(close(crop.turned_back(2).turned_back(2), crop.into()));
    }
}
