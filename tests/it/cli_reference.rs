//! The reference's way on the command line: stored features, an external classifier, raw outputs, weights to and from PyTorch's files
//! (issue "3", items 4 to 8), and what bad input is answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::fixtures;

/// A detector of OpenTAD's form that trains in a second on the features of `l_data`.
const RECIPE: &str = r#"
name = "tiny"
[model]
in_channels = 6
hidden = 8
groups = 2
norm_groups = 2
tscale = 16
dscale = 16
[model.roi]
bins = 4
[model.head]
features = 8
fc_channels = 8
[data]
annotations = "resize_anno.json"
class_map = "category_idx.txt"
block_list = "missing_files.txt"
source = "features"
folder = "."
prefix = "v_"
extension = "npy"
scheme = "resize"
[solver]
batch_size = 2
epochs = 1
[workflow]
eval_interval = 0
"#;

/// A project of `l_data` with a checkpoint of one epoch.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

pub(crate) fn etad(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_etad")).args(arguments).output().expect("etad starts")
}

pub(crate) fn done(arguments: &[&str]) -> String {
    let output = etad(arguments);
    assert!(output.status.success(), "etad {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Ends with 2, and says one line that holds every one of `words`.
pub(crate) fn refused(arguments: &[&str], words: &[&str]) {
    let output = etad(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "etad {arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "etad {arguments:?} does not say {word:?}: {said}");
    }
    let is_told = |line: &&str| !line.contains(" INFO") && !line.contains(" WARN");
    assert_eq!(said.lines().filter(is_told).count(), 1, "one sentence: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8 path")
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("readable")).expect("JSON")
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for entry in fs::read_dir(fixtures::path("l_data")).expect("fixtures") {
            let path = entry.expect("an entry").path();
            fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("copied");
        }
        fs::write(folder.path().join("tiny.toml"), RECIPE).expect("written");
        Self { folder }
    }

    pub(crate) fn trained() -> Self {
        let project = Self::new();
        project.done("train", &["--run", text(&project.path("run"))]);
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments<'a>(&'a self, command: &'a str, recipe: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let fixed = [command, recipe, "--root", text(self.folder.path()), "--device", "cpu"];
        fixed.into_iter().chain(more.iter().copied()).collect()
    }

    fn done(&self, command: &str, more: &[&str]) -> String {
        done(&self.arguments(command, text(&self.path("tiny.toml")), more))
    }

    pub(crate) fn refused(&self, command: &str, more: &[&str], words: &[&str]) {
        refused(&self.arguments(command, text(&self.path("tiny.toml")), more), words);
    }

    /// The results of `etad test` with more arguments.
    fn tested(&self, more: &[&str]) -> Value {
        let out = self.path("out.json");
        let fixed = ["--out", text(&out), "--no-eval", "--set", "data.test_subset=training"];
        self.done("test", &[more, &fixed].concat());
        read_json(&out)["results"].clone()
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.path("run/checkpoints/last.safetensors")
    }
}

