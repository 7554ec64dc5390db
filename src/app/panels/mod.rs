//! The panels. Each draws the state and sends commands; none owns a thread or changes what it shows.

mod analysis;
mod classes;
mod crop;
mod curves;
mod detections;
mod error_filters;
mod errors;
mod evidence;
mod library;
mod magnifier;
mod marks;
mod overlay;
mod player;
mod recipe_form;
mod runs;
mod segments;
mod sources;
mod streams;
mod strip;
mod timeline;
mod train_form;
mod training;

use std::collections::BTreeMap;

use egui::{Color32, FontId, Painter, Pos2, Rect, TextureHandle, Ui};

use crate::jobs::screen::{ScreenStats, Showing};
use crate::state::{Command, State};

use super::layout::Panel;
use super::strip::Strip;
use super::theme::Theme;

/// What the panels are drawn from, and where their commands go.
pub struct View<'a> {
    /// What the window knows.
    pub state: &'a State,
    /// The look.
    pub theme: &'a Theme,
    /// Small pictures by index in the library.
    pub thumbnails: &'a BTreeMap<usize, TextureHandle>,
    /// The picture to show.
    pub picture: Option<Showing>,
    /// Small pictures and loudness of the open video, as far as they are there.
    pub strip: Option<&'a Strip>,
    /// How playing goes, when that is asked for.
    pub stats: Option<ScreenStats>,
    /// Format of the surface, where there is a GPU.
    pub surface: Option<wgpu::TextureFormat>,
    /// What the person did.
    pub commands: &'a mut Vec<Command>,
}

impl View<'_> {
    /// Sends a command.
    pub fn send(&mut self, command: Command) {
        self.commands.push(command);
    }
}

/// Draws a panel.
pub fn show(ui: &mut Ui, panel: Panel, view: &mut View<'_>) {
    match panel {
        Panel::Library => library::show(ui, view),
        Panel::Player => player::show(ui, view),
        Panel::Timeline => timeline::show(ui, view),
        Panel::Training => training::show(ui, view),
        Panel::Detections => detections::show(ui, view),
        Panel::Errors => errors::show(ui, view),
        Panel::Analysis => analysis::show(ui, view),
        Panel::Evidence => evidence::show(ui, view),
        Panel::Segments => segments::show(ui, view),
        Panel::Classes => classes::show(ui, view),
    }
}

/// Whether a person asked for a field since it was drawn last.
fn is_asked(ui: &Ui, field: egui::Id, asked: u64) -> bool {
    let id = field.with("asked");
    let before = ui.data(|data| data.get_temp::<u64>(id)).unwrap_or(0);
    ui.data_mut(|data| data.insert_temp(id, asked));
    asked > before
}

/// Rows of which only those in sight are drawn. When another one is `chosen` than before, by a key for instance, the list goes to
/// the `place` of it.
fn following(
    ui: &mut Ui,
    (name, height, count): (&str, f32, usize),
    chosen: Option<(u64, u64)>,
    place: impl FnOnce() -> Option<usize>,
    rows: impl FnMut(&mut Ui, std::ops::Range<usize>),
) {
    let id = ui.scope_id().with(("followed row", name));
    let (before, offset) = ui.data(|data| data.get_temp::<(Option<(u64, u64)>, f32)>(id)).unwrap_or_default();
    let mut area = egui::ScrollArea::vertical().id_salt(name).auto_shrink(false);
    let place = if chosen.is_some() && chosen != before { place() } else { None };
    if let Some(place) = place {
        let (top, room) = (place as f32 * (height + ui.spacing().item_spacing.y), ui.available_height());
        area = area.vertical_scroll_offset(if top < offset { top } else { offset.max(top + height - room) });
    }
    let output = area.show_rows(ui, height, count, rows);
    ui.data_mut(|data| data.insert_temp(id, (chosen, output.state.clamped_offset().y)));
}

/// Paints one line of text from `at` (left, vertically centred), cut with an ellipsis at `width`. Returns where it stands.
pub(super) fn paint_line(painter: &Painter, at: Pos2, width: f32, text: &str, font: FontId, colour: Color32) -> Rect {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(0.0));
    let galley = painter.layout_job(job);
    let rect = Rect::from_min_size(at - egui::vec2(0.0, galley.size().y * 0.5), galley.size());
    painter.galley(rect.min, galley, colour);
    rect
}
