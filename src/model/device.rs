//! Devices that tensors can live on, by the names a person types.

use std::sync::OnceLock;

use burn::tensor::Device;
use serde::Serialize;

use super::gpu;

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
    /// It is there, but its driver does not open it.
    #[error("{device} cannot be opened: {reason}; update its driver, or take --device cpu")]
    Closed {
        /// Name and part.
        device: String,
        /// The driver's words.
        reason: String,
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

/// Every device of this machine. wgpu's are not opened for it.
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

/// The device of a name; `auto` takes the first real GPU, never a software rasteriser, else the CPU. `cpu` looks for no GPU.
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
        // There is one of each: a number would be a slip.
        "cpu" | "auto" if name != kind => Err(DeviceError::Unknown(name.to_owned())),
        "cpu" => Ok(cpu()),
        "auto" => gpus().into_iter().find(|gpu| gpu.real).map_or_else(|| Ok(cpu()), Gpu::chosen),
        "wgpu" => nth(name, wgpu_devices(), index),
        "cuda" => nth(name, cuda_devices()?, index),
        _ => Err(DeviceError::Unknown(name.to_owned())),
    }
}

fn nth(name: &str, mut devices: Vec<Gpu>, index: usize) -> Result<Chosen, DeviceError> {
    let found = devices.iter().map(|gpu| format!("{} ({})", gpu.name, gpu.part)).collect::<Vec<_>>().join(", ");
    if index < devices.len() {
        return devices.swap_remove(index).chosen();
    }
    let found = if found.is_empty() { "none".to_owned() } else { found };
    Err(DeviceError::Absent { name: name.to_owned(), found })
}

struct Gpu {
    name: String,
    part: String,
    /// A card, not a software rasteriser.
    real: bool,
    device: Reach,
}

/// How a GPU becomes a device for tensors.
enum Reach {
    Wgpu(&'static gpu::Gpu),
    #[cfg(feature = "cuda")]
    Cuda(Device),
}

impl Gpu {
    fn chosen(self) -> Result<Chosen, DeviceError> {
        let description = format!("{} ({})", self.name, self.part);
        let device = match self.device {
            Reach::Wgpu(gpu) => gpu
                .open()
                .map_err(|error| DeviceError::Closed { device: description.clone(), reason: error.to_string() })?,
            #[cfg(feature = "cuda")]
            Reach::Cuda(device) => device,
        };
        Ok(Chosen { device, description })
    }
}

fn gpus() -> Vec<Gpu> {
    let mut all = cuda_devices().unwrap_or_default();
    all.extend(wgpu_devices());
    all
}

fn wgpu_devices() -> Vec<Gpu> {
    let numbered = gpu::all().iter().enumerate();
    numbered
        .map(|(index, gpu)| Gpu {
            name: format!("wgpu:{index}"),
            part: gpu.part.clone(),
            real: gpu.real,
            device: Reach::Wgpu(gpu),
        })
        .collect()
}

#[cfg(feature = "cuda")]
fn cuda_devices() -> Result<Vec<Gpu>, DeviceError> {
    let numbered = Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec().into_iter().enumerate();
    let gpus = numbered.map(|(index, device)| Gpu {
        name: format!("cuda:{index}"),
        part: device.identity().map_or_else(|| "unnamed".to_owned(), |identity| identity.name),
        real: true,
        device: Reach::Cuda(device),
    });
    Ok(gpus.collect())
}

#[cfg(not(feature = "cuda"))]
fn cuda_devices() -> Result<Vec<Gpu>, DeviceError> {
    Err(DeviceError::NoCuda)
}

/// Threads that [`limit_threads`] allowed.
static THREADS: OnceLock<usize> = OnceLock::new();

/// Lets the CPU compute on `threads` threads in this process, 0 on all cores. To be called before anything is computed: the first
/// computation fixes their number.
pub fn limit_threads(threads: usize) {
    if threads == 0 {
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("compute-{index}"));
    match pool.build_global() {
        Ok(()) => drop(THREADS.set(threads)),
        Err(error) => tracing::warn!("solver.threads = {threads} comes too late for this process: {error}"),
    }
}

fn cpu_description() -> String {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = THREADS.get().copied().unwrap_or_else(cores);
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}
