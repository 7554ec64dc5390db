//! The runs of the project in a table, what differs between those that are compared, and the trainings that wait.

use egui::accesskit::Role;
use egui::{Align, Button, Grid, Layout, Response, RichText, Ui, WidgetInfo, vec2};

use crate::run::{Digest, differences};
use crate::state::{Command, RunSummary, Runs, run_word, taken_text};

use super::super::theme::Theme;
use super::super::widgets::{caption, cut};
use super::View;

/// Keys that differ and are shown at most; runs of different recipes differ in all.
const MOST_KEYS: usize = 20;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let runs = &view.state.runs;
    if !runs.is_empty() {
        let title = format!("Runs ({})", runs.len());
        egui::CollapsingHeader::new(title).id_salt("runs").show_unindented(ui, |ui| {
            table(ui, view, runs);
            differing(ui, theme, &beside(view));
        });
    }
    queue(ui, view);
}

/// The followed run and those that are compared with it.
fn beside<'a>(view: &View<'a>) -> Vec<&'a RunSummary> {
    let state = view.state;
    let is_shown = |run: &&RunSummary| {
        state.is_compared(&run.folder) || state.run.as_ref().is_some_and(|followed| followed.folder == run.folder)
    };
    state.runs.iter().filter(is_shown).collect()
}

/// Points of the columns after the name: state, device, mAP, epoch, time.
const WIDTHS: [f32; 5] = [64.0, 52.0, 40.0, 46.0, 46.0];
/// Points of the tick.
const TICK: f32 = 28.0;
const GAP: f32 = 5.0;

/// A cell of the table; the whole of what is cut stands beside the pointer.
fn cell(ui: &mut Ui, width: f32, layout: Layout, text: RichText) -> Response {
    ui.allocate_ui_with_layout(vec2(width, ui.spacing().interact_size.y), layout, |ui| {
        ui.set_min_width(width);
        cut(ui, text)
    })
    .inner
}

fn table(ui: &mut Ui, view: &mut View<'_>, runs: &[RunSummary]) {
    let theme = view.theme;
    let (left, right) = (Layout::left_to_right(Align::Center), Layout::right_to_left(Align::Center));
    let sides = [left, left, right, right, right];
    let taken: f32 = WIDTHS.iter().map(|width| width + GAP).sum();
    let name = (ui.available_width() - taken - TICK - GAP).max(54.0);
    let head = |ui: &mut Ui, width: f32, side: Layout, text: &str| {
        cell(ui, width, side, RichText::new(text).font(theme.small_font()).color(theme.text_soft()));
    };
    Grid::new("runs").num_columns(7).min_col_width(0.0).spacing([GAP, 2.0]).show(ui, |ui| {
        head(ui, TICK, left, "");
        head(ui, name, left, "run");
        for ((text, width), side) in ["state", "device", "mAP %", "epoch", "time"].into_iter().zip(WIDTHS).zip(sides) {
            head(ui, width, side, text);
        }
        ui.end_row();
        for run in runs {
            let followed = view.state.run.as_ref().is_some_and(|other| other.folder == run.folder);
            let mut compared = followed || view.state.is_compared(&run.folder);
            let check = ui.add_enabled(!followed, egui::Checkbox::without_text(&mut compared));
            let label = format!("Compare {}", run.name);
            check.widget_info(|| WidgetInfo::selected(Role::CheckBox, !followed, compared, &label));
            if check.on_hover_text("Draw its curves beside those of the followed run").changed() {
                view.commands.push(Command::Runs(Runs::Compare(run.folder.clone(), compared)));
            }
            let facts = &run.digest;
            let row = vec2(name, ui.spacing().interact_size.y);
            let link = ui.allocate_ui_with_layout(row, left, |ui| {
                ui.set_min_width(name);
                ui.spacing_mut().button_padding.x = 3.0;
                ui.add(Button::selectable(followed, run.name.as_str()).truncate())
            });
            if link.inner.on_hover_text(tip(run)).clicked() && !followed {
                view.commands.push(Command::FollowRun(run.folder.clone()));
            }
            let number = |text: String| RichText::new(text).font(theme.number_font());
            let map = facts.best.map_or("-".to_owned(), |(_, map)| format!("{:.1}", 100.0 * map));
            let at = facts.best.map_or("-".to_owned(), |(epoch, _)| format!("{}/{}", epoch + 1, facts.epochs));
            let time = if facts.seconds > 0.0 { taken_text(facts.seconds) } else { "-".to_owned() };
            let cells = [
                (RichText::new(run_word(run)), run_word(run)),
                (RichText::new(short_device(&facts.device)), facts.device.as_str()),
                (number(map), "Best average mAP"),
                (number(at), "Epoch of the best mAP, of how many"),
                (number(time), "How long it ran"),
            ];
            for (((text, tip), width), side) in cells.into_iter().zip(WIDTHS).zip(sides) {
                cell(ui, width, side, text).on_hover_text(tip);
            }
            ui.end_row();
        }
    });
    caption(ui, theme, "A tick draws a run's curves beside the followed one's.");
}

/// What it computes with comes first in a device's words, how much of it afterwards: "cpu (8 threads)".
fn short_device(words: &str) -> &str {
    words.split(" (").next().filter(|name| !name.is_empty()).unwrap_or("-")
}

fn tip(run: &RunSummary) -> String {
    format!("Follow {}\n{}", run.folder.display(), run.digest.device)
}

fn differing(ui: &mut Ui, theme: &Theme, runs: &[&RunSummary]) {
    if runs.len() < 2 {
        return;
    }
    let digests: Vec<&Digest> = runs.iter().map(|run| &run.digest).collect();
    let keys = differences(&digests);
    if keys.is_empty() {
        caption(ui, theme, "Their configurations are the same.");
        return;
    }
    Grid::new("differences").num_columns(runs.len() + 1).spacing([12.0, 2.0]).show(ui, |ui| {
        ui.label(RichText::new("what differs").font(theme.small_font()).color(theme.text_soft()));
        for run in runs {
            ui.label(RichText::new(&run.name).font(theme.small_font()).color(theme.text_soft()));
        }
        ui.end_row();
        for key in keys.iter().take(MOST_KEYS) {
            ui.label(RichText::new(key).font(theme.small_font()));
            for digest in &digests {
                let value = digest.config.get(key).map_or("-", String::as_str);
                cut(ui, RichText::new(value).font(theme.number_font()));
            }
            ui.end_row();
        }
    });
    if keys.len() > MOST_KEYS {
        caption(ui, theme, format!("and {} more keys", keys.len() - MOST_KEYS));
    }
}

fn queue(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let root = view.state.project.as_ref().map(|project| &project.root);
    let waiting: Vec<usize> = (0..view.state.settings.queue.len())
        .filter(|&index| Some(&view.state.settings.queue[index].root) == root)
        .collect();
    if waiting.is_empty() {
        return;
    }
    ui.horizontal(|ui| {
        caption(ui, theme, format!("{} waiting for their turn", waiting.len()));
        let busy = view.state.run.as_ref().is_some_and(|run| run.own && run.state.is_living());
        let start = ui.add_enabled(!busy && !view.state.training.starting, Button::new("Start the next").small());
        if start.clicked() {
            view.commands.push(Command::Runs(Runs::StartNext));
        }
    });
    for index in waiting {
        let request = &view.state.settings.queue[index];
        let name = request.config.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        ui.horizontal(|ui| {
            if ui.add(Button::new("Remove").small()).clicked() {
                view.commands.push(Command::Runs(Runs::Drop(index)));
            }
            cut(ui, format!("{name}  {}", request.overrides.join("  ")));
        });
    }
}
