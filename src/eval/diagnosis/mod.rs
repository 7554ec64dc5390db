//! Why an average precision is what it is: kinds of false positives, what each costs, and which truths are missed (spec 17).

mod bins;
mod kinds;

use rayon::prelude::*;

pub use bins::{BinResult, BinScheme, Property, PropertyResult};
pub use kinds::Kind;
pub(super) use kinds::{kind_of, nearest};

use self::bins::{Binned, by_property};
use self::kinds::judge;
use super::average_precision::{average_precision, mean};
use super::cases::{Cases, EvalError, EvalOptions, sort_out};
use super::matching::{ClassMatches, match_class};
use crate::domain::{Dataset, Detections};

/// Per class with G truths, this many times G of its best predictions are diagnosed.
const LIMIT_FACTOR: usize = 10;

/// How to diagnose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosisOptions {
    /// DETAD's normalised precision, which weighs rare classes alike; else plain average precision.
    pub normalised: bool,
    /// How truths are sorted into bins.
    pub bins: BinScheme,
}

/// The diagnosis of a detection file. Lists by threshold are in the order of the options.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// One entry a threshold.
    pub at_tiou: Vec<DiagnosisAtTiou>,
    /// Average mAP of the diagnosed predictions, 0..1 (normalised where asked).
    pub average_map: f64,
    /// How much `average_map` would grow without the predictions of each kind of error, in the order of [`Kind::ERRORS`].
    pub gains: Vec<f64>,
    /// Missed truths and average precision by coverage, length and number of instances.
    pub properties: Vec<PropertyResult>,
}

/// What the diagnosed predictions are at one threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct DiagnosisAtTiou {
    /// Threshold.
    pub tiou: f64,
    /// Number of predictions of each kind, in the order of [`Kind::ALL`].
    pub counts: [usize; 6],
    /// Share of each kind among all of them, 0..1; they add to 1, or are 0 where there are none.
    pub shares: [f64; 6],
    /// mAP of the diagnosed predictions at this threshold, 0..1.
    pub map: f64,
    /// How much `map` would grow without the predictions of each kind of error, in the order of [`Kind::ERRORS`].
    pub gains: [f64; 5],
    /// Share of each kind among the predictions of rank 1 to G, G+1 to 2G, …, all classes pooled; 0 where there are none.
    pub profile: Vec<[f64; 6]>,
    /// Truths that no prediction found.
    pub missed: usize,
}

/// Diagnoses predictions against the ground truth of a subset.
///
/// # Errors
/// [`EvalError`], as [`super::evaluate`].
pub fn diagnose(
    truth: &Dataset,
    predictions: &Detections,
    options: &EvalOptions,
    how: DiagnosisOptions,
) -> Result<Diagnosis, EvalError> {
    let cases = sort_out(truth, predictions, options)?;
    let classes: Vec<Diagnosed> = cases
        .classes
        .par_iter()
        .map(|case| Diagnosed::new(match_class(case, &options.tious, options.rules), &cases, &options.tious))
        .collect();
    let mean_truths = mean(classes.iter().map(|class| class.matches.truths.len() as f64));
    let normalise = how.normalised.then_some(mean_truths);
    let map = |threshold: usize, without: Option<Kind>| {
        mean(classes.iter().map(|class| class.average_precision(threshold, without, normalise)))
    };
    let at_tiou: Vec<DiagnosisAtTiou> = options
        .tious
        .par_iter()
        .enumerate()
        .map(|(index, &tiou)| {
            let whole = map(index, None);
            let gains = Kind::ERRORS.map(|kind| map(index, Some(kind)) - whole);
            at_tiou(&classes, index, tiou, whole, gains)
        })
        .collect();
    let binned: Vec<Binned> = classes.iter().map(|class| Binned { class, cases: &cases }).collect();
    Ok(Diagnosis {
        average_map: mean(at_tiou.iter().map(|at| at.map)),
        gains: (0..Kind::ERRORS.len()).map(|error| mean(at_tiou.iter().map(|at| at.gains[error]))).collect(),
        at_tiou,
        properties: Property::ALL.iter().map(|&property| by_property(&binned, property, how.bins, normalise)).collect(),
    })
}

/// A class with the kind of each of its best predictions.
struct Diagnosed<'a> {
    /// All truths, and the best predictions only.
    matches: ClassMatches<'a>,
    /// `[threshold][rank]`
    kinds: Vec<Vec<Kind>>,
    /// Which truths no prediction found, the worse ones included: `[threshold][truth]`.
    missed: Vec<Vec<bool>>,
}

