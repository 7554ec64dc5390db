//! Long curves made short enough to draw, and jagged ones smooth enough to read.

/// Points of a block whose extremes are known.
const BLOCK: usize = 64;

/// The least and the greatest value in every block of a curve that grows at its end, so that a long curve is made short without a look at
/// each of its points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extremes {
    /// Places of both in each whole block, and their values; none where no value is a number.
    blocks: Vec<Option<[(usize, f64); 2]>>,
    /// The first x of each whole block: close together, a place among a hundred thousand is found without going through the curve.
    starts: Vec<f64>,
}

impl Extremes {
    /// Takes in what came to the curve since the last time.
    pub fn take(&mut self, points: &[[f64; 2]]) {
        while (self.blocks.len() + 1) * BLOCK <= points.len() {
            let from = self.blocks.len() * BLOCK;
            let of_block = self.between(points, from, from + BLOCK);
            self.blocks.push(of_block);
            self.starts.push(points[from][0]);
        }
    }

    /// Places of the least and the greatest value, the first of equals.
    fn between(&self, points: &[[f64; 2]], from: usize, to: usize) -> Option<[(usize, f64); 2]> {
        let mut found: Option<[(usize, f64); 2]> = None;
        let mut see = |[least, greatest]: [(usize, f64); 2]| {
            let [low, high] = found.get_or_insert([least, greatest]);
            if least.1 < low.1 {
                *low = least;
            }
            if greatest.1 > high.1 {
                *high = greatest;
            }
        };
        let mut at = from;
        while at < to {
            match self.blocks.get(at / BLOCK) {
                Some(block) if at.is_multiple_of(BLOCK) && at + BLOCK <= to => {
                    block.map(&mut see);
                    at += BLOCK;
                }
                _ => {
                    let value = points[at][1];
                    if value.is_finite() {
                        see([(at, value), (at, value)]);
                    }
                    at += 1;
                }
            }
        }
        found
    }

    /// Where a piece from `from` on ends that goes to `edge`: at the first block that begins there or later, where the curve has so many
    /// points, else at its first such point; at `end` at the latest.
    fn cut(&self, points: &[[f64; 2]], from: usize, end: usize, edge: f64) -> usize {
        let mut block = from.div_ceil(BLOCK);
        let start = |block: usize| self.starts.get(block).copied().unwrap_or_else(|| points[block * BLOCK][0]);
        while block * BLOCK < end && start(block) < edge {
            block += 1;
        }
        let behind = (block * BLOCK).min(end);
        // A piece of less than a block is cut at the point.
        let before = behind.saturating_sub(BLOCK).max(from);
        if before - from >= BLOCK {
            return behind;
        }
        let at = before + points[before..behind].partition_point(|point| point[0] < edge);
        if at - from >= BLOCK { behind } else { at }
    }
}

/// The part of a rising curve between `from` and `to`, in about `buckets` pieces of about equal width with the least and the greatest value of
/// each, so that no spike is lost. The points beside the part come with it, so that lines run out of the picture. At most
/// `2 * buckets + 2` points; a value that is no number is left out. `extremes` may know as much of the curve as it likes.
#[must_use]
pub fn decimated(points: &[[f64; 2]], extremes: &Extremes, from: f64, to: f64, buckets: usize) -> Vec<[f64; 2]> {
    let first = points.partition_point(|point| point[0] < from).saturating_sub(1);
    let last = (points.partition_point(|point| point[0] <= to) + 1).min(points.len());
    let part = points.get(first..last).unwrap_or_default();
    if part.len() <= 2 * buckets + 2 {
        return part.iter().filter(|point| point[1].is_finite()).copied().collect();
    }
    let mut kept = Vec::with_capacity(2 * buckets + 2);
    kept.push(points[first]);
    // Without the points on either side.
    let (mut next, end) = (first + 1, last - 1);
    let (start, width) = (points[next][0], (points[end - 1][0] - points[next][0]) / buckets as f64);
    let width = width.max(f64::MIN_POSITIVE);
    for bucket in 1..=buckets {
        let edge = if bucket == buckets { f64::INFINITY } else { start + bucket as f64 * width };
        let after = extremes.cut(points, next, end, edge);
        if let Some([(least, _), (greatest, _)]) = extremes.between(points, next, after) {
            let (before, behind) = (least.min(greatest), least.max(greatest));
            kept.push(points[before]);
            if before != behind {
                kept.push(points[behind]);
            }
        }
        next = after;
    }
    kept.push(points[end]);
    kept.retain(|point| point[1].is_finite());
    kept
}

/// An exponential running mean that begins without a debt to zero: `weight` of what was before, 0..1. A value that is no number is left
/// out. It goes on where it was when the curve grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothing {
    weight: f64,
    sum: f64,
    whole: f64,
    taken: usize,
    points: Vec<[f64; 2]>,
}

impl Smoothing {
    /// Of nothing yet.
    #[must_use]
    pub fn new(weight: f64) -> Self {
        Self { weight, sum: 0.0, whole: 0.0, taken: 0, points: Vec::new() }
    }

