//! Weights for other programs: `.pth` as PyTorch writes it, under the names that OpenTAD, the official code or torchvision expect
//! (spec 3.2, 5).

use std::io::{Seek as _, Write};
use std::path::Path;

use super::weights::{Array, Named, Weights, WeightsError};
use super::{Encoder, names};

/// Whose names an export bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// OpenTAD's checkpoint: `state_dict` with the prefix `module.` of its distributed wrapper.
    OpenTad,
    /// The official code's: `state_dict` with `base_detector.` and `feature_extractor.model.backbone.`.
    Official,
    /// The encoder alone, as torchvision names it, without wrapping.
    Encoder,
}

/// The weights under another program's names; names that it does not have are given back beside.
#[must_use]
pub fn renamed(weights: &Weights, naming: Naming) -> (Weights, Vec<String>) {
    let (mut renamed, mut left_out) = (Weights::default(), Vec::new());
    for (name, array) in &weights.tensors {
        match their_name(name, naming) {
            Some(theirs) => {
                renamed.tensors.insert(theirs, array.clone());
            }
            None => left_out.push(name.clone()),
        }
    }
    (renamed, left_out)
}

fn their_name(name: &str, naming: Naming) -> Option<String> {
    let encoder = name.strip_prefix(<Encoder as Named>::PREFIX);
    match naming {
        Naming::OpenTad => Some(format!("module.{name}")),
        Naming::Encoder => encoder.map(str::to_owned),
        Naming::Official => match encoder {
            Some(rest) => Some(format!("feature_extractor.model.backbone.{rest}")),
            None => names::to_official(name).map(|theirs| format!("base_detector.{theirs}")),
        },
    }
}

/// Writes a PyTorch file of float32 tensors; `entry` is the key of the dictionary under which they stand, or none.
///
/// # Errors
/// When the file cannot be written or would be larger than its format allows (4 GB).
pub fn write_pytorch(path: &Path, weights: &Weights, entry: Option<&str>) -> Result<(), WeightsError> {
    let failed = |source| WeightsError::File { path: path.display().to_string(), source };
    let mut archive = Archive::create(path).map_err(failed)?;
    archive.file("data.pkl", &pickle(&weights.tensors, entry)).map_err(failed)?;
    archive.file("byteorder", b"little").map_err(failed)?;
    for (index, array) in weights.tensors.values().enumerate() {
        let bytes: Vec<u8> = array.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        archive.file(&format!("data/{index}"), &bytes).map_err(failed)?;
    }
    archive.file("version", b"3\n").map_err(failed)?;
    archive.finish().map_err(failed)
}

/// The pickle of an ordered dictionary of tensors whose values stand in files of their own (protocol 2).
fn pickle(tensors: &std::collections::BTreeMap<String, Array>, entry: Option<&str>) -> Vec<u8> {
    let mut out = Pickle(vec![0x80, 2]);
    if let Some(entry) = entry {
        out.raw(b"}(");
        out.text(entry);
    }
    out.raw(ORDERED);
    out.raw(b"(");
    for (index, (name, array)) in tensors.iter().enumerate() {
        out.text(name);
        out.raw(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        out.text("storage");
        out.raw(b"ctorch\nFloatStorage\n");
        out.text(&index.to_string());
        out.text("cpu");
        out.number(array.values.len());
        // The tuple as a persistent id, offset 0.
        out.raw(b"tQK\x00");
        out.tuple(&array.shape);
        out.tuple(&strides(&array.shape));
        // No gradient, no hooks.
        out.raw(b"\x89");
        out.raw(ORDERED);
        out.raw(b"tR");
    }
    out.raw(b"u");
    if entry.is_some() {
        out.raw(b"u");
    }
    out.raw(b".");
    out.0
}

/// An empty ordered dictionary.
const ORDERED: &[u8] = b"ccollections\nOrderedDict\n)R";

fn strides(shape: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect()
}

struct Pickle(Vec<u8>);

impl Pickle {
    fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.raw(b"X");
        self.raw(&(text.len() as u32).to_le_bytes());
        self.raw(text.as_bytes());
    }

    /// Whole numbers as eight bytes: of one form whatever their size.
    fn number(&mut self, number: usize) {
        self.raw(b"\x8a\x08");
        self.raw(&(number as i64).to_le_bytes());
    }

    fn tuple(&mut self, numbers: &[usize]) {
        self.raw(b"(");
        numbers.iter().for_each(|&number| self.number(number));
        self.raw(b"t");
    }
}

