//! Which errors are listed: of a class, of a video; and the way to the next one.

use egui::accesskit::Role;
use egui::{Align, Button, Layout, Ui, WidgetInfo};

use crate::eval::ErrorFilter;
use crate::jobs::review::Comparison;
use crate::state::{Command, Inspect};

use super::super::widgets::caption;
use super::View;

/// Points that the number of errors and the buttons after it need.
const BESIDE: f32 = 166.0;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    let Some(comparison) = &inspect.comparison else { return };
    ui.horizontal(|ui| {
        let text = inspect.filter.class.clone().unwrap_or_else(|| "Classes".to_owned());
        let width = (0.5 * (ui.available_width() - BESIDE)).clamp(70.0, 130.0);
        let combo = egui::ComboBox::from_id_salt("error class").selected_text(text).width(width).truncate();
        let combo = combo.show_ui(ui, |ui| {
            let names = comparison.review.labels.iter().map(|label| Some(label.clone()));
            for class in std::iter::once(None).chain(names) {
                let name = class.as_deref().unwrap_or("All classes");
                if ui.selectable_label(inspect.filter.class == class, name).clicked() {
                    let filter = ErrorFilter { class, truth: None, bin: None, ..inspect.filter.clone() };
                    view.commands.push(Command::Inspect(Inspect::Filter(filter)));
                }
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Class of the errors"));
        videos(ui, view, comparison);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let keymap = &view.state.settings.keymap;
            let next = format!("The next error, played{}", keymap.hint("error.next"));
            let back = format!("The error before{}", keymap.hint("error.previous"));
            for (name, by, tip) in [("Next", 1, next), ("Back", -1, back)] {
                let any = !inspect.rows.is_empty();
                let button = ui.add_enabled(any, Button::new(name).small());
                if button.on_hover_text(&tip).on_disabled_hover_text(&tip).clicked() {
                    view.commands.push(Command::Inspect(Inspect::Next(by)));
                }
            }
            caption(ui, theme, inspect.rows.len().to_string());
        });
    });
}

/// Of which videos: all, the open one whichever that is, or one of those that are judged.
fn videos(ui: &mut Ui, view: &mut View<'_>, comparison: &Comparison) {
    let inspect = &view.state.inspect;
    let (all, open) = ("All videos", "The open video");
    let chosen = if inspect.here { open } else { inspect.only.as_deref().unwrap_or("Videos") };
    let width = (ui.available_width() - BESIDE).clamp(70.0, 130.0);
    let combo = egui::ComboBox::from_id_salt("error video").selected_text(chosen).width(width).truncate();
    let combo = combo.show_ui(ui, |ui| {
        if ui.selectable_label(!inspect.here && inspect.only.is_none(), all).clicked() {
            view.commands.push(Command::Inspect(Inspect::Video(None)));
        }
        if ui.selectable_label(inspect.here, open).on_hover_text("Whichever that is").clicked() {
            view.commands.push(Command::Inspect(Inspect::Here(true)));
        }
        ui.separator();
        for id in comparison.review.videos.keys() {
            let is_it = !inspect.here && inspect.only.as_ref() == Some(id);
            if ui.selectable_label(is_it, id).clicked() {
                view.commands.push(Command::Inspect(Inspect::Video(Some(id.clone()))));
            }
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Videos of the errors"));
    combo.response.on_hover_text("List the errors of one video alone; what is counted above is of all");
}
