//! From offsets to better segments (spec 4.7).

use burn::tensor::Tensor;

/// Proposals `[batch, K, 2]` moved by offsets `[batch, K, 4]` (ds, de, dc, dw): the mean of the segment that the two boundary offsets
/// give and the one that centre and width give. Detached: no gradient runs through proposals. Nothing is clamped.
#[must_use]
pub fn refine(proposals: Tensor<3>, offsets: Tensor<3>) -> Tensor<3> {
    let offsets = offsets.detach();
    let column = |x: &Tensor<3>, index: usize| x.clone().narrow(2, index, 1);
    let (start, end) = (column(&proposals, 0), column(&proposals, 1));
    let length = end.clone() - start.clone();
    let middle = (start + end) / 2.0;
    let (ds, de) = (column(&offsets, 0), column(&offsets, 1));
    let (dc, dw) = (column(&offsets, 2), column(&offsets, 3));

    let length_a = length.clone() + length.clone() * (de.clone() - ds.clone());
    let middle_a = middle.clone() + length.clone() * (ds + de) / 2.0;
    let middle_b = middle + dc * length.clone();
    let length_b = length * dw.exp();
    let start = ((middle_a.clone() - length_a.clone() / 2.0) + (middle_b.clone() - length_b.clone() / 2.0)) / 2.0;
    let end = ((middle_a + length_a / 2.0) + (middle_b + length_b / 2.0)) / 2.0;
    Tensor::cat(vec![start, end], 2)
}
