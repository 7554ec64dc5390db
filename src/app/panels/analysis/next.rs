//! What to annotate next: videos and moments by how unsure the detector is and by what nobody has annotated. A row leads there.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Rect, Response, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::eval::{Moment, ToAnnotate, VideoToAnnotate};
use crate::state::{Command, Correct, clock_text};

use super::super::super::icons::Icon;
use super::super::super::widgets::{caption, cut, empty_state, row_ground, strong};
use super::super::{View, paint_line};

/// Videos that stand above the moments; the rest is folded away in the order of the moments anyway.
const MOST_VIDEOS: usize = 6;

/// Right edges of the columns of numbers, from the right edge of the list.
const EDGES: [f32; 3] = [140.0, 70.0, 4.0];

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let Some(next) = view.state.inspect.next.clone() else {
        let advice =
            "Detect in videos that nobody has annotated yet: what the detector is unsure of is worth annotating first.";
        return empty_state(ui, theme, Icon::Curve, "Nothing to rank yet", advice);
    };
    if next.videos.is_empty() {
        let advice = "Everything that the detector found has been judged, and every video has annotations.";
        return empty_state(ui, theme, Icon::Check, "Nothing is left", advice);
    }
    let hint = view.state.settings.keymap.hint("annotate.next");
    ui.horizontal(|ui| {
        let button = ui.add_enabled(!next.moments.is_empty(), egui::Button::new("Next moment"));
        if button.on_hover_text(format!("Play the next moment of the list{hint}")).clicked() {
            view.send(Command::Correct(Correct::NextMoment));
        }
        let words = egui::RichText::new("Least sure first");
        cut(ui, words.font(theme.small_font()).color(theme.text_soft()));
    });
    ui.add_space(4.0);
    ui.label(strong(theme, "Videos"));
    head(ui, view, ["annotated", "to judge", "unsure %"]);
    ui.spacing_mut().item_spacing.y = 0.0;
    for video in next.videos.iter().take(MOST_VIDEOS) {
        of_video(ui, view, video);
    }
    ui.spacing_mut().item_spacing.y = 6.0;
    if next.videos.len() > MOST_VIDEOS {
        caption(ui, theme, format!("and {} more videos", next.videos.len() - MOST_VIDEOS));
    }
    moments(ui, view, &next);
}

fn head(ui: &mut Ui, view: &View<'_>, names: [&str; 3]) {
    let theme = view.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    for (name, edge) in names.into_iter().zip(EDGES) {
        let at = pos2(rect.right() - edge, rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, name, theme.small_font(), theme.text_soft());
    }
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme.line()));
}

fn numbers(ui: &Ui, view: &View<'_>, rect: Rect, cells: [String; 3]) {
    for (cell, edge) in cells.into_iter().zip(EDGES) {
        let at = pos2(rect.right() - edge, rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, cell, view.theme.number_font(), view.theme.text());
    }
}

fn row(ui: &mut Ui, view: &View<'_>, selected: bool, name: String) -> Response {
    let (_, response) = ui.allocate_exact_size(vec2(ui.available_width(), view.theme.size.row), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, selected, &name));
    row_ground(ui.painter(), view.theme, &response, selected);
    response
}

fn of_video(ui: &mut Ui, view: &mut View<'_>, video: &VideoToAnnotate) {
    let theme = view.theme;
    let open = view.state.selected().is_some_and(|entry| entry.id == video.video);
    let VideoToAnnotate { annotated, moments, .. } = video;
    let unsure = if *annotated == 0 { video.worth - 1.0 } else { video.worth };
    let name = format!("Video to annotate {}: {annotated} annotated, {moments} to judge", video.video);
    let response = row(ui, view, open, name);
    let rect = response.rect;
    let body = egui::FontId::proportional(theme.size.body);
    let at = pos2(rect.left() + 6.0, rect.center().y);
    paint_line(ui.painter(), at, rect.width() - 216.0, &video.video, body, theme.text());
    let unsure = if *moments == 0 { "-".to_owned() } else { format!("{:.0}", 100.0 * unsure) };
    let annotated = if *annotated == 0 { "none".to_owned() } else { annotated.to_string() };
    numbers(ui, view, rect, [annotated, moments.to_string(), unsure]);
    if response.on_hover_text(format!("{}: opens it at its least sure moment", video.video)).clicked() {
        match video.first {
            Some(first) => view.send(Command::Correct(Correct::ShowMoment(first))),
            // It was not searched: there is no moment, only the video.
            None => view.commands.extend(view.state.library.index(&video.video).map(Command::Select)),
        }
    }
}

fn moments(ui: &mut Ui, view: &mut View<'_>, next: &ToAnnotate) {
    let theme = view.theme;
    let count = next.moments.len();
    ui.add_space(10.0);
    ui.label(strong(theme, &format!("Moments ({count})")));
    head(ui, view, ["time", "score", "unsure %"]);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("moments").auto_shrink(false).show_rows(ui, theme.size.row, count, |ui, range| {
        for index in range {
            if let Some(moment) = next.moments.get(index) {
                of_moment(ui, view, index, moment);
            }
        }
    });
}

fn of_moment(ui: &mut Ui, view: &mut View<'_>, index: usize, moment: &Moment) {
    let theme = view.theme;
    let selected = view.state.inspect.moment.as_ref().is_some_and(|shown| {
        (&shown.video, &shown.label, shown.segment) == (&moment.video, &moment.label, moment.segment)
    });
    let [start, end] = moment.segment;
    let name = format!("Moment {} {start:.2} to {end:.2} s in {}", moment.label, moment.video);
    let response = row(ui, view, selected, name);
    let rect = response.rect;
    let dot = Rect::from_center_size(pos2(rect.left() + 9.0, rect.center().y), vec2(8.0, 8.0));
    ui.painter().rect_filled(dot, CornerRadius::same(2), theme.class(view.state.colour(&moment.label)));
    let body = egui::FontId::proportional(theme.size.body);
    let room = (rect.width() - 222.0).max(40.0);
    let at = pos2(rect.left() + 18.0, rect.center().y);
    paint_line(ui.painter(), at, 0.5 * room - 4.0, &moment.label, body.clone(), theme.text());
    let at = pos2(at.x + 0.5 * room, at.y);
    paint_line(ui.painter(), at, 0.5 * room, &moment.video, body, theme.text_soft());
    let cells = [clock_text(start), format!("{:.2}", moment.score), format!("{:.0}", 100.0 * moment.unsure())];
    numbers(ui, view, rect, cells);
    let tip = format!("{} in {}, {} to {}: plays it", moment.label, moment.video, clock_text(start), clock_text(end));
    if response.on_hover_text(tip).clicked() {
        view.send(Command::Correct(Correct::ShowMoment(index)));
    }
}
