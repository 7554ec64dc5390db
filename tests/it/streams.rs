//! Several video streams in a file, on the command line: each is probed, written and searched as what it is.

use std::path::Path;

use etad::domain::Footage;
use etad::video::Decoder;
use serde_json::Value;

use crate::cli_reference::{done, refused, text};
use crate::made_videos;

/// Width, height and RGB of a picture file.
fn read_png(path: &Path) -> (usize, usize, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("written"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("whole");
    (info.width as usize, info.height as usize, pixels)
}

#[test]
fn probe_and_frame_take_the_stream_that_is_named() {
    let Some(files) = made_videos::files() else { return };
    let path = files.iter().find(|path| path.ends_with("two_streams.mkv")).expect("made");
    let folder = tempfile::tempdir().expect("a folder");
    for (stream, frames, size) in [("0", 100, (64, 48)), ("1", 30, (96, 64))] {
        let told: Value =
            serde_json::from_str(&done(&["probe", text(path), "--stream", stream, "--json"])).expect("JSON");
        assert_eq!((told["frames"].as_u64(), told["stream"].as_u64()), (Some(frames), stream.parse().ok()));
        assert_eq!(told["streams"].as_array().map(Vec::len), Some(2));
        let out = folder.path().join(format!("{stream}.png"));
        done(&["frame", text(path), "--stream", stream, "--index", "7", "--out", text(&out)]);
        let mut decoder = Decoder::open(Footage::of(path, stream.parse().ok())).expect("opens");
        decoder.seek(7).expect("there");
        let wanted = decoder.next_frame().expect("decodes").expect("a frame").to_rgb();
        assert_eq!(read_png(&out), (size.0, size.1, wanted.data));
    }
    let listed = done(&["probe", text(path)]);
    assert!(listed.contains("0: h264, 64 x 48") && listed.contains("1: h264, 96 x 64"), "{listed}");
    refused(&["probe", text(path), "--stream", "2"], &["two_streams.mkv has no video stream 2"]);
    let out = folder.path().join("none.png");
    refused(&["frame", text(path), "--stream", "5", "--index", "0", "--out", text(&out)], &["has no video stream 5"]);
}

/// A search in a stream finds what it finds in that stream alone. Weights come from whoever has some.
pub fn searched(folder: &Path, checkpoint: &Path) {
    let Some(files) = made_videos::files() else { return };
    let made = |name: &str| files.iter().find(|path| path.ends_with(name)).expect("made");
    let search = |path: &Path, stream: &[&str]| -> Value {
        let out = folder.join("of_stream.json");
        let detect = ["detect", "--checkpoint", text(checkpoint), "--out", text(&out), "--device", "cpu"];
        done(&[&detect[..], stream, &[text(path)]].concat());
        let found: Value = serde_json::from_str(&std::fs::read_to_string(&out).expect("written")).expect("JSON");
        let of_all = found["results"].as_object().expect("results");
        of_all.values().next().expect("one video").clone()
    };
    let both = made("two_streams.mkv");
    let (main, other) = (search(both, &["--stream", "0"]), search(both, &["--stream", "1"]));
    assert_eq!(other, search(made("second.mkv"), &[]));
    assert_eq!(main, search(made("b_frames.mp4"), &[]));
    assert_ne!(main, other);
    assert!(other.as_array().is_some_and(|found| !found.is_empty()), "{other}");
    let out = folder.join("none.json");
    let absent = ["detect", "--checkpoint", text(checkpoint), "--out", text(&out), "--device", "cpu", "--stream", "2"];
    refused(&[&absent[..], &[text(both)]].concat(), &["two_streams.mkv has no video stream 2"]);
}
