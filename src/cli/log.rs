//! What the program says: on standard error, and what a training says also in its run folder.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal as _, Write},
    path::Path,
    sync::OnceLock,
};

use tracing_subscriber::{EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// The run's log, once there is a run.
static RUN_LOG: OnceLock<File> = OnceLock::new();

/// Starts to log. `ETAD_LOG`, else `RUST_LOG`, says what; colours are for terminals, and not where `NO_COLOR` is set.
pub fn start() {
    // The crates of the GPU stack report what only their authors read; what fails there comes back as an error of ours.
    let quiet = "warn,etad=info,wgpu_hal=off,wgpu_core=error,naga=off,cubecl_wgpu=error,cubecl_runtime=error";
    let asked = ["ETAD_LOG", "RUST_LOG"].into_iter().find_map(|name| EnvFilter::try_from_env(name).ok());
    let filter = asked.unwrap_or_else(|| EnvFilter::new(quiet));
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = io::stderr().is_terminal() && !plain;
    let terminal = fmt::layer().with_writer(io::stderr).without_time().with_target(false).with_ansi(colours);
    let run = fmt::layer().with_writer(|| RunLog).with_target(false).with_ansi(false);
    tracing_subscriber::registry().with(terminal.and_then(run).with_filter(filter)).init();
}

/// From now on, appends to this file all that is logged, with the time.
pub(super) fn also_to(path: &Path) {
    match OpenOptions::new().create(true).append(true).open(path) {
        // Set once: a process trains once.
        Ok(file) => drop(RUN_LOG.set(file)),
        Err(error) => tracing::warn!("{} cannot be written: {error}", path.display()),
    }
}

/// The end of the log that is in the run folder.
struct RunLog;

impl Write for RunLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A folder that is gone or full is told by what must be written there; the log is not worth a second sentence.
        RUN_LOG.get().map_or(Ok(line.len()), |mut file| file.write(line).or(Ok(line.len())))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
