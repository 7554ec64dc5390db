//! What the command line answers to recipes and files that cannot be used: one sentence before anything is computed, and `etad check` all
//! of them at once (issue "3", shown by 5).

use std::fs;
use std::path::Path;

use etad::formats::features::{self, Features};
use etad::model::weights::Weights;
use serde_json::{Value, json};

use crate::cli_reference::{Project, done, etad, refused, text};

fn recipe(name: &str) -> String {
    format!("{}/configs/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// Sentences that `etad check` says, in order, and its exit code.
fn checked(recipe: &str, root: &Path) -> (Vec<String>, Option<i32>) {
    let output = etad(&["check", recipe, "--root", text(root), "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    let sentence = |one: &Value| {
        let video = one["video"].as_str().map(|video| format!("{video} ")).unwrap_or_default();
        format!("{video}{}", one["sentence"].as_str().expect("a sentence"))
    };
    (found["findings"].as_array().expect("findings").iter().map(sentence).collect(), output.status.code())
}

/// As ActivityNet's: two training videos, one of validation, one of testing, and one that nobody has any more.
fn activitynet(root: &Path) {
    let folder = root.join("data/activitynet-1.3/annotations");
    fs::create_dir_all(&folder).expect("created");
    let video = |subset: &str, labels: &[&str]| {
        let annotations: Vec<Value> =
            labels.iter().map(|label| json!({ "segment": [10.0, 40.0], "label": label })).collect();
        json!({ "subset": subset, "duration": 100.0, "annotations": annotations })
    };
    let database = json!({
        "one": video("training", &["Archery"]), "two": video("training", &["Ballet"]), "gone": video("training", &["Archery"]),
        "three": video("validation", &["Archery", "Ballet"]), "four": video("testing", &[]),
    });
    let file = folder.join("activity_net.v1-3.min.json");
    fs::write(file, json!({ "database": database }).to_string()).expect("written");
}

fn feature_file(path: &Path, value: f32) {
    let values = vec![value; 3 * 512];
    features::write(path, &Features { length: 3, channels: 512, values }).expect("written");
}

#[test]
fn check_says_of_a_reference_recipe_what_is_missing_and_nothing_when_all_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let (config, data) = (recipe("anet_tsp"), root.join("data/activitynet-1.3"));
    refused(&["check", &config, "--root", text(root)], &["activity_net.v1-3.min.json cannot be read"]);
    activitynet(root);
    let (found, code) = checked(&config, root);
    assert_eq!(code, Some(2));
    for words in [
        "data.block_list: ",
        "missing_files.txt cannot be read",
        "eval.blocked: ",
        "blocked.json cannot be read",
        "post.classifier.path: ",
        "cuhk_val_simp_7.json cannot be read",
        "one cannot be read: ",
        "gone cannot be read: ",
        "v_three.npy",
    ] {
        assert!(found.iter().any(|one| one.contains(words)), "{words} is not in {found:#?}");
    }
    assert!(!found.iter().any(|one| one.contains("four") || one.contains("category_idx")), "{found:#?}");

    let stored = data.join("features/anet_tsp_npy_unresize");
    fs::create_dir_all(&stored).expect("created");
    for (name, value) in [("one", 0.1), ("two", 0.2), ("three", 0.3)] {
        feature_file(&stored.join(format!("v_{name}.npy")), value);
    }
    fs::write(stored.join("missing_files.txt"), "gone\nfour\n").expect("written");
    fs::write(data.join("annotations/blocked.json"), "[]").expect("written");
    fs::create_dir_all(data.join("classifiers")).expect("created");
    let scores = json!({ "class": ["Archery", "Ballet"], "results": { "three": [0.9, 0.1] } });
    fs::write(data.join("classifiers/cuhk_val_simp_7.json"), scores.to_string()).expect("written");
    assert_eq!(checked(&config, root), (Vec::new(), Some(0)));
    assert_eq!(done(&["check", &config, "--root", text(root)]).trim(), "nothing is wrong");
    assert!(!data.join("annotations/category_idx.txt").exists(), "a check changes nothing");
    fs::write(data.join("annotations/category_idx.txt"), "Archery\n\nBallet\n").expect("written");
    let (found, _) = checked(&config, root);
    assert!(found[0].contains("data.class_map: ") && found[0].contains("line 2 is blank"), "{found:#?}");

    let (found, code) = checked(&recipe("e2e_anet_tsp_official"), root);
    assert_eq!(code, Some(2));
    for words in ["encoder.weights: ", "blocked_official.json"] {
        assert!(found.iter().any(|one| one.contains(words)), "{words} is not in {found:#?}");
    }
}

#[test]
fn a_misspelt_key_in_a_file_and_numbers_out_of_range_get_one_sentence() {
    let project = Project::new();
    let file = project.path("tiny.toml");
    let good = fs::read_to_string(&file).expect("a recipe");
    let (run, checkpoint) = (project.path("run"), project.path("absent.safetensors"));
    fs::write(&checkpoint, "").expect("written");
    let test = ["--checkpoint", text(&checkpoint)];
    for (setting, words) in [
        ("post.nms.sigma=0", "post.nms.sigma is 0; it must be above 0"),
        ("post.nms.kind=hard", "post.nms.iou_threshold above 0"),
        ("post.classifier.top=0", "post.classifier.top is 0"),
        ("data.window_overlap=1.0", "data.window_overlap is 1"),
        ("data.feature_stride=0", "data.feature_stride is 0"),
        ("solver.batch_size=0", "solver.batch_size is 0"),
        ("optimizer.detector_rate=nan", "optimizer.detector_rate is not a finite number"),
        ("optimizer.detector_rate=-1.0", "optimizer.detector_rate is -1"),
    ] {
        project.refused("test", &[&test[..], &["--set", setting]].concat(), &[words]);
        project.refused("train", &["--run", text(&run), "--set", setting], &[words]);
        fs::remove_dir_all(&run).ok();
        let root = project.path("");
        refused(&["check", text(&file), "--root", text(&root), "--set", setting], &["in the data of"]);
    }
    fs::write(&file, good.replace("epochs = 1", "epoch = 1")).expect("written");
    let line = good.lines().position(|line| line == "epochs = 1").expect("the key") + 1;
    for command in ["train", "test", "check"] {
        let mut arguments = vec![command, text(&file)];
        if command == "test" {
            arguments.extend(test);
        }
        refused(&arguments, &["tiny.toml", &format!("line {line}: "), "unknown field `epoch`"]);
    }
}

#[test]
fn videos_whose_frames_or_length_nobody_wrote_down_are_named() {
    let project = Project::trained();
    let (run, checkpoint) = (project.path("other"), project.checkpoint());
    let windows = ["--set", "data.scheme=windows", "--set", "data.annotations=sliding_anno.json"];
    let windows = [&windows[..], &["--set", "data.prefix=", "--set", "model.in_channels=6"]].concat();
    let annotations = fs::read_to_string(project.path("sliding_anno.json")).expect("annotations");
    let truth: Value = serde_json::from_str(&annotations).expect("JSON");
    let name = truth["database"].as_object().expect("videos").keys().next_back().expect("a video").clone();
    for key in ["frame", "duration"] {
        for value in [None, Some(json!(0))] {
            let mut changed = truth.clone();
            let video = changed["database"][&name].as_object_mut().expect("a video");
            video.insert("subset".to_owned(), json!("validation"));
            match value {
                Some(value) => video.insert(key.to_owned(), value),
                None => video.remove(key),
            };
            fs::write(project.path("sliding_anno.json"), changed.to_string()).expect("written");
            let words = [name.as_str(), &format!("has no \"{key}\""), "sliding_anno.json"];
            project.refused("test", &[&["--checkpoint", text(&checkpoint)], &windows[..]].concat(), &words);
            project.refused("train", &[&["--run", text(&run)], &windows[..]].concat(), &words);
            assert!(!run.exists(), "a run that is refused beforehand makes no folder");
            let (recipe, root) = (project.path("tiny.toml"), project.path(""));
            let check = ["check", text(&recipe), "--root", text(&root), "--json"];
            let found = String::from_utf8(etad(&[&check[..], &windows[..]].concat()).stdout).expect("UTF-8");
            assert!(found.contains(&format!("has no \\\"{key}\\\" above 0 in sliding_anno.json")), "{found}");
        }
    }
    let resized = fs::read_to_string(project.path("resize_anno.json")).expect("annotations");
    let mut truth: Value = serde_json::from_str(&resized).expect("JSON");
    truth["database"]["res0"]["duration"] = json!(-1.0);
    fs::write(project.path("resize_anno.json"), truth.to_string()).expect("written");
    project.refused("test", &["--checkpoint", text(&checkpoint)], &["res0", "\"duration\"", "resize_anno.json"]);
}

#[test]
fn numbers_that_are_not_finite_in_weights_and_classifiers_are_named_with_their_file() {
    let project = Project::trained();
    let bad = project.path("bad.safetensors");
    let mut weights = Weights::read(&project.checkpoint()).expect("a checkpoint");
    let name = "rpn_head.tem.1.conv.bias";
    weights.tensors.get_mut(name).expect("a bias").values[0] = f32::NAN;
    weights.write(&bad).expect("written");
    let words = ["bad.safetensors", "tensor rpn_head.tem.1.conv.bias holds NaN"];
    let test = ["--checkpoint", text(&bad), "--set", "data.test_subset=training"];
    project.refused("test", &test, &words);
    project.refused("train", &["--run", text(&project.path("second")), "--init", text(&bad)], &words);
    let out = project.path("out.safetensors");
    refused(&["weights", "import", text(&bad), "--out", text(&out)], &words);
    assert!(!out.exists());

    let mut values = vec![0.5; 101];
    values[40] = f32::NAN;
    features::write(&project.path("unet.npy"), &Features { length: 1, channels: 101, values }).expect("written");
    let checkpoint = project.checkpoint();
    let classified = ["--set", "post.classifier.kind=untrimmed_net", "--set", "post.classifier.path=unet.npy"];
    let test = [&["--checkpoint", text(&checkpoint)], &classified[..]].concat();
    project.refused("test", &test, &["unet.npy", "row 0, column 40 is not a finite number"]);
}
