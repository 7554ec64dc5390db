//! The table of all keys, as `docs/config.md` shows it.

use super::Config;

/// All keys with type, default and meaning as a Markdown document.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# Configuration keys\n\n\
         A recipe is a TOML file; what it does not say has the default below. `--set section.key=value` changes a key for one run.\n\
         Unknown keys are errors. \"spec\" names the section of the ETAD specification that a value comes from.\n\n\
         This page is written from the declarations in `src/config/` (`ETAD_BLESS=1 cargo test --test it docs`).\n",
    );
    let mut section = None;
    for key in Config::reference() {
        let (parent, name) = key.path.rsplit_once('.').unwrap_or(("", &key.path));
        if section.as_deref() != Some(parent) {
            let title = if parent.is_empty() { "Top level".to_owned() } else { format!("`[{parent}]`") };
            text.push_str(&format!("\n## {title}\n\n| key | type | default | meaning |\n|---|---|---|---|\n"));
            section = Some(parent.to_owned());
        }
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        text.push_str(&format!(
            "| `{name}` | {} | `{}` | {} |\n",
            cell(&key.kind),
            cell(&key.default),
            cell(&key.meaning)
        ));
    }
    text
}
