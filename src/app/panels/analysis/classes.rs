//! The table of classes, with a bar for each average precision.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::eval::{ErrorFilter, Tally};
use crate::jobs::review::Comparison;
use crate::state::{ClassOrder, Command, Inspect};

use super::super::super::widgets::row_ground;
use super::super::{View, paint_line};

/// Right edges of the columns of numbers, from the right edge of the table.
const EDGES: [f32; 5] = [216.0, 150.0, 100.0, 48.0, 4.0];

/// Index of 0.50 among the thresholds.
const HALF: usize = 8;

struct Line<'a> {
    label: &'a str,
    truths: usize,
    tally: Tally,
    /// At the chosen threshold.
    precision: f64,
    /// Mean over 0.50 to 0.95.
    mean: f64,
}

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, comparison: &Comparison) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    let tallies = &inspect.class_tallies;
    let mut lines: Vec<Line> = comparison
        .evaluation
        .classes
        .iter()
        .zip(tallies)
        .map(|(class, &tally)| {
            let strict = class.average_precision.get(HALF..).unwrap_or_default();
            Line {
                label: &class.label,
                truths: class.truths,
                tally,
                precision: class.average_precision.get(inspect.tiou).copied().unwrap_or(0.0),
                mean: strict.iter().sum::<f64>() / strict.len().max(1) as f64,
            }
        })
        .collect();
    match inspect.class_order {
        ClassOrder::File => {}
        ClassOrder::Name => lines.sort_by(|a, b| a.label.cmp(b.label)),
        ClassOrder::Precision => lines.sort_by(|a, b| a.precision.total_cmp(&b.precision)),
        ClassOrder::Truths => lines.sort_by_key(|line| std::cmp::Reverse(line.truths)),
    }
    header(ui, view);
    ui.spacing_mut().item_spacing.y = 0.0;
    for line in &lines {
        let selected = inspect.filter.class.as_deref() == Some(line.label);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
        response.widget_info(|| {
            let name = format!("Class {}: average precision {:.1} %", line.label, 100.0 * line.precision);
            WidgetInfo::selected(Role::Row, true, selected, name)
        });
        if !ui.is_rect_visible(rect) {
            continue;
        }
        let painter = ui.painter_at(rect);
        row_ground(&painter, theme, &response, selected);
        let colour = theme.class(view.state.colour(line.label));
        let width = (rect.width() - 264.0).max(60.0);
        let body = egui::FontId::proportional(theme.size.body);
        let at = pos2(rect.left() + 4.0, rect.top() + 10.0);
        paint_line(&painter, at, width - 4.0, line.label, body, theme.text());
        // The bar has the whole width of the name, which stands above it.
        let left_top = pos2(rect.left() + 4.0, rect.bottom() - 7.0);
        let bar = Rect::from_min_size(left_top, vec2(width - 4.0, 5.0));
        painter.rect_filled(bar, CornerRadius::same(2), theme.well());
        let mut filled = bar;
        filled.set_width(bar.width() * line.precision.clamp(0.0, 1.0) as f32);
        painter.rect_filled(filled, CornerRadius::same(2), colour);
        let percent = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1}", 100.0 * share));
        let cells = [
            percent(Some(line.precision)),
            percent(Some(line.mean)),
            percent(line.tally.precision()),
            percent(line.tally.recall()),
            line.truths.to_string(),
        ];
        for (cell, edge) in cells.into_iter().zip(EDGES) {
            let at = pos2(rect.right() - edge, rect.center().y);
            painter.text(at, Align2::RIGHT_CENTER, cell, theme.number_font(), theme.text());
        }
        if response.on_hover_text(format!("{}: lists its errors, draws its curve", line.label)).clicked() {
            let class = (!selected).then(|| line.label.to_owned());
            let filter = ErrorFilter { class, truth: None, bin: None, ..inspect.filter.clone() };
            view.commands.push(Command::Inspect(Inspect::Filter(filter)));
        }
    }
}

fn header(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let chosen = view.state.inspect.class_order;
    ui.horizontal(|ui| {
        ui.spacing_mut().button_padding = vec2(5.0, 1.0);
        ui.spacing_mut().item_spacing.x = 2.0;
        for order in ClassOrder::ALL {
            let name = egui::RichText::new(order.name()).font(theme.small_font());
            if ui.selectable_label(chosen == order, name).clicked() {
                view.send(Command::Inspect(Inspect::OrderClasses(order)));
            }
        }
    });
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let names = ["AP %", "0.5-0.95 %", "prec. %", "recall %", "truths"];
    for (name, edge) in names.into_iter().zip(EDGES) {
        let at = pos2(rect.right() - edge, rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, name, theme.small_font(), theme.text_soft());
    }
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme.line()));
}
