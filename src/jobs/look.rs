//! Looks at video files on a thread: length, frame rate, a small picture, or why one cannot be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::{Footage, MediaTime};
use crate::video::{RgbImage, provisional_index, thumbnail};

/// Widest small picture in pixels: twice its size in the library, for dense displays.
const WIDTH: u32 = 192;

/// What a file is.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Seconds.
    pub duration: f64,
    /// Seconds of a frame on average.
    pub frame: f64,
    /// What is wrong with it as far as its packets tell, one sentence each.
    pub warnings: Vec<String>,
    /// A small picture from a tenth into the video (the first frames are often black).
    pub picture: RgbImage,
}

/// Looks at files until all are done or it is dropped.
#[derive(Debug)]
pub struct Looker {
    stop: Arc<AtomicBool>,
}

impl Looker {
    /// Starts to look at `files`, in order; each is reported with its number.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        files: Vec<(usize, Footage)>,
        report: impl Fn(usize, Result<Look, String>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::Builder::new().name("video looks".to_owned()).spawn(move || {
            for (number, of) in files {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // The window shows the reason beside the video's name.
                let name = format!("{} ", of.path.display());
                report(number, look(of).map_err(|reason| reason.strip_prefix(&name).unwrap_or(&reason).to_owned()));
            }
        })?;
        Ok(Self { stop })
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn look(of: Footage) -> Result<Look, String> {
    let index = provisional_index(of.clone()).map_err(|error| error.to_string())?;
    let duration = index.duration().as_secs();
    let fps = index.average_fps();
    let frame = if fps > 0.0 { 1.0 / fps } else { 0.0 };
    // A video that opens but whose frame does not decode is said to be broken: training would meet the same.
    let picture = thumbnail(of, MediaTime::from_secs(duration * 0.1), WIDTH).map_err(|error| error.to_string())?;
    Ok(Look { duration, frame, warnings: index.warnings.clone(), picture })
}
