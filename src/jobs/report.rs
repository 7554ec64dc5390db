//! One HTML file that shows what detections are beside the truth: tables, and plots as drawings in the page. No script, nothing loaded.

use std::fmt::Write as _;

use crate::eval::diagnosis::{Kind, Property};
use crate::eval::{ErrorKind, Measured, interpolated};

use super::review::Comparison;

/// What a report is about.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportCase<'a> {
    /// Heading: which detections.
    pub title: &'a str,
    /// Detections beside the truth.
    pub comparison: &'a Comparison,
    /// Index of the threshold at which errors are told.
    pub threshold: usize,
    /// Least score of hits and errors.
    pub least: f64,
    /// What was measured of the detections.
    pub measured: &'a [Measured],
    /// Loss and average mAP over the steps of the run, where there is one.
    pub run: Option<RunCurves<'a>>,
}

/// Curves of a run over its steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunCurves<'a> {
    /// Total loss.
    pub loss: &'a [[f64; 2]],
    /// Average mAP, 0..1.
    pub map: &'a [[f64; 2]],
}

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1e24;background:#fff}\
table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.15rem .8rem .15rem 0;text-align:right;font-variant-numeric:tabular-nums;border-bottom:1px solid #ddd}\
td:first-child,th:first-child{text-align:left}svg{background:#f7f8fa;margin:.5rem 0 1.5rem}h2{margin-top:2rem}small{color:#555}";

/// The page.
#[must_use]
pub fn html(case: &ReportCase<'_>) -> String {
    let ReportCase { title, comparison, threshold, least, measured, run } = case;
    let review = &comparison.review;
    let tiou = review.tious.get(*threshold).copied().unwrap_or(0.5);
    let tally = review.tally(*threshold, *least, None);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style><h1>{0}</h1>",
        escaped(title)
    );
    let mut add = |text: String| page.push_str(&text);
    add(format!(
        "<p>{} videos of the subset {}, {} truths, {} detections. Hits and errors at tIoU {tiou:.2} from score {least:.2} on.</p>",
        comparison.evaluation.counts.videos,
        escaped(&review.subset),
        comparison.evaluation.counts.truths,
        comparison.evaluation.counts.predictions,
    ));
    let share = |value: Option<f64>| value.map_or("-".to_owned(), percent);
    add(table(
        &["precision %", "recall %", "F1 %", "hits", "false alarms", "missed"],
        [vec![
            share(tally.precision()),
            share(tally.recall()),
            share(tally.f1()),
            tally.hits.to_string(),
            tally.false_alarms.to_string(),
            tally.missed.to_string(),
        ]],
    ));
    if let Some(RunCurves { loss, map }) = run {
        add("<h2>The run</h2>".to_owned());
        add(plot("step", "loss", &[("loss", loss.to_vec())], None));
        let map: Vec<[f64; 2]> = map.iter().map(|&[x, y]| [x, 100.0 * y]).collect();
        add(plot("step", "average mAP, %", &[("average mAP", map)], Some(100.0)));
    }
    add("<h2>mAP by tIoU</h2>".to_owned());
    let curve = |values: &[f64]| review.tious.iter().zip(values).map(|(&x, &y)| [x, 100.0 * y]).collect::<Vec<_>>();
    let lines = [("mAP", curve(&comparison.evaluation.map)), ("recall", curve(&comparison.evaluation.recall))];
    add(plot("tIoU", "%", &lines, Some(100.0)));
    add("<h2>Precision over recall</h2>".to_owned());
    let points = interpolated(&review.precision_recall(*threshold, None));
    let points = points.into_iter().map(|[x, y]| [100.0 * x, 100.0 * y]).collect();
    add(plot("recall, %", "precision, %", &[("all classes together", points)], Some(100.0)));
    add("<h2>Errors</h2>".to_owned());
    add(errors(case));
    add("<h2>Classes</h2>".to_owned());
    let tallies = review.class_tallies(*threshold, *least);
    let rows = comparison.evaluation.classes.iter().zip(tallies).map(|(class, tally)| {
        let at = class.average_precision.get(*threshold).copied();
        vec![class.label.clone(), class.truths.to_string(), share(at), share(tally.precision()), share(tally.recall())]
    });
    add(table(&["class", "truths", "AP %", "precision %", "recall %"], rows));
    add("<h2>Which truths are missed</h2>".to_owned());
    for result in &comparison.diagnosis.properties {
        let unit = match result.property {
            Property::Length => "s",
            Property::Coverage => "of the video",
            Property::Instances => "actions",
        };
        let rows = result.bins.iter().map(|bin| {
            let to = if bin.to.is_infinite() {
                format!("above {:.2} {unit}", bin.from)
            } else {
                format!("to {:.2} {unit}", bin.to)
            };
            let missed = bin.missed.get(*threshold).copied().unwrap_or(0);
            let missed = (bin.truths > 0).then(|| missed as f64 / bin.truths as f64);
            vec![format!("{} {to}", bin.name), bin.truths.to_string(), share(missed), share(bin.average_map)]
        });
        add(table(&[&format!("by {}", result.property.name()), "truths", "missed %", "mAP %"], rows));
    }
    if !measured.is_empty() {
        add("<h2>Results</h2>".to_owned());
        let rows = measured.iter().map(|row| {
            vec![
                row.video.clone(),
                row.label.clone(),
                row.count.to_string(),
                format!("{:.2}", row.total),
                format!("{:.2}", row.mean),
                format!("{:.2}", row.latency),
                share(row.share),
            ]
        });
        add(table(&["video", "class", "count", "total s", "mean s", "first after s", "share %"], rows));
    }
    page.push_str("</html>\n");
    page
}

