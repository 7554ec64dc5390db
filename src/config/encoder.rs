//! The video encoder's keys.

use super::Chunk;
use super::section::{choice, section};

section! {
    /// The video encoder (spec 3). With `arch = "none"` the detector reads stored features.
    pub struct Encoder {
        /// Which network turns a clip into a feature.
        arch: Architecture = Architecture::None,
        /// File with the encoder's first weights, from `--root`: TSP's, torchvision's or any checkpoint with an encoder (spec 3.2).
        weights: Option<String> = None,
        /// Residual blocks of each layer; their number is free (R(2+1)D-34: 3, 4, 6, 3).
        blocks: Vec<usize> = vec![3, 4, 6, 3],
        /// Channels of each layer (spec 3.1: 64, 128, 256, 512).
        widths: Vec<usize> = vec![64, 128, 256, 512],
        /// Channels between the spatial and the temporal convolution of the stem (spec 3.1).
        stem_mid: usize = 45,
        /// Channels after the stem.
        stem_width: usize = 64,
        /// Spatial kernel of the stem, an odd number of pixels (spec 3.1).
        stem_kernel: usize = 7,
        /// Temporal stride of each layer (spec 3.1: 1, 2, 2, 2).
        temporal_strides: Vec<usize> = vec![1, 2, 2, 2],
        /// Spatial stride of each layer (spec 3.1: 1, 2, 2, 2).
        spatial_strides: Vec<usize> = vec![1, 2, 2, 2],
        /// Normalisation: running statistics of pre-trained batch norms, or group norm for training from scratch.
        norm: Norm = Norm::Batch,
        /// Groups of a group norm; where they do not divide the channels, the largest smaller number that does.
        norm_groups: usize = 8,
        /// Epsilon of the normalisation (1e-3 in TSP and ETAD, 1e-5 in torchvision and for group norm).
        norm_epsilon: f64 = 1e-3,
        /// Whether scale and shift of batch norms are trained (official code) or stay (OpenTAD; spec 3.3).
        train_norm: bool = false,
        /// Stages without gradient: 0 none, 1 the stem, 2 also layer 1, and so on (spec 3.3 counts 2 for stem, layers 1 and 2).
        frozen_stages: usize = 0,
        /// Whether the whole encoder stays as it was initialised or loaded.
        frozen: bool = false,
        /// Snippets that pass the encoder at once (spec 7.3: 4), to whole multiples of which the number that learns is rounded; memory grows
        /// with it. "auto" passes as many at once as memory allows, and rounds by 4.
        chunk: Chunk = Chunk::default(),
        /// Snippets that pass at once where that is to differ from `chunk`: changes memory and time, not what is learnt. 0: as `chunk` says;
        /// a run that goes on keeps its own. The config.toml of a run has what it took.
        at_once: usize = 0,
        /// Precision in which the encoder computes on a GPU that has it; weights, optimiser, detector and losses stay f32. On the CPU only
        /// f32. Half precision takes half the memory for what the encoder keeps. "bf16" needs a build with `--features spirv` (Vulkan) or `cuda`.
        precision: Precision = Precision::F32,
        /// Share of the snippets that send gradients to the encoder, 0..1 (spec 7.3: 0.3); 1 is every snippet.
        snippet_ratio: f64 = 0.3,
        /// Mean of each RGB channel on the 0..255 scale (spec 2.4).
        mean: Vec<f64> = vec![110.2008, 100.63983, 95.99475],
        /// Standard deviation of each RGB channel on the 0..255 scale (spec 2.4).
        std: Vec<f64> = vec![58.14765, 56.46975, 55.332195],
    }
}

impl Encoder {
    /// Snippets that pass the encoder at once; before "auto" is resolved, the reference's number.
    #[must_use]
    pub fn at_once(&self) -> usize {
        if self.at_once > 0 { self.at_once } else { self.chunk.rounding() }
    }
}

choice! {
    /// Encoder networks.
    pub enum Architecture {
        /// No encoder: features are read from files.
        None = "none",
        /// R(2+1)D with middle planes from each convolution's own channels (TSP, ETAD; spec 3.1).
        R2plus1d = "r2plus1d",
        /// R(2+1)D with torchvision's middle planes: both convolutions of a block use those of the first (spec 3.1).
        R2plus1dTorchvision = "r2plus1d_torchvision",
    } default None
}

choice! {
    /// Precisions of the encoder.
    pub enum Precision {
        /// Single.
        F32 = "f32",
        /// Half, with gradients scaled so that small ones do not vanish; a step whose gradients overflow is left out.
        F16 = "f16",
        /// Half with the range of single and fewer digits.
        Bf16 = "bf16",
    } default F32
}

impl Precision {
    /// As the configuration writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }
}

choice! {
    /// Normalisation inside the encoder.
    pub enum Norm {
        /// Batch norm on running statistics, in training too (spec 3.3).
        Batch = "batch",
        /// Group norm, for encoders trained from scratch.
        Group = "group",
    } default Batch
}
