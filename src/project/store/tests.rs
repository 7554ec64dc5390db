//! Power cuts: every prefix of the operations of a scripted editing run, with what was not synced dropped or torn.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{Disk, RealDisk, Stamp, Store};
use crate::domain::{Draw, Purpose};
use crate::project::{Action, Change, Class, Edit, Entry, Head};

/// An operation that reached the disk.
#[derive(Clone, Debug)]
enum Op {
    Write(PathBuf, Vec<u8>),
    Append(PathBuf, Vec<u8>),
    Sync(PathBuf),
    SyncFolder(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    /// Not an operation: the store said that entries up to this number are kept.
    Kept(u64),
}

/// A disk in memory that remembers what was done to it.
#[derive(Clone, Default)]
struct Memory {
    files: Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
    log: Arc<Mutex<Vec<Op>>>,
}

impl Memory {
    fn with(files: BTreeMap<PathBuf, Vec<u8>>) -> Self {
        Self { files: Arc::new(Mutex::new(files)), log: Arc::default() }
    }

    fn did(&self, op: Op) {
        self.log.lock().expect("log").push(op);
    }
}

impl Disk for Memory {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.lock().expect("files").get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn stamp(&mut self, path: &Path) -> Option<Stamp> {
        let files = self.files.lock().expect("files");
        // Every content has a time of its own.
        let sum = |bytes: &Vec<u8>| bytes.iter().fold(7_u64, |sum, &byte| sum.wrapping_mul(31) + u64::from(byte)) >> 24;
        files
            .get(path)
            .map(|bytes| (bytes.len() as u64, std::time::UNIX_EPOCH + std::time::Duration::from_millis(sum(bytes))))
    }

    fn list(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let files = self.files.lock().expect("files");
        Ok(files.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn make_folder(&mut self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files.lock().expect("files").insert(path.to_owned(), bytes.to_vec());
        self.did(Op::Write(path.to_owned(), bytes.to_vec()));
        Ok(())
    }

    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files.lock().expect("files").entry(path.to_owned()).or_default().extend(bytes);
        self.did(Op::Append(path.to_owned(), bytes.to_vec()));
        Ok(())
    }

    fn sync(&mut self, path: &Path) -> io::Result<()> {
        self.did(Op::Sync(path.to_owned()));
        Ok(())
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        self.did(Op::SyncFolder(folder.to_owned()));
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files.lock().expect("files");
        let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), bytes);
        drop(files);
        self.did(Op::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.files.lock().expect("files").remove(path);
        self.did(Op::Remove(path.to_owned()));
        Ok(())
    }
}

/// What becomes of bytes that were written and not synced.
#[derive(Clone, Copy, Debug)]
enum Unsynced {
    Dropped,
    Half,
    Zeros,
    There,
}

/// What is on the disk after a power cut behind `ops`.
fn after(
    start: &BTreeMap<PathBuf, Vec<u8>>,
    ops: &[Op],
    bytes: Unsynced,
    names_there: bool,
) -> BTreeMap<PathBuf, Vec<u8>> {
    // Contents: synced and written. Names: synced and given.
    let mut contents: Vec<(Vec<u8>, Vec<u8>)> = start.values().map(|bytes| (bytes.clone(), bytes.clone())).collect();
    let mut given: BTreeMap<PathBuf, usize> = start.keys().cloned().zip(0..).collect();
    let mut synced = given.clone();
    for op in ops {
        match op {
            Op::Write(path, bytes) => match given.get(path) {
                Some(&place) => contents[place].1.clone_from(bytes),
                None => {
                    given.insert(path.clone(), contents.len());
                    contents.push((Vec::new(), bytes.clone()));
                }
            },
            Op::Append(path, bytes) => {
                let place = *given.entry(path.clone()).or_insert(contents.len());
                if place == contents.len() {
                    contents.push(Default::default());
                }
                contents[place].1.extend(bytes);
            }
            Op::Sync(path) => {
                let place = &mut contents[given[path]];
                place.0 = place.1.clone();
            }
            Op::SyncFolder(folder) => {
                synced.retain(|path, _| path.parent() != Some(folder));
                synced.extend(
                    given.iter().filter(|(path, _)| path.parent() == Some(folder)).map(|(p, i)| (p.clone(), *i)),
                );
            }
            Op::Rename(from, to) => {
                let place = given.remove(from).expect("named");
                given.insert(to.clone(), place);
            }
            Op::Remove(path) => drop(given.remove(path)),
            Op::Kept(_) => {}
        }
    }
    let survives = |place: usize| {
        let (kept, written) = &contents[place];
        let common = if written.starts_with(kept) { kept.len() } else { 0 };
        match bytes {
            Unsynced::Dropped => kept.clone(),
            Unsynced::There => written.clone(),
            Unsynced::Half => written[..common + (written.len() - common) / 2].to_vec(),
            Unsynced::Zeros => [&written[..common], &vec![0; written.len() - common]].concat(),
        }
    };
    let names = if names_there { given } else { synced };
    names.into_iter().map(|(path, place)| (path, survives(place))).collect()
}

const ROOT: &str = "/p";
const FILE: &str = "/p/annotations.json";

fn open(disk: &Memory) -> (Store, super::Opening) {
    Store::open(Box::new(disk.clone()), Path::new(ROOT), Path::new(FILE), &[], 5000.0).expect("opens")
}

/// The next thing somebody does: mostly small edits, some of many actions, undo and redo among them.
fn something(store: &Store, draw: &mut Draw) -> Entry {
    let document = &store.book().document;
    let actions = document.actions("v");
    let some = |draw: &mut Draw| actions.get(draw.below(actions.len().max(1))).cloned();
    let action = |id: u64, draw: &mut Draw| {
        let start = draw.uniform(0.0, 90.0);
        let segment = [start, start + draw.uniform(0.1, 9.0)];
        let note = "é\"\n".repeat(draw.below(3));
        Action { id, segment, label: "run".to_owned(), note, ..Action::default() }
    };
    let changed =
        |before: Option<Action>, after: Option<Action>| Change::Action { video: "v".to_owned(), before, after };
    let next = store.book().next_id();
    let changes = match draw.below(10) {
        0 if store.book().undoable().is_some() => return Entry::Undo,
        1 if store.book().redoable().is_some() => return Entry::Redo,
        2 => (0..40).map(|more| changed(None, Some(action(next + more, draw)))).collect(),
        3 => some(draw).into_iter().map(|before| changed(Some(before), None)).collect(),
        4 => {
            let before = document.classes.clone();
            let after = before.iter().cloned().chain([Class::named(format!("class {next}"))]).collect();
            vec![Change::Classes { before, after }]
        }
        5 => {
            let before = document.videos.get("v").map(|record| Box::new(record.head.clone()));
            let subset = format!("subset {next}");
            let after = Some(Box::new(Head { subset, ..before.as_deref().cloned().unwrap_or_default() }));
            vec![Change::Video { before, after }]
        }
        6 => some(draw)
            .into_iter()
            .map(|before| changed(Some(before.clone()), Some(Action { draft: !before.draft, ..before })))
            .collect(),
        _ => vec![changed(None, Some(action(next, draw)))],
    };
    Entry::Edit(Edit { title: "Something".to_owned(), changes })
}

fn start_files() -> BTreeMap<PathBuf, Vec<u8>> {
    let text = r#"{"taxonomy": [1], "database": {"v": {"subset": "training", "duration": 100, "url": "u",
        "annotations": [{"segment": [1, 2], "label": "run"}, {"segment": [3, 4], "label": "run"}]}}}"#;
    BTreeMap::from([(PathBuf::from(FILE), text.as_bytes().to_vec())])
}

