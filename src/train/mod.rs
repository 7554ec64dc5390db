//! Targets, losses, loader, the three-stage step, optimisers, checkpoints, the loop.

pub mod augment;
pub mod cache;
mod cached;
mod check;
pub mod checkpoint;
pub mod choices;
mod colour;
mod control;
#[cfg(feature = "video")]
mod disk;
mod drafts;
mod encoding;
mod error;
pub mod evaluate;
pub mod extract;
pub mod gather;
pub mod inference;
pub mod item;
pub mod loader;
pub mod losses;
pub mod material;
mod memory;
pub mod objective;
pub mod optimizer;
mod probe;
mod randaugment;
pub mod raw;
#[cfg(test)]
mod recorded;
mod rehearse;
mod report;
mod run;
mod scaling;
pub mod schedule;
pub mod sink;
mod snippets;
pub mod source;
pub mod step;
pub mod stored;
pub mod targets;
pub mod windows;

pub use check::{check, check_encoding};
pub use error::TrainError;
pub use memory::{Budget, Estimate};
pub use rehearse::{Rehearsal, rehearse};
pub use report::{device_reserved, process_memory_peak};
pub use run::{Outcome, Ready, Setup, ready, train, train_on};
