//! `project.toml`: the name of a project, its annotation file and its classes.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ProjectError;

/// What `project.toml` says. Keys that a later version adds are left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the project.
    pub name: String,
    /// Annotation file in the ActivityNet schema, relative to the project folder.
    #[serde(default = "default_annotations")]
    pub annotations: String,
    /// Class names in their order, which is also the order of their colours.
    #[serde(default)]
    pub classes: Vec<String>,
}

fn default_annotations() -> String {
    "annotations.json".to_owned()
}

impl Manifest {
    /// Name of the file that makes a folder a project.
    pub const FILE: &'static str = "project.toml";

    /// Reads the project file of `folder`.
    ///
    /// # Errors
    /// When the file cannot be read or is not a project file.
    pub fn read(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(Self::FILE);
        let text =
            std::fs::read_to_string(&path).map_err(|source| ProjectError::Read { path: path.clone(), source })?;
        toml::from_str(&text)
            .map_err(|error| ProjectError::Manifest { path, message: error.message().trim_end().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_default_to_the_usual_name() {
        let manifest: Manifest = toml::from_str("name = \"Cats\"\nfuture = 1").expect("reads");
        assert_eq!(manifest.annotations, "annotations.json");
        assert!(manifest.classes.is_empty());
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join(Manifest::FILE), "name = ").expect("written");
        let sentence = Manifest::read(folder.path()).expect_err("not TOML").to_string();
        assert!(sentence.contains("project.toml is not a project file"), "{sentence}");
    }
}
