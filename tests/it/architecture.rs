//! The house stays as `ARCHITECTURE.md` draws it: no room uses one of a higher number, and each big dependency keeps to its rooms.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Rooms by number; a file may use rooms of a lower number, and its own.
const ROOMS: &[(u8, &[&str])] = &[
    (1, &["domain"]),
    (2, &["config", "formats", "video", "eval"]),
    (3, &["model"]),
    (4, &["detect", "train", "project", "run", "sample"]),
    (5, &["jobs"]),
    (6, &["state"]),
    (7, &["app", "cli"]),
];

/// Uses between rooms of one number that the design allows.
const NEIGHBOURS: &[(&str, &str)] = &[("train", "detect"), ("cli", "app")];

/// Crates that may be named in some places only.
const CONFINED: &[(&str, &[&str])] = &[
    ("egui", &["src/app/"]),
    ("eframe", &["src/app/"]),
    ("egui_tiles", &["src/app/"]),
    ("egui_plot", &["src/app/"]),
    ("rfd", &["src/app/"]),
    ("wgpu", &["src/app/"]),
    ("cpal", &["src/jobs/speaker/device.rs"]),
    ("burn", &["src/model/", "src/train/", "src/detect/"]),
    ("nvml_wrapper", &["src/model/free_memory.rs"]),
    ("ffmpeg_next", &["src/video/ffmpeg/"]),
    ("clap", &["src/cli/", "src/main.rs"]),
];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("readable folder").map(|entry| entry.expect("entry").path()) {
            if entry.is_dir() {
                walk(&entry, out);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                out.push(entry);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    files.sort();
    let name = |file: &Path| file.strip_prefix(root).expect("inside").to_string_lossy().replace('\\', "/");
    files.iter().map(|file| (name(file), fs::read_to_string(file).expect("readable"))).collect()
}

fn number(room: &str) -> Option<u8> {
    ROOMS.iter().find(|(_, rooms)| rooms.contains(&room)).map(|(number, _)| *number)
}

/// The lines that are code: documentation may point upwards.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

/// Every identifier that follows `prefix` in the code; in `use crate::{a::b, c}` a and c.
fn rooms_named(text: &str) -> Vec<String> {
    let code: String = code(text).collect::<Vec<_>>().join("\n");
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let identifier = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut part) = (0, String::new());
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => named.push(identifier(std::mem::take(&mut part).trim())),
                    _ if depth == 0 => part.push(c),
                    _ => {}
                }
            }
            named.push(identifier(part.trim()));
        } else {
            named.push(identifier(rest));
        }
    }
    named
}

#[test]
fn no_room_uses_a_higher_one_or_a_neighbour() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(room) = file.strip_prefix("src/").and_then(|path| path.split_once('/')).map(|(room, _)| room) else {
            continue;
        };
        let own = number(room).unwrap_or_else(|| panic!("{file} is in no room of the design"));
        for used in rooms_named(&text) {
            let allowed = used == room
                || NEIGHBOURS.contains(&(room, used.as_str()))
                || number(&used).is_none_or(|other| other < own);
            if !allowed {
                wrong.push(format!("{file} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_big_dependency_keeps_to_its_rooms() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (name, places) in CONFINED {
            let named = code(&text).any(|line| {
                line.match_indices(&format!("{name}::")).any(|(at, _)| {
                    !line[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | ':'))
                })
            });
            if named && !places.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!("{file} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_source_file_is_longer_than_600_lines() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 600)
        .map(|(file, text)| format!("{file}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
