//! Pictures as the reference's own libraries change them (`tests/fixtures/opencv/make_augment.py`), for tests.

use safetensors::SafeTensors;

/// A picture of the file by name, `[32][32][3]`.
pub(super) fn recorded(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/opencv/augment.safetensors");
    let bytes = std::fs::read(path).expect("the file of pictures");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    file.tensor(name).expect("a picture").data().to_vec()
}
