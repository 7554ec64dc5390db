//! The encoder on the CPU, clip by clip in plain memory.
//!
//! Snippets are independent of each other (frozen batch norm, or group norm within a clip), so each clip passes the whole network, and back,
//! on one thread while its values stay in that core's cache. Through the tensor library every layer runs over all clips instead and waits for
//! main memory; `docs/benchmarks.md` has both. Gradients do not depend on the number of threads: clips are summed in fixed groups.

mod conv;
mod matrix;
mod memory;
mod network;
mod norm;
#[cfg(test)]
mod tests;
mod volume;

use std::collections::HashMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use rayon::prelude::*;

use super::Encoder;
use crate::config;
use conv::Conv;
use network::{Block, Factorised, Layer, Network};
use norm::Norm;
use volume::Volume;

/// Sums of gradients that exist at once, each on one thread: as many as fit into this memory, but two at least and these at most. Fixed by
/// the model, never by the number of threads, so that rounding does not depend on the machine.
const SUMS_BYTES: usize = 256 << 20;
const MOST_SUMS: usize = 16;

/// A copy of an [`Encoder`]'s weights that computes on the CPU without the tensor library.
pub struct NativeEncoder {
    network: Network,
    parameters: Vec<Vec<f32>>,
    names: Vec<String>,
    trained: Vec<bool>,
    mean: Vec<f32>,
    std: Vec<f32>,
}

/// Size of a clip: frames, and the side of its square pictures in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipSize {
    /// Frames.
    pub frames: usize,
    /// Pixels.
    pub side: usize,
}

impl ClipSize {
    fn values(self) -> usize {
        3 * self.frames * self.side * self.side
    }
}

impl NativeEncoder {
    /// Copies the weights of `encoder`, which `config` describes.
    #[must_use]
    pub fn new(encoder: &Encoder, config: &config::Encoder) -> Self {
        let mut copy = Copier::default();
        encoder.visit(&mut copy);
        let mut builder = Builder { config, copy: &copy };
        let stem = builder.factorised("stem", 1, 2);
        let mut blocks = Vec::new();
        let mut layer_ends = Vec::new();
        for layer in 0..config.widths.len() {
            let time = config.temporal_strides.get(layer).copied().unwrap_or(1);
            let space = config.spatial_strides.get(layer).copied().unwrap_or(1);
            for index in 0..config.blocks.get(layer).copied().unwrap_or(1) {
                let (time, space) = if index == 0 { (time, space) } else { (1, 1) };
                blocks.push(builder.block(&format!("layers.{layer}.{index}"), time, space));
            }
            layer_ends.push(blocks.len());
        }
        let frozen = if config.frozen { config.widths.len() + 1 } else { config.frozen_stages };
        let frozen_blocks = frozen.checked_sub(2).and_then(|layer| layer_ends.get(layer)).copied().unwrap_or(0);
        let floats = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
        Self {
            network: Network { stem, blocks, frozen_stem: frozen > 0, frozen_blocks },
            mean: floats(&config.mean),
            std: floats(&config.std),
            parameters: copy.values,
            names: copy.names,
            trained: copy.trained,
        }
    }

    /// Features `[clips, channels]`, row-major, of clips `[clips, 3, frames, side, side]` of bytes.
    #[must_use]
    pub fn features(&self, clips: &[u8], size: ClipSize) -> Vec<f32> {
        let features: Vec<Vec<f32>> = clips
            .par_chunks_exact(size.values())
            .map(|clip| self.network.forward(&self.parameters, &self.normalised(clip, size)))
            .collect();
        features.concat()
    }

    /// Gradients of all trained parameters, by their path in the module, for gradients `upstream` `[clips, channels]` of the clips' features.
    #[must_use]
    pub fn gradients(&self, clips: &[u8], size: ClipSize, upstream: &[f32]) -> Vec<(String, Vec<f32>)> {
        let count = clips.len() / size.values().max(1);
        let channels = upstream.len() / count.max(1);
        // What is not trained has an empty gradient.
        let zeros = || -> Vec<Vec<f32>> {
            let pairs = self.parameters.iter().zip(&self.trained);
            pairs.map(|(values, &trained)| if trained { vec![0.0; values.len()] } else { Vec::new() }).collect()
        };
        let each = self.clips_a_sum(count);
        let groups: Vec<Vec<Vec<f32>>> = clips
            .par_chunks(each * size.values())
            .zip(upstream.par_chunks(each * channels))
            .map(|(clips, upstream)| {
                let mut gradients = zeros();
                for (clip, upstream) in clips.chunks_exact(size.values()).zip(upstream.chunks_exact(channels)) {
                    self.network.backward(&self.parameters, &self.normalised(clip, size), upstream, &mut gradients);
                }
                gradients
            })
            .collect();
        let mut groups = groups.into_iter();
        let mut sums = groups.next().unwrap_or_else(zeros);
        for group in groups {
            for (sum, more) in sums.iter_mut().zip(group) {
                sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            }
        }
        let named = self.names.iter().cloned().zip(sums).zip(&self.trained);
        named.filter(|(_, trained)| **trained).map(|(named, _)| named).collect()
    }

