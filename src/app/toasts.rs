//! Notices in the lower right corner.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use egui::{Align2, Area, CornerRadius, Frame, Margin, Order, Stroke, vec2};

use crate::state::{Command, Notice, Notices, Tone};

use super::icons::{self, Icon};
use super::theme::Theme;
use super::widgets::{caption, icon_button};

/// How long a good message stays.
const STAYS: Duration = Duration::from_secs(6);

/// When each notice was first seen.
#[derive(Debug, Default)]
pub struct Toasts {
    seen: BTreeMap<u64, Instant>,
}

impl Toasts {
    /// Draws the notices; good ones are dismissed when their time is over.
    pub fn show(&mut self, ctx: &egui::Context, theme: &Theme, notices: &Notices, commands: &mut Vec<Command>) {
        self.seen.retain(|id, _| notices.shown.iter().any(|notice| notice.id == *id));
        if notices.shown.is_empty() {
            return;
        }
        let now = Instant::now();
        let area = Area::new(egui::Id::unique("notices")).order(Order::Foreground);
        area.anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -16.0)).show(ctx, |ui| {
            for notice in &notices.shown {
                let since = *self.seen.entry(notice.id).or_insert(now);
                let left = STAYS.saturating_sub(now.duration_since(since));
                if notice.tone == Tone::Done {
                    if left.is_zero() {
                        commands.push(Command::Dismiss(notice.id));
                    }
                    ctx.request_repaint_after(left);
                }
                toast(ui, theme, notice, commands);
            }
        });
    }
}

fn toast(ui: &mut egui::Ui, theme: &Theme, notice: &Notice, commands: &mut Vec<Command>) {
    let (icon, colour, dismiss) = match notice.tone {
        Tone::Done => (Icon::Check, theme.good(), "Dismiss message"),
        Tone::Told => (Icon::Check, theme.accent_text(), "Dismiss message"),
        Tone::Wrong => (Icon::Warning, theme.bad(), "Dismiss problem"),
    };
    let frame = Frame::new()
        .fill(theme.raised())
        .stroke(Stroke::new(1.0, theme.line()))
        .corner_radius(CornerRadius::same(theme.size.card_radius))
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(Margin { left: 12, right: 6, top: 8, bottom: 8 });
    frame.show(ui, |ui| {
        ui.horizontal_top(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(18.0, 18.0), egui::Sense::hover());
            icons::paint(ui.painter(), icon, rect, colour);
            ui.vertical(|ui| {
                ui.set_width(340.0);
                ui.add(egui::Label::new(&notice.failure.sentence).wrap().selectable(true));
                if notice.count > 1 {
                    caption(ui, theme, format!("{} times", notice.count));
                }
            });
            if icon_button(ui, theme, Icon::Close, dismiss, "").clicked() {
                commands.push(Command::Dismiss(notice.id));
            }
        });
    });
    ui.add_space(6.0);
}
