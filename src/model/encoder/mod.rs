//! The video encoder R(2+1)D: a clip of frames to one feature (spec 3).

mod block;
mod conv;
mod norm;

use norm::cast;
pub(super) use norm::norm_groups;

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::init::Init;
use crate::config;
use block::{Block, Factorised, Stride};

/// R(2+1)D of any depth and width, without classifier.
#[derive(Module, Debug)]
pub struct Encoder {
    stem: Factorised,
    layers: Vec<Vec<Block>>,
    #[module(skip)]
    frozen_stages: usize,
    #[module(skip)]
    mean: Vec<f32>,
    #[module(skip)]
    std: Vec<f32>,
}

impl Encoder {
    /// An encoder with first weights drawn from `seed` (Kaiming normal, fan out). Frozen parts take no gradient from the start.
    #[must_use]
    pub fn new(config: &config::Encoder, seed: u64, device: &Device) -> Self {
        let init = Init::new("backbone.model.backbone", seed, device);
        let frozen = if config.frozen { config.widths.len() + 1 } else { config.frozen_stages };
        let stem = Factorised::stem(config, &init.at("stem"));
        let mut inputs = config.stem_width;
        let mut layers = Vec::with_capacity(config.widths.len());
        for (index, &width) in config.widths.iter().enumerate() {
            let stride = Stride {
                time: config.temporal_strides.get(index).copied().unwrap_or(1),
                space: config.spatial_strides.get(index).copied().unwrap_or(1),
            };
            let name = init.at(format!("layer{}", index + 1));
            let blocks: Vec<Block> = (0..config.blocks.get(index).copied().unwrap_or(1))
                .map(|block| {
                    let (from, stride) =
                        if block == 0 { (inputs, stride) } else { (width, Stride { time: 1, space: 1 }) };
                    Block::new(from, width, stride, config, &name.at(block))
                })
                .collect();
            layers.push(if index + 1 < frozen { blocks.no_grad() } else { blocks });
            inputs = width;
        }
        Self {
            stem: if frozen > 0 { stem.no_grad() } else { stem },
            layers,
            frozen_stages: frozen,
            mean: config.mean.iter().map(|&value| value as f32).collect(),
            std: config.std.iter().map(|&value| value as f32).collect(),
        }
    }

    /// Clips `[clips, 3, frames, height, width]` of RGB values 0..255 to features `[clips, channels]`.
    #[must_use]
    pub fn forward(&self, clips: Tensor<5>) -> Tensor<2> {
        self.forward_in(clips, DType::F32)
    }

    /// As [`Self::forward`], with all between the normalised clips and the features in `precision`: weights are cast where they are
    /// used, statistics of norms and the mean over the picture are taken in f32.
    #[must_use]
    pub fn forward_in(&self, clips: Tensor<5>, precision: DType) -> Tensor<2> {
        self.forward_seen(cast(self.normalise(clips), precision), |_| ())
    }

    /// As [`Self::forward`] on normalised clips, showing what stem and each layer give, `[clips, channels, time, height, width]`.
    #[must_use]
    pub fn forward_seen(&self, clips: Tensor<5>, mut see: impl FnMut(&Tensor<5>)) -> Tensor<2> {
        let mut x = relu(self.stem.forward(clips));
        see(&x);
        for (index, layer) in self.layers.iter().enumerate() {
            if index < self.frozen_stages {
                x = x.detach();
            }
            x = layer.iter().fold(x, |x, block| block.forward(x));
            see(&x);
        }
        let [clips, channels, ..] = x.dims();
        let x = cast(x, DType::F32);
        x.reshape([clips as i32, channels as i32, -1]).mean_dim(2).reshape([clips, channels])
    }

    /// (x - mean) / std a channel (spec 2.4).
    #[must_use]
    pub fn normalise(&self, clips: Tensor<5>) -> Tensor<5> {
        let device = clips.device();
        let channel = |values: &[f32]| {
            let data = TensorData::new(values.to_vec(), [1, values.len(), 1, 1, 1]);
            Tensor::<5>::from_data(data, &device)
        };
        (clips - channel(&self.mean)) / channel(&self.std)
    }
}
