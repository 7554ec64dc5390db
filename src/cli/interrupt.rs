//! Ctrl+C and termination signals: a command that can end in order asks for a flag, any other ends at once; always with code 130.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

/// The flag of the command that ends in order, and what it does when asked to.
static ASKED: OnceLock<(Arc<AtomicBool>, &'static str)> = OnceLock::new();

/// Takes the signals over, before any work begins.
pub(super) fn install() {
    let set = ctrlc::set_handler(|| match ASKED.get() {
        Some((flag, doing)) if !flag.swap(true, Ordering::SeqCst) => {
            tracing::warn!("{doing}; press Ctrl+C again to end at once");
        }
        Some(_) => std::process::exit(130),
        None => {
            tracing::error!("interrupted");
            std::process::exit(130)
        }
    });
    if let Err(error) = set {
        tracing::warn!("Ctrl+C will end this without saving: {error}");
    }
}

/// A flag that becomes true with the first signal; from now on only a second one ends at once. `doing` is what follows the first:
/// "saving", "ending".
pub(super) fn flag(doing: &'static str) -> Arc<AtomicBool> {
    ASKED.get_or_init(|| (Arc::default(), doing)).0.clone()
}
