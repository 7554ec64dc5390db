//! The one place where a configuration key is written: name, type, default and meaning together.
//!
//! [`section!`] makes of it the struct that the program reads, its defaults, its TOML form with unknown keys as errors, and its
//! documentation, from which `docs/config.md` and the window's form are drawn.

/// A documented key of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Dotted path, as `--set` takes it.
    pub path: String,
    /// Type in words; for a choice the allowed words.
    pub kind: String,
    /// Default as TOML writes it.
    pub default: String,
    /// Meaning and source.
    pub meaning: String,
}

/// What can stand in a configuration: a section with keys, or a value.
pub trait Documented: serde::Serialize + Default {
    /// Appends the keys at and below `path`.
    fn keys(path: &str, meaning: &str, default: &Self, out: &mut Vec<Key>);
}

/// Appends one plain key.
pub fn plain_key<T: serde::Serialize>(path: &str, kind: &str, meaning: &str, default: &T, out: &mut Vec<Key>) {
    let default = toml::Value::try_from(default).map_or_else(|_| "(none)".to_owned(), |value| value.to_string());
    out.push(Key { path: path.to_owned(), kind: kind.to_owned(), default, meaning: meaning.to_owned() });
}

macro_rules! plain_values {
    ($($type:ty => $kind:literal),* $(,)?) => {$(
        impl Documented for $type {
            fn keys(path: &str, meaning: &str, default: &Self, out: &mut Vec<Key>) {
                plain_key(path, $kind, meaning, default, out);
            }
        }
    )*};
}

plain_values! {
    bool => "true or false",
    usize => "whole number",
    u64 => "whole number",
    f64 => "number",
    String => "text",
    Option<usize> => "whole number, or absent",
    Option<f64> => "number, or absent",
    Option<String> => "text, or absent",
    Vec<f64> => "list of numbers",
    Vec<usize> => "list of whole numbers",
    Vec<String> => "list of texts",
}

/// Declares a section: documented fields with defaults.
macro_rules! section {
    ($(#[doc = $about:literal])* pub struct $Name:ident {
        $($(#[doc = $meaning:literal])+ $field:ident : $type:ty = $default:expr),* $(,)?
    }) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $Name { $($(#[doc = $meaning])+ pub $field: $type),* }

        impl Default for $Name {
            fn default() -> Self { Self { $($field: $default),* } }
        }

        impl $crate::config::Documented for $Name {
            fn keys(path: &str, _: &str, default: &Self, out: &mut Vec<$crate::config::Key>) {
                $(
                    let name = stringify!($field);
                    let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    <$type as $crate::config::Documented>::keys(&below, concat!($($meaning),+).trim(), &default.$field, out);
                )*
            }
        }
    };
}

/// Declares a choice between words.
macro_rules! choice {
    ($(#[doc = $about:literal])* pub enum $Name:ident {
        $($(#[doc = $meaning:literal])+ $Variant:ident = $word:literal),* $(,)?
    } default $Default:ident) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $Name { $($(#[doc = $meaning])+ #[serde(rename = $word)] $Variant),* }

        impl Default for $Name {
            fn default() -> Self { Self::$Default }
        }

        impl $crate::config::Documented for $Name {
            fn keys(path: &str, meaning: &str, default: &Self, out: &mut Vec<$crate::config::Key>) {
                $crate::config::plain_key(path, &[$($word),*].join(" | "), meaning, default, out);
            }
        }
    };
}

pub(crate) use {choice, section};
