//! Files that cannot be read, that are damaged, or that stand in two subsets, under one name or as copies.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    hash::{DefaultHasher, Hasher as _},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Component, Path, PathBuf},
};

use super::{Expectations, Finding, Media, Severity, of};
use crate::domain::{Dataset, Video};

/// Bytes at each end of a file by which copies are told.
const ENDS: u64 = 64 * 1024;

/// Whether a video can be read, and what is wrong with one that can.
pub(super) fn condition(video: &Video, known: &Result<Media, String>, findings: &mut Vec<Finding>) {
    match known {
        Err(reason) => {
            let advice = "Repair or convert the file, or take the video out of the project.";
            findings.push(of(video, Severity::Error, format!("cannot be read: {reason}"), advice));
        }
        Ok(facts) => {
            let advice = "Find an intact copy or convert the file, and compare a few segments with the picture.";
            let warning = |words: &String| of(video, Severity::Warning, format!("is not sound: {words}"), advice);
            findings.extend(facts.warnings.iter().map(warning));
        }
    }
}

/// Files that stand in two subsets: what trains would be evaluated.
pub(super) fn shared(dataset: &Dataset, expected: &Expectations, findings: &mut Vec<Finding>) {
    let videos = dataset.videos.iter().filter_map(|video| Some((video, video.path.as_deref()?)));
    let mut places: Vec<(&Video, PathBuf)> = videos.map(|(video, path)| (video, place(Path::new(path)))).collect();
    // Those that are used come first, so that each of the others is compared with them.
    places.sort_by_key(|(video, _)| !expected.uses(&video.subset));
    let contents = contents(&places);
    let mut first_place: BTreeMap<&Path, &Video> = BTreeMap::new();
    let mut first_content: BTreeMap<(u64, u64), &Video> = BTreeMap::new();
    for (video, place) in &places {
        let same = *first_place.entry(place).or_insert(video);
        let copy = contents.get(place).map_or(*video, |content| *first_content.entry(*content).or_insert(video));
        // A file that is the same is a copy of itself as well.
        let (other, how) =
            if same.id == video.id { (copy, "is a copy of the file of") } else { (same, "uses the same file as") };
        if other.subset == video.subset {
            continue;
        }
        let trains = expected.uses(&video.subset) && expected.uses(&other.subset);
        let (severity, what) = match trains {
            true => (Severity::Error, ": what trains would be evaluated"),
            false => (Severity::Warning, ", of which one is not used"),
        };
        let sentence = format!("{how} {} but is in \"{}\", not \"{}\"{what}", other.id, video.subset, other.subset);
        findings.push(of(video, severity, sentence, "Keep the file in one subset only."));
    }
}

/// Where a file really is; of one that is not there, its path without detours.
fn place(path: &Path) -> PathBuf {
    let plain = || path.components().filter(|part| *part != Component::CurDir).collect();
    path.canonicalize().unwrap_or_else(|_| plain())
}

/// Size and fingerprint of the files that have their size in common with another; the others have no copy.
fn contents<'a>(places: &'a [(&Video, PathBuf)]) -> BTreeMap<&'a PathBuf, (u64, u64)> {
    let mut by_size: BTreeMap<u64, BTreeSet<&PathBuf>> = BTreeMap::new();
    for (_, place) in places {
        let size = place.metadata().ok().filter(|meta| meta.is_file() && meta.len() > 0).map(|meta| meta.len());
        if let Some(size) = size {
            by_size.entry(size).or_default().insert(place);
        }
    }
    let several = by_size.into_iter().filter(|(_, files)| files.len() > 1);
    several
        .flat_map(|(size, files)| files.into_iter().map(move |file| (size, file)))
        // One that cannot be read is told elsewhere.
        .filter_map(|(size, file)| Some((file, (size, fingerprint(file, size).ok()?))))
        .collect()
}

/// Hash of both ends of a file.
fn fingerprint(path: &Path, size: u64) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut bytes = Vec::new();
    for begin in [0, size.saturating_sub(ENDS)] {
        file.seek(SeekFrom::Start(begin))?;
        bytes.clear();
        (&mut file).take(ENDS).read_to_end(&mut bytes)?;
        hasher.write(&bytes);
    }
    Ok(hasher.finish())
}
