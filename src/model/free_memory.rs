//! What memory is free: the system's for the CPU, within the limits of its control groups, and a GPU's, as its maker's
//! library (NVML), the system's files (sysfs) or else Vulkan's heaps tell.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde::Serialize;

mod vulkan;

/// Free memory of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FreeMemory {
    /// Bytes that can still be taken.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// What is free on a device; `part` is its name in words, by which the driver knows a GPU. None where nobody tells.
#[must_use]
pub fn free_memory(device: &Device, part: &str) -> Option<FreeMemory> {
    if device.clone().inner() == Device::flex() {
        system()
    } else {
        nvidia(part).or_else(|| amd(part)).or_else(|| vulkan::heap(part))
    }
}

/// The system's memory, or what a control group (a container, a batch job) leaves of it.
fn system() -> Option<FreeMemory> {
    let whole = meminfo(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = group_folders(&groups).into_iter().filter_map(|folder| group(&folder));
    Some(limits.fold(whole, narrower))
}

fn narrower(one: FreeMemory, other: FreeMemory) -> FreeMemory {
    FreeMemory { free: one.free.min(other.free), total: one.total.min(other.total) }
}

/// From the text of `/proc/meminfo`.
fn meminfo(text: &str) -> Option<FreeMemory> {
    let entry = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    };
    Some(FreeMemory { free: entry("MemAvailable:")?, total: entry("MemTotal:")? })
}

/// The folders of the memory control groups that a process is in, and of all groups around them, from the text of
/// `/proc/self/cgroup`. Inside a container the path may be the host's: the mount itself is looked at too.
fn group_folders(text: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let mount = match controllers {
            "" => Path::new("/sys/fs/cgroup"),
            _ if controllers.split(',').any(|name| name == "memory") => Path::new("/sys/fs/cgroup/memory"),
            _ => continue,
        };
        let own = Path::new(path.trim_start_matches('/'));
        folders.extend(own.ancestors().map(|group| mount.join(group)));
    }
    folders
}

/// The limit of one control group, of version 2 or 1.
fn group(folder: &Path) -> Option<FreeMemory> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let limit = read("memory.max").or_else(|| read("memory.limit_in_bytes"))?;
    let used = read("memory.current").or_else(|| read("memory.usage_in_bytes"))?;
    group_limit(&limit, &used, &read("memory.stat").unwrap_or_default())
}

/// From the texts of a group's limit, use and statistics; none without a limit.
fn group_limit(limit: &str, used: &str, statistics: &str) -> Option<FreeMemory> {
    let total: u64 = limit.trim().parse().ok()?;
    // Version 1 writes "no limit" as a number near the largest.
    if total > 1 << 60 {
        return None;
    }
    let used: u64 = used.trim().parse().ok()?;
    // Files that were read are kept as long as nobody needs the room.
    let lines = statistics.lines().filter_map(|line| line.split_once(' '));
    let mut kept = 0;
    for (name, value) in lines {
        if matches!(name, "inactive_file" | "total_inactive_file") {
            kept = kept.max(value.trim().parse().unwrap_or(0));
        }
    }
    Some(FreeMemory { free: total.saturating_sub(used.saturating_sub(kept)), total })
}

/// An NVIDIA card's memory by its driver; of several of one name the one with the least free.
#[cfg(target_os = "linux")]
fn nvidia(part: &str) -> Option<FreeMemory> {
    let driver = nvml_wrapper::Nvml::init().ok()?;
    let cards = (0..driver.device_count().ok()?).filter_map(|index| {
        let card = driver.device_by_index(index).ok()?;
        let named = card.name().ok().is_some_and(|name| part.contains(&name));
        let memory = named.then(|| card.memory_info().ok()).flatten()?;
        Some(FreeMemory { free: memory.free, total: memory.total })
    });
    cards.min_by_key(|memory| memory.free)
}

#[cfg(not(target_os = "linux"))]
fn nvidia(_: &str) -> Option<FreeMemory> {
    None
}

