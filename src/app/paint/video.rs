//! Draws a decoded picture: planes to textures, `shaders/yuv_to_rgb.wgsl` to the screen.

use std::sync::Arc;

use egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};
use wgpu::util::DeviceExt as _;

use crate::video::{ColourRange, Frame, Picture, Plane, Rotation};

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
    /// Stored size in pixels.
    pub luma_size: [f32; 2],
    /// Size of the chroma planes in samples.
    pub chroma_size: [f32; 2],
    /// Luma pixels from one chroma sample to the next.
    pub chroma_step: [f32; 2],
    /// Luma pixels from the first luma sample to the first chroma sample.
    pub chroma_first: [f32; 2],
}

impl VideoUniforms {
    /// The uniforms of a picture. Chroma is sited left, and midway between rows, as MPEG-2 and later do.
    #[must_use]
    pub fn new(picture: &Picture) -> Self {
        let size = |plane: &Plane| [plane.width as f32, plane.height as f32];
        let [luma, chroma, _] = &picture.planes;
        let step = |luma: usize, chroma: usize| luma.div_ceil(chroma.max(1)).max(1) as f32;
        let chroma_step = [step(luma.width, chroma.width), step(luma.height, chroma.height)];
        let turn = match picture.rotation {
            Rotation::None => [1.0, 0.0, 0.0, 1.0],
            Rotation::Clockwise90 => [0.0, 1.0, -1.0, 0.0],
            Rotation::Half => [-1.0, 0.0, 0.0, -1.0],
            Rotation::Clockwise270 => [0.0, -1.0, 1.0, 0.0],
        };
        Self {
            rgb_from_yuv: rgb_from_yuv(picture),
            turn,
            luma_size: size(luma),
            chroma_size: size(chroma),
            chroma_step,
            chroma_first: [0.0, 0.5 * (chroma_step[1] - 1.0)],
        }
    }
}

/// The matrix from bytes as 0..1 to R, G, B as 0..1 (ITU-R BT.601, 709, 2020: Kr and Kb; limited range 16-235 and 16-240).
fn rgb_from_yuv(picture: &Picture) -> [[f32; 4]; 3] {
    let (kr, kb) = picture.matrix.weights();
    let kg = 1.0 - kr - kb;
    let (black, luma, chroma) = match picture.range {
        ColourRange::Limited => (16.0 / 255.0, 255.0 / 219.0, 255.0 / 224.0),
        ColourRange::Full => (0.0, 1.0, 1.0),
    };
    let (red_v, blue_u) = (2.0 * (1.0 - kr) * chroma, 2.0 * (1.0 - kb) * chroma);
    let (green_u, green_v) = (-kb / kg * blue_u, -kr / kg * red_v);
    let middle = 128.0 / 255.0;
    let row = |u: f64, v: f64| [luma, u, v, -luma * black - (u + v) * middle].map(|value| value as f32);
    [row(0.0, red_v), row(green_u, green_v), row(blue_u, 0.0)]
}

/// A request to draw a frame, given to egui for one pass.
#[derive(Debug)]
pub struct VideoPaint {
    /// The frame.
    pub frame: Arc<Frame>,
    /// Tells frames apart: a frame with the number of the last one is not uploaded again.
    pub sequence: u64,
    /// Format of the surface.
    pub target: wgpu::TextureFormat,
}

/// What stays on the GPU between frames.
struct Resources {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    picture: Option<OnGpu>,
}

