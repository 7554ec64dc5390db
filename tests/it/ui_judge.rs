//! Going through what a detector found, by the names that screen readers read: clicks in curves, tables and on the timeline, what to annotate
//! next, one judgement after another.

use egui::{Modifiers, Pos2};
use egui_kittest::kittest::Queryable as _;
use etad::eval::ErrorKind;
use etad::state::{Annotate, Command, Inspect, Page, State};

use crate::ui_support::{project, screenshot, wait};
use crate::ui_watch::{Window, click_at};
use crate::ui_why::{compared, followed, front};

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
    harness
        .query_all_by_label_contains(&format!("Class {class}: average precision"))
        .next()
        .expect("a row")
        .click_accesskit();
    wait(&mut harness, "its errors", |state| state.inspect.filter.class.as_ref() == Some(&class));
    harness.get_by_label("Precision-recall").click_accesskit();
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
    harness.get_by_label("Confusion").click_accesskit();
    wait(&mut harness, "the page", |state| state.inspect.page == Page::Confusion);
    harness.run_steps(3);
    // The first cell: hits of the first class.
    let rect = harness.get_by_label("Confusion matrix").rect();
    click_at(&mut harness, rect.min + egui::vec2(96.0 + 12.0, 78.0 + 12.0));
    wait(&mut harness, "what is behind it", |state| {
        let label = state.inspect.comparison.as_ref().map(|known| known.review.labels[0].clone());
        state.inspect.filter.kind.is_some() && state.inspect.filter.class == label
    });
    harness.get_by_label("Videos of the errors");
    lists_what_is_behind_bins_and_curves(&mut harness);
    front(&mut harness, "Analysis");
    harness.get_by_label("Results").click_accesskit();
    wait(&mut harness, "the page", |state| state.inspect.page == Page::Results);
    harness.run_steps(3);
    let other = harness.state().state().inspect.measured.last().expect("a row").video.clone();
    harness.get_by_label(&format!("Results of {other}")).click_accesskit();
    wait(&mut harness, "the video", |state| state.selected().is_some_and(|entry| entry.id == other));
}

/// A bin and a point of the recall lead to missed truths, and the list to those of one video.
fn lists_what_is_behind_bins_and_curves(harness: &mut Window) {
    harness.state_mut().command(Command::SetMinScore(1.0));
    front(harness, "Analysis");
    harness.state_mut().command(Command::Inspect(Inspect::Page(Page::Bins)));
    harness.run_steps(4);
    harness.query_all_by_label_contains("Missed by length").next().expect("a bin").click_accesskit();
    wait(harness, "its truths", |state| state.inspect.filter.bin.is_some());
    harness.get_by_label("Videos of the errors");
    let state = harness.state().state();
    let bin = state.inspect.filter.bin.expect("a bin");
    assert!(!state.inspect.rows.is_empty());
    for row in &state.inspect.rows {
        let [start, end] = state.inspect.describe(row).expect("described").segment;
        assert!(row.score.is_none() && end - start > bin.from && end - start <= bin.to);
    }
    front(harness, "Analysis");
    harness.state_mut().command(Command::Inspect(Inspect::Page(Page::Proposals)));
    harness.run_steps(4);
    let rect = harness.get_by_label("Plot of recall over detections").rect();
    click_at(harness, rect.center());
    wait(harness, "missed truths", |state| {
        state.inspect.filter.bin.is_none() && state.inspect.filter.kind == Some(ErrorKind::Missed)
    });
    let named = harness.state().state().inspect.comparison.as_ref().expect("one").review.videos.clone();
    let video = named.iter().find(|(_, video)| video.in_truth.is_some()).expect("a video").0.clone();
    harness.get_by_label("Videos of the errors").click_accesskit();
    harness.run_steps(4);
    harness.query_all_by_label(&video).last().expect("in the list").click_accesskit();
    wait(harness, "one video", |state| state.inspect.filter.video.as_ref() == Some(&video));
    harness.run_steps(4);
    harness.state_mut().command(Command::Inspect(Inspect::Video(None)));
    harness.state_mut().command(Command::SetMinScore(0.1));
    harness.run_steps(4);
}

