//! Small pieces that several panels share. Each control has a name for screen readers and tests, and a tooltip with its keys.

use egui::accesskit::Role;
use egui::{Align, Button, Color32, CornerRadius, Layout, Response, RichText, Sense, Ui, WidgetInfo, vec2};

use super::icons::{self, Icon};
use super::theme::{self, Theme};

/// A square button with an icon.
pub fn icon_button(ui: &mut Ui, theme: &Theme, icon: Icon, name: &str, tip: &str) -> Response {
    let enabled = ui.is_enabled();
    let (rect, response) = ui.allocate_exact_size(vec2(theme.size.control + 2.0, theme.size.control), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    let visuals = *ui.style().interact(&response);
    if response.hovered() || response.has_focus() {
        ui.painter().rect(rect, visuals.corner_radius, visuals.bg_fill, visuals.bg_stroke, egui::StrokeKind::Inside);
    }
    let colour = if enabled { visuals.fg_stroke.color } else { theme.text_soft() };
    icons::paint(ui.painter(), icon, rect.shrink(5.0), colour);
    if tip.is_empty() { response } else { response.on_hover_text(tip) }
}

/// The one button of a panel that leads on.
pub fn primary_button(ui: &mut Ui, theme: &Theme, text: &str) -> Response {
    let label = RichText::new(text).font(theme.strong_font()).color(theme.on_accent());
    ui.scope(|ui| {
        let widgets = &mut ui.style_mut().visuals.widgets;
        for (visuals, fill) in [
            (&mut widgets.inactive, theme.accent()),
            (&mut widgets.hovered, theme.accent_hover()),
            (&mut widgets.active, theme.accent_hover()),
        ] {
            (visuals.weak_bg_fill, visuals.bg_stroke) = (fill, egui::Stroke::NONE);
        }
        ui.add(Button::new(label).min_size(vec2(72.0, theme.size.control)))
    })
    .inner
}

/// The ground of a row that can be chosen: chosen, or under the pointer or the keyboard.
pub fn row_ground(painter: &egui::Painter, theme: &Theme, response: &Response, selected: bool) {
    let radius = CornerRadius::same(theme.size.radius);
    if selected {
        painter.rect_filled(response.rect, radius, theme.accent_soft());
    } else if response.hovered() || response.has_focus() {
        painter.rect_filled(response.rect, radius, theme.control());
    }
}

/// A heading within a panel.
pub fn heading(ui: &mut Ui, theme: &Theme, text: &str) -> Response {
    ui.label(RichText::new(text).font(theme.heading_font()))
}

/// Second-rank text.
pub fn soft(ui: &mut Ui, theme: &Theme, text: impl Into<String>) -> Response {
    ui.label(RichText::new(text).color(theme.text_soft()))
}

/// A caption.
pub fn caption(ui: &mut Ui, theme: &Theme, text: impl Into<String>) -> Response {
    ui.label(RichText::new(text).font(theme.small_font()).color(theme.text_soft()))
}

/// A short word in a coloured outline.
pub fn chip(ui: &mut Ui, theme: &Theme, text: &str, colour: Color32) -> Response {
    let frame = egui::Frame::new()
        .fill(colour.gamma_multiply(0.14))
        .corner_radius(CornerRadius::same(theme.size.radius))
        .inner_margin(egui::Margin::symmetric(6, 1));
    frame.show(ui, |ui| ui.label(RichText::new(text).font(theme.small_font()).color(colour))).response
}

/// What stands in a panel that has nothing to show: an icon, what is missing, and what to do.
pub fn empty_state(ui: &mut Ui, theme: &Theme, icon: Icon, title: &str, advice: &str) {
    let space = ui.available_size();
    ui.add_space((space.y * 0.5 - 46.0).max(6.0));
    ui.vertical_centered(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(30.0, 30.0), Sense::hover());
        icons::paint(ui.painter(), icon, rect, theme.text_soft().gamma_multiply(0.7));
        ui.add_space(2.0);
        ui.label(RichText::new(title).font(theme.strong_font()));
        ui.scope(|ui| {
            ui.set_max_width(space.x.min(340.0));
            soft(ui, theme, advice);
        });
    });
}

/// A bar of what is done, with words in it.
pub fn progress(ui: &mut Ui, theme: &Theme, share: f32, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, name);
        info.value = Some(f64::from(share));
        info
    });
    let radius = CornerRadius::same(3);
    ui.painter().rect_filled(rect, radius, theme.well());
    let mut done = rect;
    done.set_width(rect.width() * share.clamp(0.0, 1.0));
    ui.painter().rect_filled(done, radius, theme.accent());
    response
}

/// A labelled row: the name on the left, the control on the right, so that rows line up.
pub fn field<R>(ui: &mut Ui, theme: &Theme, name: &str, contents: impl FnOnce(&mut Ui, egui::Id) -> R) -> R {
    const NAMES: f32 = 96.0;
    ui.horizontal(|ui| {
        let size = vec2(NAMES, theme.size.control);
        let label = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(size);
            soft(ui, theme, name)
        });
        contents(ui, label.inner.id)
    })
    .inner
}

/// A list to choose from, as wide as there is room; a long choice is cut with an ellipsis.
pub fn choice(ui: &Ui, theme: &Theme, id: &'static str, text: &str) -> egui::ComboBox<'static> {
    let width = ui.available_width();
    let spacing = ui.spacing();
    let room = width - 2.0 * spacing.button_padding.x - spacing.icon_width - spacing.icon_spacing - 4.0;
    let font = egui::FontId::proportional(theme.size.body);
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, theme.text());
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(0.0));
    egui::ComboBox::from_id_salt(id).selected_text(egui::WidgetText::from(job)).width(width)
}

/// Text cut with an ellipsis where it does not fit, whole in a tooltip.
pub fn cut(ui: &mut Ui, text: impl Into<egui::WidgetText>) -> Response {
    ui.add(egui::Label::new(text).truncate())
}

/// Strong text.
#[must_use]
pub fn strong(theme: &Theme, text: &str) -> RichText {
    RichText::new(text).font(egui::FontId::new(theme.size.body, theme::strong_family()))
}

/// Gives a control the keyboard when it was not there in the frame before.
pub fn focus_when_new(ui: &Ui, response: &Response) {
    let (id, frame) = (response.id.with("last drawn"), ui.ctx().cumulative_frame_nr());
    let before: Option<u64> = ui.data(|data| data.get_temp(id));
    if before.is_none_or(|before| before + 1 < frame) {
        response.request_focus();
    }
    ui.data_mut(|data| data.insert_temp(id, frame));
}

fn wanted_id() -> egui::Id {
    egui::Id::unique("control that a key asked for")
}

/// A key asks for a control by the name that its code gives it.
pub fn want(ctx: &egui::Context, name: &'static str) {
    ctx.data_mut(|data| data.insert_temp(wanted_id(), name));
}

/// Gives a control the keyboard if a key asked for it by this name; whether it did.
pub fn is_wanted(response: &Response, name: &'static str) -> bool {
    let wanted = response.ctx.data(|data| data.get_temp::<&'static str>(wanted_id())) == Some(name);
    if wanted {
        response.ctx.data_mut(|data| data.remove::<&'static str>(wanted_id()));
        response.request_focus();
    }
    wanted
}
