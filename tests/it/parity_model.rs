//! The same weights give the references' numbers: RoI align (a), modules (b), whole detector (c), proposal maps (e), encoder (f).
//!
//! Tolerances are the fixtures' own (README): float32 sums in another order differ in the last digits; where a tensor's values are
//! large, the tolerance is relative to the largest.

use std::collections::BTreeMap;

use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use etad::config;
use etad::model::weights::{Array, Named, Weights, parameters};
use etad::model::{Detector, Encoder, RoiAlign, proposals, refine};

use crate::fixtures::{self, Fixture, assert_close};

pub(crate) fn tensor<const D: usize>(fixture: &Fixture, name: &str, device: &Device) -> Tensor<D> {
    let shape: [usize; D] = fixture.get(name).shape.clone().try_into().expect("rank of the fixture");
    Tensor::from_data(TensorData::new(fixture.f32(name), shape), device)
}

pub(crate) fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}

/// Absolute tolerance from a relative one: times the largest expected value.
pub(crate) fn relative(expected: &[f32], tolerance: f32) -> f32 {
    tolerance * expected.iter().fold(1e-6f32, |largest, value| largest.max(value.abs()))
}

/// The module with the fixture's weights: the tensors below `prefix`, renamed by `rename`.
fn filled<M: Named>(module: M, fixture: &Fixture, prefix: &str, rename: impl Fn(&str) -> Option<String>) -> M {
    let mut weights = Weights::default();
    for name in fixture.names().filter(|name| name.starts_with(prefix)) {
        if let Some(new) = rename(&name[prefix.len()..]) {
            let tensor = fixture.get(name);
            weights.tensors.insert(new, Array { shape: tensor.shape.clone(), values: tensor.f32() });
        }
    }
    let (module, mismatch) = weights.fit(module);
    mismatch.check().expect("weights of the same model");
    module
}

/// Gradients by PyTorch's name.
pub(crate) fn gradients<M: Named>(module: &M, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    struct Collect<'a> {
        gradients: &'a Gradients,
        found: Vec<Option<Vec<f32>>>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.found.push(param.val().grad(self.gradients).map(|gradient| values(&gradient)));
        }
    }
    let mut collect = Collect { gradients, found: Vec::new() };
    module.visit(&mut collect);
    let names = parameters(module).into_iter().map(|parameter| parameter.name);
    names.zip(collect.found).filter_map(|(name, gradient)| Some((name, gradient?))).collect()
}

#[test]
fn roi_align_equals_torchvision() {
    roi_align(&Device::flex());
}

pub(crate) fn roi_align(device: &Device) {
    let fixture = Fixture::load("a_roi_align1d.safetensors");
    let rois = fixture.f32("rois");
    let device = device.clone().autodiff();
    for aligned in [false, true] {
        for bins in [4, 16, 24] {
            let case = format!("aligned_{aligned}.r{bins}");
            let align = RoiAlign { bins, extend: 0.0, aligned };
            let features = tensor::<3>(&fixture, "features", &device).require_grad();
            let rows = features.clone().swap_dims(1, 2);
            let outputs = rois.chunks_exact(3).map(|roi| {
                let weights = align.weights(&roi[1..], 1, 32, &device).reshape([1, bins, 32]);
                weights.matmul(rows.clone().narrow(0, roi[0] as usize, 1)).swap_dims(1, 2)
            });
            let output = Tensor::cat(outputs.collect::<Vec<_>>(), 0);
            assert_close(&case, &values(&output), &fixture.f32(&format!("{case}.out")), 1e-5);
            let upstream = tensor::<3>(&fixture, &format!("{case}.upstream"), &device);
            let gradient = features.grad(&(output * upstream).sum().backward()).expect("a gradient");
            assert_close(&case, &values(&gradient), &fixture.f32(&format!("{case}.grad_features")), 1e-5);
        }
    }
    let device = device.inner();
    let align = RoiAlign { bins: 16, extend: 0.5, aligned: true };
    let weights = align.weights(&fixture.f32("extractor.proposals"), 2, 32, &device).reshape([2, 7 * 16, 32]);
    let rows = tensor::<3>(&fixture, "features", &device).swap_dims(1, 2);
    let output = weights.matmul(rows).reshape([2, 7, 16, 8]).swap_dims(2, 3);
    assert_close("extractor", &values(&output), &fixture.f32("extractor.opentad_r16"), 1e-5);
}

