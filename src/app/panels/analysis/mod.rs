//! Curves and tables of the shown detections beside the truth. A click leads to the segments behind a point, a cell or a row.

mod bins;
mod classes;
mod confusion;
mod next;
mod plots;
mod results;

use egui::{RichText, ScrollArea, Ui, vec2};

use crate::state::{Command, Inspect, Page};

use super::super::icons::Icon;
use super::super::widgets::{caption, empty_state};
use super::View;

pub(super) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let theme = view.theme;
    let inspect = &view.state.inspect;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
        ui.spacing_mut().button_padding = vec2(7.0, 2.0);
        for page in Page::ALL {
            let name = RichText::new(page.name()).font(theme.small_font());
            let tip = format!("Show this page: {}", page.name());
            if ui.selectable_label(inspect.page == page, name).on_hover_text(tip).clicked() {
                view.send(Command::Inspect(Inspect::Page(page)));
            }
        }
    });
    match inspect.page {
        Page::Results => return results::show(ui, view),
        Page::Next => return next::show(ui, view),
        _ => {}
    }
    let Some(comparison) = inspect.comparison.clone() else {
        let advice = match &inspect.failure {
            Some(failure) => failure.as_str(),
            None => "Train until an epoch is evaluated, or detect in videos that are annotated.",
        };
        empty_state(ui, theme, Icon::Curve, "Nothing to compare yet", advice);
        return;
    };
    let words = format!(
        "{}, tIoU {:.2}, score from {:.2}{}",
        if comparison.review.subset.is_empty() { "videos without a subset" } else { &comparison.review.subset },
        inspect.threshold(),
        view.state.detecting.min_score,
        inspect.filter.class.as_ref().map_or(String::new(), |class| format!(", {class}")),
    );
    caption(ui, theme, words).on_hover_text("Chosen in the panel Errors");
    ui.add_space(2.0);
    if inspect.page == Page::Confusion {
        return confusion::show(ui, view, &comparison);
    }
    ScrollArea::vertical().id_salt("analysis").auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - 6.0);
        match inspect.page {
            Page::PrecisionRecall => plots::precision_recall(ui, view),
            Page::Thresholds => plots::thresholds(ui, view, &comparison),
            Page::Proposals => plots::proposals(ui, view, &comparison),
            Page::Classes => classes::show(ui, view, &comparison),
            Page::Bins => bins::show(ui, view, &comparison),
            Page::Confusion | Page::Results | Page::Next => {}
        }
    });
}