#[test]
fn weights_go_to_pytorchs_form_and_back_and_find_the_same() {
    let project = Project::trained();
    let (own, pth, back) = (project.checkpoint(), project.path("x.pth"), project.path("y.safetensors"));
    done(&["weights", "export", text(&own), "--out", text(&pth)]);
    let listed: Value = serde_json::from_str(&done(&["weights", "list", text(&pth), "--json"])).expect("JSON");
    let first = &listed["tensors"][0];
    assert_eq!((&first["name"], &first["shape"]), (&json!("module.neck.layer2_b.conv.weight"), &json!([4, 4, 3])));
    let recipe = project.path("tiny.toml");
    let import = ["weights", "import", text(&pth), "--out", text(&back)];
    assert!(done(&import).contains("as weights"));
    refused(
        &["weights", "export", text(&own), "--out", text(&pth), "--names", "official"],
        &["last.safetensors is a detector of OpenTAD's form", "--names opentad"],
    );
    let with_recipe = [&import[..], &["--config", text(&recipe), "--root", text(project.folder.path())]].concat();
    assert!(done(&with_recipe).contains("as a checkpoint"));
    let found = project.tested(&["--checkpoint", text(&own)]);
    assert!(found.as_object().expect("videos").values().any(|video| !video.as_array().expect("a list").is_empty()));
    for file in [&pth, &back] {
        assert!(project.tested(&["--checkpoint", text(file)]) == found, "{}", file.display());
    }
    let run = project.path("second");
    project.done("train", &["--run", text(&run), "--init", text(&pth)]);
    project.refused(
        "test",
        &["--checkpoint", text(&pth), "--set", "model.hidden=16"],
        &["x.pth", "another model", "of another shape"],
    );
    let small = project.path("small.safetensors");
    let other = fixtures::path("pth/opentad_zip.pth");
    let import = ["weights", "import", text(&other), "--out", text(&small)];
    refused(
        &[&import[..], &["--config", text(&recipe)]].concat(),
        &["opentad_zip.pth", "missing", "unexpected", "tied.a"],
    );
}

