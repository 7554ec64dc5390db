//! The recipe of the next training as a form: the keys of the configuration's own declarations with the values of the chosen file, and
//! what a person changed of them.

use std::collections::BTreeMap;

use crate::config::{self, Config, Key};

use super::{Effect, State};

/// What stands first in the form: what people change most, in the order in which it matters.
const FIRST: [&str; 10] = [
    "solver.epochs",
    "solver.batch_size",
    "optimizer.detector_rate",
    "optimizer.encoder_rate",
    "data.window_seconds",
    "data.train_subset",
    "data.test_subset",
    "workflow.eval_interval",
    "encoder.snippet_ratio",
    "seed",
];

/// Commands about the recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// Set a key to a value as TOML writes it, or as plain text.
    Set {
        /// Dotted path.
        path: String,
        /// Value.
        text: String,
    },
    /// Take a key back to what the file says.
    Reset(String),
    /// Show keys whose path or meaning contains this.
    Find(String),
    /// Save the recipe as a file.
    Save,
}

/// The recipe of the form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecipeForm {
    /// Text of the chosen file, once it was read.
    pub text: Option<String>,
    /// What a person changed: path and value as typed.
    pub changed: BTreeMap<String, String>,
    /// What the file and the changes give together; none while the file is not right.
    pub config: Option<Box<Config>>,
    /// Why a change cannot be made, by path.
    pub wrong: BTreeMap<String, String>,
    /// What is looked for.
    pub find: String,
    /// How often a finding led to a key: the form unfolds each time.
    pub led: u64,
}

/// A key of the form.
#[derive(Clone, Debug, PartialEq)]
pub struct RecipeKey {
    /// Path, type, default and meaning.
    pub key: Key,
    /// Its value as TOML writes it; empty where it is absent.
    pub value: String,
    /// Whether a person changed it.
    pub changed: bool,
}

impl RecipeForm {
    /// Shows a key, to which a finding leads.
    pub fn lead(&mut self, key: String) {
        self.find = key;
        self.led += 1;
    }

    /// The changes as `--set` takes them.
    #[must_use]
    pub fn overrides(&self) -> Vec<String> {
        self.changed.iter().map(|(path, text)| format!("{path}={text}")).collect()
    }

    /// Takes in the text of another file; what was changed of the earlier one goes.
    pub fn read(&mut self, text: String) {
        *self = Self { find: std::mem::take(&mut self.find), led: self.led, text: Some(text), ..Self::default() };
        self.resolve();
    }

    fn resolve(&mut self) {
        let text = self.text.as_deref().unwrap_or_default();
        self.config = config::parse(text, "the recipe", &self.overrides()).ok().map(Box::new);
    }

    /// Changes a key, if the value fits it.
    fn set(&mut self, path: String, value: String) {
        let text = self.text.as_deref().unwrap_or_default();
        let mut overrides = self.overrides();
        overrides.push(format!("{path}={value}"));
        match config::parse(text, "the recipe", &overrides) {
            Ok(config) => {
                self.wrong.remove(&path);
                let from_file = config::parse(text, "the recipe", &[]).ok();
                if from_file.is_some_and(|file| value_of(&file, &path) == value_of(&config, &path)) {
                    self.changed.remove(&path);
                } else {
                    self.changed.insert(path, value);
                }
                self.resolve();
            }
            Err(error) => {
                let text = error.to_string();
                let why = text.split_once(": ").map_or(text.as_str(), |(_, why)| why).to_owned();
                self.wrong.insert(path, why);
            }
        }
    }

    /// The keys to show: the first ones, or what is looked for, or all; none before the file was read.
    #[must_use]
    pub fn fields(&self, all: bool) -> Vec<RecipeKey> {
        let Some(config) = &self.config else { return Vec::new() };
        let wanted = self.find.trim().to_lowercase();
        let values = toml::Value::try_from(config.as_ref()).ok();
        let keys = Config::reference();
        let hit = |key: &&Key| {
            if wanted.is_empty() {
                return all || FIRST.contains(&key.path.as_str()) || self.changed.contains_key(&key.path);
            }
            key.path.to_lowercase().contains(&wanted) || key.meaning.to_lowercase().contains(&wanted)
        };
        let mut fields: Vec<RecipeKey> = keys
            .iter()
            .filter(hit)
            .map(|key| RecipeKey {
                value: values.as_ref().and_then(|values| at(values, &key.path)).map_or(String::new(), plain),
                changed: self.changed.contains_key(&key.path),
                key: key.clone(),
            })
            .collect();
        if wanted.is_empty() && !all {
            let rank = |field: &RecipeKey| FIRST.iter().position(|path| *path == field.key.path).unwrap_or(FIRST.len());
            fields.sort_by_key(rank);
        }
        fields
    }
}

