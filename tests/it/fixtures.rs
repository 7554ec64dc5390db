//! The references' own tensors and results under `tests/fixtures/`, as the parity tests read them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};

use crate::compared::{compared, read};

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

/// How far ours may be from the reference's.
#[derive(Clone, Copy, Debug)]
pub enum Tolerance {
    /// Not at all.
    Exact,
    /// By so much.
    Absolute(f32),
    /// By so much of the largest magnitude in the tensor, or of 1e-4 where all are smaller: sums in another order err by what was
    /// summed, not by the sum.
    OfLargest(f32),
    /// By an absolute amount and a share of each value.
    Each(f32, f32),
}
pub use Tolerance::{Absolute, Each, Exact, OfLargest};

/// One `.safetensors` file of the reference.
pub struct Fixture {
    file: String,
    tensors: BTreeMap<String, FixtureTensor>,
}

impl Fixture {
    /// Reads `tests/fixtures/<file>`.
    pub fn load(file: &str) -> Self {
        let bytes = std::fs::read(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
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
        Self { file: file.to_owned(), tensors }
    }

    /// A tensor by name.
    pub fn get(&self, name: &str) -> &FixtureTensor {
        self.find(name).unwrap_or_else(|| panic!("{} has no tensor {name}", self.file))
    }

    /// A tensor by name, where the file has it.
    pub fn find(&self, name: &str) -> Option<&FixtureTensor> {
        let found = self.tensors.get(name)?;
        read(&self.file, name);
        Some(found)
    }

    /// The float32 values of a tensor.
    pub fn f32(&self, name: &str) -> Vec<f32> {
        self.get(name).f32()
    }

    /// Every tensor's name, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Asserts that ours are the reference's values of a tensor, in row-major order.
    #[track_caller]
    pub fn compare(&self, name: &str, found: &[f32], tolerance: Tolerance) {
        let expected = self.f32(name);
        let allowed: Box<dyn Fn(f32) -> f32> = match tolerance {
            Exact => Box::new(|_| 0.0),
            Absolute(amount) => Box::new(move |_| amount),
            OfLargest(share) => {
                let largest = expected.iter().fold(1e-4f32, |largest, value| largest.max(value.abs()));
                Box::new(move |_| share * largest)
            }
            Each(amount, share) => Box::new(move |value: f32| amount + share * value.abs()),
        };
        let file = &self.file;
        assert_eq!(found.len(), expected.len(), "{file} {name}: number of values");
        let over = |(a, b): (&f32, &f32)| if a == b { 0.0 } else { (a - b).abs() - allowed(*b) };
        let worst = (found.iter().zip(&expected).map(over).enumerate())
            .filter(|(_, over)| over.is_nan() || *over > 0.0)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((index, _)) = worst {
            let (a, b) = (found[index], expected[index]);
            panic!("{file} {name}: value {index} is {a}, expected {b} (off by {}, {tolerance:?})", (a - b).abs());
        }
        compared(file, name);
    }

    /// Asserts that ours are the reference's whole numbers or booleans.
    #[track_caller]
    pub fn compare_whole(&self, name: &str, found: &[i64]) {
        assert_eq!(found, self.get(name).i64(), "{} {name}", self.file);
        compared(&self.file, name);
    }

    /// Compares in a manner of the test's own: `check` gets the reference's tensor and panics where ours differs.
    pub fn check(&self, name: &str, check: impl FnOnce(&FixtureTensor)) {
        check(self.get(name));
        compared(&self.file, name);
    }
}

fn words<const BYTES: usize>(data: &[u8]) -> impl Iterator<Item = [u8; BYTES]> {
    data.as_chunks::<BYTES>().0.iter().copied()
}

/// Path of a file in `tests/fixtures/`, which counts as read.
pub fn path(file: &str) -> PathBuf {
    read(file, "");
    folder().join(file)
}

/// `tests/fixtures/`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
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
