//! What a driver's Vulkan heaps leave to a process, for GPUs whose makers' own accounts are not to be had (Intel, several AMD cards of
//! one machine, systems without NVML).

use super::FreeMemory;

/// The least that a card of this name has free; none where its driver does not say (`VK_EXT_memory_budget`) or it is not reached
/// through Vulkan.
#[cfg(any(target_os = "linux", target_os = "windows"))]
pub(super) fn heap(part: &str) -> Option<FreeMemory> {
    let named = crate::model::gpu::all().iter().filter(|gpu| !gpu.part.is_empty() && part.contains(&gpu.part));
    named.filter_map(|gpu| budget(&gpu.adapter)).min_by_key(|memory| memory.free)
}

#[cfg(not(any(target_os = "linux", target_os = "windows")))]
pub(super) fn heap(_: &str) -> Option<FreeMemory> {
    None
}

/// The largest heap on the card: a small second one is only a window through which the processor writes.
#[cfg(any(target_os = "linux", target_os = "windows"))]
#[expect(unsafe_code, reason = "wgpu shows heaps in no other way; the queries read, and change nothing")]
fn budget(adapter: &burn::tensor::wgpu::wgpu::Adapter) -> Option<FreeMemory> {
    use ash::{ext, vk};
    // SAFETY: the handle is used inside this function alone, and neither it nor anything made from it is destroyed here.
    let adapter = unsafe { adapter.as_hal::<burn::tensor::wgpu::wgpu::hal::api::Vulkan>() }?;
    let instance = adapter.shared_instance().raw_instance();
    let card = adapter.raw_physical_device();
    // SAFETY: instance and card belong together and live as long as the adapter that is borrowed.
    let (properties, extensions) = unsafe {
        (instance.get_physical_device_properties(card), instance.enumerate_device_extension_properties(card).ok()?)
    };
    let told =
        |extension: &vk::ExtensionProperties| extension.extension_name_as_c_str() == Ok(ext::memory_budget::NAME);
    if properties.api_version < vk::API_VERSION_1_1 || !extensions.iter().any(told) {
        return None;
    }
    let mut budgets = vk::PhysicalDeviceMemoryBudgetPropertiesEXT::default();
    let mut memory = vk::PhysicalDeviceMemoryProperties2::default().push_next(&mut budgets);
    // SAFETY: as above; the card has Vulkan 1.1, where this query is, and the extension whose structure hangs on it.
    unsafe { instance.get_physical_device_memory_properties2(card, &mut memory) };
    let heaps = memory.memory_properties;
    let of_card = |index: &usize| heaps.memory_heaps[*index].flags.contains(vk::MemoryHeapFlags::DEVICE_LOCAL);
    let indices = (0..heaps.memory_heap_count as usize).filter(of_card);
    let largest = indices.max_by_key(|index| heaps.memory_heaps[*index].size)?;
    let free = budgets.heap_budget[largest].saturating_sub(budgets.heap_usage[largest]);
    Some(FreeMemory { free, total: heaps.memory_heaps[largest].size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_of_this_machine_make_sense() {
        assert_eq!(heap("no such card"), None);
        for gpu in crate::model::gpu::all() {
            match heap(&gpu.part) {
                Some(memory) => {
                    println!("{}: {memory:?}", gpu.part);
                    assert!(memory.free <= memory.total && memory.total > 1 << 20, "{memory:?}");
                }
                None => println!("skipped: the driver of {} does not tell what is free", gpu.part),
            }
        }
    }
}
