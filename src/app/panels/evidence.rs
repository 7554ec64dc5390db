//! What the network said of the open video before suppression: curves of starts and ends, and the proposal map, over the timeline's time.

use egui::accesskit::Role;
use egui::{
    Align2, Color32, CornerRadius, Mesh, Painter, Rect, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use crate::domain::MediaTime;
use crate::jobs::evidence::Evidence;
use crate::state::{Command, Inspect, clock_text, length_text, ticks};

use super::super::icons::Icon;
use super::super::paint::{MapPaint, MapUniforms};
use super::super::widgets::{caption, empty_state};
use super::View;

/// Width of the names on the left, as on the timeline, so that times stand one above the other.
const NAMES: f32 = 116.0;
const CURVES: f32 = 56.0;
/// Height of the times below.
const AXIS: f32 = 18.0;
/// Radius of the ring around a detection.
const RING: f32 = 5.5;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let Some(entry) = view.state.selected() else {
        empty_state(ui, theme, Icon::Curve, "No evidence", "Open a video first.");
        return;
    };
    if !view.state.has_asked_for_evidence() {
        let video = entry.id.clone();
        view.send(Command::Inspect(Inspect::Evidence(video)));
    }
    let Some(evidence) = view.state.inspect.evidence.clone() else {
        let advice =
            "Detect in this video, or run etad test: what the network says of every possible segment is kept with it.";
        empty_state(ui, theme, Icon::Curve, "No evidence of this video", advice);
        let video = entry.id.clone();
        ui.vertical_centered(|ui| {
            if ui.button("Look again").on_hover_text("A test in a terminal may have kept some meanwhile").clicked() {
                view.send(Command::Inspect(Inspect::Evidence(video)));
            }
        });
        return;
    };
    let area = ui.available_rect_before_wrap();
    let track = Rect::from_min_max(pos2(area.left() + NAMES, area.top()), area.max);
    let curves = Rect::from_min_max(track.min, pos2(track.right(), track.top() + CURVES));
    let map = Rect::from_min_max(pos2(track.left(), curves.bottom() + 8.0), pos2(track.right(), area.bottom() - AXIS));
    paint_curves(ui, view, &evidence, curves);
    names(ui, view, &evidence, curves, map);
    axis(ui, view, Rect::from_min_max(map.left_bottom(), area.max));
    if map.height() > 20.0 {
        paint_map(ui, view, &evidence, map);
    }
    let x = x_at(view, track, view.state.playback.time.as_secs());
    if track.x_range().contains(x) {
        ui.painter().line_segment([pos2(x, track.top()), pos2(x, track.bottom())], Stroke::new(1.0, theme.accent()));
    }
}

fn x_at(view: &View<'_>, track: Rect, time: f64) -> f32 {
    track.left() + view.state.timeline.x_from_time(time, f64::from(track.width())) as f32
}

