//! The screen on a small video, with instants of its own: nothing here waits for time to pass, only for the decode thread.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Screen, ScreenEvent, Sound};
use crate::domain::{MediaTime, TimeRange};
use crate::video::{VideoWriter, WriterSpec};

const FRAMES: usize = 75;
const FRAME: Duration = Duration::from_millis(40);

/// A screen on a video of 25 frames a second with few key frames, and its time.
struct Bench {
    screen: Screen,
    now: Instant,
    _folder: tempfile::TempDir,
}

/// What the fake sound was told, and what it says.
#[derive(Default)]
struct Told {
    playing: Option<(MediaTime, f64)>,
    heard: Option<MediaTime>,
}

struct Fake(Arc<Mutex<Told>>);

impl Sound for Fake {
    fn play(&mut self, from: MediaTime, speed: f64, _: f64) {
        self.0.lock().expect("whole").playing.get_or_insert((from, speed));
    }

    fn stop(&mut self) {
        self.0.lock().expect("whole").playing = None;
    }

    fn heard(&self, _: Instant) -> Option<MediaTime> {
        self.0.lock().expect("whole").heard
    }

    fn words(&self) -> &'static str {
        "fake"
    }
}

impl Bench {
    fn new(sound: Option<Box<dyn Sound>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("video.mp4");
        let spec = WriterSpec { width: 64, height: 48, frame_rate: (25, 1), audio: None, key_interval: 60 };
        let mut writer = VideoWriter::create(&path, &spec).expect("starts");
        for frame in 0..FRAMES {
            writer.write_rgb(&vec![(frame * 3) as u8; 64 * 48 * 3]).expect("written");
        }
        writer.finish().expect("closed");
        let now = Instant::now();
        let screen = Screen::open(&path, now, sound, || {}).expect("opens");
        let mut bench = Self { screen, now, _folder: folder };
        bench.until("the exact index", |screen| screen.index.as_ref().is_some_and(|index| index.exact));
        bench.until("the first picture", |screen| screen.shown.is_some() && screen.awaited.is_none());
        bench
    }

    fn tick(&mut self) -> Vec<ScreenEvent> {
        self.screen.tick(self.now).0
    }

