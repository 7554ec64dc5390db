//! What the detector should say about one item: boundary curves, assigned truths, IoUs and offsets (spec 6.1, 6.2, 6.6, 6.7).
//!
//! Plain `f32` arithmetic on the host in the reference's operation order; times are snippet units, `0..tscale`.

use crate::config::LossForm;

/// A segment `[start, end]` in snippet units.
pub type Span = [f32; 2];

/// The truth of one item, in snippet units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Annotated segments; may reach beyond `0..tscale`.
    pub segments: Vec<Span>,
    /// Class index of each segment.
    pub classes: Vec<usize>,
    /// Regions nobody annotated: proposals and cells mostly inside enter no loss (spec 18).
    pub ignored: Vec<Span>,
    /// Rejected detections: negatives that always enter the losses (spec 18).
    pub rejected: Vec<Span>,
}

impl Truth {
    /// Whether there is anything to learn: an action, or a detection that is known to be wrong.
    #[must_use]
    pub fn teaches(&self) -> bool {
        !self.segments.is_empty() || !self.rejected.is_empty()
    }

    /// The rejected detections that take part among so many proposals: at most half of them give way.
    fn rejected_among(&self, proposals: usize) -> &[Span] {
        &self.rejected[..self.rejected.len().min(proposals / 2)]
    }

    /// Drawn proposals with the rejected detections in place of the last ones, so that their number stays (spec 18).
    #[must_use]
    pub fn with_rejected(&self, mut drawn: Vec<Span>) -> Vec<Span> {
        let known = self.rejected_among(drawn.len());
        let first = drawn.len() - known.len();
        drawn[first..].copy_from_slice(known);
        drawn
    }
}

/// Half the width of the region around a boundary, in snippets (spec 6.2).
const BOUNDARY_REACH: f32 = 1.5;

/// Startness of every cell, or endness when `points` are the ends: the largest covered share over the boundaries (spec 6.2).
///
/// `truncate` cuts the share to 0 or 1 as OpenTAD does; otherwise it keeps the fraction with the official code's denominator.
#[must_use]
pub fn boundary_curve(points: impl Iterator<Item = f32> + Clone, tscale: usize, truncate: bool) -> Vec<f32> {
    let cell_length = if truncate { 1.0 } else { 1.0 + 1e-6 * tscale as f32 };
    (0..tscale)
        .map(|cell| {
            let (left, right) = (cell as f32, cell as f32 + 1.0);
            let covered = points.clone().fold(0.0f32, |most, point| {
                let inside = right.min(point + BOUNDARY_REACH) - left.max(point - BOUNDARY_REACH);
                most.max(inside.max(0.0) / cell_length)
            });
            if truncate { covered.trunc() } else { covered }
        })
        .collect()
}

/// Overlap of two spans and the length of their union, both in snippets.
fn overlap(a: Span, b: Span) -> (f32, f32) {
    let inter = (a[1].min(b[1]) - a[0].max(b[0])).max(0.0);
    (inter, (a[1] - a[0]) + (b[1] - b[0]) - inter)
}

/// IoU by which truths are assigned (spec 6.1): OpenTAD clamps the union, the official code adds an epsilon in 0..1 units.
#[must_use]
pub fn assignment_iou(proposal: Span, truth: Span, tscale: usize, form: LossForm) -> f32 {
    let (inter, union) = overlap(proposal, truth);
    match form {
        LossForm::OpenTad => inter / union.max(1e-6),
        LossForm::Official => inter / (union + 1e-6 * tscale as f32),
    }
}

/// IoU target of a cascade stage: of the assigned truth and the stage's own proposal (spec 6.1).
#[must_use]
pub fn stage_iou(proposal: Span, truth: Span) -> f32 {
    let (inter, union) = overlap(proposal, truth);
    inter / union.max(1e-6)
}

/// Index of the truth with the largest IoU, the first among equals; 0 where nothing overlaps (spec 6.1).
#[must_use]
pub fn assign(proposal: Span, truths: &[Span], tscale: usize, form: LossForm) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &truth) in truths.iter().enumerate() {
        let iou = assignment_iou(proposal, truth, tscale, form);
        if iou > best.1 {
            best = (index, iou);
        }
    }
    best.0
}

