//! First weights: every number a function of seed and parameter name, so that they do not depend on the order of creation.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

use crate::domain::{Draw, Purpose};

/// Makes the parameters of one module tree; knows seed, device and the name of the part under construction.
#[derive(Clone, Debug)]
pub struct Init {
    seed: u64,
    device: Device,
    path: String,
}

impl Init {
    /// Starts at the root of a tree called `root` ("" for none).
    #[must_use]
    pub fn new(root: &str, seed: u64, device: &Device) -> Self {
        Self { seed, device: device.clone(), path: root.to_owned() }
    }

    /// The same for the part called `name` below this one.
    #[must_use]
    pub fn at(&self, name: impl std::fmt::Display) -> Self {
        let path = if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) };
        Self { seed: self.seed, device: self.device.clone(), path }
    }

    /// Uniform in -bound..bound (spec 4.8: LSTM with 1/sqrt(hidden)).
    #[must_use]
    pub fn uniform<const D: usize>(&self, name: &str, shape: [usize; D], bound: f64) -> Param<Tensor<D>> {
        let mut draw = self.draw(name);
        self.fill(shape, || draw.uniform(-bound, bound) as f32)
    }

    /// Xavier uniform: bound sqrt(6 / (fan_in + fan_out)) (spec 4.8). `shape` is `[out, in, kernel…]`.
    #[must_use]
    pub fn xavier<const D: usize>(&self, name: &str, shape: [usize; D]) -> Param<Tensor<D>> {
        let kernel: usize = shape.iter().skip(2).product();
        let fans = kernel * (shape[0] + shape[1]);
        self.uniform(name, shape, (6.0 / fans as f64).sqrt())
    }

    /// Kaiming normal, fan out, for ReLU: standard deviation sqrt(2 / (out · kernel)). `shape` is `[out, in, kernel…]`.
    #[must_use]
    pub fn kaiming<const D: usize>(&self, name: &str, shape: [usize; D]) -> Param<Tensor<D>> {
        let fan_out = shape[0] * shape.iter().skip(2).product::<usize>();
        let deviation = (2.0 / fan_out as f64).sqrt();
        let mut draw = self.draw(name);
        // Box–Muller: two uniforms make one normal here; the second is not worth the bookkeeping.
        let mut normal = move || {
            let radius = (-2.0 * (1.0 - draw.unit()).ln()).sqrt();
            radius * (std::f64::consts::TAU * draw.unit()).cos()
        };
        self.fill(shape, || (deviation * normal()) as f32)
    }

    /// All elements `value`.
    #[must_use]
    pub fn constant<const D: usize>(&self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.fill(shape, || value)
    }

    /// All elements `value`, and no gradient ever: running statistics.
    #[must_use]
    pub fn statistic(&self, channels: usize, value: f32) -> Param<Tensor<1>> {
        self.constant([channels], value).set_require_grad(false)
    }

    fn fill<const D: usize>(&self, shape: [usize; D], mut value: impl FnMut() -> f32) -> Param<Tensor<D>> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| value()).collect();
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), &self.device))
    }

    fn draw(&self, name: &str) -> Draw {
        Draw::new(self.seed, Purpose::Weights, &[hash(&self.at(name).path)])
    }
}

/// FNV-1a, 64 bits: a name as a counter for [`Draw`].
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_parameters_apart_and_repeat_them() {
        let init = Init::new("net", 1, &Device::flex());
        let values = |name: &str| init.uniform(name, [4], 1.0).val().into_data().try_to_vec::<f32>().expect("floats");
        assert_eq!(values("a"), values("a"));
        assert_ne!(values("a"), values("b"));
    }

    #[test]
    fn kaiming_has_the_deviation_of_its_fan_out() {
        let weight = Init::new("", 5, &Device::flex()).kaiming("w", [32, 16, 3, 3]);
        let values = weight.val().into_data().try_to_vec::<f32>().expect("floats");
        let variance = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64;
        let expected = 2.0 / (32.0 * 9.0);
        assert!((variance / expected - 1.0).abs() < 0.1, "{variance} against {expected}");
    }
}