/// An AMD card's memory by its driver's files. They carry no name: only where there is one such card can it be told which is meant.
fn amd(part: &str) -> Option<FreeMemory> {
    let part = part.to_ascii_lowercase();
    if !["amd", "radeon", "ati "].iter().any(|maker| part.contains(maker)) {
        return None;
    }
    let entries = fs::read_dir("/sys/class/drm").ok()?;
    let mut cards: Vec<FreeMemory> = entries.flatten().filter_map(|entry| amd_card(&entry.path())).collect();
    if cards.len() == 1 { cards.pop() } else { None }
}

/// The memory of `/sys/class/drm/cardN`; none for its outputs (`cardN-DP-1`) and other makers' cards.
fn amd_card(folder: &Path) -> Option<FreeMemory> {
    let number = folder.file_name()?.to_str()?.strip_prefix("card")?;
    number.parse::<u32>().ok()?;
    let bytes = |name: &str| fs::read_to_string(folder.join("device").join(name)).ok()?.trim().parse::<u64>().ok();
    let (total, used) = (bytes("mem_info_vram_total")?, bytes("mem_info_vram_used")?);
    Some(FreeMemory { free: total.saturating_sub(used), total })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1 << 30;

    #[test]
    fn the_system_s_account_is_read() {
        let text =
            "MemTotal:       24681000 kB\nMemFree:         6932480 kB\nMemAvailable:   17941504 kB\nBuffers: 1 kB\n";
        assert_eq!(meminfo(text), Some(FreeMemory { free: 17_941_504 * 1024, total: 24_681_000 * 1024 }));
        assert_eq!(meminfo("MemTotal: 5 kB\n"), None);
        if cfg!(target_os = "linux") {
            let here = free_memory(&Device::flex(), "cpu").expect("Linux tells");
            assert!(0 < here.free && here.free <= here.total, "{here:?}");
        }
    }

    #[test]
    fn control_groups_of_both_versions_limit_it() {
        let two = group_folders("0::/user.slice/job.scope\n");
        let names = ["/sys/fs/cgroup/user.slice/job.scope", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup/"];
        assert_eq!(two, names.map(PathBuf::from));
        let one = group_folders("9:name=systemd:/\n4:memory:/a\n3:cpu,cpuacct:/b\n");
        assert_eq!(one, ["/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory/"].map(PathBuf::from));

        let limited = group_limit("4294967296\n", "3221225472\n", "anon 5\ninactive_file 1073741824\n");
        assert_eq!(limited, Some(FreeMemory { free: 2 * GB, total: 4 * GB }));
        assert_eq!(group_limit("max\n", "5\n", ""), None);
        assert_eq!(group_limit("9223372036854771712\n", "5\n", ""), None);
        assert_eq!(group_limit("100\n", "200\n", ""), Some(FreeMemory { free: 0, total: 100 }));
    }

    #[test]
    fn a_group_s_folder_and_a_card_s_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        };
        write("v2/memory.max", "1000\n");
        write("v2/memory.current", "400\n");
        write("v1/memory.limit_in_bytes", "1000\n");
        write("v1/memory.usage_in_bytes", "300\n");
        assert_eq!(group(&folder.path().join("v2")).map(|memory| memory.free), Some(600));
        assert_eq!(group(&folder.path().join("v1")).map(|memory| memory.free), Some(700));
        assert_eq!(group(folder.path()), None);

        write("card1/device/mem_info_vram_total", "17163091968\n");
        write("card1/device/mem_info_vram_used", "1163091968\n");
        write("card1-DP-1/device/mem_info_vram_total", "1\n");
        let card = FreeMemory { free: 16_000_000_000, total: 17_163_091_968 };
        assert_eq!(amd_card(&folder.path().join("card1")), Some(card));
        assert_eq!(amd_card(&folder.path().join("card1-DP-1")), None);
        assert_eq!(amd_card(&folder.path().join("card0")), None);
    }
}
