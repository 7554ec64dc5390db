//! The references' own tensors and results under `tests/fixtures/`, as the parity tests read them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};

/// Values of a fixture tensor, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    /// Booleans too.
    U8(Vec<u8>),
}

/// A tensor of the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct FixtureTensor {
    pub shape: Vec<usize>,
    pub values: Values,
}

impl FixtureTensor {
    /// The values as float32, whatever they were stored as.
    pub fn f32(&self) -> Vec<f32> {
        match &self.values {
            Values::F32(values) => values.clone(),
            Values::F64(values) => values.iter().map(|&value| value as f32).collect(),
            Values::I64(values) => values.iter().map(|&value| value as f32).collect(),
            Values::I32(values) => values.iter().map(|&value| value as f32).collect(),
            Values::U8(values) => values.iter().map(|&value| f32::from(value)).collect(),
        }
    }

    /// The values as whole numbers; panics on a tensor of floats.
    pub fn i64(&self) -> Vec<i64> {
        match &self.values {
            Values::I64(values) => values.clone(),
            Values::I32(values) => values.iter().map(|&value| i64::from(value)).collect(),
            Values::U8(values) => values.iter().map(|&value| i64::from(value)).collect(),
            Values::F32(_) | Values::F64(_) => panic!("a tensor of floats was read as whole numbers"),
        }
    }

    /// The values as booleans; panics on a tensor of floats.
    pub fn bools(&self) -> Vec<bool> {
        self.i64().into_iter().map(|value| value != 0).collect()
    }
}

/// One `.safetensors` file of the reference.
pub struct Fixture {
    file: String,
    tensors: BTreeMap<String, FixtureTensor>,
}

impl Fixture {
    /// Reads `tests/fixtures/<file>`.
    pub fn load(file: &str) -> Self {
        Self::read(&path(file))
    }

    /// Reads a file anywhere, for what is too large to be copied (see [`shared`]).
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let views = SafeTensors::deserialize(&bytes).expect("a safetensors file");
        let tensors = views
            .tensors()
            .into_iter()
            .map(|(name, view)| {
                let data = view.data();
                let values = match view.dtype() {
                    Dtype::F32 => Values::F32(words(data).map(f32::from_le_bytes).collect()),
                    Dtype::F64 => Values::F64(words(data).map(f64::from_le_bytes).collect()),
                    Dtype::I64 => Values::I64(words(data).map(i64::from_le_bytes).collect()),
                    Dtype::I32 => Values::I32(words(data).map(i32::from_le_bytes).collect()),
                    Dtype::U8 | Dtype::BOOL => Values::U8(data.to_vec()),
                    other => panic!("{name}: no test reads {other:?}"),
                };
                (name, FixtureTensor { shape: view.shape().to_vec(), values })
            })
            .collect();
        Self { file: path.display().to_string(), tensors }
    }

    /// A tensor by name.
    pub fn get(&self, name: &str) -> &FixtureTensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("{} has no tensor {name}", self.file))
    }

    /// A tensor by name, where the file has it.
    pub fn find(&self, name: &str) -> Option<&FixtureTensor> {
        self.tensors.get(name)
    }

    /// The float32 values of a tensor.
    pub fn f32(&self, name: &str) -> Vec<f32> {
        self.get(name).f32()
    }

    /// Every tensor's name, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }
}

fn words<const BYTES: usize>(data: &[u8]) -> impl Iterator<Item = [u8; BYTES]> {
    data.as_chunks::<BYTES>().0.iter().copied()
}

/// Path of a file in `tests/fixtures/`.
pub fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file)
}

/// Path of a file of the workplace's shared folder (`fixtures/real/x.json`); prints why the test skips where there is none.
pub fn shared(file: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        ["../shared", "../../shared"].iter().map(|folder| root.join(folder).join(file)).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: {file} is not in ../shared");
    }
    found
}

/// A JSON file of `tests/fixtures/`.
pub fn json(file: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Asserts that all values agree within an absolute tolerance; names the worst.
pub fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}: number of values");
    let worst = found
        .iter()
        .zip(expected)
        .enumerate()
        .map(|(index, (a, b))| (index, (a - b).abs(), *a, *b))
        .filter(|(_, difference, _, _)| difference.is_nan() || *difference > tolerance)
        .max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((index, difference, a, b)) = worst {
        panic!("{what}: value {index} is {a}, expected {b} (off by {difference}, allowed {tolerance})");
    }
}
