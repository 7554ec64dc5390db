//! Parses the arguments, sets up logging, and hands over to the window or a command.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = etad::cli::Arguments::parse();
    etad::cli::log::start();
    etad::cli::run(arguments)
}
