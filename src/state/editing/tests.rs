//! Feeds commands, compares documents.

use crate::domain::{MediaTime, Segment};
use crate::state::tests::{command, opened, report};
use crate::state::{
    Annotate, Command, Edge, Effect, Field, Filter, Grip, Keeping, Pick, Removal, Report, Split, State,
};

pub(super) fn annotate(state: &mut State, what: Annotate) -> Vec<Effect> {
    command(state, what.into())
}

pub(super) fn at(state: &mut State, seconds: f64) {
    command(state, Command::Seek(MediaTime::from_secs(seconds)));
}

fn plays(state: &mut State, seconds: f64) {
    if !state.playback.playing {
        command(state, Command::TogglePlay);
    }
    let generation = state.playback.generation;
    report(state, Report::Shown { generation, time: MediaTime::from_secs(seconds), frame: 0 });
}

pub(super) fn segments(state: &State) -> Vec<(Segment, &str)> {
    state.actions().iter().map(|action| (action.segment, action.label.as_str())).collect()
}

fn drag(state: &mut State, grip: Grip, from: f64, to: f64, reach: f64, free: bool) {
    annotate(state, Annotate::DragStart(grip, from));
    annotate(state, Annotate::DragTo { at: to, reach, free });
    annotate(state, Annotate::DragEnd);
}

pub(super) fn kept(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Keep(_))).count()
}

#[test]
fn marks_make_a_segment_of_the_chosen_class_and_undo_takes_it_back() {
    let mut state = opened();
    annotate(&mut state, Annotate::Press('1'));
    assert_eq!(state.editing.class.as_deref(), Some("run"), "paused, a digit picks");
    at(&mut state, 3.0);
    annotate(&mut state, Annotate::MarkIn);
    at(&mut state, 4.5);
    annotate(&mut state, Annotate::MarkOut);
    let effects = annotate(&mut state, Annotate::MakeSegment);
    assert_eq!(kept(&effects), 1);
    assert_eq!(segments(&state), [([1.0, 2.0], "jump"), ([3.0, 4.5], "run")]);
    assert_eq!(state.library.entries[0].actions, 2);
    assert_eq!((state.editing.mark_in, state.editing.is_kept()), (None, false));
    report(&mut state, Report::Keeping { root: "/p".into(), told: Keeping::Kept(1) });
    assert!(state.editing.is_kept());
    annotate(&mut state, Annotate::Undo);
    assert_eq!(segments(&state), [([1.0, 2.0], "jump")]);
    annotate(&mut state, Annotate::Redo);
    assert_eq!(segments(&state).len(), 2);
    annotate(&mut state, Annotate::MakeSegment);
    assert!(state.notices.shown.iter().any(|notice| notice.failure.sentence.contains("press I")));
}

#[test]
fn a_tap_starts_and_ends_a_hold_marks_what_it_lasts_and_the_reaction_is_taken_off() {
    let mut state = opened();
    annotate(&mut state, Annotate::SetReaction(0.2));
    plays(&mut state, 3.0);
    annotate(&mut state, Annotate::Press('1'));
    annotate(&mut state, Annotate::Release('1', 0.1));
    plays(&mut state, 5.0);
    assert_eq!(segments(&state).len(), 1, "still open");
    annotate(&mut state, Annotate::Press('1'));
    annotate(&mut state, Annotate::Release('1', 0.1));
    assert_eq!(segments(&state)[1], ([2.8, 4.8], "run"));
    annotate(&mut state, Annotate::Press('2'));
    plays(&mut state, 6.0);
    annotate(&mut state, Annotate::Release('2', 1.0));
    assert_eq!(segments(&state)[2], ([4.8, 5.8], "jump"));
    // Two classes at once; the keyboard goes away.
    annotate(&mut state, Annotate::Press('1'));
    plays(&mut state, 6.4);
    annotate(&mut state, Annotate::Press('2'));
    plays(&mut state, 7.0);
    annotate(&mut state, Annotate::LetGo);
    assert!(state.editing.logged.is_empty());
    assert_eq!(segments(&state)[3..], [([6.2, 6.8], "jump"), ([5.8, 6.8], "run")]);
    // The video ends.
    annotate(&mut state, Annotate::Press('1'));
    plays(&mut state, 9.0);
    let generation = state.playback.generation;
    report(&mut state, Report::PlaybackEnded { generation });
    assert_eq!(segments(&state).len(), 6);
}

