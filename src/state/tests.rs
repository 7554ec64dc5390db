//! Feeds inputs, compares states and effects.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::domain::{Detection, Detections, Do, Event, Failure, MediaTime, RunEvent};
use crate::project::{self, Book, Document, Opened, ProjectVideo};

pub(super) fn video(id: &str, problem: Option<&str>) -> ProjectVideo {
    ProjectVideo {
        id: id.to_owned(),
        path: PathBuf::from(format!("/p/{id}.mp4")),
        duration: Some(10.0),
        problem: problem.map(str::to_owned),
    }
}

pub(super) fn report(state: &mut State, report: Report) -> Vec<Effect> {
    update(state, Input::Report(report))
}

pub(super) fn command(state: &mut State, command: Command) -> Vec<Effect> {
    update(state, Input::Command(command))
}

/// Three videos with a jump each; the second class of two.
fn document() -> Document {
    let video = |id| {
        format!(
            r#""{id}": {{"subset": "training", "duration": 10, "annotations": [{{"segment": [1, 2], "label": "jump"}}]}}"#
        )
    };
    let text = format!(r#"{{"database": {{{}, {}, {}}}}}"#, video("a"), video("b"), video("c"));
    Document::parse(&text, &PathBuf::from("t.json"), &["run".to_owned(), "jump".to_owned()]).expect("valid")
}

/// A state with a project of two videos, the first ready in the player.
pub(super) fn opened() -> State {
    let mut state = State::default();
    let opened = Opened {
        name: "Cats".to_owned(),
        root: PathBuf::from("/p"),
        kind: Kind::Project,
        annotation_file: PathBuf::from("/p/annotations.json"),
        book: Book::new(document()),
        last: 0,
        opening: project::Opening::default(),
        videos: vec![video("a", None), video("b", None), video("c", Some("it is not a video"))],
    };
    report(&mut state, Report::Opened(Ok(Box::new(opened))));
    let generation = state.playback.generation;
    report(
        &mut state,
        Report::VideoReady {
            generation,
            length: MediaTime::from_secs(10.0),
            frames: 250,
            warnings: Vec::new(),
            streams: Vec::new(),
        },
    );
    state
}

fn following(folder: &str) -> State {
    let mut state = opened();
    report(&mut state, Report::TrainingStarted { folder: PathBuf::from(folder) });
    state
}

fn events(state: &mut State, folder: &str, events: Vec<Event>) -> Vec<Effect> {
    let events = events.into_iter().map(|event| RunEvent { time: 0.0, event }).collect();
    report(state, Report::RunEvents { folder: PathBuf::from(folder), events })
}

fn eval(epoch: usize) -> Event {
    Event::Eval {
        epoch,
        step: epoch * 10,
        map: BTreeMap::from([("0.50".to_owned(), 0.5)]),
        average_map: 0.4,
        per_class: BTreeMap::new(),
        recall: BTreeMap::new(),
        seconds: 1.0,
        predictions: format!("predictions/epoch_{epoch:03}.json"),
    }
}

#[test]
fn opening_a_project_asks_for_everything_it_needs_and_shows_the_first_video() {
    let mut state = State::default();
    let effects = command(&mut state, Command::Open(vec![PathBuf::from("/p")]));
    assert_eq!(effects, [Effect::Open(vec![PathBuf::from("/p")])]);
    assert!(state.opening);
    let state = opened();
    assert_eq!(state.selected().map(|entry| entry.id.as_str()), Some("a"));
    assert_eq!(state.settings.recent, [PathBuf::from("/p")]);
    assert_eq!(state.lanes.len(), 2, "a lane for each class, to draw on");
    assert_eq!((state.lanes[1].colour, state.lanes[1].truth.len()), (Some(1), 1), "the second class of the project");
    assert_eq!(state.timeline.length, 10.0);
}

#[test]
fn what_cannot_be_opened_leaves_everything_as_it_was() {
    let mut state = opened();
    let before = state.clone();
    state.opening = true;
    report(&mut state, Report::Opened(Err(Failure::new("/q does not exist"))));
    assert_eq!(state.notices.shown[0].failure.sentence, "/q does not exist");
    state.notices.dismiss(state.notices.shown[0].id);
    assert_eq!((state.library, state.project, state.opening), (before.library, before.project, false));
}

#[test]
fn a_video_that_cannot_be_read_says_why_in_library_and_player() {
    let mut state = opened();
    let generation = state.library.generation;
    report(&mut state, Report::Looked { generation, index: 1, facts: Err("the file is cut short".to_owned()) });
    let effects = command(&mut state, Command::Select(1));
    assert_eq!(effects, [Effect::Player(PlayerRequest::Close)]);
    assert_eq!(state.playback.status, Status::Failed("the file is cut short".to_owned()));
    let stale = Report::Looked { generation: generation - 1, index: 0, facts: Err("old".to_owned()) };
    report(&mut state, stale);
    assert_eq!(state.library.entries[0].problem, None);
}

#[test]
fn reports_of_an_earlier_video_are_dropped() {
    let mut state = opened();
    let old = state.playback.generation;
    command(&mut state, Command::Select(1));
    report(&mut state, Report::Shown { generation: old, time: MediaTime::from_secs(5.0), frame: 125 });
    assert_eq!(state.playback.time, MediaTime::ZERO);
    assert_eq!(state.playback.status, Status::Opening);
    assert!(command(&mut state, Command::TogglePlay).is_empty(), "nothing to play yet");
}

#[test]
fn playing_on_from_the_end_begins_again() {
    let mut state = opened();
    let generation = state.playback.generation;
    report(&mut state, Report::Shown { generation, time: MediaTime::from_secs(9.96), frame: 249 });
    let effects = command(&mut state, Command::TogglePlay);
    assert_eq!(
        effects,
        [
            Effect::Player(PlayerRequest::Seek(MediaTime::ZERO)),
            Effect::Player(PlayerRequest::Play { speed: Some(1.0) })
        ]
    );
    report(&mut state, Report::PlaybackEnded { generation });
    assert!(!state.playback.playing);
}

#[test]
fn seeking_stays_inside_the_video_and_the_timeline_follows() {
    let mut state = opened();
    state.timeline = state.timeline.zoomed(10.0, 0.0);
    let effects = command(&mut state, Command::Seek(MediaTime::from_secs(99.0)));
    assert_eq!(effects, [Effect::Player(PlayerRequest::Seek(MediaTime::from_secs(10.0)))]);
    assert!(state.timeline.start + state.timeline.span >= 10.0);
    command(&mut state, Command::SeekBy(-30.0));
    assert_eq!(state.playback.time, MediaTime::ZERO);
}

#[test]
fn training_is_asked_for_once_and_followed() {
    let mut state = opened();
    assert_eq!(state.no_training_because(), Some("Choose a configuration"));
    report(
        &mut state,
        Report::Configs(vec![Choice { label: "sample".to_owned(), path: PathBuf::from("/c/sample.toml") }]),
    );
    assert_eq!(state.training.health, Health::Checking);
    let effects = command(&mut state, Command::Train);
    assert!(
        matches!(&effects[..], [Effect::Train(request)] if request.root == std::path::Path::new("/p")),
        "{effects:?}"
    );
    assert!(command(&mut state, Command::Train).is_empty(), "pressed twice");
    let folder = PathBuf::from("/p/runs/sample-1");
    let effects = report(&mut state, Report::TrainingStarted { folder: folder.clone() });
    assert_eq!(effects, [Effect::Follow(folder)]);
    assert_eq!(state.no_training_because(), Some("A training is starting"));
}

#[test]
fn an_evaluation_brings_its_predictions_onto_the_timeline() {
    let mut state = following("/p/runs/x");
    let effects = events(&mut state, "/p/runs/x", vec![eval(0)]);
    assert!(matches!(&effects[..], [Effect::ReadPredictions { files, .. }] if files.len() == 1), "{effects:?}");
    let found = vec![Detection { segment: [1.1, 2.1], label: "jump".to_owned(), score: 0.8 }];
    let detections = Ok(Detections { videos: vec![("a".to_owned(), found)] });
    report(&mut state, Report::EpochPredictions { folder: PathBuf::from("/p/runs/x"), epoch: 0, detections });
    assert_eq!(state.lanes[1].predictions.len(), 1);
    assert_eq!(state.detecting.listed().len(), 1);
    command(&mut state, Command::SetMinScore(0.9));
    assert!(state.lanes[1].predictions.is_empty() && state.detecting.listed().is_empty());
}

#[test]
fn a_killed_training_is_one_sentence_after_its_last_events() {
    let mut state = following("/p/runs/x");
    let folder = PathBuf::from("/p/runs/x");
    report(&mut state, Report::RunChecked { folder: folder.clone(), alive: false });
    assert_eq!(state.run.as_ref().map(|run| run.state.word()), Some("Starting"), "no lock yet is no death");
    let how = "it was killed (signal 9)".to_owned();
    let effects = report(&mut state, Report::TrainingEnded { folder: folder.clone(), how, success: false });
    assert_eq!(effects, [Effect::CheckRun]);
    report(&mut state, Report::RunChecked { folder, alive: false });
    assert_eq!(state.run.as_ref().map(|run| run.state.word()), Some("Interrupted"));
    let sentence = &state.notices.shown[0].failure.sentence;
    assert!(sentence.contains("killed (signal 9)"), "{sentence}");
    let effects = command(&mut state, Command::ResumeRun);
    let going_on = Some(PathBuf::from("/p/runs/x"));
    assert!(matches!(&effects[..], [Effect::Train(request)] if request.resume == going_on), "{effects:?}");
    assert!(state.notices.shown.is_empty(), "what was wrong is being mended");
}

#[test]
fn a_run_of_another_window_is_found_again() {
    let mut state = opened();
    let summary = |name: &str, alive| RunSummary {
        name: name.to_owned(),
        folder: PathBuf::from(format!("/p/runs/{name}")),
        alive,
        checkpoint: Some(PathBuf::from(format!("/p/runs/{name}/checkpoints/best.safetensors"))),
        digest: crate::run::Digest::default(),
    };
    let effects = report(&mut state, Report::Runs(vec![summary("new", false), summary("old", true)]));
    assert_eq!(effects, [Effect::Follow(PathBuf::from("/p/runs/old"))], "the living one first");
    events(&mut state, "/p/runs/old", vec![Event::Paused]);
    let effects = command(&mut state, Command::Control(Do::Resume));
    assert_eq!(effects, [Effect::Control { folder: PathBuf::from("/p/runs/old"), what: Do::Resume }]);
    report(&mut state, Report::RunChecked { folder: PathBuf::from("/p/runs/old"), alive: false });
    assert_eq!(state.run.as_ref().map(|run| run.state.word()), Some("Interrupted"));
    assert!(state.notices.shown.is_empty(), "it was not ours to watch");
    assert!(state.checkpoint().is_some_and(|path| path.starts_with("/p/runs/old")));
}

#[test]
fn detection_goes_video_by_video_and_names_what_failed() {
    let mut state = opened();
    assert!(command(&mut state, Command::DetectAll).is_empty());
    assert!(state.notices.shown[0].failure.sentence.contains("no weights"));
    let id = state.notices.shown[0].id;
    command(&mut state, Command::Dismiss(id));
    command(&mut state, Command::ChooseCheckpoint(Some(PathBuf::from("/w.safetensors"))));
    let effects = command(&mut state, Command::DetectAll);
    assert!(matches!(&effects[..], [Effect::Detect { job: 1, videos, .. }] if videos.len() == 2), "{effects:?}");
    let found = vec![Detection { segment: [3.0, 4.0], label: "run".to_owned(), score: 0.7 }];
    report(&mut state, Report::Detected { job: 1, video: "a".to_owned(), found: Ok(found) });
    report(&mut state, Report::Detected { job: 1, video: "b".to_owned(), found: Err("no memory".to_owned()) });
    report(&mut state, Report::DetectEnded { job: 1 });
    assert_eq!(state.detecting.listed().len(), 1);
    let sentences: Vec<&str> = state.notices.shown.iter().map(|notice| notice.failure.sentence.as_str()).collect();
    assert_eq!(sentences, ["Detection failed on b: no memory", "1 detection in 1 video."]);
    let effects = command(&mut state, Command::SelectRow(0));
    assert_eq!(effects, [Effect::Player(PlayerRequest::Seek(MediaTime::from_secs(3.0)))]);
}

#[test]
fn where_no_dialog_can_be_a_typed_path_serves_for_whatever_was_asked() {
    let mut state = opened();
    for (wanted, path) in
        [(Wanted::Config, "/c.toml"), (Wanted::Init, "/i.pth"), (Wanted::Checkpoint, "/w.safetensors")]
    {
        report(&mut state, Report::NoDialog(wanted, Failure::new("no dialog")));
        assert!(command(&mut state, Command::TakeTypedPath).is_empty(), "nothing was typed");
        command(&mut state, Command::EditPath(format!(" {path} ")));
        command(&mut state, Command::TakeTypedPath);
        assert_eq!(state.path_field, None);
    }
    assert_eq!(state.training.config, Some(PathBuf::from("/c.toml")));
    assert_eq!(state.training.init, Init::File(PathBuf::from("/i.pth")));
    assert_eq!(state.detecting.checkpoint, Some(PathBuf::from("/w.safetensors")));
    command(&mut state, Command::ShowPathField);
    command(&mut state, Command::EditPath("/q".to_owned()));
    assert_eq!(command(&mut state, Command::TakeTypedPath), [Effect::Open(vec![PathBuf::from("/q")])]);
    assert!(state.path_field.is_some(), "until it turns out to be there");
}

#[test]
fn the_needs_of_a_training_are_asked_for_with_the_last_choices_and_never_beside_one() {
    let mut state = opened();
    let choice = Choice { label: "sample".to_owned(), path: PathBuf::from("/c/sample.toml") };
    report(&mut state, Report::Configs(vec![choice]));
    let effects = report(&mut state, Report::Health(Ok(Vec::new())));
    let number = |effects: &[Effect]| match effects {
        [Effect::Forecast { number, .. }] | [Effect::CancelForecast, Effect::Forecast { number, .. }] => *number,
        _ => panic!("{effects:?}"),
    };
    let first = number(&effects);
    assert!(report(&mut state, Report::Health(Ok(Vec::new()))).is_empty(), "asked once");
    let effects = command(&mut state, Command::ChooseDevice("cpu".to_owned()));
    let second = number(&effects);
    let needs = Needs { memory: 1, free: None, configured: false, seconds: 2.0, advice: None };
    report(&mut state, Report::Forecast { number: first, found: Ok(needs.clone()) });
    assert_eq!(state.training.forecast, Forecast::Asking, "of a device that is not chosen any more");
    report(&mut state, Report::Forecast { number: second, found: Ok(needs.clone()) });
    assert_eq!(state.training.forecast, Forecast::Known(needs));
    let effects = command(&mut state, Command::ChooseInit(Init::File("/w.pth".into())));
    assert!(matches!(&effects[..], [Effect::CheckHealth { .. }]), "the data first: {effects:?}");
    assert!(matches!(&report(&mut state, Report::Health(Ok(Vec::new())))[..], [Effect::Forecast { .. }]));
    let effects = command(&mut state, Command::Train);
    assert!(matches!(&effects[..], [Effect::CancelForecast, Effect::Train(_)]), "{effects:?}");
    report(&mut state, Report::TrainingStarted { folder: PathBuf::from("/p/runs/sample-1") });
    assert!(report(&mut state, Report::Health(Ok(Vec::new()))).is_empty(), "it would take its memory");
}
