//! Errors as sentences for a person.

/// A message of several lines as one: what quotes a file (a TOML error shows the line, with a gutter) is left out.
fn one_line(text: &str) -> String {
    let quotes = |line: &str| {
        line.trim_start().trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start().starts_with('|')
    };
    text.lines().filter(|line| !quotes(line)).map(str::trim).collect::<Vec<_>>().join(" ")
}

/// An error with its causes as one sentence that ends like one.
pub fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = one_line(&error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = one_line(&cause.to_string());
        // Many errors name their cause themselves.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_quotes_its_file_is_one_line() {
        let error = toml::from_str::<toml::Table>("a = 1\n[b").expect_err("cut short");
        let text = sentence(&error);
        assert!(!text.contains(['\n', '|']) && text.starts_with("TOML parse error at line 2"), "{text}");
    }
}
