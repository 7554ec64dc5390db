//! Changes of another program brought onto what was done here meanwhile.

use super::{Action, Change, Document, Head};

/// Something that both changed, differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// What it is, for the person who is asked.
    pub sentence: String,
    /// What leads from the merged document to my version alone.
    pub mine: Vec<Change>,
    /// What leads to the other version alone.
    pub theirs: Vec<Change>,
}

/// What another program did, as it can be done here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// To be done at once. What both changed is never lost by it: what was changed here stays as it is, and the other side's
    /// version of an action comes beside it as a draft.
    pub changes: Vec<Change>,
    /// What a person must choose.
    pub conflicts: Vec<Conflict>,
}

/// Brings changes made elsewhere onto `now`. New actions get ids from `next` on where theirs are taken.
#[must_use]
pub fn merge(changes: Vec<Change>, now: &Document, next: u64) -> Merged {
    let ids = changes.iter().filter_map(Change::action).map(|id| id + 1);
    let mut merging = Merging { now, next: ids.fold(next, u64::max), merged: Merged::default() };
    for change in changes {
        match change {
            Change::Action { video, before, after } => merging.action(video, before, after),
            Change::Video { before, after: Some(after) } => merging.video(before.as_deref(), &after),
            Change::Video { before: Some(head), after: None } => merging.gone(head),
            Change::Video { before: None, after: None } => {}
            Change::Classes { before, after } => {
                let mut classes = if now.classes == before { after.clone() } else { now.classes.clone() };
                for class in after {
                    if !classes.iter().any(|known| known.name == class.name) {
                        classes.push(class);
                    }
                }
                if classes != now.classes {
                    let before = now.classes.clone();
                    merging.merged.changes.push(Change::Classes { before, after: classes });
                }
            }
            Change::Subjects { after, .. } => {
                let mut subjects = now.subjects.clone();
                subjects.extend(after.into_iter().filter(|name| !now.subjects.contains(name)));
                if subjects != now.subjects {
                    let before = now.subjects.clone();
                    merging.merged.changes.push(Change::Subjects { before, after: subjects });
                }
            }
        }
    }
    merging.merged
}

struct Merging<'a> {
    now: &'a Document,
    next: u64,
    merged: Merged,
}

/// "kick from 1.00 to 2.00 s", or that it is not there.
fn words(action: Option<&Action>) -> String {
    let Some(Action { segment: [start, end], label, draft, note, .. }) = action else { return "deleted".to_owned() };
    let draft = if *draft { ", draft" } else { "" };
    let note = if note.is_empty() { String::new() } else { format!(", \u{201c}{note}\u{201d}") };
    format!("{label} from {start:.2} to {end:.2} s{draft}{note}")
}

impl Merging<'_> {
    fn action(&mut self, video: String, before: Option<Action>, after: Option<Action>) {
        let id = after.as_ref().or(before.as_ref()).map_or(0, |action| action.id);
        let current = self.now.videos.get(&video).and_then(|record| record.action(id)).cloned();
        if current == after {
            return;
        }
        if current == before {
            return self.merged.changes.push(Change::Action { video, before, after });
        }
        let change =
            |before: Option<Action>, after: Option<Action>| Change::Action { video: video.clone(), before, after };
        // An id that nobody had before is of two different actions, and both come.
        let asked = before.is_some();
        let sentence = format!("{video}: here {}; there {}.", words(current.as_ref()), words(after.as_ref()));
        let Some(theirs) = after else {
            // Deleted there, changed here.
            let theirs = vec![change(current, None)];
            return self.merged.conflicts.push(Conflict { sentence, mine: Vec::new(), theirs });
        };
        let same =
            |ours: &Action| ours.segment == theirs.segment && ours.label == theirs.label && ours.note == theirs.note;
        if self.now.actions(&video).iter().any(same) {
            return;
        }
        let beside = Action { id: self.next, draft: theirs.draft || asked, ..theirs.clone() };
        self.next += 1;
        self.merged.changes.push(change(None, Some(beside.clone())));
        if asked {
            let gone = change(Some(beside.clone()), None);
            let taken = match current {
                Some(ours) => vec![gone.clone(), change(Some(ours), Some(theirs))],
                None => vec![change(Some(beside.clone()), Some(Action { id: beside.id, ..theirs }))],
            };
            self.merged.conflicts.push(Conflict { sentence, mine: vec![gone], theirs: taken });
        }
    }

    fn video(&mut self, before: Option<&Head>, after: &Head) {
        let current = self.now.videos.get(&after.id).map(|record| record.head.clone());
        let Some(ours) = &current else {
            return self.merged.changes.push(Change::Video { before: None, after: Some(Box::new(after.clone())) });
        };
        let change =
            |from: &Head, to: Head| Change::Video { before: Some(Box::new(from.clone())), after: Some(Box::new(to)) };
        let wanted = before.map_or_else(|| ours.clone(), |base| three_way(base, after, ours));
        if *ours != wanted {
            self.merged.changes.push(change(ours, wanted.clone()));
        }
        let theirs = before.map_or_else(|| ours.clone(), |base| three_way(base, ours, after));
        if theirs != wanted {
            let sentence = format!("{}: what is said of the video (subset, regions, done) differs.", after.id);
            let theirs = vec![change(&wanted, theirs)];
            self.merged.conflicts.push(Conflict { sentence, mine: Vec::new(), theirs });
        }
    }

    fn gone(&mut self, head: Box<Head>) {
        // Only a video that nothing was done to here goes.
        if self.now.videos.get(&head.id).is_none_or(|record| record.head != *head) {
            return;
        }
        let goes = |id: u64| {
            let of = |gone: &Change| gone.action() == Some(id) && gone.video() == Some(&head.id);
            self.merged.changes.iter().any(of)
        };
        if self.now.actions(&head.id).iter().all(|ours| goes(ours.id)) {
            self.merged.changes.push(Change::Video { before: Some(head), after: None });
        }
    }
}

