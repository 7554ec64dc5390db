//! Videos of every odd kind, made by the `ffmpeg` program. Each frame carries its number as eight bars, lowest bit left.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Size of the pictures.
pub const SIZE: (usize, usize) = (64, 48);

/// Bars of a frame's number, and chroma that differs from frame to frame and row to row.
const BARS: &str = "geq=lum='if(mod(floor(N/pow(2,floor(X*8/W))),2),200,40)':cb='96+mod(N*5,64)':cr='128+20*sin(Y/7)'";

/// Runs `ffmpeg`; false when it refuses.
fn ffmpeg(folder: &Path, arguments: &str) -> bool {
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder).args(["-hide_banner", "-loglevel", "error", "-y", "-nostdin"]);
    // Words are split at blanks; the filters hold none.
    command.args(arguments.split(' ').filter(|word| !word.is_empty()));
    command.status().is_ok_and(|status| status.success())
}

/// Makes a file, which must work.
fn make(folder: &Path, arguments: &str) {
    assert!(ffmpeg(folder, arguments), "ffmpeg {arguments}");
}

/// Source of `frames` pictures at 25 a second.
fn source(frames: usize) -> String {
    let (width, height) = SIZE;
    format!("-f lavfi -i color=black:size={width}x{height}:rate=25 -frames:v {frames}")
}

/// The files, made once for all tests of a process; `None` with a printed reason where there is no `ffmpeg`.
pub fn files() -> Option<Vec<PathBuf>> {
    static MADE: OnceLock<Option<tempfile::TempDir>> = OnceLock::new();
    let folder = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        if !ffmpeg(folder.path(), "-version") {
            println!("skipped: there is no ffmpeg program; scripts/setup.sh test installs it");
            return None;
        }
        make_all(folder.path());
        Some(folder)
    });
    let entries = std::fs::read_dir(folder.as_ref()?.path()).expect("listed");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    Some(files)
}

fn make_all(folder: &Path) {
    let plain = format!("-vf {BARS} -pix_fmt yuv420p -c:v libx264");
    let (long, short) = (source(100), source(50));
    // Enough reordering that the last pictures come out of the decoder after the last packet.
    make(folder, &format!("{long} {plain} -g 12 -bf 3 -x264-params b-pyramid=normal b_frames.mp4"));
    // 52, 52 and 16 ms, and 68 ms more every seventh frame.
    let uneven = format!("{BARS},settb=1/25000,setpts='N*1000+floor(N/7)*1700+mod(N,3)*300'");
    make(
        folder,
        &format!(
            "{long} -vf {uneven} -vsync passthrough -enc_time_base 1:25000 -pix_fmt yuv420p -c:v libx264 -g 15 -bf 2 vfr.mp4"
        ),
    );
    make(
        folder,
        &format!("{long} {plain} -x264-params open-gop=1:bframes=3:keyint=10:min-keyint=10:scenecut=0 open_gop.mkv"),
    );
    make(folder, "-ss 1.5 -i b_frames.mp4 -c copy edit_list.mp4");
    // FFmpeg 6 turns by an option of the input, 5 by metadata.
    let turned = ffmpeg(folder, "-display_rotation 90 -i b_frames.mp4 -c copy rotated.mp4")
        || ffmpeg(folder, "-i b_frames.mp4 -c copy -metadata:s:v rotate=90 rotated.mp4");
    assert!(turned, "no way to write a rotation");
    make(folder, &format!("{short} -vf {BARS},format=yuv420p10le -c:v libx264 -g 10 ten_bit.mp4"));
    make(folder, &format!("{short} -vf {BARS},scale=63:47,format=yuv420p -c:v ffv1 -g 8 odd_420.mkv"));
    make(folder, &format!("{short} -vf {BARS},scale=63:47,format=yuv444p -c:v libx264 -g 8 odd_444.mp4"));
    make(folder, "-i open_gop.mkv -c copy -output_ts_offset 37 offset.ts");
    make(folder, &format!("{} {plain} one_frame.mp4", source(1)));
    make(folder, "-i b_frames.mp4 -c copy -f matroska -live 1 no_duration.mkv");
    // Another size, another pace, and it begins later.
    make(folder, &format!("-f lavfi -i color=black:size=96x64:rate=10 -frames:v 30 {plain} -g 8 second.mkv"));
    make(folder, "-i b_frames.mp4 -itsoffset 0.7 -i second.mkv -map 0:v -map 1:v -c copy two_streams.mkv");
    make(folder, &format!("{short} -vf {BARS},format=gray -c:v ffv1 -g 8 grey.mkv"));
    make(folder, &format!("{short} -vf {BARS},format=yuv422p -c:v mpeg2video -q:v 3 -g 9 -bf 2 broadcast.mpg"));
}
