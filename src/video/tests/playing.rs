//! The decode thread: what comes out of it is what the plain decoder gives.

use std::time::Duration;

use crate::domain::MediaTime;
use crate::video::{Decoder, FrameQueue, Player, PlayerUpdate, SeekTarget, VideoError};

use super::{generated, hash, sequential, shared_videos};

const PATIENCE: Duration = Duration::from_secs(20);

/// The frames of the latest seek until `count` are there or the video ends.
fn collect(player: &Player, count: usize) -> Vec<(usize, i64, u64)> {
    let mut queue = FrameQueue::default();
    queue.restart(player.generation());
    let mut seen = Vec::new();
    while seen.len() < count {
        match player.wait_next(PATIENCE).expect("the thread answers") {
            PlayerUpdate::Frame { generation, frame } => {
                queue.push(generation, frame.time, frame);
            }
            PlayerUpdate::End { generation } if generation == player.generation() => break,
            PlayerUpdate::Failed(error) => panic!("{error}"),
            _ => {}
        }
        seen.extend(queue.take_first().map(|(_, frame)| (frame.index, frame.time.0, hash(&frame))));
    }
    seen
}

#[test]
fn playing_and_seeking_give_the_frames_of_the_plain_decoder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("played.mp4");
    generated::write_numbered(&path, 60, false);
    let all = sequential(&mut Decoder::open(&path).expect("opens"));
    let mut player = Player::open(&path, || {}).expect("threads start");
    assert_eq!(collect(&player, usize::MAX), all);
    for target in [40, 3, 59, 0, 13] {
        player.seek(SeekTarget::Frame(target));
        assert_eq!(collect(&player, 5), all[target..all.len().min(target + 5)]);
    }
    player.seek(SeekTarget::Time(MediaTime(all[20].1 + 1)));
    assert_eq!(collect(&player, 1), all[20..21]);
    player.seek(SeekTarget::Frame(999));
    assert_eq!(collect(&player, usize::MAX), all[59..]);
}

#[test]
fn only_the_latest_of_many_seeks_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scrubbed.mp4");
    generated::write_numbered(&path, 60, false);
    let mut player = Player::open(&path, || {}).expect("threads start");
    for frame in 0..200 {
        player.seek(SeekTarget::Frame(frame % 60));
    }
    let generation = player.seek(SeekTarget::Frame(33));
    assert_eq!(collect(&player, 1)[0].0, 33);
    assert_eq!(generation, player.generation());
}

#[test]
fn a_player_of_a_video_dropped_in_the_middle_of_work_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dropped.mp4");
    generated::write_numbered(&path, 60, false);
    for _ in 0..10 {
        let mut player = Player::open(&path, || {}).expect("threads start");
        player.seek(SeekTarget::Frame(50));
    }
}

#[test]
fn a_file_that_is_no_video_is_said_to_be_none() {
    let Some(root) = shared_videos() else { return };
    for name in
        ["torture_derived/audio_only.m4a", "torture/mp4p_test_case_1185230.mp4", "torture_derived/zeros_20k.mp4"]
    {
        let player = Player::open(root.join(name), || {}).expect("threads start");
        let failed = std::iter::from_fn(|| player.wait_next(PATIENCE)).find_map(|update| match update {
            PlayerUpdate::Failed(error) => Some(error),
            _ => None,
        });
        assert!(!matches!(failed, None | Some(VideoError::FrameLost { .. })), "{name}: {failed:?}");
    }
}
