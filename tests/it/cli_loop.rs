//! The loop on the command line: sample, train, test, detect, eval, and what each leaves behind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use etad::domain::Event;
use etad::run::RunReader;
use serde_json::Value;

/// Runs `etad` in the repository, without colours or a GPU.
fn etad(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_etad"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("etad starts")
}

fn done(arguments: &[&str]) -> String {
    let output = etad(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "etad {arguments:?} ended with {}:\n{errors}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Ends with `code` and says one line that holds every one of `words`.
fn refused(code: i32, arguments: &[&str], words: &[&str]) {
    let output = etad(arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "etad {arguments:?}: {errors}");
    for word in words {
        assert!(errors.contains(word), "etad {arguments:?} does not say {word:?}: {errors}");
    }
    assert!(!errors.contains("panicked"), "{errors}");
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8 path")
}

/// The recipe of the sample at a size that trains in seconds.
const TINY: &[&str] = &[
    "solver.epochs=2",
    "solver.batch_size=2",
    "model.tscale=16",
    "model.dscale=12",
    "model.hidden=32",
    "model.head.features=32",
    "model.head.fc_channels=16",
    "model.in_channels=16",
    "encoder.widths=[8,16]",
    "encoder.blocks=[1,1]",
    "encoder.temporal_strides=[1,2]",
    "encoder.spatial_strides=[2,2]",
    "encoder.stem_width=8",
    "encoder.stem_mid=4",
    "data.window_seconds=6.0",
    "data.clip_length=4",
    "data.resize_height=32",
    "data.resize_width=32",
    "data.crop=28",
    "data.test_crop=28",
    "workflow.eval_interval=1",
    "workflow.report_interval=1",
];

fn with_tiny<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = arguments.to_vec();
    for setting in TINY {
        all.extend(["--set", setting]);
    }
    all
}

fn step_events(run: &Path) -> Vec<Event> {
    RunReader::new(run).poll().expect("events").into_iter().map(|event| event.event).collect()
}

#[test]
fn sample_train_test_detect_and_eval() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let project = folder.path().join("project");
    let run = folder.path().join("run");

    let made = json(&done(&["sample", text(&project), "--videos", "4", "--seconds", "8,8", "--json"]));
    assert_eq!((&made["training"], &made["validation"]), (&3.into(), &1.into()));
    refused(2, &["sample", text(&project), "--videos", "1"], &["--force"]);
    let truth: Value = json(&fs::read_to_string(project.join("annotations.json")).expect("annotations"));
    let database = truth["database"].as_object().expect("database");
    assert_eq!(database.values().filter(|video| video["subset"] == "validation").count(), 1);

    let video = project.join("videos/sample_001.mp4");
    let probed = json(&done(&["probe", text(&video), "--json"]));
    assert_eq!((&probed["width"], &probed["height"], &probed["frames"]), (&320.into(), &240.into(), &200.into()));
    let png = folder.path().join("frame.png");
    done(&["frame", text(&video), "--at", "4.0", "--out", text(&png)]);
    assert!(fs::read(&png).expect("picture").starts_with(b"\x89PNG"));
    refused(2, &["frame", text(&video), "--index", "200", "--out", text(&png)], &["no frame 200"]);

    check_is_quiet(&project);
    let train = ["train", "configs/sample.toml", "--root", text(&project), "--run", text(&run), "--device", "cpu"];
    let rehearsed = json(&done(&with_tiny(&[&train[..], &["--dry-run", "--json"]].concat())));
    assert!(rehearsed["training_seconds"].is_f64() && !run.exists(), "{rehearsed}");
    let (needed, took) = (&rehearsed["memory"]["needed"], &rehearsed["process_memory_peak"]);
    assert!(needed.as_u64() > Some(1 << 20), "{rehearsed}");
    // A program this small is mostly itself: within half of each other.
    if let (Some(needed), Some(took)) = (needed.as_f64(), took.as_f64()) {
        assert!(needed < 2.0 * took && took < 2.0 * needed, "{rehearsed}");
    }
    assert_eq!(
        (&rehearsed["evaluations"], &rehearsed["at_once"], &rehearsed["advice"]),
        (&2.into(), &16.into(), &Value::Null)
    );
    let tight = [&train[..], &["--dry-run", "--set", "solver.memory_budget=1"]].concat();
    assert!(done(&with_tiny(&tight)).contains("0.00 GB are allowed: "));
    let trained = json(&done(&with_tiny(&[&train[..], &["--json"]].concat())));
    assert_eq!((&trained["run"], &trained["stopped"]), (&text(&run).into(), &false.into()));
    assert!(trained["best_average_map"].is_f64() && trained["best_epoch"].is_u64(), "{trained}");
    check_run(&run);
    let log = fs::read_to_string(run.join("log.txt")).expect("log");
    assert!(log.contains("training on cpu (") && log.contains("average mAP"), "{log}");
    refused(2, &with_tiny(&train), &["--resume"]);
    assert_eq!(fs::read_to_string(run.join("log.txt")).expect("log"), log, "another's run is left alone");

    let checkpoint = run.join("checkpoints/last.safetensors");
    let results = folder.path().join("results.json");
    let tested = json(&done(&with_tiny(&[
        "test",
        "configs/sample.toml",
        "--root",
        text(&project),
        "--checkpoint",
        text(&checkpoint),
        "--device",
        "cpu",
        "--out",
        text(&results),
        "--json",
    ])));
    let evaluated = json(&done(&[
        "eval",
        "--ground-truth",
        text(&project.join("annotations.json")),
        "--predictions",
        text(&results),
        "--subset",
        "validation",
        "--tiou",
        "0.3:0.1:0.7",
        "--json",
    ]));
    assert_eq!(tested["average_map"], evaluated["average_map"], "test and eval agree on the same predictions");
    let last_eval = step_events(&run)
        .into_iter()
        .filter_map(|event| if let Event::Eval { average_map, .. } = event { Some(average_map) } else { None })
        .next_back();
    assert_eq!(tested["average_map"].as_f64(), last_eval, "test agrees with the evaluation of the last epoch");

    let detected = folder.path().join("detections.json");
    let videos = project.join("videos");
    let detect = ["detect", "--checkpoint", text(&checkpoint), "--out", text(&detected), "--device", "cpu", "--json"];
    let told = json(&done(&[&detect[..], &[text(&videos)]].concat()));
    let cpu = |told: &Value| told["device"].as_str().is_some_and(|device| device.starts_with("cpu ("));
    assert!(cpu(&told) && cpu(&tested), "{told} {tested}");
    let detections = json(&fs::read_to_string(&detected).expect("detections"));
    assert_eq!(detections["results"].as_object().expect("results").len(), 4);
    bad_input(folder.path(), &project);
    stored_features(folder.path(), &project, &checkpoint);
    one_frame(folder.path(), &project, &checkpoint);
    torchvisions_encoder(folder.path(), &project, &checkpoint);
    crate::streams::searched(folder.path(), &checkpoint);
}

