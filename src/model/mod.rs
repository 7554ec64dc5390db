//! Burn modules: encoder, projection, neck, boundary head, proposals, RoI align, heads, the detector; weights.

mod boundary;
mod check;
pub mod container;
mod conv;
mod detector;
pub mod device;
mod encoder;
pub mod export;
mod free_memory;
mod gpu;
mod head;
mod import;
mod init;
mod linear;
mod lstm;
mod names;
mod native;
mod neck;
mod norm;
mod pickle;
pub mod proposals;
mod refine;
mod roi;
pub mod weights;

pub use check::contradiction;
pub use detector::{Detector, DetectorOutput, StageOutput};
pub use encoder::Encoder;
pub use free_memory::{FreeMemory, free_memory};
pub use head::HeadOutput;
pub use import::{import, read_pytorch};
pub use names::from_official;
pub use native::{ClipSize, NativeEncoder};
pub use refine::refine;
pub use roi::RoiAlign;
