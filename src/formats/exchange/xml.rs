//! As much XML as ELAN's files need: tags in their order, with attributes and text.

use std::fmt::Write as _;

/// What comes next in a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// A tag opens; an empty one closes at once with a [`Piece::Close`] of its own.
    Open(String, Vec<(String, String)>),
    /// A tag closes.
    Close(String),
    /// Text between tags.
    Text(String),
}

/// The pieces of a document; none when it is not XML.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let (words, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            if !words.trim().is_empty() {
                pieces.push(Piece::Text(plain(words)));
            }
            rest = after;
            continue;
        };
        let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>"), ("!", ">")];
        if let Some((begin, end)) = skipped.into_iter().find(|(begin, _)| tag.starts_with(begin)) {
            let at = tag.find(end)?;
            if begin == "![CDATA[" {
                pieces.push(Piece::Text(tag[begin.len()..at].to_owned()));
            }
            rest = &tag[at + end.len()..];
            continue;
        }
        let at = closing(tag)?;
        let (inside, after) = (&tag[..at], &tag[at + 1..]);
        if let Some(name) = inside.strip_prefix('/') {
            pieces.push(Piece::Close(name.trim().to_owned()));
        } else {
            let (inside, empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
            let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
            pieces.push(Piece::Open(name.to_owned(), self::attributes(attributes)?));
            if empty {
                pieces.push(Piece::Close(name.to_owned()));
            }
        }
        rest = after;
    }
    Some(pieces)
}

/// Where a tag ends: the first > that no quotes enclose.
fn closing(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.char_indices().find_map(|(at, letter)| {
        match (quote, letter) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            _ => {}
        }
        None
    })
}

fn attributes(text: &str) -> Option<Vec<(String, String)>> {
    let mut attributes = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
        let (value, after) = after[1..].split_once(quote)?;
        attributes.push((name.trim().to_owned(), plain(value)));
        rest = after.trim_start();
    }
    Some(attributes)
}

/// Text without entities.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let entity = rest[at + 1..].split_once(';').filter(|(name, _)| name.len() < 10);
        let letter = entity.and_then(|(name, _)| match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            }
        });
        match (entity, letter) {
            (Some((_, after)), Some(letter)) => {
                out.push(letter);
                rest = after;
            }
            _ => {
                out.push('&');
                rest = &rest[at + 1..];
            }
        }
    }
    out + rest
}

/// Text as it stands in a document.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Line breaks within attributes would become spaces.
            '\n' | '\r' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out
}