/// Field by field: what only `theirs` changed is theirs, anything else ours.
fn three_way(base: &Head, theirs: &Head, ours: &Head) -> Head {
    fn pick<T: Clone + PartialEq>(base: &T, theirs: &T, ours: &T) -> T {
        if ours == base { theirs.clone() } else { ours.clone() }
    }
    Head {
        id: ours.id.clone(),
        subset: pick(&base.subset, &theirs.subset, &ours.subset),
        duration: pick(&base.duration, &theirs.duration, &ours.duration),
        path: pick(&base.path, &theirs.path, &ours.path),
        done: pick(&base.done, &theirs.done, &ours.done),
        not_annotated: pick(&base.not_annotated, &theirs.not_annotated, &ours.not_annotated),
        foreign: pick(&base.foreign, &theirs.foreign, &ours.foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::super::between::tests::document;
    use super::super::{Book, Edit, Entry, changes_between};
    use super::*;

    fn did(book: &mut Book, changes: Vec<Change>) -> Vec<([f64; 2], bool)> {
        book.take(&Entry::Edit(Edit { title: String::new(), changes }));
        book.document.actions("v").iter().map(|one| (one.segment, one.draft)).collect()
    }

    #[test]
    fn what_both_changed_is_there_twice_until_somebody_chooses_and_nothing_is_lost() {
        let base = document(&[(1, 0.0, 1.0, "a"), (2, 2.0, 3.0, "b"), (3, 4.0, 5.0, "c")]);
        let ours = document(&[(1, 0.0, 1.5, "a"), (2, 2.0, 3.0, "b"), (3, 4.0, 5.0, "c"), (4, 6.0, 7.0, "ours")]);
        let mut theirs = document(&[(1, 0.5, 1.0, "a"), (3, 4.0, 5.0, "c"), (4, 8.0, 9.0, "theirs")]);
        theirs.videos["v"].head.subset = "validation".to_owned();
        let mut book = Book::new(ours);
        let Merged { changes, conflicts } = merge(changes_between(&base, &theirs), &book.document, book.next_id());
        let found = did(&mut book, changes);
        let expected =
            [([0.0, 1.5], false), ([4.0, 5.0], false), ([6.0, 7.0], false), ([0.5, 1.0], true), ([8.0, 9.0], false)];
        assert_eq!(found, expected);
        assert_eq!(book.document.videos["v"].head.subset, "validation");
        let again = merge(changes_between(&base, &theirs), &book.document, book.next_id());
        assert!(again.changes.is_empty(), "the same a second time changes nothing: {again:?}");
        let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
        assert_eq!(conflict.sentence, "v: here a from 0.00 to 1.50 s; there a from 0.50 to 1.00 s.");
        assert_eq!(did(&mut book.clone(), conflict.mine.clone())[..2], expected[..2]);
        assert_eq!(did(&mut book.clone(), conflict.mine.clone())[3], expected[4], "theirs is gone");
        let taken = did(&mut book, conflict.theirs.clone());
        assert_eq!(taken, [([0.5, 1.0], false), expected[1], expected[2], expected[4]]);
    }

    #[test]
    fn what_one_deleted_and_the_other_changed_is_asked_too() {
        let base = document(&[(1, 0.0, 1.0, "a"), (2, 2.0, 3.0, "b")]);
        let ours = document(&[(1, 0.0, 1.5, "a")]);
        let mut theirs = document(&[(2, 2.0, 3.5, "b")]);
        theirs.videos["v"].head.subset = "testing".to_owned();
        let mut book = Book::new(ours);
        book.document.videos["v"].head.subset = "validation".to_owned();
        let Merged { changes, conflicts } = merge(changes_between(&base, &theirs), &book.document, book.next_id());
        assert_eq!(did(&mut book, changes), [([0.0, 1.5], false), ([2.0, 3.5], true)]);
        assert_eq!(conflicts.len(), 3, "{conflicts:?}");
        let all = conflicts.iter().flat_map(|conflict| conflict.theirs.clone()).collect();
        assert_eq!(did(&mut book, all), [([2.0, 3.5], false)]);
        assert_eq!(book.document.videos["v"].head.subset, "testing");
    }
}
