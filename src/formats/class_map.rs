//! Class maps: a text file with one class a line, whose index is the line (spec 2.2).

use std::path::Path;

use super::{FormatError, read_text, write_text};
use crate::domain::{ClassList, Dataset};

/// Reads a class map. Blank lines at the end do not count.
///
/// # Errors
/// [`FormatError`] when the file cannot be read, or a line is blank or repeats a class: both would shift the indices.
pub fn read(path: &Path) -> Result<ClassList, FormatError> {
    let text = read_text(path)?;
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    for (index, name) in lines.iter().enumerate() {
        let place = format!("line {}", index + 1);
        if name.is_empty() {
            return Err(FormatError::shape(path, place, "is blank; each line names one class"));
        }
        if lines.iter().take(index).any(|earlier| earlier == name) {
            return Err(FormatError::shape(path, place, format!("repeats the class '{name}'; remove one of the two")));
        }
    }
    Ok(ClassList::new(lines.into_iter().map(str::to_owned)))
}

/// Writes a class map.
///
/// # Errors
/// [`FormatError::Write`].
pub fn write(path: &Path, classes: &ClassList) -> Result<(), FormatError> {
    let lines: String = classes.names().iter().map(|name| format!("{name}\n")).collect();
    write_text(path, &lines)
}

/// Reads a class map, or makes it from all subsets of `dataset` sorted by code point where there is none (spec 2.2).
///
/// # Errors
/// As [`read`] and [`write`].
pub fn read_or_create(path: &Path, dataset: &Dataset) -> Result<ClassList, FormatError> {
    if path.exists() {
        return read(path);
    }
    let classes = dataset.classes_sorted();
    write(path, &classes)?;
    Ok(classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_reads_back_and_faults_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("classes.txt");
        let classes = ClassList::new(["b c".to_owned(), "a".to_owned()]);
        write(&path, &classes).expect("written");
        assert_eq!(read(&path).expect("valid"), classes);
        std::fs::write(&path, "a\r\n\r\nb\r\n").expect("written");
        assert!(read(&path).expect_err("blank").to_string().contains("line 2 is blank"));
        std::fs::write(&path, "a\nb\na\n").expect("written");
        assert!(read(&path).expect_err("repeated").to_string().contains("line 3 repeats"));
    }

    #[test]
    fn an_absent_map_is_made_from_the_data() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("classes.txt");
        let classes = read_or_create(&path, &Dataset::default()).expect("created");
        assert!(classes.is_empty() && path.exists());
    }
}
