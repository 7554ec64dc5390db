//! Walking a JSON value with errors that say where in which file.
//!
//! Values are walked by hand instead of derived, because an error of serde names a line but not the video.

use std::path::Path;

use serde_json::{Map, Value};

use super::FormatError;
use crate::domain::Segment;

/// Parses a JSON document; a byte order mark at its head is ignored.
///
/// # Errors
/// [`FormatError::Json`] with line and column; NaN and infinity, which Python writes, are named as such.
pub(super) fn parse(text: &str, path: &Path) -> Result<Value, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|error| FormatError::Json {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        problem: problem(text, &error),
    })
}

fn problem(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the file ends too early; it was probably cut off".to_owned();
    }
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let tail = line.as_bytes().get(error.column().saturating_sub(1)..).unwrap_or_default();
    match ["NaN", "Infinity", "-Infinity"].iter().find(|word| tail.starts_with(word.as_bytes())) {
        Some(word) => format!("{word} is no number; every time and score must be finite"),
        None => {
            let message = error.to_string();
            message.split(" at line ").next().unwrap_or_default().to_owned()
        }
    }
}

/// One value and where it stands. The place is put into words only when it is needed for an error.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: &'a Path,
    place: Place<'a>,
}

#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Key(&'a Node<'a>, &'a str),
    Entry(&'a Node<'a>, usize),
}

impl<'a> Node<'a> {
    /// The whole document.
    pub(super) fn root(value: &'a Value, path: &'a Path) -> Self {
        Self { value, path, place: Place::Root }
    }

    fn words(&self) -> String {
        match self.place {
            Place::Root => "the document".to_owned(),
            Place::Key(Node { place: Place::Root, .. }, key) => format!("'{key}'"),
            Place::Key(parent, key) => format!("{}, '{key}'", parent.words()),
            Place::Entry(parent, index) => format!("{}, entry {}", parent.words(), index + 1),
        }
    }

    /// An error about this value; `problem` follows the place: "must be …".
    pub(super) fn wrong(&self, problem: &str) -> FormatError {
        FormatError::shape(self.path, self.words(), problem)
    }

    /// The value as an object.
    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, FormatError> {
        self.value.as_object().ok_or_else(|| self.wrong("must be an object {…}"))
    }

    /// Members of an object with their names.
    pub(super) fn members(&'a self) -> Result<impl Iterator<Item = (&'a str, Node<'a>)>, FormatError> {
        let members = self.object()?;
        Ok(members.iter().map(move |(key, value)| (key.as_str(), self.child(value, Place::Key(self, key)))))
    }

    /// Entries of a list.
    pub(super) fn entries(&'a self) -> Result<impl ExactSizeIterator<Item = Node<'a>>, FormatError> {
        let entries = self.value.as_array().ok_or_else(|| self.wrong("must be a list […]"))?;
        Ok(entries.iter().enumerate().map(move |(index, value)| self.child(value, Place::Entry(self, index))))
    }

    fn child(&self, value: &'a Value, place: Place<'a>) -> Node<'a> {
        Node { value, path: self.path, place }
    }

    /// A member that must be there.
    pub(super) fn member(&'a self, key: &'a str) -> Result<Node<'a>, FormatError> {
        self.optional(key)?.ok_or_else(|| self.wrong(&format!("has no '{key}'")))
    }

    /// A member that may be absent or null.
    pub(super) fn optional(&'a self, key: &'a str) -> Result<Option<Node<'a>>, FormatError> {
        let found = self.object()?.get(key).filter(|value| !value.is_null());
        Ok(found.map(|value| self.child(value, Place::Key(self, key))))
    }

    /// A finite number.
    pub(super) fn number(&self) -> Result<f64, FormatError> {
        let number = self.value.as_f64().filter(|number| number.is_finite());
        number.ok_or_else(|| self.wrong("must be a finite number"))
    }

    /// A whole number that is not negative; 12.0 counts too, as some tools write it.
    pub(super) fn whole(&self) -> Result<u64, FormatError> {
        let whole = self.value.as_u64().or_else(|| {
            self.value.as_f64().filter(|n| n.fract() == 0.0 && (0.0..1e15).contains(n)).map(|number| number as u64)
        });
        whole.ok_or_else(|| self.wrong("must be a whole number"))
    }

    /// True or false.
    pub(super) fn flag(&self) -> Result<bool, FormatError> {
        self.value.as_bool().ok_or_else(|| self.wrong("must be true or false"))
    }

    /// A text.
    pub(super) fn text(&self) -> Result<&'a str, FormatError> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a text \"…\""))
    }

    /// A pair of finite numbers, start and end in seconds. Reversed pairs pass: they are for the evaluation to judge.
    pub(super) fn segment(&self) -> Result<Segment, FormatError> {
        match self.value.as_array().map(Vec::as_slice) {
            Some([start, end]) => Ok([
                self.child(start, Place::Entry(self, 0)).number()?,
                self.child(end, Place::Entry(self, 1)).number()?,
            ]),
            _ => Err(self.wrong("must be a pair [start, end] in seconds")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(text, Path::new("a.json")).expect_err("broken").to_string()
    }

    #[test]
    fn broken_json_is_told_apart() {
        assert!(message(r#"{"a": [1, "#).contains("cut off"));
        assert!(
            message("{\"a\":\n [1, NaN]}").contains("a.json is not valid JSON at line 2, column 6: NaN is no number")
        );
        assert!(message(r#"{"a": -Infinity}"#).contains("finite"), "{}", message(r#"{"a": -Infinity}"#));
        assert!(message(r#"{"a": 1e999}"#).contains("out of range"));
        assert!(parse("\u{feff}{}", Path::new("a.json")).is_ok());
    }

    #[test]
    fn the_place_reads_like_a_path() {
        let value = serde_json::json!({"results": {"v": [{"score": "high"}]}});
        let root = Node::root(&value, Path::new("p.json"));
        let results = root.member("results").expect("there");
        let video = results.member("v").expect("there");
        let entry = video.entries().expect("a list").next().expect("one");
        let error = entry.member("score").expect("there").number().expect_err("a text");
        assert_eq!(error.to_string(), "p.json: 'results', 'v', entry 1, 'score' must be a finite number");
    }
}
