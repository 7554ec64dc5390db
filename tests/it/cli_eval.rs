//! `etad eval` as scripts use it: its JSON document, its exit codes, its sentences (issue "1", 1.3 items 1 and 2).

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::fixtures::{json, path};

fn eval(truth: &Path, predictions: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_etad"));
    command.arg("eval").arg("--ground-truth").arg(truth).arg("--predictions").arg(predictions);
    command.args(["--subset", "validation"]).args(more).output().expect("the program starts")
}

#[test]
fn json_has_the_promised_keys_and_all_digits() {
    let more = ["--tiou", "0.3:0.1:0.7", "--blocked"];
    let blocked = path("real/thumos_blocked.json");
    let more: Vec<&str> = more.into_iter().chain([blocked.to_str().expect("a path"), "--json"]).collect();
    let output = eval(&path("real/thumos_test_gt.json"), &path("real/thumos_noisy_pred.json"), &more);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else");
    let expected = &json("real/thumos_expected.json")["noisy_blocked"]["stable_reversed"];
    let close = |a: &Value, b: &Value| (a.as_f64().expect("a number") - b.as_f64().expect("a number")).abs() < 1e-9;
    assert!(close(&found["average_map"], &expected["average_mAP"]), "{}", found["average_map"]);
    for (index, key) in ["0.30", "0.40", "0.50", "0.60", "0.70"].iter().enumerate() {
        assert!(close(&found["map"][key], &expected["mAP"][index]), "{key}");
        assert!(found["per_class"]["HighJump"][key].is_f64(), "{key}");
    }
    assert_eq!(found["counts"]["truths"], 3329);
    assert_eq!(found["ignored"]["predictions_blocked"], 59);
}

/// THUMOS' own text files, one a class, are a ground truth like the JSON file made of them.
#[test]
fn a_folder_of_thumos_text_files_is_a_ground_truth() {
    let folder = tempfile::tempdir().expect("a folder");
    let truth = json("real/thumos_test_gt.json");
    let mut files = std::collections::BTreeMap::<&str, String>::new();
    for (name, video) in truth["database"].as_object().expect("videos") {
        for action in video["annotations"].as_array().expect("a list") {
            let lines = files.entry(action["label"].as_str().expect("a label")).or_default();
            lines.push_str(&format!("{name} {} {}\n", action["segment"][0], action["segment"][1]));
        }
    }
    files.insert("Ambiguous", "video_test_0000004 1.0 2.0\n".to_owned());
    for (label, lines) in files {
        std::fs::write(folder.path().join(format!("{label}_test.txt")), lines).expect("written");
    }
    let blocked = path("real/thumos_blocked.json");
    let more = ["--tiou", "0.3:0.1:0.7", "--json", "--blocked", blocked.to_str().expect("a path")];
    let predictions = path("real/thumos_noisy_pred.json");
    let average = |truth: &Path| -> f64 {
        let output = eval(truth, &predictions, &more);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        found["average_map"].as_f64().expect("a number")
    };
    assert!((average(folder.path()) - average(&path("real/thumos_test_gt.json"))).abs() < 1e-9);
    let empty = tempfile::tempdir().expect("a folder");
    let output = eval(empty.path(), &predictions, &more);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no annotations of THUMOS"));
}

#[test]
fn recalls_are_given_where_they_are_asked_for() {
    let more = ["--top-kx", "1,5", "--proposals", "100", "--json"];
    let output = eval(&path("h_eval/main_gt.json"), &path("h_eval/main_pred.json"), &more);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let expected = json("h_eval/main_expected.json");
    let close = |a: &Value, b: &Value| (a.as_f64().expect("a number") - b.as_f64().expect("a number")).abs() < 1e-9;
    let recall = &expected["recall_max100"];
    assert!(close(&found["average_recall"]["area"], &recall["AUC"]), "{}", found["average_recall"]["area"]);
    for (k, value) in recall["AR"].as_object().expect("AR") {
        assert!(close(&found["average_recall"]["at"][k], value), "AR@{k}");
    }
    let top = &expected["anet"]["top_kx_recall"];
    assert!(
        close(&found["top_kx_recall"]["0.50"]["1"], &top[0][0])
            && close(&found["top_kx_recall"]["0.95"]["5"], &top[9][1])
    );
    let output = eval(&path("h_eval/main_gt.json"), &path("h_eval/main_pred.json"), &["--proposals", "0"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn people_get_a_table() {
    let output = eval(&path("real/mmaction2_gt.json"), &path("real/mmaction2_pred.json"), &["--tiou", "0.5,0.95"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.starts_with("tIoU") && text.contains("Cleaning shoes") && text.contains("4 truths"), "{text}");
}

#[test]
fn bad_input_ends_with_two_and_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let truth = path("real/mmaction2_gt.json");
    for (name, text, expected) in [
        ("cut.json", r#"{"results": {"v": [{"segment": [0, "#, "cut off"),
        ("nan.json", r#"{"results": {"v": [{"segment": [0, 1], "label": "a", "score": NaN}]}}"#, "NaN"),
        ("infinite.json", r#"{"results": {"v": [{"segment": [0, Infinity], "label": "a", "score": 1}]}}"#, "Infinity"),
        ("shape.json", r#"{"results": {"v": [{"segment": [0], "label": "a", "score": 1}]}}"#, "must be a pair"),
        ("list.json", "[]", "must be an object"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        let output = eval(&truth, &file, &["--json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(name) && said.contains(expected), "{said}");
        assert!(output.stdout.is_empty(), "{name}");
    }
    let output = eval(&truth, &folder.path().join("absent.json"), &[]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn odd_entries_are_counted_and_do_not_stop_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("odd.json");
    let text = r#"{"results": {"bYUmtLBL7W4": [
        {"segment": [60, 20], "label": "Wakeboarding", "score": 0.9},
        {"segment": [11.5, 57], "label": "Wakeboarding", "score": 0.8},
        {"segment": [11.5, 57], "label": "Never heard of", "score": 0.7}], "elsewhere": []}}"#;
    std::fs::write(&file, text).expect("written");
    let output = eval(&path("real/mmaction2_gt.json"), &file, &["--tiou", "0.5", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["ignored"]["predictions_unknown_label"], 1);
    assert_eq!(found["counts"]["predictions_without_length"], 1);
    assert_eq!(found["counts"]["at_tiou"]["0.50"]["true_positives"], 1);
}
