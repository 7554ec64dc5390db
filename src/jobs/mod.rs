//! Named threads and child processes around all that: requests in, events out.

pub mod follow;
#[cfg(feature = "video")]
pub mod look;
pub mod process;
#[cfg(feature = "video")]
pub mod screen;
