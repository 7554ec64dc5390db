//! BORIS projects (JSON, format 7): an observation a video, state events in pairs of start and stop.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Sheet, SheetAction, SheetClass, SheetVideo, rows, stem};
use crate::formats::FormatError;
use crate::formats::json::{self as tree, Node};

pub(super) fn read(text: &str, path: &Path) -> Result<Sheet, FormatError> {
    let value = tree::parse(text, path)?;
    let root = Node::root(&value, path);
    let mut sheet = Sheet::default();
    let mut points: Vec<String> = Vec::new();
    if let Some(behaviours) = root.optional("behaviors_conf")? {
        for (_, behaviour) in behaviours.members()? {
            let name = behaviour.member("code")?.text()?.to_owned();
            let text = |key: &'static str| behaviour.object().ok().and_then(|map| map.get(key)).and_then(Value::as_str);
            if text("type").is_some_and(|kind| kind.starts_with("Point")) {
                points.push(name.clone());
            }
            let key = text("key").and_then(|key| key.chars().next()).filter(char::is_ascii_alphanumeric);
            let description = text("description").unwrap_or_default().to_owned();
            sheet.classes.push(SheetClass { name, description, key: key.map(|key| key.to_ascii_lowercase()) });
        }
    }
    if let Some(subjects) = root.optional("subjects_conf")? {
        for (_, subject) in subjects.members()? {
            sheet.subjects.push(subject.member("name")?.text()?.to_owned());
        }
    }
    let (mut lonely, mut without) = (0, 0);
    for (id, observation) in root.member("observations")?.members()? {
        let file = media(&observation);
        let video_id = file.as_deref().map_or_else(|| id.to_owned(), stem);
        let mut open: BTreeMap<(String, String), (f64, String)> = BTreeMap::new();
        let mut actions = Vec::new();
        for event in observation.member("events")?.entries()? {
            let cells: Vec<Node<'_>> = event.entries()?.collect();
            let text = |at: usize| cells.get(at).and_then(|cell| cell.text().ok()).unwrap_or_default().to_owned();
            let Some(first) = cells.first() else { continue };
            let (time, mut subject, code, note) = (first.number()?, text(1), text(2), text(4));
            if subject == NOBODY {
                subject.clear();
            }
            if points.contains(&code) {
                without += 1;
                continue;
            }
            match open.remove(&(subject.clone(), code.clone())) {
                None => drop(open.insert((subject, code), (time, note))),
                Some((start, first)) => actions.push(SheetAction {
                    segment: [start, time],
                    // A second row of the same subject is ours: see `write`.
                    subject: subject.split(ROW).next().unwrap_or_default().to_owned(),
                    label: code,
                    note: if first.is_empty() { note } else { first },
                    ..SheetAction::default()
                }),
            }
        }
        lonely += open.len();
        let length = |path: &String| observation.object().ok()?.get("media_info")?.get("length")?.get(path)?.as_f64();
        let duration = file.as_ref().and_then(length).unwrap_or(0.0);
        let video = sheet.video(&video_id);
        (video.path, video.duration) = (file, duration);
        video.actions.extend(actions);
    }
    sheet.subjects.retain(|name| !name.contains(ROW));
    if without > 0 {
        sheet.left_out.push(format!("{without} point events, which have no length"));
    }
    if lonely > 0 {
        sheet.left_out.push(format!("{lonely} state events that never stop"));
    }
    Ok(sheet)
}

/// How BORIS writes that no subject is meant.
const NOBODY: &str = "No focal subject";

/// Tells apart what overlaps itself: BORIS pairs starts and stops of one behaviour and subject in the order of time.
const ROW: &str = " #";

/// The first file of the first player.
fn media(observation: &Node<'_>) -> Option<String> {
    let players = observation.object().ok()?.get("file")?.as_object()?;
    let files = players.values().find_map(|files| files.as_array().filter(|files| !files.is_empty()))?;
    files.first()?.as_str().map(str::to_owned)
}

pub(super) fn write(sheet: &Sheet) -> String {
    let mut subjects = sheet.subjects.clone();
    let mut observations = Map::new();
    for video in &sheet.videos {
        observations.insert(video.id.clone(), observation(video, &mut subjects));
    }
    let behaviours: Map<String, Value> = sheet
        .classes
        .iter()
        .enumerate()
        .map(|(index, class)| {
            let key = class.key.map(String::from).unwrap_or_default();
            let value = json!({
                "type": "State event", "key": key, "code": class.name, "description": class.description, "color": "",
                "category": "", "modifiers": "", "excluded": "", "coding map": ""
            });
            (index.to_string(), value)
        })
        .collect();
    let subjects: Map<String, Value> = subjects
        .iter()
        .enumerate()
        .map(|(index, name)| (index.to_string(), json!({"key": "", "name": name, "description": ""})))
        .collect();
    let project = json!({
        "time_format": "hh:mm:ss", "project_date": "", "project_name": "ETAD Workbench", "project_description": "",
        "project_format_version": "7.0", "subjects_conf": subjects, "behaviors_conf": behaviours,
        "observations": observations, "behavioral_categories": [], "independent_variables": {}, "coding_map": {},
        "behaviors_coding_map": [], "converters": {}
    });
    format!("{project:#}\n")
}

fn observation(video: &SheetVideo, subjects: &mut Vec<String>) -> Value {
    let mut groups: BTreeMap<(&str, &str), Vec<&SheetAction>> = BTreeMap::new();
    for action in &video.actions {
        groups.entry((&action.subject, &action.label)).or_default().push(action);
    }
    let mut events: Vec<(f64, bool, Value)> = Vec::new();
    for ((subject, label), actions) in groups {
        let segments: Vec<_> = actions.iter().map(|action| action.segment).collect();
        for (action, row) in actions.iter().zip(rows(&segments)) {
            let subject = if row == 0 { subject.to_owned() } else { format!("{subject}{ROW}{}", row + 1) };
            if !subject.is_empty() && !subjects.contains(&subject) {
                subjects.push(subject.clone());
            }
            for (time, stops) in [(action.segment[0], false), (action.segment[1], true)] {
                let note = if stops { "" } else { action.note.as_str() };
                events.push((time, stops, json!([time, subject, label, "", note, "NA"])));
            }
        }
    }
    // Where one stops as the next begins, the stop comes first, or the pairs would be others.
    events.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let path = video.path.clone().unwrap_or_else(|| video.id.clone());
    json!({
        "file": {"1": [path], "2": [], "3": [], "4": [], "5": [], "6": [], "7": [], "8": []},
        "type": "MEDIA", "date": "2000-01-01T00:00:00", "description": "", "time offset": 0.0,
        "events": events.into_iter().map(|(_, _, event)| event).collect::<Vec<_>>(),
        "observation time interval": [0, 0], "independent_variables": {},
        "media_info": {"length": {path.clone(): video.duration}, "fps": {}, "hasVideo": {path: true}, "hasAudio": {}}
    })
}
