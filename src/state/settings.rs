//! What is remembered between sessions.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::keymap::Keymap;
use super::{LaneMode, LossSplit, TrainRequest};

/// Dark, light, or as the system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// Dark, the default: pictures are judged on a dark ground.
    #[default]
    Dark,
    /// Light.
    Light,
    /// As the system has it.
    System,
}

/// Settings of the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Theme.
    pub theme: ThemeChoice,
    /// Size of everything, 1 as the display asks.
    pub scale: f32,
    /// How the loss is divided into its terms.
    pub loss_split: LossSplit,
    /// How much of what was before a drawn value of a curve keeps, 0..1.
    pub smooth: f32,
    /// Whether the loss is drawn on a logarithmic scale.
    pub log_scale: bool,
    /// Trainings that wait for their turn.
    pub queue: Vec<TrainRequest>,
    /// What was opened lately, newest first.
    pub recent: Vec<PathBuf>,
    /// Who annotates; goes into every new segment.
    pub annotator: String,
    /// Reaction time in seconds, by which logging while playing goes back.
    pub reaction: f64,
    /// How the timeline divides segments into lanes.
    pub lanes: LaneMode,
    /// Whether the timeline follows the playhead.
    pub follow: bool,
    /// Whether accepting and rejecting a detection go on to the next thing to judge.
    pub go_on: bool,
    /// Which keys do what.
    pub keymap: Keymap,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            scale: 1.0,
            loss_split: LossSplit::default(),
            smooth: 0.6,
            log_scale: false,
            queue: Vec::new(),
            recent: Vec::new(),
            annotator: String::new(),
            reaction: 0.0,
            lanes: LaneMode::default(),
            follow: true,
            go_on: true,
            keymap: Keymap::default(),
        }
    }
}

/// Recent projects that are kept.
const MOST_RECENT: usize = 10;

impl Settings {
    /// Sizes on offer.
    pub const SCALES: [f32; 7] = [0.75, 0.9, 1.0, 1.15, 1.3, 1.5, 2.0];

    /// Remembers that `path` was opened.
    pub fn remember(&mut self, path: &Path) {
        self.recent.retain(|other| other != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(MOST_RECENT);
    }

    /// The settings with values from outside brought into their ranges.
    #[must_use]
    pub fn validated(mut self) -> Self {
        self.scale = if self.scale.is_finite() { self.scale.clamp(0.5, 4.0) } else { 1.0 };
        self.smooth = if self.smooth.is_finite() { self.smooth.clamp(0.0, 0.99) } else { 0.0 };
        self.reaction = if self.reaction.is_finite() { self.reaction.clamp(0.0, 1.0) } else { 0.0 };
        self.recent.truncate(MOST_RECENT);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_is_short_newest_first_and_without_repeats() {
        let mut settings = Settings::default();
        (0..12).for_each(|n| settings.remember(Path::new(&format!("/p{n}"))));
        settings.remember(Path::new("/p5"));
        assert_eq!(settings.recent.len(), MOST_RECENT);
        assert_eq!(settings.recent[0], Path::new("/p5"));
        assert_eq!(settings.recent.iter().filter(|path| path.ends_with("p5")).count(), 1);
    }

    #[test]
    fn wild_values_are_tamed() {
        assert_eq!(Settings { scale: f32::NAN, ..Settings::default() }.validated().scale, 1.0);
        assert_eq!(Settings { scale: 90.0, ..Settings::default() }.validated().scale, 4.0);
    }
}
