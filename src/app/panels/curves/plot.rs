//! The plot of a quantity over the steps of a run: axes, grid, zoom, what the pointer says, legend.

use egui::{Color32, Sense, Ui, vec2};
use egui_plot::{AxisHints, GridInput, GridMark, HoverPosition, Line, Plot, PlotPoints, PlotUi};

use crate::state::{Extremes, RunView, decimated, smoothed};

use super::super::super::theme::Theme;
use super::kept::{self, Key, Part};

const HEIGHT: f32 = 166.0;

/// Points between two lines of the grid at least, as egui counts them; below, none is drawn.
const LEAST_GRID: f32 = 10.0;

/// One curve of a plot.
#[derive(Clone)]
pub(super) struct Curve<'a> {
    pub name: String,
    pub points: &'a [[f64; 2]],
    /// What a value is multiplied by to be drawn.
    pub scale: f64,
    pub colour: Color32,
    pub width: f32,
    /// By what it is known from one picture to the next; a short curve is not.
    pub key: Option<Key>,
}

impl<'a> Curve<'a> {
    pub(super) fn new(name: impl Into<String>, points: &'a [[f64; 2]], colour: Color32, width: f32) -> Self {
        Self { name: name.into(), points, scale: 1.0, colour, width, key: None }
    }

    /// A curve that a run reports over its steps; names are unique within a kind.
    pub(super) fn of(
        run: &RunView,
        kind: &str,
        name: impl Into<String>,
        points: &'a [[f64; 2]],
        colour: Color32,
        width: f32,
    ) -> Self {
        let curve = Self::new(name, points, colour, width);
        Self { key: Some(Key::of(run, kind, &curve.name)), ..curve }
    }
}

/// What of a curve is in the picture, in pieces as wide as two points at least, smoothed or not.
fn visible(plot: &PlotUi<'_>, curve: &Curve<'_>, weight: Option<f64>) -> Vec<[f64; 2]> {
    let bounds = plot.plot_bounds();
    let buckets = (plot.response().rect.width() / 2.0).max(20.0) as usize;
    let (from, to) = (bounds.min()[0], bounds.max()[0]);
    // Before the first picture there are no bounds.
    let (from, to) = if to > from { (from, to) } else { (f64::NEG_INFINITY, f64::INFINITY) };
    // A curve that fits its picture is drawn whole, so that the picture can fit the curve.
    let (from, to) = if plot.auto_bounds().x { (f64::NEG_INFINITY, f64::INFINITY) } else { (from, to) };
    match curve.key {
        Some(key) => kept::points(plot.ctx(), key, curve.points, weight, Part { from, to, buckets }),
        None => {
            let smooth = weight.map(|weight| smoothed(curve.points, weight));
            decimated(smooth.as_deref().unwrap_or(curve.points), &Extremes::default(), from, to, buckets)
        }
    }
}

/// Draws a curve, smoothed with a weight or as reported.
pub(super) fn draw(plot: &mut PlotUi<'_>, curve: &Curve<'_>, weight: Option<f64>, log: bool) {
    let points = visible(plot, curve, weight);
    let scaled = points.into_iter().filter(|point| !log || point[1] > 0.0).map(|[x, y]| {
        let y = y * curve.scale;
        [x, if log { y.log10() } else { y }]
    });
    let points: Vec<[f64; 2]> = scaled.collect();
    plot.line(Line::new(curve.name.clone(), PlotPoints::from(points)).color(curve.colour).width(curve.width));
}

/// A value of an axis in as few letters as tell it: "1200", "0.05", "2e-5".
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size > 0.0 && !(1e-3..1e5).contains(&size) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A plot of steps up to `last`.
pub(super) fn plot<'a>(id: &'static str, ui: &Ui, theme: &Theme, last: f64, log: bool) -> Plot<'a> {
    // As many labels as have room for their digits.
    let room = 24.0 + 8.0 * (last.max(1.0).log10().floor() + 1.0);
    // The wheel alone scrolls the panel.
    Plot::new(id)
        .height(HEIGHT)
        .width(ui.available_width())
        .allow_scroll(false)
        .allow_boxed_zoom(true)
        .allow_zoom([true, false])
        .allow_drag([true, false])
        .show_x(false)
        .show_y(false)
        .grid_color(theme.line())
        .custom_y_axes(vec![
            AxisHints::new_y()
                .label_spacing(13.0..=14.0)
                .min_thickness(30.0)
                .formatter(move |mark, _| if log { short(10f64.powf(mark.value)) } else { short(mark.value) }),
        ])
        .custom_x_axes(vec![AxisHints::new_x().label("step").label_spacing(13.0..=14.0)])
        .grid_spacing(LEAST_GRID..=LEAST_GRID + 1.0)
        .x_grid_spacer(move |input| marks(input, room, 1.0))
        .y_grid_spacer(move |input| marks(input, 26.0, if log { 1.0 } else { 0.0 }))
        .set_margin_fraction(vec2(0.02, 0.08))
}

/// Marks at round values at least `room` points and `least` apart, each with a line and a label.
pub(in super::super) fn marks(input: GridInput, room: f64, least: f64) -> Vec<GridMark> {
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

pub(super) fn hover(at: &HoverPosition<'_>, value: impl Fn(f64) -> String) -> Option<String> {
    match at {
        HoverPosition::NearDataPoint { plot_name, position, .. } => {
            Some(format!("{plot_name}\n{} at step {}", value(position.y), position.x.round()))
        }
        HoverPosition::Elsewhere { .. } => None,
    }
}

pub(in super::super) fn legend(ui: &mut Ui, theme: &Theme, names: &[(String, Color32)]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short() {
        assert_eq!([0.0, 0.05, 1200.0, 2e-5, 3e6, -1.5].map(short), ["0", "0.05", "1200", "2e-5", "3e6", "-1.5"]);
    }

    #[test]
    fn marks_stand_at_round_values_with_room_between() {
        assert_eq!([0.03, 1.0, 1.1, 14.0, 53.0].map(round_step), [0.05, 1.0, 2.0, 20.0, 100.0]);
        // 1300 steps on 320 points, labels of four digits.
        let input = GridInput { bounds: (-20.0, 1290.0), base_step_size: 1310.0 / 320.0 * f64::from(LEAST_GRID) };
        let values: Vec<f64> = marks(input, 56.0, 1.0).iter().map(|mark| mark.value).collect();
        assert_eq!(values, [0.0, 500.0, 1000.0]);
    }
}
