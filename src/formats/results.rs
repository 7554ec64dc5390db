//! Detection files: the ActivityNet result JSON that evaluators read, and CSV for everything else (spec 9.5).

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::json::{self, Node};
use super::{FormatError, read_text, write_text};
use crate::domain::{Detection, Detections, csv_field};

/// The `version` that the ActivityNet tools expect in a submission.
const VERSION: &str = "ActivityNet 1.3";

/// Reads a result file; `results` alone is enough.
///
/// # Errors
/// [`FormatError`] when the file cannot be read, is not JSON, or has a value of the wrong shape.
pub fn read(path: &Path) -> Result<Detections, FormatError> {
    parse(&read_text(path)?, path)
}

/// Reads the text of a result file; `path` only names it in errors.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str, path: &Path) -> Result<Detections, FormatError> {
    let value = json::parse(text, path)?;
    let root = Node::root(&value, path);
    let results = root.member("results")?;
    let mut videos = Vec::new();
    for (id, node) in results.members()? {
        let found = node.entries()?.map(|entry| detection(&entry)).collect::<Result<_, _>>()?;
        videos.push((id.to_owned(), found));
    }
    Ok(Detections { videos })
}

fn detection(node: &Node) -> Result<Detection, FormatError> {
    Ok(Detection {
        segment: node.member("segment")?.segment()?,
        label: node.member("label")?.text()?.to_owned(),
        score: node.member("score")?.number()?,
    })
}

/// Writes a result file with all keys that the ActivityNet tools ask for.
///
/// # Errors
/// [`FormatError::Write`], or [`FormatError::NotFinite`] before anything is written.
pub fn write(path: &Path, detections: &Detections) -> Result<(), FormatError> {
    refuse_not_finite(path, detections)?;
    write_text(path, &to_json(detections))
}

/// The text of a result file, one line a detection.
#[must_use]
pub fn to_json(detections: &Detections) -> String {
    let mut text = format!("{{\"version\": {}, \"results\": {{", json!(VERSION));
    for (index, (id, found)) in detections.videos.iter().enumerate() {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "{}{}: [", if index == 0 { "\n" } else { ",\n" }, json!(id));
        for (index, one) in found.iter().enumerate() {
            let line = json!({"segment": one.segment, "label": one.label, "score": one.score});
            let _ = write!(text, "{}  {line}", if index == 0 { "\n" } else { ",\n" });
        }
        text.push(']');
    }
    text.push_str("\n}, \"external_data\": {}}\n");
    text
}

/// Writes a CSV with the columns video, start, end, label, score (RFC 4180: CRLF, quotes doubled).
///
/// # Errors
/// As [`write`].
pub fn write_csv(path: &Path, detections: &Detections) -> Result<(), FormatError> {
    refuse_not_finite(path, detections)?;
    write_text(path, &to_csv(detections))
}

/// The text of a CSV of detections.
#[must_use]
pub fn to_csv(detections: &Detections) -> String {
    let mut text = String::from("video,start,end,label,score\r\n");
    for (id, found) in &detections.videos {
        for one in found {
            let [start, end] = one.segment;
            let _ = write!(text, "{},{start},{end},{},{}\r\n", csv_field(id), csv_field(&one.label), one.score);
        }
    }
    text
}

fn refuse_not_finite(path: &Path, detections: &Detections) -> Result<(), FormatError> {
    let finite = |one: &Detection| one.score.is_finite() && one.segment.iter().all(|end| end.is_finite());
    match detections.videos.iter().find(|(_, found)| !found.iter().all(finite)) {
        Some((video, _)) => Err(FormatError::NotFinite { path: path.to_owned(), video: video.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(label: &str, score: f64) -> Detection {
        Detection { segment: [1.0, 2.25], label: label.to_owned(), score }
    }

    #[test]
    fn results_read_back_and_need_only_results() {
        let detections = Detections {
            videos: vec![("z".to_owned(), vec![one("jump", 0.1), one("run", 1.0 / 3.0)]), ("a".to_owned(), Vec::new())],
        };
        let read = parse(&to_json(&detections), Path::new("r.json")).expect("own output");
        assert_eq!(read, detections);
        assert!(parse(r#"{"results": {}}"#, Path::new("r.json")).is_ok());
    }

    #[test]
    fn wrong_shapes_name_the_place() {
        let text = r#"{"results": {"v": [{"segment": [0, 1], "label": "a"}]}}"#;
        let message = parse(text, Path::new("r.json")).expect_err("no score").to_string();
        assert_eq!(message, "r.json: 'results', 'v', entry 1 has no 'score'");
        assert!(parse(r#"{"results": []}"#, Path::new("r.json")).is_err());
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let detections = Detections { videos: vec![("v,1".to_owned(), vec![one("say \"hi\"", 0.5)])] };
        assert_eq!(to_csv(&detections), "video,start,end,label,score\r\n\"v,1\",1,2.25,\"say \"\"hi\"\"\",0.5\r\n");
    }

    #[test]
    fn a_nan_is_not_written() {
        let detections = Detections { videos: vec![("v".to_owned(), vec![one("a", f64::NAN)])] };
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(write(&folder.path().join("r.json"), &detections), Err(FormatError::NotFinite { .. })));
    }
}
