//! The rows of the table. A double click changes a cell where it stands; Enter takes what was typed, Tab goes on, Escape leaves it.

use egui::accesskit::Role;
use egui::{Color32, CornerRadius, Key, Rect, Sense, Stroke, TextEdit, Ui, WidgetInfo, pos2, vec2};

use crate::project::Action;
use crate::state::{Annotate, Column, Field, Pick, clock_text};

use super::super::super::widgets::row_ground;
use super::super::{View, following, paint_line};
use super::details::seconds;

/// Width of the mark that tells drafts from what is verified.
const STATE: f32 = 18.0;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    header(ui, view);
    ui.spacing_mut().item_spacing.y = 0.0;
    let (state, height) = (view.state, view.theme.size.row);
    let rows = &state.editing.rows;
    let chosen = state.editing.selection.first().map(|id| (*id, state.editing.asked_for_table));
    let place = || {
        let is_it = |(video, id): &(usize, u64)| {
            Some(*video) == state.playback.video && chosen.is_some_and(|(first, _)| first == *id)
        };
        rows.iter().position(is_it)
    };
    following(ui, ("segments", height, rows.len()), chosen, place, |ui, range| {
        for index in range {
            let Some(&(video, id)) = view.state.editing.rows.get(index) else { continue };
            let Some(entry) = view.state.library.entries.get(video) else { continue };
            let record = view.state.editing.book.document.videos.get(&entry.id);
            if let Some(action) = record.and_then(|record| record.action(id)) {
                row(ui, view, (video, &entry.id), action);
            }
        }
    });
}

/// Left edges and widths: video (where all are listed), state, start, end, length, class, note.
fn columns(rect: Rect, everywhere: bool) -> [(f32, f32); 7] {
    // The names of videos need the room.
    let (time, length) = (62.0, if everywhere { 0.0 } else { 46.0 });
    let rest = (rect.width() - STATE - 2.0 * time - length - 8.0).max(60.0);
    let shares = if everywhere { [0.42, 0.35, 0.23] } else { [0.0, 0.5, 0.5] };
    let mut left = rect.left() + 4.0;
    [rest * shares[0], STATE, time, time, length, rest * shares[1], rest * shares[2]].map(|width| {
        let place = (left, (width - 6.0).max(0.0));
        left += width;
        place
    })
}

fn header(ui: &mut Ui, view: &View<'_>) {
    let theme = view.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let everywhere = view.state.editing.filter.everywhere;
    let names = [
        if everywhere { "Video" } else { "" },
        "",
        "Start",
        "End",
        if everywhere { "" } else { "Length" },
        "Class",
        "Note",
    ];
    for ((left, width), name) in columns(rect, everywhere).into_iter().zip(names) {
        paint_line(ui.painter(), pos2(left, rect.center().y), width, name, theme.small_font(), theme.text_soft());
    }
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme.line()));
}

fn row(ui: &mut Ui, view: &mut View<'_>, (video, name): (usize, &str), action: &Action) {
    let theme = view.theme;
    let here = view.state.playback.video == Some(video);
    let everywhere = view.state.editing.filter.everywhere;
    let selected = here && view.state.editing.selection.contains(&action.id);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme.size.row), Sense::click());
    let [start, end] = action.segment;
    response.widget_info(|| {
        let of = if everywhere { format!(" of {name}") } else { String::new() };
        let said = format!("Segment {} {start:.2} to {end:.2} s{of}", action.label);
        WidgetInfo::selected(Role::ListItem, true, selected, said)
    });
    let painter = ui.painter_at(rect);
    row_ground(&painter, theme, &response, selected);
    let places = columns(rect, everywhere);
    let cells: [(&str, &str, Color32); 7] = [
        (name, "", theme.text_soft()),
        ("", "", theme.text()),
        ("", &clock_text(start), theme.text()),
        ("", &clock_text(end), theme.text()),
        ("", &format!("{:.2}", end - start), theme.text_soft()),
        (&class_words(action), "", theme.text()),
        (&action.note, "", theme.text_soft()),
    ];
    let (middle, body) = (rect.center().y, egui::FontId::proportional(theme.size.body));
    for (index, ((left, width), (text, number, colour))) in places.into_iter().zip(cells).enumerate() {
        // A dot in the colour of the class stands before its name.
        let inset = if index == 5 { 14.0 } else { 0.0 };
        let (text, font) = if text.is_empty() { (number, theme.number_font()) } else { (text, body.clone()) };
        if !text.is_empty() && width > 0.0 {
            paint_line(&painter, pos2(left + inset, middle), width - inset, text, font, colour);
        }
    }
    let dot = Rect::from_center_size(pos2(places[5].0 + 4.0, middle), vec2(8.0, 8.0));
    painter.rect_filled(dot, CornerRadius::same(2), theme.class(view.state.colour(&action.label)));
    let mark = pos2(places[1].0 + 5.0, middle);
    painter.circle_stroke(mark, 4.0, Stroke::new(1.2, theme.text_soft()));
    if !action.draft {
        painter.circle_filled(mark, 2.5, theme.good());
    }
    hands(ui, view, (video, here), action, (&response, places));
    let Some((_, column)) = view.state.editing.cell.filter(|(id, _)| here && *id == action.id) else { return };
    let (left, width) = places[place_of(column)];
    let field = Rect::from_min_max(pos2(left - 4.0, rect.top() + 1.0), pos2(left + width + 4.0, rect.bottom() - 1.0));
    edit(ui, view, action, column, field);
}

