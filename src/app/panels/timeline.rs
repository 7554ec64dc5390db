//! The timeline: ruler, playhead, and a lane a class with truth above predictions. What is drawn comes from
//! [`crate::state::Lane`]; here are places, colours and hands.

use egui::accesskit::Role;
use egui::{
    Align, CornerRadius, Layout, Painter, Pos2, Rect, Response, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

use crate::domain::MediaTime;
use crate::state::{Bar, Command, Lane, Mark, TimelineView, clock_text, length_text, ticks};

use super::super::icons::Icon;
use super::super::theme::Theme;
use super::super::widgets::{caption, empty_state, icon_button};
use super::{View, marks, paint_line, sources};

const NAMES: f32 = 116.0;
const RULER: f32 = 24.0;
const TRUTH: f32 = 16.0;
const PREDICTION: f32 = 9.0;
const BETWEEN: f32 = 2.0;
const PADDING: f32 = 5.0;

/// Bars that get a name of their own for screen readers; beyond, the table lists them.
const MOST_NAMED: usize = 200;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    if view.state.playback.video.is_none() || view.state.timeline.length <= 0.0 {
        let advice = "Open a video: its annotated actions and what the detector finds stand here over time.";
        empty_state(ui, theme, Icon::Lanes, "Nothing to show over time yet", advice);
        return;
    }
    header(ui, view);
    let area = ui.available_rect_before_wrap();
    let track = Rect::from_min_max(pos2(area.left() + NAMES, area.top()), area.max);
    let ruler = Rect::from_min_max(track.min, pos2(track.right(), track.top() + RULER));
    wheel(ui, view, area, track);
    paint_ruler(ui, theme, &view.state.timeline, ruler);
    drag_playhead(ui, view, ruler);
    let below = Rect::from_min_max(pos2(area.left(), ruler.bottom()), area.max);
    ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| lanes(ui, view, track));
    playhead(ui, view, track);
}

fn header(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    ui.horizontal(|ui| {
        sources::show(ui, view);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button(ui, theme, Icon::Fit, "Show the whole video", "Show the whole video (F2)").clicked() {
                view.send(Command::FitTimeline);
            }
            let words = if view.state.is_without_predictions() {
                "none for this video"
            } else {
                "Ctrl+wheel zooms, Shift+wheel moves"
            };
            if ui.available_width() > 220.0 {
                caption(ui, theme, words);
            }
        });
    });
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

fn paint_ruler(ui: &Ui, theme: &Theme, view: &TimelineView, ruler: Rect) {
    let painter = ui.painter_at(ruler.expand2(vec2(24.0, 0.0)));
    painter.line_segment([ruler.left_bottom(), ruler.right_bottom()], Stroke::new(1.0, theme.line()));
    for tick in ticks(view, f64::from(ruler.width())) {
        let x = x_at(view, ruler, tick.time);
        let height = if tick.labelled { 8.0 } else { 4.0 };
        painter
            .line_segment([pos2(x, ruler.bottom() - height), pos2(x, ruler.bottom())], Stroke::new(1.0, theme.line()));
        if tick.labelled {
            let text = if view.span < 8.0 { clock_text(tick.time) } else { length_text(tick.time) };
            let galley = painter.layout_no_wrap(text, theme.small_font(), theme.text_soft());
            // Centred, but never cut by the right edge.
            let left = (x - galley.size().x * 0.5).min(ruler.right() - galley.size().x);
            painter.galley(pos2(left, ruler.top()), galley, theme.text_soft());
        }
    }
}

/// A click or a drag on the ruler goes there.
fn drag_playhead(ui: &Ui, view: &mut View<'_>, ruler: Rect) {
    let response = ui.interact(ruler, ui.scope_id().with("ruler"), Sense::click_and_drag());
    let ready = view.state.playback.is_ready();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, ready, "Playhead");
        info.value = Some(view.state.playback.time.as_secs());
        info
    });
    go_to_pointer(view, &response, ruler);
}

fn go_to_pointer(view: &mut View<'_>, response: &Response, track: Rect) {
    // The middle button moves the timeline instead.
    let meant = response.clicked() || response.dragged_by(egui::PointerButton::Primary);
    let Some(at) = response.interact_pointer_pos().filter(|_| meant) else { return };
    let time = time_at(&view.state.timeline, track, at.x.clamp(track.left(), track.right()));
    view.send(Command::Seek(MediaTime::from_secs(time)));
}

fn playhead(ui: &Ui, view: &View<'_>, track: Rect) {
    let x = x_at(&view.state.timeline, track, view.state.playback.time.as_secs());
    if x < track.left() - 0.5 || x > track.right() + 0.5 {
        return;
    }
    let theme = view.theme;
    let painter = ui.painter_at(track.expand2(vec2(6.0, 0.0)));
    let knee = track.top() + RULER;
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

fn lanes(ui: &mut Ui, view: &mut View<'_>, track: Rect) {
    let theme = view.theme;
    if view.state.lanes.is_empty() {
        let advice = "Nothing is annotated in it, and nothing was found yet.";
        empty_state(ui, theme, Icon::Lanes, "This video has no segments", advice);
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let mut named = 0;
        for lane in &view.state.lanes {
            let height = lane_height(lane);
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click_and_drag());
            response.widget_info(|| WidgetInfo::labeled(Role::Row, true, format!("Lane of {}", lane.label)));
            let line = Rect::from_min_max(pos2(track.left(), rect.top()), pos2(track.right(), rect.bottom()));
            let hit = paint_lane(ui, view, lane, rect, line, response.hover_pos(), &mut named);
            go_to_pointer(view, &response, line);
            if let Some((bar, mark)) = hit {
                response.on_hover_ui_at_pointer(|ui| details(ui, theme, lane, bar, mark));
            }
        }
    });
}

