//! One clip's values between layers.

/// Values of one clip, `[channels, frames, height, width]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Volume {
    pub(super) values: Vec<f32>,
    pub(super) channels: usize,
    pub(super) frames: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Volume {
    /// Zeros.
    pub(super) fn zeros(channels: usize, frames: usize, height: usize, width: usize) -> Self {
        Self { values: vec![0.0; channels * frames * height * width], channels, frames, height, width }
    }

    /// Zeros of the same shape.
    pub(super) fn like(other: &Self) -> Self {
        Self::zeros(other.channels, other.frames, other.height, other.width)
    }

    /// Pixels of a frame.
    pub(super) fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Values of a channel.
    pub(super) fn per_channel(&self) -> usize {
        self.frames * self.pixels()
    }

    /// Negative values become zero.
    pub(super) fn relu(mut self) -> Self {
        for value in &mut self.values {
            *value = value.max(0.0);
        }
        self
    }

    /// Zero where `output`, this volume's rectified counterpart, is zero: the way back through a ReLU.
    pub(super) fn masked_by(mut self, output: &Self) -> Self {
        for (value, &out) in self.values.iter_mut().zip(&output.values) {
            if out <= 0.0 {
                *value = 0.0;
            }
        }
        self
    }

    /// Adds value by value.
    pub(super) fn add(&mut self, other: &Self) {
        for (value, &more) in self.values.iter_mut().zip(&other.values) {
            *value += more;
        }
    }
}
