//! Commands of a person: what they change, and what they ask for.

use crate::domain::{Do, Failure, MediaTime};

use super::following::{follow, read_missing};
use super::react::{self, ask_health, check_health, react, select};
use super::refresh::{refresh, rescore};
use super::{
    Command, DetectJob, DetectVideo, Effect, Input, Judging, PathField, PlayerRequest, PredictionSet, Row, RunState,
    State, Target, TimelineView, TrainRequest, Wanted, correct, forecast, inspect, recipe, runs, watch,
};
use super::{cropping, editing, keymap, streams};

/// Takes in one input, the only way in which the state changes, and tells what must be done outside.
pub fn update(state: &mut State, input: Input) -> Vec<Effect> {
    let mut effects = Vec::new();
    match input {
        Input::Command(command) => obey(state, command, &mut effects),
        Input::Report(report) => react(state, report, &mut effects),
    }
    streams::keep_current(state, &mut effects);
    inspect::keep_current(state, &mut effects);
    effects
}

fn obey(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Open(_)
        | Command::ChooseFolder
        | Command::ChooseVideos
        | Command::ShowPathField
        | Command::HidePathField
        | Command::EditPath(_)
        | Command::TakeTypedPath
        | Command::ForgetRecent(_) => open(state, command, effects),
        Command::Find(text) => state.library.find = text,
        Command::FindVideo => state.library.asked_to_find += 1,
        Command::SortBy(sort) => state.library.sort = sort,
        Command::List(listed) => state.library.listed = listed,
        // The window did it.
        Command::Wish(_) => {}
        Command::Select(index) => select(state, index, effects),
        Command::SelectNext(by) => {
            let shown = state.library.visible();
            let at = shown.iter().position(|&index| Some(index) == state.playback.video);
            let next = at.map_or(Some(0), |at| at.checked_add_signed(by as isize));
            if let Some(&index) = next.and_then(|next| shown.get(next)) {
                select(state, index, effects);
            }
        }
        Command::Zoom { factor, at } => state.timeline = state.timeline.zoomed(factor, at),
        Command::Pan(seconds) => state.timeline = state.timeline.panned(seconds),
        Command::FitTimeline => state.timeline = TimelineView::fit(state.timeline.length),
        Command::ShowPredictions(origin) => {
            read_missing(state, origin.as_ref(), effects);
            state.predictions.choose(origin);
            refresh(state);
        }
        Command::ShowBeside(origin) => {
            read_missing(state, origin.as_ref(), effects);
            state.predictions.beside = origin;
            refresh(state);
        }
        Command::OpenPredictions => effects.push(Effect::AskFile(Wanted::Predictions)),
        Command::SetMinScore(score) => rescore(state, score),
        Command::ChooseConfig(_)
        | Command::BrowseConfig
        | Command::ChooseDevice(_)
        | Command::ChooseInit(_)
        | Command::BrowseInit
        | Command::CheckHealth
        | Command::Forecast
        | Command::Train
        | Command::ResumeRun
        | Command::Control(_)
        | Command::FollowRun(_) => train(state, command, effects),
        Command::ChooseCheckpoint(_)
        | Command::BrowseCheckpoint
        | Command::DetectOpen
        | Command::DetectAll
        | Command::CancelDetect
        | Command::TableOfAll(_)
        | Command::SelectRow(_)
        | Command::ExportDetections(_) => detect(state, command, effects),
        Command::ViewPicture(view) => state.playback.view = view,
        Command::DrawCrop(what) => cropping::obey(state, what, effects),
        Command::ToggleStats => state.playback.stats = !state.playback.stats,
        Command::Runs(what) => runs::obey(state, what, effects),
        Command::Recipe(what) => {
            recipe::obey(state, what, effects);
            check_health(state, effects);
        }
        Command::Watch(what) => watch::obey(state, what, effects),
        Command::Correct(what) => correct::obey(state, what, effects),
        Command::Inspect(what) => inspect::obey(state, what, effects),
        Command::Dismiss(id) => state.notices.dismiss(id),
        Command::SetTheme(theme) => state.settings.theme = theme,
        Command::SetScale(scale) => state.settings.scale = scale,
        Command::SplitLoss(split) => state.settings.loss_split = split,
        Command::Annotate(annotate) => editing::obey(state, annotate, effects),
        Command::SetLanes(mode) => {
            state.settings.lanes = mode;
            refresh(state);
        }
        Command::SetFollow(follow) => state.settings.follow = follow,
        Command::SetPreset(preset) => state.settings.keymap = keymap::Keymap::of(preset),
        Command::Bind(id, chord) => keymap::bind(state, id, chord),
        Command::ResetKeys(id) => state.settings.keymap.reset(id),
        Command::TogglePlay
        | Command::Pause
        | Command::Shuttle(_)
        | Command::SetSpeed(_)
        | Command::StepSpeed(_)
        | Command::Seek(_)
        | Command::SeekBy(_)
        | Command::StepFrames(_) => {
            (state.playback.until, state.playback.play_when_ready) = (None, false);
            if state.playback.is_ready() {
                play(state, &command, effects);
            }
        }
    }
}

