//! The ruler: time, frames where there is room for them, marks.

use egui::accesskit::Role;
use egui::{Rect, Response, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::domain::MediaTime;
use crate::state::{Command, clock_text, length_text, ticks};

use super::{View, time_at, x_at};

/// Points beside the ruler into which a time may reach.
const MARGIN: f32 = 32.0;

/// Visible seconds below which the ruler counts frames too.
const FRAMES_BELOW: f64 = 30.0;

pub(super) fn show(ui: &Ui, view: &mut View<'_>, ruler: Rect) {
    paint(ui, view, ruler);
    let response = ui.interact(ruler, ui.scope_id().with("ruler"), Sense::click_and_drag());
    let ready = view.state.playback.is_ready();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, ready, "Playhead");
        info.value = Some(view.state.playback.time.as_secs());
        info
    });
    go_to_pointer(view, &response, ruler);
    let tip = format!(
        "Click or drag to go there; marks: in{}, out{}",
        view.state.settings.keymap.hint("mark.in"),
        view.state.settings.keymap.hint("mark.out")
    );
    response.on_hover_text(tip);
}

/// A click or a drag goes there.
fn go_to_pointer(view: &mut View<'_>, response: &Response, track: Rect) {
    // The middle button moves the timeline instead.
    let meant = response.clicked() || response.dragged_by(egui::PointerButton::Primary);
    let Some(at) = response.interact_pointer_pos().filter(|_| meant) else { return };
    let time = time_at(&view.state.timeline, track, at.x.clamp(track.left(), track.right()));
    view.send(Command::Seek(MediaTime::from_secs(time)));
}

fn paint(ui: &Ui, view: &View<'_>, ruler: Rect) {
    let (theme, timeline) = (view.theme, &view.state.timeline);
    let painter = ui.painter_at(ruler.expand2(vec2(MARGIN, 0.0)));
    marks(ui, view, ruler);
    painter.line_segment([ruler.left_bottom(), ruler.right_bottom()], Stroke::new(1.0, theme.line()));
    let frame = view.state.frame_seconds();
    let mut free = f32::NEG_INFINITY;
    for tick in ticks(timeline, f64::from(ruler.width())) {
        let x = x_at(timeline, ruler, tick.time);
        let height = if tick.labelled { 8.0 } else { 4.0 };
        painter
            .line_segment([pos2(x, ruler.bottom() - height), pos2(x, ruler.bottom())], Stroke::new(1.0, theme.line()));
        if tick.labelled {
            let time = if timeline.span < 8.0 { clock_text(tick.time) } else { length_text(tick.time) };
            let text = if timeline.span < FRAMES_BELOW {
                format!("{time} · {}", view.state.frame_number(tick.time))
            } else {
                time
            };
            let galley = painter.layout_no_wrap(text, theme.small_font(), theme.text_soft());
            // Centred, but never cut by an edge, nor over the one before.
            let left = (x - galley.size().x * 0.5).min(ruler.right() - galley.size().x).max(ruler.left() - MARGIN);
            if left >= free {
                free = left + galley.size().x + 4.0;
                painter.galley(pos2(left, ruler.top()), galley, theme.text_soft());
            }
        }
    }
    // Single frames, once they are wide enough to be told apart.
    let width = f64::from(ruler.width()) * frame / timeline.span;
    if width >= 6.0 {
        for edge in view.state.edges_within(timeline.start, timeline.start + timeline.span) {
            let x = x_at(timeline, ruler, edge);
            let foot = [pos2(x, ruler.bottom() - 3.0), pos2(x, ruler.bottom())];
            painter.line_segment(foot, Stroke::new(1.0, theme.text_soft()));
        }
    }
}

/// What is marked for a segment to be made.
fn marks(ui: &Ui, view: &View<'_>, ruler: Rect) {
    let editing = &view.state.editing;
    let painter = ui.painter_at(ruler);
    let colour = view.theme.accent();
    if let Some(start) = editing.mark_in {
        let end = editing.mark_out.unwrap_or(view.state.playback.time.as_secs());
        let (left, right) = (x_at(&view.state.timeline, ruler, start), x_at(&view.state.timeline, ruler, end));
        if right > left {
            let area = Rect::from_min_max(pos2(left, ruler.top()), pos2(right, ruler.bottom()));
            painter.rect_filled(area, 0.0, colour.gamma_multiply(0.25));
        }
    }
    for mark in [editing.mark_in, editing.mark_out].into_iter().flatten() {
        let x = x_at(&view.state.timeline, ruler, mark);
        painter.line_segment([pos2(x, ruler.top()), pos2(x, ruler.bottom())], Stroke::new(2.0, colour));
    }
}
