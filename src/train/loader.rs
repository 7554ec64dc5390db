//! Batches of items, decoded ahead by named threads: the same batches whatever their number (spec 2.6, 18).
//!
//! The n-th item of a run is a function of seed, epoch and place alone. Thread `w` of `N` makes items `w, w+N, …` into a bounded
//! channel of its own, and the consumer takes from them in turn: no order is lost and nothing waits unbounded.

use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use serde::{Deserialize, Serialize};

use super::augment::Look;
use super::cache::FrameCache;
use super::item::{Input, Item, load_clips, time_mask};
use super::source::{FrameReader, FrameSource};
use super::step::Pulse;
use super::targets::Truth;
use super::windows::{Plan, Window};
use crate::config::Data;
use crate::domain::{Draw, Purpose, Video};

/// A decoding thread could not be started, or ended.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// The system gave no thread.
    #[error("no thread for decoding could be started ({0}); lower solver.workers")]
    Spawn(std::io::Error),
    /// A thread ended before its items were done.
    #[error("a decoding thread ended unexpectedly; the log has its last words")]
    Lost,
}

/// A video that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The video's name.
    pub video: String,
    /// What happened, one sentence.
    pub reason: String,
}

/// Items that are trained or searched together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Items that could be read.
    pub items: Vec<Item>,
    /// Those that could not.
    pub broken: Vec<Broken>,
}

/// What a loader has to give.
#[derive(Clone, Debug)]
pub enum Next {
    /// A batch.
    Batch(Batch),
    /// All are done.
    End,
    /// Nothing yet: the waiting was broken off, and nothing is lost by that.
    Interrupted,
}

/// Makes items on any thread.
pub struct Maker {
    plan: Arc<Plan>,
    data: Data,
    tscale: usize,
    seed: u64,
    features: Option<FeatureReader>,
}

/// Reads an item's stored features `[channels, tscale]` and its mask.
pub type FeatureReader = Arc<dyn Fn(&Video, Window) -> Result<(Vec<f32>, Vec<f32>), String> + Send + Sync>;

impl Maker {
    /// A maker of `plan`'s items: of features where they are stored, else of frames.
    #[must_use]
    pub fn new(plan: Arc<Plan>, data: &Data, tscale: usize, seed: u64, features: Option<FeatureReader>) -> Self {
        Self { plan, data: data.clone(), tscale, seed, features }
    }

    /// A training item of an epoch, with drawn window and look.
    fn training(&self, epoch: usize, item: usize, cache: &FrameCache, reader: &mut dyn FrameReader) -> Made {
        let (video, window, truth) = self.plan.training_item(epoch, item);
        let mut draw = Draw::new(self.seed, Purpose::Augment, &[epoch as u64, item as u64]);
        self.make(video, window, truth, Look::drawn(&self.data, self.seed, &mut draw), cache, reader)
    }

    /// An item of inference: planned window, centre crop, no truth.
    fn searching(&self, item: usize, cache: &FrameCache, reader: &mut dyn FrameReader) -> Made {
        let (video, window) = self.plan.items[item];
        self.make(video, window, Truth::default(), Look::centre(&self.data), cache, reader)
    }

    fn make(
        &self,
        key: usize,
        window: Window,
        truth: Truth,
        look: Look,
        cache: &FrameCache,
        reader: &mut dyn FrameReader,
    ) -> Made {
        let video = &self.plan.videos[key];
        let broken = |reason: String| Broken { video: video.id.clone(), reason };
        let (input, mask) = match &self.features {
            None => {
                let clips = load_clips(&self.data, video, window, &look, self.tscale, cache, reader);
                (Input::Clips(clips.map_err(broken)?), time_mask(window, video.duration, self.tscale))
            }
            Some(features) => {
                let (values, mask) = features(video, window).map_err(broken)?;
                (Input::Features(values), mask)
            }
        };
        Ok(Item { video: video.id.clone(), duration: video.duration, window, input, mask, truth })
    }
}

type Made = Result<Item, Broken>;

/// What the threads make, in order.
#[derive(Clone, Copy, Debug)]
enum Course {
    /// Epoch after epoch in drawn order, so many items of each, from a position on.
    Training { epochs: usize, first: usize, per_epoch: usize },
    /// Every item once, in plan order.
    Searching,
}

/// Items in order, made by threads.
pub struct Loader {
    channels: Vec<Receiver<Made>>,
    next: usize,
    total: usize,
    batch_size: usize,
    per_epoch: usize,
    /// What is there of the next batch.
    begun: Batch,
}

/// How long the consumer waits for an item before it looks whether it should go on waiting.
const PATIENCE: Duration = Duration::from_millis(50);

