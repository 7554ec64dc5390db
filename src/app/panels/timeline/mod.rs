//! The timeline: minimap, ruler, playhead, lanes. What is drawn comes from [`crate::state::Lane`]; here are places, colours and hands.

mod columns;
mod hands;
mod header;
mod lanes;
mod minimap;
mod over;
mod ruler;

use egui::{Rect, Stroke, Ui, pos2, vec2};

use crate::state::{Command, TimelineView};

use super::super::icons::Icon;
use super::super::widgets::empty_state;
use super::{View, paint_line, strip};

const NAMES: f32 = 116.0;
const RULER: f32 = 24.0;
const MINIMAP: f32 = 16.0;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    if view.state.playback.video.is_none() || view.state.timeline.length <= 0.0 {
        let advice = "Open a video: its annotated actions and what the detector finds stand here over time.";
        empty_state(ui, theme, Icon::Lanes, "Nothing to show over time yet", advice);
        return;
    }
    header::show(ui, view);
    let area = ui.available_rect_before_wrap();
    let track = Rect::from_min_max(pos2(area.left() + NAMES, area.top()), area.max);
    let map = Rect::from_min_max(track.min, pos2(track.right(), track.top() + MINIMAP));
    let ruler = Rect::from_min_max(pos2(track.left(), map.bottom()), pos2(track.right(), map.bottom() + RULER));
    wheel(ui, view, area, track);
    minimap::show(ui, view, map);
    ruler::show(ui, view, ruler);
    let along = Rect::from_min_max(pos2(track.left(), ruler.bottom()), track.max);
    let below = Rect::from_min_max(pos2(area.left(), strip::show(ui, view, along)), area.max);
    ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| lanes::show(ui, view, track));
    playhead(ui, view, ruler, track);
}

/// Ctrl+wheel zooms at the pointer; Shift+wheel, a sideways wheel and the middle button move.
fn wheel(ui: &Ui, view: &mut View<'_>, area: Rect, track: Rect) {
    let middle = ui.input(|input| input.pointer.middle_down().then(|| input.pointer.delta().x));
    let Some(pointer) = ui.ctx().pointer_hover_pos().filter(|at| area.contains(*at) && ui.rect_contains_pointer(area))
    else {
        return;
    };
    let (zoom, sideways) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta().x));
    let timeline = view.state.timeline;
    if (zoom - 1.0).abs() > 1e-4 {
        let at = time_at(&timeline, track, pointer.x.max(track.left()));
        view.send(Command::Zoom { factor: f64::from(zoom), at });
        return;
    }
    let moved = sideways + middle.unwrap_or(0.0);
    if moved.abs() > 0.0 {
        view.send(Command::Pan(-f64::from(moved / track.width().max(1.0)) * timeline.span));
    }
}

fn time_at(view: &TimelineView, track: Rect, x: f32) -> f64 {
    view.time_from_x(f64::from(x - track.left()), f64::from(track.width()))
}

fn x_at(view: &TimelineView, track: Rect, time: f64) -> f32 {
    track.left() + view.x_from_time(time, f64::from(track.width())) as f32
}

fn playhead(ui: &Ui, view: &View<'_>, ruler: Rect, track: Rect) {
    let theme = view.theme;
    let painter = ui.painter_at(Rect::from_min_max(ruler.min, track.max).expand2(vec2(6.0, 0.0)));
    if let Some(snapped) = view.state.editing.drag.as_ref().and_then(|drag| drag.snapped) {
        let x = x_at(&view.state.timeline, track, snapped);
        painter.line_segment([pos2(x, ruler.bottom()), pos2(x, track.bottom())], Stroke::new(1.0, theme.warn()));
    }
    let x = x_at(&view.state.timeline, track, view.state.playback.time.as_secs());
    if x < track.left() - 0.5 || x > track.right() + 0.5 {
        return;
    }
    let knee = ruler.bottom();
    painter.line_segment([pos2(x, knee - 8.0), pos2(x, track.bottom())], Stroke::new(1.5, theme.accent()));
    let head = vec![
        pos2(x - 5.0, knee - 14.0),
        pos2(x + 5.0, knee - 14.0),
        pos2(x + 5.0, knee - 9.0),
        pos2(x, knee - 4.0),
        pos2(x - 5.0, knee - 9.0),
    ];
    painter.add(egui::Shape::convex_polygon(head, theme.accent(), Stroke::NONE));
}
