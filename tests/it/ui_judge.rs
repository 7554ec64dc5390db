//! Going through what a detector found, by the names that screen readers read: clicks in curves and tables.

use egui::Pos2;
use egui_kittest::kittest::Queryable as _;
use etad::state::{Command, Page};

use crate::ui_support::{project, wait};
use crate::ui_watch::click_at;
use crate::ui_why::{followed, front};

/// Where a value of the precision-recall plot stands: its axes go from 0 to 100 with the margins that the plot has.
fn on_plot(rect: egui::Rect, recall: f64, precision: f64) -> Pos2 {
    let x = (100.0 * recall + 2.0) / 104.0;
    let y = (100.0 * precision + 4.0) / 108.0;
    egui::pos2(rect.left() + x as f32 * rect.width(), rect.bottom() - y as f32 * rect.height())
}

#[test]
fn rows_cells_and_points_of_the_analysis_lead_to_segments() {
    let folder = project();
    let (mut harness, _writer) = followed(folder.path(), 3);
    front(&mut harness, "Analysis");
    let class = harness.state().state().inspect.comparison.as_ref().expect("one").evaluation.classes[0].label.clone();
    harness.query_all_by_label_contains(&format!("Class {class}: average precision")).next().expect("a row").click();
    wait(&mut harness, "its errors", |state| state.inspect.filter.class.as_ref() == Some(&class));
    harness.get_by_label("Precision-recall").click();
    wait(&mut harness, "the page", |state| state.inspect.page == Page::PrecisionRecall);
    harness.run_steps(3);
    let state = harness.state().state();
    let point = *state.inspect.curve.first().expect("a hit");
    let (video, review) =
        state.inspect.comparison.as_ref().expect("one").review.videos.get_index(point.video).expect("it");
    let (video, score) = (video.clone(), review.detections[point.detection].score);
    let rect = harness.get_by_label("Plot of precision over recall").rect();
    click_at(&mut harness, on_plot(rect, point.recall, point.precision));
    wait(&mut harness, "the hit", |state| {
        state.inspect.target.as_ref().is_some_and(|target| target.video == video && (target.score - score).abs() < 1e-9)
    });
    harness.state_mut().command(Command::Pause);
    harness.get_by_label("Confusion").click();
    wait(&mut harness, "the page", |state| state.inspect.page == Page::Confusion);
    harness.run_steps(3);
    // The first cell: hits of the first class.
    let rect = harness.get_by_label("Confusion matrix").rect();
    click_at(&mut harness, rect.min + egui::vec2(96.0 + 12.0, 78.0 + 12.0));
    wait(&mut harness, "what is behind it", |state| {
        let label = state.inspect.comparison.as_ref().map(|known| known.review.labels[0].clone());
        state.inspect.filter.kind.is_some() && state.inspect.filter.class == label
    });
    harness.get_by_label("Results").click();
    wait(&mut harness, "the page", |state| state.inspect.page == Page::Results);
    harness.run_steps(3);
    let other = harness.state().state().inspect.measured.last().expect("a row").video.clone();
    harness.get_by_label(&format!("Results of {other}")).click();
    wait(&mut harness, "the video", |state| state.selected().is_some_and(|entry| entry.id == other));
}
