//! Detections on the test subset, and what they are worth (spec 9, 10, 18).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cache::FrameCache;
use super::control::Control;
use super::error::TrainError;
use super::loader::{Broken, Loader, Maker};
use super::material::Material;
use super::search::{Searcher, soft_nms};
use super::step::{Engine, Pulse};
use super::windows::Plan;
use crate::config::Config;
use crate::domain::{Detection, Detections, Event};
use crate::eval::postprocess::{self, Merge};
use crate::eval::{self, EvalOptions, Evaluation};

/// One evaluation of a run.
pub struct Evaluator<'a> {
    config: &'a Config,
    material: &'a Material,
    cache: Arc<FrameCache>,
}

/// Detections of a subset and the videos that could not be read.
pub type Found = (Detections, Vec<Broken>);

impl<'a> Evaluator<'a> {
    /// An evaluation on the configuration's test subset.
    #[must_use]
    pub fn new(config: &'a Config, material: &'a Material, cache: &Arc<FrameCache>) -> Self {
        Self { config, material, cache: cache.clone() }
    }

    /// Searches every video of the test subset; `place` is (epoch, step) that is next. None when a stop broke it off.
    ///
    /// # Errors
    /// When decoding threads fail or the run folder cannot be written.
    pub fn run(
        &self,
        engine: &Engine,
        control: &mut Control<'_>,
        place: (usize, usize),
    ) -> Result<Option<Found>, TrainError> {
        let config = self.config;
        let videos = self.material.videos(&config.data.test_subset);
        let (tscale, classes) = (config.model.tscale, self.material.classes.clone());
        let plan = Arc::new(Plan::searching(videos, classes, &config.data, tscale));
        let maker = Maker::new(plan.clone(), &config.data, tscale, config.seed, self.material.features.clone());
        let batch_size = config.solver.batch_size;
        let mut loader = Loader::searching(
            Arc::new(maker),
            &self.material.source,
            &self.cache,
            (config.solver.workers, batch_size),
        )?;
        let searcher = Searcher::new(config, &self.material.classes, engine);
        let mut windows: BTreeMap<String, Vec<Vec<Detection>>> = BTreeMap::new();
        let mut broken = Vec::new();
        let total = plan.items.len();
        let mut done = 0;
        while let Some(batch) = loader.next_batch()? {
            let before = done * 10 / total.max(1);
            done += batch.items.len() + batch.broken.len();
            broken.extend(batch.broken.iter().cloned());
            if !batch.items.is_empty() {
                let Some(found) = searcher.search(&batch, &plan, &mut || control.pulse(place)) else {
                    return Ok(None);
                };
                for (item, found) in batch.items.iter().zip(found) {
                    windows.entry(item.video.clone()).or_default().push(found);
                }
            } else if control.pulse(place) == Pulse::Stop {
                return Ok(None);
            }
            if done * 10 / total.max(1) > before {
                control.sink.event(Event::Progress { what: "evaluating".to_owned(), done, total })?;
            }
        }
        Ok(Some((self.merged(&plan, windows), broken)))
    }

    /// Detections of every video, in file order, its windows joined.
    fn merged(&self, plan: &Plan, mut windows: BTreeMap<String, Vec<Vec<Detection>>>) -> Detections {
        let merge = Merge { per_class: true, strict_reference: false };
        let nms = soft_nms(&self.config.post);
        let videos = plan
            .videos
            .iter()
            .map(|video| {
                let own = windows.remove(&video.id).unwrap_or_default();
                let mut found = postprocess::merge_windows(own, &nms, merge);
                postprocess::round(&mut found);
                (video.id.clone(), found)
            })
            .collect();
        Detections { videos }
    }

    /// Average precision and recall of the detections.
    ///
    /// # Errors
    /// When there is no truth to compare with.
    pub fn judge(&self, detections: &Detections) -> Result<Evaluation, TrainError> {
        let blocked: BTreeSet<String> = self.material.blocked.clone();
        let options =
            EvalOptions { blocked, ..EvalOptions::new(&self.config.data.test_subset, &self.config.eval.tious) };
        Ok(eval::evaluate(&self.material.dataset, detections, &options)?)
    }
}
