//! Drawing the region of the picture that counts: what the pointer holds, and what becomes of the region meanwhile.

use super::{Edge, Effect, State, editing};
use crate::domain::Crop;

/// What the pointer took hold of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CropGrip {
    /// Nothing: a new region begins.
    New,
    /// The region, which moves.
    Body,
    /// Sides of it, across and down: the first or the last of each.
    Sides([Option<Edge>; 2]),
}

/// What a person does to the region. Places are shares of the upright picture, across and down, 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DrawCrop {
    /// The pointer draws from now on, or no more.
    Mode(bool),
    /// Take hold at a place.
    Take(CropGrip, [f64; 2]),
    /// Drag on to a place.
    To([f64; 2]),
    /// Let go: the region is kept in the project.
    LetGo,
}

/// How far drawing is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cropping {
    /// Whether the pointer draws the region instead of moving the picture.
    pub on: bool,
    held: Option<Held>,
}

/// A region in a hand.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    grip: CropGrip,
    from: [f64; 2],
    was: Option<Crop>,
    now: Option<Crop>,
}

impl State {
    /// The region of a video's picture that is learnt from and searched; none: all of it.
    #[must_use]
    pub fn crop_of(&self, video: &str) -> Option<Crop> {
        self.editing.book.document.videos.get(video).and_then(crate::project::Record::crop)
    }

    /// The region of the open video as it is drawn: the one in the hand, else the project's.
    #[must_use]
    pub fn crop_shown(&self) -> Option<Crop> {
        match &self.playback.cropping.held {
            Some(held) => held.now,
            None => self.selected().and_then(|entry| self.crop_of(&entry.id)),
        }
    }
}

pub(super) fn obey(state: &mut State, what: DrawCrop, effects: &mut Vec<Effect>) {
    match what {
        DrawCrop::Mode(on) => state.playback.cropping = Cropping { on: on && state.playback.is_ready(), held: None },
        DrawCrop::Take(grip, from) => {
            let was = state.crop_shown();
            let now = if grip == CropGrip::New { None } else { was };
            state.playback.cropping.held = Some(Held { grip, from, was, now });
        }
        DrawCrop::To(at) => {
            if let Some(held) = &mut state.playback.cropping.held {
                held.now = reshaped(held, at);
            }
        }
        DrawCrop::LetGo => {
            // A click is no region, and changes none.
            if let Some(Held { was, now: Some(now), .. }) = state.playback.cropping.held.take()
                && was != Some(now)
            {
                editing::set_crop(state, Some(now), effects);
            }
        }
    }
}

/// What the region is when the hand that holds it is at a place.
fn reshaped(held: &Held, at: [f64; 2]) -> Option<Crop> {
    let by = [at[0] - held.from[0], at[1] - held.from[1]];
    match (held.grip, held.was) {
        (CropGrip::New, _) => Crop::between(held.from, at),
        (_, None) => None,
        (CropGrip::Body, Some(was)) => Some(was.moved(by)),
        (CropGrip::Sides(sides), Some(was)) => {
            let [left, top, width, height] = was.into();
            let (mut first, mut last) = ([left, top], [left + width, top + height]);
            for axis in 0..2 {
                match sides[axis] {
                    Some(Edge::Start) => first[axis] += by[axis],
                    Some(Edge::End) => last[axis] += by[axis],
                    None => {}
                }
            }
            Crop::between(first, last).or(held.now)
        }
    }
}
