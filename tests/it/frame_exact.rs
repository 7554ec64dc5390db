//! Frame n and its time are the same by whichever way it is reached: the plain sequential decode, seeks by number and by time in random
//! order, the player's queue and kept frames, and the trainer's loader. Times are ffprobe's after subtracting the start.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use etad::config::{Data, Scheme};
use etad::domain::{ClassList, Draw, Footage, MediaTime, Purpose, Video};
use etad::train::cache::FrameCache;
use etad::train::item::{Input, clip_frames};
use etad::train::loader::{Loader, Maker, Next};
use etad::train::source::{FrameSource, VideoFiles};
use etad::train::step::Pulse;
use etad::train::windows::Plan;
use etad::video::{Decoder, Frame, FrameQueue, Player, PlayerUpdate, SeekTarget, VideoError, probe};

use crate::made_videos;

const PATIENCE: Duration = Duration::from_secs(60);

/// Number, nanoseconds and hash of a frame.
type Seen = (usize, i64, u64);

fn seen(frame: &Frame) -> Seen {
    let mut hasher = DefaultHasher::new();
    (frame.picture.width, frame.picture.height).hash(&mut hasher);
    frame.picture.planes.iter().for_each(|plane| plane.data.hash(&mut hasher));
    (frame.index, frame.time.0, hasher.finish())
}

/// A file with its plain sequential decode.
struct Truth {
    footage: Footage,
    path: PathBuf,
    /// Which video stream this is.
    stream: usize,
    frames: Vec<Seen>,
    /// Where a file is damaged, FFmpeg fills what is missing with what its buffers held, which depends on the way there.
    damaged: bool,
    duration: f64,
    upright: (usize, usize),
}

impl Truth {
    /// Decodes a file from its first frame to its last; `None` where nothing decodes.
    fn of(footage: impl Into<Footage>) -> Option<Self> {
        let footage = footage.into();
        let path = footage.path.clone();
        let mut decoder = match Decoder::open(footage.clone()) {
            Ok(decoder) => decoder,
            Err(
                VideoError::NothingDecodable { .. } | VideoError::NoVideoStream { .. } | VideoError::CannotOpen { .. },
            ) => return None,
            Err(error) => panic!("{error}"),
        };
        let mut frames = Vec::new();
        let mut upright = (0, 0);
        while let Some(frame) = decoder.next_frame().expect("pictures convert") {
            let size = (frame.picture.width, frame.picture.height);
            upright = if frame.picture.rotation.swaps_sides() { (size.1, size.0) } else { size };
            frames.push(seen(&frame));
        }
        let index = decoder.index();
        let expected: Vec<(usize, i64)> = index.times.iter().map(|time| time.0).enumerate().collect();
        assert_eq!(frames.iter().map(|frame| (frame.0, frame.1)).collect::<Vec<_>>(), expected, "{}", path.display());
        let (damaged, duration) = (index.damaged, index.duration().as_secs());
        if damaged {
            println!("pictures of {} are not compared: it is damaged", path.display());
        }
        let stream = index.stream;
        Some(Self { footage, path, stream, frames, damaged, duration, upright })
    }

    fn check(&self, got: Seen, way: &str) {
        let wanted = self.frames[got.0];
        assert_eq!((got.0, got.1), (wanted.0, wanted.1), "{way}: {}", self.path.display());
        assert!(self.damaged || got.2 == wanted.2, "{way}: picture of frame {} of {}", got.0, self.path.display());
    }

