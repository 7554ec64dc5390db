//! How much memory the passes take, told beforehand: what `network` keeps of a clip for the way back, on each thread, and the sums of gradients.

use super::conv::{Conv, PATCH_VALUES};
use super::network::{Block, Factorised};
use super::{ClipSize, NativeEncoder};

/// Values of a volume between layers.
#[derive(Clone, Copy)]
struct Shape {
    channels: usize,
    frames: usize,
    height: usize,
    width: usize,
}

impl Shape {
    fn values(self) -> usize {
        self.channels * self.frames * self.height * self.width
    }

    fn after(self, conv: &Conv) -> Self {
        Self {
            channels: conv.outputs,
            frames: self.frames.div_ceil(conv.stride_time),
            height: self.height.div_ceil(conv.stride_space),
            width: self.width.div_ceil(conv.stride_space),
        }
    }
}

/// Values that a clip leaves behind, and the largest that exist for a moment besides.
#[derive(Default)]
struct Account {
    kept: usize,
    largest: usize,
}

impl Account {
    fn factorised(&mut self, part: &Factorised, input: Shape) -> Shape {
        let mid = input.after(&part.spatial.conv);
        let output = mid.after(&part.temporal.conv);
        self.kept += 2 * mid.values() + output.values();
        // Neighbourhoods as columns, and what comes and goes beside them.
        let patches = part.spatial.conv.inputs * part.spatial.conv.side.pow(2) * mid.values() / mid.channels.max(1);
        self.largest =
            self.largest.max(patches.min(PATCH_VALUES) + 3 * input.values().max(mid.values()).max(output.values()));
        output
    }

    fn block(&mut self, block: &Block, input: Shape) -> Shape {
        self.kept += input.values();
        let between = self.factorised(&block.conv1, input);
        let output = self.factorised(&block.conv2, between);
        self.kept += between.values() + output.values();
        if block.past.is_some() {
            self.kept += output.values();
        }
        output
    }
}

impl NativeEncoder {
    /// Bytes of this copy's weights.
    #[must_use]
    pub fn weight_bytes(&self) -> u64 {
        (self.parameters.iter().map(Vec::len).sum::<usize>() * size_of::<f32>()) as u64
    }

    /// Bytes that so many clips take at once at most, forward and, when they `learn`, back: their bytes, what is kept of those that threads
    /// work on, and sums of gradients.
    #[must_use]
    pub fn working_bytes(&self, clips: usize, size: ClipSize, learn: bool) -> u64 {
        let mut account = Account::default();
        let start = Shape { channels: 3, frames: size.frames, height: size.side, width: size.side };
        let mut shape = account.factorised(&self.network.stem, start);
        account.kept += shape.values();
        for (index, block) in self.network.blocks.iter().enumerate() {
            if self.network.frozen_stem && index <= self.network.frozen_blocks {
                account.kept = shape.values();
            }
            shape = account.block(block, shape);
        }
        let values = if learn { account.kept } else { account.largest } + account.largest + start.values();
        let groups = if learn { clips.div_ceil(self.clips_a_sum(clips)) } else { clips };
        let at_work = groups.min(rayon::current_num_threads());
        let sums = if learn { groups * self.sum_bytes() } else { 0 };
        (clips * size.values() + at_work * values * size_of::<f32>() + sums) as u64
    }
}
