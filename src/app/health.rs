//! The health check on its thread: what is known at once, then what decoding the videos tells.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config;
use crate::domain::{Dataset, Failure};
use crate::jobs::{self, Known};
use crate::project::Finding;

use super::effects::sentence;

/// Seconds of film up to which all is decoded without being asked: seconds of work for small pictures, minutes for large ones.
const SHORT: f64 = 1800.0;

/// What to check.
pub struct Data {
    /// Annotations, with paths that can be opened.
    pub dataset: Dataset,
    /// What is known of the files.
    pub media: Known,
    /// Declared classes.
    pub classes: Vec<String>,
    /// Whether starting weights were chosen.
    pub initialised: bool,
    /// Whether a person asked, so that long videos are decoded too.
    pub asked: bool,
}

/// Checks the data for a configuration; `report` hears of it at once, and again if decoding the videos tells more before `stop`.
pub fn check(
    config: &Path,
    root: &Path,
    data: Data,
    stop: &AtomicBool,
    report: &dyn Fn(Result<Vec<Finding>, Failure>),
) {
    let Data { dataset, mut media, classes, initialised, asked } = data;
    let recipe = config::load(config, &[]).map_err(|error| Failure::new(sentence(&error)));
    let expected = recipe.and_then(|config| {
        let expected = jobs::expectations(&config, root, &classes, initialised);
        expected.map(|expected| (config, expected)).map_err(|error| Failure::new(sentence(&error)))
    });
    let (config, expected) = match expected {
        Ok(expected) => expected,
        Err(failure) => return report(Err(failure)),
    };
    let known = jobs::judge(&config, &dataset, &media, &expected);
    report(Ok(known.clone()));
    let film: f64 = media.values().flatten().map(|facts| facts.duration).sum();
    if !asked && film > SHORT {
        return;
    }
    let go_on = || !stop.load(Ordering::Relaxed);
    if jobs::look_closer(&dataset, &mut media, &mut |_, _| go_on()) {
        let closer = jobs::judge(&config, &dataset, &media, &expected);
        if closer != known && go_on() {
            report(Ok(closer));
        }
    }
}
