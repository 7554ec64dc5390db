//! Reports of jobs: what they change, and what follows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::{Dataset, Detections, Event, Failure, MediaTime, RunEvent, Video};
use crate::project::{Media, Opened};

use super::update::seek;
use super::{
    Effect, Entry, Health, Init, Library, Origin, PathField, Playback, PlayerRequest, Predictions, Project, Report,
    Row, RunState, RunView, State, Status, Thumbnail, TimelineView, TrainForm, VideoFacts, Wanted, forecast, lanes,
};

pub(super) fn react(state: &mut State, report: Report, effects: &mut Vec<Effect>) {
    match report {
        Report::Opened(Ok(opened)) => opened_project(state, *opened, effects),
        Report::Opened(Err(failure)) => {
            state.opening = false;
            state.notices.wrong(failure);
        }
        Report::Chosen(paths) => open(state, paths, effects),
        Report::FileChosen(wanted, path) => chosen(state, wanted, path, effects),
        Report::NoDialog(wanted, failure) => {
            state.path_field = Some(PathField { wanted, text: String::new() });
            state.notices.wrong(failure);
        }
        Report::Looked { generation, index, facts } => looked(state, generation, index, facts, effects),
        Report::Configs(configs) => {
            let config = state.training.config.take();
            state.training.config = config.or_else(|| configs.first().map(|choice| choice.path.clone()));
            state.training.configs = configs;
            check_health(state, effects);
        }
        Report::Devices(devices) => {
            state.training.no_gpu = !devices.iter().any(|device| device.gpu);
            let automatic = TrainForm::default().devices;
            state.training.devices = automatic.into_iter().chain(devices).collect();
        }
        Report::Health(Ok(findings)) => {
            state.training.health = Health::Checked(findings);
            forecast::ask(state, effects);
        }
        Report::Health(Err(failure)) => {
            state.training.health = Health::Unknown;
            state.notices.wrong(failure);
        }
        Report::Forecast { number, found } => forecast::found(state, number, found),
        Report::Saved(Ok(path)) => state.notices.done(format!("Saved {}.", path.display())),
        Report::Saved(Err(failure)) | Report::Failed(failure) => state.notices.wrong(failure),
        Report::DetectBegins { .. } | Report::Detected { .. } | Report::DetectEnded { .. } => detection(state, report),
        Report::VideoReady { .. }
        | Report::VideoFailed { .. }
        | Report::Shown { .. }
        | Report::Waiting(_)
        | Report::PlaybackEnded { .. } => player(state, report, effects),
        report => run(state, report, effects),
    }
}

/// Opens files or folders.
pub(super) fn open(state: &mut State, paths: Vec<PathBuf>, effects: &mut Vec<Effect>) {
    if !paths.is_empty() {
        state.opening = true;
        effects.push(Effect::Open(paths));
    }
}

/// Takes a path for what it was asked for.
pub(super) fn chosen(state: &mut State, wanted: Wanted, path: PathBuf, effects: &mut Vec<Effect>) {
    match wanted {
        Wanted::Project => open(state, vec![path], effects),
        Wanted::Config => {
            state.training.choose_config(path);
            check_health(state, effects);
        }
        Wanted::Init => {
            state.training.init = Init::File(path);
            check_health(state, effects);
        }
        Wanted::Checkpoint => state.detecting.checkpoint = Some(path),
    }
}

