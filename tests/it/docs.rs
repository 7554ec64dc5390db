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

/// Spec 1 and 8: sizes that follow from the recipes of the reference.
#[test]
fn the_references_recipes_have_the_references_sizes() {
    use etad::config::{Config, ProposalStrategy, Source};
    use etad::domain::{Draw, Purpose};
    use etad::model::weights::parameters;
    use etad::model::{Detector, contradiction, proposals};

    let load = |name: &str| -> Config {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("configs/{name}.toml"));
        etad::config::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"))
    };
    // Recipe, sampled proposals, grid proposals, detector parameters, batch, epochs.
    let expected = [
        ("anet_tsp", 495, Some(496), 8_518_298, 16, 6),
        ("e2e_anet_tsp", 495, Some(496), 8_518_298, 4, 6),
        ("e2e_anet_tsp_official", 495, None, 10_343_450, 4, 6),
        ("thumos_i3d", 617, Some(610), 5_371_802, 16, 8),
    ];
    for (name, sampled, grid, size, batch, epochs) in expected {
        let config = load(name);
        assert_eq!(contradiction(&config.model, &config.encoder), None, "{name}");
        assert_eq!((config.name.as_str(), config.solver.batch_size, config.solver.epochs), (name, batch, epochs));
        let model = &config.model;
        let sample = |strategy| {
            let settings = etad::config::Proposals { strategy, ..model.proposals.clone() };
            proposals::sample(&settings, model.tscale, model.dscale, &mut Draw::new(1, Purpose::Proposals, &[])).len()
        };
        assert_eq!(sample(ProposalStrategy::Random), sampled, "{name}");
        if let Some(grid) = grid {
            assert_eq!(sample(ProposalStrategy::Grid), grid, "{name}");
        }
        let detector = Detector::new(model, 0, 1, &burn::tensor::Device::flex());
        let found: usize = parameters(&detector).iter().map(|one| one.shape.iter().product::<usize>()).sum();
        assert_eq!(found, size, "{name}");
        assert_eq!(config.data.source == Source::Videos, name.starts_with("e2e"), "{name}");
        // What a checkpoint carries reads back as the same recipe.
        let text = config.to_toml().expect("serialises");
        assert_eq!(etad::config::parse(&text, name, &[]).expect("valid"), config);
    }
    let (anet, thumos) = (load("anet_tsp"), load("thumos_i3d"));
    assert_eq!((anet.post.nms.sigma, anet.post.nms.max_detections, anet.post.nms.voting_threshold), (0.35, 100, 0.0));
    assert_eq!(
        (thumos.post.nms.sigma, thumos.post.nms.max_detections, thumos.post.nms.voting_threshold),
        (0.3, 200, 0.95)
    );
    assert_eq!((anet.optimizer.detector_rate, thumos.optimizer.detector_rate), (1e-3, 1e-4));
    assert_eq!(load("e2e_anet_tsp").optimizer.encoder_rate, 5e-7);
}