/// Offsets (start, end, centre, width) from a proposal to its truth (spec 6.6).
#[must_use]
pub fn offsets(proposal: Span, truth: Span) -> [f32; 4] {
    let length = (proposal[1] - proposal[0]).max(1e-6);
    let truth_length = (truth[1] - truth[0]).max(1e-6);
    let start = (truth[0] - proposal[0]) / length;
    let end = (truth[1] - proposal[1]) / length;
    [start, end, (start + end) / 2.0, (truth_length / length + 1e-6).ln()]
}

/// Value of a boundary curve at a coordinate: truncated toward zero, then clamped to the curve (spec 6.7).
#[must_use]
pub fn boundary_at(curve: &[f32], coordinate: f32) -> f32 {
    let cell = (coordinate.trunc().max(0.0) as usize).min(curve.len().saturating_sub(1));
    curve.get(cell).copied().unwrap_or(0.0)
}

/// Whether more than half of `span` lies in one region that nobody annotated (spec 18); never of one that ends before it starts, as
/// refined proposals may.
#[must_use]
pub fn mostly_inside(span: Span, regions: &[Span]) -> bool {
    let inside = |region: &Span| overlap(span, *region).0;
    regions.iter().map(inside).any(|inside| inside > 0.0 && inside > 0.5 * (span[1] - span[0]))
}

/// Targets of one cascade stage, flattened over `[batch, proposals]`.
#[derive(Clone, Debug, Default)]
pub struct StageTargets {
    /// IoU of proposal and assigned truth, 0..1.
    pub iou: Vec<f32>,
    /// Offsets to the assigned truth.
    pub offsets: Vec<[f32; 4]>,
    /// Startness at the proposal's start.
    pub start: Vec<f32>,
    /// Endness at the proposal's end.
    pub end: Vec<f32>,
    /// Whether the proposal enters the losses (spec 18, regions "not annotated").
    pub keep: Vec<bool>,
    /// Whether it is a rejected detection, which no draw of negatives leaves out (spec 18).
    pub forced: Vec<bool>,
}

/// What stays the same in all stages: boundary curves and assigned truths of a batch (spec 6.1, 6.2).
#[derive(Clone, Debug)]
pub struct BatchTargets<'a> {
    /// Truth of each item.
    pub truths: &'a [Truth],
    /// Startness of each item, `tscale` values.
    pub startness: Vec<Vec<f32>>,
    /// Endness of each item.
    pub endness: Vec<Vec<f32>>,
    /// Index of the assigned truth for each item and initial proposal.
    pub assigned: Vec<Vec<usize>>,
}

impl<'a> BatchTargets<'a> {
    /// Curves and assignment for the initial proposals of each item.
    #[must_use]
    pub fn new(truths: &'a [Truth], initial: &[Vec<Span>], tscale: usize, form: LossForm, truncate: bool) -> Self {
        let curve = |truth: &Truth, side: usize| {
            boundary_curve(truth.segments.iter().map(move |segment| segment[side]), tscale, truncate)
        };
        Self {
            truths,
            startness: truths.iter().map(|truth| curve(truth, 0)).collect(),
            endness: truths.iter().map(|truth| curve(truth, 1)).collect(),
            assigned: truths
                .iter()
                .zip(initial)
                .map(|(truth, proposals)| {
                    proposals.iter().map(|&proposal| assign(proposal, &truth.segments, tscale, form)).collect()
                })
                .collect(),
        }
    }

    /// Targets of a stage from its input proposals.
    #[must_use]
    pub fn stage(&self, proposals: &[Vec<Span>]) -> StageTargets {
        let mut targets = StageTargets::default();
        for (item, spans) in proposals.iter().enumerate() {
            let truth = &self.truths[item];
            let first_rejected = spans.len() - truth.rejected_among(spans.len()).len();
            for (place, (&span, &index)) in spans.iter().zip(&self.assigned[item]).enumerate() {
                // An item without truth has no overlap; its offsets are never used.
                let segment = truth.segments.get(index).copied();
                targets.iou.push(segment.map_or(0.0, |segment| stage_iou(span, segment)));
                targets.offsets.push(segment.map_or([0.0; 4], |segment| offsets(span, segment)));
                targets.start.push(boundary_at(&self.startness[item], span[0]));
                targets.end.push(boundary_at(&self.endness[item], span[1]));
                let forced = place >= first_rejected;
                targets.forced.push(forced);
                targets.keep.push(forced || !mostly_inside(span, &truth.ignored));
            }
        }
        targets
    }

