//! `etad probe`, `etad frame`, `etad sample`: one video as it is, one of its frames, and videos made on the spot.

use std::{fs::File, io::BufWriter, path::PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::{
    exit::{Outcome, bad_input},
    progress, table,
};
use crate::{
    domain::MediaTime,
    sample::{self, SampleError, SampleOptions},
    video::{self, RgbImage, TimeIndex, VideoInfo},
};

#[derive(Debug, Args)]
#[command(after_help = "Example: etad probe match.mp4 --json")]
pub(super) struct ProbeArgs {
    /// Video file
    video: PathBuf,
    /// Print one JSON document, with the presentation time of every frame
    #[arg(long)]
    json: bool,
}

pub(super) fn probe(args: &ProbeArgs) -> Outcome {
    let info = video::probe(&args.video).map_err(bad_input)?;
    if args.json {
        return table::print_json(&info);
    }
    table::print(&["", ""], description(&info));
    Ok(())
}

fn description(info: &VideoInfo) -> Vec<Vec<String>> {
    let audio = info.audio.as_ref().map_or_else(
        || "none".to_owned(),
        |audio| format!("{}, {} Hz, {} channels", audio.codec, audio.sample_rate, audio.channels),
    );
    let pace = if info.variable_frame_rate { "variable" } else { "constant" };
    let mut rows = vec![
        ("codec", info.codec.clone()),
        ("size", format!("{} x {} pixels, rotated by {}°", info.width, info.height, info.rotation)),
        ("duration", format!("{:.3} s", info.duration)),
        ("frames", format!("{}, {:.3} a second on average, {pace}", info.frames, info.average_fps)),
        ("starts at", format!("{:.6} s in the file's own time", info.start_time)),
        ("audio", audio),
    ];
    rows.extend(info.warnings.iter().map(|warning| ("warning", warning.clone())));
    rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
}

#[derive(Debug, Args)]
#[command(after_help = "Example: etad frame match.mp4 --at 12.48 --out goal.png")]
pub(super) struct FrameArgs {
    /// Video file
    video: PathBuf,
    /// The frame shown at this time, in seconds
    #[arg(long, value_name = "SECONDS", required_unless_present = "index", conflicts_with = "index")]
    at: Option<f64>,
    /// The frame of this number, counted from 0
    #[arg(long, value_name = "N")]
    index: Option<usize>,
    /// Picture to write
    #[arg(long, value_name = "PNG")]
    out: PathBuf,
}

pub(super) fn frame(args: &FrameArgs) -> Outcome {
    let mut decoder = video::Decoder::open(&args.video).map_err(bad_input)?;
    let number = wanted_frame(args, decoder.index())?;
    decoder.seek(number).map_err(bad_input)?;
    let video = args.video.display();
    let frame = decoder.next_frame().map_err(bad_input)?;
    let frame = frame.ok_or_else(|| bad_input(format!("{video} does not give its frame {number} any more")))?;
    write_png(&frame.to_rgb(), args).with_context(|| format!("cannot write {}", args.out.display()))
}

/// Number of the frame that was asked for by number or by time.
fn wanted_frame(args: &FrameArgs, index: &TimeIndex) -> anyhow::Result<usize> {
    let (video, count, end) = (args.video.display(), index.len(), index.duration().as_secs());
    match (args.index, args.at) {
        (Some(number), _) if number < count => Ok(number),
        (Some(number), _) => Err(bad_input(format!("{video} has no frame {number}: it has {count}, counted from 0"))),
        (None, Some(at)) if (0.0..end).contains(&at) => Ok(index.frame_at(MediaTime::from_secs(at))),
        (None, at) => {
            let at = at.unwrap_or_default();
            Err(bad_input(format!("{video} shows nothing at {at} s: it lasts from 0 to {end:.3} s")))
        }
    }
}

fn write_png(picture: &RgbImage, args: &FrameArgs) -> anyhow::Result<()> {
    let file = BufWriter::new(File::create(&args.out)?);
    let mut encoder = png::Encoder::new(file, u32::try_from(picture.width)?, u32::try_from(picture.height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&picture.data)?;
    Ok(())
}

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
    /// Shortest and longest video in seconds
    #[arg(long, value_name = "MIN,MAX", value_delimiter = ',', num_args = 1..=2, default_values_t = [30.0, 60.0])]
    seconds: Vec<f64>,
    /// Write into a folder that is not empty
    #[arg(long)]
    force: bool,
    /// Print one JSON document about what was made
    #[arg(long)]
    json: bool,
}

pub(super) fn sample(args: &SampleArgs) -> Outcome {
    let (Some(&shortest), Some(&longest)) = (args.seconds.first(), args.seconds.last()) else {
        return Err(bad_input("--seconds takes the shortest and the longest length, such as 30,60"));
    };
    let options =
        SampleOptions { videos: args.videos, seed: args.seed, seconds: (shortest, longest), force: args.force };
    let bar = progress::bar("drawing videos");
    let made = sample::make(&args.folder, &options, &mut |done, total| progress::set(&bar, done, total));
    bar.finish_and_clear();
    let summary = made.map_err(|error| match error {
        SampleError::NotEmpty(_) | SampleError::Options => bad_input(error),
        other => other.into(),
    })?;
    if args.json {
        return table::print_json(&summary);
    }
    let rows = summary
        .classes
        .iter()
        .map(|class| vec![class.name.to_owned(), class.training.to_string(), class.validation.to_string()]);
    table::print(&["class", "training", "validation"], rows);
    table::print_line(&format!(
        "{} videos to train on and {} to validate, {:.0} s in all with an action in {:.0} % of them, {:.1} MB in {}",
        summary.training,
        summary.validation,
        summary.seconds,
        summary.action_share * 100.0,
        summary.bytes as f64 / 1e6,
        args.folder.display()
    ));
    Ok(())
}
