//! Parameters by PyTorch's names: read from a module, put into a module, stored as `.safetensors` (spec 3.2, 4, 18).

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use safetensors::{Dtype, SafeTensors};

use super::{Detector, Encoder, container, names};

/// Why weights could not be read, written or used; each is a message for a person.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("cannot read or write the weights {path}: {source}")]
    File {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The file is no weights file.
    #[error("{path} is not a whole .safetensors file ({message}); it may be cut short or of another kind")]
    Format {
        /// File.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// The file is no PyTorch checkpoint.
    #[error("{path} is not a whole PyTorch checkpoint ({message}); it may be cut short or of another kind")]
    Pytorch {
        /// File.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A pickle that would act on the machine of whoever loads it.
    #[error(
        "{path} would call {call} when loaded by Python; nothing of it was executed or read, as weights need no such call: do not load it \
         elsewhere, and get the file anew from its author"
    )]
    Hostile {
        /// File.
        path: String,
        /// What it would call.
        call: String,
    },
    /// A NaN or infinity, which no training writes.
    #[error("{path} cannot be used: tensor {tensor} holds {what}; train it again, or get the file anew")]
    NotFinite {
        /// File.
        path: String,
        /// The tensor's name.
        tensor: String,
        /// "NaN" or "an infinite number".
        what: &'static str,
    },
    /// The weights are those of another model.
    #[error("these weights belong to another model: {0}")]
    Mismatch(Mismatch),
}

/// Where weights and a module disagree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// Parameters of the module that the weights lack.
    pub missing: Vec<String>,
    /// Weights that the module has no parameter for.
    pub unexpected: Vec<String>,
    /// Parameters of another shape: "name is [2, 3], here [2, 4]".
    pub misshaped: Vec<String>,
}

impl Mismatch {
    /// Nothing when all agrees.
    ///
    /// # Errors
    /// A readable list of what does not agree.
    pub fn check(self) -> Result<(), WeightsError> {
        let agrees = self.missing.is_empty() && self.unexpected.is_empty() && self.misshaped.is_empty();
        if agrees { Ok(()) } else { Err(WeightsError::Mismatch(self)) }
    }

    /// Both disagreements together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.missing.extend(other.missing);
        self.unexpected.extend(other.unexpected);
        self.misshaped.extend(other.misshaped);
        self
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        /// More would scroll the cause off the screen.
        const SHOWN: usize = 12;
        let kinds =
            [("missing", &self.missing), ("unexpected", &self.unexpected), ("of another shape", &self.misshaped)];
        let mut separator = "";
        for (kind, names) in kinds.into_iter().filter(|(_, names)| !names.is_empty()) {
            let listed = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
            write!(out, "{separator}{} {kind} ({listed}{more})", names.len())?;
            separator = "; ";
        }
        Ok(())
    }
}

/// A module whose parameters have names in PyTorch.
pub trait Named: Module {
    /// What stands before all its names in a checkpoint, with the dot; empty for the detector.
    const PREFIX: &'static str;

    /// PyTorch's name, without prefix, of the parameter at `path` in this module.
    fn name(path: &str) -> String;
}

impl Named for Encoder {
    const PREFIX: &'static str = "backbone.model.backbone.";

    fn name(path: &str) -> String {
        names::encoder(path)
    }
}

impl Named for Detector {
    const PREFIX: &'static str = "";

    fn name(path: &str) -> String {
        names::detector(path)
    }
}

/// A parameter of a module, without its values.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// PyTorch's name, with the module's prefix.
    pub name: String,
    /// Key of its gradient in Burn's containers.
    pub id: ParamId,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether training may move it.
    pub trained: bool,
}

/// The parameters of a module in their order there, running statistics included.
#[must_use]
pub fn parameters<M: Named>(module: &M) -> Vec<Parameter> {
    let mut found = Vec::new();
    visit(module, |name, param| found.push(param.describe(name)));
    found
}

/// A tensor on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Shape in PyTorch's layout.
    pub shape: Vec<usize>,
    /// Values in row-major order.
    pub values: Vec<f32>,
}

/// Named tensors and the text that travels with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// Tensors by PyTorch's name.
    pub tensors: BTreeMap<String, Array>,
    /// Header entries, such as a checkpoint's configuration and class list (spec 18).
    pub metadata: BTreeMap<String, String>,
}

