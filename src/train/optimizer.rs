//! Adam with decoupled or coupled weight decay, and clipping by the global norm (spec 7.1, 7.2).
//!
//! Burn's own optimisers clip tensor by tensor and keep their state by parameter identities that a new process draws anew;
//! here everything goes by parameter name, so that moments can be saved, compared and resumed bit for bit.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients as Backward, Tensor, TensorData};

use crate::config::OptimizerKind;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Gradients by parameter name, each flattened to `[elements]`. A parameter without gradient has no entry.
#[derive(Default)]
pub struct Gradients {
    by_name: BTreeMap<String, Tensor<1>>,
}

impl Gradients {
    /// Takes the gradients of `module`'s parameters out of a backward pass; names start with `group`.
    pub fn collect<M: Module>(group: &str, module: &M, backward: &mut Backward) -> Self {
        let mut collector = Collector { path: vec![group.to_owned()], backward, found: Self::default() };
        module.visit(&mut collector);
        collector.found
    }

    /// Adds `other` parameter by parameter, as accumulating over chunks does (spec 7.3).
    pub fn add(&mut self, other: Self) {
        for (name, gradient) in other.by_name {
            let sum = match self.by_name.remove(&name) {
                Some(sum) => sum + gradient,
                None => gradient,
            };
            self.by_name.insert(name, sum);
        }
    }

    /// Multiplies all by a factor.
    pub fn multiply(&mut self, factor: f64) {
        for gradient in self.by_name.values_mut() {
            *gradient = gradient.clone() * factor;
        }
    }

    /// Takes out those of one group.
    #[must_use]
    pub fn without(mut self, group: &str) -> Self {
        self.by_name.retain(|name, _| name.split('.').next() != Some(group));
        self
    }

    /// Sets a gradient by name.
    pub fn insert(&mut self, name: impl Into<String>, gradient: Tensor<1>) {
        self.by_name.insert(name.into(), gradient);
    }

    /// The gradient of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor<1>> {
        self.by_name.get(name)
    }

    /// Names with a gradient, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Global L2 norm of all gradients `[1]`; none without gradients. Nothing is read back from the device.
    #[must_use]
    pub fn norm(&self) -> Option<Tensor<1>> {
        let squares: Vec<Tensor<1>> = self.by_name.values().map(|gradient| gradient.clone().square().sum()).collect();
        (!squares.is_empty()).then(|| Tensor::cat(squares, 0).sum().sqrt())
    }

    /// Scales all gradients so that their global L2 norm is at most `limit` (coefficient `min(1, limit / (norm + 1e-6))`,
    /// spec 7.1) and returns the norm `[1]` before. Nothing is read back from the device.
    pub fn clip(&mut self, limit: f64) -> Option<Tensor<1>> {
        let norm = self.norm()?;
        let coefficient = ((norm.clone() + 1e-6).recip() * limit).clamp_max(1.0);
        for gradient in self.by_name.values_mut() {
            *gradient = gradient.clone() * coefficient.clone();
        }
        Some(norm)
    }
}

struct Collector<'a> {
    path: Vec<String>,
    backward: &'a mut Backward,
    found: Gradients,
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad_remove(self.backward) {
            self.found.insert(self.path.join("."), gradient.reshape([-1]));
        }
    }
}

/// First and second moment of one parameter, `[elements]` each.
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
    steps: u64,
}

/// Moments of one parameter on the host, as a checkpoint keeps them.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedMoments {
    /// Updates so far.
    pub steps: u64,
    /// First moment.
    pub first: Vec<f32>,
    /// Second moment.
    pub second: Vec<f32>,
}

/// Update rule with the moments of every parameter it has moved.
pub struct Optimizer {
    kind: OptimizerKind,
    weight_decay: f64,
    moments: BTreeMap<String, Moments>,
}

impl Optimizer {
    /// An optimiser without history.
    #[must_use]
    pub fn new(kind: OptimizerKind, weight_decay: f64) -> Self {
        Self { kind, weight_decay, moments: BTreeMap::new() }
    }

    /// Moves the parameters of `module` that have a gradient at learning rate `rate`; the others stay untouched: no decay, no
    /// moments (spec 7.2). Names start with `group`, as in [`Gradients::collect`].
    pub fn step<M: Module>(&mut self, group: &str, module: M, gradients: &Gradients, rate: f64) -> M {
        module.map(&mut Mover { path: vec![group.to_owned()], optimizer: self, gradients, rate })
    }

    /// One parameter's update; `value` and `gradient` are `[elements]`.
    fn update(&mut self, name: &str, value: Tensor<1>, gradient: Tensor<1>, rate: f64) -> Tensor<1> {
        let (value, gradient) = match self.kind {
            OptimizerKind::AdamW => (value * (1.0 - rate * self.weight_decay), gradient),
            OptimizerKind::Adam => (value.clone(), gradient + value * self.weight_decay),
        };
        let (first, second, steps) = match self.moments.remove(name) {
            Some(old) => (old.first * BETA_1, old.second * BETA_2, old.steps + 1),
            None => (gradient.zeros_like(), gradient.zeros_like(), 1),
        };
        let first = first + gradient.clone() * (1.0 - BETA_1);
        let second = second + gradient.square() * (1.0 - BETA_2);
        let (bias_1, bias_2) = (1.0 - BETA_1.powf(steps as f64), 1.0 - BETA_2.powf(steps as f64));
        let denominator = second.clone().sqrt() / bias_2.sqrt() + EPSILON;
        let moved = value - first.clone() / denominator * (rate / bias_1);
        self.moments.insert(name.to_owned(), Moments { first, second, steps });
        moved
    }

    /// All moments, read back from the device.
    #[must_use]
    pub fn save(&self) -> BTreeMap<String, SavedMoments> {
        let host = |tensor: &Tensor<1>| tensor.to_data().iter::<f32>().collect();
        self.moments
            .iter()
            .map(|(name, moments)| {
                let saved =
                    SavedMoments { steps: moments.steps, first: host(&moments.first), second: host(&moments.second) };
                (name.clone(), saved)
            })
            .collect()
    }

    /// Replaces all moments by saved ones.
    pub fn load(&mut self, saved: BTreeMap<String, SavedMoments>, device: &Device) {
        let device = device.clone().inner();
        let tensor = |values: Vec<f32>| {
            let count = values.len();
            Tensor::from_data(TensorData::new(values, [count]), &device)
        };
        self.moments = saved
            .into_iter()
            .map(|(name, saved)| {
                let moments = Moments { first: tensor(saved.first), second: tensor(saved.second), steps: saved.steps };
                (name, moments)
            })
            .collect();
    }
}

struct Mover<'a> {
    path: Vec<String>,
    optimizer: &'a mut Optimizer,
    gradients: &'a Gradients,
    rate: f64,
}

impl ModuleMapper for Mover<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        let Some(gradient) = self.gradients.get(&name).cloned() else { return param };
        param.map(|tensor| {
            let (dims, learns) = (tensor.dims(), tensor.is_require_grad());
            let moved = self.optimizer.update(&name, tensor.inner().reshape([-1]), gradient, self.rate);
            Tensor::from_inner(moved.reshape(dims)).set_require_grad(learns)
        })
    }
}