/// The textures of pictures of one size, and which of them they hold.
struct OnGpu {
    planes: [wgpu::Texture; 3],
    uniforms: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
    sizes: [(usize, usize); 3],
    sequence: u64,
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
        resources.upload(device, queue, &self.frame.picture, self.sequence);
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
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("yuv_to_rgb"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty,
            count: None,
        };
        let uniform = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let plane = wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: true },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("video picture"),
            entries: &[
                entry(0, uniform),
                entry(1, plane),
                entry(2, plane),
                entry(3, plane),
                entry(4, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering)),
            ],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("video picture"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("yuv_to_rgb"),
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
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("video picture"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..wgpu::SamplerDescriptor::default()
        });
        Self { pipeline, layout, sampler, picture: None }
    }

    fn upload(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, picture: &Picture, sequence: u64) {
        let sizes = [0, 1, 2].map(|plane: usize| (picture.planes[plane].width, picture.planes[plane].height));
        if self.picture.as_ref().is_some_and(|known| known.sizes == sizes && known.sequence == sequence) {
            return;
        }
        let fits = self.picture.take().filter(|known| known.sizes == sizes);
        let mut on_gpu = fits.unwrap_or_else(|| self.allocate(device, picture, sizes));
        on_gpu.sequence = sequence;
        queue.write_buffer(&on_gpu.uniforms, 0, bytemuck::bytes_of(&VideoUniforms::new(picture)));
        for (texture, plane) in on_gpu.planes.iter().zip(&picture.planes) {
            let rows = wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(plane.width as u32),
                rows_per_image: Some(plane.height as u32),
            };
            queue.write_texture(texture.as_image_copy(), &plane.data, rows, extent(plane.width, plane.height));
        }
        self.picture = Some(on_gpu);
    }

    fn allocate(&self, device: &wgpu::Device, picture: &Picture, sizes: [(usize, usize); 3]) -> OnGpu {
        let planes = sizes.map(|(width, height)| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some("video plane"),
                size: extent(width, height),
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::R8Unorm,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            })
        });
        let uniforms = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("video picture"),
            contents: bytemuck::bytes_of(&VideoUniforms::new(picture)),
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        });
        let views = planes.each_ref().map(|plane| plane.create_view(&wgpu::TextureViewDescriptor::default()));
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("video picture"),
            layout: &self.layout,
            entries: &[
                entry(0, uniforms.as_entire_binding()),
                entry(1, wgpu::BindingResource::TextureView(&views[0])),
                entry(2, wgpu::BindingResource::TextureView(&views[1])),
                entry(3, wgpu::BindingResource::TextureView(&views[2])),
                entry(4, wgpu::BindingResource::Sampler(&self.sampler)),
            ],
        });
        OnGpu { planes, uniforms, bind_group, sizes, sequence: 0 }
    }
}

fn extent(width: usize, height: usize) -> wgpu::Extent3d {
    wgpu::Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::{ColourMatrix, PixelAspect};

    fn picture(matrix: ColourMatrix, range: ColourRange) -> Picture {
        let plane = |side: usize| Plane { data: vec![0; side * side], width: side, height: side };
        Picture {
            width: 4,
            height: 4,
            planes: [plane(4), plane(2), plane(2)],
            range,
            matrix,
            rotation: Rotation::None,
            pixel_aspect: PixelAspect::default(),
        }
    }

    #[test]
    fn white_black_and_red_come_out_as_the_standards_say() {
        // Limited-range bytes of white, black and pure red; red rounded, hence the tolerance of 2/255.
        let cases = [
            (ColourMatrix::Bt601, [235, 128, 128], [1.0, 1.0, 1.0]),
            (ColourMatrix::Bt709, [16, 128, 128], [0.0, 0.0, 0.0]),
            (ColourMatrix::Bt601, [81, 90, 240], [1.0, 0.0, 0.0]),
            (ColourMatrix::Bt709, [63, 102, 240], [1.0, 0.0, 0.0]),
            (ColourMatrix::Bt2020, [74, 97, 240], [1.0, 0.0, 0.0]),
        ];
        for (matrix, [y, u, v], wanted) in cases {
            let rows = VideoUniforms::new(&picture(matrix, ColourRange::Limited)).rgb_from_yuv;
            let input = [y as f32 / 255.0, u as f32 / 255.0, v as f32 / 255.0, 1.0];
            for (row, wanted) in rows.iter().zip(wanted) {
                let got: f32 = row.iter().zip(input).map(|(weight, value)| weight * value).sum();
                assert!((got - wanted).abs() < 2.5 / 255.0, "{matrix:?} {got} {wanted}");
            }
        }
    }

    #[test]
    fn half_size_chroma_is_sited_left_and_midway() {
        let uniforms = VideoUniforms::new(&picture(ColourMatrix::Bt601, ColourRange::Full));
        assert_eq!((uniforms.chroma_step, uniforms.chroma_first), ([2.0, 2.0], [0.0, 0.5]));
    }
}
