//! Files and data preparation against the references (fixtures i and l; issue "3", item 4).

use etad::domain::{ClassList, Dataset, Video};
use etad::formats::features::{self, Features, Layout};
use etad::formats::resized::{SnippetTruth, TruthFilter, resize, truths};
use etad::formats::snippets::{official_frames, opentad_frames};
use etad::formats::thumos::{self, WindowRules, truths_in_frames, truths_in_window, window_features, windows};
use etad::formats::{activitynet, block_list, class_map};

use crate::compared::comparisons;
use crate::expected::{Expected, ExpectedFile};
use crate::fixtures::{self, Absolute, Fixture, path, shared};

/// The reference's tolerance: sums of float64 rounded to float32.
const CLOSE: fixtures::Tolerance = Absolute(1e-5);

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
        fixture.compare(&format!("{case}.align_128"), &resized, CLOSE);
    }
}

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
        fixture.compare_whole(name, &found);
        compared += 1;
    }
    assert_eq!(compared, 40);
}

struct Reference {
    fixture: Fixture,
    expected: ExpectedFile,
}

impl Reference {
    fn load() -> Self {
        Self { fixture: Fixture::load("l_data.safetensors"), expected: ExpectedFile::load("l_data/expected.json") }
    }

    fn metas(&self, case: &str) -> Vec<Expected<'_>> {
        self.expected.root().at(case).rows()
    }

    fn compare_input(&self, item: &str, input: &[f32], mask: &[bool]) {
        self.fixture.compare(&format!("{item}.inputs"), input, CLOSE);
        let mask: Vec<i64> = mask.iter().map(|&real| i64::from(real)).collect();
        self.fixture.compare_whole(&format!("{item}.masks"), &mask);
    }

    /// Without classes: the reference's `class_agnostic` option sets every label to 0.
    fn compare_truths(&self, item: &str, truths: &[SnippetTruth], classes: Option<&ClassList>) {
        let segments: Vec<f32> = truths.iter().flat_map(|truth| truth.segment).collect();
        self.fixture.compare(&format!("{item}.gt"), &segments, CLOSE);
        let index =
            |truth: &SnippetTruth| classes.map_or(0, |classes| classes.index(&truth.label).expect("a class") as i64);
        let labels: Vec<i64> = truths.iter().map(index).collect();
        self.fixture.compare_whole(&format!("{item}.labels"), &labels);
    }
}

/// Videos of a subset that have features.
fn videos<'a>(dataset: &'a Dataset, subset: &'a str) -> Vec<&'a Video> {
    let blocked = block_list::read(&path("l_data/missing_files.txt")).expect("a block list");
    dataset.subset(subset).filter(|video| !blocked.contains(&video.id)).collect()
}

fn resized_items_equal_opentads() {
    let reference = Reference::load();
    let dataset = activitynet::read(&path("l_data/resize_anno.json")).expect("annotations");
    let classes = class_map::read(&path("l_data/category_idx.txt")).expect("classes");
    reference.expected.root().at("category_idx").equals(serde_json::json!(classes));
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
            meta.at("video_name").equals(&*video.id);
            meta.at("duration").equals(video.duration);
            // What our items of this kind have by their type.
            meta.at("fps").equals(-1);
            meta.at("resize_length").equals(32);
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
            meta.at("video_name").equals(&*video.id);
            meta.at("duration").equals(video.duration);
            meta.at("window_start_frame").equals(window.start_frame as f64);
            meta.at("fps").equals(video.frames.expect("frames") as f64 / video.duration);
            meta.at("snippet_stride").equals(rules.snippet_stride as f64);
            meta.at("offset_frames").equals(rules.offset_frames as f64);
            meta.at("window_size").equals(rules.window_size as f64);
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

comparisons! {
    resized_features_equal_the_reference,
    snippet_frames_equal_both_references,
    resized_items_equal_opentads,
    sliding_items_equal_opentads,
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
