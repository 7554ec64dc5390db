//! Sliders, lists and jumps on a small project, with the comparison made in place.

use std::path::PathBuf;

use super::*;
use crate::domain::{Detection, Failure, MediaTime};
use crate::eval::ErrorKind;
use crate::eval::diagnosis::Kind;
use crate::jobs::review::Reviewed;
use crate::project::{Book, Document, Kind as ProjectKind, Opened, Opening, ProjectVideo};
use crate::state::{Annotate, Command, Correct, Input, Inspect, Judging, Origin, PlayerRequest, Report, State, update};

fn report(state: &mut State, report: Report) -> Vec<Effect> {
    update(state, Input::Report(report))
}

fn inspect(state: &mut State, what: Inspect) -> Vec<Effect> {
    update(state, Input::Command(Command::Inspect(what)))
}

/// Answers the question among the effects.
fn answer(state: &mut State, effects: &[Effect]) {
    let request = effects.iter().find_map(|effect| match effect {
        Effect::Review(request) => Some(request.clone()),
        _ => None,
    });
    let request = request.expect("a question");
    report(state, Report::Reviewed(Box::new(Reviewed::to(&request))));
}

fn one(label: &str, start: f64, end: f64, score: f64) -> Detection {
    Detection { segment: [start, end], label: label.to_owned(), score }
}

