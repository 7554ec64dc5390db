//! The encoder's two convolutions: in space, and along time.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::conv3d;
use burn::tensor::ops::ConvOptions;

use crate::model::init::Init;

/// Convolution without bias; weight `[out, in, time, height, width]`, an odd kernel, zeros outside.
#[derive(Module, Debug)]
pub struct Conv {
    weight: Param<Tensor<5>>,
    #[module(skip)]
    stride: [usize; 3],
}

impl Conv {
    /// Kaiming normal (fan out). `kernel` and `stride` are (time, height, width).
    #[must_use]
    pub fn new(inputs: usize, outputs: usize, kernel: [usize; 3], stride: [usize; 3], init: &Init) -> Self {
        Self { weight: init.kaiming("weight", [outputs, inputs, kernel[0], kernel[1], kernel[2]]), stride }
    }

    /// `[clips, in, time, height, width]` to `[clips, out, time', height', width']`.
    #[must_use]
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let [_, _, t, h, w] = self.weight.dims();
        let options = ConvOptions::new(self.stride, [t / 2, h / 2, w / 2], [1; 3], 1);
        conv3d(x, self.weight.val(), None, options)
    }
}