#[test]
fn every_kept_edit_outlives_a_power_cut_at_any_moment() {
    let start = start_files();
    let disk = Memory::with(start.clone());
    let mut draw = Draw::new(11, Purpose::Sample, &[7]);
    let mut expected = vec![];
    // Two windows one after the other, so that a journal is gone on with as well.
    for window in 0..2 {
        let (mut store, _) = open(&disk);
        if window == 0 {
            expected.push(store.book().document.to_text());
        }
        for step in 0..22 {
            let n = store.last() + 1;
            let entry = something(&store, &mut draw);
            store.append(&[(n, entry)], 5000.0 + f64::from(step) * 100.0).expect("kept");
            disk.did(Op::Kept(n));
            expected.push(store.book().document.to_text());
            if draw.below(6) == 0 {
                store.save(5000.0 + f64::from(step) * 100.0).expect("saved");
            }
        }
    }
    let ops = disk.log.lock().expect("log").clone();
    let mut cuts = 0;
    for end in 0..=ops.len() {
        let kept =
            ops[..end].iter().rev().find_map(|op| if let Op::Kept(n) = op { Some(*n) } else { None }).unwrap_or(0);
        for bytes in [Unsynced::Dropped, Unsynced::Half, Unsynced::Zeros, Unsynced::There] {
            for names_there in [false, true] {
                let left = after(&start, &ops[..end], bytes, names_there);
                let (store, opening) = open(&Memory::with(left));
                let name = format!("cut behind operation {end} of {}, {bytes:?}, names {names_there}", ops.len());
                assert!(store.last() >= kept, "{name}: {} of {kept}", store.last());
                assert_eq!((opening.lost, opening.merged, &opening.set_aside), (0, 0, &None), "{name}");
                assert!(store.book().document.to_text() == expected[store.last() as usize], "{name}");
                cuts += 1;
            }
        }
    }
    println!("{cuts} power cuts behind {} operations", ops.len());
    assert!(cuts > 800);
}

