//! What drawing ten thousand segments costs: CPU time of the window's thread a frame, without the GPU's part.

use etad::state::{Command, Status};

use crate::ui_support::{project, wait, window};

/// CPU milliseconds of this thread so far, where the system tells.
fn cpu() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<u64>().ok()? as f64 / 1e6)
}

#[test]
fn ten_thousand_segments() {
    let folder = project();
    let path = folder.path().join("annotations.json");
    let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("there")).expect("JSON");
    let (_, first) = value["database"].as_object_mut().expect("videos").iter_mut().next().expect("one");
    let duration = first["duration"].as_f64().expect("a duration");
    let labels = ["clap", "kick", "wave in", "sit down"];
    let step = duration / 10_000.0;
    first["annotations"] = (0..10_000)
        .map(|n| serde_json::json!({"segment": [f64::from(n) * step, f64::from(n) * step + 1.4 * step], "label": labels[n as usize % 4]}))
        .collect();
    std::fs::write(&path, value.to_string()).expect("written");
    let mut harness = window(&[folder.path().to_owned()]);
    wait(&mut harness, "a picture", |state| state.playback.status == Status::Ready);
    wait(&mut harness, "a checked project", |state| matches!(state.training.health, etad::state::Health::Checked(_)));
    let Some(_) = cpu() else { return println!("skipped: this system does not tell the CPU time of a thread") };
    for (name, zoom) in [("the whole hour", 1.0), ("a tenth", 10.0), ("a hundredth", 100.0)] {
        harness.state_mut().command(Command::FitTimeline);
        harness.state_mut().command(Command::Zoom { factor: zoom, at: duration * 0.5 });
        harness.run_steps(3);
        let mut costs: Vec<f64> = (0..60)
            .map(|_| {
                let before = cpu().expect("as before");
                harness.step();
                cpu().expect("as before") - before
            })
            .collect();
        costs.sort_by(f64::total_cmp);
        println!("{name}: {:.2} ms a frame, 95 % below {:.2} ms", costs[30], costs[57]);
        assert!(costs[30] < 40.0, "far above what it may cost, even unoptimised");
    }
}
