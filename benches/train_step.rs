//! One training step's time and memory on synthetic clips: `cargo bench --bench train_step -- CONFIG` (README, `make bench-train`).
//!
//! Needs neither window nor video, so that it can be carried to a machine with a GPU:
//! `cargo bench --no-default-features --features autotune --bench train_step --no-run`. With `--dump` it writes weights, clips,
//! draws and results of its first step, so that `benches/pytorch/step.py` does the very same step.

#![allow(clippy::print_stdout, reason = "a bench says what it measured")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use burn::tensor::Tensor;
use clap::Parser;
use etad::config::{self, Config};
use etad::domain::{ClassList, Seconds};
use etad::model::{device, weights::Weights};
use etad::train::checkpoint::fresh;
use etad::train::choices::{Choices, Drawn};
use etad::train::item::{Clips, Input, Item};
use etad::train::loader::Batch;
use etad::train::losses::Site;
use etad::train::step::{Engine, Pulse, Rates, Stepped, chunk_size};
use etad::train::targets::{Span, Truth};
use etad::train::windows::Window;
use etad::train::{device_reserved, process_memory_peak};
use peak_alloc::PeakAlloc;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// What to measure.
#[derive(Parser)]
struct Options {
    /// Recipe that gives the shapes.
    config: PathBuf,
    /// cpu, wgpu[:N] or cuda[:N].
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Other values of the recipe's keys.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Steps measured, after two that are not.
    #[arg(long, default_value_t = 10)]
    steps: u64,
    /// Classes, where the recipe has a class head.
    #[arg(long, default_value_t = 6)]
    classes: usize,
    /// Where to leave the first step for the PyTorch version.
    #[arg(long)]
    dump: Option<PathBuf>,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
}

const RATES: Rates = Rates { detector: 1e-4, encoder: 1e-4 };

/// Items of hashed pixels, every clip of frames of its own, with two actions each.
fn batch(config: &Config) -> Batch {
    let (time, length, side) = (config.model.tscale, config.data.clip_length, config.data.crop);
    let item = |number: u32| {
        let pixel = |index: u32| (index.wrapping_mul(2_654_435_761).wrapping_add(number) >> 21) as u8;
        let scale = time as f32 / 16.0;
        Item {
            video: format!("v{number}"),
            duration: time as f64,
            window: Window { start: 0.0, length: time as f64 },
            input: Input::Clips(Clips {
                frames: (0..(time * length * 3 * side * side) as u32).map(pixel).collect(),
                index: (0..(time * length) as u32).collect(),
                length,
                side,
            }),
            mask: vec![1.0; time],
            truth: Truth {
                segments: vec![[1.0 * scale, 4.5 * scale], [6.0 * scale, 11.0 * scale]],
                classes: vec![0, 1],
                ..Truth::default()
            },
        }
    };
    Batch { items: (0..config.solver.batch_size as u32).map(item).collect(), broken: Vec::new() }
}

/// The draws of a step, kept.
struct Kept<'a> {
    drawn: Drawn<'a>,
    proposals: Vec<Vec<Span>>,
    noise: BTreeMap<String, Vec<f32>>,
    snippets: Vec<Vec<(usize, usize)>>,
}

impl Choices for Kept<'_> {
    fn proposals(&mut self, item: usize) -> Vec<Span> {
        let spans = self.drawn.proposals(item);
        self.proposals.push(spans.clone());
        spans
    }

    fn noise(&mut self, stage: usize, site: Site, count: usize) -> Vec<f32> {
        let noise = self.drawn.noise(stage, site, count);
        self.noise.insert(format!("noise.{stage}.{}", site as u64), noise.clone());
        noise
    }

    fn snippets(&mut self, upstream: &Tensor<3>) -> Vec<Vec<(usize, usize)>> {
        self.snippets = self.drawn.snippets(upstream);
        self.snippets.clone()
    }
}

/// Tensors on their way to a file.
#[derive(Default)]
struct Dump(Vec<(String, Dtype, Vec<usize>, Vec<u8>)>);

