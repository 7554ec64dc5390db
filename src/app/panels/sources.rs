//! Which detections stand on the timeline: an epoch by a slider, another run, what was detected, a file.

use egui::accesskit::Role;
use egui::{ComboBox, Slider, Ui, WidgetInfo};

use crate::state::{Command, Origin};

use super::super::widgets::caption;
use super::View;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let predictions = &view.state.predictions;
    caption(ui, theme, "Predictions");
    let shown = predictions.shown.as_ref().map_or("none yet".to_owned(), Origin::name);
    let combo = ComboBox::from_id_salt("shown predictions").selected_text(shown).width(150.0).truncate();
    let mut chosen = predictions.shown.clone();
    let combo = combo.show_ui(ui, |ui| {
        for set in predictions.sets.iter().rev() {
            ui.selectable_value(&mut chosen, Some(set.origin.clone()), set.origin.name());
        }
        if predictions.sets.is_empty() {
            caption(ui, theme, "Train, or detect with weights, to see some.");
        }
        if ui.button("Open a file of detections…").clicked() {
            view.commands.push(Command::OpenPredictions);
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Predictions on the timeline"));
    combo.response.on_hover_text("Which detections stand on the timeline: of an epoch, another run, a file");
    if chosen != predictions.shown {
        view.commands.push(Command::ShowPredictions(chosen));
    }
    if predictions.sets.len() > 1 {
        beside(ui, view);
    }
    epochs(ui, view);
}

/// A second set, in a lane of its own.
fn beside(ui: &mut Ui, view: &mut View<'_>) {
    let predictions = &view.state.predictions;
    let shown = predictions.beside.as_ref().map_or("beside: none".to_owned(), Origin::name);
    let combo = ComboBox::from_id_salt("predictions beside").selected_text(shown).width(104.0).truncate();
    let mut chosen = predictions.beside.clone();
    let combo = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut chosen, None, "none");
        for set in predictions.sets.iter().rev().filter(|set| Some(&set.origin) != predictions.shown.as_ref()) {
            ui.selectable_value(&mut chosen, Some(set.origin.clone()), set.origin.name());
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Predictions beside"));
    combo.response.on_hover_text("Detections of another run, epoch or file in a lane of their own");
    if chosen != predictions.beside {
        view.commands.push(Command::ShowBeside(chosen));
    }
}

/// A slider over the evaluated epochs of the followed run.
fn epochs(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let Some(run) = &view.state.run else { return };
    let epochs: Vec<usize> = run.curves.evals.iter().map(|eval| eval.epoch).collect();
    if epochs.len() < 2 || ui.available_width() < 190.0 {
        return;
    }
    let at = match &view.state.predictions.shown {
        Some(Origin::Epoch { run: name, epoch }) if *name == run.name => *epoch,
        _ => epochs.last().copied().unwrap_or(0),
    };
    let mut place = epochs.iter().position(|epoch| *epoch == at).unwrap_or(epochs.len() - 1);
    ui.spacing_mut().slider_width = (ui.available_width() - 130.0).clamp(40.0, 150.0);
    let slider = ui.add(Slider::new(&mut place, 0..=epochs.len() - 1).show_value(false));
    slider.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, "Epoch of the predictions");
        info.value = Some((at + 1) as f64);
        info
    });
    let total = run.started.as_ref().map_or(at + 1, |started| started.epochs);
    caption(ui, theme, format!("epoch {} of {total}", at + 1));
    if slider.on_hover_text("Moves the detections from the first evaluated epoch to the last").changed()
        && let Some(&epoch) = epochs.get(place)
    {
        let origin = Origin::Epoch { run: run.name.clone(), epoch };
        view.commands.push(Command::ShowPredictions(Some(origin)));
    }
}
