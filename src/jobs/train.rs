//! A training and the run folder it writes, joined.

use std::path::{Path, PathBuf};

use super::reins::{Reins, advise_when_short};
use crate::{
    config::{self, Config},
    domain::{Detections, Do, Event, Order},
    formats::results,
    model::device::{self, Chosen},
    run::{self, RunError, RunWriter},
    train::{
        self, Outcome, Rehearsal, Setup,
        sink::{INTERRUPT, RunSink, SinkError},
    },
};

/// What to train.
#[derive(Clone, Debug)]
pub struct TrainRequest {
    /// The recipe.
    pub config: Config,
    /// Where relative data paths start.
    pub root: PathBuf,
    /// Run folder.
    pub run: PathBuf,
    /// Device name, as `--device` takes it.
    pub device: String,
    /// Checkpoint, weight file or run folder to start from.
    pub init: Option<PathBuf>,
    /// Go on with the run that is in the folder.
    pub resume: bool,
    /// A sentence for the run's events, besides its own.
    pub note: Option<String>,
}

/// Trains to the end, or until `reins` or a control line say so; `watch` sees every event as it is written. All that can
/// be checked beforehand is, before the run folder is made.
///
/// # Errors
/// When the run folder, the device, the data or the starting weights cannot be used, or the training fails; what can be written to the
/// run folder then is.
pub fn train(
    request: &TrainRequest,
    reins: impl Into<Reins>,
    watch: &mut dyn FnMut(&Event),
) -> anyhow::Result<Outcome> {
    let request = &as_before(request);
    device::limit_threads(request.config.solver.threads);
    let chosen = device::choose(&request.device)?;
    RunWriter::may_open(&request.run, request.resume)?;
    let start = start(request)?;
    let setup = setup(request, &chosen, start.as_ref().map(|(path, _)| path.as_path()));
    let mut ready = train::ready(&setup, &request.run)?;
    ready.notes.extend(start.as_ref().and_then(|(_, note)| note.clone()).filter(|_| !request.resume));
    ready.notes.extend(request.note.clone());
    let writer = RunWriter::open(&request.run, &ready.config().to_toml()?, request.resume)?;
    let mut sink = FolderSink { writer, reins: reins.into(), stopping: false, watch };
    let outcome = train::train(&setup, ready, &mut sink);
    if let Err(error) = &outcome {
        sink.reins.give_up_if_short(&error.to_string());
        // The run folder may be the very thing that failed; the error itself is reported either way.
        sink.event(Event::Failed { message: error.to_string() }).ok();
    }
    Ok(outcome?)
}

/// Trains two steps and leaves no trace: what the whole would take, and on which device.
///
/// # Errors
/// When the device, the data or the starting weights cannot be used.
pub fn rehearse(request: &TrainRequest) -> anyhow::Result<(String, Rehearsal)> {
    device::limit_threads(request.config.solver.threads);
    advise_when_short();
    let chosen = device::choose(&request.device)?;
    let start = start(request)?;
    let rehearsal = train::rehearse(&setup(request, &chosen, start.as_ref().map(|(path, _)| path.as_path())))?;
    Ok((chosen.description, rehearsal))
}

fn setup<'a>(request: &'a TrainRequest, chosen: &'a Chosen, init: Option<&'a Path>) -> Setup<'a> {
    Setup {
        config: &request.config,
        root: &request.root,
        device: &chosen.device,
        device_name: &chosen.description,
        init,
        resume: request.resume,
    }
}

/// The request with what an earlier part of the run decided and this one leaves open: how many snippets pass the encoder at once, on which
/// the last bits of every sum depend.
fn as_before(request: &TrainRequest) -> TrainRequest {
    let mut request = request.clone();
    let encoder = &mut request.config.encoder;
    if request.resume
        && encoder.at_once == 0
        && let Ok(before) = config::load(&request.run.join(run::file::CONFIG), &[])
    {
        encoder.at_once = before.encoder.at_once;
    }
    request
}

