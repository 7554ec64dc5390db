//! Icons, drawn as strokes and shapes: they follow colour and scale, and no font can lack them.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, vec2};

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A triangle to the right.
    Play,
    /// Two bars.
    Pause,
    /// A bar and a triangle to the left.
    FrameBack,
    /// A triangle to the right and a bar.
    FrameForward,
    /// A folder.
    Folder,
    /// A strip of film.
    Film,
    /// A cross.
    Close,
    /// A triangle with an exclamation mark.
    Warning,
    /// A tick.
    Check,
    /// A lens.
    Find,
    /// Arrows to both sides.
    Fit,
    /// A rising curve.
    Curve,
    /// Bars of different length.
    Lanes,
    /// Two corners of a frame.
    Crop,
    /// An arrow that turns back.
    Undo,
    /// An arrow that turns on.
    Redo,
}

/// Draws an icon in the middle of `rect`.
pub fn paint(painter: &Painter, icon: Icon, rect: Rect, colour: Color32) {
    let side = rect.width().min(rect.height());
    let square = Rect::from_center_size(rect.center(), vec2(side, side));
    // Places are given on a grid of 16 by 16.
    let at = |x: f32, y: f32| square.min + vec2(x, y) * (side / 16.0);
    let stroke = Stroke::new((side / 11.0).max(1.0), colour);
    let filled = |points: &[(f32, f32)]| {
        let points: Vec<Pos2> = points.iter().map(|&(x, y)| at(x, y)).collect();
        painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
    };
    let line = |points: &[(f32, f32)]| {
        let points: Vec<Pos2> = points.iter().map(|&(x, y)| at(x, y)).collect();
        painter.add(Shape::line(points, stroke));
    };
    let block = |x: f32, y: f32, width: f32, height: f32| {
        painter.rect_filled(Rect::from_min_max(at(x, y), at(x + width, y + height)), side / 16.0, colour);
    };
    match icon {
        Icon::Play => filled(&[(4.5, 2.5), (13.5, 8.0), (4.5, 13.5)]),
        Icon::Pause => {
            block(4.0, 3.0, 3.0, 10.0);
            block(9.0, 3.0, 3.0, 10.0);
        }
        Icon::FrameBack => {
            block(3.0, 3.5, 2.0, 9.0);
            filled(&[(12.5, 3.5), (12.5, 12.5), (6.0, 8.0)]);
        }
        Icon::FrameForward => {
            block(11.0, 3.5, 2.0, 9.0);
            filled(&[(3.5, 3.5), (10.0, 8.0), (3.5, 12.5)]);
        }
        Icon::Folder => line(&[
            (2.0, 12.5),
            (2.0, 3.5),
            (6.5, 3.5),
            (8.0, 5.5),
            (14.0, 5.5),
            (14.0, 12.5),
            (2.0, 12.5),
            (2.0, 11.5),
        ]),
        Icon::Film => {
            line(&[(2.0, 3.0), (14.0, 3.0), (14.0, 13.0), (2.0, 13.0), (2.0, 3.0), (3.0, 3.0)]);
            line(&[(5.0, 3.0), (5.0, 13.0)]);
            line(&[(11.0, 3.0), (11.0, 13.0)]);
            for y in [6.33, 9.66] {
                line(&[(2.0, y), (5.0, y)]);
                line(&[(11.0, y), (14.0, y)]);
            }
        }
        Icon::Close => {
            line(&[(4.0, 4.0), (12.0, 12.0)]);
            line(&[(12.0, 4.0), (4.0, 12.0)]);
        }
        Icon::Warning => {
            line(&[(8.0, 2.0), (14.5, 13.5), (1.5, 13.5), (8.0, 2.0), (8.6, 3.0)]);
            line(&[(8.0, 6.3), (8.0, 9.6)]);
            painter.circle_filled(at(8.0, 11.6), side / 18.0, colour);
        }
        Icon::Check => line(&[(3.0, 8.5), (6.5, 12.0), (13.0, 4.5)]),
        Icon::Find => {
            painter.circle_stroke(at(7.0, 7.0), side * 4.2 / 16.0, stroke);
            line(&[(10.2, 10.2), (13.5, 13.5)]);
        }
        Icon::Fit => {
            line(&[(2.0, 3.5), (2.0, 12.5)]);
            line(&[(14.0, 3.5), (14.0, 12.5)]);
            line(&[(4.2, 8.0), (11.8, 8.0)]);
            line(&[(6.2, 6.0), (4.2, 8.0), (6.2, 10.0)]);
            line(&[(9.8, 6.0), (11.8, 8.0), (9.8, 10.0)]);
        }
        Icon::Curve => {
            line(&[(2.0, 2.5), (2.0, 13.5), (14.0, 13.5)]);
            line(&[(4.0, 11.0), (7.0, 8.0), (9.0, 9.0), (13.5, 3.5)]);
        }
        Icon::Crop => {
            line(&[(4.5, 1.5), (4.5, 11.5), (14.5, 11.5)]);
            line(&[(1.5, 4.5), (11.5, 4.5), (11.5, 14.5)]);
        }
        Icon::Undo => {
            line(&[(5.5, 3.0), (2.5, 6.0), (5.5, 9.0)]);
            line(&[(2.5, 6.0), (9.5, 6.0), (12.5, 7.5), (13.5, 10.0), (12.0, 12.5), (8.0, 12.8)]);
        }
        Icon::Redo => {
            line(&[(10.5, 3.0), (13.5, 6.0), (10.5, 9.0)]);
            line(&[(13.5, 6.0), (6.5, 6.0), (3.5, 7.5), (2.5, 10.0), (4.0, 12.5), (8.0, 12.8)]);
        }
        Icon::Lanes => {
            block(2.0, 3.0, 7.0, 2.4);
            block(6.0, 6.8, 8.0, 2.4);
            block(3.5, 10.6, 5.0, 2.4);
        }
    }
}
