//! Fully connected layer in PyTorch's layout, so that weights need no turning on their way in and out.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::init::Init;

/// `y = x Wᵀ + b`; weight `[out, in]`, bias `[out]`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// Xavier uniform weight, zero bias (spec 4.8).
    #[must_use]
    pub fn new(inputs: usize, outputs: usize, init: &Init) -> Self {
        Self { weight: init.xavier("weight", [outputs, inputs]), bias: init.constant([outputs], 0.0) }
    }

    /// `[rows, in]` to `[rows, out]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val().transpose()) + self.bias.val().unsqueeze::<2>()
    }

    /// [`Self::forward`] and ReLU.
    #[must_use]
    pub fn forward_relu(&self, x: Tensor<2>) -> Tensor<2> {
        relu(self.forward(x))
    }
}
