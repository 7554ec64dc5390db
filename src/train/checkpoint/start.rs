//! Weights from elsewhere: of another run, whose classes may be others, or of another program (spec 3.2, 18).

use std::path::Path;

use burn::tensor::Device;

use super::{CLASSES, CheckpointError, Header, Position, fill, fresh, metadata};
use crate::config::Config;
use crate::domain::ClassList;
use crate::model::weights::{Array, Named, Weights};
use crate::model::{Encoder, import};
use crate::train::step::Engine;

/// What all names of the class head's parameters begin with.
const CLASS_HEAD: &str = "roi_head.class_head.";
/// What the names of its last layer begin with, which has a row a class.
const CLASS_ROWS: &str = "roi_head.class_head.head.";

/// Puts the weights of any file in the network that is about to train on `classes`: of a file with an encoder alone, its
/// encoder. Rows of the class head go by class name; a class that the file does not know keeps its drawn start. Gives back
/// what a person should know of that.
///
/// # Errors
/// When the file cannot be read or is another model's.
pub fn fill_start(engine: &mut Engine, path: &Path, classes: &ClassList) -> Result<Vec<String>, CheckpointError> {
    let mut weights = import(path)?;
    if !has_detector(&weights) {
        fill_encoder(engine, path)?;
        return Ok(Vec::new());
    }
    let drawn = Weights::default().with(&engine.detector);
    let known = weights.metadata.get(CLASSES).and_then(|names| serde_json::from_str::<ClassList>(names).ok());
    let notes = adapt_classes(&mut weights, &drawn, known.as_ref(), classes);
    fill(engine, &weights).map_err(|error| error.of(path))?;
    Ok(notes.into_iter().map(|note| format!("{}: {note}", path.display())).collect())
}

/// Makes the class head of `weights`, which names `known` classes, one for `classes`, with rows of `drawn` for new ones.
fn adapt_classes(
    weights: &mut Weights,
    drawn: &Weights,
    known: Option<&ClassList>,
    classes: &ClassList,
) -> Option<String> {
    let has_head = |weights: &Weights| weights.tensors.keys().any(|name| name.starts_with(CLASS_HEAD));
    match (has_head(weights), has_head(drawn)) {
        (false, false) => return None,
        (true, false) => {
            weights.tensors.retain(|name, _| !name.starts_with(CLASS_HEAD));
            return Some("its class head is left out, as model.head.classes is false".to_owned());
        }
        (false, true) => {
            start_afresh(weights, drawn, CLASS_HEAD);
            return Some("it has no class head; the one here starts from drawn weights".to_owned());
        }
        (true, true) => {}
    }
    let Some(known) = known else {
        let shapes = |weights: &Weights| {
            let rows = weights.tensors.iter().filter(|(name, _)| name.starts_with(CLASS_ROWS));
            rows.map(|(name, array)| (name.clone(), array.shape.clone())).collect::<Vec<_>>()
        };
        if shapes(weights) == shapes(drawn) {
            return Some("it does not name its classes; they are taken for the ones here, in this order".to_owned());
        }
        start_afresh(weights, drawn, CLASS_ROWS);
        return Some("it does not name its classes, and has another number; all start from drawn weights".to_owned());
    };
    if known == classes {
        return None;
    }
    for (name, new) in drawn.tensors.iter().filter(|(name, _)| name.starts_with(CLASS_ROWS)) {
        if let Some(old) = weights.tensors.get(name) {
            let joined = rows_by_name(old, new, known, classes);
            weights.tensors.insert(name.clone(), joined);
        }
    }
    let without = |names: &ClassList, others: &ClassList| {
        names.names().iter().filter(|name| others.index(name).is_none()).cloned().collect::<Vec<_>>().join(", ")
    };
    let said = [("new, from drawn weights", without(classes, known)), ("dropped", without(known, classes))];
    let said: Vec<String> = said
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what}: {names}"))
        .collect();
    (!said.is_empty()).then(|| format!("its classes differ from the ones here; {}", said.join("; ")))
}

/// The rows `[classes, …]` of `new`, with those of `old` where both know the class.
fn rows_by_name(old: &Array, new: &Array, known: &ClassList, classes: &ClassList) -> Array {
    let mut joined = new.clone();
    let width: usize = new.shape.iter().skip(1).product();
    if old.shape.get(1..) != new.shape.get(1..) {
        // Another model, which the fit names.
        return old.clone();
    }
    for (row, name) in joined.values.chunks_exact_mut(width.max(1)).zip(classes.names()) {
        let from = known.index(name).and_then(|index| old.values.get(index * width..(index + 1) * width));
        if let Some(from) = from {
            row.copy_from_slice(from);
        }
    }
    joined
}

/// Replaces everything whose name begins with `prefix` by what was drawn.
fn start_afresh(weights: &mut Weights, drawn: &Weights, prefix: &str) {
    weights.tensors.retain(|name, _| !name.starts_with(prefix));
    let fresh = drawn.tensors.iter().filter(|(name, _)| name.starts_with(prefix));
    weights.tensors.extend(fresh.map(|(name, array)| (name.clone(), array.clone())));
}

/// Puts the encoder of a file in the network, whatever else the file holds.
///
/// # Errors
/// When the file cannot be read, or its encoder is another one.
pub fn fill_encoder(engine: &mut Engine, path: &Path) -> Result<(), CheckpointError> {
    let weights = import(path)?;
    let Some(encoder) = engine.encoder.clone() else {
        return Err(CheckpointError::NoEncoder { path: path.display().to_string() });
    };
    let (encoder, mismatch) = weights.fit(encoder);
    mismatch.check().map_err(|error| CheckpointError::from(error).of(path))?;
    engine.encoder = Some(encoder);
    Ok(())
}

