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

    use super::super::disk::{self, DiskCache};
    use super::{FrameReader, FrameSource};
    use crate::config::{Data, ResizeFilter};
    use crate::domain::{Footage, MediaTime, Video};
    use crate::video::{ClipReader, ClipSpec, Filter, TimeIndex, index};

    /// Video files as the configuration finds them.
    pub struct VideoFiles {
        data: Data,
        root: PathBuf,
        disk: Option<Arc<DiskCache>>,
    }

    impl VideoFiles {
        /// Files of `data`, whose relative paths resolve against `root`.
        #[must_use]
        pub fn new(data: &Data, root: &Path) -> Self {
            let limit = (data.disk_cache_limit as u64) << 20;
            let disk = data.disk_cache.as_ref().map(|folder| Arc::new(DiskCache::new(&root.join(folder), limit)));
            Self { data: data.clone(), root: root.to_owned(), disk }
        }
    }

    impl FrameSource for VideoFiles {
        fn reader(&self) -> Box<dyn FrameReader> {
            let (data, root, disk) = (self.data.clone(), self.root.clone(), self.disk.clone());
            Box::new(Reader { data, root, disk, open: None })
        }
    }

    /// Keeps the last video open: neighbouring requests often want it again.
    struct Reader {
        data: Data,
        root: PathBuf,
        disk: Option<Arc<DiskCache>>,
        open: Option<Open>,
    }

    struct Open {
        video: String,
        footage: Footage,
        /// Name in the cache on the disk, where there is one.
        key: Option<String>,
        index: Arc<TimeIndex>,
        /// Once a frame is decoded.
        reader: Option<ClipReader>,
    }

    impl Reader {
        fn open(&mut self, video: &Video) -> Result<&mut Open, String> {
            let kept = self.open.take().filter(|open| open.video == video.id);
            let open = match kept {
                Some(open) => open,
                None => {
                    let path = super::media_path(&self.data, &self.root, video);
                    let footage = Footage::of(path, video.stream);
                    let index = index(footage.clone()).map_err(|error| error.to_string())?;
                    let key = self.key(video, &footage.path);
                    Open { video: video.id.clone(), footage, key, index, reader: None }
                }
            };
            Ok(self.open.insert(open))
        }

        /// The name of a video's frames in the cache on the disk, where there is one.
        fn key(&self, video: &Video, path: &Path) -> Option<String> {
            self.disk.as_ref()?;
            let Data { resize_width, resize_height, resize_filter, .. } = &self.data;
            let stream = video.stream.map_or_else(String::new, |stream| format!(" stream {stream}"));
            let how = format!("{resize_width}x{resize_height} {resize_filter:?} {:?}{stream}", video.crop);
            disk::key(path, &how).ok()
        }

        fn spec(&self, video: &Video) -> ClipSpec {
            ClipSpec {
                resize_width: self.data.resize_width as u32,
                resize_height: self.data.resize_height as u32,
                crop: video.crop,
                filter: match self.data.resize_filter {
                    ResizeFilter::Smooth => Filter::Smooth,
                    ResizeFilter::OpenCv => Filter::OpenCv,
                },
            }
        }
    }

    impl Open {
        fn decode(&mut self, indices: &[usize], spec: ClipSpec) -> Result<Vec<u8>, String> {
            let reader = match self.reader.take() {
                Some(reader) => reader,
                None => {
                    let opened = ClipReader::open_with(self.footage.clone(), self.index.clone(), spec);
                    opened.map_err(|error| error.to_string())?
                }
            };
            self.reader.insert(reader).read(indices).map_err(|error| error.to_string())
        }
    }

    impl FrameReader for Reader {
        fn times(&mut self, video: &Video) -> Result<Arc<[MediaTime]>, String> {
            Ok(self.open(video)?.index.times.clone().into())
        }

        fn damage(&mut self, video: &Video) -> Result<Option<String>, String> {
            let open = self.open(video)?;
            let (damaged, said) = (open.index.damaged, open.index.warnings.join(" "));
            Ok(damaged.then(|| {
                format!("{}: {said} It is used all the same; replace it if you can.", open.footage.path.display())
            }))
        }

        fn read(&mut self, video: &Video, indices: &[usize]) -> Result<Vec<u8>, String> {
            let (disk, spec) = (self.disk.clone(), self.spec(video));
            let open = self.open(video)?;
            let key = open.key.clone().filter(|_| open.index.exact);
            let (Some(disk), Some(key)) = (disk, key) else { return open.decode(indices, spec) };
            let size = (spec.resize_width * spec.resize_height * 3) as usize;
            let mut known = disk.frames(&key, indices, size);
            let missing: Vec<usize> = indices.iter().copied().filter(|frame| !known.contains_key(frame)).collect();
            if !missing.is_empty() {
                let decoded = open.decode(&missing, spec)?;
                let frames: Vec<(usize, &[u8])> = missing.iter().copied().zip(decoded.chunks_exact(size)).collect();
                disk.put_frames(&key, &frames);
                known.extend(frames.into_iter().map(|(frame, bytes)| (frame, bytes.to_vec())));
            }
            Ok(indices.iter().filter_map(|frame| known.get(frame)).flatten().copied().collect())
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
