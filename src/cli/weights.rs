//! `etad weights`: weight files from and to other programs (spec 3.2, 5).

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{
    exit::{Outcome, bad_input, sentence},
    table,
};
use crate::{config, jobs, model::export::Naming};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: etad weights import epoch_5.pth --config configs/anet_tsp.toml --out anet_tsp.safetensors"
)]
pub(super) struct WeightsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the parameters of a .pth or .safetensors file
    #[command(after_help = "Example: etad weights list r2plus1d_34-tsp_on_activitynet.pth")]
    List {
        /// Weight file
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Turn a checkpoint of OpenTAD, the official ETAD, TSP or torchvision into a .safetensors file of this program
    #[command(
        after_help = "Example: etad weights import epoch_5.pth --config configs/anet_tsp.toml --out anet_tsp.safetensors"
    )]
    Import {
        /// Weight file
        file: PathBuf,
        /// File to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Configuration that the weights must fit; the file then is a checkpoint that etad detect and test take as it is
        #[arg(long, value_name = "CONFIG")]
        config: Option<PathBuf>,
        /// Folder that relative data paths of the configuration start from
        #[arg(long, value_name = "DIR", default_value = ".")]
        root: PathBuf,
        /// Change a key of the configuration; may be repeated
        #[arg(long = "set", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
        /// Print one JSON document about what was done
        #[arg(long)]
        json: bool,
    },
    /// Turn a checkpoint of this program into one that PyTorch loads
    #[command(after_help = "Example: etad weights export demo/runs/first/checkpoints/best.safetensors --out best.pth")]
    Export {
        /// Checkpoint
        file: PathBuf,
        /// File to write: .pth, or .safetensors
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Whose names it bears
        #[arg(long, value_enum, default_value_t = NamesArg::Opentad)]
        names: NamesArg,
        /// Print one JSON document about what was done
        #[arg(long)]
        json: bool,
    },
}

/// `--names` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NamesArg {
    /// OpenTAD's checkpoints
    Opentad,
    /// The official ETAD repository's
    Official,
    /// The encoder alone, torchvision's
    Encoder,
}

pub(super) fn run(args: &WeightsArgs) -> Outcome {
    match &args.what {
        What::List { file, json } => list(file, *json),
        What::Import { file, out, config, root, overrides, json } => {
            let config = config.as_ref().map(|path| config::load(path, overrides).map_err(bad_input)).transpose()?;
            let config = config.as_ref().map(|config| (config, root.as_path()));
            let (count, whole) =
                jobs::import_weights(file, out, config).map_err(|error| bad_input(sentence(&error)))?;
            if *json {
                return table::print_json(&json!({ "parameters": count, "checkpoint": whole, "out": out }));
            }
            let kind = if whole { "a checkpoint" } else { "weights" };
            table::print_line(&format!("{count} parameters, written to {} as {kind}", out.display()))
        }
        What::Export { file, out, names, json } => {
            let naming = match names {
                NamesArg::Opentad => Naming::OpenTad,
                NamesArg::Official => Naming::Official,
                NamesArg::Encoder => Naming::Encoder,
            };
            let exported = jobs::export_weights(file, out, naming);
            let (count, left_out) = exported.map_err(|error| bad_input(sentence(&error)))?;
            if *json {
                return table::print_json(&json!({ "parameters": count, "left_out": left_out, "out": out }));
            }
            if !left_out.is_empty() {
                let some: Vec<&str> = left_out.iter().take(3).map(String::as_str).collect();
                tracing::warn!(
                    "{} parameters have no name there and are left out ({}, …)",
                    left_out.len(),
                    some.join(", ")
                );
            }
            table::print_line(&format!("{count} parameters, written to {}", out.display()))
        }
    }
}

fn list(file: &Path, as_json: bool) -> Outcome {
    let listed = jobs::list_weights(file).map_err(|error| bad_input(sentence(&error)))?;
    let numbers: usize = listed.iter().map(|one| one.shape.iter().product::<usize>()).sum();
    if as_json {
        return table::print_json(&json!({ "tensors": listed, "parameters": numbers }));
    }
    let rows = listed.iter().map(|one| vec![one.name.clone(), format!("{:?}", one.shape)]);
    table::print(&["name", "shape"], rows)?;
    table::print_line(&format!("{} tensors, {numbers} numbers", listed.len()))
}
