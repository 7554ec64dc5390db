//! What a person can do to the annotations.

use crate::domain::{Crop, Segment};
use crate::formats::exchange::Form;

use super::{Filter, Settle};

/// One end of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The first instant inside.
    Start,
    /// The first instant after.
    End,
}

impl Edge {
    /// Where it is on a segment, in seconds.
    #[must_use]
    pub fn of(self, [start, end]: crate::domain::Segment) -> f64 {
        match self {
            Self::Start => start,
            Self::End => end,
        }
    }
}

/// What the pointer took hold of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grip {
    /// Nothing: a new segment of this class begins.
    New(String),
    /// A segment's body; all selected ones go with it.
    Body(u64),
    /// A segment's edge.
    Edge(u64, Edge),
    /// An edge of a detection, by its place among the shown ones of the open video: let go, it is accepted with it.
    Detection(usize, Edge),
}

/// How a choice changes the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// This and nothing else.
    Only,
    /// This as well.
    Add,
    /// This as well, or not any more.
    Toggle,
}

/// What happens to the segments of a class that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// They go too.
    WithSegments,
    /// They become this class.
    MoveTo(String),
}

/// A cell of the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// Seconds.
    Start(f64),
    /// Seconds.
    End(f64),
    /// Class name.
    Label(String),
    /// Free text.
    Note(String),
    /// Who acts.
    Subject(String),
    /// Whether nobody has verified it.
    Draft(bool),
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Where it begins.
    Start,
    /// Where it ends.
    End,
    /// Its class.
    Class,
    /// Its note.
    Note,
}

impl Column {
    /// All of them, from left to right.
    pub const ALL: [Self; 4] = [Self::Start, Self::End, Self::Class, Self::Note];

    /// Its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::End => "End",
            Self::Class => "Class",
            Self::Note => "Note",
        }
    }
}

/// What the next split into training and validation is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Share of the videos that validate, 0..1.
    pub share: f64,
    /// Another one draws other videos.
    pub seed: u64,
}

impl Default for Split {
    fn default() -> Self {
        Self { share: 0.25, seed: 0 }
    }
}

/// What a person did to the annotations.
#[derive(Clone, Debug, PartialEq)]
pub enum Annotate {
    /// Take back the last step.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// New segments get this class.
    ChooseClass(String),
    /// New segments get this subject; empty for none.
    ChooseSubject(String),
    /// The key of a class went down.
    Press(char),
    /// The key of a class came up after so many seconds.
    Release(char, f64),
    /// The window lost the keyboard: every key is up.
    LetGo,
    /// A segment begins at the playhead.
    MarkIn,
    /// A segment ends at the playhead.
    MarkOut,
    /// Make a segment of the marks.
    MakeSegment,
    /// Make a region that nobody annotated of the marks, else of the selected segments' extent.
    MarkNotAnnotated,
    /// Take away the region that nobody annotated at the playhead.
    ClearNotAnnotated,
    /// Take hold at a time in seconds.
    DragStart(Grip, f64),
    /// Drag on to a time.
    DragTo {
        /// Seconds.
        at: f64,
        /// How near in seconds an edge must come to snap.
        reach: f64,
        /// Whether nothing snaps.
        free: bool,
    },
    /// Let go: the edit is made.
    DragEnd,
    /// Nothing was meant.
    DragCancel,
    /// Select an action.
    Select(u64, Pick),
    /// Select what lies in a stretch of seconds on these lanes.
    SelectBox(Segment, Vec<String>, Pick),
    /// Select every action of the video, or of those the table lists.
    SelectAll,
    /// Select nothing, drop marks and drags.
    Clear,
    /// Select the next (`+1`) or previous (`-1`) action and go there.
    Step(i32),
    /// Select the one after the last selected (`+1`), or before the first (`-1`), as well and go there.
    StepToo(i32),
    /// The class after (`+1`) or before the active one gets new segments.
    NextClass(i32),
    /// The subject after the active one gets new segments; after the last: none.
    NextSubject,
    /// Go to an end of the selected action.
    GoTo(Edge),
    /// Delete the selected actions.
    Delete,
    /// Cut what the playhead crosses, selected actions first, in two.
    Split,
    /// Make one of the selected actions of each class.
    Merge,
    /// The selected actions once more.
    Duplicate,
    /// Remember the selected actions.
    Copy,
    /// Remember and delete the selected actions.
    Cut,
    /// Put what was copied at the playhead.
    Paste,
    /// Move an edge of the selected actions by frames.
    Nudge(Edge, i32),
    /// Move the selected actions by frames.
    NudgeBoth(i32),
    /// Give the selected actions this class.
    SetClass(String),
    /// Turn draft to verified, or back, for the selected actions.
    ToggleDraft,
    /// Change one cell of one action; selected ones go with it where that makes sense.
    SetField(u64, Field),
    /// Play the selected action again and again, or no more.
    ToggleLoop,
    /// Which actions the table lists.
    SetFilter(Filter),
    /// Look for actions in all videos.
    Find,
    /// Open the video of an action that the table lists, by the video's place in the library, and go there.
    GoToHit(usize, u64),
    /// Change a cell of the table, or none any more.
    EditCell(Option<(u64, Column)>),
    /// Change the cells of the selected action, from this one on.
    EditCells(Column),
    /// Go to the next (`+1`) or previous action that the table lists, in whichever video it is.
    NextHit(i32),
    /// Give an action the class whose name, or the beginning of it, was typed.
    TypeClass(u64, String),
    /// Add a class.
    AddClass(String),
    /// Rename a class everywhere; onto another class's name it joins that class.
    RenameClass(String, String),
    /// Delete a class.
    DeleteClass(String, Removal),
    /// Say when a class is to be used.
    DescribeClass(String, String),
    /// The key that logs a class.
    SetClassKey(String, Option<char>),
    /// Move a class up (`-1`) or down in the list.
    MoveClass(String, i32),
    /// Add a subject.
    AddSubject(String),
    /// Delete a subject; its segments have none then.
    DeleteSubject(String),
    /// Put a video into a subset.
    SetSubset(String, String),
    /// What the next split into subsets shall be like.
    SetSplit(Split),
    /// Put a share of the videos that have actions into "validation", the rest into "training", each class in proportion.
    SplitSubsets,
    /// The region of the open video's picture that is learnt from and searched; none: all of it.
    SetCrop(Option<Crop>),
    /// Which video stream of the open video's file is shown, learnt from and searched; none: the main one.
    SetStream(Option<usize>),
    /// Say that a video is annotated to its end, or not.
    ToggleDone(String),
    /// Who annotates.
    SetAnnotator(String),
    /// A person's reaction time in seconds, by which logging goes back.
    SetReaction(f64),
    /// Begin the exercise that measures it, or end it.
    Calibrate(bool),
    /// So many seconds after the sign the person pressed.
    CalibrationHit(f64),
    /// Take the project over from the window that has it.
    TakeOver,
    /// Bring the annotation file up to date.
    Save,
    /// The window shall close.
    Close,
    /// It shall stay, or what was open.
    Stay,
    /// Leave though edits are not on the disk.
    LeaveAnyway,
    /// Ask where to save the annotations, away from the disk that fails.
    SaveElsewhere,
    /// Whose version stands where another program changed the same.
    Settle(Settle),
    /// Ask for a file with annotations to bring in.
    AskImport,
    /// Bring in what the preview shows.
    ConfirmImport,
    /// Leave it.
    CancelImport,
    /// Ask where to write the annotations in a form of other programs.
    Export(Form),
}
