//! The book of comparisons: which of the references' tensors and values this process has compared with ours, and which it has read.
//!
//! A comparison is a function that runs once in a process: as a test of its own, or because the walk over the manifest (`walk.rs`)
//! needs its entries. So the walk neither repeats the work nor depends on the order in which tests run.

use std::collections::BTreeSet;
use std::sync::{Mutex, Once, PoisonError};

/// A file of the fixtures and a name in it: a tensor's, a JSON pointer's, or none for the file as a whole.
pub type Entry = (String, String);

/// What has been done with the fixtures so far.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// Compared with a number of ours, and found equal.
    pub compared: BTreeSet<Entry>,
    /// Handed to a test.
    pub read: BTreeSet<Entry>,
}

static BOOK: Mutex<Book> = Mutex::new(Book { compared: BTreeSet::new(), read: BTreeSet::new() });

fn entry(file: &str, name: &str) -> Entry {
    (file.to_owned(), name.to_owned())
}

/// Enters a comparison that held.
pub fn compared(file: &str, name: &str) {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner).compared.insert(entry(file, name));
}

/// Enters that a test read something.
pub fn read(file: &str, name: &str) {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner).read.insert(entry(file, name));
}

/// The book as it stands.
pub fn book() -> Book {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A function that compares with the references.
pub struct Comparison {
    name: &'static str,
    body: fn(),
    done: Once,
}

impl Comparison {
    /// Not run yet.
    pub const fn new(name: &'static str, body: fn()) -> Self {
        Self { name, body, done: Once::new() }
    }

    /// Runs it, unless it has run; waits where another thread is at it. Panics if it failed, now or then.
    pub fn run(&self) {
        self.done.call_once(self.body);
    }
}

/// Runs one of a table by name.
pub fn run(all: &[Comparison], name: &str) {
    all.iter().find(|one| one.name == name).expect("its own name").run();
}

/// Makes tests of functions, and a table of them for the walk.
macro_rules! comparisons {
    ($($name:ident),* $(,)?) => {
        /// Those of this file.
        pub(crate) static COMPARISONS: [crate::compared::Comparison; [$(stringify!($name)),*].len()] =
            [$(crate::compared::Comparison::new(stringify!($name), $name)),*];

        mod compares {
            $(
                #[test]
                fn $name() {
                    crate::compared::run(&super::COMPARISONS, stringify!($name));
                }
            )*
        }
    };
}
pub(crate) use comparisons;
