//! Documents that are written from the code say what the code says; every recipe that ships is valid.

use std::{fs, path::Path};

#[test]
fn the_table_of_configuration_keys_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md");
    let current = etad::config::markdown();
    if std::env::var_os("ETAD_BLESS").is_some() {
        fs::write(&path, &current).expect("docs/config.md is writable");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == current, "docs/config.md is out of date: ETAD_BLESS=1 cargo test --test it docs");
}

#[test]
fn every_shipped_recipe_is_valid() {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut count = 0;
    for entry in fs::read_dir(configs).expect("configs/") {
        let path = entry.expect("entry").path();
        etad::config::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
        count += 1;
    }
    assert!(count > 0);
}
