//! What the network said of the open video before suppression: curves of starts and ends, and the proposal map, over the timeline's time.

use egui::accesskit::Role;
use egui::{Color32, CornerRadius, Painter, Rect, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::domain::MediaTime;
use crate::jobs::evidence::Evidence;
use crate::state::{Command, Inspect, clock_text};

use super::super::icons::Icon;
use super::super::paint::{MapPaint, MapUniforms};
use super::super::widgets::{caption, empty_state};
use super::View;

/// Width of the names on the left, as on the timeline, so that times stand one above the other.
const NAMES: f32 = 116.0;
const CURVES: f32 = 56.0;
/// Radius of the ring around a detection.
const RING: f32 = 3.5;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let Some(entry) = view.state.selected() else {
        empty_state(ui, theme, Icon::Curve, "No evidence", "Open a video first.");
        return;
    };
    if view.state.inspect.evidence_of.as_ref() != Some(&entry.id) {
        let video = entry.id.clone();
        view.send(Command::Inspect(Inspect::Evidence(video)));
    }
    let Some(evidence) = view.state.inspect.evidence.clone() else {
        let advice = "Detect in this video: what the network says of every possible segment is kept with it.";
        empty_state(ui, theme, Icon::Curve, "No evidence of this video", advice);
        return;
    };
    let area = ui.available_rect_before_wrap();
    let track = Rect::from_min_max(pos2(area.left() + NAMES, area.top()), area.max);
    let curves = Rect::from_min_max(track.min, pos2(track.right(), track.top() + CURVES));
    let map = Rect::from_min_max(pos2(track.left(), curves.bottom() + 8.0), pos2(track.right(), area.bottom() - 2.0));
    paint_curves(ui, view, &evidence, curves);
    names(ui, view, &evidence, curves, map);
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

fn names(ui: &Ui, view: &View<'_>, evidence: &Evidence, curves: Rect, map: Rect) {
    let theme = view.theme;
    let left = curves.left() - NAMES + 4.0;
    let text = |at, align, text: String, colour| {
        ui.painter().text(at, align, text, theme.small_font(), colour);
    };
    let middle = egui::Align2::LEFT_CENTER;
    text(pos2(left, curves.top() + 14.0), middle, "start".to_owned(), theme.good());
    text(pos2(left, curves.top() + 32.0), middle, "end".to_owned(), theme.bad());
    let longest = evidence.rows as f64 * evidence.row;
    text(pos2(left, map.top() + 8.0), middle, format!("{longest:.1} s long"), theme.text_soft());
    text(pos2(left, map.bottom() - 8.0), middle, "0 s".to_owned(), theme.text_soft());
    text(pos2(left, map.center().y), middle, format!("full colour {:.2}", evidence.most()), theme.text_soft());
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
        let rgba = |colour: Color32| colour.to_normalized_gamma_f32();
        let uniforms = MapUniforms {
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
        };
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
                painter.circle_stroke(at, RING, Stroke::new(1.5, theme.class(bar.colour)));
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
