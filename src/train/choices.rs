//! The random decisions of a step: which proposals, negatives and snippets take part. Parity tests put the reference's recorded
//! draws in their place.

use burn::tensor::Tensor;

use super::losses::Site;
use super::snippets;
use super::targets::Span;
use crate::config::Config;
use crate::domain::{Draw, Purpose};
use crate::model::proposals;

/// What decides where a step leaves a choice.
pub trait Choices {
    /// The proposals that an item of the batch trains, in snippets (spec 4.4); equally many for every item.
    fn proposals(&mut self, item: usize) -> Vec<Span>;

    /// `count` numbers in [0, 1) for a use in a cascade stage (spec 6.8).
    fn noise(&mut self, stage: usize, site: Site, count: usize) -> Vec<f32>;

    /// The snippets that send gradients to the encoder, as (item, snippet) in chunks (spec 7.3); `upstream` is the gradient of the
    /// features `[batch, channels, tscale]`.
    fn snippets(&mut self, upstream: &Tensor<3>) -> Vec<Vec<(usize, usize)>>;
}

/// Choices drawn by the configuration's seed and the step.
pub struct Drawn<'a> {
    config: &'a Config,
    step: u64,
}

impl<'a> Drawn<'a> {
    /// The choices of one step.
    #[must_use]
    pub fn new(config: &'a Config, step: u64) -> Self {
        Self { config, step }
    }
}

impl Choices for Drawn<'_> {
    fn proposals(&mut self, item: usize) -> Vec<Span> {
        let model = &self.config.model;
        let mut draw = Draw::new(self.config.seed, Purpose::Proposals, &[self.step, item as u64]);
        proposals::sample(&model.proposals, model.tscale, model.dscale, &mut draw)
    }

    fn noise(&mut self, stage: usize, site: Site, count: usize) -> Vec<f32> {
        let mut draw = Draw::new(self.config.seed, Purpose::Negatives, &[self.step, stage as u64, site as u64]);
        // 24 bits fill a float's precision and stay below 1.
        (0..count).map(|_| (draw.bits() >> 40) as f32 / (1u32 << 24) as f32).collect()
    }

    fn snippets(&mut self, upstream: &Tensor<3>) -> Vec<Vec<(usize, usize)>> {
        snippets::chosen(self.config, self.step, upstream.dims()[0], upstream)
    }
}
