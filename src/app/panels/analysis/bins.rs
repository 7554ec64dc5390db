//! Which truths are missed, by share of the video, length and number of instances (spec 17).

use egui::accesskit::Role;
use egui::{Align2, ComboBox, CornerRadius, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::eval::diagnosis::{BinResult, BinScheme, Property};
use crate::eval::{Bin, ErrorFilter, ErrorKind};
use crate::jobs::review::Comparison;
use crate::state::{Command, Inspect, Wish};

use super::super::super::widgets::{caption, row_ground, strong};
use super::super::{View, paint_line};

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, comparison: &Comparison) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    let combo = ComboBox::from_id_salt("bins").selected_text(inspect.bins.name()).width(170.0);
    let combo = combo.show_ui(ui, |ui| {
        for scheme in BinScheme::ALL {
            if ui.selectable_label(scheme == inspect.bins, scheme.name()).clicked() {
                view.commands.push(Command::Inspect(Inspect::Bins(scheme)));
            }
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Bins"));
    combo.response.on_hover_text("By which bins truths are sorted");
    for result in &comparison.diagnosis.properties {
        ui.add_space(10.0);
        ui.label(strong(theme, &format!("By {}", result.property.name())));
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
        for (name, edge) in [("truths", 130.0), ("missed %", 66.0), ("mAP %", 4.0)] {
            let at = pos2(rect.right() - edge, rect.center().y);
            ui.painter().text(at, Align2::RIGHT_CENTER, name, theme.small_font(), theme.text_soft());
        }
        ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme.line()));
        ui.spacing_mut().item_spacing.y = 0.0;
        for bin in &result.bins {
            line(ui, view, result.property, bin);
        }
        ui.spacing_mut().item_spacing.y = 6.0;
        if result.unknown > 0 {
            caption(ui, theme, format!("{} truths of videos of unknown length are in no bin", result.unknown));
        }
    }
    ui.add_space(4.0);
    caption(
        ui,
        theme,
        "Missed: found by no detection of any score at this tIoU. mAP: mean over tIoU 0.10 to 0.95, on the truths of the bin alone. A click lists the bin's truths that no shown detection finds.",
    );
}

fn line(ui: &mut Ui, view: &mut View<'_>, property: Property, bin: &BinResult) {
    let theme = view.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 21.0), Sense::click());
    let painter = ui.painter_at(rect);
    let middle = rect.center().y;
    let inspect = &view.state.inspect;
    let missed = bin.missed.get(inspect.tiou).copied().unwrap_or(0);
    let this = Bin { property, from: bin.from, to: bin.to };
    let selected = inspect.filter.bin == Some(this);
    response.widget_info(|| {
        let name = format!("Missed by {}, {}: {missed} of {}", property.name(), bin.name, bin.truths);
        WidgetInfo::selected(Role::Row, true, selected, name)
    });
    row_ground(&painter, theme, &response, selected);
    if response.clicked() {
        let missed = (!selected).then_some((ErrorKind::Missed, this));
        let filter = ErrorFilter {
            kind: missed.map(|(kind, _)| kind),
            bin: missed.map(|(_, bin)| bin),
            truth: None,
            ..inspect.filter.clone()
        };
        view.commands.push(Command::Inspect(Inspect::Filter(filter)));
        view.commands.push(Command::Wish(Wish::ERRORS));
    }
    let share = (bin.truths > 0).then(|| missed as f64 / bin.truths as f64);
    paint_line(&painter, pos2(rect.left() + 4.0, middle), 24.0, &bin.name, theme.small_font(), theme.text());
    paint_line(
        &painter,
        pos2(rect.left() + 30.0, middle),
        92.0,
        &range(property, bin),
        theme.small_font(),
        theme.text_soft(),
    );
    let bar = Rect::from_min_max(
        pos2(rect.left() + 126.0, rect.top() + 6.0),
        pos2((rect.right() - 178.0).max(rect.left() + 136.0), rect.bottom() - 6.0),
    );
    painter.rect_filled(bar, CornerRadius::same(2), theme.well());
    let mut filled = bar;
    filled.set_width(bar.width() * share.unwrap_or(0.0) as f32);
    painter.rect_filled(filled, CornerRadius::same(2), theme.warn());
    let percent = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1}", 100.0 * share));
    for (cell, edge) in [(bin.truths.to_string(), 130.0), (percent(share), 66.0), (percent(bin.average_map), 4.0)] {
        painter.text(pos2(rect.right() - edge, middle), Align2::RIGHT_CENTER, cell, theme.number_font(), theme.text());
    }
}

/// The values of a bin with their unit.
fn range(property: Property, bin: &BinResult) -> String {
    let value = |value: f64| match property {
        Property::Coverage => format!("{:.0} %", 100.0 * value),
        Property::Length => format!("{value:.1} s"),
        Property::Instances => format!("{value:.0}"),
    };
    if bin.to.is_infinite() { format!("above {}", value(bin.from)) } else { format!("to {}", value(bin.to)) }
}
