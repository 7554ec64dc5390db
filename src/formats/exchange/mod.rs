//! Annotations of other programs, in and out: CSV, THUMOS text files, BORIS projects, ELAN files. ActivityNet files, which are our
//! own, are read and written where their foreign keys are kept.

mod boris;
mod csv;
mod elan;
mod thumos_text;
mod xml;

use std::path::Path;

use super::{FormatError, read_text};
use crate::domain::Segment;

/// A form of annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// ActivityNet JSON, with all keys.
    ActivityNet,
    /// A table: video, start, end, class, subject, note, annotator, state.
    Csv,
    /// A folder of text files, one a class.
    Thumos,
    /// A BORIS project.
    Boris,
    /// A folder of ELAN files, one a video.
    Elan,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ActivityNet, Self::Csv, Self::Thumos, Self::Boris, Self::Elan];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ActivityNet => "ActivityNet JSON",
            Self::Csv => "CSV table",
            Self::Thumos => "THUMOS text files",
            Self::Boris => "BORIS project",
            Self::Elan => "ELAN files",
        }
    }

    /// What does not come back from it.
    #[must_use]
    pub fn loses(self) -> &'static str {
        match self {
            Self::ActivityNet => "",
            Self::Csv => "regions that nobody annotated, descriptions of classes",
            Self::Thumos => "all but video, class and times",
            Self::Boris => "annotators, draft or verified, regions that nobody annotated",
            Self::Elan => "fractions of milliseconds, draft or verified, regions that nobody annotated",
        }
    }

    /// The name of the file that is written, or of the folder where it is several.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::ActivityNet => "annotations-export.json",
            Self::Csv => "annotations.csv",
            Self::Thumos => "annotations-thumos",
            Self::Boris => "annotations.boris",
            Self::Elan => "annotations-elan",
        }
    }

    /// Whether it is a folder of files.
    #[must_use]
    pub fn is_folder(self) -> bool {
        matches!(self, Self::Thumos | Self::Elan)
    }
}

/// An action as other programs know it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SheetAction {
    /// Seconds.
    pub segment: Segment,
    /// Class name.
    pub label: String,
    /// Free text.
    pub note: String,
    /// Who acts.
    pub subject: String,
    /// Who annotated.
    pub annotator: String,
    /// Whether nobody verified it.
    pub draft: bool,
}

/// A video as other programs know it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SheetVideo {
    /// Name, without folder and extension.
    pub id: String,
    /// Its file, where one is named.
    pub path: Option<String>,
    /// Seconds, 0 when unknown.
    pub duration: f64,
    /// Subset, empty when unknown.
    pub subset: String,
    /// Actions.
    pub actions: Vec<SheetAction>,
}

/// A class as other programs know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetClass {
    /// Name.
    pub name: String,
    /// When it is to be used.
    pub description: String,
    /// Key that logs it.
    pub key: Option<char>,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// Videos.
    pub videos: Vec<SheetVideo>,
    /// Classes in order, where the form lists them.
    pub classes: Vec<SheetClass>,
    /// Subjects in order, where the form lists them.
    pub subjects: Vec<String>,
    /// What could not be taken, one sentence a kind.
    pub left_out: Vec<String>,
}

impl Sheet {
    /// The video of this name, made if need be.
    fn video(&mut self, id: &str) -> &mut SheetVideo {
        let at = self.videos.iter().position(|video| video.id == id).unwrap_or_else(|| {
            self.videos.push(SheetVideo { id: id.to_owned(), ..SheetVideo::default() });
            self.videos.len() - 1
        });
        &mut self.videos[at]
    }
}

/// The name of a video from the path of its file.
fn stem(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

/// Reads a file, or a folder of THUMOS or ELAN files. Which form it is its name says.
///
/// # Errors
/// [`FormatError`] when it cannot be read, or is of no form that is known here.
pub fn read(path: &Path) -> Result<Sheet, FormatError> {
    if path.is_dir() {
        let failed = |source| FormatError::Read { path: path.to_owned(), source };
        let entries = std::fs::read_dir(path).map_err(failed)?;
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "eaf"));
        files.sort();
        if files.is_empty() {
            return thumos_text::read(path);
        }
        let mut sheet = Sheet::default();
        for file in files {
            let one = elan::read(&read_text(&file)?, &file)?;
            sheet.videos.extend(one.videos);
            sheet.left_out.extend(one.left_out);
        }
        return Ok(sheet);
    }
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "csv" | "tsv" => csv::read(&read_text(path)?, path),
        "boris" => boris::read(&read_text(path)?, path),
        "eaf" => elan::read(&read_text(path)?, path),
        "txt" => thumos_text::read_file(path),
        _ => Err(FormatError::shape(
            path,
            "the file",
            "is of no form that can be imported: .json (ActivityNet), .csv, .txt (THUMOS), .boris or .eaf (ELAN)",
        )),
    }
}

/// The files of a form: names below the folder that was chosen (one without a name is the chosen file itself), and their text.
#[must_use]
pub fn write(form: Form, sheet: &Sheet) -> Vec<(String, String)> {
    match form {
        Form::Csv => vec![(String::new(), csv::write(sheet))],
        Form::Thumos => thumos_text::write(sheet),
        Form::Boris => vec![(String::new(), boris::write(sheet))],
        Form::Elan => {
            sheet.videos.iter().map(|video| (format!("{}.eaf", file_safe(&video.id)), elan::write(video))).collect()
        }
        Form::ActivityNet => Vec::new(),
    }
}

/// A name without what a file's name cannot have.
fn file_safe(name: &str) -> String {
    name.chars().map(|c| if "/\\:*?\"<>|".contains(c) || c.is_control() { '-' } else { c }).collect()
}

/// Rows in which no two of the given segments overlap: the row of each.
fn rows(segments: &[Segment]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by(|a, b| segments[*a][0].total_cmp(&segments[*b][0]));
    let mut ends: Vec<f64> = Vec::new();
    let mut rows = vec![0; segments.len()];
    for at in order {
        let [start, end] = segments[at];
        let row = ends.iter().position(|last| *last <= start).unwrap_or(ends.len());
        if row == ends.len() {
            ends.push(end);
        } else {
            ends[row] = end;
        }
        rows[at] = row;
    }
    rows
}

#[cfg(test)]
mod tests;
