//! What the program promises, one module a promise. One binary, because each further one links over 100 MB.

#![allow(missing_docs, reason = "tests say what they promise in their names")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests end a test as tests themselves do"
)]

mod architecture;
mod cli_devices;
mod cli_diagnose;
#[cfg(feature = "video")]
mod cli_ends;
mod cli_eval;
mod cli_input;
#[cfg(feature = "video")]
mod cli_loop;
mod cli_reference;
mod compared;
mod docs;
mod expected;
#[allow(dead_code, reason = "a shared helper: each feature set uses part of it")]
mod fixtures;
#[cfg(feature = "video")]
mod frame_exact;
#[cfg(all(feature = "window", feature = "video"))]
mod keeps;
#[cfg(all(feature = "window", feature = "video"))]
mod keeps_window;
#[cfg(all(feature = "window", feature = "video"))]
mod logging_cost;
#[cfg(feature = "video")]
mod made_videos;
mod model_rules;
mod numpy;
#[cfg(all(unix, feature = "video"))]
mod out_of_memory;
mod parity_eval;
mod parity_formats;
mod parity_model;
mod parity_official;
#[cfg(feature = "video")]
mod parity_opencv;
mod parity_post;
mod parity_train;
mod parity_weights;
mod parity_wgpu;
#[cfg(all(target_os = "linux", feature = "window", feature = "video"))]
mod real_disk;
mod recipes;
#[cfg(feature = "video")]
mod run_faults;
#[cfg(all(feature = "window", feature = "video"))]
mod shaders;
#[cfg(feature = "video")]
mod streams;
#[cfg(feature = "video")]
mod survives_kill;
mod thumos_run;
#[cfg(feature = "video")]
mod tiny_run;
mod train_loop;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_annotate;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_controls;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_cost;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_evidence;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_failures;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_gestures;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_hands;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_hard_pictures;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_judge;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_keys;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_lost;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_picture;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_pictures;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_player;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_support;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_train;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_watch;
#[cfg(all(feature = "window", feature = "video"))]
mod ui_why;
mod ui_window;
mod walk;
