//! The form for the next training: configuration, device, starting weights, health of the data.

use egui::{RichText, Ui};

use crate::project::{Finding, Severity};
use crate::state::{Command, Forecast, Health, Init, Lead, Needs, Runs, TrainForm, Watch, Wish, size_text, wait_text};

use super::super::icons::{self, Icon};
use super::super::theme::Theme;
use super::super::widgets::{caption, choice, cut, field, primary_button, soft};
use super::{View, recipe_form};

/// Findings that are shown at once.
const MOST_FINDINGS: usize = 30;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let form = &view.state.training;
    config(ui, view, form);
    device(ui, view, form);
    weights(ui, view, form);
    recipe_form::show(ui, view);
    health(ui, view, form);
    forecast(ui, view, form);
    ui.add_space(4.0);
    let because = view.state.no_training_because();
    ui.horizontal(|ui| {
        let button = ui.add_enabled_ui(because.is_none(), |ui| primary_button(ui, theme, "Train")).inner;
        let hint = view.state.settings.keymap.hint("train");
        let tip = format!("Train in a process of its own; the window may be closed meanwhile{hint}");
        let why = format!("{}{hint}", because.unwrap_or_default());
        if button.on_hover_text(tip).on_disabled_hover_text(why).clicked() {
            view.send(Command::Train);
        }
        let busy = view.state.run.as_ref().is_some_and(|run| run.own && run.state.is_living());
        if busy && view.state.request().is_some() {
            let queue = ui.button("Queue").on_hover_text("Train it when the training that runs has ended");
            if queue.clicked() {
                view.send(Command::Runs(Runs::Queue));
            }
        }
        if let Some(because) = because {
            caption(ui, theme, because);
        }
    });
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn config(ui: &mut Ui, view: &mut View<'_>, form: &TrainForm) {
    let theme = view.theme;
    field(ui, theme, "Configuration", |ui, label| {
        let chosen = form.config.as_ref();
        let named = chosen.and_then(|path| form.configs.iter().find(|config| config.path == *path));
        let text = named.map_or("Choose one", |config| config.label.as_str()).to_owned();
        let response = choice(ui, theme, "config", &text).show_ui(ui, |ui| {
            for config in &form.configs {
                let response = ui.selectable_label(chosen == Some(&config.path), &config.label);
                if response.on_hover_text(config.path.display().to_string()).clicked() {
                    view.send(Command::ChooseConfig(config.path.clone()));
                }
            }
            if ui.button("Choose a file…").clicked() {
                view.send(Command::BrowseConfig);
            }
        });
        response.response.labelled_by(label).on_hover_text("The recipe: network, data, losses, optimiser");
    });
}

fn device(ui: &mut Ui, view: &mut View<'_>, form: &TrainForm) {
    let theme = view.theme;
    field(ui, theme, "Device", |ui, label| {
        let chosen = form.devices.iter().find(|device| device.name == form.device);
        let text = chosen.map_or(form.device.as_str(), |device| device.words.as_str());
        let response = choice(ui, theme, "device", text).show_ui(ui, |ui| {
            for device in &form.devices {
                if ui.selectable_label(form.device == device.name, &device.words).clicked() {
                    view.send(Command::ChooseDevice(device.name.clone()));
                }
            }
        });
        response.response.labelled_by(label).on_hover_text("What computes, for training and detection");
    });
    if form.no_gpu {
        field(ui, theme, "", |ui, _| {
            let words = "No GPU was found: training takes the CPU.";
            cut(ui, RichText::new(words).font(theme.small_font()).color(theme.text_soft()));
        });
    }
}

fn weights(ui: &mut Ui, view: &mut View<'_>, form: &TrainForm) {
    let theme = view.theme;
    field(ui, theme, "Start from", |ui, label| {
        let text = match &form.init {
            Init::Scratch => "Random weights".to_owned(),
            Init::File(path) => file_name(path),
            Init::Run(folder) => format!("Run {}", file_name(folder)),
        };
        let response = choice(ui, theme, "init", &text).show_ui(ui, |ui| {
            if ui.selectable_label(form.init == Init::Scratch, "Random weights").clicked() {
                view.send(Command::ChooseInit(Init::Scratch));
            }
            for run in view.state.runs.iter().filter(|run| run.checkpoint.is_some()) {
                let init = Init::Run(run.folder.clone());
                if ui.selectable_label(form.init == init, format!("Run {}", run.name)).clicked() {
                    view.commands.push(Command::ChooseInit(init));
                }
            }
            if ui.button("Choose a file…").clicked() {
                view.commands.push(Command::BrowseInit);
            }
        });
        response.response.labelled_by(label).on_hover_text("Weights to begin with: random, a file, or an earlier run");
    });
}

