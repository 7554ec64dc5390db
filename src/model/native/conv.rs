//! The encoder's convolutions on one clip: in space by patches, along time tap by tap, pointwise.

use std::cell::RefCell;
use std::ops::Range;

use super::matrix::{Target, View};
use super::volume::Volume;

/// Values of patches made at once: they, and what a product reads beside them, stay in a core's cache, and a clip of full size does not
/// need nine times its memory.
pub(super) const PATCH_VALUES: usize = 1 << 18;

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
            PATCHES.with_borrow_mut(|patches| self.in_space(weight, x, &mut y, patches));
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
            return PATCHES.with_borrow_mut(|patches| self.back_in_space(weight, x, dy, gradient, wanted, patches));
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

    fn in_space(&self, weight: &[f32], x: &Volume, y: &mut Volume, patches: &mut Vec<f32>) {
        let (rows, columns) = (weight_rows(self), y.per_channel());
        for lines in self.tiles(y) {
            let (first, count) = (lines.start * y.width, lines.len() * y.width);
            self.patches(x, y, lines, patches);
            Target::new(&mut y.values, first, columns).product(
                View::new(weight, self.outputs, rows),
                View::new(patches, rows, count),
                false,
            );
        }
    }

    fn back_in_space(
        &self,
        weight: &[f32],
        x: &Volume,
        dy: &Volume,
        gradient: &mut [f32],
        wanted: bool,
        patches: &mut Vec<f32>,
    ) -> Option<Volume> {
        let rows = weight_rows(self);
        let all = View::new(&dy.values, self.outputs, dy.per_channel());
        let mut dx = wanted.then(|| Volume::like(x));
        for lines in self.tiles(dy) {
            let count = lines.len() * dy.width;
            let dys = all.columns(lines.start * dy.width, count);
            self.patches(x, dy, lines.clone(), patches);
            Target::new(gradient, 0, rows).product(dys, View::new(patches, rows, count).transposed(), true);
            if let Some(dx) = &mut dx {
                let weight = View::new(weight, self.outputs, rows).transposed();
                Target::new(patches, 0, count).product(weight, dys, false);
                self.unpatched(patches, dx, dy, lines);
            }
        }
        dx
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

    /// The lines of all frames of the output, in runs whose patches are made at once.
    fn tiles(&self, y: &Volume) -> impl Iterator<Item = Range<usize>> + use<> {
        let all = y.frames * y.height;
        let lines = (PATCH_VALUES / (weight_rows(self) * y.width).max(1)).max(1);
        (0..all).step_by(lines).map(move |first| first..(first + lines).min(all))
    }

    /// Every kernel-sized neighbourhood of some output lines as a column: `[in · side · side, lines · width']`.
    fn patches(&self, x: &Volume, y: &Volume, lines: Range<usize>, patches: &mut Vec<f32>) {
        patches.resize(weight_rows(self) * lines.len() * y.width, 0.0);
        let step = self.stride_space;
        self.each_line(x, y, lines, |to, run| {
            let line = &mut patches[to..to + y.width];
            let Some(Run { from, columns }) = run else {
                line.fill(0.0);
                return;
            };
            line[..columns.start].fill(0.0);
            line[columns.end..].fill(0.0);
            let line = &mut line[columns];
            if step == 1 {
                line.copy_from_slice(&x.values[from..from + line.len()]);
            } else {
                for (value, source) in line.iter_mut().zip(x.values[from..].iter().step_by(step)) {
                    *value = *source;
                }
            }
        });
    }

    /// Adds to each input the gradients over the neighbourhoods of some output lines that it belongs to.
    fn unpatched(&self, patches: &[f32], dx: &mut Volume, y: &Volume, lines: Range<usize>) {
        let shape = Volume { values: Vec::new(), ..*dx };
        let step = self.stride_space;
        self.each_line(&shape, y, lines, |to, run| {
            let Some(Run { from, columns }) = run else { return };
            let line = &patches[to + columns.start..to + columns.end];
            if step == 1 {
                for (value, &more) in dx.values[from..from + line.len()].iter_mut().zip(line) {
                    *value += more;
                }
            } else {
                for (value, &more) in dx.values[from..].iter_mut().step_by(step).zip(line) {
                    *value += more;
                }
            }
        });
    }

    /// Each output line in each row of the patches: where it begins there, and what it reads of the input; nothing outside of it.
    fn each_line(&self, x: &Volume, y: &Volume, lines: Range<usize>, mut each: impl FnMut(usize, Option<Run>)) {
        let (stride, pad) = (self.stride_space, self.side / 2);
        let mut to = 0;
        for row in 0..weight_rows(self) {
            let (channel, ky, kx) = (row / (self.side * self.side), row / self.side % self.side, row % self.side);
            // Output columns whose source column kx - pad + stride·column lies inside.
            let first = pad.saturating_sub(kx).div_ceil(stride);
            let last = (x.width + pad).saturating_sub(kx).div_ceil(stride).min(y.width);
            let (mut frame, mut line) = (lines.start / y.height, lines.start % y.height);
            for _ in lines.clone() {
                let source = (line * stride + ky).wrapping_sub(pad);
                let run = (source < x.height && first < last).then(|| Run {
                    from: ((channel * x.frames + frame) * x.height + source) * x.width + first * stride + kx - pad,
                    columns: first..last,
                });
                each(to, run);
                to += y.width;
                line += 1;
                if line == y.height {
                    (frame, line) = (frame + 1, 0);
                }
            }
        }
    }
}

/// What a line of patches reads: the input's element that the first of its columns is, and its columns.
struct Run {
    from: usize,
    columns: Range<usize>,
}

thread_local! {
    /// Patches under work: made anew for each layer, their memory would be asked from the system each time.
    static PATCHES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
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
