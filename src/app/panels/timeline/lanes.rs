//! The lanes and their bars. What is narrower than a pixel is joined with its neighbours, never left out.

use egui::accesskit::Role;
use egui::{
    Color32, CornerRadius, Painter, Pos2, Rect, RichText, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::domain::Segment;
use crate::state::inspect::Marks;
use crate::state::{Bar, Lane, MOST_ROWS, Mark, Target, TimelineView, clock_text};

use super::super::super::theme::Theme;
use super::super::super::widgets::caption;
use super::super::marks;
use super::columns::Columns;
use super::{NAMES, View, hands, over, paint_line, x_at};

pub(super) const TRUTH: f32 = 16.0;
const PREDICTION: f32 = 9.0;
const BETWEEN: f32 = 2.0;
pub(super) const PADDING: f32 = 5.0;

/// Bars up to this many points are joined with their neighbours.
const THIN: f32 = 1.5;
/// Up to this many points corners and outlines cannot be seen.
const SLIM: f32 = 6.0;

/// Selected bars up to this many are outlined however narrow they are.
const MOST_OUTLINED: usize = 64;

/// Bars that get a name of their own for screen readers; beyond, the table lists them.
const MOST_NAMED: usize = 200;

/// Bars among which the one is looked for that covers the name of another.
const MOST_LOOKED_AT: usize = 200;

/// A bar and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Hit<'a> {
    /// The bar.
    pub(super) bar: &'a Bar,
    /// Its place.
    pub(super) place: Rect,
    /// What it is beside the truth.
    pub(super) mark: Option<Mark>,
}

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>, track: Rect) {
    let theme = view.theme;
    ui.spacing_mut().item_spacing.y = 0.0;
    let output = ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let mut named = 0;
        let mut places = Vec::new();
        let state = view.state;
        for lane in &state.lanes {
            let height = lane_height(lane);
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click_and_drag());
            response.widget_info(|| WidgetInfo::labeled(Role::Row, true, format!("Lane of {}", lane.name)));
            let line = Rect::from_min_max(pos2(track.left(), rect.top()), pos2(track.right(), rect.bottom()));
            places.push((lane, line));
            if !ui.is_rect_visible(rect) && !response.dragged() {
                continue;
            }
            let hit = paint_lane(ui, view, lane, (rect, line), response.hover_pos(), &mut named);
            hands::act(ui, view, lane, &response, hit, line);
            if let Some(hit) = hit.filter(|_| view.state.editing.drag.is_none()) {
                response.on_hover_ui_at_pointer(|ui| details(ui, theme, hit.bar, hit.mark));
            }
        }
        hands::boxed(ui, view, &places, track);
    });
    over::regions(ui, view, output.inner_rect, track);
    let empty = view.state.lanes.iter().all(|lane| lane.truth.is_empty() && lane.predictions.is_empty());
    if empty && !view.state.playback.playing && view.state.editing.drag.is_none() {
        let lanes = output.inner_rect;
        over::hint(ui, view, Rect::from_x_y_ranges(track.left() + 6.0..=track.right(), lanes.top()..=lanes.bottom()));
    }
}

/// Where a bar of truth stands.
pub(super) fn place(timeline: &TimelineView, bar: &Bar, line: Rect) -> Rect {
    place_of(timeline, [bar.start, bar.end], bar.row, line)
}

/// Where a bar of a detection stands: in the rows below the truth.
pub(super) fn prediction_place(timeline: &TimelineView, lane: &Lane, bar: &Bar, line: Rect) -> Rect {
    let mut place = place(timeline, bar, line);
    let top = line.top() + PADDING + lane.truth_rows.max(1) as f32 * (TRUTH + BETWEEN);
    place.min.y = top + bar.row as f32 * (PREDICTION + BETWEEN);
    place.max.y = place.min.y + PREDICTION;
    place
}

pub(super) fn place_of(timeline: &TimelineView, [start, end]: Segment, row: usize, line: Rect) -> Rect {
    let (left, right) = (x_at(timeline, line, start), x_at(timeline, line, end));
    let top = line.top() + PADDING + row as f32 * (TRUTH + BETWEEN);
    Rect::from_min_max(pos2(left, top), pos2(right.max(left + 1.5), top + TRUTH))
}

fn lane_height(lane: &Lane) -> f32 {
    let rows = lane.truth_rows.max(1) as f32 * (TRUTH + BETWEEN) + lane.prediction_rows as f32 * (PREDICTION + BETWEEN);
    rows + 2.0 * PADDING
}

/// What a lane is painted with.
struct Brush<'a> {
    ui: &'a Ui,
    view: &'a View<'a>,
    painter: Painter,
    line: Rect,
    pointer: Option<Pos2>,
    /// Whether somebody listens: bars have names only then.
    spoken: bool,
    thin: Columns,
    /// Marks of those, over them.
    strips: Columns,
    known: Option<Marks<'a>>,
    /// The detection that is judged.
    target: Option<&'a Target>,
}

