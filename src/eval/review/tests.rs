//! Reviews against hand-worked cases, and their counts against the evaluation's.

use super::*;
use crate::domain::{Annotation, Detection, Draw, Purpose, Video, tiou_key};
use crate::eval::{ErrorFilter, ErrorKind, evaluate, interpolated};

fn truth(label: &str, start: f64, end: f64) -> Annotation {
    Annotation { segment: [start, end], label: label.to_owned(), ..Annotation::default() }
}

fn found(label: &str, start: f64, end: f64, score: f64) -> Detection {
    Detection { segment: [start, end], label: label.to_owned(), score }
}

fn video(id: &str, annotations: Vec<Annotation>, not_annotated: Vec<[f64; 2]>) -> Video {
    let subset = "val".to_owned();
    Video { id: id.to_owned(), subset, duration: 100.0, annotations, not_annotated, ..Video::default() }
}

fn one_video(
    annotations: Vec<Annotation>,
    not_annotated: Vec<[f64; 2]>,
    detections: Vec<Detection>,
) -> (Dataset, Detections) {
    let dataset = Dataset { videos: vec![video("v", annotations, not_annotated)] };
    (dataset, Detections { videos: vec![("v".to_owned(), detections)] })
}

fn all() -> EvalOptions {
    EvalOptions::new("val", &slider_tious())
}

/// Index of 0.50.
const HALF: usize = 8;

#[test]
fn the_slider_stands_on_decimal_literals() {
    let tious = slider_tious();
    assert_eq!((tious.len(), tious[0], tious[HALF], tious[17]), (18, 0.1, 0.5, 0.95));
    assert_eq!(tious[1..5], [0.15, 0.2, 0.25, 0.3]);
}

#[test]
fn every_kind_in_one_video() {
    let truths = vec![
        truth("a", 0.0, 10.0),
        truth("b", 20.0, 30.0),
        truth("a", 50.0, 50.0),
        truth("a", 60.0, 70.0),
        truth("a", 82.0, 88.0),
    ];
    let detections = vec![
        found("a", 0.0, 9.0, 0.5),
        found("a", 0.0, 10.0, 0.9),
        found("a", 20.0, 30.0, 0.8),
        found("a", 0.0, 4.0, 0.7),
        found("a", 26.0, 36.0, 0.6),
        found("a", 40.0, 45.0, 0.4),
        found("nobody's", 0.0, 10.0, 1.0),
        found("a", 82.0, 88.0, 0.3),
    ];
    let (dataset, detections) = one_video(truths, vec![[80.0, 90.0]], detections);
    let review = super::review(&dataset, &detections, &all()).expect("reviews");
    let of_video = &review.videos["v"];
    let kinds: Vec<Option<Kind>> = (0..8).map(|index| of_video.kind(HALF, 0.5, index)).collect();
    use Kind::{Background, Confusion, DoubleDetection, Localisation, TruePositive, WrongLabel};
    let expected = [DoubleDetection, TruePositive, WrongLabel, Localisation, Confusion, Background];
    assert_eq!(kinds[..6], expected.map(Some));
    assert_eq!(kinds[6..], [None, None], "a class without truth, and where nobody annotated");
    assert_eq!(of_video.found[HALF][1], Some(0));
    assert_eq!(of_video.finder[HALF], [Some(1), None, None, None, None]);
    let counts: Vec<bool> = of_video.truths.iter().map(|truth| truth.class.is_some()).collect();
    assert_eq!(counts, [true, true, false, true, false]);
    assert_eq!(review.tally(HALF, 0.0, None), Tally { hits: 1, false_alarms: 5, missed: 2 });
    assert_eq!(review.tally(HALF, 0.85, Some("v")), Tally { hits: 1, false_alarms: 0, missed: 2 });
    assert_eq!(review.tally(HALF, 0.95, None), Tally { hits: 0, false_alarms: 0, missed: 3 });
    assert_eq!(review.tally(HALF, 0.0, Some("w")), Tally::default());
    assert_eq!(review.kinds(HALF, 0.0), [1, 1, 1, 1, 1, 1, 2]);

    let list = |filter: &ErrorFilter| -> Vec<(ErrorKind, usize)> {
        review.errors(HALF, 0.0, filter).iter().map(|row| (row.kind, row.index)).collect()
    };
    let all = list(&ErrorFilter::default());
    let false_alarms = [2, 3, 4, 0, 5].map(|index| (ErrorKind::False(expected[index]), index));
    assert_eq!(all[..5], false_alarms, "by falling score");
    assert_eq!(all[5..], [(ErrorKind::Missed, 1), (ErrorKind::Missed, 3)]);
    let only = |kind| ErrorFilter { kind: Some(kind), ..ErrorFilter::default() };
    assert_eq!(list(&only(ErrorKind::False(Localisation))), [(ErrorKind::False(Localisation), 3)]);
    let of_b = ErrorFilter { class: Some("b".to_owned()), ..ErrorFilter::default() };
    assert_eq!(list(&of_b), [(ErrorKind::Missed, 1)]);
    let on_b = ErrorFilter { truth: Some("b".to_owned()), ..ErrorFilter::default() };
    assert_eq!(list(&on_b), [(ErrorKind::False(WrongLabel), 2)]);
    assert!(list(&ErrorFilter { class: Some("c".to_owned()), ..ErrorFilter::default() }).is_empty());

    // Rows: truth a, b, background. The hit; b taken for a; four from nothing; b and one a missed.
    assert_eq!(review.confusion(HALF, 0.0).counts, [[1, 0, 1], [1, 0, 1], [4, 0, 0]]);
}