/// An encoder alone, as torchvision's models are stored, is a start like a whole checkpoint.
fn torchvisions_encoder(folder: &Path, project: &Path, checkpoint: &Path) {
    let encoder = folder.join("encoder.pth.tar");
    done(&["weights", "export", text(checkpoint), "--out", text(&encoder), "--names", "encoder"]);
    let listed = json(&done(&["weights", "list", text(&encoder), "--json"]));
    let names: Vec<&str> =
        listed["tensors"].as_array().expect("tensors").iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"stem.0.weight") && names.iter().all(|name| !name.contains("roi_head")), "{names:?}");
    let run = folder.join("from-encoder");
    let train = ["train", "configs/sample.toml", "--root", text(project), "--run", text(&run), "--device", "cpu"];
    let settings = ["--init", text(&encoder), "--set", "encoder.frozen=true", "--set", "solver.epochs=1"];
    done(&[with_tiny(&train), settings.to_vec()].concat());
    let tensors = |path: &Path| etad::model::weights::Weights::read_any(path).expect("weights").tensors;
    let (before, after) = (tensors(checkpoint), tensors(&run.join("checkpoints/last.safetensors")));
    let encoder: Vec<&String> = before.keys().filter(|name| name.contains("backbone")).collect();
    assert!(encoder.len() > 10 && encoder.iter().all(|name| before[*name] == after[*name]), "{encoder:?}");
    assert!(before != after, "the detector is a new one");
}

