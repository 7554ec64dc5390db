//! The journal: a line an entry, each with a checksum, only ever appended to.

use serde::{Deserialize, Serialize};

use crate::project::Entry;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Number of the entry from 1; of `Saved` the number of the last entry that the file contains.
    pub n: u64,
    /// Unix time in seconds.
    pub time: f64,
    /// What happened.
    pub said: Said,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A person did this.
    Entry(Entry),
    /// A file of this digest contains all entries so far; "none" when there is no file. Written before the file is replaced.
    Saved(String),
}

/// FNV-1a with 64 bits: tells a torn line from a whole one, and one version of a file from another.
#[must_use]
pub(super) fn digest(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

/// The digest that stands for "there is no file".
pub(super) const NO_FILE: &str = "none";

/// The text of a line.
pub(super) fn text(line: &Line) -> String {
    // Of plain values: it cannot fail.
    let json = serde_json::to_string(line).unwrap_or_default();
    format!("{} {json}\n", digest(json.as_bytes()))
}

/// A journal as it was read.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Lines that are whole, in order; entries with a number that was there before are left out.
    pub(super) lines: Vec<Line>,
    /// Number of the last entry.
    pub(super) last: u64,
    /// Entries that must have been there and cannot be read.
    pub(super) lost: u64,
    /// Whether the last line is cut short, so that the next must begin on a line of its own.
    pub(super) torn: bool,
}

impl Journal {
    /// Reads what is whole. A write that was cut short leaves half a line; the one who wrote on began a new one.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut journal = Self { torn: !bytes.is_empty() && !bytes.ends_with(b"\n"), ..Self::default() };
        for bytes in bytes.split(|&byte| byte == b'\n') {
            let Some(line) = parse_line(bytes) else { continue };
            if matches!(line.said, Said::Entry(_)) {
                if line.n <= journal.last {
                    continue;
                }
                journal.lost += line.n - journal.last - 1;
                journal.last = line.n;
            }
            journal.lines.push(line);
        }
        journal
    }

    /// How far a file of this digest goes: the last line that says so.
    pub(super) fn reach(&self, digest: &str) -> Option<u64> {
        self.lines.iter().rev().find(|line| matches!(&line.said, Said::Saved(of) if of == digest)).map(|line| line.n)
    }
}

fn parse_line(bytes: &[u8]) -> Option<Line> {
    let (sum, json) = bytes.split_at_checked(16)?;
    let json = json.strip_prefix(b" ")?;
    (digest(json).as_bytes() == sum).then(|| serde_json::from_slice(json).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_lines_are_passed_over_and_repeated_ones_count_once() {
        let line = |n| text(&Line { n, time: 1.0, said: Said::Entry(Entry::Undo) });
        let whole = line(1) + &line(2)[..20] + "\n" + &line(2) + &line(2) + &line(3);
        let journal = Journal::parse(whole.as_bytes());
        assert_eq!((journal.last, journal.lost, journal.torn, journal.lines.len()), (3, 0, false, 3));
        let cut = Journal::parse(&whole.as_bytes()[..whole.len() - 5]);
        assert_eq!((cut.last, cut.torn), (2, true));
        let gap = Journal::parse((line(1) + &line(4)).as_bytes());
        assert_eq!((gap.last, gap.lost), (4, 2));
    }
}
