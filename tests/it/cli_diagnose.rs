//! `etad diagnose` as scripts use it: what it says is what the library counts, and what `etad eval` counts.

use std::process::{Command, Output};

use etad::domain::tiou_key;
use etad::eval::diagnosis::Kind;
use etad::eval::{EvalOptions, review, slider_tious};
use etad::formats::{read_truth, results};
use serde_json::Value;

use crate::fixtures::path;

fn run(command: &str, subset: &str, more: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_etad"));
    program.arg(command).arg("--ground-truth").arg(path("real/thumos_test_gt.json"));
    program.arg("--predictions").arg(path("real/thumos_noisy_pred.json")).args(["--subset", subset]);
    program.args(more).output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else")
}

#[test]
fn kinds_add_up_and_errors_are_listed() {
    let found = json(&run("diagnose", "validation", &["--tiou", "0.5,0.7", "--errors", "7", "--json"]));
    for key in ["0.50", "0.70"] {
        let at = &found["at_tiou"][key];
        let sum = |name: &str| -> f64 {
            at[name].as_object().expect("kinds").values().map(|value| value.as_f64().expect("a number")).sum()
        };
        assert!((sum("shares") - 1.0).abs() < 1e-9 && sum("counts") > 1000.0, "{at}");
        assert!(at["gains"]["background"].as_f64().expect("a gain") > 0.0);
    }
    of_all_as_the_window_counts();
    assert_eq!(found["errors"].as_array().map(Vec::len), Some(7));
    assert!(found["errors"][0]["error"].is_string() && found["errors"][0]["segment"][1].is_f64());
    let coverage = &found["properties"][0]["bins"];
    assert!(coverage[0]["truths"].as_u64().expect("a count") > 0 && coverage[4]["to"].is_null());
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("report.html");
    let html = page.to_str().expect("a path");
    let table = run("diagnose", "validation", &["--tiou", "0.5", "--bins", "thumos", "--errors", "3", "--html", html]);
    let report = std::fs::read_to_string(&page).expect("a report");
    assert!(report.contains("<svg") && report.contains("HighJump") && report.ends_with("</html>\n"));
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(text.contains("double detection") && text.contains("Truths by length"), "{text}");
}

/// Beside DETAD's best ten a truth, all detections from a score on, as the window's table of errors has them.
fn of_all_as_the_window_counts() {
    let tious = ["--tiou", "0.1:0.05:0.95", "--score", "0.3", "--json"];
    let found = json(&run("diagnose", "validation", &tious));
    let truth = read_truth(&path("real/thumos_test_gt.json")).expect("truth");
    let detections = results::read(&path("real/thumos_noisy_pred.json")).expect("detections");
    let review = review(&truth, &detections, &EvalOptions::new("validation", &slider_tious())).expect("reviews");
    let names = Kind::ALL.map(|kind| kind.name().replace(' ', "_"));
    for (threshold, &tiou) in review.tious.iter().enumerate() {
        let all = &found["at_tiou"][tiou_key(tiou)]["all"];
        let kinds = review.kinds(threshold, 0.3);
        for (name, count) in names.iter().map(String::as_str).chain(["missed"]).zip(kinds) {
            assert_eq!(all["counts"][name].as_u64(), Some(count as u64), "{name} at {tiou}");
        }
        let share = |name: &str| all["shares"][name].as_f64().expect("a share");
        let sum: f64 = names.iter().map(|name| share(name)).sum();
        let truths = (kinds[0] + kinds[6]) as f64;
        assert!((sum - 1.0).abs() < 1e-9 && (share("missed") - kinds[6] as f64 / truths).abs() < 1e-9);
    }
}

#[test]
fn a_wrong_subset_is_bad_input() {
    let output = run("diagnose", "nobody", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("'nobody'"));
}

/// What the window's sliders count is what `etad eval --score` counts, at every threshold of the slider.
#[test]
fn the_sliders_count_as_etad_eval_does() {
    let truth = read_truth(&path("real/thumos_test_gt.json")).expect("truth");
    let found = results::read(&path("real/thumos_noisy_pred.json")).expect("detections");
    let review = review(&truth, &found, &EvalOptions::new("validation", &slider_tious())).expect("reviews");
    for score in ["0.05", "0.3", "0.75"] {
        let counted = json(&run("eval", "validation", &["--tiou", "0.1:0.05:0.95", "--score", score, "--json"]));
        let least: f64 = score.parse().expect("a score");
        for (threshold, &tiou) in review.tious.iter().enumerate() {
            let at = &counted["counts"]["at_tiou"][tiou_key(tiou)];
            let tally = review.tally(threshold, least, None);
            for (name, count) in [
                ("true_positives", tally.hits),
                ("false_positives", tally.false_alarms),
                ("false_negatives", tally.missed),
            ] {
                assert_eq!(at[name].as_u64(), Some(count as u64), "{name} at {tiou} from {score}");
            }
        }
    }
}
