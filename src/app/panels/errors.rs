//! The two sliders with what they give, the kinds of errors with what each costs, and the list of errors.

use egui::accesskit::Role;
use egui::{
    Align, Button, CornerRadius, Grid, Layout, Rect, Response, RichText, ScrollArea, Sense, Slider, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::eval::diagnosis::Kind;
use crate::eval::{ErrorFilter, ErrorKind, ErrorRow, Tally, slider_tious};
use crate::state::{Command, Correct, Inspect, Mark, clock_text};

use super::super::icons::Icon;
use super::super::theme::Theme;
use super::super::widgets::{caption, choice, empty_state, field, row_ground};
use super::{View, error_filters, marks, paint_line};

/// Least height of the list; where there is less room the panel scrolls.
const LIST: f32 = 180.0;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    if view.state.predictions.current().is_none() {
        let advice = "Train until an epoch is evaluated, or detect in videos that are annotated: hits, misses and false alarms are told here.";
        empty_state(ui, theme, Icon::Curve, "Nothing to compare yet", advice);
        return;
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - 6.0);
        against(ui, view);
        sliders(ui, view);
        if let Some(failure) = &inspect.failure {
            ui.add_space(6.0);
            ui.label(RichText::new(failure).color(theme.warn()));
            return;
        }
        totals(ui, view);
        ui.add_space(4.0);
        kinds(ui, view);
        ui.add_space(4.0);
        corrections(ui, view);
        error_filters::show(ui, view);
        let height = ui.available_height().max(LIST);
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            ui.set_min_height(height);
            list(ui, view);
        });
    });
}

/// Which subset's truth counts.
fn against(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let subsets: Vec<String> = view.state.subsets().into_iter().map(str::to_owned).collect();
    let chosen = view.state.inspect.compared_subset().unwrap_or_default().to_owned();
    let word = |subset: &str| if subset.is_empty() { "videos without a subset".to_owned() } else { subset.to_owned() };
    field(ui, theme, "Against", |ui, label| {
        let combo = choice(ui, theme, "compared subset", &word(&chosen)).show_ui(ui, |ui| {
            for subset in subsets {
                if ui.selectable_label(subset == chosen, word(&subset)).clicked() {
                    view.send(Command::Inspect(Inspect::Subset(subset)));
                }
            }
        });
        let tip = "The videos whose annotations count. Detections in videos that a detector learnt from look better than they are";
        combo.response.labelled_by(label).on_hover_text(tip);
    });
}

fn sliders(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let number = |ui: &mut Ui, value: f64| {
        ui.label(RichText::new(format!("{value:.2}")).font(theme.number_font()));
    };
    ui.spacing_mut().slider_width = (ui.available_width() - 290.0).clamp(60.0, 240.0);
    field(ui, theme, "tIoU", |ui, label| {
        let mut index = view.state.inspect.tiou;
        let slider = Slider::new(&mut index, 0..=slider_tious().len() - 1).show_value(false);
        let response = ui.add(slider).labelled_by(label);
        number(ui, view.state.inspect.threshold());
        let tip = "How much a detection must overlap a truth to count as a hit: length of both in common over length of either";
        if response.on_hover_text(tip).changed() {
            view.send(Command::Inspect(Inspect::Tiou(index)));
        }
    });
    field(ui, theme, "Score from", |ui, label| {
        let mut least = view.state.detecting.min_score;
        let response = ui.add(Slider::new(&mut least, 0.0..=1.0).show_value(false)).labelled_by(label);
        number(ui, least);
        if response.on_hover_text("Weaker detections are hidden and do not count").changed() {
            view.send(Command::SetMinScore(least));
        }
        let known = view.state.inspect.comparison.is_some();
        for (name, here, tip) in [
            ("Best F1", false, "The score with the best F1 in the subset, at this tIoU"),
            ("here", true, "The score with the best F1 in the open video"),
        ] {
            let enabled = known && (!here || view.state.inspect.totals.video.is_some());
            if ui.add_enabled(enabled, Button::new(name).small()).on_hover_text(tip).clicked() {
                view.send(Command::Inspect(Inspect::BestF1 { here }));
            }
        }
    });
}

