//! Decoded frames to planes and to small RGB pictures.

use std::path::Path;

use ff::format::Pixel;
use ff::software::scaling;
use ffmpeg_next as ff;

use super::super::{
    ColourMatrix, ColourRange, Filter, Layout, Picture, PixelAspect, Plane, RgbImage, Rotation, Transfer, VideoError,
    resize_as_opencv,
};
use super::raw;

/// Converts pixel formats and sizes; keeps its tables from frame to frame.
#[derive(Default)]
pub(super) struct Converter {
    scaler: Option<Scaler>,
}

/// A scaler and what it was made for.
struct Scaler {
    context: raw::MovableScaler,
    made_for: (scaling::context::Definition, scaling::context::Definition, ColourMatrix, ColourRange),
}

/// How a frame's colours are coded. What a file leaves unsaid is read as FFmpeg does: BT.601, limited range.
pub(super) fn colours(frame: &ff::frame::Video) -> (ColourMatrix, ColourRange) {
    use ff::color::{Range, Space};
    let matrix = match frame.color_space() {
        Space::BT709 => ColourMatrix::Bt709,
        Space::BT2020NCL | Space::BT2020CL => ColourMatrix::Bt2020,
        _ => ColourMatrix::Bt601,
    };
    let full_formats = [Pixel::YUVJ420P, Pixel::YUVJ422P, Pixel::YUVJ444P, Pixel::YUVJ440P, Pixel::YUVJ411P];
    let full = frame.color_range() == Range::JPEG || full_formats.contains(&frame.format());
    (matrix, if full { ColourRange::Full } else { ColourRange::Limited })
}

/// How light became the frame's values.
fn transfer(frame: &ff::frame::Video) -> Transfer {
    use ff::color::TransferCharacteristic;
    match frame.color_transfer_characteristic() {
        TransferCharacteristic::SMPTE2084 => Transfer::Pq,
        TransferCharacteristic::ARIB_STD_B67 => Transfer::Hlg,
        _ => Transfer::Display,
    }
}

/// The 8-bit planar format that keeps a frame's chroma as it is, or half of it each way where there is no such format.
fn planar_format(format: Pixel) -> Pixel {
    match format.descriptor().map(|of| (of.log2_chroma_w(), of.log2_chroma_h())) {
        Some((0, 0)) => Pixel::YUV444P,
        Some((1, 0)) => Pixel::YUV422P,
        _ => Pixel::YUV420P,
    }
}

/// What a format's bytes mean, where they can be taken as they are.
fn layout(format: Pixel) -> Option<Layout> {
    Layout::of_format(format.descriptor()?.name())
}

/// Whether rows lie in memory in their order; some old codecs store them from the bottom up, with negative strides.
fn rows_go_down(frame: &ff::frame::Video) -> bool {
    (0..frame.planes()).all(|plane| i32::try_from(frame.stride(plane)).is_ok())
}

impl Converter {
    /// The frame's planes, copied; converted to 8 bit, planar, where they are not.
    pub(super) fn picture(
        &mut self,
        path: &Path,
        frame: &ff::frame::Video,
        (rotation, aspect): (Rotation, PixelAspect),
    ) -> Result<Picture, VideoError> {
        let (matrix, range) = colours(frame);
        let transfer = transfer(frame);
        let means = |layout, matrix, range| Means { layout, matrix, range, transfer, rotation, aspect };
        if let Some(layout) = layout(frame.format()).filter(|of| rows_go_down(frame) && frame.planes() >= of.planes()) {
            return Ok(copy_planes(frame, means(layout, matrix, range)));
        }
        let size = (frame.width(), frame.height());
        let yuv = self.run(path, frame, planar_format(frame.format()), size, scaling::Flags::BICUBIC)?;
        // RGB, and full-range formats that have a limited-range twin, come out of the scaler as BT.601, limited.
        let (matrix, range) =
            if yuv_like(frame.format()) { (matrix, range) } else { (ColourMatrix::Bt601, ColourRange::Limited) };
        Ok(copy_planes(&yuv, means(Layout::PLANAR, matrix, range)))
    }

