//! One sentence about a run: is it learning?

use std::borrow::Cow;

use super::series::smoothed;
use super::{RunState, RunView, percent};

/// How the sentence is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// All is well.
    Good,
    /// Nothing can be said yet, or nothing is wrong.
    Neutral,
    /// Worth a look.
    Care,
    /// It cannot go on like this.
    Bad,
}

/// The sentence, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it is meant.
    pub mood: Mood,
    /// What is the case.
    pub sentence: String,
    /// What helps, where something does.
    pub advice: Option<&'static str>,
}

/// Reports before which nothing is said: a smoothed curve of fewer moves by chance.
const FEWEST: usize = 10;
/// Share of the time for data above which a faster reader would help more than anything else.
const WAITING: f64 = 0.4;
/// Reports over which that share is averaged.
const WAITING_OVER: usize = 20;
/// Weight of the smoothing by which the loss is judged.
const SMOOTH: f64 = 0.9;
/// Reports whose mean does not waver.
const MANY: usize = 200;
/// The last part of the curve against the part before: a change below this is none.
const STILL: f64 = 0.02;
/// Points of mAP below the best that count as a fall; evaluations on few videos waver by one or two.
const FALL: f64 = 0.02;
/// Evaluations without a new best that make a plateau.
const PLATEAU: usize = 3;

/// What can be said about a run; none before it began.
#[must_use]
pub fn verdict(run: &RunView) -> Option<Verdict> {
    run.started.as_ref()?;
    let say = |mood, sentence: String, advice| Some(Verdict { mood, sentence, advice });
    let not_finite = run.curves.loss.iter().rev().take(FEWEST).any(|point| !point[1].is_finite());
    let failed_so = matches!(&run.state, RunState::Failed(why) if why.contains("not a finite number"));
    if not_finite || failed_so {
        let advice = "Lower the learning rate (optimizer), or limit the gradient (solver.clip_norm), and start from the last good checkpoint.";
        return say(Mood::Bad, "The loss is not a finite number any more.".to_owned(), Some(advice));
    }
    if run.curves.loss.len() < FEWEST {
        return say(Mood::Neutral, "Too early to say whether it learns.".to_owned(), None);
    }
    if let (RunState::Done, Some(best)) = (&run.state, run.curves.best()) {
        let sentence = format!("Its best mAP was {} after epoch {}.", percent(best.average), best.epoch + 1);
        return say(Mood::Good, sentence, None);
    }
    let loss = change_of_loss(run);
    let falls = loss < -STILL;
    let evals = &run.curves.evals;
    let best = run.curves.best();
    let since = best.map_or(0, |best| evals.iter().filter(|eval| eval.step > best.step).count());
    if let (Some(best), Some(last)) = (best, evals.last()) {
        let below = evals.iter().rev().take(PLATEAU).filter(|eval| best.average - eval.average > FALL).count();
        if since >= PLATEAU && below == PLATEAU && falls {
            let sentence = format!(
                "The loss falls while mAP falls: {} after epoch {}, {} now.",
                percent(best.average),
                best.epoch + 1,
                percent(last.average)
            );
            let advice = "It learns the training videos by heart. Use the best checkpoint; more videos, more augmentation or fewer epochs help.";
            return say(Mood::Care, sentence, Some(advice));
        }
        if since >= PLATEAU {
            let sentence = format!(
                "Plateau: no new best for {since} evaluations, {} after epoch {}.",
                percent(best.average),
                best.epoch + 1
            );
            let advice = "It may be done. The best checkpoint is kept; stop, or go on with a lower learning rate.";
            return say(Mood::Care, sentence, Some(advice));
        }
    }
    if run.state.is_living() {
        let latest: Vec<f64> = run.curves.data_share.iter().rev().take(WAITING_OVER).map(|point| point[1]).collect();
        let share = latest.iter().sum::<f64>() / latest.len().max(1) as f64;
        if share > WAITING {
            let sentence = format!("{:.0} % of the time waits for videos to be decoded.", 100.0 * share);
            let advice =
                "More readers (solver.workers), more frames kept (solver.frame_cache) or smaller files make it faster.";
            return say(Mood::Care, sentence, Some(advice));
        }
    }
    match best {
        Some(best) if since == 0 => {
            let sentence =
                format!("It learns: best mAP so far {} after epoch {}.", percent(best.average), best.epoch + 1);
            say(Mood::Good, sentence, None)
        }
        _ if falls => say(Mood::Good, "It learns: the loss is falling.".to_owned(), None),
        _ if loss > STILL => say(
            Mood::Care,
            "The loss is rising.".to_owned(),
            Some("Near the beginning that passes; later a lower learning rate helps."),
        ),
        _ => say(
            Mood::Neutral,
            "The loss stands still.".to_owned(),
            Some("Late in a run that is as it should be; at the beginning try a higher learning rate."),
        ),
    }
}

