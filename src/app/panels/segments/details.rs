//! The fields of the selected segment, wide enough to type in.

use egui::accesskit::Role;
use egui::{ComboBox, TextEdit, Ui, WidgetInfo};

use crate::state::{Annotate, Field, clock_text};

use super::super::super::widgets::caption;
use super::{View, labelled};

/// A field whose text counts when it is left: what was typed, then.
pub(super) fn cell(ui: &mut Ui, id: egui::Id, text: &str, width: f32, (name, key): (&str, &str)) -> Option<String> {
    let mut typed = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| text.to_owned());
    let response = ui.add(TextEdit::singleline(&mut typed).id(id.with("field")).desired_width(width));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
    let response = response.on_hover_text(format!("{name}{key}; Enter takes it, Escape leaves it"));
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, typed));
        return None;
    }
    ui.data_mut(|data| data.remove::<String>(id));
    (response.lost_focus() && !ui.input(|input| input.key_pressed(egui::Key::Escape)) && typed != text).then_some(typed)
}

/// Seconds as people write them: "62.5", "1:02.5", "1:02:03".
pub(super) fn seconds(text: &str) -> Option<f64> {
    let mut sum = 0.0;
    for part in text.trim().split(':') {
        sum = sum * 60.0 + part.trim().replace(',', ".").parse::<f64>().ok()?;
    }
    sum.is_finite().then_some(sum)
}

/// Draws what must not become wider than so many points.
pub(super) fn within<R>(ui: &mut Ui, width: f32, draw: impl FnOnce(&mut Ui, f32) -> R) -> R {
    ui.scope(|ui| {
        ui.set_max_width(width);
        draw(ui, width)
    })
    .inner
}

/// Draws them.
pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let Some(action) = view.state.selected_actions().next().cloned() else {
        caption(ui, theme, "Select a segment to change it here, or double click its cells below.");
        return;
    };
    let id = ui.scope_id().with(("cells", action.id));
    let mut fields = Vec::new();
    let keymap = &view.state.settings.keymap;
    let (edit, note) = (keymap.hint("cell.edit"), keymap.hint("cell.note"));
    ui.horizontal(|ui| {
        let times =
            [("Start", action.segment[0], Field::Start as fn(f64) -> Field), ("End", action.segment[1], Field::End)];
        for (name, value, field) in times {
            caption(ui, theme, name);
            let typed = cell(ui, id.with(name), &clock_text(value), 66.0, (name, &edit));
            fields.extend(typed.and_then(|typed| seconds(&typed)).map(field));
        }
        let mut draft = action.draft;
        let tip = format!("Nobody has verified it yet{}", view.state.settings.keymap.hint("verify"));
        if ui.checkbox(&mut draft, "Draft").on_hover_text(tip).changed() {
            fields.push(Field::Draft(draft));
        }
        if !action.annotator.is_empty() {
            caption(ui, theme, format!("by {}", action.annotator)).on_hover_text("Who annotated it");
        }
    });
    ui.horizontal(|ui| {
        let document = &view.state.editing.book.document;
        let mut label = action.label.clone();
        // What is too long is cut; its tooltip has it whole.
        let wide = ui.available_width();
        let combo = within(ui, 0.36 * wide, |ui, width| {
            let combo = ComboBox::from_id_salt("cell class").selected_text(&label).width(width).truncate();
            combo.show_ui(ui, |ui| {
                for class in &document.classes {
                    ui.selectable_value(&mut label, class.name.clone(), &class.name);
                }
            })
        });
        let tip = format!("{}\nIts class; of all selected", action.label);
        labelled(combo.response, Role::ComboBox, "Class of the segment").on_hover_text(tip);
        if label != action.label {
            fields.push(Field::Label(label));
        }
        let mut subject = action.subject.clone();
        let words = |subject: &str| if subject.is_empty() { "No subject".to_owned() } else { subject.to_owned() };
        let combo = within(ui, 0.3 * wide, |ui, width| {
            let combo = ComboBox::from_id_salt("cell subject").selected_text(words(&subject)).width(width).truncate();
            combo.show_ui(ui, |ui| {
                ui.selectable_value(&mut subject, String::new(), "No subject");
                for name in &document.subjects {
                    ui.selectable_value(&mut subject, name.clone(), name);
                }
            })
        });
        let tip = format!("{}\nWho acts; of all selected", words(&action.subject));
        labelled(combo.response, Role::ComboBox, "Subject of the segment").on_hover_text(tip);
        if subject != action.subject {
            fields.push(Field::Subject(subject));
        }
        let width = ui.available_width() - 8.0;
        fields.extend(cell(ui, id.with("note"), &action.note, width.max(60.0), ("Note", &note)).map(Field::Note));
    });
    for field in fields {
        view.send(Annotate::SetField(action.id, field).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(seconds("62.5"), Some(62.5));
        assert_eq!(seconds(" 1:02,5 "), Some(62.5));
        assert_eq!(seconds("1:01:02"), Some(3662.0));
        assert_eq!(seconds("soon"), None);
    }
}
