//! Windows as they come, video after video, become the detections of their videos (spec 9.2 to 9.7, 18).

use std::collections::{HashMap, HashSet};

use super::loader::Broken;
use super::material::Material;
use super::stored;
use super::windows::Window;
use crate::config::{ClassifierKind, Config, Data, Scheme, Source};
use crate::detect::{Candidates, Joining, Naming, WindowTime, detections, merge};
use crate::domain::{Detection, Detections, Video};
use crate::eval::postprocess::{Clock, Fusion};

/// Detections of the videos whose windows are all there, and the windows of the one that is coming in.
pub(super) struct Gathering<'a> {
    config: &'a Config,
    material: &'a Material,
    videos: &'a [Video],
    by_name: HashMap<&'a str, &'a Video>,
    open: Option<&'a Video>,
    naming: Option<Naming<'a>>,
    found: Vec<Vec<Detection>>,
    done: HashMap<&'a str, Vec<Detection>>,
    broken: Vec<Broken>,
    unnamed: HashSet<&'a str>,
}

impl<'a> Gathering<'a> {
    /// Nothing yet of `videos`.
    pub(super) fn new(config: &'a Config, material: &'a Material, videos: &'a [Video]) -> Self {
        Self {
            config,
            material,
            videos,
            by_name: videos.iter().map(|video| (video.id.as_str(), video)).collect(),
            open: None,
            naming: None,
            found: Vec::new(),
            done: HashMap::new(),
            broken: Vec::new(),
            unnamed: HashSet::new(),
        }
    }

    /// Notes windows that could not be read.
    pub(super) fn broken(&mut self, broken: &[Broken]) {
        self.broken.extend_from_slice(broken);
    }

    /// Takes in a window; tells its video, if it is one of them. Windows of a video come one after the other: with the first of the next,
    /// the one before is complete.
    pub(super) fn add(&mut self, video: &str, window: Window, found: &Candidates) -> Option<&'a Video> {
        let &video = self.by_name.get(video)?;
        if self.open.is_none_or(|open| open.id != video.id) {
            self.close();
        }
        if self.open.is_none() {
            self.open = Some(video);
            self.naming = self.naming_of(video);
        }
        let time = WindowTime {
            clock: clock(&self.config.data, video, window, self.config.model.tscale),
            duration: video.duration,
        };
        if let Some(naming) = &self.naming {
            self.found.push(detections(found, &time, &self.config.post, naming));
        }
        Some(video)
    }

    /// Completes the video that is coming in.
    fn close(&mut self) {
        let Some(video) = self.open.take() else { return };
        let joining = Joining {
            sliding: self.config.data.scheme == Scheme::Windows,
            external: self.config.post.classifier.kind != ClassifierKind::None,
        };
        self.done.insert(&video.id, merge(std::mem::take(&mut self.found), &self.config.post, joining));
    }

    /// Detections of all videos in their order, and the videos that have none because they could not be read or named.
    pub(super) fn finish(mut self) -> (Detections, Vec<Broken>) {
        self.close();
        let videos = self.videos.iter().map(|video| {
            let found = self.done.remove(video.id.as_str()).unwrap_or_default();
            (video.id.clone(), found)
        });
        (Detections { videos: videos.collect() }, self.broken)
    }

    /// None for a video that the external classifier does not know.
    fn naming_of(&mut self, video: &'a Video) -> Option<Naming<'a>> {
        let Some(classifier) = &self.material.classifier else {
            return Some(Naming::Detector(&self.material.classes));
        };
        let settings = &self.config.post.classifier;
        let fusion = match settings.kind {
            ClassifierKind::Generic => Fusion::SquareRoot,
            ClassifierKind::None | ClassifierKind::Cuhk | ClassifierKind::UntrimmedNet => Fusion::Product,
        };
        match classifier.top(&video.id, settings.top) {
            Some(best) => Some(Naming::External { best, fusion }),
            None => {
                if self.unnamed.insert(&video.id) {
                    let reason = format!("the classifier {} has no scores of this video", settings.path);
                    self.broken.push(Broken { video: video.id.clone(), reason });
                }
                None
            }
        }
    }
}

/// How snippet units of a window become seconds.
fn clock(data: &Data, video: &Video, window: Window, tscale: usize) -> Clock {
    let timed = Clock::Timed { window_start: window.start, snippet_seconds: window.length / tscale as f64 };
    match (data.scheme, data.source) {
        (Scheme::Resize, _) => Clock::Resized { length: tscale },
        (Scheme::Windows, Source::Features) => stored::clock(data, video, window, tscale).unwrap_or(timed),
        (Scheme::Windows, Source::Videos) => timed,
    }
}
