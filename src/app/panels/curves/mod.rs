//! What a run reports over its steps: loss, mAP, learning rates, memory, seconds by part.

mod kept;
mod loss;
mod machine;
mod map;
mod plot;

use egui::{Button, Rect, RichText, Slider, Ui, vec2};

use crate::state::{Command, RunView, Watch};

use super::super::icons::Icon;
use super::super::theme::Theme;
use super::super::widgets::{caption, cut, empty_state, strong};
use super::View;

pub(super) use plot::{legend, marks};

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    if run.curves.loss.is_empty() && run.curves.evals.is_empty() {
        if run.state.is_living() {
            let advice = "Loss and mAP are drawn here from the first report on.";
            ui.allocate_ui(vec2(ui.available_width(), 120.0), |ui| {
                empty_state(ui, theme, Icon::Curve, "No report yet", advice);
            });
        }
        return;
    }
    ui.add_space(8.0);
    loss::show(ui, view, run);
    ui.add_space(8.0);
    map::show(ui, view, run);
    ui.add_space(4.0);
    machine::show(ui, view, run);
}

/// How curves are drawn: smoothing and scale.
fn options(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    ui.horizontal(|ui| {
        let label = caption(ui, theme, "Smooth");
        ui.spacing_mut().slider_width = 70.0;
        let mut smooth = view.state.settings.smooth;
        let slider = ui.add(Slider::new(&mut smooth, 0.0..=0.99).show_value(false)).labelled_by(label.id);
        if slider
            .on_hover_text("How much of what was before a drawn value keeps; the raw curve stays behind it, pale")
            .changed()
        {
            view.send(Command::Watch(Watch::Smooth(smooth)));
        }
        let mut log = view.state.settings.log_scale;
        if ui.checkbox(&mut log, "Log").on_hover_text("Logarithmic scale of the loss").changed() {
            view.send(Command::Watch(Watch::LogScale(log)));
        }
        let hint = "Ctrl+wheel zooms";
        let words = RichText::new(hint).font(theme.small_font()).color(theme.text_soft());
        cut(ui, words).on_hover_text(
            "Ctrl+wheel zooms, dragging moves, a box with the right button zooms into it, a double click resets",
        );
    });
}

/// Heading of a plot, with words on the right and what can be saved of it.
fn title(
    ui: &mut Ui,
    view: &mut View<'_>,
    id: &'static str,
    name: &str,
    words: &str,
    middle: impl FnOnce(&mut Ui, &mut View<'_>),
) {
    let theme = view.theme;
    ui.horizontal(|ui| {
        ui.label(strong(theme, name));
        middle(ui, view);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.menu_button(RichText::new("Save").font(theme.small_font()), |ui| saves(ui, view, id));
            // Where there is no room the curve itself tells.
            if ui.available_width() > 7.0 * words.len() as f32 {
                ui.label(RichText::new(words).font(theme.small_font()).color(theme.text_soft()));
            }
        });
    });
}

/// What can be saved of a plot that has no heading of its own, on the right.
fn save_menu(ui: &mut Ui, view: &mut View<'_>, id: &'static str) {
    let theme = view.theme;
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.menu_button(RichText::new("Save").font(theme.small_font()), |ui| saves(ui, view, id));
    });
}

fn saves(ui: &mut Ui, view: &mut View<'_>, id: &'static str) {
    let table = if matches!(id, "map" | "class map") { Watch::SaveEvals } else { Watch::SaveSteps };
    if ui.add(Button::new("Table (CSV)…")).clicked() {
        view.send(Command::Watch(table));
        ui.close();
    }
    let place = ui.ctx().data(|data| data.get_temp::<Rect>(place_of(id)));
    if ui.add_enabled(place.is_some(), Button::new("Picture (PNG)…")).clicked() {
        if let Some(Rect { min, max }) = place {
            let place = [min.x, min.y, max.x, max.y];
            view.send(Command::Watch(Watch::SavePicture { name: id.to_owned(), place }));
        }
        ui.close();
    }
}

fn place_of(id: &'static str) -> egui::Id {
    egui::Id::unique(("plot", id))
}

/// Remembers where a plot stands with its heading and legend, for its picture.
fn remember(ui: &Ui, id: &'static str, top: f32) {
    let place = Rect::from_min_max(
        egui::pos2(ui.min_rect().left(), top),
        egui::pos2(ui.max_rect().right(), ui.min_rect().bottom()),
    );
    ui.ctx().data_mut(|data| data.insert_temp(place_of(id), place));
}

/// A colour for each of several curves.
fn shade(theme: &Theme, index: usize) -> egui::Color32 {
    theme.class(index)
}
