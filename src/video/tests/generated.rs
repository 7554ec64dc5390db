//! Round trips through the writer.

use std::path::Path;

use crate::domain::MediaTime;
use crate::video::{
    AudioSpec, ClipReader, ClipSpec, Decoder, Filter, VideoError, VideoWriter, WriterSpec, index, probe, thumbnail,
};

const SIZE: (u32, u32) = (64, 48);

fn spec(audio: bool) -> WriterSpec {
    let audio = audio.then_some(AudioSpec { sample_rate: 16_000, channels: 1 });
    WriterSpec { width: SIZE.0, height: SIZE.1, frame_rate: (25, 1), audio, key_interval: 12 }
}

/// Writes frames whose brightness tells their number: frame n is grey of 10 + 4 n, modulo 200.
pub(super) fn write_numbered(path: &Path, frames: usize, audio: bool) {
    let mut writer = VideoWriter::create(path, &spec(audio)).expect("a writer starts");
    for frame in 0..frames {
        let grey = shade(frame);
        writer.write_rgb(&vec![grey; (SIZE.0 * SIZE.1 * 3) as usize]).expect("a frame is written");
        if audio {
            let samples: Vec<f32> = (0..640).map(|at| ((at + frame * 640) as f32 * 0.17).sin() * 0.3).collect();
            writer.write_audio(&samples).expect("sound is written");
        }
    }
    writer.finish().expect("the file closes");
}

pub(super) fn shade(frame: usize) -> u8 {
    u8::try_from(10 + (4 * frame) % 200).expect("below 256")
}

#[test]
fn what_is_written_is_read_back_frame_by_frame() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a b:c.mp4");
    write_numbered(&path, 60, true);
    let info = probe(&path).expect("a video");
    assert_eq!((info.width, info.height, info.frames, info.rotation), (64, 48, 60, 0));
    assert!((info.duration - 2.4).abs() < 1e-9 && !info.variable_frame_rate && (info.average_fps - 25.0).abs() < 1e-9);
    assert!(info.warnings.is_empty(), "{:?}", info.warnings);
    let audio = info.audio.expect("sound");
    assert_eq!((audio.codec.as_str(), audio.sample_rate, audio.channels), ("aac", 16_000, 1));
    let mut decoder = Decoder::open(&path).expect("opens");
    for number in 0..60 {
        let frame = decoder.next_frame().expect("decodes").expect("is there");
        assert_eq!((frame.index, frame.time), (number, MediaTime(number as i64 * 40_000_000)));
        let rgb = frame.to_rgb();
        assert!(rgb.data.iter().all(|&byte| byte.abs_diff(shade(number)) <= 4), "{number}: {}", rgb.data[0]);
    }
    assert_eq!(decoder.next_frame().expect("no failure"), None);
}

#[test]
fn pixels_that_are_not_square_are_known_and_only_shown_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wide.y4m");
    // Two grey pictures of 16 by 12 pixels, each 64:45 wide, as PAL widescreen stores them.
    let mut bytes = b"YUV4MPEG2 W16 H12 F25:1 Ip A64:45 C420jpeg\n".to_vec();
    for _ in 0..2 {
        bytes.extend_from_slice(b"FRAME\n");
        bytes.extend_from_slice(&[128; 16 * 12 * 3 / 2]);
    }
    std::fs::write(&path, bytes).expect("written");
    let aspect = 64.0 / 45.0;
    assert!((probe(&path).expect("a video").pixel_aspect - aspect).abs() < 1e-9);
    let frame = Decoder::open(&path).expect("opens").next_frame().expect("decodes").expect("a frame");
    assert!((frame.picture.display_aspect() - 16.0 / 12.0 * aspect).abs() < 1e-9);
    let written = frame.to_rgb();
    assert_eq!((written.width, written.height), (16, 12), "what `etad frame` writes keeps its pixels");
    let small = thumbnail(&path, MediaTime::ZERO, 16).expect("a small picture");
    assert_eq!((small.width, small.height), (16, 9), "16 over 1.896, rounded up");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = ["a.mp4", "b.mp4"].map(|name| {
        write_numbered(&folder.path().join(name), 40, true);
        std::fs::read(folder.path().join(name)).expect("the file is there")
    });
    assert!(bytes[0] == bytes[1]);
}

#[test]
fn a_clip_repeats_what_lies_past_the_end_and_keeps_the_order_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clip.mp4");
    write_numbered(&path, 30, false);
    let asked = [29, 3, 3, 17, 99, 0];
    for filter in [Filter::Smooth, Filter::OpenCv] {
        let spec = ClipSpec { resize_width: 8, resize_height: 6, filter, crop: None };
        let mut reader = ClipReader::open(&path, spec).expect("opens");
        assert!(reader.read(&[]).expect("nothing is no failure").is_empty());
        let again = reader.read(&asked).expect("reads");
        let pixels = reader.read(&asked).expect("reads");
        assert_eq!(pixels, again);
        assert_eq!(pixels.len(), asked.len() * 6 * 8 * 3);
        for (frame, pixels) in asked.iter().zip(pixels.chunks(6 * 8 * 3)) {
            let expected = shade((*frame).min(29));
            assert!(pixels.iter().all(|&byte| byte.abs_diff(expected) <= 5), "{frame}: {} {expected}", pixels[0]);
        }
    }
}

#[test]
fn a_thumbnail_shows_the_frame_of_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("thumbnail.mp4");
    write_numbered(&path, 30, false);
    let small = thumbnail(&path, MediaTime::from_secs(0.81), 16).expect("a picture");
    assert_eq!((small.width, small.height), (16, 12));
    assert!(small.data[0].abs_diff(shade(20)) <= 5);
}

#[test]
fn refusals_are_sentences() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.mp4");
    let odd = WriterSpec { width: 63, ..spec(false) };
    assert!(matches!(VideoWriter::create(&path, &odd), Err(VideoError::Encoder { .. })));
    let nowhere = folder.path().join("no/such/folder.mp4");
    assert!(matches!(VideoWriter::create(&nowhere, &spec(false)), Err(VideoError::Write { .. })));
    let error = index(folder.path().join("absent.mp4")).expect_err("there is no such file");
    assert!(error.to_string().contains("absent.mp4") && error.to_string().contains("check that"), "{error}");
    write_numbered(&path, 5, false);
    let mut decoder = Decoder::open(&path).expect("opens");
    assert!(matches!(decoder.seek(5), Err(VideoError::NoSuchFrame { frame: 5, frames: 5, .. })));
    let mut writer = VideoWriter::create(&path, &spec(false)).expect("starts");
    assert!(writer.write_rgb(&[0; 5]).is_err() && writer.write_audio(&[0.0]).is_err());
}

#[test]
fn readers_and_writers_may_move_to_another_thread() {
    fn moves<T: Send>() {}
    moves::<Decoder>();
    moves::<ClipReader>();
    moves::<VideoWriter>();
    moves::<crate::video::Player>();
}
