//! What keys can do: each deed with its words for the help page and its keys in the default preset.

use super::{Annotate, Column, Command, Correct, DrawCrop, Edge, Inspect, PictureView, Settings, State, Wish};

/// Something that a key can do.
pub struct Deed {
    /// Stays the same between versions.
    pub id: &'static str,
    /// What it does, for people.
    pub words: &'static str,
    /// Its keys in the default preset.
    pub keys: &'static [&'static str],
    /// Whether it happens again while the key is held.
    pub repeats: bool,
    /// The command.
    pub command: fn(&State) -> Command,
}

impl std::fmt::Debug for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

const fn once(
    id: &'static str,
    words: &'static str,
    keys: &'static [&'static str],
    command: fn(&State) -> Command,
) -> Deed {
    Deed { id, words, keys, repeats: false, command }
}

const fn again(
    id: &'static str,
    words: &'static str,
    keys: &'static [&'static str],
    command: fn(&State) -> Command,
) -> Deed {
    Deed { id, words, keys, repeats: true, command }
}

/// All of them, in the order of the help page.
pub const DEEDS: &[Deed] = &[
    once("play", "play, pause", &["Space"], |_| Command::TogglePlay),
    once("shuttle.back", "play backward; again: faster", &["J"], |_| Command::Shuttle(-1.0)),
    once("shuttle.stop", "stop", &["K"], |_| Command::Pause),
    once("shuttle.forward", "play forward; again: faster", &["L"], |_| Command::Shuttle(1.0)),
    again("frame.back", "one frame back", &["Left", "D"], |_| Command::StepFrames(-1)),
    again("frame.forward", "one frame on", &["Right", "F"], |_| Command::StepFrames(1)),
    again("frames.back", "ten frames back", &["Ctrl+Left"], |_| Command::StepFrames(-10)),
    again("frames.forward", "ten frames on", &["Ctrl+Right"], |_| Command::StepFrames(10)),
    again("second.back", "one second back", &["Shift+Left"], |_| Command::SeekBy(-1.0)),
    again("second.forward", "one second on", &["Shift+Right"], |_| Command::SeekBy(1.0)),
    again("slower", "slower", &["OpenBracket"], |_| Command::StepSpeed(-1)),
    again("faster", "faster", &["CloseBracket"], |_| Command::StepSpeed(1)),
    once("mark.in", "the action begins here", &["I"], |_| Annotate::MarkIn.into()),
    once("mark.out", "the action ends here", &["O"], |_| Annotate::MarkOut.into()),
    once("mark.make", "make the segment", &["Enter"], |_| Annotate::MakeSegment.into()),
    once("mark.unknown", "nobody annotated what is marked", &["U"], |_| Annotate::MarkNotAnnotated.into()),
    once("unknown.clear", "annotated here after all", &["Shift+U"], |_| Annotate::ClearNotAnnotated.into()),
    once("undo", "undo", &["Ctrl+Z"], |_| Annotate::Undo.into()),
    once("redo", "redo", &["Ctrl+Shift+Z", "Ctrl+Y"], |_| Annotate::Redo.into()),
    once("accept", "accept the detection", &["A"], |_| Command::Correct(Correct::Accept)),
    once("reject", "reject the detection", &["X"], |_| Command::Correct(Correct::Reject)),
    once("annotate.next", "what to annotate next", &["W"], |_| Command::Correct(Correct::NextMoment)),
    again("error.next", "next error", &["N"], |_| Command::Inspect(Inspect::Next(1))),
    again("error.previous", "previous error", &["Shift+N"], |_| Command::Inspect(Inspect::Next(-1))),
    again("segment.previous", "previous segment", &["Comma"], |_| Annotate::Step(-1).into()),
    again("segment.next", "next segment", &["Period"], |_| Annotate::Step(1).into()),
    again("segment.previous.too", "the previous segment as well", &["Shift+Comma", "Shift+Semicolon"], |_| {
        Annotate::StepToo(-1).into()
    }),
    again("segment.next.too", "the next segment as well", &["Shift+Period", "Shift+Colon"], |_| {
        Annotate::StepToo(1).into()
    }),
    once("segment.start", "its start, or the video's", &["Home"], |_| Annotate::GoTo(Edge::Start).into()),
    once("segment.end", "its end, or the video's", &["End"], |_| Annotate::GoTo(Edge::End).into()),
    again("start.earlier", "its start a frame earlier", &["Alt+Left"], |_| Annotate::Nudge(Edge::Start, -1).into()),
    again("start.later", "its start a frame later", &["Alt+Right"], |_| Annotate::Nudge(Edge::Start, 1).into()),
    again("end.earlier", "its end a frame earlier", &["Shift+Alt+Left"], |_| Annotate::Nudge(Edge::End, -1).into()),
    again("end.later", "its end a frame later", &["Shift+Alt+Right"], |_| Annotate::Nudge(Edge::End, 1).into()),
    again("both.earlier", "the whole segment a frame earlier", &["Ctrl+Alt+Left"], |_| Annotate::NudgeBoth(-1).into()),
    again("both.later", "the whole segment a frame later", &["Ctrl+Alt+Right"], |_| Annotate::NudgeBoth(1).into()),
    once("split", "split at the playhead", &["S"], |_| Annotate::Split.into()),
    once("merge", "merge the selected", &["M"], |_| Annotate::Merge.into()),
    once("duplicate", "duplicate", &["Ctrl+D"], |_| Annotate::Duplicate.into()),
    once("delete", "delete", &["Delete", "Backspace"], |_| Annotate::Delete.into()),
    once("copy", "copy", &["Ctrl+C"], |_| Annotate::Copy.into()),
    once("cut", "cut", &["Ctrl+X"], |_| Annotate::Cut.into()),
    once("paste", "paste at the playhead", &["Ctrl+V"], |_| Annotate::Paste.into()),
    once("class.set", "give the selected the active class", &["C"], |state| {
        Annotate::SetClass(state.editing.class.clone().unwrap_or_default()).into()
    }),
    again("class.previous", "the class before becomes active", &["Alt+Up"], |_| Annotate::NextClass(-1).into()),
    again("class.next", "the class after becomes active", &["Alt+Down"], |_| Annotate::NextClass(1).into()),
    again("subject.next", "the next subject becomes active", &["Shift+Alt+Down"], |_| Annotate::NextSubject.into()),
    once("verify", "verified, or draft again", &["V"], |_| Annotate::ToggleDraft.into()),
    once("loop", "play the segment again and again", &["Shift+Space"], |_| Annotate::ToggleLoop.into()),
    once("select.all", "select all", &["Ctrl+A"], |_| Annotate::SelectAll.into()),
    once("select.none", "select nothing, drop marks", &["Escape"], |_| Annotate::Clear.into()),
    once("video.done", "this video is annotated to its end", &["Ctrl+Enter"], |state| {
        Annotate::ToggleDone(state.selected().map(|entry| entry.id.clone()).unwrap_or_default()).into()
    }),
    again("video.previous", "previous video", &["PageUp"], |_| Command::SelectNext(-1)),
    again("video.next", "next video", &["PageDown"], |_| Command::SelectNext(1)),
    again("zoom.in", "zoom the timeline in", &["Ctrl+Up"], |state| zoom(state, 1.5)),
    again("zoom.out", "zoom the timeline out", &["Ctrl+Down"], |state| zoom(state, 1.0 / 1.5)),
    again("pan.back", "move the timeline back", &["Ctrl+Shift+Left"], |state| pan(state, -0.25)),
    again("pan.forward", "move the timeline on", &["Ctrl+Shift+Right"], |state| pan(state, 0.25)),
    once("picture.whole", "the whole picture", &["F4"], |_| Command::ViewPicture(PictureView::default())),
    once("picture.true", "the picture pixel by pixel", &["Shift+F4"], |state| {
        let view = state.playback.view;
        Command::ViewPicture(view.at_scale(1.0, view.centre))
    }),
    once("crop", "draw the region of the picture that counts", &["R"], |state| {
        Command::DrawCrop(DrawCrop::Mode(!state.playback.cropping.on))
    }),
    once("crop.clear", "the whole picture counts", &["Shift+R"], |_| Annotate::SetCrop(None).into()),
    once("stats", "dropped frames and the like over the picture", &["F9"], |_| Command::ToggleStats),
    once("fit", "whole video on the timeline", &["F2"], |_| Command::FitTimeline),
    once("follow", "the timeline follows the playhead, or not", &["Shift+F2"], |state| {
        Command::SetFollow(!state.settings.follow)
    }),
    once("lanes", "divide segments into lanes another way", &["Shift+L"], |state| {
        Command::SetLanes(state.settings.lanes.next())
    }),
    once("save", "write the annotation file now", &["Ctrl+S"], |_| Annotate::Save.into()),
    once("import", "import annotations", &["Ctrl+I"], |_| Annotate::AskImport.into()),
    once("export", "export annotations", &["Ctrl+E"], |_| control("Annotations", None)),
    once("open", "open a folder", &["Ctrl+O"], |_| Command::ChooseFolder),
    once("train", "train", &["Ctrl+T"], |_| Command::Train),
    again("larger", "larger", &["Ctrl+Plus", "Ctrl+Equals", "Ctrl+Shift+Plus"], |state| {
        Command::SetScale(scale(state, 1))
    }),
    again("smaller", "smaller", &["Ctrl+Minus"], |state| Command::SetScale(scale(state, -1))),
    once("normal", "normal size", &["Ctrl+0"], |_| Command::SetScale(1.0)),
    once("find", "find segments in all videos", &["Ctrl+F"], |_| Annotate::Find.into()),
    once("find.video", "find a video by name", &["Ctrl+Shift+F"], |_| Command::FindVideo),
    again("hit.next", "next segment of what was found", &["Ctrl+G"], |_| Annotate::NextHit(1).into()),
    again("hit.previous", "the one found before", &["Ctrl+Shift+G"], |_| Annotate::NextHit(-1).into()),
    once("cell.edit", "change the selected segment in the table", &["F6"], |_| {
        Annotate::EditCells(Column::Start).into()
    }),
    once("cell.note", "write a note on the selected segment", &["Ctrl+N"], |_| {
        Annotate::EditCells(Column::Note).into()
    }),
    once("menus", "the menus at the top", &["F10"], |_| control("Open", None)),
    once("panel.library", "the library", &["Ctrl+1"], |_| Command::Wish(Wish::Panel(0))),
    once("panel.player", "the player", &["Ctrl+2"], |_| Command::Wish(Wish::Panel(1))),
    once("panel.timeline", "the timeline", &["Ctrl+3"], |_| Command::Wish(Wish::Panel(2))),
    once("panel.training", "training", &["Ctrl+4"], |_| Command::Wish(Wish::Panel(3))),
    once("panel.detections", "detections", &["Ctrl+5"], |_| Command::Wish(Wish::Panel(4))),
    once("panel.errors", "errors", &["Ctrl+6"], |_| Command::Wish(Wish::ERRORS)),
    once("panel.analysis", "analysis", &["Ctrl+7"], |_| Command::Wish(Wish::Panel(6))),
    once("panel.evidence", "evidence", &["Ctrl+8"], |_| Command::Wish(Wish::Panel(7))),
    once("panel.segments", "the table of segments", &["Ctrl+9"], |_| Command::Wish(Wish::Panel(8))),
    once("panel.classes", "classes, subjects, subsets", &["F3"], |_| Command::Wish(Wish::CLASSES)),
    once("class.edit", "rename, join or delete the active class", &["Shift+F3"], |_| control("Edit class", Some(9))),
    once("subjects", "add a subject", &["Ctrl+F3"], |_| control("New subject", Some(9))),
    once("measure", "measure how fast you react", &["Ctrl+Shift+R"], |_| Annotate::Calibrate(true).into()),
    once("keys", "this page", &["F1", "Shift+Questionmark", "Questionmark"], |_| Command::Wish(Wish::Keys)),
];

/// Puts the keyboard on a control of the window, or of a panel that comes to the front.
fn control(name: &'static str, panel: Option<usize>) -> Command {
    Command::Wish(Wish::Control { name, panel })
}

/// Moves the timeline by a share of what it shows.
fn pan(state: &State, share: f64) -> Command {
    Command::Pan(share * state.timeline.span)
}

/// Zooms at the playhead.
fn zoom(state: &State, factor: f64) -> Command {
    Command::Zoom { factor, at: state.playback.time.as_secs() }
}

/// The next size up or down.
fn scale(state: &State, direction: i32) -> f32 {
    let now = state.settings.scale;
    let mut sizes = Settings::SCALES.into_iter();
    if direction > 0 {
        sizes.find(|&size| size > now + 0.01).unwrap_or(2.0)
    } else {
        sizes.rfind(|&size| size < now - 0.01).unwrap_or(0.75)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_step_and_stay_at_the_ends() {
        let mut state = State::default();
        assert_eq!((scale(&state, 1), scale(&state, -1)), (1.15, 0.9));
        state.settings.scale = 2.0;
        assert_eq!(scale(&state, 1), 2.0);
    }
}
