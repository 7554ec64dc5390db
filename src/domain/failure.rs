//! A failure as a person meets it.

use serde::{Deserialize, Serialize};

/// One sentence that says what happened, to which file, and what to do, with the causes behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The sentence.
    pub sentence: String,
    /// Causes, outermost first; for the log and for "details".
    pub causes: Vec<String>,
}

impl Failure {
    /// A failure without a cause behind it.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), causes: Vec::new() }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Failure {}
