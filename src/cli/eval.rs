//! `etad eval`: mAP, recall and counts of a detection file against a ground truth (spec 10.1).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::json;

use super::{exit::BadInput, table};
use crate::domain::{ClassList, Dataset, Detections, tiou_key};
use crate::eval::{EvalOptions, Evaluation, ProposalRecall, Rules, average_recall, evaluate, top_kx_recall};
use crate::formats::{self, block_list, results};

/// Evaluate a detection file against a ground truth.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Example:\n  etad eval --ground-truth annotations.json --predictions found.json --subset validation --tiou 0.3:0.1:0.7"
)]
pub struct EvalArgs {
    #[command(flatten)]
    pub case: CaseArgs,
    /// Also the recall of the best K times as many detections of a video and class as it has truths, e.g. 1,5.
    #[arg(long, value_name = "K", value_delimiter = ',', value_parser = parse_count)]
    pub top_kx: Vec<usize>,
    /// Also the average recall of up to N proposals a video regardless of class (AR@AN), and the area under it.
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub proposals: Option<usize>,
    /// Print one JSON document instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// What is compared with what, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct CaseArgs {
    /// Annotation file in the ActivityNet schema, or a folder of THUMOS-14's text files.
    #[arg(long, value_name = "FILE|DIR")]
    pub ground_truth: PathBuf,
    /// Detection file: {"results": {video: [{"segment": [s, e], "label": …, "score": …}]}}.
    #[arg(long, value_name = "FILE")]
    pub predictions: PathBuf,
    /// Subset of the ground truth to evaluate on.
    #[arg(long, value_name = "NAME")]
    pub subset: String,
    /// tIoU thresholds: first:step:last, or a list as 0.3,0.5.
    #[arg(long, value_name = "TIOUS", default_value = "0.5:0.05:0.95", value_parser = parse_tious)]
    pub tiou: Tious,
    /// Videos to leave out: a JSON list, or a text file with one a line.
    #[arg(long, value_name = "FILE")]
    pub blocked: Option<PathBuf>,
    /// Leave out detections with a score below this.
    #[arg(long, value_name = "S", value_parser = parse_score)]
    pub score: Option<f64>,
    /// Whose rules decide: OpenTAD's, or the ActivityNet toolkit's.
    #[arg(long, value_enum, default_value_t = RulesArg::Opentad)]
    pub rules: RulesArg,
}

/// `--rules` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RulesArg {
    /// Duplicates and empty truths removed.
    Opentad,
    /// Truths as they stand.
    Toolkit,
}

/// The thresholds that `--tiou` means.
#[derive(Clone, Debug, PartialEq)]
pub struct Tious(
    /// In the order given.
    pub Vec<f64>,
);

/// Reads both files, evaluates and prints.
///
/// # Errors
/// [`BadInput`] for files that cannot be read or evaluated.
pub fn run(args: &EvalArgs) -> anyhow::Result<()> {
    let (result, recalls) = evaluate_files(args)?;
    if args.json {
        let mut document = to_json(&result);
        recalls.add_to(&mut document, args, &result);
        return table::print_json(&document);
    }
    table::print_line(&to_table(&result))?;
    recalls.lines(args, &result).iter().try_for_each(|line| table::print_line(line))
}

/// The recalls that were asked for besides.
struct Recalls {
    /// By tIoU and multiple.
    top_kx: Vec<Vec<f64>>,
    proposals: Option<ProposalRecall>,
}

impl Recalls {
    fn add_to(&self, document: &mut serde_json::Value, args: &EvalArgs, result: &Evaluation) {
        if !args.top_kx.is_empty() {
            let by_multiple = |row: &Vec<f64>| -> BTreeMap<String, f64> {
                args.top_kx.iter().map(usize::to_string).zip(row.iter().copied()).collect()
            };
            let rows = result.tious.iter().map(|&tiou| tiou_key(tiou)).zip(self.top_kx.iter().map(by_multiple));
            document["top_kx_recall"] = json!(rows.collect::<BTreeMap<_, _>>());
        }
        if let Some(found) = &self.proposals {
            let at = points(found).into_iter().map(|(k, value)| (k.to_string(), value)).collect::<BTreeMap<_, _>>();
            document["average_recall"] = json!({
                "at": at, "area": found.area, "proposals_per_video": found.proposals_per_video, "curve": found.average_recall,
            });
        }
    }

