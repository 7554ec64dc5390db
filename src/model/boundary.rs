//! The boundary head: how likely an action starts or ends in each snippet.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::conv::{Conv1d, ConvShape};
use super::init::Init;
use crate::config;

/// A convolution of the boundary head; a module of its own only because PyTorch's names say so (`tem.0.conv`).
#[derive(Module, Debug)]
pub struct BoundaryConv {
    conv: Conv1d,
}

/// Two convolutions with ReLU between (spec 4.3). It sees no mask.
#[derive(Module, Debug)]
pub struct BoundaryHead {
    tem: Vec<BoundaryConv>,
}

impl BoundaryHead {
    /// Kernel 3 grouped, then kernel 1 to two channels.
    #[must_use]
    pub fn new(config: &config::Model, init: &Init) -> Self {
        let hidden = config.hidden;
        let shapes = [
            ConvShape { inputs: hidden, outputs: hidden, kernel: 3, groups: config.groups },
            ConvShape { inputs: hidden, outputs: 2, kernel: 1, groups: 1 },
        ];
        let conv =
            |(place, shape)| BoundaryConv { conv: Conv1d::new(shape, true, &init.at(format!("tem.{place}.conv"))) };
        Self { tem: shapes.into_iter().enumerate().map(conv).collect() }
    }

    /// `[batch, hidden, time]` to logits `[batch, 2, time]`: starts, ends.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let last = self.tem.len() - 1;
        let x = self.tem[..last].iter().fold(x, |x, layer| relu(layer.conv.forward(x)));
        self.tem[last].conv.forward(x)
    }
}
