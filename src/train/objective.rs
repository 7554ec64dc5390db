//! The loss of a step: boundary curves, three cascade stages and classes, with every term named (spec 6.8, 18).

use burn::tensor::{Device, Tensor, TensorData};

use super::losses::{self, Logs, Site};
use super::targets::{BatchTargets, Span, StageTargets, Truth};
use crate::config;
use crate::model::{DetectorOutput, StageOutput};

/// Uniform numbers in [0, 1) for a use in a cascade stage: `(stage, site, count)`.
pub type Noise<'a> = dyn FnMut(usize, Site, usize) -> Vec<f32> + 'a;

/// The loss and its terms.
pub struct Objective {
    /// What is minimised, `[1]`.
    pub total: Tensor<1>,
    /// Names of `terms`, in order; the first is "cost".
    pub names: Vec<String>,
    /// Their values without gradient `[terms]`, still on the device.
    pub terms: Tensor<1>,
    /// The parts of each cascade stage before their weights.
    pub stages: Vec<StageTerms>,
}

/// The parts of one cascade stage before their weights (spec 6.8), each `[1]` but the offsets.
#[derive(Clone)]
pub struct StageTerms {
    /// Classification of the IoU.
    pub iou_classification: Tensor<1>,
    /// Regression of the IoU.
    pub iou_regression: Tensor<1>,
    /// Start, end, centre, width: `[4]`.
    pub offsets: Tensor<1>,
    /// Classification of the proposal's start.
    pub start: Tensor<1>,
    /// Classification of the proposal's end.
    pub end: Tensor<1>,
}

/// Weights and thresholds of a run's loss.
#[derive(Clone, Debug)]
pub struct Losses {
    config: config::Loss,
    /// IoU thresholds of the offsets, one a stage.
    stages: Vec<f32>,
    /// Whether nothing but their own loss reaches the layers of a stage's offsets: OpenTAD's heads (spec 5).
    offsets_alone: bool,
    tscale: usize,
}

impl Losses {
    /// The losses of a configuration.
    #[must_use]
    pub fn new(loss: &config::Loss, model: &config::Model) -> Self {
        Self {
            config: loss.clone(),
            stages: model.head.stages.iter().map(|&threshold| threshold as f32).collect(),
            offsets_alone: model.head.variant == config::HeadVariant::OpenTad,
            tscale: model.tscale,
        }
    }