impl Loader {
    /// Training batches of epochs `epoch..epochs`, from batch `batch` of the first on.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn training(
        maker: Arc<Maker>,
        source: &Arc<dyn FrameSource>,
        cache: &Arc<FrameCache>,
        (workers, batch_size): (usize, usize),
        (epoch, batch, epochs): (usize, usize, usize),
    ) -> Result<Self, LoaderError> {
        let per_epoch = maker.plan.used(batch_size);
        let first = epoch * per_epoch + batch * batch_size;
        Self::start(maker, source, cache, workers, batch_size, Course::Training { epochs, first, per_epoch })
    }

    /// All items of the plan once, in order, for inference.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn searching(
        maker: Arc<Maker>,
        source: &Arc<dyn FrameSource>,
        cache: &Arc<FrameCache>,
        (workers, batch_size): (usize, usize),
    ) -> Result<Self, LoaderError> {
        Self::start(maker, source, cache, workers, batch_size, Course::Searching)
    }

    fn start(
        maker: Arc<Maker>,
        source: &Arc<dyn FrameSource>,
        cache: &Arc<FrameCache>,
        workers: usize,
        batch_size: usize,
        course: Course,
    ) -> Result<Self, LoaderError> {
        let (workers, batch_size) = (workers.max(1), batch_size.max(1));
        let (first, total, per_epoch) = match course {
            Course::Training { epochs, first, per_epoch } => (first, epochs * per_epoch, per_epoch),
            Course::Searching => (0, maker.plan.items.len(), maker.plan.items.len()),
        };
        // One batch ahead: while a batch trains, the next is made.
        let capacity = batch_size.div_ceil(workers);
        let mut channels = Vec::with_capacity(workers);
        for worker in 0..workers {
            let (sender, receiver) = bounded(capacity);
            let (maker, source, cache) = (maker.clone(), source.clone(), cache.clone());
            Builder::new()
                .name(format!("decode-{worker}"))
                .spawn(move || {
                    let places = (first + worker..total).step_by(workers);
                    work(&maker, source.reader().as_mut(), &cache, course, places, &sender);
                })
                .map_err(LoaderError::Spawn)?;
            channels.push(receiver);
        }
        let (total, per_epoch) = (total.saturating_sub(first), per_epoch.max(1));
        Ok(Self { channels, next: 0, total, batch_size, per_epoch, begun: Batch::default() })
    }

    /// The next batch, waiting for it as long as `pulse`, asked while nothing comes, says to go on. A batch never spans two epochs.
    ///
    /// # Errors
    /// When a decoding thread ended early.
    pub fn next_batch(&mut self, pulse: &mut dyn FnMut() -> Pulse) -> Result<Next, LoaderError> {
        let there = self.begun.items.len() + self.begun.broken.len();
        let first = self.next - there;
        if first >= self.total {
            return Ok(Next::End);
        }
        // Counted from the end, because a resumed loader starts inside an epoch.
        let left_in_epoch = (self.total - first - 1) % self.per_epoch + 1;
        let end = first + self.batch_size.min(left_in_epoch);
        while self.next < end {
            let channel = &self.channels[self.next % self.channels.len()];
            match channel.recv_timeout(PATIENCE) {
                Ok(Ok(item)) => self.begun.items.push(item),
                Ok(Err(broken)) => self.begun.broken.push(broken),
                Err(RecvTimeoutError::Disconnected) => return Err(LoaderError::Lost),
                Err(RecvTimeoutError::Timeout) => match pulse() {
                    Pulse::Go => continue,
                    Pulse::Stop => return Ok(Next::Interrupted),
                },
            }
            self.next += 1;
        }
        Ok(Next::Batch(std::mem::take(&mut self.begun)))
    }
}

/// A thread's life: makes its items until all are made or nobody listens.
fn work(
    maker: &Maker,
    reader: &mut dyn FrameReader,
    cache: &FrameCache,
    course: Course,
    places: impl Iterator<Item = usize>,
    out: &Sender<Made>,
) {
    let mut order: (usize, Vec<usize>) = (usize::MAX, Vec::new());
    for place in places {
        let made = match course {
            Course::Searching => maker.searching(place, cache, reader),
            Course::Training { per_epoch, .. } => {
                let (epoch, position) = (place / per_epoch.max(1), place % per_epoch.max(1));
                if order.0 != epoch {
                    order = (epoch, maker.plan.order(epoch));
                }
                maker.training(epoch, order.1[position], cache, reader)
            }
        };
        if out.send(made).is_err() {
            return;
        }
    }
}
