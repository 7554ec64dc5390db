//! Named threads and child processes around all that: requests in, events out.

mod devices;
pub mod follow;
#[cfg(feature = "video")]
pub mod look;
pub mod process;
#[cfg(feature = "video")]
pub mod screen;

pub use devices::{DeviceInfo, devices};