#[test]
fn of_equal_scores_the_later_wins_and_a_taken_truth_passes_on() {
    let truths = vec![truth("a", 0.0, 10.0), truth("b", 5.0, 9.0), truth("a", 2.0, 12.0)];
    let detections = vec![
        found("a", 0.5, 10.5, 0.8),
        found("a", 0.0, 10.0, 0.9),
        found("b", 5.0, 9.0, 0.5),
        found("b", 5.0, 9.0, 0.5),
    ];
    let (dataset, detections) = one_video(truths, Vec::new(), detections);
    let review = super::review(&dataset, &detections, &all()).expect("reviews");
    let of_video = &review.videos["v"];
    assert_eq!(of_video.finder[HALF], [Some(1), Some(3), Some(0)]);
    assert_eq!(of_video.kind(HALF, 0.5, 2), Some(Kind::DoubleDetection));
}

/// A case with everything that the rules treat apart: ties, repeated and empty truths, unknown classes, regions not annotated,
/// videos without truth and videos of another subset.
fn drawn(number: u64) -> (Dataset, Detections) {
    let mut draw = Draw::new(number, Purpose::Sample, &[]);
    let mut pick = |most: f64| draw.uniform(0.0, most) as usize;
    let labels = ["a", "b", "c"];
    let mut videos = Vec::new();
    let mut results = Vec::new();
    for index in 0..1 + pick(4.0) {
        let mut annotations: Vec<Annotation> = Vec::new();
        for _ in 0..pick(7.0) {
            let start = pick(20.0) as f64;
            let length = pick(6.0) as f64;
            annotations.push(truth(labels[pick(3.0)], start, start + length));
            if pick(5.0) == 0 {
                annotations.extend(annotations.last().cloned());
            }
        }
        let not_annotated = if pick(3.0) == 0 { vec![[12.0, 16.0]] } else { Vec::new() };
        let mut of_video = video(&format!("v{index}"), annotations, not_annotated);
        if pick(6.0) == 0 {
            of_video.subset = "training".to_owned();
        }
        let detections = (0..pick(14.0)).map(|_| {
            let start = pick(20.0) as f64 + pick(3.0) as f64 * 0.3;
            let length = pick(6.0) as f64 + 0.4;
            found(["a", "b", "c", "d"][pick(4.0)], start, start + length, pick(6.0) as f64 / 5.0)
        });
        results.push((of_video.id.clone(), detections.collect()));
        videos.push(of_video);
    }
    videos.push(video("with truth", vec![truth("a", 1.0, 4.0)], Vec::new()));
    (Dataset { videos }, Detections { videos: results })
}

