//! Which truths are missed: by how much of the video they cover, how long they are, how many of their class there are (spec 17).

use super::super::average_precision::mean;
use super::super::cases::Cases;
use super::{Diagnosed, diagnosed_precision};

/// What truths are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// Length over the video's duration, 0..1.
    Coverage,
    /// Length in seconds.
    Length,
    /// Truths of the same class in the video.
    Instances,
}

impl Property {
    /// All properties.
    pub const ALL: [Self; 3] = [Self::Coverage, Self::Length, Self::Instances];

    /// What the bins sort by, in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Coverage => "share of the video",
            Self::Length => "length",
            Self::Instances => "actions of the class in the video",
        }
    }

    /// Its value for a truth of so many of its class in a video of so many seconds; NaN where that is unknown.
    #[must_use]
    pub fn of(self, [start, end]: [f64; 2], duration: f64, count: usize) -> f64 {
        match self {
            Self::Length => end - start,
            Self::Instances => count as f64,
            Self::Coverage if duration > 0.0 => (end - start) / duration,
            Self::Coverage => f64::NAN,
        }
    }
}

/// Where bins end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BinScheme {
    /// DETAD's bins for ActivityNet.
    ActivityNet,
    /// DETAD's bins for THUMOS, whose actions are short.
    Thumos,
    /// Five bins of equal count: on a person's own data the fixed bins would put all short actions into one.
    #[default]
    Quantiles,
}

impl BinScheme {
    /// All schemes.
    pub const ALL: [Self; 3] = [Self::Quantiles, Self::ActivityNet, Self::Thumos];

    /// Its name in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quantiles => "bins of equal count",
            Self::ActivityNet => "ActivityNet's bins",
            Self::Thumos => "THUMOS' bins",
        }
    }
}

/// The bins of one property.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyResult {
    /// What truths were sorted by.
    pub property: Property,
    /// From small to large.
    pub bins: Vec<BinResult>,
    /// Truths in no bin, for nobody says how long their videos are.
    pub unknown: usize,
}

/// The truths of one bin.
#[derive(Clone, Debug, PartialEq)]
pub struct BinResult {
    /// "XS" to "XL".
    pub name: String,
    /// Values above this and up to `to` are in the bin.
    pub from: f64,
    /// Upper end, inclusive; infinite for the last.
    pub to: f64,
    /// Number of truths.
    pub truths: usize,
    /// How many of them no prediction found, by threshold.
    pub missed: Vec<usize>,
    /// Average mAP on these truths alone, 0..1: predictions that found a truth of another bin do not count. None without truths.
    pub average_map: Option<f64>,
}

/// A class, and where the durations of its videos are found.
pub(super) struct Binned<'a> {
    pub class: &'a Diagnosed<'a>,
    pub cases: &'a Cases<'a>,
}

impl Binned<'_> {
    /// The property of each truth of the class; NaN where the video's duration is unknown.
    fn values(&self, property: Property) -> Vec<f64> {
        let truths = &self.class.matches.truths;
        let value = |&(video, segment): &(&str, [f64; 2])| {
            let count = truths.iter().filter(|(other, _)| *other == video).count();
            property.of(segment, self.cases.truths.get(video).map_or(0.0, |of_video| of_video.duration), count)
        };
        truths.iter().map(value).collect()
    }
}

/// Sorts the truths of all classes into bins and judges each bin. `normalise` is the mean number of truths a class.
pub(super) fn by_property(
    classes: &[Binned],
    property: Property,
    scheme: BinScheme,
    normalise: Option<f64>,
) -> PropertyResult {
    let values: Vec<Vec<f64>> = classes.iter().map(|class| class.values(property)).collect();
    let edges = edges(property, scheme, values.iter().flatten().copied());
    let bins = (0..=edges.len()).map(|bin| {
        let from = if bin == 0 { 0.0 } else { edges[bin - 1] };
        let to = edges.get(bin).copied().unwrap_or(f64::INFINITY);
        let inside: Vec<Vec<bool>> =
            values.iter().map(|class| class.iter().map(|&value| value > from && value <= to).collect()).collect();
        BinResult {
            name: name(bin, edges.len() + 1),
            from,
            to,
            truths: inside.iter().flatten().filter(|&&inside| inside).count(),
            missed: missed(classes, &inside),
            average_map: average_map(classes, &inside, normalise),
        }
    });
    let unknown = values.iter().flatten().filter(|value| value.is_nan()).count();
    PropertyResult { property, bins: bins.collect(), unknown }
}

