//! Which part of the picture the player shows, and how large.

/// How large the picture is, and which place of it is in the middle. Sizes and places are given by whoever draws: the state knows no screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureView {
    /// Pixels of the screen for one row of the upright picture; none: as large as there is room.
    pub scale: Option<f64>,
    /// Place of the upright picture in the middle, 0..1 across and down.
    pub centre: [f64; 2],
}

impl Default for PictureView {
    fn default() -> Self {
        Self { scale: None, centre: [0.5, 0.5] }
    }
}

/// Largest pixels of the screen for a row of the picture.
const LARGEST: f64 = 32.0;

impl PictureView {
    /// Shown as large as said about a place.
    #[must_use]
    pub fn at_scale(self, scale: f64, centre: [f64; 2]) -> Self {
        Self { scale: Some(scale.clamp(0.05, LARGEST)), centre: centre.map(|place| place.clamp(0.0, 1.0)) }
    }

    /// The scale when `room` (pixels of the screen, across and down) is for a picture of `rows` rows that is `aspect` times as wide as high.
    #[must_use]
    pub fn scale_in(self, room: [f64; 2], rows: f64, aspect: f64) -> f64 {
        let fit = (room[0] / (rows * aspect).max(1.0)).min(room[1] / rows.max(1.0));
        self.scale.unwrap_or(fit)
    }

    /// Left, top, width and height of the part that is seen, 0..1 of the picture, and how much of the room it fills, 0..1 across and down. A
    /// picture smaller than the room stands in its middle, a larger one leaves none of it empty.
    #[must_use]
    pub fn part(self, room: [f64; 2], rows: f64, aspect: f64) -> ([f64; 4], [f64; 2]) {
        let scale = self.scale_in(room, rows, aspect);
        let size = [rows * aspect * scale, rows * scale].map(|side| side.max(1e-6));
        let mut part = [0.0, 0.0, 1.0, 1.0];
        let mut filled = [1.0, 1.0];
        for axis in 0..2 {
            let seen = (room[axis] / size[axis]).min(1.0);
            part[axis] = (self.centre[axis] - seen / 2.0).clamp(0.0, 1.0 - seen);
            part[axis + 2] = seen;
            filled[axis] = (size[axis] / room[axis].max(1e-6)).min(1.0);
        }
        (part, filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitting_shows_all_and_fills_one_side() {
        let (part, filled) = PictureView::default().part([400.0, 400.0], 100.0, 2.0);
        assert_eq!((part, filled), ([0.0, 0.0, 1.0, 1.0], [1.0, 0.5]));
    }

    #[test]
    fn a_magnified_picture_leaves_nothing_empty() {
        let view = PictureView::default().at_scale(8.0, [0.0, 0.9]);
        let (part, filled) = view.part([400.0, 400.0], 100.0, 2.0);
        assert_eq!(filled, [1.0, 1.0]);
        assert_eq!(part, [0.0, 0.5, 0.25, 0.5]);
        assert_eq!(view.at_scale(1e9, [2.0, 0.5]), PictureView { scale: Some(LARGEST), centre: [1.0, 0.5] });
    }
}
