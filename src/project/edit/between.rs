//! What another program did to the annotation file, as changes.

use std::collections::HashMap;

use super::{Action, Change, Document, Record};

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

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Edit, Head};
    use super::*;

    pub(in super::super) fn document(actions: &[(u64, f64, f64, &str)]) -> Document {
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
}
