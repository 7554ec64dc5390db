//! The videos of the project.

use egui::accesskit::Role;
use egui::{Align2, ComboBox, CornerRadius, Rect, RichText, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};

use crate::state::{Command, Entry, Listed, Sort, length_text};

use super::super::icons::{self, Icon};
use super::super::widgets::{caption, empty_state, row_ground};
use super::{View, following, is_asked, paint_line};

const ROW: f32 = 58.0;
const PICTURE: f32 = 72.0;
const NARROW: f32 = 180.0;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let library = &view.state.library;
    if library.entries.is_empty() {
        empty_state(ui, theme, Icon::Film, "No videos yet", "Open a folder, or drop videos anywhere in the window.");
        return;
    }
    let mut find = library.find.clone();
    let field = TextEdit::singleline(&mut find)
        .id(egui::Id::unique("find videos"))
        .hint_text("Find by name")
        .desired_width(ui.available_width());
    let tip = format!(
        "Show only videos whose name contains this{}; Enter opens the first",
        view.state.settings.keymap.hint("find.video")
    );
    let response = ui.add(field).on_hover_text(tip);
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Find a video by name"));
    if is_asked(ui, response.id, library.asked_to_find) {
        response.request_focus();
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if response.changed() {
        view.send(Command::Find(find));
    }
    let visible = library.visible();
    if let Some(first) = visible.first().filter(|_| entered) {
        view.send(Command::Select(*first));
    }
    ui.horizontal(|ui| {
        let shown = visible.len();
        let all = library.entries.len();
        let noun = if all == 1 { "video" } else { "videos" };
        let count = if shown == all { format!("{all} {noun}") } else { format!("{shown} of {all} {noun}") };
        if ui.available_width() > 190.0 {
            caption(ui, theme, count);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let mut sort = library.sort;
            let name = RichText::new(sort.name()).font(theme.small_font());
            let combo = ComboBox::from_id_salt("library order").selected_text(name).width(116.0).show_ui(ui, |ui| {
                for order in Sort::ALL {
                    ui.selectable_value(&mut sort, order, order.name());
                }
            });
            combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Order of the videos"));
            combo.response.on_hover_text("Order of the videos");
            if sort != library.sort {
                view.send(Command::SortBy(sort));
            }
        });
    });
    filter(ui, view);
    if visible.is_empty() {
        empty_state(ui, theme, Icon::Find, "No such video", "Clear the fields above to see all of them.");
        return;
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    let open = view.state.playback.video;
    let place = || visible.iter().position(|index| Some(*index) == open);
    following(ui, ("videos", ROW, visible.len()), open.map(|open| (open as u64, 0)), place, |ui, rows| {
        for index in visible.get(rows).unwrap_or_default() {
            row(ui, view, *index);
        }
    });
}

/// Which videos are listed by how far they are annotated.
fn filter(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let mut listed = view.state.library.listed;
    let name = RichText::new(listed.name()).font(theme.small_font());
    let combo = ComboBox::from_id_salt("library filter").selected_text(name).width(ui.available_width().min(116.0));
    let combo = combo.show_ui(ui, |ui| {
        for other in Listed::ALL {
            ui.selectable_value(&mut listed, other, other.name());
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Which videos are listed"));
    combo.response.on_hover_text("List videos by how far they are annotated");
    if listed != view.state.library.listed {
        view.send(Command::List(listed));
    }
}

fn row(ui: &mut Ui, view: &mut View<'_>, index: usize) {
    let theme = view.theme;
    let Some(entry) = view.state.library.entries.get(index) else { return };
    let selected = view.state.playback.video == Some(index);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, selected, format!("Video {}", entry.id)));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let painter = ui.painter_at(rect);
    row_ground(&painter, theme, &response, selected);
    // In a narrow library the names need the room.
    let narrow = rect.width() < NARROW;
    let picture_width = if narrow { PICTURE * 0.5 } else { PICTURE };
    let box_rect = Rect::from_min_size(rect.min + vec2(6.0, 6.0), vec2(picture_width, ROW - 12.0));
    picture(ui, view, index, entry, box_rect);
    let left = box_rect.right() + if narrow { 6.0 } else { 10.0 };
    let width = rect.right() - left - 6.0;
    let name_font = theme.strong_font();
    paint_line(&painter, pos2(left, rect.top() + 18.0), width, &entry.id, name_font, theme.text());
    let (details, colour) = details(entry, theme);
    paint_line(&painter, pos2(left, rect.top() + 39.0), width, &details, theme.small_font(), colour);
    if response.clicked() {
        view.send(Command::Select(index));
    }
    response.on_hover_ui(|ui| {
        ui.label(RichText::new(&entry.id).font(theme.strong_font()));
        caption(ui, theme, entry.path.display().to_string());
        match &entry.problem {
            Some(problem) => {
                ui.label(RichText::new(format!("Cannot be used: {problem}")).color(theme.bad()));
            }
            None => {
                caption(ui, theme, details_text(entry));
            }
        }
    });
}

fn picture(ui: &Ui, view: &View<'_>, index: usize, entry: &Entry, rect: Rect) {
    let theme = view.theme;
    let radius = CornerRadius::same(theme.size.radius - 1);
    let painter = &ui.painter_at(rect);
    if let Some(texture) = view.thumbnails.get(&index) {
        // Fills the place; what has another shape loses its edges, not its middle.
        let size = texture.size_vec2();
        let scale = (rect.width() / size.x).max(rect.height() / size.y);
        let seen = rect.size() / (size * scale);
        let uv = Rect::from_center_size(pos2(0.5, 0.5), seen);
        let image = egui::Image::from_texture((texture.id(), size)).uv(uv).corner_radius(radius);
        image.paint_at(ui, rect);
    } else {
        painter.rect_filled(rect, radius, theme.well());
        let (icon, colour) =
            if entry.problem.is_some() { (Icon::Warning, theme.bad()) } else { (Icon::Film, theme.line()) };
        icons::paint(painter, icon, Rect::from_center_size(rect.center(), vec2(18.0, 18.0)), colour);
    }
    if let (Some(duration), None) = (entry.duration, &entry.problem) {
        let galley = painter.layout_no_wrap(length_text(duration), theme.small_font(), egui::Color32::WHITE);
        let ground = Rect::from_min_size(rect.max - galley.size() - vec2(8.0, 4.0), galley.size() + vec2(6.0, 2.0));
        if ground.left() < rect.left() {
            return;
        }
        painter.rect_filled(ground, CornerRadius::same(3), egui::Color32::from_black_alpha(176));
        painter.galley(
            Align2::CENTER_CENTER.align_size_within_rect(galley.size(), ground).min,
            galley,
            egui::Color32::WHITE,
        );
    }
}

fn details(entry: &Entry, theme: &super::Theme) -> (String, egui::Color32) {
    match &entry.problem {
        Some(problem) => (problem.clone(), theme.bad()),
        None => (details_text(entry), theme.text_soft()),
    }
}

fn details_text(entry: &Entry) -> String {
    let actions = match entry.actions {
        0 => "not annotated".to_owned(),
        1 => "1 action".to_owned(),
        count => format!("{count} actions"),
    };
    let actions = if entry.done { format!("{actions}, done") } else { actions };
    if entry.subset.is_empty() { actions } else { format!("{actions}  ·  {}", entry.subset) }
}
