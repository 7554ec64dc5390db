//! The project folder: what is in it, how its annotations are edited and kept, the health check of its data.
//!
//! A project is a folder with `project.toml` and an annotation file beside the videos. A plain folder of videos and single
//! files open as well, as projects without annotations; nothing is written until a person edits. Knows no thread and no window.

mod edit;
mod error;
mod health;
mod manifest;
mod open;
mod save;
mod store;

pub use edit::{
    Action, Book, Change, Class, Conflict, Document, Edit, Entry, Head, Incoming, Merged, Record, changes_between,
    incoming, merge, outgoing,
};
pub use error::ProjectError;
pub use health::{Expectations, Finding, Media, Severity, check};
pub use manifest::Manifest;
pub use open::{Kind, Opened, ProjectVideo, VIDEO_EXTENSIONS, is_video_name, open, open_to_edit};
pub use save::write_atomically;
pub use store::{Disk, Opening, RealDisk, Stamp, Store, replace};
