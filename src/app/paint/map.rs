//! Draws the proposal map: scores to a texture, `shaders/proposal_map.wgsl` to the screen.

use std::sync::Arc;

use egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};
use wgpu::util::DeviceExt as _;

use super::covering;
use crate::jobs::evidence::Evidence;

use eframe::egui_wgpu;

const SHADER: &str = include_str!("../../../shaders/proposal_map.wgsl");

/// What the shader needs to know; laid out as `Uniforms` there.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct MapUniforms {
    /// First column and number of columns across the picture, rows in all, score that has the full colour.
    pub view: [f32; 4],
    /// Gamma-encoded colour of no proposal.
    pub none: [f32; 4],
    /// Of score 0.
    pub low: [f32; 4],
    /// Of the middle.
    pub middle: [f32; 4],
    /// Of the full score.
    pub high: [f32; 4],
}

/// A request to draw a map, given to egui for one pass.
#[derive(Debug)]
pub struct MapPaint {
    /// What is drawn; another one is uploaded again.
    pub evidence: Arc<Evidence>,
    /// Which part, and the colours.
    pub uniforms: MapUniforms,
    /// Format of the surface.
    pub target: wgpu::TextureFormat,
}

/// What stays on the GPU between frames.
struct Resources {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    uniforms: wgpu::Buffer,
    map: Option<(Arc<Evidence>, wgpu::BindGroup)>,
}

impl CallbackTrait for MapPaint {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let resources = resources.entry::<Resources>().or_insert_with(|| Resources::new(device, self.target));
        queue.write_buffer(&resources.uniforms, 0, bytemuck::bytes_of(&self.uniforms));
        resources.upload(device, queue, &self.evidence);
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        let Some(resources) = resources.get::<Resources>() else { return };
        let Some((_, bind_group)) = &resources.map else { return };
        pass.set_pipeline(&resources.pipeline);
        pass.set_bind_group(0, bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

impl Resources {
    fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let (pipeline, layout) = covering(device, target, "proposal map", SHADER, 1);
        let uniforms = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("proposal map"),
            contents: bytemuck::bytes_of(&<MapUniforms as bytemuck::Zeroable>::zeroed()),
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        });
        Self { pipeline, layout, uniforms, map: None }
    }

    fn upload(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, evidence: &Arc<Evidence>) {
        if self.map.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, evidence)) {
            return;
        }
        let (width, height) = (evidence.columns as u32, evidence.rows as u32);
        let size = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("proposal map"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R32Float,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let rows =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * width), rows_per_image: Some(height) };
        queue.write_texture(texture.as_image_copy(), bytemuck::cast_slice(&evidence.scores), rows, size);
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("proposal map"),
            layout: &self.layout,
            entries: &[
                entry(0, self.uniforms.as_entire_binding()),
                entry(1, wgpu::BindingResource::TextureView(&view)),
            ],
        });
        self.map = Some((evidence.clone(), bind_group));
    }
}
