//! What is said about a proposal: a stage's head (spec 4.6) and this product's class head (spec 18).

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid};

use super::init::Init;
use super::linear::Linear;
use crate::config;

/// Hidden width of the class head (spec 18).
const CLASS_HIDDEN: usize = 128;

/// The layer that all branches of a stage share.
#[derive(Module, Debug)]
pub struct SharedLayer {
    fcs: Linear,
}

/// Hidden layers and an output layer; no activation after it.
#[derive(Module, Debug)]
pub struct Branch {
    fcs: Vec<Linear>,
    head: Linear,
}

impl Branch {
    fn new(config: &config::Head, outputs: usize, init: &Init) -> Self {
        let width = |layer: usize| if layer == 0 { config.features } else { config.fc_channels };
        let hidden = |layer| Linear::new(width(layer), config.fc_channels, &init.at(format!("fcs.{layer}.0")));
        Self {
            fcs: (0..config.fcs).map(hidden).collect(),
            head: Linear::new(width(config.fcs), outputs, &init.at("head")),
        }
    }

    /// `[rows, features]` to `[rows, outputs]`.
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.head.forward(self.fcs.iter().fold(x, |x, layer| layer.forward_relu(x)))
    }
}

/// The head of one cascade stage: a shared layer on the proposal's feature and three branches (spec 4.6).
#[derive(Module, Debug)]
pub struct ProposalHead {
    shared_conv_fc: SharedLayer,
    iou_head: Branch,
    se_head: Branch,
    reg_head: Branch,
}

/// What a stage's head says, each `[rows, …]`.
#[derive(Clone, Debug)]
pub struct HeadOutput {
    /// The shared feature, `[rows, features]`.
    pub feature: Tensor<2>,
    /// Probabilities `[rows, 2]`: IoU in the style of a classification and of a regression.
    pub iou: Tensor<2>,
    /// Probabilities `[rows, 2]` that the segment's ends are a start and an end.
    pub boundary: Tensor<2>,
    /// Offsets `[rows, 4]`: ds, de, dc, dw.
    pub offsets: Tensor<2>,
}

impl ProposalHead {
    /// For RoI features of `config.hidden` channels and `config.roi.bins` bins.
    #[must_use]
    pub fn new(config: &config::Model, init: &Init) -> Self {
        let inputs = config.hidden * config.roi.bins;
        let shared = Linear::new(inputs, config.head.features, &init.at("shared_conv_fc.fcs.0.0"));
        let branch = |name: &str, outputs| Branch::new(&config.head, outputs, &init.at(name));
        Self {
            shared_conv_fc: SharedLayer { fcs: shared },
            iou_head: branch("iou_head", 2),
            se_head: branch("se_head", 2),
            reg_head: branch("reg_head", 4),
        }
    }

    /// Features `[batch, time, channels]` and RoI align as a matrix, `[batch, K, bins, time]`, to what is said about the batch · K
    /// proposals.
    ///
    /// RoI align and the shared layer are both linear, so the layer goes first, to all times instead of to all proposals: with
    /// more proposals than times that halves the work.
    #[must_use]
    pub fn forward(&self, rows: Tensor<3>, align: Tensor<4>) -> HeadOutput {
        let feature = relu(self.shared_conv_fc.align(rows, align));
        HeadOutput {
            iou: sigmoid(self.iou_head.forward(feature.clone())),
            boundary: sigmoid(self.se_head.forward(feature.clone())),
            offsets: self.reg_head.forward(feature.clone()),
            feature,
        }
    }
}

impl SharedLayer {
    /// The layer on RoI features, `[batch · K, features]`; PyTorch's weight counts its inputs as channel · bins + bin.
    fn align(&self, rows: Tensor<3>, align: Tensor<4>) -> Tensor<2> {
        let [batch, time, channels] = rows.dims();
        let [_, count, bins, _] = align.dims();
        let outputs = self.fcs.weight.dims()[0];
        let weight = self.fcs.weight.val().reshape([outputs, channels, bins]).permute([1, 2, 0]);
        let weight = weight.reshape([1, channels, bins * outputs]);
        let by_time = rows.matmul(weight).reshape([batch, time, bins, outputs]);
        let by_bin = by_time.swap_dims(1, 2).reshape([batch, bins * time, outputs]);
        let summed = align.reshape([batch, count, bins * time]).matmul(by_bin);
        summed.reshape([batch * count, outputs]) + self.fcs.bias.val().unsqueeze::<2>()
    }
}

/// Names the class of a proposal from the last stage's shared feature (spec 18): logits, for a sigmoid a class.
#[derive(Module, Debug)]
pub struct ClassHead {
    fcs: Vec<Linear>,
    head: Linear,
}

impl ClassHead {
    /// `features` in, `classes` out.
    #[must_use]
    pub fn new(features: usize, classes: usize, init: &Init) -> Self {
        Self {
            fcs: vec![Linear::new(features, CLASS_HIDDEN, &init.at("fcs.0.0"))],
            head: Linear::new(CLASS_HIDDEN, classes, &init.at("head")),
        }
    }

    /// `[rows, features]` to logits `[rows, classes]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.head.forward(self.fcs.iter().fold(x, |x, layer| layer.forward_relu(x)))
    }
}
