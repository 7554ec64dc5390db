//! The losses of spec 6.3 to 6.6 and the class head's (spec 18).
//!
//! Which elements enter a loss, and how much each counts, depends on targets and noise alone: it is worked out on the host as
//! weights, so that the device only sees weighted sums and no count has to be read back.

use burn::tensor::{Tensor, activation::log_sigmoid};

use crate::config::LossForm;

/// A use of random numbers within a cascade stage, in the reference's order (spec 6.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Site {
    /// Negatives of the IoU classification.
    IouClassification = 0,
    /// Middle band of the IoU regression.
    SquaresMiddle = 1,
    /// Low band of the IoU regression.
    SquaresLow = 2,
    /// Negatives of the start classification.
    Start = 3,
    /// Negatives of the end classification.
    End = 4,
    /// Negatives of the class head.
    Classes = 5,
}

/// What each element adds to a binary cross entropy: `-(positive·log p + negative·log(1-p))`, summed.
#[derive(Clone, Debug, PartialEq)]
pub struct BinaryWeights {
    /// Weight of `log p`.
    pub positive: Vec<f32>,
    /// Weight of `log(1 - p)`.
    pub negative: Vec<f32>,
}

fn count(flags: impl Iterator<Item = bool>) -> f32 {
    flags.filter(|&flag| flag).count() as f32
}

/// Weights of the boundary-probability loss (spec 6.3): both kinds count half; one kind alone is a plain mean.
#[must_use]
pub fn balanced(targets: &[f32], keep: &[bool]) -> BinaryWeights {
    let positive: Vec<bool> = targets.iter().zip(keep).map(|(&target, &keep)| keep && target > 0.5).collect();
    let negative: Vec<bool> = targets.iter().zip(keep).map(|(&target, &keep)| keep && target <= 0.5).collect();
    let (positives, negatives) = (count(positive.iter().copied()), count(negative.iter().copied()));
    let (each_positive, each_negative) = if positives == 0.0 || negatives == 0.0 {
        let all = (positives + negatives).max(1.0);
        (1.0 / all, 1.0 / all)
    } else {
        (0.5 / positives, 0.5 / negatives)
    };
    let spread = |flags: Vec<bool>, each: f32| flags.into_iter().map(|flag| if flag { each } else { 0.0 }).collect();
    BinaryWeights { positive: spread(positive, each_positive), negative: spread(negative, each_negative) }
}

/// Weights of the sampled binary cross entropy (spec 6.4). `noise` gives a uniform number in [0, 1) for every element and is
/// not asked when there is no positive.
#[must_use]
pub fn sampled_binary(
    targets: &[f32],
    threshold: f32,
    keep: &[bool],
    noise: &mut dyn FnMut() -> Vec<f32>,
) -> BinaryWeights {
    let is_positive = |index: usize| targets[index] > threshold;
    let positives = count((0..targets.len()).map(|index| keep[index] && is_positive(index)));
    let negatives = count((0..targets.len()).map(|index| keep[index] && !is_positive(index)));
    if positives == 0.0 {
        let each = 1.0 / negatives.max(1.0);
        let negative = keep.iter().map(|&keep| if keep { each } else { 0.0 }).collect();
        return BinaryWeights { positive: vec![0.0; targets.len()], negative };
    }
    let selected = select(positives / negatives, keep, |index| !is_positive(index), &noise());
    let each = 1.0 / (positives + count(selected.iter().copied()));
    BinaryWeights {
        positive: (0..targets.len()).map(|index| if keep[index] && is_positive(index) { each } else { 0.0 }).collect(),
        negative: selected.into_iter().map(|selected| if selected { each } else { 0.0 }).collect(),
    }
}

/// Noise with which the elements that are `forced` enter whatever is drawn.
#[must_use]
pub fn known(mut noise: Vec<f32>, forced: &[bool]) -> Vec<f32> {
    noise.iter_mut().zip(forced).filter(|(_, forced)| **forced).for_each(|(noise, _)| *noise = 1.0);
    noise
}

