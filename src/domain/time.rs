//! Time: integer nanoseconds for frames and edits, float seconds for what is measured and learnt.

use serde::{Deserialize, Serialize};

/// A point in a video: nanoseconds since its first presented frame. Integers, so that comparing and adding never drifts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaTime(
    /// Nanoseconds.
    pub i64,
);

impl MediaTime {
    /// The first presented frame.
    pub const ZERO: Self = Self(0);

    /// The nearest nanosecond to `seconds`; values out of range saturate and a NaN is zero.
    #[must_use]
    pub fn from_secs(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as i64)
    }

    /// Seconds.
    #[must_use]
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// A half-open range of time `[start, end)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    /// First instant inside.
    pub start: MediaTime,
    /// First instant after.
    pub end: MediaTime,
}

impl TimeRange {
    /// The range between two times given in seconds.
    #[must_use]
    pub fn from_secs(start: f64, end: f64) -> Self {
        Self { start: MediaTime::from_secs(start), end: MediaTime::from_secs(end) }
    }

    /// Length in seconds, negative for a reversed range.
    #[must_use]
    pub fn length_secs(self) -> f64 {
        MediaTime(self.end.0 - self.start.0).as_secs()
    }

    /// Whether `time` lies inside.
    #[must_use]
    pub fn contains(self, time: MediaTime) -> bool {
        self.start <= time && time < self.end
    }
}

/// A segment `[start, end]` in seconds, as annotation and result files write it.
pub type Segment = [f64; 2];

/// Temporal intersection over union of two segments in the same unit (spec 10.1): 0 when they do not overlap; the union is
/// clipped at 1e-8, so two empty segments give 0.
#[must_use]
pub fn tiou(a: Segment, b: Segment) -> f64 {
    let intersection = (a[1].min(b[1]) - a[0].max(b[0])).max(0.0);
    let union = (a[1] - a[0]) + (b[1] - b[0]) - intersection;
    intersection / union.max(1e-8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiou_of_half_overlapping_segments_is_a_third() {
        assert!((tiou([0.0, 2.0], [1.0, 3.0]) - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(tiou([0.0, 1.0], [1.0, 2.0]), 0.0);
        assert_eq!(tiou([1.0, 1.0], [1.0, 1.0]), 0.0);
    }

    #[test]
    fn a_range_is_half_open() {
        let range = TimeRange::from_secs(1.0, 2.0);
        assert!(range.contains(MediaTime::from_secs(1.0)));
        assert!(!range.contains(MediaTime::from_secs(2.0)));
        assert_eq!(range.length_secs(), 1.0);
    }
}
