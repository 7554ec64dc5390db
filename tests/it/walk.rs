//! Every tensor and every expected value of the fixtures has been compared with one of ours (issue "3", shown by 1).
//!
//! The walk runs the parity tests' comparisons, then goes through the manifest, the folders beside it and the JSON files of expected
//! values, and looks each name up in the book of comparisons. What the references were *given* need only have been read; what is
//! neither compared nor given is on a list with its reason.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::compared::{Book, Comparison, Entry, book};
use crate::fixtures::{Fixture, folder, json, shared};
use crate::{parity_eval, parity_formats, parity_model, parity_official, parity_post, parity_train, parity_weights};

/// Given to the references: weights, inputs, gradients from above, random numbers. `*` stands for anything.
const GIVEN: &[(&str, &[&str])] = &[
    ("a_roi_align1d.safetensors", &["features", "rois", "*.upstream", "extractor.proposals"]),
    ("b_modules_opentad.safetensors", &["projection.*", "neck.*", "rpn_head.*", "*.mask", "*.input", "*.upstream"]),
    ("b_modules_opentad.safetensors", &["etad_head.shared_conv_fc.*", "etad_head.*_head.*", "etad_head.in.*"]),
    (
        "b_modules_official.safetensors",
        &["temporal_enhance.*", "tem.*", "stage_pem.*", "input", "anchors", "upstream.*"],
    ),
    ("c_detector_opentad.safetensors", &["*.weights.*", "*.input", "*.mask", "*.train.gt0", "*.train.gt1"]),
    ("c_detector_opentad.safetensors", &["*.train.proposals", "*.train.noise.*"]),
    ("c_detector_official.safetensors", &["weights.*", "input", "anchors", "gt0", "gt1", "noise.*"]),
    ("c_detector_full.safetensors", &["*.mask"]),
    ("c_detector_full_weights.json", &["/*_input/*"]),
    ("d_losses.safetensors", &["*.pred", "*.target", "*.pos_thresh", "*.noise0", "*.noise1", "*.gt_iou"]),
    ("e_targets.safetensors", &["gt*", "proposals", "official.gt*", "refine.reg"]),
    ("f_backbone_tiny.safetensors", &["weights.*", "input", "upstream", "norm.input"]),
    ("f_backbone_full_weights.json", &["/*_input/*"]),
    ("g_postproc.safetensors", &["boundary.input", "nms.segments", "nms.scores", "nms.classes", "seconds.segments"]),
    ("g_postproc.safetensors", &["*.tem", "*.proposals", "*.iou"]),
    ("i_resize.safetensors", &["*.input"]),
    ("j_optim.safetensors", &["p0", "p1", "grad*"]),
    ("k_sgs_official.safetensors", &["init.*", "*.video", "*.anchors", "*.snippet_noise", "*.noise.*"]),
];

/// Neither compared nor given, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "i_resize.safetensors",
        "*.interp_128",
        "a tool of OpenTAD's that ETAD does not use (spec 2.3), and this program has none",
    ),
    (
        "l_data/v_res1.npy",
        "",
        "features of a video whose only action is too short: the reference drops it, and ours is not asked for it",
    ),
    ("l_data/expected.json", "*/data_path", "the folder of the reference's own run: empty"),
    (
        "h_eval/*_expected.json",
        "/activitynet_toolkit_agrees_with_official_etad",
        "says of two programs of the reference that they agree",
    ),
    (
        "pth/expected.json",
        "*/dtype",
        "the type in the file; that it was understood shows in the values, which become float32",
    ),
    (
        "pth/expected.json",
        "/opentad/*.num_batches_tracked/*",
        "a counter that no batch norm on running statistics uses; the reader leaves whole numbers out",
    ),
];

/// JSON files of expected values, each number of which has to be compared; all other files are given.
const EXPECTED: &[&str] = &[
    "*_expected.json",
    "*/expected.json",
    "*_weights.json",
    "g_anet_results.json",
    "g_official_results.json",
    "g_thumos_windows.json",
    "g_thumos_results.json",
];

/// Folders that the manifest does not list file by file.
const FOLDERS: &[&str] = &["l_data", "pth", "real"];

