//! A training and the run folder it writes, joined.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    config::Config,
    domain::{Detections, Do, Event, Order},
    formats::results,
    model::device::{self, Chosen},
    run::{RunError, RunWriter},
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
}

/// Trains to the end, or until `stop` becomes true or a control line says so; `watch` sees every event as it is written.
///
/// # Errors
/// When the run folder, the device, the data or the starting weights cannot be used, or the training fails; what can be written to the
/// run folder then is.
pub fn train(request: &TrainRequest, stop: Arc<AtomicBool>, watch: &mut dyn FnMut(&Event)) -> anyhow::Result<Outcome> {
    let chosen = device::choose(&request.device)?;
    let writer = RunWriter::open(&request.run, &request.config.to_toml()?, request.resume)?;
    let mut sink = FolderSink { writer, stop, stopping: false, watch };
    let init = request.init.as_deref().map(starting_weights);
    let outcome = train::train(&setup(request, &chosen, init.as_deref()), &mut sink);
    if let Err(error) = &outcome {
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
    let chosen = device::choose(&request.device)?;
    let init = request.init.as_deref().map(starting_weights);
    let rehearsal = train::rehearse(&setup(request, &chosen, init.as_deref()))?;
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

/// A weight file itself, or the best checkpoint of a run folder.
fn starting_weights(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("checkpoints/best.safetensors") } else { path.to_owned() }
}

/// The sink that is a run folder.
struct FolderSink<'a> {
    writer: RunWriter,
    stop: Arc<AtomicBool>,
    stopping: bool,
    watch: &'a mut dyn FnMut(&Event),
}

impl RunSink for FolderSink<'_> {
    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        (self.watch)(&event);
        self.writer.event(event).map_err(sink_error)
    }

    fn predictions(&mut self, epoch: usize, detections: &Detections) -> Result<String, SinkError> {
        let name = RunWriter::predictions_file(epoch);
        results::write(&self.writer.folder().join(&name), detections).map_err(|error| SinkError(error.to_string()))?;
        Ok(name)
    }

    fn folder(&self) -> &Path {
        self.writer.folder()
    }

    fn orders(&mut self) -> Vec<Order> {
        let mut orders = self.writer.orders();
        if self.stop.load(Ordering::SeqCst) && !self.stopping {
            self.stopping = true;
            orders.push(Order { id: INTERRUPT, what: Do::Stop });
        }
        orders
    }
}

fn sink_error(error: RunError) -> SinkError {
    SinkError(error.to_string())
}
