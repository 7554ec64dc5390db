//! One video from its script: pictures, one after the other, and the file they are encoded into.

use std::path::Path;

use crate::video::{AudioSpec, VideoWriter, WriterSpec};

use super::SampleError;
use super::pose::poses;
use super::raster::Canvas;
use super::scene::{HEIGHT, Scene, WIDTH, outfit};
use super::script::{FRAME_RATE, Script};
use super::sound::{SAMPLE_RATE, Sound};

/// Shows each frame of a video in turn: its number and its RGB bytes. Stops at the first error of `show`.
///
/// # Errors
/// That of `show`.
pub fn render<E>(
    seed: u64,
    video: u64,
    script: &Script,
    mut show: impl FnMut(usize, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let poses = poses(script, WIDTH as f64 / HEIGHT as f64);
    let outfit = outfit(seed, video);
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    for (index, shot) in script.shots.iter().enumerate() {
        let scene = Scene::new(seed, video, index as u64, shot);
        for (frame, pose) in poses.iter().enumerate().take(shot.end).skip(shot.start) {
            scene.draw(&mut canvas, frame, pose, &outfit);
            show(frame, canvas.rgb())?;
        }
    }
    Ok(())
}

/// Renders and encodes a video with its sound; `tick` hears of every finished frame and answers whether to go on.
///
/// # Errors
/// When the file cannot be encoded or written, and [`SampleError::Stopped`].
pub fn shoot(
    path: &Path,
    seed: u64,
    video: u64,
    script: &Script,
    mut tick: impl FnMut() -> bool,
) -> Result<(), SampleError> {
    let spec = WriterSpec {
        width: WIDTH as u32,
        height: HEIGHT as u32,
        frame_rate: (FRAME_RATE as u32, 1),
        audio: Some(AudioSpec { sample_rate: SAMPLE_RATE as u32, channels: 1 }),
        key_interval: 2 * FRAME_RATE as u32,
    };
    let mut writer = VideoWriter::create(path, &spec)?;
    let mut sound = Sound::new(seed, video);
    render(seed, video, script, |_, rgb| {
        writer.write_rgb(rgb)?;
        writer.write_audio(&sound.next(SAMPLE_RATE / FRAME_RATE))?;
        if tick() { Ok(()) } else { Err(SampleError::Stopped) }
    })?;
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::*;

    /// Hash of every tenth frame of a video.
    fn hash(seed: u64) -> u64 {
        let script = Script::write(seed, 3, (2.0, 2.0));
        let mut hasher = DefaultHasher::new();
        let mut frames = 0;
        render(seed, 3, &script, |frame, rgb| {
            frames += 1;
            if frame % 10 == 0 {
                rgb.hash(&mut hasher);
            }
            Ok::<(), std::convert::Infallible>(())
        })
        .expect("nothing here can fail");
        assert_eq!(frames, script.frames);
        hasher.finish()
    }

    #[test]
    fn the_same_seed_draws_the_same_frames_and_another_seed_others() {
        assert_eq!(hash(4), hash(4));
        assert_ne!(hash(4), hash(5));
    }
}
