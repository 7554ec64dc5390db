//! Random numbers without a generator to carry about: each draw is a function of what it is for (spec 18).
//!
//! A stateful generator would make results depend on the order of threads and would have to be saved with a checkpoint.

/// What a draw is for; keeps the streams of different uses apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Order of the items of an epoch.
    Shuffle = 1,
    /// Which proposals are trained.
    Proposals = 2,
    /// Which snippets get a gradient.
    Snippets = 3,
    /// Which negatives enter a sampled loss.
    Negatives = 4,
    /// Crop, flip and colour of a video.
    Augment = 5,
    /// Where a training window starts.
    Window = 6,
    /// Initial weights.
    Weights = 7,
    /// Contents of the sample videos.
    Sample = 8,
}

/// A counter-based stream of random numbers keyed by (seed, purpose, epoch, step, item, …).
///
/// SplitMix64 over a mixed key: the n-th number depends on key and n alone.
#[derive(Clone, Debug)]
pub struct Draw {
    key: u64,
    counter: u64,
}

impl Draw {
    /// The stream of `seed` for `purpose`, told apart by any further counters (epoch, step, item).
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, counters: &[u64]) -> Self {
        let mut key = mix(seed ^ 0x9e37_79b9_7f4a_7c15);
        for &counter in std::iter::once(&(purpose as u64)).chain(counters) {
            key = mix(key.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ mix(counter));
        }
        Self { key, counter: 0 }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.counter += 1;
        mix(self.key.wrapping_add(self.counter.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform integer in 0..count; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.bits()) * count as u128) >> 64) as usize
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// `count` distinct indices of 0..total in increasing order; all of them when `count >= total`.
    pub fn choose(&mut self, total: usize, count: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..total).collect();
        let count = count.min(total);
        for place in 0..count {
            let other = place + self.below(total - place);
            all.swap(place, other);
        }
        all.truncate(count);
        all.sort_unstable();
        all
    }
}

/// The finaliser of SplitMix64.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_numbers_and_another_key_others() {
        let numbers = |key: &[u64]| Draw::new(7, Purpose::Shuffle, key).bits();
        assert_eq!(numbers(&[1, 2]), numbers(&[1, 2]));
        assert_ne!(numbers(&[1, 2]), numbers(&[2, 1]));
        assert_ne!(Draw::new(7, Purpose::Shuffle, &[]).bits(), Draw::new(7, Purpose::Weights, &[]).bits());
    }

    #[test]
    fn chosen_indices_are_distinct_sorted_and_cover_evenly() {
        let mut hits = [0usize; 10];
        for item in 0..3000 {
            let chosen = Draw::new(1, Purpose::Proposals, &[item]).choose(10, 3);
            assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            chosen.iter().for_each(|&index| hits[index] += 1);
        }
        assert!(hits.iter().all(|&count| (800..1000).contains(&count)), "{hits:?}");
    }

    #[test]
    fn unit_draws_have_the_mean_and_spread_of_a_uniform() {
        let mut draw = Draw::new(3, Purpose::Augment, &[]);
        let values: Vec<f64> = (0..20_000).map(|_| draw.unit()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!((mean - 0.5).abs() < 0.01 && (variance - 1.0 / 12.0).abs() < 0.003, "{mean} {variance}");
    }
}
