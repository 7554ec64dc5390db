//! The two recurrent layers of the neck, run side by side.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};

use super::init::Init;

/// Weights of a one-layer LSTM in PyTorch's layout: rows in blocks input, forget, cell, output (spec 4.2).
#[derive(Module, Debug)]
pub struct Lstm {
    weight_ih_l0: Param<Tensor<2>>,
    weight_hh_l0: Param<Tensor<2>>,
    bias_ih_l0: Param<Tensor<1>>,
    bias_hh_l0: Param<Tensor<1>>,
}

impl Lstm {
    /// Uniform in ±1/sqrt(hidden) (spec 4.8).
    #[must_use]
    pub fn new(inputs: usize, hidden: usize, init: &Init) -> Self {
        let bound = 1.0 / (hidden as f64).sqrt();
        Self {
            weight_ih_l0: init.uniform("weight_ih_l0", [4 * hidden, inputs], bound),
            weight_hh_l0: init.uniform("weight_hh_l0", [4 * hidden, hidden], bound),
            bias_ih_l0: init.uniform("bias_ih_l0", [4 * hidden], bound),
            bias_hh_l0: init.uniform("bias_hh_l0", [4 * hidden], bound),
        }
    }

    /// What the input adds to the gates, `[batch, time, in]` to `[time, batch, 4 hidden]`.
    fn input_gates(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, time, inputs] = x.dims();
        let rows = x.swap_dims(0, 1).reshape([time * batch, inputs]);
        let bias = (self.bias_ih_l0.val() + self.bias_hh_l0.val()).unsqueeze::<2>();
        let gates = rows.matmul(self.weight_ih_l0.val().transpose()) + bias;
        let width = gates.dims()[1];
        gates.reshape([time, batch, width])
    }
}

/// Runs `forward` over x and `backward` over x reversed in time, from zero states (spec 4.2).
///
/// `[batch, in, time]` to two `[batch, hidden, time]`, both in the order of time. Both layers take each step in one product, and the
/// inputs' share of the gates is one product over all times: the steps are too small to keep a processor busy one by one.
#[must_use]
pub fn both_ways(forward: &Lstm, backward: &Lstm, x: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let [batch, _, time] = x.dims();
    let hidden = forward.weight_hh_l0.dims()[1];
    let rows = x.swap_dims(1, 2);
    let ahead = forward.input_gates(rows.clone());
    let back = backward.input_gates(rows.flip([1]));
    // [time, 2, batch, 4 hidden]: a step is one contiguous piece.
    let gates = Tensor::stack::<4>(vec![ahead, back], 1);
    let weight = Tensor::stack::<3>(vec![forward.weight_hh_l0.val(), backward.weight_hh_l0.val()], 0).swap_dims(1, 2);

    let mut state: Option<(Tensor<3>, Tensor<3>)> = None;
    let mut outputs = Vec::with_capacity(time);
    for step in halves(gates, 0) {
        let step = step.reshape([2, batch, 4 * hidden]);
        let (h, c) = match state {
            Some((h, c)) => cell(step + h.matmul(weight.clone()), Some(c), hidden),
            None => cell(step, None, hidden),
        };
        outputs.push(h.clone().unsqueeze_dim::<4>(3));
        state = Some((h, c));
    }
    // [2, batch, hidden, time]
    let all = Tensor::cat(outputs, 3);
    let direction = |index| all.clone().narrow(0, index, 1).reshape([batch, hidden, time]);
    (direction(0), direction(1).flip([2]))
}

/// One step: gates `[2, batch, 4 hidden]` and the cell before (none: zeros) to (h, c), `[2, batch, hidden]` each.
fn cell(gates: Tensor<3>, before: Option<Tensor<3>>, hidden: usize) -> (Tensor<3>, Tensor<3>) {
    let gate = |block: usize| gates.clone().narrow(2, block * hidden, hidden);
    let entering = sigmoid(gate(0)) * tanh(gate(2));
    let c = match before {
        Some(before) => sigmoid(gate(1)) * before + entering,
        None => entering,
    };
    (sigmoid(gate(3)) * tanh(c.clone()), c)
}

/// The slices of length 1 along `dim`, in order.
///
/// By halving: the gradient of a slice is a tensor of the size of what was cut, so cutting single steps off the whole would cost
/// time squared in the backward pass.
fn halves(x: Tensor<4>, dim: usize) -> Vec<Tensor<4>> {
    let length = x.dims()[dim];
    if length <= 1 {
        return vec![x];
    }
    let mut left = halves(x.clone().narrow(dim, 0, length / 2), dim);
    left.extend(halves(x.narrow(dim, length / 2, length - length / 2), dim));
    left
}
