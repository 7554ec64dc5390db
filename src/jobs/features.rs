//! Features of whole videos by an encoder, written as files.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    config::{Architecture, ClassifierKind, Config},
    domain::Dataset,
    formats::{activitynet, block_list, features},
    model::device,
    train::{
        self, TrainError,
        checkpoint::{self, CheckpointError},
        extract::extract,
        material::Material,
        step::Pulse,
    },
};

/// Whose features to write.
#[derive(Clone, Debug)]
pub struct FeaturesRequest {
    /// The recipe, with an encoder.
    pub config: Config,
    /// Where relative data paths start.
    pub root: PathBuf,
    /// File with the encoder's weights; none: `encoder.weights` of the recipe.
    pub checkpoint: Option<PathBuf>,
    /// Folder to write to.
    pub out: PathBuf,
    /// Subset, or all videos.
    pub subset: Option<String>,
    /// Device name, as `--device` takes it.
    pub device: String,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Feature files written now.
    pub written: usize,
    /// Feature files that were there already.
    pub present: usize,
    /// A sentence for each video that could not be read.
    pub broken: Vec<String>,
    /// What computed, in words.
    pub device: String,
}

/// Writes `<prefix><video>.npy` `[time, channels]` for each video, `annotations.json` with the number of frames of each, and
/// `missing_files.txt` with the videos that gave none, so that a recipe on features finds all three. Files that are there stay. None when `stop` became true.
///
/// # Errors
/// When data, device or weights cannot be used, or the folder cannot be written.
pub fn extract_features(
    request: &FeaturesRequest,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(usize, usize),
) -> anyhow::Result<Option<Extracted>> {
    let mut config = request.config.clone();
    // Detections are not asked for.
    config.post.classifier.kind = ClassifierKind::None;
    config.eval.blocked = None;
    if config.encoder.arch == Architecture::None {
        let what = "etad features needs a recipe with an encoder (encoder.arch)".to_owned();
        return Err(TrainError::Config(what).into());
    }
    train::check_encoding(&config)?;
    let material = Material::open(&config, &request.root)?;
    device::limit_threads(config.solver.threads);
    let chosen = device::choose(&request.device)?;
    tracing::info!("extracting on {}", chosen.description);
    let mut engine = checkpoint::fresh(&config, &material.classes, &chosen.device.autodiff());
    let weights =
        request.checkpoint.clone().or_else(|| config.encoder.weights.as_ref().map(|path| request.root.join(path)));
    let Some(weights) = weights else {
        let what = "an encoder without weights gives no features: name --checkpoint or encoder.weights".to_owned();
        return Err(TrainError::Config(what).into());
    };
    checkpoint::fill_encoder(&mut engine, &weights)?;

    let failed = |source| CheckpointError::Write { path: request.out.display().to_string(), source };
    std::fs::create_dir_all(&request.out).map_err(failed)?;
    let wanted = |subset: &str| request.subset.as_ref().is_none_or(|wanted| wanted == subset);
    let videos = material.in_use().filter(|video| wanted(&video.subset)).cloned().collect();
    let mut dataset = Dataset { videos };
    let mut reader = material.source.reader();
    let mut extracted = Extracted { device: chosen.description, ..Extracted::default() };
    let mut missing = Vec::new();
    let total = dataset.videos.len();
    for (done, video) in dataset.videos.iter_mut().enumerate() {
        watch(done, total);
        let path = request.out.join(format!("{}{}.npy", config.data.prefix, video.id));
        if path.exists() {
            extracted.present += 1;
            match reader.times(video) {
                Ok(times) => video.frames = Some(times.len() as u64),
                Err(sentence) => extracted.broken.push(sentence),
            }
        } else {
            let mut pulse = || if stop.load(Ordering::SeqCst) { Pulse::Stop } else { Pulse::Go };
            match extract(&config, &engine, video, reader.as_mut(), &mut pulse) {
                Ok(None) => return Ok(None),
                Ok(Some((found, frames))) => {
                    write_whole(&path, &found)?;
                    video.frames = Some(frames as u64);
                    extracted.written += 1;
                }
                Err(sentence) => {
                    extracted.broken.push(sentence);
                    missing.push(video.id.clone());
                }
            }
        }
        // Feature files lie beside the new annotation file under the video's name.
        video.path = None;
    }
    activitynet::write(&request.out.join("annotations.json"), &dataset)?;
    block_list::write(&request.out.join("missing_files.txt"), &missing)?;
    Ok(Some(extracted))
}

/// Whole or not at all: a file that is there is not written again.
fn write_whole(path: &Path, found: &features::Features) -> anyhow::Result<()> {
    let part = path.with_extension("part");
    features::write(&part, found)?;
    std::fs::rename(&part, path)?;
    Ok(())
}
