//! Which stretches of which videos train and are searched: whole videos or sliding windows in seconds (spec 2.3, 2.5, 18).

use super::stored;
use super::targets::{Span, Truth};
use crate::config::{Data, Scheme, Source, TruthRule};
use crate::domain::{Annotation, ClassList, Draw, Purpose, Segment, Video};
use crate::formats::resized::{self, SnippetTruth, TruthFilter};

/// A stretch of a video that becomes `tscale` snippets, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Where it begins.
    pub start: f64,
    /// How long it is; may reach beyond the video's end, the rest is masked.
    pub length: f64,
}

/// Windows that cover a video of `duration` seconds: one for the resize scheme, else by stride, the last ending at the
/// video's end (spec 18).
#[must_use]
pub fn windows(data: &Data, video: &Video, tscale: usize) -> Vec<Window> {
    let duration = video.duration;
    if data.scheme == Scheme::Resize {
        return vec![Window { start: 0.0, length: duration }];
    }
    if data.source == Source::Features {
        return stored::windows(data, video, tscale);
    }
    let (length, stride) = (data.window_seconds, stride(data));
    let last = (duration - length).max(0.0);
    let mut starts: Vec<f64> = (0..).map(|index| f64::from(index) * stride).take_while(|&start| start < last).collect();
    starts.push(last);
    starts.into_iter().map(|start| Window { start, length }).collect()
}

/// Seconds between the starts of neighbouring windows; at least a hundredth of a window, whatever the overlap says.
fn stride(data: &Data) -> f64 {
    data.window_seconds * (1.0 - data.window_overlap).max(0.01)
}

/// The configured filter of a rescaled video's truths.
fn truth_filter(rule: TruthRule) -> TruthFilter {
    match rule {
        TruthRule::OpenTad => TruthFilter::OpenTad { drop_short: true },
        TruthRule::Official => TruthFilter::Official,
    }
}

impl Window {
    /// A time in seconds as snippet units of this window.
    #[must_use]
    pub fn snippets(self, seconds: f64, tscale: usize) -> f32 {
        ((seconds - self.start) / self.length * tscale as f64) as f32
    }

    /// A place in snippet units as seconds.
    #[must_use]
    pub fn seconds(self, snippets: f64, tscale: usize) -> f64 {
        self.start + snippets / tscale as f64 * self.length
    }

    /// Centre of snippet `index` in seconds.
    #[must_use]
    pub fn centre(self, index: usize, tscale: usize) -> f64 {
        self.seconds(index as f64 + 0.5, tscale)
    }

    /// The annotated actions of `video` that this window trains, in snippet units.
    #[must_use]
    pub fn truth(self, video: &Video, classes: &ClassList, data: &Data, tscale: usize) -> Truth {
        let actions = match data.scheme {
            Scheme::Resize => resized::truths(video, tscale, truth_filter(data.truth_rule)),
            Scheme::Windows if data.source == Source::Features => stored::truths(data, video, self, tscale),
            Scheme::Windows => self.truncated(video, data.completeness, tscale),
        };
        let mut truth = Truth::default();
        for SnippetTruth { segment, label } in actions {
            if let Some(class) = classes.index(&label) {
                truth.segments.push(segment);
                truth.classes.push(class);
            }
        }
        truth.ignored = video
            .not_annotated
            .iter()
            .map(|region| region.map(|seconds| self.snippets(seconds, tscale)))
            .filter(|span| span[1] > 0.0 && span[0] < tscale as f32)
            .collect();
        truth.rejected = video.rejected.iter().filter_map(|one| self.mostly(one.segment, tscale)).collect();
        truth
    }

    /// A stretch cut to this window, in snippet units, where the window holds at least half of it.
    fn mostly(self, [start, end]: Segment, tscale: usize) -> Option<Span> {
        let (left, right) = (start.max(self.start), end.min(self.start + self.length));
        let holds = left < right && right - left >= 0.5 * (end - start);
        holds.then(|| [self.snippets(left, tscale), self.snippets(right, tscale)])
    }

    /// Spec 2.5: actions cut to the window, kept when complete enough.
    fn truncated(self, video: &Video, completeness: f64, tscale: usize) -> Vec<SnippetTruth> {
        let cut = |action: &Annotation| {
            let [start, end] = action.segment;
            let (left, right) = (start.max(self.start), end.min(self.start + self.length));
            let share = (right - left) / (end - start).max(1e-6);
            (left < right && share > completeness).then(|| SnippetTruth {
                segment: [self.snippets(left, tscale), self.snippets(right, tscale)],
                label: action.label.clone(),
            })
        };
        video.annotations.iter().filter_map(cut).collect()
    }

