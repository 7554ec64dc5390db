//! Detections of a batch of windows: proposals judged by the cascade, suppressed per class, in seconds (spec 4.7, 9, 18).

use burn::module::Module as _;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};

use super::loader::Batch;
use super::step::{Engine, Pulse, mask};
use super::targets::Span;
use super::windows::{Plan, Window};
use crate::config::{Config, Post};
use crate::domain::{ClassList, Detection};
use crate::eval::nms::SoftNms;
use crate::eval::postprocess::{Clock, Peaks, boundary_selection};
use crate::model::{Detector, proposals};

/// Proposals that pass the cascade at once; the RoI matrix grows with them.
const PROPOSALS_AT_ONCE: usize = 1024;

/// The network as inference uses it.
pub struct Searcher<'a> {
    config: &'a Config,
    classes: &'a ClassList,
    engine: &'a Engine,
    detector: Detector,
    proposals: Vec<Span>,
}

/// What the network says about one window.
struct Judged {
    /// Refined proposals in snippet units, mean over the stages.
    spans: Vec<Span>,
    /// Product of the two mean IoU scores (spec 4.7).
    scores: Vec<f32>,
    /// Class probabilities `[proposal · class]`; empty without class head.
    classes: Vec<f32>,
    /// Startness, then endness, `tscale` each.
    curves: Vec<f32>,
}

/// Suppression as the recipe says.
#[must_use]
pub fn soft_nms(post: &Post) -> SoftNms {
    SoftNms {
        sigma: post.nms.sigma as f32,
        min_score: post.nms.min_score as f32,
        max_detections: post.nms.max_detections,
        voting_threshold: post.nms.voting_threshold as f32,
    }
}

impl<'a> Searcher<'a> {
    /// Inference with the network as it is now.
    #[must_use]
    pub fn new(config: &'a Config, classes: &'a ClassList, engine: &'a Engine) -> Self {
        let proposals = proposals::all(config.model.tscale, config.model.dscale);
        Self { config, classes, engine, detector: engine.detector.valid(), proposals }
    }

    /// Detections of each item, or none when `pulse` broke it off.
    pub fn search(&self, batch: &Batch, plan: &Plan, pulse: &mut dyn FnMut() -> Pulse) -> Option<Vec<Vec<Detection>>> {
        let features = self.engine.features(batch, pulse)?;
        let judged = self.judge(batch, features);
        Some(
            batch
                .items
                .iter()
                .zip(judged)
                .map(|(item, judged)| {
                    let duration = plan
                        .videos
                        .iter()
                        .find(|video| video.id == item.video)
                        .map_or(item.window.start + item.window.length, |video| video.duration);
                    self.detections(&judged, item.window, duration)
                })
                .collect(),
        )
    }

    /// The cascade on all proposals of each item, features `[batch, channels, time]`.
    fn judge(&self, batch: &Batch, features: Tensor<3>) -> Vec<Judged> {
        let device = features.device();
        let items = batch.items.len();
        let enhanced = self.detector.enhance(features, mask(batch, &device));
        let curves = host(self.detector.boundary(enhanced.clone()));
        let mut judged: Vec<Judged> = curves
            .chunks(curves.len() / items.max(1))
            .map(|curves| Judged {
                spans: Vec::new(),
                scores: Vec::new(),
                classes: Vec::new(),
                curves: curves.to_vec(),
            })
            .collect();
        for part in self.proposals.chunks(PROPOSALS_AT_ONCE) {
            let (stages, logits) = self.detector.cascade(enhanced.clone(), repeated(part, items, &device));
            let stage_count = stages.len().max(1) as f64;
            let mean = |pick: fn(&crate::model::StageOutput) -> &Tensor<3>| {
                stages
                    .iter()
                    .map(|stage| pick(stage).clone())
                    .reduce(|sum, next| sum + next)
                    .map(|sum| sum / stage_count)
            };
            let (Some(spans), Some(ious)) = (mean(|stage| &stage.refined), mean(|stage| &stage.iou)) else { continue };
            let (spans, ious) = (host(spans), host(ious));
            let classes = logits.map(|logits| host(sigmoid(logits))).unwrap_or_default();
            let per_item = part.len();
            let class_row = classes.len() / (items * per_item).max(1);
            for (item, judged) in judged.iter_mut().enumerate() {
                let rows = item * per_item..(item + 1) * per_item;
                judged.spans.extend_from_slice(&spans.as_chunks::<2>().0[rows.clone()]);
                judged.scores.extend(ious.as_chunks::<2>().0[rows.clone()].iter().map(|iou| iou[0] * iou[1]));
                judged.classes.extend_from_slice(&classes[rows.start * class_row..rows.end * class_row]);
            }
        }
        judged
    }

    /// Suppression and seconds for one window.
    fn detections(&self, judged: &Judged, window: Window, duration: f64) -> Vec<Detection> {
        let tscale = self.config.model.tscale;
        let nms = soft_nms(&self.config.post);
        let (starts, ends) = judged.curves.split_at(judged.curves.len() / 2);
        let kept: Vec<usize> = if self.config.post.boundary_selection {
            let flags = boundary_selection(starts, ends, &judged.spans, Peaks::OpenTad);
            (0..judged.spans.len()).filter(|&index| flags[index]).collect()
        } else {
            (0..judged.spans.len()).collect()
        };
        let clock = Clock::Timed { window_start: window.start, snippet_seconds: window.length / tscale as f64 };
        let classes = judged.classes.len() / judged.spans.len().max(1);
        let mut found = Vec::new();
        for (class, label) in self.classes.names().iter().enumerate().take(classes) {
            let (spans, scores): (Vec<Span>, Vec<f32>) = kept
                .iter()
                .map(|&index| (judged.spans[index], judged.scores[index] * judged.classes[index * classes + class]))
                .filter(|&(_, score)| score >= nms.min_score)
                .unzip();
            found.extend(nms.run(&spans, &scores).into_iter().map(|pick| Detection {
                segment: clock.seconds(pick.segment, duration).map(f64::from),
                label: label.clone(),
                score: f64::from(pick.score),
            }));
        }
        found
    }
}

/// The same proposals for every item, `[batch, proposals, 2]`.
fn repeated(part: &[Span], items: usize, device: &Device) -> Tensor<3> {
    let flat: Vec<f32> = part.iter().flatten().copied().collect();
    Tensor::from_data(TensorData::new(flat.repeat(items), [items, part.len(), 2]), device)
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
