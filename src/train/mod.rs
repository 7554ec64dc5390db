//! Targets, losses, loader, the three-stage step, optimisers, checkpoints, the loop.
