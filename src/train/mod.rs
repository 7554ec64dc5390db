//! Targets, losses, loader, the three-stage step, optimisers, checkpoints, the loop.

pub mod losses;
pub mod optimizer;
pub mod schedule;
pub mod sink;
pub mod targets;
