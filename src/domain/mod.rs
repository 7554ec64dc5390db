//! The words of the field as plain values: time, labels, data sets, detections, run events, failures.
//!
//! Knows `std` and `serde` only. Everything above speaks in these types, so that a segment means the same in the timeline, the
//! trainer and an evaluation.

mod crop;
mod csv;
mod dataset;
mod detections;
mod events;
mod failure;
mod footage;
mod label;
mod order;
mod random;
mod time;

pub use crop::{Crop, NoCrop};
pub use csv::csv_field;
pub use dataset::{Annotation, Dataset, Video, merged};
pub use detections::{Detection, Detections};
pub use events::{Event, LearningRates, LossTerm, RunEvent, Seconds, tiou_key};
pub use failure::Failure;
pub use footage::{Footage, StreamInfo};
pub use label::ClassList;
pub use order::{Do, Order};
pub use random::{Draw, Purpose};
pub use time::{MediaTime, Segment, TimeRange, tiou};
