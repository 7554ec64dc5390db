//! Devices, for those who may not know tensors.

pub use crate::model::device::DeviceInfo;
use crate::model::device;

/// Every device of this machine; opens each GPU, which takes moments.
#[must_use]
pub fn devices() -> Vec<DeviceInfo> {
    device::list()
}
