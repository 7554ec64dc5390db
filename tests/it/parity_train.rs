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

use crate::compared::comparisons;
use crate::fixtures::{Absolute, Each, Exact, Fixture, OfLargest, Tolerance, Values};

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

/// Relative tolerance 1e-5 as the fixture suggests (sums in another order), 1e-7 absolute for values near zero.
const LOSS: Tolerance = Each(1e-7, 1e-5);

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
        fixture.compare(&format!("{case}.loss"), &[loss], LOSS);
        // Gradients as large as 1e5 ask for a relative tolerance.
        fixture.check(&format!("{case}.grad"), |reference| {
            assert_eq!(gradient.len(), reference.f32().len());
            for (index, (ours, theirs)) in gradient.iter().zip(reference.f32()).enumerate() {
                let what = format!("{case} gradient[{index}] at {}: {ours} instead of {theirs}", pred[index]);
                assert!((ours - theirs).abs() <= 1e-6 + 1e-4 * theirs.abs(), "{what}");
            }
        });
        fixture.compare_whole(&format!("{case}.num_draws"), &[0]);
        assert!(gradient.iter().all(|value| value.is_finite()), "{case}: {gradient:?}");
    }
}

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
        fixture.compare_whole(&format!("{case}.num_draws"), &[draws]);
        let (loss, gradient) = evaluate(device, pred, |pred| {
            losses::binary(pred, tensor(device, weights.positive), tensor(device, weights.negative), Logs::Shifted)
        });
        fixture.compare(&format!("{case}.loss"), &[loss], LOSS);
        fixture.compare(&format!("{case}.grad"), &gradient, Each(1e-6, 1e-5));
    }
}

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
        fixture.compare_whole(&format!("{case}.num_draws"), &[draws]);
        let (loss, gradient) =
            evaluate(device, pred, |pred| losses::squares(pred, tensor(device, target), tensor(device, weights)));
        fixture.compare(&format!("{case}.loss"), &[loss], LOSS);
        fixture.compare(&format!("{case}.grad"), &gradient, Each(1e-7, 1e-5));
    }
}

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
        fixture.compare_whole(&format!("{case}.num_draws"), &[0]);
        fixture.compare(&format!("{case}.loss"), &[loss], LOSS);
        fixture.compare(&format!("{case}.grad"), &gradient, Each(1e-7, 1e-5));
    }
}

/// The truths that the initial proposals are assigned to, one after another.
pub(crate) fn assigned(batch: &BatchTargets<'_>) -> Vec<f32> {
    let items = batch.assigned.iter().zip(batch.truths);
    items.flat_map(|(indices, truth)| indices.iter().flat_map(|&index| truth.segments[index])).collect()
}

fn targets_agree_with_both_references() {
    let fixture = Fixture::load("e_targets.safetensors");
    let tscale = fixture.get("opentad.startness").shape[1];
    let count = fixture.get("proposals").shape[1];
    let truths: Vec<Truth> =
        (0..3).map(|item| Truth { segments: spans(&fixture, format!("gt{item}")), ..Truth::default() }).collect();
    let proposals: Vec<Vec<Span>> = spans(&fixture, "proposals").chunks(count).map(<[Span]>::to_vec).collect();
    let batch = BatchTargets::new(&truths, &proposals, tscale, LossForm::OpenTad, true);
    // 1e-5: float32 arithmetic in the reference's order; counts of cells are exact.
    fixture.compare("opentad.startness", &batch.startness.concat(), Exact);
    fixture.compare("opentad.endness", &batch.endness.concat(), Exact);
    fixture.compare("opentad.assigned", &assigned(&batch), Absolute(1e-6));
    let stage = batch.stage(&proposals);
    fixture.compare("opentad.gt_iou", &stage.iou, Each(1e-6, 1e-5));
    fixture.compare("opentad.gt_reg", &stage.offsets.concat(), Each(1e-5, 1e-5));
    fixture.compare("opentad.cls_start", &stage.start, Exact);
    fixture.compare("opentad.cls_end", &stage.end, Exact);
    let in_share: Vec<f32> = proposals.iter().flatten().flatten().map(|value| value / tscale as f32).collect();
    fixture.compare("official.proposals", &in_share, Absolute(1e-6));
    for item in 0..3 {
        let matrix: Vec<f32> = proposals[item]
            .iter()
            .flat_map(|&span| truths[item].segments.iter().map(move |&truth| (span, truth)))
            .map(|(span, truth)| targets::assignment_iou(span, truth, tscale, LossForm::OpenTad))
            .collect();
        fixture.compare(&format!("opentad.iou_matrix{item}"), &matrix, Each(1e-6, 1e-5));

        // The official code works in 0..1; its truths are clamped.
        let scale = tscale as f32;
        let official: Vec<Span> =
            spans(&fixture, format!("official.gt{item}")).iter().map(|span| span.map(|value| value * scale)).collect();
        for (side, name) in ["startness", "endness"].into_iter().enumerate() {
            let curve = targets::boundary_curve(official.iter().map(|span| span[side]), tscale, false);
            fixture.compare(&format!("official.{name}{item}"), &curve, Absolute(1e-5));
        }
        let chosen: Vec<f32> = proposals[item]
            .iter()
            .flat_map(|&span| official[targets::assign(span, &official, tscale, LossForm::Official)])
            .map(|value| value / scale)
            .collect();
        fixture.compare(&format!("official.assigned{item}"), &chosen, Absolute(1e-6));
    }
}

