//! `etad train`: a training, writing a run folder.

use std::path::PathBuf;

use clap::Args;

use super::{
    Recipe,
    exit::{Interrupted, Outcome, bad_input},
    interrupt,
    progress::TrainingView,
};
use crate::{
    config,
    jobs::{self, TrainRequest},
};

#[derive(Debug, Args)]
#[command(after_help = "Example: etad train configs/sample.toml --root demo --run demo/runs/first --device cpu")]
pub(super) struct TrainArgs {
    #[command(flatten)]
    recipe: Recipe,
    /// Run folder to write; by default runs/<name of the configuration> below the root
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Starting weights: a .safetensors or .pth file, or a run folder (its best checkpoint)
    #[arg(long, value_name = "FILE|RUN")]
    init: Option<PathBuf>,
    /// Go on with the run that is in the folder
    #[arg(long)]
    resume: bool,
    /// Seed of every random draw; the same as --set seed=N
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

pub(super) fn run(args: TrainArgs) -> Outcome {
    let Recipe { config, root, device, mut overrides } = args.recipe;
    overrides.extend(args.seed.map(|seed| format!("seed={seed}")));
    let config = config::load(&config, &overrides).map_err(bad_input)?;
    let run = args.run.unwrap_or_else(|| root.join("runs").join(&config.name));
    let request = TrainRequest { config, root, run, device, init: args.init, resume: args.resume };
    let mut view = TrainingView::new();
    let outcome = jobs::train(&request, interrupt::flag()?, &mut |event| view.show(event))?;
    if outcome.stopped { Err(Interrupted.into()) } else { Ok(()) }
}
