//! Loss and mAP over the steps of a run.

use egui::{Color32, RichText, Sense, Ui, vec2};
use egui_plot::{AxisHints, GridInput, GridMark, HoverPosition, Line, Plot, PlotPoints, Points};

use crate::state::{Command, Curves, LossSplit, RunView, percent};

use super::super::icons::Icon;
use super::super::theme::Theme;
use super::super::widgets::{caption, empty_state, strong};
use super::View;

const HEIGHT: f32 = 150.0;

/// Points between two lines of the grid at least, as egui counts them; below, none is drawn.
const LEAST_GRID: f32 = 10.0;

/// Points of a curve that are drawn; a longer one is thinned, the ends kept.
const MOST_POINTS: usize = 600;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, run: &RunView) {
    let theme = view.theme;
    if run.curves.loss.is_empty() && run.curves.evals.is_empty() {
        if run.state.is_living() {
            let advice = "Loss and mAP are drawn here from the first report on.";
            ui.allocate_ui(vec2(ui.available_width(), 120.0), |ui| {
                empty_state(ui, theme, Icon::Curve, "No report yet", advice);
            });
        }
        return;
    }
    ui.add_space(8.0);
    loss(ui, view, &run.curves);
    ui.add_space(8.0);
    map(ui, theme, &run.curves);
}

fn loss(ui: &mut Ui, view: &mut View<'_>, curves: &Curves) {
    let theme = view.theme;
    let latest = curves.loss.last().map_or(String::new(), |point| format!("{:.3}", point[1]));
    ui.horizontal(|ui| {
        ui.label(strong(theme, "Loss"));
        if LossSplit::ALL.into_iter().all(|split| curves.has_split(split)) {
            splits(ui, view);
        }
        latest_words(ui, theme, &latest);
    });
    let mut drawn = vec![("total".to_owned(), thinned(&curves.loss), theme.text(), 2.0)];
    for (index, (name, points)) in curves.parts(view.state.settings.loss_split).into_iter().enumerate() {
        drawn.push((name, thinned(points), theme.class(index), 1.2));
    }
    let names: Vec<(String, Color32)> = drawn.iter().map(|(name, _, colour, _)| (name.clone(), *colour)).collect();
    let last = curves.loss.last().map_or(0.0, |point| point[0]);
    plot("loss", ui, theme, last).include_y(0.0).label_formatter(|at| hover(at, |y| format!("{y:.4}"))).show(
        ui,
        |plot| {
            // The total is drawn last, on top.
            for (name, points, colour, width) in drawn.into_iter().rev() {
                plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(width));
            }
        },
    );
    legend(ui, theme, &names);
}

fn map(ui: &mut Ui, theme: &Theme, curves: &Curves) {
    let Some(best) = curves.best() else {
        title(ui, theme, "mAP", "");
        caption(ui, theme, "Measured at the end of the first evaluated epoch.");
        return;
    };
    let words = format!("best {} after epoch {}", percent(best.average), best.epoch + 1);
    title(ui, theme, "mAP", &words);
    let thresholds = curves.thresholds();
    let average = curves.average_curve();
    let best_at = [best.step as f64, best.average];
    let shade = |index: usize| {
        // Stricter thresholds are paler: one family of curves, ordered.
        let strength = 1.0 - 0.72 * index as f32 / thresholds.len().max(1) as f32;
        theme.class(0).gamma_multiply(strength)
    };
    let percentages = |points: &[[f64; 2]]| -> Vec<[f64; 2]> { points.iter().map(|[x, y]| [*x, *y * 100.0]).collect() };
    let lines: Vec<(String, Vec<[f64; 2]>, Color32)> = thresholds
        .iter()
        .enumerate()
        .map(|(index, tiou)| (format!("tIoU {tiou}"), percentages(&curves.map_curve(tiou)), shade(index)))
        .collect();
    let mut names: Vec<(String, Color32)> = lines.iter().map(|(name, _, colour)| (name.clone(), *colour)).collect();
    names.insert(0, ("average".to_owned(), theme.text()));
    let average = percentages(&average);
    let (text, good) = (theme.text(), theme.good());
    plot("map", ui, theme, curves.evals.last().map_or(0, |eval| eval.step) as f64)
        .include_y(0.0)
        .include_y(10.0)
        .label_formatter(|at| hover(at, |y| format!("{y:.1} %")))
        .show(ui, |plot| {
            for (name, points, colour) in lines {
                plot.points(Points::new(name.clone(), points.clone()).color(colour).radius(1.8));
                plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(1.2));
            }
            plot.line(Line::new("average", PlotPoints::from(average.clone())).color(text).width(2.0));
            plot.points(Points::new("average", average).color(text).radius(2.4));
            plot.points(Points::new("best", vec![[best_at[0], best_at[1] * 100.0]]).color(good).radius(4.0));
        });
    legend(ui, theme, &names);
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

