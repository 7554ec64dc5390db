//! How hits, misses and false alarms look on the timeline: an outline, and a sign besides, for colour alone does not tell everybody.

use egui::{Align2, Color32, CornerRadius, FontId, Painter, Rect, Shape, Stroke, StrokeKind, pos2};

use crate::eval::ErrorKind;
use crate::state::Mark;

use super::super::theme::Theme;

/// Widths of bars from which a letter fits.
const LETTER: f32 = 11.0;

pub(super) fn colour(theme: &Theme, mark: Mark) -> Color32 {
    match mark {
        Mark::Hit => theme.good(),
        Mark::False(_) => theme.bad(),
        Mark::Missed => theme.warn(),
        Mark::Ignored => theme.text_soft(),
    }
}

/// What it is, in words.
pub(super) fn word(mark: Mark, truth: bool) -> String {
    match (mark, truth) {
        (Mark::Hit, true) => "found".to_owned(),
        (Mark::Hit, false) => "hit".to_owned(),
        (Mark::False(kind), _) => format!("false alarm: {}", kind.name()),
        (Mark::Missed, _) => "missed".to_owned(),
        (Mark::Ignored, _) => "left out of the evaluation".to_owned(),
    }
}

/// The part of a bar too narrow for an outline that has the colour of its mark.
pub(super) fn strip(place: Rect) -> Rect {
    Rect::from_min_max(pos2(place.left(), place.bottom() - 0.45 * place.height()), place.max)
}

/// Marks a bar: a hit with a whole outline, a false alarm with its letter, a missed truth with dashes.
pub(super) fn paint(painter: &Painter, theme: &Theme, place: Rect, truth: bool, mark: Option<Mark>) {
    let Some(mark) = mark else { return };
    let stroke = Stroke::new(1.5, colour(theme, mark));
    match mark {
        // Truth that was found needs no further word.
        Mark::Hit if truth => {}
        Mark::Hit => {
            painter.rect_stroke(place, CornerRadius::same(2), stroke, StrokeKind::Inside);
        }
        Mark::False(kind) => {
            painter.rect_stroke(place, CornerRadius::same(2), stroke, StrokeKind::Inside);
            let visible = place.intersect(painter.clip_rect());
            if visible.width() >= LETTER {
                let plate = Rect::from_min_size(visible.min, egui::vec2(LETTER - 1.0, visible.height()));
                painter.rect_filled(plate, CornerRadius::same(2), stroke.color);
                let ink = theme.ink_on(stroke.color);
                let letter = ErrorKind::False(kind).letter();
                painter.text(plate.center(), Align2::CENTER_CENTER, letter, FontId::proportional(9.0), ink);
            }
        }
        Mark::Missed | Mark::Ignored => {
            let Rect { min, max } = place.shrink(1.0);
            let round = [min, pos2(max.x, min.y), max, pos2(min.x, max.y), min];
            let (dash, gap) = if mark == Mark::Missed { (5.0, 3.0) } else { (1.5, 3.0) };
            let ground = Stroke::new(2.5, theme.panel());
            painter.rect_stroke(place, CornerRadius::same(2), ground, StrokeKind::Inside);
            painter.extend(Shape::dashed_line(&round, Stroke::new(2.0, stroke.color), dash, gap));
        }
    }
}
