//! Targets, losses, optimiser and schedule against the reference's recorded numbers (fixtures d, e, j).

use std::path::{Path, PathBuf};

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use etad::config::{LossForm, OptimizerKind, Scheduler};
use etad::train::losses::{self, Logs, Site};
use etad::train::optimizer::{Gradients, Optimizer};
use etad::train::schedule::Schedule;
use etad::train::targets::{self, BatchTargets, Span, Truth};

/// Tensors of a fixture file; the small ones travel with the repository.
struct Fixture(Vec<u8>);

impl Fixture {
    fn open(name: &str) -> Self {
        let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        Self(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    fn has(&self, name: &str) -> bool {
        safetensors::SafeTensors::deserialize(&self.0).expect("a safetensors file").tensor(name).is_ok()
    }

    fn shape(&self, name: &str) -> Vec<usize> {
        safetensors::SafeTensors::deserialize(&self.0)
            .expect("a safetensors file")
            .tensor(name)
            .expect(name)
            .shape()
            .to_vec()
    }

    /// Values of any type as f64.
    fn values(&self, name: &str) -> Vec<f64> {
        let file = safetensors::SafeTensors::deserialize(&self.0).expect("a safetensors file");
        let view = file.tensor(name).unwrap_or_else(|_| panic!("{name} is not in the fixture"));
        let data = view.data();
        match view.dtype() {
            safetensors::Dtype::F32 => {
                data.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect()
            }
            safetensors::Dtype::F64 => data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect(),
            safetensors::Dtype::I64 => {
                data.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes) as f64).collect()
            }
            other => panic!("{name} is {other:?}"),
        }
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        self.values(name).into_iter().map(|value| value as f32).collect()
    }

    fn spans(&self, name: &str) -> Vec<Span> {
        self.floats(name).as_chunks().0.to_vec()
    }
}

#[track_caller]
fn close(what: &str, ours: &[f32], reference: &[f32], absolute: f32, relative: f32) {
    assert_eq!(ours.len(), reference.len(), "{what}: length");
    for (index, (a, b)) in ours.iter().zip(reference).enumerate() {
        assert!((a - b).abs() <= absolute + relative * b.abs(), "{what}[{index}]: {a} instead of {b}");
    }
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn tensor(values: Vec<f32>) -> Tensor<1> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), &device())
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Loss and its gradient with respect to `pred`.
fn evaluate(pred: Vec<f32>, loss: impl FnOnce(Tensor<1>) -> Tensor<1>) -> (f32, Vec<f32>) {
    let count = pred.len();
    let pred = tensor(pred).require_grad();
    let value = loss(pred.clone());
    let number = host(value.clone())[0];
    let gradient = pred.grad(&value.backward()).map_or_else(|| vec![0.0; count], host);
    (number, gradient)
}

/// Every case of a loss in fixture d.
fn cases<'a>(fixture: &'a Fixture, prefix: &'a str) -> Vec<String> {
    let file = safetensors::SafeTensors::deserialize(&fixture.0).expect("a safetensors file");
    let mut names: Vec<String> = file
        .names()
        .into_iter()
        .filter_map(|name| name.strip_suffix(".loss"))
        .filter(|name| name.starts_with(prefix))
        .map(str::to_owned)
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{prefix} has cases");
    names
}

/// Relative tolerance 1e-5 as the fixture suggests (sums in another order), 1e-7 absolute for values near zero.
const LOSS: (f32, f32) = (1e-7, 1e-5);

#[test]
fn the_boundary_loss_agrees_in_value_and_gradient() {
    let fixture = Fixture::open("d_losses.safetensors");
    for case in cases(&fixture, "boundary.") {
        let (pred, target) = (fixture.floats(&format!("{case}.pred")), fixture.floats(&format!("{case}.target")));
        let form = if case.ends_with("official") { LossForm::Official } else { LossForm::OpenTad };
        let weights = losses::balanced(&target, &vec![true; target.len()]);
        let (loss, gradient) = evaluate(pred.clone(), |pred| {
            losses::binary(pred, tensor(weights.positive), tensor(weights.negative), Logs::from(form))
        });
        close(&case, &[loss], &fixture.floats(&format!("{case}.loss")), LOSS.0, LOSS.1);
        // At a probability of exactly 0 or 1 PyTorch divides by 1e-12; the sigmoid behind it then multiplies by 0. Ours is 0
        // at once; only interior points are compared. Gradients as large as 1e5 ask for a relative tolerance of 1e-4.
        let interior: Vec<usize> =
            (0..pred.len()).filter(|&at| form == LossForm::Official || (pred[at] > 0.0 && pred[at] < 1.0)).collect();
        let reference = fixture.floats(&format!("{case}.grad"));
        let pick = |values: &[f32]| interior.iter().map(|&at| values[at]).collect::<Vec<_>>();
        close(&format!("{case} gradient"), &pick(&gradient), &pick(&reference), 1e-6, 1e-4);
        assert!(gradient.iter().all(|value| value.is_finite()), "{case}: {gradient:?}");
    }
}

