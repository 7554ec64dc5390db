//! The region of the picture that is learnt from and searched: shown over the picture, drawn, moved and resized by the pointer.

use egui::accesskit::Role;
use egui::{Color32, CornerRadius, CursorIcon, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::domain::Crop;
use crate::state::{Annotate, Command, CropGrip, DrawCrop, Edge};

use super::super::icons::Icon;
use super::super::widgets::icon_button;
use super::View;
use super::magnifier::Seen;

/// Side of a handle as drawn, and of the place where it is caught, in points.
const HANDLE: f32 = 8.0;
const CATCH: f32 = 18.0;

/// Handles: name, which sides they move, and the pointer over them.
const HANDLES: [(&str, [Option<Edge>; 2], CursorIcon); 8] = [
    ("top", [None, Some(Edge::Start)], CursorIcon::ResizeVertical),
    ("bottom", [None, Some(Edge::End)], CursorIcon::ResizeVertical),
    ("left", [Some(Edge::Start), None], CursorIcon::ResizeHorizontal),
    ("right", [Some(Edge::End), None], CursorIcon::ResizeHorizontal),
    ("top left", [Some(Edge::Start), Some(Edge::Start)], CursorIcon::ResizeNwSe),
    ("bottom right", [Some(Edge::End), Some(Edge::End)], CursorIcon::ResizeNwSe),
    ("top right", [Some(Edge::End), Some(Edge::Start)], CursorIcon::ResizeNeSw),
    ("bottom left", [Some(Edge::Start), Some(Edge::End)], CursorIcon::ResizeNeSw),
];

/// Draws the region of the open video, if it has one; the rest is dimmed.
pub(super) fn show(ui: &Ui, view: &View<'_>, seen: &Seen) {
    let Some(crop) = view.state.crop_shown() else { return };
    let (region, whole) = (on_screen(seen, crop), seen.place);
    let painter = ui.painter_at(whole);
    let dim = Color32::from_black_alpha(130);
    let bands = [
        Rect::from_min_max(whole.min, pos2(whole.right(), region.top())),
        Rect::from_min_max(pos2(whole.left(), region.bottom()), whole.max),
        Rect::from_min_max(pos2(whole.left(), region.top()), region.left_bottom()),
        Rect::from_min_max(region.right_top(), pos2(whole.right(), region.bottom())),
    ];
    for band in bands.map(|band| band.intersect(whole)).into_iter().filter(|band| band.is_positive()) {
        painter.rect_filled(band, CornerRadius::ZERO, dim);
    }
    // Two lines, so that one is seen on any picture.
    painter.rect_stroke(
        region,
        CornerRadius::ZERO,
        Stroke::new(3.0, Color32::from_black_alpha(150)),
        StrokeKind::Middle,
    );
    painter.rect_stroke(region, CornerRadius::ZERO, Stroke::new(1.5, view.theme.accent()), StrokeKind::Middle);
    let response = ui.interact(region.intersect(whole), ui.scope_id().with("crop"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Region that is learnt from"));
}

fn on_screen(seen: &Seen, crop: Crop) -> Rect {
    let [left, top, width, height]: [f64; 4] = crop.into();
    Rect::from_min_max(seen.point_at([left, top]), seen.point_at([left + width, top + height]))
}

/// Takes the pointer while the region is drawn. What comes later lies on top: the picture, the region, its handles.
pub(super) fn hands(ui: &Ui, view: &mut View<'_>, seen: &Seen) {
    let id = |name: &str| ui.scope_id().with(("crop hand", name));
    let ground = ui.interact(seen.place, id("new"), Sense::drag()).on_hover_cursor(CursorIcon::Crosshair);
    take(ui, view, seen, &ground, CropGrip::New);
    let Some(crop) = view.state.crop_shown() else { return };
    let region = on_screen(seen, crop);
    let inside = region.intersect(seen.place);
    if inside.is_positive() {
        let body = ui.interact(inside, id("body"), Sense::drag()).on_hover_cursor(CursorIcon::Move);
        body.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Move the region"));
        take(ui, view, seen, &body, CropGrip::Body);
    }
    let painter = ui.painter_at(seen.place.expand(HANDLE));
    for (name, sides, cursor) in HANDLES {
        let along = |side: Option<Edge>, first: f32, last: f32| match side {
            Some(Edge::Start) => first,
            Some(Edge::End) => last,
            None => (first + last) / 2.0,
        };
        let at = pos2(along(sides[0], region.left(), region.right()), along(sides[1], region.top(), region.bottom()));
        // Between the corners of a small region there is no room.
        let crowded = (sides[0].is_none() && region.width() < 3.0 * CATCH)
            || (sides[1].is_none() && region.height() < 3.0 * CATCH);
        if crowded || !seen.place.expand(2.0).contains(at) {
            continue;
        }
        let catch = Rect::from_center_size(at, vec2(CATCH, CATCH));
        let handle = ui.interact(catch, id(name), Sense::drag()).on_hover_cursor(cursor);
        handle.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Region: {name}")));
        let size = if handle.hovered() || handle.dragged() { HANDLE + 3.0 } else { HANDLE };
        let square = Rect::from_center_size(at, vec2(size, size));
        painter.rect(
            square,
            CornerRadius::same(1),
            view.theme.accent(),
            Stroke::new(1.5, Color32::WHITE),
            StrokeKind::Inside,
        );
        take(ui, view, seen, &handle, CropGrip::Sides(sides));
    }
}

/// What a drag means.
fn take(ui: &Ui, view: &mut View<'_>, seen: &Seen, response: &Response, grip: CropGrip) {
    if response.drag_started()
        && let Some(from) = ui.input(|input| input.pointer.press_origin())
    {
        view.send(Command::DrawCrop(DrawCrop::Take(grip, seen.picture_at(from))));
    }
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        view.send(Command::DrawCrop(DrawCrop::To(seen.picture_at(at))));
    }
    if response.drag_stopped() {
        view.send(Command::DrawCrop(DrawCrop::LetGo));
    }
}

/// The buttons of the region, from right to left.
pub(super) fn buttons(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let (on, keymap) = (view.state.playback.cropping.on, &view.state.settings.keymap);
    if on && view.state.crop_shown().is_some() && ui.available_width() > 68.0 {
        let tip = format!("The whole picture is learnt from and searched{}", keymap.hint("crop.clear"));
        if icon_button(ui, theme, Icon::Close, "Clear the region", &tip).clicked() {
            view.send(Command::Annotate(Annotate::SetCrop(None)));
        }
    }
    let tip = format!(
        "Draw the region of the picture that is learnt from and searched, so that what is small there does not vanish{}",
        keymap.hint("crop")
    );
    let name = if on { "End drawing the region" } else { "Draw the region that counts" };
    let button = icon_button(ui, theme, Icon::Crop, name, &tip);
    if on {
        let radius = CornerRadius::same(theme.size.radius);
        ui.painter().rect_stroke(button.rect, radius, Stroke::new(1.5, theme.accent()), StrokeKind::Inside);
    }
    if button.clicked() {
        view.send(Command::DrawCrop(DrawCrop::Mode(!on)));
    }
}
