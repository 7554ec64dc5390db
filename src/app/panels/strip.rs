//! Small pictures and loudness along the timeline, and the picture under the pointer.

use egui::accesskit::Role;
use egui::{Color32, CornerRadius, Rect, Response, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::domain::MediaTime;
use crate::state::{Command, clock_text};

use super::View;

const PICTURES: f32 = 34.0;
const LOUDNESS: f32 = 22.0;

/// A lower timeline keeps its room for the lanes.
const ROOM: f32 = 300.0;

/// Height in points of a picture under the pointer.
const HOVER: f32 = 90.0;

/// Draws what there is from the top of `track` down, over the stretch that the timeline shows; returns where the next thing may begin, which
/// does not move when more is there.
pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, track: Rect) -> f32 {
    if track.height() < ROOM {
        return track.top();
    }
    let below = track.top() + PICTURES + LOUDNESS;
    let Some(strip) = view.strip else { return below };
    let timeline = view.state.timeline;
    let width = f64::from(track.width());
    let time_at = |x: f32| timeline.time_from_x(f64::from(x - track.left()), width);
    let row = |top: f32, height: f32| Rect::from_min_max(pos2(track.left(), top), pos2(track.right(), top + height));
    let end = track.left() + timeline.x_from_time(timeline.length, width) as f32;
    if let Some(aspect) = strip.aspect() {
        let rect = row(track.top(), PICTURES);
        let painter = ui.painter_at(rect);
        let step = (PICTURES * aspect).max(8.0);
        // Pictures stand still while the timeline moves under the ruler: each shows the middle of its place.
        let mut left = rect.left();
        while left < rect.right().min(end) {
            let place = Rect::from_min_size(pos2(left, rect.top() + 1.0), vec2(step, PICTURES - 2.0));
            if let Some((_, texture)) = strip.nearest(time_at(place.center().x)) {
                let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                painter.image(texture.id(), place.shrink2(vec2(0.5, 0.0)), whole, Color32::WHITE);
            }
            left += step;
        }
        let response = ui.interact(rect, ui.scope_id().with("pictures"), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Pictures along the time"));
        hands(view, &response, &time_at);
    }
    if strip.is_loud() {
        let rect = row(track.top() + PICTURES, LOUDNESS);
        let painter = ui.painter_at(rect);
        let stroke = Stroke::new(1.0, view.theme.text_soft());
        let mut x = rect.left();
        while x < rect.right().min(end) {
            let half = strip.loudest(time_at(x), time_at(x + 1.0)) * (LOUDNESS * 0.5 - 1.0);
            painter.vline(x + 0.5, rect.center().y - half.max(0.5)..=rect.center().y + half.max(0.5), stroke);
            x += 1.0;
        }
        let response = ui.interact(rect, ui.scope_id().with("loudness"), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Loudness along the time"));
        hands(view, &response, &time_at);
    }
    below
}

/// A click or drag goes there; hovering shows the picture there.
fn hands(view: &mut View<'_>, response: &Response, time_at: &dyn Fn(f32) -> f64) {
    let meant = response.clicked() || response.dragged_by(egui::PointerButton::Primary);
    if let Some(at) = response.interact_pointer_pos().filter(|_| meant) {
        view.send(Command::Seek(MediaTime::from_secs(time_at(at.x))));
    } else if let Some(at) = response.hover_pos() {
        hover(view, response, time_at(at.x));
    }
}

/// Shows the small picture nearest to a time, and both times, at the pointer.
pub(super) fn hover(view: &View<'_>, response: &Response, seconds: f64) {
    let near = view.strip.and_then(|strip| strip.nearest(seconds));
    response.clone().on_hover_ui_at_pointer(|ui| {
        if let Some((time, texture)) = near {
            let size = vec2(HOVER * texture.aspect_ratio(), HOVER);
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            egui::Image::new((texture.id(), size)).corner_radius(CornerRadius::same(3)).paint_at(ui, rect);
            // Small pictures are few: said when this one is not of that moment.
            if (time - seconds).abs() > 0.05 {
                ui.weak(format!("picture of {}", clock_text(time)));
            }
        }
        ui.label(clock_text(seconds));
    });
}
