//! Stored features: `.npy` arrays of float16, 32 or 64, in C or Fortran order, time first or channels first (spec 2.3, 2.5).

use std::io::{BufReader, BufWriter, Read as _};
use std::path::Path;

use npyz::{Endianness, NpyHeader, Order, TypeChar, WriterBuilder as _};

use super::{FormatError, half};

/// Features of a video.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Number of snippets.
    pub length: usize,
    /// Numbers a snippet.
    pub channels: usize,
    /// `[time, channels]`, row-major.
    pub values: Vec<f32>,
}

impl Features {
    /// The features of one snippet.
    #[must_use]
    pub fn row(&self, time: usize) -> &[f32] {
        self.values.get(time * self.channels..(time + 1) * self.channels).unwrap_or_default()
    }
}

/// Which axis of a file comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// `[time, channels]`, as all of the reference's features.
    #[default]
    TimeFirst,
    /// `[channels, time]`.
    ChannelsFirst,
}

/// Reads a feature file. `channels` is what the model takes; a file of another width is an error.
///
/// # Errors
/// [`FormatError`] when the file cannot be read, is cut off, has another shape or type, or holds a NaN or infinity.
pub fn read(path: &Path, layout: Layout, channels: Option<usize>) -> Result<Features, FormatError> {
    let array = read_array(path)?;
    let [rows, columns] = array.shape;
    let features = match layout {
        Layout::TimeFirst => Features { length: rows, channels: columns, values: array.values },
        Layout::ChannelsFirst => {
            Features { length: columns, channels: rows, values: transposed(&array.values, rows, columns) }
        }
    };
    let shape = format!("has {} snippets of {} channels", features.length, features.channels);
    if features.length == 0 || features.channels == 0 {
        return Err(FormatError::shape(path, "the array", format!("{shape}; it must not be empty")));
    }
    if channels.is_some_and(|expected| expected != features.channels) {
        let expected = channels.unwrap_or_default();
        let advice = format!("{shape}, the model takes {expected} channels; check the feature layout and the config");
        return Err(FormatError::shape(path, "the array", advice));
    }
    if let Some(index) = features.values.iter().position(|value| !value.is_finite()) {
        let place = format!("snippet {}, channel {}", index / features.channels, index % features.channels);
        return Err(FormatError::shape(path, place, "is not a finite number; extract these features again"));
    }
    Ok(features)
}

/// Writes features as float32 `[time, channels]` in C order.
///
/// # Errors
/// [`FormatError::Write`].
pub fn write(path: &Path, features: &Features) -> Result<(), FormatError> {
    let failed = |source| FormatError::Write { path: path.to_owned(), source };
    let file = BufWriter::new(std::fs::File::create(path).map_err(failed)?);
    let shape = [features.length as u64, features.channels as u64];
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut writer = options.writer(file).begin_nd().map_err(failed)?;
    writer.extend(features.values.iter().copied()).map_err(failed)?;
    writer.finish().map_err(failed)
}

/// A matrix of any stored float type, row-major.
pub(super) struct Array {
    pub shape: [usize; 2],
    pub values: Vec<f32>,
}

/// Reads a two-dimensional `.npy` array.
pub(super) fn read_array(path: &Path) -> Result<Array, FormatError> {
    let failed = |source| FormatError::Read { path: path.to_owned(), source };
    let wrong = |problem: String| FormatError::shape(path, "the array", problem);
    let mut file = BufReader::new(std::fs::File::open(path).map_err(failed)?);
    let header = NpyHeader::from_reader(&mut file).map_err(|error| wrong(format!("is no .npy file ({error})")))?;
    let npyz::DType::Plain(element) = header.dtype() else {
        return Err(wrong("holds records; it must hold float16, float32 or float64".to_owned()));
    };
    let &[rows, columns] = header.shape() else {
        return Err(wrong(format!("has {} axes; it must have two, time and channels", header.shape().len())));
    };
    if element.type_char() != TypeChar::Float || !matches!(element.size_field(), 2 | 4 | 8) {
        return Err(wrong(format!("holds '{element}'; it must hold float16, float32 or float64")));
    }
    let is_big = element.endianness() == Endianness::Big;
    let width = element.size_field() as usize;
    let expected = rows.checked_mul(columns).and_then(|count| count.checked_mul(width as u64));
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    if expected != Some(bytes.len() as u64) {
        return Err(wrong(format!("should be {rows} x {columns} but the file is cut off or too long; copy it again")));
    }
    let (rows, columns) = (rows as usize, columns as usize);
    let stored: Vec<f32> = bytes.chunks_exact(width).map(|word| number(word, is_big)).collect();
    let values = match header.order() {
        Order::C => stored,
        Order::Fortran => transposed(&stored, columns, rows),
    };
    Ok(Array { shape: [rows, columns], values })
}