    /// Frames in random order, each once; of long files as many as `most`.
    fn shuffled(&self, most: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.frames.len()).collect();
        Draw::new(3, Purpose::Shuffle, &[]).shuffle(&mut order);
        order.truncate(most);
        order
    }

    fn by_decoder(&self, most: usize, patience: Duration) {
        let mut decoder = Decoder::open(self.footage.clone()).expect("opens again");
        let started = Instant::now();
        for (turn, index) in self.shuffled(most).into_iter().enumerate() {
            if turn >= 3 && started.elapsed() > patience {
                break;
            }
            match turn % 2 {
                0 => decoder.seek(index).expect("a frame of the index"),
                // Any time until the next frame begins shows this one.
                _ => {
                    let end = self.frames.get(index + 1).map_or(self.frames[index].1 + 1, |next| next.1);
                    let time = if turn % 4 == 1 { self.frames[index].1 } else { end - 1 };
                    decoder.seek_time(MediaTime(time)).expect("a frame of the index");
                }
            }
            // The one that follows too: playing goes on from a seek.
            for wanted in [index, index + 1].into_iter().filter(|&wanted| wanted < self.frames.len()) {
                let frame = decoder.next_frame().expect("converts").expect("is there");
                assert_eq!(frame.index, wanted, "{}", self.path.display());
                self.check(seen(&frame), "seek");
            }
        }
    }

    fn by_player(&self, most: usize, patience: Duration) {
        let mut player = Player::open(self.footage.clone(), || {}).expect("threads start");
        // From the first frame on, as when a person opens a video and plays it.
        let run = collect(&player, most.max(8));
        assert!(run.len() >= most.max(8).min(self.frames.len()), "{}", self.path.display());
        run.into_iter().for_each(|got| self.check(got, "play"));
        let started = Instant::now();
        for (turn, index) in self.shuffled(most).into_iter().enumerate() {
            if turn >= 3 && started.elapsed() > patience {
                break;
            }
            player.seek(match turn % 2 {
                0 => SeekTarget::Frame(index),
                _ => SeekTarget::Time(MediaTime(self.frames[index].1)),
            });
            let got = collect(&player, 2);
            assert_eq!(got.first().map(|frame| frame.0), Some(index), "{}", self.path.display());
            got.into_iter().for_each(|got| self.check(got, "queue"));
        }
        let count = self.frames.len();
        let generation = player.fill(count.saturating_sub(12), count);
        while !matches!(player.wait_next(PATIENCE), Some(PlayerUpdate::Filled { generation: of }) if of == generation) {
        }
        // Whatever was kept on all those ways.
        for index in 0..count {
            if let Some(frame) = player.kept().get(index) {
                self.check(seen(&frame), "kept");
            }
        }
        assert!(player.kept().get(count - 1).is_some(), "{}", self.path.display());
    }

    fn video(&self) -> Video {
        Video {
            id: "video".to_owned(),
            subset: "validation".to_owned(),
            duration: self.duration,
            path: Some(self.path.to_string_lossy().into_owned()),
            stream: self.footage.stream,
            ..Video::default()
        }
    }

    /// The trainer's reader in random order, and its loader with threads, against the same reader in order.
    fn by_loader(&self, most: usize) {
        if self.frames.len() < 2 || self.damaged {
            return;
        }
        let (width, height) = self.upright;
        let side = width.min(height);
        let data = Data {
            scheme: Scheme::Resize,
            clip_length: 4,
            resize_width: width,
            resize_height: height,
            test_crop: side,
            ..Data::default()
        };
        let source: Arc<dyn FrameSource> = Arc::new(VideoFiles::new(&data, Path::new("")));
        let video = self.video();
        let mut reader = source.reader();
        let times = reader.times(&video).expect("times");
        assert_eq!(
            times.iter().map(|time| time.0).collect::<Vec<_>>(),
            self.frames.iter().map(|frame| frame.1).collect::<Vec<_>>()
        );
        let count = self.frames.len().min(most);
        let in_order: Vec<Vec<u8>> = (0..count).map(|index| reader.read(&video, &[index]).expect("reads")).collect();
        let mut other = source.reader();
        for index in self.shuffled(usize::MAX).into_iter().filter(|&index| index < count) {
            let got = other.read(&video, &[index]).expect("reads");
            assert!(got == in_order[index], "reader: frame {index} of {}", self.path.display());
        }
        if count < self.frames.len() {
            return;
        }
        let tscale = 16;
        let plan = Arc::new(Plan::searching(vec![video], ClassList::default(), &data, tscale));
        let window = plan.items[0].1;
        let maker = Arc::new(Maker::new(plan, &data, tscale, 0, None));
        let cache = Arc::new(FrameCache::new(0));
        let mut loader = Loader::searching(maker, &source, &cache, (2, 1)).expect("threads start");
        let Next::Batch(batch) = loader.next_batch(&mut || Pulse::Go).expect("a batch") else { panic!("no batch") };
        assert!(batch.broken.is_empty(), "{:?}", batch.broken);
        let Input::Clips(clips) = &batch.items[0].input else { panic!("no clips") };
        let wanted = clip_frames(&data, window, &times, tscale);
        assert_eq!(wanted.len(), clips.index.len());
        let (left, top) = ((width - side) / 2, (height - side) / 2);
        for (&frame, &place) in wanted.iter().zip(&clips.index) {
            let area = side * side;
            let planes = &clips.frames[place as usize * 3 * area..(place as usize + 1) * 3 * area];
            let same = (0..area).all(|at| {
                let (x, y) = (left + at % side, top + at / side);
                (0..3).all(|channel| planes[channel * area + at] == in_order[frame][3 * (y * width + x) + channel])
            });
            assert!(same, "loader: frame {frame} of {}", self.path.display());
        }
    }

    /// Presentation times that ffprobe gives, in seconds from the first; none for a frame without one.
    fn times_of_ffprobe(&self) -> Option<Vec<Option<f64>>> {
        let output = Command::new("ffprobe")
            .args([
                "-v",
                "quiet",
                "-select_streams",
                &format!("V:{}", self.stream),
                "-show_entries",
                "frame=best_effort_timestamp_time",
            ])
            .args(["-of", "csv=p=0"])
            .arg(&self.path)
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let told = text.lines().filter_map(|line| line.split(',').next()).filter(|word| !word.trim().is_empty());
        let times: Vec<Option<f64>> = told.map(|word| word.trim().parse().ok()).collect();
        let first = *times.first()?.as_ref()?;
        Some(times.into_iter().map(|time| time.map(|time| time - first)).collect())
    }

    /// Compares times with ffprobe's, where those run forward: else the time rule says something else.
    fn check_times(&self, times: &[Option<f64>]) {
        let told: Vec<f64> = times.iter().copied().flatten().collect();
        if told.windows(2).any(|pair| pair[0] >= pair[1]) {
            println!("times of {} are not compared: ffprobe's run backward", self.path.display());
            return;
        }
        assert_eq!(times.len(), self.frames.len(), "{}", self.path.display());
        for (frame, time) in self.frames.iter().zip(times).filter_map(|(frame, time)| Some((frame, (*time)?))) {
            // ffprobe writes six digits, of both times.
            assert!((frame.1 as f64 / 1e9 - time).abs() < 2e-6, "{} frame {}: {time}", self.path.display(), frame.0);
        }
    }
}