impl Weights {
    /// Adds the parameters of a module.
    #[must_use]
    pub fn with<M: Named>(mut self, module: &M) -> Self {
        visit(module, |name, param| {
            self.tensors.insert(name, param.values());
        });
        self
    }

    /// The module with these weights, and what did not fit; parameters that did not fit stay as they were.
    ///
    /// Tensors of other modules (by prefix) are passed over. Gradient settings stay.
    #[must_use]
    pub fn fit<M: Named>(&self, module: M) -> (M, Mismatch) {
        let mut filler = Filler::<M> {
            path: Vec::new(),
            weights: self,
            used: Vec::new(),
            mismatch: Mismatch::default(),
            module: std::marker::PhantomData,
        };
        let module = module.map(&mut filler);
        let Filler { used, mut mismatch, .. } = filler;
        let encoders = <Encoder as Named>::PREFIX;
        let own = |name: &str| name.starts_with(M::PREFIX) && (!M::PREFIX.is_empty() || !name.starts_with(encoders));
        mismatch.unexpected = self.tensors.keys().filter(|name| own(name) && !used.contains(name)).cloned().collect();
        (module, mismatch)
    }

    /// Nothing when all numbers are finite; `path` only names the file in errors.
    ///
    /// # Errors
    /// The first tensor that holds a NaN or an infinite number.
    pub fn finite(self, path: &Path) -> Result<Self, WeightsError> {
        for (name, array) in &self.tensors {
            if let Some(odd) = array.values.iter().find(|value| !value.is_finite()) {
                let what = if odd.is_nan() { "NaN" } else { "an infinite number" };
                return Err(WeightsError::NotFinite { path: path.display().to_string(), tensor: name.clone(), what });
            }
        }
        Ok(self)
    }

    /// Reads a `.safetensors` file of weights; halves and doubles become float32, whole numbers (counters of batch norms) are passed over.
    ///
    /// # Errors
    /// When the file cannot be read, is not such a file or holds a number that is not finite.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        Self::read_any(path)?.finite(path)
    }

    /// As [`Self::read`], whatever the numbers: for a network's outputs, which may overflow.
    ///
    /// # Errors
    /// When the file cannot be read or is not such a file.
    pub fn read_any(path: &Path) -> Result<Self, WeightsError> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| WeightsError::File { path: shown.clone(), source })?;
        let wrong = |error: safetensors::SafeTensorError| WeightsError::Format {
            path: shown.clone(),
            message: error.to_string(),
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(wrong)?;
        let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let file = SafeTensors::deserialize(&bytes).map_err(wrong)?;
        let tensors = file
            .iter()
            .filter_map(|(name, view)| {
                Some((
                    name.to_owned(),
                    Array { shape: view.shape().to_vec(), values: floats(view.dtype(), view.data())? },
                ))
            })
            .collect();
        Ok(Self { tensors, metadata })
    }

    /// Writes a `.safetensors` file in one go: a reader sees the old file or the whole new one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WeightsError> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        container::write(Path::new(&part), self)
            .and_then(|()| std::fs::rename(&part, path))
            .map_err(|source| WeightsError::File { path: path.display().to_string(), source })
    }
}

/// Values of a stored tensor as float32; nothing for kinds that no parameter has.
pub(super) fn floats(kind: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match kind {
        Dtype::F32 => words(bytes).map(f32::from_le_bytes).collect(),
        Dtype::F64 => words(bytes).map(|word| f64::from_le_bytes(word) as f32).collect(),
        Dtype::F16 => words(bytes).map(|word| burn::tensor::f16::from_le_bytes(word).to_f32()).collect(),
        Dtype::BF16 => words(bytes).map(|word| burn::tensor::bf16::from_le_bytes(word).to_f32()).collect(),
        _ => return None,
    })
}

fn words<const BYTES: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; BYTES]> {
    bytes.as_chunks::<BYTES>().0.iter().copied()
}

/// A parameter of any rank, as [`visit`] shows it.
trait AnyParam {
    fn describe(&self, name: String) -> Parameter;
    fn values(&self) -> Array;
}

impl<const D: usize> AnyParam for Param<Tensor<D>> {
    fn describe(&self, name: String) -> Parameter {
        Parameter { name, id: self.id, shape: self.dims().to_vec(), trained: self.is_require_grad() }
    }

