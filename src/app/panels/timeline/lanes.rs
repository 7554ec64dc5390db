//! The lanes and their bars. What is narrower than a pixel is joined with its neighbours, never left out.

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, Painter, Pos2, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use crate::state::{Bar, Lane, Mark, Marks, TimelineView, clock_text};

use super::super::super::theme::Theme;
use super::super::super::widgets::caption;
use super::super::marks;
use super::cover::{Covered, Thin};
use super::{NAMES, View, hands, paint_line, x_at};

const TRUTH: f32 = 16.0;
const PREDICTION: f32 = 9.0;
const BETWEEN: f32 = 2.0;
const PADDING: f32 = 5.0;

/// Bars that get a name of their own for screen readers; beyond, the table lists them.
const MOST_NAMED: usize = 200;

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
            let hit = paint_lane(ui, view, lane, rect, line, response.hover_pos(), &mut named);
            hands::act(ui, view, lane, &response, hit, line);
            if let Some(hit) = hit.filter(|_| view.state.editing.drag.is_none()) {
                response.on_hover_ui_at_pointer(|ui| details(ui, theme, hit.bar, hit.mark));
            }
        }
        hands::boxed(ui, view, &places, track);
        let empty = view.state.lanes.iter().all(|lane| lane.truth.is_empty() && lane.predictions().is_empty());
        if empty && !view.state.playback.playing {
            hint(ui, view);
        }
    });
    regions(ui, view, output.inner_rect, track);
}

/// The five keys that matter, in a video without segments.
fn hint(ui: &mut Ui, view: &View<'_>) {
    let theme = view.theme;
    ui.add_space(10.0);
    ui.vertical_centered(|ui| {
        ui.label(RichText::new("Nothing is annotated here yet").font(theme.strong_font()));
        ui.add_space(2.0);
        for line in [
            "Space plays. 1 … 9 while it plays logs a class: tap where it starts and ends, or hold.",
            "I and O mark start and end, Enter makes the segment. Or drag on a lane.",
            "Ctrl+Z takes anything back, also tomorrow. F1 shows all keys.",
        ] {
            caption(ui, theme, line);
        }
    });
}

/// Whether a lane is that of another run, epoch or file beside the shown detections.
pub(super) fn is_beside(view: &View<'_>, lane: &Lane) -> bool {
    lane.class.is_none() && view.state.predictions.beside.as_ref().is_some_and(|origin| origin.name() == lane.name)
}

/// Where a bar of truth stands.
pub(super) fn place(timeline: &TimelineView, bar: &Bar, line: Rect) -> Rect {
    let (left, right) = (x_at(timeline, line, bar.start), x_at(timeline, line, bar.end));
    let top = line.top() + PADDING + bar.row as f32 * (TRUTH + BETWEEN);
    Rect::from_min_max(pos2(left, top), pos2(right.max(left + 1.5), top + TRUTH))
}

fn lane_height(lane: &Lane) -> f32 {
    let rows = lane.truth_rows.max(1) as f32 * (TRUTH + BETWEEN) + lane.prediction_rows as f32 * (PREDICTION + BETWEEN);
    rows + 2.0 * PADDING
}

/// Paints a lane; returns the bar under the pointer.
fn paint_lane<'a>(
    ui: &Ui,
    view: &View<'_>,
    lane: &'a Lane,
    rect: Rect,
    line: Rect,
    pointer: Option<Pos2>,
    named: &mut usize,
) -> Option<Hit<'a>> {
    let theme = view.theme;
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
    let clipped = ui.painter_at(line);
    let beside = is_beside(view, lane);
    // Marks are of the detections that are compared.
    let known = view.state.marks().filter(|_| !beside);
    let paint =
        Lanes { painter: &clipped, theme, known, beside, pointer: pointer.filter(|at| line.contains(*at)), line };
    let mut hit = paint.truth(ui, view, lane, named);
    hit = paint.predictions(ui, view, lane, named).or(hit);
    growing(&clipped, view, lane, line);
    hit
}

/// Where the bars of a lane are painted, and what is known of them.
struct Lanes<'a> {
    painter: &'a Painter,
    theme: &'a Theme,
    known: Option<Marks<'a>>,
    beside: bool,
    pointer: Option<Pos2>,
    line: Rect,
}

