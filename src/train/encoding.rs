//! The encoder's two passes on a chunk of snippets: features, and gradients for given feature gradients (spec 7.3).
//!
//! On the CPU the clips pass the encoder without the tensor library (`model::NativeEncoder`), elsewhere as tensors.

use burn::module::Module;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::item::{Clips, Input};
use super::loader::Batch;
use super::optimizer::Gradients;
use super::step::ENCODER;
use crate::config::{self, Precision};
use crate::model::{ClipSize, Encoder, NativeEncoder};

/// One snippet of a batch: item, and place in the item.
pub(super) type Snippet = (usize, usize);

/// An encoder at work on one device.
pub(super) enum Encoding<'a> {
    Native(Box<NativeEncoder>, Device),
    Tensors(&'a Encoder, Device, Half),
}

/// In which precision tensors pass the encoder, and by what their gradients are scaled meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    pub(super) precision: DType,
    pub(super) scale: f64,
}

/// The precision that a configuration asks for.
fn asked(config: &config::Encoder) -> DType {
    match config.precision {
        Precision::F32 => DType::F32,
        Precision::F16 => DType::F16,
        Precision::Bf16 => DType::BF16,
    }
}

/// Whether the encoder can compute on a device as the configuration asks. The CPU's own encoder is f32 alone.
pub(super) fn has_precision(config: &config::Encoder, device: &Device) -> bool {
    let device = device.clone().inner();
    config.precision == Precision::F32 || (device != Device::flex() && device.supports_dtype(asked(config)))
}

impl<'a> Encoding<'a> {
    /// The encoder as it is now; make a new one when its weights have moved.
    pub(super) fn new(encoder: &'a Encoder, config: &config::Encoder, device: &Device) -> Self {
        if device.clone().inner() == Device::flex() {
            Self::Native(Box::new(NativeEncoder::new(encoder, config)), device.clone().inner())
        } else {
            // Weights are f32 whatever trained them: where a device has no half precision, they are used as they are.
            let precision = if has_precision(config, device) { asked(config) } else { DType::F32 };
            Self::Tensors(encoder, device.clone(), Half { precision, scale: 1.0 })
        }
    }

    /// The same with gradients that are carried through the encoder times `scale`.
    pub(super) fn scaled(self, scale: f64) -> Self {
        match self {
            Self::Tensors(encoder, device, half) => Self::Tensors(encoder, device, Half { scale, ..half }),
            native @ Self::Native(..) => native,
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
            Self::Tensors(encoder, device, half) => {
                encoder.valid().forward_in(clips(bytes, chunk.len(), size, &device.clone().inner()), half.precision)
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
            Self::Tensors(encoder, device, Half { precision, scale }) => {
                let wanted = if *scale == 1.0 { wanted } else { wanted * *scale };
                let features = encoder.forward_in(clips(bytes, chunk.len(), size, device), *precision);
                let mut backward = (features * Tensor::<2>::from_inner(wanted)).sum().backward();
                let mut gradients = Gradients::collect(ENCODER, *encoder, &mut backward);
                if *scale != 1.0 {
                    gradients.multiply(scale.recip());
                }
                gradients
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
