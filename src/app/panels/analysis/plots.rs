//! Precision over recall, mAP over the threshold, recall over the number of proposals.

use egui::accesskit::Role;
use egui::{Color32, Ui, WidgetInfo, vec2};
use egui_plot::{AxisHints, HoverPosition, Line, Plot, PlotPoints, Points, VLine};

use crate::eval::{ErrorFilter, ErrorKind, interpolated};
use crate::jobs::review::Comparison;
use crate::state::{Command, Extremes, Inspect, Wish, decimated};

use super::super::super::theme::Theme;
use super::super::super::widgets::{caption, strong};
use super::super::View;
use super::super::curves::{legend, marks};

const HEIGHT: f32 = 230.0;

/// Points from the pointer within which a click means a point of a curve.
const REACH: f32 = 14.0;

/// Pieces of a curve in a plot as wide as a panel.
const MOST_PIECES: usize = 400;

fn percentages(points: impl IntoIterator<Item = [f64; 2]>, both: bool) -> Vec<[f64; 2]> {
    points.into_iter().map(|[x, y]| [if both { 100.0 * x } else { x }, 100.0 * y]).collect()
}

/// A plot whose y is in percent. `x` names the other axis with its unit.
fn plot<'a>(id: &'static str, ui: &Ui, theme: &Theme, x: &'static str, y: &'static str) -> Plot<'a> {
    Plot::new(id)
        .height(HEIGHT)
        .width(ui.available_width())
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_zoom(false)
        .allow_drag(false)
        .show_x(false)
        .show_y(false)
        .grid_color(theme.line())
        .include_y(0.0)
        .include_y(100.0)
        .custom_x_axes(vec![AxisHints::new_x().label(x).label_spacing(13.0..=14.0)])
        .custom_y_axes(vec![AxisHints::new_y().label(y).label_spacing(13.0..=14.0).min_thickness(30.0)])
        .grid_spacing(10.0..=11.0)
        .x_grid_spacer(|input| marks(input, 44.0, 0.0))
        .y_grid_spacer(|input| marks(input, 26.0, 0.0))
        .set_margin_fraction(vec2(0.02, 0.04))
}

fn hover(at: &HoverPosition<'_>, x: &str) -> Option<String> {
    match at {
        HoverPosition::NearDataPoint { plot_name, position, .. } => {
            Some(format!("{plot_name}\n{:.1} % at {x} {:.2}", position.y, position.x))
        }
        HoverPosition::Elsewhere { .. } => None,
    }
}

pub(super) fn precision_recall(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    let points = &inspect.curve;
    let class = inspect.filter.class.clone();
    let name = class.clone().unwrap_or_else(|| "all classes together".to_owned());
    ui.label(strong(theme, "Precision over recall"));
    if points.is_empty() {
        caption(ui, theme, "No detection is a hit at this tIoU.");
        return;
    }
    let colour = class.map_or(theme.accent_text(), |class| theme.class(view.state.colour(&class)));
    let raw: Vec<[f64; 2]> = percentages(points.iter().map(|point| [point.recall, point.precision]), true);
    let smooth = percentages(interpolated(points), true);
    let smooth = decimated(&smooth, &Extremes::default(), f64::NEG_INFINITY, f64::INFINITY, MOST_PIECES);
    let least = view.state.detecting.min_score;
    let kept = points.iter().rev().find(|point| point.score >= least).map(|point| 100.0 * point.recall);
    let drawn = plot("precision recall", ui, theme, "recall, %", "precision, %")
        .include_x(0.0)
        .include_x(100.0)
        .label_formatter(|at| match at {
            HoverPosition::NearDataPoint { position, .. } => {
                let near = nearest(&raw, [position.x, position.y]).and_then(|index| points.get(index));
                near.map(|point| {
                    let (precision, recall) = (100.0 * point.precision, 100.0 * point.recall);
                    format!(
                        "precision {precision:.1} %, recall {recall:.1} %\nscore {:.3}; click shows the hit",
                        point.score
                    )
                })
            }
            HoverPosition::Elsewhere { .. } => None,
        })
        .show(ui, |plot| {
            plot.line(
                Line::new("interpolated", PlotPoints::from(smooth)).color(colour.gamma_multiply(0.45)).width(1.2),
            );
            // Of thousands of hits no more is drawn than there is room for.
            let line = decimated(&raw, &Extremes::default(), f64::NEG_INFINITY, f64::INFINITY, MOST_PIECES);
            plot.line(Line::new(name.clone(), PlotPoints::from(line)).color(colour).width(2.0));
            if raw.len() <= 300 {
                plot.points(Points::new(name.clone(), raw.clone()).color(colour).radius(2.4));
            }
            if let Some(at) = kept {
                plot.vline(VLine::new("shown", at).color(theme.text_soft()).width(1.0));
            }
        });
    drawn.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Plot of precision over recall"));
    let pointer = drawn.response.interact_pointer_pos().filter(|_| drawn.response.clicked());
    let near = pointer.and_then(|at| {
        let on_screen: Vec<[f64; 2]> = raw
            .iter()
            .map(|&[x, y]| drawn.transform.position_from_point(&egui_plot::PlotPoint::new(x, y)))
            .map(|at| [f64::from(at.x), f64::from(at.y)])
            .collect();
        let index = nearest(&on_screen, [f64::from(at.x), f64::from(at.y)])?;
        let [x, y] = on_screen[index];
        let far = (x - f64::from(at.x)).hypot(y - f64::from(at.y)) > f64::from(REACH);
        points.get(index).filter(|_| !far)
    });
    if let Some(point) = near {
        view.send(Command::Inspect(Inspect::Show { video: point.video, detection: point.detection }));
    }
    caption(
        ui,
        theme,
        "A point a hit, best score first; the pale line is what average precision integrates; the upright one is the score slider.",
    );
}

