//! What drawing costs, for benchmarks: a line a frame, in the file that the environment variable names.
//!
//! The cost of a frame is the CPU time of the window's thread from one frame's start to the next one's: input, layout,
//! tessellation, upload and presenting included, waiting and the work of other threads not.

use std::fs::File;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Names the file; unset, nothing is measured.
const VARIABLE: &str = "ETAD_FRAME_TIMES";

/// Writes a line a frame.
#[derive(Debug)]
pub struct FrameTimes {
    file: File,
    /// CPU milliseconds of this thread when the last frame began.
    before: Option<f64>,
}

impl FrameTimes {
    /// A recorder where the environment asks for one and the system tells the CPU time of a thread (Linux does).
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let path = std::env::var_os(VARIABLE)?;
        let opened = File::create(&path).and_then(|mut file| {
            writeln!(file, "unix_seconds,ui_cpu_ms,picture")?;
            Ok(file)
        });
        match (opened, thread_cpu()) {
            (Ok(file), Some(_)) => Some(Self { file, before: None }),
            (Ok(_), None) => {
                tracing::warn!("{VARIABLE}: this system does not tell the CPU time of a thread");
                None
            }
            (Err(error), _) => {
                tracing::warn!("{VARIABLE}: {} cannot be written: {error}", path.display());
                None
            }
        }
    }

    /// A frame begins; `picture` is the number of the video picture that the last one drew, 0 for none. The cost that is
    /// written is the last frame's.
    pub fn begin(&mut self, picture: u64) {
        let Some(now) = thread_cpu() else { return };
        if let Some(before) = self.before.replace(now) {
            let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
            // A benchmark without its last line is still one.
            let _ = writeln!(self.file, "{time:.4},{:.4},{picture}", now - before);
        }
    }
}

/// CPU milliseconds of this thread so far: the first number of Linux' scheduler statistics, in nanoseconds.
fn thread_cpu() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<u64>().ok()? as f64 / 1e6)
}
