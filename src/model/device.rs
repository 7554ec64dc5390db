//! Devices that tensors can live on, by the names a person types.

use burn::tensor::{Device, DeviceType};
use serde::Serialize;

/// Why no device could be had.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Not a device name.
    #[error(
        "there is no device called {0:?}; choose auto, cpu, wgpu, wgpu:N, cuda or cuda:N (etad devices lists them)"
    )]
    Unknown(String),
    /// Fewer GPUs than asked for.
    #[error("{name} is not there: {found} found; etad devices lists them, --device cpu always works")]
    Absent {
        /// As typed.
        name: String,
        /// What there is, in words.
        found: String,
    },
    /// The binary was built without CUDA.
    #[error("this etad was built without CUDA; use --device wgpu, or build it with --features cuda")]
    NoCuda,
}

/// A device that can be named.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceInfo {
    /// What `--device` takes.
    pub name: String,
    /// The part's own name.
    pub description: String,
    /// False for a CPU and for a software rasteriser.
    pub gpu: bool,
    /// Whether `--device auto` would take it.
    pub auto: bool,
}

/// A device and its name in words.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Where tensors go.
    pub device: Device,
    /// "cpu (2 threads)", "wgpu:0 (NVIDIA …)".
    pub description: String,
}

/// Every device of this machine. Opens each GPU, which takes moments.
#[must_use]
pub fn list() -> Vec<DeviceInfo> {
    let mut devices: Vec<DeviceInfo> = gpus()
        .into_iter()
        .map(|gpu| DeviceInfo { name: gpu.name, description: gpu.part, gpu: gpu.real, auto: false })
        .collect();
    devices.push(DeviceInfo { name: "cpu".into(), description: cpu_description(), gpu: false, auto: false });
    if let Some(first) = devices.iter().position(|device| device.gpu).or_else(|| devices.len().checked_sub(1)) {
        devices[first].auto = true;
    }
    devices
}

/// The device of a name; `auto` takes the first real GPU, never a software rasteriser, else the CPU.
///
/// # Errors
/// When there is no such device.
pub fn choose(name: &str) -> Result<Chosen, DeviceError> {
    let cpu = || Chosen { device: Device::flex(), description: format!("cpu ({})", cpu_description()) };
    let (kind, index) = match name.split_once(':') {
        None => (name, 0),
        Some((kind, index)) => (kind, index.parse().map_err(|_| DeviceError::Unknown(name.to_owned()))?),
    };
    match kind {
        "cpu" => Ok(cpu()),
        "auto" => Ok(gpus().into_iter().find(|gpu| gpu.real).map_or_else(cpu, Gpu::chosen)),
        "wgpu" => nth(name, wgpu_devices(), index),
        "cuda" => nth(name, cuda_devices()?, index),
        _ => Err(DeviceError::Unknown(name.to_owned())),
    }
}

fn nth(name: &str, mut devices: Vec<Gpu>, index: usize) -> Result<Chosen, DeviceError> {
    let found = devices.iter().map(|gpu| format!("{} ({})", gpu.name, gpu.part)).collect::<Vec<_>>().join(", ");
    if index < devices.len() {
        return Ok(devices.swap_remove(index).chosen());
    }
    let found = if found.is_empty() { "none".to_owned() } else { found };
    Err(DeviceError::Absent { name: name.to_owned(), found })
}

struct Gpu {
    name: String,
    part: String,
    /// A card, not a software rasteriser.
    real: bool,
    device: Device,
}

impl Gpu {
    fn chosen(self) -> Chosen {
        Chosen { device: self.device, description: format!("{} ({})", self.name, self.part) }
    }
}

fn gpus() -> Vec<Gpu> {
    let mut all = cuda_devices().unwrap_or_default();
    all.extend(wgpu_devices());
    all
}

fn wgpu_devices() -> Vec<Gpu> {
    named("wgpu", Device::enumerate(DeviceType::Wgpu).into_vec())
}

#[cfg(feature = "cuda")]
fn cuda_devices() -> Result<Vec<Gpu>, DeviceError> {
    Ok(named("cuda", Device::enumerate(DeviceType::Cuda).into_vec()))
}

#[cfg(not(feature = "cuda"))]
fn cuda_devices() -> Result<Vec<Gpu>, DeviceError> {
    Err(DeviceError::NoCuda)
}

fn named(kind: &str, devices: Vec<Device>) -> Vec<Gpu> {
    let identified = devices.into_iter().map(|device| {
        let identity = device.identity();
        let real = identity.as_ref().is_some_and(|identity| identity.physical.is_some());
        (identity.map_or_else(|| "unnamed".to_owned(), |identity| identity.name), real, device)
    });
    identified
        .enumerate()
        .map(|(index, (part, real, device))| Gpu { name: format!("{kind}:{index}"), part, real, device })
        .collect()
}

fn cpu_description() -> String {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{threads} threads")
}
