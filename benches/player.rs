//! How quickly a video opens, is searched and plays: `cargo bench --bench player` (README). Makes its videos with the `ffmpeg` program in
//! `target/bench_player`, once; `-- FILE…` measures others.
//!
//! Nothing is drawn: a screen is ticked as the window does it at 60 pictures a second, so what is measured is decoding, copying and waiting.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench says what it measured")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use etad::domain::{Draw, MediaTime, Purpose};
use etad::jobs::screen::{Screen, ScreenEvent};
use etad::video::{Decoder, index, provisional_index};
use serde_json::json;

/// What to measure.
#[derive(Parser)]
struct Options {
    /// Videos to open, search and decode instead of the made ones.
    files: Vec<PathBuf>,
    /// Random places that are sought in each video.
    #[arg(long, default_value_t = 60)]
    seeks: usize,
    /// Seconds that are played.
    #[arg(long, default_value_t = 10.0)]
    play: f64,
    /// A JSON document a video instead of lines.
    #[arg(long)]
    json: bool,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The time between two pictures of the window.
const REFRESH: Duration = Duration::from_micros(16_667);

fn main() -> Result<()> {
    let options = Options::parse();
    if !options.files.is_empty() {
        for file in &options.files {
            report(&file.display().to_string(), file, &options)?;
        }
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench_player");
    std::fs::create_dir_all(&folder)?;
    // First: what a process took at most is never less again.
    let (minute, hour) = (folder.join("minute.mp4"), folder.join("hour.mp4"));
    let source = "testsrc2=size=640x360:rate=25:duration=60";
    make(&minute, &format!("-f lavfi -i {source} -c:v libx264 -preset ultrafast -crf 32 -g 250 -pix_fmt yuv420p"))?;
    make(&hour, &format!("-stream_loop 59 -i {} -c copy", minute.display()))?;
    memory(&hour, &options)?;
    for (fps, seconds) in [(30, 30), (60, 20)] {
        let file = folder.join(format!("1080p{fps}.mp4"));
        // Moving noise over a moving picture: about what a camera gives the decoder to do.
        let source = format!("testsrc2=size=1920x1080:rate={fps}:duration={seconds},noise=alls=12:allf=t");
        let size =
            "-c:v libx264 -preset veryfast -b:v 8M -g 250 -keyint_min 250 -sc_threshold 0 -bf 3 -pix_fmt yuv420p";
        make(
            &file,
            &format!("-f lavfi -i {source} -f lavfi -i sine=frequency=330:duration={seconds} {size} -c:a aac"),
        )?;
        report(&format!("1920x1080, {fps} a second, H.264, key frame every 250"), &file, &options)?;
    }
    Ok(())
}

/// Makes a video unless it is there.
fn make(file: &Path, arguments: &str) -> Result<()> {
    if file.is_file() {
        // Changed just now, as far as anybody can tell: its index, which an earlier bench kept, is of an older file.
        return Ok(std::fs::File::options().append(true).open(file)?.set_modified(std::time::SystemTime::now())?);
    }
    eprintln!("making {} …", file.display());
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]).args(arguments.split_whitespace());
    let unfinished = file.with_extension("part.mp4");
    ensure!(command.arg(&unfinished).status().context("ffmpeg is needed")?.success(), "ffmpeg {arguments}");
    Ok(std::fs::rename(unfinished, file)?)
}

fn report(name: &str, file: &Path, options: &Options) -> Result<()> {
    let opening = opening(file)?;
    let since = Instant::now();
    let frames = index(file)?.len();
    let indexing = since.elapsed();
    let (first, exact) = scrub(file, options.seeks)?;
    let (sequential, ffmpeg) = (sequential(file)?, ffmpeg_null(file)?);
    let (shown, dropped) = playing(file, options.play)?;
    let pace = |time: Duration| frames as f64 / time.as_secs_f64();
    let share = ffmpeg.as_secs_f64() / sequential.as_secs_f64();
    if options.json {
        println!(
            "{}",
            json!({
                "video": name, "frames": frames,
                "open_to_first_picture_ms": millis(opening), "exact_index_ms": millis(indexing),
                "scrub_first_picture_ms": spread(first), "scrub_exact_picture_ms": spread(exact),
                "sequential_fps": pace(sequential), "ffmpeg_null_fps": pace(ffmpeg), "of_ffmpeg": share,
                "played_seconds": options.play, "shown": shown, "dropped": dropped,
            })
        );
        return Ok(());
    }
    println!("{name} ({frames} pictures)");
    println!("  open to first picture   {:>8} ms", millis(opening));
    println!("  exact index by decoding {:>8} ms", millis(indexing));
    println!("  scrub to first picture  {}", words(&spread(first)));
    println!("  scrub to exact picture  {}   ({} random places)", words(&spread(exact)), options.seeks);
    println!("  sequential decode       {:>8.1} pictures a second", pace(sequential));
    println!("  ffmpeg -f null          {:>8.1} pictures a second: {share:.2} of it is reached", pace(ffmpeg));
    println!("  played for {} s: {shown} shown, {dropped} dropped", options.play);
    Ok(())
}

/// A spread on a line.
fn words(spread: &serde_json::Value) -> String {
    let of = |name: &str| spread[name].as_f64().unwrap_or_default();
    format!("{:>8} ms p50, {:>8} ms p95, {:>8} ms at most", of("p50"), of("p95"), of("most"))
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

fn spread(mut times: Vec<Duration>) -> serde_json::Value {
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1)));
    let of = |share| at(share).map_or(0.0, |time| millis(*time));
    json!({ "p50": of(0.5), "p95": of(0.95), "most": of(1.0) })
}