impl<'a> Diagnosed<'a> {
    fn new(mut matches: ClassMatches<'a>, cases: &Cases<'a>, tious: &[f64]) -> Self {
        let missed = matches.found.iter().map(|found| {
            let mut missed = vec![true; matches.truths.len()];
            found.iter().flatten().for_each(|&truth| missed[truth] = false);
            missed
        });
        let missed = missed.collect();
        let limit = LIMIT_FACTOR * matches.truths.len();
        matches.ranked.truncate(limit);
        matches.found.iter_mut().for_each(|found| found.truncate(limit));
        let kinds = tious.iter().zip(&matches.found).map(|(&tiou, found)| {
            let kind = |(one, found): (&super::cases::Candidate, &Option<usize>)| match found {
                Some(_) => Kind::TruePositive,
                None => {
                    let truths = cases.truths.get(one.video).map_or(&[][..], |video| video.truths.as_slice());
                    judge(one.segment, matches.label, truths, tiou)
                }
            };
            matches.ranked.iter().zip(found).map(kind).collect()
        });
        let kinds = kinds.collect();
        Self { matches, kinds, missed }
    }

    /// Average precision of the class without the predictions of one kind; `normalise` is the mean number of truths a class.
    fn average_precision(&self, threshold: usize, without: Option<Kind>, normalise: Option<f64>) -> f64 {
        let kept = self.kinds[threshold].iter().filter(|&&kind| Some(kind) != without);
        let hits = kept.map(|&kind| kind == Kind::TruePositive);
        diagnosed_precision(hits, self.matches.truths.len(), normalise)
    }
}

/// Average precision with plain or normalised precision (spec 17).
fn diagnosed_precision(hits: impl Iterator<Item = bool>, truths: usize, normalise: Option<f64>) -> f64 {
    average_precision(hits, truths as f64, |true_positives, false_positives, recall| {
        let weighed = normalise.map_or(true_positives, |mean_truths| recall * mean_truths);
        weighed / (weighed + false_positives)
    })
}

