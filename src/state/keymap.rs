//! Which key does what: the deeds that have keys, presets of other programs, and a person's own changes.
//!
//! A chord is written "Ctrl+Shift+Left": what is held in this order, then the key as egui names it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    once("panel.errors", "errors", &["Ctrl+6"], |_| Command::Wish(Wish::Panel(5))),
    once("panel.analysis", "analysis", &["Ctrl+7"], |_| Command::Wish(Wish::Panel(6))),
    once("panel.evidence", "evidence", &["Ctrl+8"], |_| Command::Wish(Wish::Panel(7))),
    once("panel.segments", "the table of segments", &["Ctrl+9"], |_| Command::Wish(Wish::Panel(8))),
    once("panel.classes", "classes, subjects, subsets", &["F3"], |_| Command::Wish(Wish::Panel(9))),
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

/// Keys that fingers know from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// This program's own, close to film editors.
    #[default]
    Default,
    /// CVAT and DIVE: D and F step a frame, C and V ten, Ctrl+B copies on, N makes.
    CvatDive,
    /// VIA: A begins or ends a segment, arrows step, Backspace deletes.
    Via,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Default, Self::CvatDive, Self::Via];

    /// Its name in the window.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::CvatDive => "CVAT and DIVE",
            Self::Via => "VIA",
        }
    }

    /// Where it differs from the default.
    fn keys(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Default => &[],
            Self::CvatDive => &[
                ("frame.back", &["D", "Left"]),
                ("frame.forward", &["F", "Right"]),
                ("frames.back", &["C", "Ctrl+Left"]),
                ("frames.forward", &["V", "Ctrl+Right"]),
                ("mark.in", &["OpenBracket"]),
                ("mark.out", &["CloseBracket"]),
                ("mark.make", &["N", "Enter"]),
                ("error.next", &["E"]),
                ("error.previous", &["Shift+E"]),
                ("slower", &["Shift+OpenBracket"]),
                ("faster", &["Shift+CloseBracket"]),
                ("segment.next", &["Tab", "Period"]),
                ("segment.previous", &["Shift+Tab", "Comma"]),
                ("class.set", &["Shift+C"]),
                ("verify", &["Q"]),
                ("duplicate", &["Ctrl+B", "Ctrl+D"]),
            ],
            Self::Via => &[
                ("mark.in", &["A"]),
                ("mark.out", &["Shift+A"]),
                ("accept", &["Y"]),
                ("segment.start", &["Home", "Shift+S"]),
                ("segment.end", &["End", "Shift+E"]),
                ("segment.previous", &["Shift+Tab", "Comma"]),
                ("segment.next", &["Tab", "Period"]),
                ("delete", &["Backspace", "Delete"]),
                ("slower", &["Minus"]),
                ("faster", &["Plus", "Shift+Plus", "Equals"]),
            ],
        }
    }
}

/// Which keys do what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keymap {
    /// What it begins with.
    pub preset: Preset,
    /// Changes by the id of a deed.
    changes: BTreeMap<String, Vec<String>>,
}

impl Keymap {
    /// A preset without changes.
    #[must_use]
    pub fn of(preset: Preset) -> Self {
        Self { preset, changes: BTreeMap::new() }
    }

    /// The keys of a deed.
    #[must_use]
    pub fn keys(&self, deed: &Deed) -> Vec<String> {
        self.changes.get(deed.id).cloned().unwrap_or_else(|| {
            let own = self.preset.keys().iter().find(|(id, _)| *id == deed.id);
            own.map_or(deed.keys, |(_, keys)| keys).iter().map(|key| (*key).to_owned()).collect()
        })
    }

