//! The detector's keys.

use super::section::{choice, section};

section! {
    /// The detector (spec 4). Lengths are in snippets.
    pub struct Model {
        /// Channels of a snippet feature. With an encoder this is its width; 512 for TSP, 2048 for I3D features (spec 8).
        in_channels: usize = 512,
        /// Channels of projection and neck (spec 4.1, 4.2).
        hidden: usize = 256,
        /// Groups of the convolutions (spec 4.1).
        groups: usize = 4,
        /// Groups of the group norms (spec 4.1).
        norm_groups: usize = 16,
        /// Snippets of a window or resized video, T (spec 1).
        tscale: usize = 128,
        /// Longest proposal in snippets, D (spec 4.4).
        dscale: usize = 128,
        /// Whether padded snippets are masked (OpenTAD) or seen like others (official code; spec 13).
        masks: bool = true,
        /// Which proposals are trained (spec 4.4).
        proposals: Proposals = Proposals::default(),
        /// One-dimensional RoI align (spec 4.5).
        roi: Roi = Roi::default(),
        /// Proposal heads of the cascade (spec 4.6).
        head: Head = Head::default(),
    }
}

section! {
    /// Sampling of the proposal map in training (spec 4.4).
    pub struct Proposals {
        /// How proposals are drawn; inference always takes all.
        strategy: ProposalStrategy = ProposalStrategy::Random,
        /// Share of the valid proposals that a training step sees, 0..1 (spec 4.4).
        ratio: f64 = 0.06,
        /// Whether they are shuffled (official code) or stay in the map's order (OpenTAD; spec 4.4, 13).
        shuffled: bool = false,
    }
}

choice! {
    /// How training proposals are drawn from the map (spec 4.4).
    pub enum ProposalStrategy {
        /// Without replacement, independently per video.
        Random = "random",
        /// Every sqrt(1/ratio)-th duration and start.
        Grid = "grid",
        /// One square block of neighbours.
        Block = "block",
        /// From a random one on, each the farthest in (start, end) from all before.
        Farthest = "farthest",
        /// Each drawn in proportion to how little those before overlap it: a determinantal process on tIoU.
        Determinantal = "determinantal",
    } default Random
}

section! {
    /// RoI align along time (spec 4.5).
    pub struct Roi {
        /// Bins of a proposal's feature, R (16 in OpenTAD, 24 in the official code).
        bins: usize = 16,
        /// How far a proposal is extended on each side, in its own length (spec 4.5).
        extend: f64 = 0.5,
        /// Half-pixel alignment: true in OpenTAD, false in the official code (spec 4.5).
        aligned: bool = true,
    }
}

section! {
    /// Proposal heads (spec 4.6) and this product's class head (spec 18).
    pub struct Head {
        /// Whose layers a cascade stage has (spec 4.6, 5, 13).
        variant: HeadVariant = HeadVariant::OpenTad,
        /// Width of the shared layer (512 for ActivityNet, 256 for THUMOS).
        features: usize = 512,
        /// Hidden layers of each branch (spec 4.6).
        fcs: usize = 3,
        /// Their width (spec 4.6).
        fc_channels: usize = 128,
        /// IoU above which a proposal trains the offsets, one value a cascade stage (spec 6.6).
        stages: Vec<f64> = vec![0.7, 0.8, 0.9],
        /// Whether the detector names classes itself (spec 18) instead of leaving it to an external classifier (spec 9.5).
        classes: bool = false,
    }
}

choice! {
    /// The reference whose layers a cascade stage has (spec 13).
    pub enum HeadVariant {
        /// OpenTAD: one shared layer on the RoI feature and three branches (spec 4.6).
        OpenTad = "opentad",
        /// The authors' own repository: a residual and a narrowing convolution before RoI align, start and end offsets from the
        /// outer quarters of the RoI, centre and width halved (spec 5). It goes with `roi.bins` 24 and `roi.aligned` false.
        Official = "official",
    } default OpenTad
}