fn value_of(config: &Config, path: &str) -> Option<String> {
    toml::Value::try_from(config).ok().as_ref().and_then(|values| at(values, path)).map(plain)
}

fn at<'a>(values: &'a toml::Value, path: &str) -> Option<&'a toml::Value> {
    path.split('.').try_fold(values, |value, name| value.get(name))
}

/// A value as people type it: text without quotes.
fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn obey(state: &mut State, what: Recipe, effects: &mut Vec<Effect>) {
    let recipe = &mut state.training.recipe;
    match what {
        Recipe::Set { path, text } => recipe.set(path, text),
        Recipe::Reset(path) => {
            recipe.changed.remove(&path);
            recipe.wrong.remove(&path);
            recipe.resolve();
        }
        Recipe::Find(text) => recipe.find = text,
        Recipe::Save => {
            let text = recipe.config.as_ref().and_then(|config| config.to_toml().ok());
            if let Some(text) = text {
                let folder = state.project.as_ref().map(|project| project.root.clone());
                effects.push(Effect::AskSave { name: "recipe.toml".to_owned(), folder, contents: text.into_bytes() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_values_are_marked_checked_and_taken_back() {
        let mut form = RecipeForm::default();
        assert!(form.fields(true).is_empty());
        form.read("[solver]\nepochs = 3".to_owned());
        let field = |form: &RecipeForm, path: &str| {
            form.fields(true).into_iter().find(|field| field.key.path == path).expect("a key")
        };
        assert_eq!((field(&form, "solver.epochs").value.as_str(), field(&form, "solver.epochs").changed), ("3", false));
        form.set("solver.epochs".to_owned(), "12".to_owned());
        assert_eq!((field(&form, "solver.epochs").value.as_str(), field(&form, "solver.epochs").changed), ("12", true));
        assert_eq!(form.overrides(), ["solver.epochs=12"]);
        form.set("solver.epochs".to_owned(), "many".to_owned());
        assert!(form.wrong["solver.epochs"].contains("expected"), "{:?}", form.wrong);
        assert_eq!(field(&form, "solver.epochs").value, "12", "what does not fit changes nothing");
        form.set("solver.epochs".to_owned(), "3".to_owned());
        assert!(form.changed.is_empty() && form.wrong.is_empty(), "as in the file again");
    }

    #[test]
    fn what_is_saved_is_the_whole_recipe_with_what_was_changed() {
        let mut state = State::default();
        state.training.recipe.read("[solver]\nepochs = 3".to_owned());
        let mut effects = Vec::new();
        obey(&mut state, Recipe::Set { path: "solver.epochs".to_owned(), text: "12".to_owned() }, &mut effects);
        obey(&mut state, Recipe::Save, &mut effects);
        let Some(Effect::AskSave { name, contents, .. }) = effects.first() else { panic!("{effects:?}") };
        let saved = config::parse(&String::from_utf8_lossy(contents), name, &[]).expect("a recipe");
        assert_eq!((name.as_str(), saved.solver.epochs), ("recipe.toml", 12));
    }

    #[test]
    fn what_matters_first_exists_and_any_key_is_found() {
        let mut form = RecipeForm::default();
        form.read(String::new());
        let first: Vec<String> = form.fields(false).into_iter().map(|field| field.key.path).collect();
        assert_eq!(first, FIRST, "each of them is a key");
        form.find = "CLIP_NORM".to_owned();
        assert_eq!(form.fields(false)[0].key.path, "solver.clip_norm");
        assert_eq!(form.fields(true).len(), 1);
    }
}