    /// Ticks without letting the screen's time pass until it is as wanted.
    fn until(&mut self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        let began = Instant::now();
        while !wanted(&self.screen) {
            assert!(began.elapsed() < Duration::from_secs(60), "{what}");
            self.tick();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn shown(&self) -> usize {
        self.screen.shown.as_ref().expect("a picture").frame.index
    }

    /// Plays for so many frames of time; returns the numbers of the pictures that were shown.
    fn run(&mut self, frames: usize) -> Vec<usize> {
        let mut seen = Vec::new();
        for _ in 0..4 * frames {
            self.now += FRAME / 4;
            // The decoder is given its time: what is late here is late by design, not by a busy machine.
            for _ in 0..3 {
                for event in self.tick() {
                    if let ScreenEvent::Shown { frame, .. } = event {
                        seen.push(frame);
                    }
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        seen
    }
}

#[test]
fn a_step_back_is_there_at_once() {
    let mut bench = Bench::new(None);
    bench.screen.seek(bench.now, MediaTime::from_secs(1.6));
    bench.until("frame 40", |screen| screen.awaited.is_none());
    assert_eq!(bench.shown(), 40);
    for frame in (30..40).rev() {
        bench.screen.step(bench.now, -1);
        assert_eq!((bench.shown(), bench.screen.awaited), (frame, None), "without a tick");
    }
    // Once the picture stands, playing goes on from it.
    bench.now += Duration::from_millis(200);
    bench.until("the decoder follows", |screen| screen.away.is_none() && screen.queue.next_time().is_some());
    assert_eq!(bench.screen.queue.next_time(), Some(MediaTime::from_secs(31.0 / 25.0)));
    bench.screen.step(bench.now, 1);
    assert_eq!(bench.shown(), 31);
}

#[test]
fn what_lies_before_a_key_frame_is_made_ready_while_a_picture_stands() {
    let mut bench = Bench::new(None);
    bench.screen.seek(bench.now, MediaTime::from_secs(60.0 / 25.0));
    bench.until("frame 60", |screen| screen.awaited.is_none());
    assert_eq!(bench.shown(), 60);
    bench.now += Duration::from_millis(200);
    bench.until("frames before it", |screen| screen.filling.is_none() && screen.player.kept().run_before(60) >= 4);
    bench.screen.step(bench.now, -1);
    assert_eq!((bench.shown(), bench.screen.awaited), (59, None));
}

#[test]
fn a_seek_shows_the_nearest_picture_and_then_the_right_one() {
    let mut bench = Bench::new(None);
    bench.screen.seek(bench.now, MediaTime::from_secs(55.0 / 25.0));
    let (mut near, mut told) = (Vec::new(), Vec::new());
    let began = Instant::now();
    while bench.screen.awaited.is_some() {
        assert!(began.elapsed() < Duration::from_secs(60));
        told.extend(bench.tick());
        let showing = bench.screen.picture().expect("a picture");
        near.push(showing.frame.index);
        assert_eq!(showing.exact, showing.frame.index == 55);
    }
    assert!(near.windows(2).all(|pair| pair[0] <= pair[1]), "never farther away: {near:?}");
    assert_eq!(near.last(), Some(&55));
    let shown: Vec<&ScreenEvent> = told.iter().filter(|event| matches!(event, ScreenEvent::Shown { .. })).collect();
    assert_eq!(shown.len(), 1, "only the right one is told, for labels follow it: {shown:?}");
}

#[test]
fn forward_and_backward_every_picture_is_shown_in_turn() {
    let mut bench = Bench::new(None);
    bench.screen.play(bench.now, Some(1.0));
    let forward = bench.run(FRAMES + 4);
    let begun = forward.first().copied().unwrap_or(99);
    assert!(begun <= 1 && forward == (begun..FRAMES).collect::<Vec<_>>(), "{forward:?}");
    assert!(!bench.screen.clock.is_playing(), "the end is the end");
    bench.screen.play(bench.now, Some(-1.0));
    let backward = bench.run(2 * FRAMES);
    assert_eq!(backward, (0..FRAMES - 1).rev().collect::<Vec<_>>());
    assert!(!bench.screen.clock.is_playing());
    assert_eq!(bench.screen.stats(bench.now).dropped, 0);
}

#[test]
fn fast_playing_keeps_to_the_time_and_counts_what_it_leaves_out() {
    let mut bench = Bench::new(None);
    bench.screen.play(bench.now, Some(4.0));
    let seen = bench.run(FRAMES / 4 + 4);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]) && seen.last() == Some(&(FRAMES - 1)), "{seen:?}");
    assert!(seen.len() < FRAMES);
}

#[test]
fn a_range_is_played_again_and_again() {
    let mut bench = Bench::new(None);
    bench.screen.repeat(Some(TimeRange::from_secs(10.0 / 25.0, 15.0 / 25.0)));
    bench.screen.seek(bench.now, MediaTime::from_secs(10.0 / 25.0));
    bench.until("its beginning", |screen| screen.awaited.is_none());
    bench.screen.play(bench.now, Some(1.0));
    let seen = bench.run(20);
    assert!(seen.iter().all(|frame| (10..15).contains(frame)), "{seen:?}");
    assert!(seen.iter().filter(|&&frame| frame == 12).count() >= 2, "{seen:?}");
    bench.screen.repeat(None);
    assert!(bench.run(20).iter().any(|&frame| frame > 20));
}

#[test]
fn the_clock_follows_the_sound_and_there_is_none_when_fast_or_backward() {
    let told = Arc::new(Mutex::new(Told::default()));
    let mut bench = Bench::new(Some(Box::new(Fake(told.clone()))));
    bench.screen.play(bench.now, Some(1.0));
    bench.run(2);
    assert_eq!(told.lock().expect("whole").playing.map(|(_, speed)| speed), Some(1.0));
    // The sound is ahead by more than jitter: pictures go there.
    let heard = MediaTime(bench.screen.clock.now(bench.now).0 + 300_000_000);
    told.lock().expect("whole").heard = Some(heard);
    bench.tick();
    assert_eq!(bench.screen.clock.now(bench.now), heard);
    told.lock().expect("whole").heard = None;
    for speed in [4.0, -1.0] {
        bench.screen.play(bench.now, Some(speed));
        bench.run(2);
        assert_eq!(told.lock().expect("whole").playing, None, "at {speed}");
    }
    bench.screen.play(bench.now, None);
    assert_eq!(bench.screen.stats(bench.now).sound, "fake");
}