    /// The loss of a batch: `initial` are the sampled proposals `[item][proposal]`, equally many for every item.
    #[must_use]
    pub fn objective(
        &self,
        output: &DetectorOutput,
        truths: &[Truth],
        initial: Vec<Vec<Span>>,
        noise: &mut Noise<'_>,
    ) -> Objective {
        let form = self.config.form;
        let batch = BatchTargets::new(truths, &initial, self.tscale, form, self.config.truncate_boundary);
        let inputs = stage_inputs(output, initial);
        let tem = self.boundary_loss(&output.boundary, &batch);
        let mut total = tem.clone();
        let mut named = vec![("loss_tem".to_owned(), tem)];
        let mut parts: [Option<Tensor<1>>; 4] = Default::default();
        let mut stages = Vec::with_capacity(output.stages.len());
        for (index, (stage, proposals)) in output.stages.iter().zip(&inputs).enumerate() {
            let terms = self.stage_terms(index, stage, proposals, &batch, noise);
            let weighted = [
                terms.iou_classification.clone() * self.config.iou_classification,
                terms.iou_regression.clone() * self.config.iou_regression,
                terms.offsets.clone().sum() * self.config.offsets,
                (terms.start.clone() + terms.end.clone()) * self.config.boundary,
            ];
            let loss = weighted.iter().cloned().reduce(|sum, part| sum + part).unwrap_or_else(|| total.zeros_like());
            for (sum, part) in parts.iter_mut().zip(weighted) {
                *sum = Some(match sum.take() {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
            total = total + loss.clone();
            named.push((format!("loss_pem.s{index}"), loss));
            stages.push(terms);
        }
        for (name, part) in ["iou_cls", "iou_reg", "offsets", "boundary"].into_iter().zip(parts) {
            named.extend(part.map(|part| (name.to_owned(), part)));
        }
        if let (Some(logits), Some(proposals)) = (&output.class_logits, inputs.last()) {
            let stage = inputs.len() - 1;
            let loss = self.class_loss(logits, proposals, &batch, &mut |count| noise(stage, Site::Classes, count));
            let loss = loss * self.config.class_weight;
            total = total + loss.clone();
            named.push(("class".to_owned(), loss));
        }
        named.insert(0, ("cost".to_owned(), total.clone()));
        let (names, terms): (Vec<String>, Vec<Tensor<1>>) =
            named.into_iter().map(|(name, term)| (name, term.inner())).unzip();
        Objective { total, names, terms: Tensor::cat(terms, 0), stages }
    }

    /// Startness and endness against `[batch, 2, time]` (spec 6.3), each balanced on its own.
    fn boundary_loss(&self, curves: &Tensor<3>, batch: &BatchTargets) -> Tensor<1> {
        let [items, _, time] = curves.dims();
        let keep = batch.cells_kept();
        let sides = [&batch.startness, &batch.endness].map(|curves| losses::balanced(&curves.concat(), &keep));
        let tensor = |pick: fn(&losses::BinaryWeights) -> &[f32]| {
            let mut values = Vec::with_capacity(items * 2 * time);
            for item in 0..items {
                for side in &sides {
                    values.extend_from_slice(&pick(side)[item * time..(item + 1) * time]);
                }
            }
            Tensor::<3>::from_data(TensorData::new(values, [items, 2, time]), &curves.device())
        };
        let (positive, negative) = (tensor(|weights| &weights.positive), tensor(|weights| &weights.negative));
        losses::binary(curves.clone(), positive, negative, Logs::from(self.config.form))
    }

    fn stage_terms(
        &self,
        index: usize,
        output: &StageOutput,
        proposals: &[Vec<Span>],
        batch: &BatchTargets,
        noise: &mut Noise<'_>,
    ) -> StageTerms {
        let targets = batch.stage(proposals);
        let (keep, forced, count) = (&targets.keep, &targets.forced, targets.iou.len());
        // In the reference's order of draws (spec 6.8).
        let iou = losses::sampled_binary(&targets.iou, self.config.positive_iou as f32, keep, &mut || {
            losses::known(noise(index, Site::IouClassification, count), forced)
        });
        let squares =
            losses::sampled_squares(&targets.iou, keep, &mut |site| losses::known(noise(index, site, count), forced));
        let start = losses::sampled_binary(&targets.start, 0.5, keep, &mut || noise(index, Site::Start, count));
        let end = losses::sampled_binary(&targets.end, 0.5, keep, &mut || noise(index, Site::End, count));
        let near = losses::mean_above(&targets.iou, self.stages.get(index).copied().unwrap_or(0.0), keep);

        let mut columns = Vec::with_capacity(count * 13);
        for at in 0..count {
            columns.extend([iou.positive[at], iou.negative[at], targets.iou[at], squares[at]]);
            columns.extend([start.positive[at], end.positive[at], start.negative[at], end.negative[at], near[at]]);
            columns.extend(targets.offsets[at]);
        }
        let columns = upload(columns, proposals, 13, &output.iou.device());
        let column = |from: usize, width: usize| columns.clone().narrow(2, from, width);
        // A stage without a good proposal: OpenTAD's loss is then a constant, and what has no gradient is not stepped, neither by decay
        // nor by old momentum (spec 6.6, 7.2). A gradient of zeros would be. The official head ties the offsets to the ends' scores.
        let idle = self.offsets_alone && near.iter().all(|&weight| weight == 0.0);
        let offsets = if idle { output.offsets.clone().detach() } else { output.offsets.clone() };
        let ends = |at: usize| {
            let probability = output.boundary.clone().narrow(2, at, 1);
            losses::binary(probability, column(4 + at, 1), column(6 + at, 1), Logs::Shifted)
        };
        StageTerms {
            iou_classification: losses::binary(
                output.iou.clone().narrow(2, 0, 1),
                column(0, 1),
                column(1, 1),
                Logs::Shifted,
            ),
            iou_regression: losses::squares(output.iou.clone().narrow(2, 1, 1), column(2, 1), column(3, 1)),
            offsets: Tensor::cat(
                (0..4)
                    .map(|part| {
                        losses::smooth_l1(offsets.clone().narrow(2, part, 1), column(9 + part, 1), column(8, 1))
                    })
                    .collect(),
                0,
            ),
            start: ends(0),
            end: ends(1),
        }
    }

    fn class_loss(
        &self,
        logits: &Tensor<3>,
        proposals: &[Vec<Span>],
        batch: &BatchTargets,
        noise: &mut dyn FnMut(usize) -> Vec<f32>,
    ) -> Tensor<1> {
        let classes = logits.dims()[2];
        let hot = batch.classes(proposals, classes, self.config.class_iou as f32);
        let StageTargets { keep, forced, .. } = batch.stage(proposals);
        let (count, negatives) = (keep.len(), self.config.class_negatives as f32);
        let weights = losses::class_weights(&hot, classes, negatives, &keep, &forced, &mut || noise(count));
        let device = logits.device();
        let weights = upload(weights, proposals, 1, &device);
        losses::classes(logits.clone(), upload(hot, proposals, classes, &device), weights)
    }
}

/// `[batch, proposals, columns]` on the device.
fn upload(values: Vec<f32>, proposals: &[Vec<Span>], columns: usize, device: &Device) -> Tensor<3> {
    let count = proposals.first().map_or(0, Vec::len);
    Tensor::from_data(TensorData::new(values, [proposals.len(), count, columns]), device)
}

/// The proposals that entered each stage, on the host: the sampled ones, and those of the later stages in one read-back.
fn stage_inputs(output: &DetectorOutput, initial: Vec<Vec<Span>>) -> Vec<Vec<Vec<Span>>> {
    let (items, count) = (initial.len(), initial.first().map_or(0, Vec::len));
    let later: Vec<Tensor<3>> = output.stages.iter().skip(1).map(|stage| stage.proposals.clone().inner()).collect();
    let mut inputs = vec![initial];
    if later.is_empty() || items * count == 0 {
        return inputs;
    }
    let values: Vec<f32> = Tensor::cat(later, 0).into_data().iter::<f32>().collect();
    let spans = values.as_chunks::<2>().0;
    inputs.extend(spans.chunks(items * count).map(|stage| stage.chunks(count).map(<[Span]>::to_vec).collect()));
    inputs
}
