//! Sentences for the person: what went wrong, what was done.

use crate::domain::Failure;

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something was done; goes away by itself.
    Done,
    /// Something that a person must have seen; stays until dismissed.
    Told,
    /// Something went wrong; stays until dismissed.
    Wrong,
}

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Tells it from the others.
    pub id: u64,
    /// How it is meant.
    pub tone: Tone,
    /// The sentence, and causes behind it.
    pub failure: Failure,
    /// How often it came.
    pub count: usize,
}

/// Notices that are shown, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// What is shown.
    pub shown: Vec<Notice>,
    next: u64,
}

/// Notices kept at once; the oldest goes when another comes.
const MOST: usize = 4;

impl Notices {
    /// Something went wrong. The same sentence again is counted instead of shown twice.
    pub fn wrong(&mut self, failure: Failure) {
        self.push(Tone::Wrong, failure);
    }

    /// Something was done.
    pub fn done(&mut self, sentence: impl Into<String>) {
        self.push(Tone::Done, Failure::new(sentence));
    }

    /// Something that a person must have seen, though nothing is wrong.
    pub fn told(&mut self, sentence: impl Into<String>) {
        self.push(Tone::Told, Failure::new(sentence));
    }

    /// Takes a notice away.
    pub fn dismiss(&mut self, id: u64) {
        self.shown.retain(|notice| notice.id != id);
    }

    fn push(&mut self, tone: Tone, failure: Failure) {
        if let Some(same) = self.shown.iter_mut().find(|notice| notice.failure.sentence == failure.sentence) {
            same.count += 1;
            return;
        }
        self.next += 1;
        self.shown.push(Notice { id: self.next, tone, failure, count: 1 });
        if self.shown.len() > MOST {
            self.shown.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_sentence_is_counted_and_old_ones_go() {
        let mut notices = Notices::default();
        for text in ["a", "a", "b", "c", "d", "e"] {
            notices.wrong(Failure::new(text));
        }
        let shown: Vec<(&str, usize)> =
            notices.shown.iter().map(|notice| (notice.failure.sentence.as_str(), notice.count)).collect();
        assert_eq!(shown, [("b", 1), ("c", 1), ("d", 1), ("e", 1)]);
        notices.dismiss(notices.shown[0].id);
        assert_eq!(notices.shown.len(), 3);
    }
}
