//! `etad features`: what an encoder makes of videos, as files that recipes on stored features read.

use std::path::PathBuf;

use clap::Args;

use super::{
    Recipe,
    exit::{Outcome, bad_input, interrupted},
    interrupt, progress, table,
};
use crate::{
    config,
    jobs::{self, FeaturesRequest},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: etad features configs/e2e_anet_tsp.toml --root . --out data/activitynet-1.3/features/own \
                  --checkpoint tsp.pth"
)]
pub(super) struct FeaturesArgs {
    #[command(flatten)]
    recipe: Recipe,
    /// Weights of the encoder: any checkpoint that holds one; by default encoder.weights of the configuration
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Folder to write: one .npy for each video, annotations.json with their numbers of frames, and missing_files.txt
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only the videos of this subset
    #[arg(long, value_name = "NAME")]
    subset: Option<String>,
    /// Print one JSON document about what was done
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: FeaturesArgs) -> Outcome {
    let Recipe { config, root, device, overrides } = args.recipe;
    let config = config::load(&config, &overrides).map_err(bad_input)?;
    let FeaturesArgs { checkpoint, out, subset, json, .. } = args;
    let request = FeaturesRequest { config, root, checkpoint, out, subset, device };
    let bar = progress::bar("extracting");
    let stop = interrupt::flag(Some("ending"));
    let extracted = jobs::extract_features(&request, &stop, &mut |done, total| progress::set(&bar, done, total));
    bar.finish_and_clear();
    let extracted = extracted?
        .ok_or_else(|| interrupted("the feature files written so far stay, the next call goes on with the others"))?;
    progress::warn_all(&extracted.broken);
    let (written, present) = (extracted.written, extracted.present);
    if json {
        return table::print_json(&serde_json::json!({
            "written": written, "present": present, "broken": extracted.broken, "device": extracted.device, "out": request.out,
        }));
    }
    table::print_line(&format!("{written} feature files written to {}, {present} were there", request.out.display()))
}
