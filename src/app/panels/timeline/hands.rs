//! What the pointer does on the lanes: choose, draw, move, resize, box, menu.

use egui::accesskit::Role;
use egui::{
    Button, CornerRadius, CursorIcon, Modifiers, PointerButton, Pos2, Rect, Response, Stroke, StrokeKind, Ui,
    WidgetInfo,
};

use crate::domain::MediaTime;
use crate::state::{Annotate, Bar, Command, Correct, Edge, Grip, Lane, Pick};

use super::lanes::{self, Hit};
use super::{View, time_at};

/// Points from an edge within which it is taken hold of.
const EDGE: f32 = 5.0;
/// Points within which an edge snaps.
const REACH: f32 = 7.0;

fn pick_of(modifiers: Modifiers) -> Pick {
    if modifiers.command {
        Pick::Toggle
    } else if modifiers.shift {
        Pick::Add
    } else {
        Pick::Only
    }
}

/// The part of a bar at a place; a detection is held at its edges alone.
fn grip_of(bar: &Bar, place: Rect, at: Pos2) -> Option<Grip> {
    let reach = EDGE.min(place.width() / 3.0);
    let edge = if at.x <= place.left() + reach {
        Some(Edge::Start)
    } else if at.x >= place.right() - reach {
        Some(Edge::End)
    } else {
        None
    };
    match (bar.score, edge) {
        (None, Some(edge)) => Some(Grip::Edge(bar.id, edge)),
        (None, None) => Some(Grip::Body(bar.id)),
        (Some(_), edge) => edge.map(|edge| Grip::Detection(bar.id as usize, edge)),
    }
}

/// Whether a lane is that of another run, epoch or file beside the shown detections.
pub(super) fn is_beside(view: &View<'_>, lane: &Lane) -> bool {
    lane.class.is_none() && view.state.predictions.beside.as_ref().is_some_and(|origin| origin.name() == lane.name)
}

fn box_id() -> egui::Id {
    egui::Id::unique("box selection")
}

/// Acts on what the pointer does on a lane.
pub(super) fn act(ui: &Ui, view: &mut View<'_>, lane: &Lane, response: &Response, hit: Option<Hit<'_>>, line: Rect) {
    let modifiers = ui.input(|input| input.modifiers);
    let timeline = view.state.timeline;
    let time = |at: Pos2| time_at(&timeline, line, at.x.clamp(line.left(), line.right()));
    let truth = hit.filter(|hit| hit.bar.score.is_none());
    let beside = is_beside(view, lane);
    if let (Some(hit), Some(at)) = (hit.filter(|hit| hit.bar.score.is_none() || !beside), response.hover_pos()) {
        match grip_of(hit.bar, hit.place, at) {
            Some(Grip::Edge(..) | Grip::Detection(..)) => ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal),
            Some(_) => ui.ctx().set_cursor_icon(CursorIcon::Grab),
            None => {}
        }
    }
    if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        match truth {
            Some(hit) => view.send(Annotate::Select(hit.bar.id, pick_of(modifiers)).into()),
            None => {
                if !modifiers.command && !modifiers.shift {
                    view.send(Annotate::Clear.into());
                }
                let shown = hit.filter(|hit| hit.bar.score.is_some() && !beside);
                if let Some(hit) = shown {
                    view.send(Command::Correct(Correct::Choose(hit.bar.id as usize)));
                }
                view.send(Command::Seek(MediaTime::from_secs(time(at))));
            }
        }
    }
    if response.drag_started_by(PointerButton::Primary)
        && let Some(origin) = ui.input(|input| input.pointer.press_origin())
        && line.contains(origin)
    {
        // The pointer has moved on since it went down.
        let near = |points: f32| time_at(&timeline, line, origin.x + points);
        let places =
            lane.truth.within(near(-3.0), near(3.0)).iter().map(|bar| (bar, lanes::place(&timeline, bar, line)));
        let mut places = places.filter(|(_, place)| place.expand2(egui::vec2(1.0, 0.0)).contains(origin));
        let under = places.next();
        let found = lane.predictions.within(near(-3.0), near(3.0)).iter().filter(|_| !beside).filter_map(|bar| {
            let place = lanes::prediction_place(&timeline, lane, bar, line);
            let is_under = place.expand2(egui::vec2(1.0, 0.0)).contains(origin);
            grip_of(bar, place, origin).filter(|_| is_under).map(|grip| (bar.score, grip))
        });
        // Where they overlap the best is on top.
        let held =
            found.max_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal)).map(|(_, grip)| grip);
        let held = held.filter(|_| !modifiers.command && !modifiers.shift);
        match under {
            Some((bar, place)) if !modifiers.command && !modifiers.shift => {
                if let Some(grip) = grip_of(bar, place, origin) {
                    view.send(Annotate::DragStart(grip, time(origin)).into());
                }
            }
            _ if modifiers.command || modifiers.shift => {
                ui.data_mut(|data| data.insert_temp(box_id(), (origin, origin)));
            }
            _ if held.is_some() => {
                view.commands.extend(held.map(|grip| Annotate::DragStart(grip, time(origin)).into()));
            }
            _ => {
                let class = lane.class.clone().or_else(|| view.state.editing.class.clone());
                let class = class.unwrap_or_else(|| "action".to_owned());
                view.send(Annotate::DragStart(Grip::New(class), time(origin)).into());
            }
        }
    }
    let held = view.state.editing.drag.is_some() || response.drag_started();
    if let Some(at) = response.interact_pointer_pos().filter(|_| held && response.dragged_by(PointerButton::Primary)) {
        let reach = f64::from(REACH / line.width().max(1.0)) * timeline.span;
        view.send(Annotate::DragTo { at: time(at), reach, free: modifiers.alt }.into());
    }
    if response.drag_stopped() && view.state.editing.drag.is_some() {
        view.send(Annotate::DragEnd.into());
    }
    let chosen = |hit: &Hit<'_>| view.state.editing.selection.contains(&hit.bar.id);
    if let Some(hit) = truth.filter(|hit| response.secondary_clicked() && !chosen(hit)) {
        view.send(Annotate::Select(hit.bar.id, Pick::Only).into());
    }
    response.context_menu(|ui| menu(ui, view));
}

