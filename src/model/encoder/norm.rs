//! The encoder's normalisation: running statistics of pre-trained batch norms, or group norm.

use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor};

use crate::config::{self, Norm};
use crate::model::init::Init;

/// Normalisation with a scale and a shift a channel.
///
/// Batch norm always runs on its running statistics, in training too (spec 3.3), so it is a scale and a shift. Group norm is for
/// training from scratch: it needs no statistics of other clips, so snippets stay independent and the sampled gradients of spec 7.3
/// stay exact.
#[derive(Module, Debug)]
pub struct ClipNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: Option<Param<Tensor<1>>>,
    running_var: Option<Param<Tensor<1>>>,
    #[module(skip)]
    groups: usize,
    #[module(skip)]
    epsilon: f64,
}

impl ClipNorm {
    /// Scale 1, shift 0, mean 0, variance 1.
    #[must_use]
    pub fn new(channels: usize, config: &config::Encoder, init: &Init) -> Self {
        let batch = config.norm == Norm::Batch;
        let trained = !batch || config.train_norm;
        Self {
            weight: init.constant([channels], 1.0).set_require_grad(trained),
            bias: init.constant([channels], 0.0).set_require_grad(trained),
            running_mean: batch.then(|| init.statistic(channels, 0.0)),
            running_var: batch.then(|| init.statistic(channels, 1.0)),
            groups: norm_groups(channels, config.norm_groups),
            epsilon: config.norm_epsilon,
        }
    }

    /// `[clips, channels, time, height, width]`, same shape out.
    #[must_use]
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let (channels, precision) = (x.dims()[1], x.dtype());
        // Statistics, and the gradients of scale and shift, are sums over whole clips: in half precision they would lose their digits.
        let sums = self.running_mean.is_none() || self.weight.val().is_require_grad();
        let x = if sums { cast(x, DType::F32) } else { x };
        let (scale, shift) = match (&self.running_mean, &self.running_var) {
            (Some(mean), Some(variance)) => {
                let scale = self.weight.val() / (variance.val() + self.epsilon).sqrt();
                let shift = self.bias.val() - mean.val() * scale.clone();
                (scale.reshape([1, channels]), shift.reshape([1, channels]))
            }
            _ => self.group_statistics(x.clone()),
        };
        let rows = scale.dims()[0];
        let of = |factor: Tensor<2>| cast(factor.reshape([rows, channels, 1, 1, 1]), x.dtype());
        let (scale, shift) = (of(scale), of(shift));
        cast(x * scale + shift, precision)
    }

    /// Scale and shift `[clips, channels]` that normalise each group of channels of each clip.
    fn group_statistics(&self, x: Tensor<5>) -> (Tensor<2>, Tensor<2>) {
        let [clips, channels, time, height, width] = x.dims();
        let members = channels / self.groups;
        let x = x.reshape([clips, self.groups, members * time * height * width]);
        let mean = x.clone().mean_dim(2);
        let variance = (x - mean.clone()).square().mean_dim(2);
        let inverse = (variance + self.epsilon).sqrt().recip();
        let weight = self.weight.val().reshape([1, self.groups, members]);
        let bias = self.bias.val().reshape([1, self.groups, members]);
        let scale = weight * inverse;
        let shift = bias - scale.clone() * mean;
        (scale.reshape([clips, channels]), shift.reshape([clips, channels]))
    }
}

/// `x` in another precision; nothing where it has it.
pub(super) fn cast<const D: usize>(x: Tensor<D>, precision: DType) -> Tensor<D> {
    if x.dtype() == precision { x } else { x.cast(precision) }
}

/// Groups of a norm: the largest number up to `limit` that divides `channels`: middle planes are odd numbers by formula (spec 3.1).
#[must_use]
pub fn norm_groups(channels: usize, limit: usize) -> usize {
    (1..=limit.min(channels)).rev().find(|&groups| channels.is_multiple_of(groups)).unwrap_or(1)
}
