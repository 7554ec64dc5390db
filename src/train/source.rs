//! Where frames come from, behind a trait, so that tests need no video and the crate builds without FFmpeg.

use std::sync::Arc;

use crate::domain::{MediaTime, Video};

/// Makes one reader for each thread that decodes.
pub trait FrameSource: Send + Sync {
    /// A reader for the calling thread.
    fn reader(&self) -> Box<dyn FrameReader>;
}

/// Reads frames of videos on one thread. Errors are sentences that name the file.
pub trait FrameReader {
    /// Presentation time of every frame, increasing.
    ///
    /// # Errors
    /// When the video cannot be opened.
    fn times(&mut self, video: &Video) -> Result<Arc<[MediaTime]>, String>;

    /// What is damaged in a video that can be read all the same; one sentence.
    ///
    /// # Errors
    /// When the video cannot be opened.
    fn damage(&mut self, _: &Video) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// The frames at `indices` (increasing), RGB24 `[frame][y][x][3]`, already resized to the configuration's size.
    ///
    /// # Errors
    /// When they cannot be decoded.
    fn read(&mut self, video: &Video, indices: &[usize]) -> Result<Vec<u8>, String>;
}

/// No frames at all: for runs on stored features.
pub struct NoFrames;

impl FrameSource for NoFrames {
    fn reader(&self) -> Box<dyn FrameReader> {
        Box::new(Self)
    }
}

impl FrameReader for NoFrames {
    fn times(&mut self, video: &Video) -> Result<Arc<[MediaTime]>, String> {
        Err(format!("video {} is not read: this run trains on stored features", video.id))
    }

    fn read(&mut self, video: &Video, _: &[usize]) -> Result<Vec<u8>, String> {
        Err(format!("video {} is not read: this run trains on stored features", video.id))
    }
}

#[cfg(feature = "video")]
pub use files::VideoFiles;

#[cfg(feature = "video")]
mod files {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use super::{FrameReader, FrameSource};
    use crate::config::{Data, ResizeFilter};
    use crate::domain::{MediaTime, Video};
    use crate::video::{ClipReader, ClipSpec, Filter};

    /// Video files as the configuration finds them.
    pub struct VideoFiles {
        data: Data,
        root: PathBuf,
    }

    impl VideoFiles {
        /// Files of `data`, whose relative paths resolve against `root`.
        #[must_use]
        pub fn new(data: &Data, root: &Path) -> Self {
            Self { data: data.clone(), root: root.to_owned() }
        }
    }

    impl FrameSource for VideoFiles {
        fn reader(&self) -> Box<dyn FrameReader> {
            Box::new(Reader { data: self.data.clone(), root: self.root.clone(), open: None })
        }
    }

    /// Keeps the last video open: neighbouring requests often want it again.
    struct Reader {
        data: Data,
        root: PathBuf,
        open: Option<(String, ClipReader)>,
    }

    impl Reader {
        fn clip_reader(&mut self, video: &Video) -> Result<&mut ClipReader, String> {
            let kept = self.open.take().filter(|(id, _)| *id == video.id);
            let reader = match kept {
                Some((_, reader)) => reader,
                None => {
                    let path = super::media_path(&self.data, &self.root, video);
                    let spec = ClipSpec {
                        resize_width: self.data.resize_width as u32,
                        resize_height: self.data.resize_height as u32,
                        crop: video.crop,
                        filter: match self.data.resize_filter {
                            ResizeFilter::Smooth => Filter::Smooth,
                            ResizeFilter::OpenCv => Filter::OpenCv,
                        },
                    };
                    ClipReader::open(&path, spec).map_err(|error| error.to_string())?
                }
            };
            Ok(&mut self.open.insert((video.id.clone(), reader)).1)
        }
    }

    impl FrameReader for Reader {
        fn times(&mut self, video: &Video) -> Result<Arc<[MediaTime]>, String> {
            Ok(self.clip_reader(video)?.index().times.clone().into())
        }

        fn damage(&mut self, video: &Video) -> Result<Option<String>, String> {
            let index = self.clip_reader(video)?.index();
            let (damaged, said) = (index.damaged, index.warnings.join(" "));
            let path = super::media_path(&self.data, &self.root, video);
            Ok(damaged.then(|| format!("{}: {said} It is used all the same; replace it if you can.", path.display())))
        }

        fn read(&mut self, video: &Video, indices: &[usize]) -> Result<Vec<u8>, String> {
            self.clip_reader(video)?.read(indices).map_err(|error| error.to_string())
        }
    }
}

/// Path of a video or feature file: the annotation file's own path relative to that file, else folder, prefix, name, extension.
#[must_use]
pub fn media_path(data: &crate::config::Data, root: &std::path::Path, video: &Video) -> std::path::PathBuf {
    match &video.path {
        Some(path) => {
            let beside = root.join(&data.annotations);
            beside.parent().unwrap_or(root).join(path)
        }
        None => root.join(&data.folder).join(format!("{}{}.{}", data.prefix, video.id, data.extension)),
    }
}
