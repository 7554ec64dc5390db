//! What is worked out of a curve to draw it, kept from one picture to the next: a report that comes adds to it, and a picture without
//! news costs nothing anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use egui::{Context, Id};

use crate::state::{Extremes, RunView, Smoothing, decimated};

/// Curves that are kept at most; beyond, those that were not drawn lately go.
const MOST: usize = 64;
/// Pictures after which a curve was not drawn lately.
const LATELY: u64 = 100;

/// Which curve it is, and how often its run took something back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    id: Id,
    rewound: usize,
}

impl Key {
    /// A curve of a run.
    pub(super) fn of(run: &RunView, kind: &str, name: &str) -> Self {
        Self { id: Id::unique((&run.folder, kind, name)), rewound: run.curves.rewound }
    }
}

/// The part of a curve that is drawn, in so many pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub from: f64,
    pub to: f64,
    pub buckets: usize,
}

#[derive(Debug)]
struct Curve {
    rewound: usize,
    /// Points of the curve that were taken in, and the last of them.
    taken: usize,
    last: Option<[f64; 2]>,
    smoothing: Option<Smoothing>,
    extremes: Extremes,
    drawn: Option<(Part, Vec<[f64; 2]>)>,
    used: u64,
}

#[derive(Debug, Default)]
struct Kept {
    curves: HashMap<(Id, bool), Curve>,
}

/// The points to draw of a curve, smoothed with a weight or as reported.
pub(super) fn points(ctx: &Context, key: Key, curve: &[[f64; 2]], weight: Option<f64>, part: Part) -> Vec<[f64; 2]> {
    let kept = ctx.data_mut(|data| data.get_temp_mut_or_default::<Arc<Mutex<Kept>>>(Id::unique("kept curves")).clone());
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.points(ctx.cumulative_pass_nr(), key, curve, weight, part)
}

impl Kept {
    fn points(&mut self, now: u64, key: Key, curve: &[[f64; 2]], weight: Option<f64>, part: Part) -> Vec<[f64; 2]> {
        let place = (key.id, weight.is_some());
        if self.curves.len() >= MOST && !self.curves.contains_key(&place) {
            self.curves.retain(|_, other| other.used + LATELY > now);
        }
        let fresh = || Curve {
            rewound: key.rewound,
            taken: 0,
            last: None,
            smoothing: weight.map(Smoothing::new),
            extremes: Extremes::default(),
            drawn: None,
            used: now,
        };
        let known = self.curves.entry(place).or_insert_with(fresh);
        let goes_on = known.rewound == key.rewound
            && known.smoothing.as_ref().map(Smoothing::weight) == weight
            && known.taken.checked_sub(1).is_none_or(|last| same(curve.get(last), known.last.as_ref()));
        if !goes_on {
            *known = fresh();
        }
        known.used = now;
        if known.taken < curve.len() {
            known.drawn = None;
            if let Some(smoothing) = &mut known.smoothing {
                smoothing.take(curve);
                known.extremes.take(smoothing.points());
            } else {
                known.extremes.take(curve);
            }
            (known.taken, known.last) = (curve.len(), curve.last().copied());
        }
        match &known.drawn {
            Some((of, drawn)) if *of == part => drawn.clone(),
            _ => {
                let whole = known.smoothing.as_ref().map_or(curve, Smoothing::points);
                let drawn = decimated(whole, &known.extremes, part.from, part.to, part.buckets);
                known.drawn = Some((part, drawn.clone()));
                drawn
            }
        }
    }
}

/// Whether two points are the same, one that is no number too.
fn same(one: Option<&[f64; 2]>, other: Option<&[f64; 2]>) -> bool {
    one.map(|point| point.map(f64::to_bits)) == other.map(|point| point.map(f64::to_bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::smoothed;

    #[test]
    fn a_curve_that_grows_shrinks_or_is_another_is_drawn_as_if_it_were_new() {
        let mut kept = Kept::default();
        let curve = |seed: usize| -> Vec<[f64; 2]> {
            (0..5000).map(|n| [n as f64, ((n * 7919 + seed) % 101) as f64]).collect()
        };
        let (first, second) = (curve(0), curve(5));
        let part = Part { from: f64::NEG_INFINITY, to: f64::INFINITY, buckets: 50 };
        let zoomed = Part { from: 300.0, to: 2100.0, buckets: 50 };
        let key = |rewound| Key { id: Id::unique("a"), rewound };
        let cases = [
            (0, &first[..1000], part),
            (0, &first[..1000], part),
            (0, &first[..4000], zoomed),
            (0, &first[..5000], part),
            (1, &second[..4500], part),
            (1, &second[..100], part),
            (1, &first[..3000], zoomed),
        ];
        for (number, (rewound, curve, part)) in cases.into_iter().enumerate() {
            for weight in [None, Some(0.9), Some(0.5)] {
                let whole = weight.map_or(curve.to_vec(), |weight| smoothed(curve, weight));
                let expected = decimated(&whole, &Extremes::default(), part.from, part.to, part.buckets);
                let found = kept.points(number as u64, key(rewound), curve, weight, part);
                assert_eq!(found, expected, "{number} {weight:?}");
            }
        }
        for n in 0..500 {
            let key = Key { id: Id::unique(n), rewound: 0 };
            kept.points(1000 + 10 * n, key, &first[..10], None, part);
        }
        assert!(kept.curves.len() <= MOST, "what is not drawn any more goes");
    }
}