/// The point nearest to a place.
fn nearest(points: &[[f64; 2]], [x, y]: [f64; 2]) -> Option<usize> {
    let far = |point: &[f64; 2]| (point[0] - x).hypot(point[1] - y);
    (0..points.len()).min_by(|&a, &b| far(&points[a]).total_cmp(&far(&points[b])))
}

pub(super) fn thresholds(ui: &mut Ui, view: &mut View<'_>, comparison: &Comparison) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    let result = &comparison.evaluation;
    let line =
        |values: &[f64]| percentages(result.tious.iter().zip(values).map(|(&tiou, &value)| [tiou, value]), false);
    let mut lines: Vec<(String, Vec<[f64; 2]>, Color32, f32)> = vec![
        ("mAP".to_owned(), line(&result.map), theme.text(), 2.0),
        ("recall".to_owned(), line(&result.recall), theme.class(0), 1.2),
    ];
    let chosen = inspect.filter.class.as_ref();
    if let Some(class) = result.classes.iter().find(|class| Some(&class.label) == chosen) {
        let colour = theme.class(view.state.colour(&class.label));
        lines.push((format!("AP of {}", class.label), line(&class.average_precision), colour, 1.6));
    }
    ui.label(strong(theme, "mAP over the overlap that is asked for"));
    let names: Vec<(String, Color32)> = lines.iter().map(|(name, _, colour, _)| (name.clone(), *colour)).collect();
    let drawn = plot("map tiou", ui, theme, "tIoU", "mAP and recall, %").label_formatter(|at| hover(at, "tIoU")).show(
        ui,
        |plot| {
            for (name, points, colour, width) in lines {
                plot.points(Points::new(name.clone(), points.clone()).color(colour).radius(2.0));
                plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(width));
            }
            plot.vline(VLine::new("chosen", inspect.threshold()).color(theme.accent_text()).width(1.0));
            plot.pointer_coordinate()
        },
    );
    if let Some(at) = drawn.inner.filter(|_| drawn.response.clicked()) {
        let far = |index: &usize| (result.tious[*index] - at.x).abs();
        let near = (0..result.tious.len()).min_by(|a, b| far(a).total_cmp(&far(b)));
        view.commands.extend(near.map(|index| Command::Inspect(Inspect::Tiou(index))));
    }
    legend(ui, theme, &names);
    caption(ui, theme, "Detections of every score. A click chooses the tIoU.");
}

pub(super) fn proposals(ui: &mut Ui, view: &mut View<'_>, comparison: &Comparison) {
    let theme = view.theme;
    let found = &comparison.proposals;
    ui.label(strong(theme, "Recall over the number of detections a video"));
    let finite = |values: &[f64]| -> Vec<[f64; 2]> {
        let points = found.proposals_per_video.iter().zip(values).map(|(&x, &y)| [x, y]);
        percentages(points.filter(|point| point.iter().all(|value| value.is_finite())), false)
    };
    let mut lines = vec![("average".to_owned(), finite(&found.average_recall), theme.text(), 2.0)];
    for (index, name) in [(0, "tIoU 0.50"), (5, "tIoU 0.75"), (9, "tIoU 0.95")] {
        if let Some(values) = found.recall.get(index) {
            lines.push((name.to_owned(), finite(values), theme.ramp(index as f32 / 9.0), 1.2));
        }
    }
    if lines.iter().all(|(_, points, ..)| points.is_empty()) {
        caption(ui, theme, "Nothing was detected in these videos.");
        return;
    }
    let names: Vec<(String, Color32)> = lines.iter().map(|(name, _, colour, _)| (name.clone(), *colour)).collect();
    let drawn = plot("recall proposals", ui, theme, "detections a video", "recall, %")
        .label_formatter(|at| hover(at, "detections"))
        .show(ui, |plot| {
            for (name, points, colour, width) in lines {
                plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(width));
            }
        });
    drawn.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Plot of recall over detections"));
    if drawn.response.clicked() {
        let filter = ErrorFilter { kind: Some(ErrorKind::Missed), ..ErrorFilter::default() };
        view.send(Command::Inspect(Inspect::Filter(filter)));
        view.send(Command::Wish(Wish::ERRORS));
    }
    legend(ui, theme, &names);
    let area = 100.0 * found.area;
    caption(
        ui,
        theme,
        format!("Whatever their class, best scores first (AR@AN). Area: {area:.1} %. A click lists the missed truths."),
    );
}
