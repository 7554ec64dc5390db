//! Draws a decoded picture: planes to textures, `shaders/yuv_to_rgb.wgsl` to the screen.

use std::sync::Arc;

use egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};
use wgpu::util::DeviceExt as _;

use super::covering;
use crate::video::{Channel, Frame, Layout, Picture, Rotation, Transfer};

use eframe::egui_wgpu;

const SHADER: &str = include_str!("../../../shaders/yuv_to_rgb.wgsl");

/// What the shader needs to know of a picture; laid out as `Uniforms` there.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct VideoUniforms {
    /// Rows of the 3x4 matrix from (Y, U, V, 1), each 0..1, to R, G, B.
    pub rgb_from_yuv: [[f32; 4]; 3],
    /// Row-major 2x2 matrix from a place in the upright picture, measured from its middle, to the stored one.
    pub turn: [f32; 4],
    /// Left, top, width and height of the part of the upright picture that is drawn, each 0..1.
    pub part: [f32; 4],
    /// Weights of the bytes of a texel, each 0..1, that make Y, U, V and opacity 0..1.
    pub picks: [[f32; 4]; 4],
    /// Stored size in pixels.
    pub luma_size: [f32; 2],
    /// Luma pixels from one chroma sample to the next.
    pub chroma_step: [f32; 2],
    /// Luma pixels from the first luma sample to the first chroma sample.
    pub chroma_first: [f32; 2],
    /// 0: as a display shows it, 1: PQ, 2: HLG.
    pub transfer: u32,
    /// 1 for a picture without opacity.
    pub opaque: f32,
}

/// The whole of a picture.
pub const WHOLE: [f32; 4] = [0.0, 0.0, 1.0, 1.0];

impl VideoUniforms {
    /// The uniforms of a part of a picture (left, top, width, height, 0..1 of the upright one).
    #[must_use]
    pub fn new(picture: &Picture, part: [f32; 4]) -> Self {
        let turn = match picture.rotation {
            Rotation::None => [1.0, 0.0, 0.0, 1.0],
            Rotation::Clockwise90 => [0.0, 1.0, -1.0, 0.0],
            Rotation::Half => [-1.0, 0.0, 0.0, -1.0],
            Rotation::Clockwise270 => [0.0, -1.0, 1.0, 0.0],
        };
        let (chroma_step, chroma_first) = picture.chroma_grid();
        Self {
            rgb_from_yuv: picture.rgb_from_yuv().map(|row| row.map(|weight| weight as f32)),
            turn,
            part,
            picks: CHANNELS.map(|channel| pick(picture.layout, channel)),
            luma_size: [picture.width as f32, picture.height as f32],
            chroma_step,
            chroma_first,
            transfer: match picture.transfer {
                Transfer::Display => 0,
                Transfer::Pq => 1,
                Transfer::Hlg => 2,
            },
            opaque: if picture.layout.alpha { 0.0 } else { 1.0 },
        }
    }
}

/// The channels in the order of their textures.
const CHANNELS: [Channel; 4] = [Channel::Luma, Channel::U, Channel::V, Channel::Alpha];

/// Weights of the bytes of a texel (as 0..1) that make a channel 0..1; none of a channel that a picture does not have.
fn pick(layout: Layout, channel: Channel) -> [f32; 4] {
    let mut weights = [0.0; 4];
    if let Some((_, first)) = layout.place(channel) {
        let unit = 255.0 / layout.highest();
        for (byte, weight) in weights.iter_mut().skip(first).take(layout.sample_bytes()).enumerate() {
            *weight = (unit * 256f64.powi(byte as i32)) as f32;
        }
    }
    weights
}

/// The texture format of texels of so many bytes.
fn format(texel_bytes: usize) -> wgpu::TextureFormat {
    match texel_bytes {
        1 => wgpu::TextureFormat::R8Unorm,
        2 => wgpu::TextureFormat::Rg8Unorm,
        _ => wgpu::TextureFormat::Rgba8Unorm,
    }
}

/// A request to draw a frame, given to egui for one pass.
#[derive(Debug)]
pub struct VideoPaint {
    /// The frame.
    pub frame: Arc<Frame>,
    /// Tells frames apart: a frame with the number of the last one is not uploaded again.
    pub sequence: u64,
    /// Left, top, width and height of the part that fills the place, 0..1 of the upright picture; [`WHOLE`] for all of it.
    pub part: [f32; 4],
    /// Format of the surface.
    pub target: wgpu::TextureFormat,
}

/// What stays on the GPU between frames.
struct Resources {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    picture: Option<OnGpu>,
}

/// Textures of pictures of one size and layout, and which of them they hold.
struct OnGpu {
    planes: Vec<wgpu::Texture>,
    uniforms: wgpu::Buffer,
    written: VideoUniforms,
    bind_group: wgpu::BindGroup,
    shape: Shape,
    sequence: u64,
}

