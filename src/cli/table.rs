//! What commands print on standard output: aligned tables for people, one JSON document for scripts.

use std::io::{ErrorKind, Write as _};

use anyhow::Context as _;
use serde::Serialize;

use super::exit::Outcome;

/// Prints a value as one JSON document.
pub(super) fn print_json(value: &impl Serialize) -> Outcome {
    print_line(&serde_json::to_string(value)?)
}

/// Prints one line. Whoever reads may have read enough (`etad eval … | head`): that is no failure, anything else is.
pub(super) fn print_line(line: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(()),
    }
}

/// Prints rows under a header, columns as wide as their longest cell; numbers to the right.
pub(super) fn print(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Outcome {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let columns = header.len();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let numeric = |column: usize| {
        !rows.is_empty() && rows.iter().all(|row| row.get(column).is_none_or(|cell| cell.parse::<f64>().is_ok()))
    };
    let right: Vec<bool> = (0..columns).map(numeric).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .zip(widths.iter().zip(&right))
            .map(|(cell, (width, right))| if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") })
            .collect();
        print_line(cells.join("  ").trim_end())
    };
    line(&mut header.iter().copied())?;
    rows.iter().try_for_each(|row| line(&mut row.iter().map(String::as_str)))
}
