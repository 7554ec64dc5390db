//! The thread that keeps a project's annotations: entries into the journal at once, the annotation file a moment later, and a look
//! at what other programs do to it.
//!
//! What cannot be written is tried again until it can, and nothing that was given to it is dropped.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::project::{Change, Entry, Opened, ProjectError, Store, open_to_edit};
use crate::run;

/// Who may write a project's annotations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// This window.
    #[default]
    Ours,
    /// Another process, by its id.
    Theirs(u32),
}

/// What the keeper is asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Keep these entries, with their numbers.
    Keep(Vec<(u64, Entry)>),
    /// Bring the annotation file up to date now; the sender is told when that was tried.
    Save(Sender<()>),
    /// Take the project over from the window that has it.
    TakeOver,
    /// Save, and let go of the project for the moment: it may be opened again by the same window.
    Yield,
    /// Take it again: nothing else was opened after all.
    Resume,
}

/// What the keeper tells.
#[derive(Debug)]
pub enum Told {
    /// The project was read.
    Opened(Result<Box<Opened>, ProjectError>),
    /// Entries up to this number are on the disk.
    Kept(u64),
    /// The annotation file has everything up to this number.
    Saved(u64),
    /// Another program changed the annotation file: this is what it did.
    Outside(Vec<Change>),
    /// Something cannot be written or read; it is tried again. None: all is well again.
    Trouble(Option<String>),
    /// Who may write.
    Access(Access),
}

/// Asks that wait at most.
const WAITING: usize = 4096;
/// How long the annotation file waits for further edits.
const SETTLES: Duration = Duration::from_millis(1500);
/// How long until something that failed is tried again.
const AGAIN: Duration = Duration::from_millis(700);
/// How often other programs' doings are looked for.
const LOOKS: Duration = Duration::from_secs(1);
/// How long another window has to let go.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long the end of the program waits for the last save.
const FAREWELL: Duration = Duration::from_secs(6);
/// File by which a window asks for the project, in [`Store::FOLDER`].
const REQUEST: &str = "takeover";

/// Handle of the thread. Dropping it saves and lets go.
#[derive(Debug)]
pub struct Keeper {
    asks: Option<Sender<Ask>>,
    over: Receiver<()>,
}

impl Keeper {
    /// Opens `paths` on a thread of its own and keeps their annotations.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(paths: Vec<PathBuf>, tell: impl Fn(Told) + Send + 'static) -> std::io::Result<Self> {
        let (asks, asked) = bounded(WAITING);
        let (end, over) = bounded(1);
        std::thread::Builder::new().name("keeper".to_owned()).spawn(move || {
            keep(&paths, &asked, &tell);
            // Nobody may be waiting for it.
            let _ = end.try_send(());
        })?;
        Ok(Self { asks: Some(asks), over })
    }

    /// Asks for something. When the thread is very far behind this waits for it.
    pub fn ask(&self, ask: Ask) {
        if let Some(asks) = &self.asks {
            // A keeper that could not open its project has nothing to keep.
            let _ = asks.send(ask);
        }
    }

    /// Brings the annotation file up to date and waits for that, for at most `patience`.
    pub fn save_now(&self, patience: Duration) {
        let (done, saved) = bounded(1);
        self.ask(Ask::Save(done));
        // Later is fine too: the keeper goes on trying.
        let _ = saved.recv_timeout(patience);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.asks = None;
        let _ = self.over.recv_timeout(FAREWELL);
    }
}

fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn keep(paths: &[PathBuf], asked: &Receiver<Ask>, tell: &dyn Fn(Told)) {
    let (mut opened, mut store) = match open_to_edit(paths, unix_seconds()) {
        Ok(both) => both,
        Err(error) => return tell(Told::Opened(Err(error))),
    };
    let folder = opened.root.join(Store::FOLDER);
    let mut access = Access::Ours;
    let mut lock = None;
    // A folder in which nothing was annotated yet is left as it is.
    if folder.is_dir() || opened.annotation_file.is_file() {
        match take_lock(&folder, PATIENCE) {
            Ok(taken) => {
                lock = Some(taken);
                // Of a window that asked and is gone.
                let _ = std::fs::remove_file(folder.join(REQUEST));
                // Another window may have written between reading and locking.
                match open_to_edit(paths, unix_seconds()) {
                    Ok(both) => (opened, store) = both,
                    Err(error) => return tell(Told::Opened(Err(error))),
                }
            }
            Err(run::RunError::Busy { pid, .. }) => {
                access = Access::Theirs(pid);
                // What is not saved yet is about to be, by the one who made it.
                opened.opening.replayed = 0;
            }
            // A folder that cannot be written to is looked at; the first edit will tell.
            Err(_) => {}
        }
    }
    let outside = store.take_outside();
    tell(Told::Opened(Ok(Box::new(opened))));
    tell(Told::Access(access));
    if let Some(changes) = outside {
        tell(Told::Outside(changes));
    }
    let now = Instant::now();
    let mut keeping = Keeping {
        paths,
        tell,
        folder,
        store,
        access,
        lock,
        yielded: false,
        pending: Vec::new(),
        troubled: false,
        again: now,
        looked: now,
        changed: now,
    };
    keeping.run(asked);
}

/// Takes the lock. One that this very process holds is about to be let go: an earlier project of the same window.
fn take_lock(folder: &Path, patience: Duration) -> Result<run::Lock, run::RunError> {
    // Where this fails taking the lock fails too, and says why.
    let _ = std::fs::create_dir_all(folder);
    let begin = Instant::now();
    loop {
        match run::Lock::take(folder) {
            Err(run::RunError::Busy { pid, .. }) if pid == std::process::id() && begin.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(30));
            }
            other => return other,
        }
    }
}

struct Keeping<'a> {
    paths: &'a [PathBuf],
    tell: &'a dyn Fn(Told),
    folder: PathBuf,
    store: Store,
    access: Access,
    lock: Option<run::Lock>,
    /// Whether the project was let go of for the moment.
    yielded: bool,
    /// Entries that are not on the disk yet.
    pending: Vec<(u64, Entry)>,
    troubled: bool,
    /// Nothing that failed is tried before.
    again: Instant,
    looked: Instant,
    /// When the last entry was kept.
    changed: Instant,
}