fn errors(case: &ReportCase<'_>) -> String {
    let counts = case.comparison.review.kinds(case.threshold, case.least);
    let gains = case.comparison.diagnosis.at_tiou.get(case.threshold).map(|at| at.gains);
    let detections = counts[..6].iter().sum::<usize>().max(1) as f64;
    let truths = (counts[0] + counts[6]).max(1) as f64;
    let rows = ErrorKind::ALL.iter().map(|kind| {
        let (count, whole, gain) = match kind {
            ErrorKind::False(one) => {
                let place = Kind::ERRORS.iter().position(|other| other == one);
                (counts[*one as usize], detections, place.and_then(|place| Some(gains?[place])))
            }
            ErrorKind::Missed => (counts[6], truths, None),
        };
        let gain = gain.map_or(String::new(), |gain| format!("{:+.1}", 100.0 * gain));
        vec![kind.name().to_owned(), count.to_string(), percent(count as f64 / whole), gain, kind.advice().to_owned()]
    });
    table(&["error", "count", "share %", "gain in mAP", "what it means and what helps"], rows)
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let cells = |cells: &mut dyn Iterator<Item = String>, tag: &str| {
        let cells: String = cells.map(|cell| format!("<{tag}>{}</{tag}>", escaped(&cell))).collect();
        format!("<tr>{cells}</tr>")
    };
    let head = cells(&mut header.iter().map(|&name| name.to_owned()), "th");
    let rows: String = rows.into_iter().map(|row| cells(&mut row.into_iter(), "td")).collect();
    format!("<table>{head}{rows}</table>")
}

/// Size of a drawing and its margins in points.
const SIZE: (f64, f64) = (640.0, 240.0);
const MARGIN: (f64, f64) = (54.0, 36.0);
const COLOURS: [&str; 3] = ["#2563c9", "#c2410c", "#15803d"];
/// Points of a line; more are not seen.
const MOST_POINTS: usize = 800;

