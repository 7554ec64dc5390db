//! The same weights give the references' numbers: RoI align (a), modules (b), whole detector (c), proposal maps (e), encoder (f).
//!
//! Tolerances are the fixtures' own (README): float32 sums in another order differ in the last digits; where a tensor's values are
//! large, the tolerance is relative to the largest.

use std::collections::BTreeMap;

use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use etad::config::{self, ProposalStrategy};
use etad::domain::{Draw, Purpose};
use etad::model::weights::{Array, Named, Weights, parameters};
use etad::model::{Detector, Encoder, RoiAlign, proposals, refine};

use crate::compared::{self, comparisons};
use crate::fixtures::{self, Absolute, Exact, Fixture, OfLargest};

pub(crate) fn tensor<const D: usize>(fixture: &Fixture, name: &str, device: &Device) -> Tensor<D> {
    let shape: [usize; D] = fixture.get(name).shape.clone().try_into().expect("rank of the fixture");
    Tensor::from_data(TensorData::new(fixture.f32(name), shape), device)
}

pub(crate) fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
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
            fixture.compare(&format!("{case}.out"), &values(&output), Absolute(1e-5));
            let upstream = tensor::<3>(&fixture, &format!("{case}.upstream"), &device);
            let gradient = features.grad(&(output * upstream).sum().backward()).expect("a gradient");
            fixture.compare(&format!("{case}.grad_features"), &values(&gradient), Absolute(1e-5));
        }
    }
    let device = device.inner();
    let align = RoiAlign { bins: 16, extend: 0.5, aligned: true };
    let weights = align.weights(&fixture.f32("extractor.proposals"), 2, 32, &device).reshape([2, 7 * 16, 32]);
    let rows = tensor::<3>(&fixture, "features", &device).swap_dims(1, 2);
    let output = weights.matmul(rows).reshape([2, 7, 16, 8]).swap_dims(2, 3);
    fixture.compare("extractor.opentad_r16", &values(&output), Absolute(1e-5));
}

/// The small detectors of fixtures b and c.
fn small(in_channels: usize, features: usize, bins: usize) -> config::Model {
    let mut model = config::Model { in_channels, hidden: 16, groups: 4, norm_groups: 4, ..Default::default() };
    model.roi.bins = bins;
    model.head = config::Head { features, fc_channels: 12, ..Default::default() };
    model
}

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
    fixture.compare("etad_head.out.iou", &values(&output.iou), Absolute(1e-5));
    fixture.compare("etad_head.out.reg", &values(&output.offsets), Absolute(1e-5));
    fixture.compare("etad_head.out.se", &values(&output.boundary), Absolute(1e-5));
    fixture.compare("etad_head.out.refined", &values(&refined), Absolute(1e-4));
}

fn modules_of_one_mask(fixture: &Fixture, case: &str, detector: &Detector, device: &Device) {
    let mask = tensor::<2>(fixture, &format!("{case}.mask"), device).unsqueeze_dim::<3>(1);
    let upstream = tensor::<3>(fixture, &format!("{case}.upstream"), device);
    let input = tensor::<3>(fixture, &format!("{case}.input"), device).require_grad();
    let projected = detector.project(input.clone(), Some(&mask));
    let enhanced = detector.neck(projected.clone(), Some(&mask));
    let logits = detector.boundary_logits(enhanced.clone());
    let close = |name: &str, found: &[f32]| fixture.compare(&format!("{case}.{name}"), found, Absolute(1e-5));
    close("proj_out", &values(&projected));
    close("neck_out", &values(&enhanced));
    close("tem_logits", &values(&logits));
    let found = (logits * upstream.clone()).sum().backward();
    let close = |name: &str, gradient: &[f32]| fixture.compare(&format!("{case}.{name}"), gradient, OfLargest(1e-4));
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
        fixture.compare(&name("test.initial"), all.as_flattened(), Exact);
        fixture.compare(&name("grid.initial"), proposals::grid(ratio, 32, dscale).as_flattened(), Exact);
        let output = detector.forward(input.clone(), Some(mask.clone()), segments(&all, 2, device));
        fixture.compare(&name("test.tem"), &values(&output.boundary), Absolute(1e-5));
        let iou = mean(output.stages.iter().map(|stage| stage.iou.clone()).collect());
        fixture.compare(&name("test.iou"), &values(&iou), Absolute(1e-5));
        let refined = mean(output.stages.into_iter().map(|stage| stage.refined).collect());
        fixture.compare(&name("test.proposals"), &values(&refined), Absolute(1e-4));

        let sampled = tensor::<3>(&fixture, &name("train.proposals"), device);
        for (index, stage) in detector.forward(input, Some(mask), sampled).stages.iter().enumerate() {
            let name = |end: &str| name(&format!("train.s{index}.proposals_{end}"));
            fixture.compare(&name("in"), &values(&stage.proposals), Absolute(1e-4));
            fixture.compare(&name("out"), &values(&stage.refined), Absolute(1e-4));
        }
    }
}

