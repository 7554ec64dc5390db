//! What is asked of the window: paths, with the field in which they are typed, and what it does by itself.

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A folder, a project or videos, to open.
    Project,
    /// A configuration to train with.
    Config,
    /// Weights that a training starts from.
    Init,
    /// Weights to detect with.
    Checkpoint,
    /// A file of detections to look at.
    Predictions,
    /// Annotations to bring in.
    Annotations,
    /// Where to write the annotations, away from the disk that fails.
    Elsewhere,
}

/// The field in which a path is typed, where no file dialog can be or somebody likes it better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathField {
    /// What the path is for.
    pub wanted: Wanted,
    /// What was typed.
    pub text: String,
}

/// What keys and links ask of the window alone: the state knows neither panels nor pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Show the panel of this number.
    Panel(usize),
    /// Show the page of keys, or close it.
    Keys,
    /// Put the keyboard on a control.
    Control {
        /// What its code calls it.
        name: &'static str,
        /// Number of the panel that must be in front for it.
        panel: Option<usize>,
    },
}

impl Wish {
    /// Show the panel of errors.
    pub const ERRORS: Self = Self::Panel(5);
    /// Show the panel of classes.
    pub const CLASSES: Self = Self::Panel(9);
}