/// The value of 2, 4 or 8 bytes.
fn number(word: &[u8], is_big: bool) -> f32 {
    let mut bytes = [0; 8];
    let used = &mut bytes[..word.len()];
    used.copy_from_slice(word);
    if is_big {
        used.reverse();
    }
    let bits = u64::from_le_bytes(bytes);
    match word.len() {
        2 => half::from_bits(bits as u16),
        4 => f32::from_bits(bits as u32),
        _ => f64::from_bits(bits) as f32,
    }
}

/// `[rows, columns]` to `[columns, rows]`, both row-major.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> tempfile::NamedTempFile {
        let order = if fortran { "True" } else { "False" };
        let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
        while (header.len() + 11) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("written");
        file
    }

    const EXPECTED: [f32; 6] = [1.0, 2.0, -3.0, 4.5, 0.0, 6.0];

    #[test]
    fn every_type_and_order_reads_the_same() {
        let fortran = [1.0, 4.5, 2.0, 0.0, -3.0, 6.0f32];
        let halves: Vec<u8> =
            [0x3c00u16, 0x4000, 0xc200, 0x4480, 0, 0x4600].iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let files = [
            file("<f4", false, "(2, 3)", &EXPECTED.map(f32::to_le_bytes).concat()),
            file(">f4", false, "(2, 3)", &EXPECTED.map(f32::to_be_bytes).concat()),
            file("<f8", false, "(2, 3)", &EXPECTED.map(|x| f64::from(x).to_le_bytes()).concat()),
            file("<f4", true, "(2, 3)", &fortran.map(f32::to_le_bytes).concat()),
            file("<f2", false, "(2, 3)", &halves),
        ];
        for file in &files {
            let features = read(file.path(), Layout::TimeFirst, Some(3)).expect("reads");
            assert_eq!((features.length, features.channels, features.row(1)), (2, 3, &EXPECTED[3..]));
            let flipped = read(file.path(), Layout::ChannelsFirst, None).expect("reads");
            assert_eq!((flipped.length, flipped.channels, flipped.row(2)), (3, 2, &[-3.0, 6.0][..]));
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("v.npy");
        let features = Features { length: 3, channels: 2, values: EXPECTED.to_vec() };
        write(&path, &features).expect("written");
        assert_eq!(read(&path, Layout::TimeFirst, Some(2)).expect("reads"), features);
    }

    #[test]
    fn faults_say_what_is_wrong() {
        let data = EXPECTED.map(f32::to_le_bytes).concat();
        let message = |file: &tempfile::NamedTempFile| {
            read(file.path(), Layout::TimeFirst, Some(3)).expect_err("faulty").to_string()
        };
        assert!(message(&file("<f4", false, "(2, 3)", &data[..20])).contains("cut off"));
        assert!(message(&file("<f4", false, "(3, 2)", &data)).contains("the model takes 3 channels"));
        assert!(message(&file("<f4", false, "(6,)", &data)).contains("has 1 axes"));
        assert!(message(&file("<i4", false, "(2, 3)", &data)).contains("must hold float16"));
        assert!(message(&file("<f4", false, "(0, 3)", &[])).contains("must not be empty"));
        let nan = [1.0, 2.0, 3.0, 4.0, f32::NAN, 6.0].map(f32::to_le_bytes).concat();
        assert!(message(&file("<f4", false, "(2, 3)", &nan)).contains("snippet 1, channel 1 is not a finite number"));
        let text = tempfile::NamedTempFile::new().expect("a file");
        assert!(message(&text).contains("is no .npy file"));
        let absent = read(Path::new("/nowhere/v.npy"), Layout::TimeFirst, None).expect_err("absent").to_string();
        assert!(absent.starts_with("/nowhere/v.npy cannot be read"));
    }
}