impl Dump {
    fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.0.push((name.to_owned(), Dtype::F32, shape.to_vec(), bytes));
    }

    fn integers(&mut self, name: &str, shape: &[usize], values: impl Iterator<Item = usize>) {
        let bytes = values.flat_map(|value| (value as i64).to_le_bytes()).collect();
        self.0.push((name.to_owned(), Dtype::I64, shape.to_vec(), bytes));
    }

    fn write(self, config: &Config, path: &Path) -> Result<()> {
        let views: Vec<(String, TensorView<'_>)> = (self.0.iter())
            .map(|(name, kind, shape, bytes)| Ok((name.clone(), TensorView::new(*kind, shape.clone(), bytes)?)))
            .collect::<Result<_>>()?;
        let about = [("config".to_owned(), config.to_toml()?)].into_iter().collect();
        safetensors::serialize_to_file(views, Some(about), path).with_context(|| format!("{}", path.display()))
    }
}

/// The first step, with everything another program needs to repeat it.
fn dump(config: &Config, engine: &mut Engine, batch: &Batch, path: &Path) -> Result<()> {
    let mut out = Dump::default();
    let weights = Weights::default().with(&engine.detector);
    for (name, array) in engine.encoder.iter().fold(weights, |weights, encoder| weights.with(encoder)).tensors {
        out.floats(&format!("weight.{name}"), &array.shape, &array.values);
    }
    for (number, item) in batch.items.iter().enumerate() {
        if let Input::Clips(clips) = &item.input {
            let shape = [clips.count() * clips.length, 3, clips.side, clips.side];
            out.0.push((format!("frames.{number}"), Dtype::U8, shape.to_vec(), clips.frames.clone()));
        }
        let segments = &item.truth.segments;
        out.floats(&format!("truth.{number}"), &[segments.len(), 2], segments.as_flattened());
        out.integers(&format!("classes.{number}"), &[segments.len()], item.truth.classes.iter().copied());
    }
    let mut kept = Kept { drawn: Drawn::new(config, 0), proposals: vec![], noise: BTreeMap::new(), snippets: vec![] };
    let stepped = engine.step_with(batch, &mut kept, RATES, true, &mut || Pulse::Go).context("broken off")?;
    let spans: Vec<f32> = kept.proposals.iter().flatten().flatten().copied().collect();
    out.floats("proposals", &[kept.proposals.len(), spans.len() / 2 / kept.proposals.len().max(1), 2], &spans);
    for (name, noise) in &kept.noise {
        out.floats(name, &[noise.len()], noise);
    }
    for (number, chunk) in kept.snippets.iter().enumerate() {
        out.integers(&format!("snippets.{number}"), &[chunk.len(), 2], chunk.iter().flat_map(|&(a, b)| [a, b]));
    }
    let Stepped { names, terms, .. } = stepped;
    let terms: Vec<f32> = terms.into_data().iter::<f32>().collect();
    for (name, term) in names.iter().zip(terms) {
        out.floats(&format!("term.{name}"), &[1], &[term]);
    }
    // First moments start at zero: after one step they are a tenth of the gradients, as they were after clipping.
    for (name, moments) in engine.optimizer.save() {
        out.floats(&format!("moment.{name}"), &[moments.first.len()], &moments.first);
    }
    out.write(config, path)
}

/// What the device's memory holds at its peak, in MB: what of it is known by counting, and the rest, which are activations and what the
/// memory pools keep between them. None where the device does not tell its peak.
fn parts(config: &Config, engine: &Engine, peak: Option<u64>) -> Option<serde_json::Value> {
    let mega = |bytes: f64| bytes / 1e6;
    let weights = Weights::default().with(&engine.detector);
    let weights = engine.encoder.iter().fold(weights, |weights, encoder| weights.with(encoder));
    let weights = weights.tensors.values().map(|array| array.values.len()).sum::<usize>() as f64 * 4.0;
    let trained = engine.optimizer.save().values().map(|moments| moments.first.len()).sum::<usize>() as f64 * 4.0;
    let data = &config.data;
    let clips = chunk_size(&config.encoder, config.solver.batch_size) as f64;
    // On the device they are numbers of the encoder's precision; f32 is the most.
    let frames = clips * (3 * data.clip_length * data.crop * data.crop) as f64 * 4.0;
    let counted = weights + trained * 3.0 + frames;
    Some(serde_json::json!({
        "weights": mega(weights), "gradients": mega(trained), "moments": mega(2.0 * trained), "frames_of_a_chunk": mega(frames),
        "activations_and_pools": mega(peak? as f64 - counted),
    }))
}

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most memory that the program held in each part of a step, in bytes, by its own account of what it asked for: the system's account
/// of the process also has what the allocator keeps for later.
#[derive(Default)]
struct Peaks {
    forward: usize,
    detector: usize,
    backward: usize,
}