fn lane_height(lane: &Lane) -> f32 {
    let rows = lane.truth_rows as f32 * (TRUTH + BETWEEN) + lane.prediction_rows as f32 * (PREDICTION + BETWEEN);
    (rows + 2.0 * PADDING).max(TRUTH + 2.0 * PADDING)
}

/// Paints a lane; returns the bar under the pointer.
fn paint_lane<'a>(
    ui: &Ui,
    view: &View<'_>,
    lane: &'a Lane,
    rect: Rect,
    line: Rect,
    pointer: Option<Pos2>,
    named: &mut usize,
) -> Option<(&'a Bar, Option<Mark>)> {
    let theme = view.theme;
    let colour = theme.class(lane.colour);
    let painter = ui.painter();
    painter.line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme.line().gamma_multiply(0.6)));
    let dot = pos2(rect.left() + 6.0, rect.center().y);
    painter.rect_filled(Rect::from_center_size(dot, vec2(8.0, 8.0)), CornerRadius::same(2), colour);
    let name_at = pos2(rect.left() + 16.0, rect.center().y);
    paint_line(painter, name_at, NAMES - 26.0, &lane.label, theme.small_font(), theme.text());
    let clipped = ui.painter_at(line);
    let predictions_top = PADDING + lane.truth_rows as f32 * (TRUTH + BETWEEN);
    let places = |bar: &Bar, truth: bool| {
        let (top, height) = if truth {
            (PADDING + bar.row as f32 * (TRUTH + BETWEEN), TRUTH)
        } else {
            (predictions_top + bar.row as f32 * (PREDICTION + BETWEEN), PREDICTION)
        };
        let timeline = &view.state.timeline;
        let (left, right) = (x_at(timeline, line, bar.start), x_at(timeline, line, bar.end));
        Rect::from_min_max(pos2(left, line.top() + top), pos2(right.max(left + 2.0), line.top() + top + height))
    };
    let known = view.state.marks();
    let mut hit = None;
    // The best predictions come first and are painted last, on top.
    let bars = lane.truth.iter().map(|bar| (bar, true)).chain(lane.predictions.iter().rev().map(|bar| (bar, false)));
    for (bar, truth) in bars {
        let place = places(bar, truth);
        if place.right() < line.left() || place.left() > line.right() {
            continue;
        }
        let mark = known.and_then(|known| known.of(truth, bar.index));
        let under = pointer.is_some_and(|at| place.expand(1.0).contains(at) && line.contains(at));
        if under {
            hit = Some((bar, mark));
        }
        paint_bar(&clipped, theme, lane, bar, place, colour, under);
        marks::paint(&clipped, theme, place, truth, mark);
        if *named < MOST_NAMED {
            *named += 1;
            let response =
                ui.interact(place.intersect(line), ui.scope_id().with((&lane.label, truth, bar.index)), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, name_of(lane, bar, mark)));
        }
    }
    hit
}

fn paint_bar(
    painter: &Painter,
    theme: &Theme,
    lane: &Lane,
    bar: &Bar,
    place: Rect,
    colour: egui::Color32,
    under: bool,
) {
    let radius = CornerRadius::same(3);
    match bar.score {
        None => {
            painter.rect_filled(place, radius, colour);
            let visible = place.intersect(painter.clip_rect());
            if visible.width() > 34.0 {
                let at = pos2(visible.left() + 5.0, visible.center().y);
                paint_line(painter, at, visible.width() - 8.0, &lane.label, theme.small_font(), theme.ink_on(colour));
            }
        }
        Some(score) => {
            // How sure the detector is shows as how full the bar is; the outline keeps the weak ones visible.
            painter.rect_filled(place, CornerRadius::same(2), colour.gamma_multiply(0.15 + 0.75 * score as f32));
            painter.rect_stroke(place, CornerRadius::same(2), Stroke::new(1.0, colour), StrokeKind::Inside);
        }
    }
    if under {
        painter.rect_stroke(place, radius, Stroke::new(1.5, theme.text()), StrokeKind::Outside);
    }
}

fn name_of(lane: &Lane, bar: &Bar, mark: Option<Mark>) -> String {
    let Bar { start, end, .. } = bar;
    let mark = mark.map_or(String::new(), |mark| format!(", {}", marks::word(mark, bar.score.is_none())));
    match bar.score {
        None => format!("Truth {} {start:.2} to {end:.2} s{mark}", lane.label),
        Some(score) => format!("Prediction {} {start:.2} to {end:.2} s, score {score:.2}{mark}", lane.label),
    }
}

fn details(ui: &mut Ui, theme: &Theme, lane: &Lane, bar: &Bar, mark: Option<Mark>) {
    ui.label(RichText::new(&lane.label).font(theme.strong_font()));
    let times = format!("{} to {}", clock_text(bar.start), clock_text(bar.end));
    ui.label(RichText::new(times).font(theme.number_font()));
    caption(ui, theme, format!("{:.2} s long", bar.end - bar.start));
    let origin = bar.score.map_or_else(|| "annotated".to_owned(), |score| format!("predicted, score {score:.3}"));
    caption(ui, theme, origin);
    if let Some(mark) = mark {
        ui.label(RichText::new(marks::word(mark, bar.score.is_none())).color(marks::colour(theme, mark)));
    }
}
