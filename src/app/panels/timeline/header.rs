//! Above the timeline: undo, classes, lanes, predictions.

use egui::accesskit::Role;
use egui::{Align, Button, ComboBox, Layout, RichText, ScrollArea, Ui, WidgetInfo};

use crate::state::{Annotate, Command, LaneMode};

use super::super::super::icons::Icon;
use super::super::super::widgets::{caption, icon_button};
use super::super::sources;
use super::View;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    ui.horizontal(|ui| {
        history(ui, view);
        lanes(ui, view);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let theme = view.theme;
            let tip = format!("Show the whole video{}", view.state.settings.keymap.hint("fit"));
            let (larger, smaller) = (keymap_hint(view, "zoom.in"), keymap_hint(view, "zoom.out"));
            let tip = format!("{tip}; zoom in{larger}, out{smaller}");
            if icon_button(ui, theme, Icon::Fit, "Show the whole video", &tip).clicked() {
                view.send(Command::FitTimeline);
            }
        });
    });
    ui.horizontal(|ui| {
        sources::show(ui, view);
        if view.state.is_without_predictions() && ui.available_width() > 120.0 {
            caption(ui, view.theme, "none for this video");
        }
    });
    classes(ui, view);
}

fn keymap_hint(view: &View<'_>, deed: &str) -> String {
    view.state.settings.keymap.hint(deed)
}

fn history(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let book = &view.state.editing.book;
    let keymap = &view.state.settings.keymap;
    let words = |what: &str, title: Option<&str>, key: &str| match title {
        Some(title) => format!("{what}: {title}{}", keymap.hint(key)),
        None => format!("Nothing to {}{}", what.to_lowercase(), keymap.hint(key)),
    };
    let (undo, redo) =
        (book.undoable().map(|edit| edit.title.as_str()), book.redoable().map(|edit| edit.title.as_str()));
    let (undo_tip, redo_tip) = (words("Undo", undo, "undo"), words("Redo", redo, "redo"));
    let (can_undo, can_redo) = (undo.is_some(), redo.is_some());
    for (can, icon, name, tip, command) in [
        (can_undo, Icon::Undo, "Undo", undo_tip, Annotate::Undo),
        (can_redo, Icon::Redo, "Redo", redo_tip, Annotate::Redo),
    ] {
        let button = ui.add_enabled_ui(can, |ui| icon_button(ui, theme, icon, name, "")).inner;
        if button.on_hover_text(&tip).on_disabled_hover_text(&tip).clicked() {
            view.send(command.into());
        }
    }
}

fn lanes(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let mut mode = view.state.settings.lanes;
    let name = RichText::new(mode.name()).font(theme.small_font());
    let combo = ComboBox::from_id_salt("lane mode").selected_text(name).width(88.0).show_ui(ui, |ui| {
        for other in LaneMode::ALL {
            ui.selectable_value(&mut mode, other, other.name());
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Lanes"));
    combo.response.on_hover_text(format!("How segments are divided into lanes{}", keymap_hint(view, "lanes")));
    if mode != view.state.settings.lanes {
        view.send(Command::SetLanes(mode));
    }
    let mut follow = view.state.settings.follow;
    let tip = format!("Move the timeline with the playhead while it plays{}", keymap_hint(view, "follow"));
    if ui.checkbox(&mut follow, RichText::new("Follow").font(theme.small_font())).on_hover_text(tip).changed() {
        view.send(Command::SetFollow(follow));
    }
}

/// Widest button of a class, in points.
const MOST: f32 = 200.0;

/// The palette: a button a class, with its key.
fn classes(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    ScrollArea::horizontal().id_salt("palette").max_height(30.0).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let document = &view.state.editing.book.document;
            if document.classes.is_empty() {
                caption(ui, theme, "No classes yet: add some in the Classes panel, or just draw a segment.");
            }
            for (index, class) in document.classes.iter().enumerate() {
                let active = view.state.editing.class.as_deref() == Some(class.name.as_str());
                let logged = view.state.editing.logged.iter().any(|logged| logged.label == class.name);
                let key = view.state.key_of_class(&class.name);
                let text = key
                    .map_or_else(|| class.name.clone(), |key| format!("{}  {}", key.to_ascii_uppercase(), class.name));
                let colour = theme.class(index);
                let mut button = Button::new(RichText::new(text).font(theme.small_font()));
                button = if logged {
                    button.fill(colour.gamma_multiply(0.6))
                } else {
                    button.fill(colour.gamma_multiply(if active { 0.35 } else { 0.12 }))
                };
                if active {
                    button = button.stroke(egui::Stroke::new(1.5, colour));
                }
                // A long name is cut, its tooltip has it whole.
                let add = |ui: &mut Ui| {
                    ui.set_max_width(MOST);
                    ui.add(button.truncate())
                };
                let response = ui.scope(add).inner;
                response
                    .widget_info(|| WidgetInfo::selected(Role::Button, true, active, format!("Class {}", class.name)));
                let mut tip = class.name.clone();
                if !class.description.is_empty() {
                    tip.push_str(&format!("\n{}", class.description));
                }
                if let Some(key) = key {
                    let key = key.to_ascii_uppercase();
                    tip.push_str(&format!(
                        "\n{key} picks it; while playing {key} logs it: tap at start and end, or hold"
                    ));
                }
                if response.on_hover_text(tip).clicked() {
                    view.commands.push(Annotate::ChooseClass(class.name.clone()).into());
                }
            }
        });
    });
}
