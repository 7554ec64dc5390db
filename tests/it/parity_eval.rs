//! Evaluation and suppression against the references' own results (fixtures g, h and real; issue "3", items 6 and 7).

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use etad::domain::{Annotation, Dataset, Detection, Detections, Draw, Purpose, Video};
use etad::eval::{EvalOptions, Evaluation, Rules, average_recall, evaluate, top_kx_recall};
use etad::formats::{activitynet, block_list, results};
use serde_json::Value;

use crate::fixtures::{json, path};

/// Same formulas in float64; what is left is the order of sums.
const EXACT: f64 = 1e-9;

const ANET: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
const THUMOS: [f64; 5] = [0.3, 0.4, 0.5, 0.6, 0.7];

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn assert_numbers(what: &str, found: &[f64], expected: &Value) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (a, b)) in found.iter().zip(&expected).enumerate() {
        assert!((a - b).abs() < EXACT, "{what}, value {index}: {a}, expected {b}");
    }
}

struct Case {
    truth: Dataset,
    predictions: Detections,
    expected: Value,
}

impl Case {
    fn load(name: &str) -> Self {
        Self::of(&format!("{name}_gt.json"), &format!("{name}_pred.json"), &format!("{name}_expected.json"))
    }

    fn of(truth: &str, predictions: &str, expected: &str) -> Self {
        Self {
            truth: activitynet::read(&path(truth)).expect("a ground truth"),
            predictions: results::read(&path(predictions)).expect("predictions"),
            expected: json(expected),
        }
    }

    fn options(&self, section: &str, blocked: &str, rules: Rules) -> EvalOptions {
        let tious = numbers(&self.expected[section]["tious"]);
        let known: &[f64] = if tious.len() == ANET.len() { &ANET } else { &THUMOS };
        let mut options = EvalOptions::new("validation", known);
        options.rules = rules;
        if section.contains("blocked") {
            options.blocked = block_list::read(&path(blocked)).expect("a block list");
        }
        options
    }

    fn evaluate(&self, options: &EvalOptions) -> Evaluation {
        evaluate(&self.truth, &self.predictions, options).expect("evaluates")
    }
}

/// Compares mAP, and AP by threshold and class, with a section of the expectations.
fn assert_map(what: &str, result: &Evaluation, names: &Value, expected: &Value) {
    let labels: Vec<&str> = result.classes.iter().map(|class| class.label.as_str()).collect();
    assert_eq!(serde_json::json!(labels), *names, "{what}: classes in order of appearance");
    assert_numbers(what, &result.map, &expected["mAP"]);
    assert_numbers(what, &[result.average_map], &serde_json::json!([expected["average_mAP"]]));
    for (threshold, row) in expected["ap"].as_array().expect("rows").iter().enumerate() {
        let found: Vec<f64> = result.classes.iter().map(|class| class.average_precision[threshold]).collect();
        assert_numbers(&format!("{what}, threshold {threshold}"), &found, row);
    }
}

/// OpenTAD's numbers with ties resolved as we do: later in the file first.
fn assert_opentad(case: &Case, section: &str, blocked: &str) {
    let result = case.evaluate(&case.options(section, blocked, Rules::OpenTad));
    let expected = &case.expected[section];
    assert_eq!(result.counts.truths as u64, expected["num_gt"].as_u64().expect("a count"), "{section}");
    assert_map(section, &result, &expected["classes"], &expected["stable_reversed"]);
    if expected["tie_order_matters"] == false {
        assert_map(section, &result, &expected["classes"], expected);
    }
}

#[test]
fn map_equals_opentad() {
    for name in ["main", "ties", "ties16"] {
        let case = Case::load(&format!("h_eval/{name}"));
        for section in ["anet", "anet_blocked", "thumos", "thumos_blocked"] {
            if case.expected.get(section).is_some() {
                assert_opentad(&case, section, "h_eval/blocked.json");
            }
        }
    }
}

#[test]
fn map_equals_the_toolkit_under_its_rules() {
    // `ties` has equal scores, whose order numpy's unstable sort decides: only the untied cases can agree.
    for name in ["main", "ties16"] {
        let case = Case::load(&format!("h_eval/{name}"));
        for section in ["official_etad_anet", "official_etad_anet_blocked"] {
            if let Some(expected) = case.expected.get(section) {
                let result = case.evaluate(&case.options(section, "h_eval/blocked.json", Rules::Toolkit));
                assert_map(&format!("{name} {section}"), &result, &expected["classes"], expected);
            }
        }
    }
}