#[test]
fn the_sampled_binary_loss_agrees_in_every_branch() {
    let fixture = Fixture::open("d_losses.safetensors");
    for case in cases(&fixture, "sampled_bce.") {
        let (pred, target) = (fixture.floats(&format!("{case}.pred")), fixture.floats(&format!("{case}.target")));
        let threshold = fixture.floats(&format!("{case}.pos_thresh"))[0];
        let mut draws = 0;
        let weights = losses::sampled_binary(&target, threshold, &vec![true; target.len()], &mut || {
            draws += 1;
            fixture.floats(&format!("{case}.noise0"))
        });
        assert_eq!(draws as f64, fixture.values(&format!("{case}.num_draws"))[0], "{case}: draws");
        let (loss, gradient) = evaluate(pred, |pred| {
            losses::binary(pred, tensor(weights.positive), tensor(weights.negative), Logs::Shifted)
        });
        close(&case, &[loss], &fixture.floats(&format!("{case}.loss")), LOSS.0, LOSS.1);
        close(&format!("{case} gradient"), &gradient, &fixture.floats(&format!("{case}.grad")), 1e-6, 1e-5);
    }
}

#[test]
fn the_sampled_squares_agree_in_every_branch() {
    let fixture = Fixture::open("d_losses.safetensors");
    for case in cases(&fixture, "sampled_l2.") {
        let (pred, target) = (fixture.floats(&format!("{case}.pred")), fixture.floats(&format!("{case}.target")));
        let mut draws = 0;
        let weights = losses::sampled_squares(&target, &vec![true; target.len()], &mut |site| {
            draws += 1;
            fixture.floats(&format!("{case}.noise{}", usize::from(site == Site::SquaresLow)))
        });
        assert_eq!(draws as f64, fixture.values(&format!("{case}.num_draws"))[0], "{case}: draws");
        let (loss, gradient) = evaluate(pred, |pred| losses::squares(pred, tensor(target), tensor(weights)));
        close(&case, &[loss], &fixture.floats(&format!("{case}.loss")), LOSS.0, LOSS.1);
        close(&format!("{case} gradient"), &gradient, &fixture.floats(&format!("{case}.grad")), 1e-7, 1e-5);
    }
}

#[test]
fn the_offset_loss_agrees_and_is_zero_without_a_good_proposal() {
    let fixture = Fixture::open("d_losses.safetensors");
    for case in cases(&fixture, "smooth_l1.") {
        let (pred, target) = (fixture.floats(&format!("{case}.pred")), fixture.floats(&format!("{case}.target")));
        let ious = fixture.floats(&format!("{case}.gt_iou"));
        let weights = losses::mean_above(&ious, 0.7, &vec![true; ious.len()]);
        let (loss, gradient) = evaluate(pred, |pred| losses::smooth_l1(pred, tensor(target), tensor(weights)));
        close(&case, &[loss], &fixture.floats(&format!("{case}.loss")), LOSS.0, LOSS.1);
        close(&format!("{case} gradient"), &gradient, &fixture.floats(&format!("{case}.grad")), 1e-7, 1e-5);
    }
}

