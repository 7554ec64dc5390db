//! Orders to a running training: lines appended to `control`.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use crate::domain::{Do, Order};

use super::{RunError, file, io};

/// Asks the process that writes the run to do something; returns the id that its acknowledging event will carry.
///
/// # Errors
/// When the control file cannot be written.
pub fn send(folder: &Path, what: Do) -> Result<u64, RunError> {
    let path = folder.join(file::CONTROL);
    let known = std::fs::read(&path).unwrap_or_default();
    let id = orders_in(&String::from_utf8_lossy(&known)).map(|order| order.id).max().unwrap_or(0) + 1;
    let line = serde_json::to_string(&Order { id, what }).unwrap_or_default();
    let mut control = OpenOptions::new().create(true).append(true).open(&path).map_err(io("write", &path))?;
    control.write_all(format!("{line}\n").as_bytes()).map_err(io("write", &path))?;
    Ok(id)
}

/// Reads the orders given since it was opened.
#[derive(Debug)]
pub(crate) struct ControlReader {
    path: PathBuf,
    read: u64,
    rest: Vec<u8>,
}

impl ControlReader {
    /// Ignores what was ordered before now: it was meant for an earlier process.
    pub(crate) fn from_now(folder: &Path) -> Self {
        let path = folder.join(file::CONTROL);
        let read = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        Self { path, read, rest: Vec::new() }
    }

    /// New complete orders; lines that are none are skipped.
    pub(crate) fn poll(&mut self) -> Vec<Order> {
        let Ok(mut control) = File::open(&self.path) else { return Vec::new() };
        let mut bytes = Vec::new();
        if control.seek(SeekFrom::Start(self.read)).is_err() || control.read_to_end(&mut bytes).is_err() {
            return Vec::new();
        }
        self.read += bytes.len() as u64;
        self.rest.extend(bytes);
        let complete = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.rest.drain(..complete).collect();
        // Anybody may write there; what is no text is no order.
        orders_in(&String::from_utf8_lossy(&lines)).collect()
    }
}

fn orders_in(text: &str) -> impl Iterator<Item = Order> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok())
}
