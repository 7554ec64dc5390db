//! The annotations of a project as a person edits them: the document, changes as values, and the book of everything done.

mod between;
mod book;
mod change;
mod document;
mod exchange;
mod file;
mod merge;

pub use between::changes_between;
pub use book::{Book, Entry};
pub use change::{Change, Edit};
pub use document::{Action, Class, Document, Head, Record};
pub use exchange::{Incoming, incoming, outgoing};
pub use merge::{Conflict, Merged, merge};
