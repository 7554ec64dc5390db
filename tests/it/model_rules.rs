//! Rules of the encoder and the detector that no fixture shows (issue "3", items 1 and 2): first weights, frozen parts, where gradients
//! end, sizes, masks.

use burn::tensor::{Device, Tensor, TensorData};
use etad::config::{self, Architecture, HeadVariant};
use etad::model::weights::{Array, Named, Weights, parameters};
use etad::model::{Detector, Encoder};

use crate::parity_model::{gradients, values};

fn model(variant: HeadVariant) -> config::Model {
    let mut model =
        config::Model { in_channels: 32, hidden: 32, norm_groups: 4, tscale: 16, dscale: 16, ..Default::default() };
    model.roi.bins = 8;
    model.head = config::Head { variant, features: 40, fc_channels: 24, ..Default::default() };
    model
}

/// Values spread over -1..1 that do not repeat soon.
fn spread<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let value = |index: usize| ((index * 7919 + 13) % 1009) as f32 / 504.5 - 1.0;
    Tensor::from_data(TensorData::new((0..count).map(value).collect::<Vec<_>>(), shape), device)
}

/// Spec 4.8.
fn assert_first_values(name: &str, array: &Array) {
    let largest = array.values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let uniform_in = |bound: f32| {
        // Of n values uniform in ±bound the largest is below 0.8 bound in 0.8^n of all cases.
        let near = if array.values.len() >= 32 { 0.8 * bound } else { 0.0 };
        assert!((near..=bound).contains(&largest), "{name}: {largest} for a bound of {bound}");
        let mean = array.values.iter().sum::<f32>() / array.values.len() as f32;
        assert!(mean.abs() < 4.0 * bound / (3.0 * array.values.len() as f32).sqrt(), "{name}: mean {mean}");
    };
    if name.contains("mem_") {
        uniform_in(1.0 / 32f32.sqrt());
    } else if name.contains("norm.weight") {
        assert!(array.values.iter().all(|&value| value == 1.0), "{name}");
    } else if name.ends_with("bias") {
        assert_eq!(largest, 0.0, "{name}");
    } else {
        let kernel: usize = array.shape.iter().skip(2).product();
        uniform_in((6.0 / (kernel * (array.shape[0] + array.shape[1])) as f32).sqrt());
    }
}

#[test]
fn first_weights_are_xaviers_and_the_recurrent_ones_uniform_in_the_root_of_their_width() {
    for variant in [HeadVariant::OpenTad, HeadVariant::Official] {
        let detector = Detector::new(&model(variant), 0, 3, &Device::flex());
        let weights = Weights::default().with(&detector);
        assert!(weights.tensors.keys().any(|name| name.contains("mem_f")));
        for (name, array) in &weights.tensors {
            assert_first_values(name, array);
        }
    }
}

#[test]
fn detectors_have_as_many_parameters_as_the_references() {
    let count = |config: &config::Model| -> usize {
        let detector = Detector::new(config, 0, 0, &Device::flex());
        parameters(&detector).iter().map(|one| one.shape.iter().product::<usize>()).sum()
    };
    let mut thumos = config::Model { in_channels: 2048, dscale: 64, ..Default::default() };
    thumos.head.features = 256;
    assert_eq!(count(&config::Model::default()), 8_518_298, "spec 1");
    assert_eq!(count(&thumos), 5_371_802, "spec 1");
}

#[test]
fn a_stages_gradient_ends_at_its_own_head_and_the_features() {
    let device = Device::flex().autodiff();
    for variant in [HeadVariant::OpenTad, HeadVariant::Official] {
        let detector = Detector::new(&model(variant), 0, 3, &device);
        let proposals = Tensor::<3>::from_data(TensorData::new(vec![2.0f32, 9.0, 4.0, 12.0], [1, 2, 2]), &device);
        for stage in 0..3 {
            let output = detector.forward(spread([1, 32, 16], &device), None, proposals.clone().require_grad());
            let loss = output.stages[stage].iou.clone().sum() + output.stages[stage].offsets.clone().sum();
            let found = gradients(&detector, &loss.backward());
            let heads: Vec<&String> = found.keys().filter(|name| name.starts_with("roi_head")).collect();
            let own = format!("roi_head.proposal_heads.{stage}.");
            assert!(!heads.is_empty() && heads.iter().all(|name| name.starts_with(&own)), "{stage}: {heads:?}");
            assert!(found.keys().any(|name| name.starts_with("projection")), "features are trained by every stage");
            assert!(!found.keys().any(|name| name.starts_with("rpn_head")));
        }
    }
}

