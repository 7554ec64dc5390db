//! GPUs through wgpu: what there is, without opening it, and the tensor device of one.
//!
//! Vulkan, Metal and Direct3D 12 only. Left to itself the tensor library also asks OpenGL where it finds no real GPU, which makes
//! EGL print complaints on a machine without a display; what only OpenGL reaches is too old to train on.

use std::future::Future;
use std::pin::pin;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use burn::tensor::wgpu::wgpu::{Adapter, Backend, DeviceType, Instance, InstanceDescriptor};
use burn::tensor::wgpu::{WgpuBackend, WgpuInitError};
use burn::tensor::{Device, DeviceKind};

/// An adapter of this machine; lives as long as the process.
pub(super) struct Gpu {
    /// The part's own name.
    pub(super) part: String,
    /// A card, not a software rasteriser.
    pub(super) real: bool,
    kind: DeviceKind,
    api: WgpuBackend,
    /// As the driver's interface knows it.
    #[cfg(any(target_os = "linux", target_os = "windows"))]
    pub(super) adapter: Adapter,
    /// The device once opened: the tensor library refuses to open one twice.
    opened: Mutex<Option<Device>>,
}

/// Graphics interfaces, the preferred first; of those that a system lacks nothing is found.
const APIS: [(Backend, WgpuBackend); 3] =
    [(Backend::Metal, WgpuBackend::Metal), (Backend::Vulkan, WgpuBackend::Vulkan), (Backend::Dx12, WgpuBackend::Dx12)];

/// Asked once: GPUs do not come and go, and Vulkan loaders crash when several threads ask at a time.
static FOUND: LazyLock<Vec<Gpu>> = LazyLock::new(|| {
    let mut software = Vec::new();
    for (backend, api) in APIS {
        let gpus = adapters(backend, api);
        if gpus.iter().any(|gpu| gpu.real) {
            return gpus;
        }
        if software.is_empty() {
            software = gpus;
        }
    }
    software
});

/// The adapters of the first interface that reaches a real GPU, else of the first that reaches anything.
pub(super) fn all() -> &'static [Gpu] {
    &FOUND
}

fn adapters(backend: Backend, api: WgpuBackend) -> Vec<Gpu> {
    let descriptor =
        InstanceDescriptor { backends: backend.into(), ..InstanceDescriptor::new_without_display_handle() };
    let instance = Instance::new(descriptor);
    let adapters = at_once(instance.enumerate_adapters(backend.into()));
    // Adapters are addressed by their place among those of their kind.
    let mut counts = [0; 4];
    let mut next = |kind: usize| {
        counts[kind] += 1;
        counts[kind] - 1
    };
    let describe = |adapter: Adapter| {
        let info = adapter.get_info();
        let kind = match info.device_type {
            DeviceType::DiscreteGpu => DeviceKind::DiscreteGpu(next(0)),
            DeviceType::IntegratedGpu => DeviceKind::IntegratedGpu(next(1)),
            DeviceType::VirtualGpu => DeviceKind::VirtualGpu(next(2)),
            // Only one rasteriser can be named.
            DeviceType::Cpu => (next(3) == 0).then_some(DeviceKind::Cpu)?,
            DeviceType::Other => return None,
        };
        let real = info.device_type != DeviceType::Cpu;
        Some(Gpu {
            part: info.name,
            real,
            kind,
            api,
            #[cfg(any(target_os = "linux", target_os = "windows"))]
            adapter,
            opened: Mutex::new(None),
        })
    };
    adapters.into_iter().filter_map(describe).collect()
}

/// The adapters of a query that is answered when it is asked, as all are outside browsers.
fn at_once(query: impl Future<Output = Vec<Adapter>>) -> Vec<Adapter> {
    match pin!(query).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(adapters) => adapters,
        Poll::Pending => Vec::new(),
    }
}

impl Gpu {
    /// The device for tensors, opened at the first call.
    pub(super) fn open(&self) -> Result<Device, WgpuInitError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(device) = opened.as_ref() {
            return Ok(device.clone());
        }
        let device = Device::wgpu_options().device_kind(self.kind.clone()).graphics_api(self.api).init()?;
        *opened = Some(device.clone());
        Ok(device)
    }
}
