//! Group normalisation over one signal axis.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::init::Init;

/// Epsilon of the detector's group norms (spec 4.1).
const EPSILON: f64 = 1e-5;

/// Group norm with a learnt scale and shift a channel (spec 4.1): statistics per sample and group over the group's channels and
/// all positions, biased variance.
#[derive(Module, Debug)]
pub struct GroupNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    groups: usize,
}

impl GroupNorm {
    /// Scale 1, shift 0 (spec 4.8). `groups` divides `channels`.
    #[must_use]
    pub fn new(channels: usize, groups: usize, init: &Init) -> Self {
        Self { weight: init.constant([channels], 1.0), bias: init.constant([channels], 0.0), groups }
    }

    /// `[batch, channels, time]`, same shape out.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, channels, time] = x.dims();
        let x = x.reshape([batch, self.groups, channels / self.groups * time]);
        let centred = x.clone() - x.mean_dim(2);
        let variance = centred.clone().square().mean_dim(2);
        let normal = (centred / (variance + EPSILON).sqrt()).reshape([batch, channels, time]);
        normal * self.weight.val().reshape([1, channels, 1]) + self.bias.val().reshape([1, channels, 1])
    }
}
