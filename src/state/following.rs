//! What the processes that train tell, those of this window and others: the followed run, its evaluations, its end.

use std::path::PathBuf;

use crate::domain::{Event, Failure, RunEvent};
use crate::run::{Ended, RunWriter};

use super::refresh::refresh;
use super::{Effect, Origin, Report, RunState, RunSummary, RunView, State, correct, percent, runs};

pub(super) fn run(state: &mut State, report: Report, effects: &mut Vec<Effect>) {
    match report {
        Report::Runs(runs) => {
            found(state, runs, effects);
            // A run that lives is worth more than the newest; without one, the newest shows where things stand.
            let best = state.runs.iter().find(|run| run.alive).or(state.runs.first()).map(|run| run.folder.clone());
            if let (None, Some(folder)) = (&state.run, best) {
                follow(state, folder, false, effects);
            }
        }
        Report::TrainingStarted { folder } => {
            state.training.starting = false;
            follow(state, folder, true, effects);
            correct::started(state, effects);
        }
        Report::TrainingRefused(failure) => {
            state.training.starting = false;
            state.training.again = None;
            state.notices.wrong(failure);
        }
        Report::TrainingEnded { folder, how, success } => {
            if let Some(run) = state.run.as_mut().filter(|run| run.folder == folder) {
                run.ended = (!success).then_some(how);
                effects.push(Effect::CheckRun);
            } else {
                if success {
                    return runs::start_next(state, effects);
                }
                let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                state.notices.wrong(Failure::new(format!("The training {name} ended early: {how}.")));
                runs::start_next(state, effects);
            }
        }
        Report::RunEvents { folder, events } if state.run.as_ref().is_some_and(|run| run.folder == folder) => {
            events.iter().for_each(|event| run_event(state, event, effects));
            let told = |event: &RunEvent| {
                matches!(event.event, Event::Checkpoint { .. } | Event::Done { .. } | Event::Stopped)
            };
            if events.iter().any(told) {
                effects.extend(state.runs_folder().map(Effect::FindRuns));
            }
            if state.run.as_ref().is_some_and(|run| run.log.is_some()) {
                effects.push(Effect::ReadLog(folder.clone()));
            }
            read_predictions(folder, &events, effects);
        }
        Report::Log { folder, text } => {
            let reader = state.run.as_mut().filter(|run| run.folder == folder);
            if let Some(log) = reader.and_then(|run| run.log.as_mut()) {
                *log = text;
            }
        }
        Report::RunEvents { folder, events } => {
            if let Some(run) = state.compared.iter_mut().find(|run| run.folder == folder) {
                events.iter().for_each(|event| run.push(event));
                let (name, news) = (run.name.clone(), run.seen_alive);
                events.iter().filter(|_| news).for_each(|event| told_end(state, &name, false, &event.event, effects));
                // Its latest detections can stand beside those of the followed run.
                let is_eval = |event: &&RunEvent| matches!(event.event, Event::Eval { .. });
                let latest: Vec<RunEvent> = events.iter().rev().find(is_eval).cloned().into_iter().collect();
                read_predictions(folder, &latest, effects);
            }
        }
        Report::RunChecked { folder, alive } => run_checked(state, &folder, alive, effects),
        Report::EpochPredictions { folder, epoch, detections } => {
            let mut known = state.run.iter().chain(&state.compared);
            let Some(run) = known.find(|run| run.folder == folder) else { return };
            match detections {
                Ok(detections) => {
                    state.predictions.put(Origin::Epoch { run: run.name.clone(), epoch }, detections);
                    refresh(state);
                }
                Err(failure) => state.notices.wrong(failure),
            }
        }
        _ => {}
    }
}

fn run_event(state: &mut State, event: &RunEvent, effects: &mut Vec<Effect>) {
    let Some(run) = &mut state.run else { return };
    run.push(event);
    if let Event::Resumed { epoch, .. } = &event.event {
        let name = run.name.clone();
        state.predictions.forget_from(&name, *epoch);
        refresh(state);
    }
    let Some(run) = &state.run else { return };
    let (name, news, own) = (run.name.clone(), run.seen_alive, run.own);
    if news {
        told_end(state, &name, own, &event.event, effects);
    }
}

/// Tells the end of a training that was seen to live: of this window, of a terminal, of another window.
fn told_end(state: &mut State, name: &str, own: bool, event: &Event, effects: &mut Vec<Effect>) {
    match event {
        Event::Done { best_average_map, best_epoch } => {
            let best = best_average_map.zip(*best_epoch);
            let best = best
                .map_or(String::new(), |(map, epoch)| format!(": best mAP {} after epoch {}", percent(map), epoch + 1));
            state.notices.done(format!("The training {name} is finished{best}."));
        }
        // Whoever stopped it here knows.
        Event::Stopped if !own => state.notices.done(format!("The training {name} was stopped; all is saved.")),
        Event::Failed { message } => {
            state.notices.wrong(Failure::new(format!("The training {name} failed: {message}")));
        }
        _ => return,
    }
    effects.push(Effect::Attention);
}

