//! What is written over the picture: what is wrong with the file, that a picture is not yet the right one, what is looped, and on demand how
//! playing goes.

use egui::accesskit::Role;
use egui::{Align2, Color32, CornerRadius, FontId, Rect, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::jobs::screen::ScreenStats;
use crate::state::clock_text;

use super::View;

const MARGIN: f32 = 8.0;

pub(super) fn show(ui: &mut Ui, view: &View<'_>, rect: Rect) {
    let theme = view.theme;
    let playback = &view.state.playback;
    let mut top = rect.top() + MARGIN;
    let several = (playback.streams.len() > 1 && playback.stream.is_none()).then(|| {
        let count = playback.streams.len();
        format!("The file holds {count} video streams: the main one is shown until another is chosen below.")
    });
    for warning in playback.warnings.iter().chain(&several) {
        let galley =
            ui.painter().layout(warning.clone(), theme.small_font(), theme.text(), rect.width() - 4.0 * MARGIN);
        let place = Rect::from_min_size(pos2(rect.left() + MARGIN, top), galley.size() + 2.0 * vec2(MARGIN, 4.0));
        ui.painter().rect_filled(place, CornerRadius::same(4), theme.panel().gamma_multiply(0.9));
        ui.painter().rect_filled(
            Rect::from_min_size(place.min, vec2(3.0, place.height())),
            CornerRadius::same(1),
            theme.warn(),
        );
        ui.painter().galley(place.min + vec2(MARGIN, 4.0), galley, theme.text());
        let response = ui.interact(place, ui.scope_id().with(("warning", warning)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, warning.as_str()));
        top = place.bottom() + 4.0;
    }
    if let Some(stats) = &view.stats {
        for line in lines(stats) {
            top = tag(ui, view, &line, pos2(rect.left() + MARGIN, top), Align2::LEFT_TOP).bottom() + 2.0;
        }
    }
    if playback.cropping.on {
        let words = if view.state.crop_shown().is_some() {
            "drag inside to move, an edge to resize, outside to draw anew; Esc when done"
        } else {
            "drag over the picture: what lies inside is learnt from and searched; Esc when done"
        };
        tag(ui, view, words, pos2(rect.left() + MARGIN, rect.bottom() - MARGIN), Align2::LEFT_BOTTOM);
    }
    let mut bottom = rect.bottom() - MARGIN;
    if view.picture.as_ref().is_some_and(|showing| !showing.exact) {
        let place = tag(
            ui,
            view,
            "nearest picture, the exact one is coming",
            pos2(rect.right() - MARGIN, bottom),
            Align2::RIGHT_BOTTOM,
        );
        bottom = place.top() - 4.0;
    }
    if let Some([start, end]) = view.state.editing.looping {
        let words = format!("loop {} to {}", clock_text(start), clock_text(end));
        tag(ui, view, &words, pos2(rect.right() - MARGIN, bottom), Align2::RIGHT_BOTTOM);
    }
}

fn lines(stats: &ScreenStats) -> [String; 4] {
    let share = 100.0 * stats.dropped as f64 / (stats.shown + stats.dropped).max(1) as f64;
    [
        format!("dropped {} of {} frames ({share:.1} %)", stats.dropped, stats.shown + stats.dropped),
        format!("{:.0} ms late, {} ahead", stats.late * 1000.0, stats.ahead),
        format!("{} frames kept, {} MB", stats.kept, stats.kept_bytes >> 20),
        format!("sound {}", stats.sound),
    ]
}

/// Small text on a dark ground, at a corner, in lines where there is little room; returns where it stands.
fn tag(ui: &mut Ui, view: &View<'_>, text: &str, at: egui::Pos2, anchor: Align2) -> Rect {
    let font: FontId = view.theme.small_font();
    let room = (ui.max_rect().width() - 4.0 * MARGIN).max(40.0);
    let galley = ui.painter().layout(text.to_owned(), font, Color32::WHITE, room);
    let place = anchor.anchor_size(at, galley.size() + 2.0 * Vec2::new(6.0, 3.0));
    ui.painter().rect_filled(place, CornerRadius::same(3), Color32::from_black_alpha(190));
    ui.painter().galley(place.min + Vec2::new(6.0, 3.0), galley, Color32::WHITE);
    let response = ui.interact(place, ui.scope_id().with(text), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    place
}
