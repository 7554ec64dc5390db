//! No label is lost: 90 times kill -9 of a process that edits with the real state, keeper and journal.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use etad::domain::{Draw, MediaTime, Purpose};
use etad::jobs::keeper::{Ask, Keeper, Told};
use etad::project;
use etad::state::{Annotate, Command, Edge, Effect, Grip, Input, Keeping, Report, State, update};

/// Tells the child what to edit, and from which seed.
const VARIABLE: &str = "ETAD_TEST_DRIVER";
const KILLS: usize = 90;

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).expect("a parent that reads");
}

/// Opens the project as the window does and edits until it is killed.
fn drive(folder: &Path, seed: u64) {
    // The test runner has begun a line with this test's name.
    say("");
    let (tell, told) = crossbeam_channel::bounded(1024);
    let keeper = Keeper::start(vec![folder.to_owned()], move |told| drop(tell.send(told))).expect("a thread");
    let mut state = State::default();
    let Ok(Told::Opened(Ok(opened))) = told.recv() else { panic!("the project does not open") };
    let root = opened.root.clone();
    update(&mut state, Input::Report(Report::Opened(Ok(opened))));
    let generation = state.playback.generation;
    let ready = Report::VideoReady {
        generation,
        length: MediaTime::from_secs(100.0),
        frames: 2500,
        warnings: Vec::new(),
        streams: Vec::new(),
    };
    update(&mut state, Input::Report(ready));
    let mut draw = Draw::new(seed, Purpose::Sample, &[90]);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(20) {
        for command in something(&state, &mut draw) {
            let before = state.editing.last;
            for effect in update(&mut state, Input::Command(command)) {
                if let Effect::Keep(entries) = effect {
                    say(&format!("made {} {}", state.editing.last, digest(&state.editing.book.document.to_text())));
                    keeper.ask(Ask::Keep(entries));
                }
            }
            assert!(state.editing.last <= before + 1);
        }
        std::thread::sleep(Duration::from_micros(draw.below(3000) as u64));
        while let Ok(told) = told.try_recv() {
            let told = match told {
                Told::Kept(n) => {
                    say(&format!("kept {n}"));
                    Keeping::Kept(n)
                }
                Told::Trouble(Some(sentence)) => panic!("{sentence}"),
                _ => continue,
            };
            update(&mut state, Input::Report(Report::Keeping { root: root.clone(), told }));
        }
        if draw.below(40) == 0 {
            keeper.save_now(Duration::ZERO);
        }
    }
}

/// What a person does next.
fn something(state: &State, draw: &mut Draw) -> Vec<Command> {
    let actions = state.actions();
    let some = actions.get(draw.below(actions.len().max(1))).map(|action| action.id);
    let at = draw.uniform(0.0, 100.0);
    let drag = |grip: Grip, from: f64, to: f64| {
        vec![Annotate::DragStart(grip, from), Annotate::DragTo { at: to, reach: 0.1, free: false }, Annotate::DragEnd]
    };
    let commands = match (draw.below(12), some) {
        (0 | 1, _) => vec![Annotate::Undo],
        (2, _) => vec![Annotate::Redo],
        (3, Some(id)) if actions.len() > 20 => vec![Annotate::Select(id, etad::state::Pick::Only), Annotate::Delete],
        (4, Some(id)) => vec![Annotate::Select(id, etad::state::Pick::Only), Annotate::ToggleDraft],
        (5, Some(id)) => drag(Grip::Edge(id, Edge::End), at, draw.uniform(0.0, 100.0)),
        (6, Some(id)) => drag(Grip::Body(id), at, draw.uniform(0.0, 100.0)),
        (7, _) => vec![Annotate::RenameClass("jump".to_owned(), format!("jump {}", draw.below(5)))],
        (8, _) => vec![Annotate::SetSubset("a".to_owned(), format!("subset {}", draw.below(5)))],
        _ => drag(Grip::New("jump".to_owned()), at, at + draw.uniform(0.1, 5.0)),
    };
    commands.into_iter().map(Command::from).collect()
}

/// The child: nothing unless it is told what to do.
#[test]
fn driver() {
    let Some(told) = std::env::var_os(VARIABLE) else { return };
    let told = told.to_string_lossy().into_owned();
    let (seed, folder) = told.split_once(' ').expect("seed and folder");
    drive(Path::new(folder), seed.parse().expect("a seed"));
}

