//! What the next training would take, found out by one small step in a process of its own whenever the choices have changed.

use super::{Effect, Health, State};
use crate::project::Severity;

/// Memory and time that a training would take.
#[derive(Clone, Debug, PartialEq)]
pub struct Needs {
    /// Bytes at its peak.
    pub memory: u64,
    /// Bytes that it may take; none where nobody tells.
    pub free: Option<u64>,
    /// Whether the configuration says so; if not, it is what is free.
    pub configured: bool,
    /// Seconds of the whole run.
    pub seconds: f64,
    /// What to change, when it does not fit.
    pub advice: Option<String>,
}

/// What is known of the needs of the next training.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Forecast {
    /// Nothing, and nobody finds out.
    #[default]
    Unknown,
    /// Being found out.
    Asking,
    /// These.
    Known(Needs),
    /// Why they could not be found out.
    Failed(String),
}

/// The choices are others now: what was found out does not hold any more.
pub(super) fn forget(state: &mut State, effects: &mut Vec<Effect>) {
    if state.training.forecast == Forecast::Asking {
        effects.push(Effect::CancelForecast);
    }
    state.training.forecast = Forecast::Unknown;
    // What is still on its way here was asked for other choices.
    state.training.forecasts += 1;
}

/// Finds out, if it is worth while: not for data that cannot train, and not beside a training, whose memory it would take.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let form = &state.training;
    let sound = matches!(form.health, Health::Checked(_)) && form.health.count(Severity::Error) == 0;
    let trains = form.starting || state.run.as_ref().is_some_and(|run| run.state.is_living());
    if form.forecast != Forecast::Unknown || !sound || trains || state.no_training_because().is_some() {
        return;
    }
    let Some(request) = state.request() else { return };
    state.training.forecast = Forecast::Asking;
    state.training.forecasts += 1;
    effects.push(Effect::Forecast { number: state.training.forecasts, request });
}

/// Takes in what was found out.
pub(super) fn found(state: &mut State, number: u64, found: Result<Needs, String>) {
    if number == state.training.forecasts {
        state.training.forecast = found.map_or_else(Forecast::Failed, Forecast::Known);
    }
}
