//! Magnifying the picture: wheel and pinch at the pointer, dragging moves it, a menu names sizes.

use egui::accesskit::Role;
use egui::{ComboBox, PointerButton, Pos2, Rect, Sense, Ui, WidgetInfo, vec2};

use crate::state::{Command, PictureView};
use crate::video::Picture;

use super::View;

/// Where the picture stands and which part of it is seen.
pub(super) struct Seen {
    /// On the screen, in points.
    pub(super) place: Rect,
    /// Left, top, width and height of the part, 0..1 of the upright picture.
    pub(super) part: [f64; 4],
    /// Pixels of the screen for one row of the picture.
    scale: f64,
    panel: Rect,
}

/// What a picture is measured by: its upright rows, and how many times wider it is shown than high.
fn shape(picture: &Picture) -> (f64, f64) {
    (picture.upright_size().1 as f64, picture.display_aspect())
}

impl Seen {
    pub(super) fn new(ui: &Ui, view: &View<'_>, panel: Rect, picture: &Picture) -> Self {
        let (rows, aspect) = shape(picture);
        let dense = f64::from(ui.ctx().pixels_per_point());
        let room = [f64::from(panel.width()) * dense, f64::from(panel.height()) * dense];
        let shown = view.state.playback.view;
        let (part, filled) = shown.part(room, rows, aspect);
        let size = vec2(panel.width() * filled[0] as f32, panel.height() * filled[1] as f32);
        let place = Rect::from_center_size(panel.center(), size);
        Self { place, part, scale: shown.scale_in(room, rows, aspect), panel }
    }

    /// The place of the picture, 0..1, at a point of the screen.
    pub(super) fn picture_at(&self, point: Pos2) -> [f64; 2] {
        let share = (point - self.place.min) / self.place.size();
        [self.part[0] + f64::from(share.x) * self.part[2], self.part[1] + f64::from(share.y) * self.part[3]]
    }

    /// Where a place of the picture, 0..1, is on the screen.
    pub(super) fn point_at(&self, [x, y]: [f64; 2]) -> Pos2 {
        let share = vec2(((x - self.part[0]) / self.part[2]) as f32, ((y - self.part[1]) / self.part[3]) as f32);
        self.place.min + share * self.place.size()
    }

    fn centre(&self) -> [f64; 2] {
        [self.part[0] + self.part[2] / 2.0, self.part[1] + self.part[3] / 2.0]
    }

    /// Takes wheel, pinch and drag.
    pub(super) fn hands(&self, ui: &Ui, view: &mut View<'_>) {
        let hovered =
            ui.ctx().pointer_hover_pos().filter(|at| self.panel.contains(*at) && ui.rect_contains_pointer(self.panel));
        let shown = view.state.playback.view;
        if let Some(at) = hovered {
            let (pinch, wheel) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta().y));
            let factor = f64::from(pinch) * f64::from(wheel / 240.0).exp2();
            if (factor - 1.0).abs() > 1e-4 {
                // What is under the pointer stays there.
                let (under, centre) = (self.picture_at(at), self.centre());
                let moved = [0, 1].map(|axis| under[axis] + (centre[axis] - under[axis]) / factor);
                view.send(Command::ViewPicture(shown.at_scale(self.scale * factor, moved)));
            }
        }
        let drag = ui.interact(self.panel, ui.scope_id().with("move picture"), Sense::drag());
        let whole = self.part[2] >= 1.0 && self.part[3] >= 1.0;
        if (drag.dragged_by(PointerButton::Primary) || drag.dragged_by(PointerButton::Middle)) && !whole {
            let by = drag.drag_delta() / self.place.size();
            let centre = self.centre();
            let moved = [centre[0] - f64::from(by.x) * self.part[2], centre[1] - f64::from(by.y) * self.part[3]];
            view.send(Command::ViewPicture(shown.at_scale(self.scale, moved)));
        }
    }
}

/// The menu of sizes.
pub(super) fn menu(ui: &mut Ui, view: &mut View<'_>, picture: &Picture) {
    let shown = view.state.playback.view;
    let percent = |scale: f64| format!("{:.0} %", scale * 100.0);
    let text = shown.scale.map_or("fit".to_owned(), percent);
    let combo = ComboBox::from_id_salt("picture size").selected_text(text).width(64.0).show_ui(ui, |ui| {
        let mut chosen = None;
        if ui.selectable_label(shown.scale.is_none(), "fit").clicked() {
            chosen = Some(PictureView::default());
        }
        for scale in [0.5, 1.0, 2.0, 4.0, 8.0] {
            if ui.selectable_label(shown.scale == Some(scale), percent(scale)).clicked() {
                chosen = Some(shown.at_scale(scale, shown.centre));
            }
        }
        chosen
    });
    let (width, height) = picture.upright_size();
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Size of the picture"));
    let keymap = &view.state.settings.keymap;
    let (whole, one) = (keymap.hint("picture.whole"), keymap.hint("picture.true"));
    combo
        .response
        .on_hover_text(format!("{width} x {height} pixels; wheel over the picture; fit{whole}, pixel by pixel{one}"));
    if let Some(view_of) = combo.inner.flatten() {
        view.send(Command::ViewPicture(view_of));
    }
}
