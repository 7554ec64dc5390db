//! Commands of a person about errors, and playing around one.

use std::sync::Arc;

use crate::domain::{Failure, MediaTime};
use crate::eval::{measured_csv, slider_tious};
use crate::jobs::evidence::Evidence;
use crate::jobs::report::{ReportCase, RunCurves, html};

use super::super::refresh::rescore;
use super::super::update::{go_to, seek};
use super::super::{Effect, Origin, PlayerRequest, State, Target};
use super::{Inspect, Judging, measured, recount};

/// Seconds that are played before and after an error.
const AROUND: f64 = 1.0;

pub(in super::super) fn obey(state: &mut State, what: Inspect, effects: &mut Vec<Effect>) {
    match what {
        Inspect::Tiou(index) => {
            state.inspect.tiou = index.min(slider_tious().len() - 1);
            recount(state);
        }
        Inspect::Subset(subset) => {
            state.inspect.subset = Some(subset);
            state.inspect.stale = true;
        }
        Inspect::Bins(bins) => {
            state.inspect.bins = bins;
            state.inspect.stale = true;
        }
        Inspect::BestF1 { here } => {
            let open = state.selected().map(|entry| entry.id.clone()).filter(|_| here);
            let comparison = state.inspect.comparison.as_ref();
            let best = comparison.and_then(|known| known.review.best_f1(state.inspect.tiou, open.as_deref()));
            if let Some((score, _)) = best {
                rescore(state, score);
            }
        }
        Inspect::Filter(filter) => {
            state.inspect.filter = filter;
            recount(state);
        }
        Inspect::Here(here) => {
            (state.inspect.here, state.inspect.only) = (here, None);
            recount(state);
        }
        Inspect::Video(video) => {
            (state.inspect.here, state.inspect.only) = (false, video);
            recount(state);
        }
        Inspect::Page(page) => {
            state.inspect.page = page;
            recount(state);
        }
        Inspect::Evidence(video) => {
            let inspect = &mut state.inspect;
            (inspect.evidence, inspect.cell) = (None, None);
            let entry = state.library.index(&video).and_then(|index| state.library.entries.get(index));
            let stem = entry.and_then(|entry| entry.path.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
            let names = [video.clone()].into_iter().chain(stem).collect();
            let folders = state.evidence_folders();
            state.inspect.evidence_of = Some((video.clone(), folders.clone()));
            if !folders.is_empty() {
                effects.push(Effect::ReadEvidence { folders, video, names });
            }
        }
        Inspect::Cell(index) => {
            let known = state.inspect.evidence.clone();
            let refined = known.as_ref().and_then(|evidence| evidence.refined.get(index).copied());
            if let (Some([start, _]), true) = (refined, state.playback.is_ready()) {
                state.inspect.cell = Some(index);
                seek(state, MediaTime::from_secs(f64::from(start)), effects);
            }
        }
        Inspect::SaveResults => {
            let text = measured_csv(&measured(state));
            save(state, "results.csv", text, effects);
        }
        Inspect::SaveReport => {
            if let Some(text) = report(state) {
                save(state, "report.html", text, effects);
            }
        }
        Inspect::OrderClasses(order) => state.inspect.class_order = order,
        Inspect::Select(index) => select(state, index, effects),
        Inspect::Next(by) => {
            let count = state.inspect.rows.len();
            if count > 0 {
                let place = |from: i64| (from + i64::from(by)).rem_euclid(count as i64) as usize;
                let next = match (state.inspect.selected, state.inspect.place.take()) {
                    (Some(index), _) => place(index as i64),
                    // The next one has moved up to where the last one was.
                    (None, Some(index)) if by > 0 => index % count,
                    (None, Some(index)) => place(index as i64),
                    (None, None) if by < 0 => count - 1,
                    (None, None) => 0,
                };
                select(state, next, effects);
            }
        }
        Inspect::Show { video, detection } => {
            let place =
                |row: &crate::eval::ErrorRow| row.video == video && row.score.is_some() && row.index == detection;
            if let Some(index) = state.inspect.rows.iter().position(place) {
                return select(state, index, effects);
            }
            let known = state.inspect.comparison.clone();
            let named = known.as_deref().and_then(|known| Some((known, known.review.videos.get_index(video)?)));
            let Some((known, (id, review))) = named else { return };
            let found = review.in_found.and_then(|place| known.found.videos.get(place)?.1.get(detection));
            if let Some(found) = found {
                state.inspect.selected = None;
                state.inspect.target = Some(Target {
                    video: id.clone(),
                    label: found.label.clone(),
                    segment: found.segment,
                    score: found.score,
                });
                show(state, id, found.segment, effects);
            }
        }
    }
}

/// Takes in what was kept of a video, unless another one is looked at by now.
pub(in super::super) fn evidence_read(
    state: &mut State,
    video: String,
    evidence: Result<Option<Box<Evidence>>, Failure>,
) {
    if state.inspect.evidence_of.as_ref().map(|(asked, _)| asked) != Some(&video) {
        return;
    }
    match evidence {
        Ok(evidence) => state.inspect.evidence = evidence.map(|evidence| Arc::new(*evidence)),
        Err(failure) => state.notices.wrong(failure),
    }
}

fn save(state: &State, name: &str, text: String, effects: &mut Vec<Effect>) {
    let folder = state.project.as_ref().map(|project| project.root.clone());
    effects.push(Effect::AskSave { name: name.to_owned(), folder, contents: text.into_bytes() });
}

/// The report of what is shown; with the followed run's curves where the detections are its own.
fn report(state: &State) -> Option<String> {
    let comparison = state.inspect.comparison.as_ref()?;
    let origin = state.predictions.shown.as_ref()?;
    let run = state.run.as_ref().filter(|run| matches!(origin, Origin::Epoch { run: of, .. } if *of == run.name));
    let map = run.map(|run| run.curves.average_curve()).unwrap_or_default();
    let project = state.project.as_ref().map_or("", |project| project.name.as_str());
    Some(html(&ReportCase {
        title: &format!("{project}: {}", origin.name()),
        comparison,
        threshold: state.inspect.tiou,
        least: state.detecting.min_score,
        measured: &measured(state),
        run: run.map(|run| RunCurves { loss: &run.curves.loss, map: &map }),
    }))
}

fn select(state: &mut State, index: usize, effects: &mut Vec<Effect>) {
    let Some(row) = state.inspect.rows.get(index).copied() else { return };
    let described = state.inspect.describe(&row);
    let described = described.map(|one| (one.video.to_owned(), one.label.to_owned(), one.segment));
    let Some((video, label, segment)) = described else { return };
    state.inspect.selected = Some(index);
    state.inspect.judging = Judging::Errors;
    // A missed truth is there already.
    state.inspect.target = row.score.map(|score| Target { video: video.clone(), label, segment, score });
    show(state, &video, segment, effects);
    // Listing the open video alone, another one makes another list.
    state.inspect.selected = state.inspect.rows.iter().position(|other| *other == row);
}

/// Plays a segment with a moment before and after.
pub(in super::super) fn show(state: &mut State, video: &str, [start, end]: [f64; 2], effects: &mut Vec<Effect>) {
    go_to(state, video, (start - AROUND).max(0.0), effects);
    let is_open = state.selected().is_some_and(|entry| entry.id == video);
    if is_open {
        state.playback.until = Some(MediaTime::from_secs(end + AROUND));
        state.playback.play_when_ready = true;
        video_ready(state, effects);
    }
}

/// Plays what was asked for, once the video can.
pub(in super::super) fn video_ready(state: &mut State, effects: &mut Vec<Effect>) {
    let playback = &mut state.playback;
    if playback.is_ready() && std::mem::take(&mut playback.play_when_ready) {
        let speed = playback.speed.abs();
        (playback.playing, playback.speed) = (true, speed);
        effects.push(Effect::Player(PlayerRequest::Play { speed: Some(speed) }));
    }
}

/// Stands still where a short piece ends.
pub(in super::super) fn shown(state: &mut State, effects: &mut Vec<Effect>) {
    let playback = &mut state.playback;
    if playback.until.is_some_and(|until| playback.time >= until) {
        (playback.playing, playback.until) = (false, None);
        effects.push(Effect::Player(PlayerRequest::Play { speed: None }));
    }
}
