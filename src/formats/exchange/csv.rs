//! A table with a line an action. Columns are known by many names, in any order; comma, semicolon or tab divide them.

use std::fmt::Write as _;
use std::path::Path;

use super::{Sheet, SheetAction, stem};
use crate::formats::FormatError;

/// Names of the columns, those that we write first.
const COLUMNS: [&[&str]; 8] = [
    &["video", "video_id", "file", "filename", "media"],
    &["start", "t-start", "t_start", "begin", "start_time"],
    &["end", "t-end", "t_end", "stop", "end_time"],
    &["class", "label", "action", "behavior", "behaviour"],
    &["subject"],
    &["note", "comment", "notes"],
    &["annotator", "observer"],
    &["state"],
];

pub(super) fn read(text: &str, path: &Path) -> Result<Sheet, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    let divider = [',', ';', '\t'].into_iter().max_by_key(|c| count(*c)).unwrap_or(',');
    let mut lines = records(text, divider).into_iter();
    let header: Vec<String> = lines.next().unwrap_or_default().iter().map(|name| name.trim().to_lowercase()).collect();
    let places = COLUMNS.map(|names| header.iter().position(|name| names.contains(&name.as_str())));
    if let Some(missing) = (0..4).find(|at| places[*at].is_none()) {
        let problem = format!("names no column \"{}\"; it must begin with video,start,end,class", COLUMNS[missing][0]);
        return Err(FormatError::shape(path, "the first line", problem));
    }
    let mut sheet = Sheet::default();
    for (index, line) in lines.enumerate() {
        let cell = |at: usize| places[at].and_then(|place| line.get(place)).map_or("", |cell| cell.trim());
        let seconds = |at: usize| {
            let value = cell(at).replace(',', ".").parse::<f64>().ok().filter(|seconds| seconds.is_finite());
            value.ok_or_else(|| {
                let place = format!("line {}, column {}", index + 2, COLUMNS[at][0]);
                FormatError::shape(path, place, "must be a number of seconds")
            })
        };
        let action = SheetAction {
            segment: [seconds(1)?, seconds(2)?],
            label: cell(3).to_owned(),
            subject: cell(4).to_owned(),
            note: cell(5).to_owned(),
            annotator: cell(6).to_owned(),
            draft: cell(7).eq_ignore_ascii_case("draft"),
        };
        let id = if cell(0).contains(['/', '\\']) { stem(cell(0)) } else { cell(0).to_owned() };
        sheet.video(&id).actions.push(action);
    }
    Ok(sheet)
}

/// Lines of cells; a quoted cell may hold dividers, line breaks and doubled quotes.
fn records(text: &str, divider: char) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = vec![String::new()];
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let cell = record.last_mut();
        match (letter, cell) {
            ('"', Some(cell)) if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            ('"', Some(cell)) if quoted || cell.is_empty() => quoted = !quoted,
            (letter, _) if letter == divider && !quoted => record.push(String::new()),
            ('\n', _) if !quoted => records.push(std::mem::replace(&mut record, vec![String::new()])),
            ('\r', _) if !quoted => {}
            (letter, Some(cell)) => cell.push(letter),
            (_, None) => {}
        }
    }
    records.push(record);
    records.retain(|record| record.iter().any(|cell| !cell.is_empty()));
    records
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r', ';', '\t']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

pub(super) fn write(sheet: &Sheet) -> String {
    let mut text = COLUMNS.map(|names| names[0]).join(",");
    text.push('\n');
    for video in &sheet.videos {
        for action in &video.actions {
            let [start, end] = action.segment;
            let state = if action.draft { "draft" } else { "verified" };
            let words = [&action.label, &action.subject, &action.note, &action.annotator].map(|cell| quoted(cell));
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{},{start},{end},{},{state}", quoted(&video.id), words.join(","));
        }
    }
    text
}