/// A zip archive of uncompressed files below `archive/`.
struct Archive {
    out: std::io::BufWriter<std::fs::File>,
    directory: Vec<u8>,
    files: u16,
}

impl Archive {
    fn create(path: &Path) -> std::io::Result<Self> {
        let out = std::io::BufWriter::new(std::fs::File::create(path)?);
        Ok(Self { out, directory: Vec::new(), files: 0 })
    }

    fn file(&mut self, name: &str, content: &[u8]) -> std::io::Result<()> {
        let name = format!("archive/{name}");
        let place = small(self.out.stream_position()?)?;
        let size = small(content.len() as u64)?;
        // Version 2.0, no flags, stored, the first of January 1980, checksum, sizes, length of the name, no extra field.
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 33, 0];
        head.extend(crc32(content).to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend([0, 0]);
        self.out.write_all(b"PK\x03\x04")?;
        self.out.write_all(&head)?;
        self.out.write_all(name.as_bytes())?;
        self.out.write_all(content)?;
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(head);
        // No comment, disk 0, no attributes.
        self.directory.extend([0; 10]);
        self.directory.extend(place.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.files += 1;
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<()> {
        let place = small(self.out.stream_position()?)?;
        self.out.write_all(&self.directory)?;
        self.out.write_all(b"PK\x05\x06\0\0\0\0")?;
        self.out.write_all(&self.files.to_le_bytes())?;
        self.out.write_all(&self.files.to_le_bytes())?;
        self.out.write_all(&small(self.directory.len() as u64)?.to_le_bytes())?;
        self.out.write_all(&place.to_le_bytes())?;
        self.out.write_all(&[0, 0])?;
        self.out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    }
}

/// A size or place as the format holds it.
fn small(size: u64) -> std::io::Result<u32> {
    u32::try_from(size).map_err(|_| std::io::Error::other("a .pth file holds at most 4 GB; export .safetensors"))
}

/// The checksum of zip files.
fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0u32; 256];
    for (index, entry) in table.iter_mut().enumerate() {
        *entry = (0..8).fold(index as u32, |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 });
    }
    !bytes.iter().fold(!0, |crc, &byte| table[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{import, read_pytorch};

    fn weights() -> Weights {
        let array = |shape: &[usize]| {
            let count: usize = shape.iter().product();
            Array { shape: shape.to_vec(), values: (0..count).map(|value| value as f32 * 0.5 - 3.0).collect() }
        };
        let names = [
            ("neck.mem_f.weight_ih_l0", &[4, 3][..]),
            ("rpn_head.tem.1.conv.bias", &[2]),
            ("roi_head.proposal_heads.0.official.end.branch.fcs.1.0.weight", &[2, 2]),
            ("backbone.model.backbone.stem.0.weight", &[2, 3, 1, 2, 2]),
        ];
        let tensors = names.map(|(name, shape)| (name.to_owned(), array(shape)));
        Weights { tensors: tensors.into(), ..Weights::default() }
    }

    #[test]
    fn the_checksum_is_that_of_zip_files() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn exports_read_back_under_their_names_and_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.pth");
        for naming in [Naming::OpenTad, Naming::Official] {
            let (theirs, left_out) = renamed(&weights(), naming);
            assert!(left_out.is_empty(), "{left_out:?}");
            write_pytorch(&path, &theirs, Some("state_dict")).expect("written");
            assert_eq!(read_pytorch(&path).expect("reads").tensors, theirs.tensors, "{naming:?}");
            assert_eq!(import(&path).expect("reads").tensors, weights().tensors, "{naming:?}");
        }
        let (encoder, left_out) = renamed(&weights(), Naming::Encoder);
        assert_eq!((encoder.tensors.len(), left_out.len()), (1, 3));
        write_pytorch(&path, &encoder, None).expect("written");
        assert_eq!(read_pytorch(&path).expect("reads").tensors, encoder.tensors);
    }
}
