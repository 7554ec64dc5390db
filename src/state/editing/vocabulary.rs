//! Classes, subjects, subsets: the words of the project and what a video is for.

use std::collections::BTreeMap;

use super::{Annotate, Removal, Split, commit, marks, settle};
use crate::domain::{Draw, Failure, Purpose};
use crate::project::{Action, Change, Class};
use crate::state::{Effect, State};

pub(super) fn obey(state: &mut State, command: Annotate, effects: &mut Vec<Effect>) {
    match command {
        Annotate::AddClass(name) => add_class(state, name.trim(), effects),
        Annotate::RenameClass(from, to) => rename(state, &from, to.trim(), effects),
        Annotate::DeleteClass(name, removal) => delete(state, &name, &removal, effects),
        Annotate::DescribeClass(name, description) => {
            let title = format!("Describe {name}");
            change_class(state, &title, &name, effects, |class| description.trim().clone_into(&mut class.description));
        }
        Annotate::SetClassKey(name, key) => set_key(state, &name, key, effects),
        Annotate::MoveClass(name, by) => {
            classes(state, "Order of the classes", effects, |classes| {
                let at = classes.iter().position(|class| class.name == name);
                let to = at.and_then(|at| at.checked_add_signed(by as isize)).filter(|to| *to < classes.len());
                if let (Some(at), Some(to)) = (at, to) {
                    classes.swap(at, to);
                }
            });
        }
        Annotate::AddSubject(name) => {
            let name = name.trim().to_owned();
            let before = state.editing.book.document.subjects.clone();
            if !name.is_empty() && !before.contains(&name) {
                let after = before.iter().chain([&name]).cloned().collect();
                commit(state, &format!("New subject {name}"), vec![Change::Subjects { before, after }], effects);
                state.editing.subject = name;
            }
        }
        Annotate::DeleteSubject(name) => delete_subject(state, &name, effects),
        Annotate::SetSubset(video, subset) => {
            let change = marks::head_change(state, &video, |head| head.subset.clone_from(&subset));
            commit(state, &format!("{video} for {subset}"), change.into_iter().collect(), effects);
        }
        Annotate::SplitSubsets => split_subsets(state, effects),
        Annotate::ToggleDone(video) => {
            let change = marks::head_change(state, &video, |head| head.done = !head.done);
            commit(state, "Annotated to its end, or not", change.into_iter().collect(), effects);
        }
        _ => {}
    }
}

/// The class beside the active one gets new segments.
pub(super) fn next_class(state: &mut State, by: i32) {
    let classes = &state.editing.book.document.classes;
    let at = classes.iter().position(|class| state.editing.class.as_ref() == Some(&class.name));
    let next = at.map_or(Some(0), |at| at.checked_add_signed(by as isize));
    if let Some(class) = next.and_then(|next| classes.get(next)) {
        state.editing.class = Some(class.name.clone());
        settle(state);
    }
}

/// The subject after the active one gets new segments; after the last one: none.
pub(super) fn next_subject(state: &mut State) {
    let subjects = &state.editing.book.document.subjects;
    let next = subjects.iter().position(|subject| *subject == state.editing.subject).map_or(0, |at| at + 1);
    state.editing.subject = subjects.get(next).cloned().unwrap_or_default();
}

/// Changes the list of classes.
fn classes(state: &mut State, title: &str, effects: &mut Vec<Effect>, with: impl FnOnce(&mut Vec<Class>)) {
    let before = state.editing.book.document.classes.clone();
    let mut after = before.clone();
    with(&mut after);
    if before != after {
        commit(state, title, vec![Change::Classes { before, after }], effects);
    }
}

fn change_class(state: &mut State, title: &str, name: &str, effects: &mut Vec<Effect>, with: impl FnOnce(&mut Class)) {
    classes(state, title, effects, |classes| {
        if let Some(class) = classes.iter_mut().find(|class| class.name == name) {
            with(class);
        }
    });
}

fn add_class(state: &mut State, name: &str, effects: &mut Vec<Effect>) {
    if name.is_empty() || state.editing.book.document.class(name).is_some() {
        return;
    }
    classes(state, &format!("New class {name}"), effects, |classes| classes.push(Class::named(name)));
    if state.editing.book.document.class(name).is_some() {
        state.editing.class = Some(name.to_owned());
    }
}

/// The changes of every action that `of` names, in all videos.
fn everywhere(state: &State, of: impl Fn(&Action) -> bool, with: impl Fn(&Action) -> Option<Action>) -> Vec<Change> {
    let all = state.editing.book.document.all_actions().filter(|(_, action)| of(action));
    all.map(|(video, action)| Change::Action {
        video: video.to_owned(),
        before: Some(action.clone()),
        after: with(action),
    })
    .collect()
}

fn rename(state: &mut State, from: &str, to: &str, effects: &mut Vec<Effect>) {
    let document = &state.editing.book.document;
    if to.is_empty() || from == to || document.class(from).is_none() {
        return;
    }
    let joins = document.class(to).is_some();
    let before = document.classes.clone();
    let mut after = before.clone();
    if joins {
        after.retain(|class| class.name != from);
    } else if let Some(class) = after.iter_mut().find(|class| class.name == from) {
        to.clone_into(&mut class.name);
    }
    let mut changes = vec![Change::Classes { before, after }];
    let renamed = |action: &Action| Some(Action { label: to.to_owned(), ..action.clone() });
    changes.extend(everywhere(state, |action| action.label == from, renamed));
    let title = if joins { format!("{from} joins {to}") } else { format!("Rename {from} to {to}") };
    let chosen = state.editing.class.as_deref() == Some(from);
    if commit(state, &title, changes, effects) && chosen {
        state.editing.class = Some(to.to_owned());
    }
}