fn comparisons() -> impl Iterator<Item = &'static Comparison> {
    let tables: [&[Comparison]; 7] = [
        &parity_model::COMPARISONS,
        &parity_official::COMPARISONS,
        &parity_train::COMPARISONS,
        &parity_post::COMPARISONS,
        &parity_eval::COMPARISONS,
        &parity_formats::COMPARISONS,
        &parity_weights::COMPARISONS,
    ];
    tables.into_iter().flatten()
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, rest)) => name
            .strip_prefix(start)
            .is_some_and(|tail| (0..=tail.len()).any(|at| tail.is_char_boundary(at) && fits(&tail[at..], rest))),
    }
}

/// Pointers of all values that hold no others.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            entries.iter().for_each(|(key, value)| leaves(value, &format!("{pointer}/{key}"), found));
        }
        Value::Array(rows) if !rows.is_empty() => {
            rows.iter().enumerate().for_each(|(index, value)| leaves(value, &format!("{pointer}/{index}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// Names of the files below a folder of the fixtures.
fn files_of(name: &str) -> Vec<String> {
    let listed = std::fs::read_dir(folder().join(name)).expect("a folder of the fixtures");
    listed.map(|file| format!("{name}/{}", file.expect("a file").file_name().to_string_lossy())).collect()
}

/// All files of the fixtures: those of the manifest, and those of the folders it leaves out.
fn files(manifest: &Value) -> Vec<String> {
    let listed = manifest.as_object().expect("a table of files").keys().filter(|file| !file.ends_with('*')).cloned();
    listed.chain(FOLDERS.iter().flat_map(|name| files_of(name))).collect()
}

/// Everything that has to be accounted for.
fn entries(manifest: &Value) -> Vec<Entry> {
    let mut found = Vec::new();
    for file in files(manifest) {
        let mut names = vec![String::new()];
        if let Some(tensors) = manifest[&file]["tensors"].as_object() {
            names = tensors.keys().cloned().collect();
            let stored: BTreeSet<String> = Fixture::load(&file).names().map(str::to_owned).collect();
            assert_eq!(stored, names.iter().cloned().collect(), "{file} holds what the manifest says");
        } else if EXPECTED.iter().any(|pattern| fits(&file, pattern)) {
            names.clear();
            leaves(&json(&file), "", &mut names);
        }
        found.extend(names.into_iter().map(|name| (file.clone(), name)));
    }
    found
}

/// Whether a comparison covers the entry itself or, in JSON, something that holds it.
fn is_compared(book: &Book, (file, name): &Entry) -> bool {
    let above = name.match_indices('/').map(|(at, _)| &name[..at]);
    above.chain([name.as_str()]).any(|name| book.compared.contains(&(file.clone(), name.to_owned())))
}

fn is_given((file, name): &Entry) -> bool {
    name.is_empty() || GIVEN.iter().any(|(own, names)| own == file && names.iter().any(|pattern| fits(name, pattern)))
}

#[test]
fn every_value_of_the_references_is_compared() {
    let manifest = json("manifest.json");
    // One that fails is told by its own test, and here by what it leaves out.
    comparisons().for_each(|one| drop(std::panic::catch_unwind(|| one.run())));
    let book = book();
    let (mut compared, mut given, mut excepted) = (0, 0, BTreeSet::new());
    let mut missing = Vec::new();
    for entry in entries(&manifest) {
        let (file, name) = &entry;
        let reason = EXCEPTIONS.iter().position(|(own, pattern, _)| fits(file, own) && fits(name, pattern));
        if is_compared(&book, &entry) {
            compared += 1;
        } else if let Some(reason) = reason {
            excepted.insert(reason);
        } else if is_given(&entry) && (book.read.contains(&entry) || book.read.contains(&(file.clone(), String::new())))
        {
            given += 1;
        } else {
            missing.push(format!("{file} {name}"));
        }
    }
    println!("{compared} compared, {given} given");
    let count = missing.len();
    missing.truncate(40);
    assert!(count == 0, "no test compared {count} of the references' values:\n{}", missing.join("\n"));
    assert_eq!(excepted.len(), EXCEPTIONS.len(), "each exception is of something: {excepted:?}");
}

#[test]
fn the_copies_of_the_fixtures_are_the_references_own() {
    let Some(original) = shared("fixtures/manifest.json") else { return };
    let original = original.parent().expect("its folder");
    let of = |root: &Path, file: &str| std::fs::read(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let files = files(&json("manifest.json"));
    for file in files.iter().map(String::as_str).chain(["manifest.json"]) {
        assert!(of(original, file) == of(&folder(), file), "{file} differs from ../shared/fixtures");
    }
}
