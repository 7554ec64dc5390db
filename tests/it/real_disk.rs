//! A disk that is really small, really read-only, really gone: the keeper says so at once, keeps what it was given and tries again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use etad::jobs::keeper::{Ask, Keeper, Told};
use etad::project::{self, Action, Change, Edit, Entry};

use crate::keeps::small_project;

/// A file system of its own; none where mounting is not allowed.
struct Disk(PathBuf);

impl Disk {
    fn mounted(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).expect("folder");
        Self::mount(at, "size=192k").then(|| Self(at.to_owned()))
    }

    fn mount(at: &Path, options: &str) -> bool {
        let mut command = Command::new("mount");
        let output = command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        output.is_ok_and(|output| output.status.success())
    }

    /// Puts a view of itself over it that cannot be written to: the disk itself has open files, which no system makes read-only.
    fn read_only(&self) {
        let done =
            |arguments: &[&str]| Command::new("mount").args(arguments).arg(&self.0).status().expect("mount").success();
        let at = self.0.to_string_lossy();
        assert!(done(&["--bind", &at]) && done(&["-o", "remount,bind,ro"]), "read-only");
    }

    /// Takes away what lies over it.
    fn uncover(&self) {
        assert!(Command::new("umount").arg("-l").arg(&self.0).status().expect("umount").success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the keeper may still have a file open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn wait<T>(told: &Receiver<Told>, what: &str, mut wanted: impl FnMut(Told) -> Option<T>) -> T {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) {
        if let Ok(told) = told.recv_timeout(Duration::from_millis(100))
            && let Some(found) = wanted(told)
        {
            return found;
        }
    }
    panic!("{what} was not told");
}

fn kept(told: &Receiver<Told>, wanted: u64) {
    wait(told, "what is kept", |told| matches!(told, Told::Kept(n) if n >= wanted).then_some(()));
}

fn trouble(told: &Receiver<Told>) -> String {
    wait(told, "the trouble", |told| if let Told::Trouble(Some(sentence)) = told { Some(sentence) } else { None })
}

/// An edit whose note takes some room.
fn entry(id: u64, bytes: usize) -> Entry {
    let (segment, label, note) = ([id as f64, id as f64 + 0.5], "jump".to_owned(), "n".repeat(bytes));
    let after = Some(Action { id, segment, label, note, ..Action::default() });
    let changes = vec![Change::Action { video: "a".to_owned(), before: None, after }];
    Entry::Edit(Edit { title: "New".to_owned(), changes })
}

#[test]
fn full_read_only_and_gone_lose_nothing() {
    let parent = tempfile::tempdir().expect("folder");
    let Some(disk) = Disk::mounted(&parent.path().join("disk")) else {
        return println!("skipped: this system does not let the test mount a small disk");
    };
    let root = disk.0.join("project");
    std::fs::create_dir(&root).expect("made");
    small_project(&root);
    let (tell, told) = crossbeam_channel::bounded(4096);
    let keeper = Keeper::start(vec![root.clone()], move |told| drop(tell.send(told))).expect("a thread");
    wait(&told, "the project", |told| matches!(told, Told::Opened(Ok(_))).then_some(()));
    keeper.ask(Ask::Keep(vec![(1, entry(11, 10))]));
    kept(&told, 1);

    // Full: somebody else fills it to the last byte.
    let filler = disk.0.join("filler");
    let mut size = 192 * 1024;
    while size >= 256 {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&filler).expect("opened");
        if std::io::Write::write_all(&mut file, &vec![0; size]).is_err() {
            size /= 2;
        }
    }
    keeper.ask(Ask::Keep((2..20).map(|n| (n, entry(10 + n, 2000))).collect()));
    let sentence = trouble(&told);
    assert!(sentence.contains("cannot write") && sentence.to_lowercase().contains("space"), "{sentence}");
    let before = project::open(std::slice::from_ref(&root)).expect("opens while it is full");
    assert!(before.last < 19 && before.book.document.all_actions().count() >= 2);
    std::fs::remove_file(&filler).expect("room again");
    kept(&told, 19);
    wait(&told, "that all is well", |told| matches!(told, Told::Trouble(None)).then_some(()));
    wait(&told, "the annotation file", |told| matches!(told, Told::Saved(19)).then_some(()));

    // Read-only, as a card with its switch moved.
    disk.read_only();
    keeper.ask(Ask::Keep(vec![(20, entry(30, 10))]));
    let sentence = trouble(&told);
    assert!(sentence.to_lowercase().contains("read-only"), "{sentence}");
    disk.uncover();
    kept(&told, 20);

    // Gone and back: another file system in its place, then the first one again.
    assert!(Disk::mount(&disk.0, "size=64k"), "an empty disk in its place");
    keeper.ask(Ask::Keep(vec![(21, entry(31, 10))]));
    let sentence = trouble(&told);
    assert!(sentence.contains("gone") || sentence.contains("cannot write"), "{sentence}");
    assert!(!root.exists(), "nothing is begun anew on the empty one");
    disk.uncover();
    kept(&told, 21);
    drop(keeper);
    let opened = project::open(&[root]).expect("opens");
    assert_eq!((opened.last, opened.opening.lost), (21, 0));
    assert_eq!(opened.book.document.all_actions().count(), 22, "the first one and twenty-one edits");
    println!("full, read-only and gone: all 21 edits are there");
}
