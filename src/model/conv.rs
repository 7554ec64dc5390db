//! Convolution along time, and the conv module of projection and neck: convolution, mask, group norm, ReLU, mask.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::init::Init;
use super::norm::GroupNorm;

/// Grouped 1-D convolution with stride 1 that keeps the length; weight `[out, in / groups, kernel]`.
///
/// Done as one product of the weight with the shifted copies of the signal: the matrices are small, and the backward pass is two
/// products too, where the CPU backend's convolution would build its weight gradient group by group.
#[derive(Module, Debug)]
pub struct Conv1d {
    weight: Param<Tensor<3>>,
    bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    groups: usize,
}

/// Size of a convolution along time.
#[derive(Clone, Copy, Debug)]
pub struct ConvShape {
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Taps, odd.
    pub kernel: usize,
    /// Groups; they divide both channel counts.
    pub groups: usize,
}

impl Conv1d {
    /// Xavier uniform weight, zero bias (spec 4.8).
    #[must_use]
    pub fn new(shape: ConvShape, bias: bool, init: &Init) -> Self {
        let ConvShape { inputs, outputs, kernel, groups } = shape;
        let bound = (6.0 / (kernel * (inputs / groups + outputs)) as f64).sqrt();
        Self {
            weight: init.uniform("weight", [outputs, inputs / groups, kernel], bound),
            bias: bias.then(|| init.constant([outputs], 0.0)),
            groups,
        }
    }

    /// `[batch, in, time]` to `[batch, out, time]`, zeros outside.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, inputs, time] = x.dims();
        let [outputs, _, kernel] = self.weight.dims();
        let groups = self.groups;
        let columns = shifted(x, kernel).reshape([batch, groups, inputs / groups * kernel, time]);
        let weight = self.weight.val().reshape([1, groups, outputs / groups, inputs / groups * kernel]);
        let y = weight.matmul(columns).reshape([batch, outputs, time]);
        match &self.bias {
            Some(bias) => y + bias.val().reshape([1, outputs, 1]),
            None => y,
        }
    }
}

/// `[batch, channels, time]` to `[batch, channels, kernel, time]`: for each tap the signal as that tap sees it, zeros outside.
fn shifted(x: Tensor<3>, kernel: usize) -> Tensor<4> {
    if kernel == 1 {
        return x.unsqueeze_dim(2);
    }
    let [batch, channels, time] = x.dims();
    let edge = Tensor::zeros([batch, channels, kernel / 2], &x.device());
    let padded = Tensor::cat(vec![edge.clone(), x, edge], 2);
    Tensor::stack((0..kernel).map(|tap| padded.clone().narrow(2, tap, time)).collect(), 2)
}

/// The conv module of spec 4.1. Without bias, because a norm follows.
#[derive(Module, Debug)]
pub struct ConvModule {
    conv: Conv1d,
    norm: GroupNorm,
}

impl ConvModule {
    /// `norm_groups` divides the channels out.
    #[must_use]
    pub fn new(shape: ConvShape, norm_groups: usize, init: &Init) -> Self {
        Self {
            conv: Conv1d::new(shape, false, &init.at("conv")),
            norm: GroupNorm::new(shape.outputs, norm_groups, &init.at("norm")),
        }
    }

    /// `[batch, in, time]` to `[batch, out, time]`; `mask` is `[batch, 1, time]` of 0 and 1. The norm sees masked zeros.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, mask: Option<&Tensor<3>>) -> Tensor<3> {
        let masked = |y: Tensor<3>| match mask {
            Some(mask) => y * mask.clone(),
            None => y,
        };
        let y = masked(self.conv.forward(x));
        masked(relu(self.norm.forward(y)))
    }
}