/// Frames that come out of the player's queue for its latest seek, until there are `count` or the video ends.
fn collect(player: &Player, count: usize) -> Vec<Seen> {
    let mut queue = FrameQueue::default();
    queue.restart(player.generation());
    let mut all = Vec::new();
    while all.len() < count {
        match player.wait_next(PATIENCE).expect("the thread answers") {
            PlayerUpdate::Frame { generation, frame } => {
                queue.push(generation, frame.time, frame);
            }
            PlayerUpdate::End { generation } if generation == player.generation() => break,
            PlayerUpdate::Failed(error) => panic!("{error}"),
            _ => {}
        }
        all.extend(queue.take_first().map(|(_, frame)| seen(&frame)));
    }
    all
}

#[test]
fn made_files_give_every_frame_by_every_way() {
    let Some(files) = made_videos::files() else { return };
    assert!(files.len() >= 15, "{files:?}");
    for path in files {
        let truth = Truth::of(&path).unwrap_or_else(|| panic!("{} decodes", path.display()));
        assert!(!truth.damaged, "{}", path.display());
        let minute = Duration::from_secs(60);
        truth.by_decoder(usize::MAX, minute);
        truth.by_player(usize::MAX, minute);
        truth.by_loader(usize::MAX);
        let times = truth.times_of_ffprobe().expect("ffprobe comes with ffmpeg");
        assert!(times.iter().all(Option::is_some), "{}", path.display());
        truth.check_times(&times);
    }
}

#[test]
fn each_video_stream_of_a_file_gives_its_own_frames_by_every_way() {
    let Some(files) = made_videos::files() else { return };
    let path = files.iter().find(|path| path.ends_with("two_streams.mkv")).expect("made");
    let minute = Duration::from_secs(60);
    let counts = [0, 1].map(|stream| {
        let truth = Truth::of(Footage::of(path, Some(stream))).expect("decodes");
        assert_eq!(truth.stream, stream);
        truth.by_decoder(usize::MAX, minute);
        truth.by_player(usize::MAX, minute);
        truth.by_loader(usize::MAX);
        truth.check_times(&truth.times_of_ffprobe().expect("ffprobe comes with ffmpeg"));
        (truth.frames.len(), truth.upright)
    });
    assert_eq!(counts, [(100, made_videos::SIZE), (30, (96, 64))]);
    // Not chosen, it is one of them.
    let main = Truth::of(path).expect("decodes");
    let same = Truth::of(Footage::of(path, Some(main.stream))).expect("decodes");
    assert_eq!(main.frames, same.frames);
    let info = probe(path).expect("a video");
    assert_eq!((info.stream, info.streams.len()), (main.stream, 2));
    assert!(info.warnings.is_empty(), "{:?}", info.warnings);
    let beyond = probe(Footage::of(path, Some(2)));
    assert!(matches!(beyond, Err(VideoError::NoSuchStream { stream: 2, streams: 2, .. })), "{beyond:?}");
}

