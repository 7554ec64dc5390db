//! Reports of jobs: what they change, and what follows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::{Detections, Event, Failure, MediaTime, RunEvent};
use crate::project::{Media, Opened};
use crate::run::RunWriter;

use super::editing::{self, Editing, Grip};
use super::update::seek;
use super::{
    Effect, Entry, Health, Init, Keeping, Library, Origin, PathField, Playback, PlayerRequest, Predictions, Project,
    RecipeForm, Report, Row, RunState, RunView, State, Status, Thumbnail, TimelineView, TrainForm, VideoFacts, Wanted,
    correct, forecast, inspect, lanes, percent, runs,
};

pub(super) fn react(state: &mut State, report: Report, effects: &mut Vec<Effect>) {
    match report {
        Report::Opened(Ok(opened)) => opened_project(state, *opened, effects),
        Report::Opened(Err(failure)) => {
            state.opening = false;
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
        Report::Saved(Err(failure)) | Report::Failed(failure) => state.notices.wrong(failure),
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
        Keeping::Kept(n) => state.editing.kept = state.editing.kept.max(n),
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
        state.opening = true;
        effects.push(Effect::Open(paths));
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
    let files: Vec<(usize, PathBuf)> = readable.map(|(index, entry)| (index, entry.path.clone())).collect();
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
    let fresh = Playback { video: Some(index), generation, speed, stats, ..Playback::default() };
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
        Report::VideoReady { generation, length, frames, warnings } if generation == playback.generation => {
            let asked = playback.time;
            // The exact index comes after the first one; where it says the same, what a person did meanwhile stays.
            let first = playback.status != Status::Ready;
            let longer = playback.length != length;
            (playback.status, playback.length, playback.frames) = (Status::Ready, length, frames);
            playback.warnings = warnings;
            if first || longer {
                state.timeline = TimelineView::fit(length.as_secs());
            }
            if first && asked > MediaTime::ZERO {
                seek(state, asked, effects);
            }
            inspect::video_ready(state, effects);
        }
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
    match &event.event {
        Event::Done { best_average_map, best_epoch } if run.own => {
            let best = best_average_map.zip(*best_epoch);
            let best = best
                .map_or(String::new(), |(map, epoch)| format!(": best mAP {} after epoch {}", percent(map), epoch + 1));
            state.notices.done(format!("The training {} is finished{best}.", run.name));
            effects.push(Effect::Attention);
        }
        Event::Resumed { epoch, .. } => {
            let name = run.name.clone();
            state.predictions.forget_from(&name, *epoch);
            refresh(state);
        }
        Event::Failed { message } if run.own => {
            let sentence = format!("The training {} failed: {message}", run.name);
            state.notices.wrong(Failure::new(sentence));
            effects.push(Effect::Attention);
        }
        _ => {}
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
    // A process of our own may not have taken its lock yet, and its end is seen by the window itself.
    if alive || (run.own && run.ended.is_none() && run.state.is_living()) {
        return;
    }
    let (was_living, own) = (run.state.is_living(), run.own);
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

/// Brings lanes and table in step with the open video, the shown predictions and the least score.
pub(super) fn refresh(state: &mut State) {
    let least = state.detecting.min_score;
    editing::list(state);
    state.lanes = state.selected().map_or_else(Vec::new, |entry| {
        let none = BTreeMap::new();
        let drag = state.editing.drag.as_ref();
        let made: Vec<_> = drag
            .and_then(|drag| match &drag.grip {
                Grip::New(label) => drag.new.map(|segment| (segment, label.clone())),
                _ => None,
            })
            .into_iter()
            .collect();
        let source = lanes::Source {
            truth: state.editing.book.document.actions(&entry.id),
            moved: drag.map_or(&none, |drag| &drag.moved),
            made: &made,
            predictions: state.predictions.of(&entry.id),
            least,
            classes: state.project.as_ref().map_or(&[], |project| project.classes.names()),
            active: state.editing.class.as_deref(),
        };
        let mut all = lanes::lanes(state.settings.lanes, &source, |label| state.colour(label));
        if let Some(set) = state.predictions.beside.as_ref().and_then(|origin| state.predictions.set(origin)) {
            let predictions = set.detections.of(&entry.id);
            let source = lanes::Source { truth: &[], made: &[], predictions, classes: &[], ..source };
            let beside = lanes::lanes(lanes::LaneMode::BySource, &source, |label| state.colour(label));
            let beside = beside.into_iter().filter(|lane| !lane.predictions.is_empty());
            all.extend(beside.map(|lane| super::Lane { name: set.origin.name(), ..lane }));
        }
        all
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
    state.inspect.stale = true;
    inspect::recount(state);
}
