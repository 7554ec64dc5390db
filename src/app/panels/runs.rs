//! The runs of the project in a table, what differs between those that are compared, and the trainings that wait.

use egui::accesskit::Role;
use egui::{Button, Grid, RichText, Ui, WidgetInfo};

use crate::run::{Digest, differences};
use crate::state::{Command, RunSummary, Runs, percent, run_word, wait_text};

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
        egui::CollapsingHeader::new(title).id_salt("runs").show(ui, |ui| {
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

fn table(ui: &mut Ui, view: &mut View<'_>, runs: &[RunSummary]) {
    let theme = view.theme;
    let head = |ui: &mut Ui, text: &str| {
        ui.label(RichText::new(text).font(theme.small_font()).color(theme.text_soft()));
    };
    let number = |ui: &mut Ui, text: String| {
        ui.label(RichText::new(text).font(theme.number_font()));
    };
    Grid::new("runs").num_columns(6).spacing([7.0, 2.0]).show(ui, |ui| {
        ["", "run", "state", "best mAP", "epoch", "time"].into_iter().for_each(|name| head(ui, name));
        ui.end_row();
        for run in runs {
            let followed = view.state.run.as_ref().is_some_and(|other| other.folder == run.folder);
            let mut compared = followed || view.state.is_compared(&run.folder);
            let check = ui.add_enabled(!followed, egui::Checkbox::without_text(&mut compared));
            let name = format!("Compare {}", run.name);
            check.widget_info(|| WidgetInfo::selected(Role::CheckBox, !followed, compared, &name));
            if check.on_hover_text("Draw its curves beside those of the followed run").changed() {
                view.commands.push(Command::Runs(Runs::Compare(run.folder.clone(), compared)));
            }
            let facts = &run.digest;
            let link = ui.selectable_label(followed, &run.name).on_hover_text(tip(run));
            if link.clicked() && !followed {
                view.commands.push(Command::FollowRun(run.folder.clone()));
            }
            ui.label(run_word(run));
            number(ui, facts.best.map_or("-".to_owned(), |(_, map)| percent(map)));
            let epoch = facts.best.map_or(String::new(), |(epoch, _)| (epoch + 1).to_string());
            number(ui, format!("{epoch:>3}/{}", facts.epochs));
            ui.label(if facts.seconds > 0.0 { wait_text(facts.seconds) } else { String::new() });
            ui.end_row();
        }
    });
    caption(ui, theme, "A tick draws a run's loss and average mAP beside the followed one's.");
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
