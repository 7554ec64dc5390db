//! Draft annotations where they are not to count (spec 18, `data.drafts = false`): neither an action nor background.

use crate::domain::{Dataset, Segment, Video};

/// The data set with its drafts left out: where one lies, and no confirmed action does, is as if nobody had annotated it. Losses then pass over
/// that stretch, and evaluations leave out what lies in it.
#[must_use]
pub(super) fn left_out(mut dataset: Dataset) -> Dataset {
    dataset.videos.iter_mut().filter(|video| video.annotations.iter().any(|action| action.draft)).for_each(leave_out);
    dataset
}

fn leave_out(video: &mut Video) {
    let (drafts, confirmed): (Vec<_>, Vec<_>) = video.annotations.drain(..).partition(|action| action.draft);
    let mut regions: Vec<Segment> = drafts.into_iter().map(|draft| draft.segment).collect();
    for action in &confirmed {
        regions = regions.into_iter().flat_map(|region| without(region, action.segment)).collect();
    }
    video.annotations = confirmed;
    video.not_annotated.extend(regions);
    video.not_annotated = crate::domain::merged(std::mem::take(&mut video.not_annotated));
}

/// What is left of a stretch without another.
fn without([start, end]: Segment, other: Segment) -> impl Iterator<Item = Segment> {
    let parts = [[start, end.min(other[0])], [start.max(other[1]), end]];
    parts.into_iter().filter(|part| part[0] < part[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Annotation;

    #[test]
    fn a_draft_becomes_a_gap_but_for_what_is_confirmed() {
        let action = |segment: Segment, draft: bool| Annotation { segment, label: "a".to_owned(), draft };
        let video = Video {
            annotations: vec![action([2.0, 8.0], true), action([4.0, 5.0], false), action([20.0, 22.0], true)],
            not_annotated: vec![[7.0, 9.0]],
            ..Video::default()
        };
        let untouched = Video { annotations: vec![action([1.0, 2.0], false)], ..Video::default() };
        let dataset = left_out(Dataset { videos: vec![video, untouched.clone()] });
        assert_eq!(dataset.videos[0].annotations, [action([4.0, 5.0], false)]);
        assert_eq!(dataset.videos[0].not_annotated, [[2.0, 4.0], [5.0, 9.0], [20.0, 22.0]]);
        assert_eq!(dataset.videos[1], untouched);
    }
}
