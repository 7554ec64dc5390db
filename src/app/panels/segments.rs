//! The table of the open video's segments: the same selection as the timeline; the cells of a selected row can be edited.

use egui::accesskit::Role;
use egui::{ComboBox, CornerRadius, Rect, Response, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};

use crate::project::Action;
use crate::state::{Annotate, Field, Filter, Pick, clock_text};

use super::super::icons::Icon;
use super::super::widgets::{caption, empty_state, row_ground};
use super::{View, paint_line};

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    if view.state.actions().is_empty() {
        let advice = "Draw on the timeline, mark with I, O and Enter, or log while playing.";
        empty_state(ui, theme, Icon::Lanes, "No segments in this video", advice);
        return;
    }
    filters(ui, view);
    details(ui, view);
    let count = view.state.editing.rows.len();
    let all = view.state.actions().len();
    let words = if count == all { format!("{all} segments") } else { format!("{count} of {all} segments") };
    let selected = view.state.editing.selection.len();
    caption(ui, theme, if selected > 0 { format!("{words}, {selected} selected") } else { words });
    if count == 0 {
        empty_state(ui, theme, Icon::Find, "No segment fits", "Clear the fields above to see all of them.");
        return;
    }
    header(ui, view);
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical().auto_shrink(false).show_rows(ui, theme.size.row, count, |ui, range| {
        for index in range {
            let id = view.state.editing.rows.get(index);
            if let Some(action) = id.and_then(|id| view.state.actions().iter().find(|action| action.id == *id)) {
                row(ui, view, action);
            }
        }
    });
}

fn labelled(response: Response, role: Role, name: &str) -> Response {
    response.widget_info(|| WidgetInfo::labeled(role, true, name));
    response
}

fn filters(ui: &mut Ui, view: &mut View<'_>) {
    let mut filter = view.state.editing.filter.clone();
    ui.horizontal(|ui| {
        let find = TextEdit::singleline(&mut filter.text).hint_text("Class, note, subject").desired_width(120.0);
        ui.add(find).on_hover_text("Show only segments whose class, note, subject or annotator contains this");
        let name = filter.class.clone().unwrap_or_else(|| "Any class".to_owned());
        let combo = ComboBox::from_id_salt("find class").selected_text(name).width(96.0).show_ui(ui, |ui| {
            ui.selectable_value(&mut filter.class, None, "Any class");
            for class in &view.state.editing.book.document.classes {
                ui.selectable_value(&mut filter.class, Some(class.name.clone()), &class.name);
            }
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
        if filter != Filter::default() && ui.button("Clear").on_hover_text("Show all segments").clicked() {
            filter = Filter::default();
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

/// A field whose text counts when it is left: what was typed, then.
fn cell(ui: &mut Ui, id: egui::Id, text: &str, width: f32, name: &str) -> Option<String> {
    let mut typed = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| text.to_owned());
    let response = ui.add(TextEdit::singleline(&mut typed).id(id.with("field")).desired_width(width));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, typed));
        return None;
    }
    ui.data_mut(|data| data.remove::<String>(id));
    (response.lost_focus() && !ui.input(|input| input.key_pressed(egui::Key::Escape)) && typed != text).then_some(typed)
}

/// Seconds as people write them: "62.5", "1:02.5", "1:02:03".
fn seconds(text: &str) -> Option<f64> {
    let mut sum = 0.0;
    for part in text.trim().split(':') {
        sum = sum * 60.0 + part.trim().replace(',', ".").parse::<f64>().ok()?;
    }
    sum.is_finite().then_some(sum)
}

/// The cells of what is selected, wide enough to type in.
fn details(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let Some(action) = view.state.selected_actions().next().cloned() else {
        caption(ui, theme, "Select a segment to edit its cells.");
        return;
    };
    let id = ui.scope_id().with(("cells", action.id));
    let mut fields = Vec::new();
    ui.horizontal(|ui| {
        let times =
            [("Start", action.segment[0], Field::Start as fn(f64) -> Field), ("End", action.segment[1], Field::End)];
        for (name, value, field) in times {
            caption(ui, theme, name);
            let typed = cell(ui, id.with(name), &clock_text(value), 66.0, name);
            fields.extend(typed.and_then(|typed| seconds(&typed)).map(field));
        }
        let mut draft = action.draft;
        let tip = format!("Nobody has verified it yet{}", view.state.settings.keymap.hint("verify"));
        if ui.checkbox(&mut draft, "Draft").on_hover_text(tip).changed() {
            fields.push(Field::Draft(draft));
        }
    });
    ui.horizontal(|ui| {
        let document = &view.state.editing.book.document;
        let mut label = action.label.clone();
        let combo = ComboBox::from_id_salt("cell class").selected_text(&label).width(100.0).show_ui(ui, |ui| {
            for class in &document.classes {
                ui.selectable_value(&mut label, class.name.clone(), &class.name);
            }
        });
        labelled(combo.response, Role::ComboBox, "Class of the segment").on_hover_text("Its class; of all selected");
        if label != action.label {
            fields.push(Field::Label(label));
        }
        let mut subject = action.subject.clone();
        let words = |subject: &str| if subject.is_empty() { "No subject".to_owned() } else { subject.to_owned() };
        let combo =
            ComboBox::from_id_salt("cell subject").selected_text(words(&subject)).width(90.0).show_ui(ui, |ui| {
                ui.selectable_value(&mut subject, String::new(), "No subject");
                for name in &document.subjects {
                    ui.selectable_value(&mut subject, name.clone(), name);
                }
            });
        labelled(combo.response, Role::ComboBox, "Subject of the segment").on_hover_text("Who acts; of all selected");
        if subject != action.subject {
            fields.push(Field::Subject(subject));
        }
        let width = ui.available_width() - 8.0;
        fields.extend(cell(ui, id.with("note"), &action.note, width.max(60.0), "Note").map(Field::Note));
    });
    for field in fields {
        view.send(Annotate::SetField(action.id, field).into());
    }
}

/// Left edges and widths of the columns: time, length, class, note.
fn columns(rect: Rect) -> [(f32, f32); 4] {
    let (time, length) = (132.0, 52.0);
    let rest = (rect.width() - time - length - 12.0).max(60.0);
    let left = rect.left() + 6.0;
    [
        (left, time - 6.0),
        (left + time, length - 6.0),
        (left + time + length, rest * 0.45),
        (left + time + length + rest * 0.45, rest * 0.55 - 4.0),
    ]
}

fn header(ui: &mut Ui, view: &View<'_>) {
    let theme = view.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    for ((left, width), name) in columns(rect).into_iter().zip(["Time", "Length", "Class", "Note"]) {
        paint_line(ui.painter(), pos2(left, rect.center().y), width, name, theme.small_font(), theme.text_soft());
    }
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], egui::Stroke::new(1.0, theme.line()));
}