fn opened_project(state: &mut State, opened: Opened, effects: &mut Vec<Effect>) {
    let generation = state.library.generation + 1;
    let Opened { name, root, kind, annotation_file, classes, videos } = opened;
    let entries: Vec<Entry> = videos.into_iter().map(Entry::from).collect();
    state.settings.remember(&root);
    state.opening = false;
    state.path_field = None;
    state.project = Some(Project { name, root: root.clone(), kind, annotation_file, classes });
    state.library = Library { entries, generation, sort: state.library.sort, ..Library::default() };
    state.playback = Playback { generation: state.playback.generation + 1, ..Playback::default() };
    state.predictions = Predictions::default();
    forecast::forget(state, effects);
    let TrainForm { devices, no_gpu, forecasts, .. } = std::mem::take(&mut state.training);
    state.training = TrainForm { devices, no_gpu, forecasts, ..TrainForm::default() };
    state.runs.clear();
    state.run = None;
    state.detecting.checkpoint = None;
    let readable = state.library.entries.iter().enumerate().filter(|(_, entry)| entry.problem.is_none());
    let files: Vec<(usize, PathBuf)> = readable.map(|(index, entry)| (index, entry.path.clone())).collect();
    let first = files.first().map(|(index, _)| *index);
    effects.push(Effect::Player(PlayerRequest::Close));
    effects.push(Effect::Unfollow);
    effects.push(Effect::CancelDetect);
    effects.push(Effect::Look { generation, files });
    effects.push(Effect::ListChoices { root: root.clone() });
    effects.push(Effect::FindRuns(root.join("runs")));
    match first {
        Some(first) => select(state, first, effects),
        None => refresh(state),
    }
}

/// Opens a video of the library in the player.
pub(super) fn select(state: &mut State, index: usize, effects: &mut Vec<Effect>) {
    let Some(entry) = state.library.entries.get(index) else { return };
    let generation = state.playback.generation + 1;
    let speed = state.playback.speed.abs();
    let fresh = Playback { video: Some(index), generation, speed, ..Playback::default() };
    state.timeline = TimelineView::fit(entry.duration.unwrap_or(0.0));
    state.playback = match &entry.problem {
        Some(problem) => {
            effects.push(Effect::Player(PlayerRequest::Close));
            Playback { status: Status::Failed(problem.clone()), ..fresh }
        }
        None => {
            effects.push(Effect::Player(PlayerRequest::Open { path: entry.path.clone(), generation }));
            Playback { status: Status::Opening, ..fresh }
        }
    };
    refresh(state);
}

fn looked(
    state: &mut State,
    generation: u64,
    index: usize,
    facts: Result<VideoFacts, String>,
    effects: &mut Vec<Effect>,
) {
    let current = generation == state.library.generation;
    let Some(entry) = state.library.entries.get_mut(index).filter(|_| current) else { return };
    match facts {
        Ok(facts) => {
            entry.duration = Some(facts.duration);
            entry.frame = Some(facts.frame);
            entry.warnings = facts.warnings;
            entry.thumbnail = if facts.thumbnail { Thumbnail::Ready } else { Thumbnail::None };
        }
        Err(problem) => {
            entry.problem = Some(problem);
            entry.thumbnail = Thumbnail::None;
        }
    }
    let all = state.library.entries.iter().all(|entry| entry.thumbnail != Thumbnail::Waiting);
    if all {
        check_health(state, effects);
    }
}

/// Asks for a health check, when there is a configuration to check the data for.
pub(super) fn check_health(state: &mut State, effects: &mut Vec<Effect>) {
    ask_health(state, false, effects);
}

/// As [`check_health`]; `asked` when a person wants to know.
pub(super) fn ask_health(state: &mut State, asked: bool, effects: &mut Vec<Effect>) {
    let (Some(config), Some(project)) = (&state.training.config, &state.project) else { return };
    let mut dataset = Dataset::default();
    let mut media = BTreeMap::new();
    for entry in &state.library.entries {
        dataset.videos.push(Video {
            id: entry.id.clone(),
            subset: entry.subset.clone(),
            duration: entry.duration.unwrap_or(0.0),
            frames: None,
            path: Some(entry.path.display().to_string()),
            annotations: entry.annotations.clone(),
            not_annotated: entry.not_annotated.clone(),
            rejected: Vec::new(),
        });
        if let Some(problem) = &entry.problem {
            media.insert(entry.id.clone(), Err(problem.clone()));
        } else if let (Some(duration), Some(frame)) = (entry.duration, entry.frame) {
            media.insert(entry.id.clone(), Ok(Media { duration, frame, warnings: entry.warnings.clone() }));
        }
    }
    state.training.health = Health::Checking;
    let check = Effect::CheckHealth {
        config: config.clone(),
        root: project.root.clone(),
        dataset: Box::new(dataset),
        media,
        classes: project.classes.names().to_vec(),
        initialised: state.training.init != Init::Scratch,
        asked,
    };
    forecast::forget(state, effects);
    effects.push(check);
}

