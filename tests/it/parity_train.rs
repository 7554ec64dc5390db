//! Targets, losses, optimiser and schedule against the reference's recorded numbers (fixtures d, e, j).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use etad::config::{LossForm, OptimizerKind, Scheduler};
use etad::model::weights::{Array, Named, Weights};
use etad::train::losses::{self, Logs, Site};
use etad::train::objective::Losses;
use etad::train::optimizer::{Gradients, Optimizer};
use etad::train::schedule::Schedule;
use etad::train::targets::{self, BatchTargets, Span, Truth};
use etad::{config, model};

use crate::fixtures::{Fixture, Values};

#[track_caller]
pub(crate) fn close(what: &str, ours: &[f32], reference: &[f32], absolute: f32, relative: f32) {
    assert_eq!(ours.len(), reference.len(), "{what}: length");
    for (index, (a, b)) in ours.iter().zip(reference).enumerate() {
        assert!((a - b).abs() <= absolute + relative * b.abs(), "{what}[{index}]: {a} instead of {b}");
    }
}

fn tensor(device: &Device, values: Vec<f32>) -> Tensor<1> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), &device.clone().autodiff())
}

pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Loss and its gradient with respect to `pred`.
fn evaluate(device: &Device, pred: Vec<f32>, loss: impl FnOnce(Tensor<1>) -> Tensor<1>) -> (f32, Vec<f32>) {
    let count = pred.len();
    let pred = tensor(device, pred).require_grad();
    let value = loss(pred.clone());
    let number = host(value.clone())[0];
    let gradient = pred.grad(&value.backward()).map_or_else(|| vec![0.0; count], host);
    (number, gradient)
}

/// Every case of a loss in fixture d.
fn cases(fixture: &Fixture, prefix: &str) -> Vec<String> {
    let names: Vec<String> = fixture
        .names()
        .filter_map(|name| name.strip_suffix(".loss"))
        .filter(|name| name.starts_with(prefix))
        .map(str::to_owned)
        .collect();
    assert!(!names.is_empty(), "{prefix} has cases");
    names
}

pub(crate) fn spans(fixture: &Fixture, name: impl AsRef<str>) -> Vec<Span> {
    fixture.f32(name.as_ref()).as_chunks().0.to_vec()
}

