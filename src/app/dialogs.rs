//! File dialogs, each on a thread of its own: they last as long as a person thinks.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rfd::FileDialog;

use crate::domain::{Detections, Failure};
use crate::formats;
use crate::formats::exchange::Form;
use crate::project::{Document, VIDEO_EXTENSIONS, outgoing, write_atomically};
use crate::state::{Export, Report, Wanted};

use super::effects::Outbox;
use super::sentence::sentence;

/// No person cancels a dialog this fast: none was shown.
const TOO_FAST: Duration = Duration::from_millis(250);

/// Asks for a folder to open.
pub fn ask_folder(outbox: &Outbox) {
    ask(
        outbox,
        Wanted::Project,
        |dialog| dialog.set_title("Open a project or a folder of videos").pick_folder(),
        |path| Report::Chosen(vec![path]),
    );
}

/// Asks for videos to open.
pub fn ask_videos(outbox: &Outbox) {
    let pick = |dialog: FileDialog| {
        dialog
            .set_title("Open videos")
            .add_filter("Videos", VIDEO_EXTENSIONS)
            .add_filter("All files", &["*"])
            .pick_files()
    };
    ask(outbox, Wanted::Project, pick, Report::Chosen);
}

/// Asks for one file.
pub fn ask_file(outbox: &Outbox, wanted: Wanted) {
    let (title, name, kinds): (_, _, &[&str]) = match wanted {
        Wanted::Project => ("Open a video", "Videos", VIDEO_EXTENSIONS),
        Wanted::Config => ("Choose a configuration", "TOML", &["toml"]),
        Wanted::Predictions => ("Open detections", "Results", &["json"]),
        Wanted::Elsewhere => ("Save the annotations elsewhere", "Annotations", &["json"]),
        Wanted::Annotations => ("Import annotations", "Annotations", &["json", "csv", "tsv", "txt", "boris", "eaf"]),
        Wanted::Init | Wanted::Checkpoint => ("Choose weights", "Weights", &["safetensors", "pth", "pt", "tar"]),
    };
    let pick = move |dialog: FileDialog| {
        let dialog = dialog.set_title(title).add_filter(name, kinds);
        if wanted == Wanted::Elsewhere {
            dialog.set_file_name("annotations.json").save_file()
        } else {
            dialog.pick_file()
        }
    };
    ask(outbox, wanted, pick, move |path| Report::FileChosen(wanted, path));
}

/// Asks where to save detections, and saves them. Where no dialog can be shown they go beside the videos.
pub fn ask_export(outbox: &Outbox, form: Export, folder: Option<PathBuf>, detections: Detections) {
    let name = match form {
        Export::Json => "detections.json",
        Export::Csv => "detections.csv",
    };
    let text = move || match form {
        Export::Json => formats::results::to_json(&detections),
        Export::Csv => formats::results::to_csv(&detections),
    };
    ask_save(outbox, name.to_owned(), folder, move || Ok(text().into_bytes()));
}

/// Asks where to save, and saves what `contents` makes. Where no dialog can be shown it goes into the folder.
pub fn ask_save(
    outbox: &Outbox,
    name: String,
    folder: Option<PathBuf>,
    contents: impl FnOnce() -> Result<Vec<u8>, Failure> + Send + 'static,
) {
    outbox.spawn("file dialog", move |outbox| {
        let begin = Instant::now();
        let mut dialog = FileDialog::new().set_title("Save").set_file_name(&name);
        if let Some(folder) = &folder {
            dialog = dialog.set_directory(folder);
        }
        let chosen = if has_dialogs() { dialog.save_file() } else { None };
        let fallback = || folder.map(|folder| folder.join(&name)).filter(|_| begin.elapsed() < TOO_FAST);
        if let Some(path) = chosen.or_else(fallback) {
            let written = contents()
                .and_then(|bytes| write_atomically(&path, &bytes).map_err(|error| Failure::new(sentence(&error))));
            outbox.report(Report::Saved(written.map(|()| path)));
        }
    });
}

/// Asks where to write annotations, and writes them. Where no dialog can be shown they go into the project's folder.
pub fn export_annotations(outbox: &Outbox, form: Form, folder: Option<PathBuf>, document: Box<Document>) {
    outbox.spawn("file dialog", move |outbox| {
        let begin = Instant::now();
        let mut dialog = FileDialog::new().set_title(format!("Export: {}", form.name()));
        if let Some(folder) = &folder {
            dialog = dialog.set_directory(folder);
        }
        let chosen = match (has_dialogs(), form.is_folder()) {
            (false, _) => None,
            (true, true) => dialog.pick_folder(),
            (true, false) => dialog.set_file_name(form.file_name()).save_file(),
        };
        let fallback = || folder.map(|folder| folder.join(form.file_name())).filter(|_| begin.elapsed() < TOO_FAST);
        let Some(place) = chosen.or_else(fallback) else { return };
        let written = write_all(form, &document, &place);
        outbox.report(Report::Saved(written.map(|()| place.clone())));
    });
}

/// Writes annotations to a file, or into a folder where the form has several files; makes the folders above.
fn write_all(form: Form, document: &Document, place: &Path) -> Result<(), Failure> {
    let write = || -> anyhow::Result<()> {
        for (name, text) in outgoing(form, document) {
            let path = if name.is_empty() { place.to_owned() } else { place.join(name) };
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder {}, choose another place", folder.display()))?;
            }
            write_atomically(&path, text.as_bytes())?;
        }
        Ok(())
    };
    write().map_err(|error| Failure::new(sentence(error.as_ref())))
}

/// Writes all annotations away from the project, whose own disk fails.
pub fn save_elsewhere(outbox: &Outbox, path: PathBuf, last: u64, document: Box<Document>) {
    outbox.spawn("annotations elsewhere", move |outbox| {
        let written = write_all(Form::ActivityNet, &document, &path);
        outbox.report(Report::SavedElsewhere(last, written.map(|()| path.clone())));
    });
}

fn ask<T>(
    outbox: &Outbox,
    wanted: Wanted,
    pick: impl FnOnce(FileDialog) -> Option<T> + Send + 'static,
    report: impl FnOnce(T) -> Report + Send + 'static,
) {
    outbox.spawn("file dialog", move |outbox| {
        let begin = Instant::now();
        let chosen = if has_dialogs() { pick(FileDialog::new()) } else { None };
        match chosen {
            Some(chosen) => outbox.report(report(chosen)),
            None if begin.elapsed() < TOO_FAST => {
                let text = match wanted {
                    Wanted::Project => {
                        "This desktop offers no file dialog: type a path in the field at the top, or drop files here."
                    }
                    _ => "This desktop offers no file dialog: type the file's path in the field at the top.",
                };
                outbox.report(Report::NoDialog(wanted, Failure::new(text)));
            }
            None => {}
        }
    });
}

/// Whether the desktop can show a dialog: on Linux a session bus for the portal, or zenity.
fn has_dialogs() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists());
    let zenity = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("zenity").is_file()));
    bus || runtime || zenity
}