fn player(state: &mut State, report: Report, effects: &mut Vec<Effect>) {
    let playback = &mut state.playback;
    match report {
        Report::VideoReady { generation, length, frames } if generation == playback.generation => {
            let asked = playback.time;
            (playback.status, playback.length, playback.frames) = (Status::Ready, length, frames);
            state.timeline = TimelineView::fit(length.as_secs());
            if asked > MediaTime::ZERO {
                seek(state, asked, effects);
            }
        }
        Report::VideoFailed { generation, failure } if generation == playback.generation => {
            playback.status = Status::Failed(failure.to_string());
            playback.playing = false;
        }
        Report::Shown { generation, time, frame } if generation == playback.generation => {
            (playback.time, playback.frame) = (time, frame);
            if playback.playing {
                state.timeline = state.timeline.showing(time.as_secs());
            }
        }
        Report::PlaybackEnded { generation } if generation == playback.generation => playback.playing = false,
        Report::Waiting(waiting) => playback.waiting = waiting,
        _ => {}
    }
}

fn run(state: &mut State, report: Report, effects: &mut Vec<Effect>) {
    match report {
        Report::Runs(runs) => {
            state.runs = runs;
            // A run that lives is worth more than the newest; without one, the newest shows where things stand.
            let best = state.runs.iter().find(|run| run.alive).or(state.runs.first()).map(|run| run.folder.clone());
            if let (None, Some(folder)) = (&state.run, best) {
                follow(state, folder, false, effects);
            }
        }
        Report::TrainingStarted { folder } => {
            state.training.starting = false;
            follow(state, folder, true, effects);
        }
        Report::TrainingRefused(failure) => {
            state.training.starting = false;
            state.notices.wrong(failure);
        }
        Report::TrainingEnded { folder, how, success } => {
            if let Some(run) = state.run.as_mut().filter(|run| run.folder == folder) {
                run.ended = (!success).then_some(how);
                effects.push(Effect::CheckRun);
            } else if !success {
                let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                state.notices.wrong(Failure::new(format!("The training {name} ended early: {how}.")));
            }
        }
        Report::RunEvents { folder, events } if state.run.as_ref().is_some_and(|run| run.folder == folder) => {
            events.iter().for_each(|event| run_event(state, event, effects));
            read_predictions(folder, &events, effects);
        }
        // Of a run that is not looked at any more.
        Report::RunEvents { .. } => {}
        Report::RunChecked { folder, alive } => run_checked(state, &folder, alive, effects),
        Report::EpochPredictions { folder, epoch, detections } => {
            let Some(run) = state.run.as_ref().filter(|run| run.folder == folder) else { return };
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
    match &event.event {
        Event::Checkpoint { .. } | Event::Done { .. } | Event::Stopped => {
            effects.extend(state.runs_folder().map(Effect::FindRuns));
        }
        Event::Resumed { epoch, .. } => {
            state.predictions.forget_from(*epoch);
            refresh(state);
        }
        Event::Failed { message } if run.own => {
            let sentence = format!("The training {} failed: {message}", run.name);
            state.notices.wrong(Failure::new(sentence));
        }
        _ => {}
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
    if !files.is_empty() {
        effects.push(Effect::ReadPredictions { folder, files });
    }
}

fn run_checked(state: &mut State, folder: &PathBuf, alive: bool, effects: &mut Vec<Effect>) {
    let Some(run) = state.run.as_mut().filter(|run| run.folder == *folder) else { return };
    // A process of our own may not have taken its lock yet, and its end is seen by the window itself.
    if alive || (run.own && run.ended.is_none() && run.state.is_living()) {
        return;
    }
    let was_living = run.state.is_living();
    run.lost();
    if let (true, true, RunState::Dead(how)) = (was_living, run.own, &run.state) {
        let sentence = match run.curves.loss.last() {
            Some(point) => format!(
                "The training {} was interrupted after step {}: {how}. What it had saved is kept; press Continue to go on.",
                run.name, point[0]
            ),
            None => format!("The training {} ended before its first step: {how}.", run.name),
        };
        state.notices.wrong(Failure::new(sentence));
    }
    effects.extend(state.runs_folder().map(Effect::FindRuns));
}

/// Follows a run from its first event on.
pub(super) fn follow(state: &mut State, folder: PathBuf, own: bool, effects: &mut Vec<Effect>) {
    state.predictions.forget_epochs();
    state.run = Some(RunView::new(folder.clone(), own));
    effects.push(Effect::Follow(folder));
    refresh(state);
}

fn detection(state: &mut State, report: Report) {
    let Some(job) = &mut state.detecting.job else { return };
    match report {
        Report::DetectBegins { job: id, video } if id == job.id => job.current = video,
        Report::Detected { job: id, video, found } if id == job.id => {
            job.done += 1;
            match found {
                Ok(found) => job.found.videos.push((video, found)),
                // What failed changes nothing of what is shown.
                Err(reason) => return job.failed.push((video, reason)),
            }
            let found = job.found.clone();
            state.predictions.put(Origin::Detected, merged(state.predictions.set(&Origin::Detected), &found));
            refresh(state);
        }
        Report::DetectEnded { job: id } if id == job.id => {
            let (found, videos, failed) = (job.found.count(), job.done - job.failed.len(), job.failed.clone());
            let cancelled = job.cancelled;
            state.detecting.job = None;
            if let Some((video, reason)) = failed.first() {
                let more =
                    if failed.len() > 1 { format!(" (and {} more videos)", failed.len() - 1) } else { String::new() };
                state.notices.wrong(Failure::new(format!("Detection failed on {video}{more}: {reason}")));
            }
            if !cancelled && videos > 0 {
                let plural = if videos == 1 { "video" } else { "videos" };
                let noun = if found == 1 { "detection" } else { "detections" };
                state.notices.done(format!("{found} {noun} in {videos} {plural}."));
            }
        }
        _ => {}
    }
}

/// What was detected before with the videos of this job replaced.
fn merged(earlier: Option<&super::PredictionSet>, found: &Detections) -> Detections {
    let mut all = earlier.map(|set| set.detections.clone()).unwrap_or_default();
    all.videos.retain(|(video, _)| found.videos.iter().all(|(other, _)| other != video));
    all.videos.extend(found.videos.iter().cloned());
    all
}

/// Brings lanes and table in step with the open video, the shown predictions and the least score.
pub(super) fn refresh(state: &mut State) {
    let least = state.detecting.min_score;
    state.lanes = state.selected().map_or_else(Vec::new, |entry| {
        lanes(&entry.annotations, state.predictions.of(&entry.id), least, |label| state.colour(label))
    });
    let open = state.selected().map(|entry| entry.id.clone());
    let all = state.detecting.all_videos;
    let mut rows = Vec::new();
    for (video, found) in state.predictions.current().map_or(&[][..], |set| &set.detections.videos) {
        if !all && Some(video) != open.as_ref() {
            continue;
        }
        rows.extend(found.iter().filter(|found| found.score >= least).map(|found| Row {
            video: video.clone(),
            label: found.label.clone(),
            colour: state.colour(&found.label),
            start: found.segment[0],
            end: found.segment[1],
            score: found.score,
        }));
    }
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    if rows != state.detecting.rows {
        state.detecting.rows = rows;
        state.detecting.selected = None;
    }
}
