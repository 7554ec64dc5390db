//! Sizes of a configuration that no network can have, told before one is built.

use crate::config::{Architecture, Encoder, HeadVariant, Model, Norm};

/// The first contradiction in the sizes of detector and encoder, as a sentence for a person; nothing when all fit.
#[must_use]
pub fn contradiction(model: &Model, encoder: &Encoder) -> Option<String> {
    let wrong_encoder = if encoder.arch == Architecture::None { None } else { encoder_contradiction(model, encoder) };
    detector_contradiction(model).or(wrong_encoder)
}

fn detector_contradiction(model: &Model) -> Option<String> {
    let Model { in_channels, hidden, groups, norm_groups, tscale, dscale, roi, head, proposals, masks: _ } = model;
    let divides = |parts: usize, whole: usize| parts > 0 && whole.is_multiple_of(parts);
    let sentence = if !divides(*groups, *in_channels) || *in_channels == 0 {
        format!("model.groups ({groups}) must divide model.in_channels ({in_channels})")
    } else if *hidden == 0 || !hidden.is_multiple_of(2) || !divides(*groups, hidden / 2) {
        format!("model.groups ({groups}) must divide half of model.hidden ({hidden})")
    } else if !divides(*norm_groups, hidden / 2) {
        format!("model.norm_groups ({norm_groups}) must divide half of model.hidden ({hidden})")
    } else if *dscale == 0 || dscale > tscale {
        format!("model.dscale ({dscale}) must be from 1 to model.tscale ({tscale})")
    } else if !(proposals.ratio > 0.0 && proposals.ratio <= 1.0) {
        format!("model.proposals.ratio ({}) must be above 0 and at most 1", proposals.ratio)
    } else if roi.bins == 0 || !(roi.extend >= 0.0 && roi.extend.is_finite()) {
        "model.roi.bins must be above 0 and model.roi.extend at least 0".to_owned()
    } else if head.variant == HeadVariant::Official && roi.bins < 4 {
        format!("model.roi.bins ({}) must be at least 4 with model.head.variant = \"official\"", roi.bins)
    } else if head.stages.is_empty() || head.features == 0 || head.fc_channels == 0 {
        "model.head.stages must name a stage, model.head.features and model.head.fc_channels be above 0".to_owned()
    } else {
        return None;
    };
    Some(sentence)
}

fn encoder_contradiction(model: &Model, encoder: &Encoder) -> Option<String> {
    let layers = encoder.widths.len();
    let lists = [&encoder.blocks, &encoder.temporal_strides, &encoder.spatial_strides];
    let numbers = lists.into_iter().flatten().chain(&encoder.widths).chain([&encoder.stem_mid, &encoder.stem_width]);
    let sentence = if layers == 0 || lists.iter().any(|list| list.len() != layers) {
        "encoder.widths, blocks, temporal_strides and spatial_strides must name the same number of layers".to_owned()
    } else if numbers.into_iter().any(|&number| number == 0) {
        "the encoder's widths, blocks and strides must be above 0".to_owned()
    } else if encoder.widths.last() != Some(&model.in_channels) {
        let width = encoder.widths.last().copied().unwrap_or_default();
        format!("model.in_channels ({}) must be the encoder's last width ({width})", model.in_channels)
    } else if encoder.stem_kernel.is_multiple_of(2) {
        format!("encoder.stem_kernel ({}) must be odd", encoder.stem_kernel)
    } else if encoder.norm == Norm::Group && encoder.norm_groups == 0 {
        "encoder.norm_groups must be above 0".to_owned()
    } else if encoder.mean.len() != 3 || encoder.std.len() != 3 || !encoder.std.iter().all(|std| *std > 0.0) {
        "encoder.mean and encoder.std need three numbers each, those of std above 0".to_owned()
    } else {
        return None;
    };
    Some(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fit_and_each_contradiction_names_its_key() {
        let encoder = Encoder { arch: Architecture::R2plus1d, ..Default::default() };
        assert_eq!(contradiction(&Model::default(), &encoder), None);
        assert_eq!(contradiction(&Model { in_channels: 2048, ..Default::default() }, &Encoder::default()), None);
        let told = |model: Model, encoder: &Encoder| contradiction(&model, encoder).expect("a contradiction");
        assert!(told(Model { dscale: 200, ..Default::default() }, &encoder).contains("model.dscale (200)"));
        assert!(told(Model { norm_groups: 48, ..Default::default() }, &encoder).contains("model.norm_groups (48)"));
        assert!(told(Model { in_channels: 256, ..Default::default() }, &encoder).contains("last width (512)"));
        let mut official = Model::default();
        (official.head.variant, official.roi.bins) = (HeadVariant::Official, 3);
        assert!(told(official, &encoder).contains("model.roi.bins (3)"));
        let short = Encoder { blocks: vec![1], ..encoder };
        assert!(told(Model::default(), &short).contains("same number of layers"));
    }
}
