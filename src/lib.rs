//! ETAD Workbench: mark actions in long videos, train a temporal action detector end to end, see and correct what it finds.
//!
//! The rooms, lowest number first; a room uses those of a lower number only (`ARCHITECTURE.md`).

pub mod domain; // 1 the words: time, labels, segments, data sets, detections, run events, failures

#[cfg(feature = "window")]
pub mod app; // 7 egui: panels draw State and send commands
pub mod cli;
pub mod config; // 2 TOML to typed structs
pub mod detect; // 4 one video to detections
pub mod eval; // 2 soft-NMS, matching, average precision, recall, error diagnosis. No tensors
pub mod formats; // 2 files to domain and back: ActivityNet, THUMOS, features, external classifiers
pub mod jobs; // 5 named threads and child processes around all that: requests in, events out
pub mod model; // 3 burn modules: encoder, projection, neck, boundary head, proposals, RoI align, heads, the detector; weights
pub mod project; // 4 the project folder: edits as values, undo, journal, atomic save, recovery, health check
pub mod run; // 4 the run folder: a writer and a reader that follows it
#[cfg(feature = "video")]
pub mod sample; // 4 draws the sample videos
pub mod state; // 6 what the window knows, as plain values
pub mod train; // 4 targets, losses, loader, the three-stage step, optimisers, checkpoints, the loop
#[cfg(feature = "video")]
pub mod video; // 2 fFmpeg behind plain types: probe, presentation-time index, decoder, clips, encoder; clock and frame queue // 7 one file a command, each a thin shell on the same jobs and events as the window