/// A screen with nothing to hear, which wakes whoever waits.
fn open(file: &Path) -> Result<(Screen, crossbeam_channel::Receiver<()>)> {
    let (wake, woken) = crossbeam_channel::bounded(1);
    let notify = move || {
        let _ = wake.try_send(());
    };
    Ok((Screen::open(file, Instant::now(), None, notify)?, woken))
}

/// Ticks until what happened is as wanted.
fn wait(screen: &mut Screen, woken: &crossbeam_channel::Receiver<()>, done: impl Fn(&Screen, &[ScreenEvent]) -> bool) {
    loop {
        let (events, _) = screen.tick(Instant::now());
        if done(screen, &events) {
            return;
        }
        let _ = woken.recv_timeout(Duration::from_millis(5));
    }
}

fn is_shown(_: &Screen, events: &[ScreenEvent]) -> bool {
    events.iter().any(|event| matches!(event, ScreenEvent::Shown { .. }))
}

fn opening(file: &Path) -> Result<Duration> {
    let since = Instant::now();
    let (mut screen, woken) = open(file)?;
    wait(&mut screen, &woken, is_shown);
    Ok(since.elapsed())
}

/// Times from a random seek to the first picture near it, and to the right one.
fn scrub(file: &Path, seeks: usize) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let length = index(file)?.duration().as_secs();
    let (mut screen, woken) = open(file)?;
    wait(&mut screen, &woken, is_shown);
    let mut draw = Draw::new(1, Purpose::Shuffle, &[]);
    let (mut first, mut exact) = (Vec::new(), Vec::new());
    for _ in 0..seeks {
        let before = screen.picture().map(|showing| showing.sequence);
        let since = Instant::now();
        screen.seek(since, MediaTime::from_secs(draw.unit() * length));
        let mut near = None;
        loop {
            let (events, _) = screen.tick(Instant::now());
            if near.is_none() && screen.picture().map(|showing| showing.sequence) != before {
                near = Some(since.elapsed());
            }
            if is_shown(&screen, &events) {
                break;
            }
            let _ = woken.recv_timeout(Duration::from_millis(5));
        }
        exact.push(since.elapsed());
        first.push(near.unwrap_or(since.elapsed()));
    }
    Ok((first, exact))
}

/// Decoding and copying every picture.
fn sequential(file: &Path) -> Result<Duration> {
    let mut decoder = Decoder::open(file)?;
    let since = Instant::now();
    while let Some(frame) = decoder.next_frame()? {
        std::hint::black_box(frame);
    }
    Ok(since.elapsed())
}

/// What `ffmpeg` itself takes to decode the same, with as many threads.
fn ffmpeg_null(file: &Path) -> Result<Duration> {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(4)).to_string();
    let since = Instant::now();
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-threads", &threads, "-i"]).arg(file);
    let status = command.args(["-map", "0:v:0", "-f", "null", "-"]).status().context("ffmpeg is needed")?;
    ensure!(status.success(), "ffmpeg does not decode {}", file.display());
    Ok(since.elapsed())
}

/// Pictures shown and left out while playing at the video's own speed, looked at 60 times a second.
fn playing(file: &Path, seconds: f64) -> Result<(u64, u64)> {
    let (mut screen, woken) = open(file)?;
    wait(&mut screen, &woken, is_shown);
    let begin = Instant::now();
    let before = screen.stats(begin);
    screen.play(begin, Some(1.0));
    let mut next = begin;
    while begin.elapsed().as_secs_f64() < seconds {
        screen.tick(Instant::now());
        next += REFRESH;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let stats = screen.stats(Instant::now());
    Ok((stats.shown - before.shown, stats.dropped - before.dropped))
}

/// The hour: its index by packets, its first picture, and the memory of this process with it open, sought about and played.
fn memory(file: &Path, options: &Options) -> Result<()> {
    let before = etad::train::process_memory_peak();
    let since = Instant::now();
    let packets = provisional_index(file)?.len();
    let indexing = since.elapsed();
    let opening = opening(file)?;
    let (mut screen, woken) = open(file)?;
    wait(&mut screen, &woken, is_shown);
    let mut draw = Draw::new(2, Purpose::Shuffle, &[]);
    for _ in 0..20 {
        screen.seek(Instant::now(), MediaTime::from_secs(draw.unit() * 3600.0));
        wait(&mut screen, &woken, is_shown);
    }
    screen.play(Instant::now(), Some(1.0));
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(3) {
        screen.tick(Instant::now());
        std::thread::sleep(REFRESH);
    }
    let stats = screen.stats(Instant::now());
    let megabytes = |bytes: Option<u64>| bytes.map(|bytes| bytes >> 20);
    let (before, after) = (megabytes(before), megabytes(etad::train::process_memory_peak()));
    let name = "an hour of 640x360, 25 a second";
    if options.json {
        println!(
            "{}",
            json!({
                "video": name, "frames": packets, "index_by_packets_ms": millis(indexing),
                "open_to_first_picture_ms": millis(opening), "peak_before_mb": before, "peak_after_mb": after,
                "frames_kept": stats.kept, "kept_mb": stats.kept_bytes >> 20,
            })
        );
        return Ok(());
    }
    let told = |megabytes: Option<u64>| megabytes.map_or("unknown".to_owned(), |megabytes| format!("{megabytes} MB"));
    println!("{name} ({packets} pictures)");
    println!("  index by packets        {:>8} ms (aim: within 1000)", millis(indexing));
    println!("  open to first picture   {:>8} ms", millis(opening));
    println!(
        "  memory of the process   {} at most, {} before; {} pictures ({} MB) are kept",
        told(after),
        told(before),
        stats.kept,
        stats.kept_bytes >> 20
    );
    Ok(())
}