impl Lanes<'_> {
    fn is_seen(&self, place: Rect) -> bool {
        place.right() >= self.line.left() - 2.0 && place.left() <= self.line.right() + 2.0
    }

    fn is_under(&self, place: Rect) -> bool {
        self.pointer.is_some_and(|at| place.expand(1.0).contains(at))
    }

    /// Annotated actions; returns the one under the pointer.
    fn truth<'b>(&self, ui: &Ui, view: &View<'_>, lane: &'b Lane, named: &mut usize) -> Option<Hit<'b>> {
        let mut hit = None;
        let (mut thin, mut thin_marks) = (Thin::default(), Thin::default());
        for bar in &lane.truth {
            let place = place(&view.state.timeline, bar, self.line);
            if !self.is_seen(place) {
                continue;
            }
            // Truth goes by the ids of its actions, which are in order.
            let index = view.state.actions().binary_search_by_key(&bar.id, |action| action.id);
            let mark = self.known.and_then(|known| known.of(true, index.ok()?));
            let under = self.is_under(place);
            if under {
                hit = Some(Hit { bar, place, mark });
            }
            let selected = view.state.editing.selection.contains(&bar.id);
            if place.width() <= 1.5 && !under && !selected {
                thin.add(self.painter, place, self.theme.class(bar.colour), bar.row);
                if mark == Some(Mark::Missed) {
                    thin_marks.add(self.painter, marks::strip(place), marks::colour(self.theme, Mark::Missed), bar.row);
                }
            } else {
                paint_bar(self.painter, self.theme, bar, place, under, selected);
                marks::paint(self.painter, self.theme, place, true, mark);
            }
            self.name(ui, lane, bar, place, mark, selected, named);
        }
        thin.finish(self.painter);
        thin_marks.finish(self.painter);
        hit
    }

    /// Detected actions, the best on top; what lies wholly behind better ones is left out. Returns the one under the pointer.
    fn predictions<'b>(&self, ui: &Ui, view: &View<'_>, lane: &'b Lane, named: &mut usize) -> Option<Hit<'b>> {
        let top = self.line.top() + PADDING + lane.truth_rows.max(1) as f32 * (TRUTH + BETWEEN);
        let target = view
            .state
            .inspect
            .target
            .as_ref()
            .filter(|target| view.state.selected().is_some_and(|entry| entry.id == target.video) && !self.beside);
        let mut covered = Covered::new(self.line, lane.prediction_rows);
        let mut seen = Vec::new();
        let mut hit = None;
        for bar in lane.predictions() {
            let mut place = place(&view.state.timeline, bar, self.line);
            if !self.is_seen(place) || !covered.add(bar.row, place.left(), place.right()) {
                continue;
            }
            place.min.y = top + bar.row as f32 * (PREDICTION + BETWEEN);
            place.max.y = place.min.y + PREDICTION;
            let mark = self.known.and_then(|known| known.of(false, bar.id as usize));
            seen.push(Hit { bar, place, mark });
        }
        for one in seen.into_iter().rev() {
            let Hit { bar, place, mark } = one;
            let under = self.is_under(place);
            if under {
                hit = Some(one);
            }
            let chosen = target.is_some_and(|target| {
                target.segment == [bar.start, bar.end] && *target.label == *bar.label && Some(target.score) == bar.score
            });
            if place.width() <= 1.5 && !under && !chosen {
                self.painter.rect_filled(place, 0.0, self.theme.class(bar.colour));
                if let Some(mark) = mark {
                    self.painter.rect_filled(marks::strip(place), 0.0, marks::colour(self.theme, mark));
                }
            } else {
                paint_bar(self.painter, self.theme, bar, place, under, chosen);
                marks::paint(self.painter, self.theme, place, false, mark);
            }
            self.name(ui, lane, bar, place, mark, chosen, named);
        }
        hit
    }

    /// A name for screen readers and tests, for the first bars.
    fn name(
        &self,
        ui: &Ui,
        lane: &Lane,
        bar: &Bar,
        place: Rect,
        mark: Option<Mark>,
        selected: bool,
        named: &mut usize,
    ) {
        if *named >= MOST_NAMED {
            return;
        }
        *named += 1;
        let truth = bar.score.is_none();
        let id = ui.scope_id().with((&lane.name, truth, bar.id));
        let response = ui.interact(place.intersect(self.line), id, Sense::hover());
        response.widget_info(|| {
            let word = mark.map_or(String::new(), |mark| format!(", {}", marks::word(mark, truth)));
            WidgetInfo::selected(Role::ListItem, true, selected, name_of(bar) + &word)
        });
    }
}

