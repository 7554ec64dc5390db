//! Curves and tables of a review: precision over recall, and which class is taken for which.

use super::diagnosis::Kind;
use super::review::Review;

/// A point of a precision-recall curve: what holds from the score of one hit on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrPoint {
    /// Share of the truths found, 0..1.
    pub recall: f64,
    /// Share of the detections that are hits, 0..1.
    pub precision: f64,
    /// Score of the hit.
    pub score: f64,
    /// Index of its video in [`Review::videos`].
    pub video: usize,
    /// Its place in the video.
    pub detection: usize,
}

/// Which class is taken for which; the last row and the last column are the background.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// `[class of the truth][class of the detection]`, in the order of [`Review::labels`].
    pub counts: Vec<Vec<usize>>,
}

impl Review {
    /// Precision over recall at a threshold, of a class or of all classes together by falling score. There is a point for each hit: between
    /// two hits precision only falls, so that the interpolated curve, which [`super::evaluate`] integrates, has its corners here.
    #[must_use]
    pub fn precision_recall(&self, threshold: usize, class: Option<u32>) -> Vec<PrPoint> {
        let is_of = |of: Option<u32>| of.is_some() && class.is_none_or(|wanted| of == Some(wanted));
        let mut ranked: Vec<(f64, usize, usize, usize, bool)> = Vec::new();
        let mut truths = 0;
        for (place, video) in self.videos.values().enumerate() {
            truths += video.truths.iter().filter(|truth| is_of(truth.class)).count();
            for (index, judged) in video.detections.iter().enumerate().filter(|(_, judged)| is_of(judged.class)) {
                let hit = video.found[threshold][index].is_some();
                ranked.push((judged.score, judged.order, place, index, hit));
            }
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        let mut points = Vec::with_capacity(truths);
        for (rank, &(score, _, video, detection, _)) in ranked.iter().enumerate().filter(|(_, one)| one.4) {
            let hits = points.len() + 1;
            let recall = hits as f64 / truths as f64;
            points.push(PrPoint { recall, precision: hits as f64 / (rank + 1) as f64, score, video, detection });
        }
        points
    }

    /// Which class is taken for which at a threshold from a least score on. A hit counts for its class; a wrong label for the truth that
    /// it lies on; any other false alarm as taken from the background; a missed truth as taken for the background.
    #[must_use]
    pub fn confusion(&self, threshold: usize, least: f64) -> Confusion {
        let background = self.labels.len();
        let mut counts = vec![vec![0; background + 1]; background + 1];
        for video in self.videos.values() {
            for (index, judged) in video.detections.iter().enumerate().filter(|(_, judged)| judged.score >= least) {
                let Some(own) = judged.class.map(|class| class as usize) else { continue };
                let truth = match video.kind(threshold, self.tious[threshold], index) {
                    None => continue,
                    Some(Kind::TruePositive) => Some(own),
                    Some(Kind::WrongLabel) => {
                        let near = judged.nearest.map(|near| near.annotation as usize);
                        near.and_then(|annotation| video.truths[annotation].class).map(|class| class as usize)
                    }
                    Some(_) => None,
                };
                counts[truth.unwrap_or(background)][own] += 1;
            }
            for (index, truth) in video.truths.iter().enumerate() {
                if let Some(class) = truth.class.filter(|_| video.is_missed(threshold, least, index)) {
                    counts[class as usize][background] += 1;
                }
            }
        }
        Confusion { counts }
    }
}

/// The interpolated curve of the points: at each recall the best precision from there on, as a staircase from recall 0; its area is the
/// average precision.
#[must_use]
pub fn interpolated(points: &[PrPoint]) -> Vec<[f64; 2]> {
    let mut corners = Vec::with_capacity(2 * points.len());
    let mut best: f64 = 0.0;
    for (index, point) in points.iter().enumerate().rev() {
        best = best.max(point.precision);
        let from = index.checked_sub(1).map_or(0.0, |before| points[before].recall);
        corners.extend([[point.recall, best], [from, best]]);
    }
    corners.reverse();
    corners
}