/// The fixtures' integer hash (their README).
pub(crate) fn hash(key: u32, index: u32) -> u32 {
    let x = index.wrapping_mul(2_654_435_761).wrapping_add(key.wrapping_mul(40503).wrapping_add(12345));
    let x = (x ^ (x >> 16)).wrapping_mul(2_246_822_519);
    let x = (x ^ (x >> 13)).wrapping_mul(3_266_489_917);
    x ^ (x >> 16)
}

/// A tensor by the fixtures' integer hash, in uniform low..high.
fn hashed(entry: &serde_json::Value) -> Array {
    let number = |key: &str| entry[key].as_f64();
    let shape: Vec<usize> =
        entry["shape"].as_array().expect("a shape").iter().map(|n| n.as_u64().expect("a size") as usize).collect();
    let key = entry["key"].as_u64().expect("a key") as u32;
    let value = |index: u32| {
        let x = hash(key, index);
        match (number("lo"), number("hi")) {
            (Some(low), Some(high)) => (low + (high - low) * (f64::from(x) / 4_294_967_296.0)) as f32,
            _ => (x >> 24) as f32,
        }
    };
    let values = (0..shape.iter().product::<usize>() as u32).map(value).collect();
    Array { shape, values }
}

/// The module with hash weights, whose names get the module's prefix. Names and shapes must be the table's, which is entered as
/// compared: `place` is its file and pointer.
pub(crate) fn with_hash_weights<M: Named>(module: M, table: &serde_json::Value, place: (&str, &str)) -> M {
    let tensors = (table.as_object().expect("a table").iter())
        .map(|(name, entry)| (format!("{}{name}", M::PREFIX), hashed(entry)))
        .collect();
    let (module, mismatch) = Weights { tensors, ..Default::default() }.fit(module);
    mismatch.check().expect("the same parameters");
    compared::compared(place.0, place.1);
    module
}

