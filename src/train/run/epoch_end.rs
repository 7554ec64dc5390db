//! What follows on an epoch: evaluation, the best so far, checkpoints (spec 7.5).

use std::time::Instant;

use super::Run;
use crate::domain::Event;
use crate::train::checkpoint::{self, BEST, Best, LAST, epoch_name};
use crate::train::error::TrainError;
use crate::train::evaluate;

/// Checkpoints of epochs that stay, besides the best.
const KEPT_EPOCHS: usize = 2;

impl Run<'_> {
    /// Checkpoint and evaluation after an epoch. Saved before the evaluation, with a note that it is still to be done, and after.
    pub(super) fn end_epoch(&mut self, epoch: usize) -> Result<(), TrainError> {
        let workflow = &self.config.workflow;
        let last_epoch = self.position.epoch >= self.config.solver.epochs;
        let since_start = epoch.checked_sub(workflow.eval_start);
        let evaluates = workflow.eval_interval > 0
            && self.has_truth()
            && since_start.is_some_and(|since| last_epoch || (since + 1).is_multiple_of(workflow.eval_interval));
        let mut best = false;
        if evaluates {
            self.save(&[LAST.to_owned()], false)?;
            let Some(average_map) = self.evaluate(epoch)? else { return Ok(()) };
            best = self.position.best.is_none_or(|best| average_map > best.average_map);
            self.position.since_best += 1;
            if best {
                self.position.best = Some(Best { average_map, epoch });
                self.position.since_best = 0;
            }
        }
        self.position.evaluate = None;
        let interval = workflow.checkpoint_interval.max(1);
        let mut names = Vec::new();
        if last_epoch || (epoch + 1).is_multiple_of(interval) {
            names.push(epoch_name(epoch));
        }
        if best {
            names.push(BEST.to_owned());
        }
        names.push(LAST.to_owned());
        self.save(&names, best)?;
        checkpoint::prune(&self.folder, epoch, KEPT_EPOCHS * interval);
        Ok(())
    }

    /// Whether there is anything to compare detections with.
    pub(super) fn has_truth(&self) -> bool {
        self.material.dataset.subset(&self.config.data.test_subset).any(|video| !video.annotations.is_empty())
    }

    /// Evaluates the test subset and returns its average mAP; none when a stop broke it off.
    pub(super) fn evaluate(&mut self, epoch: usize) -> Result<Option<f64>, TrainError> {
        let place = (self.position.epoch, self.position.step);
        let started = Instant::now();
        let videos = self.material.videos(&self.config.data.test_subset);
        let control = &mut self.control;
        let found = evaluate::search(self.config, &self.material, videos, &self.cache, &self.engine, &mut |moment| {
            control.moment(moment, place)
        })?;
        self.control.check()?;
        let Some((detections, broken)) = found else { return Ok(None) };
        let result = evaluate::judge(self.config, &self.material, &detections)?;
        self.note_broken(&broken)?;
        let predictions = self.control.sink.predictions(epoch, &detections)?;
        self.event(Event::Eval {
            epoch,
            step: place.1.saturating_sub(1),
            map: result.by_key(&result.map),
            average_map: result.average_map,
            per_class: result.per_class_by_key(),
            recall: result.by_key(&result.recall),
            seconds: started.elapsed().as_secs_f64(),
            predictions,
        })?;
        Ok(Some(result.average_map))
    }

    pub(super) fn save(&mut self, names: &[String], best: bool) -> Result<(), TrainError> {
        self.position.unreported = self.report.read()?.to_vec();
        checkpoint::save(&self.folder, names, &self.engine, &self.header, &self.position)?;
        self.saved = Instant::now();
        let (epoch, step) = (self.position.epoch, self.position.step);
        for name in names {
            let file = format!("checkpoints/{name}.safetensors");
            self.event(Event::Checkpoint { epoch, step, file, best: best && name != LAST })?;
        }
        Ok(())
    }

    /// Whether evaluations have not improved for as long as the recipe waits.
    pub(super) fn early_stop(&self) -> bool {
        let patience = self.config.workflow.patience;
        patience > 0 && self.position.since_best >= patience
    }
}
