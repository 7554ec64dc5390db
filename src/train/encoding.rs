//! The encoder's two passes on a chunk of snippets: features, and gradients for given feature gradients (spec 7.3).
//!
//! On the CPU the clips pass the encoder without the tensor library (`model::NativeEncoder`), elsewhere as tensors.

use burn::module::Module;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::item::{Clips, Input};
use super::loader::Batch;
use super::optimizer::Gradients;
use super::step::ENCODER;
use crate::config;
use crate::model::{ClipSize, Encoder, NativeEncoder};

/// One snippet of a batch: item, and place in the item.
pub(super) type Snippet = (usize, usize);

/// An encoder at work on one device.
pub(super) enum Encoding<'a> {
    Native(Box<NativeEncoder>, Device),
    Tensors(&'a Encoder, Device),
}

impl<'a> Encoding<'a> {
    /// The encoder as it is now; make a new one when its weights have moved.
    pub(super) fn new(encoder: &'a Encoder, config: &config::Encoder, device: &Device) -> Self {
        if device.clone().inner() == Device::flex() {
            Self::Native(Box::new(NativeEncoder::new(encoder, config)), device.clone().inner())
        } else {
            Self::Tensors(encoder, device.clone())
        }
    }

    /// Features `[chunk, channels]` without gradient.
    pub(super) fn features(&self, batch: &Batch, chunk: &[Snippet]) -> Tensor<2> {
        let (bytes, size) = bytes(batch, chunk);
        match self {
            Self::Native(encoder, device) => {
                let features = encoder.features(&bytes, size);
                let channels = features.len() / chunk.len().max(1);
                Tensor::from_data(TensorData::new(features, [chunk.len(), channels]), device)
            }
            Self::Tensors(encoder, device) => {
                encoder.valid().forward(clips(bytes, chunk.len(), size, &device.clone().inner()))
            }
        }
    }

    /// Gradients of the parameters with the detector's gradient `[batch, channels, time]` as upstream: the backward pass of
    /// `sum(feature · upstream)`. The chunk's graph is gone when this returns.
    pub(super) fn gradients(&self, batch: &Batch, chunk: &[Snippet], upstream: &Tensor<3>) -> Gradients {
        let [_, channels, time] = upstream.dims();
        let rows = chunk.iter().map(|&(item, snippet)| (item * time + snippet) as i64).collect::<Vec<_>>();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [chunk.len()]), &upstream.device());
        let wanted = upstream.clone().swap_dims(1, 2).reshape([-1, channels as i32]).select(0, rows);
        let (bytes, size) = bytes(batch, chunk);
        match self {
            Self::Native(encoder, device) => {
                let wanted: Vec<f32> = wanted.into_data().iter::<f32>().collect();
                let mut gradients = Gradients::default();
                for (path, values) in encoder.gradients(&bytes, size, &wanted) {
                    let count = values.len();
                    let gradient = Tensor::from_data(TensorData::new(values, [count]), device);
                    gradients.insert(format!("{ENCODER}.{path}"), gradient);
                }
                gradients
            }
            Self::Tensors(encoder, device) => {
                let features = encoder.forward(clips(bytes, chunk.len(), size, device));
                let mut backward = (features * Tensor::<2>::from_inner(wanted)).sum().backward();
                Gradients::collect(ENCODER, *encoder, &mut backward)
            }
        }
    }
}

/// Clips `[chunk, 3, frames, side, side]` as bytes.
fn bytes(batch: &Batch, chunk: &[Snippet]) -> (Vec<u8>, ClipSize) {
    let mut bytes = Vec::new();
    let mut size = ClipSize { frames: 0, side: 0 };
    for &(item, snippet) in chunk {
        if let Some(Input::Clips(clips)) = batch.items.get(item).map(|item| &item.input) {
            let Clips { length, side, .. } = clips;
            size = ClipSize { frames: *length, side: *side };
            clips.gather(&[snippet], &mut bytes);
        }
    }
    (bytes, size)
}

/// Clips `[chunk, 3, frames, side, side]` of a batch on the device, 0..255.
#[cfg(test)]
pub(super) fn clips_of(batch: &Batch, chunk: &[Snippet], device: &Device) -> Tensor<5> {
    let (bytes, size) = bytes(batch, chunk);
    clips(bytes, chunk.len(), size, device)
}

/// Clips `[count, 3, frames, side, side]` on the device, 0..255. They travel as bytes where the device can hold bytes.
fn clips(bytes: Vec<u8>, count: usize, size: ClipSize, device: &Device) -> Tensor<5> {
    let shape = [count, 3, size.frames, size.side, size.side];
    if device.supports_dtype(DType::U8) {
        Tensor::<5, Int>::from_data(TensorData::new(bytes, shape), (device, DType::U8)).float()
    } else {
        let values: Vec<f32> = bytes.into_iter().map(f32::from).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}
