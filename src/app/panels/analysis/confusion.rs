//! Which class is taken for which: rows are truths, columns detections; the last of both is the background.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Rect, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::eval::diagnosis::Kind;
use crate::eval::{ErrorFilter, ErrorKind};
use crate::jobs::review::Comparison;
use crate::state::{Command, Inspect, Wish};

use super::super::super::theme::Theme;
use super::super::super::widgets::caption;
use super::super::{View, paint_line};

/// Classes up to which names and numbers are written.
const NAMED: usize = 24;

/// Width of the names of the rows.
const NAMES: f32 = 96.0;

/// Height of the names of the columns, which stand upright: a cell is narrower than a word.
const HEADS: f32 = 78.0;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, comparison: &Comparison) {
    let theme = view.theme;
    let counts = &view.state.inspect.confusion.counts;
    let labels = &comparison.review.labels;
    let side = labels.len() + 1;
    if counts.len() != side {
        return;
    }
    let named = side <= NAMED + 1;
    let margin = if named { vec2(NAMES, HEADS) } else { vec2(4.0, 4.0) };
    let room = (ui.available_width() - margin.x - 14.0) / side as f32;
    let cell = if named { vec2(room.clamp(30.0, 64.0), 24.0) } else { vec2(9.0, 9.0) };
    let name = |index: usize| labels.get(index).map_or("background", String::as_str);
    caption(ui, theme, "Rows: truth. Columns: detections. A click lists what is behind a cell in the panel Errors.");
    let most = counts.iter().flatten().copied().max().unwrap_or(0).max(1) as f32;
    ScrollArea::both().id_salt("confusion").auto_shrink(false).show(ui, |ui| {
        let size = margin + cell * side as f32;
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Table, true, "Confusion matrix"));
        let origin = rect.min + margin;
        let painter = ui.painter_at(rect);
        let place = |row: usize, column: usize| {
            Rect::from_min_size(origin + vec2(cell.x * column as f32, cell.y * row as f32), cell).shrink(0.5)
        };
        let visible = ui.clip_rect();
        for (row, of_row) in counts.iter().enumerate() {
            if named {
                let at = pos2(rect.left(), place(row, 0).center().y);
                paint_line(&painter, at, NAMES - 6.0, name(row), theme.small_font(), theme.text());
                upright(&painter, pos2(place(0, row).center().x, origin.y - 4.0), name(row), theme);
            }
            for (column, &count) in of_row.iter().enumerate() {
                let cell_rect = place(row, column);
                if !visible.intersects(cell_rect) {
                    continue;
                }
                let both_background = row == side - 1 && column == side - 1;
                // The root keeps few errors visible beside many hits.
                let strength = (count as f32 / most).sqrt();
                let colour = if row == column { theme.good() } else { theme.bad() };
                let fill = if both_background { theme.panel() } else { colour.gamma_multiply(0.85 * strength) };
                painter.rect_filled(cell_rect, CornerRadius::ZERO, theme.well());
                painter.rect_filled(cell_rect, CornerRadius::ZERO, fill);
                if named && count > 0 {
                    let ink = if strength > 0.6 { theme.ink_on(colour) } else { theme.text() };
                    painter.text(cell_rect.center(), Align2::CENTER_CENTER, count, theme.small_font(), ink);
                }
            }
        }
        let under = response.hover_pos().map(|at| (at - origin) / cell).filter(|at| at.x >= 0.0 && at.y >= 0.0);
        let Some((row, column)) =
            under.map(|at| (at.y as usize, at.x as usize)).filter(|&(row, column)| row < side && column < side)
        else {
            return;
        };
        painter.rect_stroke(place(row, column), 0.0, Stroke::new(1.5, theme.text()), egui::StrokeKind::Outside);
        let clicked = response.clicked();
        response.on_hover_text_at_pointer(format!("{} taken for {}: {}", name(row), name(column), counts[row][column]));
        if clicked && (row, column) != (side - 1, side - 1) {
            view.commands.push(Command::Inspect(Inspect::Filter(filter(labels, row, column))));
            view.commands.push(Command::Wish(Wish::ERRORS));
        }
    });
}

/// Text that reads upwards, from `at` (its foot, centred).
fn upright(painter: &egui::Painter, at: egui::Pos2, text: &str, theme: &Theme) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), theme.small_font(), theme.text());
    job.wrap = egui::text::TextWrapping::truncate_at_width(HEADS - 6.0);
    let galley = painter.layout_job(job);
    let corner = at - vec2(0.5 * galley.size().y, 0.0);
    let shape = egui::epaint::TextShape::new(corner, galley, theme.text());
    painter.add(shape.with_angle(-std::f32::consts::FRAC_PI_2));
}

/// What a cell counts, as a filter of the list.
fn filter(labels: &[String], row: usize, column: usize) -> ErrorFilter {
    let (truth, class) = (labels.get(row).cloned(), labels.get(column).cloned());
    match (truth, class) {
        (truth, None) => ErrorFilter { class: truth, kind: Some(ErrorKind::Missed), ..ErrorFilter::default() },
        (None, class) => ErrorFilter { class, truth: Some(String::new()), ..ErrorFilter::default() },
        (Some(truth), Some(class)) if truth == class => {
            let kind = Some(ErrorKind::False(Kind::TruePositive));
            ErrorFilter { class: Some(class), kind, ..ErrorFilter::default() }
        }
        (truth, class) => {
            ErrorFilter { class, truth, kind: Some(ErrorKind::False(Kind::WrongLabel)), ..ErrorFilter::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cell_is_a_filter_of_the_list() {
        let labels = ["a".to_owned(), "b".to_owned()];
        let of = |row, column| {
            let ErrorFilter { class, kind, truth, .. } = filter(&labels, row, column);
            (class.unwrap_or_default(), kind.map(ErrorKind::name), truth)
        };
        assert_eq!(of(0, 0), ("a".to_owned(), Some("true positive"), None));
        assert_eq!(of(0, 1), ("b".to_owned(), Some("wrong label"), Some("a".to_owned())));
        assert_eq!(of(0, 2), ("a".to_owned(), Some("missed"), None));
        assert_eq!(of(2, 1), ("b".to_owned(), None, Some(String::new())));
    }
}
