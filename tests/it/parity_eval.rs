//! Evaluation and suppression against the references' own results (fixtures g, h and real; issue "3", items 6 and 7).

use std::collections::{BTreeMap, BTreeSet};

use etad::domain::{Dataset, Detection, Detections};
use etad::eval::{EvalOptions, Evaluation, Rules, average_recall, evaluate, top_kx_recall};
use etad::formats::{activitynet, block_list, results};

use crate::compared::comparisons;
use crate::expected::{Expected, ExpectedFile};
use crate::fixtures::path;
use crate::numpy;

/// Same formulas in float64; what is left is the order of sums.
const EXACT: f64 = 1e-9;

const ANET: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
const THUMOS: [f64; 5] = [0.3, 0.4, 0.5, 0.6, 0.7];

struct Case {
    truth: Dataset,
    predictions: Detections,
    blocked: BTreeSet<String>,
    expected: ExpectedFile,
}

impl Case {
    fn load(name: &str) -> Self {
        Self::of(&format!("{name}_gt.json"), &format!("{name}_pred.json"), &format!("{name}_expected.json"), None)
    }

    fn of(truth: &str, predictions: &str, expected: &str, blocked: Option<&str>) -> Self {
        let predictions = results::read(&path(predictions)).expect("predictions");
        Self {
            truth: activitynet::read(&path(truth)).expect("a ground truth"),
            predictions,
            blocked: blocked.map(|file| block_list::read(&path(file)).expect("a block list")).unwrap_or_default(),
            expected: ExpectedFile::load(expected),
        }
    }

    /// A section of the expectations, and the options it was made with.
    fn section(&self, name: &str, rules: Rules) -> Option<EvalOptions> {
        let expected = self.expected.root().find(name)?;
        let known: &[f64] = if expected.at("tious").rows().len() == ANET.len() { &ANET } else { &THUMOS };
        let mut options = EvalOptions::new("validation", known);
        options.rules = rules;
        if name.contains("blocked") {
            options.blocked.clone_from(&self.blocked);
        }
        Some(options)
    }
}

/// Scores by rank in numpy's order, ties too: within a class, in the table of all predictions that are not blocked, or within a class
/// and video.
fn in_numpys_order(predictions: &Detections, blocked: &BTreeSet<String>, within: Within) -> Detections {
    let mut ranked = predictions.clone();
    let mut groups: BTreeMap<(String, String), Vec<&mut Detection>> = BTreeMap::new();
    for (video, found) in ranked.videos.iter_mut().filter(|(video, _)| !blocked.contains(video)) {
        let table = if within == Within::Video { video.clone() } else { String::new() };
        for one in found {
            groups.entry((one.label.clone(), table.clone())).or_default().push(one);
        }
    }
    for mut rows in groups.into_values() {
        let scores: Vec<f64> = rows.iter().map(|one| one.score).collect();
        for (rank, index) in numpy::argsort(&scores).into_iter().enumerate() {
            rows[index].score = (rank + 1) as f64 / scores.len() as f64;
        }
    }
    ranked
}

/// What the reference sorts at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Class,
    Video,
}

/// Compares mAP, and AP by threshold and class, with a section of the expectations.
fn assert_map(result: &Evaluation, expected: &Expected<'_>) {
    expected.at("mAP").close(&result.map, EXACT);
    expected.at("average_mAP").close(&[result.average_map], EXACT);
    for (threshold, row) in expected.at("ap").rows().iter().enumerate() {
        let found: Vec<f64> = result.classes.iter().map(|class| class.average_precision[threshold]).collect();
        row.close(&found, EXACT);
    }
}

/// Names of classes and thresholds, and how many truths and predictions there are.
fn assert_setting(result: &Evaluation, options: &EvalOptions, expected: &Expected<'_>) {
    let labels: Vec<&str> = result.classes.iter().map(|class| class.label.as_str()).collect();
    expected.at("classes").equals(labels);
    // Made there by steps of 0.05.
    expected.at("tious").close(&options.tious, 1e-12);
    if let Some(truths) = expected.find("num_gt") {
        truths.equals(result.counts.truths);
        // There with those of unknown labels.
        expected.at("num_pred").equals(result.counts.predictions + result.ignored.predictions_unknown_label);
    }
}

/// OpenTAD's numbers: with equal scores in the order of its sort, and in ours, later in the file first.
fn assert_opentad(case: &Case, section: &str) {
    let Some(options) = case.section(section, Rules::OpenTad) else { return };
    let expected = case.expected.root().at(section);
    let ours = evaluate(&case.truth, &case.predictions, &options).expect("evaluates");
    assert_setting(&ours, &options, &expected);
    let sorted = in_numpys_order(&case.predictions, &options.blocked, Within::Class);
    let theirs = evaluate(&case.truth, &sorted, &options).expect("evaluates");
    assert_map(&theirs, &expected);
    if let Some(stable) = expected.find("stable_reversed") {
        assert_map(&ours, &stable);
        expected.at("tie_order_matters").equals((ours.average_map - theirs.average_map).abs() > EXACT);
    }
}

