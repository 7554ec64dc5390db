//! What is said about a proposal: a stage's head in both references' forms (spec 4.6, 5) and this product's class head (spec 18).

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid};

use super::conv::{Conv1d, ConvShape};
use super::init::Init;
use super::linear::Linear;
use crate::config::{self, HeadVariant};

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

/// An offset of one end in the official form: its own layer on the outer bins of the RoI, and a branch (spec 5).
#[derive(Module, Debug)]
pub struct EdgeHead {
    shared_conv_fc: SharedLayer,
    branch: Branch,
}

impl EdgeHead {
    /// For `channels` and `bins` of the RoI feature's outer part.
    fn new(config: &config::Head, channels: usize, bins: usize, init: &Init) -> Self {
        Self {
            shared_conv_fc: SharedLayer::new(channels * bins, config.features, init),
            branch: Branch::new(config, 1, &init.at("branch")),
        }
    }

    /// As [`ProposalHead::forward`], to `[rows, 1]`.
    fn forward(&self, rows: Tensor<3>, align: Tensor<4>) -> Tensor<2> {
        self.branch.forward(relu(self.shared_conv_fc.align(rows, align)))
    }
}

/// What a stage of the official code has besides (spec 5).
#[derive(Module, Debug)]
pub struct Official {
    residual: Conv1d,
    reduce: Conv1d,
    start: EdgeHead,
    end: EdgeHead,
}

impl Official {
    fn new(config: &config::Model, init: &Init) -> Self {
        let hidden = config.hidden;
        let residual = ConvShape { inputs: hidden, outputs: hidden, kernel: 3, groups: config.groups };
        let reduce = ConvShape { inputs: hidden, outputs: hidden / 2, kernel: 3, groups: 1 };
        let edge = |name: &str| EdgeHead::new(&config.head, hidden / 2, outer_bins(config.roi.bins), &init.at(name));
        Self {
            residual: Conv1d::new(residual, true, &init.at("residual")),
            reduce: Conv1d::new(reduce, true, &init.at("reduce")),
            start: edge("start"),
            end: edge("end"),
        }
    }

    /// `[batch, hidden, time]` to the half as many channels that RoI align reads.
    fn signal(&self, enhanced: Tensor<3>) -> Tensor<3> {
        let whole = enhanced.clone() + relu(self.residual.forward(enhanced));
        relu(self.reduce.forward(whole))
    }

    /// All four offsets `[rows, 4]` from those of centre and width `[rows, 2]`, which count half.
    fn offsets(&self, rows: Tensor<3>, align: Tensor<4>, centre_width: Tensor<2>) -> Tensor<2> {
        let bins = align.dims()[2];
        let outer = outer_bins(bins);
        let start = self.start.forward(rows.clone(), align.clone().narrow(2, 0, outer));
        let end = self.end.forward(rows, align.narrow(2, bins - outer, outer));
        Tensor::cat(vec![start, end, centre_width / 2.0], 1)
    }
}

/// Bins at each end of a RoI that the official code reads an end's offset from: a quarter (spec 5).
fn outer_bins(bins: usize) -> usize {
    bins / 4
}

/// The head of one cascade stage: a shared layer on the proposal's feature and three branches (spec 4.6), of which the official form
/// takes the two ends' offsets apart (spec 5).
#[derive(Module, Debug)]
pub struct ProposalHead {
    official: Option<Official>,
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
    /// For enhanced features of `config.hidden` channels and `config.roi.bins` bins.
    #[must_use]
    pub fn new(config: &config::Model, init: &Init) -> Self {
        let official =
            (config.head.variant == HeadVariant::Official).then(|| Official::new(config, &init.at("official")));
        let (channels, offsets) = if official.is_some() { (config.hidden / 2, 2) } else { (config.hidden, 4) };
        let branch = |name: &str, outputs| Branch::new(&config.head, outputs, &init.at(name));
        Self {
            shared_conv_fc: SharedLayer::new(channels * config.roi.bins, config.head.features, init),
            iou_head: branch("iou_head", 2),
            se_head: branch("se_head", 2),
            reg_head: branch("reg_head", offsets),
            official,
        }
    }

    /// What this stage's RoI align reads, `[batch, time, channels]`, of enhanced features `[batch, hidden, time]`.
    #[must_use]
    pub fn signal(&self, enhanced: Tensor<3>) -> Tensor<3> {
        let signal = match &self.official {
            Some(official) => official.signal(enhanced),
            None => enhanced,
        };
        signal.swap_dims(1, 2)
    }

    /// Features `[batch, time, channels]` and RoI align as a matrix, `[batch, K, bins, time]`, to what is said about the batch · K
    /// proposals.
    ///
    /// RoI align and the shared layer are both linear, so the layer goes first, to all times instead of to all proposals: with
    /// more proposals than times that halves the work.
    #[must_use]
    pub fn forward(&self, rows: Tensor<3>, align: Tensor<4>) -> HeadOutput {
        let feature = relu(self.shared_conv_fc.align(rows.clone(), align.clone()));
        let offsets = self.reg_head.forward(feature.clone());
        HeadOutput {
            iou: sigmoid(self.iou_head.forward(feature.clone())),
            boundary: sigmoid(self.se_head.forward(feature.clone())),
            offsets: match &self.official {
                Some(official) => official.offsets(rows, align, offsets),
                None => offsets,
            },
            feature,
        }
    }
}

impl SharedLayer {
    /// `inputs` are channels times bins.
    fn new(inputs: usize, outputs: usize, init: &Init) -> Self {
        Self { fcs: Linear::new(inputs, outputs, &init.at("shared_conv_fc.fcs.0.0")) }
    }

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
