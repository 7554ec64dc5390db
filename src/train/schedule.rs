//! Learning rate over the steps of a run (spec 7.2).

use crate::config::{Scheduler, SchedulerKind};

/// The factor by which every group's learning rate is multiplied at a step.
#[derive(Clone, Debug)]
pub struct Schedule {
    config: Scheduler,
    steps_per_epoch: usize,
    total_steps: usize,
}

impl Schedule {
    /// The schedule of a run of `epochs` epochs.
    #[must_use]
    pub fn new(config: &Scheduler, steps_per_epoch: usize, epochs: usize) -> Self {
        Self { config: config.clone(), steps_per_epoch, total_steps: steps_per_epoch * epochs }
    }

    /// Factor at `step`, counted from 0 over the whole run.
    #[must_use]
    pub fn factor(&self, step: usize) -> f64 {
        let warmup = self.config.warmup_steps;
        if step < warmup {
            return (step + 1) as f64 / warmup as f64;
        }
        match self.config.kind {
            SchedulerKind::Steps => {
                let epoch = step / self.steps_per_epoch.max(1);
                let passed = self.config.milestones.iter().filter(|&&milestone| epoch >= milestone).count();
                // Multiplied one by one, as the reference does, so that the last bit agrees.
                (0..passed).fold(1.0, |factor, _| factor * self.config.gamma)
            }
            SchedulerKind::Cosine => {
                let span = self.total_steps.saturating_sub(warmup).max(1);
                let progress = ((step - warmup) as f64 / span as f64).min(1.0);
                let floor = self.config.floor;
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_rises_to_the_full_rate_and_the_cosine_ends_at_its_floor() {
        let config = Scheduler { kind: SchedulerKind::Cosine, warmup_steps: 4, floor: 0.1, ..Scheduler::default() };
        let schedule = Schedule::new(&config, 10, 5);
        assert_eq!((schedule.factor(0), schedule.factor(3), schedule.factor(4)), (0.25, 1.0, 1.0));
        assert!((schedule.factor(50) - 0.1).abs() < 1e-12);
        assert!((schedule.factor(27) - 0.55).abs() < 0.01);
    }
}
