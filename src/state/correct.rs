//! Corrections: detections that a person accepts or rejects become annotations and known negatives, each one step of undo.

use serde_json::json;

use crate::domain::{Segment, tiou};
use crate::eval::{ErrorRow, Moment};
use crate::project::{Action, Change};

use super::editing::commit;
use super::inspect::show;
use super::{Effect, Inspect, Judging, Runs, State, inspect, runs};

/// The key of the annotation file under which rejected detections stand (spec 18).
const REJECTED: &str = "rejected";

/// Overlap from which two detections of a class are about the same.
const SAME: f64 = 0.5;

/// What a person makes of detections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Correct {
    /// The detection at hand is right; with the marks of start and end, where they are set, for edges.
    Accept,
    /// It is right but for its class.
    AcceptAs(String),
    /// It is none: kept as a known negative.
    Reject,
    /// All shown detections are right that overlap no annotation of their class: of the open video, or of all.
    AcceptAll {
        /// Of the open video alone.
        here: bool,
    },
    /// Take a detection of the open video at hand, by its place among the shown ones of the video.
    Choose(usize),
    /// Show the next moment worth annotating.
    NextMoment,
    /// Show a moment worth annotating, by its place in the ranking.
    ShowMoment(usize),
    /// Whether accepting and rejecting go on to the next thing to judge.
    GoOn(bool),
    /// Train on from the followed run's best weights with the annotations as they are now.
    TrainAgain,
}

/// The detection that a person looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Video name.
    pub video: String,
    /// Class.
    pub label: String,
    /// Seconds.
    pub segment: Segment,
    /// Confidence.
    pub score: f64,
}

pub(super) fn obey(state: &mut State, what: Correct, effects: &mut Vec<Effect>) {
    match what {
        Correct::Accept => accept_and_go_on(state, None, effects),
        Correct::AcceptAs(label) => accept_and_go_on(state, Some(label), effects),
        Correct::Reject => reject(state, effects),
        Correct::AcceptAll { here } => accept_all(state, here, effects),
        Correct::Choose(index) => choose(state, index),
        Correct::NextMoment => next_moment(state, effects),
        Correct::ShowMoment(index) => show_moment(state, index, effects),
        Correct::GoOn(on) => state.settings.go_on = on,
        Correct::TrainAgain => train_again(state, effects),
    }
}

/// A new action made of a detection; where it came from stands with it in the file.
fn action(state: &State, target: &Target, label: Option<String>, more: u64) -> Action {
    let of = state.predictions.shown.as_ref().map_or_else(String::new, super::Origin::name);
    let source = format!("{of}, {} score {:.3}", target.label, target.score);
    let [start, end] = target.segment;
    Action {
        id: state.editing.book.next_id() + more,
        segment: [start.max(0.0), end],
        label: label.unwrap_or_else(|| target.label.clone()),
        annotator: state.settings.annotator.clone(),
        foreign: [("source".to_owned(), json!(source))].into_iter().collect(),
        ..Action::default()
    }
}

/// Takes the detection at hand with the marks of start and end, where they are set, for edges.
fn accept_and_go_on(state: &mut State, label: Option<String>, effects: &mut Vec<Effect>) {
    let Some(mut target) = state.inspect.target.clone() else { return };
    if is_open(state, &target) {
        let [start, end] = target.segment;
        let marked = [state.editing.mark_in.unwrap_or(start), state.editing.mark_out.unwrap_or(end)];
        if marked[1] > marked[0] {
            target.segment = marked;
        }
    }
    if accept(state, target, label, effects) {
        (state.editing.mark_in, state.editing.mark_out) = (None, None);
        go_on(state, effects);
    }
}

/// Takes the detection at hand with an edge that was dragged. It stays in hand: its other edge may be wrong too.
pub(super) fn accept_dragged(state: &mut State, segment: Segment, effects: &mut Vec<Effect>) {
    if let Some(target) = state.inspect.target.clone() {
        accept(state, Target { segment, ..target }, None, effects);
    }
}

fn is_open(state: &State, target: &Target) -> bool {
    state.selected().is_some_and(|entry| entry.id == target.video)
}

/// Makes an annotation of a detection, one step of undo; whether it did.
fn accept(state: &mut State, target: Target, label: Option<String>, effects: &mut Vec<Effect>) -> bool {
    let is_open = is_open(state, &target);
    let new = action(state, &target, label, 0);
    let (id, title) = (new.id, format!("Accept {}", new.label));
    let change = Change::Action { video: target.video, before: None, after: Some(new) };
    let accepted = commit(state, &title, vec![change], effects);
    if accepted {
        if is_open {
            // Its edges can be dragged at once.
            state.editing.selection = [id].into();
        }
        state.inspect.target = None;
    }
    accepted
}

/// The next thing to judge, of what a person goes through.
fn go_on(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.settings.go_on {
        return;
    }
    match state.inspect.judging {
        Judging::Errors => inspect::obey(state, Inspect::Next(1), effects),
        Judging::Moments => next_moment(state, effects),
        Judging::Detections => {
            let next = state.detecting.selected.map_or(0, |index| index + 1);
            super::update::select_row(state, next, effects);
        }
    }
}

/// A click on a detection of the timeline.
pub(super) fn choose(state: &mut State, index: usize) {
    let Some(entry) = state.selected() else { return };
    let Some(found) = state.predictions.of(&entry.id).get(index) else { return };
    let (video, label) = (entry.id.clone(), found.label.clone());
    let target = Target { video, label, segment: found.segment, score: found.score };
    // Where the list has it, the next error is the one after it.
    let of_error = |row: &ErrorRow| {
        let known = state.inspect.describe(row);
        row.score == Some(target.score)
            && known.is_some_and(|one| (one.video, one.segment) == (target.video.as_str(), target.segment))
    };
    let selected = state.inspect.rows.iter().position(of_error);
    state.inspect.selected = selected;
    state.inspect.judging = Judging::Errors;
    state.inspect.target = Some(target);
}

