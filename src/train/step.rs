//! One step of training in three stages, so that memory is bounded by one chunk of clips (spec 7.3):
//! the encoder forward without gradient; the detector forward and backward, to the gradient of the features; the encoder forward
//! and backward on sampled snippets, chunk by chunk. Nothing moves before all gradients are there: a step that is broken off
//! has not happened.

use std::collections::BTreeMap;
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};

use super::choices::{Choices, Drawn};
use super::encoding::Encoding;
use super::item::{Input, Item};
use super::loader::Batch;
use super::objective::{Losses, Objective};
use super::optimizer::{Gradients, Optimizer, SavedMoments};
use super::scaling::Scaling;
use super::targets::{Span, Truth};
use crate::config::{Config, Encoder as EncoderConfig, Precision};
use crate::domain::Seconds;
use crate::model::{Detector, Encoder};

/// Whether a step goes on after a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// Go on.
    Go,
    /// Break the step off; it will be done again.
    Stop,
}

/// Learning rate of each parameter group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Detector.
    pub detector: f64,
    /// Encoder.
    pub encoder: f64,
}

/// What a step leaves behind.
pub struct Stepped {
    /// Names of the loss terms, and last the norm of the gradient, which is no part of the loss.
    pub names: Vec<String>,
    /// Their values `[terms]`, on the device until somebody reports them.
    pub terms: Tensor<1>,
    /// Seconds by part; exact on the CPU, on a GPU only when the step was timed.
    pub seconds: Seconds,
}

/// The network with its optimisers.
pub struct Engine {
    /// The video encoder; none when features are stored.
    pub encoder: Option<Encoder>,
    /// The detector.
    pub detector: Detector,
    /// Moments of both.
    pub optimizer: Optimizer,
    pub(super) config: Config,
    losses: Losses,
    /// Where the encoder learns in f16.
    pub(super) scaling: Option<Scaling>,
    pub(super) device: Device,
}

/// Name of the term that is the global norm of all gradients before clipping.
pub const GRADIENT_NORM: &str = "gradient_norm";
/// Name of the detector's parameter group.
pub const DETECTOR: &str = "detector";
/// Name of the encoder's parameter group.
pub const ENCODER: &str = "encoder";

impl Engine {
    /// A network on `device`, which must be an autodiff device.
    #[must_use]
    pub fn new(config: &Config, encoder: Option<Encoder>, detector: Detector, device: &Device) -> Self {
        Self {
            encoder,
            detector,
            optimizer: Optimizer::new(config.optimizer.kind, config.optimizer.weight_decay),
            config: config.clone(),
            losses: Losses::new(&config.loss, &config.model),
            scaling: (config.encoder.precision == Precision::F16).then(Scaling::default),
            device: device.clone(),
        }
    }

    /// Takes up saved moments.
    pub fn load_moments(&mut self, moments: BTreeMap<String, SavedMoments>) {
        self.optimizer.load(moments, &self.device);
    }

    /// Trains on one batch. `pulse` is asked between any two chunks; `timed` waits for the device at each part, so that its seconds
    /// are told apart on a GPU. None when broken off: then nothing has changed.
    pub fn step(
        &mut self,
        batch: &Batch,
        step: u64,
        rates: Rates,
        timed: bool,
        pulse: &mut dyn FnMut() -> Pulse,
    ) -> Option<Stepped> {
        let config = self.config.clone();
        self.step_with(batch, &mut Drawn::new(&config, step), rates, timed, pulse)
    }

