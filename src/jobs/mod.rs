//! Named threads and child processes around all that: requests in, events out.

mod check;
mod devices;
pub mod evidence;
mod features;
pub mod follow;
mod infer;
pub mod keeper;
#[cfg(feature = "video")]
pub mod look;
pub mod process;
mod reins;
pub mod report;
pub mod review;
#[cfg(feature = "video")]
pub mod screen;
mod shelf;
#[cfg(feature = "window")]
pub mod speaker;
#[cfg(feature = "video")]
pub mod strip;
mod supervise;
mod train;
mod weights;

#[cfg(feature = "video")]
pub use check::look_closer;
pub use check::{Known, check_config, check_project, expectations, judge};
pub use devices::{DeviceInfo, devices};
pub use features::{Extracted, FeaturesRequest, extract_features};
#[cfg(feature = "video")]
pub use infer::{DetectRequest, detect};
pub use infer::{
    NothingToSearch, RawOutputs, TestRequest, Tested, default_checkpoint, evidence_of_detections, evidence_of_test,
    test,
};
pub use reins::Reins;
pub use supervise::{SuperviseError, Supervised, supervise};
pub use train::{NoStart, TrainRequest, rehearse, train};
pub use weights::{Listed, export_weights, import_weights, list_weights};
