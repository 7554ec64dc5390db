//! The `.safetensors` container: written in a stream, so that saving takes no second copy of the weights, and its header read alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Read as _, Result, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::weights::Weights;

/// Bytes of a value.
const WORD: usize = size_of::<f32>();
/// A header larger than this is none: the format's own limit.
const LARGEST_HEADER: u64 = 100_000_000;

/// Writes a new file and waits until it is on the disk. What a failure leaves behind is removed.
///
/// # Errors
/// The file system's.
pub fn write(path: &Path, weights: &Weights) -> Result<()> {
    let written = File::create(path).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        stream(weights, &mut out)?;
        out.flush()?;
        out.get_ref().sync_all()
    });
    if written.is_err() {
        // The failure itself is what a person must hear of.
        std::fs::remove_file(path).ok();
    }
    written
}

fn stream(weights: &Weights, out: &mut impl Write) -> Result<()> {
    let mut header = Map::new();
    if !weights.metadata.is_empty() {
        header.insert("__metadata__".to_owned(), json!(weights.metadata));
    }
    let mut offset = 0;
    for (name, array) in &weights.tensors {
        let end = offset + array.values.len() * WORD;
        header.insert(name.clone(), json!({"dtype": "F32", "shape": array.shape, "data_offsets": [offset, end]}));
        offset = end;
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    for array in weights.tensors.values() {
        for value in &array.values {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    Ok(())
}

/// The text in a file's header, read without the tensors behind it.
///
/// # Errors
/// When the file cannot be read, is none of this kind, or is shorter than its header says.
pub fn metadata(path: &Path) -> Result<BTreeMap<String, String>> {
    let broken = |what: &str| Error::new(ErrorKind::InvalidData, what.to_owned());
    let mut file = File::open(path)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > LARGEST_HEADER {
        return Err(broken("it has no header"));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header)?;
    let header: Map<String, Value> = serde_json::from_slice(&header)?;
    let ends = header.values().filter_map(|entry| entry["data_offsets"][1].as_u64());
    if file.metadata()?.len() != 8 + length + ends.max().unwrap_or(0) {
        return Err(broken("it is cut short"));
    }
    let texts = header.get("__metadata__").and_then(Value::as_object).into_iter().flatten();
    Ok(texts.filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned()))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::weights::Array;

    fn weights() -> Weights {
        let mut weights = Weights::default();
        weights.metadata.insert("step".to_owned(), "7 \"é\"\n".to_owned());
        for (name, shape) in [("b", vec![2, 3]), ("a", vec![5]), ("none", vec![0])] {
            let count = shape.iter().product::<usize>();
            let values = (0..count).map(|index| index as f32 - 0.5).collect();
            weights.tensors.insert(name.to_owned(), Array { shape, values });
        }
        weights
    }

    #[test]
    fn what_is_streamed_is_read_by_others_and_the_header_alone_tells_the_text() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        write(&path, &weights()).expect("written");
        assert_eq!(Weights::read(&path).expect("the library reads it"), weights());
        assert_eq!(metadata(&path).expect("a header"), weights().metadata);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
            let plain = folder.path().join("plain");
            std::fs::write(&plain, "").expect("written");
            assert_eq!(mode(&path), mode(&plain), "others may read it where the umask lets them");
        }
    }

    #[test]
    fn a_file_that_is_cut_short_is_not_taken_for_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        write(&path, &weights()).expect("written");
        let bytes = std::fs::read(&path).expect("there");
        for length in [0, 4, 20, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).expect("written");
            assert!(metadata(&path).is_err(), "{length} bytes");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("full");
        std::os::unix::fs::symlink("/dev/full", &path).expect("a link");
        let error = write(&path, &weights()).expect_err("full");
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(path.symlink_metadata().is_err(), "removed");
    }
}
