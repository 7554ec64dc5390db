//! How much memory a training will take, told before it starts: by the shapes of what it keeps on the CPU, by one small chunk on a GPU.
//!
//! The parts that grow with the recipe are counted; what is left, the program itself and its libraries, is measured.

use serde::Serialize;

use super::report::{device_reserved, process_memory};
use super::step::{Engine, chunk_size};
use crate::config::{Architecture, Chunk, Config, Sampling, Scheme};
use crate::model::weights::{Named, parameters};
use crate::model::{ClipSize, FreeMemory, NativeEncoder, free_memory, proposals};
use burn::tensor::Device;

/// Share of the free memory that is planned with: allocators keep more than they are asked for.
const USABLE: f64 = 0.9;
/// Frames a second of film, where the recipe does not say which frames it takes: more is rare.
const FILM: f64 = 30.0;
/// Bytes that are kept of each frame of each video: its presentation time, twice, and what its index says of it.
const FRAME_TIMES: u64 = 32;
const FLOAT: u64 = size_of::<f32>() as u64;

/// Bytes by what they are for. On a GPU `frames`, `loader` and `program` are the system's, all else the device's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Parameters, with the copy of the encoder's that the CPU computes with.
    pub weights: u64,
    /// Gradients of what is trained.
    pub gradients: u64,
    /// Both moments of the optimiser.
    pub moments: u64,
    /// Frames of the batch that trains, as bytes.
    pub frames: u64,
    /// Features of the batch.
    pub features: u64,
    /// What a chunk of clips keeps in the encoder on its way forward and back.
    pub encoder: u64,
    /// What a batch keeps in the detector; gone before the encoder's chunks learn, so that the larger of the two counts.
    pub detector: u64,
    /// Batches that are made ahead, and the cache of frames at its fullest.
    pub loader: u64,
    /// The program, its libraries and the annotations.
    pub program: u64,
    /// Of all these at once, what must be free on the device.
    pub needed: u64,
}

/// What a recipe is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Bytes that the training may take, its own of now included.
    pub bytes: u64,
    /// Whether the configuration says so; if not, it is what is free.
    pub configured: bool,
}

impl Budget {
    /// The configuration's, else what is free on the device; none where neither tells.
    #[must_use]
    pub fn of(config: &Config, device: &Device, part: &str) -> Option<Self> {
        let configured = config.solver.memory_budget as u64;
        if configured > 0 {
            return Some(Self { bytes: configured << 20, configured: true });
        }
        let FreeMemory { free, .. } = free_memory(device, part)?;
        let held = if is_cpu(device) { process_memory() } else { device_reserved(device) };
        Some(Self { bytes: free + held.unwrap_or(0), configured: false })
    }

    fn holds(self, needed: u64) -> bool {
        let share = if self.configured { 1.0 } else { USABLE };
        needed as f64 <= self.bytes as f64 * share
    }
}

/// What of a network and its data does not change with the recipe's portions.
pub(super) struct Meter {
    native: Option<NativeEncoder>,
    /// Bytes of a clip in the encoder, measured.
    per_clip: Option<u64>,
    /// Parameters that learn, and that do not.
    encoder: (u64, u64),
    detector: (u64, u64),
    /// Windows or videos of an epoch.
    items: usize,
    /// Seconds of all videos, of whose frames the times are kept.
    film: f64,
    /// Distinct frames of an item, where a batch has been seen.
    item_frames: Option<usize>,
    cpu: bool,
    program: u64,
}

impl Meter {
    /// For a network at hand; `items`, of videos of `film` seconds in all, train in an epoch.
    pub(super) fn new(config: &Config, engine: &Engine, (items, film): (usize, f64), device: &Device) -> Self {
        let cpu = is_cpu(device);
        let encoder = engine.encoder.as_ref();
        let held = process_memory().unwrap_or(0);
        let counts = [encoder.map(count).unwrap_or_default(), count(&engine.detector)];
        let weights: u64 = counts.iter().map(|(trained, frozen)| (trained + frozen) * FLOAT).sum();
        Self {
            native: encoder.filter(|_| cpu).map(|encoder| NativeEncoder::new(encoder, &config.encoder)),
            per_clip: if cpu { None } else { engine.clip_bytes() },
            encoder: counts[0],
            detector: counts[1],
            items,
            film,
            item_frames: None,
            cpu,
            program: if cpu { held.saturating_sub(weights) } else { held },
        }
    }

