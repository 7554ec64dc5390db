//! What it takes to log one sample video: key presses and seconds by each of the two ways, scripted, and that both give the truth.

use etad::domain::MediaTime;
use etad::project::{self, Action};
use etad::sample::{SampleOptions, make};
use etad::state::{Annotate, Command, Input, Report, State, update};

/// Seconds that a practised person takes for a key (Card, Moran and Newell's keystroke-level model).
const KEY: f64 = 0.2;
const FRAME: f64 = 0.04;

/// A person with perfect timing at the keyboard.
struct Person {
    state: State,
    presses: usize,
    seconds: f64,
}

impl Person {
    fn tell(&mut self, command: Command) {
        update(&mut self.state, Input::Command(command));
    }

    fn press(&mut self, key: &str) {
        self.presses += 1;
        if !self.state.playback.playing {
            self.seconds += KEY;
        }
        let class = key.chars().next().filter(|letter| key.len() == 1 && self.state.class_of_key(*letter).is_some());
        match (class, self.state.settings.keymap.deed_of(key)) {
            (Some(letter), _) => {
                self.tell(Annotate::Press(letter).into());
                self.tell(Annotate::Release(letter, 0.1).into());
            }
            (None, Some(deed)) => {
                let command = (deed.command)(&self.state);
                self.tell(command);
            }
            (None, None) => panic!("{key} does nothing"),
        }
    }

    fn play_to(&mut self, seconds: f64) {
        assert!(self.state.playback.playing);
        self.seconds += seconds - self.state.playback.time.as_secs();
        let (generation, time) = (self.state.playback.generation, MediaTime::from_secs(seconds));
        update(&mut self.state, Input::Report(Report::Shown { generation, time, frame: (seconds / FRAME) as usize }));
    }
}

fn person(folder: &std::path::Path, length: f64) -> (Person, Vec<Action>) {
    let mut opened = project::open(&[folder.to_owned()]).expect("opens");
    let mut truth = opened.book.document.actions(&opened.videos[0].id).to_vec();
    truth.sort_by(|a, b| a.segment[0].total_cmp(&b.segment[0]));
    let mut document = opened.book.document.clone();
    document.videos.values_mut().for_each(|record| record.actions.clear());
    opened.book = project::Book::new(document);
    let mut state = State::default();
    update(&mut state, Input::Report(Report::Opened(Ok(Box::new(opened)))));
    let (generation, frames) = (state.playback.generation, (length / FRAME).round() as usize);
    let length = MediaTime::from_secs(length);
    update(
        &mut state,
        Input::Report(Report::VideoReady { generation, length, frames, warnings: Vec::new(), streams: Vec::new() }),
    );
    (Person { state, presses: 0, seconds: 0.0 }, truth)
}

fn agrees(state: &State, truth: &[Action]) {
    assert_eq!(state.actions().len(), truth.len());
    for action in truth {
        let near = |other: &&Action| {
            other.label == action.label && (0..2).all(|at| (other.segment[at] - action.segment[at]).abs() <= FRAME)
        };
        assert!(state.actions().iter().any(|other| near(&other)), "{action:?}");
    }
}

#[test]
fn twenty_actions_by_each_way() {
    let folder = tempfile::tempdir().expect("folder");
    let options = SampleOptions { videos: 1, seed: 2, seconds: (84.0, 84.0), force: true };
    make(folder.path(), &options, &mut |_, _| true).expect("a sample");
    let length = 84.0;
    let (mut marks, truth) = person(folder.path(), length);
    let truth: Vec<Action> = truth.into_iter().take(20).collect();
    assert_eq!(truth.len(), 20);
    let last = truth.last().expect("actions").segment[1];
    let key = |person: &Person, label: &str| person.state.key_of_class(label).expect("a key").to_string();

    // Marks: play, I, O; stop to pick another class; Enter.
    marks.press("Space");
    for action in &truth {
        marks.play_to(action.segment[0]);
        marks.press("I");
        marks.play_to(action.segment[1]);
        marks.press("O");
        if marks.state.editing.class.as_deref() != Some(action.label.as_str()) {
            marks.press("Space");
            let digit = key(&marks, &action.label);
            marks.press(&digit);
            marks.press("Enter");
            marks.press("Space");
        } else {
            marks.press("Enter");
        }
    }
    agrees(&marks.state, &truth);

    // Logging: a tap where it starts, a tap where it ends.
    let (mut logs, _) = person(folder.path(), length);
    logs.press("Space");
    for action in &truth {
        let digit = key(&logs, &action.label);
        logs.play_to(action.segment[0]);
        logs.press(&digit);
        logs.play_to(action.segment[1]);
        logs.press(&digit);
    }
    agrees(&logs.state, &truth);
    println!("{} actions within {last:.1} s of video", truth.len());
    println!(
        "marks: {} presses, {:.1} s; logging: {} presses, {:.1} s",
        marks.presses, marks.seconds, logs.presses, logs.seconds
    );
    assert!(logs.presses < marks.presses && logs.seconds <= marks.seconds);
}
