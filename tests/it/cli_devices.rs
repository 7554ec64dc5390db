//! `etad devices`: what can train here, told without the graphics stack's own complaints.

use std::process::Command;

use serde_json::Value;

#[test]
fn devices_are_listed_and_no_driver_for_a_display_is_asked() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_etad"));
    // As on a server: no display, no session.
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "ETAD_LOG", "RUST_LOG"] {
        command.env_remove(name);
    }
    let output = command.args(["devices", "--json"]).output().expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    // Mesa's layer for choosing a device may say on its own that there is no XDG_RUNTIME_DIR; OpenGL is not asked.
    assert!(!errors.contains("EGL"), "{errors}");
    let devices: Vec<Value> = serde_json::from_slice(&output.stdout).expect("one JSON list");
    assert!(devices.iter().any(|device| device["name"] == "cpu"), "{devices:?}");
    assert_eq!(devices.iter().filter(|device| device["auto"] == true).count(), 1, "{devices:?}");
}