#[test]
fn a_synthetic_detector_on_thumos_gets_opentads_map() {
    let case = Case::of("real/thumos_test_gt.json", "real/thumos_noisy_pred.json", "real/thumos_expected.json");
    for section in ["noisy", "noisy_blocked"] {
        assert_opentad(&case, section, "real/thumos_blocked.json");
    }
}

#[test]
fn mmaction2s_small_case_gets_its_asserted_map() {
    let case = Case::load("real/mmaction2");
    let result = case.evaluate(&case.options("map", "", Rules::OpenTad));
    assert!((result.average_map - 0.617_757_936_5).abs() < EXACT);
    assert_map("mmaction2", &result, &case.expected["map"]["classes"], &case.expected["map"]);
    assert_recall(&case, "recall", 100);
}

#[test]
fn top_kx_recall_equals_opentad() {
    for name in ["main", "ties16"] {
        let case = Case::load(&format!("h_eval/{name}"));
        for section in ["anet", "thumos"] {
            let Some(expected) = case.expected.get(section).filter(|expected| expected.get("top_kx_recall").is_some())
            else {
                continue;
            };
            let multiples: Vec<usize> = numbers(&expected["top_k"]).into_iter().map(|k| k as usize).collect();
            let options = case.options(section, "", Rules::OpenTad);
            let found = top_kx_recall(&case.truth, &case.predictions, &options, &multiples).expect("evaluates");
            for (threshold, row) in expected["top_kx_recall"].as_array().expect("rows").iter().enumerate() {
                assert_numbers(&format!("{name} {section} {threshold}"), &found[threshold], row);
            }
        }
    }
}

fn assert_recall(case: &Case, section: &str, most: usize) {
    let expected = &case.expected[section];
    let options = EvalOptions { blocked: BTreeSet::new(), ..EvalOptions::new("validation", &ANET) };
    let found = average_recall(&case.truth, &case.predictions, &options, most).expect("evaluates");
    assert_numbers("proposals", &found.proposals_per_video, &expected["proposals_per_video"]);
    for (threshold, row) in expected["recall"].as_array().expect("rows").iter().enumerate() {
        assert_numbers(&format!("{section} {threshold}"), &found.recall[threshold], row);
    }
    assert_numbers("average recall", &found.average_recall, &expected["avg_recall"]);
    assert_numbers("AUC", &[found.area], &serde_json::json!([expected["AUC"]]));
    for (k, value) in expected["AR"].as_object().expect("AR") {
        let at = found.at(k.parse().expect("a count")).expect("a point of the curve");
        assert_numbers(&format!("AR@{k}"), &[at], &serde_json::json!([value]));
    }
}

#[test]
fn average_recall_equals_opentad() {
    for name in ["main", "ties", "ties16"] {
        let case = Case::load(&format!("h_eval/{name}"));
        for most in [10, 100] {
            let section = format!("recall_max{most}");
            if case.expected.get(&section).is_some() {
                println!("{name} {section}");
                assert_recall(&case, &section, most);
            }
        }
    }
}

/// 100 000 predictions of 20 classes on 200 videos with 4 000 truths, drawn by a counter.
fn large_case() -> (Dataset, Detections) {
    let mut draw = Draw::new(7, Purpose::Sample, &[]);
    let label = |index: usize| format!("class {}", index % 20);
    let mut segment = || {
        let start = draw.uniform(0.0, 190.0);
        [start, start + draw.uniform(0.5, 10.0)]
    };
    let videos = (0..200).map(|index| Video {
        id: format!("video {index}"),
        subset: "validation".to_owned(),
        duration: 200.0,
        frames: None,
        path: None,
        annotations: (0..20).map(|k| Annotation { segment: segment(), label: label(index + k % 3) }).collect(),
        not_annotated: Vec::new(),
    });
    let truth = Dataset { videos: videos.collect() };
    let found = truth.videos.iter().enumerate().map(|(index, video)| {
        let one = |k: usize| Detection { segment: segment(), label: label(index + k % 3), score: 1.0 / (k + 1) as f64 };
        (video.id.clone(), (0..500).map(one).collect())
    });
    let found = Detections { videos: found.collect() };
    (truth, found)
}

#[test]
fn a_hundred_thousand_predictions_take_less_than_two_seconds() {
    let (truth, predictions) = large_case();
    let text = results::to_json(&predictions);
    let start = Instant::now();
    let read = results::parse(&text, Path::new("large.json")).expect("own output");
    let parsed = start.elapsed();
    let result = evaluate(&truth, &read, &EvalOptions::new("validation", &ANET)).expect("evaluates");
    let total = start.elapsed();
    assert_eq!(result.counts.predictions, 100_000);
    println!("100 000 predictions: read in {parsed:?}, read and evaluated in {total:?}");
    assert!(total.as_secs_f64() < 2.0, "{total:?}");
}
