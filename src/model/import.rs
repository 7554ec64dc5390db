//! Checkpoints of other programs: `.pth` by PyTorch, and `.safetensors` under other names (spec 3.2). A pickle is read as data;
//! nothing in it is executed.

use std::path::Path;

use burn::store::pytorch_reader::{DType, PytorchReader};
use safetensors::Dtype;

use super::weights::{Array, Named, Weights, WeightsError, floats};
use super::{Encoder, names, pickle};

/// Entries of a checkpoint that hold the parameters: of OpenTAD and the official code, and of TSP.
const STATES: [&str; 2] = ["state_dict.", "model."];

/// Reads a checkpoint of this program, OpenTAD, the official ETAD code, TSP or torchvision, under the names that this program
/// uses. Classifiers and counters are passed over.
///
/// # Errors
/// When the file cannot be read, is no checkpoint or holds a number that is not finite.
pub fn import(path: &Path) -> Result<Weights, WeightsError> {
    let stored = if path.extension().is_some_and(|kind| kind == "safetensors") {
        Weights::read_any(path)?
    } else {
        read_pytorch(path)?
    };
    let stored = stored.finite(path)?;
    let tensors = stored.tensors.into_iter().filter_map(|(name, array)| Some((our_name(&name)?, array)));
    Ok(Weights { tensors: tensors.collect(), metadata: stored.metadata })
}

/// Reads the float tensors of a PyTorch file (zip or legacy) under its own names; of a training checkpoint the model's alone.
///
/// # Errors
/// When the file cannot be read or is no PyTorch file.
pub fn read_pytorch(path: &Path) -> Result<Weights, WeightsError> {
    let wrong = |message: String| WeightsError::Pytorch { path: path.display().to_string(), message };
    let bytes =
        std::fs::read(path).map_err(|source| WeightsError::File { path: path.display().to_string(), source })?;
    if let Some(call) = pickle::acting_call(&bytes) {
        return Err(WeightsError::Hostile { path: path.display().to_string(), call });
    }
    drop(bytes);
    let stored = PytorchReader::new(path).map_err(|error| wrong(error.to_string()))?.into_tensors();
    let state = STATES.into_iter().find(|state| stored.keys().any(|name| name.starts_with(state)));
    let mut weights = Weights::default();
    for (name, tensor) in stored {
        let Some(name) = name.strip_prefix(state.unwrap_or("")).map(str::to_owned) else { continue };
        let kind = match tensor.dtype() {
            DType::F64 => Dtype::F64,
            DType::F32 => Dtype::F32,
            DType::F16 => Dtype::F16,
            DType::BF16 => Dtype::BF16,
            _ => continue,
        };
        let bytes = tensor.read().map_err(|error| wrong(error.to_string()))?;
        if let Some(values) = floats(kind, &bytes) {
            weights.tensors.insert(name, Array { shape: tensor.shape().to_vec(), values });
        }
    }
    if weights.tensors.is_empty() {
        return Err(wrong("it holds no weights".to_owned()));
    }
    Ok(weights)
}

/// This program's name of a parameter; nothing for classifiers and counters.
fn our_name(name: &str) -> Option<String> {
    let name = name.strip_prefix("module.").unwrap_or(name);
    if name.starts_with("fc") || name.ends_with(".num_batches_tracked") {
        return None;
    }
    if let Some(ours) = name.strip_prefix("base_detector.").and_then(names::from_official) {
        return Some(ours);
    }
    let encoder =
        ["features.", "feature_extractor.model.backbone."].iter().find_map(|prefix| name.strip_prefix(prefix));
    let bare = name.starts_with("stem.") || name.starts_with("layer");
    match encoder.or(bare.then_some(name)) {
        Some(rest) => Some(format!("{}{rest}", <Encoder as Named>::PREFIX)),
        None => Some(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::our_name;

    #[test]
    fn names_of_all_sources_become_ours() {
        let ours = Some("backbone.model.backbone.layer1.0.conv1.1.bias".to_owned());
        for name in [
            "module.backbone.model.backbone.layer1.0.conv1.1.bias",
            "feature_extractor.model.backbone.layer1.0.conv1.1.bias",
            "features.layer1.0.conv1.1.bias",
            "layer1.0.conv1.1.bias",
        ] {
            assert_eq!(our_name(name), ours);
        }
        let boundary = Some("rpn_head.tem.1.conv.bias".to_owned());
        assert_eq!(our_name("base_detector.tem.2.bias"), boundary);
        assert_eq!(our_name("fc1.weight"), None);
        assert_eq!(our_name("stem.1.num_batches_tracked"), None);
        let head = "roi_head.proposal_heads.0.shared_conv_fc.fcs.0.0.weight";
        assert_eq!(our_name(head), Some(head.to_owned()));
    }
}