impl Keeping<'_> {
    fn run(&mut self, asked: &Receiver<Ask>) {
        loop {
            let busy = !self.pending.is_empty() || self.store.is_ahead() || self.troubled;
            let first = asked.recv_timeout(if busy { Duration::from_millis(200) } else { LOOKS });
            if matches!(first, Err(RecvTimeoutError::Disconnected)) {
                break;
            }
            let mut told = Vec::new();
            for ask in first.into_iter().chain(asked.try_iter()) {
                if let Some(done) = self.obey(ask) {
                    told.push(done);
                }
            }
            self.work(!told.is_empty());
            // Whoever waits no longer needs to know nothing.
            for done in told {
                let _ = done.try_send(());
            }
        }
        (self.again, self.yielded) = (Instant::now(), false);
        self.work(true);
    }

    fn obey(&mut self, ask: Ask) -> Option<Sender<()>> {
        match ask {
            Ask::Keep(entries) => self.pending.extend(entries),
            Ask::Save(done) => return Some(done),
            Ask::TakeOver => self.take_over(),
            Ask::Yield => {
                self.work(true);
                (self.lock, self.yielded) = (None, true);
            }
            Ask::Resume => {
                self.yielded = false;
                self.again = Instant::now();
            }
        }
        None
    }

    /// Does what is due. `all` saves without waiting for further edits.
    fn work(&mut self, all: bool) {
        if self.access != Access::Ours || self.yielded {
            return;
        }
        let now = Instant::now();
        if self.lock.is_some() && self.is_wanted_by_another() {
            self.save_all();
            self.lock = None;
            self.access = Access::Theirs(self.requester().unwrap_or(0));
            (self.tell)(Told::Access(self.access));
            return;
        }
        if !self.troubled || now >= self.again || all {
            let outcome = self
                .keep_pending()
                .and_then(|()| self.look(all))
                .and_then(|()| if all || now.duration_since(self.changed) >= SETTLES { self.save() } else { Ok(()) });
            self.say(outcome);
        }
    }

    fn save_all(&mut self) {
        let outcome = self.keep_pending().and_then(|()| self.look(true)).and_then(|()| self.save());
        self.say(outcome);
    }

    fn keep_pending(&mut self) -> Result<(), String> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if self.lock.is_none() {
            match take_lock(&self.folder, Duration::ZERO) {
                Ok(lock) => self.lock = Some(lock),
                Err(run::RunError::Busy { pid, .. }) => {
                    return Err(format!(
                        "another window (process {pid}) edits this project; close it or take the project over"
                    ));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        if self.store.last() == 0 {
            self.look(true)?;
        }
        self.store.append(&self.pending, unix_seconds()).map_err(|error| error.to_string())?;
        self.pending.clear();
        self.changed = Instant::now();
        (self.tell)(Told::Kept(self.store.last()));
        Ok(())
    }

    fn look(&mut self, now: bool) -> Result<(), String> {
        if now || self.looked.elapsed() >= LOOKS {
            self.looked = Instant::now();
            if let Some(changes) = self.store.look_outside().map_err(|error| error.to_string())? {
                (self.tell)(Told::Outside(changes));
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), String> {
        if self.store.is_ahead() && self.lock.is_some() {
            self.store.save(unix_seconds()).map_err(|error| error.to_string())?;
            (self.tell)(Told::Saved(self.store.last()));
        }
        Ok(())
    }

    fn say(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) if self.troubled => {
                self.troubled = false;
                (self.tell)(Told::Trouble(None));
            }
            Ok(()) => {}
            Err(sentence) => {
                self.troubled = true;
                self.again = Instant::now() + AGAIN;
                (self.tell)(Told::Trouble(Some(sentence)));
            }
        }
    }

    fn requester(&self) -> Option<u32> {
        std::fs::read_to_string(self.folder.join(REQUEST)).ok()?.trim().parse().ok()
    }

    fn is_wanted_by_another(&self) -> bool {
        // The same process may have two windows in tests; a request is never one's own while one has the lock.
        self.requester().is_some()
    }

    fn take_over(&mut self) {
        let request = self.folder.join(REQUEST);
        let begin = Instant::now();
        let asked = std::fs::write(&request, std::process::id().to_string());
        let mut taken = Err(String::new());
        while asked.is_ok() && taken.is_err() && begin.elapsed() < PATIENCE {
            taken = run::Lock::take(&self.folder).map_err(|error| error.to_string());
        }
        // Nobody must find it later.
        let _ = std::fs::remove_file(&request);
        match (asked, taken) {
            (Err(error), _) => self.say(Err(format!("cannot write {}: {error}", request.display()))),
            (_, Err(_)) => {
                let owner = run::owner(&self.folder).map_or(0, |owner| owner.pid);
                self.say(Err(format!(
                    "the window that has this project (process {owner}) does not answer; end it and try again"
                )));
            }
            (_, Ok(lock)) => match open_to_edit(self.paths, unix_seconds()) {
                Ok((opened, mut store)) => {
                    let outside = store.take_outside();
                    (self.lock, self.store, self.access) = (Some(lock), store, Access::Ours);
                    self.pending.clear();
                    self.troubled = false;
                    (self.tell)(Told::Opened(Ok(Box::new(opened))));
                    (self.tell)(Told::Access(Access::Ours));
                    (self.tell)(Told::Trouble(None));
                    if let Some(changes) = outside {
                        (self.tell)(Told::Outside(changes));
                    }
                }
                Err(error) => self.say(Err(error.to_string())),
            },
        }
    }
}
