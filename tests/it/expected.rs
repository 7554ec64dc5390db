//! Expected values in JSON files of the references: a place in such a file, which knows whether it has been compared.

use serde_json::Value;

use crate::compared::compared;
use crate::fixtures;

/// A file of expected values.
pub struct ExpectedFile {
    file: String,
    value: Value,
}

impl ExpectedFile {
    /// Reads `tests/fixtures/<file>`.
    pub fn load(file: &str) -> Self {
        Self { file: file.to_owned(), value: fixtures::json(file) }
    }

    /// The whole of it.
    pub fn root(&self) -> Expected<'_> {
        Expected { file: &self.file, pointer: String::new(), value: &self.value }
    }
}

/// A place in a file of expected values.
#[derive(Clone)]
pub struct Expected<'a> {
    file: &'a str,
    pointer: String,
    value: &'a Value,
}

impl<'a> Expected<'a> {
    /// The value of a key, where the object has it.
    pub fn find(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Self { file: self.file, pointer: format!("{}/{key}", self.pointer), value })
    }

    /// The value of a key.
    pub fn at(&self, key: &str) -> Self {
        self.find(key).unwrap_or_else(|| panic!("{} has no {}/{key}", self.file, self.pointer))
    }

    /// The elements of a list.
    pub fn rows(&self) -> Vec<Self> {
        let list = self.value.as_array().expect("a list");
        let element = |(index, value)| Self { file: self.file, pointer: format!("{}/{index}", self.pointer), value };
        list.iter().enumerate().map(element).collect()
    }

    /// The entries of an object.
    pub fn entries(&self) -> Vec<(&'a str, Self)> {
        let object = self.value.as_object().expect("an object");
        object.keys().map(|key| (key.as_str(), self.at(key))).collect()
    }

    /// The value, to be read without comparing.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// A number.
    pub fn number(&self) -> f64 {
        self.value.as_f64().expect("a number")
    }

    /// A list of numbers.
    pub fn numbers(&self) -> Vec<f64> {
        self.rows().iter().map(Self::number).collect()
    }

    /// Asserts that ours is the same value.
    #[track_caller]
    pub fn equals(&self, found: impl Into<Value>) {
        assert_eq!(found.into(), *self.value, "{} {}", self.file, self.pointer);
        self.checked();
    }

    /// Asserts that ours are the same numbers, or a single one, to within a tolerance.
    #[track_caller]
    pub fn close(&self, found: &[f64], tolerance: f64) {
        let expected = if self.value.is_array() { self.numbers() } else { vec![self.number()] };
        assert_eq!(found.len(), expected.len(), "{} {}: number of values", self.file, self.pointer);
        for (index, (a, b)) in found.iter().zip(&expected).enumerate() {
            assert!((a - b).abs() <= tolerance, "{} {}, value {index}: {a}, expected {b}", self.file, self.pointer);
        }
        self.checked();
    }

    /// Enters that the test compared everything here and below in its own manner.
    pub fn checked(&self) {
        compared(self.file, &self.pointer);
    }
}
