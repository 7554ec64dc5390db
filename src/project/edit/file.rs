//! The annotation file: the ActivityNet schema (spec 2.1) with keys of our own, and everybody else's keys kept.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Action, Class, Document, Head, Record};
use crate::domain::{Segment, merged};
use crate::formats::{FormatError, activitynet};

/// Number of an action in the file.
const ID: &str = "etad_id";
/// Classes and subjects in the file.
const OURS: &str = "etad";

impl Document {
    /// Reads the text of an annotation file; `path` only names it in errors. `declared` are the classes of a project whose file
    /// does not list them itself.
    ///
    /// # Errors
    /// When it is not JSON in the ActivityNet schema, with the place.
    pub fn parse(text: &str, path: &Path, declared: &[String]) -> Result<Self, FormatError> {
        // Says what is wrong and where; below, whatever has another shape is passed over.
        let dataset = activitynet::parse(text, path)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let Ok(Value::Object(mut root)) = serde_json::from_str::<Value>(text) else { return Ok(Self::default()) };
        let database = taken_object(&mut root, "database");
        let mut ours = taken_object(&mut root, OURS);
        let classes: Option<Vec<Class>> = taken(&mut ours, "classes");
        let classes = classes.unwrap_or_else(|| declared.iter().map(Class::named).collect());
        let subjects = taken(&mut ours, "subjects").unwrap_or_default();
        let mut videos: indexmap::IndexMap<String, Record> =
            database.into_iter().map(|(id, value)| (id.clone(), record(id, value))).collect();
        number(&mut videos);
        let mut document = Self { classes, subjects, videos, foreign: root };
        let known = document.class_list();
        let more = dataset.classes_sorted();
        let more = more.names().iter().filter(|name| known.index(name).is_none());
        document.classes.extend(more.map(Class::named));
        Ok(document)
    }

    /// The text of the annotation file: a line an action, so that changes show well in version control.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from("{");
        // Writing to a String cannot fail.
        for (key, value) in &self.foreign {
            let _ = write!(text, "{}: {value}, ", json!(key));
        }
        if !self.foreign.contains_key("version") {
            text.push_str("\"version\": \"etad\", ");
        }
        let _ = write!(text, "\"{OURS}\": {}, ", json!({"classes": self.classes, "subjects": self.subjects}));
        text.push_str("\"database\": {");
        for (index, (id, record)) in self.videos.iter().enumerate() {
            let head = head_json(&record.head).to_string();
            let head = head.strip_suffix('}').unwrap_or(&head);
            let _ = write!(text, "{} {}: {head}, \"annotations\": [", if index == 0 { "\n" } else { ",\n" }, json!(id));
            for (index, action) in record.actions.iter().enumerate() {
                let _ = write!(text, "{}  {}", if index == 0 { "\n" } else { ",\n" }, action_json(action));
            }
            text.push_str("]}");
        }
        text.push_str("\n}}\n");
        text
    }
}

