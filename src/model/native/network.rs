//! The network on one clip: forward with or without a tape, and back along the tape.

use super::conv::Conv;
use super::norm::{Moments, Norm};
use super::volume::Volume;

/// Values of all parameters, or gradients of them, by index.
pub(super) type Parameters = [Vec<f32>];

/// A convolution and the normalisation behind it.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) conv: Conv,
    pub(super) norm: Norm,
}

/// What the way back needs of a [`Layer`].
#[derive(Debug)]
pub(super) struct LayerTape {
    before: Volume,
    moments: Moments,
}

impl Layer {
    fn forward(&self, parameters: &Parameters, x: &Volume) -> (Volume, LayerTape) {
        let before = self.conv.forward(&parameters[self.conv.weight], x);
        let moments = self.norm.moments(parameters, &before);
        let mut after = before.clone();
        self.norm.forward(parameters, &mut after, &moments);
        (after, LayerTape { before, moments })
    }

    /// [`Self::forward`] where nothing flows back.
    fn plain(&self, parameters: &Parameters, x: &Volume) -> Volume {
        let mut y = self.conv.forward(&parameters[self.conv.weight], x);
        let moments = self.norm.moments(parameters, &y);
        self.norm.forward(parameters, &mut y, &moments);
        y
    }

    fn backward(
        &self,
        parameters: &Parameters,
        tape: &LayerTape,
        x: &Volume,
        dy: Volume,
        gradients: &mut Parameters,
        wanted: bool,
    ) -> Option<Volume> {
        let dy = self.norm.backward(parameters, &tape.before, &tape.moments, dy, gradients);
        let weight = &parameters[self.conv.weight];
        self.conv.backward(weight, x, &dy, &mut gradients[self.conv.weight], wanted)
    }
}

/// A convolution in space, ReLU, a convolution along time.
#[derive(Clone, Debug)]
pub(super) struct Factorised {
    pub(super) spatial: Layer,
    pub(super) temporal: Layer,
}

#[derive(Debug)]
struct FactorisedTape {
    spatial: LayerTape,
    mid: Volume,
    temporal: LayerTape,
}

impl Factorised {
    fn forward(&self, parameters: &Parameters, x: &Volume) -> (Volume, FactorisedTape) {
        let (mid, spatial) = self.spatial.forward(parameters, x);
        let mid = mid.relu();
        let (y, temporal) = self.temporal.forward(parameters, &mid);
        (y, FactorisedTape { spatial, mid, temporal })
    }

    fn plain(&self, parameters: &Parameters, x: &Volume) -> Volume {
        self.temporal.plain(parameters, &self.spatial.plain(parameters, x).relu())
    }

    fn backward(
        &self,
        parameters: &Parameters,
        tape: &FactorisedTape,
        x: &Volume,
        dy: Volume,
        gradients: &mut Parameters,
        wanted: bool,
    ) -> Option<Volume> {
        let dmid = self.temporal.backward(parameters, &tape.temporal, &tape.mid, dy, gradients, true)?;
        self.spatial.backward(parameters, &tape.spatial, x, dmid.masked_by(&tape.mid), gradients, wanted)
    }
}

/// Two factorised convolutions and the way past them.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) conv1: Factorised,
    pub(super) conv2: Factorised,
    pub(super) past: Option<Layer>,
}

#[derive(Debug)]
struct BlockTape {
    input: Volume,
    conv1: FactorisedTape,
    between: Volume,
    conv2: FactorisedTape,
    past: Option<LayerTape>,
    output: Volume,
}

impl Block {
    fn forward(&self, parameters: &Parameters, input: Volume) -> BlockTape {
        let (between, conv1) = self.conv1.forward(parameters, &input);
        let between = between.relu();
        let (mut output, conv2) = self.conv2.forward(parameters, &between);
        let past = self.past.as_ref().map(|past| past.forward(parameters, &input));
        output.add(past.as_ref().map_or(&input, |(past, _)| past));
        let past = past.map(|(_, tape)| tape);
        BlockTape { input, conv1, between, conv2, past, output: output.relu() }
    }