fn name(bin: usize, bins: usize) -> String {
    match ["XS", "S", "M", "L", "XL"].get(bin) {
        Some(name) if bins <= 5 => (*name).to_owned(),
        _ => (bin + 1).to_string(),
    }
}

/// Upper ends of all bins but the last.
fn edges(property: Property, scheme: BinScheme, values: impl Iterator<Item = f64>) -> Vec<f64> {
    match (scheme, property) {
        (BinScheme::ActivityNet, Property::Coverage) => vec![0.2, 0.4, 0.6, 0.8],
        (BinScheme::ActivityNet, Property::Length) => vec![30.0, 60.0, 120.0, 180.0],
        (BinScheme::ActivityNet, Property::Instances) => vec![1.0, 4.0, 8.0],
        (BinScheme::Thumos, Property::Coverage) => vec![0.02, 0.04, 0.06, 0.08],
        (BinScheme::Thumos, Property::Length) => vec![3.0, 6.0, 12.0, 18.0],
        (BinScheme::Thumos, Property::Instances) => vec![1.0, 40.0, 80.0],
        (BinScheme::Quantiles, _) => {
            let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
            sorted.sort_by(f64::total_cmp);
            let last = sorted.last().copied();
            let mut edges: Vec<f64> =
                (1..5).filter_map(|fifth| sorted.get((fifth * sorted.len() / 5).checked_sub(1)?).copied()).collect();
            edges.dedup();
            edges.retain(|&edge| Some(edge) != last);
            edges
        }
    }
}

/// Truths of a bin that no prediction found, by threshold.
fn missed(classes: &[Binned], inside: &[Vec<bool>]) -> Vec<usize> {
    let thresholds = classes.first().map_or(0, |binned| binned.class.missed.len());
    let at = |threshold: usize| {
        let of_class = |(binned, inside): (&Binned, &Vec<bool>)| {
            let missed = binned.class.missed[threshold].iter().zip(inside);
            missed.filter(|&(&missed, &inside)| missed && inside).count()
        };
        classes.iter().zip(inside).map(of_class).sum()
    };
    (0..thresholds).map(at).collect()
}

/// Mean over thresholds, and over the classes that have truths in the bin.
fn average_map(classes: &[Binned], inside: &[Vec<bool>], normalise: Option<f64>) -> Option<f64> {
    let per_class: Vec<f64> = classes
        .iter()
        .zip(inside)
        .filter(|(_, inside)| inside.contains(&true))
        .map(|(binned, inside)| {
            let truths = inside.iter().filter(|&&inside| inside).count();
            mean(binned.class.matches.found.iter().map(|found| {
                let counts = found.iter().filter(|found| found.is_none_or(|truth| inside[truth]));
                diagnosed_precision(counts.map(Option::is_some), truths, normalise)
            }))
        })
        .collect();
    (!per_class.is_empty()).then(|| mean(per_class.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_bins_have_equal_counts_and_survive_ties() {
        let of = |values: &[f64]| edges(Property::Length, BinScheme::Quantiles, values.iter().copied());
        assert_eq!(of(&[10.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]), [2.0, 4.0, 6.0, 8.0]);
        assert_eq!(of(&[1.0, 1.0, 1.0, 1.0, 2.0]), [1.0]);
        assert!(of(&[3.0, 3.0]).is_empty());
        assert!(of(&[f64::NAN]).is_empty());
    }
}