fn at_tiou(classes: &[Diagnosed], threshold: usize, tiou: f64, map: f64, gains: [f64; 5]) -> DiagnosisAtTiou {
    let mut groups = vec![[0usize; 6]; LIMIT_FACTOR];
    for class in classes {
        let of_a_group = class.kinds[threshold].chunks(class.matches.truths.len());
        for (group, kinds) in groups.iter_mut().zip(of_a_group) {
            kinds.iter().for_each(|&kind| group[kind as usize] += 1);
        }
    }
    let mut counts = [0; 6];
    for group in &groups {
        counts.iter_mut().zip(group).for_each(|(count, more)| *count += more);
    }
    let shares = |group: &[usize; 6]| {
        let total = group.iter().sum::<usize>().max(1) as f64;
        group.map(|count| count as f64 / total)
    };
    let missed = |class: &Diagnosed| class.missed[threshold].iter().filter(|&&missed| missed).count();
    DiagnosisAtTiou {
        tiou,
        counts,
        shares: shares(&counts),
        map,
        gains,
        profile: groups.iter().map(shares).collect(),
        missed: classes.iter().map(missed).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Annotation, Detection, Video};

    fn dataset() -> Dataset {
        let truth = |label: &str, start: f64, end: f64| Annotation {
            segment: [start, end],
            label: label.to_owned(),
            draft: false,
        };
        let video = |id: &str, annotations: Vec<Annotation>| Video {
            id: id.to_owned(),
            subset: "val".to_owned(),
            duration: 100.0,
            frames: None,
            path: None,
            annotations,
            not_annotated: Vec::new(),
            rejected: Vec::new(),
            crop: None,
            stream: None,
        };
        Dataset {
            videos: vec![
                video("v", vec![truth("a", 0.0, 10.0), truth("b", 50.0, 90.0)]),
                video("w", vec![truth("a", 20.0, 30.0)]),
            ],
        }
    }

    fn one(start: f64, end: f64, score: f64) -> Detection {
        Detection { segment: [start, end], label: "a".to_owned(), score }
    }

    fn how(normalised: bool) -> DiagnosisOptions {
        DiagnosisOptions { normalised, bins: BinScheme::ActivityNet }
    }

    /// Class a: 2 truths, ranked: wrong label, hit, double, localisation, confusion, background; "w" is missed. Class b: nothing.
    fn found() -> Detections {
        let in_v = vec![
            one(50.0, 90.0, 0.9),
            one(0.0, 10.0, 0.8),
            one(0.0, 9.0, 0.7),
            one(0.0, 4.0, 0.6),
            one(50.0, 60.0, 0.5),
            one(11.0, 40.0, 0.4),
        ];
        Detections { videos: vec![("v".to_owned(), in_v), ("unknown".to_owned(), vec![one(0.0, 10.0, 0.1)])] }
    }

    #[test]
    fn every_kind_is_told_and_the_profile_pools_ranks() {
        let diagnosis =
            diagnose(&dataset(), &found(), &EvalOptions::new("val", &[0.5]), how(false)).expect("diagnoses");
        let at = &diagnosis.at_tiou[0];
        assert_eq!(at.counts, [1, 1, 1, 1, 1, 2], "{:?}", Kind::ALL);
        assert_eq!(at.missed, 2);
        // Groups of G = 2: (wrong label, hit), (double, localisation), (confusion, background), (background).
        assert_eq!(at.profile[0], [0.5, 0.0, 0.5, 0.0, 0.0, 0.0]);
        assert_eq!(at.profile[1], [0.0, 0.5, 0.0, 0.5, 0.0, 0.0]);
        assert_eq!(at.profile[2], [0.0, 0.0, 0.0, 0.0, 0.5, 0.5]);
        assert_eq!(at.profile[3], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(at.profile[9], [0.0; 6]);
    }

    #[test]
    fn gains_are_worked_by_hand() {
        let diagnosis =
            diagnose(&dataset(), &found(), &EvalOptions::new("val", &[0.5]), how(false)).expect("diagnoses");
        // Class a finds 1 of 2 at rank 2: AP = 1/2 * 1/2; class b 0. Without the wrong label the hit is first: 1/2 * 1.
        assert!((diagnosis.average_map - 0.125).abs() < 1e-15);
        let gain = |kind| diagnosis.gains[Kind::ERRORS.iter().position(|&error| error == kind).expect("an error")];
        assert!((gain(Kind::WrongLabel) - 0.125).abs() < 1e-15);
        for behind in [Kind::DoubleDetection, Kind::Localisation, Kind::Confusion, Kind::Background] {
            assert!(gain(behind).abs() < 1e-15, "what ranks after the last hit costs nothing");
        }
        // Normalised: N = 1.5, recall 1/2 at one false positive: precision 0.75 / 1.75; mean of classes halves it.
        let normalised =
            diagnose(&dataset(), &found(), &EvalOptions::new("val", &[0.5]), how(true)).expect("diagnoses");
        assert!((normalised.average_map - 0.5 * 0.5 * (0.75 / 1.75)).abs() < 1e-15);
    }

    #[test]
    fn shares_of_all_kinds_add_up_to_the_whole() {
        let diagnosis =
            diagnose(&dataset(), &found(), &EvalOptions::new("val", &[0.3, 0.5, 0.7]), how(false)).expect("diagnoses");
        for at in &diagnosis.at_tiou {
            assert!((at.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let groups = at.profile.iter().filter(|group| group.iter().any(|&share| share > 0.0));
            groups.for_each(|group| assert!((group.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        }
        let at = &diagnosis.at_tiou[1];
        assert!((at.shares[5] - 2.0 / 7.0).abs() < 1e-15 && (at.map - diagnosis.at_tiou[1].map).abs() < 1e-15);
        assert!((diagnosis.average_map - mean(diagnosis.at_tiou.iter().map(|at| at.map))).abs() < 1e-15);
    }

    /// One error above the only hit of class a: AP 1/2 * 1/2 with it, 1/2 without; class b finds nothing.
    #[test]
    fn each_kind_of_error_costs_what_it_costs() {
        let gain = |found: Vec<(&str, Detection)>, kind: Kind| {
            let mut videos: Vec<(String, Vec<Detection>)> = Vec::new();
            for (video, one) in found {
                videos.push((video.to_owned(), vec![one]));
            }
            let found = Detections { videos };
            let diagnosis =
                diagnose(&dataset(), &found, &EvalOptions::new("val", &[0.5]), how(false)).expect("diagnoses");
            let index = Kind::ERRORS.iter().position(|&error| error == kind).expect("an error");
            let others = (0..5).filter(|&other| other != index);
            others.for_each(|other| assert!(diagnosis.at_tiou[0].gains[other].abs() < 1e-15));
            assert_eq!(diagnosis.gains[index], diagnosis.at_tiou[0].gains[index]);
            diagnosis.gains[index]
        };
        for (kind, wrong) in [
            (Kind::WrongLabel, one(50.0, 90.0, 0.9)),
            (Kind::Localisation, one(0.0, 4.0, 0.9)),
            (Kind::Confusion, one(50.0, 60.0, 0.9)),
            (Kind::Background, one(20.0, 40.0, 0.9)),
        ] {
            let cost = gain(vec![("v", wrong), ("w", one(20.0, 30.0, 0.8))], kind);
            assert!((cost - 0.125).abs() < 1e-15, "{kind:?}: {cost}");
        }
        // Hit, double, hit: AP 1/2 + 1/2 * 2/3 with it, 1 without; half of that for two classes.
        let cost = gain(
            vec![("v", one(0.0, 10.0, 0.9)), ("v", one(0.0, 9.0, 0.8)), ("w", one(20.0, 30.0, 0.7))],
            Kind::DoubleDetection,
        );
        assert!((cost - 1.0 / 12.0).abs() < 1e-15, "{cost}");
    }

    #[test]
    fn every_property_sorts_by_its_own_bins() {
        let truths = |scheme: BinScheme, property: Property| {
            let how = DiagnosisOptions { normalised: false, bins: scheme };
            let mut dataset = dataset();
            dataset.videos[1].duration = 0.0;
            let diagnosis = diagnose(&dataset, &found(), &EvalOptions::new("val", &[0.5]), how).expect("diagnoses");
            let result = diagnosis.properties.iter().find(|result| result.property == property).expect("a property");
            let counts: Vec<usize> = result.bins.iter().map(|bin| bin.truths).collect();
            let missed: Vec<usize> = result.bins.iter().map(|bin| bin.missed[0]).collect();
            (counts, missed, result.unknown)
        };
        // Lengths 10 (found), 40 and 10 seconds; a tenth and four tenths of 100 s, and one of a video of unknown length.
        use BinScheme::{ActivityNet, Thumos};
        assert_eq!(truths(ActivityNet, Property::Length), (vec![2, 1, 0, 0, 0], vec![1, 1, 0, 0, 0], 0));
        assert_eq!(truths(Thumos, Property::Length), (vec![0, 0, 2, 0, 1], vec![0, 0, 1, 0, 1], 0));
        assert_eq!(truths(ActivityNet, Property::Instances), (vec![3, 0, 0, 0], vec![2, 0, 0, 0], 0));
        assert_eq!(truths(Thumos, Property::Instances), (vec![3, 0, 0, 0], vec![2, 0, 0, 0], 0));
        assert_eq!(truths(ActivityNet, Property::Coverage), (vec![1, 1, 0, 0, 0], vec![0, 1, 0, 0, 0], 1));
        assert_eq!(truths(Thumos, Property::Coverage), (vec![0, 0, 0, 0, 2], vec![0, 0, 0, 0, 1], 1));
        assert_eq!(truths(BinScheme::Quantiles, Property::Length), (vec![2, 1], vec![1, 1], 0));
    }

    #[test]
    fn bins_hold_the_truths_of_their_coverage() {
        let diagnosis =
            diagnose(&dataset(), &found(), &EvalOptions::new("val", &[0.5]), how(false)).expect("diagnoses");
        let coverage =
            diagnosis.properties.iter().find(|result| result.property == Property::Coverage).expect("coverage");
        let (xs, s) = (&coverage.bins[0], &coverage.bins[1]);
        assert_eq!((xs.name.as_str(), xs.truths, xs.missed.as_slice()), ("XS", 2, &[1][..]));
        assert_eq!((s.name.as_str(), s.truths, s.missed.as_slice()), ("S", 1, &[1][..]));
        // Only class a has truths of XS, and none of its hits lies in another bin: the class's own AP.
        assert_eq!((xs.average_map, s.average_map), (Some(0.25), Some(0.0)));
        assert_eq!(coverage.bins[4].average_map, None);
    }

    #[test]
    fn a_perfect_file_has_nothing_to_gain() {
        let all = |video: &Video| {
            let found = video.annotations.iter();
            let found =
                found.map(|action| Detection { segment: action.segment, label: action.label.clone(), score: 1.0 });
            (video.id.clone(), found.collect())
        };
        let predictions = Detections { videos: dataset().videos.iter().map(all).collect() };
        let diagnosis =
            diagnose(&dataset(), &predictions, &EvalOptions::new("val", &[0.5, 0.95]), how(false)).expect("diagnoses");
        assert_eq!((diagnosis.average_map, diagnosis.gains.as_slice()), (1.0, &[0.0; 5][..]));
        assert!(diagnosis.at_tiou.iter().all(|at| at.missed == 0));
    }
}