fn menu(ui: &mut Ui, view: &mut View<'_>) {
    ui.set_min_width(200.0);
    let any = !view.state.editing.selection.is_empty();
    for (name, key, command) in [
        ("Split at the playhead", "split", Annotate::Split),
        ("Merge", "merge", Annotate::Merge),
        ("Duplicate", "duplicate", Annotate::Duplicate),
        ("Copy", "copy", Annotate::Copy),
        ("Paste at the playhead", "paste", Annotate::Paste),
        ("Verified, or draft", "verify", Annotate::ToggleDraft),
        ("Play again and again", "loop", Annotate::ToggleLoop),
        ("Delete", "delete", Annotate::Delete),
    ] {
        let possible = match command {
            Annotate::Paste => !view.state.editing.clipboard.is_empty(),
            _ => any,
        };
        let hint = view.state.settings.keymap.hint(key);
        let shortcut = view.state.settings.keymap.key(key).unwrap_or_default();
        let button = Button::new(name).shortcut_text(shortcut);
        let response = ui.add_enabled(possible, button);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, possible, name));
        if response.on_hover_text(format!("{name}{hint}")).clicked() {
            view.send(command.into());
        }
    }
    let hint = view.state.settings.keymap.hint("class.set");
    let active = view.state.editing.class.clone();
    let menu = ui.menu_button("Class", |ui| {
        if let Some(active) = active {
            let name = format!("The active one, {active}{hint}");
            if ui.button(&name).on_hover_text(format!("New segments get it too{hint}")).clicked() {
                view.commands.push(Annotate::SetClass(active).into());
            }
            ui.separator();
        }
        for class in &view.state.editing.book.document.classes {
            if ui.button(&class.name).on_hover_text("The selected segments become this class").clicked() {
                view.commands.push(Annotate::SetClass(class.name.clone()).into());
            }
        }
    });
    menu.response.on_hover_text(format!("Another class{}", view.state.settings.keymap.hint("class.set")));
}

/// The box that is being drawn over lanes, and what it selects when the pointer comes up.
pub(super) fn boxed(ui: &Ui, view: &mut View<'_>, places: &[(&Lane, Rect)], track: Rect) {
    let Some((from, last)) = ui.data(|data| data.get_temp::<(Pos2, Pos2)>(box_id())) else { return };
    // Whoever lets go outside the window has no place any more.
    let (to, down, modifiers) =
        ui.input(|input| (input.pointer.latest_pos().unwrap_or(last), input.pointer.primary_down(), input.modifiers));
    ui.data_mut(|data| data.insert_temp(box_id(), (from, to)));
    let area = Rect::from_two_pos(from, to);
    let shown = area.intersect(track.expand(1.0));
    ui.painter().rect_filled(shown, CornerRadius::ZERO, view.theme.accent_soft());
    ui.painter().rect_stroke(shown, CornerRadius::ZERO, Stroke::new(1.0, view.theme.accent()), StrokeKind::Inside);
    if down {
        return;
    }
    ui.data_mut(|data| data.remove::<(Pos2, Pos2)>(box_id()));
    let touched = places.iter().filter(|(_, line)| line.top() < area.bottom() && line.bottom() > area.top());
    let lanes = touched.map(|(lane, _)| lane.name.clone()).collect();
    let time = |x: f32| time_at(&view.state.timeline, track, x.clamp(track.left(), track.right()));
    let range = [time(area.left()), time(area.right())];
    // Shift draws the box anew, Ctrl adds to what is selected.
    let pick = if modifiers.command { Pick::Add } else { Pick::Only };
    view.send(Annotate::SelectBox(range, lanes, pick).into());
}
