//! Training: the run that is followed with its curves, and the form for the next one.

use egui::accesskit::Role;
use egui::{Button, RichText, ScrollArea, Ui, WidgetInfo};

use crate::domain::Do;
use crate::state::{Command, Correct, Mood, RunState, RunView, Watch, percent, verdict, wait_text};

use super::super::theme::Theme;
use super::super::widgets::{caption, chip, choice, cut, heading, progress, soft, strong};
use super::{View, curves, runs, train_form};

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        // The bar floats over the right edge; nothing should stand under it.
        ui.set_max_width(ui.available_width() - 6.0);
        let living = view.state.run.as_ref().is_some_and(|run| run.state.is_living());
        if let Some(run) = &view.state.run {
            status(ui, view, run);
            curves::show(ui, view, run);
            ui.add_space(4.0);
            ui.add_space(10.0);
            ui.separator();
            ui.add_space(4.0);
        }
        runs::show(ui, view);
        if living {
            // While a run lives the next one is not of interest; it is a click away.
            egui::CollapsingHeader::new(strong(view.theme, "New training"))
                .id_salt("next training")
                .show(ui, |ui| train_form::show(ui, view));
        } else {
            heading(ui, view.theme, "New training");
            ui.add_space(2.0);
            train_form::show(ui, view);
        }
    });
}

