//! Suppression and post-processing against the references, from raw outputs to result files (fixture g; issue "3", item 6).

use etad::domain::Detection;
use etad::eval::nms::{Decay, OfficialPick, OfficialSoftNms, Pick, Suppression, official_soft_nms};
use etad::eval::postprocess::{
    Clock, Fusion, Merge, Peaks, Reach, boundary_mask, boundary_selection, merge_windows, official_with_classes, round,
    with_classes,
};
use etad::formats::classifier::{self, VideoClassifier};
use serde_json::Value;

use crate::compared::comparisons;
use crate::expected::{Expected, ExpectedFile};
use crate::fixtures::{Absolute, Exact, Fixture, json, path};

/// Scores after many float32 multiplications (the reference's suggestion).
const SCORE: f64 = 1e-4;
/// Seconds of 2 decimals: one step where float32 falls on the other side of a rounding.
const SECONDS: f64 = 0.011;

const ANET: Suppression =
    Suppression { decay: Decay::Gaussian { sigma: 0.35 }, min_score: 1e-4, max_detections: 100, voting_threshold: 0.0 };
const THUMOS: Suppression =
    Suppression { decay: Decay::Gaussian { sigma: 0.3 }, min_score: 1e-4, max_detections: 200, voting_threshold: 0.95 };

const OFFICIAL: OfficialSoftNms = OfficialSoftNms { sigma: 0.35, iou_threshold: 0.0, max_detections: 100 };

fn whole(flags: &[bool]) -> Vec<i64> {
    flags.iter().map(|&flag| i64::from(flag)).collect()
}

fn pairs(values: &[f32]) -> Vec<[f32; 2]> {
    values.as_chunks::<2>().0.to_vec()
}

fn inputs(fixture: &Fixture) -> (Vec<[f32; 2]>, Vec<f32>) {
    (pairs(&fixture.f32("nms.segments")), fixture.f32("nms.scores"))
}

fn compare(fixture: &Fixture, case: &str, picks: &[Pick]) {
    let segments: Vec<f32> = picks.iter().flat_map(|pick| pick.segment).collect();
    let scores: Vec<f32> = picks.iter().map(|pick| pick.score).collect();
    fixture.compare(&format!("nms.{case}.segments"), &segments, Absolute(1e-4));
    fixture.compare(&format!("nms.{case}.scores"), &scores, Absolute(1e-6));
}

fn suppression_equals_opentads() {
    let fixture = Fixture::load("g_postproc.safetensors");
    let (segments, scores) = inputs(&fixture);
    for (case, nms) in [
        ("anet", ANET),
        ("thumos", THUMOS),
        ("thumos_vote70", Suppression { voting_threshold: 0.7, ..THUMOS }),
        ("cap10", Suppression { max_detections: 10, ..ANET }),
        ("min05", Suppression { min_score: 0.05, ..ANET }),
    ] {
        compare(&fixture, case, &nms.run(&segments, &scores));
    }
    let hard = Suppression { decay: Decay::Hard { threshold: 0.5 }, max_detections: usize::MAX, ..ANET };
    compare(&fixture, "hard05", &hard.run(&segments, &scores));
    let classes: Vec<usize> = fixture.f32("nms.classes").iter().map(|&class| class as usize).collect();
    let nms = Suppression {
        decay: Decay::Gaussian { sigma: 0.5 },
        min_score: 1e-3,
        max_detections: 50,
        voting_threshold: 0.0,
    };
    let picks = nms.run_per_class(&segments, &scores, &classes);
    compare(&fixture, "multiclass", &picks);
    let found: Vec<f32> = picks.iter().map(|pick| classes[pick.index] as f32).collect();
    fixture.compare("nms.multiclass.classes", &found, Exact);
}

fn suppression_equals_the_official_one() {
    let fixture = Fixture::load("g_postproc.safetensors");
    let (segments, scores) = inputs(&fixture);
    let segments: Vec<[f64; 2]> = segments.iter().map(|segment| segment.map(f64::from)).collect();
    let scores: Vec<f64> = scores.iter().map(|&score| f64::from(score)).collect();
    for (case, most) in [("official", 100), ("official_cap10", 10)] {
        let as_float32 = |pick: OfficialPick| Pick {
            index: pick.index,
            segment: pick.segment.map(|end| end as f32),
            score: pick.score as f32,
        };
        let picks = official_soft_nms(&segments, &scores, OfficialSoftNms { max_detections: most, ..OFFICIAL });
        compare(&fixture, case, &picks.into_iter().map(as_float32).collect::<Vec<_>>());
    }
}

