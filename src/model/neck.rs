//! Projection and LSTM neck: from snippet features to what all heads read.

use burn::module::Module;
use burn::tensor::Tensor;

use super::conv::{ConvModule, ConvShape};
use super::init::Init;
use super::lstm::{Lstm, both_ways};
use crate::config;

/// One conv module from the features' width to the hidden width (spec 4.1).
#[derive(Module, Debug)]
pub struct Projection {
    convs: Vec<ConvModule>,
}

impl Projection {
    /// Kernel 3, `in_channels` to `hidden`.
    #[must_use]
    pub fn new(config: &config::Model, init: &Init) -> Self {
        let shape = ConvShape { inputs: config.in_channels, outputs: config.hidden, kernel: 3, groups: config.groups };
        Self { convs: vec![ConvModule::new(shape, config.norm_groups, &init.at("convs.0"))] }
    }

    /// `[batch, in_channels, time]` to `[batch, hidden, time]`; mask `[batch, 1, time]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, mask: Option<&Tensor<3>>) -> Tensor<3> {
        self.convs.iter().fold(x, |x, conv| conv.forward(x, mask))
    }
}

/// Two LSTMs in opposite directions beside a convolution, joined by a 1x1 convolution (spec 4.2).
#[derive(Module, Debug)]
pub struct Neck {
    mem_f: Lstm,
    mem_b: Lstm,
    layer2_f: ConvModule,
    layer2_d: ConvModule,
    layer2_b: ConvModule,
    layer3: ConvModule,
}

impl Neck {
    /// All widths follow from `hidden`.
    #[must_use]
    pub fn new(config: &config::Model, init: &Init) -> Self {
        let hidden = config.hidden;
        let conv = |name: &str, inputs, outputs, kernel| {
            let shape = ConvShape { inputs, outputs, kernel, groups: config.groups };
            ConvModule::new(shape, config.norm_groups, &init.at(name))
        };
        Self {
            mem_f: Lstm::new(hidden, hidden, &init.at("mem_f")),
            mem_b: Lstm::new(hidden, hidden, &init.at("mem_b")),
            layer2_f: conv("layer2_f", hidden, hidden / 2, 3),
            layer2_d: conv("layer2_d", hidden, hidden, 3),
            layer2_b: conv("layer2_b", hidden, hidden / 2, 3),
            layer3: conv("layer3", 2 * hidden, hidden, 1),
        }
    }

    /// `[batch, hidden, time]`, same shape out; mask `[batch, 1, time]`. The LSTMs do not see the mask.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, mask: Option<&Tensor<3>>) -> Tensor<3> {
        let (ahead, back) = both_ways(&self.mem_f, &self.mem_b, x.clone());
        let joined = Tensor::cat(
            vec![self.layer2_f.forward(ahead, mask), self.layer2_d.forward(x, mask), self.layer2_b.forward(back, mask)],
            1,
        );
        self.layer3.forward(joined, mask)
    }
}