/// The small detectors of fixtures b and c.
fn small(in_channels: usize, features: usize, bins: usize) -> config::Model {
    let mut model = config::Model { in_channels, hidden: 16, groups: 4, norm_groups: 4, ..Default::default() };
    model.roi.bins = bins;
    model.head = config::Head { features, fc_channels: 12, ..Default::default() };
    model
}

#[test]
fn modules_equal_opentad_forward_and_backward() {
    modules(&Device::flex());
}

pub(crate) fn modules(device: &Device) {
    let fixture = Fixture::load("b_modules_opentad.safetensors");
    let device = device.clone().autodiff();
    let mut config = small(24, 24, 16);
    config.head.stages = vec![0.7];
    let head = "roi_head.proposal_heads.0.";
    let detector = filled(Detector::new(&config, 0, 0, &device), &fixture, "", |name| {
        if let Some(name) = name.strip_prefix("etad_head.") {
            let own = ["shared_conv_fc", "iou_head", "se_head", "reg_head"].iter().any(|part| name.starts_with(part));
            return own.then(|| format!("{head}{name}"));
        }
        ["projection.", "neck.", "rpn_head."].iter().any(|part| name.starts_with(part)).then(|| name.to_owned())
    });
    for case in ["full", "part"] {
        modules_of_one_mask(&fixture, case, &detector, &device);
    }

    let features = tensor::<4>(&fixture, "etad_head.in.feats", &device).require_grad();
    // RoI features as a signal of 16 times that each bin reads at its own.
    let rows = features.reshape([22, 16, 16]).swap_dims(1, 2);
    let identity = Tensor::<2>::eye(16, &device).reshape([1, 1, 16, 16]).repeat_dim(0, 22);
    let output = detector.judge(0, rows, identity).expect("a stage");
    let offsets = output.offsets.clone().reshape([2, 11, 4]);
    let refined = refine(tensor(&fixture, "etad_head.in.proposals", &device), offsets);
    assert_close("iou", &values(&output.iou), &fixture.f32("etad_head.out.iou"), 1e-5);
    assert_close("reg", &values(&output.offsets), &fixture.f32("etad_head.out.reg"), 1e-5);
    assert_close("se", &values(&output.boundary), &fixture.f32("etad_head.out.se"), 1e-5);
    assert_close("refined", &values(&refined), &fixture.f32("etad_head.out.refined"), 1e-4);
}

fn modules_of_one_mask(fixture: &Fixture, case: &str, detector: &Detector, device: &Device) {
    let expected = |name: &str| fixture.f32(&format!("{case}.{name}"));
    let mask = tensor::<2>(fixture, &format!("{case}.mask"), device).unsqueeze_dim::<3>(1);
    let upstream = tensor::<3>(fixture, &format!("{case}.upstream"), device);
    let input = tensor::<3>(fixture, &format!("{case}.input"), device).require_grad();
    let projected = detector.project(input.clone(), Some(&mask));
    let enhanced = detector.neck(projected.clone(), Some(&mask));
    let logits = detector.boundary_logits(enhanced.clone());
    assert_close("proj_out", &values(&projected), &expected("proj_out"), 1e-5);
    assert_close("neck_out", &values(&enhanced), &expected("neck_out"), 1e-5);
    assert_close("tem_logits", &values(&logits), &expected("tem_logits"), 1e-5);
    let found = (logits * upstream.clone()).sum().backward();
    let close = |name: &str, gradient: &[f32]| {
        let expected = expected(name);
        assert_close(&format!("{case}.{name}"), gradient, &expected, relative(&expected, 1e-4));
    };
    close("grad_input", &values(&input.grad(&found).expect("a gradient")));
    let found = gradients(detector, &found);
    for (name, gradient) in &found {
        close(&format!("grad.{name}"), gradient);
    }
    let prefix = format!("{case}.grad.");
    assert_eq!(found.len(), fixture.names().filter(|name| name.starts_with(&prefix)).count());

    // The gradients between the modules, from leaves put there.
    let leaf = projected.detach().require_grad();
    let logits = detector.boundary_logits(detector.neck(leaf.clone(), Some(&mask)));
    let found = (logits * upstream.clone()).sum().backward();
    close("grad_proj_out", &values(&leaf.grad(&found).expect("a gradient")));
    let leaf = enhanced.detach().require_grad();
    let found = (detector.boundary_logits(leaf.clone()) * upstream).sum().backward();
    close("grad_neck_out", &values(&leaf.grad(&found).expect("a gradient")));
}