fn percent_text(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1}", 100.0 * share))
}

fn right(ui: &mut Ui, width: f32, text: RichText) -> Response {
    ui.allocate_ui_with_layout(vec2(width, 18.0), Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_width(width);
        ui.label(text)
    })
    .inner
}

/// Precision, recall and F1 of the open video and of the subset.
fn totals(ui: &mut Ui, view: &View<'_>) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    ui.spacing_mut().interact_size.y = 18.0;
    Grid::new("totals").num_columns(7).spacing([6.0, 2.0]).show(ui, |ui| {
        ui.label("");
        let heads = ["precision %", "recall %", "F1 %", "hits", "false", "missed"];
        for (head, width) in heads.into_iter().zip(WIDTHS) {
            right(ui, width, RichText::new(head).font(theme.small_font()).color(theme.text_soft()));
        }
        ui.end_row();
        let rows = [("open video", inspect.totals.video), ("subset", Some(inspect.totals.subset))];
        for (name, tally) in rows {
            caption(ui, theme, name);
            let tally = tally.filter(|_| inspect.comparison.is_some());
            let cells = tally.map_or(["-", "", "", "", "", ""].map(str::to_owned), cells);
            for (cell, width) in cells.into_iter().zip(WIDTHS) {
                right(ui, width, RichText::new(cell).font(theme.number_font()));
            }
            ui.end_row();
        }
    });
    if inspect.is_waiting() {
        caption(ui, theme, "comparing…");
    }
}

const WIDTHS: [f32; 6] = [60.0, 46.0, 34.0, 28.0, 30.0, 38.0];

fn cells(tally: Tally) -> [String; 6] {
    let Tally { hits, false_alarms, missed } = tally;
    [
        percent_text(tally.precision()),
        percent_text(tally.recall()),
        percent_text(tally.f1()),
        hits.to_string(),
        false_alarms.to_string(),
        missed.to_string(),
    ]
}

/// Kinds of errors: how many, which share, what they cost. A click lists them alone.
fn kinds(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    let Some(comparison) = &inspect.comparison else { return };
    let totals = &inspect.totals;
    let gains = comparison.diagnosis.at_tiou.get(inspect.tiou).map(|at| at.gains);
    let detections = (totals.subset.hits + totals.subset.false_alarms).max(1) as f64;
    let truths = (totals.subset.hits + totals.subset.missed).max(1) as f64;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    kind_line(ui, theme, rect, ["Error", "count", "share", "mAP gain"].map(str::to_owned), false);
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], egui::Stroke::new(1.0, theme.line()));
    ui.spacing_mut().item_spacing.y = 0.0;
    let all = std::iter::once(ErrorKind::False(Kind::TruePositive)).chain(ErrorKind::ALL);
    for kind in all {
        let (count, share, gain) = match kind {
            ErrorKind::False(one) => {
                let count = totals.kinds[one as usize];
                let place = Kind::ERRORS.iter().position(|other| *other == one);
                (count, count as f64 / detections, place.and_then(|place| Some(gains?[place])))
            }
            ErrorKind::Missed => (totals.subset.missed, totals.subset.missed as f64 / truths, None),
        };
        let gain = gain.map_or(String::new(), |gain| format!("{:+.1}", 100.0 * gain));
        let share = format!("{:.1} %", 100.0 * share);
        let selected = inspect.filter.kind == Some(kind);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
        let name = format!("Errors of kind {}: {count}", kind.name());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &name));
        row_ground(ui.painter(), theme, &response, selected);
        let sign =
            if kind.letter().is_empty() { "hit".to_owned() } else { format!("{}  {}", kind.letter(), kind.name()) };
        kind_line(ui, theme, rect, [sign, count.to_string(), share, gain], true);
        let what = match kind {
            ErrorKind::Missed => "Share of the truths.",
            _ => {
                "Share of the detections. Gain: points of mAP at this tIoU without these, over the best detections of every score, ten a truth (DETAD)."
            }
        };
        if response.on_hover_text(format!("{} {what}", kind.advice())).clicked() {
            let wanted = (!selected).then_some(kind);
            let filter = ErrorFilter { kind: wanted, truth: None, bin: None, ..inspect.filter.clone() };
            view.commands.push(Command::Inspect(Inspect::Filter(filter)));
        }
    }
    ui.spacing_mut().item_spacing.y = 6.0;
}

