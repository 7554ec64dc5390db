//! Events of a run: the lines of `events.jsonl`, the public format by which windows and scripts follow a training.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One line of `events.jsonl`: when, and what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// Unix time in seconds.
    pub time: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Name and value of one term of the loss.
pub type LossTerm = BTreeMap<String, f64>;

/// Learning rate of each parameter group.
pub type LearningRates = BTreeMap<String, f64>;

/// Seconds of one step by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seconds {
    /// Waiting for decoded frames.
    pub data: f64,
    /// Encoder forward, all snippets.
    pub encoder_forward: f64,
    /// Detector forward, loss, backward and step.
    pub detector: f64,
    /// Encoder forward and backward of the sampled snippets, and step.
    pub encoder_backward: f64,
}

impl Seconds {
    /// All parts together.
    #[must_use]
    pub fn total(self) -> f64 {
        self.data + self.encoder_forward + self.detector + self.encoder_backward
    }
}

/// What can happen in a run. Steps and epochs count from 0; a step number counts over the whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The process began to train.
    Start {
        /// Device in words.
        device: String,
        /// Parameters that learn.
        parameters_trained: usize,
        /// Parameters that stay as they are.
        parameters_frozen: usize,
        /// Videos in the training subset.
        videos: usize,
        /// Class names in index order.
        classes: Vec<String>,
        /// Optimiser steps of one epoch.
        steps_per_epoch: usize,
        /// Epochs of the whole run.
        epochs: usize,
        /// Process that writes.
        pid: u32,
        /// Bytes of memory of the device, or of the system for the CPU, where it tells.
        #[serde(default)]
        device_memory_total: Option<u64>,
    },
    /// A reported step.
    Step {
        /// Epoch from 0.
        epoch: usize,
        /// Step from 0, over the whole run.
        step: usize,
        /// Mean total loss since the last report.
        loss: f64,
        /// Its terms.
        terms: LossTerm,
        /// Learning rate by group.
        learning_rate: LearningRates,
        /// Seconds of this step by part.
        seconds: Seconds,
        /// Share of the time since the last report spent waiting for data, 0..1.
        data_share: f64,
        /// Bytes of device memory in use, where the device tells.
        device_memory: Option<u64>,
        /// Highest `device_memory` so far.
        device_memory_peak: Option<u64>,
        /// Bytes of memory of the training process.
        process_memory: Option<u64>,
    },
    /// An evaluation ended.
    Eval {
        /// Epoch from 0 after which it ran.
        epoch: usize,
        /// Step from 0 after which it ran.
        step: usize,
        /// mAP by tIoU ("0.50"), 0..1.
        map: BTreeMap<String, f64>,
        /// Mean over the thresholds.
        average_map: f64,
        /// Average precision by class, then tIoU.
        per_class: BTreeMap<String, BTreeMap<String, f64>>,
        /// Share of truths found by any detection, by tIoU.
        recall: BTreeMap<String, f64>,
        /// Seconds it took.
        seconds: f64,
        /// Predictions file, relative to the run folder.
        predictions: String,
    },
    /// Something that takes time goes on.
    Progress {
        /// "indexing", "tuning kernels", "evaluating" …
        what: String,
        /// Done so far.
        done: usize,
        /// Of this many.
        total: usize,
    },
    /// A checkpoint is on disk.
    Checkpoint {
        /// Epoch from 0.
        epoch: usize,
        /// Step from 0.
        step: usize,
        /// File relative to the run folder.
        file: String,
        /// Whether it is the best by average mAP so far.
        best: bool,
    },
    /// A control line was acted on.
    Control {
        /// Its id.
        id: u64,
    },
    /// Training waits.
    Paused,
    /// Training goes on from here; a reader drops later steps and evaluations written before this line.
    Resumed {
        /// Epoch from 0.
        epoch: usize,
        /// First step that follows.
        step: usize,
    },
    /// Something a person should know that did not stop the run.
    Warning {
        /// One sentence.
        message: String,
    },
    /// Ended early by request, all saved.
    Stopped,
    /// Ended as planned.
    Done {
        /// Best average mAP, when anything was evaluated.
        best_average_map: Option<f64>,
        /// Epoch of the best.
        best_epoch: Option<usize>,
    },
    /// Ended by a failure.
    Failed {
        /// What happened and what to do.
        message: String,
    },
}

/// A tIoU threshold as the key of a JSON object: "0.50".
#[must_use]
pub fn tiou_key(threshold: f64) -> String {
    format!("{threshold:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object() {
        let line = r#"{"time":1.5,"event":"resumed","epoch":2,"step":40}"#;
        let event = RunEvent { time: 1.5, event: Event::Resumed { epoch: 2, step: 40 } };
        let value: serde_json::Value = serde_json::from_str(line).expect("valid JSON");
        assert_eq!(serde_json::to_value(&event).expect("serialises"), value);
        assert_eq!(serde_json::from_str::<RunEvent>(line).expect("reads back"), event);
    }
}