/// Paints a lane; returns the bar under the pointer.
fn paint_lane<'a>(
    ui: &Ui,
    view: &View<'_>,
    lane: &'a Lane,
    (rect, line): (Rect, Rect),
    pointer: Option<Pos2>,
    named: &mut usize,
) -> Option<Hit<'a>> {
    let theme = view.theme;
    name(ui, theme, lane, rect);
    let clipped = ui.painter_at(line);
    // Wide bars are painted over the columns.
    let below = [clipped.add(Shape::Noop), clipped.add(Shape::Noop)];
    let timeline = &view.state.timeline;
    let drag = view.state.editing.drag.as_ref();
    let moved = drag.map(|drag| &drag.moved).filter(|moved| !moved.is_empty());
    let is_moved = |bar: &Bar| moved.is_some_and(|moved| moved.contains_key(&bar.id));
    let spoken = *named < MOST_NAMED && ui.ctx().accesskit_node_builder(ui.unique_id(), |_| ()).is_some();
    let [thin, strips] = [(), ()].map(|()| Columns::new(ui.pixels_per_point()));
    // Marks are of the detections that are compared; another run's stand in a lane of their own.
    let beside = hands::is_beside(view, lane);
    let known = view.state.marks().filter(|_| !beside);
    let here = |target: &&Target| view.state.selected().is_some_and(|entry| entry.id == target.video);
    let target = view.state.inspect.target.as_ref().filter(here).filter(|_| !beside);
    let mut brush = Brush { ui, view, painter: clipped, line, pointer, spoken, thin, strips, known, target };
    // A pointer or an outline reaches a little beyond.
    let margin = timeline.span * f64::from(3.0 / line.width().max(1.0));
    let (from, to) = (timeline.start - margin, timeline.start + timeline.span + margin);
    let mut hit = None;
    for bar in lane.truth.within(from, to).iter().filter(|bar| !is_moved(bar)) {
        let place = place(timeline, bar, line);
        hit = brush.bar(lane, bar, place, true, named).or(hit);
    }
    for bar in lane.truth.iter().filter(|bar| moved.is_some() && is_moved(bar)) {
        let [start, end] = moved.and_then(|moved| moved.get(&bar.id)).copied().unwrap_or([bar.start, bar.end]);
        let place = place_of(timeline, [start, end], bar.row, line);
        hit = brush.bar(lane, bar, place, true, named).or(hit);
    }
    let place = |bar: &Bar| prediction_place(timeline, lane, bar, line);
    // Only on the last row do bars overlap: there the best are painted last, on top.
    let mut over: Vec<&Bar> = Vec::new();
    for bar in lane.predictions.within(from, to) {
        if bar.row + 1 == MOST_ROWS {
            over.push(bar);
        } else {
            hit = brush.bar(lane, bar, place(bar), false, named).or(hit);
        }
    }
    over.sort_by(|a, b| a.score.unwrap_or_default().total_cmp(&b.score.unwrap_or_default()));
    for bar in over {
        hit = brush.bar(lane, bar, place(bar), false, named).or(hit);
    }
    let Brush { painter, thin, strips, .. } = brush;
    for (place, columns) in below.into_iter().zip([thin, strips]) {
        painter.set(place, columns.shape());
    }
    over::made(&painter, view, lane, line);
    over::growing(&painter, view, lane, line);
    hit
}

fn name(ui: &Ui, theme: &Theme, lane: &Lane, rect: Rect) {
    let painter = ui.painter();
    painter.line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme.line().gamma_multiply(0.6)));
    let mut left = rect.left() + 2.0;
    if let Some(colour) = lane.colour {
        let dot = pos2(rect.left() + 6.0, rect.center().y);
        painter.rect_filled(Rect::from_center_size(dot, vec2(8.0, 8.0)), CornerRadius::same(2), theme.class(colour));
        left += 14.0;
    }
    let width = NAMES - 10.0 - (left - rect.left());
    paint_line(painter, pos2(left, rect.center().y), width, &lane.name, theme.small_font(), theme.text());
}

