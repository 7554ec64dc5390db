//! The sound device of the system, and what feeds it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait as _, HostTrait as _};

use super::{Mark, Shared};
use crate::video::SoundRing;

/// Seconds decoded ahead.
const AHEAD: f64 = 0.4;

/// A device that calls a [`Feed`] for samples while it plays.
pub(super) trait Output {
    /// Begins to ask for samples; false when it cannot.
    fn play(&self) -> bool;

    /// Asks for no more. One that cannot pause asks on and plays silence.
    fn pause(&self);
}

impl Output for cpal::Stream {
    fn play(&self) -> bool {
        cpal::traits::StreamTrait::play(self).is_ok()
    }

    fn pause(&self) {
        let _ = cpal::traits::StreamTrait::pause(self);
    }
}

/// An open device, and what it takes from.
pub(super) struct Device {
    pub(super) output: Box<dyn Output>,
    pub(super) ring: Arc<SoundRing>,
    /// Samples a second of each channel.
    pub(super) rate: u32,
}

/// What a device calls for samples: takes pairs from the ring and notes when the last were heard.
pub(super) struct Feed {
    ring: Arc<SoundRing>,
    shared: Arc<Shared>,
    channels: usize,
    pairs: Vec<f32>,
}

impl Feed {
    /// A feed for a device of so many channels and samples a second, with its ring.
    pub(super) fn new(shared: &Arc<Shared>, rate: u32, channels: usize) -> (Self, Arc<SoundRing>) {
        let ring = Arc::new(SoundRing::new((f64::from(rate) * AHEAD) as usize * 2));
        let feed = Self { ring: ring.clone(), shared: shared.clone(), channels: channels.max(1), pairs: Vec::new() };
        (feed, ring)
    }

    /// Gives `put` as many samples as the device wants, each with its place; silence where there are none. They are heard after `latency`.
    pub(super) fn fill(&mut self, samples: usize, latency: Duration, put: &mut dyn FnMut(usize, f32)) {
        let Self { ring, shared, channels, pairs } = self;
        pairs.resize(2 * (samples / *channels), 0.0);
        let (position, count) = ring.pop(pairs);
        pairs[count..].fill(0.0);
        for (frame, pair) in pairs.as_chunks::<2>().0.iter().enumerate() {
            for channel in 0..*channels {
                put(
                    frame * *channels + channel,
                    if *channels == 1 { (pair[0] + pair[1]) / 2.0 } else { pair.get(channel).copied().unwrap_or(0.0) },
                );
            }
        }
        // The device must not wait: who reads meanwhile gets the mark before.
        if let Ok(mut mark) = shared.mark.try_lock() {
            *mark = (count > 0).then(|| Mark { position, at: Instant::now() + latency });
        }
    }
}

/// Whether the system can have a device. Where it cannot, ALSA's library would write a page of complaints to standard error.
fn is_thinkable() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let told = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    // A sound card that can play, …
    let cards = std::fs::read_dir("/dev/snd").into_iter().flatten().flatten();
    let plays = |name: &str| name.starts_with("pcm") && name.ends_with('p');
    // … or a server that may be elsewhere, or a person's own ALSA configuration.
    let server = || {
        let sockets = ["pulse/native", "pipewire-0"];
        let runtime = told("XDG_RUNTIME_DIR").map(std::path::PathBuf::from);
        runtime.is_some_and(|folder| sockets.iter().any(|socket| folder.join(socket).exists()))
    };
    let own = || {
        let home = told("HOME").map(std::path::PathBuf::from);
        home.is_some_and(|home| [".asoundrc", ".config/alsa/asoundrc"].iter().any(|name| home.join(name).exists()))
            || std::path::Path::new("/etc/asound.conf").exists()
    };
    cards.map(|card| card.file_name()).any(|name| plays(&name.to_string_lossy()))
        || ["PULSE_SERVER", "PIPEWIRE_REMOTE", "JACK_DEFAULT_SERVER"].into_iter().any(|name| told(name).is_some())
        || server()
        || own()
}

/// Opens the system's usual device in its usual format; none where there is none.
pub(super) fn open(shared: &Arc<Shared>) -> Option<Device> {
    if !is_thinkable() {
        return None;
    }
    let device = cpal::default_host().default_output_device()?;
    let supported = device.default_output_config().ok()?;
    let (rate, config) = (supported.sample_rate(), supported.config());
    let (mut feed, ring) = Feed::new(shared, rate, usize::from(supported.channels()));
    let failed = |error: cpal::Error| tracing::warn!("the sound device: {error}");
    let latency = |info: &cpal::OutputCallbackInfo| {
        let times = info.timestamp();
        times.playback.duration_since(times.callback)
    };
    let stream = match supported.sample_format() {
        cpal::SampleFormat::F32 => device.build_output_stream(
            config,
            move |data: &mut [f32], info: &cpal::OutputCallbackInfo| {
                feed.fill(data.len(), latency(info), &mut |at, sample| data[at] = sample);
            },
            failed,
            None,
        ),
        cpal::SampleFormat::I16 => device.build_output_stream(
            config,
            move |data: &mut [i16], info: &cpal::OutputCallbackInfo| {
                feed.fill(data.len(), latency(info), &mut |at, sample| data[at] = (sample * 32767.0) as i16);
            },
            failed,
            None,
        ),
        cpal::SampleFormat::I32 => device.build_output_stream(
            config,
            move |data: &mut [i32], info: &cpal::OutputCallbackInfo| {
                feed.fill(data.len(), latency(info), &mut |at, sample| {
                    data[at] = (f64::from(sample) * 2_147_483_647.0) as i32;
                });
            },
            failed,
            None,
        ),
        other => {
            tracing::warn!("the sound device takes {other} samples only, which are not written; there is no sound");
            return None;
        }
    };
    match stream {
        Ok(stream) => Some(Device { output: Box::new(stream), ring, rate }),
        Err(error) => {
            tracing::warn!("the sound device cannot be opened: {error}");
            None
        }
    }
}