#[derive(Module, Debug)]
struct Pair {
    p0: Param<Tensor<2>>,
    p1: Param<Tensor<1>>,
    still: Param<Tensor<1>>,
}

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
            fixture.compare(&format!("clip{step}.norm"), &norm, Each(0.0, 1e-6));
            let clipped = host(gradients.get("g.p0").expect("p0").clone());
            fixture.compare(&format!("clip{step}.p0"), &clipped, Each(1e-7, 1e-6));
            // Saving and loading in the middle must change nothing.
            let saved = optimizer.save();
            optimizer = Optimizer::new(kind, 1e-2);
            optimizer.load(saved, &device);
            pair = optimizer.step("g", pair, &gradients, 1e-3);
            // 1e-6: float32 rounding of the update.
            fixture.compare(&format!("{prefix}.after{step}.p0"), &host(pair.p0.val()), Absolute(1e-6));
            fixture.compare(&format!("{prefix}.after{step}.p1"), &host(pair.p1.val()), Absolute(1e-6));
        }
        assert_eq!(host(pair.still.val()), [3.0]);
        assert!(pair.p0.val().is_require_grad());
    }
}

fn learning_rates_drop_at_the_first_iteration_of_the_milestone_epoch() {
    let fixture = Fixture::load("j_optim.safetensors");
    for (name, per_epoch, epochs) in [("lr.anet.n7_f64", 7, 6), ("lr.thumos.n3_f64", 3, 8)] {
        let schedule = Schedule::new(&Scheduler::default(), per_epoch, epochs);
        fixture.check(name, |reference| {
            let Values::F64(rates) = &reference.values else { panic!("{name} is not of doubles") };
            assert_eq!(rates.len(), 2 * per_epoch * epochs);
            for (step, rates) in rates.as_chunks::<2>().0.iter().enumerate() {
                for (rate, base) in rates.iter().zip([5e-7, 5e-4]) {
                    // 1e-12 relative: the reference multiplies the previous rate, we the base rate.
                    assert!((schedule.factor(step) * base - rate).abs() <= 1e-12 * rate, "{name} at {step}");
                }
            }
        });
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
        let batch = BatchTargets::new(&truths, &proposals, config.tscale, LossForm::OpenTad, true);
        fixture.compare(&name("train.gt_start"), &batch.startness.concat(), Exact);
        fixture.compare(&name("train.gt_end"), &batch.endness.concat(), Exact);
        fixture.compare(&name("train.assigned_gt"), &assigned(&batch), Exact);
        for (index, stage) in output.stages.iter().enumerate() {
            let entering = host(stage.proposals.clone());
            let entering: Vec<Vec<Span>> = entering.as_chunks().0.chunks(count).map(<[Span]>::to_vec).collect();
            fixture.compare(&name(&format!("train.s{index}.gt_iou")), &batch.stage(&entering).iou, Absolute(1e-5));
        }
        let objective = losses.objective(&output, &truths, proposals.clone(), &mut |stage, site, _| {
            at(&format!("train.noise.s{stage}.{}", site_name(site)))
        });

        // 1e-4, as the fixture suggests: float32 sums in another order.
        for (stage, terms) in objective.stages.iter().enumerate() {
            let offsets = host(terms.offsets.clone());
            for (part, offset) in ["start", "end", "center", "width"].into_iter().zip(offsets) {
                fixture.compare(&name(&format!("train.s{stage}.loss_reg_{part}")), &[offset], Each(1e-4, 1e-4));
            }
            for (part, term) in [
                ("iou_cls", &terms.iou_classification),
                ("l2", &terms.iou_regression),
                ("cls_start", &terms.start),
                ("cls_end", &terms.end),
            ] {
                fixture.compare(&name(&format!("train.term.s{stage}.{part}")), &host(term.clone()), Each(1e-4, 1e-4));
            }
        }
        let told: Vec<f32> = host(objective.terms);
        for key in ["cost", "loss_tem", "loss_pem.s0", "loss_pem.s1", "loss_pem.s2"] {
            let index = objective.names.iter().position(|ours| ours == key).expect("a term of that name");
            fixture.compare(&name(&format!("train.loss.{key}")), &told[index..=index], Each(1e-4, 1e-4));
        }

        let mut backward = objective.total.backward();
        let upstream = host(features.grad_remove(&mut backward).expect("the features have a gradient"));
        fixture.compare(&name("train.grad_input"), &upstream, GRADIENT);
        let mut gradients = Gradients::collect("", &detector, &mut backward);
        let mut compared = 0;
        for path in gradients.names() {
            let key = <model::Detector as Named>::name(path.trim_start_matches('.'));
            let found = host(gradients.get(path).expect("listed").clone());
            fixture.compare(&name(&format!("train.grad.{key}")), &found, GRADIENT);
            compared += 1;
        }
        let norm = host(gradients.clip(1.0).expect("there are gradients"));
        fixture.compare(&name("train.grad_norm"), &norm, Each(0.0, 1e-4));
        assert_eq!(compared, weights.tensors.len(), "every parameter has a gradient");
    }
}

/// As the fixtures suggest for gradients.
pub(crate) const GRADIENT: Tolerance = OfLargest(1e-3);

comparisons! {
    the_boundary_loss_agrees_in_value_and_gradient,
    the_sampled_binary_loss_agrees_in_every_branch,
    the_sampled_squares_agree_in_every_branch,
    the_offset_loss_agrees_and_is_zero_without_a_good_proposal,
    targets_agree_with_both_references,
    six_steps_of_both_optimisers_agree_and_a_parameter_without_gradient_stays,
    learning_rates_drop_at_the_first_iteration_of_the_milestone_epoch,
    a_training_step_has_the_references_losses_and_gradients,
}
