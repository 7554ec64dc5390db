//! `etad devices`: what can train here.

use clap::Args;

use super::{exit::Outcome, table};
use crate::jobs;

#[derive(Debug, Args)]
#[command(after_help = "Example: etad devices --json")]
pub(super) struct DevicesArgs {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: DevicesArgs) -> Outcome {
    let devices = jobs::devices();
    if args.json {
        return table::print_json(&devices);
    }
    let rows = devices.iter().map(|device| {
        let note = if device.auto { "taken by --device auto" } else { "" };
        vec![device.name.clone(), device.description.clone(), note.to_owned()]
    });
    table::print(&["device", "what it is", ""], rows)
}
