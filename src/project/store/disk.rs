//! The few operations on files that keeping annotations needs. Tests put a disk in their place that loses power.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Length and time of a file's last change; a file that has both as before is taken to be as before.
pub type Stamp = (u64, SystemTime);

/// A disk. What is written is certain to be there after a power cut only when it was synced.
pub trait Disk: Send {
    /// All bytes of a file.
    ///
    /// # Errors
    /// As the system says; `NotFound` when there is none.
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>>;
    /// Length and time of a file, none when there is none.
    fn stamp(&mut self, path: &Path) -> Option<Stamp>;
    /// The files of a folder.
    ///
    /// # Errors
    /// As the system says.
    fn list(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>>;
    /// Makes a folder in one that is there already; one that is there itself is fine.
    ///
    /// # Errors
    /// As the system says.
    fn make_folder(&mut self, folder: &Path) -> io::Result<()>;
    /// Writes a file anew.
    ///
    /// # Errors
    /// As the system says; part of it may be written then.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Writes on at the end of a file, made if need be.
    ///
    /// # Errors
    /// As the system says; part of it may be written then.
    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Brings what was written to a file to the disk.
    ///
    /// # Errors
    /// As the system says.
    fn sync(&mut self, path: &Path) -> io::Result<()>;
    /// Brings the names in a folder to the disk.
    ///
    /// # Errors
    /// As the system says.
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()>;
    /// Gives a file another name, in the place of the one that has it.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
}

/// The computer's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn stamp(&mut self, path: &Path) -> Option<Stamp> {
        let about = std::fs::metadata(path).ok()?;
        Some((about.len(), about.modified().ok()?))
    }

    fn list(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }

    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        // One level: where a stick was pulled out its folder must not be made anew, for edits would go there and seem kept.
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(io::Error::new(error.kind(), "the folder is gone"))
            }
            made => made,
        }
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        std::fs::write(path, bytes)
    }

    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)
    }

    fn sync(&mut self, path: &Path) -> io::Result<()> {
        // Windows syncs only through a handle that may write.
        OpenOptions::new().read(true).append(true).open(path)?.sync_all()
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        // Where folders cannot be opened (Windows) the system sees to it.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// Replaces `path` by `bytes` so that a crash, a full disk or a power cut leaves either the old file or the new one: a
/// temporary file beside it, flushed to the disk, then renamed over it.
///
/// # Errors
/// As the system says. The old file is untouched then, unless only the folder could not be synced.
pub fn replace(disk: &mut dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.etad-tmp", std::process::id()));
    let temporary = folder.join(name);
    let written =
        disk.write(&temporary, bytes).and_then(|()| disk.sync(&temporary)).and_then(|()| disk.rename(&temporary, path));
    if let Err(error) = written {
        // Half a file helps nobody; that it cannot be removed changes nothing.
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    disk.sync_folder(folder)
}
