//! Pipelines of the GPU. Shaders are in `shaders/`, never here.

mod video;

pub use video::{VideoPaint, VideoUniforms, WHOLE};