fn doubles(fixture: &Fixture, name: &str) -> Vec<f64> {
    match &fixture.get(name).values {
        Values::F64(values) => values.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

/// Relative tolerance 1e-5 as the fixture suggests (sums in another order), 1e-7 absolute for values near zero.
const LOSS: (f32, f32) = (1e-7, 1e-5);

#[test]
fn the_boundary_loss_agrees_in_value_and_gradient() {
    boundary_loss(&Device::flex());
}

pub(crate) fn boundary_loss(device: &Device) {
    let fixture = Fixture::load("d_losses.safetensors");
    for case in cases(&fixture, "boundary.") {
        let (pred, target) = (fixture.f32(&format!("{case}.pred")), fixture.f32(&format!("{case}.target")));
        let form = if case.ends_with("official") { LossForm::Official } else { LossForm::OpenTad };
        let weights = losses::balanced(&target, &vec![true; target.len()]);
        let (loss, gradient) = evaluate(device, pred.clone(), |pred| {
            losses::binary(pred, tensor(device, weights.positive), tensor(device, weights.negative), Logs::from(form))
        });
        close(&case, &[loss], &fixture.f32(&format!("{case}.loss")), LOSS.0, LOSS.1);
        // At a probability of exactly 0 or 1 PyTorch divides by 1e-12; the sigmoid behind it then multiplies by 0. Ours is 0
        // at once; only interior points are compared. Gradients as large as 1e5 ask for a relative tolerance of 1e-4.
        let interior: Vec<usize> =
            (0..pred.len()).filter(|&at| form == LossForm::Official || (pred[at] > 0.0 && pred[at] < 1.0)).collect();
        let reference = fixture.f32(&format!("{case}.grad"));
        let pick = |values: &[f32]| interior.iter().map(|&at| values[at]).collect::<Vec<_>>();
        close(&format!("{case} gradient"), &pick(&gradient), &pick(&reference), 1e-6, 1e-4);
        assert!(gradient.iter().all(|value| value.is_finite()), "{case}: {gradient:?}");
    }
}

#[test]
fn the_sampled_binary_loss_agrees_in_every_branch() {
    sampled_binary_loss(&Device::flex());
}

pub(crate) fn sampled_binary_loss(device: &Device) {
    let fixture = Fixture::load("d_losses.safetensors");
    for case in cases(&fixture, "sampled_bce.") {
        let (pred, target) = (fixture.f32(&format!("{case}.pred")), fixture.f32(&format!("{case}.target")));
        let threshold = fixture.f32(&format!("{case}.pos_thresh"))[0];
        let mut draws = 0;
        let weights = losses::sampled_binary(&target, threshold, &vec![true; target.len()], &mut || {
            draws += 1;
            fixture.f32(&format!("{case}.noise0"))
        });
        assert_eq!(draws as f64, f64::from(fixture.f32(&format!("{case}.num_draws"))[0]), "{case}: draws");
        let (loss, gradient) = evaluate(device, pred, |pred| {
            losses::binary(pred, tensor(device, weights.positive), tensor(device, weights.negative), Logs::Shifted)
        });
        close(&case, &[loss], &fixture.f32(&format!("{case}.loss")), LOSS.0, LOSS.1);
        close(&format!("{case} gradient"), &gradient, &fixture.f32(&format!("{case}.grad")), 1e-6, 1e-5);
    }
}

#[test]
fn the_sampled_squares_agree_in_every_branch() {
    sampled_squares(&Device::flex());
}

pub(crate) fn sampled_squares(device: &Device) {
    let fixture = Fixture::load("d_losses.safetensors");
    for case in cases(&fixture, "sampled_l2.") {
        let (pred, target) = (fixture.f32(&format!("{case}.pred")), fixture.f32(&format!("{case}.target")));
        let mut draws = 0;
        let weights = losses::sampled_squares(&target, &vec![true; target.len()], &mut |site| {
            draws += 1;
            fixture.f32(&format!("{case}.noise{}", usize::from(site == Site::SquaresLow)))
        });
        assert_eq!(draws as f64, f64::from(fixture.f32(&format!("{case}.num_draws"))[0]), "{case}: draws");
        let (loss, gradient) =
            evaluate(device, pred, |pred| losses::squares(pred, tensor(device, target), tensor(device, weights)));
        close(&case, &[loss], &fixture.f32(&format!("{case}.loss")), LOSS.0, LOSS.1);
        close(&format!("{case} gradient"), &gradient, &fixture.f32(&format!("{case}.grad")), 1e-7, 1e-5);
    }
}

#[test]
fn the_offset_loss_agrees_and_is_zero_without_a_good_proposal() {
    offset_loss(&Device::flex());
}

pub(crate) fn offset_loss(device: &Device) {
    let fixture = Fixture::load("d_losses.safetensors");
    for case in cases(&fixture, "smooth_l1.") {
        let (pred, target) = (fixture.f32(&format!("{case}.pred")), fixture.f32(&format!("{case}.target")));
        let ious = fixture.f32(&format!("{case}.gt_iou"));
        let weights = losses::mean_above(&ious, 0.7, &vec![true; ious.len()]);
        let (loss, gradient) =
            evaluate(device, pred, |pred| losses::smooth_l1(pred, tensor(device, target), tensor(device, weights)));
        close(&case, &[loss], &fixture.f32(&format!("{case}.loss")), LOSS.0, LOSS.1);
        close(&format!("{case} gradient"), &gradient, &fixture.f32(&format!("{case}.grad")), 1e-7, 1e-5);
    }
}

#[test]
fn targets_agree_with_both_references() {
    let fixture = Fixture::load("e_targets.safetensors");
    let tscale = fixture.get("opentad.startness").shape[1];
    let count = fixture.get("proposals").shape[1];
    let truths: Vec<Truth> =
        (0..3).map(|item| Truth { segments: spans(&fixture, format!("gt{item}")), ..Truth::default() }).collect();
    let proposals: Vec<Vec<Span>> = spans(&fixture, "proposals").chunks(count).map(<[Span]>::to_vec).collect();
    let batch = BatchTargets::new(&truths, &proposals, tscale, LossForm::OpenTad, true);
    // 1e-5: float32 arithmetic in the reference's order; counts of cells are exact.
    close("startness", &batch.startness.concat(), &fixture.f32("opentad.startness"), 0.0, 0.0);
    close("endness", &batch.endness.concat(), &fixture.f32("opentad.endness"), 0.0, 0.0);
    let assigned: Vec<f32> = batch
        .assigned
        .iter()
        .zip(&truths)
        .flat_map(|(indices, truth)| indices.iter().flat_map(|&index| truth.segments[index]))
        .collect();
    close("assigned", &assigned, &fixture.f32("opentad.assigned"), 1e-6, 0.0);
    let stage = batch.stage(&proposals);
    close("iou", &stage.iou, &fixture.f32("opentad.gt_iou"), 1e-6, 1e-5);
    close("offsets", &stage.offsets.concat(), &fixture.f32("opentad.gt_reg"), 1e-5, 1e-5);
    close("start class", &stage.start, &fixture.f32("opentad.cls_start"), 0.0, 0.0);
    close("end class", &stage.end, &fixture.f32("opentad.cls_end"), 0.0, 0.0);
    for item in 0..3 {
        let matrix: Vec<f32> = proposals[item]
            .iter()
            .flat_map(|&span| truths[item].segments.iter().map(move |&truth| (span, truth)))
            .map(|(span, truth)| targets::assignment_iou(span, truth, tscale, LossForm::OpenTad))
            .collect();
        close("iou matrix", &matrix, &fixture.f32(&format!("opentad.iou_matrix{item}")), 1e-6, 1e-5);

        // The official code works in 0..1; its truths are clamped.
        let scale = tscale as f32;
        let official: Vec<Span> =
            spans(&fixture, format!("official.gt{item}")).iter().map(|span| span.map(|value| value * scale)).collect();
        for (side, name) in ["startness", "endness"].into_iter().enumerate() {
            let curve = targets::boundary_curve(official.iter().map(|span| span[side]), tscale, false);
            close(name, &curve, &fixture.f32(&format!("official.{name}{item}")), 1e-5, 0.0);
        }
        let chosen: Vec<f32> = proposals[item]
            .iter()
            .flat_map(|&span| official[targets::assign(span, &official, tscale, LossForm::Official)])
            .map(|value| value / scale)
            .collect();
        close("official assigned", &chosen, &fixture.f32(&format!("official.assigned{item}")), 1e-6, 0.0);
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
    optimisers(&Device::flex());
}

pub(crate) fn optimisers(device: &Device) {
    let device = device.clone().autodiff();
    let fixture = Fixture::load("j_optim.safetensors");
    for (kind, prefix) in [(OptimizerKind::AdamW, "adamw"), (OptimizerKind::Adam, "adam_l2")] {
        let p0 = Tensor::<2>::from_data(TensorData::new(fixture.f32("p0"), [4, 5]), &device);
        let mut pair = Pair {
            p0: Param::from_tensor(p0),
            p1: Param::from_tensor(tensor(&device, fixture.f32("p1"))),
            still: Param::from_tensor(tensor(&device, vec![3.0])),
        };
        let mut optimizer = Optimizer::new(kind, 1e-2);
        for step in 0..6 {
            let mut gradients = Gradients::default();
            for name in ["p0", "p1"] {
                gradients
                    .insert(format!("g.{name}"), tensor(&device, fixture.f32(&format!("grad{step}.{name}"))).inner());
            }
            let norm = host(gradients.clip(1.0).expect("there are gradients"));
            close("norm", &norm, &fixture.f32(&format!("clip{step}.norm")), 0.0, 1e-6);
            let clipped = host(gradients.get("g.p0").expect("p0").clone());
            close("clipped", &clipped, &fixture.f32(&format!("clip{step}.p0")), 1e-7, 1e-6);
            // Saving and loading in the middle must change nothing.
            let saved = optimizer.save();
            optimizer = Optimizer::new(kind, 1e-2);
            optimizer.load(saved, &device);
            pair = optimizer.step("g", pair, &gradients, 1e-3);
            // 1e-6: float32 rounding of the update.
            close("p0", &host(pair.p0.val()), &fixture.f32(&format!("{prefix}.after{step}.p0")), 1e-6, 0.0);
            close("p1", &host(pair.p1.val()), &fixture.f32(&format!("{prefix}.after{step}.p1")), 1e-6, 0.0);
        }
        assert_eq!(host(pair.still.val()), [3.0]);
        assert!(pair.p0.val().is_require_grad());
    }
}

#[test]
fn learning_rates_drop_at_the_first_iteration_of_the_milestone_epoch() {
    let fixture = Fixture::load("j_optim.safetensors");
    for (name, per_epoch, epochs) in [("lr.anet.n7_f64", 7, 6), ("lr.thumos.n3_f64", 3, 8)] {
        let schedule = Schedule::new(&Scheduler::default(), per_epoch, epochs);
        for (step, rates) in doubles(&fixture, name).as_chunks::<2>().0.iter().enumerate() {
            for (rate, base) in rates.iter().zip([5e-7, 5e-4]) {
                // 1e-12 relative: the reference multiplies the previous rate, we the base rate.
                assert!((schedule.factor(step) * base - rate).abs() <= 1e-12 * rate, "{name} at {step}");
            }
        }
    }
}

/// The small detector of fixture c (its README): 32 snippets, hidden 16.
fn small(in_channels: usize, features: usize, bins: usize) -> config::Model {
    config::Model {
        in_channels,
        hidden: 16,
        norm_groups: 4,
        tscale: 32,
        roi: config::Roi { bins, ..Default::default() },
        head: config::Head { features, fc_channels: 12, ..Default::default() },
        ..Default::default()
    }
}

/// The fixtures' name of a use of random numbers.
pub(crate) fn site_name(site: Site) -> &'static str {
    match site {
        Site::IouClassification => "iou_cls",
        Site::SquaresMiddle => "l2_mid",
        Site::SquaresLow => "l2_low",
        Site::Start => "cls_start",
        Site::End => "cls_end",
        Site::Classes => panic!("no class head"),
    }
}

#[test]
fn a_training_step_has_the_references_losses_and_gradients() {
    training_step(&Device::flex());
}

pub(crate) fn training_step(device: &Device) {
    let device = device.clone().autodiff();
    let fixture = Fixture::load("c_detector_opentad.safetensors");
    for (case, config) in [("anet", small(24, 24, 16)), ("thumos", small(40, 20, 8))] {
        let name = |name: &str| format!("{case}.{name}");
        let at = |key: &str| fixture.f32(&name(key));
        let mut weights = Weights::default();
        for key in fixture.names().filter_map(|key| key.strip_prefix(&name("weights."))) {
            let stored = fixture.get(&name(&format!("weights.{key}")));
            weights.tensors.insert(key.to_owned(), Array { shape: stored.shape.clone(), values: stored.f32() });
        }
        let (detector, mismatch) = weights.fit(model::Detector::new(&config, 0, 0, &device));
        mismatch.check().expect("the fixture's weights fit");

        let shaped = |key: &str| fixture.get(&name(key)).shape.clone();
        let input: [usize; 3] = shaped("input").try_into().expect("three axes");
        let features = Tensor::<3>::from_data(TensorData::new(at("input"), input), &device).require_grad();
        let mask = Tensor::<2>::from_data(TensorData::new(at("mask"), [input[0], input[2]]), &device);
        let count = shaped("train.proposals")[1];
        let initial = TensorData::new(at("train.proposals"), [input[0], count, 2]);
        let output = detector.forward(features.clone(), Some(mask), Tensor::<3>::from_data(initial, &device));

        let truths: Vec<Truth> = (0..input[0])
            .map(|item| Truth { segments: spans(&fixture, name(&format!("train.gt{item}"))), ..Truth::default() })
            .collect();
        let proposals: Vec<Vec<Span>> =
            spans(&fixture, name("train.proposals")).chunks(count).map(<[Span]>::to_vec).collect();
        let losses = Losses::new(&config::Loss::default(), &config);
        let objective = losses.objective(&output, &truths, proposals, &mut |stage, site, _| {
            at(&format!("train.noise.s{stage}.{}", site_name(site)))
        });

        // 1e-4, as the fixture suggests: float32 sums in another order.
        for (stage, terms) in objective.stages.iter().enumerate() {
            let parts =
                ["start", "end", "center", "width"].map(|part| at(&format!("train.s{stage}.loss_reg_{part}"))[0]);
            close("offsets", &host(terms.offsets.clone()), &parts, 1e-4, 1e-4);
            for (part, term) in [
                ("iou_cls", &terms.iou_classification),
                ("l2", &terms.iou_regression),
                ("cls_start", &terms.start),
                ("cls_end", &terms.end),
            ] {
                close(part, &host(term.clone()), &at(&format!("train.term.s{stage}.{part}")), 1e-4, 1e-4);
            }
        }
        let told: Vec<f32> = host(objective.terms);
        for (index, key) in objective.names.iter().enumerate() {
            if let Some(expected) = fixture.find(&name(&format!("train.loss.{key}"))) {
                close(key, &told[index..=index], &expected.f32(), 1e-4, 1e-4);
            }
        }

        let mut backward = objective.total.backward();
        let upstream = host(features.grad_remove(&mut backward).expect("the features have a gradient"));
        near("grad_input", &upstream, &at("train.grad_input"));
        let gradients = Gradients::collect("", &detector, &mut backward);
        let mut compared = 0;
        for path in gradients.names() {
            let key = <model::Detector as Named>::name(path.trim_start_matches('.'));
            let expected = at(&format!("train.grad.{key}"));
            near(&key, &host(gradients.get(path).expect("listed").clone()), &expected);
            compared += 1;
        }
        assert_eq!(compared, weights.tensors.len(), "every parameter has a gradient");
    }
}

/// 1e-3 of the largest value, as the fixture suggests for gradients.
#[track_caller]
pub(crate) fn near(what: &str, ours: &[f32], reference: &[f32]) {
    let largest = reference.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    close(what, ours, reference, 1e-3 * largest + 1e-7, 0.0);
}