/// Features of a trained encoder train a detector of their own, and a frozen encoder trains on those that it keeps.
fn stored_features(folder: &Path, project: &Path, checkpoint: &Path) {
    let out = folder.join("features");
    let base = ["features", "configs/sample.toml", "--root", text(project), "--device", "cpu", "--json"];
    let settings = ["--set", "data.feature_stride=8", "--set", "data.feature_offset=2", "--out", text(&out)];
    let extract = [&base[..], &settings].concat();
    refused(2, &with_tiny(&extract), &["--checkpoint"]);
    let extract = [&extract[..], &["--checkpoint", text(checkpoint)]].concat();
    let made = json(&done(&with_tiny(&extract)));
    assert_eq!((&made["written"], &made["present"]), (&4.into(), &0.into()));
    assert_eq!(json(&done(&with_tiny(&extract)))["present"], 4, "what is there stays");
    // Whole videos rescaled: as many rows as the model has snippets (spec 2.3).
    let whole = folder.join("rescaled");
    let resize = ["--set", "data.scheme=resize", "--out", text(&whole), "--checkpoint", text(checkpoint)];
    done(&[with_tiny(&base), resize.to_vec()].concat());
    let stored = fs::read(whole.join("sample_001.npy")).expect("features");
    assert!(String::from_utf8_lossy(&stored[..100]).contains("(16, 16"));
    let truth: Value = json(&fs::read_to_string(out.join("annotations.json")).expect("annotations"));
    assert_eq!(truth["database"]["sample_001"]["frame"], 200);
    let run = folder.join("on-features");
    let train = ["train", "configs/sample.toml", "--root", text(&out), "--run", text(&run), "--device", "cpu"];
    let settings = [
        "encoder.arch=none",
        "data.source=features",
        "data.extension=npy",
        "data.block_list=missing_files.txt",
        "data.feature_stride=8",
        "data.feature_offset=2",
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
    // 200 frames at a stride of 8 are 25 rows of 16 channels.
    let stored = fs::read(out.join("sample_001.npy")).expect("features");
    assert!(String::from_utf8_lossy(&stored[..100]).contains("(25, 16"));
    done(&[with_tiny(&train), settings].concat());
    check_run(&run);

    let frozen = |run: &Path| {
        let train = ["train", "configs/sample.toml", "--root", text(project), "--run", text(run), "--device", "cpu"];
        let settings = ["--set", "encoder.frozen=true", "--set", "data.feature_cache=kept", "--init", text(checkpoint)];
        done(&[with_tiny(&train), settings.to_vec()].concat());
        check_run(run);
        let losses = step_events(run).into_iter().filter_map(|event| match event {
            Event::Step { loss, seconds, .. } => Some((loss, seconds.encoder_backward)),
            _ => None,
        });
        losses.collect::<Vec<_>>()
    };
    let first = frozen(&folder.join("frozen"));
    assert!(first.iter().all(|(_, backward)| *backward == 0.0), "{first:?}");
    let kept = fs::read_dir(project.join("kept")).expect("kept features").flatten().next().expect("one encoder").path();
    let files = fs::read_dir(&kept).expect("files").count();
    assert!(files >= 4, "{files} windows");
    let again = frozen(&folder.join("frozen-again"));
    let losses = |steps: &[(f64, f64)]| steps.iter().map(|(loss, _)| *loss).collect::<Vec<_>>();
    assert_eq!(losses(&again), losses(&first), "kept features train the same again");
    assert_eq!(fs::read_dir(&kept).expect("files").count(), files);
}

/// A video of a single frame is told, not searched.
fn one_frame(folder: &Path, project: &Path, checkpoint: &Path) {
    let spec = etad::video::WriterSpec { width: 64, height: 48, frame_rate: (25, 1), audio: None, key_interval: 12 };
    let path = folder.join("one.mp4");
    let mut writer = etad::video::VideoWriter::create(&path, &spec).expect("a writer starts");
    writer.write_rgb(&vec![90; 64 * 48 * 3]).expect("a frame is written");
    writer.finish().expect("the file closes");
    let out = folder.join("one.json");
    let detect = ["detect", "--checkpoint", text(checkpoint), "--out", text(&out), "--device", "cpu", text(&path)];
    refused(2, &detect, &["one.mp4 has one frame only"]);
    let truth = r#"{"database": {"one": {"subset": "training", "duration": 0.04, "path": "../one.mp4",
        "annotations": [{"segment": [0, 0.04], "label": "wave"}]}}}"#;
    fs::write(project.join("one.json"), truth).expect("written");
    let run = folder.join("one-run");
    let train = ["train", "configs/sample.toml", "--root", text(project), "--run", text(&run), "--device", "cpu"];
    refused(2, &with_tiny(&[&train[..], &["--set", "data.annotations=one.json"]].concat()), &["one", "one frame only"]);
}

