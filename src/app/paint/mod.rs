//! Pipelines of the GPU. Shaders are in `shaders/`, never here.

mod map;
mod video;

pub use map::{MapPaint, MapUniforms};
pub use video::{VideoPaint, VideoUniforms, WHOLE};

use eframe::wgpu;

/// A pipeline whose one triangle covers the viewport, from the entries `corner` and `pixel` of `shader`: binding 0 is a uniform buffer,
/// from 1 on `textures` textures that are read texel by texel.
fn covering(
    device: &wgpu::Device,
    target: wgpu::TextureFormat,
    label: &str,
    shader: &str,
    textures: u32,
) -> (wgpu::RenderPipeline, wgpu::BindGroupLayout) {
    let source = wgpu::ShaderSource::Wgsl(shader.into());
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some(label), source });
    let entry =
        |binding, ty| wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::FRAGMENT, ty, count: None };
    let uniform = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let texture = wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Float { filterable: false },
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    let mut entries = vec![entry(0, uniform)];
    entries.extend((1..=textures).map(|binding| entry(binding, texture)));
    let described = wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries };
    let layout = device.create_bind_group_layout(&described);
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(label),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(label),
        layout: Some(&pipeline_layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("corner"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("pixel"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(target.into())],
        }),
        multiview_mask: None,
        cache: None,
    });
    (pipeline, layout)
}
