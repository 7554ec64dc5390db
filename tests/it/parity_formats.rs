//! Files and data preparation against the references (fixtures i and l; issue "3", item 4).

use etad::domain::{ClassList, Dataset, Video};
use etad::formats::features::{self, Features, Layout};
use etad::formats::resized::{SnippetTruth, TruthFilter, resize, truths};
use etad::formats::snippets::{official_frames, opentad_frames};
use etad::formats::thumos::{self, WindowRules, truths_in_frames, truths_in_window, window_features, windows};
use etad::formats::{activitynet, block_list, class_map};
use serde_json::Value;

use crate::fixtures::{Fixture, assert_close, json, path, shared};

/// The reference's tolerance: sums of float64 rounded to float32.
const CLOSE: f32 = 1e-5;

#[test]
fn resized_features_equal_the_reference() {
    let fixture = Fixture::load("i_resize.safetensors");
    let inputs: Vec<String> =
        fixture.names().filter_map(|name| name.strip_suffix(".input")).map(str::to_owned).collect();
    assert_eq!(inputs.len(), 7);
    for case in inputs {
        let input = fixture.get(&format!("{case}.input"));
        let [channels, length] = input.shape[..] else { panic!("{case}: not [channels, time]") };
        let stored = input.f32();
        let time_first = (0..length).flat_map(|t| (0..channels).map(move |c| (c, t)));
        let values = time_first.map(|(c, t)| stored[c * length + t]).collect();
        let resized = resize(&Features { length, channels, values }, 128);
        assert_close(&case, &resized, &fixture.f32(&format!("{case}.align_128")), CLOSE);
    }
}

