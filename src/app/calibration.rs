//! The exercise that measures how long a person takes to press a key after something happens: 20 seconds, about ten signs.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Key, Sense, WidgetInfo, Window, vec2};

use crate::domain::{Draw, Purpose};
use crate::state::{Annotate, Command, State};

use super::theme::Theme;
use super::widgets::{caption, progress, strong};

/// How long it takes.
const SECONDS: f64 = 20.0;
/// How long a sign shows.
const SIGN: f64 = 0.35;

/// Where the exercise is.
#[derive(Debug, Default)]
pub struct Exercise {
    /// Seconds of the window's clock when it began.
    began: Option<f64>,
    /// When signs show, in seconds from the beginning.
    signs: Vec<f64>,
    /// How many signs were answered.
    answered: usize,
}

impl Exercise {
    /// Draws it and sends what the person did.
    pub fn show(&mut self, ctx: &egui::Context, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
        let time = ctx.input(|input| input.time);
        let began = *self.began.get_or_insert(time);
        if self.signs.is_empty() {
            let mut draw = Draw::new(0, Purpose::Sample, &[20]);
            let mut at = 1.5;
            while at < SECONDS - 1.0 {
                self.signs.push(at);
                at += draw.uniform(1.2, 2.6);
            }
        }
        let now = time - began;
        let pressed = ctx.input(|input| input.key_pressed(Key::Space) || input.key_pressed(Key::Enter));
        let last = self.signs.iter().rposition(|sign| *sign <= now);
        if let Some(last) = last.filter(|last| pressed && *last >= self.answered) {
            commands.push(Annotate::CalibrationHit(now - self.signs[last]).into());
            self.answered = last + 1;
        }
        let lit = last.is_some_and(|last| now - self.signs[last] < SIGN);
        let mut over = now >= SECONDS || ctx.input(|input| input.key_pressed(Key::Escape));
        let window = Window::new(strong(theme, "Your reaction time")).collapsible(false).resizable(false);
        window.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(ctx, |ui| {
            ui.set_width(320.0);
            ui.label("Press Space each time the field lights up. It takes 20 seconds.");
            let (rect, field) = ui.allocate_exact_size(vec2(320.0, 90.0), Sense::hover());
            field.widget_info(|| WidgetInfo::labeled(Role::Label, true, if lit { "Press now" } else { "Wait" }));
            let colour = if lit { theme.accent() } else { theme.well() };
            ui.painter().rect_filled(rect, CornerRadius::same(theme.size.card_radius), colour);
            progress(ui, theme, (now / SECONDS) as f32, "Progress of the exercise");
            let calibration = state.editing.calibration.clone().unwrap_or_default();
            let words = match calibration.reaction() {
                Some(seconds) => format!("{} answered, {:.0} ms so far", calibration.hits.len(), seconds * 1000.0),
                None => format!("{} answered", calibration.hits.len()),
            };
            caption(ui, theme, words);
            if ui.button("End").on_hover_text("What was measured so far counts (Escape)").clicked() {
                over = true;
            }
        });
        if over {
            *self = Self::default();
            commands.push(Annotate::Calibrate(false).into());
        }
        ctx.request_repaint();
    }
}
