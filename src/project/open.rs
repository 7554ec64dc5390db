//! From the paths that a person opened to a project.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::domain::{Dataset, Video};

use super::{Book, Document, Edit, Entry, Head, Manifest, Opening, ProjectError, RealDisk, Record, Store, merge};

/// Name of the annotation file where nothing says another.
const ANNOTATIONS: &str = "annotations.json";

/// File name extensions by which a folder's videos are found, lower case. A file that was named one by one opens whatever its name.
pub const VIDEO_EXTENSIONS: &[&str] =
    &["mp4", "mkv", "mov", "avi", "webm", "m4v", "mpg", "mpeg", "ts", "mts", "m2ts", "wmv", "flv", "ogv", "3gp", "y4m"];

/// Folders below the opened one that are looked into; deeper ones are most likely not meant.
const DEPTH: usize = 3;

/// What was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder with a `project.toml`.
    Project,
    /// A folder of videos.
    Folder,
    /// Videos named one by one.
    Videos,
}

/// One video of a project, found or not.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectVideo {
    /// Name by which annotations and results know it.
    pub id: String,
    /// The file; one that is missing keeps the place where it was looked for.
    pub path: PathBuf,
    /// Seconds, as the annotation file says.
    pub duration: Option<f64>,
    /// Why it cannot be used, when that is known without reading it.
    pub problem: Option<String>,
}

/// An opened project.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// Its name.
    pub name: String,
    /// Its folder; runs are written below it.
    pub root: PathBuf,
    /// What was opened.
    pub kind: Kind,
    /// The annotation file; made with the first edit where there is none.
    pub annotation_file: PathBuf,
    /// Annotations and what was done to them.
    pub book: Book,
    /// Number of the last entry of the journal.
    pub last: u64,
    /// What must be told about the journal.
    pub opening: Opening,
    /// Videos in the order of the annotation file, then by name.
    pub videos: Vec<ProjectVideo>,
}

impl Opened {
    /// The annotations as a data set with paths that can be opened, for the health check.
    #[must_use]
    pub fn dataset(&self) -> Dataset {
        let video = |video: &ProjectVideo| Video {
            id: video.id.clone(),
            duration: video.duration.unwrap_or(0.0),
            path: Some(video.path.display().to_string()),
            ..self.book.document.videos.get(&video.id).map(Record::video).unwrap_or_default()
        };
        Dataset { videos: self.videos.iter().map(video).collect() }
    }
}

/// Opens a project folder (or its `project.toml`), a folder of videos, or videos. Files are listed, not read: whether they are
/// videos is for the one who decodes them to say.
///
/// # Errors
/// When a path does not exist, a folder holds no video, or the project's files are not right.
pub fn open(paths: &[PathBuf]) -> Result<Opened, ProjectError> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (mut opened, mut store) = open_to_edit(paths, now.as_secs_f64())?;
    // Whoever edits enters it in the journal; who only reads shall see it too.
    if let Some(changes) = store.take_outside() {
        let changes = merge(changes, &opened.book.document, opened.book.next_id()).changes;
        opened.book.take(&Entry::Edit(Edit { title: Store::OUTSIDE.to_owned(), changes }));
    }
    Ok(opened)
}

/// As [`open`], with what keeps its annotations; `now` is unix time in seconds.
///
/// # Errors
/// As [`open`].
pub fn open_to_edit(paths: &[PathBuf], now: f64) -> Result<(Opened, Store), ProjectError> {
    if let Some(path) = paths.iter().find(|path| !path.exists()) {
        return Err(ProjectError::Missing { path: path.clone() });
    }
    match paths {
        [one] if one.is_dir() => open_folder(one, now),
        [one] if one.file_name().is_some_and(|name| name == Manifest::FILE) => {
            open_folder(one.parent().unwrap_or(Path::new(".")), now)
        }
        several => open_files(several, now),
    }
}