    /// Bytes of a sum of gradients.
    fn sum_bytes(&self) -> usize {
        let trained = self.parameters.iter().zip(&self.trained).filter(|(_, trained)| **trained);
        trained.map(|(values, _)| values.len() * size_of::<f32>()).sum()
    }

    /// How many of `count` clips are summed by one thread.
    fn clips_a_sum(&self, count: usize) -> usize {
        let sums = (SUMS_BYTES / self.sum_bytes().max(1)).clamp(2, MOST_SUMS);
        count.div_ceil(sums).max(1)
    }

    /// (x - mean) / std a channel (spec 2.4).
    fn normalised(&self, clip: &[u8], size: ClipSize) -> Volume {
        let mut volume = Volume::zeros(3, size.frames, size.side, size.side);
        let plane = size.frames * size.side * size.side;
        for (channel, (values, bytes)) in
            volume.values.chunks_exact_mut(plane).zip(clip.chunks_exact(plane)).enumerate()
        {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            for (value, &byte) in values.iter_mut().zip(bytes) {
                *value = (f32::from(byte) - mean) / std;
            }
        }
        volume
    }
}

/// Takes the weights out of a module.
#[derive(Default)]
struct Copier {
    path: Vec<String>,
    places: HashMap<String, usize>,
    names: Vec<String>,
    shapes: Vec<Vec<usize>>,
    values: Vec<Vec<f32>>,
    trained: Vec<bool>,
}

impl ModuleVisitor for Copier {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        self.places.insert(name.clone(), self.values.len());
        self.names.push(name);
        self.shapes.push(param.dims().to_vec());
        self.values.push(param.val().into_data().iter::<f32>().collect());
        self.trained.push(param.is_require_grad());
    }
}

/// Finds the weights of each layer by their paths.
struct Builder<'a> {
    config: &'a config::Encoder,
    copy: &'a Copier,
}

impl Builder<'_> {
    /// Where a parameter lies; the first one for a path that an encoder of this program never has.
    fn place(&self, path: &str) -> usize {
        debug_assert!(self.copy.places.contains_key(path), "no parameter {path}");
        self.copy.places.get(path).copied().unwrap_or(0)
    }

    fn conv(&self, path: &str, stride_time: usize, stride_space: usize) -> Conv {
        let weight = self.place(&format!("{path}.weight"));
        let shape = |at: usize| self.copy.shapes[weight].get(at).copied().unwrap_or(1);
        Conv { weight, outputs: shape(0), inputs: shape(1), taps: shape(2), side: shape(3), stride_time, stride_space }
    }

    fn norm(&self, path: &str) -> Norm {
        let weight = self.place(&format!("{path}.weight"));
        let channels = self.copy.values[weight].len();
        let running = self.copy.places.get(&format!("{path}.running_mean"));
        Norm {
            weight,
            bias: self.place(&format!("{path}.bias")),
            statistics: running.map(|&mean| (mean, self.place(&format!("{path}.running_var")))),
            groups: super::encoder::norm_groups(channels, self.config.norm_groups),
            epsilon: self.config.norm_epsilon as f32,
        }
    }

    fn factorised(&mut self, path: &str, time: usize, space: usize) -> Factorised {
        Factorised {
            spatial: Layer {
                conv: self.conv(&format!("{path}.spatial"), 1, space),
                norm: self.norm(&format!("{path}.mid_norm")),
            },
            temporal: Layer {
                conv: self.conv(&format!("{path}.temporal"), time, 1),
                norm: self.norm(&format!("{path}.norm")),
            },
        }
    }

    fn block(&mut self, path: &str, time: usize, space: usize) -> Block {
        let past = format!("{path}.downsample");
        Block {
            conv1: self.factorised(&format!("{path}.conv1"), time, space),
            conv2: self.factorised(&format!("{path}.conv2"), 1, 1),
            past: self.copy.places.contains_key(&format!("{past}.conv.weight")).then(|| Layer {
                conv: self.conv(&format!("{past}.conv"), time, space),
                norm: self.norm(&format!("{past}.norm")),
            }),
        }
    }
}
