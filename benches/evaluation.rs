//! How long it takes to read and evaluate 100 000 predictions (issue "3", shown by 4): `cargo bench --bench evaluation`.

#![allow(clippy::print_stdout, reason = "a bench says what it measured")]

use std::path::Path;
use std::time::{Duration, Instant};

use etad::domain::{Annotation, Dataset, Detection, Detections, Draw, Purpose, Video};
use etad::eval::{ErrorFilter, EvalOptions, evaluate, review, slider_tious};
use etad::formats::results;

const TIOUS: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
const VIDEOS: usize = 200;
const PREDICTIONS_PER_VIDEO: usize = 500;
const RUNS: usize = 9;

/// 100 000 predictions of 20 classes on 200 videos with 4 000 truths, drawn by a counter.
fn case() -> (Dataset, Detections) {
    let mut draw = Draw::new(7, Purpose::Sample, &[]);
    let label = |index: usize| format!("class {}", index % 20);
    let mut segment = || {
        let start = draw.uniform(0.0, 190.0);
        [start, start + draw.uniform(0.5, 10.0)]
    };
    let videos = (0..VIDEOS).map(|index| Video {
        id: format!("video {index}"),
        subset: "validation".to_owned(),
        duration: 200.0,
        frames: None,
        path: None,
        annotations: (0..20)
            .map(|k| Annotation { segment: segment(), label: label(index + k % 3), draft: false })
            .collect(),
        not_annotated: Vec::new(),
        rejected: Vec::new(),
        crop: None,
        stream: None,
    });
    let truth = Dataset { videos: videos.collect() };
    let found = truth.videos.iter().enumerate().map(|(index, video)| {
        let one = |k: usize| Detection { segment: segment(), label: label(index + k % 3), score: 1.0 / (k + 1) as f64 };
        (video.id.clone(), (0..PREDICTIONS_PER_VIDEO).map(one).collect())
    });
    let found = Detections { videos: found.collect() };
    (truth, found)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (truth, predictions) = case();
    let text = results::to_json(&predictions);
    let options = EvalOptions::new("validation", &TIOUS);
    let (mut reading, mut evaluating) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let start = Instant::now();
        let read = results::parse(&text, Path::new("predictions.json"))?;
        reading.push(start.elapsed());
        let start = Instant::now();
        let result = evaluate(&truth, &read, &options)?;
        evaluating.push(start.elapsed());
        assert_eq!(result.counts.predictions, VIDEOS * PREDICTIONS_PER_VIDEO);
    }
    println!(
        "{} predictions, {} thresholds, median of {RUNS}: read in {:.0?}, evaluated in {:.0?}",
        predictions.count(),
        TIOUS.len(),
        median(reading),
        median(evaluating)
    );
    sliders(&truth, &predictions)
}

/// What the window's sliders cost: matched once at all thresholds, then counted and listed at each move (issue "7", item 4).
fn sliders(truth: &Dataset, predictions: &Detections) -> Result<(), Box<dyn std::error::Error>> {
    let few = Detections { videos: predictions.videos[..20].to_vec() };
    let options = EvalOptions::new("validation", &slider_tious());
    let (mut matching, mut moving) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let start = Instant::now();
        let reviewed = review(truth, &few, &options)?;
        matching.push(start.elapsed());
        let start = Instant::now();
        let rows = reviewed.errors(run, 0.1, &ErrorFilter::default()).len();
        let counts: usize = reviewed.kinds(run, 0.1).iter().sum();
        let cells = reviewed.confusion(run, 0.1).counts.len() + reviewed.class_tallies(run, 0.1).len();
        moving.push(start.elapsed());
        assert!(rows > 0 && counts > rows && cells > 0);
    }
    println!(
        "{} detections at {} thresholds, median of {RUNS}: matched in {:.1?}, a slider's move in {:.1?}",
        few.count(),
        options.tious.len(),
        median(matching),
        median(moving)
    );
    Ok(())
}
