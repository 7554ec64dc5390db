//! From file and overrides to a [`Config`].

use std::path::Path;

use super::Config;

/// Why a configuration cannot be used; each is one sentence for a person.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}")]
    Read {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The text is not TOML, or a key or value is wrong.
    #[error("the configuration {origin} is not right: {message}")]
    Parse {
        /// File, or where the text came from.
        origin: String,
        /// What is wrong and where.
        message: String,
    },
    /// A `--set` that cannot be applied.
    #[error("--set {assignment}: {message}")]
    Override {
        /// As typed.
        assignment: String,
        /// What is wrong.
        message: String,
    },
}

/// Reads a configuration file and applies `overrides` ("a.b=value") in order.
///
/// # Errors
/// When the file cannot be read, is not TOML, has an unknown key or a value of the wrong type, or when an override does.
pub fn load(path: &Path, overrides: &[String]) -> Result<Config, ConfigError> {
    let origin = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: origin.clone(), source })?;
    parse(&text, &origin, overrides)
}

/// As [`load`], from text; `origin` names it in errors.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, origin: &str, overrides: &[String]) -> Result<Config, ConfigError> {
    let wrong = |message: String| ConfigError::Parse { origin: origin.to_owned(), message };
    // Read once before the overrides, so that an error points at its line in the file.
    toml::from_str::<Config>(text).map_err(|error| wrong(in_one_line(&error, text)))?;
    let mut table: toml::Table = text.parse().map_err(|error| wrong(in_one_line(&error, text)))?;
    for assignment in overrides {
        let fail =
            |message: &str| ConfigError::Override { assignment: assignment.clone(), message: message.to_owned() };
        set(&mut table, assignment).map_err(|message| fail(&message))?;
        table.clone().try_into::<Config>().map_err(|error| fail(&in_one_line(&error, "")))?;
    }
    table.try_into().map_err(|error: toml::de::Error| wrong(in_one_line(&error, "")))
}

/// What is wrong and in which line, without the picture of it that TOML's error draws.
fn in_one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => format!("line {}: {message}", before.matches('\n').count() + 1),
        None => message,
    }
}

/// Writes "a.b=value" into a table; a value that is not TOML is text.
fn set(table: &mut toml::Table, assignment: &str) -> Result<(), String> {
    let (path, value) = assignment.split_once('=').ok_or("write it as key=value")?;
    let value = format!("x = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("x"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let mut keys: Vec<&str> = path.trim().split('.').collect();
    let last = keys.pop().filter(|key| !key.is_empty()).ok_or("the key is empty")?;
    let mut place = table;
    for key in keys {
        place = place
            .entry(key)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("{key} is a value, not a section"))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_wins_over_the_file_and_the_file_over_the_default() {
        let config =
            parse("[solver]\nepochs = 3\nbatch_size = 5", "x", &["solver.epochs=7".to_owned()]).expect("valid");
        assert_eq!((config.solver.epochs, config.solver.batch_size), (7, 5));
        let text = parse("", "x", &["name=my run".to_owned()]).expect("valid");
        assert_eq!(text.name, "my run");
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line_in_the_file_and_in_an_override() {
        let in_file = parse("[solver]\nepoch = 3", "my.toml", &[]).expect_err("unknown key").to_string();
        assert!(in_file.contains("my.toml") && in_file.contains("epoch") && in_file.contains("line 2"), "{in_file}");
        for text in ["[solver]\n\nepochs = [", "[solver\nepochs = 3", "seed = 1\nseed = 2", "seed = \"a\""] {
            let told = parse(text, "my.toml", &[]).expect_err("not right").to_string();
            assert!(told.contains("line ") && !told.contains('\n'), "{told}");
        }
        let in_set = parse("", "my.toml", &["solver.epoch=3".to_owned()]).expect_err("unknown key").to_string();
        assert!(in_set.contains("solver.epoch=3") && in_set.contains("unknown field"), "{in_set}");
    }

    #[test]
    fn the_resolved_configuration_reads_back_as_itself() {
        let config = Config::default();
        let text = config.to_toml().expect("serialises");
        assert_eq!(parse(&text, "x", &[]).expect("valid"), config);
    }

    #[test]
    fn every_key_has_a_meaning() {
        let keys = Config::reference();
        assert!(keys.len() > 60);
        for key in keys {
            assert!(key.meaning.len() > 10, "{} has no meaning", key.path);
        }
    }
}
