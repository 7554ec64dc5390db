//! `etad test`: detections on the test subset of a recipe, and their mAP.

use std::path::PathBuf;

use clap::Args;

use super::{
    Evidence, Recipe, eval,
    exit::{Outcome, bad_input, interrupted},
    interrupt, out, progress, table,
};
use crate::{
    config,
    jobs::{self, RawOutputs, TestRequest},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: etad test configs/sample.toml --root demo --checkpoint demo/runs/first/checkpoints/best.safetensors"
)]
pub(super) struct TestArgs {
    #[command(flatten)]
    recipe: Recipe,
    /// Checkpoint, also PyTorch's (.pth); by default that of the configuration's epoch, else the best, in runs/<its name>
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Write the detections: .json in the ActivityNet result format, or .csv
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Detect only, without comparing with the truth
    #[arg(long)]
    no_eval: bool,
    /// Folder of the network's raw outputs: written when it holds none, else read instead of running the network; several are averaged
    #[arg(long, value_name = "DIR")]
    raw_predictions: Vec<PathBuf>,
    #[command(flatten)]
    evidence: Evidence,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: TestArgs) -> Outcome {
    let Recipe { config, root, device, overrides } = args.recipe;
    let config = config::load(&config, &overrides).map_err(bad_input)?;
    let run = root.join("runs").join(&config.name);
    let checkpoint = args.checkpoint.unwrap_or_else(|| jobs::default_checkpoint(&config, &run));
    let raw = RawOutputs::of(args.raw_predictions).map_err(bad_input)?;
    if !checkpoint.exists() && !matches!(raw, RawOutputs::Read(_)) {
        return Err(bad_input(format!("there is no checkpoint {}; name one with --checkpoint", checkpoint.display())));
    }
    args.out.as_deref().map_or(Ok(()), out::check)?;
    let left = match &raw {
        RawOutputs::Write(folder) => {
            format!(
                "{} holds the raw outputs of a part of the videos: delete it before the next test",
                folder.display()
            )
        }
        RawOutputs::Forget | RawOutputs::Read(_) => "no detections were written".to_owned(),
    };
    let evidence = args.evidence.folder(|| Some(jobs::evidence_of_test(&checkpoint, &root)));
    // Raw outputs that are read had theirs kept when they were written.
    let evidence = evidence.filter(|_| !matches!(raw, RawOutputs::Read(_)));
    let kept = evidence.clone();
    let request = TestRequest { config, root, checkpoint, device, evaluate: !args.no_eval, raw, evidence };
    let bar = progress::bar("detecting");
    let tested = jobs::test(&request, interrupt::flag(Some("ending")), &mut |event| progress::watch(&bar, event));
    bar.finish_and_clear();
    let tested = tested?.ok_or_else(|| interrupted(left))?;
    progress::warn_all(&tested.broken);
    progress::warn_all(tested.unkept.as_slice());
    if let Some(out) = &args.out {
        out::write_detections(out, &tested.detections)?;
    }
    match (&tested.evaluation, args.json) {
        (Some(evaluation), true) => {
            let mut document = eval::to_json(evaluation);
            document["device"] = serde_json::json!(tested.device);
            document["evidence"] = serde_json::json!(kept);
            table::print_json(&document)
        }
        (Some(evaluation), false) => table::print_line(&eval::to_table(evaluation)),
        (None, true) => {
            let count = tested.detections.count();
            table::print_json(&serde_json::json!({ "detections": count, "device": tested.device, "evidence": kept }))
        }
        (None, false) => table::print_line(&format!("{} detections", tested.detections.count())),
    }
}
