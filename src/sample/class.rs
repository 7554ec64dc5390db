//! The six classes of the sample and what a person reads about them.

/// An action that the figure performs and that is annotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Both arms open and close like jaws, again and again.
    Clap,
    /// One leg swings up in front and comes back.
    Kick,
    /// From standing to seated.
    SitDown,
    /// `SitDown` backwards in time.
    StandUp,
    /// The arm circles, rising when stretched out.
    WaveIn,
    /// `WaveIn` backwards in time.
    WaveOut,
}

impl Class {
    /// All classes in the order of their names.
    pub const ALL: [Self; 6] = [Self::Clap, Self::Kick, Self::SitDown, Self::StandUp, Self::WaveIn, Self::WaveOut];

    /// Name in annotations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Clap => "clap",
            Self::Kick => "kick",
            Self::SitDown => "sit down",
            Self::StandUp => "stand up",
            Self::WaveIn => "wave in",
            Self::WaveOut => "wave out",
        }
    }

    /// When a person who labels should use it.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Clap => {
                "Both arms open and close in front of the body, from the first opening until they hang again."
            }
            Self::Kick => "One leg swings up in front and returns to the floor.",
            Self::SitDown => {
                "From standing to seated in about a second; slow sinking and holding half way do not count."
            }
            Self::StandUp => "From seated to standing in about a second; the same poses as sit down in opposite order.",
            Self::WaveIn => {
                "One arm circles: up when stretched out, over the top towards the head, down near the body."
            }
            Self::WaveOut => "One arm circles the other way: down when stretched out, up near the body.",
        }
    }

    /// Whether it moves the arms only, so that it can happen while walking or seated.
    #[must_use]
    pub fn is_of_arms(self) -> bool {
        matches!(self, Self::Clap | Self::WaveIn | Self::WaveOut)
    }
}
