//! One file a command, each a thin shell on the same jobs and events as the window.

mod check;
#[cfg(feature = "video")]
mod detect;
mod devices;
mod diagnose;
mod eval;
mod exit;
mod features;
mod interrupt;
pub mod log;
mod out;
mod progress;
#[cfg(feature = "video")]
mod sample;
mod table;
mod test;
mod train;
#[cfg(feature = "video")]
mod video;
mod weights;
#[cfg(feature = "window")]
mod window;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use exit::Outcome;

/// Mark actions in long videos, train a temporal action detector end to end, see and correct what it finds.
///
/// Without a command the window opens.
#[derive(Debug, Parser)]
#[command(
    name = "etad",
    version,
    after_help = "Example: etad sample demo && etad train configs/sample.toml --root demo"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the window on a project folder, a folder of videos, or videos
    #[cfg(feature = "window")]
    Open(window::OpenArgs),
    /// Train a detector, writing a run folder
    Train(train::TrainArgs),
    /// Detect on the test subset of a configuration and print mAP
    Test(test::TestArgs),
    /// Detect actions in any videos
    #[cfg(feature = "video")]
    Detect(detect::DetectArgs),
    /// Write the features that an encoder gives of whole videos, for recipes on stored features
    Features(features::FeaturesArgs),
    /// Compare predictions with ground truth: mAP, recall, counts
    Eval(eval::EvalArgs),
    /// Say what the errors are: kinds, what each costs, which truths are missed
    Diagnose(diagnose::DiagnoseArgs),
    /// Say what a video is: codec, size, frames and their presentation times
    #[cfg(feature = "video")]
    Probe(video::ProbeArgs),
    /// Write one frame of a video as a picture
    #[cfg(feature = "video")]
    Frame(video::FrameArgs),
    /// Draw the sample videos and their ground truth
    #[cfg(feature = "video")]
    Sample(sample::SampleArgs),
    /// Import, export and list weight files of other programs
    Weights(weights::WeightsArgs),
    /// List the devices that can train
    Devices(devices::DevicesArgs),
    /// Say what is wrong with the data of a configuration or project
    Check(check::CheckArgs),
}

/// Configuration and data, as `train` and `test` take them.
#[derive(Debug, Args)]
struct Recipe {
    /// Configuration file (configs/*.toml)
    config: PathBuf,
    /// Folder that relative data paths start from
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Device: auto, cpu, wgpu[:N] or cuda[:N]
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: String,
    /// Change a key of the configuration, e.g. solver.epochs=10; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

/// Where evidence is kept, as `test` and `detect` take it.
#[derive(Debug, Args)]
struct Evidence {
    /// Keep what the network says before suppression here, a small file a video, for the window's Evidence
    #[arg(long, value_name = "DIR", conflicts_with = "no_evidence")]
    evidence: Option<PathBuf>,
    /// Keep no evidence
    #[arg(long)]
    no_evidence: bool,
}

impl Evidence {
    /// The folder that was named, else the usual one; none where nobody wants any.
    fn folder(self, usual: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
        if self.no_evidence { None } else { self.evidence.or_else(usual) }
    }
}

/// Runs a command to its end.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    interrupt::install();
    let outcome: Outcome = match arguments.command {
        #[cfg(feature = "window")]
        None => window::run(window::OpenArgs::default()),
        #[cfg(not(feature = "window"))]
        None => Err(exit::bad_input("this etad was built without the window; etad --help lists the commands")),
        #[cfg(feature = "window")]
        Some(Command::Open(args)) => window::run(args),
        Some(Command::Train(args)) => train::run(args),
        Some(Command::Test(args)) => test::run(args),
        #[cfg(feature = "video")]
        Some(Command::Detect(args)) => detect::run(args),
        Some(Command::Features(args)) => features::run(args),
        Some(Command::Eval(args)) => eval::run(&args),
        Some(Command::Diagnose(args)) => diagnose::run(&args),
        #[cfg(feature = "video")]
        Some(Command::Probe(args)) => video::probe(&args),
        #[cfg(feature = "video")]
        Some(Command::Frame(args)) => video::frame(&args),
        #[cfg(feature = "video")]
        Some(Command::Sample(args)) => sample::run(&args),
        Some(Command::Weights(args)) => weights::run(&args),
        Some(Command::Devices(args)) => devices::run(args),
        Some(Command::Check(args)) => check::run(&args),
    };
    exit::code(outcome)
}
