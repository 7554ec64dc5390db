//! What a person does while a run goes on: how curves are drawn, what of them is saved, the log, where findings lead.

use crate::domain::MediaTime;

use crate::project::Finding;

use super::update::go_to;
use super::{Annotate, Effect, Health, State, editing};

/// Commands about watching a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Watch {
    /// How much of what was before a drawn value keeps, 0..1.
    Smooth(f32),
    /// Draw the loss on a logarithmic scale.
    LogScale(bool),
    /// Save what was told of the steps as a table.
    SaveSteps,
    /// Save the evaluations as a table.
    SaveEvals,
    /// Save a part of the window as a picture.
    SavePicture {
        /// Name of the file, without extension.
        name: String,
        /// Left, top, right, bottom in points.
        place: [f32; 4],
    },
    /// Read what the run prints, or stop reading it.
    Log(bool),
    /// Go where this finding of the health check is.
    Finding(usize),
}

pub(super) fn obey(state: &mut State, what: Watch, effects: &mut Vec<Effect>) {
    let folder = state.project.as_ref().map(|project| project.root.clone());
    let mut save = |name: String, text: String| {
        effects.push(Effect::AskSave { name, folder: folder.clone(), contents: text.into_bytes() });
    };
    match what {
        Watch::Smooth(weight) => state.settings.smooth = weight.clamp(0.0, 0.99),
        Watch::LogScale(log) => state.settings.log_scale = log,
        Watch::SaveSteps => {
            if let Some(run) = &state.run {
                save(format!("{}-steps.csv", run.name), run.curves.steps_csv());
            }
        }
        Watch::SaveEvals => {
            if let Some(run) = &state.run {
                save(format!("{}-map.csv", run.name), run.curves.evals_csv());
            }
        }
        Watch::SavePicture { name, place } => effects.push(Effect::Picture { name, folder, place }),
        Watch::Log(wanted) => {
            if let Some(run) = &mut state.run {
                run.log = wanted.then(String::new);
                if wanted {
                    effects.push(Effect::ReadLog(run.folder.clone()));
                }
            }
        }
        Watch::Finding(index) => {
            let Health::Checked(findings) = &state.training.health else { return };
            let Some(finding) = findings.get(index) else { return };
            match state.lead(finding) {
                Lead::Video(video, at) => go_to(state, &video, at, effects),
                Lead::Class(class) => editing::obey(state, Annotate::ChooseClass(class), effects),
                Lead::Key(key) => state.training.recipe.lead(key),
                Lead::Nowhere => {}
            }
        }
    }
}

/// Where a finding of the health check is.
#[derive(Clone, Debug, PartialEq)]
pub enum Lead {
    /// In a video, at so many seconds.
    Video(String, f64),
    /// In the list of classes.
    Class(String),
    /// At a key of the recipe.
    Key(String),
    /// Everywhere.
    Nowhere,
}

impl State {
    /// Where a finding is: in its video, at the first action of its class, at the class itself where no action has it, at a key.
    #[must_use]
    pub fn lead(&self, finding: &Finding) -> Lead {
        /// The list of classes of a recipe.
        const CLASSES: &str = "data.class_map";
        if let Some(video) = finding.video.clone() {
            return Lead::Video(video, finding.at.unwrap_or(MediaTime::ZERO).as_secs());
        }
        let class = finding.class.as_ref();
        if let Some((video, at)) = class.and_then(|class| first_of(self, class)) {
            return Lead::Video(video, at);
        }
        match (class, &finding.key) {
            (Some(class), _) if self.editing.book.document.classes.iter().any(|known| known.name == *class) => {
                Lead::Class(class.clone())
            }
            (_, Some(key)) => Lead::Key(key.clone()),
            // Only the recipe names it.
            (Some(_), None) => Lead::Key(CLASSES.to_owned()),
            (None, None) => Lead::Nowhere,
        }
    }
}

/// Video and start of the first action of a class.
fn first_of(state: &State, class: &str) -> Option<(String, f64)> {
    state.library.entries.iter().find_map(|entry| {
        let actions = state.editing.book.document.actions(&entry.id).iter().filter(|action| action.label == class);
        let start = actions.map(|action| action.segment[0]).min_by(f64::total_cmp)?;
        Some((entry.id.clone(), start))
    })
}
