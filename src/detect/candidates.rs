//! What the detector says about every proposal of a window, on the host (spec 4.7, 9.1).

use burn::tensor::activation::sigmoid;
use burn::tensor::{Tensor, TensorData};

use super::DetectError;
use crate::model::{Detector, StageOutput};

/// Proposals that pass the cascade at once, all windows of a batch together. Their RoI features are what takes memory: 1024 x 256
/// channels x 16 bins are 16 MB.
const CHUNK: usize = 1024;

/// The judged proposals of one window, in map order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// How likely an action starts in each snippet.
    pub starts: Vec<f32>,
    /// How likely an action ends in each snippet.
    pub ends: Vec<f32>,
    /// Refined segments in snippets: the mean over the stages.
    pub segments: Vec<[f32; 2]>,
    /// Means over the stages of the two IoU scores, 0..1: as classified, and as regressed.
    pub iou: Vec<[f32; 2]>,
    /// Probability of each class for each candidate, `[candidate][class]` in one row after the other; empty without class head.
    pub classes: Vec<f32>,
}

impl Candidates {
    /// Number of classes that the class head knows; 0 without one.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.classes.len().checked_div(self.segments.len()).unwrap_or(0)
    }

    /// Score of a candidate: the product of the means, not the mean of products (spec 4.7).
    #[must_use]
    pub fn score(&self, index: usize) -> f32 {
        self.iou.get(index).map_or(0.0, |[classed, regressed]| classed * regressed)
    }
}

/// Judges all proposals of each window of a batch: features `[batch, channels, time]`, mask `[batch, time]` or none.
///
/// Give a detector without gradients ([`burn::module::Module::valid`]). Memory does not grow with the number of proposals. `go_on` is asked
/// before each portion of them; none when it said no.
///
/// # Errors
/// When the device fails or the network's results are not numbers.
pub fn candidates(
    detector: &Detector,
    features: Tensor<3>,
    mask: Option<Tensor<2>>,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<Vec<Candidates>>, DetectError> {
    let [batch, _, time] = features.dims();
    let device = features.device();
    let enhanced = detector.enhance(features, mask);
    let curves = host(detector.boundary(enhanced.clone()))?;
    let mut windows: Vec<Candidates> = curves
        .chunks_exact(2 * time)
        .map(|curves| Candidates {
            starts: curves[..time].to_vec(),
            ends: curves[time..].to_vec(),
            ..Default::default()
        })
        .collect();

    for part in detector.proposals(time).chunks((CHUNK / batch).max(1)) {
        if !go_on() {
            return Ok(None);
        }
        let data = TensorData::new(part.as_flattened().to_vec(), [1, part.len(), 2]);
        let proposals = Tensor::<3>::from_data(data, &device).repeat_dim(0, batch);
        let (stages, logits) = detector.cascade(enhanced.clone(), proposals);
        let refined = host(mean(&stages, |stage| &stage.refined))?;
        let iou = host(mean(&stages, |stage| &stage.iou))?;
        let classes = logits.map(|logits| host(sigmoid(logits))).transpose()?.unwrap_or_default();
        let class_row = classes.len() / batch;
        for (index, window) in windows.iter_mut().enumerate() {
            let own = index * 2 * part.len()..(index + 1) * 2 * part.len();
            window.segments.extend(refined[own.clone()].as_chunks::<2>().0);
            window.iou.extend(iou[own].as_chunks::<2>().0);
            window.classes.extend(&classes[index * class_row..(index + 1) * class_row]);
        }
    }
    if windows.iter().flat_map(|window| window.iou.as_flattened()).any(|score| score.is_nan()) {
        return Err(DetectError::NotNumbers);
    }
    Ok(Some(windows))
}

/// The mean over the stages of one of their tensors.
fn mean(stages: &[StageOutput], tensor: impl Fn(&StageOutput) -> &Tensor<3>) -> Tensor<3> {
    Tensor::stack::<4>(stages.iter().map(|stage| tensor(stage).clone()).collect(), 0).mean_dim(0).squeeze_dim(0)
}

/// A tensor's values in row-major order.
fn host<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, DetectError> {
    tensor.try_into_vec_as::<f32>().map_err(|error| DetectError::Device(error.to_string()))
}