    fn values(&self) -> Array {
        Array { shape: self.dims().to_vec(), values: self.val().into_data().iter::<f32>().collect() }
    }
}

/// Shows every float parameter of a module with its PyTorch name.
fn visit<M: Named>(module: &M, show: impl FnMut(String, &dyn AnyParam)) {
    struct Visitor<M, F> {
        path: Vec<String>,
        show: F,
        module: std::marker::PhantomData<M>,
    }
    impl<M: Named, F: FnMut(String, &dyn AnyParam)> ModuleVisitor for Visitor<M, F> {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            (self.show)(full_name::<M>(&self.path), param);
        }
    }
    module.visit(&mut Visitor::<M, _> { path: Vec::new(), show, module: std::marker::PhantomData });
}

/// Puts weights into a module.
struct Filler<'a, M> {
    path: Vec<String>,
    weights: &'a Weights,
    used: Vec<&'a String>,
    mismatch: Mismatch,
    module: std::marker::PhantomData<M>,
}

impl<M: Named> ModuleMapper for Filler<'_, M> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = full_name::<M>(&self.path);
        let Some((stored, array)) = self.weights.tensors.get_key_value(&name) else {
            self.mismatch.missing.push(name);
            return param;
        };
        self.used.push(stored);
        let shape = param.dims();
        if array.shape != shape {
            self.mismatch.misshaped.push(format!("{name} is {:?}, here {shape:?}", array.shape));
            return param;
        }
        let (id, before, mapper) = param.consume();
        let data = TensorData::new(array.values.clone(), shape);
        let value = Tensor::from_data(data, &before.device()).set_require_grad(before.is_require_grad());
        Param::from_mapped_value(id, value, mapper)
    }
}

fn full_name<M: Named>(path: &[String]) -> String {
    format!("{}{}", M::PREFIX, M::name(&path.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use burn::tensor::Device;

    fn small() -> config::Model {
        let mut model = config::Model { in_channels: 8, hidden: 8, norm_groups: 4, ..Default::default() };
        model.head = config::Head { features: 8, fc_channels: 4, ..Default::default() };
        model
    }

    #[test]
    fn weights_survive_the_way_through_a_file() {
        let device = Device::flex();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        let mut weights = Weights::default().with(&Detector::new(&small(), 0, 1, &device));
        weights.metadata.insert("config".to_owned(), "seed = 1\n".to_owned());
        weights.write(&path).expect("written");
        let read = Weights::read(&path).expect("read");
        assert_eq!(read, weights);
        let (other, mismatch) = read.fit(Detector::new(&small(), 0, 2, &device));
        assert_eq!(mismatch, Mismatch::default());
        assert_eq!(Weights::default().with(&other).tensors, weights.tensors);
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused_with_their_tensor() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        for (odd, what) in [(f32::NAN, "tensor b holds NaN"), (f32::NEG_INFINITY, "tensor b holds an infinite number")]
        {
            let array = |values: [f32; 2]| Array { shape: vec![2], values: values.to_vec() };
            let tensors = [("a".to_owned(), array([0.0, 1.0])), ("b".to_owned(), array([2.0, odd]))].into();
            Weights { tensors, ..Weights::default() }.write(&path).expect("written");
            let told = Weights::read(&path).expect_err("refused").to_string();
            assert!(told.contains("w.safetensors") && told.contains(what), "{told}");
            assert!(Weights::read_any(&path).is_ok());
        }
    }

    #[test]
    fn a_checkpoint_of_another_model_is_refused_in_one_sentence() {
        let device = Device::flex();
        let mut weights = Weights::default().with(&Detector::new(&small(), 0, 1, &device));
        let moved = weights.tensors.remove("neck.mem_f.bias_ih_l0").expect("a bias");
        weights.tensors.insert("neck.other".to_owned(), moved.clone());
        weights.tensors.insert("neck.mem_b.weight_ih_l0".to_owned(), moved);
        let (_, mismatch) = weights.fit(Detector::new(&small(), 0, 2, &device));
        let text = mismatch.check().expect_err("refused").to_string();
        assert_eq!(
            text,
            "these weights belong to another model: 1 missing (neck.mem_f.bias_ih_l0); 1 unexpected (neck.other); \
             1 of another shape (neck.mem_b.weight_ih_l0 is [32], here [32, 8])"
        );
    }
}