impl Peaks {
    /// One more step, watched at its pulses: `chunks` of the encoder's forward pass, the detector's, the chunks that learn. The last
    /// chunk's forward pass counts to the detector: no pulse lies between.
    fn watch(&mut self, engine: &mut Engine, batch: &Batch, step: u64, chunks: usize) -> Result<()> {
        let mut pulses = 0;
        let mut watched = || {
            let part = match pulses {
                0 => None,
                pulse if pulse < chunks => Some(&mut self.forward),
                pulse if pulse < chunks + 2 => Some(&mut self.detector),
                _ => Some(&mut self.backward),
            };
            if let Some(part) = part {
                *part = MEMORY.peak_usage().max(*part);
            }
            MEMORY.reset_peak_usage();
            pulses += 1;
            Pulse::Go
        };
        engine.step(batch, step, RATES, true, &mut watched).context("broken off")?;
        Ok(())
    }

    fn report(&self) -> serde_json::Value {
        let mega = |bytes: usize| bytes as f64 / 1e6;
        serde_json::json!({
            "encoder_forward": mega(self.forward), "detector": mega(self.detector), "encoder_backward": mega(self.backward),
        })
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() -> Result<()> {
    let options = Options::parse();
    let config = config::load(&options.config, &options.set)?;
    let chosen = device::choose(&options.device)?;
    let classes = ClassList::new((0..options.classes).map(|class| format!("class {class}")));
    let batch = batch(&config);
    let target = chosen.device.clone().autodiff();
    let mut engine = fresh(&config, &classes, &target);
    if let Some(path) = &options.dump {
        dump(&config, &mut fresh(&config, &classes, &target), &batch, path)?;
    }
    let mut measured: Vec<(f64, Seconds)> = Vec::new();
    for step in 0..options.steps + 2 {
        let since = Instant::now();
        let stepped = engine.step(&batch, step, RATES, true, &mut || Pulse::Go).context("broken off")?;
        let values: Vec<f32> = stepped.terms.into_data().iter::<f32>().collect();
        anyhow::ensure!(values.iter().all(|value| value.is_finite()), "a loss is not finite: {values:?}");
        if step >= 2 {
            measured.push((since.elapsed().as_secs_f64(), stepped.seconds));
        }
    }
    let peak = process_memory_peak();
    let mut peaks = Peaks::default();
    let clips = config.model.tscale * config.solver.batch_size;
    peaks.watch(
        &mut engine,
        &batch,
        options.steps + 2,
        clips.div_ceil(chunk_size(&config.encoder, config.solver.batch_size)),
    )?;
    let part = |pick: fn(&Seconds) -> f64| median(measured.iter().map(|(_, seconds)| pick(seconds)));
    let mega = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64 / 1e6);
    let report = serde_json::json!({
        "program": "etad", "precision": config.encoder.precision.name(),
        "kernels": if cfg!(feature = "spirv") { "SPIR-V on Vulkan" } else { "WGSL" }, "device": chosen.description, "steps": options.steps,
        "seconds": median(measured.iter().map(|(all, _)| *all)),
        "encoder_forward": part(|seconds| seconds.encoder_forward),
        "detector": part(|seconds| seconds.detector),
        "encoder_backward": part(|seconds| seconds.encoder_backward),
        "process_peak_mb": mega(peak), "held_peak_mb": peaks.report(),
        "device_peak_mb": mega(device_reserved(&chosen.device)),
        "device_parts_mb": parts(&config, &engine, device_reserved(&chosen.device)),
    });
    println!("{report}");
    Ok(())
}
