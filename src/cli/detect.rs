//! `etad detect`: detections in any videos with a checkpoint that needs nothing beside it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    Evidence,
    exit::{Outcome, bad_input, interrupted},
    interrupt, out, progress, table,
};
use crate::{
    domain::{Crop, NoCrop},
    jobs::{self, DetectRequest},
    project,
};

#[derive(Debug, Args)]
#[command(after_help = "Example: etad detect --checkpoint best.safetensors --out found.json videos/")]
pub(super) struct DetectArgs {
    /// Checkpoint of a run
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
    /// Write the detections: .json in the ActivityNet result format, or .csv
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Device: auto, cpu, wgpu[:N] or cuda[:N]
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: String,
    /// Search this region of the pictures only: its left, top, width and height as shares, as 0.25,0,0.5,1
    #[arg(long, value_name = "L,T,W,H", value_parser = crop)]
    crop: Option<Crop>,
    /// Search this video stream of each file, counted from 0 (`etad probe` lists them); else the main one
    #[arg(long, value_name = "N")]
    stream: Option<usize>,
    /// Also write the network's raw outputs here, one file a video, as `etad test` reads them
    #[arg(long, value_name = "DIR")]
    raw_predictions: Option<PathBuf>,
    #[command(flatten)]
    evidence: Evidence,
    /// Print one JSON document about what was done
    #[arg(long)]
    json: bool,
    /// Videos, or folders of videos
    #[arg(required = true, value_name = "VIDEO|DIR")]
    videos: Vec<PathBuf>,
}

pub(super) fn run(args: DetectArgs) -> Outcome {
    let videos = files(&args.videos)?;
    out::check(&args.out)?;
    let DetectArgs { checkpoint, device, crop, stream, raw_predictions: raw, .. } = args;
    // A pipe or a device has no place beside it.
    let usual = || (!args.out.exists() || args.out.is_file()).then(|| jobs::evidence_of_detections(&args.out));
    let evidence = args.evidence.folder(usual);
    let kept = evidence.clone();
    let request = DetectRequest { checkpoint, videos, device, crop, stream, raw, evidence };
    let bar = progress::bar("detecting");
    let found = jobs::detect(&request, interrupt::flag(Some("ending")), &mut |event| progress::watch(&bar, event));
    bar.finish_and_clear();
    let found = found?.ok_or_else(|| interrupted("nothing was written"))?;
    progress::warn_all(&found.broken);
    progress::warn_all(found.unkept.as_slice());
    out::write_detections(&args.out, &found.detections)?;
    let (count, videos) = (found.detections.count(), found.detections.videos.len());
    if args.json {
        return table::print_json(&serde_json::json!({
            "detections": count, "videos": videos, "broken": found.broken, "device": found.device, "out": args.out,
            "evidence": kept,
        }));
    }
    table::print_line(&format!("{count} detections in {videos} videos, written to {}", args.out.display()))
}

fn crop(text: &str) -> Result<Crop, String> {
    let shares: Vec<f64> = text.split(',').map(|share| share.trim().parse().unwrap_or(f64::NAN)).collect();
    let shares: [f64; 4] = shares.try_into().map_err(|_| NoCrop.to_string())?;
    Crop::try_from(shares).map_err(|error| error.to_string())
}

/// The files as named, which must be there, and the videos of the folders as named, in alphabetical order.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(|error| bad_input(unreadable(path, &error)))?;
            let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            inside.retain(|file| project::is_video_name(file));
            inside.sort();
            all.extend(inside);
        } else if !path.exists() {
            return Err(bad_input(format!("there is no file {}; check the path", path.display())));
        } else {
            all.push(path.clone());
        }
    }
    if all.is_empty() { Err(bad_input("there is no video in the folders named")) } else { Ok(all) }
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read the folder {}: {error}", path.display())
}
