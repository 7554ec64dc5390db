//! What stands in the window before anything is open, and what happens when files are dropped on it.

use egui::accesskit::Role;
use egui::{Align2, Area, Button, CornerRadius, Order, RichText, Sense, Stroke, Ui, WidgetInfo, vec2};

use crate::state::keymap::Keymap;
use crate::state::{Command, State};

use super::icons::{self, Icon};
use super::panels::paint_line;
use super::theme::{Theme, strong_family};
use super::widgets::{caption, primary_button, soft};

const WIDTH: f32 = 480.0;
const ROW: f32 = 44.0;

/// What to teach before anything is open.
fn five_keys(keymap: &Keymap) -> [(String, &'static str); 5] {
    let key = |id: &str| keymap.named(id);
    [
        (key("play"), "plays and pauses; the arrows step a frame"),
        ("1 … 9".to_owned(), "while it plays: tap where an action starts and ends, or hold"),
        (
            ["mark.in", "mark.out", "mark.make"].map(|id| keymap.named(id)).join(" "),
            "mark a start and an end, make the segment",
        ),
        (key("undo"), "takes anything back, also after a restart"),
        (key("keys"), "shows every key, and changes it"),
    ]
}

/// Draws the welcome page.
pub fn show(ui: &mut Ui, theme: &Theme, state: &State, commands: &mut Vec<Command>) {
    let width = WIDTH.min(ui.available_width() - 32.0);
    let recent = &state.settings.recent;
    let height = 320.0 + if recent.is_empty() { 0.0 } else { 30.0 + ROW * recent.len().min(6) as f32 };
    ui.add_space(((ui.available_height() - height) * 0.42).max(12.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(width);
        ui.vertical(|ui| {
            let title = RichText::new("ETAD Workbench").font(egui::FontId::new(theme.size.title, strong_family()));
            ui.label(title);
            soft(ui, theme, "Mark actions in long videos, train a detector on them, see where it is right and wrong.");
            ui.add_space(18.0);
            if state.opening {
                ui.horizontal(|ui| {
                    ui.spinner();
                    soft(ui, theme, "Opening");
                });
            } else {
                ui.horizontal(|ui| {
                    if primary_button(ui, theme, "Open a folder…")
                        .on_hover_text(format!(
                            "A project, or a folder of videos{}",
                            state.settings.keymap.hint("open")
                        ))
                        .clicked()
                    {
                        commands.push(Command::ChooseFolder);
                    }
                    if ui.add(Button::new("Open videos…")).on_hover_text("One or several video files").clicked() {
                        commands.push(Command::ChooseVideos);
                    }
                });
            }
            ui.add_space(6.0);
            caption(
                ui,
                theme,
                "Or drop a folder or videos anywhere in this window. `etad sample DIR` makes a project to try.",
            );
            ui.add_space(10.0);
            caption(ui, theme, "Five keys do most of the work:");
            egui::Grid::new("five keys").num_columns(2).spacing([14.0, 4.0]).show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 16.0;
                for (key, what) in five_keys(&state.settings.keymap) {
                    ui.label(RichText::new(key).font(theme.number_font()).color(theme.accent_text()));
                    caption(ui, theme, what);
                    ui.end_row();
                }
            });
            if !recent.is_empty() {
                ui.add_space(22.0);
                caption(ui, theme, "Recent");
                ui.add_space(2.0);
                ui.spacing_mut().item_spacing.y = 2.0;
                for path in recent.iter().take(6) {
                    recent_row(ui, theme, path, commands);
                }
            }
        });
    });
}

fn recent_row(ui: &mut Ui, theme: &Theme, path: &std::path::Path, commands: &mut Vec<Command>) {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Open recent {name}")));
    let ground = if response.hovered() || response.has_focus() { theme.control_hover() } else { theme.panel() };
    ui.painter().rect_filled(rect, CornerRadius::same(theme.size.radius), ground);
    let icon = egui::Rect::from_center_size(rect.left_center() + vec2(20.0, 0.0), vec2(16.0, 16.0));
    icons::paint(ui.painter(), Icon::Folder, icon, theme.text_soft());
    let width = rect.width() - 52.0;
    let left = rect.left() + 40.0;
    paint_line(ui.painter(), egui::pos2(left, rect.top() + 15.0), width, &name, theme.strong_font(), theme.text());
    let place = path.display().to_string();
    paint_line(ui.painter(), egui::pos2(left, rect.top() + 31.0), width, &place, theme.small_font(), theme.text_soft());
    if response.clicked() {
        commands.push(Command::Open(vec![path.to_owned()]));
    }
    response.context_menu(|ui| {
        if ui.button("Remove from this list").clicked() {
            commands.push(Command::ForgetRecent(path.to_owned()));
        }
    });
}

/// Says that files can be dropped while they are held over the window, and opens what is dropped.
pub fn drop_target(ctx: &egui::Context, theme: &Theme, commands: &mut Vec<Command>) {
    let (held, dropped) = ctx.input(|input| {
        let dropped: Vec<_> = input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect();
        (!input.raw.hovered_files.is_empty(), dropped)
    });
    if !dropped.is_empty() {
        commands.push(Command::Open(dropped));
    }
    if held {
        let area = Area::new(egui::Id::unique("drop target")).order(Order::Foreground).interactable(false);
        area.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(ctx, |ui| {
            let frame = egui::Frame::new()
                .fill(theme.raised())
                .stroke(Stroke::new(2.0, theme.accent()))
                .corner_radius(CornerRadius::same(theme.size.card_radius))
                .inner_margin(egui::Margin::same(24));
            frame.show(ui, |ui| ui.label(RichText::new("Drop to open").font(theme.heading_font())));
        });
    }
}