fn delete(state: &mut State, name: &str, removal: &Removal, effects: &mut Vec<Effect>) {
    let document = &state.editing.book.document;
    if document.class(name).is_none() {
        return;
    }
    let before = document.classes.clone();
    let after: Vec<Class> = before.iter().filter(|class| class.name != name).cloned().collect();
    let mut changes = vec![Change::Classes { before, after }];
    changes.extend(everywhere(
        state,
        |action| action.label == name,
        |action| match removal {
            Removal::WithSegments => None,
            Removal::MoveTo(other) => Some(Action { label: other.clone(), ..action.clone() }),
        },
    ));
    commit(state, &format!("Delete class {name}"), changes, effects);
}

fn set_key(state: &mut State, name: &str, key: Option<char>, effects: &mut Vec<Effect>) {
    let key = key.map(|key| key.to_ascii_lowercase());
    let taken = state.editing.book.document.classes.iter().find(|class| class.name != name && class.key == key);
    if let (Some(key), Some(other)) = (key, taken) {
        let sentence = format!("{key} already logs {}: give that class another key first.", other.name);
        state.notices.wrong(Failure::new(sentence));
        return;
    }
    let chord = key.map(|key| key.to_ascii_uppercase().to_string()).unwrap_or_default();
    if let Some(deed) = state.settings.keymap.deed_of(&chord) {
        let sentence =
            format!("{chord} does something already ({}): choose another key, or change that one in Help.", deed.words);
        state.notices.wrong(Failure::new(sentence));
        return;
    }
    change_class(state, &format!("Key of {name}"), name, effects, |class| class.key = key);
}

fn delete_subject(state: &mut State, name: &str, effects: &mut Vec<Effect>) {
    let before = state.editing.book.document.subjects.clone();
    let after: Vec<String> = before.iter().filter(|other| *other != name).cloned().collect();
    if before == after {
        return;
    }
    let mut changes = vec![Change::Subjects { before, after }];
    let without = |action: &Action| Some(Action { subject: String::new(), ..action.clone() });
    changes.extend(everywhere(state, |action| action.subject == name, without));
    commit(state, &format!("Delete subject {name}"), changes, effects);
}

/// Which of `videos`, given with the classes that occur in each, validate: each class in proportion as far as that goes, the
/// rarest first (iterative stratification, Sechidis et al. 2011).
pub(super) fn stratified(videos: &[(String, Vec<String>)], Split { share, seed }: Split) -> Vec<bool> {
    let mut order: Vec<usize> = (0..videos.len()).collect();
    Draw::new(seed, Purpose::Shuffle, &[videos.len() as u64]).shuffle(&mut order);
    let mut wanted: BTreeMap<&str, f64> = BTreeMap::new();
    for label in videos.iter().flat_map(|(_, labels)| labels) {
        *wanted.entry(label).or_default() += share;
    }
    let mut wanted_in_all = share * videos.len() as f64;
    let mut left: BTreeMap<&str, f64> = wanted.iter().map(|(label, wanted)| (*label, wanted / share)).collect();
    let mut validates = vec![None; videos.len()];
    while let Some((rarest, _)) =
        left.iter().filter(|(_, count)| **count > 0.5).min_by(|a, b| a.1.total_cmp(b.1)).map(|(label, n)| (*label, *n))
    {
        for &at in &order {
            let (_, labels) = &videos[at];
            if validates[at].is_some() || !labels.iter().any(|label| label == rarest) {
                continue;
            }
            // How many validation still wants of this class, against how many of those that are left it would get by chance.
            let (here, rest) = (wanted[rarest], left[rarest]);
            let fair = here - share * rest;
            let validate =
                if fair.abs() > 1e-9 { fair > 0.0 || here >= rest } else { wanted_in_all >= 0.5 && here >= 0.5 };
            validates[at] = Some(validate);
            for label in labels {
                *left.entry(label).or_default() -= 1.0;
                *wanted.entry(label).or_default() -= f64::from(u8::from(validate));
            }
            wanted_in_all -= f64::from(u8::from(validate));
        }
        left.insert(rarest, 0.0);
    }
    validates.into_iter().map(|validate| validate.unwrap_or(false)).collect()
}

fn split_subsets(state: &mut State, effects: &mut Vec<Effect>) {
    let annotated: Vec<(String, Vec<String>)> = state
        .library
        .entries
        .iter()
        .filter_map(|entry| {
            let mut labels: Vec<String> =
                state.editing.book.document.actions(&entry.id).iter().map(|action| action.label.clone()).collect();
            labels.sort();
            labels.dedup();
            (!labels.is_empty()).then(|| (entry.id.clone(), labels))
        })
        .collect();
    if annotated.len() < 2 {
        state.notices.wrong(Failure::new("Annotate two videos at least: one learns, the other one tells how well."));
        return;
    }
    let mut validates = stratified(&annotated, state.editing.split);
    // Neither side may be empty.
    if !validates.contains(&true) {
        validates[0] = true;
    }
    if !validates.contains(&false) {
        validates[0] = false;
    }
    let changes: Vec<Change> = annotated
        .iter()
        .zip(&validates)
        .filter_map(|((video, _), validate)| {
            let subset = if *validate { "validation" } else { "training" };
            marks::head_change(state, video, |head| subset.clone_into(&mut head.subset))
        })
        .collect();
    let count = validates.iter().filter(|validate| **validate).count();
    commit(state, "Split into subsets", changes, effects);
    state.notices.done(format!("{} videos train, {count} validate.", annotated.len() - count));
}
