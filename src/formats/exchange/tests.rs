//! What is written comes back, but for what a form says it loses; and files as other programs write them.

use std::path::Path;

use super::*;

fn sheet() -> Sheet {
    let action = |start: f64, end: f64, label: &str, subject: &str, note: &str| SheetAction {
        segment: [start, end],
        label: label.to_owned(),
        subject: subject.to_owned(),
        note: note.to_owned(),
        annotator: "Åsa".to_owned(),
        draft: note.contains("draft"),
    };
    let video = SheetVideo {
        id: "day 1".to_owned(),
        path: Some("videos/day 1.mp4".to_owned()),
        duration: 60.0,
        subset: "training".to_owned(),
        actions: vec![
            action(1.0, 2.5, "run, fast", "left", "a \"draft\",\nwith <&> in two lines"),
            action(2.0, 4.125, "run, fast", "left", ""),
            action(2.5, 3.0, "run, fast", "left", "touches the first"),
            action(2.0, 3.0, "jump", "", ""),
        ],
    };
    let other = SheetVideo {
        id: "day 2".to_owned(),
        actions: vec![action(0.5, 0.75, "jump", "", "x")],
        ..SheetVideo::default()
    };
    let class = |name: &str, key| SheetClass { name: name.to_owned(), description: "when \"it\" is".to_owned(), key };
    Sheet {
        videos: vec![video, other],
        classes: vec![class("run, fast", Some('r')), class("jump", None)],
        subjects: vec!["left".to_owned()],
        left_out: Vec::new(),
    }
}

/// Video, class, subject, note, annotator, draft, times: sorted.
fn content(sheet: &Sheet, keep: impl Fn(&mut SheetAction)) -> Vec<String> {
    let mut all: Vec<String> = sheet
        .videos
        .iter()
        .flat_map(|video| video.actions.iter().map(move |action| (video, action.clone())))
        .map(|(video, mut action)| {
            keep(&mut action);
            format!("{} {action:?}", video.id)
        })
        .collect();
    all.sort();
    all
}

fn through(form: Form, sheet: &Sheet) -> Sheet {
    let folder = tempfile::tempdir().expect("folder");
    let place = folder.path().join(form.file_name());
    for (name, text) in write(form, sheet) {
        let path = if name.is_empty() { place.clone() } else { place.join(name) };
        std::fs::create_dir_all(path.parent().expect("folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    read(&place).unwrap_or_else(|error| panic!("{form:?}: {error}"))
}

#[test]
fn a_table_comes_back_whole() {
    let back = through(Form::Csv, &sheet());
    assert_eq!(content(&back, |_| {}), content(&sheet(), |_| {}));
}

#[test]
fn thumos_files_keep_video_class_and_times() {
    let mut given = sheet();
    for video in &mut given.videos {
        video.id = video.id.replace(' ', "_");
    }
    let bare = |action: &mut SheetAction| {
        *action = SheetAction { segment: action.segment, label: action.label.clone(), ..SheetAction::default() };
    };
    assert_eq!(content(&through(Form::Thumos, &given), bare), content(&given, bare));
}

#[test]
fn a_boris_project_keeps_pairs_that_overlap_and_touch() {
    let back = through(Form::Boris, &sheet());
    let known = |action: &mut SheetAction| (action.annotator, action.draft) = (String::new(), false);
    assert_eq!(content(&back, known), content(&sheet(), known));
    assert_eq!((back.classes, back.subjects), (sheet().classes, sheet().subjects));
    assert_eq!((back.videos[0].duration, back.left_out.len()), (60.0, 0));
}

#[test]
fn elan_files_keep_subjects_annotators_notes_and_milliseconds() {
    let back = through(Form::Elan, &sheet());
    let known = |action: &mut SheetAction| action.draft = false;
    assert_eq!(content(&back, known), content(&sheet(), known));
    assert_eq!(back.videos[0].path.as_deref(), Some("videos/day 1.mp4"));
}

#[test]
fn files_of_the_programs_themselves_are_understood() {
    let text = "Media;Behavior;Start;Stop;Comment\r\nc:\\films\\one.avi;walk;1,5;2;\"a; b\"\r\n";
    let sheet = csv::read(text, Path::new("b.csv")).expect("a table");
    assert_eq!((sheet.videos[0].id.as_str(), sheet.videos[0].actions[0].segment), ("one", [1.5, 2.0]));
    assert_eq!(sheet.videos[0].actions[0].note, "a; b");

    let text = r#"{"behaviors_conf": {"0": {"type": "State event", "key": "W", "code": "walk", "description": ""},
        "1": {"type": "Point event", "key": "b", "code": "bark"}}, "subjects_conf": {},
        "observations": {"obs 1": {"file": {"1": ["/films/one.mp4"], "2": []}, "type": "MEDIA", "events":
        [[1.0, "No focal subject", "walk", "", "", 30], [2.0, "No focal subject", "bark", "", "", 60],
         [3.5, "No focal subject", "walk", "", "late", 105], [4.0, "", "walk", "", "", 1]]}}}"#;
    let sheet = boris::read(text, Path::new("p.boris")).expect("a project");
    let action = &sheet.videos[0].actions[0];
    assert_eq!((action.segment, action.note.as_str()), ([1.0, 3.5], "late"));
    assert_eq!(sheet.classes[0].key, Some('w'));
    assert_eq!(sheet.left_out.len(), 2, "{:?}", sheet.left_out);

    let text = r#"<?xml version="1.0"?><!-- c --><ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///films/two%.mpg"/></HEADER>
        <TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1500"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2750"/><TIME_SLOT TIME_SLOT_ID="ts3"/></TIME_ORDER>
        <TIER TIER_ID="speech" PARTICIPANT="K-Spch"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
        <ANNOTATION_VALUE>so &lt;you&gt; go</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2"
        TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE></ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"#;
    let sheet = elan::read(text, Path::new("x.eaf")).expect("a document");
    let action = &sheet.videos[0].actions[0];
    assert_eq!(
        (action.label.as_str(), action.subject.as_str(), action.segment),
        ("so <you> go", "K-Spch", [1.5, 2.75])
    );
    assert_eq!((sheet.videos[0].id.as_str(), sheet.left_out.len()), ("two%", 1));
    for (text, reason) in [("<a", "cut off"), ("<a></a>", "no ELAN")] {
        assert!(elan::read(text, Path::new("x.eaf")).expect_err("wrong").to_string().contains(reason));
    }
}
