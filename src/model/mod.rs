//! Burn modules: encoder, projection, neck, boundary head, proposals, RoI align, heads, the detector; weights.

pub mod device;