/// The reference's draw: noise outside the band counts as 0, so a ratio above 1 selects every element, in the band or not.
fn select(ratio: f32, keep: &[bool], in_band: impl Fn(usize) -> bool, noise: &[f32]) -> Vec<bool> {
    (0..keep.len())
        .map(|index| keep[index] && (if in_band(index) { noise[index] } else { 0.0 }) > 1.0 - ratio)
        .collect()
}

/// Weights of the sampled squared error (spec 6.5); noise is drawn first for the middle band, then for the low one.
#[must_use]
pub fn sampled_squares(targets: &[f32], keep: &[bool], noise: &mut dyn FnMut(Site) -> Vec<f32>) -> Vec<f32> {
    let high = |index: usize| targets[index] > 0.7;
    let middle = |index: usize| targets[index] > 0.3 && targets[index] <= 0.7;
    let low = |index: usize| targets[index] <= 0.3;
    let number = |band: &dyn Fn(usize) -> bool| count((0..targets.len()).map(|index| keep[index] && band(index)));
    let highs = number(&high);
    if highs == 0.0 {
        let each = 1.0 / count(keep.iter().copied()).max(1.0);
        return keep.iter().map(|&keep| if keep { each } else { 0.0 }).collect();
    }
    let from_middle = select(highs / number(&middle), keep, middle, &noise(Site::SquaresMiddle));
    let from_low = select(highs / number(&low), keep, low, &noise(Site::SquaresLow));
    let weights: Vec<f32> = (0..targets.len())
        .map(|index| {
            f32::from(u8::from(keep[index] && high(index)) + u8::from(from_middle[index]) + u8::from(from_low[index]))
        })
        .collect();
    let sum: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Weights of a mean over the proposals whose IoU exceeds a stage's threshold (spec 6.6); all 0 when none does.
#[must_use]
pub fn mean_above(ious: &[f32], threshold: f32, keep: &[bool]) -> Vec<f32> {
    let flags: Vec<bool> = ious.iter().zip(keep).map(|(&iou, &keep)| keep && iou > threshold).collect();
    let each = 1.0 / count(flags.iter().copied()).max(1.0);
    flags.into_iter().map(|flag| if flag { each } else { 0.0 }).collect()
}

/// Weights of the class loss (spec 18): proposals that carry a class, and `negatives` times as many of the others, those with
/// the smallest noise. `hot` is `[proposals, classes]`; no positive, no loss. Of the others those that are `forced` come first and are
/// never left out, not even without a positive.
#[must_use]
pub fn class_weights(
    hot: &[f32],
    classes: usize,
    negatives: f32,
    keep: &[bool],
    forced: &[bool],
    noise: &mut dyn FnMut() -> Vec<f32>,
) -> Vec<f32> {
    let positive: Vec<bool> = hot
        .chunks_exact(classes.max(1))
        .zip(keep)
        .map(|(row, &keep)| keep && row.iter().any(|&value| value > 0.0))
        .collect();
    let positives = count(positive.iter().copied());
    let mut others: Vec<usize> = (0..keep.len()).filter(|&index| keep[index] && !positive[index]).collect();
    let always = others.iter().filter(|&&index| forced[index]).count();
    if positives == 0.0 && always == 0 {
        return vec![0.0; keep.len()];
    }
    let noise = noise();
    others.sort_by(|&a, &b| forced[b].cmp(&forced[a]).then(noise[a].total_cmp(&noise[b])));
    others.truncate(always.max((positives * negatives) as usize));
    let each = 1.0 / (positives + others.len() as f32);
    let mut weights: Vec<f32> = positive.iter().map(|&flag| if flag { each } else { 0.0 }).collect();
    others.into_iter().for_each(|index| weights[index] = each);
    weights
}

/// How logarithms of probabilities near 0 are kept finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// `max(log p, -100)`, PyTorch's binary cross entropy (spec 6.3, OpenTAD).
    Clamped,
    /// `log(p + 1e-6)` (spec 6.3 official, 6.4).
    Shifted,
}