    /// As [`Self::step`], with choices from elsewhere.
    pub fn step_with(
        &mut self,
        batch: &Batch,
        choices: &mut dyn Choices,
        rates: Rates,
        timed: bool,
        pulse: &mut dyn FnMut() -> Pulse,
    ) -> Option<Stepped> {
        let mut seconds = Seconds::default();
        let mut clock = Clock { device: self.device.clone(), timed, since: Instant::now() };
        let features = self.features(batch, pulse)?;
        seconds.encoder_forward = clock.lap();

        let features = Tensor::<3>::from_inner(features).require_grad();
        let objective = self.objective(batch, features.clone(), choices);
        let Objective { total, names, terms, .. } = objective;
        if pulse() == Pulse::Stop {
            return None;
        }
        let mut backward = total.backward();
        let upstream = features.grad_remove(&mut backward);
        let mut gradients = Gradients::collect(DETECTOR, &self.detector, &mut backward);
        drop(backward);
        seconds.detector = clock.lap();

        if let Some(upstream) = upstream
            && let Some(encoder) = self.encoder.as_ref().filter(|_| !self.config.encoder.frozen)
        {
            let chunks = choices.snippets(&upstream);
            let scale = self.scaling.map_or(1.0, |scaling| scaling.factor());
            let encoding = Encoding::new(encoder, &self.config.encoder, &self.device).scaled(scale);
            for chunk in chunks {
                if pulse() == Pulse::Stop {
                    return None;
                }
                gradients.add(encoding.gradients(batch, &chunk, &upstream));
            }
            seconds.encoder_backward = clock.lap();
        }
        if pulse() == Pulse::Stop {
            return None;
        }
        let norm = self.settle(gradients, rates).unwrap_or_else(|| Tensor::zeros([1], &terms.device()));
        seconds.detector += clock.lap();
        let names = names.into_iter().chain([GRADIENT_NORM.to_owned()]).collect();
        Some(Stepped { names, terms: Tensor::cat(vec![terms, norm], 0), seconds })
    }

    /// As [`Self::apply`], but leaves the step out when the encoder's gradients left the range of its precision. Gives back the norm of those
    /// that are left.
    fn settle(&mut self, gradients: Gradients, rates: Rates) -> Option<Tensor<1>> {
        // The norm is read back here, so that the device is waited for in each step: the price of f16.
        if let Some(scaling) = &mut self.scaling
            && let Some(norm) = gradients.norm()
            && !scaling.judge(norm.into_data().iter::<f32>().all(f32::is_finite))
        {
            return gradients.without(ENCODER).norm();
        }
        self.apply(gradients, rates)
    }

    /// Clips all gradients together and moves both groups (spec 7.1, 7.2). Gives back the global norm before.
    pub(super) fn apply(&mut self, mut gradients: Gradients, rates: Rates) -> Option<Tensor<1>> {
        let limit = self.config.solver.clip_norm;
        let norm = if limit > 0.0 { gradients.clip(limit) } else { gradients.norm() };
        self.detector = self.optimizer.step(DETECTOR, self.detector.clone(), &gradients, rates.detector);
        self.encoder =
            self.encoder.take().map(|encoder| self.optimizer.step(ENCODER, encoder, &gradients, rates.encoder));
        norm
    }

    /// Features `[batch, channels, tscale]` without gradient: stored ones, or the encoder's, chunk by chunk.
    pub fn features(&self, batch: &Batch, pulse: &mut dyn FnMut() -> Pulse) -> Option<Tensor<3>> {
        let device = self.device.clone().inner();
        let (items, time) = (batch.items.len(), self.config.model.tscale);
        let is_stored = |item: &Item| matches!(item.input, Input::Features(_));
        let Some(encoder) = self.encoder.as_ref().filter(|_| !batch.items.iter().all(is_stored)) else {
            let stored: Vec<f32> = batch
                .items
                .iter()
                .flat_map(|item| match &item.input {
                    Input::Features(values) => values.iter().copied(),
                    Input::Clips(_) => [].iter().copied(),
                })
                .collect();
            let channels = stored.len() / (items * time).max(1);
            return Some(Tensor::from_data(TensorData::new(stored, [items, channels, time]), &device));
        };
        let encoding = Encoding::new(encoder, &self.config.encoder, &device);
        let size = chunk_size(&self.config.encoder, items);
        let all: Vec<(usize, usize)> = (0..items).flat_map(|item| (0..time).map(move |t| (item, t))).collect();
        let mut found = Vec::with_capacity(all.len().div_ceil(size));
        for chunk in all.chunks(size) {
            if pulse() == Pulse::Stop {
                return None;
            }
            found.push(encoding.features(batch, chunk));
        }
        let features = Tensor::cat(found, 0);
        let channels = features.dims()[1];
        Some(features.reshape([items, time, channels]).swap_dims(1, 2))
    }

