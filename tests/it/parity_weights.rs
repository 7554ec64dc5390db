//! Checkpoints by PyTorch itself are read to the last bit, and never executed.

use etad::model::{import, read_pytorch};

use crate::compared::comparisons;
use crate::expected::ExpectedFile;
use crate::fixtures;

fn zip_and_legacy_files_hold_what_pytorch_wrote() {
    let expected = ExpectedFile::load("pth/expected.json");
    for (source, file) in
        [("opentad", "opentad_zip"), ("opentad", "opentad_legacy"), ("tsp", "tsp_zip"), ("tsp", "tsp_legacy")]
    {
        let read = read_pytorch(&fixtures::path(&format!("pth/{file}.pth"))).expect(file);
        let tensors = expected.root().at(source).entries();
        let floats = tensors.iter().filter(|(_, tensor)| tensor.value()["dtype"] != "torch.int64");
        assert_eq!(read.tensors.len(), floats.clone().count(), "{file}");
        for (name, tensor) in floats {
            let found = read.tensors.get(*name).unwrap_or_else(|| panic!("{file} lacks {name}"));
            tensor.at("shape").equals(found.shape.clone());
            // float32 holds halves exactly, and doubles rounded once.
            let values: Vec<f32> = tensor.at("values").numbers().into_iter().map(|value| value as f32).collect();
            assert_eq!(found.values, values, "{file} {name}");
            tensor.at("values").checked();
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

fn hostile_and_truncated_files_do_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let hostile = folder.path().join("hostile.pth");
    std::fs::copy(fixtures::path("pth/hostile.pth"), &hostile).expect("copied");
    drop(import(&hostile));
    for place in [folder.path(), std::path::Path::new(".")] {
        assert!(!place.join("pickle_was_executed").exists());
    }
    let error = import(&fixtures::path("pth/truncated.pth")).expect_err("refused").to_string();
    assert!(error.contains("truncated.pth is not a whole PyTorch checkpoint"), "{error}");
}

comparisons! {
    zip_and_legacy_files_hold_what_pytorch_wrote,
    hostile_and_truncated_files_do_no_harm,
}
