//! Bars that are about a pixel wide: joined column by column, so that ten thousand cost what the screen is wide and none is left out.

use egui::{Color32, Mesh, Rect, Shape, pos2};

/// Columns of pixels next to each other in one colour.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    /// First column of the bar that began it: some of its columns may be an earlier run's.
    begin: i64,
    /// First column.
    from: i64,
    /// First column after.
    to: i64,
    top: f32,
    bottom: f32,
    colour: Color32,
}

/// Gathers bars, row by row in the order of their starts, into one mesh.
#[derive(Default)]
pub(super) struct Columns {
    /// Points of a pixel.
    pixel: f32,
    mesh: Mesh,
    /// Of each row what may still grow.
    open: Vec<Option<Run>>,
}

impl Columns {
    pub(super) fn new(pixels_per_point: f32) -> Self {
        Self { pixel: 1.0 / pixels_per_point.max(0.1), ..Self::default() }
    }

    /// Adds a bar: it takes a column at least. Where another one has its columns already, it is told by them.
    pub(super) fn add(&mut self, row: usize, place: Rect, colour: Color32) {
        let from = (place.left() / self.pixel).floor() as i64;
        let to = ((place.right() / self.pixel).round() as i64).max(from + 1);
        let fresh = Run { begin: from, from, to, top: place.top(), bottom: place.bottom(), colour };
        if self.open.len() <= row {
            self.open.resize(row + 1, None);
        }
        let Some(run) = &mut self.open[row] else {
            self.open[row] = Some(fresh);
            return;
        };
        let touches = from >= run.begin && from <= run.to;
        if touches && (to <= run.to || run.colour == colour) {
            run.to = run.to.max(to);
            return;
        }
        let done = *run;
        *run = if touches { Run { from: from.max(done.to), ..fresh } } else { fresh };
        self.paint(done);
    }

    /// Adds a bar that can be told from its neighbours.
    pub(super) fn alone(&mut self, place: Rect, colour: Color32) {
        // The gap shows where one ends and the next begins.
        let gap = if place.width() > 4.0 * self.pixel { self.pixel } else { 0.0 };
        let right = pos2(place.right() - gap, place.bottom());
        self.mesh.add_colored_rect(Rect::from_min_max(place.min, right), colour);
    }

    fn paint(&mut self, Run { from, to, top, bottom, colour, .. }: Run) {
        let x = |column: i64| column as f32 * self.pixel;
        self.mesh.add_colored_rect(Rect::from_min_max(pos2(x(from), top), pos2(x(to), bottom)), colour);
    }

    /// All of it.
    pub(super) fn shape(mut self) -> Shape {
        for run in std::mem::take(&mut self.open).into_iter().flatten() {
            self.paint(run);
        }
        Shape::mesh(self.mesh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Draw, Purpose};

    /// The rectangles of a mesh.
    fn painted(shape: &Shape) -> Vec<Rect> {
        let Shape::Mesh(mesh) = shape else { panic!("a mesh") };
        mesh.vertices.chunks(4).map(|corners| Rect::from_two_pos(corners[0].pos, corners[3].pos)).collect()
    }

    #[test]
    fn no_bar_is_left_out_and_ten_thousand_cost_what_the_screen_is_wide() {
        let mut draw = Draw::new(5, Purpose::Sample, &[1]);
        for scale in [1.0, 1.5, 2.0] {
            let mut bars: Vec<(f32, f32, usize)> = (0..10_000)
                .map(|_| {
                    let left = draw.uniform(100.0, 900.0) as f32;
                    (left, left + draw.uniform(0.0, 1.5) as f32, draw.below(6))
                })
                .collect();
            bars.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut columns = Columns::new(scale);
            for (left, right, colour) in &bars {
                let place = Rect::from_min_max(pos2(*left, 10.0), pos2(*right, 26.0));
                columns.add(0, place, Color32::from_gray(40 * *colour as u8));
            }
            let rects = painted(&columns.shape());
            assert!(rects.len() <= (802.0 * scale) as usize, "{} rectangles", rects.len());
            for (left, right, _) in bars {
                let seen = rects.iter().any(|rect| rect.left() <= right && rect.right() >= left);
                assert!(seen, "{left} to {right} is nowhere");
            }
        }
    }

    #[test]
    fn a_single_bar_of_no_width_is_a_whole_pixel() {
        let mut columns = Columns::new(2.0);
        columns.add(3, Rect::from_min_max(pos2(7.3, 0.0), pos2(7.3, 9.0)), Color32::WHITE);
        let rects = painted(&columns.shape());
        assert_eq!(rects, [Rect::from_min_max(pos2(7.0, 0.0), pos2(7.5, 9.0))]);
    }
}