impl From<LossForm> for Logs {
    fn from(form: LossForm) -> Self {
        match form {
            LossForm::OpenTad => Self::Clamped,
            LossForm::Official => Self::Shifted,
        }
    }
}

impl Logs {
    fn of<const D: usize>(self, probability: Tensor<D>) -> Tensor<D> {
        match self {
            // PyTorch divides the derivative by p (1 - p), kept from 0 by 1e-12, and not by p.
            Self::Clamped => {
                let fixed = probability.clone().detach();
                let rest = -fixed.clone() + 1.0;
                let slope = rest.clone() / (fixed.clone() * rest).clamp_min(1e-12);
                let zero = fixed.clone().lower_equal_scalar(0.0);
                let value = fixed.clone().log().clamp_min(-100.0).mask_fill(zero, -100.0);
                value + (probability - fixed) * slope
            }
            Self::Shifted => (probability + 1e-6).log(),
        }
    }
}

/// Weighted binary cross entropy of probabilities, summed to `[1]`.
#[must_use]
pub fn binary<const D: usize>(
    probability: Tensor<D>,
    positive: Tensor<D>,
    negative: Tensor<D>,
    logs: Logs,
) -> Tensor<1> {
    let of_positive = logs.of(probability.clone()) * positive;
    let of_negative = logs.of(-probability + 1.0) * negative;
    -(of_positive + of_negative).sum()
}

/// Weighted squared error, summed to `[1]`; targets are 0..1.
#[must_use]
pub fn squares<const D: usize>(value: Tensor<D>, target: Tensor<D>, weight: Tensor<D>) -> Tensor<1> {
    ((value - target).square() * weight).sum()
}

/// Weighted smooth L1 with beta 1 (spec 6.6), summed to `[1]`. Elements of weight 0 take no part, whatever their target: a refined
/// proposal can be so short that its target is infinite.
#[must_use]
pub fn smooth_l1<const D: usize>(value: Tensor<D>, target: Tensor<D>, weight: Tensor<D>) -> Tensor<1> {
    let distance = (value - target).mask_fill(weight.clone().equal_scalar(0.0), 0.0).abs();
    let near = distance.clone().clamp_max(1.0);
    ((near.clone().square() * 0.5 + distance - near) * weight).sum()
}

