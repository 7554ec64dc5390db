//! `etad diagnose`: what the errors of a detection file are, what each kind costs, which truths are missed (spec 17).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;

use super::eval::{self, CaseArgs};
use super::exit::bad_input;
use super::table;
use crate::domain::{Dataset, Detections, tiou_key};
use crate::eval::diagnosis::{BinResult, BinScheme, Diagnosis, DiagnosisOptions, Kind, diagnose};
use crate::eval::{ErrorFilter, ErrorRow, EvalOptions, Review, measure, review};
use crate::jobs::report::{ReportCase, html};
use crate::jobs::review::{ReviewRequest, compare};

/// Say what the errors of a detection file are.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Example:\n  etad diagnose --ground-truth annotations.json --predictions found.json --subset validation --tiou 0.5 --score 0.2 --errors 20"
)]
pub struct DiagnoseArgs {
    #[command(flatten)]
    pub case: CaseArgs,
    /// DETAD's normalised precision, which weighs rare classes alike.
    #[arg(long)]
    pub normalised: bool,
    /// Where the bins of lengths, coverage and instances end.
    #[arg(long, value_enum, default_value_t = BinsArg::Quantiles)]
    pub bins: BinsArg,
    /// Also list the N best scored errors at the first threshold, and then missed truths.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub errors: usize,
    /// Also write a report with plots and tables, one HTML file; hits and errors at the tIoU nearest to the first one.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print one JSON document instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// `--bins` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BinsArg {
    /// Five bins of equal count.
    Quantiles,
    /// DETAD's for ActivityNet.
    Activitynet,
    /// DETAD's for THUMOS.
    Thumos,
}

/// An error of the list.
struct Listed {
    video: String,
    kind: &'static str,
    label: String,
    segment: [f64; 2],
    score: Option<f64>,
    /// Class and segment of the truth that it overlaps most.
    truth: Option<(String, [f64; 2])>,
}

/// Reads both files, diagnoses and prints.
///
/// # Errors
/// Bad input for files that cannot be read or evaluated.
pub fn run(args: &DiagnoseArgs) -> anyhow::Result<()> {
    let (truth, found, options) = eval::read(&args.case)?;
    let bins = match args.bins {
        BinsArg::Quantiles => BinScheme::Quantiles,
        BinsArg::Activitynet => BinScheme::ActivityNet,
        BinsArg::Thumos => BinScheme::Thumos,
    };
    let how = DiagnosisOptions { normalised: args.normalised, bins };
    let diagnosis = diagnose(&truth, &found, &options, how).map_err(bad_input)?;
    let review = review(&truth, &found, &options).map_err(bad_input)?;
    let least = options.score_threshold.unwrap_or(f64::NEG_INFINITY);
    let rows = if args.errors == 0 { Vec::new() } else { review.errors(0, least, &ErrorFilter::default()) };
    let errors: Vec<Listed> =
        rows.iter().take(args.errors).filter_map(|row| listed(&truth, &found, &review, row)).collect();
    let counted: Vec<Counted> = (0..options.tious.len()).map(|index| Counted::of(review.kinds(index, least))).collect();
    if let Some(path) = &args.html {
        write_report(args, path, truth, found, &options, bins)?;
    }
    if args.json {
        return table::print_json(&to_json(&diagnosis, &counted, &errors));
    }
    print(&diagnosis, &counted, &errors)
}

/// Kinds of all detections from the score on, as the window counts them.
struct Counted {
    /// In the order of [`Kind::ALL`], and missed truths.
    counts: [usize; 7],
    /// Of the detections, and of the truths; 0 where there are none.
    shares: [f64; 7],
}

impl Counted {
    fn of(counts: [usize; 7]) -> Self {
        let detections: usize = counts[..6].iter().sum();
        let truths = counts[0] + counts[6];
        let whole = |kind: usize| if kind < 6 { detections } else { truths };
        let shares = std::array::from_fn(|kind| counts[kind] as f64 / whole(kind).max(1) as f64);
        Self { counts, shares }
    }
}