/// Layout and sizes of the planes.
#[derive(Clone, PartialEq)]
struct Shape(Layout, Vec<(usize, usize)>);

impl Shape {
    fn of(picture: &Picture) -> Self {
        Self(picture.layout, picture.planes.iter().map(|plane| (plane.width, plane.height)).collect())
    }
}

impl CallbackTrait for VideoPaint {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let resources = resources.entry::<Resources>().or_insert_with(|| Resources::new(device, self.target));
        resources.upload(device, queue, self);
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        let Some(resources) = resources.get::<Resources>() else { return };
        let Some(picture) = &resources.picture else { return };
        pass.set_pipeline(&resources.pipeline);
        pass.set_bind_group(0, &picture.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

impl Resources {
    fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let (pipeline, layout) = covering(device, target, "video picture", SHADER, 4);
        Self { pipeline, layout, picture: None }
    }

    fn upload(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, paint: &VideoPaint) {
        let picture = &paint.frame.picture;
        let (shape, uniforms) = (Shape::of(picture), VideoUniforms::new(picture, paint.part));
        let fits = self.picture.take().filter(|known| known.shape == shape);
        let mut on_gpu = fits.unwrap_or_else(|| self.allocate(device, picture, shape, uniforms));
        if on_gpu.written != uniforms {
            on_gpu.written = uniforms;
            queue.write_buffer(&on_gpu.uniforms, 0, bytemuck::bytes_of(&uniforms));
        }
        if on_gpu.sequence != paint.sequence {
            on_gpu.sequence = paint.sequence;
            for (number, (texture, plane)) in on_gpu.planes.iter().zip(&picture.planes).enumerate() {
                let rows = wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some((plane.width * picture.layout.texel_bytes(number)) as u32),
                    rows_per_image: Some(plane.height as u32),
                };
                queue.write_texture(texture.as_image_copy(), &plane.data, rows, extent(plane.width, plane.height));
            }
        }
        self.picture = Some(on_gpu);
    }

    fn allocate(&self, device: &wgpu::Device, picture: &Picture, shape: Shape, written: VideoUniforms) -> OnGpu {
        let texture = |(number, &(width, height)): (usize, &(usize, usize))| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some("video plane"),
                size: extent(width, height),
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: format(picture.layout.texel_bytes(number)),
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            })
        };
        let planes: Vec<wgpu::Texture> = shape.1.iter().enumerate().map(texture).collect();
        let uniforms = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("video picture"),
            contents: bytemuck::bytes_of(&written),
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        });
        // A channel that a picture does not have reads luma, with weights of zero.
        let views = CHANNELS.map(|channel| {
            let plane = picture.layout.place(channel).map_or(0, |(plane, _)| plane);
            planes[plane].create_view(&wgpu::TextureViewDescriptor::default())
        });
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        let mut entries = vec![entry(0, uniforms.as_entire_binding())];
        entries.extend((1..).zip(&views).map(|(at, view)| entry(at, wgpu::BindingResource::TextureView(view))));
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("video picture"),
            layout: &self.layout,
            entries: &entries,
        });
        OnGpu { planes, uniforms, written, bind_group, shape, sequence: 0 }
    }
}

fn extent(width: usize, height: usize) -> wgpu::Extent3d {
    wgpu::Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::Chroma;

    #[test]
    fn half_size_chroma_is_sited_left_and_midway() {
        let plane = |side: usize| crate::video::Plane { data: vec![0; side * side], width: side, height: side };
        let planes = vec![plane(4), plane(2), plane(2)];
        let picture = Picture { planes, layout: Layout::PLANAR, ..Picture::grey(4, 4, 0) };
        let uniforms = VideoUniforms::new(&picture, WHOLE);
        assert_eq!((uniforms.chroma_step, uniforms.chroma_first), ([2.0, 2.0], [0.0, 0.5]));
    }

    #[test]
    fn bytes_are_weighted_as_the_layout_says() {
        let p010 = Layout { bits: 10, shift: 6, chroma: Chroma::Pairs, alpha: false };
        // The highest value, 1023 at the upper end of sixteen bits, is bytes 192 and 255.
        let texel = [192.0 / 255.0, 1.0];
        for (channel, first) in [(Channel::Luma, 0), (Channel::U, 0), (Channel::V, 2)] {
            let weights = pick(p010, channel);
            let value = weights[first] * texel[0] + weights[first + 1] * texel[1];
            assert!((value - 1.0).abs() < 1e-6, "{channel:?} {value}");
        }
        assert_eq!(pick(p010, Channel::Alpha), [0.0; 4]);
        assert_eq!(pick(Layout::PLANAR, Channel::V), [1.0, 0.0, 0.0, 0.0]);
    }
}