/// Class loss (spec 18): binary cross entropy of `logits` `[batch, proposals, classes]` against the multi-hot `hot`, summed
/// over classes and weighted by proposal `[batch, proposals, 1]`, to `[1]`. Summed, not averaged, over the classes, so that
/// one more class does not quieten the others.
#[must_use]
pub fn classes(logits: Tensor<3>, hot: Tensor<3>, weight: Tensor<3>) -> Tensor<1> {
    let present = log_sigmoid(logits.clone()) * hot.clone();
    let absent = log_sigmoid(-logits) * (-hot + 1.0);
    -((present + absent).sum_dim(2) * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn binary_of(targets: &[f32], threshold: f32, noise: &[f32]) -> BinaryWeights {
        sampled_binary(targets, threshold, &vec![true; targets.len()], &mut || noise.to_vec())
    }

    fn squares_of(targets: &[f32], middle: &[f32], low: &[f32]) -> Vec<f32> {
        sampled_squares(targets, &vec![true; targets.len()], &mut |site| {
            if site == Site::SquaresMiddle { middle.to_vec() } else { low.to_vec() }
        })
    }

    fn tensor(values: &[f32]) -> Tensor<1> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &Device::flex())
    }

    fn number(loss: Tensor<1>) -> f32 {
        loss.into_data().iter::<f32>().next().expect("one number")
    }

    fn no_draw() -> Vec<f32> {
        panic!("the reference draws nothing here")
    }

    #[test]
    fn both_kinds_of_boundary_count_half_and_one_kind_alone_is_a_mean() {
        let kept = [true; 4];
        let both = balanced(&[1.0, 0.6, 0.5, 0.0], &kept);
        assert_eq!(both.positive, [0.25, 0.25, 0.0, 0.0], "strictly above a half");
        assert_eq!(both.negative, [0.0, 0.0, 0.25, 0.25]);
        let uneven = balanced(&[1.0, 0.0, 0.0, 0.0], &kept);
        assert_eq!((uneven.positive[0], uneven.negative[3]), (0.5, 0.5 / 3.0));
        assert_eq!(balanced(&[0.0; 4], &kept).negative, [0.25; 4]);
        assert_eq!(balanced(&[1.0; 4], &kept).positive, [0.25; 4]);
    }

    #[test]
    fn logarithms_end_at_minus_100_or_are_shifted() {
        let (none, all) = (tensor(&[0.0; 2]), tensor(&[1.0; 2]));
        let at = |logs| number(binary(tensor(&[0.0, 1.0]), all.clone(), none.clone(), logs));
        assert_eq!(at(Logs::Clamped), 100.0);
        assert!((at(Logs::Shifted) - 13.815_51).abs() < 1e-3, "-ln 1e-6 and -ln 1.000001");
    }

    #[test]
    fn without_a_positive_all_elements_are_negatives_and_nothing_is_drawn() {
        let weights = sampled_binary(&[0.9, 0.0, 0.3, 0.1], 0.9, &[true; 4], &mut no_draw);
        assert_eq!((weights.positive, weights.negative), (vec![0.0; 4], vec![0.25; 4]));
    }

    #[test]
    fn as_many_negatives_as_positives_are_drawn_on_average() {
        // One positive to three negatives: those with noise above 1 - 1/3 enter.
        let weights = binary_of(&[1.0, 0.0, 0.0, 0.0], 0.9, &[0.99, 0.66, 0.67, 0.9]);
        assert_eq!(weights.positive, [1.0 / 3.0, 0.0, 0.0, 0.0]);
        assert_eq!(weights.negative, [0.0, 0.0, 1.0 / 3.0, 1.0 / 3.0]);
    }

    #[test]
    fn with_as_many_positives_a_negative_needs_noise_above_zero() {
        let weights = binary_of(&[1.0, 0.0, 1.0, 0.0], 0.5, &[0.9, 0.0, 0.9, 1e-6]);
        assert_eq!(weights.negative, [0.0, 0.0, 0.0, 1.0 / 3.0]);
    }

    #[test]
    fn more_positives_than_negatives_make_negatives_of_all() {
        let weights = binary_of(&[1.0, 1.0, 0.0], 0.5, &[0.0; 3]);
        assert_eq!(weights.positive, [0.2, 0.2, 0.0]);
        assert_eq!(weights.negative, [0.2; 3], "positives too");
        let alone = binary_of(&[1.0, 1.0], 0.5, &[0.0; 2]);
        assert_eq!((alone.positive, alone.negative), (vec![0.25; 2], vec![0.25; 2]), "no negative at all");
    }

    #[test]
    fn squares_without_a_high_overlap_are_a_mean_and_nothing_is_drawn() {
        let weights = sampled_squares(&[0.7, 0.5, 0.3, 0.0], &[true; 4], &mut |_| no_draw());
        assert_eq!(weights, [0.25; 4]);
    }

    #[test]
    fn squares_take_from_each_band_what_its_noise_lets_in() {
        // One high to two of each band: noise above a half enters. 0.7 is of the middle band, 0.3 of the low one.
        let targets = [0.71, 0.7, 0.5, 0.3, 0.0];
        let weights = squares_of(&targets, &[0.9, 0.6, 0.4, 0.9, 0.9], &[0.9, 0.9, 0.9, 0.4, 0.6]);
        assert_eq!(weights, [1.0 / 3.0, 1.0 / 3.0, 0.0, 0.0, 1.0 / 3.0]);
    }

    #[test]
    fn squares_count_an_element_once_for_each_band_that_is_smaller_than_the_high_one() {
        // Two high, one middle, one low: both ratios are 2, so both draws take every element.
        let weights = squares_of(&[0.9, 0.8, 0.5, 0.1], &[0.0; 4], &[0.0; 4]);
        assert_eq!(weights, [0.3, 0.3, 0.2, 0.2]);
        // No middle band: its ratio is infinite, and takes all; of the low band noise above 0 enters.
        let weights = squares_of(&[0.9, 0.1], &[0.0; 2], &[0.0; 2]);
        assert_eq!(weights, [2.0 / 3.0, 1.0 / 3.0]);
    }

    #[test]
    fn offsets_count_strictly_above_the_threshold_and_none_gives_zero() {
        assert_eq!(mean_above(&[0.7, 0.71, 0.9], 0.7, &[true; 3]), [0.0, 0.5, 0.5]);
        let weights = mean_above(&[0.1, 0.7], 0.7, &[true; 2]);
        assert_eq!(number(smooth_l1(tensor(&[3.0, 4.0]), tensor(&[0.0; 2]), tensor(&weights))), 0.0);
        let outside = smooth_l1(tensor(&[3.0, 4.0]), tensor(&[f32::INFINITY, 3.5]), tensor(&[0.0, 1.0]));
        assert_eq!(number(outside), 0.125, "an infinite target of weight 0");
        // 0.5 x^2 below 1, |x| - 0.5 from 1 on.
        let loss = |x: f32| number(smooth_l1(tensor(&[x]), tensor(&[0.0]), tensor(&[1.0])));
        assert_eq!([0.5, -0.5, 1.0, -3.0].map(loss), [0.125, 0.125, 0.5, 2.5]);
    }

    #[test]
    fn class_negatives_are_three_for_each_positive_and_none_without_positive() {
        let mut hot = vec![0.0; 20];
        hot[4] = 1.0; // proposal 2, class 0
        let free = [false; 10];
        let weights =
            class_weights(&hot, 2, 3.0, &[true; 10], &free, &mut || (0..10).map(|index| index as f32).collect());
        assert_eq!(weights.iter().filter(|&&weight| weight == 0.25).count(), 4);
        assert!(weights[2] > 0.0 && weights[0] > 0.0 && weights[9] == 0.0);
        assert_eq!(class_weights(&[0.0; 4], 2, 3.0, &[true; 2], &free, &mut Vec::new), [0.0; 2]);
    }

    #[test]
    fn a_rejected_detection_is_a_negative_that_no_draw_leaves_out() {
        // The noise alone would choose proposals 0, 1 and 3.
        let mut hot = vec![0.0; 20];
        hot[4] = 1.0; // proposal 2, class 0
        let noise = || (0..10).map(|index| index as f32 / 10.0).collect::<Vec<f32>>();
        let forced: Vec<bool> = (0..10).map(|index| index >= 8).collect();
        let weights = class_weights(&hot, 2, 3.0, &[true; 10], &forced, &mut || noise());
        let chosen: Vec<usize> = (0..10).filter(|&index| weights[index] > 0.0).collect();
        assert_eq!(chosen, [0, 2, 8, 9]);
        let alone = class_weights(&[0.0; 20], 2, 3.0, &[true; 10], &forced, &mut || noise());
        assert_eq!(alone, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5], "without a positive too");

        let targets = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let weights = sampled_binary(&targets, 0.9, &[true; 10], &mut || known(vec![0.0; 10], &forced));
        assert_eq!(weights.negative.iter().filter(|&&weight| weight > 0.0).count(), 2);
        assert!(weights.negative[8] > 0.0 && weights.negative[9] > 0.0);
        let targets = [0.9, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5];
        let weights = sampled_squares(&targets, &[true; 10], &mut |_| known(vec![0.0; 10], &forced));
        let chosen: Vec<usize> = (0..10).filter(|&index| weights[index] > 0.0).collect();
        assert_eq!(chosen, [0, 8, 9], "of the low band and of the middle one");
    }

    #[test]
    fn what_is_left_out_changes_no_count() {
        let all = sampled_binary(&[1.0, 0.0, 0.0], 0.5, &[true, true, false], &mut || vec![0.9; 3]);
        let without = sampled_binary(&[1.0, 0.0], 0.5, &[true, true], &mut || vec![0.9; 2]);
        assert_eq!(all.positive[..2], without.positive[..]);
        assert_eq!(all.negative, [without.negative[0], without.negative[1], 0.0]);
    }
}
