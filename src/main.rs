//! Parses the arguments, sets up logging, and hands over to the window or a command.

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::{EnvFilter, fmt};

fn main() -> ExitCode {
    let arguments = etad::cli::Arguments::parse();
    // The crates of the GPU stack report what only their authors read; what fails there comes back as an error of ours.
    let quiet = "warn,etad=info,wgpu_hal=off,wgpu_core=error,naga=off,cubecl_wgpu=error,cubecl_runtime=error";
    let asked = ["ETAD_LOG", "RUST_LOG"].into_iter().find_map(|name| EnvFilter::try_from_env(name).ok());
    let filter = asked.unwrap_or_else(|| EnvFilter::new(quiet));
    fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().with_target(false).init();
    etad::cli::run(arguments)
}
