//! The whole video in a strip: where segments are, and which part the timeline shows.

use egui::accesskit::Role;
use egui::{CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2};

use crate::state::Command;

use super::View;
use super::columns::Columns;

/// Lanes up to this many are told apart.
const MOST_LANES: usize = 6;

pub(super) fn show(ui: &Ui, view: &mut View<'_>, map: Rect) {
    let (theme, timeline) = (view.theme, view.state.timeline);
    let strip = Rect::from_min_max(map.min, pos2(map.right(), map.bottom() - 4.0));
    let painter = ui.painter_at(map);
    painter.rect_filled(strip, CornerRadius::same(2), theme.well());
    let x_of = |time: f64| strip.left() + (time / timeline.length) as f32 * strip.width();
    // A few lanes have a row each, more share one.
    let lanes = view.state.lanes.iter().filter(|lane| !lane.truth.is_empty());
    let count = lanes.clone().count();
    let rows = if (1..=MOST_LANES).contains(&count) { count } else { 1 };
    let height = (strip.height() - 2.0) / rows as f32;
    let mut columns = Columns::new(ui.pixels_per_point());
    for (index, lane) in lanes.enumerate() {
        let top = strip.top() + 1.0 + (index % rows) as f32 * height;
        for bar in lane.truth.iter() {
            let place = Rect::from_min_max(pos2(x_of(bar.start), top), pos2(x_of(bar.end), top + height));
            columns.add(index, place, theme.class(bar.colour).gamma_multiply(0.8));
        }
    }
    painter.add(columns.shape());
    let seen = Rect::from_min_max(
        pos2(x_of(timeline.start), strip.top()),
        pos2(x_of(timeline.start + timeline.span), strip.bottom()),
    );
    painter.rect_filled(seen, CornerRadius::same(2), theme.accent_soft());
    painter.rect_stroke(seen, CornerRadius::same(2), Stroke::new(1.0, theme.accent()), StrokeKind::Inside);
    let x = x_of(view.state.playback.time.as_secs());
    painter.line_segment([pos2(x, strip.top()), pos2(x, strip.bottom())], Stroke::new(1.0, theme.text()));

    let response = ui.interact(map, ui.scope_id().with("minimap"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, "Minimap"));
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged()) {
        let time = f64::from((at.x - strip.left()) / strip.width().max(1.0)) * timeline.length;
        view.send(Command::Pan(time - timeline.span * 0.5 - timeline.start));
    }
    response.on_hover_text("The whole video; click or drag to show another part of it");
}