/// Two videos to judge, the first open; one hit, one false alarm near it, one background in the second video, whose truth is missed.
fn compared() -> State {
    let mut state = State::default();
    let video = |id: &str| ProjectVideo {
        id: id.to_owned(),
        path: PathBuf::from(format!("/p/{id}.mp4")),
        duration: Some(20.0),
        problem: None,
    };
    let entry = |id: &str, subset: &str| {
        let actions = r#"[{"segment": [4, 8], "label": "jump"}]"#;
        format!(r#""{id}": {{"subset": "{subset}", "duration": 20, "annotations": {actions}}}"#)
    };
    let videos = [entry("a", "validation"), entry("b", "validation"), entry("t", "training")].join(", ");
    let text = format!(r#"{{"database": {{{videos}}}}}"#);
    let document = Document::parse(&text, &PathBuf::from("t.json"), &["jump".to_owned()]).expect("valid");
    let opened = Opened {
        name: "Cats".to_owned(),
        root: PathBuf::from("/p"),
        kind: ProjectKind::Project,
        annotation_file: PathBuf::from("/p/annotations.json"),
        book: Book::new(document),
        last: 0,
        opening: Opening::default(),
        videos: vec![video("a"), video("b"), video("t")],
    };
    report(&mut state, Report::Opened(Ok(Box::new(opened))));
    ready(&mut state);
    report(&mut state, Report::TrainingStarted { folder: PathBuf::from("/p/runs/x") });
    let videos = vec![
        ("a".to_owned(), vec![one("jump", 4.0, 8.0, 0.9), one("jump", 6.0, 8.0, 0.6)]),
        ("b".to_owned(), vec![one("jump", 12.0, 15.0, 0.7)]),
    ];
    let detections = Ok(Detections { videos });
    let effects =
        report(&mut state, Report::EpochPredictions { folder: PathBuf::from("/p/runs/x"), epoch: 0, detections });
    assert!(state.marks().is_none(), "not known yet");
    answer(&mut state, &effects);
    state
}

fn ready(state: &mut State) -> Vec<Effect> {
    let generation = state.playback.generation;
    report(
        state,
        Report::VideoReady {
            generation,
            length: MediaTime::from_secs(20.0),
            frames: 500,
            warnings: Vec::new(),
            streams: Vec::new(),
        },
    )
}

fn marks(state: &State) -> Vec<Option<Mark>> {
    let marks = state.marks().expect("marks");
    vec![marks.of(true, 0), marks.of(false, 0), marks.of(false, 1)]
}

#[test]
fn sliders_recolour_at_once_without_asking_anybody() {
    let mut state = compared();
    assert_eq!(state.inspect.compared_subset(), Some("validation"));
    use Kind::{DoubleDetection, Localisation};
    let double = Some(Mark::False(DoubleDetection));
    assert_eq!(marks(&state), [Some(Mark::Hit), Some(Mark::Hit), double]);
    assert_eq!(state.inspect.totals.subset, Tally { hits: 1, false_alarms: 2, missed: 1 });
    assert_eq!(state.inspect.totals.video, Some(Tally { hits: 1, false_alarms: 1, missed: 0 }));
    assert!(inspect(&mut state, Inspect::Tiou(9)).is_empty());
    assert_eq!(marks(&state)[2], Some(Mark::False(Localisation)), "half of it at 0.55");
    assert!(update(&mut state, Input::Command(Command::SetMinScore(0.95))).is_empty());
    assert_eq!(marks(&state)[0], Some(Mark::Missed), "what found it is hidden");
    assert!(inspect(&mut state, Inspect::BestF1 { here: false }).is_empty());
    assert_eq!(state.detecting.min_score, 0.9);
    assert_eq!(state.inspect.totals.subset, Tally { hits: 1, false_alarms: 0, missed: 1 });
}

#[test]
fn what_changes_the_answer_asks_again_and_a_late_answer_is_dropped() {
    let mut state = compared();
    assert!(
        update(&mut state, Input::Command(Command::Select(1)))
            .iter()
            .all(|effect| !matches!(effect, Effect::Review(_)))
    );
    let old = state.inspect.generation;
    let effects = inspect(&mut state, Inspect::Subset("training".to_owned()));
    assert_eq!(effects.len(), 1);
    let late = Reviewed { generation: old, result: Err(Failure::new("late")), next: ToAnnotate::default() };
    report(&mut state, Report::Reviewed(Box::new(late)));
    assert!(state.inspect.is_waiting() && state.inspect.failure.is_none());
    answer(&mut state, &effects);
    assert_eq!(state.inspect.totals.subset, Tally { hits: 0, false_alarms: 0, missed: 1 });
    // Annotations that change are another truth.
    update(&mut state, Input::Command(Command::Select(2)));
    ready(&mut state);
    update(&mut state, Input::Command(Annotate::SelectAll.into()));
    let effects = update(&mut state, Input::Command(Annotate::Delete.into()));
    answer(&mut state, &effects);
    assert!(state.inspect.failure.as_ref().is_some_and(|failure| failure.contains("no annotated action")));
    update(&mut state, Input::Command(Command::ShowPredictions(None)));
    assert!(state.inspect.comparison.is_none() && state.inspect.failure.is_none() && !state.inspect.is_waiting());
}

#[test]
fn the_next_error_is_shown_and_played_with_a_moment_around() {
    let mut state = compared();
    let kinds: Vec<&str> = state.inspect.rows.iter().map(|row| row.kind.name()).collect();
    assert_eq!(kinds, ["background", "double detection", "missed"]);
    // The first error is in the other video: it opens, and plays once it is ready.
    let effects = inspect(&mut state, Inspect::Next(1));
    assert!(matches!(&effects[..], [Effect::Player(PlayerRequest::Open { .. })]), "{effects:?}");
    let effects = ready(&mut state);
    let seek = Effect::Player(PlayerRequest::Seek(MediaTime::from_secs(11.0)));
    assert_eq!(effects, [seek, Effect::Player(PlayerRequest::Play { speed: Some(1.0) })]);
    let generation = state.playback.generation;
    let shown = |seconds: f64| Report::Shown { generation, time: MediaTime::from_secs(seconds), frame: 1 };
    assert!(report(&mut state, shown(15.5)).is_empty());
    let effects = report(&mut state, shown(16.0));
    assert_eq!(effects, [Effect::Player(PlayerRequest::Play { speed: None })]);
    assert!(!state.playback.playing);
    // Round and back again; the last one is the missed truth of this video.
    inspect(&mut state, Inspect::Next(-1));
    assert_eq!(state.inspect.selected, Some(2));
    let described = state.inspect.describe(&state.inspect.rows[2]).expect("described");
    assert_eq!((described.video, described.segment), ("b", [4.0, 8.0]));
    update(&mut state, Input::Command(Command::Pause));
    assert_eq!(state.playback.until, None, "whoever takes over plays on");
    inspect(&mut state, Inspect::Next(1));
    assert_eq!(state.inspect.selected, Some(0));
}

#[test]
fn filters_and_clicks_in_curves_lead_to_segments() {
    let mut state = compared();
    inspect(&mut state, Inspect::Here(true));
    assert_eq!(state.inspect.rows.len(), 1);
    inspect(&mut state, Inspect::Here(false));
    let filter = ErrorFilter { kind: Some(ErrorKind::Missed), ..ErrorFilter::default() };
    inspect(&mut state, Inspect::Filter(filter));
    assert_eq!(state.inspect.rows.len(), 1);
    let point = state.inspect.curve[0];
    let effects = inspect(&mut state, Inspect::Show { video: point.video, detection: point.detection });
    assert_eq!(effects[0], Effect::Player(PlayerRequest::Seek(MediaTime::from_secs(3.0))));
    assert_eq!(state.inspect.confusion.counts, [[1, 1], [2, 0]]);
    assert_eq!(state.predictions.shown, Some(Origin::Epoch { run: "x".to_owned(), epoch: 0 }));
}

fn correct(state: &mut State, what: Correct) -> Vec<Effect> {
    update(state, Input::Command(Command::Correct(what)))
}

fn title(state: &State) -> Option<String> {
    state.editing.book.undoable().map(|edit| edit.title.clone())
}

#[test]
fn accepting_and_rejecting_go_on_in_the_list_and_each_is_one_step_back() {
    let mut state = compared();
    inspect(&mut state, Inspect::Select(0));
    let first = state.inspect.target.clone().expect("a detection");
    assert_eq!((first.video.as_str(), first.segment), ("b", [12.0, 15.0]));
    let effects = correct(&mut state, Correct::Accept);
    let second = state.inspect.target.clone().expect("the next one");
    assert_eq!((second.video.as_str(), second.segment), ("a", [6.0, 8.0]), "on to the next error");
    assert_eq!(title(&state), Some("Accept jump".to_owned()));
    // What was accepted is no error any more: the list is shorter, and the one at hand is still at hand.
    answer(&mut state, &effects);
    assert_eq!(state.inspect.selected, Some(0));
    assert_eq!(
        state.inspect.rows.iter().map(|row| row.kind.name()).collect::<Vec<_>>(),
        ["double detection", "missed"]
    );
    let made = state.editing.book.document.actions("b").last().expect("made").clone();
    assert_eq!((made.segment, made.foreign["source"].as_str()), ([12.0, 15.0], Some("x, epoch 1, jump score 0.700")));
    let effects = correct(&mut state, Correct::Reject);
    assert_eq!(title(&state), Some("Reject jump".to_owned()));
    answer(&mut state, &effects);
    assert_eq!(state.inspect.selected, Some(1), "the missed truth comes next");
    for expected in [Some("Accept jump".to_owned()), None] {
        update(&mut state, Input::Command(Annotate::Undo.into()));
        assert_eq!(title(&state), expected);
    }
    assert!(!state.dataset().videos.iter().any(|video| !video.rejected.is_empty()));
}

#[test]
fn an_error_that_is_gone_leaves_its_place_to_the_next_and_nobody_is_led_on_who_does_not_want_to_be() {
    let mut state = compared();
    correct(&mut state, Correct::GoOn(false));
    inspect(&mut state, Inspect::Next(1));
    let effects = correct(&mut state, Correct::AcceptAs("hop".to_owned()));
    assert_eq!((state.inspect.target.as_ref(), state.inspect.selected), (None, Some(0)));
    assert_eq!(title(&state), Some("Accept hop".to_owned()));
    let selected: Vec<&str> = state.selected_actions().map(|action| action.label.as_str()).collect();
    assert!(selected.is_empty() || selected == ["hop"]);
    answer(&mut state, &effects);
    // It is a wrong label now; relabelled truth is what it lies on.
    assert_eq!(state.inspect.rows[0].kind.name(), "wrong label");
    update(&mut state, Input::Command(Annotate::Undo.into()));
    inspect(&mut state, Inspect::Select(0));
    let effects = correct(&mut state, Correct::Accept);
    answer(&mut state, &effects);
    assert_eq!(state.inspect.selected, None, "it is none any more");
    inspect(&mut state, Inspect::Next(1));
    assert_eq!(state.inspect.selected, Some(0), "the one that moved up to its place");
}

#[test]
fn moments_and_rows_are_gone_through_as_errors_are_and_a_click_on_the_timeline_chooses() {
    let mut state = compared();
    let next = state.inspect.next.clone().expect("ranked with the comparison");
    assert_eq!(next.moments.len(), 1, "what overlaps an annotation is judged: {next:?}");
    correct(&mut state, Correct::NextMoment);
    ready(&mut state);
    assert_eq!(state.inspect.target.as_ref().map(|target| target.segment), Some([12.0, 15.0]));
    assert_eq!(state.inspect.judging, Judging::Moments);
    let effects = correct(&mut state, Correct::Reject);
    answer(&mut state, &effects);
    assert!(state.inspect.next.as_ref().is_some_and(|next| next.moments.is_empty() && next.videos.is_empty()));
    update(&mut state, Input::Command(Annotate::Undo.into()));

    update(&mut state, Input::Command(Command::TableOfAll(true)));
    update(&mut state, Input::Command(Command::SelectRow(0)));
    correct(&mut state, Correct::Reject);
    assert_eq!((state.detecting.selected, state.inspect.target.as_ref().map(|one| one.score)), (Some(1), Some(0.7)));

    update(&mut state, Input::Command(Command::Select(0)));
    ready(&mut state);
    correct(&mut state, Correct::Choose(1));
    assert_eq!(state.inspect.target.as_ref().map(|one| one.segment), Some([6.0, 8.0]));
    let row = state.inspect.selected.and_then(|index| state.inspect.rows.get(index).copied()).expect("in the list");
    assert_eq!((row.index, row.score), (1, Some(0.6)));
    correct(&mut state, Correct::Choose(9));
    assert_eq!(state.inspect.target.as_ref().map(|one| one.segment), Some([6.0, 8.0]), "there is no such");
}

#[test]
fn all_above_a_score_are_accepted_in_one_step() {
    let mut state = compared();
    update(&mut state, Input::Command(Command::SetMinScore(0.65)));
    correct(&mut state, Correct::AcceptAll { here: false });
    let count = |state: &State, video: &str| state.editing.book.document.actions(video).len();
    assert_eq!((count(&state, "a"), count(&state, "b")), (1, 2), "what overlaps an annotation is there already");
    assert_eq!(title(&state), Some("Accept 1 detection".to_owned()));
    update(&mut state, Input::Command(Annotate::Undo.into()));
    assert_eq!((count(&state, "b"), title(&state)), (1, None));
}

#[allow(clippy::print_stdout, reason = "a test that measures says what")]
/// The limits are those of a release build (16 ms), with room for a debug build on a busy machine; the times are printed.
#[test]
fn ten_thousand_detections_follow_the_sliders() {
    let mut state = compared();
    let found = |video: usize| {
        let one = |k: usize| {
            let start = (k * 37 % 170) as f64 / 10.0;
            one("jump", start, start + 1.0 + (k % 7) as f64, (k * 7919 % 1000) as f64 / 1000.0)
        };
        (["a", "b"][video].to_owned(), (0..5000).map(one).collect())
    };
    let detections = Ok(Detections { videos: vec![found(0), found(1)] });
    let folder = PathBuf::from("/p/runs/x");
    let begin = std::time::Instant::now();
    let effects = report(&mut state, Report::EpochPredictions { folder, epoch: 1, detections });
    answer(&mut state, &effects);
    let compared = begin.elapsed();
    let begin = std::time::Instant::now();
    inspect(&mut state, Inspect::Tiou(5));
    let tiou = begin.elapsed();
    let begin = std::time::Instant::now();
    update(&mut state, Input::Command(Command::SetMinScore(0.3)));
    let score = begin.elapsed();
    let begin = std::time::Instant::now();
    let marks = state.marks().expect("marks");
    let hits = (0..5000).filter(|&index| marks.of(false, index) == Some(Mark::Hit)).count();
    let marking = begin.elapsed();
    println!(
        "10 000 detections: compared {compared:.1?}, tIoU slider {tiou:.1?}, score slider {score:.1?}, marks {marking:.1?}"
    );
    assert!(hits <= 1);
    assert!([tiou, score, marking].iter().all(|time| time.as_millis() < 500), "{tiou:?} {score:?} {marking:?}");
}

#[test]
fn the_list_goes_by_any_video_that_is_judged_open_or_not() {
    let mut state = compared();
    let videos = |state: &State| -> Vec<String> {
        let rows = state.inspect.rows.iter();
        rows.map(|row| state.inspect.describe(row).expect("described").video.to_owned()).collect()
    };
    assert_eq!(videos(&state), ["b", "a", "b"]);
    assert!(inspect(&mut state, Inspect::Video(Some("b".to_owned()))).is_empty());
    assert_eq!((videos(&state), state.selected().map(|entry| entry.id.as_str())), (vec!["b".to_owned(); 2], Some("a")));
    // Another video that opens changes nothing of it.
    update(&mut state, Input::Command(Command::Select(1)));
    assert_eq!(videos(&state), ["b", "b"]);
    inspect(&mut state, Inspect::Here(true));
    update(&mut state, Input::Command(Command::Select(0)));
    assert_eq!(videos(&state), ["a"]);
    inspect(&mut state, Inspect::Video(Some("of another subset".to_owned())));
    assert_eq!((videos(&state).len(), state.inspect.only.clone()), (3, None));
}

#[test]
fn an_edge_of_a_detection_that_is_dragged_accepts_it_in_one_step() {
    use crate::state::{Edge, Grip};
    let mut state = compared();
    let annotate = |state: &mut State, what: Annotate| update(state, Input::Command(Command::Annotate(what)));
    let count = |state: &State| state.actions().len();
    let before = count(&state);
    annotate(&mut state, Annotate::DragStart(Grip::Detection(1, Edge::Start), 6.0));
    assert_eq!(state.inspect.target.as_ref().map(|target| target.segment), Some([6.0, 8.0]));
    annotate(&mut state, Annotate::DragTo { at: 6.8, reach: 0.0, free: true });
    assert_eq!(state.editing.drag.as_ref().and_then(|drag| drag.new), Some([6.8, 8.0]));
    annotate(&mut state, Annotate::DragCancel);
    assert_eq!(count(&state), before);
    annotate(&mut state, Annotate::DragStart(Grip::Detection(1, Edge::End), 8.0));
    annotate(&mut state, Annotate::DragTo { at: 9.5, reach: 0.0, free: true });
    annotate(&mut state, Annotate::DragEnd);
    let made = state.actions().last().cloned().expect("made");
    assert_eq!((made.label.as_str(), made.segment), ("jump", [6.0, 9.5]));
    assert_eq!(state.editing.selection, [made.id].into());
    assert!(state.inspect.target.is_none() && made.foreign["source"].as_str().expect("text").contains("score 0.600"));
    assert_eq!(state.editing.book.undoable().map(|edit| edit.title.as_str()), Some("Accept jump"));
    annotate(&mut state, Annotate::Undo);
    assert_eq!(count(&state), before);
}
