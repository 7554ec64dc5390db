//! Weight files from and to other programs.

use std::path::Path;

use anyhow::Context as _;

use crate::{
    config::Config,
    domain::ClassList,
    model::{
        self,
        export::{self, Naming},
        weights::Weights,
    },
    train::{checkpoint, material},
};

/// In the names of layers that only the official form of the detector has (spec 5).
const OFFICIAL_LAYERS: &str = ".official.";

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// Its name in the file.
    pub name: String,
    /// Its shape in PyTorch's layout.
    pub shape: Vec<usize>,
}

/// Every float tensor of a `.safetensors` or PyTorch file under the file's own names.
///
/// # Errors
/// When the file cannot be read.
pub fn list_weights(file: &Path) -> anyhow::Result<Vec<Listed>> {
    let weights = if is_safetensors(file) { Weights::read_any(file)? } else { model::read_pytorch(file)? };
    let listed = weights.tensors.into_iter().map(|(name, array)| Listed { name, shape: array.shape });
    Ok(listed.collect())
}

/// Writes the weights of another program under this program's names to a `.safetensors` file. With a configuration they must fit its
/// network, and the file becomes a checkpoint. Gives the number of tensors, and whether it is a checkpoint.
///
/// # Errors
/// When a file cannot be read or written, or the weights are another model's.
pub fn import_weights(file: &Path, out: &Path, config: Option<(&Config, &Path)>) -> anyhow::Result<(usize, bool)> {
    let (weights, whole) = match config {
        None => (model::import(file)?, false),
        Some((config, root)) => {
            let classes = match material::classes(config, root) {
                // Only a class head depends on them; else they are names for a class-agnostic detector's findings.
                Err(_) if !config.model.head.classes => ClassList::default(),
                classes => classes?,
            };
            checkpoint::adopt(file, config, &classes)?
        }
    };
    weights.write(out)?;
    Ok((weights.tensors.len(), whole))
}

/// Writes a checkpoint for another program: PyTorch's `.pth`, or `.safetensors` by the extension of `out`. Gives the number of
/// tensors written, and the names of those that the other program does not have.
///
/// # Errors
/// When a file cannot be read or written, is a detector of the other program's form, or nothing would be left.
pub fn export_weights(file: &Path, out: &Path, naming: Naming) -> anyhow::Result<(usize, Vec<String>)> {
    let weights = model::import(file)?;
    let has = |part: &str| weights.tensors.keys().any(|name| name.contains(part));
    let (ours, theirs) = (has(OFFICIAL_LAYERS), naming == Naming::Official);
    if has("roi_head.") && naming != Naming::Encoder && ours != theirs {
        let (form, names) = if ours { ("the official code's", "official") } else { ("OpenTAD's", "opentad") };
        anyhow::bail!(
            "{} is a detector of {form} form (model.head.variant), whose layers the other program does not have; export it with --names {names}",
            file.display()
        );
    }
    let (weights, left_out) = export::renamed(&weights, naming);
    if weights.tensors.is_empty() {
        return Err(checkpoint::CheckpointError::Incomplete {
            path: file.display().to_string(),
            what: "parameter of that model",
        })
        .context("nothing was exported");
    }
    if is_safetensors(out) {
        weights.write(out)?;
    } else {
        let entry = if naming == Naming::Encoder { None } else { Some("state_dict") };
        export::write_pytorch(out, &weights, entry)?;
    }
    Ok((weights.tensors.len(), left_out))
}

fn is_safetensors(file: &Path) -> bool {
    file.extension().is_some_and(|kind| kind == "safetensors")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::weights::Array;

    /// A file whose one layer is the heads' of one form of the detector.
    fn detector_with(folder: &Path, layer: &str) -> std::path::PathBuf {
        let mut weights = Weights::default();
        let name = format!("roi_head.stages.0{layer}weight");
        weights.tensors.insert(name, Array { shape: vec![1, 2], values: vec![0.5, 0.25] });
        let file = folder.join("detector.safetensors");
        weights.write(&file).expect("written");
        file
    }

    #[test]
    fn a_detector_goes_only_to_the_program_that_has_its_layers() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out.pth");
        for (layer, wrong, form, right) in [
            (OFFICIAL_LAYERS, Naming::OpenTad, "the official code's form", "--names official"),
            (".fc.", Naming::Official, "OpenTAD's form", "--names opentad"),
        ] {
            let file = detector_with(folder.path(), layer);
            let said = export_weights(&file, &out, wrong).expect_err("the other program lacks the layer").to_string();
            assert!(said.contains("detector.safetensors") && said.contains(form) && said.contains(right), "{said}");
            assert!(!out.exists(), "nothing is written");
        }
    }
}
