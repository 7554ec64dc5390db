//! Ctrl+C and termination signals: a command that can end in order asks for a flag, any other ends at once; always with code 130.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

/// The flag of the command that ends in order, and what it says that it does when asked to.
static ASKED: OnceLock<(Arc<AtomicBool>, Option<&'static str>)> = OnceLock::new();

/// Takes the signals over, before any work begins.
pub(super) fn install() {
    let set = ctrlc::set_handler(|| match ASKED.get() {
        Some((flag, doing)) if !flag.swap(true, Ordering::SeqCst) => {
            if let Some(doing) = doing {
                tracing::warn!("{doing}; press Ctrl+C again to end at once");
            }
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
/// "saving", "ending"; nothing where another process says it.
pub(super) fn flag(doing: Option<&'static str>) -> Arc<AtomicBool> {
    ASKED.get_or_init(|| (Arc::default(), doing)).0.clone()
}
