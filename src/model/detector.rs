//! The detector: features of a window and proposals in, boundary curves and judged, refined proposals out (spec 4).

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};

use super::boundary::BoundaryHead;
use super::head::{ClassHead, HeadOutput, ProposalHead};
use super::init::Init;
use super::neck::{Neck, Projection};
use super::proposals::{self, Proposal};
use super::refine::refine;
use super::roi::RoiAlign;
use crate::config;

/// What one stage of the cascade says about its K proposals.
#[derive(Clone, Debug)]
pub struct StageOutput {
    /// The stage's input segments `[batch, K, 2]` in snippets, without gradient.
    pub proposals: Tensor<3>,
    /// Probabilities `[batch, K, 2]`: IoU in the style of a classification, and of a regression.
    pub iou: Tensor<3>,
    /// Probabilities `[batch, K, 2]` that the ends are a start and an end.
    pub boundary: Tensor<3>,
    /// Offsets `[batch, K, 4]`: ds, de, dc, dw (spec 4.7).
    pub offsets: Tensor<3>,
    /// The refined segments `[batch, K, 2]` in snippets, without gradient: the next stage's input.
    pub refined: Tensor<3>,
}

/// What the detector says about a batch of windows.
#[derive(Clone, Debug)]
pub struct DetectorOutput {
    /// Startness and endness of each snippet, probabilities `[batch, 2, time]`.
    pub boundary: Tensor<3>,
    /// The stages of the cascade, in order.
    pub stages: Vec<StageOutput>,
    /// Class logits `[batch, K, classes]`, with a class head.
    pub class_logits: Option<Tensor<3>>,
}

/// The heads of the cascade's stages.
#[derive(Module, Debug)]
pub struct Cascade {
    proposal_heads: Vec<ProposalHead>,
    class_head: Option<ClassHead>,
}

/// ETAD's detector.
#[derive(Module, Debug)]
pub struct Detector {
    projection: Projection,
    neck: Neck,
    rpn_head: BoundaryHead,
    roi_head: Cascade,
    #[module(skip)]
    roi: RoiAlign,
    #[module(skip)]
    longest: usize,
    #[module(skip)]
    masks: bool,
}

impl Detector {
    /// A detector with first weights drawn from `seed` (spec 4.8); `classes` counts only with a class head.
    #[must_use]
    pub fn new(config: &config::Model, classes: usize, seed: u64, device: &Device) -> Self {
        let init = Init::new("", seed, device);
        let heads = init.at("roi_head");
        let stage = |stage| ProposalHead::new(config, &heads.at(format!("proposal_heads.{stage}")));
        Self {
            projection: Projection::new(config, &init.at("projection")),
            neck: Neck::new(config, &init.at("neck")),
            rpn_head: BoundaryHead::new(config, &init.at("rpn_head")),
            roi_head: Cascade {
                proposal_heads: (0..config.head.stages.len()).map(stage).collect(),
                class_head: (config.head.classes)
                    .then(|| ClassHead::new(config.head.features, classes, &heads.at("class_head"))),
            },
            roi: RoiAlign::new(&config.roi),
            longest: config.dscale,
            masks: config.masks,
        }
    }

    /// All proposals of a window of `time` snippets, in map order: what inference judges (spec 4.4).
    #[must_use]
    pub fn proposals(&self, time: usize) -> Vec<Proposal> {
        proposals::all(time, self.longest)
    }

    /// Features `[batch, channels, time]`, mask `[batch, time]` (1 real, 0 padding; none: all real) and proposals `[batch, K, 2]` in
    /// snippets to everything that losses and inference need.
    #[must_use]
    pub fn forward(&self, features: Tensor<3>, mask: Option<Tensor<2>>, proposals: Tensor<3>) -> DetectorOutput {
        let enhanced = self.enhance(features, mask);
        let boundary = self.boundary(enhanced.clone());
        let (stages, class_logits) = self.cascade(enhanced, proposals);
        DetectorOutput { boundary, stages, class_logits }
    }

