//! Pipelines of the GPU. Shaders are in `shaders/`, never here.

mod map;
mod video;

pub use map::{MapPaint, MapUniforms};
pub use video::{VideoPaint, VideoUniforms};