fn open(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Open(paths) => react::open(state, paths, effects),
        Command::ChooseFolder => effects.push(Effect::AskFolder),
        Command::ChooseVideos => effects.push(Effect::AskVideos),
        Command::ShowPathField => {
            state.path_field.get_or_insert(PathField { wanted: Wanted::Project, text: String::new() });
        }
        Command::HidePathField => state.path_field = None,
        Command::EditPath(text) => {
            if let Some(field) = &mut state.path_field {
                field.text = text;
            }
        }
        Command::TakeTypedPath => {
            let Some(PathField { wanted, text }) = state.path_field.clone() else { return };
            let typed = text.trim();
            if typed.is_empty() {
                return;
            }
            react::chosen(state, wanted, typed.into(), effects);
            // What is to be opened may turn out not to exist: the field stays until it is open.
            if wanted != Wanted::Project {
                state.path_field = None;
            }
        }
        Command::ForgetRecent(path) => state.settings.recent.retain(|other| *other != path),
        _ => {}
    }
}

pub(super) fn play(state: &mut State, command: &Command, effects: &mut Vec<Effect>) {
    let playback = &mut state.playback;
    let run = |playback: &mut super::Playback, speed: Option<f64>, effects: &mut Vec<Effect>| {
        playback.playing = speed.is_some();
        if let Some(speed) = speed {
            playback.speed = speed;
        }
        effects.push(Effect::Player(PlayerRequest::Play { speed }));
    };
    match *command {
        Command::TogglePlay if playback.playing => run(playback, None, effects),
        Command::TogglePlay => {
            // Playing on from the end would show nothing: begin again.
            if playback.frames > 0 && playback.frame + 1 >= playback.frames {
                playback.time = MediaTime::ZERO;
                effects.push(Effect::Player(PlayerRequest::Seek(MediaTime::ZERO)));
            }
            let speed = playback.speed.abs();
            run(playback, Some(speed), effects);
        }
        Command::Pause => run(playback, None, effects),
        Command::Shuttle(direction) => {
            let speed = playback.shuttle(direction);
            run(playback, Some(speed), effects);
        }
        Command::SetSpeed(speed) => {
            playback.speed = speed;
            if playback.playing {
                run(playback, Some(speed), effects);
            }
        }
        Command::StepSpeed(direction) => {
            playback.speed = playback.speed_step(direction);
            if playback.playing {
                let speed = playback.speed;
                run(playback, Some(speed), effects);
            }
        }
        Command::Seek(time) => seek(state, time, effects),
        Command::SeekBy(seconds) => {
            let time = MediaTime(playback.time.0.saturating_add(MediaTime::from_secs(seconds).0));
            seek(state, time, effects);
        }
        Command::StepFrames(frames) => {
            if playback.playing {
                run(playback, None, effects);
            }
            effects.push(Effect::Player(PlayerRequest::Step(frames)));
        }
        _ => {}
    }
}

