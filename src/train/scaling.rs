//! Loss scaling for an encoder in f16: gradients are carried through it times a factor, so that small ones do not vanish; where they leave
//! the range of f16 the step is left out and the factor halved (as PyTorch's `GradScaler`, whose numbers these are).

use serde::{Deserialize, Serialize};

/// Factor to begin with.
const START: f64 = 65536.0;
/// Steps in a row without overflow after which it doubles.
const PATIENCE: u32 = 2000;

/// The factor, and how long it has held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    factor: f64,
    held: u32,
}

impl Default for Scaling {
    fn default() -> Self {
        Self { factor: START, held: 0 }
    }
}

impl Scaling {
    /// By which gradients are multiplied on their way into the encoder, and divided when they have left it.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Takes in whether all gradients of a step were finite, and says whether the step counts. Where the factor is 1 already it is not the
    /// scaling that spoilt them: then the step counts, and what is wrong with it comes to light.
    pub fn judge(&mut self, finite: bool) -> bool {
        if finite {
            self.held += 1;
            if self.held == PATIENCE {
                *self = Self { factor: self.factor * 2.0, held: 0 };
            }
            return true;
        }
        if self.factor <= 1.0 {
            return true;
        }
        *self = Self { factor: (self.factor / 2.0).max(1.0), held: 0 };
        tracing::debug!(
            "a step was left out, as its gradients left the range of f16; they are scaled by {} now",
            self.factor
        );
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overflow_halves_and_a_long_time_without_doubles() {
        let mut scaling = Scaling::default();
        assert!(!scaling.judge(false));
        assert_eq!(scaling.factor(), 32768.0);
        for _ in 0..1999 {
            assert!(scaling.judge(true));
        }
        assert_eq!(scaling.factor(), 32768.0);
        assert!(scaling.judge(true));
        assert_eq!(scaling.factor(), 65536.0);
        let left_out = (0..100).filter(|_| !scaling.judge(false)).count();
        assert_eq!((left_out, scaling.factor()), (16, 1.0), "at 1 it is not the scaling");
    }
}
