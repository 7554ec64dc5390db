//! How annotations reach the disk and come back: journal, annotation file, backups, through one small trait.
//!
//! Every entry goes to `.etad/journal.jsonl` and is synced before it counts as kept. The annotation file is replaced as a whole a
//! little later; the journal says by its digest up to which entry it goes. Whoever opens the project reads the file and does what
//! the journal has beyond it. Nothing here knows a thread or a clock.

mod backups;
mod disk;
mod journal;
mod keep;
mod opening;

pub use disk::{Disk, RealDisk, Stamp, replace};
pub use keep::Store;
pub use opening::Opening;

#[cfg(test)]
mod tests;