    fn plain(&self, parameters: &Parameters, input: &Volume) -> Volume {
        let mut output = self.conv2.plain(parameters, &self.conv1.plain(parameters, input).relu());
        match &self.past {
            Some(past) => output.add(&past.plain(parameters, input)),
            None => output.add(input),
        }
        output.relu()
    }

    fn backward(
        &self,
        parameters: &Parameters,
        tape: &BlockTape,
        dy: Volume,
        gradients: &mut Parameters,
        wanted: bool,
    ) -> Option<Volume> {
        let dy = dy.masked_by(&tape.output);
        let past = match (&self.past, &tape.past) {
            (Some(past), Some(past_tape)) => {
                past.backward(parameters, past_tape, &tape.input, dy.clone(), gradients, wanted)
            }
            _ => wanted.then(|| dy.clone()),
        };
        let dbetween = self.conv2.backward(parameters, &tape.conv2, &tape.between, dy, gradients, true)?;
        let dbetween = dbetween.masked_by(&tape.between);
        let mut dx = self.conv1.backward(parameters, &tape.conv1, &tape.input, dbetween, gradients, wanted)?;
        dx.add(&past?);
        Some(dx)
    }
}

/// Stem, blocks, mean over time and space.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) stem: Factorised,
    pub(super) blocks: Vec<Block>,
    /// Whether the stem takes no gradient, and how many blocks behind it take none.
    pub(super) frozen_stem: bool,
    pub(super) frozen_blocks: usize,
}

impl Network {
    /// The feature `[channels]` of a clip.
    pub(super) fn forward(&self, parameters: &Parameters, clip: &Volume) -> Vec<f32> {
        let x = self.stem.plain(parameters, clip).relu();
        let x = self.blocks.iter().fold(x, |x, block| block.plain(parameters, &x));
        x.values.chunks_exact(x.per_channel()).map(mean).collect()
    }

    /// Adds to `gradients` those that a gradient `upstream` `[channels]` of the clip's feature gives.
    pub(super) fn backward(
        &self,
        parameters: &Parameters,
        clip: &Volume,
        upstream: &[f32],
        gradients: &mut Parameters,
    ) {
        // What nothing flows back through leaves no tape.
        let (mut x, stem_tape) = if self.frozen_stem {
            (self.stem.plain(parameters, clip), None)
        } else {
            let (x, tape) = self.stem.forward(parameters, clip);
            (x, Some(tape))
        };
        x = x.relu();
        let kept_from = if self.frozen_stem { self.frozen_blocks.min(self.blocks.len()) } else { 0 };
        for block in &self.blocks[..kept_from] {
            x = block.plain(parameters, &x);
        }
        let mut tapes: Vec<BlockTape> = Vec::with_capacity(self.blocks.len() - kept_from);
        for block in &self.blocks[kept_from..] {
            let input = tapes.last().map_or(&x, |tape| &tape.output).clone();
            tapes.push(block.forward(parameters, input));
        }
        let Some(last) = tapes.last() else { return };
        let mut dy = Volume::like(&last.output);
        let share = last.output.per_channel();
        for (values, &gradient) in dy.values.chunks_exact_mut(share).zip(upstream) {
            values.fill(gradient / share as f32);
        }
        for (index, (block, tape)) in self.blocks[kept_from..].iter().zip(&tapes).enumerate().rev() {
            let wanted = stem_tape.is_some() || index > 0;
            match block.backward(parameters, tape, dy, gradients, wanted) {
                Some(dx) => dy = dx,
                None => return,
            }
        }
        if let Some(tape) = stem_tape {
            self.stem.backward(parameters, &tape, clip, dy.masked_by(&x), gradients, false);
        }
    }
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}