    /// The frame as upright RGB of the given upright size.
    pub(super) fn rgb(
        &mut self,
        path: &Path,
        frame: &ff::frame::Video,
        rotation: Rotation,
        (width, height): (u32, u32),
        filter: Filter,
    ) -> Result<RgbImage, VideoError> {
        let stored = match filter {
            Filter::OpenCv => (frame.width(), frame.height()),
            Filter::Smooth if rotation.swaps_sides() => (height, width),
            Filter::Smooth => (width, height),
        };
        let rgb = self.run(
            path,
            frame,
            Pixel::RGB24,
            stored,
            scaling::Flags::BILINEAR | scaling::Flags::ACCURATE_RND | scaling::Flags::BITEXACT,
        )?;
        let size = (width as usize, height as usize);
        let (width, height) = (stored.0 as usize, stored.1 as usize);
        let upright = RgbImage { width, height, data: without_padding(&rgb, 0, width * 3, height) }.rotated(rotation);
        Ok(match filter {
            Filter::Smooth => upright,
            Filter::OpenCv => resize_as_opencv(&upright, size),
        })
    }

    /// Scales and converts a frame, making a new scaler when the frame or the wish is not the last one's.
    fn run(
        &mut self,
        path: &Path,
        frame: &ff::frame::Video,
        format: Pixel,
        (width, height): (u32, u32),
        flags: scaling::Flags,
    ) -> Result<ff::frame::Video, VideoError> {
        use scaling::context::Definition;
        let (matrix, range) = colours(frame);
        let from = Definition { format: frame.format(), width: frame.width(), height: frame.height() };
        let wanted = (from, Definition { format, width, height }, matrix, range);
        if self.scaler.as_ref().is_none_or(|scaler| scaler.made_for != wanted) {
            let made = scaling::Context::get(from.format, from.width, from.height, format, width, height, flags);
            let mut context = made.map_err(|error| VideoError::convert(path, error))?;
            if format == Pixel::RGB24 {
                raw::set_colours(&mut context, matrix, range);
            }
            self.scaler = Some(Scaler { context: raw::MovableScaler(context), made_for: wanted });
        }
        let mut out = ff::frame::Video::empty();
        match &mut self.scaler {
            Some(scaler) => scaler.context.0.run(frame, &mut out).map_err(|error| VideoError::convert(path, error))?,
            None => return Err(VideoError::convert(path, "no scaler")),
        }
        Ok(out)
    }
}

/// Whether a format holds luma and chroma (else red, green and blue, or a palette).
fn yuv_like(format: Pixel) -> bool {
    let name = format.descriptor().map_or("", |descriptor| descriptor.name());
    ["yuv", "nv", "p0", "p2", "p4", "gray", "y2", "uyvy", "yvyu"].iter().any(|start| name.starts_with(start))
}

/// The first `row_bytes` bytes of each row of a plane.
fn without_padding(frame: &ff::frame::Video, plane: usize, row_bytes: usize, rows: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(row_bytes * rows);
    frame.data(plane).chunks(frame.stride(plane)).take(rows).for_each(|row| data.extend_from_slice(&row[..row_bytes]));
    data
}

/// What the bytes of a frame mean.
struct Means {
    layout: Layout,
    matrix: ColourMatrix,
    range: ColourRange,
    transfer: Transfer,
    rotation: Rotation,
    aspect: PixelAspect,
}

fn copy_planes(frame: &ff::frame::Video, means: Means) -> Picture {
    let Means { layout, matrix, range, transfer, rotation, aspect: pixel_aspect } = means;
    let plane = |plane: usize| {
        let (width, height) = (frame.plane_width(plane) as usize, frame.plane_height(plane) as usize);
        Plane { data: without_padding(frame, plane, width * layout.texel_bytes(plane), height), width, height }
    };
    let planes = (0..layout.planes()).map(plane).collect();
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    Picture { width, height, planes, layout, range, matrix, transfer, rotation, pixel_aspect }
}