#[test]
fn dragging_creates_moves_and_resizes_with_snapping_and_the_picture_follows() {
    let mut state = opened();
    drag(&mut state, Grip::New("run".to_owned()), 4.013, 6.507, 0.05, false);
    assert_eq!(segments(&state)[1], ([4.0, 6.52], "run"), "frames are 40 ms");
    let id = state.actions()[1].id;
    annotate(&mut state, Annotate::DragStart(Grip::Edge(id, Edge::Start), 4.0));
    let effects = annotate(&mut state, Annotate::DragTo { at: 2.03, reach: 0.05, free: false });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Player(_))), "the picture follows the edge");
    assert_eq!(state.editing.drag.as_ref().and_then(|drag| drag.snapped), Some(2.0), "the neighbour's end");
    annotate(&mut state, Annotate::DragEnd);
    assert_eq!(segments(&state)[1].0, [2.0, 6.52]);
    drag(&mut state, Grip::Edge(id, Edge::End), 6.52, 6.0333, 0.05, true);
    assert_eq!(segments(&state)[1].0, [2.0, 6.0333], "Alt: no snapping");
    drag(&mut state, Grip::Edge(id, Edge::End), 6.0, 1.0, 0.05, false);
    assert_eq!(segments(&state)[1].0, [2.0, 2.04], "an edge never passes the other");
    drag(&mut state, Grip::Body(id), 2.01, 99.0, 0.05, false);
    assert_eq!(segments(&state)[1].0, [9.96, 10.0], "not out of the video");
    annotate(&mut state, Annotate::DragStart(Grip::Body(id), 9.97));
    annotate(&mut state, Annotate::DragTo { at: 5.0, reach: 0.05, free: false });
    let effects = annotate(&mut state, Annotate::DragCancel);
    assert_eq!((kept(&effects), segments(&state)[1].0), (0, [9.96, 10.0]));
    drag(&mut state, Grip::New("run".to_owned()), 3.0, 3.001, 0.0, true);
    drag(&mut state, Grip::New("run".to_owned()), 3.0, 3.0, 0.0, false);
    assert_eq!(segments(&state).iter().filter(|(segment, _)| segment[0] >= segment[1]).count(), 0);
}

#[test]
fn what_is_selected_is_split_merged_duplicated_nudged_and_carried_to_another_video() {
    let mut state = opened();
    let id = state.actions()[0].id;
    at(&mut state, 1.4);
    annotate(&mut state, Annotate::Split);
    assert_eq!(segments(&state), [([1.0, 1.4], "jump"), ([1.4, 2.0], "jump")]);
    annotate(&mut state, Annotate::Select(id, Pick::Add));
    annotate(&mut state, Annotate::Merge);
    assert_eq!(segments(&state), [([1.0, 2.0], "jump")]);
    annotate(&mut state, Annotate::Select(id, Pick::Only));
    annotate(&mut state, Annotate::Duplicate);
    assert_eq!(segments(&state)[1], ([2.0, 3.0], "jump"));
    annotate(&mut state, Annotate::Nudge(Edge::End, 2));
    assert_eq!(segments(&state)[1].0, [2.0, 3.08]);
    annotate(&mut state, Annotate::NudgeBoth(-1));
    assert_eq!(segments(&state)[1].0, [1.96, 3.04]);
    annotate(&mut state, Annotate::SetClass("run".to_owned()));
    annotate(&mut state, Annotate::ToggleDraft);
    assert!(state.actions()[1].draft && state.actions()[1].label == "run");
    annotate(&mut state, Annotate::SelectAll);
    annotate(&mut state, Annotate::Copy);
    command(&mut state, Command::Select(1));
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
    at(&mut state, 6.0);
    annotate(&mut state, Annotate::Paste);
    assert_eq!(segments(&state), [([1.0, 2.0], "jump"), ([6.0, 7.0], "jump"), ([6.96, 8.04], "run")]);
    annotate(&mut state, Annotate::Delete);
    assert_eq!(segments(&state).len(), 1, "what was pasted is selected");
    // Undo goes where it happened.
    (0..3).for_each(|_| drop(annotate(&mut state, Annotate::Undo)));
    assert_eq!(state.playback.video, Some(0));
}

#[test]
fn boxes_steps_and_the_table_choose_the_same_things() {
    let mut state = opened();
    for (start, label) in [(3.0, "run"), (5.0, "jump"), (7.0, "run")] {
        drag(&mut state, Grip::New(label.to_owned()), start, start + 1.0, 0.0, false);
    }
    annotate(&mut state, Annotate::SelectBox([2.5, 5.5], vec!["run".to_owned(), "jump".to_owned()], Pick::Only));
    assert_eq!(state.editing.selection.len(), 2);
    annotate(&mut state, Annotate::SelectBox([0.0, 9.0], vec!["run".to_owned()], Pick::Only));
    assert_eq!(state.selected_actions().map(|action| action.segment[0]).collect::<Vec<_>>(), [3.0, 7.0]);
    let first = state.actions()[0].id;
    annotate(&mut state, Annotate::Select(first, Pick::Toggle));
    assert_eq!(state.editing.selection.len(), 3);
    annotate(&mut state, Annotate::Clear);
    at(&mut state, 4.0);
    annotate(&mut state, Annotate::Step(1));
    assert_eq!(state.playback.time.as_secs(), 5.0);
    annotate(&mut state, Annotate::Step(1));
    annotate(&mut state, Annotate::GoTo(Edge::End));
    assert_eq!(state.playback.time.as_secs(), 8.0);
    let filter = Filter { class: Some("run".to_owned()), shortest: Some(0.5), ..Filter::default() };
    annotate(&mut state, Annotate::SetFilter(filter));
    assert_eq!(state.editing.rows.len(), 2);
    let (_, id) = state.editing.rows[0];
    for field in [
        Field::Start(3.25),
        Field::Note(" blurred ".to_owned()),
        Field::Label("walk".to_owned()),
        Field::End(2.0),
        Field::Subject("left".to_owned()),
    ] {
        annotate(&mut state, Annotate::SetField(id, field));
    }
    let action = state.actions().iter().find(|action| action.id == id).expect("there");
    assert_eq!((action.segment, action.note.as_str(), action.label.as_str()), ([3.25, 4.0], "blurred", "walk"));
    assert!(state.editing.book.document.class("walk").is_some(), "a class that was typed is one");
    let filter = Filter { text: "BLUR".to_owned(), ..Filter::default() };
    annotate(&mut state, Annotate::SetFilter(filter));
    assert_eq!(state.editing.rows, [(0, id)]);
}