pub fn small_project(folder: &Path) {
    std::fs::write(folder.join("a.mp4"), b"not looked at").expect("written");
    let text = r#"{"taxonomy": ["kept"], "database": {"a": {"subset": "training", "duration": 100, "path": "a.mp4",
        "annotations": [{"segment": [1, 2], "label": "jump"}]}}}"#;
    std::fs::write(folder.join("annotations.json"), text).expect("written");
}

#[test]
fn ninety_kills_lose_nothing_that_was_kept() {
    let folder = tempfile::tempdir().expect("folder");
    small_project(folder.path());
    let open = || project::open(&[folder.path().to_owned()]).expect("opens");
    let first = open().book.document.to_text();
    // What the document was after each entry.
    let mut known: HashMap<u64, u64> = HashMap::from([(0, digest(&first))]);
    let mut draw = Draw::new(3, Purpose::Sample, &[91]);
    let (mut kept, mut most, mut replayed) = (0, 0, 0);
    for kill in 0..KILLS {
        let mut child = Process::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "keeps::driver", "--nocapture", "--test-threads", "1"])
            .env(VARIABLE, format!("{kill} {}", folder.path().display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let wanted = kept + 1;
        let mut take = |line: String| {
            let mut words = line.split(' ');
            let what = words.next();
            let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
            match (what, number(), number()) {
                (Some("made"), Some(n), Some(digest)) => drop(known.insert(n, digest)),
                (Some("kept"), Some(n), None) => kept = kept.max(n),
                _ => {}
            }
            kept
        };
        // Until it edits, then for a moment of any length: in the middle of whatever it does.
        for line in lines.by_ref() {
            if take(line.expect("text")) >= wanted {
                break;
            }
        }
        std::thread::sleep(Duration::from_secs_f64(draw.uniform(0.0, 0.08)));
        child.kill().expect("it lives");
        child.wait().expect("its end");
        for line in lines.map_while(Result::ok) {
            take(line);
        }
        let opened = open();
        assert!(opened.last >= kept, "kill {kill}: {kept} were kept, {} are there", opened.last);
        assert_eq!((opened.opening.lost, &opened.opening.set_aside), (0, &None), "kill {kill}");
        let text = opened.book.document.to_text();
        assert_eq!(known.get(&opened.last), Some(&digest(&text)), "kill {kill}, entry {}", opened.last);
        kept = opened.last;
        most = most.max(opened.book.document.actions("a").len());
        replayed += opened.opening.replayed;
    }
    println!("{KILLS} kills, {kept} entries kept, {replayed} of them replayed at an opening, up to {most} segments");
    // And all of it can be taken back.
    let mut book = open().book;
    while !book.take(&project::Entry::Undo).is_empty() {}
    assert_eq!(book.document.to_text(), first);
}

#[test]
fn a_second_keeper_only_reads_until_it_takes_over() {
    let folder = tempfile::tempdir().expect("folder");
    small_project(folder.path());
    let start = || {
        let (tell, told) = crossbeam_channel::bounded(64);
        let keeper = Keeper::start(vec![folder.path().to_owned()], move |told| drop(tell.send(told)));
        (keeper.expect("a thread"), told)
    };
    let wait = |told: &crossbeam_channel::Receiver<Told>, what: &str, wanted: &dyn Fn(&Told) -> bool| {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(60) {
            if told.recv_timeout(Duration::from_millis(200)).is_ok_and(|told| wanted(&told)) {
                return;
            }
        }
        panic!("{what} was not told");
    };
    use etad::jobs::keeper::Access;
    let (first, first_told) = start();
    wait(&first_told, "who edits", &|told| matches!(told, Told::Access(Access::Ours)));
    let entry = project::Entry::Edit(project::Edit { title: "Nothing".to_owned(), changes: Vec::new() });
    first.ask(Ask::Keep(vec![(1, entry)]));
    wait(&first_told, "what is kept", &|told| matches!(told, Told::Kept(1)));
    let (second, second_told) = start();
    wait(&second_told, "that another edits", &|told| matches!(told, Told::Access(Access::Theirs(_))));
    second.ask(Ask::TakeOver);
    wait(&second_told, "the project again", &|told| matches!(told, Told::Opened(Ok(opened)) if opened.last == 1));
    wait(&second_told, "that it edits", &|told| matches!(told, Told::Access(Access::Ours)));
    wait(&first_told, "that it was taken over", &|told| matches!(told, Told::Access(Access::Theirs(_))));
}
