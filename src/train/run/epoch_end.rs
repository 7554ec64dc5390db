//! What follows on an epoch: evaluation, the best so far, checkpoints (spec 7.5).

use std::time::Instant;

use super::Run;
use crate::config::Config;
use crate::domain::{Detections, Event};
use crate::train::checkpoint::{BEST, Best, epoch_name};
use crate::train::error::TrainError;
use crate::train::evaluate;

/// Checkpoints of epochs that stay, besides the best.
const KEPT_EPOCHS: usize = 2;

/// Whether a run is evaluated after an epoch (spec 7.5).
pub(in crate::train) fn evaluates_after(config: &Config, epoch: usize) -> bool {
    let workflow = &config.workflow;
    workflow.eval_interval > 0
        && epoch >= workflow.eval_start
        && (epoch + 1 >= config.solver.epochs || (epoch + 1).is_multiple_of(workflow.eval_interval))
}

impl Run<'_> {
    /// Checkpoint and evaluation after an epoch. Saved before the evaluation, with a note that it is still to be done, and after.
    pub(super) fn end_epoch(&mut self, epoch: usize) -> Result<(), TrainError> {
        let workflow = &self.config.workflow;
        let last_epoch = self.ledger.position.epoch >= self.config.solver.epochs;
        let evaluates = evaluates_after(self.config, epoch) && self.nothing_to_compare().is_none();
        let mut average_map = None;
        if evaluates {
            self.ledger.save(&self.engine, Vec::new())?;
            average_map = self.evaluate(epoch)?;
            if average_map.is_none() {
                return Ok(());
            }
        }
        let best = self.judge(epoch, average_map);
        self.ledger.position.evaluate = None;
        let interval = workflow.checkpoint_interval.max(1);
        let mut names = Vec::new();
        if last_epoch || (epoch + 1).is_multiple_of(interval) || self.fixed_epoch() == Some(epoch) {
            names.push(epoch_name(epoch));
        }
        if best {
            names.push(BEST.to_owned());
        }
        self.ledger.save(&self.engine, names)?;
        let (fixed, from) = (self.fixed_epoch(), workflow.keep_from.unwrap_or(usize::MAX));
        self.ledger.prune(|number| number + KEPT_EPOCHS * interval > epoch || number >= from || fixed == Some(number));
        Ok(())
    }

    /// Notes what an epoch is worth, and says whether its checkpoint is the best: by average mAP, or as the recipe fixes it.
    fn judge(&mut self, epoch: usize, average_map: Option<f64>) -> bool {
        let fixed = self.fixed_epoch();
        let position = &mut self.ledger.position;
        let mut rises = false;
        if let Some(average_map) = average_map {
            rises =
                position.highest.or(position.best.map(|best| best.average_map)).is_none_or(|most| average_map > most);
            position.since_best += 1;
            if rises {
                position.highest = Some(average_map);
                position.since_best = 0;
            }
        }
        let best = fixed.map_or(rises, |fixed| fixed == epoch);
        if best {
            position.best = average_map.map(|average_map| Best { average_map, epoch });
        }
        best
    }

    /// The epoch whose checkpoint the recipe calls the best, whatever its mAP (spec 7.5); in a shorter run its last.
    fn fixed_epoch(&self) -> Option<usize> {
        let last = self.config.solver.epochs.saturating_sub(1);
        self.config.workflow.test_epoch.map(|epoch| epoch.min(last))
    }

    /// Why detections could not be compared with anything; none where they can be.
    pub(in crate::train) fn nothing_to_compare(&self) -> Option<TrainError> {
        evaluate::judge(self.config, &self.material, &Detections::default()).err()
    }

    /// Evaluates the test subset and returns its average mAP; none when a stop broke it off.
    pub(super) fn evaluate(&mut self, epoch: usize) -> Result<Option<f64>, TrainError> {
        let started = Instant::now();
        let videos = self.material.videos(&self.config.data.test_subset);
        let (ledger, engine) = (&mut self.ledger, &self.engine);
        let paused = ledger.control.is_waiting();
        let watch = &mut |moment| ledger.moment(engine, "evaluating", moment, paused);
        let found = evaluate::search(self.config, &self.material, videos, &self.cache, engine, watch, None)?;
        self.ledger.check()?;
        // One that was ordered meanwhile is answered by this one.
        self.ledger.control.evaluate = false;
        let Some((detections, broken)) = found else { return Ok(None) };
        let result = evaluate::judge(self.config, &self.material, &detections)?;
        self.ledger.note_broken(&broken)?;
        let predictions = self.ledger.control.sink.predictions(epoch, &detections)?;
        self.ledger.event(Event::Eval {
            epoch,
            step: self.ledger.position.step.saturating_sub(1),
            map: result.by_key(&result.map),
            average_map: result.average_map,
            per_class: result.per_class_by_key(),
            recall: result.by_key(&result.recall),
            seconds: started.elapsed().as_secs_f64(),
            predictions,
        })?;
        self.ledger.report.leave_out(started.elapsed());
        Ok(Some(result.average_map))
    }

    /// Whether evaluations have not improved for as long as the recipe waits.
    pub(super) fn early_stop(&self) -> bool {
        let patience = self.config.workflow.patience;
        patience > 0 && self.ledger.position.since_best >= patience
    }
}