    /// How much of what was before a value keeps.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Takes in what came to the curve since the last time.
    pub fn take(&mut self, points: &[[f64; 2]]) {
        let new = points.get(self.taken..).unwrap_or_default();
        for &[x, y] in new.iter().filter(|point| point[1].is_finite()) {
            self.sum = self.weight * self.sum + (1.0 - self.weight) * y;
            self.whole = self.weight * self.whole + (1.0 - self.weight);
            self.points.push([x, if self.whole > 0.0 { self.sum / self.whole } else { y }]);
        }
        self.taken = points.len();
    }

    /// The smooth curve.
    #[must_use]
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }
}

/// The whole curve smoothed at once.
#[must_use]
pub fn smoothed(points: &[[f64; 2]], weight: f64) -> Vec<[f64; 2]> {
    let mut smoothing = Smoothing::new(weight);
    smoothing.take(points);
    smoothing.points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spike_of_a_hundred_thousand_survives() {
        let mut points: Vec<[f64; 2]> = (0..100_000).map(|n| [f64::from(n), 1.0]).collect();
        points[54_321][1] = 7.0;
        points[54_322][1] = -7.0;
        points[10][1] = f64::NAN;
        let none = Extremes::default();
        let kept = decimated(&points, &none, 0.0, 1e9, 300);
        assert!(kept.len() <= 602 && kept.len() > 100, "{}", kept.len());
        assert!(kept.contains(&[54_321.0, 7.0]) && kept.contains(&[54_322.0, -7.0]));
        assert!(kept.windows(2).all(|pair| pair[0][0] <= pair[1][0]), "in order");
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[99_999]));
        // Zoomed in, every point is there, with one on either side.
        let near = decimated(&points, &none, 54_300.0, 54_340.0, 300);
        assert_eq!((near.len(), near[0][0], near[42][0]), (43, 54_299.0, 54_341.0));
        assert!(decimated(&[], &none, 0.0, 1.0, 10).is_empty());
        assert_eq!(decimated(&points[..1], &none, 5.0, 6.0, 10), [points[0]]);
        // What is known of its blocks changes nothing but the time that it takes.
        let mut known = Extremes::default();
        for until in [70, 640, 50_000, 100_000] {
            known.take(&points[..until]);
            for (from, to, buckets) in [(0.0, 1e9, 300), (54_000.0, 90_000.0, 77), (3.0, 50_000.0, 1)] {
                let plain = decimated(&points, &none, from, to, buckets);
                assert_eq!(decimated(&points, &known, from, to, buckets), plain, "{until} {from} {to}");
            }
        }
    }

    #[allow(clippy::print_stdout, reason = "a test that measures says what")]
    /// What a frame of the plots costs: ten curves of a hundred thousand reports. The limit has room for a debug build.
    #[test]
    fn ten_long_curves_are_short_in_no_time() {
        let points: Vec<[f64; 2]> = (0..100_000).map(|n| [f64::from(n), f64::from(n % 97)]).collect();
        let begin = std::time::Instant::now();
        let kept: usize = (0..10)
            .map(|_| decimated(&points, &Extremes::default(), f64::NEG_INFINITY, f64::INFINITY, 190).len())
            .sum();
        let time = begin.elapsed();
        println!("10 curves of 100 000 points: {kept} drawn, {time:.1?}");
        assert!(time.as_millis() < 500, "{time:?}");
    }

    #[test]
    fn points_of_one_place_are_no_trouble() {
        let points = vec![[3.0, 1.0]; 1000];
        assert!(decimated(&points, &Extremes::default(), 0.0, 9.0, 10).len() <= 22);
    }

    #[test]
    fn smoothing_begins_at_the_first_value_and_follows_slowly() {
        let curve = smoothed(&[[0.0, 4.0], [1.0, 4.0], [2.0, f64::NAN], [3.0, 8.0]], 0.9);
        assert_eq!(curve.len(), 3);
        assert!((curve[0][1] - 4.0).abs() < 1e-12 && (curve[1][1] - 4.0).abs() < 1e-12);
        let expected = (0.81 * 0.4 + 0.09 * 4.0 + 0.1 * 8.0 - 0.81 * 0.4 + 0.81 * 0.4) / (1.0 - 0.9f64.powi(3));
        assert!((curve[2][1] - expected).abs() < 1e-9, "{} {expected}", curve[2][1]);
        let points = [[0.0, 1.0], [1.0, 2.0]];
        assert_eq!(smoothed(&points, 0.0), points);
        let long: Vec<[f64; 2]> = (0..1000).map(|n| [f64::from(n), f64::from(n % 31)]).collect();
        let mut growing = Smoothing::new(0.97);
        [10, 10, 400, 1000].into_iter().for_each(|until| growing.take(&long[..until]));
        assert_eq!(growing.points(), smoothed(&long, 0.97), "piece by piece as at once");
    }
}
