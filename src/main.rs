//! Parses the arguments, sets up logging, and hands over to the window or a command.

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::{EnvFilter, fmt};

fn main() -> ExitCode {
    let arguments = etad::cli::Arguments::parse();
    // The crates of the GPU stack report at "info" what only their authors read.
    let quiet = "warn,etad=info,wgpu_hal=error,wgpu_core=error,cubecl_wgpu=error,cubecl_runtime=error";
    let filter = EnvFilter::try_from_env("ETAD_LOG").unwrap_or_else(|_| EnvFilter::new(quiet));
    fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().with_target(false).init();
    etad::cli::run(arguments)
}
