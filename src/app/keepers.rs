//! The keepers of annotations: that of the open project, that of one that is being opened, and those that are ending.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::Failure;
use crate::jobs::keeper::{Ask, Keeper, Told};
use crate::state::{Keeping, Report};

use super::effects::{Outbox, no_thread};
use super::sentence::sentence;

/// Owner of all of them.
pub struct Keepers {
    outbox: Outbox,
    keeper: Option<Keeper>,
    opening: Option<Keeper>,
    leaving: Vec<std::thread::JoinHandle<()>>,
}

impl Drop for Keepers {
    fn drop(&mut self) {
        self.opening = None;
        self.keeper = None;
        for thread in self.leaving.drain(..) {
            // What a thread said in panic, it said on standard error.
            let _ = thread.join();
        }
    }
}

impl Keepers {
    /// None yet.
    pub fn new(outbox: Outbox) -> Self {
        Self { outbox, keeper: None, opening: None, leaving: Vec::new() }
    }

    /// Asks that of the open project for something.
    pub fn ask(&self, ask: Ask) {
        if let Some(keeper) = &self.keeper {
            keeper.ask(ask);
        }
    }

    /// Brings the annotation file up to date and waits for that, for at most `patience`.
    pub fn save_now(&self, patience: Duration) {
        if let Some(keeper) = &self.keeper {
            keeper.save_now(patience);
        }
    }

    /// Begins to open a project.
    pub fn open(&mut self, paths: Vec<PathBuf>) {
        // It may be the same project again.
        self.ask(Ask::Yield);
        let outbox = self.outbox.clone();
        let root = std::cell::RefCell::new(PathBuf::new());
        let tell = move |told| {
            let keeping = match told {
                Told::Opened(opened) => {
                    if let Ok(opened) = &opened {
                        root.borrow_mut().clone_from(&opened.root);
                    }
                    let opened = opened.map_err(|error| Failure::new(sentence(&error)));
                    return outbox.report(Report::Opened(opened));
                }
                Told::Kept(n) => Keeping::Kept(n),
                Told::Saved(_) => return,
                Told::Outside(changes) => Keeping::Outside(changes),
                Told::Trouble(sentence) => Keeping::Trouble(sentence),
                Told::Access(access) => Keeping::Access(access),
            };
            outbox.report(Report::Keeping { root: root.borrow().clone(), told: keeping });
        };
        match Keeper::start(paths, tell) {
            Ok(keeper) => self.opening = Some(keeper),
            Err(error) => self.outbox.report(Report::Opened(Err(no_thread("project keeper", &error)))),
        }
    }

    /// The project that was opened takes the place of the one before; or it could not be opened and that one stays.
    pub fn adopt(&mut self, opened: bool) {
        if !opened {
            self.opening = None;
            return self.ask(Ask::Resume);
        }
        // The one before saves and ends on a thread of its own: its disk may be slow.
        let Some(before) = self.opening.take().and_then(|opened| self.keeper.replace(opened)) else { return };
        self.leaving.retain(|thread| !thread.is_finished());
        match std::thread::Builder::new().name("keeper end".to_owned()).spawn(move || drop(before)) {
            Ok(thread) => self.leaving.push(thread),
            Err(error) => self.outbox.report(Report::Failed(no_thread("project keeper", &error))),
        }
    }
}