    fn lines(&self, args: &EvalArgs, result: &Evaluation) -> Vec<String> {
        let mut lines = Vec::new();
        for (column, multiple) in args.top_kx.iter().enumerate() {
            let at = |(tiou, row): (&f64, &Vec<f64>)| format!("{}: {:.2}", tiou_key(*tiou), 100.0 * row[column]);
            let values: Vec<String> = result.tious.iter().zip(&self.top_kx).map(at).collect();
            lines.push(format!("top-{multiple}x recall %  {}", values.join("  ")));
        }
        if let Some(found) = &self.proposals {
            let values = points(found).into_iter().map(|(k, value)| format!("AR@{k}: {:.2}", 100.0 * value));
            let values: Vec<String> = values.collect();
            lines.push(format!("average recall %  {}  area: {:.2}", values.join("  "), 100.0 * found.area));
        }
        lines
    }
}

/// The points of the curve that are usually reported (spec 10.3), and its end.
fn points(found: &ProposalRecall) -> BTreeMap<usize, f64> {
    let end = found.average_recall.len();
    [1, 5, 10, 100, end].into_iter().filter_map(|k| Some((k, found.at(k)?))).collect()
}

/// Reads the files of a case.
pub(super) fn read(args: &CaseArgs) -> Result<(Dataset, Detections, EvalOptions), BadInput> {
    let bad = |error: &dyn std::error::Error| BadInput(error.to_string());
    let truth = formats::read_truth(&args.ground_truth).map_err(|error| bad(&error))?;
    let predictions = results::read(&args.predictions).map_err(|error| bad(&error))?;
    let blocked = match &args.blocked {
        Some(path) => block_list::read(path).map_err(|error| bad(&error))?,
        None => BTreeSet::new(),
    };
    let options = EvalOptions {
        subset: args.subset.clone(),
        tious: args.tiou.0.clone(),
        blocked,
        score_threshold: args.score,
        rules: match args.rules {
            RulesArg::Opentad => Rules::OpenTad,
            RulesArg::Toolkit => Rules::Toolkit,
        },
        // A result file cannot hold a NaN.
        strict_reference: false,
    };
    Ok((truth, predictions, options))
}

fn evaluate_files(args: &EvalArgs) -> Result<(Evaluation, Recalls), BadInput> {
    let bad = |error: &dyn std::error::Error| BadInput(error.to_string());
    let (truth, predictions, options) = read(&args.case)?;
    let recalls = Recalls {
        top_kx: match args.top_kx.as_slice() {
            [] => Vec::new(),
            multiples => top_kx_recall(&truth, &predictions, &options, multiples).map_err(|error| bad(&error))?,
        },
        proposals: match args.proposals {
            None => None,
            Some(most) => Some(average_recall(&truth, &predictions, &options, most).map_err(|error| bad(&error))?),
        },
    };
    Ok((evaluate(&truth, &predictions, &options).map_err(|error| bad(&error))?, recalls))
}

/// The document of `--json`.
#[must_use]
pub fn to_json(result: &Evaluation) -> serde_json::Value {
    json!({
        "average_map": result.average_map,
        "map": result.by_key(&result.map),
        "recall": result.by_key(&result.recall),
        "per_class": result.per_class_by_key(),
        "ignored": result.ignored,
        "counts": result.counts,
    })
}