/// What is known of all runs of the project is new: tells the end of one that nobody follows.
fn found(state: &mut State, now: Vec<RunSummary>, effects: &mut Vec<Effect>) {
    let before = std::mem::replace(&mut state.runs, now);
    let drawn = |folder: &PathBuf| {
        state.is_compared(folder) || state.run.as_ref().is_some_and(|followed| followed.folder == *folder)
    };
    let lived = |run: &&RunSummary| before.iter().any(|other| other.folder == run.folder && other.alive);
    let ended: Vec<RunSummary> =
        state.runs.iter().filter(|run| !run.alive && !drawn(&run.folder)).filter(lived).cloned().collect();
    for run in ended {
        let best = run
            .digest
            .best
            .map_or(String::new(), |(epoch, map)| format!(": best mAP {} after epoch {}", percent(map), epoch + 1));
        match run.digest.ended {
            Ended::Done => state.notices.done(format!("The training {} is finished{best}.", run.name)),
            Ended::Stopped => state.notices.done(format!("The training {} was stopped; all is saved.", run.name)),
            Ended::Failed => state.notices.wrong(Failure::new(format!("The training {} failed.", run.name))),
            Ended::Not | Ended::Paused => {
                state.notices.wrong(Failure::new(format!("The training {} was interrupted.", run.name)));
            }
        }
        effects.push(Effect::Attention);
    }
}

/// Predictions of epochs that are read without being asked for.
const MOST_READ: usize = 32;

/// Asks for the predictions of an epoch that were not read, or forgotten for want of room.
pub(super) fn read_missing(state: &State, origin: Option<&Origin>, effects: &mut Vec<Effect>) {
    let Some(Origin::Epoch { run: name, epoch }) = origin else { return };
    let run = state.run.iter().chain(&state.compared).find(|run| run.name == *name);
    let missing = origin.is_some_and(|origin| state.predictions.set(origin).is_none());
    if let Some(run) = run.filter(|_| missing) {
        let files = vec![(*epoch, RunWriter::predictions_file(*epoch))];
        effects.push(Effect::ReadPredictions { folder: run.folder.clone(), files });
    }
}

/// Asks for the predictions of the evaluations among `events`.
fn read_predictions(folder: PathBuf, events: &[RunEvent], effects: &mut Vec<Effect>) {
    let mut files: Vec<(usize, String)> = Vec::new();
    for event in events {
        match &event.event {
            // The run went back: what it evaluated after that place was overwritten or is to be.
            Event::Resumed { epoch, .. } => files.retain(|(other, _)| other < epoch),
            Event::Eval { epoch, predictions, .. } => files.push((*epoch, predictions.clone())),
            _ => {}
        }
    }
    // The latest show where things stand; a slider asks for an earlier one when it gets there.
    files.drain(..files.len().saturating_sub(MOST_READ));
    if !files.is_empty() {
        effects.push(Effect::ReadPredictions { folder, files });
    }
}

fn run_checked(state: &mut State, folder: &PathBuf, alive: bool, effects: &mut Vec<Effect>) {
    let Some(run) = state.run.as_mut().filter(|run| run.folder == *folder) else { return };
    run.seen_alive |= alive;
    // A process of our own may not have taken its lock yet, and its end is seen by the window itself.
    if alive || (run.own && run.ended.is_none() && run.state.is_living()) {
        return;
    }
    let (was_living, own) = (run.state.is_living(), run.own);
    run.lost();
    let news = run.seen_alive;
    if let (true, true, RunState::Dead(how)) = (was_living, news, &run.state) {
        let sentence = match run.curves.loss.last() {
            Some(point) => format!(
                "The training {} was interrupted after step {}: {how}. What it had saved is kept; press Continue to go on.",
                run.name, point[0]
            ),
            None => format!("The training {} ended before its first step: {how}.", run.name),
        };
        state.notices.wrong(Failure::new(sentence));
        effects.push(Effect::Attention);
    }
    effects.extend(state.runs_folder().map(Effect::FindRuns));
    if own {
        runs::start_next(state, effects);
    }
}

/// Follows a run from its first event on.
pub(super) fn follow(state: &mut State, folder: PathBuf, own: bool, effects: &mut Vec<Effect>) {
    let run = RunView::new(folder.clone(), own);
    if state.is_compared(&folder) {
        state.compared.retain(|other| other.folder != folder);
        effects.push(Effect::UnfollowBeside(folder.clone()));
    }
    let kept: Vec<String> = state.compared.iter().map(|run| run.name.clone()).collect();
    state.predictions.follow(&run.name, &kept);
    state.run = Some(run);
    effects.push(Effect::Follow(folder));
    refresh(state);
}