/// What curves, colours and heights mean, left of them.
fn names(ui: &Ui, view: &View<'_>, evidence: &Evidence, curves: Rect, map: Rect) {
    let theme = view.theme;
    let left = curves.left() - NAMES + 4.0;
    let text = |at, align, text: String, colour| {
        ui.painter().text(at, align, text, theme.small_font(), colour);
    };
    text(pos2(left, curves.top() + 14.0), Align2::LEFT_CENTER, "start".to_owned(), theme.good());
    text(pos2(left, curves.top() + 32.0), Align2::LEFT_CENTER, "end".to_owned(), theme.bad());
    let soft = theme.text_soft();
    let scale = curves.left() - 6.0;
    for (at, share) in [(curves.top() + 7.0, "1"), (curves.bottom() - 7.0, "0")] {
        text(pos2(scale, at), Align2::RIGHT_CENTER, share.to_owned(), soft);
    }
    if map.height() < 64.0 {
        return;
    }
    let longest = evidence.rows as f64 * evidence.row;
    for (share, at) in [(1.0, map.top() + 7.0), (0.5, map.center().y), (0.0, map.bottom() - 7.0)] {
        text(pos2(scale, at), Align2::RIGHT_CENTER, format!("{:.1} s", share * longest), soft);
    }
    let bar = Rect::from_min_max(pos2(left, map.top() + 20.0), pos2(left + 9.0, map.bottom()));
    text(pos2(left, map.top() + 7.0), Align2::LEFT_CENTER, "score".to_owned(), soft);
    let MapUniforms { low, middle, high, .. } = uniforms(view, evidence);
    let colour = |[red, green, blue, alpha]: [f32; 4]| {
        let byte = |part: f32| (255.0 * part).round() as u8;
        Color32::from_rgba_premultiplied(byte(red), byte(green), byte(blue), byte(alpha))
    };
    let mut mesh = Mesh::default();
    for (place, shade) in [(bar.bottom(), low), (bar.center().y, middle), (bar.top(), high)] {
        mesh.colored_vertex(pos2(bar.left(), place), colour(shade));
        mesh.colored_vertex(pos2(bar.right(), place), colour(shade));
    }
    for first in [0, 2] {
        mesh.add_triangle(first, first + 1, first + 2);
        mesh.add_triangle(first + 1, first + 2, first + 3);
    }
    ui.painter().add(mesh);
    ui.painter().rect_stroke(bar, CornerRadius::ZERO, Stroke::new(1.0, theme.line()), StrokeKind::Outside);
    for (at, score) in [(bar.top() + 6.0, evidence.most()), (bar.bottom() - 6.0, 0.0)] {
        text(pos2(bar.right() + 5.0, at), Align2::LEFT_CENTER, format!("{score:.2}"), soft);
    }
}

/// The times of the columns, as the ruler of the timeline has them.
fn axis(ui: &Ui, view: &View<'_>, rect: Rect) {
    let (theme, timeline) = (view.theme, &view.state.timeline);
    let mut free = f32::NEG_INFINITY;
    for tick in ticks(timeline, f64::from(rect.width())).into_iter().filter(|tick| tick.labelled) {
        let x = x_at(view, rect, tick.time);
        ui.painter()
            .line_segment([pos2(x, rect.top()), pos2(x, rect.top() + 4.0)], Stroke::new(1.0, theme.text_soft()));
        let words = if timeline.span < 8.0 { clock_text(tick.time) } else { length_text(tick.time) };
        let galley = ui.painter().layout_no_wrap(words, theme.small_font(), theme.text_soft());
        let at = (x - galley.size().x * 0.5).min(rect.right() - galley.size().x);
        if at >= free {
            free = at + galley.size().x + 4.0;
            ui.painter().galley(pos2(at, rect.top() + 4.0), galley, theme.text_soft());
        }
    }
}

/// What the shader is told.
fn uniforms(view: &View<'_>, evidence: &Evidence) -> MapUniforms {
    let (theme, timeline) = (view.theme, &view.state.timeline);
    let rgba = |colour: Color32| colour.to_normalized_gamma_f32();
    MapUniforms {
        view: [
            (timeline.start / evidence.column) as f32,
            (timeline.span / evidence.column) as f32,
            evidence.rows as f32,
            evidence.most(),
        ],
        none: rgba(theme.panel()),
        low: rgba(theme.well()),
        middle: rgba(theme.accent()),
        high: rgba(theme.warn()),
    }
}

fn paint_curves(ui: &mut Ui, view: &mut View<'_>, evidence: &Evidence, rect: Rect) {
    let theme = view.theme;
    let response = ui.allocate_rect(rect, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "How likely actions start and end"));
    ui.painter().rect_filled(rect, CornerRadius::same(2), theme.well());
    let painter = ui.painter_at(rect);
    for (values, colour) in [(&evidence.starts, theme.good()), (&evidence.ends, theme.bad())] {
        line(&painter, view, evidence, values, rect, colour);
    }
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked()) {
        let time = view.state.timeline.time_from_x(f64::from(at.x - rect.left()), f64::from(rect.width()));
        view.send(Command::Seek(MediaTime::from_secs(time)));
    }
}