#[test]
fn after_a_power_cut_editing_goes_on_and_undo_reaches_back() {
    let start = start_files();
    let disk = Memory::with(start.clone());
    let mut draw = Draw::new(12, Purpose::Sample, &[7]);
    let (mut store, _) = open(&disk);
    let first = store.book().document.to_text();
    (1..=20).for_each(|n| store.append(&[(n, something(&store, &mut draw))], 5000.0).expect("kept"));
    store.append(&[(21, Entry::Edit(Edit::default()))], 5000.0).expect("kept");
    let mut ops = disk.log.lock().expect("log").clone();
    // Torn in the middle of the last line.
    ops.pop();
    let disk = Memory::with(after(&start, &ops, Unsynced::Half, true));
    let (mut store, opening) = open(&disk);
    assert_eq!((store.last(), opening.replayed), (20, 20));
    store.append(&[(21, something(&store, &mut draw))], 5000.0).expect("kept");
    let text = store.book().document.to_text();
    let (mut store, _) = open(&disk);
    assert_eq!((store.last(), store.book().document.to_text()), (21, text));
    let mut n = 21;
    while store.book().undoable().is_some() {
        n += 1;
        store.append(&[(n, Entry::Undo)], 5000.0).expect("kept");
    }
    assert_eq!(store.book().document.to_text(), first);
}

#[test]
fn what_another_program_wrote_is_merged_and_never_overwritten() {
    let mut disk = Memory::with(start_files());
    let file = Path::new(FILE);
    let edit = |store: &Store, segment| {
        let after = Some(Action { id: store.book().next_id(), segment, label: "run".to_owned(), ..Action::default() });
        Entry::Edit(Edit {
            title: String::new(),
            changes: vec![Change::Action { video: "v".to_owned(), before: None, after }],
        })
    };
    let (mut store, _) = open(&disk);
    store.append(&[(1, edit(&store, [5.0, 6.0]))], 5000.0).expect("kept");
    let theirs =
        String::from_utf8(disk.clone().read(file).expect("there")).expect("text").replace("[3, 4]", "[3, 4.5]");
    disk.clone().write(file, theirs.as_bytes()).expect("written");
    assert!(store.save(5000.0).is_err(), "not over what was not looked at");
    let changes = store.look_outside().expect("readable").expect("something new");
    assert_eq!(changes.len(), 1, "{changes:?}");
    let enter = |store: &Store, changes| {
        let changes = crate::project::merge(changes, &store.book().document, store.book().next_id()).changes;
        Entry::Edit(Edit { title: Store::OUTSIDE.to_owned(), changes })
    };
    store.append(&[(2, enter(&store, changes))], 5000.0).expect("kept");
    store.save(5000.0).expect("saved");
    let segments = |store: &Store| store.book().document.actions("v").iter().map(|one| one.segment).collect::<Vec<_>>();
    assert_eq!(segments(&store), [[1.0, 2.0], [3.0, 4.5], [5.0, 6.0]]);
    assert_eq!(store.look_outside().expect("readable"), None);

    // While no window is open, and after edits that were not saved yet.
    store.append(&[(3, edit(&store, [7.0, 8.0]))], 5000.0).expect("kept");
    drop(store);
    let text = String::from_utf8(disk.clone().read(file).expect("there")).expect("text");
    disk.clone().write(file, text.replace("\"training\"", "\"testing\"").as_bytes()).expect("written");
    let (mut store, opening) = open(&disk);
    assert_eq!((opening.merged, opening.replayed), (1, 1));
    let outside = store.take_outside().expect("changes");
    store.append(&[(4, enter(&store, outside))], 5000.0).expect("kept");
    store.save(5000.0).expect("saved");
    assert_eq!(segments(&store).len(), 4);
    assert_eq!(store.book().document.videos["v"].head.subset, "testing");

    // Not an annotation file any more: said, and left alone.
    disk.clone().write(file, b"{ half").expect("written");
    assert!(store.look_outside().is_err());
    store.append(&[(5, edit(&store, [9.0, 9.5]))], 5000.0).expect("kept all the same");
    assert!(store.save(5000.0).is_err());
    assert_eq!(disk.read(file).expect("there"), b"{ half");
}

#[test]
fn a_folder_that_is_gone_is_said_and_what_was_edited_can_be_kept_later() {
    let folder = tempfile::tempdir().expect("folder");
    let root = folder.path().join("stick");
    std::fs::create_dir(&root).expect("made");
    let file = root.join("annotations.json");
    let (mut store, _) = Store::open(Box::new(RealDisk), &root, &file, &[], 1.0).expect("opens");
    let entry = Entry::Edit(Edit { title: String::new(), changes: Vec::new() });
    store.append(&[(1, entry.clone())], 1.0).expect("kept");
    store.save(1.0).expect("saved");
    let away = folder.path().join("away");
    std::fs::rename(&root, &away).expect("pulled out");
    let sentence = store.append(&[(2, entry.clone())], 2.0).expect_err("gone").to_string();
    assert!(sentence.contains("cannot write") && sentence.contains("journal"), "{sentence}");
    assert_eq!(store.last(), 1);
    assert!(!root.exists(), "no second journal in its place");
    std::fs::rename(&away, &root).expect("back");
    store.append(&[(2, entry)], 3.0).expect("kept");
    store.save(3.0).expect("saved");
    let (store, opening) = Store::open(Box::new(RealDisk), &root, &file, &[], 4.0).expect("opens");
    assert_eq!((store.last(), opening), (2, super::Opening::default()));
}