fn check_is_quiet(project: &Path) {
    let findings = json(&done(&["check", text(project), "--json"]));
    let errors =
        findings["findings"].as_array().expect("findings").iter().filter(|finding| finding["severity"] == "error");
    assert_eq!(errors.count(), 0, "{findings}");
}

fn check_run(run: &Path) {
    let events = step_events(run);
    assert!(matches!(events.first(), Some(Event::Start { .. })), "{:?}", events.first());
    assert!(matches!(events.last(), Some(Event::Done { .. })), "{:?}", events.last());
    let losses: Vec<f64> = events
        .iter()
        .filter_map(|event| if let Event::Step { loss, .. } = event { Some(*loss) } else { None })
        .collect();
    assert!(losses.len() >= 2 && losses.iter().all(|loss| loss.is_finite() && *loss > 0.0), "{losses:?}");
    for event in &events {
        if let Event::Step { terms, loss, .. } = event {
            let parts = ["loss_tem", "loss_pem.s0", "loss_pem.s1", "loss_pem.s2", "class"].map(|name| terms[name]);
            let sum: f64 = parts.iter().sum();
            assert!((sum - loss).abs() < 1e-3 * loss.abs(), "terms add up to the loss: {terms:?} {loss}");
        }
        if let Event::Eval { predictions, map, average_map, .. } = event {
            assert!(run.join(predictions).exists());
            assert!((map.values().sum::<f64>() / map.len() as f64 - average_map).abs() < 1e-12);
        }
    }
    for name in
        ["config.toml", "checkpoints/last.safetensors", "checkpoints/last.state", "checkpoints/best.safetensors"]
    {
        assert!(run.join(name).exists(), "{name} is missing");
    }
}

fn bad_input(folder: &Path, project: &Path) {
    let not_a_video = folder.join("text.mp4");
    fs::write(&not_a_video, "this is no video").expect("written");
    refused(2, &["probe", text(&not_a_video)], &["text.mp4"]);
    let cut = folder.join("cut.json");
    fs::write(&cut, "{\"results\": {\"a\": [").expect("written");
    let truth: PathBuf = project.join("annotations.json");
    refused(
        2,
        &["eval", "--ground-truth", text(&truth), "--predictions", text(&cut), "--subset", "validation"],
        &["cut.json"],
    );
    refused(2, &["train", "configs/sample.toml", "--set", "solver.epoch=3"], &["solver.epoch=3"]);
    refused(2, &["train", "configs/absent.toml"], &["configs/absent.toml"]);
    refused(2, &["train", "configs/sample.toml", "--device", "gpu"], &["gpu", "etad devices"]);
    refused(
        2,
        &["detect", "--checkpoint", text(&cut), "--out", text(&folder.join("x.json")), text(&not_a_video)],
        &["cut.json"],
    );
}
