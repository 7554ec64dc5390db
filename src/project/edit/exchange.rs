//! Annotations of other programs to documents and back.

use std::path::{Path, PathBuf};

use super::{Action, Class, Document, Head, Record};
use crate::formats::FormatError;
use crate::formats::exchange::{self, Form, Sheet, SheetAction, SheetClass, SheetVideo};

/// Annotations from a file, not part of the project yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The file or folder.
    pub path: PathBuf,
    /// What it holds.
    pub document: Document,
    /// What could not be taken, one sentence a kind.
    pub left_out: Vec<String>,
}

/// Reads annotations of another program, or another annotation file of our own form.
///
/// # Errors
/// When the file cannot be read or is of no form that is known.
pub fn incoming(path: &Path) -> Result<Incoming, FormatError> {
    let of = |document, left_out| Incoming { path: path.to_owned(), document, left_out };
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json {
        let text =
            std::fs::read_to_string(path).map_err(|source| FormatError::Read { path: path.to_owned(), source })?;
        return Document::parse(&text, path, &[]).map(|document| of(document, Vec::new()));
    }
    let Sheet { videos, classes, subjects, left_out } = exchange::read(path)?;
    let mut document = Document { subjects, ..Document::default() };
    let class = |class: SheetClass| Class { name: class.name, description: class.description, key: class.key };
    document.classes = classes.into_iter().map(class).collect();
    let mut id = 0;
    for video in videos {
        let SheetVideo { id: name, path, duration, subset, actions } = video;
        let mut action = |one: SheetAction| {
            id += 1;
            let SheetAction { segment, label, note, subject, annotator, draft } = one;
            Action { id, segment, label, draft, note, subject, annotator, ..Action::default() }
        };
        let actions: Vec<Action> = actions.into_iter().map(&mut action).collect();
        let head = Head { id: name.clone(), subset, duration, path, ..Head::default() };
        document.videos.insert(name, Record { head, actions });
    }
    for index in 0..document.videos.len() {
        let Some((_, record)) = document.videos.get_index(index) else { break };
        let named = record.actions.iter().map(|action| (action.label.clone(), action.subject.clone()));
        for (label, subject) in named.collect::<Vec<_>>() {
            if document.class(&label).is_none() {
                document.classes.push(Class::named(label));
            }
            if !subject.is_empty() && !document.subjects.contains(&subject) {
                document.subjects.push(subject);
            }
        }
    }
    Ok(of(document, left_out))
}

/// The files of a form: names below the folder that was chosen (one without a name is the chosen file itself), and their text.
#[must_use]
pub fn outgoing(form: Form, document: &Document) -> Vec<(String, String)> {
    if form == Form::ActivityNet {
        return vec![(String::new(), document.to_text())];
    }
    let action = |one: &Action| SheetAction {
        segment: one.segment,
        label: one.label.clone(),
        note: one.note.clone(),
        subject: one.subject.clone(),
        annotator: one.annotator.clone(),
        draft: one.draft,
    };
    let video = |record: &Record| SheetVideo {
        id: record.head.id.clone(),
        path: record.head.path.clone(),
        duration: record.head.duration,
        subset: record.head.subset.clone(),
        actions: record.actions.iter().map(action).collect(),
    };
    let class =
        |class: &Class| SheetClass { name: class.name.clone(), description: class.description.clone(), key: class.key };
    let sheet = Sheet {
        videos: document.videos.values().map(video).collect(),
        classes: document.classes.iter().map(class).collect(),
        subjects: document.subjects.clone(),
        left_out: Vec::new(),
    };
    exchange::write(form, &sheet)
}
