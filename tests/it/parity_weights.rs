//! Checkpoints by PyTorch itself are read to the last bit, and never executed.

use etad::model::{import, read_pytorch};

use crate::fixtures;

#[test]
fn zip_and_legacy_files_hold_what_pytorch_wrote() {
    let expected = fixtures::json("pth/expected.json");
    for (source, file) in
        [("opentad", "opentad_zip"), ("opentad", "opentad_legacy"), ("tsp", "tsp_zip"), ("tsp", "tsp_legacy")]
    {
        let read = read_pytorch(&fixtures::path(&format!("pth/{file}.pth"))).expect(file);
        let expected = expected[source].as_object().expect("a table");
        let floats = expected.iter().filter(|(_, tensor)| tensor["dtype"] != "torch.int64");
        assert_eq!(read.tensors.len(), floats.clone().count(), "{file}");
        for (name, tensor) in floats {
            let found = read.tensors.get(name).unwrap_or_else(|| panic!("{file} lacks {name}"));
            let numbers =
                |key: &str| tensor[key].as_array().expect("numbers").iter().map(|n| n.as_f64().expect("a number"));
            assert_eq!(found.shape, numbers("shape").map(|size| size as usize).collect::<Vec<_>>(), "{file} {name}");
            // float32 holds halves exactly, and doubles rounded once.
            assert_eq!(found.values, numbers("values").map(|value| value as f32).collect::<Vec<_>>(), "{file} {name}");
        }
    }
}

#[test]
fn imported_names_are_ours_without_classifiers() {
    let names = |file: &str| -> Vec<String> {
        let weights = import(&fixtures::path(file)).expect(file);
        weights.tensors.into_keys().collect()
    };
    let backbone = "backbone.model.backbone";
    let tsp = [format!("{backbone}.stem.0.weight"), format!("{backbone}.stem.1.running_var")];
    assert_eq!(names("pth/tsp_zip.pth"), tsp);
    assert!(names("pth/opentad_legacy.pth").contains(&"projection.convs.0.conv.weight".to_owned()));
}

#[test]
fn hostile_and_truncated_files_do_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let hostile = folder.path().join("hostile.pth");
    std::fs::copy(fixtures::path("pth/hostile.pth"), &hostile).expect("copied");
    let error = import(&hostile).expect_err("refused").to_string();
    assert!(error.contains("hostile.pth would call posix.system"), "{error}");
    for place in [folder.path(), std::path::Path::new(".")] {
        assert!(!place.join("pickle_was_executed").exists());
    }
    let error = import(&fixtures::path("pth/truncated.pth")).expect_err("refused").to_string();
    assert!(error.contains("truncated.pth is not a whole PyTorch checkpoint"), "{error}");
}
