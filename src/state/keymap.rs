//! Which key does what: the deeds that have keys, presets of other programs, and a person's own changes.
//!
//! A chord is written "Ctrl+Shift+Left": what is held in this order, then the key as egui names it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::State;
pub use super::deeds::{DEEDS, Deed};

/// Keys that fingers know from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// This program's own, close to film editors.
    #[default]
    Default,
    /// CVAT and DIVE: D and F step a frame, C and V ten, Ctrl+B copies on, N makes.
    CvatDive,
    /// VIA: A begins or ends a segment, arrows step, Backspace deletes.
    Via,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Default, Self::CvatDive, Self::Via];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::CvatDive => "CVAT and DIVE",
            Self::Via => "VIA",
        }
    }

    /// Where it differs from the default.
    fn keys(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Default => &[],
            Self::CvatDive => &[
                ("frame.back", &["D", "Left"]),
                ("frame.forward", &["F", "Right"]),
                ("frames.back", &["C", "Ctrl+Left"]),
                ("frames.forward", &["V", "Ctrl+Right"]),
                ("mark.in", &["OpenBracket"]),
                ("mark.out", &["CloseBracket"]),
                ("mark.make", &["N", "Enter"]),
                ("error.next", &["E"]),
                ("error.previous", &["Shift+E"]),
                ("slower", &["Shift+OpenBracket"]),
                ("faster", &["Shift+CloseBracket"]),
                ("segment.next", &["Tab", "Period"]),
                ("segment.previous", &["Shift+Tab", "Comma"]),
                ("class.set", &["Shift+C"]),
                ("verify", &["Q"]),
                ("duplicate", &["Ctrl+B", "Ctrl+D"]),
            ],
            Self::Via => &[
                ("mark.in", &["A"]),
                ("mark.out", &["Shift+A"]),
                ("accept", &["Y"]),
                ("segment.start", &["Home", "Shift+S"]),
                ("segment.end", &["End", "Shift+E"]),
                ("segment.previous", &["Shift+Tab", "Comma"]),
                ("segment.next", &["Tab", "Period"]),
                ("delete", &["Backspace", "Delete"]),
                ("slower", &["Minus"]),
                ("faster", &["Plus", "Shift+Plus", "Equals"]),
            ],
        }
    }
}

/// Which keys do what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keymap {
    /// What it begins with.
    pub preset: Preset,
    /// Changes by the id of a deed.
    changes: BTreeMap<String, Vec<String>>,
}

impl Keymap {
    /// A preset without changes.
    #[must_use]
    pub fn of(preset: Preset) -> Self {
        Self { preset, changes: BTreeMap::new() }
    }

    /// The keys of a deed.
    #[must_use]
    pub fn keys(&self, deed: &Deed) -> Vec<String> {
        self.changes.get(deed.id).cloned().unwrap_or_else(|| {
            let own = self.preset.keys().iter().find(|(id, _)| *id == deed.id);
            own.map_or(deed.keys, |(_, keys)| keys).iter().map(|key| (*key).to_owned()).collect()
        })
    }

