//! Learning rates, length of the gradient, seconds by part, memory.

use egui::{Color32, Ui};
use egui_plot::HLine;

use crate::state::{PARTS, RunView};

use super::super::super::widgets::caption;
use super::super::View;
use super::plot::{Curve, draw, hover, legend, plot, short};
use super::{remember, save_menu, shade};

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    let curves = &run.curves;
    let end = curves.loss.last().map_or(0.0, |point| point[0]);
    let group = |ui: &mut Ui,
                 view: &mut View<'_>,
                 id: &'static str,
                 name: &str,
                 unit: &'static str,
                 lines: Vec<Curve<'_>>,
                 limit: Option<f64>| {
        if lines.iter().all(|curve| curve.points.is_empty()) {
            return;
        }
        egui::CollapsingHeader::new(name).id_salt(id).show(ui, |ui| {
            let top = ui.cursor().top();
            let names: Vec<(String, Color32)> = lines.iter().map(|curve| (curve.name.clone(), curve.colour)).collect();
            let line = limit.map(|limit| HLine::new(format!("all there is: {limit:.1} {unit}"), limit));
            plot(id, ui, theme, end, false)
                .include_y(0.0)
                .label_formatter(move |at| hover(at, |y| format!("{} {unit}", short(y))))
                .show(ui, |plot| {
                    for curve in &lines {
                        draw(plot, curve, None, false);
                    }
                    if let Some(line) = line {
                        plot.hline(line.color(theme.warn()).width(1.2));
                    }
                });
            legend(ui, theme, &names);
            ui.horizontal(|ui| {
                if let Some(limit) = limit {
                    caption(ui, theme, format!("The device has {limit:.1} {unit}."));
                }
                save_menu(ui, view, id);
            });
            remember(ui, id, top);
        });
    };
    let rates = curves.rates.iter().enumerate();
    let rates =
        rates.map(|(index, (name, points))| Curve::of(run, "rate", name.as_str(), points, shade(theme, index), 1.4));
    group(ui, view, "rates", "Learning rates", "a step", rates.collect(), None);
    group(
        ui,
        view,
        "gradient",
        "Length of the gradient",
        "",
        vec![Curve::of(run, "gradient", "before it is limited", &curves.gradient_norm, theme.text(), 1.4)],
        None,
    );
    let parts = PARTS.iter().zip(&curves.seconds).enumerate();
    let parts = parts.map(|(index, (name, points))| Curve::of(run, "seconds", *name, points, shade(theme, index), 1.4));
    group(ui, view, "seconds", "Seconds of a step, by part", "s", parts.collect(), None);
    let giga =
        |name: &str, points, colour| Curve { scale: 1e-9, ..Curve::of(run, "memory", name, points, colour, 1.4) };
    let on_device = !curves.device_memory.is_empty();
    let total = run.started.as_ref().and_then(|started| started.device_memory_total).map(|bytes| bytes as f64 * 1e-9);
    let memory = vec![
        giga("on the device", &curves.device_memory, shade(theme, 0)),
        giga("of the process", &curves.process_memory, shade(theme, 1)),
    ];
    let memory = memory.into_iter().filter(|curve| !curve.points.is_empty()).collect();
    group(
        ui,
        view,
        "memory",
        if on_device { "Memory of device and process, GB" } else { "Memory, GB" },
        "GB",
        memory,
        total,
    );
}
