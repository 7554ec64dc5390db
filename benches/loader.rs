//! Frames per second that training's reader gives of a video, resized: `cargo bench --bench loader -- FILE…` (README).
//!
//! Reads every frame, in runs of 64 as windows do, after one pass that makes the index. `benches/pytorch/loader.py` does the same with
//! PyAV.

#![allow(clippy::print_stdout, reason = "a bench says what it measured")]

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use etad::video::{ClipReader, ClipSpec, Filter};

/// What to read.
#[derive(Parser)]
struct Options {
    /// Videos.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Size of the frames.
    #[arg(long, default_value = "171x128", value_parser = size)]
    size: (u32, u32),
    /// Resize as OpenCV does, byte for byte (`data.resize_filter = "opencv"`).
    #[arg(long)]
    opencv: bool,
    /// Passes over each file; the median counts.
    #[arg(long, default_value_t = 3)]
    passes: usize,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    parsed.ok_or_else(|| "WIDTHxHEIGHT".to_owned())
}

/// Frames of a window.
const RUN: usize = 64;

fn main() -> Result<()> {
    let options = Options::parse();
    let (resize_width, resize_height) = options.size;
    let filter = if options.opencv { Filter::OpenCv } else { Filter::Smooth };
    for file in &options.files {
        let since = Instant::now();
        let mut reader = ClipReader::open(file, ClipSpec { resize_width, resize_height, filter })?;
        let indexing = since.elapsed().as_secs_f64();
        let frames: Vec<usize> = (0..reader.index().len()).collect();
        let mut seconds = Vec::with_capacity(options.passes);
        for _ in 0..options.passes {
            let since = Instant::now();
            for run in frames.chunks(RUN) {
                std::hint::black_box(reader.read(run)?);
            }
            seconds.push(since.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let report = serde_json::json!({
            "program": "etad", "opencv": options.opencv, "file": file.file_name().map(|name| name.to_string_lossy()), "frames": frames.len(),
            "index_seconds": indexing, "frames_per_second": frames.len() as f64 / seconds[seconds.len() / 2],
        });
        println!("{report}");
    }
    Ok(())
}