fn health(ui: &mut Ui, view: &mut View<'_>, form: &TrainForm) {
    let theme = view.theme;
    let (errors, warnings) = (form.health.count(Severity::Error), form.health.count(Severity::Warning));
    match &form.health {
        Health::Unknown if form.config.is_some() => {
            field(ui, theme, "Data", |ui, _| {
                soft(ui, theme, "edited since");
                if ui.button("Check again").on_hover_text("Look for what is wrong with the data now").clicked() {
                    view.send(Command::CheckHealth);
                }
            });
        }
        Health::Unknown => {
            field(ui, theme, "Data", |ui, _| soft(ui, theme, "checked once a configuration is chosen"));
        }
        Health::Checking => {
            field(ui, theme, "Data", |ui, _| soft(ui, theme, "being checked"));
        }
        Health::Checked(findings) if findings.is_empty() => {
            field(ui, theme, "Data", |ui, _| {
                mark(ui, Icon::Check, theme.good());
                ui.label(RichText::new("nothing wrong was found").color(theme.good()));
            });
        }
        Health::Checked(findings) => {
            let colour = if errors > 0 { theme.bad() } else { theme.warn() };
            field(ui, theme, "Data", |ui, _| {
                mark(ui, Icon::Warning, colour);
                ui.label(RichText::new(counts(errors, warnings)).color(colour));
                if ui.small_button("Check again").on_hover_text("Look for what is wrong with the data now").clicked() {
                    view.send(Command::CheckHealth);
                }
            });
            egui::CollapsingHeader::new("What is wrong with the data").default_open(errors > 0).show(ui, |ui| {
                for (index, finding) in findings.iter().take(MOST_FINDINGS).enumerate() {
                    let lead = view.state.lead(finding);
                    if one_finding(ui, theme, finding, &lead) {
                        view.send(Command::Watch(Watch::Finding(index)));
                        if matches!(lead, Lead::Class(_)) {
                            view.send(Command::Wish(Wish::CLASSES));
                        }
                    }
                }
                if findings.len() > MOST_FINDINGS {
                    caption(ui, theme, format!("and {} more; `etad check` lists all", findings.len() - MOST_FINDINGS));
                }
            });
        }
    }
}

/// What the training would take, and what to change when that is too much.
fn forecast(ui: &mut Ui, view: &mut View<'_>, form: &TrainForm) {
    let theme = view.theme;
    match &form.forecast {
        Forecast::Unknown => {
            field(ui, theme, "Memory", |ui, _| {
                soft(ui, theme, "not estimated");
                let possible = view.state.no_training_because().is_none() && matches!(form.health, Health::Checked(_));
                let button = ui.add_enabled(possible, egui::Button::new("Estimate").small());
                if button.on_hover_text("Try one small step to see what memory and time the training takes").clicked() {
                    view.send(Command::Forecast);
                }
            });
        }
        Forecast::Asking => {
            field(ui, theme, "Memory", |ui, _| soft(ui, theme, "being estimated by one small step"));
        }
        Forecast::Failed(why) => {
            field(ui, theme, "Memory", |ui, _| {
                cut(ui, RichText::new(format!("not estimated: {why}")).color(theme.text_soft())).on_hover_text(why);
            });
        }
        Forecast::Known(needs) => {
            let (icon, colour) = match needs.advice {
                Some(_) => (Icon::Warning, theme.warn()),
                None => (Icon::Check, theme.good()),
            };
            let tip = "Estimated by one small step; etad train --dry-run tells what takes how much";
            field(ui, theme, "Memory", |ui, _| {
                mark(ui, icon, colour);
                cut(ui, RichText::new(memory_text(needs)).color(colour)).on_hover_text(tip);
            });
            field(ui, theme, "Time", |ui, _| {
                soft(ui, theme, format!("{} in all", wait_text(needs.seconds))).on_hover_text(tip);
            });
            if let Some(advice) = &needs.advice {
                ui.label(RichText::new(format!("The training {advice}.")).color(theme.warn()));
            }
        }
    }
}

/// "about 1.2 GB of 6.0 GB free".
fn memory_text(needs: &Needs) -> String {
    let of = match needs.free {
        Some(free) => format!(" of {} {}", size_text(free), if needs.configured { "allowed" } else { "free" }),
        None => "; what is free is unknown".to_owned(),
    };
    format!("about {}{of}", size_text(needs.memory))
}

fn counts(errors: usize, warnings: usize) -> String {
    let part = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{count} {noun}s")),
    };
    [part(errors, "error"), part(warnings, "warning")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn mark(ui: &mut Ui, icon: Icon, colour: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(15.0, 15.0), egui::Sense::hover());
    icons::paint(ui.painter(), icon, rect, colour);
}

/// Returns whether a person wants to be led to it.
fn one_finding(ui: &mut Ui, theme: &Theme, finding: &Finding, lead: &Lead) -> bool {
    let colour = if finding.severity == Severity::Error { theme.bad() } else { theme.warn() };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        mark(ui, Icon::Warning, colour);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let video = finding.video.as_ref().map_or(String::new(), |video| format!("{video} "));
            let text = format!("{video}{}", finding.sentence);
            let tip = match lead {
                Lead::Video(..) if finding.class.is_some() => "Show the first action of the class".to_owned(),
                Lead::Video(..) => "Show it in the player".to_owned(),
                Lead::Class(_) => "Show it among the classes".to_owned(),
                Lead::Key(key) => format!("Show {key} in the recipe"),
                Lead::Nowhere => String::new(),
            };
            let led = if *lead == Lead::Nowhere {
                ui.label(text);
                false
            } else {
                ui.link(text).on_hover_text(tip).clicked()
            };
            caption(ui, theme, &finding.advice);
            led
        })
        .inner
    })
    .inner
}
