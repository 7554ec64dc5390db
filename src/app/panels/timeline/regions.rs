//! Regions that nobody annotated, hatched over all lanes.

use egui::accesskit::Role;
use egui::{Align2, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::{View, x_at};

/// Draws them.
pub(super) fn show(ui: &Ui, view: &View<'_>, lanes: Rect, track: Rect) {
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