#[test]
fn a_mask_counts_where_the_configuration_masks() {
    let device = Device::flex();
    let mask = Tensor::<2>::from_data(TensorData::new([vec![1.0f32; 10], vec![0.0; 6]].concat(), [1, 16]), &device);
    for masks in [true, false] {
        let detector = Detector::new(&config::Model { masks, ..model(HeadVariant::OpenTad) }, 0, 3, &device);
        let enhance = |mask: Option<Tensor<2>>| detector.enhance(spread([1, 32, 16], &device), mask);
        let (with, without) = (enhance(Some(mask.clone())), enhance(None));
        let padding = values(&with.clone().narrow(2, 10, 6));
        assert_eq!(padding.iter().all(|&value| value == 0.0), masks);
        assert_eq!(values(&with) == values(&without), !masks);
    }
}

fn encoder(blocks: [usize; 4]) -> config::Encoder {
    config::Encoder {
        arch: Architecture::R2plus1d,
        blocks: blocks.to_vec(),
        widths: vec![4, 6, 8, 10],
        stem_mid: 4,
        stem_width: 4,
        ..Default::default()
    }
}

/// Names of the parameters that get a gradient.
fn trained(config: &config::Encoder) -> Vec<String> {
    let device = Device::flex().autodiff();
    let encoder = Encoder::new(config, 3, &device);
    let feature = encoder.forward(spread([1, 3, 8, 16, 16], &device));
    // Something to differentiate by even where the whole encoder is frozen.
    let leaf = Tensor::<1>::ones([1], &device).require_grad();
    let found = gradients(&encoder, &(feature.sum() * leaf).backward());
    found.into_keys().map(|name| name.trim_start_matches(Encoder::PREFIX).to_owned()).collect()
}

#[test]
fn frozen_stages_and_norms_get_no_gradient() {
    let stages = ["stem", "layer1", "layer2", "layer3", "layer4"];
    for frozen_stages in 0..=5 {
        for train_norm in [false, true] {
            let config = config::Encoder { frozen_stages, train_norm, ..encoder([1; 4]) };
            let names = trained(&config);
            for (index, stage) in stages.iter().enumerate() {
                let is_trained = names.iter().any(|name| name.starts_with(stage));
                assert_eq!(is_trained, index >= frozen_stages, "{stage} of {frozen_stages} frozen: {names:?}");
            }
            // Norms have biases; convolutions have none.
            assert_eq!(names.iter().any(|name| name.ends_with("bias")), train_norm && frozen_stages < 5);
        }
    }
    assert!(trained(&config::Encoder { frozen: true, train_norm: true, ..encoder([1; 4]) }).is_empty());
}

#[test]
fn an_encoder_may_have_any_depth_in_both_forms() {
    for arch in [Architecture::R2plus1d, Architecture::R2plus1dTorchvision] {
        for blocks in [[1, 1, 1, 1], [2, 2, 2, 2], [1, 3, 1, 2]] {
            let encoder = Encoder::new(&config::Encoder { arch, ..encoder(blocks) }, 3, &Device::flex());
            let names: Vec<String> = parameters(&encoder).into_iter().map(|one| one.name).collect();
            // Spec 3.2: ten for the stem; in a block twice two convolutions and two norms of four; the way past has five.
            assert_eq!(names.len(), 10 + 20 * blocks.iter().sum::<usize>() + 5 * 3, "{names:?}");
            assert_eq!(encoder.forward(spread([2, 3, 8, 16, 16], &Device::flex())).dims(), [2, 10]);
        }
    }
}

#[test]
fn epsilon_of_a_batch_norm_is_the_configurations() {
    let of = |norm_epsilon: f64| {
        let encoder = Encoder::new(&config::Encoder { norm_epsilon, ..encoder([1; 4]) }, 3, &Device::flex());
        values(&encoder.forward(spread([1, 3, 8, 16, 16], &Device::flex())))
    };
    assert_ne!(of(1e-3), of(1e-5));
}
