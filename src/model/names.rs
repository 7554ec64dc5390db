//! PyTorch's names of parameters, from the paths of this program's modules.

/// Parts of a path that are called otherwise in PyTorch, where a place in a sequence is a number. First match wins.
const ENCODER_NAMES: [(&str, &str); 10] = [
    ("stem.spatial.", "stem.0."),
    ("stem.mid_norm.", "stem.1."),
    ("stem.temporal.", "stem.3."),
    ("stem.norm.", "stem.4."),
    (".spatial.", ".0.0."),
    (".mid_norm.", ".0.1."),
    (".temporal.", ".0.3."),
    (".downsample.conv.", ".downsample.0."),
    (".downsample.norm.", ".downsample.1."),
    (".norm.", ".1."),
];

/// PyTorch's name of the encoder parameter at `path` (spec 3.2), without the prefix of the whole encoder.
#[must_use]
pub fn encoder(path: &str) -> String {
    let renamed = ENCODER_NAMES
        .iter()
        .find(|(ours, _)| path.contains(ours))
        .map_or_else(|| path.to_owned(), |(ours, theirs)| path.replacen(ours, theirs, 1));
    // "layers.0.2.…" is "layer1.2.…"
    let numbered = renamed.strip_prefix("layers.").and_then(|rest| rest.split_once('.'));
    match numbered.and_then(|(layer, rest)| Some((layer.parse::<usize>().ok()?, rest))) {
        Some((layer, rest)) => format!("layer{}.{rest}", layer + 1),
        None => renamed,
    }
}

/// PyTorch's name of the detector parameter at `path` (spec 4): as here, but for the activation that follows each layer of the
/// heads and makes it a sequence there.
#[must_use]
pub fn detector(path: &str) -> String {
    if let Some((before, parameter)) = path.split_once(".shared_conv_fc.fcs.") {
        return format!("{before}.shared_conv_fc.fcs.0.0.{parameter}");
    }
    let Some((before, after)) = path.split_once(".fcs.") else { return path.to_owned() };
    match after.split_once('.') {
        Some((layer, parameter)) => format!("{before}.fcs.{layer}.0.{parameter}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_those_of_the_references() {
        let encoder = [
            ("stem.norm.running_var", "stem.4.running_var"),
            ("layers.0.2.conv2.mid_norm.weight", "layer1.2.conv2.0.1.weight"),
            ("layers.2.0.conv1.spatial.weight", "layer3.0.conv1.0.0.weight"),
            ("layers.2.0.conv1.norm.bias", "layer3.0.conv1.1.bias"),
            ("layers.3.0.downsample.norm.bias", "layer4.0.downsample.1.bias"),
        ];
        for (ours, theirs) in encoder {
            assert_eq!(super::encoder(ours), theirs);
        }
        let heads = "roi_head.proposal_heads.0";
        let ours = format!("{heads}.iou_head.fcs.2.weight");
        assert_eq!(super::detector(&ours), format!("{heads}.iou_head.fcs.2.0.weight"));
        let shared = format!("{heads}.shared_conv_fc.fcs.bias");
        assert_eq!(super::detector(&shared), format!("{heads}.shared_conv_fc.fcs.0.0.bias"));
        assert_eq!(super::detector("neck.layer3.norm.bias"), "neck.layer3.norm.bias");
    }
}