#[test]
fn targets_agree_with_both_references() {
    let fixture = Fixture::open("e_targets.safetensors");
    let tscale = fixture.shape("opentad.startness")[1];
    let count = fixture.shape("proposals")[1];
    let truths: Vec<Truth> =
        (0..3).map(|item| Truth { segments: fixture.spans(&format!("gt{item}")), ..Truth::default() }).collect();
    let proposals: Vec<Vec<Span>> = fixture.spans("proposals").chunks(count).map(<[Span]>::to_vec).collect();
    let batch = BatchTargets::new(&truths, &proposals, tscale, LossForm::OpenTad, true);
    // 1e-5: float32 arithmetic in the reference's order; counts of cells are exact.
    close("startness", &batch.startness.concat(), &fixture.floats("opentad.startness"), 0.0, 0.0);
    close("endness", &batch.endness.concat(), &fixture.floats("opentad.endness"), 0.0, 0.0);
    let assigned: Vec<f32> = batch
        .assigned
        .iter()
        .zip(&truths)
        .flat_map(|(indices, truth)| indices.iter().flat_map(|&index| truth.segments[index]))
        .collect();
    close("assigned", &assigned, &fixture.floats("opentad.assigned"), 1e-6, 0.0);
    let stage = batch.stage(&proposals);
    close("iou", &stage.iou, &fixture.floats("opentad.gt_iou"), 1e-6, 1e-5);
    close("offsets", &stage.offsets.concat(), &fixture.floats("opentad.gt_reg"), 1e-5, 1e-5);
    close("start class", &stage.start, &fixture.floats("opentad.cls_start"), 0.0, 0.0);
    close("end class", &stage.end, &fixture.floats("opentad.cls_end"), 0.0, 0.0);
    for item in 0..3 {
        let matrix: Vec<f32> = proposals[item]
            .iter()
            .flat_map(|&span| truths[item].segments.iter().map(move |&truth| (span, truth)))
            .map(|(span, truth)| targets::assignment_iou(span, truth, tscale, LossForm::OpenTad))
            .collect();
        close("iou matrix", &matrix, &fixture.floats(&format!("opentad.iou_matrix{item}")), 1e-6, 1e-5);

        // The official code works in 0..1; its truths are clamped.
        let scale = tscale as f32;
        let official: Vec<Span> =
            fixture.spans(&format!("official.gt{item}")).iter().map(|span| span.map(|value| value * scale)).collect();
        for (side, name) in ["startness", "endness"].into_iter().enumerate() {
            let curve = targets::boundary_curve(official.iter().map(|span| span[side]), tscale, false);
            close(name, &curve, &fixture.floats(&format!("official.{name}{item}")), 1e-5, 0.0);
        }
        let chosen: Vec<f32> = proposals[item]
            .iter()
            .flat_map(|&span| official[targets::assign(span, &official, tscale, LossForm::Official)])
            .map(|value| value / scale)
            .collect();
        close("official assigned", &chosen, &fixture.floats(&format!("official.assigned{item}")), 1e-6, 0.0);
    }
}

#[derive(Module, Debug)]
struct Pair {
    p0: Param<Tensor<2>>,
    p1: Param<Tensor<1>>,
    still: Param<Tensor<1>>,
}

#[test]
fn six_steps_of_both_optimisers_agree_and_a_parameter_without_gradient_stays() {
    let fixture = Fixture::open("j_optim.safetensors");
    for (kind, prefix) in [(OptimizerKind::AdamW, "adamw"), (OptimizerKind::Adam, "adam_l2")] {
        let p0 = Tensor::<2>::from_data(TensorData::new(fixture.floats("p0"), [4, 5]), &device());
        let mut pair = Pair {
            p0: Param::from_tensor(p0),
            p1: Param::from_tensor(tensor(fixture.floats("p1"))),
            still: Param::from_tensor(tensor(vec![3.0])),
        };
        let mut optimizer = Optimizer::new(kind, 1e-2);
        for step in 0..6 {
            let mut gradients = Gradients::default();
            for name in ["p0", "p1"] {
                gradients.insert(format!("g.{name}"), tensor(fixture.floats(&format!("grad{step}.{name}"))).inner());
            }
            let norm = host(gradients.clip(1.0).expect("there are gradients"));
            close("norm", &norm, &fixture.floats(&format!("clip{step}.norm")), 0.0, 1e-6);
            let clipped = host(gradients.get("g.p0").expect("p0").clone());
            close("clipped", &clipped, &fixture.floats(&format!("clip{step}.p0")), 1e-7, 1e-6);
            // Saving and loading in the middle must change nothing.
            let saved = optimizer.save();
            optimizer = Optimizer::new(kind, 1e-2);
            optimizer.load(saved, &device());
            pair = optimizer.step("g", pair, &gradients, 1e-3);
            // 1e-6: float32 rounding of the update.
            close("p0", &host(pair.p0.val()), &fixture.floats(&format!("{prefix}.after{step}.p0")), 1e-6, 0.0);
            close("p1", &host(pair.p1.val()), &fixture.floats(&format!("{prefix}.after{step}.p1")), 1e-6, 0.0);
        }
        assert_eq!(host(pair.still.val()), [3.0]);
        assert!(pair.p0.val().is_require_grad());
    }
}

#[test]
fn learning_rates_drop_at_the_first_iteration_of_the_milestone_epoch() {
    let fixture = Fixture::open("j_optim.safetensors");
    for (name, per_epoch, epochs) in [("lr.anet.n7_f64", 7, 6), ("lr.thumos.n3_f64", 3, 8)] {
        let schedule = Schedule::new(&Scheduler::default(), per_epoch, epochs);
        for (step, rates) in fixture.values(name).as_chunks::<2>().0.iter().enumerate() {
            for (rate, base) in rates.iter().zip([5e-7, 5e-4]) {
                // 1e-12 relative: the reference multiplies the previous rate, we the base rate.
                assert!((schedule.factor(step) * base - rate).abs() <= 1e-12 * rate, "{name} at {step}");
            }
        }
    }
}
