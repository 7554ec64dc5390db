//! Devices, for those who may not know tensors.

use crate::model::device;
pub use crate::model::device::DeviceInfo;

/// Every device of this machine; asking the graphics drivers takes moments.
#[must_use]
pub fn devices() -> Vec<DeviceInfo> {
    device::list()
}