    /// Counts with the frames that items were seen to have.
    pub(super) fn seen(mut self, frames: usize) -> Self {
        self.item_frames = Some(frames);
        self
    }

    /// What a recipe needs that differs from this network's in portions and sizes of pictures only.
    pub(super) fn estimate(&self, config: &Config) -> Estimate {
        let (model, solver, data) = (&config.model, &config.solver, &config.data);
        let batch = solver.batch_size.max(1).min(self.items.max(1));
        let (encoder, detector) = (self.encoder, self.detector);
        let copy = self.native.as_ref().map_or(0, NativeEncoder::weight_bytes);
        let trained = encoder.0 + detector.0;
        let features = (batch * model.in_channels * model.tscale) as u64 * FLOAT;
        let with_encoder = config.encoder.arch != Architecture::None;
        let frames = if with_encoder { self.frames(config) } else { 0 };
        let picture = (frames * 3 * data.crop * data.crop) as u64;
        let resized = (frames * 3 * data.resize_width * data.resize_height) as u64;
        let item = picture + if with_encoder { 0 } else { features / batch as u64 };
        let workers = solver.workers.max(1) as u64;
        // One batch ahead, one item in the hands of each thread with its frames before they are cut.
        let ahead = (batch as u64 + workers) * item + workers * resized;
        let cache = ((solver.frame_cache as u64) << 20).min(resized * self.items as u64);
        let times = if with_encoder { (self.film * FILM) as u64 * FRAME_TIMES } else { 0 };
        let estimate = Estimate {
            weights: (encoder.0 + encoder.1 + detector.0 + detector.1) * FLOAT + copy,
            gradients: trained * FLOAT,
            moments: 2 * trained * FLOAT,
            frames: batch as u64 * item,
            // Chunk by chunk, joined, and turned.
            features: if with_encoder { 3 * features } else { features },
            encoder: if with_encoder { self.encoder(config, batch) } else { 0 },
            detector: detector_bytes(config, batch),
            loader: ahead + cache + times,
            program: self.program,
            needed: 0,
        };
        let device = estimate.weights + estimate.gradients + estimate.moments + estimate.features;
        let device = device + estimate.encoder.max(estimate.detector);
        let system = estimate.frames + estimate.loader + estimate.program;
        Estimate { needed: if self.cpu { device + system } else { device }, ..estimate }
    }

    /// Whether the cache has room for all frames that train.
    pub(super) fn cache_holds_all(&self, config: &Config) -> bool {
        let data = &config.data;
        let resized = 3 * data.resize_width * data.resize_height * self.frames(config) * self.items;
        resized <= config.solver.frame_cache << 20
    }

    /// Distinct frames of an item.
    fn frames(&self, config: &Config) -> usize {
        let data = &config.data;
        let most = config.model.tscale * data.clip_length;
        self.item_frames.unwrap_or_else(|| match (data.scheme, data.sampling) {
            (Scheme::Windows, Sampling::Time) => most.min((data.window_seconds * FILM).ceil() as usize),
            _ => most,
        })
    }

    fn encoder(&self, config: &Config, batch: usize) -> u64 {
        let (data, clips) = (&config.data, chunk_size(&config.encoder, batch));
        let size = ClipSize { frames: data.clip_length, side: data.crop };
        let learns = !config.encoder.frozen;
        match &self.native {
            Some(native) => native.working_bytes(clips, size, learns),
            None => clips as u64 * self.per_clip.unwrap_or(0),
        }
    }

    /// Snippets that pass the encoder at once: those of the recipe, or with "auto" the largest power of two that fits.
    pub(super) fn at_once(&self, config: &Config, budget: Option<Budget>) -> usize {
        let encoder = &config.encoder;
        let (true, Some(budget)) = (encoder.at_once == 0 && encoder.chunk == Chunk::Auto, budget) else {
            return encoder.at_once();
        };
        let sizes = std::iter::successors(Some(1usize), |size| Some(size * 2));
        let fitting = sizes.take_while(|size| *size < 2 * config.model.tscale).take_while(|&size| {
            budget.holds(self.estimate(&with(config, |config| config.encoder.at_once = size)).needed)
        });
        fitting.last().unwrap_or(1)
    }

