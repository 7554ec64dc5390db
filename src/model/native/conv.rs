//! The encoder's convolutions on one clip: in space by patches, along time tap by tap, pointwise.

use super::matrix::{Target, View};
use super::volume::Volume;

/// A convolution without bias; weight `[out, in, time, height, width]`, an odd kernel in space or along time, zeros outside.
#[derive(Clone, Debug)]
pub(super) struct Conv {
    pub(super) weight: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) taps: usize,
    pub(super) side: usize,
    pub(super) stride_time: usize,
    pub(super) stride_space: usize,
}

impl Conv {
    /// `[out, frames', height', width']`.
    pub(super) fn forward(&self, weight: &[f32], x: &Volume) -> Volume {
        let mut y = self.output(x);
        let columns = y.per_channel();
        if self.side > 1 {
            let patches = self.patches(x, &y);
            let weight = View::new(weight, self.outputs, self.inputs * self.side * self.side);
            Target::new(&mut y.values, 0, columns).product(
                weight,
                View::new(&patches, weight_rows(self), columns),
                false,
            );
            return y;
        }
        let thin;
        let x = if self.stride_space > 1 {
            thin = thinned(x, self.stride_space);
            &thin
        } else {
            x
        };
        let frames = y.frames;
        for tap in 0..self.taps {
            let weight = View::tap(weight, self.outputs, self.inputs, self.taps, tap);
            self.spans(x, frames, tap, |from, to, count| {
                let input = View::new(&x.values, self.inputs, x.per_channel()).columns(from, count);
                Target::new(&mut y.values, to, columns).product(weight, input, true);
            });
        }
        y
    }

    /// Adds the gradient of the weight to `gradient`, and returns that of the input if it is `wanted`.
    pub(super) fn backward(
        &self,
        weight: &[f32],
        x: &Volume,
        dy: &Volume,
        gradient: &mut [f32],
        wanted: bool,
    ) -> Option<Volume> {
        let columns = dy.per_channel();
        let dys = View::new(&dy.values, self.outputs, columns);
        if self.side > 1 {
            let rows = weight_rows(self);
            let mut patches = self.patches(x, dy);
            Target::new(gradient, 0, rows).product(dys, View::new(&patches, rows, columns).transposed(), true);
            return wanted.then(|| {
                let weight = View::new(weight, self.outputs, rows).transposed();
                Target::new(&mut patches, 0, columns).product(weight, dys, false);
                self.unpatched(&patches, x, dy)
            });
        }
        let thin;
        let thinned_x = if self.stride_space > 1 {
            thin = thinned(x, self.stride_space);
            &thin
        } else {
            x
        };
        let mut dx = Volume::like(thinned_x);
        for tap in 0..self.taps {
            let weight = View::tap(weight, self.outputs, self.inputs, self.taps, tap).transposed();
            self.spans(thinned_x, dy.frames, tap, |from, to, count| {
                let dy = dys.columns(to, count);
                let input = View::new(&thinned_x.values, self.inputs, thinned_x.per_channel()).columns(from, count);
                Target::tap(gradient, self.inputs, self.taps, tap).product(dy, input.transposed(), true);
                if wanted {
                    let stride = thinned_x.per_channel();
                    Target::new(&mut dx.values, from, stride).product(weight, dy, true);
                }
            });
        }
        wanted.then(|| if self.stride_space > 1 { spread(&dx, x, self.stride_space) } else { dx })
    }

    fn output(&self, x: &Volume) -> Volume {
        Volume::zeros(
            self.outputs,
            x.frames.div_ceil(self.stride_time),
            x.height.div_ceil(self.stride_space),
            x.width.div_ceil(self.stride_space),
        )
    }