fn kind_line(ui: &Ui, theme: &Theme, rect: Rect, cells: [String; 4], numbers: bool) {
    let middle = rect.center().y;
    let [name, rest @ ..] = cells;
    let soft = if numbers { theme.text() } else { theme.text_soft() };
    let font = if numbers { egui::FontId::proportional(theme.size.body) } else { theme.small_font() };
    paint_line(ui.painter(), pos2(rect.left() + 6.0, middle), rect.width() - 206.0, &name, font, soft);
    for (cell, edge) in rest.into_iter().zip([140.0, 74.0, 6.0]) {
        let font = if numbers { theme.number_font() } else { theme.small_font() };
        let at = pos2(rect.right() - edge, middle);
        ui.painter().text(at, egui::Align2::RIGHT_CENTER, cell, font, soft);
    }
}

/// What can be made of the detection that is looked at.
fn corrections(ui: &mut Ui, view: &mut View<'_>) {
    let inspect = &view.state.inspect;
    let keymap = &view.state.settings.keymap;
    let any = inspect.target.is_some();
    let go = keymap.named("error.next");
    let [start, end] = ["mark.in", "mark.out"].map(|id| keymap.named(id));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let accept = format!("It is right, with the marks {start} and {end} for edges where they are set");
        let reject = "There is no such action: it trains as a known negative".to_owned();
        let moment = "What the detector is least sure of".to_owned();
        for (name, enabled, (tip, deed), what) in [
            ("Accept", any, (accept, "accept"), Correct::Accept),
            ("Reject", any, (reject, "reject"), Correct::Reject),
            ("What next", true, (moment, "annotate.next"), Correct::NextMoment),
        ] {
            let button = ui.add_enabled(enabled, Button::new(name));
            let hint = keymap.hint(deed);
            let why = format!("Go to a detection first: {go}, or a click in a list{hint}");
            if button.on_hover_text(format!("{tip}{hint}")).on_disabled_hover_text(why).clicked() {
                view.commands.push(Command::Correct(what));
            }
        }
        ui.add_enabled_ui(any, |ui| {
            ui.menu_button("As", |ui| {
                for class in &view.state.editing.book.document.classes {
                    if ui.button(&class.name).clicked() {
                        view.commands.push(Command::Correct(Correct::AcceptAs(class.name.clone())));
                        ui.close();
                    }
                }
            })
            .response
            .on_hover_text("It is right, but of another class");
        });
        let mut on = view.state.settings.go_on;
        let tip = "Accepting and rejecting go on to the next thing to judge, and play it";
        if ui.checkbox(&mut on, "Go on").on_hover_text(tip).changed() {
            view.commands.push(Command::Correct(Correct::GoOn(on)));
        }
        ui.menu_button("All…", |ui| {
            for (name, here) in [("Accept all shown in the open video", true), ("Accept all shown in all videos", false)] {
                let tip = "From the score slider on, those that overlap no annotation of their class by the tIoU slider; one step of undo";
                if ui.button(name).on_hover_text(tip).clicked() {
                    view.commands.push(Command::Correct(Correct::AcceptAll { here }));
                    ui.close();
                }
            }
        });
    });
}