fn class_words(action: &Action) -> String {
    if action.subject.is_empty() { action.label.clone() } else { format!("{} · {}", action.label, action.subject) }
}

fn place_of(column: Column) -> usize {
    match column {
        Column::Start => 2,
        Column::End => 3,
        Column::Class => 5,
        Column::Note => 6,
    }
}

/// A click selects and goes there, a double click changes the cell under it.
fn hands(
    ui: &Ui,
    view: &mut View<'_>,
    (video, here): (usize, bool),
    action: &Action,
    (response, places): (&egui::Response, [(f32, f32); 7]),
) {
    let at = response.interact_pointer_pos();
    let within = |index: usize, at: egui::Pos2| {
        let (left, width) = places[index];
        at.x >= left - 3.0 && at.x <= left + width + 3.0
    };
    if response.double_clicked() {
        let column = Column::ALL.into_iter().find(|column| at.is_some_and(|at| within(place_of(*column), at)));
        let column = column.unwrap_or(Column::Class);
        view.send(Annotate::EditCell(Some((action.id, column))).into());
    } else if response.clicked() {
        let modifiers = ui.input(|input| input.modifiers);
        if here && at.is_some_and(|at| within(1, at)) {
            view.send(Annotate::SetField(action.id, Field::Draft(!action.draft)).into());
        } else if here && modifiers.command {
            view.send(Annotate::Select(action.id, Pick::Toggle).into());
        } else if here && modifiers.shift {
            view.send(Annotate::Select(action.id, Pick::Add).into());
        } else {
            view.send(Annotate::GoToHit(video, action.id).into());
        }
    }
}

/// The field in the place of a cell.
fn edit(ui: &mut Ui, view: &mut View<'_>, action: &Action, column: Column, place: Rect) {
    let id = egui::Id::unique("cell of the table").with((action.id, column));
    let text = match column {
        Column::Start => clock_text(action.segment[0]),
        Column::End => clock_text(action.segment[1]),
        Column::Class => action.label.clone(),
        Column::Note => action.note.clone(),
    };
    let fresh = ui.data(|data| data.get_temp::<String>(id)).is_none();
    let mut typed = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| text.clone());
    let editor = TextEdit::singleline(&mut typed).id(id.with("field")).desired_width(place.width()).clip_text(true);
    let response = ui.put(place, editor.margin(egui::Margin::symmetric(3, 1)));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, format!("{} in the table", column.title())));
    let response = response.on_hover_text("Enter takes it, Tab goes on, Escape leaves it");
    let key = |key| ui.input(|input| input.key_pressed(key));
    if fresh {
        response.request_focus();
    }
    if fresh || response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, typed));
        return;
    }
    ui.data_mut(|data| data.remove::<String>(id));
    let next = Column::ALL.into_iter().find(|other| *other > column).filter(|_| key(Key::Tab));
    view.send(Annotate::EditCell(next.map(|next| (action.id, next))).into());
    if key(Key::Escape) || typed == text {
        return;
    }
    let field = match column {
        Column::Start => seconds(&typed).map(Field::Start),
        Column::End => seconds(&typed).map(Field::End),
        Column::Note => Some(Field::Note(typed.clone())),
        Column::Class => {
            view.send(Annotate::TypeClass(action.id, typed).into());
            None
        }
    };
    if let Some(field) = field {
        view.send(Annotate::SetField(action.id, field).into());
    }
}
