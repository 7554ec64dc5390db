//! Ctrl+C asks the work to save and end; a second one ends at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A flag that becomes true with the first Ctrl+C or termination signal.
pub(super) fn flag() -> anyhow::Result<Arc<AtomicBool>> {
    let asked = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&asked);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        tracing::warn!("saving; press Ctrl+C again to end at once");
    })?;
    Ok(asked)
}
