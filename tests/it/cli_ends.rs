//! How commands end: by a signal, with an output that cannot be written, on input that means nothing (issue "1", 1.3 item 1).

use std::{
    fs,
    io::Read as _,
    path::Path,
    process::{Command, Output, Stdio},
};

fn etad() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_etad"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("ETAD_LOG").env_remove("RUST_LOG");
    command
}

fn ended(arguments: &[&str]) -> Output {
    etad().args(arguments).output().expect("etad starts")
}

/// Ends with `code` and says `words`, in one sentence without colours.
fn refused(code: i32, arguments: &[&str], words: &str) {
    let output = ended(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "etad {arguments:?}: {said}");
    assert!(said.contains(words) && !said.contains("panicked"), "etad {arguments:?} does not say {words:?}: {said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8 path")
}

/// Two files that `etad eval` takes.
fn truth_and_results(folder: &Path) -> [String; 2] {
    let truth = r#"{"database": {"a": {"subset": "validation", "duration": 9, "annotations": [{"segment": [1, 2], "label": "x"}]}}}"#;
    let results = r#"{"results": {"a": [{"segment": [1, 2], "label": "x", "score": 0.5}]}}"#;
    [("truth.json", truth), ("results.json", results)].map(|(name, content)| {
        let path = folder.join(name);
        fs::write(&path, content).expect("written");
        text(&path).to_owned()
    })
}

#[test]
fn numbers_that_mean_nothing_and_places_that_cannot_be_written_are_wrong_use() {
    let folder = tempfile::tempdir().expect("folder");
    let [truth, results] = truth_and_results(folder.path());
    let eval = ["eval", "--ground-truth", &truth, "--predictions", &results, "--subset", "validation"];
    for (more, words) in [
        (["--score", "nan"], "finite"),
        (["--tiou", "0.5,0.50"], "once"),
        (["--proposals", "99999999999999"], "100000"),
        (["--top-kx", "0"], "whole number"),
    ] {
        refused(2, &[&eval[..], &more].concat(), words);
    }
    let nowhere = folder.path().join("gone/found.json");
    let video = folder.path().join("absent.mp4");
    let detect = ["detect", "--checkpoint", &truth, "--out"];
    refused(2, &[&detect[..], &[text(&nowhere), &truth]].concat(), "gone/found.json");
    refused(2, &[&detect[..], &[&results, &truth, text(&video)]].concat(), "absent.mp4");
    refused(2, &[&detect[..], &[&results, &truth, "--device", "cpu:3"]].concat(), "cpu:3");
    let test = ["test", "configs/sample.toml", "--checkpoint", &truth, "--out", text(folder.path())];
    refused(2, &test, "it is a folder");
    refused(2, &["sample", &truth], "is a file");
    refused(2, &["sample", text(&folder.path().join("s")), "--seconds", "1,2,3"], "30,60");
}

#[test]
fn one_length_is_enough_and_a_project_goes_by_its_file_too() {
    let folder = tempfile::tempdir().expect("folder");
    let project = folder.path().join("project");
    let output = ended(&["sample", "--videos", "2", "--seconds", "2", text(&project), "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(made["seconds"], 4.0);
    // Two seconds hold few actions, none in the subset that validates: warnings and errors are what it is about here.
    let by_file = ended(&["check", text(&project.join("project.toml")), "--json"]);
    assert_eq!(by_file.stdout, ended(&["check", text(&project), "--json"]).stdout);
    assert!(by_file.stdout.starts_with(b"{"), "{}", String::from_utf8_lossy(&by_file.stderr));

    let picture = folder.path().join("frame.png");
    let video = project.join("videos/sample_001.mp4");
    let output = ended(&["frame", text(&video), "--at", "1.01", "--out", text(&picture), "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&told["index"], &told["time"]), (&25.into(), &1.0.into()), "{told}");
    assert_eq!((&told["width"], &told["height"]), (&320.into(), &240.into()), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_a_failure() {
    let folder = tempfile::tempdir().expect("folder");
    let [truth, results] = truth_and_results(folder.path());
    let eval = ["eval", "--ground-truth", &truth, "--predictions", &results, "--subset", "validation"];
    for arguments in [&eval[..], &[&eval[..], &["--json"]].concat(), &["devices"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = etad().args(arguments).stdout(full).stderr(Stdio::piped()).output().expect("etad starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("cannot write to standard output"), "{said}");
    }
}

#[cfg(all(target_os = "linux", feature = "window"))]
#[test]
fn a_display_that_is_gone_is_one_sentence() {
    let mut command = etad();
    for name in ["WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    let output = command.arg("open").env("DISPLAY", ":7777").output().expect("etad starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    // scripts/run.sh looks for these words.
    assert!(said.contains("no display can be reached (DISPLAY=:7777"), "{said}");
    assert!(!said.contains(".rs") && !said.contains("cargo"), "{said}");
}

#[cfg(unix)]
fn interrupt(process: &std::process::Child) {
    let sent = Command::new("kill").args(["-INT", &process.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}

/// Waits for the end and gives the code and what was said.
#[cfg(unix)]
fn end(mut process: std::process::Child) -> (Option<i32>, String) {
    let mut said = String::new();
    process.stderr.take().expect("piped").read_to_string(&mut said).expect("read");
    (process.wait().expect("ends").code(), said)
}

#[cfg(unix)]
fn begin(arguments: &[&str]) -> std::process::Child {
    etad().args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("etad starts")
}

#[cfg(unix)]
#[test]
fn an_interrupted_sample_leaves_nothing_and_can_be_drawn_again() {
    let folder = tempfile::tempdir().expect("folder");
    let sample = folder.path().join("sample");
    let process = begin(&["sample", text(&sample), "--videos", "8"]);
    while !sample.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    interrupt(&process);
    let (code, said) = end(process);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("interrupted; nothing was kept of the sample"), "{said}");
    assert!(!sample.exists());
    assert!(ended(&["sample", text(&sample), "--videos", "1", "--seconds", "2"]).status.success());
}

#[cfg(unix)]
#[test]
fn a_command_without_an_order_to_end_in_is_interrupted_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let [truth, _] = truth_and_results(folder.path());
    // Reading waits for a writer that never comes.
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let process = begin(&["eval", "--ground-truth", &truth, "--predictions", text(&pipe), "--subset", "validation"]);
    std::thread::sleep(std::time::Duration::from_millis(1500));
    interrupt(&process);
    let (code, said) = end(process);
    assert_eq!((code, said.trim()), (Some(130), "ERROR interrupted"));
}
