//! What an experimenter wants of detections: how often, how long, how soon, which share of the time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::{Detections, Segment, csv_field, merged};

/// The detections of one class in one video.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Video name.
    pub video: String,
    /// Class.
    pub label: String,
    /// How many.
    pub count: usize,
    /// Seconds that they cover together; what overlaps counts once.
    pub total: f64,
    /// Mean length in seconds.
    pub mean: f64,
    /// Seconds from the start of the video to the first.
    pub latency: f64,
    /// Share of the video that they cover, 0..1; none where its length is unknown.
    pub share: Option<f64>,
}

/// Measures the detections from a least score on; `duration` tells the seconds of a video. Videos in file order, classes by name.
#[must_use]
pub fn measure(found: &Detections, least: f64, duration: impl Fn(&str) -> Option<f64>) -> Vec<Measured> {
    let mut rows = Vec::new();
    for (video, detections) in &found.videos {
        let mut classes: BTreeMap<&str, Vec<Segment>> = BTreeMap::new();
        for one in detections.iter().filter(|one| one.score >= least && one.segment[1] > one.segment[0]) {
            classes.entry(&one.label).or_default().push(one.segment);
        }
        for (label, segments) in classes {
            let count = segments.len();
            let mean = segments.iter().map(|[start, end]| end - start).sum::<f64>() / count as f64;
            let latency = segments.iter().map(|segment| segment[0]).fold(f64::INFINITY, f64::min).max(0.0);
            let total: f64 = merged(segments).iter().map(|[start, end]| end - start).sum();
            let share = duration(video).filter(|seconds| *seconds > 0.0).map(|seconds| (total / seconds).min(1.0));
            rows.push(Measured { video: video.clone(), label: label.to_owned(), count, total, mean, latency, share });
        }
    }
    rows
}

/// The rows as a table (RFC 4180).
#[must_use]
pub fn measured_csv(rows: &[Measured]) -> String {
    let mut text = String::from("video,class,count,total seconds,mean seconds,first after seconds,share of video\r\n");
    for row in rows {
        let share = row.share.map_or(String::new(), |share| format!("{share:.6}"));
        let (video, label) = (csv_field(&row.video), csv_field(&row.label));
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{video},{label},{},{:.3},{:.3},{:.3},{share}\r\n",
            row.count, row.total, row.mean, row.latency
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Detection;

    #[test]
    fn overlaps_count_once_in_time_and_weak_ones_not_at_all() {
        let one = |label: &str, start, end, score| Detection { segment: [start, end], label: label.to_owned(), score };
        let in_v =
            vec![one("b", 4.0, 8.0, 0.9), one("b", 6.0, 10.0, 0.5), one("a,x", 1.0, 2.0, 0.9), one("a", 0.0, 9.0, 0.1)];
        let found =
            Detections { videos: vec![("v".to_owned(), in_v), ("w".to_owned(), vec![one("a", 3.0, 4.0, 0.5)])] };
        let rows = measure(&found, 0.3, |video| (video == "v").then_some(20.0));
        let b = Measured {
            video: "v".to_owned(),
            label: "b".to_owned(),
            count: 2,
            total: 6.0,
            mean: 4.0,
            latency: 4.0,
            share: Some(0.3),
        };
        assert_eq!((rows.len(), &rows[1], rows[2].share), (3, &b, None));
        let text = measured_csv(&rows);
        assert!(
            text.contains("v,\"a,x\",1,1.000,1.000,1.000,0.050000\r\n")
                && text.ends_with("w,a,1,1.000,1.000,3.000,\r\n"),
            "{text}"
        );
    }
}
