//! What another program did to the annotation file, as changes, and these brought onto what was done here meanwhile.

use std::collections::HashMap;

use super::{Action, Change, Document, Head, Record};

/// The changes that lead from `base` to `other`. Actions are known again by their id, else by class and times.
#[must_use]
pub fn changes_between(base: &Document, other: &Document) -> Vec<Change> {
    let mut changes = Vec::new();
    if base.classes != other.classes {
        changes.push(Change::Classes { before: base.classes.clone(), after: other.classes.clone() });
    }
    if base.subjects != other.subjects {
        changes.push(Change::Subjects { before: base.subjects.clone(), after: other.subjects.clone() });
    }
    let nothing = Record::default();
    let mut next = base.all_actions().chain(other.all_actions()).map(|(_, action)| action.id + 1).max().unwrap_or(1);
    for (id, theirs) in &other.videos {
        let ours = base.videos.get(id);
        let before = ours.map(|record| Box::new(record.head.clone()));
        if before.as_deref() != Some(&theirs.head) {
            changes.push(Change::Video { before, after: Some(Box::new(theirs.head.clone())) });
        }
        actions(id, ours.unwrap_or(&nothing), theirs, &mut next, &mut changes);
    }
    for (id, ours) in base.videos.iter().filter(|(id, _)| !other.videos.contains_key(*id)) {
        actions(id, ours, &nothing, &mut next, &mut changes);
        changes.push(Change::Video { before: Some(Box::new(ours.head.clone())), after: None });
    }
    changes
}

fn actions(video: &str, ours: &Record, theirs: &Record, next: &mut u64, changes: &mut Vec<Change>) {
    // A program that does not know our ids drops them; the file then numbers its actions anew.
    let key = |action: &Action| (action.label.clone(), action.segment.map(f64::to_bits));
    let mut by_content: HashMap<_, Vec<u64>> = HashMap::new();
    for action in ours.actions.iter().rev() {
        by_content.entry(key(action)).or_default().push(action.id);
    }
    let mut matched = std::collections::HashSet::new();
    let mut rest = Vec::new();
    for action in &theirs.actions {
        match ours.action(action.id) {
            Some(same) if key(same) == key(action) => {
                matched.insert(same.id);
                if same != action {
                    changes.push(changed(video, Some(same), Some(action)));
                }
            }
            _ => rest.push(action),
        }
    }
    let mut unknown = Vec::new();
    for action in rest {
        let ids = by_content.get_mut(&key(action));
        let same = ids.and_then(|ids| {
            ids.retain(|id| !matched.contains(id));
            ids.pop()
        });
        match same.and_then(|id| ours.action(id)) {
            Some(same) => {
                matched.insert(same.id);
                let after = Action { id: same.id, ..action.clone() };
                if *same != after {
                    changes.push(changed(video, Some(same), Some(&after)));
                }
            }
            None => unknown.push(action),
        }
    }
    for action in unknown {
        match ours.action(action.id).filter(|same| !matched.contains(&same.id)) {
            Some(same) => {
                matched.insert(same.id);
                changes.push(changed(video, Some(same), Some(action)));
            }
            None if ours.action(action.id).is_some() => {
                changes.push(changed(video, None, Some(&Action { id: *next, ..action.clone() })));
                *next += 1;
            }
            None => changes.push(changed(video, None, Some(action))),
        }
    }
    for gone in ours.actions.iter().filter(|action| !matched.contains(&action.id)) {
        changes.push(changed(video, Some(gone), None));
    }
}

fn changed(video: &str, before: Option<&Action>, after: Option<&Action>) -> Change {
    Change::Action { video: video.to_owned(), before: before.cloned(), after: after.cloned() }
}

