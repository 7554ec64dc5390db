//! Targets, losses, loader, the three-stage step, optimisers, checkpoints, the loop.

pub mod augment;
pub mod cache;
pub mod item;
pub mod loader;
pub mod losses;
pub mod objective;
pub mod optimizer;
pub mod schedule;
pub mod sink;
mod snippets;
pub mod source;
pub mod step;
pub mod targets;
pub mod windows;
