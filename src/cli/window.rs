//! `etad` and `etad open`: the window.

use std::path::PathBuf;

use clap::Args;

use super::exit::Outcome;
use crate::app::{self, AppOptions};

#[derive(Debug, Default, Args)]
#[command(after_help = "Example: etad open demo")]
pub(super) struct OpenArgs {
    /// A project folder, a folder of videos, or videos
    paths: Vec<PathBuf>,
}

pub(super) fn run(args: OpenArgs) -> Outcome {
    app::run(AppOptions::new(args.paths)?)
}