#[test]
fn the_trainer_reads_the_frame_whose_number_the_picture_carries() {
    let Some(files) = made_videos::files() else { return };
    // As many frames as were drawn; of the edit list those after its beginning.
    for (name, first, count) in [
        ("b_frames.mp4", 0, 100),
        ("vfr.mp4", 0, 100),
        ("open_gop.mkv", 0, 100),
        ("offset.ts", 0, 100),
        ("edit_list.mp4", 37, 63),
        ("ten_bit.mp4", 0, 50),
        ("broadcast.mpg", 0, 50),
    ] {
        let path = files.iter().find(|path| path.ends_with(name)).expect("made");
        let truth = Truth::of(path).expect("decodes");
        let (width, height) = made_videos::SIZE;
        let data = Data { resize_width: width, resize_height: height, ..Data::default() };
        let mut reader = VideoFiles::new(&data, Path::new("")).reader();
        let numbers: Vec<usize> = truth
            .shuffled(usize::MAX)
            .into_iter()
            .map(|index| (index, reader.read(&truth.video(), &[index]).expect("reads")))
            .map(|(index, pixels)| {
                let bit = |bar: usize| usize::from(pixels[3 * (height / 2 * width + bar * 8 + 4) + 1] > 110);
                let number: usize = (0..8).map(|bar| bit(bar) << bar).sum();
                number.wrapping_sub(index)
            })
            .collect();
        let start = numbers[0];
        assert!(numbers.iter().all(|&number| number == start), "{name}: {numbers:?}");
        assert!(
            start.abs_diff(first) <= 1 && truth.frames.len().abs_diff(count) <= 1,
            "{name}: {start} {}",
            truth.frames.len()
        );
    }
}

#[test]
fn a_crop_is_that_region_of_the_upright_picture() {
    let Some(files) = made_videos::files() else { return };
    for name in ["b_frames.mp4", "rotated.mp4", "odd_420.mkv", "ten_bit.mp4"] {
        let path = files.iter().find(|path| path.ends_with(name)).expect("made");
        let truth = Truth::of(path).expect("decodes");
        let (width, height) = truth.upright;
        let read = |data: &Data, video: &Video| {
            VideoFiles::new(data, Path::new("")).reader().read(video, &[21]).expect("reads")
        };
        let whole_size = Data { resize_width: width, resize_height: height, ..Data::default() };
        let whole = read(&whole_size, &truth.video());
        // A quarter of the width by half of the height, off the middle, in even pixels.
        let (left, top, wide, high) = (width / 2 / 2 * 2, height / 4 / 2 * 2, width / 4 / 2 * 2, height / 2 / 2 * 2);
        let share = |place: usize, of: usize| place as f64 / of as f64;
        let region = [share(left, width), share(top, height), share(wide, width), share(high, height)];
        let video = Video { crop: Some(region.try_into().expect("a region")), ..truth.video() };
        let part = read(&Data { resize_width: wide, resize_height: high, ..Data::default() }, &video);
        // At the region's own edge chroma is interpolated otherwise, for want of neighbours.
        let inside = (2..high - 2).flat_map(|y| (2..wide - 2).map(move |x| (x, y)));
        let worst = inside
            .flat_map(|(x, y)| (0..3).map(move |channel| (x, y, channel)))
            .map(|(x, y, channel)| {
                let here = part[3 * (y * wide + x) + channel];
                here.abs_diff(whole[3 * ((top + y) * width + left + x) + channel])
            })
            .max();
        assert!(worst <= Some(3), "{name}: {worst:?}");
    }
}

/// The decodable shared files; none with a printed reason where there are no shared data.
fn shared() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root =
        ["../shared/data/video", "../../shared/data/video"].iter().map(|at| here.join(at)).find(|at| at.is_dir());
    let Some(root) = root else {
        println!("skipped: there is no ../shared/data/video beside the repository");
        return Vec::new();
    };
    let folders = ["torture", "torture_derived", "untrimmed"];
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

#[test]
fn shared_files_give_every_frame_by_every_way() {
    for path in shared() {
        let Some(truth) = Truth::of(&path) else { continue };
        // Some are long or large: a few places of each, so that all of them take no longer than other tests.
        let patience = Duration::from_millis(100);
        truth.by_decoder(16, patience);
        truth.by_player(8, patience);
        truth.by_loader(12);
        if let Some(times) = truth.times_of_ffprobe() {
            truth.check_times(&times);
        }
    }
}
