//! Which snippets send gradients to the encoder (spec 7.3).

use burn::tensor::Tensor;

use super::step::chunk_size;
use crate::config::{Config, SnippetStrategy};
use crate::domain::{Draw, Purpose};

/// Snippets of a window that learn, of `tscale`: whole chunks, `int(tscale · ratio / chunk + 0.99)` of them (spec 7.3), at least
/// one and never more than there are. How many pass at once is another matter, and changes none of it.
#[must_use]
pub fn count(tscale: usize, ratio: f64, chunk: usize) -> usize {
    let chunk = chunk.clamp(1, tscale.max(1));
    let chunks = (tscale as f64 * ratio / chunk as f64 + 0.99) as usize;
    (chunks.max(1) * chunk).min(tscale)
}

/// The chosen (item, snippet) pairs of a batch in chunks; `upstream` is the gradient of the features `[batch, channels, tscale]`.
#[must_use]
pub fn chosen(config: &Config, step: u64, items: usize, upstream: &Tensor<3>) -> Vec<Vec<(usize, usize)>> {
    let time = config.model.tscale;
    let count = count(time, config.encoder.snippet_ratio, config.encoder.chunk.rounding());
    let strategy = config.solver.snippet_strategy;
    let norms = match strategy {
        SnippetStrategy::Gradient => norms(upstream),
        _ => Vec::new(),
    };
    let picked: Vec<Vec<usize>> = (0..items)
        .map(|item| {
            let mut draw = Draw::new(config.seed, Purpose::Snippets, &[step, item as u64]);
            pick(strategy, time, count, norms.get(item * time..(item + 1) * time).unwrap_or(&[]), &mut draw)
        })
        .collect();
    // Chunk by chunk of every item, as the reference walks (spec 7.3).
    let pairs: Vec<(usize, usize)> = picked
        .first()
        .map_or(0..0, |first| 0..first.len())
        .collect::<Vec<_>>()
        .chunks(config.encoder.at_once())
        .flat_map(|columns| {
            let picked = &picked;
            (0..items).flat_map(move |item| columns.iter().map(move |&column| (item, picked[item][column])))
        })
        .collect();
    pairs.chunks(chunk_size(&config.encoder, items)).map(<[_]>::to_vec).collect()
}

fn pick(strategy: SnippetStrategy, time: usize, count: usize, norms: &[f32], draw: &mut Draw) -> Vec<usize> {
    match strategy {
        SnippetStrategy::Random => {
            let mut all: Vec<usize> = (0..time).collect();
            draw.shuffle(&mut all);
            all.truncate(count);
            all
        }
        SnippetStrategy::Grid => {
            // A drawn phase, else the same snippets would learn at every step.
            let (step, phase) = (time as f64 / count as f64, draw.unit());
            (0..count).map(|index| (((index as f64 + phase) * step) as usize).min(time - 1)).collect()
        }
        SnippetStrategy::Block => {
            let start = draw.below(time - count + 1);
            (start..start + count).collect()
        }
        SnippetStrategy::Gradient => {
            let mut all: Vec<usize> = (0..time).collect();
            all.sort_by(|&a, &b| norms[b].total_cmp(&norms[a]));
            all.truncate(count);
            all
        }
    }
}

/// Squared length of the gradient of every snippet `[batch · time]`, read back.
fn norms(upstream: &Tensor<3>) -> Vec<f32> {
    upstream.clone().square().sum_dim(1).into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_the_reference_s() {
        assert_eq!(count(128, 0.3, 4), 40);
        assert_eq!(count(16, 0.3, 2), 6);
        assert_eq!(count(64, 1.0, 16), 64);
        assert_eq!(count(10, 1.0, 4), 10);
    }

    #[test]
    fn what_passes_at_once_changes_the_portions_and_nothing_else() {
        let upstream = Tensor::<3>::zeros([2, 3, 32], &burn::tensor::Device::flex());
        let chosen = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
            let config = crate::config::parse("model.tscale = 32", "x", &settings).expect("valid");
            chosen(&config, 5, 2, &upstream)
        };
        let sorted = |chunks: &[Vec<(usize, usize)>]| {
            let mut all = chunks.concat();
            all.sort_unstable();
            all
        };
        let whole = chosen(&["encoder.chunk=8"]);
        assert_eq!(whole.iter().map(Vec::len).collect::<Vec<_>>(), [16, 16]);
        for at_once in [1, 2, 4, 16] {
            let parts = chosen(&["encoder.chunk=8", &format!("encoder.at_once={at_once}")]);
            assert_eq!(sorted(&parts), sorted(&whole), "{at_once}");
            assert!(parts.iter().all(|part| part.len() <= 2 * at_once));
        }
        let auto = |at_once: usize| sorted(&chosen(&["encoder.chunk=auto", &format!("encoder.at_once={at_once}")]));
        assert_eq!(auto(1), sorted(&chosen(&["encoder.chunk=4"])));
        assert_eq!(auto(16), auto(1));
    }

    #[test]
    fn every_strategy_picks_distinct_snippets() {
        let norms: Vec<f32> = (0..32).map(|index| index as f32).collect();
        for strategy in
            [SnippetStrategy::Random, SnippetStrategy::Grid, SnippetStrategy::Block, SnippetStrategy::Gradient]
        {
            for item in 0..50 {
                let mut draw = Draw::new(1, Purpose::Snippets, &[item]);
                let mut picked = pick(strategy, 32, 12, &norms, &mut draw);
                picked.sort_unstable();
                picked.dedup();
                assert_eq!(picked.len(), 12, "{strategy:?}");
                assert!(picked.iter().all(|&snippet| snippet < 32));
                if strategy == SnippetStrategy::Gradient {
                    assert_eq!(picked[0], 20);
                }
            }
        }
    }
}