pub(super) fn seek(state: &mut State, time: MediaTime, effects: &mut Vec<Effect>) {
    let time = state.playback.clamp(time);
    state.playback.time = time;
    state.timeline = state.timeline.showing(time.as_secs());
    effects.push(Effect::Player(PlayerRequest::Seek(time)));
}

fn train(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::ChooseConfig(path) => {
            react::choose_config(state, path, effects);
            check_health(state, effects);
        }
        Command::BrowseConfig => effects.push(Effect::AskFile(Wanted::Config)),
        Command::ChooseDevice(device) => {
            state.training.device = device;
            forecast::forget(state, effects);
            forecast::ask(state, effects);
        }
        Command::ChooseInit(init) => {
            state.training.init = init;
            check_health(state, effects);
        }
        Command::BrowseInit => effects.push(Effect::AskFile(Wanted::Init)),
        Command::CheckHealth => ask_health(state, true, effects),
        Command::Forecast => {
            forecast::forget(state, effects);
            forecast::ask(state, effects);
        }
        Command::Train => start_training(state, None, effects),
        Command::ResumeRun => {
            let folder = state.run.as_ref().filter(|run| !run.state.is_living()).map(|run| run.folder.clone());
            if folder.is_some() {
                start_training(state, folder, effects);
            }
        }
        Command::Control(what) => {
            if let Some(run) = state.run.as_mut().filter(|run| run.state.is_living()) {
                run.asked = matches!(what, Do::Pause | Do::Resume | Do::Stop).then_some(what);
                effects.push(Effect::Control { folder: run.folder.clone(), what });
            }
        }
        Command::FollowRun(folder) => follow(state, folder, false, effects),
        _ => {}
    }
}

fn start_training(state: &mut State, resume: Option<std::path::PathBuf>, effects: &mut Vec<Effect>) {
    let busy = match &resume {
        None => state.no_training_because().is_some(),
        Some(_) => state.training.starting,
    };
    let (Some(project), Some(runs)) = (&state.project, state.runs_folder()) else { return };
    // A run that goes on does so with its own configuration, whatever is chosen now.
    let own_config = resume.as_ref().map(|folder| folder.join("config.toml"));
    let Some(config) = own_config.or_else(|| state.training.config.clone()) else { return };
    if busy {
        return;
    }
    let overrides = if resume.is_none() { state.training.recipe.overrides() } else { Vec::new() };
    state.training.starting = true;
    // What was wrong with the run that goes on is being mended.
    if let Some(name) = resume.as_ref().and_then(|folder| folder.file_name()) {
        let about = format!("The training {} ", name.to_string_lossy());
        state.notices.shown.retain(|notice| !notice.failure.sentence.starts_with(&about));
    }
    let request = TrainRequest {
        config,
        root: project.root.clone(),
        runs,
        resume,
        device: state.training.device.clone(),
        init: state.training.init.clone(),
        overrides,
    };
    // It would take memory from the training.
    forecast::forget(state, effects);
    effects.push(Effect::Train(request));
}

fn detect_video(state: &State, entry: &super::Entry) -> DetectVideo {
    DetectVideo { id: entry.id.clone(), footage: state.footage(entry), crop: state.crop_of(&entry.id) }
}