fn map_equals_opentad() {
    for name in ["main", "ties", "ties16"] {
        let mut case = Case::load(&format!("h_eval/{name}"));
        case.blocked = block_list::read(&path("h_eval/blocked.json")).expect("a block list");
        for section in ["anet", "anet_blocked", "thumos", "thumos_blocked"] {
            assert_opentad(&case, section);
        }
    }
}

fn map_equals_the_toolkit_under_its_rules() {
    for name in ["main", "ties", "ties16"] {
        let mut case = Case::load(&format!("h_eval/{name}"));
        case.blocked = block_list::read(&path("h_eval/blocked.json")).expect("a block list");
        for section in ["official_etad_anet", "official_etad_anet_blocked"] {
            assert_toolkit(&case, section);
        }
    }
    assert_toolkit(&synthetic_detector(), "noisy_official_etad");
}

fn assert_toolkit(case: &Case, section: &str) {
    let Some(options) = case.section(section, Rules::Toolkit) else { return };
    let expected = case.expected.root().at(section);
    let sorted = in_numpys_order(&case.predictions, &options.blocked, Within::Class);
    let result = evaluate(&case.truth, &sorted, &options).expect("evaluates");
    assert_setting(&result, &options, &expected);
    assert_map(&result, &expected);
}

fn synthetic_detector() -> Case {
    Case::of(
        "real/thumos_test_gt.json",
        "real/thumos_noisy_pred.json",
        "real/thumos_expected.json",
        Some("real/thumos_blocked.json"),
    )
}

fn a_synthetic_detector_on_thumos_gets_opentads_map() {
    let case = synthetic_detector();
    for section in ["noisy", "noisy_blocked"] {
        assert_opentad(&case, section);
    }
}

fn mmaction2s_small_case_gets_its_asserted_map() {
    let case = Case::load("real/mmaction2");
    assert_opentad(&case, "map");
    let options = EvalOptions::new("validation", &ANET);
    let result = evaluate(&case.truth, &case.predictions, &options).expect("evaluates");
    assert!((result.average_map - 0.617_757_936_5).abs() < EXACT);
    assert_recall(&case, "recall", 100);
}

fn top_kx_recall_equals_opentad() {
    for name in ["main", "ties", "ties16"] {
        let case = Case::load(&format!("h_eval/{name}"));
        for section in ["anet", "thumos"] {
            let Some(options) = case.section(section, Rules::OpenTad) else { continue };
            let expected = case.expected.root().at(section);
            let Some(table) = expected.find("top_kx_recall") else { continue };
            let sorted = in_numpys_order(&case.predictions, &options.blocked, Within::Video);
            let multiples: Vec<usize> = expected.at("top_k").numbers().into_iter().map(|k| k as usize).collect();
            let found = top_kx_recall(&case.truth, &sorted, &options, &multiples).expect("evaluates");
            for (row, found) in table.rows().iter().zip(&found) {
                row.close(found, EXACT);
            }
            assert_eq!(found.len(), table.rows().len());
            // One column for each.
            expected.at("top_k").checked();
        }
    }
}

fn assert_recall(case: &Case, section: &str, most: usize) {
    let expected = case.expected.root().at(section);
    let options = EvalOptions::new("validation", &ANET);
    let found = average_recall(&case.truth, &case.predictions, &options, most).expect("evaluates");
    expected.at("tious").close(&options.tious, 1e-12);
    expected.at("max_avg_nr_proposals").equals(found.average_recall.len());
    expected.at("proposals_per_video").close(&found.proposals_per_video, EXACT);
    for (row, found) in expected.at("recall").rows().iter().zip(&found.recall) {
        row.close(found, EXACT);
    }
    expected.at("avg_recall").close(&found.average_recall, EXACT);
    expected.at("AUC").close(&[found.area], EXACT);
    for (k, value) in expected.at("AR").entries() {
        value.close(&[found.at(k.parse().expect("a count")).expect("a point of the curve")], EXACT);
    }
}

fn average_recall_equals_opentad() {
    for name in ["main", "ties", "ties16"] {
        let case = Case::load(&format!("h_eval/{name}"));
        for most in [10, 100] {
            let section = format!("recall_max{most}");
            if case.expected.root().find(&section).is_some() {
                assert_recall(&case, &section, most);
            }
        }
        // The toolkit's curve has 100 points however many proposals are asked for (spec 10.3).
        let options = EvalOptions { rules: Rules::Toolkit, ..EvalOptions::new("validation", &ANET) };
        let found = average_recall(&case.truth, &case.predictions, &options, 50).expect("evaluates");
        assert_eq!((found.proposals_per_video.len(), found.recall[0].len()), (100, 100));
        assert!((found.proposals_per_video[99] - 2.0 * found.proposals_per_video[49]).abs() < 1e-9);
    }
}

comparisons! {
    map_equals_opentad,
    map_equals_the_toolkit_under_its_rules,
    a_synthetic_detector_on_thumos_gets_opentads_map,
    mmaction2s_small_case_gets_its_asserted_map,
    top_kx_recall_equals_opentad,
    average_recall_equals_opentad,
}
