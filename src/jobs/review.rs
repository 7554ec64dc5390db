//! Compares what is shown with the truth, on one thread; only the latest question counts.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::{Dataset, Detections, Failure};
use crate::eval::diagnosis::{BinScheme, Diagnosis, DiagnosisOptions, diagnose};
use crate::eval::{
    EvalError, EvalOptions, Evaluation, ProposalRecall, Review, ToAnnotate, average_recall, evaluate, review,
    slider_tious, to_annotate,
};

/// Proposals a video up to which their recall is drawn.
const MOST_PROPOSALS: usize = 100;

/// Thresholds of the recall of proposals (spec 10.3).
const PROPOSAL_TIOUS: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/// What to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewRequest {
    /// Comes back with the answer.
    pub generation: u64,
    /// Annotations.
    pub truth: Arc<Dataset>,
    /// Detections; those in videos of other subsets are left out, since a window also detects where nothing is to be judged.
    pub found: Arc<Detections>,
    /// Subset whose videos count.
    pub subset: String,
    /// How truths are sorted into bins.
    pub bins: BinScheme,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewed {
    /// Of the question.
    pub generation: u64,
    /// The comparison, or why there is none.
    pub result: Result<Comparison, Failure>,
    /// Where annotating helps most, whether there is something to compare with or not.
    pub next: ToAnnotate,
}

impl Reviewed {
    /// The answer to a question.
    #[must_use]
    pub fn to(request: &ReviewRequest) -> Self {
        Self {
            generation: request.generation,
            result: compare(request).map_err(|error| Failure::new(error.to_string())),
            next: to_annotate(&request.truth, &request.found),
        }
    }
}

/// All that is known of detections beside the truth, at the thresholds of the slider.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Annotations.
    pub truth: Arc<Dataset>,
    /// Detections in the subset's videos.
    pub found: Detections,
    /// What became of each.
    pub review: Review,
    /// Kinds of errors, what each costs, missed truths by bins.
    pub diagnosis: Diagnosis,
    /// Average precision of each class.
    pub evaluation: Evaluation,
    /// Recall over the number of proposals.
    pub proposals: ProposalRecall,
}

/// Compares.
///
/// # Errors
/// [`EvalError`] when there is no truth to compare with.
pub fn compare(request: &ReviewRequest) -> Result<Comparison, EvalError> {
    let ReviewRequest { truth, found, subset, bins, .. } = request;
    let judged: HashSet<&str> = truth.subset(subset).map(|video| video.id.as_str()).collect();
    let kept = found.videos.iter().filter(|(id, _)| judged.contains(id.as_str())).cloned().collect();
    let found = Detections { videos: kept };
    let options = EvalOptions::new(subset, &slider_tious());
    let how = DiagnosisOptions { normalised: false, bins: *bins };
    Ok(Comparison {
        review: review(truth, &found, &options)?,
        diagnosis: diagnose(truth, &found, &options, how)?,
        evaluation: evaluate(truth, &found, &options)?,
        proposals: average_recall(truth, &found, &EvalOptions::new(subset, &PROPOSAL_TIOUS), MOST_PROPOSALS)?,
        truth: truth.clone(),
        found,
    })
}

/// Compares until it is dropped.
#[derive(Debug)]
pub struct Reviewer {
    next: Arc<Mutex<Option<ReviewRequest>>>,
    wake: Sender<()>,
}

impl Reviewer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start(report: impl Fn(Reviewed) + Send + 'static) -> std::io::Result<Self> {
        let (wake, woken) = bounded(1);
        let next = Arc::new(Mutex::new(None));
        let asked = next.clone();
        std::thread::Builder::new().name("reviewer".to_owned()).spawn(move || answer(&asked, &woken, &report))?;
        Ok(Self { next, wake })
    }

    /// Asks; what waits to be answered is forgotten.
    pub fn ask(&self, request: ReviewRequest) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
        // A full channel has a wake-up in it already.
        let _ = self.wake.try_send(());
    }
}

fn answer(asked: &Mutex<Option<ReviewRequest>>, woken: &Receiver<()>, report: &impl Fn(Reviewed)) {
    while woken.recv().is_ok() {
        let request = asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(request) = request {
            report(Reviewed::to(&request));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Annotation, Detection, Video};

    #[test]
    fn the_latest_question_is_answered_and_other_subsets_do_not_count() {
        let video = |id: &str, subset: &str| Video {
            id: id.to_owned(),
            subset: subset.to_owned(),
            duration: 10.0,
            annotations: vec![Annotation { segment: [1.0, 2.0], label: "a".to_owned(), ..Annotation::default() }],
            ..Video::default()
        };
        let one = |start: f64| Detection { segment: [start, start + 1.0], label: "a".to_owned(), score: 0.5 };
        let found = ["t", "v"].map(|id| (id.to_owned(), vec![one(1.0), one(7.0)]));
        let request = ReviewRequest {
            generation: 3,
            truth: Arc::new(Dataset { videos: vec![video("t", "training"), video("v", "validation")] }),
            found: Arc::new(Detections { videos: found.into() }),
            subset: "validation".to_owned(),
            bins: BinScheme::Quantiles,
        };
        let (sender, told) = bounded(4);
        let reviewer = Reviewer::start(move |answer| sender.send(answer).expect("heard")).expect("a thread");
        reviewer.ask(ReviewRequest { subset: "none".to_owned(), ..request.clone() });
        let patience = std::time::Duration::from_secs(20);
        let failed = told.recv_timeout(patience).expect("an answer");
        assert!(failed.result.expect_err("no such subset").sentence.contains("'none'"));
        reviewer.ask(request);
        let answer = told.recv_timeout(patience).expect("an answer");
        let comparison = answer.result.expect("a comparison");
        assert_eq!(answer.generation, 3);
        let tally = comparison.review.tally(8, 0.0, None);
        assert_eq!((tally.hits, tally.false_alarms, tally.missed), (1, 1, 0));
        assert_eq!(comparison.found.count(), 2);
    }
}