/// Brings changes made elsewhere onto `now`. What both changed is never lost: what was changed here stays as it is, and the other
/// side's version comes beside it as a draft. New actions get ids from `next` on where theirs are taken.
#[must_use]
pub fn onto(changes: Vec<Change>, now: &Document, mut next: u64) -> Vec<Change> {
    let mut out = Vec::new();
    let ids = changes.iter().filter_map(Change::action).map(|id| id + 1);
    next = ids.fold(next, u64::max);
    for change in changes {
        match change {
            Change::Action { video, before, after } => {
                let id = after.as_ref().or(before.as_ref()).map_or(0, |action| action.id);
                let current = now.videos.get(&video).and_then(|record| record.action(id)).cloned();
                if current == after {
                    continue;
                }
                if current == before {
                    out.push(Change::Action { video, before, after });
                } else if let Some(theirs) = after {
                    let known = now.actions(&video).iter().any(|ours| {
                        ours.segment == theirs.segment && ours.label == theirs.label && ours.note == theirs.note
                    });
                    if !known {
                        let draft = theirs.draft || before.is_some();
                        let after = Some(Action { id: next, draft, ..theirs });
                        out.push(Change::Action { video, before: None, after });
                        next += 1;
                    }
                }
            }
            Change::Video { before, after: Some(after) } => {
                let current = now.videos.get(&after.id).map(|record| Box::new(record.head.clone()));
                let wanted = match &current {
                    Some(current) => three_way(before.as_deref(), &after, current),
                    None => *after,
                };
                if current.as_deref() != Some(&wanted) {
                    out.push(Change::Video { before: current, after: Some(Box::new(wanted)) });
                }
            }
            Change::Video { before: Some(head), after: None } => {
                // Only a video that nothing was done to here goes.
                if now.videos.get(&head.id).is_some_and(|record| record.head == *head) {
                    let kept = now.actions(&head.id).iter().any(|ours| {
                        !out.iter().any(|gone| gone.action() == Some(ours.id) && gone.video() == Some(&head.id))
                    });
                    if !kept {
                        out.push(Change::Video { before: Some(head), after: None });
                    }
                }
            }
            Change::Classes { before, after } => {
                let mut classes = if now.classes == before { after.clone() } else { now.classes.clone() };
                for class in after {
                    if !classes.iter().any(|known| known.name == class.name) {
                        classes.push(class);
                    }
                }
                if classes != now.classes {
                    out.push(Change::Classes { before: now.classes.clone(), after: classes });
                }
            }
            Change::Subjects { after, .. } => {
                let mut subjects = now.subjects.clone();
                subjects.extend(after.into_iter().filter(|name| !now.subjects.contains(name)));
                if subjects != now.subjects {
                    out.push(Change::Subjects { before: now.subjects.clone(), after: subjects });
                }
            }
            Change::Video { before: None, after: None } => {}
        }
    }
    out
}

/// Field by field: what only they changed is theirs, anything else ours.
fn three_way(base: Option<&Head>, theirs: &Head, ours: &Head) -> Head {
    let Some(base) = base else { return ours.clone() };
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
    use super::super::{Book, Edit, Entry};
    use super::*;

    fn document(actions: &[(u64, f64, f64, &str)]) -> Document {
        let actions = actions
            .iter()
            .map(|&(id, start, end, label)| Action {
                id,
                segment: [start, end],
                label: label.to_owned(),
                ..Action::default()
            })
            .collect();
        let head = Head { id: "v".to_owned(), subset: "training".to_owned(), ..Head::default() };
        let mut document = Document::default();
        document.videos.insert("v".to_owned(), Record { head, actions });
        document
    }

    #[test]
    fn changes_lead_from_one_to_the_other() {
        let base = document(&[(1, 0.0, 1.0, "a"), (2, 2.0, 3.0, "b"), (3, 4.0, 5.0, "c")]);
        // Numbered anew by a program that dropped our ids, one moved, one new.
        let other = document(&[(1, 2.0, 3.0, "b"), (2, 4.0, 5.0, "c"), (3, 7.0, 8.0, "a"), (4, 9.0, 9.5, "n")]);
        let changes = changes_between(&base, &other);
        let mut merged = base;
        merged.apply_all(&Edit { title: String::new(), changes });
        let content = |document: &Document| {
            let mut all: Vec<_> =
                document.actions("v").iter().map(|action| (action.segment, action.label.clone())).collect();
            all.sort_by(|a, b| a.0[0].total_cmp(&b.0[0]));
            all
        };
        assert_eq!(content(&merged), content(&other));
    }

    #[test]
    fn what_both_changed_is_there_twice_and_nothing_is_lost() {
        let base = document(&[(1, 0.0, 1.0, "a"), (2, 2.0, 3.0, "b"), (3, 4.0, 5.0, "c")]);
        let ours = document(&[(1, 0.0, 1.5, "a"), (2, 2.0, 3.0, "b"), (3, 4.0, 5.0, "c"), (4, 6.0, 7.0, "ours")]);
        let mut theirs = document(&[(1, 0.5, 1.0, "a"), (3, 4.0, 5.0, "c"), (4, 8.0, 9.0, "theirs")]);
        theirs.videos["v"].head.subset = "validation".to_owned();
        let mut book = Book::new(ours);
        let changes = onto(changes_between(&base, &theirs), &book.document, book.next_id());
        book.take(&Entry::Edit(Edit { title: "Outside".to_owned(), changes }));
        let found: Vec<_> = book.document.actions("v").iter().map(|one| (one.segment, one.draft)).collect();
        let expected =
            [([0.0, 1.5], false), ([4.0, 5.0], false), ([6.0, 7.0], false), ([0.5, 1.0], true), ([8.0, 9.0], false)];
        assert_eq!(found, expected);
        assert_eq!(book.document.videos["v"].head.subset, "validation");
        let again = onto(changes_between(&base, &theirs), &book.document, book.next_id());
        assert!(again.is_empty(), "the same a second time changes nothing: {again:?}");
    }
}