    /// Projection and neck: `[batch, channels, time]` to `[batch, hidden, time]`. The mask counts only where the configuration masks.
    #[must_use]
    pub fn enhance(&self, features: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        let mask = mask.filter(|_| self.masks).map(|mask| mask.unsqueeze_dim::<3>(1));
        self.neck(self.project(features, mask.as_ref()), mask.as_ref())
    }

    /// The projection alone (spec 4.1): `[batch, channels, time]` to `[batch, hidden, time]`; mask `[batch, 1, time]`.
    #[must_use]
    pub fn project(&self, features: Tensor<3>, mask: Option<&Tensor<3>>) -> Tensor<3> {
        self.projection.forward(features, mask)
    }

    /// The neck alone (spec 4.2): `[batch, hidden, time]`, same shape out; mask `[batch, 1, time]`.
    #[must_use]
    pub fn neck(&self, projected: Tensor<3>, mask: Option<&Tensor<3>>) -> Tensor<3> {
        self.neck.forward(projected, mask)
    }

    /// Startness and endness `[batch, 2, time]` of enhanced features.
    #[must_use]
    pub fn boundary(&self, enhanced: Tensor<3>) -> Tensor<3> {
        sigmoid(self.boundary_logits(enhanced))
    }

    /// [`Self::boundary`] before the sigmoid.
    #[must_use]
    pub fn boundary_logits(&self, enhanced: Tensor<3>) -> Tensor<3> {
        self.rpn_head.forward(enhanced)
    }

    /// The head of one stage alone (spec 4.6), on features `[batch, time, channels]` read by the RoI matrix `[batch, K, bins, time]`;
    /// nothing for a stage that is not there.
    #[must_use]
    pub fn judge(&self, stage: usize, rows: Tensor<3>, align: Tensor<4>) -> Option<HeadOutput> {
        self.roi_head.proposal_heads.get(stage).map(|head| head.forward(rows, align))
    }

    /// The cascade on enhanced features `[batch, hidden, time]`: each stage judges and refines what the one before refined. Class
    /// logits are those of the last stage. May be called on parts of the proposals one after the other.
    #[must_use]
    pub fn cascade(&self, enhanced: Tensor<3>, proposals: Tensor<3>) -> (Vec<StageOutput>, Option<Tensor<3>>) {
        let [batch, count, _] = proposals.dims();
        let [_, _, time] = enhanced.dims();
        let mut proposals = proposals.detach();
        let mut stages = Vec::with_capacity(self.roi_head.proposal_heads.len());
        let mut feature = None;
        for head in &self.roi_head.proposal_heads {
            let output = head.forward(head.signal(enhanced.clone()), self.align(proposals.clone(), time));
            let offsets = output.offsets.reshape([batch, count, 4]);
            let refined = refine(proposals.clone(), offsets.clone());
            stages.push(StageOutput {
                proposals,
                iou: output.iou.reshape([batch, count, 2]),
                boundary: output.boundary.reshape([batch, count, 2]),
                offsets,
                refined: refined.clone(),
            });
            proposals = refined;
            feature = Some(output.feature);
        }
        let logits = self.roi_head.class_head.as_ref().zip(feature).map(|(head, feature)| {
            let logits = head.forward(feature);
            let classes = logits.dims()[1];
            logits.reshape([batch, count, classes])
        });
        (stages, logits)
    }

    /// RoI align of the proposals `[batch, K, 2]` as a matrix `[batch, K, bins, time]`.
    fn align(&self, proposals: Tensor<3>, time: usize) -> Tensor<4> {
        let [batch, ..] = proposals.dims();
        let device = proposals.device();
        // The samples are laid on the host: their float32 order of operations decides, and a GPU compiler may fuse it.
        let segments: Vec<f32> = proposals.into_data().iter::<f32>().collect();
        self.roi.weights(&segments, batch, time, &device)
    }
}