/// Relative change of the smoothed loss from the fifth before the last to the last fifth of the reports.
fn change_of_loss(run: &RunView) -> f64 {
    let loss = &run.curves.loss;
    let fifth = (loss.len() / 5).max(1);
    // The mean of so many needs no smoothing, and the sentence is said anew in every picture.
    let curve: Cow<'_, [[f64; 2]]> =
        if fifth > MANY { Cow::Borrowed(loss) } else { Cow::Owned(smoothed(loss, SMOOTH)) };
    let fifth = fifth.min(curve.len() / 2).max(1);
    let mean = |part: &[[f64; 2]]| {
        let values = part.iter().map(|point| point[1]).filter(|value| value.is_finite());
        let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        sum / f64::max(count, 1.0)
    };
    let from_end = |count: usize| curve.len().saturating_sub(count);
    let last = mean(&curve[from_end(fifth)..]);
    let before = mean(&curve[from_end(2 * fifth)..from_end(fifth)]);
    if before.abs() > 0.0 { (last - before) / before.abs() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::domain::{Event, RunEvent, Seconds};

    fn run(losses: &[f64], maps: &[f64], data_share: f64) -> RunView {
        let mut run = RunView::new(PathBuf::from("/p/runs/a"), true);
        let mut push = |event| run.push(&RunEvent { time: 0.0, event });
        push(Event::Start {
            device: "cpu".to_owned(),
            parameters_trained: 1,
            parameters_frozen: 0,
            videos: 1,
            classes: Vec::new(),
            steps_per_epoch: 10,
            epochs: 10,
            pid: 1,
            device_memory_total: None,
        });
        for (step, &loss) in losses.iter().enumerate() {
            push(Event::Step {
                epoch: 0,
                step,
                loss,
                terms: Default::default(),
                learning_rate: Default::default(),
                seconds: Seconds::default(),
                data_share,
                device_memory: None,
                device_memory_peak: None,
                process_memory: None,
            });
        }
        for (epoch, &average_map) in maps.iter().enumerate() {
            push(Event::Eval {
                epoch,
                step: 10 * (epoch + 1),
                map: Default::default(),
                average_map,
                per_class: Default::default(),
                recall: Default::default(),
                seconds: 1.0,
                predictions: String::new(),
            });
        }
        run
    }

    fn said(run: &RunView) -> (Mood, String) {
        let verdict = verdict(run).expect("a sentence");
        (verdict.mood, verdict.sentence)
    }

    #[test]
    fn each_sentence_is_said_when_it_is_so() {
        let falling: Vec<f64> = (0..100).map(|n| 10.0 - 0.08 * f64::from(n)).collect();
        let still = vec![3.0; 100];
        let rising: Vec<f64> = falling.iter().rev().copied().collect();
        assert_eq!(said(&run(&falling[..5], &[], 0.0)).0, Mood::Neutral);
        assert!(said(&run(&falling[..5], &[], 0.0)).1.starts_with("Too early"));
        assert_eq!(said(&run(&falling, &[], 0.1)), (Mood::Good, "It learns: the loss is falling.".to_owned()));
        assert_eq!(said(&run(&still, &[], 0.1)).1, "The loss stands still.");
        assert_eq!(said(&run(&rising, &[], 0.1)), (Mood::Care, "The loss is rising.".to_owned()));
        assert_eq!(said(&run(&falling, &[0.1, 0.3], 0.0)).1, "It learns: best mAP so far 30.0 % after epoch 2.");
        let plateau = said(&run(&falling, &[0.1, 0.3, 0.29, 0.3, 0.295], 0.0));
        assert_eq!(plateau, (Mood::Care, "Plateau: no new best for 3 evaluations, 30.0 % after epoch 2.".to_owned()));
        let by_heart = said(&run(&falling, &[0.3, 0.25, 0.24, 0.2], 0.0));
        assert_eq!(by_heart.1, "The loss falls while mAP falls: 30.0 % after epoch 1, 20.0 % now.");
        assert_eq!(said(&run(&falling, &[], 0.62)).1, "62 % of the time waits for videos to be decoded.");
        let mut broken = falling.clone();
        broken.push(f64::NAN);
        assert_eq!(said(&run(&broken, &[], 0.0)).0, Mood::Bad);
        let mut failed = run(&falling, &[], 0.0);
        failed.state = RunState::Failed("the loss is not a finite number at step 7".to_owned());
        assert_eq!(said(&failed).0, Mood::Bad);
        let mut done = run(&falling, &[0.1, 0.3, 0.2], 0.0);
        done.state = RunState::Done;
        assert_eq!(said(&done).1, "Its best mAP was 30.0 % after epoch 2.");
        assert_eq!(verdict(&RunView::new(PathBuf::from("/p"), true)), None);
    }
}
