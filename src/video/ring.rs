//! Samples on their way from the thread that decodes sound to the device that plays it: one writer, one reader, no lock and no waiting.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// A ring of samples. Positions count all samples ever written or read, so that they also tell time.
#[derive(Debug)]
pub struct SoundRing {
    samples: Box<[AtomicU32]>,
    written: AtomicUsize,
    read: AtomicUsize,
    /// What was written before this position is not to be heard any more.
    stale: AtomicUsize,
}

impl SoundRing {
    /// A ring for so many samples.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let samples = (0..capacity.max(1)).map(|_| AtomicU32::new(0)).collect();
        Self { samples, written: AtomicUsize::new(0), read: AtomicUsize::new(0), stale: AtomicUsize::new(0) }
    }

    /// The writer: how many samples there is room for.
    #[must_use]
    pub fn room(&self) -> usize {
        let waiting = self.written.load(Ordering::Relaxed) - self.read.load(Ordering::Acquire);
        self.samples.len() - waiting.min(self.samples.len())
    }

    /// The writer: appends what there is room for; returns how much that was.
    pub fn push(&self, samples: &[f32]) -> usize {
        let count = samples.len().min(self.room());
        let at = self.written.load(Ordering::Relaxed);
        for (offset, sample) in samples[..count].iter().enumerate() {
            self.samples[(at + offset) % self.samples.len()].store(sample.to_bits(), Ordering::Relaxed);
        }
        self.written.store(at + count, Ordering::Release);
        count
    }

    /// The writer: what was written so far is not to be heard any more. Returns the position at which the next sample will be.
    pub fn flush(&self) -> usize {
        let written = self.written.load(Ordering::Relaxed);
        self.stale.store(written, Ordering::Release);
        written
    }

    /// The reader: takes up to `out.len()` samples. Returns the position of the first, and how many.
    pub fn pop(&self, out: &mut [f32]) -> (usize, usize) {
        let written = self.written.load(Ordering::Acquire);
        let at = self.read.load(Ordering::Relaxed).max(self.stale.load(Ordering::Acquire)).min(written);
        let count = out.len().min(written - at);
        for (offset, sample) in out[..count].iter_mut().enumerate() {
            *sample = f32::from_bits(self.samples[(at + offset) % self.samples.len()].load(Ordering::Relaxed));
        }
        self.read.store(at + count, Ordering::Release);
        (at, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order_and_flushed_samples_do_not() {
        let ring = SoundRing::new(4);
        let mut out = [0.0; 8];
        assert_eq!(ring.push(&[1.0, 2.0, 3.0, 4.0, 5.0]), 4);
        assert_eq!((ring.pop(&mut out[..3]), &out[..3]), ((0, 3), &[1.0, 2.0, 3.0][..]));
        assert_eq!((ring.push(&[5.0, 6.0]), ring.room()), (2, 1));
        assert_eq!(ring.flush(), 6);
        assert_eq!(ring.push(&[7.0]), 1);
        assert_eq!((ring.pop(&mut out), out[0]), ((6, 1), 7.0));
        assert_eq!(ring.pop(&mut out), (7, 0));
    }

    #[test]
    fn two_threads_lose_nothing() {
        let ring = std::sync::Arc::new(SoundRing::new(64));
        let writer = ring.clone();
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            let mut next = 0u32;
            while next < 20_000 {
                next += writer.push(&[next as f32]) as u32;
            }
        });
        let (mut expected, mut out) = (0u32, [0.0; 16]);
        while expected < 20_000 {
            let (_, count) = ring.pop(&mut out);
            for sample in &out[..count] {
                assert_eq!(*sample, expected as f32);
                expected += 1;
            }
        }
        thread.expect("starts").join().expect("ends");
    }
}