fn detect(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::ChooseCheckpoint(path) => state.detecting.checkpoint = path,
        Command::BrowseCheckpoint => effects.push(Effect::AskFile(Wanted::Checkpoint)),
        Command::DetectOpen => {
            let video = state.selected().map(|entry| detect_video(state, entry));
            start_detection(state, video.into_iter().collect(), effects);
        }
        Command::DetectAll => {
            let readable = state.library.entries.iter().filter(|entry| entry.problem.is_none());
            let videos = readable.map(|entry| detect_video(state, entry)).collect();
            start_detection(state, videos, effects);
        }
        Command::CancelDetect => {
            if let Some(job) = &mut state.detecting.job {
                job.cancelled = true;
                effects.push(Effect::CancelDetect);
            }
        }
        Command::TableOfAll(all) => {
            state.detecting.all_videos = all;
            refresh(state);
        }
        Command::SelectRow(index) => select_row(state, index, effects),
        Command::ExportDetections(form) => {
            if let Some(PredictionSet { detections, .. }) = state.predictions.current() {
                let folder = state.project.as_ref().map(|project| project.root.clone());
                let detections = crate::domain::Detections::clone(detections);
                effects.push(Effect::AskExport { form, folder, detections });
            }
        }
        _ => {}
    }
}

/// Takes a row of the table of detections at hand and goes there.
pub(super) fn select_row(state: &mut State, index: usize, effects: &mut Vec<Effect>) {
    let Some(Row { video, label, start, end, score, .. }) = state.detecting.listed().get(index).cloned() else {
        return;
    };
    state.detecting.selected = Some(index);
    state.inspect.judging = Judging::Detections;
    let (video, label) = (video.to_string(), label.to_string());
    state.inspect.target = Some(Target { video: video.clone(), label, segment: [start, end], score });
    go_to(state, &video, start, effects);
}

/// Opens `video` if another one is open, and goes to `seconds`; a video that is still opening goes there when it is ready.
pub(super) fn go_to(state: &mut State, video: &str, seconds: f64, effects: &mut Vec<Effect>) {
    let Some(index) = state.library.index(video) else { return };
    if state.playback.video != Some(index) {
        select(state, index, effects);
    }
    if state.playback.is_ready() {
        seek(state, MediaTime::from_secs(seconds), effects);
    } else {
        state.playback.time = MediaTime::from_secs(seconds);
    }
}

fn start_detection(state: &mut State, videos: Vec<DetectVideo>, effects: &mut Vec<Effect>) {
    if state.detecting.job.is_some() || videos.is_empty() {
        return;
    }
    let Some(checkpoint) = state.checkpoint() else {
        let sentence = "There are no weights to detect with: train first, or choose a weights file.";
        state.notices.wrong(Failure::new(sentence));
        return;
    };
    state.detecting.next_job += 1;
    let job = state.detecting.next_job;
    state.detecting.job = Some(DetectJob { id: job, total: videos.len(), ..DetectJob::default() });
    let evidence = state.evidence_folder();
    let device = state.training.device.clone();
    effects.push(Effect::Detect { job, checkpoint, device, videos, evidence });
}

impl State {
    /// The weights to detect with: those that were chosen, else the best of the followed run, else of the newest that has any.
    #[must_use]
    pub fn checkpoint(&self) -> Option<std::path::PathBuf> {
        let followed = self.run.as_ref().map(|run| &run.folder);
        let of_followed = self.runs.iter().find(|run| Some(&run.folder) == followed);
        let with_weights = of_followed.into_iter().chain(&self.runs).find_map(|run| run.checkpoint.clone());
        self.detecting.checkpoint.clone().or(with_weights)
    }

    /// Why no training can be started now; none when one can.
    #[must_use]
    pub fn no_training_because(&self) -> Option<&'static str> {
        let own = self.run.as_ref().filter(|run| run.own);
        if self.project.is_none() {
            Some("Open a project first")
        } else if self.training.starting {
            Some("A training is being started")
        } else if own.is_some_and(|run| run.state.is_living() && run.state != RunState::Starting) {
            Some("A training is running; stop it first")
        } else if own.is_some_and(|run| run.state == RunState::Starting) {
            Some("A training is starting")
        } else if self.training.config.is_none() {
            Some("Choose a configuration")
        } else if self.library.entries.iter().all(|entry| entry.actions == 0) {
            Some("No video has annotated actions to learn from")
        } else {
            None
        }
    }
}
