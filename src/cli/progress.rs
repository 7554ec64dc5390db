//! Progress in a terminal, on standard error; silent where there is none.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::domain::Event;

/// A bar with a title, a count and the time left.
pub(super) fn bar(title: &str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_prefix(title.to_owned());
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}  {eta} left  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Moves a bar.
pub(super) fn set(bar: &ProgressBar, done: usize, total: usize) {
    bar.set_length(total as u64);
    bar.set_position(done as u64);
}

/// Shows the events of a training: a bar over all steps with loss and mAP, and a line for what a person must know.
pub(super) struct TrainingView {
    bar: ProgressBar,
    started: Instant,
    /// What computes, in words, once it is known.
    pub(super) device: Option<String>,
}

impl TrainingView {
    pub(super) fn new() -> Self {
        Self { bar: bar("training"), started: Instant::now(), device: None }
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Start { device, videos, classes, steps_per_epoch, epochs, parameters_trained, .. } => {
                self.device = Some(device.clone());
                self.bar.set_length((steps_per_epoch * epochs) as u64);
                self.line(&format!(
                    "training on {device}: {videos} videos, {} classes, {parameters_trained} parameters, {epochs} epochs of \
                     {steps_per_epoch} steps",
                    classes.len()
                ));
            }
            Event::Resumed { step, .. } => {
                self.bar.set_position(*step as u64);
                self.bar.reset_eta();
                self.line(&format!("going on at step {step}"));
            }
            Event::Step { step, loss, .. } => {
                self.bar.set_position(*step as u64 + 1);
                self.bar.set_message(format!("loss {loss:.3}"));
            }
            Event::Eval { epoch, average_map, map, .. } => {
                let by_tiou: Vec<String> =
                    map.iter().map(|(tiou, value)| format!("{tiou}: {:.1}", value * 100.0)).collect();
                self.line(&format!(
                    "epoch {epoch} after {:.0} s: average mAP {:.2} ({})",
                    self.started.elapsed().as_secs_f64(),
                    average_map * 100.0,
                    by_tiou.join("  ")
                ));
            }
            Event::Progress { what, done, total } => self.bar.set_message(format!("{what} {done}/{total}")),
            Event::Warning { message } => self.bar.suspend(|| tracing::warn!("{message}")),
            Event::Paused => self.line("paused"),
            Event::Stopped | Event::Done { .. } | Event::Failed { .. } => self.bar.finish_and_clear(),
            Event::Checkpoint { .. } | Event::Control { .. } => {}
        }
    }

    /// A line that stays; also where standard error is a file.
    fn line(&self, text: &str) {
        self.bar.suspend(|| tracing::info!("{text}"));
    }
}

/// Shows the progress and warnings of work that writes no run folder.
pub(super) fn watch(bar: &ProgressBar, event: &Event) {
    match event {
        Event::Progress { done, total, .. } => set(bar, *done, *total),
        Event::Warning { message } => bar.suspend(|| tracing::warn!("{message}")),
        _ => {}
    }
}

/// One line for each sentence.
pub(super) fn warn_all(sentences: &[String]) {
    for sentence in sentences {
        tracing::warn!("{sentence}");
    }
}
