//! Block lists: videos left out, as a text file with one id a line (spec 2.1) or as a JSON list (spec 10.2).

use std::collections::BTreeSet;
use std::path::Path;

use super::json::{self, Node};
use super::{FormatError, read_text, write_text};

/// Reads a block list of either form; a file that opens with a bracket is JSON.
///
/// # Errors
/// [`FormatError`] when the file cannot be read or is JSON of another shape than a list of texts.
pub fn read(path: &Path) -> Result<BTreeSet<String>, FormatError> {
    let text = read_text(path)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with(['[', '{']) {
        let value = json::parse(text, path)?;
        return Node::root(&value, path).entries()?.map(|entry| entry.text().map(str::to_owned)).collect();
    }
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// Writes a block list as text, one video a line.
///
/// # Errors
/// [`FormatError::Write`].
pub fn write(path: &Path, videos: &[String]) -> Result<(), FormatError> {
    write_text(path, &videos.iter().map(|video| format!("{video}\n")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_set() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("blocked");
        let expected: BTreeSet<String> = ["a".to_owned(), "b".to_owned()].into();
        for text in ["a\r\nb\n\n", "[\"b\",\n\"a\"]"] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(read(&path).expect(text), expected);
        }
        write(&path, &["a".to_owned(), "b".to_owned()]).expect("written");
        assert_eq!(read(&path).expect("own output"), expected);
        std::fs::write(&path, "[1]").expect("written");
        assert!(read(&path).expect_err("numbers").to_string().contains("entry 1 must be a text"));
    }
}