/// Lines over an axis each way. `top` fixes the upper end of y.
fn plot(x_name: &str, y_name: &str, lines: &[(&str, Vec<[f64; 2]>)], top: Option<f64>) -> String {
    let points = || lines.iter().flat_map(|(_, points)| points).filter(|point| point.iter().all(|end| end.is_finite()));
    let (least, most) = points()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), point| (least.min(point[0]), most.max(point[0])));
    if least > most {
        return "<p><small>Nothing to draw.</small></p>".to_owned();
    }
    let top = top.unwrap_or_else(|| points().map(|point| point[1]).fold(0.0, f64::max)).max(f64::MIN_POSITIVE);
    let width = (most - least).max(f64::MIN_POSITIVE);
    let x = |value: f64| MARGIN.0 + (value - least) / width * (SIZE.0 - MARGIN.0 - 12.0);
    let y = |value: f64| SIZE.1 - MARGIN.1 - value / top * (SIZE.1 - MARGIN.1 - 12.0);
    let mut svg =
        format!("<svg width=\"{}\" height=\"{}\" role=\"img\" aria-label=\"{}\">", SIZE.0, SIZE.1, escaped(y_name));
    // Writing to a String cannot fail, here and below.
    for at in marks(0.0, top) {
        let _ = write!(
            svg,
            "<line x1=\"{0:.1}\" x2=\"{1:.1}\" y1=\"{2:.1}\" y2=\"{2:.1}\" stroke=\"#ddd\"/><text x=\"{3:.1}\" y=\"{4:.1}\" font-size=\"11\" text-anchor=\"end\">{5}</text>",
            MARGIN.0,
            SIZE.0 - 12.0,
            y(at),
            MARGIN.0 - 6.0,
            y(at) + 4.0,
            number(at)
        );
    }
    for at in marks(least, most) {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"middle\">{}</text>",
            x(at),
            SIZE.1 - MARGIN.1 + 15.0,
            number(at)
        );
    }
    for ((name, points), colour) in lines.iter().zip(COLOURS) {
        let step = points.len().div_ceil(MOST_POINTS).max(1);
        let last = points.len().saturating_sub(1);
        let kept = points.iter().enumerate().filter(|(index, _)| index % step == 0 || *index == last);
        let places: Vec<String> = kept
            .filter(|(_, point)| point.iter().all(|end| end.is_finite()))
            .map(|(_, point)| format!("{:.1},{:.1}", x(point[0]), y(point[1])))
            .collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"><title>{}</title></polyline>",
            places.join(" "),
            escaped(name)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" text-anchor=\"middle\">{}</text></svg>",
        (MARGIN.0 + SIZE.0) / 2.0,
        SIZE.1 - 4.0,
        escaped(x_name)
    );
    let names: Vec<String> = lines
        .iter()
        .zip(COLOURS)
        .map(|((name, _), colour)| format!("<span style=\"color:{colour}\">{}</span>", escaped(name)))
        .collect();
    format!("<p><small>{} ({})</small></p>{svg}", escaped(y_name), names.join(", "))
}

/// Round places on an axis: multiples of 1, 2 or 5 times a power of ten, three to six of them.
fn marks(least: f64, most: f64) -> impl Iterator<Item = f64> {
    let rough = ((most - least) / 5.0).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0].into_iter().map(|times| times * power).find(|step| *step >= rough).unwrap_or(10.0 * power);
    // What rounding takes from an end is given back.
    let (first, last) = ((least / step - 1e-9).ceil(), (most / step + 1e-9).floor());
    (0..=(last - first).clamp(0.0, 10.0) as usize).map(move |index| (first + index as f64) * step)
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Annotation, Dataset, Detection, Detections, Video};
    use crate::eval::diagnosis::BinScheme;
    use crate::eval::measure;
    use crate::jobs::review::{ReviewRequest, compare};

    #[test]
    fn marks_are_round_and_within_the_axis() {
        let shown = |least, most| marks(least, most).map(number).collect::<Vec<_>>().join(" ");
        assert_eq!(shown(0.0, 94.52), "0 20 40 60 80");
        assert_eq!(shown(0.1, 0.95), "0.2 0.4 0.6 0.8");
        assert_eq!(shown(0.0, 100.0), "0 20 40 60 80 100");
        assert_eq!(shown(0.0, 2600.0), "0 1000 2000");
        assert_eq!(shown(3.0, 3.0).split(' ').count(), 1, "a single point");
    }

    #[test]
    fn a_report_is_one_page_with_every_table_and_nothing_to_load() {
        let action = Annotation { segment: [1.0, 2.0], label: "a<b".to_owned(), ..Annotation::default() };
        let video = Video { id: "v".to_owned(), duration: 10.0, annotations: vec![action], ..Video::default() };
        let one = Detection { segment: [1.0, 2.0], label: "a<b".to_owned(), score: 0.5 };
        let found = Arc::new(Detections { videos: vec![("v".to_owned(), vec![one])] });
        let request = ReviewRequest {
            generation: 1,
            truth: Arc::new(Dataset { videos: vec![video] }),
            found: found.clone(),
            subset: String::new(),
            bins: BinScheme::Quantiles,
        };
        let comparison = compare(&request).expect("compared");
        let measured = measure(&found, 0.0, |_| Some(10.0));
        let curve = [[0.0, 2.0], [10.0, 1.0]];
        let page = html(&ReportCase {
            title: "x & y",
            comparison: &comparison,
            threshold: 8,
            least: 0.1,
            measured: &measured,
            run: Some(RunCurves { loss: &curve, map: &curve }),
        });
        for wanted in ["x &amp; y", "a&lt;b", "<svg", "double detection", "by length", "first after s", "100.0"] {
            assert!(page.contains(wanted), "{wanted}");
        }
        assert!(!page.contains("<script") && !page.contains("http") && !page.contains("NaN"));
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    }
}