fn boundary_masks_are_exact() {
    let fixture = Fixture::load("g_postproc.safetensors");
    let input = fixture.f32("boundary.input");
    for (name, peaks) in [("opentad", Peaks::OpenTad), ("official", Peaks::Official)] {
        let found: Vec<bool> = input.chunks(32).flat_map(|curve| boundary_mask(curve, peaks)).collect();
        fixture.compare_whole(&format!("boundary.{name}"), &whole(&found));
    }
}

fn seconds_equal_opentads() {
    let fixture = Fixture::load("g_postproc.safetensors");
    let sliding = Clock::Sliding { fps: 29.97, snippet_stride: 4.0, offset_frames: 8.0, window_start_frame: 256.0 };
    for (name, clock, duration) in [("resized", Clock::Resized { length: 32 }, 95.4), ("sliding", sliding, 20.0)] {
        let segments = pairs(&fixture.f32("seconds.segments"));
        let found: Vec<f32> = segments.iter().flat_map(|&segment| clock.seconds(segment, duration)).collect();
        // A float32 has 24 bits: 1e-5 of 95 seconds.
        fixture.compare(&format!("seconds.{name}"), &found, Absolute(1e-5));
    }
}

/// Raw outputs of one video or window.
struct Raw {
    starts: Vec<f32>,
    ends: Vec<f32>,
    proposals: Vec<[f32; 2]>,
    iou: Vec<[f32; 2]>,
}

fn raw(fixture: &Fixture, set: &str, item: usize) -> Raw {
    let slice = |name: &str| {
        let tensor = fixture.get(&format!("{set}.{name}"));
        let size = tensor.shape[1] * tensor.shape[2];
        tensor.f32()[item * size..(item + 1) * size].to_vec()
    };
    let curves = slice("tem");
    let (starts, ends) = curves.split_at(curves.len() / 2);
    Raw {
        starts: starts.to_vec(),
        ends: ends.to_vec(),
        proposals: pairs(&slice("proposals")),
        iou: pairs(&slice("iou")),
    }
}

impl Raw {
    fn kept(&self, peaks: Peaks) -> Vec<bool> {
        boundary_selection(&self.starts, &self.ends, &self.proposals, peaks)
    }

    /// Proposals that survive the boundary selection, with the product of their scores.
    fn scored(&self, peaks: Peaks) -> (Vec<[f32; 2]>, Vec<f32>) {
        let kept = self.kept(peaks);
        let chosen = self.proposals.iter().zip(&self.iou).zip(kept).filter(|(_, kept)| *kept);
        chosen.map(|((segment, iou), _)| (*segment, iou[0] * iou[1])).unzip()
    }
}

fn text<'a>(meta: &'a Value, key: &str) -> &'a str {
    meta[key].as_str().expect("a text")
}

fn number(meta: &Value, key: &str) -> f64 {
    meta[key].as_f64().expect("a number")
}

fn top_two(classifier: &VideoClassifier, video: &str) -> Vec<(String, f64)> {
    classifier.top(video, 2).expect("a classified video")
}

fn in_float32(classes: Vec<(String, f64)>) -> Vec<(String, f32)> {
    classes.into_iter().map(|(label, score)| (label, score as f32)).collect()
}

/// Compares in order; an expected `null` is a NaN.
fn assert_detections(found: &[Detection], expected: &Expected<'_>, seconds: f64) {
    let rows = expected.rows();
    assert_eq!(found.len(), rows.len());
    if rows.is_empty() {
        expected.checked();
    }
    for (one, expected) in found.iter().zip(&rows) {
        expected.at("label").equals(&*one.label);
        expected.at("score").close(&[one.score], SCORE * 1.01);
        for (end, reference) in one.segment.iter().zip(expected.at("segment").rows()) {
            if reference.value().is_null() {
                assert!(end.is_nan(), "{one:?}");
                reference.checked();
            } else {
                reference.close(&[*end], seconds);
            }
        }
    }
}