#[test]
fn snippet_frames_equal_both_references() {
    let fixture = Fixture::load("l_data.safetensors");
    let mut compared = 0;
    for name in fixture.names().filter(|name| name.starts_with("frames.")) {
        let parts: Vec<&str> = name.split('.').collect();
        let number = |part: &str| part[1..].parse::<usize>().expect("a number");
        let (frames, snippets) = (number(parts[2]), number(parts[3]));
        let found = match parts[1] {
            "opentad" => opentad_frames(frames, snippets, 16),
            _ => official_frames(frames, snippets, 16),
        };
        let found: Vec<i64> = found.into_iter().flatten().map(|frame| frame as i64).collect();
        assert_eq!(found, fixture.get(name).i64(), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 40);
}

struct Reference {
    fixture: Fixture,
    expected: Value,
}

impl Reference {
    fn load() -> Self {
        Self { fixture: Fixture::load("l_data.safetensors"), expected: json("l_data/expected.json") }
    }

    fn metas(&self, case: &str) -> &Vec<Value> {
        self.expected[case].as_array().expect("a list of items")
    }

    fn compare_input(&self, item: &str, input: &[f32], mask: &[bool]) {
        assert_close(item, input, &self.fixture.f32(&format!("{item}.inputs")), CLOSE);
        assert_eq!(mask, self.fixture.get(&format!("{item}.masks")).bools(), "{item}");
    }

    /// Without classes: the reference's `class_agnostic` option sets every label to 0.
    fn compare_truths(&self, item: &str, truths: &[SnippetTruth], classes: Option<&ClassList>) {
        let segments: Vec<f32> = truths.iter().flat_map(|truth| truth.segment).collect();
        assert_close(item, &segments, &self.fixture.f32(&format!("{item}.gt")), CLOSE);
        let index =
            |truth: &SnippetTruth| classes.map_or(0, |classes| classes.index(&truth.label).expect("a class") as i64);
        let labels: Vec<i64> = truths.iter().map(index).collect();
        assert_eq!(labels, self.fixture.get(&format!("{item}.labels")).i64(), "{item}");
    }
}

/// Videos of a subset that have features.
fn videos<'a>(dataset: &'a Dataset, subset: &'a str) -> Vec<&'a Video> {
    let blocked = block_list::read(&path("l_data/missing_files.txt")).expect("a block list");
    dataset.subset(subset).filter(|video| !blocked.contains(&video.id)).collect()
}

#[test]
fn resized_items_equal_opentads() {
    let reference = Reference::load();
    let dataset = activitynet::read(&path("l_data/resize_anno.json")).expect("annotations");
    let classes = class_map::read(&path("l_data/category_idx.txt")).expect("classes");
    assert_eq!(serde_json::json!(classes), reference.expected["category_idx"]);
    assert_eq!(dataset.classes_sorted(), classes, "a class map made from the data");
    for (case, subset, has_truths) in [
        ("resize_training_train", "training", true),
        ("resize_validation_train", "validation", true),
        ("resize_validation_test", "validation", false),
    ] {
        let mut items = videos(&dataset, subset).into_iter().filter_map(|video| {
            let kept = truths(video, 32, TruthFilter::OpenTad { drop_short: true });
            (!has_truths || !kept.is_empty()).then_some((video, kept))
        });
        for (index, meta) in reference.metas(case).iter().enumerate() {
            let (video, kept) = items.next().expect("as many items as the reference");
            assert_eq!(
                (&meta["video_name"], &meta["duration"]),
                (&Value::from(&*video.id), &Value::from(video.duration))
            );
            let item = format!("{case}.{index}");
            let file = path(&format!("l_data/v_{}.npy", video.id));
            let features = features::read(&file, Layout::TimeFirst, Some(6)).expect("features");
            reference.compare_input(&item, &resize(&features, 32), &[true; 32]);
            if has_truths {
                reference.compare_truths(&item, &kept, None);
            }
        }
        assert!(items.next().is_none(), "{case}: more items than the reference");
    }
}

#[test]
fn sliding_items_equal_opentads() {
    let reference = Reference::load();
    let dataset = activitynet::read(&path("l_data/sliding_anno.json")).expect("annotations");
    let classes = class_map::read(&path("l_data/category_idx2.txt")).expect("classes");
    for (case, subset, overlap, completeness, has_truths) in [
        ("sliding_training_ov0.5_ioa0.9", "training", 0.5, 0.9, true),
        ("sliding_training_ov0.25_ioa0.75", "training", 0.25, 0.75, true),
        ("sliding_validation_ov0.5_ioa0.75_test", "validation", 0.5, 0.75, false),
    ] {
        let rules = WindowRules { snippet_stride: 4, offset_frames: 8, window_size: 16, overlap, completeness };
        let mut items = Vec::new();
        for video in videos(&dataset, subset) {
            let in_frames = truths_in_frames(video).expect("a number of frames");
            for window in windows(video.frames.expect("frames") as usize, &rules) {
                let kept = truths_in_window(&in_frames, window, &rules);
                if !has_truths || !kept.is_empty() {
                    items.push((video, window, kept));
                }
            }
        }
        let metas = reference.metas(case);
        assert_eq!(items.len(), metas.len(), "{case}");
        for (index, ((video, window, kept), meta)) in items.iter().zip(metas).enumerate() {
            let item = format!("{case}.{index}");
            assert_eq!(meta["video_name"], Value::from(&*video.id), "{item}");
            assert_eq!(meta["window_start_frame"].as_f64(), Some(window.start_frame as f64), "{item}");
            assert_eq!(meta["fps"].as_f64(), video.frames.map(|frames| frames as f64 / video.duration), "{item}");
            let file = path(&format!("l_data/{}.npy", video.id));
            let features = features::read(&file, Layout::TimeFirst, Some(5)).expect("features");
            let (input, mask) = window_features(&features, *window, &rules);
            reference.compare_input(&item, &input, &mask);
            if has_truths {
                reference.compare_truths(&item, kept, Some(&classes));
            }
        }
    }
}

#[test]
fn thumos_text_files_hold_the_annotations_of_the_json() {
    let Some(folder) = shared("data/annotations/thumos14_txt/annotations_test") else { return };
    let text = thumos::read_folder(&folder).expect("reads");
    let dataset = activitynet::read(&path("real/thumos_test_gt.json")).expect("annotations");
    let count = |label: &str| text.values().flatten().filter(|action| action.label == label).count();
    let in_json = |label: &str| {
        dataset.videos.iter().flat_map(|video| &video.annotations).filter(|action| action.label == label).count()
    };
    for class in dataset.classes_sorted().names() {
        println!("{class}: {} in text, {} in JSON", count(class), in_json(class));
    }
    assert_eq!(text.values().flatten().filter(|action| action.label != "Ambiguous").count(), 3358);
}
