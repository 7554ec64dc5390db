//! Logging while the video plays: a key a class, tapped or held, less the time a person takes to react.

use super::{commit, segments, settle};
use crate::domain::Failure;
use crate::project::Change;
use crate::state::{Command, Effect, State, update};

/// A key that is down for less than this many seconds was tapped.
const TAP: f64 = 0.25;

/// Reactions that are needed for a measurement.
const HITS: usize = 4;

/// A segment that is being logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// The key that began it.
    pub key: char,
    /// Class name.
    pub label: String,
    /// Where it begins, in seconds.
    pub start: f64,
    /// Whether the key is still down.
    pub held: bool,
}

/// The exercise that measures a person's reaction time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// Seconds from a sign to the key, so far.
    pub hits: Vec<f64>,
}

impl Calibration {
    /// The middle one of the reactions, once there are enough.
    #[must_use]
    pub fn reaction(&self) -> Option<f64> {
        let mut hits = self.hits.clone();
        hits.sort_by(f64::total_cmp);
        (hits.len() >= HITS).then(|| hits.get(hits.len() / 2).copied()).flatten()
    }
}

impl State {
    /// The class that a key logs: the one that it was given, else by the digits in order.
    #[must_use]
    pub fn class_of_key(&self, key: char) -> Option<&str> {
        let classes = &self.editing.book.document.classes;
        let own = classes.iter().find(|class| class.key == Some(key));
        let by_digit = || {
            let digit = key.to_digit(10)? as usize;
            classes.get((digit + 9) % 10).filter(|class| class.key.is_none())
        };
        own.or_else(by_digit).map(|class| class.name.as_str())
    }

    /// The key that logs a class.
    #[must_use]
    pub fn key_of_class(&self, name: &str) -> Option<char> {
        let classes = &self.editing.book.document.classes;
        let index = classes.iter().position(|class| class.name == name)?;
        let digit = || char::from_digit((index as u32 + 1) % 10, 10).filter(|_| index < 10);
        classes[index].key.or_else(digit).filter(|key| self.class_of_key(*key) == Some(name))
    }
}

/// When a person meant what is done now: a reaction time ago, on the nearest frame.
fn meant(state: &State) -> f64 {
    let playback = &state.playback;
    let reaction = if playback.playing { state.settings.reaction * playback.speed } else { 0.0 };
    let at = (playback.time.as_secs() - reaction).clamp(0.0, state.length().max(0.0));
    state.nearest_edge(at)
}

pub(super) fn press(state: &mut State, key: char, effects: &mut Vec<Effect>) {
    let Some(label) = state.class_of_key(key).map(str::to_owned) else { return };
    if let Some(at) = state.editing.logged.iter().position(|logged| logged.label == label) {
        if !state.editing.logged[at].held {
            end(state, at, effects);
        }
    } else if state.playback.playing {
        let start = meant(state);
        state.editing.class = Some(label.clone());
        state.editing.logged.push(Logged { key, label, start, held: true });
        settle(state);
    } else {
        state.editing.class = Some(label);
        settle(state);
    }
}

pub(super) fn release(state: &mut State, key: char, held: f64, effects: &mut Vec<Effect>) {
    let down = state.editing.logged.iter().position(|logged| logged.key == key && logged.held);
    let Some(at) = down else { return };
    if held >= TAP {
        end(state, at, effects);
    } else {
        state.editing.logged[at].held = false;
    }
}

fn end(state: &mut State, at: usize, effects: &mut Vec<Effect>) {
    let now = meant(state);
    let logged = state.editing.logged.remove(at);
    let segment = [logged.start.min(now), logged.start.max(now)];
    let Some(action) = segments::fresh(state, segment, &logged.label, 0) else {
        let sentence = format!("{} was logged without length and left out: let the video play on.", logged.label);
        state.notices.wrong(Failure::new(sentence));
        return;
    };
    let id = action.id;
    let changes: Vec<Change> = segments::change(state, None, Some(action)).into_iter().collect();
    if commit(state, &format!("Log {}", logged.label), changes, effects) {
        state.editing.selection = [id].into();
    }
}

/// Ends whatever is being logged: the keyboard is gone, or the video.
pub(in crate::state) fn end_all(state: &mut State, effects: &mut Vec<Effect>) {
    while let Some(last) = state.editing.logged.len().checked_sub(1) {
        end(state, last, effects);
    }
}

pub(super) fn calibrate(state: &mut State, begin: bool, effects: &mut Vec<Effect>) {
    if begin {
        if state.playback.playing {
            update::play(state, &Command::Pause, effects);
        }
        state.editing.calibration = Some(Calibration::default());
        return;
    }
    let Some(calibration) = state.editing.calibration.take() else { return };
    if let Some(reaction) = calibration.reaction() {
        state.settings.reaction = (reaction * 100.0).round() / 100.0;
        let milliseconds = state.settings.reaction * 1000.0;
        state.notices.done(format!("Logging goes back by {milliseconds:.0} ms, your reaction time."));
    }
}

pub(super) fn hit(state: &mut State, delay: f64) {
    if let Some(calibration) = state.editing.calibration.as_mut().filter(|_| (0.05..1.5).contains(&delay)) {
        calibration.hits.push(delay);
    }
}
