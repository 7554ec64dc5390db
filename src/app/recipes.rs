//! The configurations that a person may train with.

use std::path::{Path, PathBuf};

use crate::state::Choice;
use crate::{config, project};

/// Configurations in the project, in the current folder and beside the executable, those that can be read, each once by name.
pub(super) fn configs(root: &Path, etad: &Path) -> Vec<Choice> {
    let beside = etad.ancestors().skip(1).take(4).map(|folder| folder.join("configs"));
    let folders = [root.to_owned(), root.join("configs"), PathBuf::from("configs")].into_iter().chain(beside);
    let mut choices: Vec<Choice> = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        files.retain(|path| path.file_name().is_some_and(|name| name != project::Manifest::FILE));
        files.sort();
        for path in files {
            let label = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            let new = choices.iter().all(|choice| choice.label != label);
            if new && config::load(&path, &[]).is_ok() {
                let path = std::path::absolute(&path).unwrap_or(path);
                choices.push(Choice { label, path });
            }
        }
    }
    choices
}
