//! Named threads and child processes around all that: requests in, events out.

mod devices;

pub use devices::{DeviceInfo, devices};