fn line(painter: &Painter, view: &View<'_>, evidence: &Evidence, values: &[f32], rect: Rect, colour: Color32) {
    let timeline = &view.state.timeline;
    let first = (timeline.start / evidence.column).floor().max(0.0) as usize;
    let last = ((timeline.start + timeline.span) / evidence.column).ceil().max(0.0) as usize + 1;
    let part = values.get(first..last.min(values.len())).unwrap_or_default();
    let point = |(index, value): (usize, &f32)| {
        let time = ((first + index) as f64 + 0.5) * evidence.column;
        pos2(x_at(view, rect, time), rect.bottom() - 2.0 - value.clamp(0.0, 1.0) * (rect.height() - 4.0))
    };
    painter.add(Shape::line(part.iter().enumerate().map(point).collect(), Stroke::new(1.4, colour)));
}

fn paint_map(ui: &mut Ui, view: &mut View<'_>, evidence: &std::sync::Arc<Evidence>, rect: Rect) {
    let theme = view.theme;
    let response = ui.allocate_rect(rect, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Proposal map"));
    let timeline = view.state.timeline;
    if let Some(target) = view.surface {
        let uniforms = uniforms(view, evidence);
        let paint = MapPaint { evidence: evidence.clone(), uniforms, target };
        ui.painter().add(eframe::egui_wgpu::Callback::new_paint_callback(rect, paint));
    }
    let painter = ui.painter_at(rect);
    let longest = evidence.rows as f64 * evidence.row;
    let place = |[start, end]: [f64; 2]| {
        // A proposal of one row is drawn in the middle of it.
        let height = ((end - start - 0.5 * evidence.row) / longest) as f32 * rect.height();
        pos2(x_at(view, rect, start + 0.5 * evidence.column), rect.bottom() - height)
    };
    let mut ringed = std::collections::HashSet::new();
    for lane in &view.state.lanes {
        for bar in lane.predictions.iter() {
            let at = place([bar.start, bar.end]);
            // Of several in one place the best is seen; thousands cost no more than there is room for.
            let cell = ((at.x / RING).floor() as i32, (at.y / RING).floor() as i32);
            if rect.expand(RING).contains(at) && ringed.insert(cell) {
                // A rim keeps it apart from whatever colour the map has there.
                painter.circle_stroke(at, RING, Stroke::new(4.0, theme.well()));
                painter.circle_stroke(at, RING, Stroke::new(1.8, theme.class(bar.colour)));
            }
        }
        for bar in lane.truth.iter() {
            let colour = theme.class(bar.colour);
            let square = Rect::from_center_size(place([bar.start, bar.end]), vec2(7.0, 7.0));
            painter.rect_filled(square, CornerRadius::ZERO, colour);
            painter.rect_stroke(square, CornerRadius::ZERO, Stroke::new(1.0, theme.text()), StrokeKind::Outside);
        }
    }
    if let Some(index) = view.state.inspect.cell {
        let [start, end] = evidence.cell_segment(index);
        painter.circle_stroke(place([start, end]), 6.0, Stroke::new(2.0, theme.text()));
        let [from, to] = evidence.refined.get(index).map_or([start, end], |segment| segment.map(f64::from));
        let stretch =
            [pos2(x_at(view, rect, from), rect.bottom() - 2.0), pos2(x_at(view, rect, to), rect.bottom() - 2.0)];
        painter.line_segment(stretch, Stroke::new(3.0, theme.text()));
    }
    let under = response.hover_pos().or(response.interact_pointer_pos()).and_then(|at| {
        let start = timeline.time_from_x(f64::from(at.x - rect.left()), f64::from(rect.width()));
        let duration = f64::from((rect.bottom() - at.y) / rect.height()) * longest;
        evidence.cell_at(start, duration)
    });
    let Some(index) = under else { return };
    let clicked = response.clicked();
    response.on_hover_ui_at_pointer(|ui| {
        let [start, end] = evidence.cell_segment(index);
        let [from, to] = evidence.refined[index].map(f64::from);
        caption(ui, theme, format!("proposal {} to {}", clock_text(start), clock_text(end)));
        caption(ui, theme, format!("refined {} to {}", clock_text(from), clock_text(to)));
        caption(ui, theme, format!("score {:.3}", evidence.scores[index]));
    });
    if clicked {
        view.send(Command::Inspect(Inspect::Cell(index)));
    }
}