impl Brush<'_> {
    /// Paints one bar; returns it if it is under the pointer.
    fn bar<'b>(&mut self, lane: &Lane, bar: &'b Bar, place: Rect, truth: bool, named: &mut usize) -> Option<Hit<'b>> {
        let Self { view, line, .. } = *self;
        let theme = view.theme;
        let under = self.pointer.is_some_and(|at| place.expand(1.0).contains(at) && line.contains(at));
        let judged = self.target.is_some_and(|target| {
            target.segment == [bar.start, bar.end] && Some(target.score) == bar.score && *target.label == *bar.label
        });
        let selected = judged || truth && view.state.editing.selection.contains(&bar.id);
        let colour = theme.class(bar.colour);
        let row = if truth { bar.row } else { MOST_ROWS + bar.row };
        let is_named = self.spoken && *named < MOST_NAMED;
        // A few that are selected have an outline each; of thousands the colour tells.
        let outlined = under || judged || selected && view.state.editing.selection.len() <= MOST_OUTLINED;
        let mark = self.mark(bar, truth);
        // Truth that was found needs no further word.
        let told = mark.filter(|mark| !(truth && *mark == Mark::Hit)).map(|mark| marks::colour(theme, mark));
        if !outlined && place.width() <= THIN {
            self.thin.add(row, place, if selected { theme.text() } else { colour });
            if let Some(told) = told {
                self.strips.add(row, marks::strip(place), told);
            }
            if !is_named {
                return None;
            }
        } else if !outlined && place.width() <= SLIM {
            if selected {
                self.thin.alone(place.expand(1.0), theme.text());
            }
            self.thin.alone(place, fill(bar, colour));
            if let Some(told) = told {
                self.strips.alone(marks::strip(place), told);
            }
        } else {
            let covered = if truth && bar.row + 1 == MOST_ROWS { self.covered(lane, bar) } else { f32::INFINITY };
            paint_bar(&self.painter, theme, bar, (place, covered), under, selected);
            marks::paint(&self.painter, theme, place, truth, mark);
        }
        if is_named {
            *named += 1;
            let id = self.ui.scope_id().with((&lane.name, truth, bar.id));
            let response = self.ui.interact(place.intersect(line), id, Sense::hover());
            response.widget_info(|| {
                let word = mark.map_or(String::new(), |mark| format!(", {}", marks::word(mark, truth)));
                WidgetInfo::selected(Role::ListItem, true, selected, name_of(bar) + &word)
            });
        }
        under.then_some(Hit { bar, place, mark })
    }

    /// Where the next bar of the last row, the only one on which bars overlap, begins.
    fn covered(&self, lane: &Lane, bar: &Bar) -> f32 {
        let later = lane.truth.partition_point(|other| (other.start, other.id) <= (bar.start, bar.id));
        // Slim ones lie below.
        let timeline = &self.view.state.timeline;
        let wide = f64::from(SLIM / self.line.width().max(1.0)) * timeline.span;
        let covers = |other: &&Bar| other.row == bar.row && other.end - other.start > wide;
        let next = lane.truth[later..].iter().take(MOST_LOOKED_AT).find(covers);
        next.map_or(f32::INFINITY, |next| x_at(timeline, self.line, next.start))
    }

    /// What a bar is beside the truth.
    fn mark(&self, bar: &Bar, truth: bool) -> Option<Mark> {
        self.known.as_ref()?.of(truth, bar.place)
    }
}

/// What a bar is filled with: paler while nobody verified it, or the less sure the detector is.
fn fill(bar: &Bar, colour: Color32) -> Color32 {
    match bar.score {
        None if bar.draft => colour.gamma_multiply(0.4),
        None => colour,
        Some(score) => colour.gamma_multiply(0.15 + 0.75 * score as f32),
    }
}

/// Paints a bar; from `covered` on, another one will lie on it.
fn paint_bar(painter: &Painter, theme: &Theme, bar: &Bar, (place, covered): (Rect, f32), under: bool, selected: bool) {
    let radius = CornerRadius::same(3);
    let colour = theme.class(bar.colour);
    match bar.score {
        None => {
            painter.rect_filled(place, radius, fill(bar, colour));
            if bar.draft {
                painter.rect_stroke(place, radius, Stroke::new(1.0, colour), StrokeKind::Inside);
            }
            let mut visible = place.intersect(painter.clip_rect());
            visible.max.x = visible.max.x.min(covered);
            if visible.width() > 34.0 {
                let at = pos2(visible.left() + 5.0, visible.center().y);
                let ink = if bar.draft { theme.text() } else { theme.ink_on(colour) };
                paint_line(painter, at, visible.width() - 8.0, &bar.label, theme.small_font(), ink);
            }
        }
        Some(_) => {
            // How sure the detector is shows as how full the bar is; the outline keeps the weak ones visible.
            painter.rect_filled(place, CornerRadius::same(2), fill(bar, colour));
            painter.rect_stroke(place, CornerRadius::same(2), Stroke::new(1.0, colour), StrokeKind::Inside);
        }
    }
    if selected {
        painter.rect_stroke(place, radius, Stroke::new(2.0, theme.text()), StrokeKind::Outside);
    } else if under {
        painter.rect_stroke(place, radius, Stroke::new(1.0, theme.text()), StrokeKind::Outside);
    }
}

pub(super) fn name_of(bar: &Bar) -> String {
    let Bar { start, end, label, .. } = bar;
    match bar.score {
        None => format!("Truth {label} {start:.2} to {end:.2} s"),
        Some(score) => format!("Prediction {label} {start:.2} to {end:.2} s, score {score:.2}"),
    }
}

fn details(ui: &mut Ui, theme: &Theme, bar: &Bar, mark: Option<Mark>) {
    ui.label(RichText::new(&*bar.label).font(theme.strong_font()));
    let times = format!("{} to {}", clock_text(bar.start), clock_text(bar.end));
    ui.label(RichText::new(times).font(theme.number_font()));
    caption(ui, theme, format!("{:.2} s long", bar.end - bar.start));
    let origin = match bar.score {
        None if bar.draft => "draft".to_owned(),
        None => "verified".to_owned(),
        Some(score) => format!("predicted, score {score:.3}"),
    };
    caption(ui, theme, origin);
    if let Some(mark) = mark {
        ui.label(RichText::new(marks::word(mark, bar.score.is_none())).color(marks::colour(theme, mark)));
    }
}
