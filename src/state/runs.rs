//! The runs of the project beside each other, and the trainings that wait for their turn.

use std::path::{Path, PathBuf};

use crate::run::Ended;

use super::refresh::refresh;
use super::{Effect, RunSummary, RunView, State, TrainRequest};

/// Commands about several runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Runs {
    /// Draw this run's curves beside those of the followed one, or no more.
    Compare(PathBuf, bool),
    /// Let the chosen training wait until the one that runs has ended.
    Queue,
    /// Take a waiting training away.
    Drop(usize),
    /// Start the first waiting training.
    StartNext,
}

/// What a run is doing or how it ended, in a word.
#[must_use]
pub fn word(run: &RunSummary) -> &'static str {
    match (run.alive, run.digest.ended) {
        (true, Ended::Paused) => "Paused",
        (true, _) => "Training",
        (false, Ended::Done) => "Finished",
        (false, Ended::Stopped) => "Stopped",
        (false, Ended::Failed) => "Failed",
        (false, Ended::Not | Ended::Paused) => "Interrupted",
    }
}

impl State {
    /// Whether this run's curves are drawn beside the followed one's.
    #[must_use]
    pub fn is_compared(&self, folder: &Path) -> bool {
        self.compared.iter().any(|run| run.folder == folder)
    }

    /// The training that the form describes; none while something is missing.
    #[must_use]
    pub fn request(&self) -> Option<TrainRequest> {
        Some(TrainRequest {
            config: self.training.config.clone()?,
            root: self.project.as_ref()?.root.clone(),
            runs: self.runs_folder()?,
            resume: None,
            device: self.training.device.clone(),
            init: self.training.init.clone(),
            overrides: self.training.recipe.overrides(),
        })
    }
}

pub(super) fn obey(state: &mut State, what: Runs, effects: &mut Vec<Effect>) {
    match what {
        Runs::Compare(folder, true) if !state.is_compared(&folder) => {
            let seen_alive = state.runs.iter().any(|run| run.folder == folder && run.alive);
            state.compared.push(RunView { seen_alive, ..RunView::new(folder.clone(), false) });
            effects.push(Effect::FollowBeside(folder));
        }
        Runs::Compare(_, true) => {}
        Runs::Compare(folder, false) => {
            let name = state.compared.iter().find(|run| run.folder == folder).map(|run| run.name.clone());
            state.compared.retain(|run| run.folder != folder);
            effects.push(Effect::UnfollowBeside(folder));
            if let Some(name) = name.filter(|name| state.run.as_ref().is_none_or(|run| run.name != *name)) {
                state.predictions.forget_run(&name);
                refresh(state);
            }
        }
        Runs::Queue => state.settings.queue.extend(state.request()),
        Runs::Drop(index) => {
            if index < state.settings.queue.len() {
                state.settings.queue.remove(index);
            }
        }
        Runs::StartNext => start_next(state, effects),
    }
}

/// Starts the first training that waits for this project, if none of this window runs.
pub(super) fn start_next(state: &mut State, effects: &mut Vec<Effect>) {
    let busy = state.training.starting || state.run.as_ref().is_some_and(|run| run.own && run.state.is_living());
    let root = state.project.as_ref().map(|project| project.root.clone());
    let next = state.settings.queue.iter().position(|request| Some(&request.root) == root.as_ref());
    if let Some(next) = next.filter(|_| !busy) {
        let request = state.settings.queue.remove(next);
        state.training.starting = true;
        effects.push(Effect::Train(request));
    }
}
