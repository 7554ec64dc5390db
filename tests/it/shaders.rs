//! Every shader parses and validates, and what Rust writes into uniforms is laid out as the shader reads it.

use std::path::Path;

use naga::valid::{Capabilities, ValidationFlags, Validator};

fn shaders() -> Vec<(String, naga::Module)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let mut modules = Vec::new();
    for entry in std::fs::read_dir(folder).expect("shaders/") {
        let path = entry.expect("entry").path();
        if path.extension().is_some_and(|extension| extension == "wgsl") {
            let text = std::fs::read_to_string(&path).expect("readable");
            let module = naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| {
                panic!("{}: {}", path.display(), error.emit_to_string(&text));
            });
            modules.push((path.file_name().expect("name").to_string_lossy().into_owned(), module));
        }
    }
    modules
}

#[test]
fn every_shader_is_valid() {
    let modules = shaders();
    assert!(!modules.is_empty());
    for (name, module) in modules {
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
        validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}

#[test]
fn the_video_uniforms_are_laid_out_as_the_shader_reads_them() {
    let modules = shaders();
    let (_, module) = modules.iter().find(|(name, _)| name == "yuv_to_rgb.wgsl").expect("the video shader");
    let (_, uniforms) = module.types.iter().find(|(_, kind)| kind.name.as_deref() == Some("Uniforms")).expect("struct");
    let naga::TypeInner::Struct { members, span } = &uniforms.inner else { panic!("not a struct") };
    assert_eq!(*span as usize, size_of::<etad::app::VideoUniforms>());
    let offset = |name: &str| {
        members.iter().find(|member| member.name.as_deref() == Some(name)).map(|member| member.offset as usize)
    };
    use etad::app::VideoUniforms as V;
    for (name, rust) in [
        ("red", std::mem::offset_of!(V, rgb_from_yuv)),
        ("green", std::mem::offset_of!(V, rgb_from_yuv) + 16),
        ("blue", std::mem::offset_of!(V, rgb_from_yuv) + 32),
        ("turn", std::mem::offset_of!(V, turn)),
        ("luma_size", std::mem::offset_of!(V, luma_size)),
        ("chroma_size", std::mem::offset_of!(V, chroma_size)),
        ("chroma_step", std::mem::offset_of!(V, chroma_step)),
        ("chroma_first", std::mem::offset_of!(V, chroma_first)),
    ] {
        assert_eq!(offset(name), Some(rust), "{name}");
    }
}

#[test]
fn the_map_uniforms_are_laid_out_as_the_shader_reads_them() {
    let modules = shaders();
    let (_, module) = modules.iter().find(|(name, _)| name == "proposal_map.wgsl").expect("the map shader");
    let (_, uniforms) = module.types.iter().find(|(_, kind)| kind.name.as_deref() == Some("Uniforms")).expect("struct");
    let naga::TypeInner::Struct { members, span } = &uniforms.inner else { panic!("not a struct") };
    use etad::app::MapUniforms as M;
    assert_eq!(*span as usize, size_of::<M>());
    let rust = [
        ("view", std::mem::offset_of!(M, view)),
        ("none", std::mem::offset_of!(M, none)),
        ("low", std::mem::offset_of!(M, low)),
        ("middle", std::mem::offset_of!(M, middle)),
        ("high", std::mem::offset_of!(M, high)),
    ];
    let shader: Vec<(&str, usize)> =
        members.iter().map(|member| (member.name.as_deref().unwrap_or(""), member.offset as usize)).collect();
    assert_eq!(shader, rust);
}
