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

/// Name here of the official detector's parameter `name` (spec 5, without its prefix "base_detector."): OpenTAD's where both have it.
/// Nothing for a name that the official code does not use.
#[must_use]
pub fn from_official(name: &str) -> Option<String> {
    let (module, rest) = name.split_once('.')?;
    match module {
        "temporal_enhance" => from_official_enhance(rest),
        "tem" => {
            let (place, parameter) = numbered(rest)?;
            Some(format!("rpn_head.tem.{}.conv.{parameter}", place / 2))
        }
        "stage_conv" => {
            let (stage, rest) = numbered(rest)?;
            let (_, parameter) = numbered(rest)?;
            Some(format!("roi_head.proposal_heads.{stage}.official.residual.{parameter}"))
        }
        "stage_pem" => {
            let (stage, rest) = numbered(rest)?;
            let (module, rest) = rest.split_once('.')?;
            let (place, parameter) = numbered(rest)?;
            // Every second place of a sequence there is an activation.
            let layer = from_official_layer(module, place / 2)?;
            Some(format!("roi_head.proposal_heads.{stage}.{layer}.{parameter}"))
        }
        _ => None,
    }
}

/// Number and rest of "3.weight".
fn numbered(name: &str) -> Option<(usize, &str)> {
    let (number, rest) = name.split_once('.')?;
    Some((number.parse().ok()?, rest))
}

/// The conv modules and LSTMs of projection and neck; a conv module is a sequence of convolution and norm there.
fn from_official_enhance(name: &str) -> Option<String> {
    let (module, rest) = name.split_once('.')?;
    if module.starts_with("mem_") {
        return Some(format!("neck.{name}"));
    }
    let (place, parameter) = numbered(rest)?;
    let part = ["conv", "norm"].get(place)?;
    match module {
        "layer1" => Some(format!("projection.convs.0.{part}.{parameter}")),
        _ => Some(format!("neck.{module}.{part}.{parameter}")),
    }
}

/// A layer of a proposal module. All its branches have three hidden layers (spec 5).
fn from_official_layer(module: &str, layer: usize) -> Option<String> {
    let branch = |name: &str, layer: usize| match layer {
        0..3 => Some(format!("{name}.fcs.{layer}.0")),
        3 => Some(format!("{name}.head")),
        _ => None,
    };
    match module {
        "reduce_dim_before" => Some("official.reduce".to_owned()),
        "reduce_dim_ext" => Some("shared_conv_fc.fcs.0.0".to_owned()),
        "iou_fc" => branch("iou_head", layer),
        "cls_se_fc" => branch("se_head", layer),
        "reg_cw_fc" => branch("reg_head", layer),
        "reg_s_fc" | "reg_e_fc" => {
            let end = if module == "reg_s_fc" { "start" } else { "end" };
            match layer.checked_sub(1) {
                None => Some(format!("official.{end}.shared_conv_fc.fcs.0.0")),
                Some(layer) => branch(&format!("official.{end}.branch"), layer),
            }
        }
        _ => None,
    }
}

/// Name in the official detector (spec 5, without its prefix "base_detector.") of the parameter that is called `name` here; nothing for
/// one that it does not have.
#[must_use]
pub fn to_official(name: &str) -> Option<String> {
    let (module, rest) = name.split_once('.')?;
    match module {
        "projection" => to_official_conv("layer1", rest.strip_prefix("convs.0.")?),
        "neck" if rest.starts_with("mem_") => Some(format!("temporal_enhance.{rest}")),
        "neck" => {
            let (layer, rest) = rest.split_once('.')?;
            to_official_conv(layer, rest)
        }
        "rpn_head" => {
            let (place, parameter) = numbered(rest.strip_prefix("tem.")?)?;
            Some(format!("tem.{}.{}", 2 * place, parameter.strip_prefix("conv.")?))
        }
        "roi_head" => {
            let (stage, rest) = numbered(rest.strip_prefix("proposal_heads.")?)?;
            let (layer, parameter) = rest.rsplit_once('.')?;
            Some(match layer {
                "official.residual" => format!("stage_conv.{stage}.0.{parameter}"),
                _ => format!("stage_pem.{stage}.{}.{parameter}", to_official_layer(layer)?),
            })
        }
        _ => None,
    }
}

fn to_official_conv(layer: &str, rest: &str) -> Option<String> {
    let (part, parameter) = rest.split_once('.')?;
    let place = ["conv", "norm"].iter().position(|known| *known == part)?;
    Some(format!("temporal_enhance.{layer}.{place}.{parameter}"))
}

/// The inverse of [`from_official_layer`], with every second place of a sequence an activation.
fn to_official_layer(layer: &str) -> Option<String> {
    const BRANCHES: [(&str, &str, usize); 5] = [
        ("iou_head.", "iou_fc", 0),
        ("se_head.", "cls_se_fc", 0),
        ("reg_head.", "reg_cw_fc", 0),
        ("official.start.branch.", "reg_s_fc", 1),
        ("official.end.branch.", "reg_e_fc", 1),
    ];
    match layer {
        "official.reduce" => return Some("reduce_dim_before.0".to_owned()),
        "shared_conv_fc.fcs.0.0" => return Some("reduce_dim_ext.0".to_owned()),
        "official.start.shared_conv_fc.fcs.0.0" => return Some("reg_s_fc.0".to_owned()),
        "official.end.shared_conv_fc.fcs.0.0" => return Some("reg_e_fc.0".to_owned()),
        _ => {}
    }
    BRANCHES.iter().find_map(|(ours, theirs, before)| {
        let place = match layer.strip_prefix(ours)? {
            "head" => 3,
            hidden => numbered(hidden.strip_prefix("fcs.")?)?.0,
        };
        Some(format!("{theirs}.{}", 2 * (place + before)))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn official_names_become_ours() {
        let heads = "roi_head.proposal_heads";
        let names = [
            ("temporal_enhance.layer1.1.bias", "projection.convs.0.norm.bias".to_owned()),
            ("temporal_enhance.mem_b.bias_hh_l0", "neck.mem_b.bias_hh_l0".to_owned()),
            ("temporal_enhance.layer2_d.0.weight", "neck.layer2_d.conv.weight".to_owned()),
            ("tem.0.weight", "rpn_head.tem.0.conv.weight".to_owned()),
            ("stage_conv.2.0.bias", format!("{heads}.2.official.residual.bias")),
            ("stage_pem.1.reduce_dim_ext.0.weight", format!("{heads}.1.shared_conv_fc.fcs.0.0.weight")),
            ("stage_pem.0.cls_se_fc.4.bias", format!("{heads}.0.se_head.fcs.2.0.bias")),
            ("stage_pem.0.reg_e_fc.8.bias", format!("{heads}.0.official.end.branch.head.bias")),
        ];
        for (theirs, ours) in names {
            assert_eq!(super::to_official(&ours).as_deref(), Some(theirs));
            assert_eq!(super::from_official(theirs), Some(ours));
        }
        assert_eq!(super::from_official("stage_pem.0.iou_fc.8.bias"), None);
        assert_eq!(super::from_official("layer1.0.conv1.1.bias"), None);
    }

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