    /// Forward pass and loss of a batch on given features `[batch, channels, tscale]`.
    pub(super) fn objective(&self, batch: &Batch, features: Tensor<3>, choices: &mut dyn Choices) -> Objective {
        let proposals = |(item, one): (usize, &Item)| one.truth.with_rejected(choices.proposals(item));
        let sampled: Vec<Vec<Span>> = batch.items.iter().enumerate().map(proposals).collect();
        let truths: Vec<Truth> = batch.items.iter().map(|item| item.truth.clone()).collect();
        let count = sampled.first().map_or(0, Vec::len);
        let flat: Vec<f32> = sampled.iter().flatten().flatten().copied().collect();
        let spans = Tensor::from_data(TensorData::new(flat, [sampled.len(), count, 2]), &self.device);
        let output = self.detector.forward(features, mask(batch, &self.device), spans);
        self.losses.objective(&output, &truths, sampled, &mut |stage, site, count| choices.noise(stage, site, count))
    }
}

/// Clips that pass the encoder at once: so many snippets of each item (spec 7.3).
#[must_use]
pub fn chunk_size(config: &EncoderConfig, items: usize) -> usize {
    config.at_once() * items.max(1)
}

/// Mask `[batch, tscale]` of padded items; none when nothing is padded.
#[must_use]
pub fn mask(batch: &Batch, device: &Device) -> Option<Tensor<2>> {
    let values: Vec<f32> = batch.items.iter().flat_map(|item| item.mask.iter().copied()).collect();
    let items = batch.items.len();
    let time = values.len() / items.max(1);
    values.contains(&0.0).then(|| Tensor::from_data(TensorData::new(values, [items, time]), device))
}

/// Time since the last lap.
struct Clock {
    device: Device,
    timed: bool,
    since: Instant,
}

impl Clock {
    fn lap(&mut self) -> f64 {
        if self.timed
            && let Err(error) = self.device.sync()
        {
            tracing::debug!("the device did not synchronise: {error}");
        }
        let now = Instant::now();
        let seconds = (now - self.since).as_secs_f64();
        self.since = now;
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Architecture, Chunk, HeadVariant, Norm};
    use crate::train::checkpoint::fresh;
    use crate::train::encoding::{Half, clips_of};
    use crate::train::item::Clips;
    use crate::train::windows::Window;
    use burn::tensor::DType;

    fn config(ratio: f64) -> Config {
        let encoder = EncoderConfig {
            arch: Architecture::R2plus1d,
            blocks: vec![1, 1],
            widths: vec![4, 8],
            stem_mid: 4,
            stem_width: 4,
            stem_kernel: 3,
            temporal_strides: vec![1, 2],
            spatial_strides: vec![1, 2],
            norm: Norm::Group,
            norm_groups: 2,
            norm_epsilon: 1e-5,
            chunk: Chunk::Fixed(3),
            snippet_ratio: ratio,
            ..EncoderConfig::default()
        };
        let mut config = Config { encoder, ..Config::default() };
        (config.model.in_channels, config.model.hidden, config.model.groups) = (8, 8, 2);
        (config.model.tscale, config.model.dscale, config.model.norm_groups) = (8, 8, 2);
        (config.model.head.features, config.model.head.fc_channels) = (8, 8);
        config.model.roi.bins = 4;
        config.model.proposals.ratio = 0.5;
        config
    }

    fn batch() -> Batch {
        let item = |seed: usize| Item {
            video: format!("v{seed}"),
            duration: 8.0,
            window: Window { start: 0.0, length: 8.0 },
            input: Input::Clips(Clips {
                frames: (0..16 * 3 * 64).map(|index| ((index * 31 + seed * 7) % 251) as u8).collect(),
                index: (0..8).flat_map(|snippet| [2 * snippet, 2 * snippet + 1]).collect(),
                length: 2,
                side: 8,
            }),
            mask: vec![1.0; 8],
            truth: Truth { segments: vec![[1.0, 4.0], [3.0, 7.5]], classes: vec![0, 0], ..Truth::default() },
        };
        Batch { items: vec![item(0), item(1)], broken: Vec::new() }
    }

