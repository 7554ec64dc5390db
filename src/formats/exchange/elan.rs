//! ELAN's annotation files (EAF 3.0): a tier a class, subject and annotator; what overlaps goes to a tier of its own.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use super::xml::{Piece, escaped, pieces};
use super::{Sheet, SheetAction, SheetVideo, rows, stem};
use crate::formats::FormatError;

/// An annotation with its number and time slots.
type Found = (String, Option<(String, String)>, SheetAction);

/// An annotation while it is read.
#[derive(Default)]
struct Reading {
    id: String,
    slots: Option<(String, String)>,
    refers: Option<String>,
    text: String,
}

pub(super) fn read(text: &str, path: &Path) -> Result<Sheet, FormatError> {
    let wrong = |problem: &str| FormatError::shape(path, "the file", problem);
    let pieces = pieces(text).ok_or_else(|| wrong("is not XML; it was probably cut off"))?;
    let mut video = SheetVideo::default();
    let mut slots: HashMap<String, f64> = HashMap::new();
    let mut tier = (String::new(), String::new(), String::new());
    let mut reading = Reading::default();
    let mut found: Vec<Found> = Vec::new();
    let mut notes: Vec<(String, String)> = Vec::new();
    let mut is_document = false;
    for piece in pieces {
        match piece {
            Piece::Open(name, attributes) => {
                let value = |key: &str| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
                match name.as_str() {
                    "ANNOTATION_DOCUMENT" => is_document = true,
                    "MEDIA_DESCRIPTOR" if video.path.is_none() => {
                        video.path = value("RELATIVE_MEDIA_URL").filter(|url| !url.is_empty()).or(value("MEDIA_URL"));
                    }
                    "TIME_SLOT" => {
                        let time = value("TIME_VALUE").and_then(|time| time.parse::<f64>().ok());
                        slots.extend(value("TIME_SLOT_ID").zip(time.map(|milliseconds| milliseconds / 1000.0)));
                    }
                    "TIER" => {
                        let word = |key| value(key).unwrap_or_default();
                        tier = (word("TIER_ID"), word("PARTICIPANT"), word("ANNOTATOR"));
                    }
                    "ALIGNABLE_ANNOTATION" | "REF_ANNOTATION" => {
                        reading = Reading {
                            id: value("ANNOTATION_ID").unwrap_or_default(),
                            slots: value("TIME_SLOT_REF1").zip(value("TIME_SLOT_REF2")),
                            refers: value("ANNOTATION_REF"),
                            text: String::new(),
                        };
                    }
                    _ => {}
                }
            }
            Piece::Text(text) => reading.text.push_str(&text),
            Piece::Close(name) if name == "ALIGNABLE_ANNOTATION" => {
                let (label, subject, annotator) = tier.clone();
                let value = reading.text.trim();
                let label = if value.is_empty() { label } else { value.to_owned() };
                let action = SheetAction { label, subject, annotator, ..SheetAction::default() };
                found.push((reading.id.clone(), reading.slots.take(), action));
            }
            Piece::Close(name) if name == "REF_ANNOTATION" => {
                notes.extend(reading.refers.take().map(|of| (of, reading.text.trim().to_owned())));
            }
            Piece::Close(name) if name == "ANNOTATION" => reading = Reading::default(),
            Piece::Close(_) => {}
        }
    }
    if !is_document {
        return Err(wrong("is no ELAN document"));
    }
    let mut sheet = Sheet::default();
    let notes: HashMap<String, String> = notes.into_iter().collect();
    let mut timeless = 0;
    for (id, of, mut action) in found {
        let times = of.and_then(|(start, end)| Some([*slots.get(&start)?, *slots.get(&end)?]));
        let Some(segment) = times else {
            timeless += 1;
            continue;
        };
        action.segment = segment;
        action.note = notes.get(&id).cloned().unwrap_or_default();
        video.actions.push(action);
    }
    if timeless > 0 {
        sheet.left_out.push(format!("{timeless} annotations without times"));
    }
    let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    video.id = video.path.as_deref().map_or(file, stem);
    sheet.videos.push(video);
    Ok(sheet)
}

