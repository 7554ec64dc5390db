//! mAP at each threshold, and average precision of each class.

use egui::{Color32, Ui};
use egui_plot::{Line, PlotPoints, Points};

use crate::state::{RunView, percent};

use super::super::super::widgets::{caption, strong};
use super::super::View;
use super::plot::{Curve, draw, hover, legend, plot};
use super::{remember, save_menu, shade, title};

/// Classes whose curves are drawn at once: the worst of the last evaluation.
const MOST_CLASSES: usize = 12;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    let curves = &run.curves;
    let top = ui.cursor().top();
    let Some(best) = curves.best() else {
        ui.label(strong(theme, "mAP"));
        caption(ui, theme, "Measured at the end of the first evaluated epoch.");
        return;
    };
    let words = format!("best {} after epoch {}", percent(best.average), best.epoch + 1);
    title(ui, view, "map", "mAP, %", &words, |_, _| {});
    let thresholds = curves.thresholds();
    let best_at = [best.step as f64, 100.0 * best.average];
    let tint = |index: usize| {
        // One family of curves, ordered.
        theme.ramp(index as f32 / (thresholds.len().max(2) - 1) as f32)
    };
    let percentages =
        |points: Vec<[f64; 2]>| -> Vec<[f64; 2]> { points.into_iter().map(|[x, y]| [x, y * 100.0]).collect() };
    let lines: Vec<(String, Vec<[f64; 2]>, Color32)> = thresholds
        .iter()
        .enumerate()
        .map(|(index, tiou)| (format!("tIoU {tiou}"), percentages(curves.map_curve(tiou)), tint(index)))
        .collect();
    let mut names: Vec<(String, Color32)> = lines.iter().map(|(name, _, colour)| (name.clone(), *colour)).collect();
    names.insert(0, ("average".to_owned(), theme.text()));
    let average = percentages(curves.average_curve());
    let others: Vec<(String, Vec<[f64; 2]>, Color32)> = view
        .state
        .compared
        .iter()
        .enumerate()
        .map(|(index, run)| (run.name.clone(), percentages(run.curves.average_curve()), shade(theme, index + 6)))
        .collect();
    names.extend(others.iter().map(|(name, _, colour)| (name.clone(), *colour)));
    let (text, good) = (theme.text(), theme.good());
    let last = others.iter().filter_map(|(_, points, _)| points.last()).chain(average.last());
    let last = last.map(|point| point[0]).fold(0.0, f64::max);
    plot("map", ui, theme, last, false)
        .include_y(0.0)
        .include_y(10.0)
        .label_formatter(|at| hover(at, |y| format!("{y:.1} %")))
        .show(ui, |plot| {
            for (name, points, colour) in lines.into_iter().chain(others) {
                plot.points(Points::new(name.clone(), points.clone()).color(colour).radius(1.8));
                plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(1.2));
            }
            plot.line(Line::new("average", PlotPoints::from(average.clone())).color(text).width(2.0));
            plot.points(Points::new("average", average).color(text).radius(2.4));
            plot.points(Points::new("best", vec![best_at]).color(good).radius(4.0));
        });
    legend(ui, theme, &names);
    remember(ui, "map", top);
    classes(ui, view, run);
}

fn classes(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    if run.curves.evals.iter().all(|eval| eval.per_class.is_empty()) {
        return;
    }
    egui::CollapsingHeader::new("AP of each class, %").id_salt("class precision").show(ui, |ui| {
        let top = ui.cursor().top();
        let mut curves: Vec<(&str, Vec<[f64; 2]>)> = run.curves.class_curves().into_iter().collect();
        let count = curves.len();
        let last = |points: &[[f64; 2]]| points.last().map_or(0.0, |point| point[1]);
        if count > MOST_CLASSES {
            curves.sort_by(|a, b| last(&a.1).total_cmp(&last(&b.1)));
            curves.truncate(MOST_CLASSES);
            caption(ui, theme, format!("The {MOST_CLASSES} worst of {count}; all stand in Analysis, Classes."));
        }
        let colour = |class: &str| theme.class(view.state.colour(class));
        let end = run.curves.evals.last().map_or(0.0, |eval| eval.step as f64);
        plot("class map", ui, theme, end, false)
            .include_y(0.0)
            .include_y(10.0)
            .label_formatter(|at| hover(at, |y| format!("{y:.1} %")))
            .show(ui, |plot| {
                for (class, points) in &curves {
                    draw(plot, &Curve { scale: 100.0, ..Curve::new(*class, points, colour(class), 1.4) }, None, false);
                }
            });
        let names: Vec<(String, Color32)> =
            curves.iter().map(|(class, _)| ((*class).to_owned(), colour(class))).collect();
        legend(ui, theme, &names);
        ui.horizontal(|ui| {
            caption(ui, theme, "Mean over the thresholds of the run.");
            save_menu(ui, view, "class map");
        });
        remember(ui, "class map", top);
    });
}