fn write_report(
    args: &DiagnoseArgs,
    path: &Path,
    truth: Dataset,
    found: Detections,
    options: &EvalOptions,
    bins: BinScheme,
) -> anyhow::Result<()> {
    let subset = options.subset.clone();
    let request = ReviewRequest { generation: 0, truth: Arc::new(truth), found: Arc::new(found), subset, bins };
    let comparison = compare(&request).map_err(bad_input)?;
    let least = options.score_threshold.unwrap_or(0.0);
    let first = options.tious.first().copied().unwrap_or(0.5);
    let far = |index: &usize| (comparison.review.tious[*index] - first).abs();
    let threshold = (0..comparison.review.tious.len()).min_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(0);
    let duration = |id: &str| request.truth.video(id).map(|video| video.duration);
    let measured = measure(&comparison.found, least, duration);
    let title = args.case.predictions.display().to_string();
    let text =
        html(&ReportCase { title: &title, comparison: &comparison, threshold, least, measured: &measured, run: None });
    std::fs::write(path, text).with_context(|| format!("cannot write the report {}", path.display()))
}

fn listed(truth: &Dataset, found: &Detections, review: &Review, row: &ErrorRow) -> Option<Listed> {
    let (video, of_video) = review.videos.get_index(row.video)?;
    let action = |place: usize| {
        let action = truth.videos.get(of_video.in_truth?)?.annotations.get(place)?;
        Some((action.label.clone(), action.segment))
    };
    let (label, segment) = match row.score {
        None => action(row.index)?,
        Some(_) => {
            let one = found.videos.get(of_video.in_found?)?.1.get(row.index)?;
            (one.label.clone(), one.segment)
        }
    };
    let truth = row.truth.and_then(action);
    Some(Listed { video: video.clone(), kind: row.kind.name(), label, segment, score: row.score, truth })
}

fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

fn print(diagnosis: &Diagnosis, counted: &[Counted], errors: &[Listed]) -> anyhow::Result<()> {
    table::print_line("Kinds of detections: of all from the score on, and of the best ten a truth and class (DETAD);")?;
    table::print_line("shares in %, of missed truths that of the truths, gains in points of mAP of the best ten")?;
    let thresholds: Vec<String> = diagnosis.at_tiou.iter().map(|at| tiou_key(at.tiou)).collect();
    for ((key, at), all) in thresholds.iter().zip(&diagnosis.at_tiou).zip(counted) {
        table::print_line(&format!("\ntIoU {key}: mAP {} %, {} truths missed", percent(at.map), at.missed))?;
        let rows = Kind::ALL.iter().map(|&kind| {
            let gain = Kind::ERRORS.iter().position(|&error| error == kind).map(|error| percent(at.gains[error]));
            let index = kind as usize;
            vec![
                kind.name().to_owned(),
                all.counts[index].to_string(),
                percent(all.shares[index]),
                at.counts[index].to_string(),
                percent(at.shares[index]),
                gain.unwrap_or_default(),
            ]
        });
        let missed = vec!["missed".to_owned(), all.counts[6].to_string(), percent(all.shares[6])];
        let missed = missed.into_iter().chain(std::iter::repeat_n(String::new(), 3)).collect();
        table::print(&["kind", "count", "share", "of best", "share", "gain"], rows.chain([missed]))?;
    }
    table::print_line(&format!("\nAll thresholds: mAP {} %", percent(diagnosis.average_map)))?;
    let gains = Kind::ERRORS.iter().zip(&diagnosis.gains);
    table::print(&["without", "gain"], gains.map(|(kind, &gain)| vec![kind.name().to_owned(), percent(gain)]))?;
    if let Some(at) = diagnosis.at_tiou.first() {
        table::print_line(&format!("\nShare of each kind by rank in its class at tIoU {}, G truths", thresholds[0]))?;
        let header: Vec<&str> = std::iter::once("ranks").chain(Kind::ALL.iter().map(|kind| kind.name())).collect();
        let rows = at.profile.iter().enumerate().map(|(group, shares)| {
            let ranks = format!("to {} G", group + 1);
            std::iter::once(ranks).chain(shares.iter().map(|&share| percent(share))).collect()
        });
        table::print(&header, rows)?;
    }
    for result in &diagnosis.properties {
        table::print_line(&format!("\nTruths by {}", result.property.name()))?;
        let missed: Vec<String> = thresholds.iter().map(|key| format!("missed {key}")).collect();
        let header: Vec<&str> =
            ["bin", "above", "to", "truths", "mAP %"].into_iter().chain(missed.iter().map(String::as_str)).collect();
        table::print(&header, result.bins.iter().map(bin_row))?;
        if result.unknown > 0 {
            table::print_line(&format!("{} truths of videos of unknown length are in no bin", result.unknown))?;
        }
    }
    if !errors.is_empty() {
        table::print_line(&format!("\nErrors at tIoU {}", thresholds.first().map_or("", String::as_str)))?;
        let rows = errors.iter().map(|one| {
            let truth = one.truth.as_ref();
            vec![
                one.score.map_or(String::new(), |score| format!("{score:.3}")),
                one.kind.to_owned(),
                one.label.clone(),
                format!("{:.2}", one.segment[0]),
                format!("{:.2}", one.segment[1]),
                one.video.clone(),
                truth.map_or(String::new(), |(label, [start, end])| format!("{label} {start:.2}-{end:.2}")),
            ]
        });
        table::print(&["score", "error", "class", "start", "end", "video", "nearest truth"], rows)?;
    }
    Ok(())
}

