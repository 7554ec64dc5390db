//! The loss and its terms, raw and smoothed.

use egui::{Color32, RichText, Ui, vec2};

use crate::state::{Command, LossSplit, RunView};

use super::super::View;
use super::plot::{Curve, draw, hover, legend, plot};
use super::{options, remember, shade, title};

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    let curves = &run.curves;
    let top = ui.cursor().top();
    let latest = curves.loss.last().map_or(String::new(), |point| format!("{:.3}", point[1]));
    title(ui, view, "loss", "Loss", &latest, |ui, view| {
        if LossSplit::ALL.into_iter().all(|split| curves.has_split(split)) {
            splits(ui, view);
        }
    });
    let (log, weight) = (view.state.settings.log_scale, f64::from(view.state.settings.smooth));
    let mut drawn = vec![Curve::of(run, "loss", "total", &curves.loss, theme.text(), 2.0)];
    for (index, (name, points)) in curves.parts(view.state.settings.loss_split).into_iter().enumerate() {
        drawn.push(Curve::of(run, "loss", name, points, shade(theme, index), 1.2));
    }
    let names: Vec<(String, Color32)> = drawn.iter().map(|curve| (curve.name.clone(), curve.colour)).collect();
    let others: Vec<(&RunView, Color32)> =
        view.state.compared.iter().enumerate().map(|(index, run)| (run, shade(theme, index + 6))).collect();
    let last = others.iter().filter_map(|(run, _)| run.curves.loss.last()).chain(curves.loss.last());
    let last = last.map(|point| point[0]).fold(0.0, f64::max);
    let mut shown = plot("loss", ui, theme, last, log);
    if !log {
        shown = shown.include_y(0.0);
    }
    let value = move |y: f64| format!("{:.4}", if log { 10f64.powf(y) } else { y });
    shown.label_formatter(move |at| hover(at, value)).show(ui, |plot| {
        for (other, colour) in &others {
            let name = format!("total of {}", other.name);
            draw(plot, &Curve::of(other, "loss", name, &other.curves.loss, *colour, 1.6), Some(weight), log);
        }
        // The total is drawn last, on top.
        for curve in drawn.iter().rev() {
            if weight > 0.0 {
                let pale = Curve { colour: curve.colour.gamma_multiply(0.3), width: 1.0, ..curve.clone() };
                draw(plot, &pale, None, log);
                draw(plot, curve, Some(weight), log);
            } else {
                draw(plot, curve, None, log);
            }
        }
    });
    let more = view.state.compared.iter().enumerate().map(|(index, run)| (run.name.clone(), shade(theme, index + 6)));
    legend(ui, theme, &names.into_iter().chain(more).collect::<Vec<_>>());
    options(ui, view);
    remember(ui, "loss", top);
}

/// The divisions of the loss to choose from.
fn splits(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.spacing_mut().button_padding = vec2(6.0, 1.0);
    for split in LossSplit::ALL {
        let name = RichText::new(split.name()).font(theme.small_font());
        let response = ui.selectable_label(view.state.settings.loss_split == split, name);
        if response.on_hover_text("Both ways the terms add up to the total").clicked() {
            view.send(Command::SplitLoss(split));
        }
    }
}