/// Whether there is more than an encoder.
fn has_detector(weights: &Weights) -> bool {
    weights.tensors.keys().any(|name| !name.starts_with(<Encoder as Named>::PREFIX))
}

/// Weights of another program as a checkpoint of this one: they must fit the configuration's network. An encoder alone is given back as it
/// is, for `encoder.weights`; the flag tells whether it is a whole checkpoint.
///
/// # Errors
/// When the file cannot be read or is another model's.
pub fn adopt(path: &Path, config: &Config, classes: &ClassList) -> Result<(Weights, bool), CheckpointError> {
    let mut weights = import(path)?;
    let mut engine = fresh(config, classes, &Device::flex());
    if !has_detector(&weights) {
        fill_encoder(&mut engine, path)?;
        return Ok((weights, false));
    }
    fill(&mut engine, &weights).map_err(|error| error.of(path))?;
    let header = Header { config: config.clone(), classes: classes.clone(), data: String::new() };
    weights.metadata = metadata(&header, &Position::default())?;
    Ok((weights, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(classes: bool) -> Config {
        let mut config = Config::default();
        (config.model.in_channels, config.model.hidden, config.model.groups) = (8, 8, 2);
        (config.model.tscale, config.model.dscale, config.model.norm_groups) = (8, 8, 2);
        (config.model.head.features, config.model.head.fc_channels) = (8, 8);
        (config.model.roi.bins, config.model.head.classes) = (4, classes);
        config
    }

    fn names(text: &str) -> ClassList {
        ClassList::new(text.split_whitespace().map(str::to_owned))
    }

    fn weights(engine: &Engine) -> Weights {
        Weights::default().with(&engine.detector)
    }

    fn row(weights: &Weights, name: &str, row: usize) -> Vec<f32> {
        let array = &weights.tensors[name];
        let width: usize = array.shape[1..].iter().product();
        array.values[row * width..(row + 1) * width].to_vec()
    }

    #[test]
    fn rows_of_the_class_head_go_by_name_and_new_ones_keep_their_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("five.safetensors");
        let device = Device::flex().autodiff();
        let (five, seven) = (names("a b c d e"), names("e x a d y c b"));
        let mut stored = config(true);
        stored.seed = 7;
        let engine = fresh(&stored, &five, &device);
        let mut old = weights(&engine);
        // Biases are drawn too, but rows must be told apart whatever is drawn.
        let bias = old.tensors.get_mut("roi_head.class_head.head.bias").expect("a bias");
        bias.values.iter_mut().enumerate().for_each(|(index, value)| *value = 10.0 + index as f32);
        let header = Header { config: stored, classes: five.clone(), data: String::new() };
        old.metadata = metadata(&header, &Position::default()).expect("a header");
        old.write(&path).expect("written");

        let drawn = weights(&fresh(&config(true), &seven, &device));
        let mut engine = fresh(&config(true), &seven, &device);
        let notes = fill_start(&mut engine, &path, &seven).expect("fits");
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains("new, from drawn weights: x, y") && !notes[0].contains("dropped"), "{notes:?}");
        let new = weights(&engine);
        for name in ["roi_head.class_head.head.weight", "roi_head.class_head.head.bias"] {
            for (index, class) in seven.names().iter().enumerate() {
                match five.index(class) {
                    Some(known) => assert_eq!(row(&new, name, index), row(&old, name, known), "{name} of {class}"),
                    None => assert_eq!(row(&new, name, index), row(&drawn, name, index), "{name} of {class}"),
                }
            }
        }
        let rest = |weights: &Weights| {
            let rest = weights.tensors.iter().filter(|(name, _)| !name.starts_with(CLASS_ROWS));
            rest.map(|(name, array)| (name.clone(), array.clone())).collect::<Vec<_>>()
        };
        assert_eq!(rest(&new), rest(&old), "all else is the file's");

        // As many classes in another order, and fewer.
        let mixed = names("c a b e d");
        let mut engine = fresh(&config(true), &mixed, &device);
        assert!(fill_start(&mut engine, &path, &mixed).expect("fits").is_empty(), "nothing new, nothing dropped");
        assert_eq!(weights(&engine).tensors["roi_head.class_head.head.bias"].values, [12.0, 10.0, 11.0, 14.0, 13.0]);
        let fewer = names("d a");
        let mut engine = fresh(&config(true), &fewer, &device);
        let notes = fill_start(&mut engine, &path, &fewer).expect("fits");
        assert!(notes[0].contains("dropped: b, c, e"), "{notes:?}");
        assert_eq!(weights(&engine).tensors["roi_head.class_head.head.bias"].values, [13.0, 10.0]);
    }

    #[test]
    fn a_class_head_on_one_side_only_is_no_obstacle() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        let device = Device::flex().autodiff();
        let classes = names("a b");
        weights(&fresh(&config(false), &classes, &device)).write(&path).expect("written");
        let drawn = weights(&fresh(&config(true), &classes, &device));
        let mut engine = fresh(&config(true), &classes, &device);
        let notes = fill_start(&mut engine, &path, &classes).expect("fits");
        assert!(notes[0].contains("no class head"), "{notes:?}");
        let name = "roi_head.class_head.head.weight";
        assert_eq!(weights(&engine).tensors[name], drawn.tensors[name]);

        drawn.write(&path).expect("written");
        let mut engine = fresh(&config(false), &classes, &device);
        let notes = fill_start(&mut engine, &path, &classes).expect("fits");
        assert!(notes[0].contains("left out"), "{notes:?}");
    }
}
