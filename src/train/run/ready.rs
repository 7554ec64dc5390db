//! What is known to be right before a run folder is touched: configuration, data, starting weights, and that a run that goes on is
//! the same run.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use toml::{Table, Value};

use super::Setup;
use crate::config::{Architecture, Chunk, Config, Data, SchedulerKind};
use crate::train::check::check;
use crate::train::checkpoint::{self, Header, Resumed};
use crate::train::encoding::has_precision;
use crate::train::error::TrainError;
use crate::train::material::Material;
use crate::train::memory::{Budget, Meter};
use crate::train::step::Engine;
use crate::train::windows::Plan;

/// A training that can begin.
pub struct Ready {
    /// Sentences that a person should read, to be written into the run folder.
    pub notes: Vec<String>,
    pub(super) material: Material,
    pub(super) plan: Arc<Plan>,
    pub(super) engine: Engine,
    pub(super) header: Header,
    /// The checkpoint from which it goes on.
    pub(super) resumed: Option<Resumed>,
    pub(super) device: Device,
}

impl Ready {
    /// The configuration with all that was left open decided.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.header.config
    }
}

/// Reads and checks all that `setup` names; nothing is written. `folder` is the run folder, which may not exist.
///
/// # Errors
/// When configuration, data or weights cannot be used, or the run that should go on is another one.
pub fn ready(setup: &Setup<'_>, folder: &Path) -> Result<Ready, TrainError> {
    check(setup.config)?;
    ready_on(setup, Material::open(setup.config, setup.root)?, folder)
}

/// As [`ready`], on material that is at hand.
pub(super) fn ready_on(setup: &Setup<'_>, material: Material, folder: &Path) -> Result<Ready, TrainError> {
    let config = setup.config;
    check(config)?;
    if config.encoder.arch != Architecture::None && !has_precision(&config.encoder, setup.device) {
        return Err(TrainError::Precision {
            precision: config.encoder.precision.name(),
            device: setup.device_name.to_owned(),
        });
    }
    let plan = plan(config, &material)?;
    let device = setup.device.clone().autodiff();
    let mut engine = checkpoint::fresh(config, &material.classes, &device);
    let mut resolved = config.clone();
    resolved.encoder.at_once = at_once(setup, &engine, (plan.items.len(), material.film(config)));
    engine.pass_at_once(resolved.encoder.at_once);
    let header = Header { config: resolved, classes: material.classes.clone(), data: material.fingerprint() };
    let mut notes = Vec::new();
    let newest = if setup.resume { checkpoint::newest(&folder.join("checkpoints"))? } else { None };
    let resumed = match newest {
        Some(newest) => {
            is_same_run(&newest.header, &header, folder)?;
            Some(newest.take_up(&mut engine)?)
        }
        None => {
            if setup.resume {
                let folder = folder.display();
                notes.push(format!("{folder} was ended before its first checkpoint, so training begins at step 0"));
            }
            if let Some(path) = &config.encoder.weights {
                checkpoint::fill_encoder(&mut engine, &setup.root.join(path))?;
            }
            if let Some(path) = setup.init {
                notes.extend(checkpoint::fill_start(&mut engine, path, &material.classes)?);
            }
            None
        }
    };
    Ok(Ready { notes, material, plan: Arc::new(plan), engine, header, resumed, device })
}

/// Snippets that pass the encoder at once.
fn at_once(setup: &Setup<'_>, engine: &Engine, portions: (usize, f64)) -> usize {
    let encoder = &setup.config.encoder;
    if encoder.at_once > 0 || encoder.chunk != Chunk::Auto || engine.encoder.is_none() {
        return encoder.at_once();
    }
    let budget = Budget::of(setup.config, setup.device, setup.device_name);
    Meter::new(setup.config, engine, portions, setup.device).at_once(setup.config, budget)
}

