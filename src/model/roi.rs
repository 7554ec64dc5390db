//! One-dimensional RoI align (spec 4.5) as a matrix: it is linear in the features and has no gradient to the segments.

use burn::tensor::{Device, Tensor, TensorData};

use crate::config;

/// How RoI align reads a signal.
#[derive(Clone, Copy, Debug)]
pub struct RoiAlign {
    /// Bins, R.
    pub bins: usize,
    /// Extension on each side in the segment's own length.
    pub extend: f32,
    /// Half-pixel alignment.
    pub aligned: bool,
}

impl RoiAlign {
    /// From the configuration.
    #[must_use]
    pub fn new(config: &config::Roi) -> Self {
        Self { bins: config.bins, extend: config.extend as f32, aligned: config.aligned }
    }

    /// The matrix `[batch, K, bins, time]` whose product with features `[batch, time, channels]` is RoI align of the proposals
    /// `[batch][K]` (start, end) in snippets.
    #[must_use]
    pub fn weights(&self, proposals: &[f32], batch: usize, time: usize, device: &Device) -> Tensor<4> {
        let count = proposals.len() / (2 * batch).max(1);
        let mut values = vec![0.0f32; batch * count * self.bins * time];
        for (segment, rows) in proposals.chunks_exact(2).zip(values.chunks_exact_mut((self.bins * time).max(1))) {
            let length = segment[1] - segment[0];
            self.rows(segment[0] - self.extend * length, segment[1] + self.extend * length, rows, time);
        }
        Tensor::from_data(TensorData::new(values, [batch, count, self.bins, time]), device)
    }

    /// Adds the weights of the box (start, end) to `rows`, `[bins][time]` of zeros.
    ///
    /// In float32 and in exactly the reference's order: the number of samples and the range tests jump, so that any other order
    /// would give another feature where a value lies within rounding of an integer.
    pub fn rows(&self, start: f32, end: f32, rows: &mut [f32], time: usize) {
        let offset = if self.aligned { 0.5 } else { 0.0 };
        let low = start - offset;
        let mut height = (end - offset) - low;
        if !self.aligned {
            height = height.max(1.0);
        }
        let bin = height / self.bins as f32;
        let samples = bin.ceil();
        if !(samples >= 1.0 && samples.is_finite()) {
            return; // an inverted or undefined segment reads nothing
        }
        let share = 1.0 / samples;
        for (index, row) in rows.chunks_exact_mut(time).enumerate() {
            let first = low + index as f32 * bin;
            // Samples far outside read nothing; a runaway segment has billions of them. The margin is above any rounding.
            let at = |place: f32| f64::from(place - first) * f64::from(samples) / f64::from(bin);
            let begin = (at(-1.0) - 4.0).max(0.0) as usize;
            let end = ((at(time as f32) + 4.0).max(0.0) as usize).min(samples as usize);
            for sample in begin..end {
                add_sample(row, first + (sample as f32 + 0.5) * bin / samples, share);
            }
        }
    }
}

/// Adds `share` of the linear interpolation at `place` to the weights of one bin; nothing outside -1..time.
fn add_sample(row: &mut [f32], place: f32, share: f32) {
    let time = row.len();
    if place < -1.0 || place > time as f32 {
        return;
    }
    let place = place.max(0.0);
    let left = place as usize;
    if left + 1 >= time {
        row[time - 1] += share;
    } else {
        let right_part = place - left as f32;
        row[left] += (1.0 - right_part) * share;
        row[left + 1] += right_part * share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(align: RoiAlign, start: f32, end: f32, time: usize) -> Vec<f32> {
        let mut rows = vec![0.0; align.bins * time];
        align.rows(start, end, &mut rows, time);
        rows
    }

    #[test]
    fn a_box_of_whole_cells_reads_each_cell() {
        let align = RoiAlign { bins: 2, extend: 0.0, aligned: true };
        // One sample a bin, in the middle of cells 1 and 2.
        assert_eq!(rows(align, 1.0, 3.0, 4), [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn outside_counts_in_the_mean_but_reads_nothing() {
        let align = RoiAlign { bins: 1, extend: 0.0, aligned: true };
        let total: f32 = rows(align, -4.0, 4.0, 4).iter().sum();
        // Eight samples at -4 … 3; those at -1 … 3 lie inside.
        assert!((total - 5.0 / 8.0).abs() < 1e-6, "{total}");
    }

    #[test]
    fn inverted_and_runaway_segments_are_harmless() {
        let align = RoiAlign { bins: 4, extend: 0.5, aligned: true };
        assert!(rows(align, 3.0, 1.0, 8).iter().all(|&weight| weight == 0.0));
        assert!(rows(align, f32::NAN, 1.0, 8).iter().all(|&weight| weight == 0.0));
        let total: f32 = rows(align, -1e9, 1e9, 8).iter().sum();
        assert!(total < 1e-6, "{total}");
    }
}
