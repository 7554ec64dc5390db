//! What a training obeys besides its control file: the flag of whoever interrupts it and, in a process that a supervisor started, that
//! supervisor: it ends with it, and stands still while it stands still.

use std::io::{self, Read as _};
use std::panic;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a supervisor gives a sign of life.
pub(super) const BEAT: Duration = Duration::from_millis(500);
/// After how long without one it is taken for suspended.
const SILENCE: Duration = Duration::from_secs(2);
/// The byte on standard input that asks for an end in order; any other is a sign of life.
pub(super) const STOP: u8 = b's';
/// Code with which a supervised process ends for want of memory (EX_TEMPFAIL: another try may go better).
pub(super) const WANT_OF_MEMORY: u8 = 75;

/// What a training looks at between any two chunks.
#[derive(Clone, Debug)]
pub struct Reins {
    stop: Arc<AtomicBool>,
    /// Last sign of life of the supervisor, where there is one.
    beat: Option<Arc<Mutex<Instant>>>,
}

impl Reins {
    /// A training that ends when `stop` becomes true.
    #[must_use]
    pub fn new(stop: Arc<AtomicBool>) -> Self {
        Self { stop, beat: None }
    }

    /// One in a process that a supervisor started and speaks to on standard input. From here on the process ends at once when the supervisor
    /// is gone, and with a code of its own when a device's memory runs out.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn supervised(stop: Arc<AtomicBool>) -> io::Result<Self> {
        let beat = Arc::new(Mutex::new(Instant::now()));
        let reins = Self { stop, beat: Some(beat) };
        let heard = reins.clone();
        thread::Builder::new().name("supervisor watch".to_owned()).spawn(move || heard.listen())?;
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            usual(panic);
            // The tensor library tells in no other way that a device has no memory left, and nothing can be saved after it.
            if panic.payload_as_str().is_some_and(is_want_of_memory) {
                process::exit(i32::from(WANT_OF_MEMORY));
            }
        }));
        Ok(reins)
    }

    /// Ends a supervised process whose training failed for want of memory, in the way that its supervisor knows.
    pub(super) fn give_up_if_short(&self, said: &str) {
        if self.beat.is_some() && is_want_of_memory(said) {
            process::exit(i32::from(WANT_OF_MEMORY));
        }
    }

    fn listen(&self) {
        let mut bytes = [0; 64];
        loop {
            match io::stdin().read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Killed: what it would have to say to a person, its own parent says.
                Ok(0) | Err(_) => process::exit(1),
                Ok(count) => {
                    if bytes[..count].contains(&STOP) {
                        self.stop.store(true, Ordering::SeqCst);
                    }
                    if let Some(beat) = &self.beat {
                        *beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    }
                }
            }
        }
    }

    /// Whether an end in order is asked for. Waits while the supervisor is suspended: who suspends what they started means all of it.
    #[must_use]
    pub fn stop(&self) -> bool {
        while self.silence() > SILENCE {
            thread::sleep(BEAT / 10);
        }
        self.stop.load(Ordering::SeqCst)
    }

    fn silence(&self) -> Duration {
        let last = |beat: &Arc<Mutex<Instant>>| beat.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        self.beat.as_ref().map_or(Duration::ZERO, last)
    }
}

/// From here on a process that only tries a training out ends with advice when a device's memory does not even hold that.
pub(super) fn advise_when_short() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !panic.payload_as_str().is_some_and(is_want_of_memory) {
            return usual(panic);
        }
        tracing::error!(
            "the device's memory does not hold one step; set encoder.at_once=1, a smaller solver.batch_size or data.crop, or train on the \
             CPU with --device cpu"
        );
        process::exit(1);
    }));
}

impl From<Arc<AtomicBool>> for Reins {
    fn from(stop: Arc<AtomicBool>) -> Self {
        Self::new(stop)
    }
}

/// Whether a message of the tensor library, of wgpu or of a driver means that memory ran out.
fn is_want_of_memory(message: &str) -> bool {
    let letters: String = message.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    ["outofmemory", "outofdevicememory", "outofhostmemory", "notenoughmemory"]
        .iter()
        .any(|words| letters.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn want_of_memory_is_told_from_other_failures() {
        for message in [
            "An out-of-memory error happened during launch\nCaused by: …",
            "wgpu error: Out of Memory",
            "out of device memory allocating 1099511627776 bytes",
            "CUDA_ERROR_OUT_OF_MEMORY",
            "VK_ERROR_OUT_OF_DEVICE_MEMORY",
        ] {
            assert!(is_want_of_memory(message), "{message}");
        }
        assert!(!is_want_of_memory("index out of bounds: the memory is full of them"));
    }

    #[test]
    fn a_suspended_supervisor_holds_the_training_and_a_silent_one_is_not_needed() {
        let reins = Reins::new(Arc::default());
        assert!(!reins.stop());
        let Some(long_ago) = Instant::now().checked_sub(SILENCE * 2) else { return };
        let beat = Arc::new(Mutex::new(long_ago));
        let reins = Reins { stop: Arc::new(AtomicBool::new(true)), beat: Some(beat.clone()) };
        let since = Instant::now();
        let waker = thread::Builder::new().name("beat".to_owned()).spawn(move || {
            thread::sleep(Duration::from_millis(200));
            *beat.lock().expect("held") = Instant::now();
        });
        assert!(reins.stop() && since.elapsed() >= Duration::from_millis(200));
        waker.expect("a thread").join().expect("ends");
    }
}
