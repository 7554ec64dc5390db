//! The table of segments, of the open video or of all: the same selection as the timeline, and cells that can be changed.

mod details;
mod table;

use egui::accesskit::Role;
use egui::{ComboBox, Response, TextEdit, Ui, WidgetInfo};

use crate::state::{Annotate, Filter};

use super::super::icons::Icon;
use super::super::widgets::{caption, empty_state};
use super::{View, is_asked};

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let editing = &view.state.editing;
    let everywhere = editing.filter.everywhere;
    let all = if everywhere { editing.counts.values().sum() } else { view.state.actions().len() };
    if editing.counts.is_empty() {
        let advice = format!("{}.", advice(view));
        let advice = advice.as_str();
        return empty_state(ui, theme, Icon::Lanes, "No segments yet", advice);
    }
    filters(ui, view);
    if all == 0 {
        let advice = format!("{}. \u{201c}All videos\u{201d} lists the others.", advice(view));
        return empty_state(ui, theme, Icon::Lanes, "No segments in this video", &advice);
    }
    details::show(ui, view);
    let (count, selected) = (view.state.editing.rows.len(), view.state.editing.selection.len());
    let noun = if all == 1 { "segment" } else { "segments" };
    let words = if count == all { format!("{all} {noun}") } else { format!("{count} of {all} {noun}") };
    caption(ui, theme, if selected > 0 { format!("{words}, {selected} selected") } else { words });
    if count == 0 {
        return empty_state(ui, theme, Icon::Find, "No segment fits", "Clear the fields above to see all of them.");
    }
    table::show(ui, view);
}

fn advice(view: &View<'_>) -> String {
    let [start, end, make] = ["mark.in", "mark.out", "mark.make"].map(|id| view.state.settings.keymap.named(id));
    format!("Draw on the timeline, mark with {start}, {end} and {make}, or log while playing")
}

fn labelled(response: Response, role: Role, name: &str) -> Response {
    response.widget_info(|| WidgetInfo::labeled(role, true, name));
    response
}

fn filters(ui: &mut Ui, view: &mut View<'_>) {
    let mut filter = view.state.editing.filter.clone();
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(&mut filter.text)
            .id(egui::Id::unique("find segments"))
            .hint_text("Class, note, subject")
            .desired_width(110.0);
        let response = labelled(ui.add(edit), Role::TextInput, "Find segments");
        if is_asked(ui, response.id, view.state.editing.asked_to_find) {
            response.request_focus();
        }
        let hint = view.state.settings.keymap.hint("find");
        let next = view.state.settings.keymap.hint("hit.next");
        let tip = format!("Show only segments whose class, note, subject or annotator contains this{hint}; Enter goes to the next one{next}");
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        response.on_hover_text(tip);
        if entered && !view.state.editing.rows.is_empty() {
            view.send(Annotate::NextHit(1).into());
        }
        let tip = format!("Look through every video of the project{hint}");
        ui.checkbox(&mut filter.everywhere, "All videos").on_hover_text(tip);
    });
    ui.horizontal(|ui| {
        let name = filter.class.clone().unwrap_or_else(|| "Any class".to_owned());
        let combo = details::within(ui, 150.0, |ui, _| {
            let combo = ComboBox::from_id_salt("find class").selected_text(name).width(96.0).truncate();
            combo.show_ui(ui, |ui| {
                ui.selectable_value(&mut filter.class, None, "Any class");
                for class in &view.state.editing.book.document.classes {
                    ui.selectable_value(&mut filter.class, Some(class.name.clone()), &class.name);
                }
            })
        });
        labelled(combo.response, Role::ComboBox, "Class to find").on_hover_text("Show only this class");
        let name = state_name(filter.draft);
        let combo = ComboBox::from_id_salt("find state").selected_text(name).width(72.0).show_ui(ui, |ui| {
            for draft in [None, Some(true), Some(false)] {
                ui.selectable_value(&mut filter.draft, draft, state_name(draft));
            }
        });
        labelled(combo.response, Role::ComboBox, "State to find").on_hover_text("Show only drafts or verified ones");
    });
    ui.horizontal(|ui| {
        for (text, bound) in [("Longer than", &mut filter.shortest), ("shorter than", &mut filter.longest)] {
            let label = caption(ui, view.theme, text);
            let mut seconds = bound.unwrap_or(0.0);
            let drag =
                egui::DragValue::new(&mut seconds).speed(0.05).range(0.0..=86_400.0).suffix(" s").max_decimals(2);
            if ui.add(drag).labelled_by(label.id).on_hover_text("Seconds; 0 asks nothing").changed() {
                *bound = (seconds > 0.0).then_some(seconds);
            }
        }
        let narrows = filter != Filter { everywhere: filter.everywhere, ..Filter::default() };
        if narrows && ui.button("Clear").on_hover_text("Show all segments").clicked() {
            filter = Filter { everywhere: filter.everywhere, ..Filter::default() };
        }
    });
    if filter != view.state.editing.filter {
        view.send(Annotate::SetFilter(filter).into());
    }
}

fn state_name(draft: Option<bool>) -> &'static str {
    match draft {
        None => "Any state",
        Some(true) => "Draft",
        Some(false) => "Verified",
    }
}