fn title(ui: &mut Ui, theme: &Theme, name: &str, words: &str) {
    ui.horizontal(|ui| {
        ui.label(strong(theme, name));
        latest_words(ui, theme, words);
    });
}

fn latest_words(ui: &mut Ui, theme: &Theme, words: &str) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.label(RichText::new(words).font(theme.small_font()).color(theme.text_soft()));
    });
}

/// A plot of steps up to `last`.
fn plot<'a>(id: &'static str, ui: &Ui, theme: &Theme, last: f64) -> Plot<'a> {
    // As many labels as have room for their digits.
    let room = 24.0 + 8.0 * (last.max(1.0).log10().floor() + 1.0);
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
        .custom_y_axes(vec![AxisHints::new_y().label_spacing(13.0..=14.0).min_thickness(30.0)])
        .custom_x_axes(vec![AxisHints::new_x().label_spacing(13.0..=14.0)])
        .grid_spacing(LEAST_GRID..=LEAST_GRID + 1.0)
        .x_grid_spacer(move |input| marks(input, room, 1.0))
        .y_grid_spacer(|input| marks(input, 26.0, 0.0))
        .set_margin_fraction(vec2(0.02, 0.08))
}

/// Marks at round values at least `room` points and `least` apart, each with a line and a label.
fn marks(input: GridInput, room: f64, least: f64) -> Vec<GridMark> {
    let (from, to) = input.bounds;
    let step = round_step((input.base_step_size / f64::from(LEAST_GRID) * room).max(least));
    let (first, last) = ((from / step).ceil() as i64, (to / step).floor() as i64);
    (first..=last).map(|n| GridMark { value: n as f64 * step, step_size: step }).collect()
}

/// The least of 1, 2 and 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0].map(|digit| digit * power).into_iter().find(|&step| step >= least).unwrap_or(10.0 * power)
}

fn hover(at: &HoverPosition<'_>, value: impl Fn(f64) -> String) -> Option<String> {
    match at {
        HoverPosition::NearDataPoint { plot_name, position, .. } => {
            Some(format!("{plot_name}\n{} at step {}", value(position.y), position.x.round()))
        }
        HoverPosition::Elsewhere { .. } => None,
    }
}

pub(super) fn legend(ui: &mut Ui, theme: &Theme, names: &[(String, Color32)]) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(10.0, 2.0);
        ui.spacing_mut().interact_size.y = 16.0;
        for (name, colour) in names {
            // One piece each, so that a line never breaks within a name.
            let galley = ui.painter().layout_no_wrap(name.clone(), theme.small_font(), theme.text_soft());
            let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 13.0, 16.0), Sense::hover());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, name));
            ui.painter().circle_filled(rect.left_center() + vec2(4.0, 0.0), 3.5, *colour);
            let at = rect.left_center() + vec2(13.0, -galley.size().y * 0.5);
            ui.painter().galley(at, galley, theme.text_soft());
        }
    });
}

fn thinned(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let mut kept: Vec<[f64; 2]> = points.iter().step_by(step).copied().collect();
    if kept.last() != points.last() {
        kept.extend(points.last());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_at_round_values_with_room_between() {
        assert_eq!([0.03, 1.0, 1.1, 14.0, 53.0].map(round_step), [0.05, 1.0, 2.0, 20.0, 100.0]);
        // 1300 steps on 320 points, labels of four digits.
        let input = GridInput { bounds: (-20.0, 1290.0), base_step_size: 1310.0 / 320.0 * f64::from(LEAST_GRID) };
        let values: Vec<f64> = marks(input, 56.0, 1.0).iter().map(|mark| mark.value).collect();
        assert_eq!(values, [0.0, 500.0, 1000.0]);
    }

    #[test]
    fn a_short_curve_is_whole_and_a_long_one_keeps_its_ends() {
        let short = [[0.0, 1.0], [1.0, 2.0]];
        assert_eq!(thinned(&short), short);
        let long: Vec<[f64; 2]> = (0..50_000).map(|n| [f64::from(n), 0.0]).collect();
        let kept = thinned(&long);
        assert!(kept.len() <= MOST_POINTS + 1);
        assert_eq!((kept.first(), kept.last()), (long.first(), long.last()));
    }
}
