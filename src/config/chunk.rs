//! `encoder.chunk`: a number of snippets, or the word "auto".

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Documented, Key, plain_key};

/// Snippets that the reference passes at once (spec 7.3), by which "auto" rounds.
const REFERENCE: usize = 4;
const AUTO: &str = "auto";

/// In what portions snippets pass the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// As many at once as memory allows.
    Auto,
    /// So many.
    Fixed(usize),
}

impl Chunk {
    /// Snippets to whole multiples of which the number that learns is rounded (spec 7.3).
    #[must_use]
    pub fn rounding(self) -> usize {
        match self {
            Self::Auto => REFERENCE,
            Self::Fixed(snippets) => snippets.max(1),
        }
    }
}

impl Default for Chunk {
    fn default() -> Self {
        Self::Fixed(REFERENCE)
    }
}

impl Serialize for Chunk {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => out.serialize_str(AUTO),
            Self::Fixed(snippets) => snippets.serialize(out),
        }
    }
}

impl<'de> Deserialize<'de> for Chunk {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(usize),
            Word(String),
        }
        let wrong = || de::Error::custom("expected a whole number of snippets, or \"auto\"");
        match Form::deserialize(from).map_err(|_| wrong())? {
            Form::Number(snippets) => Ok(Self::Fixed(snippets)),
            Form::Word(word) if word == AUTO => Ok(Self::Auto),
            Form::Word(_) => Err(wrong()),
        }
    }
}

impl Documented for Chunk {
    fn keys(path: &str, meaning: &str, default: &Self, out: &mut Vec<Key>) {
        plain_key(path, "whole number, or \"auto\"", meaning, default, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn a_number_or_auto_and_nothing_else() {
        let chunk = |text: &str| parse("", "x", &[format!("encoder.chunk={text}")]).map(|config| config.encoder.chunk);
        assert_eq!(chunk("auto").expect("a word"), Chunk::Auto);
        assert_eq!(chunk("16").expect("a number"), Chunk::Fixed(16));
        for wrong in ["many", "-1", "1.5"] {
            let said = chunk(wrong).expect_err(wrong).to_string();
            assert!(said.contains("or \"auto\""), "{said}");
        }
    }

    #[test]
    fn how_many_pass_at_once_can_be_told_apart_from_the_rounding() {
        let config = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
            parse("", "x", &settings).expect("valid").encoder
        };
        assert_eq!(config(&[]).at_once(), 4);
        assert_eq!(config(&["encoder.chunk=16", "encoder.at_once=2"]).at_once(), 2);
        let auto = config(&["encoder.chunk=auto"]);
        assert_eq!((auto.at_once(), auto.chunk.rounding()), (4, 4));
    }
}