fn taken_object(from: &mut Map<String, Value>, key: &str) -> Map<String, Value> {
    match from.shift_remove(key) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Takes a value of the right shape out; another shape stays, as somebody else's.
fn taken<T: serde::de::DeserializeOwned>(from: &mut Map<String, Value>, key: &str) -> Option<T> {
    let value = from.get(key).and_then(|value| serde_json::from_value(value.clone()).ok());
    if value.is_some() {
        from.shift_remove(key);
    }
    value
}

fn record(id: String, value: Value) -> Record {
    let Value::Object(mut map) = value else {
        return Record { head: Head { id, ..Head::default() }, actions: Vec::new() };
    };
    let listed: Vec<Map<String, Value>> = taken(&mut map, "annotations").unwrap_or_default();
    let not_annotated: Vec<Segment> = taken(&mut map, "not_annotated").unwrap_or_default();
    let head = Head {
        id,
        subset: taken(&mut map, "subset").unwrap_or_default(),
        duration: taken(&mut map, "duration").unwrap_or_default(),
        path: taken(&mut map, "path"),
        done: taken(&mut map, "done").unwrap_or_default(),
        not_annotated: merged(not_annotated),
        foreign: map,
    };
    Record { head, actions: listed.into_iter().map(action).collect() }
}

fn action(mut map: Map<String, Value>) -> Action {
    Action {
        id: taken(&mut map, ID).unwrap_or_default(),
        segment: taken(&mut map, "segment").unwrap_or_default(),
        label: taken(&mut map, "label").unwrap_or_default(),
        draft: taken(&mut map, "draft").unwrap_or_default(),
        note: taken(&mut map, "note").unwrap_or_default(),
        subject: taken(&mut map, "subject").unwrap_or_default(),
        annotator: taken(&mut map, "annotator").unwrap_or_default(),
        foreign: map,
    }
}

/// Gives ids to actions that have none, or one that another has too, in the file's order, so that the same file always gets the same.
fn number(videos: &mut indexmap::IndexMap<String, Record>) {
    let mut seen = std::collections::HashSet::new();
    for action in videos.values_mut().flat_map(|record| &mut record.actions) {
        if action.id == 0 || !seen.insert(action.id) {
            action.id = 0;
        }
    }
    let mut next = seen.into_iter().max().unwrap_or(0) + 1;
    for record in videos.values_mut() {
        for action in record.actions.iter_mut().filter(|action| action.id == 0) {
            action.id = next;
            next += 1;
        }
        record.actions.sort_by_key(|action| action.id);
    }
}

fn head_json(head: &Head) -> Value {
    let mut fields = json!({"subset": head.subset, "duration": head.duration});
    if let Some(path) = &head.path {
        fields["path"] = json!(path);
    }
    if head.done {
        fields["done"] = json!(true);
    }
    if !head.not_annotated.is_empty() {
        fields["not_annotated"] = json!(head.not_annotated);
    }
    for (key, value) in &head.foreign {
        fields[key] = value.clone();
    }
    fields
}

fn action_json(action: &Action) -> Value {
    let mut line = json!({"segment": action.segment, "label": action.label});
    if action.draft {
        line["draft"] = json!(true);
    }
    for (key, text) in [("note", &action.note), ("subject", &action.subject), ("annotator", &action.annotator)] {
        if !text.is_empty() {
            line[key] = json!(text);
        }
    }
    line[ID] = json!(action.id);
    for (key, value) in &action.foreign {
        line[key] = value.clone();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_comes_back_as_it_was() {
        let text = r#"{"version": "VERSION 1.3", "taxonomy": [{"nodeName": "Root"}], "database": {
            "b": {"subset": "training", "duration": 12.5, "url": "https://x", "resolution": "320x240", "frame": 375,
                  "not_annotated": [[3, 4.5], [4, 5]], "rejected": [[1, 2]],
                  "annotations": [{"segment": [0.1, 0.30000000000000004], "label": "é", "draft": true, "score": 3, "note": 7},
                                  {"segment": [5, 6], "label": "x", "note": "blurred", "subject": "left cat", "etad_id": 1}]},
            "a": {"subset": "testing"}}}"#;
        let document = Document::parse(text, Path::new("t.json"), &[]).expect("valid");
        let record = &document.videos["b"];
        assert_eq!(record.actions.iter().map(|action| action.id).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((record.actions[0].note.as_str(), record.actions[0].subject.as_str()), ("blurred", "left cat"));
        assert_eq!(record.actions[1].foreign["note"], 7);
        assert_eq!(record.head.not_annotated, [[3.0, 5.0]]);
        let written = document.to_text();
        let again = Document::parse(&written, Path::new("t.json"), &[]).expect("own output");
        assert_eq!(again, document);
        assert_eq!(again.to_text(), written);
        let value: Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(value["taxonomy"][0]["nodeName"], "Root");
        assert_eq!(value["database"]["b"]["url"], "https://x");
        assert_eq!(value["database"]["b"]["rejected"], json!([[1, 2]]));
        assert_eq!(activitynet::parse(&written, Path::new("t.json")).expect("trains").videos[0].frames, Some(375));
    }
}