fn list(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let count = view.state.inspect.rows.len();
    if count == 0 {
        if view.state.inspect.comparison.is_some() {
            let advice = "No error fits: lower the score, raise the tIoU, or choose another kind.";
            empty_state(ui, theme, Icon::Check, "No errors to list", advice);
        }
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("errors").auto_shrink(false).show_rows(ui, theme.size.row, count, |ui, range| {
        for index in range {
            if let Some(row) = view.state.inspect.rows.get(index).copied() {
                line(ui, view, index, &row);
            }
        }
    });
}

fn line(ui: &mut Ui, view: &mut View<'_>, index: usize, row: &ErrorRow) {
    let theme = view.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme.size.row), Sense::click());
    let Some(one) = view.state.inspect.describe(row) else { return };
    let selected = view.state.inspect.selected == Some(index);
    let [start, end] = one.segment;
    response.widget_info(|| {
        let name = format!("Error {} {} {start:.2} to {end:.2} s in {}", row.kind.name(), one.label, one.video);
        WidgetInfo::selected(Role::ListItem, true, selected, name)
    });
    row_ground(ui.painter(), theme, &response, selected);
    let painter = ui.painter_at(rect);
    let middle = rect.center().y;
    let colour = match row.kind {
        ErrorKind::Missed => marks::colour(theme, Mark::Missed),
        ErrorKind::False(Kind::TruePositive) => marks::colour(theme, Mark::Hit),
        ErrorKind::False(kind) => marks::colour(theme, Mark::False(kind)),
    };
    let plate = Rect::from_center_size(pos2(rect.left() + 12.0, middle), vec2(15.0, 15.0));
    painter.rect_filled(plate, CornerRadius::same(3), colour);
    let letter = row.kind.letter();
    painter.text(plate.center(), egui::Align2::CENTER_CENTER, letter, theme.small_font(), theme.ink_on(colour));
    let score = row.score.map_or("-".to_owned(), |score| format!("{score:.2}"));
    paint_line(&painter, pos2(rect.left() + 26.0, middle), 34.0, &score, theme.number_font(), theme.text());
    // Where there is little room the start is enough: the names of videos often differ at their ends.
    let narrow = rect.width() < 440.0;
    let time = if narrow { clock_text(start) } else { format!("{}-{}", clock_text(start), clock_text(end)) };
    let room = if narrow { 58.0 } else { 114.0 };
    let rest = rect.width() - 82.0 - room;
    let body = egui::FontId::proportional(theme.size.body);
    let class = match one.truth.filter(|(truth, _)| *truth != one.label) {
        Some((truth, _)) => format!("{} / {truth}", one.label),
        None => one.label.to_owned(),
    };
    let dot = Rect::from_center_size(pos2(rect.left() + 68.0, middle), vec2(8.0, 8.0));
    painter.rect_filled(dot, CornerRadius::same(2), theme.class(view.state.colour(one.label)));
    paint_line(&painter, pos2(rect.left() + 77.0, middle), rest * 0.56, &class, body.clone(), theme.text());
    let at = pos2(rect.left() + 82.0 + rest * 0.56, middle);
    paint_line(&painter, at, room, &time, theme.number_font(), theme.text_soft());
    let at = pos2(rect.left() + 82.0 + room + rest * 0.56, middle);
    paint_line(&painter, at, rect.right() - at.x - 4.0, one.video, body, theme.text_soft());
    let response = response.on_hover_ui(|ui| {
        ui.label(RichText::new(format!("{}: {}", row.kind.name(), one.label)).font(theme.strong_font()));
        caption(ui, theme, format!("in {}, {} to {}", one.video, clock_text(start), clock_text(end)));
        if let Some((truth, [start, end])) = one.truth {
            caption(ui, theme, format!("nearest truth: {truth}, {} to {}", clock_text(start), clock_text(end)));
        }
        ui.label(row.kind.advice());
    });
    if response.clicked() {
        view.send(Command::Inspect(Inspect::Select(index)));
    }
}