fn open_folder(folder: &Path, now: f64) -> Result<(Opened, Store), ProjectError> {
    let root = absolute(folder);
    let folder_name = root.file_name().map_or_else(|| root.display().to_string(), |name| name.to_string_lossy().into());
    let (kind, manifest) = if root.join(Manifest::FILE).is_file() {
        (Kind::Project, Manifest::read(&root)?)
    } else {
        (Kind::Folder, Manifest { name: folder_name, annotations: ANNOTATIONS.to_owned(), classes: Vec::new() })
    };
    let file = root.join(&manifest.annotations);
    if kind == Kind::Project && manifest.annotations != ANNOTATIONS && !file.is_file() {
        return Err(ProjectError::Missing { path: file });
    }
    let mut found = Vec::new();
    list_videos(&root, DEPTH, &mut found)?;
    let (store, opening) = Store::open(Box::new(RealDisk), &root, &file, &manifest.classes, now)?;
    let mut videos = known_videos(&store.book().document, &file, &mut found);
    name_videos(found, &mut videos);
    if videos.is_empty() {
        return Err(ProjectError::NoVideos { path: root });
    }
    Ok(opened(manifest.name, root, kind, file, videos, store, opening))
}

fn open_files(paths: &[PathBuf], now: f64) -> Result<(Opened, Store), ProjectError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            list_videos(path, DEPTH, &mut found)?;
        } else {
            found.push(absolute(path));
        }
    }
    let Some(first) = found.first() else {
        return Err(ProjectError::NoVideos { path: paths.first().cloned().unwrap_or_default() });
    };
    let root = first.parent().unwrap_or(Path::new(".")).to_owned();
    let name = match found.as_slice() {
        [one] => file_name(one),
        several => format!("{} videos", several.len()),
    };
    // A file of that name which is none of ours stays as it is.
    let in_file = |name: &str| {
        let file = root.join(name);
        Store::open(Box::new(RealDisk), &root, &file, &[], now).map(|opened| (file, opened))
    };
    let (file, (store, opening)) = in_file(ANNOTATIONS).or_else(|_| in_file("annotations.etad.json"))?;
    let mut videos = known_videos(&store.book().document, &file, &mut found.clone());
    videos.retain(|video| found.contains(&video.path));
    let order = found.clone();
    found.retain(|path| videos.iter().all(|video| video.path != *path));
    name_videos(found, &mut videos);
    // In the order in which they were named.
    videos.sort_by_key(|video| order.iter().position(|path| *path == video.path));
    Ok(opened(name, root, Kind::Videos, file, videos, store, opening))
}

fn opened(
    name: String,
    root: PathBuf,
    kind: Kind,
    annotation_file: PathBuf,
    videos: Vec<ProjectVideo>,
    store: Store,
    opening: Opening,
) -> (Opened, Store) {
    let (book, last) = (store.book().clone(), store.last());
    (Opened { name, root, kind, annotation_file, book, last, opening, videos }, store)
}

/// The videos of the annotation file, each at its place on the disk; these are taken out of `found`.
fn known_videos(document: &Document, file: &Path, found: &mut Vec<PathBuf>) -> Vec<ProjectVideo> {
    let base = file.parent().unwrap_or(Path::new(".")).to_owned();
    let videos: Vec<ProjectVideo> = document.videos.values().map(|record| locate(&record.head, &base, found)).collect();
    let taken: BTreeSet<&PathBuf> = videos.iter().map(|video| &video.path).collect();
    found.retain(|path| !taken.contains(path));
    videos
}

/// Gives a video of the annotation file its place on disk: its own path, else a file of its name anywhere in the project.
fn locate(head: &Head, base: &Path, found: &[PathBuf]) -> ProjectVideo {
    let own = head.path.as_ref().map(|path| base.join(path));
    let by_name = || found.iter().find(|path| path.file_stem().is_some_and(|stem| stem == head.id.as_str())).cloned();
    let place = own.clone().filter(|path| path.is_file()).or_else(by_name);
    let problem = match &place {
        Some(_) => None,
        None => Some(match &own {
            Some(path) => format!("the video file is missing: {}", path.display()),
            None => format!("no video file named {} is in the project folder", head.id),
        }),
    };
    ProjectVideo {
        path: place.or(own).unwrap_or_else(|| base.join(&head.id)),
        id: head.id.clone(),
        duration: Some(head.duration).filter(|seconds| *seconds > 0.0),
        problem,
    }
}

