//! What lies over the lanes: what is being drawn or logged, regions that nobody annotated, the keys that matter where nothing is annotated.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Painter, Rect, RichText, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::state::{Drag, Grip, Lane};

use super::super::super::widgets::caption;
use super::{View, lanes, x_at};

/// The five keys that matter, over the lanes of a video without segments: where there are many lanes it must not be below them.
pub(super) fn hint(ui: &mut Ui, view: &View<'_>, lanes: Rect) {
    let theme = view.theme;
    let size = vec2(lanes.width().min(480.0), lanes.height().min(92.0));
    let place = Rect::from_center_size(lanes.center_bottom() - vec2(0.0, size.y * 0.5 + 4.0), size);
    let radius = CornerRadius::same(theme.size.card_radius);
    ui.painter().rect(place, radius, theme.raised(), Stroke::new(1.0, theme.line()), StrokeKind::Inside);
    ui.scope_builder(egui::UiBuilder::new().max_rect(place.shrink(8.0)), |ui| {
        // What is below is drawn on all the same.
        ui.style_mut().interaction.selectable_labels = false;
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.vertical_centered(|ui| {
            ui.label(RichText::new("Nothing is annotated here yet").font(theme.strong_font()));
            let keymap = &view.state.settings.keymap;
            let key = |deed: &str| keymap.named(deed);
            let (play, undo, keys) = (key("play"), key("undo"), key("keys"));
            let (start, end, make) = (key("mark.in"), key("mark.out"), key("mark.make"));
            for line in [
                format!("{play} plays. 1 … 9 while it plays logs a class: tap where it starts and ends, or hold."),
                format!("{start} and {end} mark start and end, {make} makes the segment. Or drag on a lane."),
                format!("{undo} takes anything back, also tomorrow. {keys} shows all keys."),
            ] {
                caption(ui, theme, line);
            }
        });
    });
}

/// A segment that is being drawn, or made of a detection whose edge is held: in the first row that is free there.
pub(super) fn made(painter: &Painter, view: &View<'_>, lane: &Lane, line: Rect) {
    let editing = &view.state.editing;
    let Some(Drag { grip, new: Some(segment), .. }) = &editing.drag else { return };
    let label = match grip {
        Grip::New(label) => Some(label),
        Grip::Detection(..) => view.state.inspect.target.as_ref().map(|target| &target.label),
        Grip::Body(_) | Grip::Edge(..) => None,
    };
    let Some(label) = label else { return };
    if view.state.settings.lanes.lane_of(label, &editing.subject, true) != lane.name {
        return;
    }
    let [start, end] = *segment;
    let touched = lane.truth.within(start, end).iter().filter(|bar| bar.start < end && bar.end > start);
    let taken: Vec<usize> = touched.map(|bar| bar.row).collect();
    let row = (0..lane.truth_rows.max(1)).find(|row| !taken.contains(row)).unwrap_or(0);
    let place = lanes::place_of(&view.state.timeline, *segment, row, line);
    let colour = view.theme.class(view.state.colour(label));
    painter.rect_filled(place, CornerRadius::same(3), colour.gamma_multiply(0.6));
    painter.rect_stroke(place, CornerRadius::same(3), Stroke::new(1.5, view.theme.text()), StrokeKind::Outside);
}

/// Segments that are being logged grow with the playhead.
pub(super) fn growing(painter: &Painter, view: &View<'_>, lane: &Lane, line: Rect) {
    let now = view.state.playback.time.as_secs();
    for logged in &view.state.editing.logged {
        if lane.class.as_ref().is_some_and(|class| *class != logged.label) {
            continue;
        }
        let timeline = &view.state.timeline;
        let (a, b) = (x_at(timeline, line, logged.start), x_at(timeline, line, now));
        let place = Rect::from_min_max(
            pos2(a.min(b), line.top() + lanes::PADDING),
            pos2(a.max(b).max(a + 2.0), line.top() + lanes::PADDING + lanes::TRUTH),
        );
        let colour = view.theme.class(view.state.colour(&logged.label));
        painter.rect_filled(place, CornerRadius::same(3), colour.gamma_multiply(0.6));
        painter.rect_stroke(place, CornerRadius::same(3), Stroke::new(1.5, view.theme.accent()), StrokeKind::Outside);
    }
}

/// Regions that nobody annotated, hatched over all lanes.
pub(super) fn regions(ui: &Ui, view: &View<'_>, lanes: Rect, track: Rect) {
    let Some(entry) = view.state.selected() else { return };
    let Some(record) = view.state.editing.book.document.videos.get(&entry.id) else { return };
    let area = Rect::from_min_max(pos2(track.left(), lanes.top()), pos2(track.right(), lanes.bottom()));
    for (index, region) in record.head.not_annotated.iter().enumerate() {
        let left = x_at(&view.state.timeline, track, region[0]).max(area.left());
        let right = x_at(&view.state.timeline, track, region[1]).min(area.right());
        if right <= left {
            continue;
        }
        let place = Rect::from_min_max(pos2(left, area.top()), pos2(right, area.bottom()));
        let painter = ui.painter_at(place);
        painter.rect_filled(place, 0.0, view.theme.ground().gamma_multiply(0.55));
        let stroke = Stroke::new(1.0, view.theme.line());
        let mut x = left - place.height();
        while x < right {
            painter.line_segment([pos2(x, place.bottom()), pos2(x + place.height(), place.top())], stroke);
            x += 12.0;
        }
        let at = place.left_bottom() + vec2(4.0, -3.0);
        painter.text(at, Align2::LEFT_BOTTOM, "not annotated", view.theme.small_font(), view.theme.text_soft());
        let response = ui.interact(place, ui.scope_id().with(("region", index)), Sense::hover());
        let name = format!("Not annotated {:.2} to {:.2} s", region[0], region[1]);
        response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &name));
    }
}
