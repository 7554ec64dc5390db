//! The speaker on a device that a test drives, so that no sound card is needed and what is heard when is exact.

use std::process::Command;

use super::device::{Feed, Output};
use super::*;

/// Samples a second of the device that a test drives.
const RATE: u32 = 16_000;

/// Keeps whether it was asked to play.
struct Driven(Arc<AtomicBool>);

impl Output for Driven {
    fn play(&self) -> bool {
        self.0.store(true, Ordering::Relaxed);
        true
    }

    fn pause(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A speaker with its device: its feed comes when it is opened.
fn driven(path: &Path) -> (Speaker, Receiver<Feed>, Arc<AtomicBool>) {
    let (give, take) = bounded(1);
    let playing = Arc::new(AtomicBool::new(false));
    let asked = playing.clone();
    let speaker = Speaker::on(path, move |shared| {
        let (feed, ring) = Feed::new(shared, RATE, 1);
        give.send(feed).ok()?;
        Some(Device { output: Box::new(Driven(asked.clone())), ring, rate: RATE })
    });
    (speaker, take, playing)
}

/// Takes the next hundredth of a second as a device would, once there is some of it, with the time of the video that its first sample is of.
fn hear(speaker: &Speaker, feed: &mut Feed) -> (f64, Vec<f32>) {
    let mut samples = vec![f32::NAN; RATE as usize / 100];
    let began = Instant::now();
    loop {
        feed.fill(samples.len(), Duration::ZERO, &mut |at, sample| samples[at] = sample);
        if let Some(time) = speaker.heard(Instant::now()) {
            return (time.as_secs(), samples);
        }
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is heard");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A film of 4 s whose sound is silent for 2 s and then loud; false with a printed reason without `ffmpeg`. `muxing` goes before the name.
fn film(folder: &Path, name: &str, muxing: &str) -> Option<PathBuf> {
    let sound = "aevalsrc=if(gt(t\\,2)\\,0.5*sin(2600*t)\\,0):s=16000:d=4";
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-y", "-nostdin"]);
    command.args(["-f", "lavfi", "-i", "color=black:size=64x48:rate=25:duration=4", "-f", "lavfi", "-i", sound]);
    let path = folder.join(name);
    let made = command.args(muxing.split_whitespace()).arg(&path).status();
    if made.is_err() {
        println!("skipped: there is no ffmpeg program; scripts/setup.sh test installs it");
        return None;
    }
    assert!(made.is_ok_and(|status| status.success()), "{name}");
    Some(path)
}

#[test]
fn what_is_heard_is_of_the_time_that_is_told_whatever_the_file_counts_from() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, muxing) in [
        ("plain.mkv", "-c:v mpeg4 -c:a pcm_s16le"),
        ("offset.ts", "-c:v mpeg2video -c:a mp2 -output_ts_offset 37"),
        ("late.mp4", "-c:v mpeg4 -c:a aac"),
    ] {
        let Some(path) = film(folder.path(), name, muxing) else { return };
        let origin = crate::video::index(&path).expect("a video").start_time;
        let (mut speaker, opened, playing) = driven(&path);
        speaker.play(MediaTime::from_secs(1.2), 1.0, origin);
        let mut feed = opened.recv_timeout(Duration::from_secs(60)).expect("the device is opened");
        for speed in [1.0, 2.0] {
            speaker.play(MediaTime::from_secs(1.2), speed, origin);
            let loud = (0..150)
                .map(|_| hear(&speaker, &mut feed))
                .find(|(_, samples)| samples.iter().any(|sample| sample.abs() > 0.2));
            let (time, _) = loud.unwrap_or_else(|| panic!("{name} is never loud at {speed}"));
            assert!((time - 2.0).abs() < 0.06, "{name} at {speed}: loud at {time}");
            assert!(playing.load(Ordering::Relaxed) && speaker.words() == "on");
            speaker.stop();
            assert!(speaker.heard(Instant::now()).is_none() && speaker.words() == "silent");
        }
        let began = Instant::now();
        while playing.load(Ordering::Relaxed) {
            assert!(began.elapsed() < Duration::from_secs(60), "the device goes on");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Waits for what the speaker says when it turns out that there is nothing to hear.
fn in_the_end(speaker: &mut Speaker) -> &'static str {
    speaker.play(MediaTime::ZERO, 1.0, 0.0);
    let began = Instant::now();
    while !speaker.words().starts_with("none") && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(speaker.heard(Instant::now()).is_none());
    speaker.words()
}

#[test]
fn no_device_no_track_and_no_file_are_silence_and_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let absent = folder.path().join("absent.mp4");
    assert_eq!(in_the_end(&mut Speaker::on(&absent, |_| None)), "none in this file");
    let Some(path) = film(folder.path(), "sound.mkv", "-c:v mpeg4 -c:a pcm_s16le") else { return };
    assert_eq!(in_the_end(&mut Speaker::on(&path, |_| None)), "none: no device to play it");
    let Some(path) = film(folder.path(), "silent.mkv", "-c:v mpeg4 -an") else { return };
    assert_eq!(in_the_end(&mut driven(&path).0), "none in this file");
}

#[test]
fn what_the_device_was_given_tells_the_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let speaker = Speaker::new(&folder.path().join("absent.mp4"));
    let now = Instant::now();
    let piece = Piece { begin: 1000, from: MediaTime::from_secs(5.0), speed: 2.0, rate: 100.0 };
    *slot(&speaker.shared.piece) = Some(piece);
    assert_eq!(speaker.heard(now), None, "nothing was given yet");
    // A second of pairs later, heard in a tenth of a second.
    let at = now + Duration::from_millis(100);
    *slot(&speaker.shared.mark) = Some(Mark { position: 1200, at });
    let seconds = |now| speaker.heard(now).map(MediaTime::as_secs).expect("heard");
    assert!((seconds(at) - 7.0).abs() < 1e-6);
    assert!((seconds(now) - 6.8).abs() < 1e-6);
    assert!((seconds(at + Duration::from_millis(50)) - 7.1).abs() < 1e-6);
    *slot(&speaker.shared.mark) = Some(Mark { position: 900, at });
    assert_eq!(speaker.heard(now), None, "that was another piece");
}
