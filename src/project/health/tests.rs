//! Every kind of fault is found, and nothing else.

use std::path::Path;

use super::*;
use crate::domain::Annotation;

fn video(id: &str, subset: &str, segments: &[(f64, f64, &str)]) -> Video {
    let annotations = segments
        .iter()
        .map(|&(start, end, label)| Annotation { segment: [start, end], label: label.to_owned(), draft: false })
        .collect();
    Video {
        id: id.to_owned(),
        subset: subset.to_owned(),
        duration: 10.0,
        frames: None,
        path: Some(format!("{id}.mp4")),
        annotations,
        not_annotated: Vec::new(),
        rejected: Vec::new(),
        crop: None,
        stream: None,
    }
}

fn expected(from_scratch: bool) -> Expectations {
    Expectations {
        train_subset: "training".to_owned(),
        test_subset: "validation".to_owned(),
        classes: vec!["jump".to_owned()],
        class_map: None,
        from_scratch,
    }
}

fn sentences(videos: Vec<Video>, from_scratch: bool) -> Vec<String> {
    check(&Dataset { videos }, &BTreeMap::new(), &expected(from_scratch))
        .into_iter()
        .map(|finding| format!("{}: {}", finding.video.unwrap_or_default(), finding.sentence))
        .collect()
}

#[test]
fn good_data_has_no_findings() {
    let action = [(1.0, 2.0, "jump")];
    let videos = vec![video("a", "training", &action), video("b", "validation", &action)];
    assert_eq!(sentences(videos, false), Vec::<String>::new());
}

#[test]
fn every_fault_is_found_and_errors_come_first() {
    let mut twin = video("b", "validation", &[]);
    twin.path = Some("a.mp4".to_owned());
    let bad = [
        (1.0, 2.0, "run"),
        (1.001, 2.0, "run"),
        (3.0, 2.5, "run"),
        (4.0, 4.03, "run"),
        (9.0, 12.0, "run"),
        (11.0, 12.0, "run"),
    ];
    let found = sentences(vec![video("a", "training", &bad), twin], true).join("\n");
    for part in [
        "b: uses the same file as a",
        "a: the action \"run\" 3.00-2.50 s ends before it starts",
        "a: the action \"run\" 4.00-4.03 s is not longer than one frame",
        "a: the action \"run\" 9.00-12.00 s reaches beyond the video of 10.00 s",
        "a: the action \"run\" 11.00-12.00 s lies outside the video",
        "twice",
        "The class \"jump\" has no instance",
        "The class \"run\" has only 6 training segments",
    ] {
        assert!(found.contains(part), "{part:?} is not in\n{found}");
    }
    let twice = found.find("twice").expect("found");
    assert!(found.find("ends before").expect("found") < twice, "errors first:\n{found}");
}

#[test]
fn missing_subsets_are_said_once() {
    let found = sentences(vec![video("a", "test", &[(1.0, 2.0, "jump")])], true);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn files_that_cannot_be_read_or_have_another_length_are_named() {
    let dataset =
        Dataset { videos: vec![video("a", "training", &[(1.0, 2.0, "jump")]), video("b", "validation", &[])] };
    let media = BTreeMap::from([
        ("a".to_owned(), Err("it is not a video".to_owned())),
        (
            "b".to_owned(),
            Ok(Media { duration: 4.0, frame: 0.04, warnings: vec!["The file ends after 4.0 of 9.0 s.".to_owned()] }),
        ),
    ]);
    let found = check(&dataset, &media, &expected(false));
    let said = |part: &str| found.iter().any(|finding| finding.sentence.contains(part));
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].sentence.contains("cannot be read: it is not a video"));
    assert!(said("4.00 s long") && said("is not sound: The file ends after 4.0 of 9.0 s."), "{found:?}");
}

/// Findings about the files `a` (training) and `b` (of the subset).
fn sharing(a: &Path, b: &Path, subset: &str) -> Vec<(Severity, String)> {
    let action = [(1.0, 2.0, "jump")];
    let mut videos =
        vec![video("a", "training", &action), video("b", subset, &action), video("c", "validation", &action)];
    videos[0].path = Some(a.display().to_string());
    videos[1].path = Some(b.display().to_string());
    let found = check(&Dataset { videos }, &BTreeMap::new(), &expected(false));
    found.into_iter().map(|finding| (finding.severity, finding.sentence)).collect()
}

#[test]
fn a_file_in_two_subsets_is_found_under_any_name_and_as_a_copy() {
    let folder = tempfile::tempdir().expect("folder");
    let root = folder.path();
    let content: Vec<u8> = (0..200_000u32).map(|index| (index % 251) as u8).collect();
    std::fs::create_dir(root.join("videos")).expect("folder");
    let file = root.join("videos/a.mp4");
    std::fs::write(&file, &content).expect("file");
    std::fs::write(root.join("copy.mp4"), &content).expect("copy");
    let mut other = content;
    other[199_999] ^= 1;
    std::fs::write(root.join("other.mp4"), &other).expect("another");

    let detour = root.join("./videos/../videos/a.mp4");
    let found = sharing(&file, &detour, "validation");
    assert!(matches!(&found[..], [(Severity::Error, why)] if why.contains("uses the same file as a")), "{found:?}");
    let found = sharing(&file, &root.join("copy.mp4"), "validation");
    assert!(matches!(&found[..], [(Severity::Error, why)] if why.contains("is a copy of the file of a")), "{found:?}");
    let found = sharing(&file, &root.join("copy.mp4"), "unused");
    assert!(matches!(&found[..], [(Severity::Warning, why)] if why.contains("is a copy")), "{found:?}");
    assert_eq!(sharing(&file, &root.join("other.mp4"), "validation"), []);
    // Files that are not there are told by their names.
    let found = sharing(Path::new("gone/a.mp4"), Path::new("./gone/./a.mp4"), "validation");
    assert!(matches!(&found[..], [(Severity::Error, _)]), "{found:?}");
}

#[test]
fn labels_that_no_list_names_and_classes_that_no_truth_shows_are_found() {
    let videos = vec![
        video("a", "training", &[(1.0, 2.0, "jump"), (3.0, 4.0, "Ambiguous"), (5.0, 6.0, "Ambiguous")]),
        video("b", "validation", &[(1.0, 2.0, "hop")]),
        video("c", "unused", &[(1.0, 2.0, "skip")]),
    ];
    let expected = Expectations { class_map: Some("classes.txt".to_owned()), ..expected(false) };
    let found = check(&Dataset { videos }, &BTreeMap::new(), &expected);
    let found: Vec<&str> = found.iter().map(|finding| finding.sentence.as_str()).collect();
    assert_eq!(
        found,
        [
            "The class \"jump\" has no truth in the subset \"validation\" that evaluates.",
            "The label \"Ambiguous\" of 2 segments, first in a, is not in the class map classes.txt.",
            "The label \"hop\" of 1 segment, first in b, is not in the class map classes.txt.",
        ]
    );
}

#[test]
fn an_evaluation_without_truths_is_said_once() {
    let videos = vec![video("a", "training", &[(1.0, 2.0, "jump")]), video("b", "validation", &[])];
    let found = sentences(videos, false);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("\"validation\" that evaluates has an action"), "{found:?}");
}