    /// What to do about a recipe that does not fit, as a sentence; none when it does.
    pub(super) fn advice(&self, config: &Config, budget: Budget) -> Option<String> {
        let needed = self.estimate(config).needed;
        if budget.holds(needed) {
            return None;
        }
        let mut tried = config.clone();
        let mut changes: Vec<(&str, usize)> = Vec::new();
        let mut change = |key: &'static str, value: usize, tried: &Config| {
            changes.retain(|(known, _)| *known != key);
            changes.push((key, value));
            let needed = self.estimate(tried).needed;
            budget.holds(needed).then(|| {
                let words: Vec<String> = changes.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                format!("set {} (about {})", words.join(" and "), gigabytes(needed))
            })
        };
        let mut found = None;
        if config.encoder.arch != Architecture::None {
            while found.is_none() && tried.encoder.at_once() > 1 {
                tried.encoder.at_once = tried.encoder.at_once() / 2;
                found = change("encoder.at_once", tried.encoder.at_once, &tried);
            }
            if found.is_none() && tried.solver.frame_cache > 0 && self.cpu {
                tried.solver.frame_cache = 0;
                found = change("solver.frame_cache", 0, &tried);
            }
        }
        while found.is_none() && tried.solver.batch_size > 1 {
            tried.solver.batch_size /= 2;
            found = change("solver.batch_size", tried.solver.batch_size, &tried);
        }
        if found.is_none() && config.encoder.arch != Architecture::None {
            tried.data.crop = tried.data.crop * 3 / 4;
            found = change("data.crop", tried.data.crop, &tried);
        }
        if found.is_none() {
            tried.model.tscale /= 2;
            tried.model.dscale = tried.model.dscale.min(tried.model.tscale);
            found = change("model.tscale", tried.model.tscale, &tried);
        }
        let found = found.unwrap_or_else(|| "take a narrower network or a device with more memory".to_owned());
        let (there, verb) = (gigabytes(budget.bytes), if budget.configured { "allowed" } else { "free" });
        Some(format!("needs about {}, {there} are {verb}: {found}", gigabytes(needed)))
    }
}

/// A changed copy.
fn with(config: &Config, change: impl FnOnce(&mut Config)) -> Config {
    let mut config = config.clone();
    change(&mut config);
    config
}

pub(super) fn is_cpu(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}

/// Bytes as a person reads them: "5.2 GB", "0.03 GB".
fn gigabytes(bytes: u64) -> String {
    let number = bytes as f64 / 1e9;
    if number < 0.095 { format!("{number:.2} GB") } else { format!("{number:.1} GB") }
}

/// Parameters that learn, and that do not.
fn count<M: Named>(module: &M) -> (u64, u64) {
    parameters(module).into_iter().fold((0, 0), |(trained, frozen), parameter| {
        let size = parameter.shape.iter().product::<usize>() as u64;
        if parameter.trained { (trained + size, frozen) } else { (trained, frozen + size) }
    })
}

/// What the proposal heads keep of a batch; the layers before them are small beside it. Stage by stage: RoI align as a matrix
/// `[proposals, bins, time]`, the shared layer at all times `[time, bins, features]` with its copies in other orders, and the branches.
fn detector_bytes(config: &Config, batch: usize) -> u64 {
    let model = &config.model;
    let (time, bins, head) = (model.tscale, model.roi.bins, &model.head);
    let rows = (proposals::all(time, model.dscale).len() as f64 * model.proposals.ratio) as usize * batch;
    let align = rows * bins * time;
    let shared = batch * time * bins * head.features;
    let weight = model.hidden * bins * head.features;
    let branches = rows * (3 * head.features + 6 * head.fcs * head.fc_channels);
    let neck = 40 * batch * time * model.hidden;
    let stages = head.stages.len();
    // What is kept, and what one stage's way back takes besides.
    ((stages * (align + 2 * shared + 2 * weight + branches) + 2 * shared + 2 * weight + align + neck) as u64) * FLOAT
}

#[cfg(test)]
mod tests;
