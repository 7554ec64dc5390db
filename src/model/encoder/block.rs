//! Building blocks of R(2+1)D: the factorised convolution, the residual block, the stem (spec 3.1).

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::conv::Conv;
use super::norm::ClipNorm;
use crate::config::{self, Architecture};
use crate::model::init::Init;

/// A convolution in space, norm and ReLU, a convolution along time, norm.
#[derive(Module, Debug)]
pub struct Factorised {
    spatial: Conv,
    mid_norm: ClipNorm,
    temporal: Conv,
    norm: ClipNorm,
}

/// Channels and strides of a factorised convolution.
#[derive(Clone, Copy, Debug)]
struct FactorisedShape {
    inputs: usize,
    mid: usize,
    outputs: usize,
    kernel: usize,
    stride: Stride,
}

/// Strides of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stride {
    /// Along time.
    pub time: usize,
    /// In both directions of space.
    pub space: usize,
}

impl Stride {
    const ONE: Self = Self { time: 1, space: 1 };
}

/// PyTorch's places of the four parts: in a block the norm at the end stands outside of the convolution's own sequence.
struct Names {
    spatial: &'static str,
    mid_norm: &'static str,
    temporal: &'static str,
    norm: &'static str,
}

const STEM_NAMES: Names = Names { spatial: "0", mid_norm: "1", temporal: "3", norm: "4" };
const BLOCK_NAMES: Names = Names { spatial: "0.0", mid_norm: "0.1", temporal: "0.3", norm: "1" };

impl Factorised {
    fn new(shape: FactorisedShape, names: &Names, config: &config::Encoder, init: &Init) -> Self {
        let FactorisedShape { inputs, mid, outputs, kernel, stride } = shape;
        let space = [1, stride.space, stride.space];
        Self {
            spatial: Conv::new(inputs, mid, [1, kernel, kernel], space, &init.at(names.spatial)),
            mid_norm: ClipNorm::new(mid, config, &init.at(names.mid_norm)),
            temporal: Conv::new(mid, outputs, [3, 1, 1], [stride.time, 1, 1], &init.at(names.temporal)),
            norm: ClipNorm::new(outputs, config, &init.at(names.norm)),
        }
    }

    /// The stem: 3 channels to `stem_width`, stride 2 in space.
    #[must_use]
    pub fn stem(config: &config::Encoder, init: &Init) -> Self {
        let shape = FactorisedShape {
            inputs: 3,
            mid: config.stem_mid,
            outputs: config.stem_width,
            kernel: config.stem_kernel,
            stride: Stride { time: 1, space: 2 },
        };
        Self::new(shape, &STEM_NAMES, config, init)
    }

    /// `[clips, in, time, height, width]` to `[clips, out, time', height', width']`; no activation at the end.
    #[must_use]
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let x = relu(self.mid_norm.forward(self.spatial.forward(x)));
        self.norm.forward(self.temporal.forward(x))
    }
}

/// The way past a block whose input and output differ in shape: a 1x1x1 convolution and norm.
#[derive(Module, Debug)]
pub struct Downsample {
    conv: Conv,
    norm: ClipNorm,
}

/// Two factorised convolutions and the way past them.
#[derive(Module, Debug)]
pub struct Block {
    conv1: Factorised,
    conv2: Factorised,
    downsample: Option<Downsample>,
}

impl Block {
    /// `inputs` to `outputs` channels; the first convolution has the stride.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize, stride: Stride, config: &config::Encoder, init: &Init) -> Self {
        let first = FactorisedShape { inputs, mid: mid_planes(inputs, outputs), outputs, kernel: 3, stride };
        let own = mid_planes(outputs, outputs);
        let mid = if config.arch == Architecture::R2plus1dTorchvision { first.mid } else { own };
        let second = FactorisedShape { inputs: outputs, mid, outputs, kernel: 3, stride: Stride::ONE };
        let past = init.at("downsample");
        let steps = [stride.time, stride.space, stride.space];
        Self {
            conv1: Factorised::new(first, &BLOCK_NAMES, config, &init.at("conv1")),
            conv2: Factorised::new(second, &BLOCK_NAMES, config, &init.at("conv2")),
            downsample: (stride != Stride::ONE || inputs != outputs).then(|| Downsample {
                conv: Conv::new(inputs, outputs, [1; 3], steps, &past.at("0")),
                norm: ClipNorm::new(outputs, config, &past.at("1")),
            }),
        }
    }

    /// `[clips, in, time, height, width]` to `[clips, out, time', height', width']`.
    #[must_use]
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let y = self.conv2.forward(relu(self.conv1.forward(x.clone())));
        let past = match &self.downsample {
            Some(downsample) => downsample.norm.forward(downsample.conv.forward(x)),
            None => x,
        };
        relu(y + past)
    }
}

/// Channels between the two convolutions that give a factorised convolution as many parameters as a 3x3x3 one has (spec 3.1).
fn mid_planes(inputs: usize, outputs: usize) -> usize {
    inputs * outputs * 27 / (inputs * 9 + 3 * outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_planes_are_those_of_the_specification() {
        let pairs = [(64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)];
        assert_eq!(pairs.map(|(inputs, outputs)| mid_planes(inputs, outputs)), [144, 230, 288, 460, 576, 921, 1152]);
    }
}
