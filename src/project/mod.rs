//! The project folder: edits as values, undo, journal, atomic save, recovery, health check.