    /// What a chord does.
    #[must_use]
    pub fn deed_of(&self, chord: &str) -> Option<&'static Deed> {
        DEEDS.iter().find(|deed| self.keys(deed).iter().any(|key| key == chord))
    }

    /// Whether a deed's keys are not those of the preset.
    #[must_use]
    pub fn is_changed(&self, deed: &Deed) -> bool {
        self.changes.contains_key(deed.id)
    }

    /// Gives a chord to a deed as its only key; returns whatever had it and loses it.
    pub fn bind(&mut self, id: &'static str, chord: String) -> Option<&'static Deed> {
        let other = self.deed_of(&chord).filter(|other| other.id != id);
        if let Some(other) = other {
            let left = self.keys(other).into_iter().filter(|key| *key != chord).collect();
            self.changes.insert(other.id.to_owned(), left);
        }
        self.changes.insert(id.to_owned(), vec![chord]);
        other
    }

    /// Gives a deed the preset's keys back, as far as nothing else has them.
    pub fn reset(&mut self, id: &'static str) {
        self.changes.remove(id);
        let Some(deed) = DEEDS.iter().find(|deed| deed.id == id) else { return };
        let keys = self.keys(deed);
        let taken = |key: &String| DEEDS.iter().any(|other| other.id != id && self.keys(other).contains(key));
        let free: Vec<String> = keys.iter().filter(|key| !taken(key)).cloned().collect();
        if free != keys {
            self.changes.insert(id.to_owned(), free);
        }
    }

    /// The first key of a deed as people read it; none where it has lost all.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<String> {
        let deed = DEEDS.iter().find(|deed| deed.id == id)?;
        self.keys(deed).first().map(|key| readable(key))
    }

    /// The first key of a deed within a sentence: its words where it has none.
    #[must_use]
    pub fn named(&self, id: &str) -> String {
        let words = || DEEDS.iter().find(|deed| deed.id == id).map_or(id, |deed| deed.words);
        self.key(id).unwrap_or_else(|| format!("\u{201c}{}\u{201d} (no key)", words()))
    }

    /// The first key of a deed, for a tooltip: "Undo (Ctrl+Z)".
    #[must_use]
    pub fn hint(&self, id: &str) -> String {
        self.key(id).map(|key| format!(" ({key})")).unwrap_or_default()
    }
}

/// Gives a chord to a deed, and says what does without it from now on.
pub(super) fn bind(state: &mut State, id: &'static str, chord: String) {
    let class = Some(&chord).filter(|chord| chord.len() == 1).and_then(|chord| {
        let key = chord.chars().next()?.to_ascii_lowercase();
        state.class_of_key(key).filter(|_| state.settings.keymap.deed_of(chord).is_none()).map(str::to_owned)
    });
    let key = readable(&chord);
    if let Some(other) = state.settings.keymap.bind(id, chord) {
        let left = state.settings.keymap.keys(other);
        let left = left.first().map_or("no key now".to_owned(), |key| format!("{} left", readable(key)));
        let words = other.words;
        state.notices.told(format!("{key} was \u{201c}{words}\u{201d}, which has {left}. Reset gives it back."));
    } else if let Some(class) = class {
        state.notices.told(format!("{key} logged {class}, which has no key now: give it another one in Classes."));
    }
}

/// A chord as people read it.
#[must_use]
pub fn readable(chord: &str) -> String {
    let names = [
        ("OpenBracket", "["),
        ("CloseBracket", "]"),
        ("Comma", ","),
        ("Period", "."),
        ("Plus", "Plus"),
        ("Equals", "="),
    ];
    let mut parts: Vec<&str> = chord.split('+').collect();
    if let Some(last) = parts.last_mut()
        && let Some((_, sign)) = names.iter().find(|(name, _)| name == last)
    {
        *last = sign;
    }
    parts.join("+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_preset_gives_a_key_to_two_deeds() {
        for preset in Preset::ALL {
            let keymap = Keymap::of(preset);
            let mut seen = BTreeMap::new();
            for deed in DEEDS {
                for key in keymap.keys(deed) {
                    assert_eq!(seen.insert(key.clone(), deed.id), None, "{key} in {preset:?}");
                }
            }
            assert!(preset.keys().iter().all(|(id, _)| DEEDS.iter().any(|deed| deed.id == *id)));
        }
    }

    #[test]
    fn a_key_that_is_taken_moves_and_reset_brings_back_what_is_free() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.deed_of("S").map(|deed| deed.id), Some("split"));
        keymap.bind("merge", "S".to_owned());
        assert_eq!(keymap.deed_of("S").map(|deed| deed.id), Some("merge"));
        assert_eq!(keymap.hint("split"), "");
        keymap.reset("split");
        assert_eq!(keymap.hint("split"), "", "merge has it");
        keymap.reset("merge");
        keymap.reset("split");
        assert_eq!((keymap.hint("split"), keymap.hint("merge")), (" (S)".to_owned(), " (M)".to_owned()));
    }

    #[test]
    fn sizes_step_and_stay_at_the_ends() {
        let mut state = State::default();
        assert_eq!((scale(&state, 1), scale(&state, -1)), (1.15, 0.9));
        state.settings.scale = 2.0;
        assert_eq!(scale(&state, 1), 2.0);
    }
}
