//! What a person chose for the next training.

use std::path::PathBuf;

use crate::project::{Finding, Severity};

use super::{Choice, Forecast, Init, RecipeForm};

/// The health check of the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Not done.
    #[default]
    Unknown,
    /// Going on.
    Checking,
    /// Done, with what is wrong.
    Checked(Vec<Finding>),
}

impl Health {
    /// Number of findings of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        match self {
            Self::Checked(findings) => findings.iter().filter(|finding| finding.severity == severity).count(),
            _ => 0,
        }
    }
}

/// A device on offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceChoice {
    /// As `--device` takes it.
    pub name: String,
    /// In words.
    pub words: String,
    /// Whether it is a GPU of metal; a program that imitates one is none.
    pub gpu: bool,
}

/// Choices for the next training.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainForm {
    /// Configurations that were found.
    pub configs: Vec<Choice>,
    /// The one to train with.
    pub config: Option<PathBuf>,
    /// Automatic, and the devices that were found.
    pub devices: Vec<DeviceChoice>,
    /// Whether it was looked for a GPU, and none was found.
    pub no_gpu: bool,
    /// The one to train on, as `--device` takes it.
    pub device: String,
    /// Starting weights.
    pub init: Init,
    /// The recipe, and what was changed of it.
    pub recipe: RecipeForm,
    /// The health check.
    pub health: Health,
    /// What the training would take.
    pub forecast: Forecast,
    /// Forecasts that were asked for or given up: each is known by its number.
    pub forecasts: u64,
    /// The run that a training which is being started goes on from.
    pub again: Option<PathBuf>,
    /// Whether a process is being started.
    pub starting: bool,
}

impl Default for TrainForm {
    fn default() -> Self {
        Self {
            configs: Vec::new(),
            config: None,
            devices: vec![DeviceChoice {
                name: "auto".to_owned(),
                words: "Automatic (a GPU, else the CPU)".to_owned(),
                gpu: false,
            }],
            no_gpu: false,
            device: "auto".to_owned(),
            init: Init::Scratch,
            recipe: RecipeForm::default(),
            health: Health::Unknown,
            forecast: Forecast::Unknown,
            forecasts: 0,
            again: None,
            starting: false,
        }
    }
}

impl TrainForm {
    /// Adds a configuration to the choices if it is new, and chooses it.
    pub fn choose_config(&mut self, path: PathBuf) {
        if !self.configs.iter().any(|choice| choice.path == path) {
            let label = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            self.configs.push(Choice { label, path: path.clone() });
        }
        self.config = Some(path);
    }
}