/// The table for people: mAP and recall by tIoU, then each class.
#[must_use]
pub fn to_table(result: &Evaluation) -> String {
    let names = ClassList::new(result.classes.iter().map(|class| class.label.clone()));
    let width = names.names().iter().map(|name| name.chars().count()).max().unwrap_or(0).max(12);
    let mut lines = Vec::new();
    let row = |name: &str, values: &[f64], mean: Option<f64>, tail: &str| {
        let cells: String = values.iter().map(|value| format!(" {:>6.2}", 100.0 * value)).collect();
        let mean = mean.map_or(String::new(), |mean| format!(" {:>8.2}", 100.0 * mean));
        format!("{name:<width$}{cells}{mean}{tail}")
    };
    let thresholds: String = result.tious.iter().map(|&tiou| format!(" {:>6}", tiou_key(tiou))).collect();
    lines.push(format!("{:<width$}{thresholds}  average", "tIoU"));
    lines.push(row("mAP %", &result.map, Some(result.average_map), ""));
    lines.push(row("recall %", &result.recall, Some(average(&result.recall)), ""));
    lines.push(String::new());
    lines.push(format!("{:<width$}{thresholds}  average  truths  detections", "AP %"));
    for class in &result.classes {
        let tail = format!("  {:>6}  {:>10}", class.truths, class.predictions);
        lines.push(row(&class.label, &class.average_precision, Some(average(&class.average_precision)), &tail));
    }
    lines.push(String::new());
    let counts = &result.counts;
    lines.push(format!("{} videos, {} truths, {} detections", counts.videos, counts.truths, counts.predictions));
    lines.extend(ignored_lines(result));
    lines.join("\n")
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// One line for each reason for which entries were left out.
fn ignored_lines(result: &Evaluation) -> Vec<String> {
    let ignored = &result.ignored;
    let reasons = [
        (ignored.truths_reversed, "truths end before they start"),
        (ignored.truths_empty, "truths have no length"),
        (ignored.truths_duplicate, "truths repeat another"),
        (ignored.truths_not_annotated, "truths lie in regions that are not annotated"),
        (ignored.predictions_unknown_label, "detections have a label that no truth has"),
        (ignored.predictions_blocked, "detections are of blocked videos"),
        (ignored.predictions_below_score, "detections are below the score threshold"),
        (ignored.predictions_not_annotated, "detections lie in regions that are not annotated"),
    ];
    reasons.iter().filter(|(count, _)| *count > 0).map(|(count, reason)| format!("ignored: {count} {reason}")).collect()
}

/// Thresholds from decimal text: the values are the literals that one would write, never sums of a rounded step.
fn parse_tious(text: &str) -> Result<Tious, String> {
    let decimal = |part: &str| parse_decimal(part).ok_or_else(|| format!("'{part}' is not a decimal number like 0.5"));
    let scaled: Vec<u64> = match text.split(':').collect::<Vec<_>>().as_slice() {
        [first, step, last] => {
            let (first, step, last) = (decimal(first)?, decimal(step)?, decimal(last)?);
            if step == 0 || last < first || (last - first) / step > 1000 {
                return Err("a range first:step:last must go upward in at most 1000 steps".to_owned());
            }
            (0..=(last - first) / step).map(|index| first + index * step).collect()
        }
        [list] => list.split(',').map(decimal).collect::<Result<_, _>>()?,
        _ => return Err("write first:step:last, or a list as 0.3,0.5".to_owned()),
    };
    if scaled.iter().any(|&value| value == 0 || value > SCALE) {
        return Err("thresholds must be above 0 and at most 1".to_owned());
    }
    if scaled.iter().any(|value| value % (SCALE / 100) != 0) {
        return Err("thresholds may have two decimals at most, as their names in the result do".to_owned());
    }
    if scaled.iter().enumerate().any(|(index, value)| scaled[..index].contains(value)) {
        return Err("each threshold may be given once".to_owned());
    }
    Ok(Tious(scaled.into_iter().map(literal).collect()))
}

/// A score that can be compared with.
fn parse_score(text: &str) -> Result<f64, String> {
    let score: f64 = text.parse().map_err(|_| "write a number like 0.1".to_owned())?;
    if score.is_finite() { Ok(score) } else { Err("the score must be a finite number".to_owned()) }
}

/// A number of detections: more than [`MOST`] is a slip, and memory for each would be asked for.
fn parse_count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=MOST).contains(count));
    count.ok_or_else(|| format!("write a whole number from 1 to {MOST}"))
}

/// Largest number of detections that can be asked for.
const MOST: usize = 100_000;

/// Decimals are counted in units of a millionth.
const SCALE: u64 = 1_000_000;

fn parse_decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let is_plain = (whole.len() + fraction.len()) > 0
        && whole.len() <= 3
        && fraction.len() <= 6
        && whole.chars().chain(fraction.chars()).all(|digit| digit.is_ascii_digit());
    is_plain.then(|| format!("{whole}{fraction:0<6}").parse().ok()).flatten()
}

fn literal(scaled: u64) -> f64 {
    // A quotient of two exactly represented integers is correctly rounded, as a literal is.
    scaled as f64 / SCALE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_the_decimal_literals() {
        assert_eq!(parse_tious("0.3:0.1:0.7").expect("a range").0, [0.3, 0.4, 0.5, 0.6, 0.7]);
        let anet = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
        assert_eq!(parse_tious("0.5:0.05:0.95").expect("a range").0, anet);
        assert_eq!(parse_tious("0.3, .5,1").expect("a list").0, [0.3, 0.5, 1.0]);
        for text in [
            "",
            "0.5:0.7",
            "0:0.1:0.5",
            "0.5:0:0.7",
            "0.7:0.1:0.5",
            "1.5",
            "-0.5",
            "half",
            "0.5,",
            "nan",
            "0.555",
            "0.5,0.50",
        ] {
            assert!(parse_tious(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_that_mean_nothing_are_refused() {
        assert_eq!((parse_score("0.25"), parse_count("100000")), (Ok(0.25), Ok(100_000)));
        for text in ["nan", "inf", "-inf", "much"] {
            assert!(parse_score(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "100001", "99999999999999", "1.5"] {
            assert!(parse_count(text).is_err(), "{text}");
        }
    }
}