    /// Whether nobody annotated any of it (spec 18).
    fn unannotated(self, video: &Video) -> bool {
        let end = (self.start + self.length).min(video.duration);
        video.not_annotated.iter().any(|region| region[0] <= self.start && end <= region[1])
    }
}

/// The items of an epoch: which windows of which videos train.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Videos, by whose place items name them.
    pub videos: Vec<Video>,
    /// Class names.
    pub classes: ClassList,
    /// Video and window of each item.
    pub items: Vec<(usize, Window)>,
    data: Data,
    tscale: usize,
    seed: u64,
    drop_last: bool,
}

impl Plan {
    /// The windows of `videos` that hold an action to train on; a video without one has no item (spec 2.3, 2.5). One with a rejected detection
    /// alone is trained on too: there the detector is known to be wrong (spec 18).
    #[must_use]
    pub fn training(videos: Vec<Video>, classes: ClassList, data: &Data, tscale: usize, seed: u64) -> Self {
        let mut plan = Self::searching(videos, classes, data, tscale);
        plan.seed = seed;
        let items = std::mem::take(&mut plan.items);
        plan.items = items
            .into_iter()
            .filter(|&(video, window)| {
                let video = &plan.videos[video];
                !window.unannotated(video) && window.truth(video, &plan.classes, data, tscale).teaches()
            })
            .collect();
        plan
    }

    /// All windows of `videos`, for inference.
    #[must_use]
    pub fn searching(videos: Vec<Video>, classes: ClassList, data: &Data, tscale: usize) -> Self {
        let items = videos
            .iter()
            .enumerate()
            .flat_map(|(index, video)| windows(data, video, tscale).into_iter().map(move |window| (index, window)))
            .collect();
        Self { videos, classes, items, data: data.clone(), tscale, seed: 0, drop_last: false }
    }

    /// The same, leaving out the last batch of an epoch when it is not full, where `drop_last` says so (spec 2.6).
    #[must_use]
    pub fn dropping_last(self, drop_last: bool) -> Self {
        Self { drop_last, ..self }
    }

    /// Items that an epoch of training uses. A plan smaller than a batch is used all the same: else nothing would ever train.
    #[must_use]
    pub fn used(&self, batch_size: usize) -> usize {
        let all = self.items.len();
        let full = all - all % batch_size.max(1);
        if self.drop_last && full > 0 { full } else { all }
    }

    /// Steps of an epoch; the last batch may be smaller (spec 2.6).
    #[must_use]
    pub fn steps(&self, batch_size: usize) -> usize {
        self.used(batch_size).div_ceil(batch_size.max(1))
    }