#[test]
fn classes_are_renamed_joined_and_deleted_everywhere_in_one_step() {
    let mut state = opened();
    annotate(&mut state, Annotate::AddClass("fall".to_owned()));
    annotate(&mut state, Annotate::RenameClass("jump".to_owned(), "leap".to_owned()));
    let labels = |state: &State| -> Vec<String> {
        state.editing.book.document.all_actions().map(|(_, action)| action.label.clone()).collect()
    };
    assert_eq!(labels(&state), ["leap", "leap", "leap"]);
    annotate(&mut state, Annotate::RenameClass("leap".to_owned(), "fall".to_owned()));
    assert_eq!(state.editing.book.document.class_list().names(), ["run", "fall"]);
    annotate(&mut state, Annotate::DeleteClass("fall".to_owned(), Removal::MoveTo("run".to_owned())));
    assert_eq!(labels(&state), ["run", "run", "run"]);
    annotate(&mut state, Annotate::DeleteClass("run".to_owned(), Removal::WithSegments));
    assert!(labels(&state).is_empty() && state.library.entries[2].actions == 0);
    (0..4).for_each(|_| drop(annotate(&mut state, Annotate::Undo)));
    assert_eq!(labels(&state), ["jump", "jump", "jump"]);
    annotate(&mut state, Annotate::SetClassKey("jump".to_owned(), Some('g')));
    assert_eq!((state.class_of_key('g'), state.class_of_key('2')), (Some("jump"), None));
    annotate(&mut state, Annotate::SetClassKey("run".to_owned(), Some('s')));
    assert!(state.notices.shown.iter().any(|notice| notice.failure.sentence.contains("split")), "S is taken");
    assert_eq!(state.key_of_class("run"), Some('1'));
    annotate(&mut state, Annotate::AddSubject("left cat".to_owned()));
    drag(&mut state, Grip::New("run".to_owned()), 5.0, 6.0, 0.0, false);
    assert_eq!(state.actions()[1].subject, "left cat");
    annotate(&mut state, Annotate::DeleteSubject("left cat".to_owned()));
    assert_eq!(state.actions()[1].subject, "");
}

#[test]
fn regions_subsets_and_done_are_edits_like_others() {
    let mut state = opened();
    at(&mut state, 5.0);
    annotate(&mut state, Annotate::MarkIn);
    at(&mut state, 7.0);
    annotate(&mut state, Annotate::MarkNotAnnotated);
    let regions = |state: &State| state.editing.book.document.videos["a"].head.not_annotated.clone();
    assert_eq!(regions(&state), [[5.0, 7.0]]);
    at(&mut state, 6.0);
    annotate(&mut state, Annotate::ClearNotAnnotated);
    assert!(regions(&state).is_empty());
    annotate(&mut state, Annotate::ToggleDone("a".to_owned()));
    annotate(&mut state, Annotate::SetSubset("a".to_owned(), "testing".to_owned()));
    assert_eq!((state.library.entries[0].done, state.library.entries[0].subset.as_str()), (true, "testing"));
    annotate(&mut state, Annotate::SetSplit(Split { share: 0.34, seed: 0 }));
    annotate(&mut state, Annotate::SplitSubsets);
    let validates = state.library.entries.iter().filter(|entry| entry.subset == "validation").count();
    assert_eq!(validates, 1);
    (0..5).for_each(|_| drop(annotate(&mut state, Annotate::Undo)));
    assert_eq!(state.library.entries[0].subset, "training");
    assert!(state.editing.book.undoable().is_none());
}

#[test]
fn a_split_is_in_proportion_class_by_class() {
    let videos: Vec<(String, Vec<String>)> = (0..40)
        .map(|n| {
            let mut labels = vec!["often".to_owned()];
            if n % 2 == 0 {
                labels.push("half".to_owned());
            }
            if n % 10 == 3 {
                labels.push("rare".to_owned());
            }
            (format!("v{n}"), labels)
        })
        .collect();
    let validates = super::vocabulary::stratified(&videos, Split::default());
    let count = |label: &str| {
        let of = videos.iter().zip(&validates).filter(|((_, labels), _)| labels.iter().any(|one| one == label));
        of.filter(|(_, validates)| **validates).count()
    };
    assert_eq!((count("often"), count("half"), count("rare")), (10, 5, 1));
}