    /// Whether each cell enters the boundary loss, flattened over `[batch, tscale]`.
    #[must_use]
    pub fn cells_kept(&self) -> Vec<bool> {
        self.truths
            .iter()
            .zip(&self.startness)
            .flat_map(|(truth, curve)| {
                (0..curve.len()).map(|cell| !mostly_inside([cell as f32, cell as f32 + 1.0], &truth.ignored))
            })
            .collect()
    }

    /// Classes of each proposal, flattened over `[batch, proposals, classes]`: 1 for every truth of which the proposal
    /// overlaps more than `threshold` (spec 18).
    #[must_use]
    pub fn classes(&self, proposals: &[Vec<Span>], count: usize, threshold: f32) -> Vec<f32> {
        let mut hot = Vec::new();
        for (truth, spans) in self.truths.iter().zip(proposals) {
            for &span in spans {
                let row = hot.len();
                hot.resize(row + count, 0.0);
                for (&segment, &class) in truth.segments.iter().zip(&truth.classes) {
                    if stage_iou(span, segment) > threshold && class < count {
                        hot[row + class] = 1.0;
                    }
                }
            }
        }
        hot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_at_two_marks_the_two_cells_wholly_inside_its_region() {
        let curve = boundary_curve([2.0].into_iter(), 5, true);
        assert_eq!(curve, [0.0, 1.0, 1.0, 0.0, 0.0]);
        let fractional = boundary_curve([2.0].into_iter(), 5, false);
        assert!((fractional[0] - 0.5).abs() < 1e-4 && (fractional[3] - 0.5).abs() < 1e-4);
    }

    #[test]
    fn only_cells_wholly_inside_one_region_are_marked() {
        let curve = |points: &[f32]| boundary_curve(points.iter().copied(), 6, true);
        assert_eq!(curve(&[-1.5]), [0.0; 6], "the region ends where the first cell begins");
        assert_eq!(curve(&[0.0]), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(curve(&[6.0]), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(curve(&[2.5]), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0], "a region of three whole cells");
        // [-0.2, 2.8] and [2.3, 5.3]: cell 2 is in both regions together, but in neither alone.
        assert_eq!(curve(&[1.3, 3.8]), [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(curve(&[]), [0.0; 6]);
    }

    #[test]
    fn the_official_curve_keeps_the_fraction_and_a_full_cell_lacks_a_little() {
        let curve = boundary_curve([2.25].into_iter(), 128, false);
        assert!((curve[1] - 1.0 / (1.0 + 128e-6)).abs() < 1e-6, "0.99987 of spec 6.2: {}", curve[1]);
        assert!((curve[0] - 0.25).abs() < 1e-4 && (curve[3] - 0.75).abs() < 1e-4);
    }

    #[test]
    fn the_first_of_equal_truths_is_assigned_and_without_overlap_the_first_of_all() {
        let truths = [[10.0, 12.0], [0.0, 4.0], [4.0, 8.0]];
        for form in [LossForm::OpenTad, LossForm::Official] {
            assert_eq!(assign([2.0, 6.0], &truths, 16, form), 1);
            assert_eq!(assign([13.0, 15.0], &truths, 16, form), 0);
            assert_eq!(assign([5.0, 7.0], &truths, 16, form), 2);
        }
    }

    #[test]
    fn overlaps_are_worked_out_by_hand() {
        assert_eq!(stage_iou([2.0, 6.0], [4.0, 8.0]), 2.0 / 6.0);
        assert_eq!(stage_iou([2.0, 2.0], [2.0, 2.0]), 0.0, "two points: the union is held above zero");
        assert_eq!(stage_iou([6.0, 2.0], [2.0, 6.0]), 0.0, "an inverted proposal overlaps nothing");
        let official = assignment_iou([2.0, 6.0], [4.0, 8.0], 128, LossForm::Official);
        assert!((official - 2.0 / (6.0 + 128e-6)).abs() < 1e-7);
    }

    #[test]
    fn offsets_are_worked_out_by_hand_and_stay_finite_without_length() {
        let [start, end, centre, width] = offsets([2.0, 6.0], [3.0, 5.0]);
        assert_eq!([start, end, centre], [0.25, -0.25, 0.0]);
        assert!((width - 0.500_001f32.ln()).abs() < 1e-6);
        let point = offsets([2.0, 2.0], [2.0, 3.0]);
        assert_eq!(point[..2], [0.0, 1e6]);
        assert!(point.iter().all(|value| value.is_finite()));
        // A truth without length: ln(1e-6 / 4 + 1e-6).
        assert!((offsets([0.0, 4.0], [1.0, 1.0])[3] - 1.25e-6f32.ln()).abs() < 1e-4);
    }

    #[test]
    fn the_same_truth_is_kept_in_later_stages_and_its_overlap_is_new() {
        let truths = [Truth { segments: vec![[0.0, 4.0], [4.0, 8.0]], ..Truth::default() }];
        let initial = vec![vec![[0.0, 5.0]]];
        let batch = BatchTargets::new(&truths, &initial, 8, LossForm::OpenTad, true);
        assert_eq!(batch.stage(&initial).iou, [0.8]);
        // Refined onto the other truth, it is still judged by the first.
        assert_eq!(batch.stage(&[vec![[4.0, 8.0]]]).iou, [0.0]);
    }

    #[test]
    fn an_end_is_looked_up_in_the_cell_at_its_coordinate() {
        let curve: Vec<f32> = (0..8).map(|cell| cell as f32).collect();
        assert_eq!(
            [5.0, 5.99, 8.0, 12.5, -0.3, -7.0].map(|end| boundary_at(&curve, end)),
            [5.0, 5.0, 7.0, 7.0, 0.0, 0.0]
        );
    }

    #[test]
    fn coordinates_truncate_and_the_last_cell_is_clamped() {
        let curve = [1.0, 2.0, 3.0];
        assert_eq!(boundary_at(&curve, -0.7), 1.0);
        assert_eq!(boundary_at(&curve, 1.99), 2.0);
        assert_eq!(boundary_at(&curve, 3.0), 3.0);
    }

    #[test]
    fn a_proposal_mostly_in_a_gap_of_annotation_is_left_out() {
        assert!(mostly_inside([2.0, 6.0], &[[0.0, 4.5]]));
        assert!(!mostly_inside([2.0, 6.0], &[[0.0, 4.0]]));
        assert!(!mostly_inside([2.0, 6.0], &[[2.0, 3.5], [4.0, 5.5]]), "one region alone, as in evaluations");
        assert!(
            !mostly_inside([6.0, 2.0], &[]) && !mostly_inside([6.0, 2.0], &[[0.0, 8.0]]),
            "a negative like any other"
        );
    }

    #[test]
    fn rejected_detections_take_the_last_places_and_are_kept_in_a_gap() {
        let truth = Truth { ignored: vec![[0.0, 8.0]], rejected: vec![[1.0, 2.0]; 3], ..Truth::default() };
        let drawn = vec![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]];
        let proposals = [truth.with_rejected(drawn.clone())];
        assert_eq!(proposals[0], [[0.0, 1.0], [2.0, 3.0], [1.0, 2.0], [1.0, 2.0]], "at most half give way");
        let truths = [truth];
        let targets = BatchTargets::new(&truths, &proposals, 8, LossForm::OpenTad, true).stage(&proposals);
        assert_eq!((targets.forced, targets.keep), (vec![false, false, true, true], vec![false, false, true, true]));
        assert_eq!(Truth::default().with_rejected(drawn.clone()), drawn);
    }

    #[test]
    fn an_item_without_truth_has_no_overlap_and_no_class() {
        let truths = [Truth::default()];
        let proposals = vec![vec![[0.0, 3.0]]];
        let targets = BatchTargets::new(&truths, &proposals, 8, LossForm::OpenTad, true);
        assert_eq!(targets.stage(&proposals).iou, [0.0]);
        assert_eq!(targets.classes(&proposals, 2, 0.5), [0.0, 0.0]);
    }
}
