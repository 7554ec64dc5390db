//! Feeds commands, compares documents: what other windows, other programs, other files and disks that fail do to them.

use super::tests::{annotate, at, kept, segments};
use super::*;
use crate::domain::MediaTime;
use crate::jobs::keeper::Access;
use crate::project::Entry;
use crate::state::tests::{command, opened, report};
use crate::state::{Away, Command, Edge, Effect, Grip, Keeping, Pick, Removal, Report, Settle, Wanted};

fn told(told: Keeping) -> Report {
    Report::Keeping { root: "/p".into(), told }
}

#[test]
fn a_window_that_only_reads_says_so_and_troubles_are_told_once() {
    let mut state = opened();
    report(&mut state, told(Keeping::Access(Access::Theirs(42))));
    let effects = annotate(&mut state, Annotate::AddClass("x".to_owned()));
    assert!(effects.is_empty() && state.editing.book.document.class("x").is_none());
    assert!(state.notices.shown[0].failure.sentence.contains("process 42"));
    assert_eq!(annotate(&mut state, Annotate::TakeOver), [Effect::TakeOver]);
    report(&mut state, told(Keeping::Access(Access::Ours)));
    state.notices.shown.clear();
    annotate(&mut state, Annotate::AddClass("x".to_owned()));
    for _ in 0..3 {
        report(&mut state, told(Keeping::Trouble(Some("the disk is full".to_owned()))));
    }
    assert_eq!(state.notices.shown.len(), 1);
    assert!(state.notices.shown[0].failure.sentence.contains("disk is full"));
    report(&mut state, told(Keeping::Kept(1)));
    report(&mut state, told(Keeping::Trouble(None)));
    let sentences: Vec<_> = state.notices.shown.iter().map(|notice| notice.failure.sentence.as_str()).collect();
    assert_eq!((sentences, state.editing.trouble.is_none()), (vec!["Everything is kept again."], true));
}

#[test]
fn what_another_program_did_comes_as_one_edit() {
    let mut state = opened();
    let mut theirs = state.editing.book.document.clone();
    theirs.videos["b"].actions[0].segment = [1.0, 3.0];
    let changes = crate::project::changes_between(&state.editing.book.document, &theirs);
    let effects = report(&mut state, told(Keeping::Outside(changes)));
    assert!(
        matches!(&effects[..], [Effect::Keep(entries)] if matches!(&entries[..], [(1, Entry::Edit(_))])),
        "{effects:?}"
    );
    assert_eq!(state.editing.book.document, theirs);
    annotate(&mut state, Annotate::Undo);
    assert_eq!(state.editing.book.document.actions("b")[0].segment, [1.0, 2.0]);
}