fn paint_bar(painter: &Painter, theme: &Theme, bar: &Bar, place: Rect, under: bool, selected: bool) {
    let radius = CornerRadius::same(3);
    let colour = theme.class(bar.colour);
    match bar.score {
        None => {
            let fill = if bar.draft { colour.gamma_multiply(0.4) } else { colour };
            painter.rect_filled(place, radius, fill);
            if bar.draft {
                painter.rect_stroke(place, radius, Stroke::new(1.0, colour), StrokeKind::Inside);
            }
            let visible = place.intersect(painter.clip_rect());
            if visible.width() > 34.0 {
                let at = pos2(visible.left() + 5.0, visible.center().y);
                let ink = if bar.draft { theme.text() } else { theme.ink_on(colour) };
                paint_line(painter, at, visible.width() - 8.0, &bar.label, theme.small_font(), ink);
            }
        }
        Some(score) => {
            // How sure the detector is shows as how full the bar is; the outline keeps the weak ones visible.
            painter.rect_filled(place, CornerRadius::same(2), colour.gamma_multiply(0.15 + 0.75 * score as f32));
            painter.rect_stroke(place, CornerRadius::same(2), Stroke::new(1.0, colour), StrokeKind::Inside);
        }
    }
    if selected {
        painter.rect_stroke(place, radius, Stroke::new(2.0, theme.text()), StrokeKind::Outside);
    } else if under {
        painter.rect_stroke(place, radius, Stroke::new(1.0, theme.text()), StrokeKind::Outside);
    }
}

/// Segments that are being logged grow with the playhead.
fn growing(painter: &Painter, view: &View<'_>, lane: &Lane, line: Rect) {
    let now = view.state.playback.time.as_secs();
    for logged in &view.state.editing.logged {
        if lane.class.as_ref().is_some_and(|class| *class != logged.label) {
            continue;
        }
        let timeline = &view.state.timeline;
        let (a, b) = (x_at(timeline, line, logged.start), x_at(timeline, line, now));
        let place = Rect::from_min_max(
            pos2(a.min(b), line.top() + PADDING),
            pos2(a.max(b).max(a + 2.0), line.top() + PADDING + TRUTH),
        );
        let colour = view.theme.class(view.state.colour(&logged.label));
        painter.rect_filled(place, CornerRadius::same(3), colour.gamma_multiply(0.6));
        painter.rect_stroke(place, CornerRadius::same(3), Stroke::new(1.5, view.theme.accent()), StrokeKind::Outside);
    }
}

/// Regions that nobody annotated, hatched over all lanes.
fn regions(ui: &Ui, view: &View<'_>, lanes: Rect, track: Rect) {
    let Some(entry) = view.state.selected() else { return };
    let Some(record) = view.state.editing.book.document.videos.get(&entry.id) else { return };
    let area = Rect::from_min_max(pos2(track.left(), lanes.top()), pos2(track.right(), lanes.bottom()));
    for (index, region) in record.head.not_annotated.iter().enumerate() {
        let left = x_at(&view.state.timeline, track, region[0]).max(area.left());
        let right = x_at(&view.state.timeline, track, region[1]).min(area.right());
        if right <= left {
            continue;
        }
        let place = Rect::from_min_max(pos2(left, area.top()), pos2(right, area.bottom()));
        let painter = ui.painter_at(place);
        painter.rect_filled(place, 0.0, view.theme.ground().gamma_multiply(0.55));
        let stroke = Stroke::new(1.0, view.theme.line());
        let mut x = left - place.height();
        while x < right {
            painter.line_segment([pos2(x, place.bottom()), pos2(x + place.height(), place.top())], stroke);
            x += 12.0;
        }
        let at = place.left_bottom() + vec2(4.0, -3.0);
        painter.text(at, Align2::LEFT_BOTTOM, "not annotated", view.theme.small_font(), view.theme.text_soft());
        let response = ui.interact(place, ui.scope_id().with(("region", index)), Sense::hover());
        let name = format!("Not annotated {:.2} to {:.2} s", region[0], region[1]);
        response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &name));
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
