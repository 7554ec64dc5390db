//! The words of the field as plain values: time, labels, data sets, detections, run events, failures.
//!
//! Knows `std` and `serde` only. Everything above speaks in these types, so that a segment means the same in the timeline, the
//! trainer and an evaluation.

mod csv;
mod dataset;
mod detections;
mod events;
mod failure;
mod label;
mod order;
mod random;
mod time;

pub use csv::csv_field;
pub use dataset::{Annotation, Dataset, Video, merged};
pub use detections::{Detection, Detections};
pub use events::{Event, LearningRates, LossTerm, RunEvent, Seconds, tiou_key};
pub use failure::Failure;
pub use label::ClassList;
pub use order::{Do, Order};
pub use random::{Draw, Purpose};
pub use time::{MediaTime, Segment, TimeRange, tiou};
