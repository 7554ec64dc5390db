//! What commands print on standard output: aligned tables for people, one JSON document for scripts.

use std::io::Write as _;

use serde::Serialize;

/// Prints a value as one JSON document.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(value)?);
    Ok(())
}

/// Prints one line. Whoever reads may have read enough (`etad eval … | head`): that is no failure.
pub(super) fn print_line(line: &str) {
    writeln!(std::io::stdout(), "{line}").ok();
}

/// Prints rows under a header, columns as wide as their longest cell; numbers to the right.
pub(super) fn print(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
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
        print_line(cells.join("  ").trim_end());
    };
    line(&mut header.iter().copied());
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
}