fn row(ui: &mut Ui, view: &mut View<'_>, action: &Action) {
    let theme = view.theme;
    let selected = view.state.editing.selection.contains(&action.id);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme.size.row), Sense::click());
    let [start, end] = action.segment;
    response.widget_info(|| {
        let name = format!("Segment {} {start:.2} to {end:.2} s", action.label);
        WidgetInfo::selected(Role::ListItem, true, selected, name)
    });
    let painter = ui.painter_at(rect);
    row_ground(&painter, theme, &response, selected);
    let middle = rect.center().y;
    let [time, length, class, note] = columns(rect);
    let times = format!("{}-{}", clock_text(start), clock_text(end));
    paint_line(&painter, pos2(time.0, middle), time.1, &times, theme.number_font(), theme.text());
    let long = format!("{:.2}", end - start);
    paint_line(&painter, pos2(length.0, middle), length.1, &long, theme.number_font(), theme.text_soft());
    let dot = Rect::from_center_size(pos2(class.0 + 4.0, middle), vec2(8.0, 8.0));
    painter.rect_filled(dot, CornerRadius::same(2), theme.class(view.state.colour(&action.label)));
    let body = egui::FontId::proportional(theme.size.body);
    let name = match (action.subject.as_str(), action.draft) {
        ("", false) => action.label.clone(),
        ("", true) => format!("{} (draft)", action.label),
        (subject, false) => format!("{} · {subject}", action.label),
        (subject, true) => format!("{} · {subject} (draft)", action.label),
    };
    paint_line(&painter, pos2(class.0 + 14.0, middle), class.1 - 16.0, &name, body.clone(), theme.text());
    paint_line(&painter, pos2(note.0, middle), note.1, &action.note, body, theme.text_soft());
    if response.clicked() {
        let modifiers = ui.input(|input| input.modifiers);
        let pick = if modifiers.command {
            Pick::Toggle
        } else if modifiers.shift {
            Pick::Add
        } else {
            Pick::Only
        };
        view.send(Annotate::Select(action.id, pick).into());
        if pick == Pick::Only {
            view.send(crate::state::Command::Seek(crate::domain::MediaTime::from_secs(start)));
        }
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