    /// Runs of columns that a tap connects: first column of the input, first of the output, how many.
    fn spans(&self, x: &Volume, frames_out: usize, tap: usize, mut each: impl FnMut(usize, usize, usize)) {
        let (pixels, centre) = (x.pixels(), self.taps / 2);
        if self.stride_time == 1 {
            let (from, to) = (tap.saturating_sub(centre), centre.saturating_sub(tap));
            let frames = x.frames.saturating_sub(from.max(to));
            if frames > 0 {
                each(from * pixels, to * pixels, frames * pixels);
            }
            return;
        }
        for frame in 0..frames_out {
            let source = (frame * self.stride_time + tap).wrapping_sub(centre);
            if source < x.frames {
                each(source * pixels, frame * pixels, pixels);
            }
        }
    }

    /// Every kernel-sized neighbourhood as a column: `[in · side · side, frames · height' · width']`.
    fn patches(&self, x: &Volume, y: &Volume) -> Vec<f32> {
        let columns = y.per_channel();
        let mut patches = vec![0.0; weight_rows(self) * columns];
        self.each_run(x, y, |from, to, step, count| {
            let run = &mut patches[to..to + count];
            if step == 1 {
                run.copy_from_slice(&x.values[from..from + count]);
            } else {
                for (value, source) in run.iter_mut().zip(x.values[from..].iter().step_by(step)) {
                    *value = *source;
                }
            }
        });
        patches
    }

    /// The sum of columns of gradients over the neighbourhoods that each input belongs to.
    fn unpatched(&self, patches: &[f32], x: &Volume, y: &Volume) -> Volume {
        let mut dx = Volume::like(x);
        self.each_run(x, y, |from, to, step, count| {
            let run = &patches[to..to + count];
            for (value, &more) in dx.values[from..].iter_mut().step_by(step).zip(run) {
                *value += more;
            }
        });
        dx
    }

    /// Rows of patches as runs: first element in the input, first in the patches, step in the input, length.
    fn each_run(&self, x: &Volume, y: &Volume, mut each: impl FnMut(usize, usize, usize, usize)) {
        let (stride, pad, columns) = (self.stride_space, self.side / 2, y.per_channel());
        for row in 0..weight_rows(self) {
            let (channel, ky, kx) = (row / (self.side * self.side), row / self.side % self.side, row % self.side);
            // Output columns whose source column kx - pad + stride·column lies inside.
            let first = pad.saturating_sub(kx).div_ceil(stride);
            let last = (x.width + pad - kx).div_ceil(stride).min(y.width);
            for frame in 0..x.frames {
                for line in 0..y.height {
                    let source = (line * stride + ky).wrapping_sub(pad);
                    if source >= x.height || first >= last {
                        continue;
                    }
                    let from = ((channel * x.frames + frame) * x.height + source) * x.width + first * stride + kx - pad;
                    let to = row * columns + (frame * y.height + line) * y.width + first;
                    each(from, to, stride, last - first);
                }
            }
        }
    }
}

fn weight_rows(conv: &Conv) -> usize {
    conv.inputs * conv.side * conv.side
}

/// Every `step`-th pixel in both directions of space.
fn thinned(x: &Volume, step: usize) -> Volume {
    let mut thin = Volume::zeros(x.channels, x.frames, x.height.div_ceil(step), x.width.div_ceil(step));
    each_kept(x, step, |kept, index| thin.values[kept] = x.values[index]);
    thin
}

/// The gradient of [`thinned`]: zero at the pixels left out.
fn spread(thin: &Volume, x: &Volume, step: usize) -> Volume {
    let mut dx = Volume::like(x);
    each_kept(x, step, |kept, index| dx.values[index] = thin.values[kept]);
    dx
}

fn each_kept(x: &Volume, step: usize, mut each: impl FnMut(usize, usize)) {
    let mut kept = 0;
    for plane in 0..x.channels * x.frames {
        for row in (0..x.height).step_by(step) {
            for column in (0..x.width).step_by(step) {
                each(kept, (plane * x.height + row) * x.width + column);
                kept += 1;
            }
        }
    }
}