/// `[K]` segments as a tensor `[batch, K, 2]`, the same for each item.
pub(crate) fn segments(proposals: &[[f32; 2]], batch: usize, device: &Device) -> Tensor<3> {
    let data = TensorData::new(proposals.iter().flatten().copied().collect(), [1, proposals.len(), 2]);
    Tensor::from_data(data, device).repeat_dim(0, batch)
}

/// The mean of a tensor of the stages.
pub(crate) fn mean(stages: Vec<Tensor<3>>) -> Tensor<3> {
    let count = stages.len() as f32;
    stages.into_iter().reduce(|a, b| a + b).expect("a stage") / count
}

#[test]
fn small_detectors_equal_opentad() {
    small_detectors(&Device::flex());
}

pub(crate) fn small_detectors(device: &Device) {
    let fixture = Fixture::load("c_detector_opentad.safetensors");
    let cases = [("anet", small(24, 24, 16), 32, 0.12), ("thumos", small(40, 20, 8), 16, 0.25)];
    for (case, config, dscale, ratio) in cases {
        let name = |name: &str| format!("{case}.{name}");
        let detector = Detector::new(&config, 0, 0, device);
        let detector = filled(detector, &fixture, &name("weights."), |name| Some(name.to_owned()));
        let input = tensor::<3>(&fixture, &name("input"), device);
        let mask = tensor::<2>(&fixture, &name("mask"), device);

        let all = proposals::all(32, dscale);
        assert_eq!(all.as_flattened(), fixture.f32(&name("test.initial")));
        assert_eq!(proposals::grid(ratio, 32, dscale).as_flattened(), fixture.f32(&name("grid.initial")));
        let output = detector.forward(input.clone(), Some(mask.clone()), segments(&all, 2, device));
        assert_close("tem", &values(&output.boundary), &fixture.f32(&name("test.tem")), 1e-5);
        let iou = mean(output.stages.iter().map(|stage| stage.iou.clone()).collect());
        assert_close("iou", &values(&iou), &fixture.f32(&name("test.iou")), 1e-5);
        let refined = mean(output.stages.into_iter().map(|stage| stage.refined).collect());
        assert_close("proposals", &values(&refined), &fixture.f32(&name("test.proposals")), 1e-4);

        let sampled = tensor::<3>(&fixture, &name("train.proposals"), device);
        for (index, stage) in detector.forward(input, Some(mask), sampled).stages.iter().enumerate() {
            let name = |end: &str| name(&format!("train.s{index}.proposals_{end}"));
            assert_close("in", &values(&stage.proposals), &fixture.f32(&name("in")), 1e-4);
            assert_close("out", &values(&stage.refined), &fixture.f32(&name("out")), 1e-4);
        }
    }
}

/// A tensor by the fixtures' integer hash (their README), in uniform low..high.
fn hashed(entry: &serde_json::Value) -> Array {
    let number = |key: &str| entry[key].as_f64();
    let shape: Vec<usize> =
        entry["shape"].as_array().expect("a shape").iter().map(|n| n.as_u64().expect("a size") as usize).collect();
    let key = entry["key"].as_u64().expect("a key") as u32;
    let value = |index: u32| {
        let mut x = index.wrapping_mul(2_654_435_761).wrapping_add(key.wrapping_mul(40503).wrapping_add(12345));
        x = (x ^ (x >> 16)).wrapping_mul(2_246_822_519);
        x = (x ^ (x >> 13)).wrapping_mul(3_266_489_917);
        x ^= x >> 16;
        match (number("lo"), number("hi")) {
            (Some(low), Some(high)) => (low + (high - low) * (f64::from(x) / 4_294_967_296.0)) as f32,
            _ => (x >> 24) as f32,
        }
    };
    let values = (0..shape.iter().product::<usize>() as u32).map(value).collect();
    Array { shape, values }
}

/// The module with hash weights, whose names get the module's prefix.
pub(crate) fn with_hash_weights<M: Named>(module: M, table: &serde_json::Value) -> M {
    let tensors = (table.as_object().expect("a table").iter())
        .map(|(name, entry)| (format!("{}{name}", M::PREFIX), hashed(entry)))
        .collect();
    let (module, mismatch) = Weights { tensors, ..Default::default() }.fit(module);
    mismatch.check().expect("the same parameters");
    module
}

