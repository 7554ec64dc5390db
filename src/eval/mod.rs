//! Soft-NMS, matching, average precision, recall, error diagnosis. No tensors.
//!
//! Everything here is arithmetic on segments and scores. It follows spec 9 and 10 to the order of operations, because published
//! numbers depend on ties and roundings; `tests/it/parity_eval.rs` compares it with the references' own results.

mod average_precision;
mod cases;
mod curves;
pub mod diagnosis;
mod errors;
mod matching;
mod next;
pub mod nms;
pub mod postprocess;
mod recall;
mod results;
mod review;

pub use average_precision::{AtTiou, ClassResult, Counts, Evaluation, evaluate};
pub use cases::{EvalError, EvalOptions, Ignored, Rules};
pub use curves::{Confusion, PrPoint, interpolated};
pub use errors::{Bin, ErrorFilter, ErrorKind, ErrorRow};
pub use next::{Moment, ToAnnotate, VideoToAnnotate, to_annotate};
pub use recall::{ProposalRecall, average_recall, top_kx_recall};
pub use results::{Measured, measure, measured_csv};
pub use review::{Counted, Judged, Nearest, Review, Tally, VideoReview, review, slider_tious};
