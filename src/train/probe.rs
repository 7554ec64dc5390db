//! One chunk of a step, from which a whole step's time follows, and the memory of a clip on a GPU.

use std::time::Instant;

use burn::module::Module as _;
use burn::tensor::{Device, Tensor};

use super::choices::{Choices as _, Drawn};
use super::encoding::Encoding;
use super::error::TrainError;
use super::item::{Clips, Input, Item};
use super::loader::Batch;
use super::optimizer::Gradients;
use super::report::device_reserved;
use super::snippets;
use super::step::{DETECTOR, Engine, Rates, chunk_size, mask};
use super::targets::Truth;
use super::windows::Window;
use crate::detect::candidates;
use crate::domain::Seconds;

/// What a step would take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    /// Seconds of a whole step by part, but for waiting.
    pub(super) seconds: Seconds,
    /// Seconds to search a batch.
    pub(super) search: f64,
}

impl Engine {
    /// Passes one chunk of `batch` through the encoder and back, the whole batch through the detector, and takes the step.
    pub(super) fn probe(&mut self, batch: &Batch, rates: Rates) -> Result<Probe, TrainError> {
        let config = self.config.clone();
        let (items, time) = (batch.items.len(), config.model.tscale);
        let timed = |since: Instant, device: &Device| {
            if let Err(error) = device.sync() {
                tracing::debug!("the device did not synchronise: {error}");
            }
            since.elapsed().as_secs_f64()
        };
        let device = self.device.clone();
        let inner = device.clone().inner();
        let (mut probe, mut seconds) = (Probe::default(), Seconds::default());

        let since = Instant::now();
        let is_clip = |item: &Item| matches!(item.input, Input::Clips(_));
        let learns = !config.encoder.frozen;
        let encoder = self.encoder.as_ref().filter(|_| batch.items.iter().all(is_clip));
        let features = if let Some(encoder) = encoder {
            let all: Vec<(usize, usize)> = (0..time).flat_map(|t| (0..items).map(move |item| (item, t))).collect();
            let chunk = &all[..chunk_size(&config.encoder, items).min(all.len())];
            let few = Encoding::new(encoder, &config.encoder, &inner).features(batch, chunk);
            let [_, channels] = few.dims();
            seconds.encoder_forward = timed(since, &device) * all.len() as f64 / chunk.len() as f64;
            // What the features are makes no difference to time and memory.
            let repeated = few.repeat(&[all.len().div_ceil(chunk.len()), 1]).narrow(0, 0, all.len());
            repeated.reshape([items, time, channels]).swap_dims(1, 2)
        } else {
            self.features(batch, &mut || super::step::Pulse::Go)
                .unwrap_or_else(|| Tensor::zeros([items, config.model.in_channels, time], &inner))
        };

        let since = Instant::now();
        let tracked = Tensor::<3>::from_inner(features.clone()).require_grad();
        let mut choices = Drawn::new(&config, 0);
        let mut backward = self.objective(batch, tracked.clone(), &mut choices).total.backward();
        let upstream = tracked.grad_remove(&mut backward);
        let mut gradients = Gradients::collect(DETECTOR, &self.detector, &mut backward);
        drop(backward);
        seconds.detector = timed(since, &device);

        if let (Some(upstream), Some(encoder), true) = (upstream, encoder, learns) {
            let since = Instant::now();
            let count = snippets::count(time, config.encoder.snippet_ratio, config.encoder.chunk.rounding()) * items;
            let chunks = choices.snippets(&upstream);
            if let Some(chunk) = chunks.first() {
                gradients.add(Encoding::new(encoder, &config.encoder, &device).gradients(batch, chunk, &upstream));
                seconds.encoder_backward = timed(since, &device) * count as f64 / chunk.len() as f64;
            }
        }
        let since = Instant::now();
        self.apply(gradients, rates);
        seconds.detector += timed(since, &device);

        let since = Instant::now();
        candidates(&self.detector.valid(), features, mask(batch, &inner), &mut || true)?;
        probe.search = timed(since, &device) + seconds.encoder_forward;
        probe.seconds = seconds;
        Ok(probe)
    }

    /// Bytes that a clip takes in the encoder on its way forward and back, measured on one snippet of a batch; none where the device
    /// does not tell, or nothing passes.
    pub(super) fn clip_bytes(&self) -> Option<u64> {
        let (config, encoder) = (&self.config, self.encoder.as_ref()?);
        let before = device_reserved(&self.device)?;
        let (items, length, side) = (config.solver.batch_size.max(1), config.data.clip_length, config.data.crop);
        let item = Item {
            video: String::new(),
            duration: 1.0,
            window: Window { start: 0.0, length: 1.0 },
            input: Input::Clips(Clips { frames: vec![0; 3 * side * side], index: vec![0; length], length, side }),
            mask: vec![1.0],
            truth: Truth::default(),
        };
        let batch = Batch { items: vec![item; items], broken: Vec::new() };
        let chunk: Vec<(usize, usize)> = (0..items).map(|item| (item, 0)).collect();
        let encoding = Encoding::new(encoder, &config.encoder, &self.device);
        if config.encoder.frozen {
            drop(encoding.features(&batch, &chunk));
        } else {
            let upstream = Tensor::zeros([items, config.model.in_channels, 1], &self.device.clone().inner());
            drop(encoding.gradients(&batch, &chunk, &upstream));
        }
        self.device.sync().ok()?;
        Some(device_reserved(&self.device)?.saturating_sub(before) / items as u64)
    }

    /// From now on so many snippets pass the encoder at once.
    pub(super) fn pass_at_once(&mut self, snippets: usize) {
        self.config.encoder.at_once = snippets;
    }
}