#[test]
fn an_import_is_shown_first_and_is_one_step() {
    let mut state = opened();
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("theirs.csv");
    let text =
        "video,start,end,class,subject\na,1,2,jump,\na,3,4,fall,left\nb.mp4,5,6,jump,\nzebra,1,2,jump,\nb,4,4,jump,\n";
    std::fs::write(&path, text).expect("written");
    report(&mut state, Report::AnnotationsRead(Ok(Box::new(crate::project::incoming(&path).expect("a table")))));
    let importing = state.editing.importing.clone().expect("a preview");
    assert_eq!(importing.videos, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    assert_eq!(
        importing.sentences,
        [
            "2 segments in 2 videos will come.",
            "New class: fall.",
            "New subjects: left.",
            "Already there: 1 segment.",
            "Not in this project: 1 video with 1 segment.",
            "Without length, left out: 1 segment.",
        ]
    );
    let before = state.editing.book.document.clone();
    assert_eq!(kept(&annotate(&mut state, Annotate::ConfirmImport)), 1);
    assert_eq!(segments(&state), [([1.0, 2.0], "jump"), ([3.0, 4.0], "fall")]);
    assert_eq!(state.editing.book.document.subjects, ["left"]);
    annotate(&mut state, Annotate::Undo);
    assert_eq!(state.editing.book.document, before);
}

#[test]
fn what_both_changed_is_asked_and_each_answer_is_one_step() {
    let mut state = opened();
    let mut theirs = state.editing.book.document.clone();
    theirs.videos["a"].actions[0].segment = [1.0, 3.0];
    let changes = crate::project::changes_between(&state.editing.book.document, &theirs);
    let id = state.actions()[0].id;
    annotate(&mut state, Annotate::SetField(id, Field::Start(0.5)));
    report(&mut state, told(Keeping::Outside(changes)));
    assert_eq!(segments(&state), [([0.5, 2.0], "jump"), ([1.0, 3.0], "jump")], "both are there until somebody chooses");
    assert_eq!(state.editing.conflicts.len(), 1);
    assert!(state.editing.conflicts[0].sentence.starts_with("a: here jump from 0.50 to 2.00 s; there"));
    let both = state.clone();
    for (how, wanted) in
        [(Settle::Both, &[[0.5, 2.0], [1.0, 3.0]][..]), (Settle::Mine, &[[0.5, 2.0]]), (Settle::Theirs, &[[1.0, 3.0]])]
    {
        let mut state = both.clone();
        let effects = annotate(&mut state, Annotate::Settle(how));
        let found: Vec<_> = segments(&state).into_iter().map(|(segment, _)| segment).collect();
        assert_eq!((found.as_slice(), kept(&effects)), (wanted, usize::from(how != Settle::Both)), "{how:?}");
        assert!(state.editing.conflicts.is_empty());
        if how != Settle::Both {
            annotate(&mut state, Annotate::Undo);
            assert_eq!(state.editing.book.document, both.editing.book.document);
        }
    }
}

#[test]
fn a_window_does_not_close_over_edits_that_are_not_on_the_disk() {
    let mut state = opened();
    assert_eq!(annotate(&mut state, Annotate::Close), [Effect::Close], "nothing was done");
    annotate(&mut state, Annotate::AddClass("x".to_owned()));
    report(&mut state, told(Keeping::Trouble(Some("the disk is full".to_owned()))));
    assert!(annotate(&mut state, Annotate::Close).is_empty() && !state.may_leave());
    annotate(&mut state, Annotate::Stay);
    assert!(report(&mut state, told(Keeping::Kept(1))).is_empty(), "the person stays");
    annotate(&mut state, Annotate::AddClass("y".to_owned()));
    annotate(&mut state, Annotate::Close);
    assert_eq!(annotate(&mut state, Annotate::SaveElsewhere), [Effect::AskElsewhere]);
    let path = std::path::PathBuf::from("/other/annotations.json");
    let effects = report(&mut state, Report::FileChosen(Wanted::Elsewhere, path.clone()));
    let document = Box::new(state.editing.book.document.clone());
    assert_eq!(effects, [Effect::SaveElsewhere { path: path.clone(), last: 2, document }]);
    report(&mut state, Report::SavedElsewhere(2, Ok(path.clone())));
    assert_eq!(state.editing.elsewhere, Some((path, 2)));
    let lost = annotate(&mut state.clone(), Annotate::LeaveAnyway);
    assert_eq!(lost, [Effect::Close]);
    assert_eq!(report(&mut state, told(Keeping::Kept(2))), [Effect::Close], "once written it closes by itself");
    assert_eq!(state.editing.elsewhere, None);
    // Opening something else asks as well.
    annotate(&mut state, Annotate::AddClass("z".to_owned()));
    assert!(command(&mut state, Command::Open(vec!["/q".into()])).is_empty());
    assert_eq!(state.editing.leaving.as_ref().map(|leaving| &leaving.away), Some(&Away::Open(vec!["/q".into()])));
    assert_eq!(report(&mut state, told(Keeping::Kept(3))), [Effect::Open(vec!["/q".into()])]);
}

#[test]
fn finding_goes_through_all_videos_and_a_hit_opens_its_video() {
    let mut state = opened();
    at(&mut state, 5.0);
    annotate(&mut state, Annotate::Find);
    assert_eq!(state.editing.rows.len(), 3, "one of each video");
    let class = Some("jump".to_owned());
    let filter = Filter { everywhere: true, class, shortest: Some(0.5), draft: Some(false), ..Filter::default() };
    annotate(&mut state, Annotate::SetFilter(filter));
    let (video, id) = state.editing.rows[1];
    assert_eq!(video, 1);
    annotate(&mut state, Annotate::GoToHit(video, id));
    assert_eq!((state.playback.video, state.editing.selection.first()), (Some(1), Some(&id)));
    let generation = state.playback.generation;
    let length = MediaTime::from_secs(10.0);
    let effects = report(
        &mut state,
        Report::VideoReady { generation, length, frames: 250, warnings: Vec::new(), streams: Vec::new() },
    );
    let there = Effect::Player(crate::state::PlayerRequest::Seek(MediaTime::from_secs(1.0)));
    assert!(effects.contains(&there), "{effects:?}");
    assert!(state.editing.selection.contains(&id));
    annotate(&mut state, Annotate::SelectAll);
    assert_eq!(state.editing.selection.len(), 1, "only what is open can be selected");
    annotate(&mut state, Annotate::TypeClass(id, "RU".to_owned()));
    assert_eq!(segments(&state)[0].1, "run");
    annotate(&mut state, Annotate::TypeClass(id, "swim".to_owned()));
    assert!(segments(&state)[0].1 == "run" && state.notices.shown.last().is_some());
}

/// After each edit only some lanes are laid out anew, and only some classes counted: it must come to what all of it would.
#[test]
fn lanes_and_counts_after_an_edit_are_those_of_everything_anew() {
    let mut state = opened();
    let check = |state: &mut State, what: Annotate| {
        let said = format!("{what:?}");
        annotate(state, what);
        let mut anew = state.clone();
        settle(&mut anew);
        assert_eq!(state.lanes, anew.lanes, "{said}");
        assert_eq!(state.editing.counts, anew.editing.counts, "{said}");
        assert_eq!(state.editing.rows, anew.editing.rows, "{said}");
    };
    for (label, from, to) in
        [("run", 2.0, 3.0), ("jump", 2.5, 4.0), ("jump", 0.5, 1.5), ("swim", 5.0, 6.0), ("swim", 6.0, 7.0)]
    {
        check(&mut state, Annotate::DragStart(Grip::New(label.to_owned()), from));
        check(&mut state, Annotate::DragTo { at: to, reach: 0.0, free: true });
        check(&mut state, Annotate::DragEnd);
    }
    let ids: Vec<u64> = state.actions().iter().map(|action| action.id).collect();
    check(&mut state, Annotate::Select(ids[1], Pick::Only));
    check(&mut state, Annotate::Nudge(Edge::End, 3));
    check(&mut state, Annotate::SetClass("jump".to_owned()));
    check(&mut state, Annotate::Delete);
    check(&mut state, Annotate::Undo);
    check(&mut state, Annotate::Undo);
    check(&mut state, Annotate::Redo);
    check(&mut state, Annotate::SelectAll);
    check(&mut state, Annotate::Duplicate);
    check(&mut state, Annotate::Merge);
    check(&mut state, Annotate::RenameClass("swim".to_owned(), "dive".to_owned()));
    check(&mut state, Annotate::DeleteClass("jump".to_owned(), Removal::MoveTo("run".to_owned())));
    for _ in 0..12 {
        check(&mut state, Annotate::Undo);
    }
    for _ in 0..12 {
        check(&mut state, Annotate::Redo);
    }
}
