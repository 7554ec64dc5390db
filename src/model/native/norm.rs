//! Normalisation of one clip, forward and back.

use super::volume::Volume;

/// Group norm, or batch norm on its running statistics (then `statistics` names them).
#[derive(Clone, Debug)]
pub(super) struct Norm {
    pub(super) weight: usize,
    pub(super) bias: usize,
    pub(super) statistics: Option<(usize, usize)>,
    pub(super) groups: usize,
    pub(super) epsilon: f32,
}

/// Mean and inverse deviation of each channel of a clip.
pub(super) type Moments = Vec<(f32, f32)>;

impl Norm {
    /// Normalises in place: `x` becomes `(x - mean) · inverse deviation · weight + bias`; returns the normalised values without weight and
    /// bias if they are `wanted` for the way back.
    pub(super) fn forward(&self, parameters: &[Vec<f32>], x: &mut Volume, moments: &Moments) {
        let (weight, bias) = (&parameters[self.weight], &parameters[self.bias]);
        let size = x.per_channel();
        for (channel, values) in x.values.chunks_exact_mut(size).enumerate() {
            let (mean, inverse) = moments[channel];
            let scale = weight[channel] * inverse;
            let shift = bias[channel] - scale * mean;
            for value in values {
                *value = *value * scale + shift;
            }
        }
    }

    /// Mean and inverse deviation of each channel.
    pub(super) fn moments(&self, parameters: &[Vec<f32>], x: &Volume) -> Moments {
        if let Some((mean, variance)) = self.statistics {
            let pairs = parameters[mean].iter().zip(&parameters[variance]);
            return pairs.map(|(&mean, &variance)| (mean, 1.0 / (variance + self.epsilon).sqrt())).collect();
        }
        let size = x.values.len() / self.groups;
        let members = x.channels / self.groups;
        let mut moments = Vec::with_capacity(x.channels);
        for group in x.values.chunks_exact(size) {
            let mean = sum(group, |value| value) / size as f32;
            let variance = sum(group, |value| (value - mean) * (value - mean)) / size as f32;
            moments.extend(std::iter::repeat_n((mean, 1.0 / (variance + self.epsilon).sqrt()), members));
        }
        moments
    }

    /// The gradient of the input from that of the output; adds those of weight and bias to `gradients`, where these are not empty. `x` is the input.
    pub(super) fn backward(
        &self,
        parameters: &[Vec<f32>],
        x: &Volume,
        moments: &Moments,
        mut dy: Volume,
        gradients: &mut [Vec<f32>],
    ) -> Volume {
        let size = x.per_channel();
        let weight = &parameters[self.weight];
        let trained = !gradients[self.weight].is_empty();
        if self.statistics.is_some() && !trained {
            for ((values, &weight), (_, inverse)) in dy.values.chunks_exact_mut(size).zip(weight).zip(moments) {
                values.iter_mut().for_each(|value| *value *= weight * inverse);
            }
            return dy;
        }
        // Sums over each channel of dy and of dy · normalised x.
        let sums: Vec<(f32, f32)> = (0..x.channels)
            .map(|channel| {
                let (mean, inverse) = moments[channel];
                let at = channel * size..(channel + 1) * size;
                let (x, dy) = (&x.values[at.clone()], &dy.values[at]);
                let plain = sum(dy, |dy| dy);
                let weighted = sum_pairs(x, dy, |x, dy| (x - mean) * dy) * inverse;
                (plain, weighted)
            })
            .collect();
        for (channel, (plain, weighted)) in sums.iter().enumerate().filter(|_| trained) {
            gradients[self.weight][channel] += weighted;
            gradients[self.bias][channel] += plain;
        }
        let members = x.channels / self.groups;
        for channel in 0..x.channels {
            let (mean, inverse) = moments[channel];
            let scale = weight[channel] * inverse;
            let (offset, slope) = match self.statistics {
                Some(_) => (0.0, 0.0),
                None => {
                    let first = channel / members * members;
                    let group = first..first + members;
                    let count = (members * size) as f32;
                    let plain: f32 = group.clone().map(|c| sums[c].0 * weight[c]).sum();
                    let weighted: f32 = group.map(|c| sums[c].1 * weight[c]).sum();
                    (inverse * plain / count, inverse * inverse * weighted / count)
                }
            };
            let at = channel * size..(channel + 1) * size;
            for (dy, x) in dy.values[at.clone()].iter_mut().zip(&x.values[at]) {
                *dy = *dy * scale - offset - (x - mean) * slope;
            }
        }
        dy
    }
}

/// The sum of `each` value in sixteen lanes: faster, and with less rounding, than one after another.
fn sum(values: &[f32], each: impl Fn(f32) -> f32) -> f32 {
    let (whole, rest) = values.as_chunks::<16>();
    let mut lanes = [0.0f32; 16];
    for chunk in whole {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += each(value);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += each(value);
    }
    lanes.iter().sum()
}

/// [`sum`] over pairs.
fn sum_pairs(left: &[f32], right: &[f32], each: impl Fn(f32, f32) -> f32) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (left.as_chunks::<16>(), right.as_chunks::<16>());
    let mut lanes = [0.0f32; 16];
    for (a, b) in a.iter().zip(b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += each(a, b);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += each(a, b);
    }
    lanes.iter().sum()
}