pub(super) fn write(video: &SheetVideo) -> String {
    let mut tiers: BTreeMap<(&str, &str, &str), Vec<&SheetAction>> = BTreeMap::new();
    for action in &video.actions {
        tiers.entry((&action.label, &action.subject, &action.annotator)).or_default().push(action);
    }
    let (mut slots, mut body) = (String::new(), String::new());
    let mut slot_count = 0;
    let mut slot = |seconds: f64| {
        slot_count += 1;
        let _ = writeln!(
            slots,
            "        <TIME_SLOT TIME_SLOT_ID=\"ts{slot_count}\" TIME_VALUE=\"{:.0}\"/>",
            (seconds * 1000.0).round()
        );
        slot_count
    };
    let mut next = 0;
    let mut names: Vec<String> = Vec::new();
    for ((label, subject, annotator), actions) in tiers {
        let segments: Vec<_> = actions.iter().map(|action| action.segment).collect();
        let of_rows = rows(&segments);
        for row in 0..=of_rows.iter().copied().max().unwrap_or(0) {
            // Names of tiers must differ.
            let base = if subject.is_empty() { label.to_owned() } else { format!("{label} - {subject}") };
            let numbered = |n: usize| if n == 1 { base.clone() } else { format!("{base} {n}") };
            let name = (1..).map(numbered).find(|name| !names.contains(name)).unwrap_or_else(|| base.clone());
            names.push(name.clone());
            let mut notes = String::new();
            let attributes = format!("PARTICIPANT=\"{}\" ANNOTATOR=\"{}\"", escaped(subject), escaped(annotator));
            let tier = escaped(&name);
            let _ = writeln!(body, "    <TIER TIER_ID=\"{tier}\" {attributes} LINGUISTIC_TYPE_REF=\"default-lt\">");
            for (action, _) in actions.iter().zip(&of_rows).filter(|(_, of)| **of == row) {
                next += 1;
                let id = next;
                let (first, last) = (slot(action.segment[0]), slot(action.segment[1]));
                let _ = writeln!(
                    body,
                    "        <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{id}\" TIME_SLOT_REF1=\"ts{first}\" \
                     TIME_SLOT_REF2=\"ts{last}\"><ANNOTATION_VALUE>{}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>",
                    escaped(label)
                );
                if !action.note.is_empty() {
                    next += 1;
                    let _ = writeln!(
                        notes,
                        "        <ANNOTATION><REF_ANNOTATION ANNOTATION_ID=\"a{next}\" ANNOTATION_REF=\"a{id}\">\
                         <ANNOTATION_VALUE>{}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>",
                        escaped(&action.note)
                    );
                }
            }
            body.push_str("    </TIER>\n");
            if !notes.is_empty() {
                let _ = writeln!(
                    body,
                    "    <TIER TIER_ID=\"{tier} notes\" PARENT_REF=\"{tier}\" {attributes} LINGUISTIC_TYPE_REF=\"note\">\n{notes}    </TIER>"
                );
            }
        }
    }
    let path = escaped(video.path.as_deref().unwrap_or(&video.id));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ANNOTATION_DOCUMENT AUTHOR=\"\" DATE=\"2000-01-01T00:00:00+00:00\" FORMAT=\"3.0\" VERSION=\"3.0\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:noNamespaceSchemaLocation=\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\">\n\
         \x20   <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">\n\
         \x20       <MEDIA_DESCRIPTOR MEDIA_URL=\"{path}\" MIME_TYPE=\"video/mp4\" RELATIVE_MEDIA_URL=\"{path}\"/>\n\
         \x20   </HEADER>\n    <TIME_ORDER>\n{slots}    </TIME_ORDER>\n{body}\
         \x20   <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID=\"default-lt\" TIME_ALIGNABLE=\"true\" GRAPHIC_REFERENCES=\"false\"/>\n\
         \x20   <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID=\"note\" TIME_ALIGNABLE=\"false\" GRAPHIC_REFERENCES=\"false\" \
         CONSTRAINTS=\"Symbolic_Association\"/>\n\
         \x20   <CONSTRAINT STEREOTYPE=\"Symbolic_Association\" DESCRIPTION=\"1-1 association with a parent annotation\"/>\n\
         </ANNOTATION_DOCUMENT>\n"
    )
}