    /// Order of the items in an epoch.
    #[must_use]
    pub fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        Draw::new(self.seed, Purpose::Shuffle, &[epoch as u64]).shuffle(&mut order);
        order
    }

    /// Video, window and truth of a training item in an epoch: the planned window, shifted by up to half its stride where that
    /// leaves an action to train on.
    #[must_use]
    pub fn training_item(&self, epoch: usize, item: usize) -> (usize, Window, Truth) {
        let (index, planned) = self.items[item];
        let video = &self.videos[index];
        // Stored features lie on a grid of frames, between which nothing can be read.
        let moves = self.data.scheme == Scheme::Windows && self.data.source == Source::Videos;
        if moves && self.data.window_jitter {
            let mut draw = Draw::new(self.seed, Purpose::Window, &[epoch as u64, item as u64]);
            // A few tries: a shift may cut the only action.
            for _ in 0..4 {
                let shift = draw.uniform(-0.5, 0.5) * stride(&self.data);
                let start = (planned.start + shift).clamp(0.0, (video.duration - planned.length).max(0.0));
                let window = Window { start, ..planned };
                let truth = window.truth(video, &self.classes, &self.data, self.tscale);
                if truth.teaches() && !window.unannotated(video) {
                    return (index, window, truth);
                }
            }
        }
        (index, planned, planned.truth(video, &self.classes, &self.data, self.tscale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Data {
        Data { window_seconds: 10.0, window_overlap: 0.5, ..Data::default() }
    }

    fn video(duration: f64, segments: &[Segment]) -> Video {
        Video {
            id: "v".to_owned(),
            subset: "training".to_owned(),
            duration,
            frames: None,
            path: None,
            annotations: segments
                .iter()
                .map(|&segment| Annotation { segment, label: "a".to_owned(), draft: false })
                .collect(),
            not_annotated: Vec::new(),
            rejected: Vec::new(),
            crop: None,
            stream: None,
        }
    }

    #[test]
    fn the_last_window_ends_at_the_videos_end_and_a_short_video_has_one() {
        let starts = |duration| {
            windows(&data(), &video(duration, &[]), 64).iter().map(|window| window.start).collect::<Vec<_>>()
        };
        assert_eq!(starts(23.0), [0.0, 5.0, 10.0, 13.0]);
        assert_eq!(starts(20.0), [0.0, 5.0, 10.0]);
        assert_eq!(starts(6.0), [0.0]);
    }

    #[test]
    fn truths_are_cut_to_the_window_and_kept_when_complete_enough() {
        let classes = ClassList::new(["a".to_owned()]);
        let window = Window { start: 5.0, length: 10.0 };
        let truth = window.truth(&video(30.0, &[[4.5, 14.5], [13.0, 17.0], [6.0, 7.0]]), &classes, &data(), 100);
        assert_eq!(truth.segments, [[0.0, 95.0], [10.0, 20.0]]);
    }

    #[test]
    fn a_resized_video_drops_actions_of_a_hundredth_and_repeated_ones() {
        let classes = ClassList::new(["a".to_owned()]);
        let data = Data { scheme: Scheme::Resize, ..data() };
        let window = windows(&data, &video(100.0, &[]), 128)[0];
        let truth = window.truth(&video(100.0, &[[0.0, 1.0], [90.0, 120.0], [90.0, 120.0]]), &classes, &data, 128);
        assert_eq!(truth.segments, [[115.2, 128.0]]);
        let data = Data { truth_rule: TruthRule::Official, ..data };
        let truth = window.truth(&video(100.0, &[[0.0, 1.0], [90.0, 120.0], [90.0, 120.0]]), &classes, &data, 128);
        assert_eq!(truth.segments, [[0.0, 1.28], [115.2, 128.0], [115.2, 128.0]]);
    }

    #[test]
    fn a_window_with_a_rejected_detection_alone_trains_too() {
        let classes = ClassList::new(["a".to_owned()]);
        let mut video = video(30.0, &[[1.0, 2.0]]);
        let starts = |video: &Video| {
            let plan = Plan::training(vec![video.clone()], classes.clone(), &data(), 100, 3);
            plan.items.iter().map(|(_, window)| window.start).collect::<Vec<_>>()
        };
        assert_eq!(starts(&video), [0.0]);
        video.rejected = vec![Annotation { segment: [18.0, 22.0], ..Annotation::default() }];
        assert_eq!(starts(&video), [0.0, 10.0, 15.0, 20.0], "half of it is enough");
        let window = Window { start: 10.0, length: 10.0 };
        let truth = window.truth(&video, &classes, &data(), 100);
        assert_eq!((truth.segments.len(), truth.rejected), (0, vec![[80.0, 100.0]]));
    }

    #[test]
    fn the_last_batch_that_is_not_full_is_used_or_dropped() {
        let classes = ClassList::new(["a".to_owned()]);
        let all = (0..7).map(|_| video(5.0, &[[1.0, 2.0]])).collect();
        let plan = Plan::training(all, classes, &data(), 64, 3);
        assert_eq!((plan.used(3), plan.steps(3)), (7, 3));
        let plan = plan.dropping_last(true);
        assert_eq!((plan.used(3), plan.steps(3)), (6, 2));
        assert_eq!((plan.used(8), plan.steps(8)), (7, 1), "less than a batch still trains");
    }

    #[test]
    fn jitter_keeps_an_action_and_depends_on_seed_epoch_and_item_alone() {
        let classes = ClassList::new(["a".to_owned()]);
        let plan = Plan::training(vec![video(60.0, &[[20.0, 22.0]])], classes, &data(), 64, 3);
        for epoch in 0..20 {
            for item in 0..plan.items.len() {
                let (_, window, truth) = plan.training_item(epoch, item);
                assert_eq!(truth.segments.len(), 1);
                assert!(window.start >= 0.0 && window.start + window.length <= 60.0);
                assert_eq!(plan.training_item(epoch, item).1, window);
            }
        }
    }
}