fn reject(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(target) = state.inspect.target.clone() else { return };
    let known = state.editing.book.document.videos.get(&target.video).map(|record| record.head.clone());
    let Some(head) = known else { return };
    let mut after = head.clone();
    let mut rejected = after.foreign.get(REJECTED).and_then(|list| list.as_array()).cloned().unwrap_or_default();
    let source = state.predictions.shown.as_ref().map_or_else(String::new, super::Origin::name);
    rejected.push(json!({"segment": target.segment, "label": target.label, "source": source}));
    after.foreign.insert(REJECTED.to_owned(), rejected.into());
    let change = Change::Video { before: Some(Box::new(head)), after: Some(Box::new(after)) };
    if commit(state, &format!("Reject {}", target.label), vec![change], effects) {
        state.inspect.target = None;
        go_on(state, effects);
    }
}

fn accept_all(state: &mut State, here: bool, effects: &mut Vec<Effect>) {
    let open = state.selected().map(|entry| entry.id.clone());
    let least = state.detecting.min_score;
    let overlap = state.inspect.threshold();
    let Some(set) = state.predictions.current() else { return };
    let detections = set.detections.clone();
    let mut changes = Vec::new();
    for (video, found) in &detections.videos {
        if (here && Some(video) != open.as_ref()) || state.library.index(video).is_none() {
            continue;
        }
        let mut taken: Vec<(String, Segment)> = state
            .editing
            .book
            .document
            .actions(video)
            .iter()
            .map(|action| (action.label.clone(), action.segment))
            .collect();
        let annotated = taken.len();
        let mut ranked: Vec<_> = found.iter().filter(|one| one.score >= least).collect();
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        for one in ranked {
            let is_there = taken.iter().enumerate().any(|(index, (label, segment))| {
                let most = if index < annotated { overlap } else { SAME };
                *label == one.label && tiou(*segment, one.segment) >= most
            });
            if is_there || one.segment[1] <= one.segment[0] {
                continue;
            }
            taken.push((one.label.clone(), one.segment));
            let (video, label) = (video.clone(), one.label.clone());
            let target = Target { video: video.clone(), label, segment: one.segment, score: one.score };
            let after = Some(action(state, &target, None, changes.len() as u64));
            changes.push(Change::Action { video, before: None, after });
        }
    }
    let count = changes.len();
    let noun = if count == 1 { "detection" } else { "detections" };
    if commit(state, &format!("Accept {count} {noun}"), changes, effects) {
        let undo = state.settings.keymap.hint("undo");
        state.notices.done(format!("{count} {noun} accepted. Undo{undo} takes them back."));
    }
}

fn next_moment(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(next) = state.inspect.next.clone() else {
        return state
            .notices
            .done("Detect in some videos first: what to annotate next is told by what the detector is unsure of.");
    };
    // The list changes with every annotation: on from the moment that was shown last, or from where it stood.
    let last = state.inspect.moment.as_ref();
    let same = |last: &Moment| {
        let found = next.moments.iter().position(|one| (&one.video, one.segment) == (&last.video, last.segment));
        found.map(|place| place + 1)
    };
    let after = |last: &Moment| next.moments.iter().position(|one| one.worth <= last.worth);
    let place = last.and_then(|last| same(last).or_else(|| after(last))).unwrap_or(0);
    if next.moments.is_empty() {
        return state.notices.done("Everything that the detector found has been judged.");
    }
    show_moment(state, if place < next.moments.len() { place } else { 0 }, effects);
}

fn show_moment(state: &mut State, index: usize, effects: &mut Vec<Effect>) {
    let moment = state.inspect.next.as_ref().and_then(|next| next.moments.get(index)).cloned();
    let Some(moment) = moment else { return };
    let Moment { video, label, segment, score, .. } = moment.clone();
    state.inspect.moment = Some(moment);
    state.inspect.judging = Judging::Moments;
    show(state, &video, segment, effects);
    state.inspect.target = Some(Target { video, label, segment, score });
}

/// Rates of a fine-tuning against those of the run, and share of its epochs: enough to take corrections in, too little to forget.
const RATE: f64 = 0.2;
const EPOCHS: usize = 4;

fn train_again(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(run) = &state.run else { return };
    let folder = run.folder.clone();
    let summary = state.runs.iter().find(|other| other.folder == folder);
    let (Some(summary), Some(mut request)) = (summary, state.request()) else { return };
    let Some(checkpoint) = summary.checkpoint.clone() else {
        return state.notices.wrong(crate::domain::Failure::new("This run has no weights yet to go on from."));
    };
    let number = |key: &str| summary.digest.config.get(key).and_then(|value| value.parse::<f64>().ok());
    let mut overrides = Vec::new();
    for key in ["optimizer.detector_rate", "optimizer.encoder_rate"] {
        overrides.extend(number(key).map(|rate| format!("{key}={:e}", rate * RATE)));
    }
    let epochs = summary.digest.epochs.div_ceil(EPOCHS).max(1);
    overrides.push(format!("solver.epochs={epochs}"));
    request.config = folder.join("config.toml");
    request.init = super::Init::File(checkpoint);
    request.overrides = overrides;
    // The process reads the file, not the window.
    effects.push(Effect::SaveAnnotations);
    state.training.again = Some(folder);
    state.settings.queue.insert(0, request);
    runs::start_next(state, effects);
}

/// The old run stands beside the new one that goes on from it.
pub(super) fn started(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(old) = state.training.again.take() {
        runs::obey(state, Runs::Compare(old, true), effects);
    }
}