#[test]
fn the_sliders_count_what_the_evaluation_counts_at_every_threshold_and_score() {
    let mut hits = 0;
    for number in 0..200 {
        let (dataset, detections) = drawn(number);
        let review = super::review(&dataset, &detections, &all()).expect("reviews");
        for score in [0.0, 0.2, 0.4, 0.5, 1.0] {
            let options = EvalOptions { score_threshold: Some(score), ..EvalOptions::new("val", &slider_tious()) };
            let expected = evaluate(&dataset, &detections, &options).expect("evaluates");
            for (threshold, &tiou) in review.tious.iter().enumerate() {
                let at = expected.counts.at_tiou[&tiou_key(tiou)];
                let tally = review.tally(threshold, score, None);
                let counted = (tally.hits, tally.false_alarms, tally.missed);
                assert_eq!(
                    counted,
                    (at.true_positives, at.false_positives, at.false_negatives),
                    "{number} {tiou} {score}"
                );
                let kinds = review.kinds(threshold, score);
                assert_eq!((kinds[0], kinds[1..6].iter().sum::<usize>(), kinds[6]), counted);
                let listed = review.errors(threshold, score, &ErrorFilter::default()).len();
                assert_eq!(listed, tally.false_alarms + tally.missed);
                let cells: usize = review.confusion(threshold, score).counts.iter().flatten().sum();
                assert_eq!(cells, tally.hits + listed);
                let classes = review.class_tallies(threshold, score);
                assert_eq!(classes.into_iter().fold(Tally::default(), Tally::plus), tally);
                hits += tally.hits;
            }
        }
    }
    assert!(hits > 1000, "the cases find something: {hits}");
}

#[test]
fn the_best_f1_is_the_best_of_all_scores() {
    for number in 0..100 {
        let (dataset, detections) = drawn(number);
        let review = super::review(&dataset, &detections, &all()).expect("reviews");
        for threshold in [0, HALF, 17] {
            let scores = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
            let all = scores.map(|score| (review.tally(threshold, score, None).f1().unwrap_or(0.0), score));
            let best = all.into_iter().fold((-1.0, 0.0), |best, one| if one.0 >= best.0 { one } else { best });
            let Some((score, tally)) = review.best_f1(threshold, None) else { continue };
            assert_eq!(tally, review.tally(threshold, score, None), "{number}");
            assert!((tally.f1().unwrap_or(0.0) - best.0).abs() < 1e-15, "{number}: {score} {best:?}");
        }
    }
}

#[test]
fn the_area_under_the_interpolated_curve_is_the_average_precision() {
    for number in 0..50 {
        let (dataset, detections) = drawn(number);
        let review = super::review(&dataset, &detections, &all()).expect("reviews");
        let expected = evaluate(&dataset, &detections, &EvalOptions::new("val", &slider_tious())).expect("evaluates");
        for (class, result) in expected.classes.iter().enumerate() {
            assert_eq!(review.labels[class], result.label);
            for threshold in [0, HALF, 17] {
                let curve = interpolated(&review.precision_recall(threshold, Some(class as u32)));
                let area: f64 = curve.windows(2).map(|pair| (pair[1][0] - pair[0][0]) * pair[1][1]).sum();
                assert!((area - result.average_precision[threshold]).abs() < 1e-12, "{number} {class} {threshold}");
            }
        }
    }
}

/// What a bin counts as missed is what the list has of it.
#[test]
fn the_list_of_a_bin_is_as_long_as_the_bin_says() {
    use crate::eval::Bin;
    use crate::eval::diagnosis::{BinScheme, DiagnosisOptions, diagnose};
    let mut listed = 0;
    for number in 0..40 {
        let (dataset, detections) = drawn(number);
        let Ok(review) = super::review(&dataset, &detections, &all()) else { continue };
        let how = DiagnosisOptions { normalised: false, bins: BinScheme::Quantiles };
        let diagnosis = diagnose(&dataset, &detections, &all(), how).expect("diagnoses");
        for result in &diagnosis.properties {
            for bin in &result.bins {
                let filter = ErrorFilter {
                    kind: Some(ErrorKind::Missed),
                    bin: Some(Bin { property: result.property, from: bin.from, to: bin.to }),
                    ..ErrorFilter::default()
                };
                for threshold in 0..review.tious.len() {
                    let rows = review.errors(threshold, f64::NEG_INFINITY, &filter);
                    assert_eq!(rows.len(), bin.missed[threshold], "{number} {:?} {}", result.property, bin.name);
                    listed += rows.len();
                }
            }
        }
    }
    assert!(listed > 1000, "{listed}");
}
