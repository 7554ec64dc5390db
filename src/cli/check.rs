//! `etad check`: what is wrong with the data, before hours of training are spent on it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    exit::{Outcome, bad_input, sentence},
    progress, table,
};
use crate::{
    config, jobs,
    project::{Finding, Manifest, Severity},
};

#[derive(Debug, Args)]
#[command(after_help = "Example: etad check demo, or: etad check configs/sample.toml --root demo")]
pub(super) struct CheckArgs {
    /// Configuration file, or project folder
    #[arg(value_name = "CONFIG|PROJECT")]
    path: PathBuf,
    /// Folder that a configuration's relative paths start from
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Change a key of the configuration; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Starting weights that the training will be given: fewer examples are then enough
    #[arg(long, value_name = "FILE|RUN")]
    init: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CheckArgs) -> Outcome {
    let bar = progress::bar("looking at videos");
    let named = args.path.file_name().is_some_and(|name| name == Manifest::FILE);
    if let Some(missing) = args.init.as_ref().filter(|path| !path.exists()) {
        return Err(bad_input(format!("there is no file or run {}", missing.display())));
    }
    let initialised = args.init.is_some();
    let mut watch = |done, total| progress::set(&bar, done, total);
    let found = if args.path.is_dir() || named {
        jobs::check_project(&args.path, initialised, &mut watch)
    } else {
        let config = config::load(&args.path, &args.overrides).map_err(bad_input)?;
        jobs::check_config(&config, &args.root, initialised, &mut watch)
    };
    bar.finish_and_clear();
    let findings = found.map_err(|error| bad_input(sentence(&error)))?;
    report(&args.path, &findings, args.json)
}

fn report(path: &Path, findings: &[Finding], as_json: bool) -> Outcome {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if as_json {
        table::print_json(&json!({ "errors": errors, "findings": findings }))?;
    } else {
        for finding in findings {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            let video = finding.video.as_ref().map_or(String::new(), |video| format!(" {video}:"));
            let stop = if finding.sentence.ends_with(['.', '!', '?']) { "" } else { "." };
            table::print_line(&format!("{severity}:{video} {}{stop} {}", finding.sentence, finding.advice))?;
        }
        if findings.is_empty() {
            table::print_line("nothing is wrong")?;
        }
    }
    match errors {
        0 => Ok(()),
        1 => Err(bad_input(format!("1 error in the data of {}", path.display()))),
        count => Err(bad_input(format!("{count} errors in the data of {}", path.display()))),
    }
}