fn bin_row(bin: &BinResult) -> Vec<String> {
    let to = if bin.to.is_infinite() { String::new() } else { format!("{:.3}", bin.to) };
    let average = bin.average_map.map_or(String::new(), percent);
    let head = [bin.name.clone(), format!("{:.3}", bin.from), to, bin.truths.to_string(), average];
    head.into_iter().chain(bin.missed.iter().map(usize::to_string)).collect()
}

/// The document of `--json`. A bin without upper end has `to` null.
fn to_json(diagnosis: &Diagnosis, counted: &[Counted], errors: &[Listed]) -> serde_json::Value {
    let kinds = |kinds: &[Kind], values: Vec<serde_json::Value>| -> serde_json::Value {
        kinds.iter().map(|kind| kind.name().replace(' ', "_")).zip(values).collect::<serde_json::Map<_, _>>().into()
    };
    let shares = |shares: &[f64; 6]| kinds(&Kind::ALL, shares.iter().map(|share| json!(share)).collect());
    let gains = |gains: &[f64]| kinds(&Kind::ERRORS, gains.iter().map(|gain| json!(gain)).collect());
    let with_missed = |found: serde_json::Value, missed: serde_json::Value| {
        let mut found = found;
        found["missed"] = missed;
        found
    };
    let at = diagnosis.at_tiou.iter().zip(counted).map(|(at, all)| {
        let numbers = all.counts.iter().map(|count| json!(count)).collect();
        let of_all = json!({
            "counts": with_missed(kinds(&Kind::ALL, numbers), json!(all.counts[6])),
            "shares": with_missed(kinds(&Kind::ALL, all.shares.iter().map(|share| json!(share)).collect()), json!(all.shares[6])),
        });
        let value = json!({
            "all": of_all,
            "map": at.map,
            "counts": kinds(&Kind::ALL, at.counts.iter().map(|count| json!(count)).collect()),
            "shares": shares(&at.shares),
            "gains": gains(&at.gains),
            "missed": at.missed,
            "profile": at.profile.iter().map(shares).collect::<Vec<_>>(),
        });
        (tiou_key(at.tiou), value)
    });
    let by_key = |counts: &[usize]| -> serde_json::Map<String, serde_json::Value> {
        diagnosis.at_tiou.iter().zip(counts).map(|(at, &count)| (tiou_key(at.tiou), json!(count))).collect()
    };
    let properties = diagnosis.properties.iter().map(|result| {
        let bin = |bin: &BinResult| {
            let to = bin.to.is_finite().then_some(bin.to);
            let missed = by_key(&bin.missed);
            json!({"name": bin.name, "above": bin.from, "to": to, "truths": bin.truths, "missed": missed, "average_map": bin.average_map})
        };
        let bins: Vec<serde_json::Value> = result.bins.iter().map(bin).collect();
        json!({"property": result.property.name(), "unknown": result.unknown, "bins": bins})
    });
    let errors = errors.iter().map(|one| {
        let truth = one.truth.as_ref().map(|(label, segment)| json!({"label": label, "segment": segment}));
        json!({
            "video": one.video, "error": one.kind, "label": one.label, "segment": one.segment, "score": one.score, "truth": truth,
        })
    });
    json!({
        "average_map": diagnosis.average_map,
        "gains": gains(&diagnosis.gains),
        "at_tiou": at.collect::<serde_json::Map<_, _>>(),
        "properties": properties.collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
    })
}
