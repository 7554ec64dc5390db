//! Results for an experimenter: how often, how long, how soon; and what is saved of them.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Rect, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::eval::Measured;
use crate::state::{Command, Inspect};

use super::super::super::icons::Icon;
use super::super::super::widgets::{caption, empty_state, row_ground};
use super::super::{View, paint_line};

/// Right edges of the columns of numbers, from the right edge of the table.
const EDGES: [f32; 5] = [206.0, 158.0, 108.0, 54.0, 4.0];

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    ui.horizontal(|ui| {
        let mut here = inspect.here;
        if ui.checkbox(&mut here, "Open video").on_hover_text("Only the open video").changed() {
            view.commands.push(Command::Inspect(Inspect::Here(here)));
        }
        let any = !inspect.measured.is_empty();
        let table = ui.add_enabled(any, egui::Button::new("Save CSV…"));
        if table.on_hover_text("These rows as a table").clicked() {
            view.commands.push(Command::Inspect(Inspect::SaveResults));
        }
        let page = ui.add_enabled(inspect.comparison.is_some(), egui::Button::new("Report…"));
        let why = "Needs annotated videos to compare with";
        let tip = "One HTML file with plots and tables";
        if page.on_hover_text(tip).on_disabled_hover_text(why).clicked() {
            view.commands.push(Command::Inspect(Inspect::SaveReport));
        }
    });
    let words =
        format!("Detections from score {:.2} on, in all videos that were searched.", view.state.detecting.min_score);
    caption(ui, theme, words);
    if inspect.measured.is_empty() {
        empty_state(ui, theme, Icon::Lanes, "Nothing to measure", "Detect in videos, or lower the score.");
        return;
    }
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let names = ["count", "total s", "mean s", "first s", "share %"];
    for (name, edge) in names.into_iter().zip(EDGES) {
        let at = pos2(rect.right() - edge, rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, name, theme.small_font(), theme.text_soft());
    }
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme.line()));
    ui.spacing_mut().item_spacing.y = 0.0;
    // A line for each video, then one for each of its classes.
    let mut lines: Vec<(bool, &Measured)> = Vec::new();
    for (index, row) in inspect.measured.iter().enumerate() {
        if index == 0 || inspect.measured[index - 1].video != row.video {
            lines.push((true, row));
        }
        lines.push((false, row));
    }
    let count = lines.len();
    ScrollArea::vertical().id_salt("results").auto_shrink(false).show_rows(ui, theme.size.row, count, |ui, range| {
        for &(heads, row) in range.filter_map(|index| lines.get(index)) {
            if heads {
                of_video(ui, view, row);
            } else {
                line(ui, view, row);
            }
        }
    });
}

fn of_video(ui: &mut Ui, view: &mut View<'_>, row: &Measured) {
    let theme = view.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme.size.row), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Results of {}", row.video)));
    row_ground(ui.painter(), theme, &response, false);
    let at = pos2(rect.left() + 2.0, rect.center().y + 2.0);
    paint_line(&ui.painter_at(rect), at, rect.width() - 8.0, &row.video, theme.strong_font(), theme.text());
    if response.on_hover_text("Opens it").clicked() {
        view.commands.extend(view.state.library.index(&row.video).map(Command::Select));
    }
}

fn line(ui: &mut Ui, view: &View<'_>, row: &Measured) {
    let theme = view.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme.size.row), Sense::hover());
    response.widget_info(|| {
        let name = format!("{} in {}: {} times, {:.2} s", row.label, row.video, row.count, row.total);
        WidgetInfo::labeled(Role::Row, true, name)
    });
    response.on_hover_text(format!("{} in {}", row.label, row.video));
    let painter = ui.painter_at(rect);
    let middle = rect.center().y;
    let dot = Rect::from_center_size(pos2(rect.left() + 6.0, middle), vec2(8.0, 8.0));
    painter.rect_filled(dot, CornerRadius::same(2), theme.class(view.state.colour(&row.label)));
    let name = &row.label;
    let body = egui::FontId::proportional(theme.size.body);
    paint_line(&painter, pos2(rect.left() + 15.0, middle), rect.width() - 258.0, name, body, theme.text());
    let cells = [
        row.count.to_string(),
        format!("{:.1}", row.total),
        format!("{:.2}", row.mean),
        format!("{:.1}", row.latency),
        row.share.map_or("-".to_owned(), |share| format!("{:.1}", 100.0 * share)),
    ];
    for (cell, edge) in cells.into_iter().zip(EDGES) {
        let at = pos2(rect.right() - edge, middle);
        painter.text(at, Align2::RIGHT_CENTER, cell, theme.number_font(), theme.text());
    }
}
