//! The same numbers as the tensor library's own way, forward and back.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

use super::*;
use crate::config::{Architecture, Norm as NormKind};

struct ByPath<'a> {
    path: Vec<String>,
    backward: &'a mut Gradients,
    found: Vec<(String, Vec<f32>)>,
}

impl ModuleVisitor for ByPath<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad_remove(self.backward) {
            self.found.push((self.path.join("."), gradient.into_data().iter::<f32>().collect()));
        }
    }
}

fn compare(config: &config::Encoder) {
    compare_at(config, 6, ClipSize { frames: 5, side: 18 });
}

fn compare_at(config: &config::Encoder, count: usize, size: ClipSize) {
    let device = Device::flex().autodiff();
    let encoder = Encoder::new(config, 5, &device);
    let clips: Vec<u8> = (0..count * size.values()).map(|i| ((i * 7919) % 251) as u8).collect();
    let values: Vec<f32> = clips.iter().copied().map(f32::from).collect();
    let input = Tensor::<5>::from_data(TensorData::new(values, [count, 3, size.frames, size.side, size.side]), &device);
    let output = encoder.forward(input);
    let [count, channels] = output.dims();
    let upstream: Vec<f32> = (0..count * channels).map(|i| ((i * 31) % 17) as f32 / 8.0 - 1.0).collect();
    let weights = Tensor::<2>::from_data(TensorData::new(upstream.clone(), [count, channels]), &device);

    let native = NativeEncoder::new(&encoder, config);
    let features = native.features(&clips, size);
    let expected: Vec<f32> = output.clone().into_data().iter::<f32>().collect();
    // Float32 sums in another order.
    close("features", &features, &expected, 2e-5);

    let mut backward = (output * weights).sum().backward();
    let mut theirs = ByPath { path: Vec::new(), backward: &mut backward, found: Vec::new() };
    encoder.visit(&mut theirs);
    let ours = native.gradients(&clips, size, &upstream);
    let names = |gradients: &[(String, Vec<f32>)]| gradients.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs.found));
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs.found) {
        close(name, ours, theirs, 2e-4);
    }
}

/// Within `tolerance` of the largest value.
fn close(name: &str, ours: &[f32], theirs: &[f32], tolerance: f32) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    let largest = theirs.iter().fold(1e-6f32, |most, value| most.max(value.abs()));
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= tolerance * largest, "{name}[{index}]: {a} and {b}, largest {largest}");
    }
}

fn small() -> config::Encoder {
    config::Encoder {
        arch: Architecture::R2plus1d,
        blocks: vec![1, 2, 1],
        widths: vec![8, 12, 16],
        stem_mid: 6,
        stem_width: 8,
        stem_kernel: 5,
        temporal_strides: vec![1, 2, 2],
        spatial_strides: vec![1, 2, 1],
        norm: NormKind::Group,
        norm_groups: 4,
        norm_epsilon: 1e-5,
        ..config::Encoder::default()
    }
}

#[test]
fn group_norm_from_scratch() {
    compare(&small());
}

/// Patches of the first layer are made in several runs, which begin and end within frames.
#[test]
fn pictures_larger_than_a_run_of_patches() {
    compare_at(&small(), 2, ClipSize { frames: 3, side: 200 });
}

#[test]
fn batch_norm_on_running_statistics_with_frozen_stages() {
    compare(&config::Encoder { norm: NormKind::Batch, frozen_stages: 2, train_norm: true, ..small() });
    compare(&config::Encoder { norm: NormKind::Batch, frozen_stages: 1, train_norm: false, ..small() });
}

#[test]
fn gradients_do_not_depend_on_the_number_of_threads() {
    let config = small();
    let encoder = Encoder::new(&config, 5, &Device::flex().autodiff());
    let native = NativeEncoder::new(&encoder, &config);
    let size = ClipSize { frames: 4, side: 24 };
    let clips: Vec<u8> = (0..11 * size.values()).map(|i| ((i * 7919) % 251) as u8).collect();
    let upstream: Vec<f32> = (0..11 * 16).map(|i| (i % 5) as f32).collect();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| native.gradients(&clips, size, &upstream))
    };
    let one = with(1);
    assert!(one.len() > 10 && one.iter().all(|(_, values)| values.iter().any(|&value| value != 0.0)));
    assert_eq!(one, with(3));
}
