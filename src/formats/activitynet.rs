//! Annotation files in the ActivityNet schema (spec 2.1), with keys of our own: `path`, `not_annotated`, `rejected`, `crop`, `stream` and `frame` of a
//! video, `draft` of an annotation.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::json::{self, Node};
use super::{FormatError, read_text, write_text};
use crate::domain::{Annotation, Crop, Dataset, NoCrop, Segment, Video, merged};

/// Reads an annotation file; videos and annotations keep the file's order and foreign keys are ignored.
///
/// A missing `duration` is 0 (unknown) and a missing `annotations` an empty list, as evaluation-only files leave them out.
///
/// # Errors
/// [`FormatError`] when the file cannot be read, is not JSON, or has a value of the wrong shape.
pub fn read(path: &Path) -> Result<Dataset, FormatError> {
    parse(&read_text(path)?, path)
}

/// Reads the text of an annotation file; `path` only names it in errors.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str, path: &Path) -> Result<Dataset, FormatError> {
    let value = json::parse(text, path)?;
    let root = Node::root(&value, path);
    let database = root.member("database")?;
    let videos = database.members()?.map(|(id, node)| video(id, &node)).collect::<Result<_, _>>()?;
    Ok(Dataset { videos })
}

fn video(id: &str, node: &Node) -> Result<Video, FormatError> {
    let annotations = match node.optional("annotations")? {
        Some(list) => list.entries()?.map(|entry| annotation(&entry)).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let not_annotated: Vec<Segment> = match node.optional("not_annotated")? {
        Some(list) => list.entries()?.map(|entry| entry.segment()).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let rejected = match node.optional("rejected")? {
        Some(list) => list.entries()?.map(|entry| rejected(&entry)).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    Ok(Video {
        id: id.to_owned(),
        subset: node.member("subset")?.text()?.to_owned(),
        duration: node.optional("duration")?.map_or(Ok(0.0), |duration| duration.number())?,
        frames: node.optional("frame")?.map(|frame| frame.whole()).transpose()?,
        path: node.optional("path")?.map(|path| path.text().map(str::to_owned)).transpose()?,
        annotations,
        not_annotated: merged(not_annotated),
        rejected,
        crop: node.optional("crop")?.map(|crop| region(&crop)).transpose()?,
        stream: node.optional("stream")?.map(|stream| stream.whole()).transpose()?.map(|number| number as usize),
    })
}

fn annotation(node: &Node) -> Result<Annotation, FormatError> {
    Ok(Annotation {
        segment: node.member("segment")?.segment()?,
        label: node.member("label")?.text()?.to_owned(),
        draft: node.optional("draft")?.map_or(Ok(false), |draft| draft.flag())?,
    })
}

/// Left, top, width and height as shares of the picture.
fn region(node: &Node) -> Result<Crop, FormatError> {
    let shares = node.entries()?.map(|entry| entry.number()).collect::<Result<Vec<f64>, _>>()?;
    let shares: Result<[f64; 4], _> = shares.try_into();
    shares.ok().and_then(|shares| Crop::try_from(shares).ok()).ok_or_else(|| node.wrong(&format!("is wrong: {NoCrop}")))
}

/// A rejected detection: as an annotation, or a bare pair of seconds.
fn rejected(node: &Node) -> Result<Annotation, FormatError> {
    match node.segment() {
        Ok(segment) => Ok(Annotation { segment, ..Annotation::default() }),
        Err(_) => annotation(node),
    }
}

/// Writes an annotation file that [`read`] reads back the same.
///
/// # Errors
/// [`FormatError::Write`], or [`FormatError::NotFinite`] before anything is written.
pub fn write(path: &Path, dataset: &Dataset) -> Result<(), FormatError> {
    let odd = dataset.videos.iter().find(|video| {
        let actions = video.annotations.iter().chain(&video.rejected);
        let ends = actions.map(|action| &action.segment).chain(&video.not_annotated).flatten();
        !ends.chain([&video.duration]).all(|seconds| seconds.is_finite())
    });
    match odd {
        Some(video) => Err(FormatError::NotFinite { path: path.to_owned(), video: video.id.clone() }),
        None => write_text(path, &to_json(dataset)),
    }
}

/// The text of an annotation file: one line an annotation, so that changes show well in version control.
#[must_use]
pub fn to_json(dataset: &Dataset) -> String {
    let mut text = String::from("{\"version\": \"etad\", \"taxonomy\": [], \"database\": {");
    for (index, video) in dataset.videos.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&head(video));
        for (index, action) in video.annotations.iter().enumerate() {
            let line = entry(action);
            // Writing to a String cannot fail.
            let _ = write!(text, "{}  {line}", if index == 0 { "\n" } else { ",\n" });
        }
        text.push_str("]}");
    }
    text.push_str("\n}}\n");
    text
}

/// One annotation.
fn entry(action: &Annotation) -> serde_json::Value {
    let mut line = json!({"segment": action.segment, "label": action.label});
    if action.draft {
        line["draft"] = json!(true);
    }
    line
}

/// All of a video up to the opening bracket of its annotations.
fn head(video: &Video) -> String {
    let mut fields = json!({"subset": video.subset, "duration": video.duration});
    if let Some(frames) = video.frames {
        fields["frame"] = json!(frames);
    }
    if let Some(path) = &video.path {
        fields["path"] = json!(path);
    }
    if !video.not_annotated.is_empty() {
        fields["not_annotated"] = json!(video.not_annotated);
    }
    if !video.rejected.is_empty() {
        fields["rejected"] = video.rejected.iter().map(entry).collect();
    }
    if let Some(crop) = video.crop {
        fields["crop"] = json!(crop);
    }
    if let Some(stream) = video.stream {
        fields["stream"] = json!(stream);
    }
    let fields = fields.to_string();
    format!(" {}: {}, \"annotations\": [", json!(video.id), fields.strip_suffix('}').unwrap_or(&fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(text: &str) -> Result<Dataset, FormatError> {
        parse(text, Path::new("truth.json"))
    }

    #[test]
    fn what_is_written_reads_back_in_order() {
        let text = r#"{"database": {
            "b \"quoted\"": {"subset": "training", "duration": 12.5, "frame": 375.0, "crop": [0.25, 0, 0.5, 1], "stream": 1, "path": "videos/b.mp4", "url": "ignored",
                  "not_annotated": [[3, 4.5], [4, 5]], "rejected": [[1, 2], {"segment": [5, 6], "label": "x"}],
                  "annotations": [{"segment": [2, 1], "label": "é", "draft": true}, {"segment": [0.1, 0.30000000000000004], "label": "x"}]},
            "a": {"subset": "testing", "duration": 1}}}"#;
        let dataset = read_back(text).expect("valid");
        assert_eq!(dataset.videos[0].frames, Some(375));
        assert_eq!(dataset.videos[0].crop.map(<[f64; 4]>::from), Some([0.25, 0.0, 0.5, 1.0]));
        assert_eq!((dataset.videos[0].stream, dataset.videos[1].stream), (Some(1), None));
        assert_eq!(dataset.videos[0].annotations[0].segment, [2.0, 1.0]);
        assert!(dataset.videos[0].annotations[0].draft && !dataset.videos[0].annotations[1].draft);
        assert_eq!(dataset.videos[0].not_annotated, [[3.0, 5.0]]);
        let rejected: Vec<_> = dataset.videos[0].rejected.iter().map(|one| (one.segment, one.label.as_str())).collect();
        assert_eq!(rejected, [([1.0, 2.0], ""), ([5.0, 6.0], "x")]);
        assert_eq!(dataset.videos[1].id, "a");
        assert_eq!(read_back(&to_json(&dataset)).expect("own output"), dataset);
        assert_eq!(read_back(&to_json(&Dataset::default())).expect("empty"), Dataset::default());
    }

    #[test]
    fn wrong_shapes_name_the_place() {
        let cases = [
            (r#"[]"#, "the document must be an object"),
            (r#"{}"#, "the document has no 'database'"),
            (r#"{"database": {"v": {"duration": 1}}}"#, "'database', 'v' has no 'subset'"),
            (r#"{"database": {"v": {"subset": "t", "duration": "1"}}}"#, "'duration' must be a finite number"),
            (r#"{"database": {"v": {"subset": "t", "crop": [0, 0, 2, 1]}}}"#, "'crop' is wrong: a crop is left, top"),
            (
                r#"{"database": {"v": {"subset": "t", "annotations": [{"segment": [1], "label": "a"}]}}}"#,
                "entry 1, 'segment' must be a pair",
            ),
            (
                r#"{"database": {"v": {"subset": "t", "annotations": [{"segment": [1, 2], "label": 3}]}}}"#,
                "'label' must be a text",
            ),
            (
                r#"{"database": {"v": {"subset": "t", "annotations": [{"segment": [1, 2], "label": "a", "draft": 1}]}}}"#,
                "'draft' must be true or false",
            ),
        ];
        for (text, expected) in cases {
            let message = read_back(text).expect_err(text).to_string();
            assert!(message.starts_with("truth.json: ") && message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_nan_is_not_written() {
        let mut dataset = read_back(r#"{"database": {"v": {"subset": "t"}}}"#).expect("valid");
        dataset.videos[0].duration = f64::NAN;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.json");
        assert!(matches!(write(&path, &dataset), Err(FormatError::NotFinite { .. })));
        assert!(!path.exists());
    }
}
