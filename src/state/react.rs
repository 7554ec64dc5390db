//! Reports of jobs: what they change, and what follows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::{Detections, Failure, Footage, MediaTime};
use crate::project::{Media, Opened};

use super::editing::{self, Editing};
use super::following::run;
use super::refresh::refresh;
use super::update::seek;
use super::{
    Away, Effect, Entry, Health, Init, Keeping, Library, Origin, PathField, Playback, PlayerRequest, Predictions,
    Project, RecipeForm, Report, State, Status, Thumbnail, TimelineView, TrainForm, VideoFacts, Wanted, forecast,
    inspect,
};

pub(super) fn react(state: &mut State, report: Report, effects: &mut Vec<Effect>) {
    match report {
        Report::Opened(Ok(opened)) => opened_project(state, *opened, effects),
        Report::Opened(Err(failure)) => {
            (state.opening, state.editing.may_be_lost) = (false, false);
            effects.push(Effect::Adopt(false));
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
            effects.extend(state.training.config.clone().map(Effect::ReadConfig));
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
        Report::SavedElsewhere(last, Ok(path)) => editing::saved_elsewhere(state, path, last),
        Report::SavedElsewhere(_, Err(failure)) | Report::Saved(Err(failure)) | Report::Failed(failure) => {
            state.notices.wrong(failure);
        }
        Report::ConfigText { path, text } if state.training.config.as_ref() == Some(&path) => {
            state.training.recipe.read(text.unwrap_or_default());
        }
        // Of one that was chosen before.
        Report::ConfigText { .. } => {}
        Report::ResultsRead { path, detections: Ok(detections) } => {
            state.predictions.put(Origin::File(path.clone()), detections);
            state.predictions.choose(Some(Origin::File(path)));
            refresh(state);
        }
        Report::ResultsRead { detections: Err(failure), .. } => state.notices.wrong(failure),
        Report::EvidenceRead { video, evidence } => inspect::evidence_read(state, video, evidence),
        Report::Reviewed(reviewed) => inspect::reviewed(state, *reviewed),
        Report::DetectBegins { .. } | Report::Detected { .. } | Report::DetectEnded { .. } => detection(state, report),
        Report::VideoReady { .. }
        | Report::FrameTimes { .. }
        | Report::VideoFailed { .. }
        | Report::Shown { .. }
        | Report::Waiting(_)
        | Report::PlaybackEnded { .. } => player(state, report, effects),
        Report::AnnotationsRead(Ok(incoming)) => editing::preview(state, *incoming),
        Report::AnnotationsRead(Err(failure)) => state.notices.wrong(failure),
        Report::Keeping { root, told } => {
            if state.project.as_ref().is_some_and(|project| project.root == root) {
                keeping(state, told, effects);
            }
        }
        report => run(state, report, effects),
    }
}

/// Trains with another configuration; its text is read for the form.
pub(super) fn choose_config(state: &mut State, path: PathBuf, effects: &mut Vec<Effect>) {
    state.training.recipe = RecipeForm::default();
    state.training.choose_config(path.clone());
    effects.push(Effect::ReadConfig(path));
}

/// What the keeper of the annotations tells.
fn keeping(state: &mut State, told: Keeping, effects: &mut Vec<Effect>) {
    match told {
        Keeping::Kept(n) => {
            state.editing.kept = state.editing.kept.max(n);
            editing::leave_when_kept(state, effects);
        }
        Keeping::Access(access) => state.editing.access = access,
        Keeping::Outside(changes) => editing::outside(state, changes, effects),
        Keeping::Trouble(sentence) => {
            let before = state.editing.trouble.take();
            if let Some(before) = before {
                state.notices.shown.retain(|notice| notice.failure != before);
                if sentence.is_none() {
                    state.notices.done("Everything is kept again.");
                }
            }
            if let Some(sentence) = sentence {
                let failure = Failure::new(format!(
                    "Your edits are not on the disk yet: {sentence}. They are kept here and tried again."
                ));
                state.notices.wrong(failure.clone());
                state.editing.trouble = Some(failure);
            }
        }
    }
}

/// Opens files or folders.
pub(super) fn open(state: &mut State, paths: Vec<PathBuf>, effects: &mut Vec<Effect>) {
    if !paths.is_empty() {
        editing::leave(state, Away::Open(paths), effects);
    }
}

/// Takes a path for what it was asked for.
pub(super) fn chosen(state: &mut State, wanted: Wanted, path: PathBuf, effects: &mut Vec<Effect>) {
    match wanted {
        Wanted::Project => open(state, vec![path], effects),
        Wanted::Predictions => effects.push(Effect::ReadResults(path)),
        Wanted::Config => {
            choose_config(state, path, effects);
            check_health(state, effects);
        }
        Wanted::Init => {
            state.training.init = Init::File(path);
            check_health(state, effects);
        }
        Wanted::Checkpoint => state.detecting.checkpoint = Some(path),
        Wanted::Annotations => effects.push(Effect::ReadAnnotations(path)),
        Wanted::Elsewhere => editing::save_elsewhere(state, path, effects),
    }
}

fn opened_project(state: &mut State, opened: Opened, effects: &mut Vec<Effect>) {
    let generation = state.library.generation + 1;
    let Opened { name, root, kind, annotation_file, book, last, opening, videos } = opened;
    let entries: Vec<Entry> = videos.into_iter().map(Entry::from).collect();
    state.settings.remember(&root);
    state.opening = false;
    state.path_field = None;
    let classes = book.document.class_list();
    state.project = Some(Project { name, root: root.clone(), kind, annotation_file, classes });
    let clipboard = std::mem::take(&mut state.editing.clipboard);
    state.editing = Editing::of(book, last, clipboard);
    for sentence in opening.sentences() {
        state.notices.told(sentence);
    }
    state.library = Library { entries, generation, sort: state.library.sort, ..Library::default() };
    state.playback = Playback { generation: state.playback.generation + 1, ..Playback::default() };
    state.predictions = Predictions::default();
    forecast::forget(state, effects);
    let TrainForm { devices, no_gpu, forecasts, .. } = std::mem::take(&mut state.training);
    state.training = TrainForm { devices, no_gpu, forecasts, ..TrainForm::default() };
    state.runs.clear();
    state.run = None;
    for run in std::mem::take(&mut state.compared) {
        effects.push(Effect::UnfollowBeside(run.folder));
    }
    state.inspect = inspect::Inspecting::default();
    state.detecting.checkpoint = None;
    let readable = state.library.entries.iter().enumerate().filter(|(_, entry)| entry.problem.is_none());
    let files: Vec<(usize, Footage)> = readable.map(|(index, entry)| (index, state.footage(entry))).collect();
    let first = files.first().map(|(index, _)| *index);
    editing::settle(state);
    effects.push(Effect::Adopt(true));
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
    editing::end_all(state, effects);
    let Some(entry) = state.library.entries.get(index) else { return };
    let generation = state.playback.generation + 1;
    let speed = state.playback.speed.abs();
    let stats = state.playback.stats;
    let footage = state.footage(entry);
    let stream = footage.stream;
    let fresh = Playback { video: Some(index), generation, speed, stats, stream, ..Playback::default() };
    if state.playback.video != Some(index) {
        state.editing.leave_video();
    }
    state.timeline = TimelineView::fit(entry.duration.unwrap_or(0.0));
    state.playback = match &entry.problem {
        Some(problem) => {
            effects.push(Effect::Player(PlayerRequest::Close));
            Playback { status: Status::Failed(problem.clone()), ..fresh }
        }
        None => {
            effects.push(Effect::Player(PlayerRequest::Open { footage, generation }));
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
        // Shares of videos are known once all lengths are.
        state.inspect.stale = true;
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
    let mut media = BTreeMap::new();
    for entry in &state.library.entries {
        if let Some(problem) = &entry.problem {
            media.insert(entry.id.clone(), Err(problem.clone()));
        } else if let (Some(duration), Some(frame)) = (entry.duration, entry.frame) {
            media.insert(entry.id.clone(), Ok(Media { duration, frame, warnings: entry.warnings.clone() }));
        }
    }
    state.training.health = Health::Checking;
    let check = Effect::CheckHealth {
        config: config.clone(),
        overrides: state.training.recipe.overrides(),
        root: project.root.clone(),
        dataset: Box::new(state.dataset()),
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
        Report::VideoReady { generation, length, frames, warnings, streams } if generation == playback.generation => {
            let asked = playback.time;
            // The exact index comes after the first one; where it says the same, what a person did meanwhile stays.
            let first = playback.status != Status::Ready;
            let longer = playback.length != length;
            (playback.status, playback.length, playback.frames) = (Status::Ready, length, frames);
            (playback.warnings, playback.streams) = (warnings, streams);
            if first || longer {
                state.timeline = TimelineView::fit(length.as_secs());
            }
            if first && asked > MediaTime::ZERO {
                seek(state, asked, effects);
            }
            inspect::video_ready(state, effects);
        }
        Report::FrameTimes { generation, times } if generation == playback.generation => playback.times = times,
        Report::VideoFailed { generation, failure } if generation == playback.generation => {
            playback.status = Status::Failed(failure.to_string());
            playback.playing = false;
        }
        Report::Shown { generation, time, frame } if generation == playback.generation => {
            (playback.time, playback.frame) = (time, frame);
            if playback.playing {
                if state.settings.follow {
                    state.timeline = state.timeline.showing(time.as_secs());
                }
                if let Some([start, _]) = state.editing.looping.filter(|[_, end]| time.as_secs() >= *end) {
                    seek(state, MediaTime::from_secs(start), effects);
                }
                inspect::shown(state, effects);
            }
        }
        Report::PlaybackEnded { generation } if generation == playback.generation => {
            editing::end_all(state, effects);
            state.playback.playing = false;
        }
        Report::Waiting(waiting) => playback.waiting = waiting,
        _ => {}
    }
}

fn detection(state: &mut State, report: Report) {
    let Some(job) = &mut state.detecting.job else { return };
    match report {
        Report::DetectBegins { job: id, video } if id == job.id => job.current = video,
        Report::Detected { job: id, video, found } if id == job.id => {
            job.done += 1;
            match found {
                Ok(found) => {
                    // What was kept of it is another now.
                    state.inspect.evidence_of = None;
                    job.found.videos.push((video, found));
                }
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
    let mut all = earlier.map(|set| Detections::clone(&set.detections)).unwrap_or_default();
    all.videos.retain(|(video, _)| found.videos.iter().all(|(other, _)| other != video));
    all.videos.extend(found.videos.iter().cloned());
    all
}