pub(crate) fn hashed_tensor<const D: usize>(entry: &serde_json::Value, device: &Device) -> Tensor<D> {
    let Array { shape, values } = hashed(entry);
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Summed in double precision, as the fixtures' sums were.
pub(crate) fn sum(values: &[f32]) -> f32 {
    values.iter().map(|&value| f64::from(value)).sum::<f64>() as f32
}

fn full_detectors_equal_opentad() {
    let fixture = Fixture::load("c_detector_full.safetensors");
    let file = "c_detector_full_weights.json";
    let table = fixtures::json(file);
    let device = Device::flex();
    let anet = config::Model::default();
    let mut thumos = config::Model { in_channels: 2048, dscale: 64, ..Default::default() };
    thumos.head.features = 256;
    for (case, config) in [("anet_tsp", anet), ("thumos_i3d", thumos)] {
        let name = |name: &str| format!("{case}.{name}");
        let detector = Detector::new(&config, 0, 0, &device);
        let detector = with_hash_weights(detector, &table[case], (file, &format!("/{case}")));
        let mask = tensor::<2>(&fixture, &name("mask"), &device);
        let input = hashed_tensor::<3>(&table[format!("{case}_input")], &device) * mask.clone().unsqueeze_dim::<3>(1);
        let enhanced = detector.enhance(input, Some(mask));
        let every_8th = enhanced.clone().slice_dim(2, burn::tensor::s![0..;8]);
        fixture.compare(&name("neck_out"), &values(&every_8th), Absolute(1e-4));
        fixture.compare(&name("tem"), &values(&detector.boundary(enhanced.clone())), Absolute(1e-4));

        let all = proposals::all(128, config.dscale);
        fixture.compare_whole(&name("num_proposals"), &[all.len() as i64]);
        let (mut iou, mut refined) = (Vec::new(), Vec::new());
        for part in all.chunks(1024) {
            let (stages, _) = detector.cascade(enhanced.clone(), segments(part, 1, &device));
            iou.extend(values(&mean(stages.iter().map(|stage| stage.iou.clone()).collect())));
            refined.extend(values(&mean(stages.into_iter().map(|stage| stage.refined).collect())));
        }
        let every_7th = |values: &[f32]| values.chunks_exact(2).step_by(7).flatten().copied().collect::<Vec<_>>();
        fixture.compare(&name("iou"), &every_7th(&iou), Absolute(1e-4));
        fixture.compare(&name("proposals"), &every_7th(&refined), Absolute(1e-3));
        fixture.compare(&name("iou_sum"), &[sum(&iou)], OfLargest(1e-5));
        fixture.compare(&name("proposals_sum"), &[sum(&refined)], OfLargest(1e-5));
    }
}

fn refinement_and_proposal_maps_equal_opentad() {
    let fixture = Fixture::load("e_targets.safetensors");
    let device = Device::flex();
    let refined = refine(tensor(&fixture, "proposals", &device), tensor(&fixture, "refine.reg", &device));
    fixture.compare("refine.out", &values(&refined), OfLargest(1e-6));
    for (case, tscale, dscale, ratio) in [("small", 32, 32, 0.06), ("anet", 128, 128, 0.06), ("thumos", 128, 64, 0.1)] {
        let name = |name: &str| format!("map.{case}.{name}");
        let all = proposals::all(tscale, dscale);
        fixture.compare_whole(&name("valid_num"), &[all.len() as i64]);
        let mut draw = Draw::new(1, Purpose::Proposals, &[]);
        let random = config::Proposals { strategy: ProposalStrategy::Random, ratio, ..Default::default() };
        let random = proposals::sample(&random, tscale, dscale, &mut draw);
        fixture.compare_whole(&name("sample_num"), &[random.len() as i64]);
        if case == "small" {
            fixture.check(&name("anchors"), |anchors| {
                let cells = anchors.f32();
                let valid = cells.chunks_exact(2).filter(|cell| cell[1] > 0.0).flatten().copied();
                assert_eq!(all.as_flattened(), valid.collect::<Vec<_>>());
            });
        }
        fixture.check(&name("grid_mask"), |mask| {
            let mask = mask.bools();
            let marked = (0..dscale * tscale).filter(|&cell| mask[cell]);
            let grid: Vec<[f32; 2]> =
                marked.map(|cell| [(cell % tscale) as f32, (cell % tscale + cell / tscale + 1) as f32]).collect();
            assert_eq!(proposals::grid(ratio, tscale, dscale), grid);
        });
        // The reference's block lies at random; ours is put where its first cell is.
        let example = fixture.f32(&name("block_example"));
        let (start, length) = (example[0] as usize, (example[1] - example[0]) as usize);
        let block = proposals::block(ratio, tscale, dscale, length - 1, start);
        fixture.compare(&name("block_example"), block.as_flattened(), Exact);
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
        fixture.compare_whole(&format!("act.{stage}.shape"), &shape.map(|size| size as i64));
        let means = seen.clone().reshape([shape[0] as i32, shape[1] as i32, -1]).mean_dim(2);
        fixture.compare(&format!("act.{stage}.chanmean"), &values(&means), Absolute(1e-4));
    });
    fixture.compare("feature", &values(&feature), Absolute(1e-4));
    let found = (feature * tensor::<2>(&fixture, "upstream", &device)).sum().backward();
    let close = |name: &str, gradient: &[f32]| fixture.compare(name, gradient, OfLargest(1e-4));
    close("grad_input", &values(&input.grad(&found).expect("a gradient")));
    let found = gradients(&encoder, &found);
    for name in fixture.names().filter(|name| name.starts_with("grad.")) {
        close(name, &found[&format!("{prefix}{}", &name[5..])]);
    }

    let device = device.inner();
    let plain = Encoder::new(&config::Encoder { widths: vec![8], ..Default::default() }, 0, &device);
    let normalised = plain.normalise(tensor(&fixture, "norm.input", &device));
    fixture.compare("norm.output", &values(&normalised), Absolute(1e-5));
}

/// Runs a full-width encoder with hash weights; clips go one by one, as their features do not depend on each other.
fn full_encoder(case: &str, config: &config::Encoder) {
    let fixture = Fixture::load("f_backbone_full.safetensors");
    let file = "f_backbone_full_weights.json";
    let table = fixtures::json(file);
    let device = Device::flex();
    let encoder = Encoder::new(config, 0, &device);
    let encoder = with_hash_weights(encoder, &table[case], (file, &format!("/{case}")));
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
                fixture.compare_whole(&format!("{case}.layer4.shape"), &shape);
            }
            let flat = activation.clone().reshape([channels, time * height * width]);
            seen.entry(format!("{stage}.chanmean")).or_default().extend(values(&flat.clone().mean_dim(1)));
            let deviation = flat.reshape([channels * time * height * width]).var(0).sqrt();
            seen.entry(format!("{stage}.std")).or_default().extend(values(&deviation));
        });
        seen.entry("feature".to_owned()).or_default().extend(values(&feature));
    }
    let stored = |name: &String| fixture.find(&format!("{case}.{name}")).is_some();
    for (name, values) in seen.iter().filter(|(name, _)| stored(name)) {
        fixture.compare(&format!("{case}.{name}"), values, OfLargest(1e-3));
    }
}

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

comparisons! {
    roi_align_equals_torchvision,
    modules_equal_opentad_forward_and_backward,
    small_detectors_equal_opentad,
    full_detectors_equal_opentad,
    refinement_and_proposal_maps_equal_opentad,
    tiny_encoder_equals_the_reference_forward_and_backward,
    full_encoders_equal_the_references,
}
