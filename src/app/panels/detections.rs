//! Detection on videos, and the table of what was found.

use egui::accesskit::Role;
use egui::{
    Align, Button, CornerRadius, Layout, Rect, RichText, ScrollArea, Sense, Slider, Ui, WidgetInfo, pos2, vec2,
};

use crate::state::{Command, Export, Row, clock_text};

use super::super::icons::Icon;
use super::super::widgets::{caption, choice, cut, empty_state, field, progress, row_ground};
use super::{View, paint_line};

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    weights(ui, view);
    actions(ui, view);
    ui.add_space(4.0);
    ui.separator();
    filters(ui, view);
    let footer = 34.0;
    let height = (ui.available_height() - footer).max(0.0);
    ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
        ui.set_min_height(height);
        table(ui, view);
    });
    saves(ui, view);
}

fn weights(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    field(ui, theme, "Weights", |ui, label| {
        let checkpoint = view.state.checkpoint();
        let name = |path: &std::path::Path| {
            let part = |path: &std::path::Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
            let run = path.parent().and_then(|folder| folder.parent()).and_then(part);
            match (run, part(path)) {
                (Some(run), Some(file)) => format!("{run} / {file}"),
                (None, Some(file)) => file,
                _ => path.display().to_string(),
            }
        };
        let text = checkpoint.as_deref().map_or("None yet: train, or choose a file".to_owned(), name);
        let combo = choice(ui, theme, "weights", &text).show_ui(ui, |ui| {
            for path in view.state.runs.iter().filter_map(|run| run.checkpoint.as_ref()) {
                if ui.selectable_label(checkpoint.as_ref() == Some(path), name(path)).clicked() {
                    view.commands.push(Command::ChooseCheckpoint(Some(path.clone())));
                }
            }
            if ui.button("Choose a file…").clicked() {
                view.commands.push(Command::BrowseCheckpoint);
            }
        });
        combo.response.labelled_by(label).on_hover_text("The trained detector to use");
    });
}

fn actions(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    if let Some(job) = &view.state.detecting.job {
        progress(ui, theme, job.done as f32 / job.total.max(1) as f32, "Progress of the detection");
        ui.horizontal(|ui| {
            let cancel = ui.add_enabled(!job.cancelled, Button::new("Cancel detection"));
            if cancel.on_hover_text("What was found so far is kept").clicked() {
                view.send(Command::CancelDetect);
            }
            let words = if job.cancelled {
                "ending".to_owned()
            } else {
                format!("{} of {}  {}", job.done + 1, job.total, job.current)
            };
            cut(ui, RichText::new(words).color(theme.text_soft()));
        });
        return;
    }
    let ready = view.state.checkpoint().is_some();
    let why = "Train first, or choose a weights file";
    ui.horizontal(|ui| {
        let open = ready && view.state.selected().is_some_and(|entry| entry.problem.is_none());
        let button = ui.add_enabled(open, Button::new("Detect in this video"));
        let tip = "Find actions in the open video";
        if button.on_hover_text(tip).on_disabled_hover_text(why).clicked() {
            view.send(Command::DetectOpen);
        }
        let any = ready && view.state.library.entries.iter().any(|entry| entry.problem.is_none());
        let button = ui.add_enabled(any, Button::new("Detect in all"));
        if button.on_hover_text("Find actions in every video of the library").on_disabled_hover_text(why).clicked() {
            view.send(Command::DetectAll);
        }
    });
}

fn filters(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    ui.horizontal(|ui| {
        let label = caption(ui, theme, "Score from");
        let mut least = view.state.detecting.min_score;
        ui.spacing_mut().slider_width = 80.0;
        let slider = Slider::new(&mut least, 0.0..=1.0).show_value(false);
        let response = ui.add(slider).labelled_by(label.id);
        ui.label(RichText::new(format!("{least:.2}")).font(theme.number_font()));
        if response.on_hover_text("Hides weaker detections here and on the timeline").changed() {
            view.send(Command::SetMinScore(least));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let mut all = view.state.detecting.all_videos;
            if ui.checkbox(&mut all, "All videos").on_hover_text("Or only those of the open video").changed() {
                view.send(Command::TableOfAll(all));
            }
        });
    });
}

