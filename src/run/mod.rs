//! The run folder: a writer and a reader that follows it.
