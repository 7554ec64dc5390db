//! Class names and their indices.

use serde::{Deserialize, Serialize};

/// The classes of a data set in a fixed order; the index is what models and class maps count by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassList(Vec<String>);

impl ClassList {
    /// Classes in the given order; a repeated name is kept once, at its first place.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut list = Self::default();
        for name in names {
            if list.index(&name).is_none() {
                list.0.push(name);
            }
        }
        list
    }

    /// All names, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Index of a class, if it is listed.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }

    /// Number of classes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no class.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