#[test]
fn an_external_classifier_names_detections_and_raw_outputs_can_be_kept_and_averaged() {
    let project = Project::trained();
    let checkpoint = project.checkpoint();
    let plain = project.tested(&["--checkpoint", text(&checkpoint)]);
    let scores = json!({"class": ["Archery", "Ballet", "Cricket"], "results": {
        "res0": [0.5, 0.25, 0.125], "res1": [0.1, 0.2, 0.7], "res2": [0, 0, 1], "res3": [0.5, 0.3, 0.2], "res4": [0.5, 0.3, 0.2],
        "res6": [0.5, 0.5, 0]}});
    fs::write(project.path("cuhk.json"), scores.to_string()).expect("written");
    let classified = ["--set", "post.classifier.kind=cuhk", "--set", "post.classifier.path=cuhk.json"];
    let one = project.path("raw one");
    let run = [&classified[..], &["--checkpoint", text(&checkpoint), "--raw-predictions", text(&one)]].concat();
    let found = project.tested(&run);
    let of = |results: &Value, video: &str| results[video].as_array().expect("a list").clone();
    let (bare, named) = (of(&plain, "res0"), of(&found, "res0"));
    assert_eq!(named.len(), 2 * bare.len(), "two classes for every segment");
    for (index, label, score) in [(0, "Archery", 0.5), (bare.len(), "Ballet", 0.25)] {
        assert_eq!((&named[index]["label"], &named[index]["segment"]), (&json!(label), &bare[0]["segment"]));
        let expected = score * bare[0]["score"].as_f64().expect("a number");
        // Both were rounded to four decimals.
        assert!((named[index]["score"].as_f64().expect("a number") - expected).abs() < 1.1e-4);
    }
    let tied: Vec<Value> = of(&found, "res6").iter().map(|one| one["label"].clone()).collect();
    assert_eq!(
        (&tied[0], tied.last()),
        (&json!("Archery"), Some(&json!("Ballet"))),
        "of equal scores CUHK's earlier class comes first"
    );

    // The network is not needed again, and the mean of two equal outputs is one of them.
    let two = project.path("raw two");
    fs::create_dir(&two).expect("a folder");
    for entry in fs::read_dir(&one).expect("raw outputs") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, two.join(path.file_name().expect("a name"))).expect("copied");
    }
    let both = ["--checkpoint", "absent", "--raw-predictions", text(&one), "--raw-predictions", text(&two)];
    assert_eq!(project.tested(&[&classified[..], &both].concat()), found);
    assert_eq!(project.tested(&both), plain);
    let none = project.path("none");
    let with_empty = ["--raw-predictions", text(&one), "--raw-predictions", text(&none)];
    project.refused("test", &with_empty, &["none holds no raw outputs"]);
    project.refused("test", &["--raw-predictions", text(&one)], &["no raw outputs of video res5"]);
    fs::write(project.path("cuhk.json"), r#"{"class": ["a"], "results": {"res0": [0.5]}}"#).expect("written");
    let elsewhere = [&run[..run.len() - 2], &["--set", "data.test_subset=training"]].concat();
    project.refused("test", &elsewhere, &["5 of 6 videos", "res1", "cuhk.json has no scores of this video"]);
    fs::write(project.path("cuhk.json"), r#"{"class": ["a"], "results": {"res0": [0.5, 1]}}"#).expect("written");
    project.refused("test", &run, &["cuhk.json", "has 2 scores for 1 classes"]);
}

/// Spec 10.1: a video of the data's block list cannot be searched, and its actions are missed ones.
#[test]
fn actions_of_videos_that_are_not_there_count_as_missed() {
    let project = Project::trained();
    let row: Vec<Value> =
        (0..7).filter(|&video| video != 5).map(|video| json!((format!("res{video}"), [0.5, 0.25, 0.125]))).collect();
    let results: serde_json::Map<String, Value> =
        row.into_iter().map(|pair| (pair[0].as_str().expect("a name").to_owned(), pair[1].clone())).collect();
    let scores = json!({"class": ["Archery", "Ballet", "Cricket"], "results": results});
    fs::write(project.path("cuhk.json"), scores.to_string()).expect("written");
    let (checkpoint, out) = (project.checkpoint(), project.path("out.json"));
    let more = ["--set", "post.classifier.kind=cuhk", "--set", "post.classifier.path=cuhk.json"];
    let fixed =
        ["--checkpoint", text(&checkpoint), "--out", text(&out), "--json", "--set", "data.test_subset=training"];
    let tested: Value = serde_json::from_str(&project.done("test", &[&more[..], &fixed].concat())).expect("JSON");
    let truth = project.path("resize_anno.json");
    let eval = ["eval", "--ground-truth", text(&truth), "--predictions", text(&out), "--subset", "training", "--json"];
    let mut evaluated: Value = serde_json::from_str(&done(&eval)).expect("JSON");
    assert!(read_json(&out)["results"].get("missing").is_none(), "it was not searched");
    assert_eq!(tested["counts"]["truths"], 14, "13 of the videos that are there, and one");
    // What only a test has.
    for key in ["device", "evidence"] {
        evaluated[key] = tested[key].clone();
    }
    assert_eq!(tested, evaluated);
}

/// Spec 2.2: without a class head what an action is called does not matter.
#[test]
fn without_a_class_head_actions_that_no_class_has_train_as_well() {
    let project = Project::new();
    let loss = |name: &str| {
        let run = project.path(name);
        let map = format!("data.class_map={name}.txt");
        project.done("train", &["--run", text(&run), "--set", &map, "--set", "workflow.report_interval=1"]);
        let events = fs::read_to_string(run.join("events.jsonl")).expect("events");
        assert!(!events.contains("class map"), "{events}");
        let steps = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        steps.filter(|event| event["event"] == "step").map(|event| event["loss"].clone()).collect::<Vec<_>>()
    };
    fs::write(project.path("all.txt"), "Archery\nBallet\nCricket\n").expect("written");
    fs::write(project.path("few.txt"), "Archery\n").expect("written");
    let all = loss("all");
    assert!(!all.is_empty());
    assert_eq!(loss("few"), all);
    // A map that is not there is made of the labels of all subsets, in the order of their code points (spec 2.2).
    loss("new");
    assert_eq!(fs::read_to_string(project.path("new.txt")).expect("a map"), "Archery\nBallet\nCricket\n");
}

#[test]
fn wrong_features_and_contradictions_get_one_sentence() {
    let project = Project::trained();
    let run = project.path("other");
    let train = ["--run", text(&run)];
    let features = project.path("v_res0.npy");
    let good = fs::read(&features).expect("features");
    let header = good.len() - 33 * 6 * 4;
    fs::remove_file(&features).expect("removed");
    let checkpoint = project.checkpoint();
    let test = ["--checkpoint", text(&checkpoint), "--set", "data.test_subset=training"];
    project.refused("train", &train, &["v_res0.npy cannot be read"]);
    project.refused("test", &test, &["v_res0.npy cannot be read"]);
    let recipe = project.path("tiny.toml");
    refused(&["check", text(&recipe), "--root", text(project.folder.path())], &["in the data of"]);
    let mut with_nan = good.clone();
    with_nan[header..header + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    for (bytes, words) in [
        (good[..good.len() / 2].to_vec(), "cut off"),
        (with_nan, "snippet 0, channel 0 is not a finite number"),
        (fs::read(project.path("video_test_0000000.npy")).expect("features"), "of 5 channels, the model takes 6"),
    ] {
        fs::write(&features, bytes).expect("written");
        // Each refused run has left a folder behind.
        fs::remove_dir_all(&run).expect("removed");
        project.refused("train", &train, &["v_res0.npy", words]);
        project.refused("test", &test, &["v_res0.npy", words]);
    }
    fs::write(&features, good).expect("written");
    let with = |setting: &str, word: &str| project.refused("test", &[&test[..], &["--set", setting]].concat(), &[word]);
    with("post.nms.sigme=0.3", "post.nms.sigme");
    with("data.feature_cache=kept", "frozen encoder");
    with("post.classifier.kind=generic", "cannot be read");
    with("model.head.features=9", "last.safetensors belongs to another model");
    for (text, word) in [
        (
            r#"{"database": {"v": {"subset": "training", "duration": 1, "annotations": [{"segment": [1], "label": "a"}]}}}"#,
            "must be a pair",
        ),
        (r#"{"database": []}"#, "must be an object"),
    ] {
        fs::write(project.path("resize_anno.json"), text).expect("written");
        project.refused("test", &test, &["resize_anno.json", word]);
    }
}

#[test]
fn damaged_and_foreign_files_get_one_sentence() {
    let project = Project::trained();
    for (file, words) in [("pth/hostile.pth", "hostile.pth"), ("pth/truncated.pth", "truncated.pth")] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("copy.pth");
        fs::copy(fixtures::path(file), &path).expect("copied");
        for arguments in [&["weights", "list"][..], &["weights", "import", "--out", "x.safetensors"]] {
            let original = fixtures::path(file);
            refused(&[arguments, &[text(&original)]].concat(), &[words]);
        }
        project.refused("test", &["--checkpoint", text(&path)], &["copy.pth"]);
        project.refused("train", &["--run", text(&folder.path().join("run")), "--init", text(&path)], &["copy.pth"]);
        for place in [folder.path(), project.folder.path(), Path::new(".")] {
            assert!(!place.join("pickle_was_executed").exists());
        }
    }
    let checkpoint = project.checkpoint();
    let test = ["--checkpoint", text(&checkpoint), "--set", "data.test_subset=training"];
    project.refused(
        "test",
        &["--checkpoint", text(&project.path("v_res0.npy"))],
        &["v_res0.npy", "not a whole PyTorch"],
    );
    project.refused("test", &[&test[..], &["--set", "model.tscal=3"]].concat(), &["model.tscal=3"]);
    let bytes = fs::read(&checkpoint).expect("a checkpoint");
    let cut = project.path("cut.safetensors");
    fs::write(&cut, &bytes[..bytes.len() / 2]).expect("written");
    project.refused("test", &["--checkpoint", text(&cut)], &["cut.safetensors", "cut short"]);
    let annotations = fs::read_to_string(project.path("resize_anno.json")).expect("annotations");
    fs::write(project.path("resize_anno.json"), &annotations[..annotations.len() / 2]).expect("written");
    project.refused("test", &test, &["resize_anno.json", "cut off"]);
    fs::write(project.path("resize_anno.json"), annotations.replace("35.48", "NaN")).expect("written");
    project.refused("test", &test, &["resize_anno.json", "NaN"]);
}