#[test]
fn what_to_annotate_next_is_a_list_and_each_judgement_goes_on_and_is_one_step_back() {
    let folder = project();
    let (mut harness, _writer) = followed(folder.path(), 3);
    harness.state_mut().command(Command::SetMinScore(0.0));
    // What was found in a video whose annotations are gone has not been judged.
    harness.state_mut().command(Annotate::SelectAll.into());
    harness.state_mut().command(Annotate::Delete.into());
    compared(&mut harness);
    let history = |state: &State| state.editing.book.undoable().map(|edit| edit.title.clone());
    let before = history(harness.state().state());
    front(&mut harness, "Analysis");
    harness.get_by_label("What next").click_accesskit();
    wait(&mut harness, "the page", |state| state.inspect.page == Page::Next);
    harness.run_steps(3);
    screenshot(&mut harness, "what_next");
    let next = harness.state().state().inspect.next.clone().expect("ranked");
    assert!(next.moments.len() >= 3, "{next:?}");
    assert!(next.moments.windows(2).all(|pair| pair[0].worth >= pair[1].worth));
    harness.query_all_by_label_contains("Video to annotate ").next().expect("a video").click_accesskit();
    wait(&mut harness, "its first moment", |state| state.inspect.target.is_some() && state.inspect.moment.is_some());
    let first = &next.moments[0];
    let label = format!("Moment {} {:.2} to", first.label, first.segment[0]);
    harness.query_all_by_label_contains(&label).next().expect("a row").click_accesskit();
    let at = |state: &State, index: usize| {
        let moment = &next.moments[index];
        state
            .inspect
            .target
            .as_ref()
            .is_some_and(|target| (&target.video, target.segment) == (&moment.video, moment.segment))
    };
    wait(&mut harness, "the moment", |state| at(state, 0) && state.playback.is_ready());
    harness.key_press(egui::Key::X);
    wait(&mut harness, "rejected, and on", |state| at(state, 1) && state.playback.is_ready());
    assert_eq!(history(harness.state().state()), Some(format!("Reject {}", first.label)));
    compared(&mut harness);
    let left = harness.state().state().inspect.next.clone().expect("ranked");
    assert!(left.moments.iter().all(|one| (&one.video, one.segment) != (&first.video, first.segment)));
    harness.key_press(egui::Key::A);
    wait(&mut harness, "accepted, and on", |state| !at(state, 1) && state.inspect.target.is_some());
    assert_eq!(history(harness.state().state()), Some(format!("Accept {}", next.moments[1].label)));
    harness.state_mut().command(Command::Pause);
    for expected in [Some(format!("Reject {}", first.label)), before] {
        harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::Z);
        wait(&mut harness, "undo", |state| history(state) == expected);
    }
    // Where nobody wants to be led on, what was accepted stays in hand.
    front(&mut harness, "Errors");
    harness.get_by_label("Go on").click_accesskit();
    wait(&mut harness, "no going on", |state| !state.settings.go_on);
    compared(&mut harness);
    harness.state_mut().command(Command::Inspect(Inspect::Select(0)));
    wait(&mut harness, "an error", |state| state.inspect.target.is_some() && state.playback.is_ready());
    harness.state_mut().command(Command::Pause);
    harness.key_press(egui::Key::A);
    wait(&mut harness, "in hand", |state| state.inspect.target.is_none() && state.editing.selection.len() == 1);
}

#[test]
fn a_click_on_a_detection_of_the_timeline_takes_it_at_hand() {
    let folder = project();
    let (mut harness, _writer) = followed(folder.path(), 3);
    wait(&mut harness, "the video", |state| state.playback.is_ready());
    // High enough for all lanes.
    harness.set_size(egui::vec2(1280.0, 1200.0));
    harness.run_steps(8);
    let bars = harness.query_all_by_label_contains("Prediction ").map(|bar| bar.rect());
    // The one that is highest is in a lane that is wholly seen.
    let rect = bars.min_by(|a, b| a.top().total_cmp(&b.top())).expect("a bar");
    click_at(&mut harness, rect.center());
    wait(&mut harness, "a target", |state| state.inspect.target.is_some());
    front(&mut harness, "Errors");
    harness.get_by_label("Reject").click_accesskit();
    wait(&mut harness, "a rejection", |state| {
        state.editing.book.undoable().is_some_and(|edit| edit.title.starts_with("Reject "))
    });
}