pub(crate) fn hashed_tensor<const D: usize>(entry: &serde_json::Value, device: &Device) -> Tensor<D> {
    let Array { shape, values } = hashed(entry);
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[test]
fn full_detectors_equal_opentad() {
    let fixture = Fixture::load("c_detector_full.safetensors");
    let table = fixtures::json("c_detector_full_weights.json");
    let device = Device::flex();
    let anet = config::Model::default();
    let mut thumos = config::Model { in_channels: 2048, dscale: 64, ..Default::default() };
    thumos.head.features = 256;
    for (case, config) in [("anet_tsp", anet), ("thumos_i3d", thumos)] {
        let name = |name: &str| format!("{case}.{name}");
        let detector = with_hash_weights(Detector::new(&config, 0, 0, &device), &table[case]);
        let mask = tensor::<2>(&fixture, &name("mask"), &device);
        let input = hashed_tensor::<3>(&table[format!("{case}_input")], &device) * mask.clone().unsqueeze_dim::<3>(1);
        let enhanced = detector.enhance(input, Some(mask));
        let every_8th = enhanced.clone().slice_dim(2, burn::tensor::s![0..;8]);
        assert_close("neck", &values(&every_8th), &fixture.f32(&name("neck_out")), 1e-4);
        assert_close("tem", &values(&detector.boundary(enhanced.clone())), &fixture.f32(&name("tem")), 1e-4);

        let all = proposals::all(128, config.dscale);
        assert_eq!(all.len() as i64, fixture.get(&name("num_proposals")).i64()[0]);
        let (mut iou, mut refined) = (Vec::new(), Vec::new());
        for part in all.chunks(1024) {
            let (stages, _) = detector.cascade(enhanced.clone(), segments(part, 1, &device));
            iou.extend(values(&mean(stages.iter().map(|stage| stage.iou.clone()).collect())));
            refined.extend(values(&mean(stages.into_iter().map(|stage| stage.refined).collect())));
        }
        let every_7th = |values: &[f32]| values.chunks_exact(2).step_by(7).flatten().copied().collect::<Vec<_>>();
        assert_close("iou", &every_7th(&iou), &fixture.f32(&name("iou")), 1e-4);
        assert_close("proposals", &every_7th(&refined), &fixture.f32(&name("proposals")), 1e-3);
        for (what, all) in [("iou_sum", iou), ("proposals_sum", refined)] {
            let sum = all.iter().map(|&value| f64::from(value)).sum::<f64>();
            let expected = f64::from(fixture.f32(&name(what))[0]);
            assert!((sum / expected - 1.0).abs() < 1e-5, "{what}: {sum} against {expected}");
        }
    }
}

#[test]
fn refinement_and_proposal_maps_equal_opentad() {
    let fixture = Fixture::load("e_targets.safetensors");
    let device = Device::flex();
    let refined = refine(tensor(&fixture, "proposals", &device), tensor(&fixture, "refine.reg", &device));
    let expected = fixture.f32("refine.out");
    assert_close("refine", &values(&refined), &expected, relative(&expected, 1e-6));
    for (case, tscale, dscale, ratio) in [("small", 32, 32, 0.06), ("anet", 128, 128, 0.06), ("thumos", 128, 64, 0.1)] {
        let name = |name: &str| format!("map.{case}.{name}");
        let all = proposals::all(tscale, dscale);
        assert_eq!(all.len() as i64, fixture.get(&name("valid_num")).i64()[0]);
        assert_eq!((all.len() as f64 * ratio) as i64, fixture.get(&name("sample_num")).i64()[0]);
        if let Some(anchors) = fixture.find(&name("anchors")) {
            let valid: Vec<f32> =
                anchors.f32().chunks_exact(2).filter(|cell| cell[1] > 0.0).flatten().copied().collect();
            assert_eq!(all.as_flattened(), valid);
        }
        let mask = fixture.get(&name("grid_mask")).bools();
        let marked = (0..dscale * tscale).filter(|&cell| mask[cell]);
        let grid: Vec<[f32; 2]> =
            marked.map(|cell| [(cell % tscale) as f32, (cell % tscale + cell / tscale + 1) as f32]).collect();
        assert_eq!(proposals::grid(ratio, tscale, dscale), grid);
        let example = fixture.f32(&name("block_example"));
        let (start, length) = (example[0] as usize, (example[1] - example[0]) as usize);
        let block = proposals::block(ratio, tscale, dscale, length - 1, start);
        assert_eq!(block.as_flattened(), example);
    }
}

/// An encoder on normalised input, batch norms trained, epsilon 1e-3.
fn reference_encoder() -> config::Encoder {
    config::Encoder {
        arch: config::Architecture::R2plus1d,
        train_norm: true,
        mean: vec![0.0; 3],
        std: vec![1.0; 3],
        ..Default::default()
    }
}

#[test]
fn tiny_encoder_equals_the_reference_forward_and_backward() {
    tiny_encoder(&Device::flex());
}

pub(crate) fn tiny_encoder(device: &Device) {
    let fixture = Fixture::load("f_backbone_tiny.safetensors");
    let device = device.clone().autodiff();
    let config = config::Encoder {
        blocks: vec![1; 4],
        widths: vec![8, 10, 12, 16],
        stem_mid: 6,
        stem_width: 8,
        ..reference_encoder()
    };
    let prefix = Encoder::PREFIX;
    let encoder =
        filled(Encoder::new(&config, 0, &device), &fixture, "weights.", |name| Some(format!("{prefix}{name}")));
    let input = tensor::<5>(&fixture, "input", &device).require_grad();
    let mut stages = ["stem", "layer1", "layer2", "layer3", "layer4"].into_iter();
    let feature = encoder.forward_seen(input.clone(), |seen| {
        let stage = stages.next().expect("five stages");
        let shape = seen.dims();
        assert_eq!(shape.map(|size| size as i64).to_vec(), fixture.get(&format!("act.{stage}.shape")).i64());
        let means = seen.clone().reshape([shape[0] as i32, shape[1] as i32, -1]).mean_dim(2);
        assert_close(stage, &values(&means), &fixture.f32(&format!("act.{stage}.chanmean")), 1e-4);
    });
    assert_close("feature", &values(&feature), &fixture.f32("feature"), 1e-4);
    let found = (feature * tensor::<2>(&fixture, "upstream", &device)).sum().backward();
    let close = |name: &str, gradient: &[f32]| {
        let expected = fixture.f32(name);
        assert_close(name, gradient, &expected, relative(&expected, 1e-4));
    };
    close("grad_input", &values(&input.grad(&found).expect("a gradient")));
    let found = gradients(&encoder, &found);
    for name in fixture.names().filter(|name| name.starts_with("grad.")) {
        close(name, &found[&format!("{prefix}{}", &name[5..])]);
    }

    let device = device.inner();
    let plain = Encoder::new(&config::Encoder { widths: vec![8], ..Default::default() }, 0, &device);
    let normalised = plain.normalise(tensor(&fixture, "norm.input", &device));
    assert_close("normalised", &values(&normalised), &fixture.f32("norm.output"), 1e-5);
}

/// Runs a full-width encoder with hash weights; clips go one by one, as their features do not depend on each other.
fn full_encoder(case: &str, config: &config::Encoder) {
    let fixture = Fixture::load("f_backbone_full.safetensors");
    let table = fixtures::json("f_backbone_full_weights.json");
    let device = Device::flex();
    let encoder = with_hash_weights(Encoder::new(config, 0, &device), &table[case]);
    let clips = hashed_tensor::<5>(&table[format!("{case}_input")], &device);
    let count = clips.dims()[0];
    let mut seen: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    for clip in clips.split(1, 0) {
        let mut stages = ["stem", "layer1", "layer2", "layer3", "layer4"].into_iter();
        let feature = encoder.forward_seen(encoder.normalise(clip), |activation| {
            let stage = stages.next().expect("five stages");
            let [_, channels, time, height, width] = activation.dims();
            if stage == "layer4" {
                let shape = [count, channels, time, height, width].map(|size| size as i64);
                assert_eq!(fixture.get(&format!("{case}.layer4.shape")).i64(), shape);
            }
            let flat = activation.clone().reshape([channels, time * height * width]);
            seen.entry(format!("{stage}.chanmean")).or_default().extend(values(&flat.clone().mean_dim(1)));
            let deviation = flat.reshape([channels * time * height * width]).var(0).sqrt();
            seen.entry(format!("{stage}.std")).or_default().extend(values(&deviation));
        });
        seen.entry("feature".to_owned()).or_default().extend(values(&feature));
    }
    let compared =
        seen.iter().filter_map(|(name, values)| Some((name, values, fixture.find(&format!("{case}.{name}"))?)));
    for (name, values, expected) in compared {
        let expected = expected.f32();
        assert_close(&format!("{case}.{name}"), values, &expected, relative(&expected, 1e-3));
    }
}

#[test]
fn full_encoders_equal_the_references() {
    let statistics = config::Encoder::default();
    let normal = config::Encoder { mean: statistics.mean, std: statistics.std, ..reference_encoder() };
    let torchvision = config::Encoder {
        arch: config::Architecture::R2plus1dTorchvision,
        blocks: vec![2; 4],
        norm_epsilon: 1e-5,
        ..normal.clone()
    };
    full_encoder("r2plus1d_18_tv", &torchvision);
    full_encoder("r2plus1d_34", &normal);
}
