//! The health check on its thread: what is known at once, then what decoding the videos tells.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config;
use crate::domain::{Dataset, Failure};
use crate::jobs::{self, Known};
use crate::project::Finding;

use super::sentence::sentence;

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
    overrides: &[String],
    root: &Path,
    data: Data,
    stop: &AtomicBool,
    report: &dyn Fn(Result<Vec<Finding>, Failure>),
) {
    let Data { dataset, mut media, classes, initialised, asked } = data;
    let recipe = config::load(config, overrides).map_err(|error| Failure::new(sentence(&error)));
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::project::{self, Media};
    use crate::sample::{SampleOptions, make};

    #[test]
    fn damage_is_told_after_what_is_known_at_once_and_not_when_it_is_not_wanted_any_more() {
        let folder = tempfile::tempdir().expect("folder");
        let options = SampleOptions { videos: 1, seconds: (4.0, 4.0), ..SampleOptions::default() };
        make(folder.path(), &options, &mut |_, _| true).expect("a sample");
        let video = folder.path().join("videos/sample_001.mp4");
        let mut bytes = std::fs::read(&video).expect("read");
        let half = bytes.len() / 2;
        bytes[half..half + 4000].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(&video, bytes).expect("written");
        let dataset = project::open(&[folder.path().to_owned()]).expect("opened").dataset();
        let media = Media { duration: 4.0, frame: 0.04, warnings: Vec::new() };
        let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/sample.toml");

        let reports = |stopped: bool| {
            let told = RefCell::new(Vec::new());
            let data = Data {
                dataset: dataset.clone(),
                media: Known::from([("sample_001".to_owned(), Ok(media.clone()))]),
                classes: Vec::new(),
                initialised: true,
                asked: false,
            };
            check(&recipe, &[], folder.path(), data, &AtomicBool::new(stopped), &|found| told.borrow_mut().push(found));
            let damaged = |found: &Result<Vec<Finding>, Failure>| {
                found.as_ref().expect("checked").iter().any(|finding| finding.sentence.contains("damaged"))
            };
            told.borrow().iter().map(damaged).collect::<Vec<bool>>()
        };
        assert_eq!(reports(true), [false]);
        assert_eq!(reports(false), [false, true]);
    }
}
