//! `etad probe` and `etad frame`: one video as it is, and one of its frames.

use std::{fs::File, io::BufWriter, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::{
    exit::{Outcome, bad_input},
    out, table,
};
use crate::{
    domain::{Footage, MediaTime, StreamInfo},
    video::{self, RgbImage, TimeIndex, VideoInfo},
};

#[derive(Debug, Args)]
#[command(after_help = "Example: etad probe match.mp4 --json")]
pub(super) struct ProbeArgs {
    /// Video file
    video: PathBuf,
    /// Of this video stream, counted from 0; else of the main one
    #[arg(long, value_name = "N")]
    stream: Option<usize>,
    /// Print one JSON document, with the presentation time of every frame
    #[arg(long)]
    json: bool,
}

pub(super) fn probe(args: &ProbeArgs) -> Outcome {
    let info = video::probe(Footage::of(&args.video, args.stream)).map_err(bad_input)?;
    if args.json {
        return table::print_json(&info);
    }
    table::print(&["", ""], description(&info))
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
    if info.streams.len() > 1 {
        let line = |(number, stream): (usize, &StreamInfo)| {
            let this = if number == info.stream { " (this one)" } else { "" };
            format!("{number}: {stream}{this}")
        };
        let lines: Vec<String> = info.streams.iter().enumerate().map(line).collect();
        rows.push(("video streams", lines.join("; ")));
    }
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
    /// Of this video stream, counted from 0 (`etad probe` lists them); else of the main one
    #[arg(long, value_name = "N")]
    stream: Option<usize>,
    /// Picture to write
    #[arg(long, value_name = "PNG")]
    out: PathBuf,
    /// Print one JSON document about what was written
    #[arg(long)]
    json: bool,
}

pub(super) fn frame(args: &FrameArgs) -> Outcome {
    out::check(&args.out)?;
    let mut decoder = video::Decoder::open(Footage::of(&args.video, args.stream)).map_err(bad_input)?;
    let number = wanted_frame(args, decoder.index())?;
    decoder.seek(number).map_err(bad_input)?;
    let video = args.video.display();
    let frame = decoder.next_frame().map_err(bad_input)?;
    let frame = frame.ok_or_else(|| bad_input(format!("{video} does not give its frame {number} any more")))?;
    let picture = frame.to_rgb();
    write_png(&picture, args).with_context(|| format!("cannot write {}", args.out.display()))?;
    if !args.json {
        return Ok(());
    }
    let time = decoder.index().time(number).map(MediaTime::as_secs);
    let (width, height) = (picture.width, picture.height);
    table::print_json(&json!({ "index": number, "time": time, "width": width, "height": height, "out": args.out }))
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
