//! Long curves made short enough to draw, and jagged ones smooth enough to read.

/// The part of a rising curve between `from` and `to`, in about `buckets` pieces of equal width with the least and the greatest value of
/// each, so that no spike is lost. The points beside the part come with it, so that lines run out of the picture. At most
/// `2 * buckets + 2` points; a value that is no number is left out.
#[must_use]
pub fn decimated(points: &[[f64; 2]], from: f64, to: f64, buckets: usize) -> Vec<[f64; 2]> {
    let first = points.partition_point(|point| point[0] < from).saturating_sub(1);
    let last = (points.partition_point(|point| point[0] <= to) + 1).min(points.len());
    let part = points.get(first..last).unwrap_or_default();
    let is_number = |point: &&[f64; 2]| point[1].is_finite();
    if part.len() <= 2 * buckets + 2 {
        return part.iter().filter(is_number).copied().collect();
    }
    let (inner, left, right) = (&part[1..part.len() - 1], part[0], part[part.len() - 1]);
    let mut kept = Vec::with_capacity(2 * buckets + 2);
    kept.push(left);
    let (start, end) = (inner[0][0], inner[inner.len() - 1][0]);
    let width = ((end - start) / buckets as f64).max(f64::MIN_POSITIVE);
    let mut rest = inner;
    for bucket in 1..=buckets {
        let edge = if bucket == buckets { f64::INFINITY } else { start + bucket as f64 * width };
        let (inside, after) = rest.split_at(rest.partition_point(|point| point[0] < edge));
        rest = after;
        let mut range: Option<([f64; 2], [f64; 2])> = None;
        for &point in inside.iter().filter(is_number) {
            let (least, greatest) = range.get_or_insert((point, point));
            if point[1] < least[1] {
                *least = point;
            }
            if point[1] > greatest[1] {
                *greatest = point;
            }
        }
        if let Some((least, greatest)) = range {
            let (before, behind) = if least[0] <= greatest[0] { (least, greatest) } else { (greatest, least) };
            kept.push(before);
            if before != behind {
                kept.push(behind);
            }
        }
    }
    kept.push(right);
    kept.retain(|point| point[1].is_finite());
    kept
}

/// An exponential running mean that begins without a debt to zero: `weight` of what was before, 0..1. A value that is no number is left
/// out.
#[must_use]
pub fn smoothed(points: &[[f64; 2]], weight: f64) -> Vec<[f64; 2]> {
    let (mut sum, mut whole) = (0.0, 0.0);
    let numbers = points.iter().filter(|point| point[1].is_finite());
    numbers
        .map(|&[x, y]| {
            sum = weight * sum + (1.0 - weight) * y;
            whole = weight * whole + (1.0 - weight);
            [x, if whole > 0.0 { sum / whole } else { y }]
        })
        .collect()
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
        let kept = decimated(&points, 0.0, 1e9, 300);
        assert!(kept.len() <= 602 && kept.len() > 100, "{}", kept.len());
        assert!(kept.contains(&[54_321.0, 7.0]) && kept.contains(&[54_322.0, -7.0]));
        assert!(kept.windows(2).all(|pair| pair[0][0] <= pair[1][0]), "in order");
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[99_999]));
        // Zoomed in, every point is there, with one on either side.
        let near = decimated(&points, 54_300.0, 54_340.0, 300);
        assert_eq!((near.len(), near[0][0], near[42][0]), (43, 54_299.0, 54_341.0));
        assert!(decimated(&[], 0.0, 1.0, 10).is_empty());
        assert_eq!(decimated(&points[..1], 5.0, 6.0, 10), [points[0]]);
    }

    #[allow(clippy::print_stdout, reason = "a test that measures says what")]
    /// What a frame of the plots costs: ten curves of a hundred thousand reports. The limit has room for a debug build.
    #[test]
    fn ten_long_curves_are_short_in_no_time() {
        let points: Vec<[f64; 2]> = (0..100_000).map(|n| [f64::from(n), f64::from(n % 97)]).collect();
        let begin = std::time::Instant::now();
        let kept: usize = (0..10).map(|_| decimated(&points, f64::NEG_INFINITY, f64::INFINITY, 190).len()).sum();
        let time = begin.elapsed();
        println!("10 curves of 100 000 points: {kept} drawn, {time:.1?}");
        assert!(time.as_millis() < 500, "{time:?}");
    }

    #[test]
    fn points_of_one_place_are_no_trouble() {
        let points = vec![[3.0, 1.0]; 1000];
        assert!(decimated(&points, 0.0, 9.0, 10).len() <= 22);
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
    }
}