/// The windows that train.
fn plan(config: &Config, material: &Material) -> Result<Plan, TrainError> {
    let data = &config.data;
    // Kept features are those of the planned windows.
    let jitter = data.window_jitter && data.feature_cache.is_none();
    let planned = Data { window_jitter: jitter, ..data.clone() };
    let videos = material.videos(&data.train_subset);
    let plan = Plan::training(videos, material.trained_classes(config), &planned, config.model.tscale, config.seed)
        .dropping_last(config.solver.drop_last);
    if plan.items.is_empty() {
        return Err(TrainError::NoItems {
            subset: data.train_subset.clone(),
            annotations: data.annotations.clone(),
            advice: "check data.train_subset, the labels and data.completeness",
        });
    }
    Ok(plan)
}

/// Keys that change neither what is learnt nor from what: places, pace, and what happens besides the steps.
const FREE: [&str; 11] = [
    "name",
    "data.annotations",
    "data.folder",
    "data.disk_cache",
    "data.disk_cache_limit",
    "encoder.at_once",
    "solver.workers",
    "solver.threads",
    "solver.frame_cache",
    "solver.memory_budget",
    "workflow.",
];

/// Whether a run may go on with this configuration and data.
fn is_same_run(before: &Header, now: &Header, folder: &Path) -> Result<(), TrainError> {
    let keys = differences(&before.config, &now.config);
    let folder = folder.display().to_string();
    if !keys.is_empty() {
        return Err(TrainError::OtherConfig { folder, keys: keys.join(", ") });
    }
    if before.data == now.data { Ok(()) } else { Err(TrainError::OtherData { folder }) }
}

/// The keys that differ and may not, each as "solver.batch_size (2, now 4)".
fn differences(before: &Config, now: &Config) -> Vec<String> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (config, out) in [(before, &mut old), (now, &mut new)] {
        flatten("", &Table::try_from(config).unwrap_or_default(), out);
    }
    let grows = now.scheduler.kind == SchedulerKind::Steps && now.solver.epochs >= before.solver.epochs;
    let is_free = |key: &str| {
        (key == "solver.epochs" && grows)
            || FREE.iter().any(|free| if free.ends_with('.') { key.starts_with(free) } else { key == *free })
    };
    let value = |all: &[(String, String)], key: &str| {
        all.iter().find(|(name, _)| name == key).map_or_else(|| "absent".to_owned(), |(_, value)| value.clone())
    };
    let mut keys: Vec<&String> = old.iter().chain(&new).map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| !is_free(key))
        .map(|key| (key, value(&old, key), value(&new, key)))
        .filter(|(_, old, new)| old != new)
        .map(|(key, old, new)| format!("{key} ({old}, now {new})"))
        .collect()
}

/// Dotted keys with their values as TOML writes them.
fn flatten(path: &str, table: &Table, out: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Value::Table(table) => flatten(&path, table, out),
            value => out.push((path, value.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_move_and_hurry_but_not_become_another() {
        let before = Config::default();
        let mut now = before.clone();
        now.solver.workers = 7;
        now.solver.frame_cache = 0;
        now.data.folder = "elsewhere".to_owned();
        now.workflow.save_minutes = 1.0;
        now.workflow.test_epoch = Some(3);
        now.encoder.at_once = 1;
        assert_eq!(differences(&before, &now), Vec::<String>::new());
        now.seed = 1;
        now.solver.batch_size = 9;
        now.eval.blocked = Some("some.json".to_owned());
        assert_eq!(
            differences(&before, &now),
            ["eval.blocked (absent, now \"some.json\")", "seed (42, now 1)", "solver.batch_size (4, now 9)"]
        );
    }

    #[test]
    fn epochs_may_grow_where_the_schedule_does_not_depend_on_them() {
        let mut before = Config::default();
        let mut now = before.clone();
        now.solver.epochs = before.solver.epochs + 1;
        assert!(differences(&before, &now).is_empty());
        assert_eq!(differences(&now, &before), ["solver.epochs (7, now 6)"]);
        (before.scheduler.kind, now.scheduler.kind) = (SchedulerKind::Cosine, SchedulerKind::Cosine);
        assert_eq!(differences(&before, &now), ["solver.epochs (6, now 7)"]);
    }
}