    /// Encoder gradients by name: through the three stages, and by ordinary back-propagation of the whole.
    #[test]
    fn with_every_snippet_the_three_stages_equal_ordinary_back_propagation() {
        let device = Device::flex().autodiff();
        let (config, batch) = (config(1.0), batch());
        let engine = fresh(&config, &crate::domain::ClassList::default(), &device);
        let encoder = engine.encoder.as_ref().expect("an encoder");
        let mut choices = Drawn::new(&config, 0);

        let features = engine.features(&batch, &mut || Pulse::Go).expect("not broken off");
        let features = Tensor::<3>::from_inner(features).require_grad();
        let mut backward = engine.objective(&batch, features.clone(), &mut choices).total.backward();
        let upstream = features.grad_remove(&mut backward).expect("a gradient");
        let native = Encoding::new(encoder, &config.encoder, &device);
        assert!(matches!(native, Encoding::Native(..)));
        let staged = [native, Encoding::Tensors(encoder, device.clone(), Half { precision: DType::F32, scale: 1.0 })]
            .map(|way| {
                let mut staged = Gradients::default();
                for chunk in choices.snippets(&upstream) {
                    staged.add(way.gradients(&batch, &chunk, &upstream));
                }
                staged
            });

        let all: Vec<(usize, usize)> = (0..2).flat_map(|item| (0..8).map(move |t| (item, t))).collect();
        let whole = encoder.forward(clips_of(&batch, &all, &device)).reshape([2, 8, 8]).swap_dims(1, 2);
        let mut backward = engine.objective(&batch, whole, &mut choices).total.backward();
        let ordinary = Gradients::collect(ENCODER, encoder, &mut backward);

        assert!(ordinary.names().count() > 10);
        for name in ordinary.names() {
            let host = |gradients: &Gradients| -> Vec<f32> {
                gradients.get(name).expect("there").to_data().iter::<f32>().collect()
            };
            let b = host(&ordinary);
            let largest = b.iter().fold(0.0f32, |most, value| most.max(value.abs()));
            for staged in &staged {
                let a = host(staged);
                // 1e-4 of the largest: sums over chunks in another order.
                assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-4 * largest + 1e-8), "{name}: {a:?} {b:?}");
            }
        }
    }

    /// Features and gradients of an encoder in half precision beside f32's, with and without scaling.
    #[test]
    fn half_precision_is_f32_but_for_its_digits() {
        let device = Device::flex().autodiff();
        for norm in [Norm::Group, Norm::Batch] {
            let (mut config, batch) = (config(1.0), batch());
            config.encoder.norm = norm;
            let engine = fresh(&config, &crate::domain::ClassList::default(), &device);
            let encoder = engine.encoder.as_ref().expect("an encoder");
            let chunk: Vec<(usize, usize)> = (0..8).map(|snippet| (0, snippet)).collect();
            let upstream: Vec<f32> = (0..8 * 8).map(|index| (index * 13 % 29) as f32 / 1e3 - 0.014).collect();
            let upstream = Tensor::<3>::from_data(TensorData::new(upstream, [1, 8, 8]), &Device::flex());
            let way = |precision, scale| Encoding::Tensors(encoder, device.clone(), Half { precision, scale });
            let numbers = |tensor: Tensor<1>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
            let off = |found: &[f32], expected: &[f32]| {
                let length =
                    |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
                length(&mut found.iter().zip(expected).map(|(a, b)| a - b)) / length(&mut expected.iter().copied())
            };
            let exact = way(DType::F32, 1.0);
            let expected = exact.gradients(&batch, &chunk, &upstream);
            // As whole vectors. Features lose what 11 and 8 binary digits lose in each of ten layers. Gradients lose more, as ReLUs whose
            // inputs are off by a share s switch where they are that near to zero, which spoils a share s of the gradients whole: its root counts.
            for (precision, scale, of_features, of_gradients) in
                [(DType::F16, 1024.0, 0.003, 0.15), (DType::BF16, 1.0, 0.03, 0.3)]
            {
                let half = way(precision, scale);
                let features = [&half, &exact].map(|way| numbers(way.features(&batch, &chunk).reshape([-1])));
                let found = half.gradients(&batch, &chunk, &upstream);
                assert_eq!(found.names().collect::<Vec<_>>(), expected.names().collect::<Vec<_>>());
                let all = |gradients: &Gradients| -> Vec<f32> {
                    let of = |name| numbers(gradients.get(name).expect("there").clone());
                    expected.names().flat_map(of).collect()
                };
                let worst = (off(&features[0], &features[1]), off(&all(&found), &all(&expected)));
                println!("{norm:?} {precision:?}: features off by {:.5}, gradients by {:.5}", worst.0, worst.1);
                let other = way(precision, scale / 16.0).gradients(&batch, &chunk, &upstream);
                assert!(off(&all(&other), &all(&found)) < 0.01, "{norm:?} {precision:?}: the scale is felt");
                assert!(worst.0 > 0.0 && worst.0 < of_features && worst.1 < of_gradients, "{norm:?} {precision:?}");
            }
        }
    }

    #[test]
    fn a_step_whose_gradients_overflow_in_f16_is_left_out_and_scales_less() {
        let device = Device::flex().autodiff();
        let mut config = config(1.0);
        config.encoder.precision = Precision::F16;
        let mut engine = fresh(&config, &crate::domain::ClassList::default(), &device);
        let weights = |engine: &Engine| crate::model::weights::Weights::default().with(&engine.detector).tensors;
        let before = weights(&engine);
        let gradients = |encoder: f32| {
            let mut gradients = Gradients::default();
            let one = |value: f32| Tensor::<1>::from_data([value], &device.clone().inner());
            gradients.insert(format!("{DETECTOR}.unknown"), one(3.0));
            gradients.insert(format!("{ENCODER}.unknown"), one(encoder));
            gradients
        };
        let rates = Rates { detector: 1e-2, encoder: 1e-2 };
        let norm = |norm: Option<Tensor<1>>| norm.expect("a norm").into_data().iter::<f32>().next();
        assert_eq!(norm(engine.settle(gradients(f32::INFINITY), rates)), Some(3.0), "of what is finite");
        assert_eq!(engine.scaling.map(|scaling| scaling.factor()), Some(32768.0));
        assert!(engine.optimizer.save().is_empty() && weights(&engine) == before);
        assert_eq!(norm(engine.settle(gradients(4.0), rates)), Some(5.0));
    }

    #[test]
    fn a_step_that_is_broken_off_has_not_happened_and_a_frozen_encoder_stays() {
        let device = Device::flex().autodiff();
        let rates = Rates { detector: 1e-2, encoder: 1e-2 };
        let values = |engine: &Engine| {
            let weights = crate::model::weights::Weights::default().with(&engine.detector);
            engine.encoder.iter().fold(weights, |weights, encoder| weights.with(encoder)).tensors
        };
        let mut engine = fresh(&config(0.5), &crate::domain::ClassList::default(), &device);
        let before = values(&engine);
        for stop in 1..6 {
            let mut pulses = 0;
            let stepped = engine.step(&batch(), 0, rates, false, &mut || {
                pulses += 1;
                if pulses == stop { Pulse::Stop } else { Pulse::Go }
            });
            assert!(stepped.is_none(), "stopped at pulse {stop}");
        }
        assert_eq!(values(&engine), before);
        assert!(engine.optimizer.save().is_empty());

        let mut frozen = config(0.5);
        frozen.encoder.frozen = true;
        let mut engine = fresh(&frozen, &crate::domain::ClassList::default(), &device);
        engine.step(&batch(), 0, rates, false, &mut || Pulse::Go).expect("steps");
        let moved: Vec<String> = values(&engine)
            .into_iter()
            .filter(|(name, array)| before.get(name) != Some(array))
            .map(|(name, _)| name)
            .collect();
        assert!(!moved.is_empty() && moved.iter().all(|name| !name.starts_with("backbone")), "{moved:?}");
    }

    /// Spec 6.6: without a good proposal OpenTAD's offset loss is a constant, and what has no gradient stays (spec 7.2).
    #[test]
    fn a_stage_without_a_good_proposal_leaves_opentads_offset_head_alone() {
        let device = Device::flex().autodiff();
        let rates = Rates { detector: 1e-2, encoder: 1e-2 };
        for (variant, stays) in [(HeadVariant::OpenTad, true), (HeadVariant::Official, false)] {
            let mut config = config(0.5);
            config.model.head.variant = variant;
            // No IoU exceeds the last threshold.
            config.model.head.stages = vec![0.0, 0.0, 1.0];
            let mut engine = fresh(&config, &crate::domain::ClassList::default(), &device);
            let values = |engine: &Engine| crate::model::weights::Weights::default().with(&engine.detector).tensors;
            let before = values(&engine);
            for _ in 0..2 {
                engine.step(&batch(), 0, rates, false, &mut || Pulse::Go).expect("steps");
            }
            let after = values(&engine);
            let moved = |stage: usize, head: &str| {
                let head = format!(".{stage}.{head}.");
                let mut names = before.keys().filter(|name| name.contains(&head)).peekable();
                assert!(names.peek().is_some(), "{head} is in {:?}", before.keys());
                names.any(|name| before[name] != after[name])
            };
            assert!(moved(1, "reg_head") && moved(2, "iou_head"), "{variant:?}");
            assert_eq!(moved(2, "reg_head"), !stays, "{variant:?}");
        }
    }
}
