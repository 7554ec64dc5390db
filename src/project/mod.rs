//! The project folder: what is in it, atomic saves, the health check of its data.
//!
//! A project is a folder with `project.toml` and an annotation file beside the videos. A plain folder of videos and single
//! files open as well, as projects without annotations; nothing is written until a person saves. Knows no thread and no window.

mod error;
mod health;
mod manifest;
mod open;
mod save;

pub use error::ProjectError;
pub use health::{Expectations, Finding, Media, Severity, check};
pub use manifest::Manifest;
pub use open::{Kind, Opened, ProjectVideo, VIDEO_EXTENSIONS, is_video_name, open};
pub use save::write_atomically;