fn activitynet_results_equal_opentads() {
    let fixture = Fixture::load("g_postproc.safetensors");
    let classifier = classifier::read_json(&path("g_anet_cuhk.json"), classifier::Form::Cuhk).expect("a classifier");
    let expected = ExpectedFile::load("g_anet_results.json");
    let mut kept = Vec::new();
    for (item, meta) in json("g_anet_metas.json").as_array().expect("metas").iter().enumerate() {
        let (video, duration) = (text(meta, "video_name"), number(meta, "duration"));
        let raw = raw(&fixture, "anet", item);
        kept.extend(raw.kept(Peaks::OpenTad));
        let (segments, scores) = raw.scored(Peaks::OpenTad);
        let clock = Clock::Resized { length: 32 };
        let classes = in_float32(top_two(&classifier, video));
        let mut found = with_classes(&ANET.run(&segments, &scores), &clock, duration, &classes, Fusion::Product);
        round(&mut found);
        assert_detections(&found, &expected.root().at(video), SECONDS);
    }
    fixture.compare_whole("anet.kept", &whole(&kept));
}

fn official_results_equal_the_repositorys() {
    let fixture = Fixture::load("g_postproc.safetensors");
    let classifier = classifier::read_json(&path("g_anet_cuhk.json"), classifier::Form::Cuhk).expect("a classifier");
    let expected = ExpectedFile::load("g_official_results.json");
    for (item, meta) in json("g_anet_metas.json").as_array().expect("metas").iter().enumerate() {
        let (video, duration) = (text(meta, "video_name"), number(meta, "duration"));
        let raw = raw(&fixture, "anet", item);
        let kept = raw.kept(Peaks::Official);
        let chosen = raw.proposals.iter().zip(&raw.iou).zip(kept).filter(|(_, kept)| *kept);
        let (segments, scores): (Vec<[f64; 2]>, Vec<f64>) = chosen
            .map(|((segment, iou), _)| (segment.map(|x| f64::from(x / 32.0)), f64::from(iou[0]) * f64::from(iou[1])))
            .unzip();
        let picks = official_soft_nms(&segments, &scores, OFFICIAL);
        let found = official_with_classes(&picks, duration, &top_two(&classifier, video));
        // Not rounded: float32 outputs times the duration.
        assert_detections(&found, &expected.root().at(video), 1e-4);
    }
}

fn thumos_windows_and_their_merge_equal_opentads() {
    let fixture = Fixture::load("g_postproc.safetensors");
    let classifier = classifier::read_untrimmed_net(&path("g_thumos_unet.npy")).expect("a classifier");
    let expected_windows = ExpectedFile::load("g_thumos_windows.json");
    let expected_windows = expected_windows.root().rows();
    let mut videos: Vec<(String, Vec<Vec<Detection>>)> = Vec::new();
    for (item, meta) in json("g_thumos_metas.json").as_array().expect("metas").iter().enumerate() {
        let video = text(meta, "video_name");
        let clock = Clock::Sliding {
            fps: number(meta, "fps"),
            snippet_stride: number(meta, "snippet_stride"),
            offset_frames: number(meta, "offset_frames"),
            window_start_frame: number(meta, "window_start_frame"),
        };
        let (segments, scores) = raw(&fixture, "thumos", item).scored(Peaks::OpenTad);
        let classes = in_float32(top_two(&classifier, video));
        let picks = THUMOS.run(&segments, &scores);
        let mut found = with_classes(&picks, &clock, number(meta, "duration"), &classes, Fusion::Product);
        round(&mut found);
        assert_detections(&found, &expected_windows[item].at(video), SECONDS);
        match videos.last_mut().filter(|(last, _)| last == video) {
            Some((_, windows)) => windows.push(found),
            None => videos.push((video.to_owned(), vec![found])),
        }
    }
    let expected = ExpectedFile::load("g_thumos_results.json");
    for (video, windows) in videos {
        let strict = Merge { reach: Reach::Across, strict_reference: true };
        let mut merged = merge_windows(windows.clone(), &THUMOS, strict);
        round(&mut merged);
        assert_detections(&merged, &expected.root().at(&video), SECONDS);
        let merged = merge_windows(windows, &THUMOS, Merge { strict_reference: false, ..strict });
        assert!(
            merged.iter().all(|one| one.segment[1] > one.segment[0]),
            "{video}: segments without length are dropped"
        );
    }
}

comparisons! {
    suppression_equals_opentads,
    suppression_equals_the_official_one,
    boundary_masks_are_exact,
    seconds_equal_opentads,
    activitynet_results_equal_opentads,
    official_results_equal_the_repositorys,
    thumos_windows_and_their_merge_equal_opentads,
}