fn table(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let rows = view.state.detecting.listed();
    if rows.is_empty() {
        let (title, advice) = if view.state.predictions.current().is_none() {
            ("No detections yet", "Train and let an epoch be evaluated, or detect with weights that you have.")
        } else if view.state.is_without_predictions() && !view.state.detecting.all_videos {
            ("Nothing for this video", "It was not evaluated: detect in it, or list all videos.")
        } else {
            ("Nothing to list", "Lower the score, or list all videos.")
        };
        empty_state(ui, theme, Icon::Lanes, title, advice);
        return;
    }
    let all = view.state.detecting.all_videos;
    let count = rows.len();
    header(ui, view, all);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, theme.size.row, count, |ui, range| {
        for index in range {
            if let Some(row) = view.state.detecting.listed().get(index) {
                line(ui, view, index, row, all);
            }
        }
    });
}

/// Left edges and widths of the columns: score, class, time, video.
fn columns(rect: Rect, all: bool) -> [(f32, f32); 4] {
    let (score, time) = (52.0, 128.0);
    let rest = (rect.width() - score - time - 12.0).max(40.0);
    let class = if all { rest * 0.5 } else { rest };
    let left = rect.left() + 6.0;
    [
        (left, score - 6.0),
        (left + score, class - 8.0),
        (left + score + class, time - 8.0),
        (left + score + class + time, rest - class - 4.0),
    ]
}

fn header(ui: &mut Ui, view: &View<'_>, all: bool) {
    let theme = view.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let names = ["Score", "Class", "Time", if all { "Video" } else { "" }];
    for ((left, width), name) in columns(rect, all).into_iter().zip(names) {
        paint_line(ui.painter(), pos2(left, rect.center().y), width, name, theme.small_font(), theme.text_soft());
    }
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], egui::Stroke::new(1.0, theme.line()));
}

fn line(ui: &mut Ui, view: &mut View<'_>, index: usize, row: &Row, all: bool) {
    let theme = view.theme;
    let selected = view.state.detecting.selected == Some(index);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme.size.row), Sense::click());
    response.widget_info(|| {
        let name = format!(
            "Detection {} {:.2} to {:.2} s, score {:.2}, in {}",
            row.label, row.start, row.end, row.score, row.video
        );
        WidgetInfo::selected(Role::ListItem, true, selected, name)
    });
    let painter = ui.painter_at(rect);
    row_ground(&painter, theme, &response, selected);
    let middle = rect.center().y;
    let [score, class, time, video] = columns(rect, all);
    paint_line(
        &painter,
        pos2(score.0, middle),
        score.1,
        &format!("{:.2}", row.score),
        theme.number_font(),
        theme.text(),
    );
    let dot = Rect::from_center_size(pos2(class.0 + 4.0, middle), vec2(8.0, 8.0));
    painter.rect_filled(dot, CornerRadius::same(2), theme.class(row.colour));
    let body = egui::FontId::proportional(theme.size.body);
    paint_line(&painter, pos2(class.0 + 14.0, middle), class.1 - 14.0, &row.label, body.clone(), theme.text());
    let times = format!("{}-{}", clock_text(row.start), clock_text(row.end));
    paint_line(&painter, pos2(time.0, middle), time.1, &times, theme.number_font(), theme.text_soft());
    if all {
        paint_line(&painter, pos2(video.0, middle), video.1, &row.video, body, theme.text_soft());
    }
    if response.clicked() {
        view.send(Command::SelectRow(index));
    }
}

fn saves(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let any = view.state.predictions.current().is_some_and(|set| set.detections.count() > 0);
        for (name, form, tip) in [
            ("Save JSON…", Export::Json, "All detections of these predictions, weak ones too, as ActivityNet results"),
            ("Save CSV…", Export::Csv, "All detections of these predictions, weak ones too, as a table"),
        ] {
            let button = ui.add_enabled(any, Button::new(name)).on_hover_text(tip);
            if button.on_disabled_hover_text("There are no detections to save").clicked() {
                view.send(Command::ExportDetections(form));
            }
        }
        let count = view.state.detecting.listed().len();
        let noun = if count == 1 { "detection" } else { "detections" };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| caption(ui, theme, format!("{count} {noun}")));
    });
}