/// Videos that the annotation file does not know: the file's stem is the name, with a number where two share it.
fn name_videos(paths: Vec<PathBuf>, videos: &mut Vec<ProjectVideo>) {
    let mut taken: BTreeSet<String> = videos.iter().map(|video| video.id.clone()).collect();
    for path in paths {
        let stem = path.file_stem().map_or_else(|| file_name(&path), |stem| stem.to_string_lossy().into_owned());
        let numbered = |number: usize| if number == 1 { stem.clone() } else { format!("{stem} ({number})") };
        let id = (1..).map(numbered).find(|name| !taken.contains(name)).unwrap_or_else(|| stem.clone());
        taken.insert(id.clone());
        videos.push(ProjectVideo { id, path, duration: None, problem: None });
    }
}

/// Collects the videos of a folder by name, sorted, folders after files; hidden folders and run folders are passed over.
fn list_videos(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), ProjectError> {
    let unreadable = |source| ProjectError::Read { path: folder.to_owned(), source };
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    found.extend(entries.iter().filter(|path| path.is_file() && is_video_name(path)).cloned());
    for sub in entries.iter().filter(|path| path.is_dir()) {
        let name = file_name(sub);
        if depth > 1 && !name.starts_with('.') && name != "runs" {
            list_videos(sub, depth - 1, found)?;
        }
    }
    Ok(())
}

/// Whether a file name ends like a video's.
#[must_use]
pub fn is_video_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| VIDEO_EXTENSIONS.contains(&extension.as_str()))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, b"").expect("file");
    }

    #[test]
    fn a_folder_lists_its_videos_and_not_its_runs() {
        let folder = tempfile::tempdir().expect("folder");
        for name in ["b.MP4", "a.mkv", "notes.txt", "day 2/a.mp4", "runs/x/c.mp4", ".cache/d.mp4"] {
            touch(&folder.path().join(name));
        }
        let opened = open(&[folder.path().to_owned()]).expect("opens");
        let ids: Vec<&str> = opened.videos.iter().map(|video| video.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "a (2)"]);
        assert_eq!(opened.kind, Kind::Folder);
    }

    #[test]
    fn a_folder_without_videos_and_a_missing_path_are_sentences() {
        let folder = tempfile::tempdir().expect("folder");
        let empty = open(&[folder.path().to_owned()]).expect_err("no videos").to_string();
        assert!(empty.contains("holds no video files"), "{empty}");
        let missing = open(&[folder.path().join("gone")]).expect_err("missing").to_string();
        assert!(missing.contains("does not exist"), "{missing}");
    }

    #[test]
    fn a_project_reads_annotations_and_names_missing_files() {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path();
        std::fs::write(root.join("project.toml"), "name = \"Cats\"\nclasses = [\"run\", \"jump\"]").expect("manifest");
        let json = r#"{"database": {
            "one": {"subset": "training", "duration": 8.0, "path": "videos/one.mp4",
                    "annotations": [{"segment": [1.0, 2.5], "label": "jump"}]},
            "two": {"subset": "validation", "duration": 5.0, "annotations": []}}}"#;
        std::fs::write(root.join("annotations.json"), json).expect("annotations");
        touch(&root.join("videos/one.mp4"));
        let opened = open(&[root.to_owned()]).expect("opens");
        assert_eq!((opened.name.as_str(), opened.kind), ("Cats", Kind::Project));
        assert_eq!(opened.book.document.class_list().names(), ["run", "jump"]);
        assert_eq!(opened.book.document.actions("one")[0].segment, [1.0, 2.5]);
        assert_eq!(opened.videos[0].problem, None);
        assert!(opened.videos[1].problem.as_deref().is_some_and(|text| text.contains("two")));
        assert_eq!(open(&[root.join("project.toml")]).expect("by its file"), opened);
    }
}