/// Nothing in a run folder to start from.
#[derive(Debug, thiserror::Error)]
#[error(
    "{folder} holds neither checkpoints/best.safetensors nor checkpoints/last.safetensors; name a run that has saved one, or a .safetensors or \
     .pth file"
)]
pub struct NoStart {
    folder: String,
}

/// The weight file that a training starts from, with what a person should know of the choice.
fn start(request: &TrainRequest) -> Result<Option<(PathBuf, Option<String>)>, NoStart> {
    request.init.as_deref().map(starting_weights).transpose()
}

/// A weight file itself, or the best checkpoint of a run folder, or its last where none was the best.
fn starting_weights(path: &Path) -> Result<(PathBuf, Option<String>), NoStart> {
    if !path.is_dir() {
        return Ok((path.to_owned(), None));
    }
    let of = |name: &str| Some(path.join(format!("checkpoints/{name}.safetensors"))).filter(|file| file.exists());
    let folder = path.display().to_string();
    match (of("best"), of("last")) {
        (Some(best), _) => Ok((best, None)),
        (None, Some(last)) => {
            let note =
                format!("{folder} has no best checkpoint, as nothing was evaluated there; its last one is the start");
            Ok((last, Some(note)))
        }
        (None, None) => Err(NoStart { folder }),
    }
}

/// The sink that is a run folder.
struct FolderSink<'a> {
    writer: RunWriter,
    reins: Reins,
    stopping: bool,
    watch: &'a mut dyn FnMut(&Event),
}

impl RunSink for FolderSink<'_> {
    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        (self.watch)(&event);
        self.writer.event(event).map_err(sink_error)
    }

    fn check(&mut self) -> Result<(), SinkError> {
        self.writer.check().map_err(sink_error)
    }

    fn predictions(&mut self, epoch: usize, detections: &Detections) -> Result<String, SinkError> {
        self.check()?;
        let name = RunWriter::predictions_file(epoch);
        let file = self.writer.folder().join(&name);
        results::write(&file, &detections.finite()).map_err(|error| SinkError(error.to_string()))?;
        Ok(name)
    }

    fn folder(&self) -> &Path {
        self.writer.folder()
    }

    fn orders(&mut self) -> Vec<Order> {
        let mut orders = self.writer.orders();
        if self.reins.stop() && !self.stopping {
            self.stopping = true;
            orders.push(Order { id: INTERRUPT, what: Do::Stop });
        }
        orders
    }
}

fn sink_error(error: RunError) -> SinkError {
    SinkError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_goes_on_passes_as_many_snippets_at_once_as_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::default();
        config.encoder.at_once = 16;
        std::fs::write(folder.path().join("config.toml"), config.to_toml().expect("TOML")).expect("written");
        let (root, run) = (folder.path().to_owned(), folder.path().to_owned());
        let (config, device) = (Config::default(), "cpu".to_owned());
        let mut request = TrainRequest { config, root, run, device, init: None, resume: true, note: None };
        assert_eq!(as_before(&request).config.encoder.at_once, 16);
        request.config.encoder.at_once = 2;
        assert_eq!(as_before(&request).config.encoder.at_once, 2, "what is asked for wins");
        (request.config.encoder.at_once, request.resume) = (0, false);
        assert_eq!(as_before(&request).config.encoder.at_once, 0);
    }

    #[test]
    fn a_run_gives_its_best_weights_else_its_last_else_a_sentence() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = folder.path();
        let said = starting_weights(run).expect_err("nothing").to_string();
        assert!(said.contains("last.safetensors") && said.contains(".pth"), "{said}");
        let checkpoints = run.join("checkpoints");
        std::fs::create_dir(&checkpoints).expect("made");
        std::fs::write(checkpoints.join("last.safetensors"), "").expect("written");
        let (path, note) = starting_weights(run).expect("the last");
        assert!(path.ends_with("last.safetensors") && note.is_some_and(|note| note.contains("no best")));
        std::fs::write(checkpoints.join("best.safetensors"), "").expect("written");
        assert_eq!(starting_weights(run).expect("the best"), (checkpoints.join("best.safetensors"), None));
        let file = run.join("absent.pth");
        assert_eq!(starting_weights(&file).expect("as named"), (file, None));
    }
}
