//! The encoder's convolutions: in space, along time, and pointwise.

use burn::module::{Module, Param};
use burn::tensor::module::conv3d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Slice, Tensor};

use super::norm::cast;
use crate::model::init::Init;

/// Convolution without bias; weight `[out, in, time, height, width]`, an odd kernel, zeros outside. The kernel extends in space or
/// along time, not both.
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
        let [_, _, _, height, width] = self.weight.dims();
        if (height, width) == (1, 1) {
            return self.along_time(x);
        }
        let options = ConvOptions::new(self.stride, [0, height / 2, width / 2], [1; 3], 1);
        let weight = self.weight_for(&x);
        conv3d(x, weight, None, options)
    }

    /// The weight in the precision of `x`; its gradient comes back in its own.
    fn weight_for(&self, x: &Tensor<5>) -> Tensor<5> {
        cast(self.weight.val(), x.dtype())
    }

    /// A kernel of one pixel, as a product of a weight matrix with all pixels.
    ///
    /// On the CPU backend this is about twice as fast as its convolution, forward and backward. With fewer channels out than in, every
    /// tap's result is computed and moved in time; with more, every tap's input is moved and one product does the rest: whichever
    /// moves less memory.
    fn along_time(&self, x: Tensor<5>) -> Tensor<5> {
        let [step_time, step_height, step_width] = self.stride;
        let x = every(every(x, 3, step_height), 4, step_width);
        let [outputs, inputs, taps, ..] = self.weight.dims();
        let x = if taps == 1 { every(x, 2, step_time) } else { x };
        let [clips, _, time, height, width] = x.dims();
        let weight = self.weight_for(&x).reshape([outputs, inputs, taps]);
        let pixels = x.reshape([clips, inputs, time, height * width]);
        // Taps further from the centre than the clip is long read zeros alone.
        let used = (0..taps).filter(|tap| tap.abs_diff(taps / 2) < time);

        let y = if inputs < outputs && taps > 1 {
            let moved: Vec<_> = used.clone().map(|tap| shift(pixels.clone(), tap, taps / 2)).collect();
            let weight = weight.narrow(2, taps / 2 - moved.len() / 2, moved.len()).swap_dims(1, 2);
            let rows = moved.len() * inputs;
            let columns = Tensor::cat(moved, 1).reshape([clips, rows, time * height * width]);
            weight.reshape([1, outputs, rows]).matmul(columns)
        } else {
            let weight = weight.permute([2, 0, 1]).reshape([1, taps * outputs, inputs]);
            let y = weight.matmul(pixels.reshape([clips, inputs, time * height * width]));
            let y = y.reshape([clips, taps * outputs, time, height * width]);
            let tap = |tap: usize| shift(y.clone().narrow(1, tap * outputs, outputs), tap, taps / 2);
            let sum = used.map(tap).reduce(|a, b| a + b);
            sum.unwrap_or(y.clone()).reshape([clips, outputs, time * height * width])
        };
        let y = y.reshape([clips, outputs, time, height, width]);
        if taps == 1 { y } else { every(y, 2, step_time) }
    }
}

/// Every `step`-th element along `dim`, from the first.
fn every(x: Tensor<5>, dim: usize, step: usize) -> Tensor<5> {
    if step == 1 { x } else { x.slice_dim(dim, Slice::new(0, None, step as isize)) }
}

/// `[clips, out, time, pixels]` of the tap `tap` moved to where its result belongs, zeros where it reads from outside.
fn shift(y: Tensor<4>, tap: usize, centre: usize) -> Tensor<4> {
    let [clips, channels, time, pixels] = y.dims();
    let distance = tap.abs_diff(centre);
    if distance == 0 {
        return y;
    }
    let edge = Tensor::zeros([clips, channels, distance, pixels], (&y.device(), y.dtype()));
    if tap < centre {
        Tensor::cat(vec![edge, y.narrow(2, 0, time - distance)], 2)
    } else {
        Tensor::cat(vec![y.narrow(2, distance, time - distance), edge], 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData, Tolerance};

    #[test]
    fn along_time_equals_the_general_convolution() {
        let device = Device::flex();
        let cases = [
            (3, [1, 1, 1], 6, 5),
            (3, [2, 1, 1], 2, 5),
            (3, [1, 1, 1], 6, 1),
            (3, [1, 1, 1], 2, 1),
            (1, [2, 2, 2], 6, 5),
        ];
        for (taps, stride, outputs, time) in cases {
            let conv = Conv::new(4, outputs, [taps, 1, 1], stride, &Init::new("conv", 3, &device));
            let values: Vec<f32> = (0..2 * 4 * time * 3 * 3).map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0).collect();
            let x = Tensor::<5>::from_data(TensorData::new(values, [2, 4, time, 3, 3]), &device);
            let options = ConvOptions::new(stride, [taps / 2, 0, 0], [1; 3], 1);
            let expected = conv3d(x.clone(), conv.weight.val(), None, options);
            conv.forward(x).into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));
        }
    }
}