    /// What a chord does.
    #[must_use]
    pub fn deed_of(&self, chord: &str) -> Option<&'static Deed> {
        DEEDS.iter().find(|deed| self.keys(deed).iter().any(|key| key == chord))
    }

    /// Whether a deed's keys are not those of the preset.
    #[must_use]
    pub fn is_changed(&self, deed: &Deed) -> bool {
        self.changes.contains_key(deed.id)
    }

    /// Gives a chord to a deed as its only key; returns whatever had it and loses it.
    pub fn bind(&mut self, id: &'static str, chord: String) -> Option<&'static Deed> {
        let other = self.deed_of(&chord).filter(|other| other.id != id);
        if let Some(other) = other {
            let left = self.keys(other).into_iter().filter(|key| *key != chord).collect();
            self.changes.insert(other.id.to_owned(), left);
        }
        self.changes.insert(id.to_owned(), vec![chord]);
        other
    }

    /// Gives a deed the preset's keys back, as far as nothing else has them.
    pub fn reset(&mut self, id: &'static str) {
        self.changes.remove(id);
        let Some(deed) = DEEDS.iter().find(|deed| deed.id == id) else { return };
        let keys = self.keys(deed);
        let taken = |key: &String| DEEDS.iter().any(|other| other.id != id && self.keys(other).contains(key));
        let free: Vec<String> = keys.iter().filter(|key| !taken(key)).cloned().collect();
        if free != keys {
            self.changes.insert(id.to_owned(), free);
        }
    }

    /// The first key of a deed as people read it; none where it has lost all.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<String> {
        let deed = DEEDS.iter().find(|deed| deed.id == id)?;
        self.keys(deed).first().map(|key| readable(key))
    }

    /// The first key of a deed within a sentence: its words where it has none.
    #[must_use]
    pub fn named(&self, id: &str) -> String {
        let words = || DEEDS.iter().find(|deed| deed.id == id).map_or(id, |deed| deed.words);
        self.key(id).unwrap_or_else(|| format!("\u{201c}{}\u{201d} (no key)", words()))
    }

    /// The first key of a deed, for a tooltip: "Undo (Ctrl+Z)".
    #[must_use]
    pub fn hint(&self, id: &str) -> String {
        self.key(id).map(|key| format!(" ({key})")).unwrap_or_default()
    }
}

/// Gives a chord to a deed, and says what does without it from now on.
pub(super) fn bind(state: &mut State, id: &'static str, chord: String) {
    let class = Some(&chord).filter(|chord| chord.len() == 1).and_then(|chord| {
        let key = chord.chars().next()?.to_ascii_lowercase();
        state.class_of_key(key).filter(|_| state.settings.keymap.deed_of(chord).is_none()).map(str::to_owned)
    });
    let key = readable(&chord);
    if let Some(other) = state.settings.keymap.bind(id, chord) {
        let left = state.settings.keymap.keys(other);
        let left = left.first().map_or("no key now".to_owned(), |key| format!("{} left", readable(key)));
        let words = other.words;
        state.notices.told(format!("{key} was \u{201c}{words}\u{201d}, which has {left}. Reset gives it back."));
    } else if let Some(class) = class {
        state.notices.told(format!("{key} logged {class}, which has no key now: give it another one in Classes."));
    }
}

/// A chord as people read it.
#[must_use]
pub fn readable(chord: &str) -> String {
    let names = [
        ("OpenBracket", "["),
        ("CloseBracket", "]"),
        ("Comma", ","),
        ("Period", "."),
        ("Plus", "Plus"),
        ("Equals", "="),
    ];
    let mut parts: Vec<&str> = chord.split('+').collect();
    if let Some(last) = parts.last_mut()
        && let Some((_, sign)) = names.iter().find(|(name, _)| name == last)
    {
        *last = sign;
    }
    parts.join("+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_preset_gives_a_key_to_two_deeds() {
        for preset in Preset::ALL {
            let keymap = Keymap::of(preset);
            let mut seen = BTreeMap::new();
            for deed in DEEDS {
                for key in keymap.keys(deed) {
                    assert_eq!(seen.insert(key.clone(), deed.id), None, "{key} in {preset:?}");
                }
            }
            assert!(preset.keys().iter().all(|(id, _)| DEEDS.iter().any(|deed| deed.id == *id)));
        }
    }

    #[test]
    fn a_key_that_is_taken_moves_and_reset_brings_back_what_is_free() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.deed_of("S").map(|deed| deed.id), Some("split"));
        keymap.bind("merge", "S".to_owned());
        assert_eq!(keymap.deed_of("S").map(|deed| deed.id), Some("merge"));
        assert_eq!(keymap.hint("split"), "");
        keymap.reset("split");
        assert_eq!(keymap.hint("split"), "", "merge has it");
        keymap.reset("merge");
        keymap.reset("split");
        assert_eq!((keymap.hint("split"), keymap.hint("merge")), (" (S)".to_owned(), " (M)".to_owned()));
    }
}
