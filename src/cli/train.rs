//! `etad train`: a training, writing a run folder.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    Recipe,
    exit::{Outcome, already_said, bad_input, interrupted},
    interrupt, log,
    progress::TrainingView,
    table,
};
use crate::{
    config,
    jobs::{self, Reins, Supervised, TrainRequest},
    run::LOG,
};

#[derive(Debug, Args)]
#[command(after_help = "Example: etad train configs/sample.toml --root demo --run demo/runs/first --device cpu")]
pub(super) struct TrainArgs {
    #[command(flatten)]
    recipe: Recipe,
    /// Run folder to write; by default runs/<name of the configuration> below the root
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Starting weights: a .safetensors or .pth file, or a run folder (its best checkpoint, else its last)
    #[arg(long, value_name = "FILE|RUN")]
    init: Option<PathBuf>,
    /// Go on with the run that is in the folder
    #[arg(long)]
    resume: bool,
    /// Seed of every random draw; the same as --set seed=N
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Pass one chunk only, write nothing, and say what time and memory the whole would take
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document at the end
    #[arg(long)]
    json: bool,
    /// Whoever started this writes what it says to the run's log
    #[arg(long, hide = true)]
    logged: bool,
    /// Started by a supervisor, which speaks on standard input
    #[arg(long, hide = true)]
    supervised: bool,
    /// A sentence for the run's events
    #[arg(long, hide = true)]
    note: Option<String>,
}

pub(super) fn run(args: TrainArgs) -> Outcome {
    let Recipe { config, root, device, mut overrides } = args.recipe;
    overrides.extend(args.seed.map(|seed| format!("seed={seed}")));
    let config = config::load(&config, &overrides).map_err(bad_input)?;
    let run = args.run.unwrap_or_else(|| root.join("runs").join(&config.name));
    if !(args.dry_run || args.supervised) {
        return supervise(run, args.resume, args.logged);
    }
    let request = TrainRequest { config, root, run, device, init: args.init, resume: args.resume, note: args.note };
    if args.dry_run {
        return dry_run(&request, args.json);
    }
    // What a Ctrl+C does, the supervisor says.
    let reins = Reins::supervised(interrupt::flag(None))?;
    let mut view = TrainingView::new();
    let mut unlogged = !args.logged;
    let outcome = jobs::train(&request, reins, &mut |event| {
        // With the first event the folder is this run's.
        if std::mem::take(&mut unlogged) {
            log::also_to(&request.run.join(LOG));
        }
        view.show(event);
    })?;
    if args.json {
        table::print_json(&json!({
            "run": request.run,
            "device": view.device,
            "stopped": outcome.stopped,
            "best_average_map": outcome.best.map(|best| best.average_map),
            "best_epoch": outcome.best.map(|best| best.epoch),
            "epochs": request.config.solver.epochs,
        }))?;
    }
    if outcome.stopped { Err(interrupted("everything so far is saved, --resume goes on")) } else { Ok(()) }
}

/// Trains in another process with the same arguments, so that one that dies for want of memory goes on with less.
fn supervise(run: PathBuf, resume: bool, logged: bool) -> Outcome {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    arguments.push("--supervised".into());
    let training = Supervised { program: std::env::current_exe()?, arguments, resume, run };
    let code = jobs::supervise(&training, &interrupt::flag(Some("saving")));
    if code.is_err() && !logged && training.run.is_dir() {
        log::also_to(&training.run.join(LOG));
    }
    match code? {
        0 => Ok(()),
        code => Err(already_said(code)),
    }
}

fn dry_run(request: &TrainRequest, as_json: bool) -> Outcome {
    let (device, found) = jobs::rehearse(request)?;
    if as_json {
        let mut document = serde_json::to_value(&found)?;
        document["device"] = json!(device);
        return table::print_json(&document);
    }
    let (seconds, memory) = (found.seconds, found.memory);
    let measured = [("process", found.process_memory_peak), ("device", found.device_memory)].map(|(name, bytes)| {
        bytes.map_or_else(|| format!("{name} unknown"), |bytes| format!("{name} {}", megabytes(bytes)))
    });
    let parts = [
        ("weights", memory.weights),
        ("gradients", memory.gradients),
        ("moments", memory.moments),
        ("frames", memory.frames),
        ("features", memory.features),
        ("a chunk in the encoder", memory.encoder),
        ("or the detector", memory.detector),
        ("loader and cache", memory.loader),
        ("program", memory.program),
    ];
    let free = match found.budget {
        Some(budget) if budget.configured => format!("{} allowed by solver.memory_budget", megabytes(budget.bytes)),
        Some(budget) => megabytes(budget.bytes),
        None => "unknown; solver.memory_budget can say".to_owned(),
    };
    let mut rows = vec![
        ("device", device),
        ("windows or videos an epoch", found.items.to_string()),
        ("steps", format!("{} epochs of {}", found.epochs, found.steps_per_epoch)),
        ("snippets at once", found.at_once.to_string()),
        (
            "a step",
            format!(
                "{:.2} s: encoder forward {:.2}, detector {:.2}, encoder backward {:.2}",
                found.epoch_seconds / found.steps_per_epoch.max(1) as f64,
                seconds.encoder_forward,
                seconds.detector,
                seconds.encoder_backward
            ),
        ),
        ("its frames", format!("{:.2} s to decode, beside the steps", seconds.data)),
        ("an epoch", duration(found.epoch_seconds)),
        ("evaluations", format!("{} of {}", found.evaluations, duration(found.evaluation_seconds))),
        ("the whole run", format!("about {}", duration(found.total_seconds))),
        ("memory at its peak", format!("about {}", megabytes(memory.needed))),
    ];
    rows.extend(parts.into_iter().filter(|(_, bytes)| *bytes > 0).map(|(name, bytes)| (name, megabytes(bytes))));
    rows.extend([("measured now", measured.join(", ")), ("free", free)]);
    rows.push(("", found.advice.unwrap_or_else(|| "it fits, as far as is known".to_owned())));
    table::print(&["", ""], rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

fn duration(seconds: f64) -> String {
    match seconds {
        short if short < 90.0 => format!("{short:.0} s"),
        middle if middle < 5400.0 => format!("{:.0} min", middle / 60.0),
        long => format!("{:.1} h", long / 3600.0),
    }
}
