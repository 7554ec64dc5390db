//! The decode thread where wake-ups cross each other.

use std::time::Duration;

use super::*;
use crate::video::{VideoWriter, WriterSpec};

/// A disk that is pulled out: the exact index fails while frames wait to be taken, and the window is closed then.
#[test]
fn a_player_whose_index_fails_while_nobody_takes_its_frames_is_dropped_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.mp4");
    let spec = WriterSpec { width: 64, height: 48, frame_rate: (25, 1), audio: None, key_interval: 12 };
    let mut writer = VideoWriter::create(&path, &spec).expect("a writer starts");
    for frame in 0..30 {
        writer.write_rgb(&vec![frame * 5; 64 * 48 * 3]).expect("a frame is written");
    }
    writer.finish().expect("the file closes");
    assert!(!provisional_index(path.clone()).expect("an index").exact);
    for begun in [None, Some(Request { generation: 0, work: Work::Show(SeekTarget::Frame(0)) })] {
        let shared = Arc::new(Shared {
            request: Mutex::new(begun),
            exact: Mutex::default(),
            index: Mutex::default(),
            store: Mutex::new(FrameStore::new(KEPT)),
            stop: AtomicBool::new(false),
        });
        let (wake, woken) = bounded(1);
        let (sender, _updates) = bounded(1);
        if begun.is_none() {
            sender.try_send(PlayerUpdate::End { generation: 0 }).expect("room");
        }
        let (opened, is_open) = bounded(16);
        let notify = move || {
            let _ = opened.try_send(());
        };
        let worker =
            Worker { of: path.clone().into(), shared: shared.clone(), woken, sender, notify: Box::new(notify) };
        let thread = named("video decode", &path, move || worker.run()).expect("a thread");
        is_open.recv_timeout(Duration::from_secs(60)).expect("it opens");
        // It waits for room, or for a request.
        std::thread::sleep(Duration::from_millis(100));
        *slot(&shared.exact) = Some(Err(VideoError::Thread { path: path.clone(), reason: "gone".to_owned() }));
        wake.try_send(()).expect("room for a wake-up");
        // Time to read it and to stand before the full channel with the failure.
        std::thread::sleep(Duration::from_millis(200));
        shared.stop.store(true, Ordering::Relaxed);
        let _ = wake.try_send(());
        let since = Instant::now();
        while !thread.is_finished() {
            assert!(since.elapsed() < Duration::from_secs(60), "the thread waits for ever");
            std::thread::sleep(Duration::from_millis(5));
        }
        thread.join().expect("no panic");
    }
}
