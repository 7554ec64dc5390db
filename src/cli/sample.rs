//! `etad sample`: videos made on the spot.

use std::{path::PathBuf, sync::atomic::Ordering};

use clap::Args;

use super::{
    exit::{Outcome, bad_input, interrupted},
    interrupt, progress, table,
};
use crate::sample::{self, SampleError, SampleOptions};

#[derive(Debug, Args)]
#[command(after_help = "Example: etad sample demo --videos 32 --seed 0")]
pub(super) struct SampleArgs {
    /// Folder to write; it must be empty or absent
    folder: PathBuf,
    /// Number of videos; a quarter of them is for validation
    #[arg(long, default_value_t = 32)]
    videos: usize,
    /// Same seed, same frames
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Shortest and longest video in seconds, or one length for all
    #[arg(long, value_name = "MIN,MAX", default_value = "30,60", value_parser = parse_lengths)]
    seconds: (f64, f64),
    /// Write into a folder that is not empty, over an earlier sample
    #[arg(long)]
    force: bool,
    /// Print one JSON document about what was made
    #[arg(long)]
    json: bool,
}

/// Two lengths in seconds, or one that stands for both.
fn parse_lengths(text: &str) -> Result<(f64, f64), String> {
    let lengths: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    match lengths.as_deref() {
        Some(&[one]) => Ok((one, one)),
        Some(&[shortest, longest]) => Ok((shortest, longest)),
        _ => Err("write the shortest and the longest length, such as 30,60".to_owned()),
    }
}

pub(super) fn run(args: &SampleArgs) -> Outcome {
    let options = SampleOptions { videos: args.videos, seed: args.seed, seconds: args.seconds, force: args.force };
    let bar = progress::bar("drawing videos");
    let stop = interrupt::flag(Some("ending"));
    let made = sample::make(&args.folder, &options, &mut |done, total| {
        progress::set(&bar, done, total);
        !stop.load(Ordering::SeqCst)
    });
    bar.finish_and_clear();
    let summary = made.map_err(|error| match error {
        SampleError::NotEmpty(_) | SampleError::NotAFolder(_) | SampleError::Options => bad_input(error),
        SampleError::Stopped => interrupted("nothing was kept of the sample"),
        other => other.into(),
    })?;
    if args.json {
        return table::print_json(&summary);
    }
    let rows = summary
        .classes
        .iter()
        .map(|class| vec![class.name.to_owned(), class.training.to_string(), class.validation.to_string()]);
    table::print(&["class", "training", "validation"], rows)?;
    table::print_line(&format!(
        "{} videos to train on and {} to validate, {:.0} s in all with an action in {:.0} % of them, {:.1} MB in {}",
        summary.training,
        summary.validation,
        summary.seconds,
        summary.action_share * 100.0,
        summary.bytes as f64 / 1e6,
        args.folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_length_stands_for_both() {
        assert_eq!(parse_lengths("30,60"), Ok((30.0, 60.0)));
        assert_eq!(parse_lengths("8"), Ok((8.0, 8.0)));
        for text in ["", "demo", "1,2,3", "30,"] {
            assert!(parse_lengths(text).is_err(), "{text}");
        }
    }
}