fn status(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    ui.horizontal(|ui| {
        let colour = state_colour(theme, &run.state);
        chip(ui, theme, run.state.word(), colour);
        let mut chosen = run.folder.clone();
        let combo = choice(ui, theme, "followed run", &run.name).show_ui(ui, |ui| {
            for other in &view.state.runs {
                let name = if other.alive { format!("{} (training)", other.name) } else { other.name.clone() };
                ui.selectable_value(&mut chosen, other.folder.clone(), name);
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Run"));
        if chosen != run.folder {
            view.send(Command::FollowRun(chosen));
        }
    });
    ui.add_space(2.0);
    advance(ui, theme, run);
    learning(ui, theme, run);
    match &run.state {
        RunState::Failed(why) => {
            ui.label(RichText::new(format!("It failed: {why}")).color(theme.bad()));
        }
        RunState::Dead(how) => {
            let text = format!("It ended without finishing: {how}. What it had saved is kept.");
            ui.label(RichText::new(text).color(theme.warn()));
        }
        _ => {}
    }
    buttons(ui, view, run);
    if let Some(warning) = run.warnings.last() {
        let more = if run.warnings.len() > 1 { format!(" ({} warnings)", run.warnings.len()) } else { String::new() };
        cut(ui, RichText::new(format!("{warning}{more}")).color(theme.warn())).on_hover_text(run.warnings.join("\n"));
    }
    log(ui, view, run);
}

/// Whether it learns, in one sentence.
fn learning(ui: &mut Ui, theme: &Theme, run: &RunView) {
    let Some(verdict) = verdict(run) else { return };
    let colour = match verdict.mood {
        Mood::Good => theme.good(),
        Mood::Neutral => theme.text(),
        Mood::Care => theme.warn(),
        Mood::Bad => theme.bad(),
    };
    let response = ui.label(RichText::new(&verdict.sentence).color(colour));
    if let Some(advice) = verdict.advice {
        response.on_hover_text(advice);
        if matches!(verdict.mood, Mood::Care | Mood::Bad) {
            caption(ui, theme, advice);
        }
    }
}

/// The end of what the run printed, read while it is unfolded.
fn log(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    let unfolded = egui::CollapsingHeader::new("Log").id_salt("log").show(ui, |ui| {
        let text = run.log.as_deref().unwrap_or_default();
        let text = if text.is_empty() { "It has printed nothing." } else { text };
        ScrollArea::both().id_salt("log text").max_height(160.0).stick_to_bottom(true).auto_shrink([false, true]).show(
            ui,
            |ui| {
                let text = RichText::new(text).font(theme.number_font()).color(theme.text_soft());
                ui.add(egui::Label::new(text).extend().selectable(true));
            },
        );
    });
    let read = unfolded.body_returned.is_some();
    if read != run.log.is_some() {
        view.send(Command::Watch(Watch::Log(read)));
    }
}

/// How far it is, in a bar and in words.
fn advance(ui: &mut Ui, theme: &Theme, run: &RunView) {
    let total = run.total_steps();
    let done = run.curves.steps_done();
    let share = total.map_or(0.0, |total| done as f32 / total.max(1) as f32);
    let share = if run.state == RunState::Done { 1.0 } else { share };
    progress(ui, theme, share, "Progress of the training");
    let mut words = Vec::new();
    match (&run.progress, total, &run.started) {
        (Some(progress), ..) if run.state.is_living() => {
            words.push(format!("{} {} of {}", progress.what, progress.done, progress.total));
        }
        (_, Some(total), Some(started)) => {
            let epoch = (done / started.steps_per_epoch.max(1) + 1).min(started.epochs);
            words.push(format!("epoch {epoch} of {}", started.epochs));
            words.push(format!("step {done} of {total}"));
        }
        _ if run.state.is_living() => words.push("waiting for the process".to_owned()),
        _ => words.push("it never began".to_owned()),
    }
    if let Some(left) = run.seconds_left() {
        words.push(format!("{} left", wait_text(left)));
    }
    soft(ui, theme, words.join("  ·  "));
    if let Some(started) = &run.started {
        let mut facts = vec![started.device.clone()];
        facts.extend(run.process_memory.map(|bytes| format!("{:.1} GB memory", bytes as f64 / 1e9)));
        facts.extend(run.device_memory_peak.map(|bytes| format!("{:.1} GB on the device at most", bytes as f64 / 1e9)));
        facts.extend(
            run.data_share.filter(|share| *share > 0.2).map(|share| format!("{} waiting for data", percent(share))),
        );
        cut(ui, RichText::new(facts.join("  ·  ")).font(theme.small_font()).color(theme.text_soft()));
    }
}

fn buttons(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    ui.horizontal(|ui| match &run.state {
        state if state.is_living() => {
            let running = *state == RunState::Running;
            let (name, what, tip) = if *state == RunState::Paused {
                ("Go on", Do::Resume, "Train on from where it waits")
            } else {
                ("Pause", Do::Pause, "Wait after the piece of work at hand; nothing is lost")
            };
            let enabled = (running || *state == RunState::Paused) && run.asked.is_none();
            if ui.add_enabled(enabled, Button::new(name)).on_hover_text(tip).clicked() {
                view.send(Command::Control(what));
            }
            let stop = ui.add_enabled(run.asked != Some(Do::Stop), Button::new("Stop"));
            if stop.on_hover_text("Save and end; it can be continued later").clicked() {
                view.send(Command::Control(Do::Stop));
            }
            if let Some(asked) = run.asked {
                let words = match asked {
                    Do::Pause => "pausing after this piece of work",
                    Do::Stop => "saving and stopping",
                    _ => "going on",
                };
                caption(ui, theme, words);
            }
        }
        RunState::Done => again(ui, view),
        RunState::Stopped | RunState::Dead(_) | RunState::Failed(_) => {
            let idle = !view.state.training.starting;
            let button = ui.add_enabled(idle, Button::new("Continue"));
            if button.on_hover_text("Train on from its last checkpoint").clicked() {
                view.send(Command::ResumeRun);
            }
            again(ui, view);
        }
        _ => {}
    });
}

fn again(ui: &mut Ui, view: &mut View<'_>) {
    let button = ui.add_enabled(!view.state.training.starting, Button::new("Train again"));
    let tip = "A new run from its best weights with the annotations as they are now: a fifth of the rates, a quarter of the epochs. Both runs are drawn";
    if button.on_hover_text(tip).clicked() {
        view.send(Command::Correct(Correct::TrainAgain));
    }
}

fn state_colour(theme: &Theme, state: &RunState) -> egui::Color32 {
    match state {
        RunState::Starting | RunState::Running => theme.accent_text(),
        RunState::Paused | RunState::Stopped | RunState::Dead(_) => theme.warn(),
        RunState::Done => theme.good(),
        RunState::Failed(_) => theme.bad(),
    }
}
