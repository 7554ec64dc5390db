//! Which command is whose.

use super::{
    Annotate, Away, Split, conflicts, drag, enter, import, leaving, logging, marks, picture, segments, select, settle,
    table, vocabulary,
};
use crate::project::Entry;
use crate::state::{Effect, State, Wanted, update};

/// Does what a person asked of the annotations.
pub(in crate::state) fn obey(state: &mut State, command: Annotate, effects: &mut Vec<Effect>) {
    match command {
        Annotate::Undo => turn(state, Entry::Undo, effects),
        Annotate::Redo => turn(state, Entry::Redo, effects),
        Annotate::ChooseClass(name) => {
            state.editing.class = Some(name);
            settle(state);
        }
        Annotate::ChooseSubject(name) => state.editing.subject = name,
        Annotate::Press(key) => logging::press(state, key, effects),
        Annotate::Release(key, held) => logging::release(state, key, held, effects),
        Annotate::LetGo => logging::end_all(state, effects),
        Annotate::MarkIn => marks::mark_in(state),
        Annotate::MarkOut => marks::mark_out(state),
        Annotate::MakeSegment => marks::make(state, effects),
        Annotate::MarkNotAnnotated => marks::not_annotated(state, effects),
        Annotate::ClearNotAnnotated => marks::clear_not_annotated(state, effects),
        Annotate::DragStart(grip, at) => drag::start(state, grip, at),
        Annotate::DragTo { at, reach, free } => drag::to(state, at, reach, free, effects),
        Annotate::DragEnd => drag::end(state, effects),
        Annotate::DragCancel => drag::cancel(state),
        Annotate::Select(id, pick) => select::one(state, id, pick),
        Annotate::SelectBox(range, lanes, pick) => select::in_box(state, range, &lanes, pick),
        Annotate::SelectAll => {
            let here = state.playback.video;
            let rows = state.editing.rows.iter().filter(|(video, _)| Some(*video) == here);
            state.editing.selection = rows.map(|(_, id)| *id).collect();
        }
        Annotate::Clear => select::clear(state),
        Annotate::Step(by) => select::step(state, by, effects),
        Annotate::StepToo(by) => select::step_too(state, by, effects),
        Annotate::NextClass(by) => vocabulary::next_class(state, by),
        Annotate::NextSubject => vocabulary::next_subject(state),
        Annotate::NextHit(by) => table::next_hit(state, by, effects),
        Annotate::GoTo(edge) => select::go_to(state, edge, effects),
        Annotate::Delete => segments::delete(state, "Delete", effects),
        Annotate::Split => segments::split(state, effects),
        Annotate::Merge => segments::merge(state, effects),
        Annotate::Duplicate => segments::duplicate(state, effects),
        Annotate::Copy => segments::copy(state),
        Annotate::Cut => {
            segments::copy(state);
            segments::delete(state, "Cut", effects);
        }
        Annotate::Paste => segments::paste(state, effects),
        Annotate::Nudge(edge, frames) => segments::nudge(state, Some(edge), frames, effects),
        Annotate::NudgeBoth(frames) => segments::nudge(state, None, frames, effects),
        Annotate::SetClass(label) => segments::set_class(state, &label, effects),
        Annotate::ToggleDraft => segments::toggle_draft(state, effects),
        Annotate::SetField(id, field) => table::set(state, id, field, effects),
        Annotate::ToggleLoop => select::toggle_loop(state, effects),
        Annotate::SetFilter(filter) => {
            state.editing.filter = filter;
            table::list(state);
        }
        Annotate::SetCrop(crop) => picture::set_crop(state, crop, effects),
        Annotate::SetStream(stream) => picture::set_stream(state, stream, effects),
        Annotate::Find => {
            state.editing.filter.everywhere = true;
            state.editing.asked_to_find += 1;
            table::list(state);
        }
        Annotate::GoToHit(video, id) => table::go_to(state, video, id, effects),
        Annotate::EditCell(cell) => state.editing.cell = cell,
        Annotate::EditCells(column) => {
            state.editing.cell = state.editing.selection.first().map(|id| (*id, column));
            state.editing.asked_for_table += 1;
        }
        Annotate::TypeClass(id, typed) => table::type_class(state, id, &typed, effects),
        Annotate::SetSplit(split) => {
            state.editing.split = Split { share: split.share.clamp(0.05, 0.95), ..split };
        }
        Annotate::SetAnnotator(name) => state.settings.annotator = name,
        Annotate::SetReaction(seconds) => state.settings.reaction = seconds.clamp(0.0, 1.0),
        Annotate::Calibrate(begin) => logging::calibrate(state, begin, effects),
        Annotate::CalibrationHit(delay) => logging::hit(state, delay),
        Annotate::TakeOver => effects.push(Effect::TakeOver),
        Annotate::Save => effects.push(Effect::SaveAnnotations),
        Annotate::Close => leaving::ask(state, Away::Close, effects),
        Annotate::Stay => state.editing.leaving = None,
        Annotate::LeaveAnyway => leaving::anyway(state, effects),
        Annotate::SaveElsewhere => effects.push(Effect::AskElsewhere),
        Annotate::Settle(how) => conflicts::settle(state, how, effects),
        Annotate::AskImport => effects.push(Effect::AskFile(Wanted::Annotations)),
        Annotate::ConfirmImport => import::confirm(state, effects),
        Annotate::CancelImport => state.editing.importing = None,
        Annotate::Export(form) => {
            let folder = state.project.as_ref().map(|project| project.root.clone());
            let document = Box::new(state.editing.book.document.clone());
            effects.push(Effect::ExportAnnotations { form, folder, document });
        }
        command => vocabulary::obey(state, command, effects),
    }
}

/// Undo or redo, and where that happened.
fn turn(state: &mut State, entry: Entry, effects: &mut Vec<Effect>) {
    drag::cancel(state);
    let book = &state.editing.book;
    let edit = if entry == Entry::Undo { book.undoable() } else { book.redoable() };
    let Some(edit) = edit else { return };
    let of = edit.changes.iter().find(|change| change.action().is_some()).and_then(|change| change.video());
    let there = of.and_then(|video| state.library.index(video));
    if super::is_refused(state) {
        return;
    }
    let made = enter(state, entry, effects);
    if let Some(index) = there.filter(|index| state.playback.video != Some(*index)) {
        crate::state::react::select(state, index, effects);
    }
    let back = made.iter().filter(|change| matches!(change, crate::project::Change::Action { after: Some(_), .. }));
    let ids: Vec<u64> = back.filter_map(crate::project::Change::action).collect();
    if !ids.is_empty() {
        state.editing.selection = ids.into_iter().collect();
        settle(state);
        show_selection(state);
    }
}

/// Moves the timeline to where the selection is.
pub(super) fn show_selection(state: &mut State) {
    let ends = state.selected_actions().map(|action| action.segment);
    let extent = ends.fold(None, |extent: Option<[f64; 2]>, [start, end]| {
        Some(extent.map_or([start, end], |[first, last]| [first.min(start), last.max(end)]))
    });
    if let Some([start, _]) = extent {
        state.timeline = state.timeline.showing(start);
    }
}

/// Goes to a time in seconds.
pub(super) fn go(state: &mut State, seconds: f64, effects: &mut Vec<Effect>) {
    if state.playback.is_ready() {
        update::seek(state, crate::domain::MediaTime::from_secs(seconds), effects);
    }
}
